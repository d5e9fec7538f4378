"""The online identity check (联网核查): name and number against the population register.

The answer is advisory and is kept by the office; a submission names it by `reference`. A timeout
is never a pass: the draft stays a draft.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.ids import CaseId
from wire.masked import IdNumber
from wire.message import Request


class IdentityResult(StrEnum):
    """What the register said."""

    MATCH = "match"
    MATCH_WITHOUT_PHOTO = "match_without_photo"
    NAME_DIFFERS = "name_differs"
    NUMBER_ABSENT = "number_absent"
    UNAVAILABLE = "unavailable"


MATCHING: Final = frozenset({IdentityResult.MATCH, IdentityResult.MATCH_WITHOUT_PHOTO})
"""Answers with which an ID card is whose it says."""


class IdentityChecked(msgspec.Struct, frozen=True):
    """The register's answer.

    Attributes:
        result: what it said.
        reference: names this answer in the submission; empty when unavailable.
        checked_ms: Unix milliseconds, the office's clock.
        register_name: the name the register holds; empty unless it matched.
    """

    result: IdentityResult
    reference: str
    checked_ms: int
    register_name: str = ""


class CheckIdentity(Request[IdentityChecked], frozen=True, tag="CheckIdentity"):
    """Ask the register; the same case asking again gets the stored answer."""

    case_id: CaseId
    number: IdNumber
    name: str

    def __repr__(self) -> str:
        return f"CheckIdentity({self.case_id!r}, {self.number!r})"


__all__ = ["MATCHING", "CheckIdentity", "IdentityChecked", "IdentityResult"]
