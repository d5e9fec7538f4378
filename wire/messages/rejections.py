"""Why a case was rejected, for the manager whom the teller and the customer may turn to."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from wire.message import Request
from wire.messages.desk import Reason

_TAIL: Final = 12
_GROUP: Final = 4
_NO_PART: Final = re.compile(r"[^0-9a-f]")


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A case that an authorizer rejected.

    Attributes:
        reference: what the terminal shows: `reference_of` the case.
        outlet: where it was captured.
        operator: who captured it.
        authorizer: who rejected it.
        reason: why.
        note: what the authorizer added, or empty.
        at_ms: when, Unix milliseconds.
    """

    reference: str
    case_id: str
    title_zh: str
    title_en: str
    outlet: str
    operator: str
    authorizer: str
    reason: Reason
    note: str
    at_ms: int


class GetRejection(Request[Rejection], frozen=True, tag="GetRejection"):
    """Look a reference up, within the union that the manager works in (managers only)."""

    reference: str


def reference_of(text: str) -> str:
    """What can be read over a telephone: the last twelve hex digits, in groups of four.

    Of a case id, or of a reference however it was written down.
    """
    tail = _NO_PART.sub("", text.lower())[-_TAIL:]
    return "-".join(tail[at : at + _GROUP] for at in range(0, len(tail), _GROUP))


__all__ = ["GetRejection", "Rejection", "reference_of"]
