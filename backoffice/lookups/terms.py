"""The numbers of the look-up desks that a union may change."""

from __future__ import annotations

from typing import Annotated

import msgspec


class LookupTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what a terminal may look up.

    Attributes:
        listings_max: lists that one case may ask for.
        loan_queries_day_max: loan queries of one teller and day without an alert.
        code_ms: how long a phone's code is good.
        code_pause_ms: the pause between two codes of a case.
        codes_max: codes of one case.
        code_tries_max: wrong answers to one code.
    """

    listings_max: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    loan_queries_day_max: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50
    code_ms: Annotated[int, msgspec.Meta(ge=30_000, le=3_600_000)] = 5 * 60 * 1000
    code_pause_ms: Annotated[int, msgspec.Meta(ge=10_000, le=3_600_000)] = 60 * 1000
    codes_max: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    code_tries_max: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5


LOOKUP_TERMS = LookupTerms()
"""The defaults (V11 for phones)."""

__all__ = ["LOOKUP_TERMS", "LookupTerms"]
