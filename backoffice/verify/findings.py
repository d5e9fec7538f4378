"""What a verifier finds: which fault, and where."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

FINDINGS_MAX: Final = 200
"""The most findings that a report lists; further ones are counted."""


class Fault(StrEnum):
    """What is wrong; the words for people are in `backoffice.verify.office`."""

    ALTERED = "altered"
    MISSING = "missing"
    ADDED = "added"
    BROKEN_TREE = "broken_tree"
    HEAD_LOST = "head_lost"
    VERSION_GAP = "version_gap"
    UNREADABLE = "unreadable"
    DEVICE_IRREGULAR = "device_irregular"
    DEVICE_UNKNOWN = "device_unknown"
    ILLEGAL_STEP = "illegal_step"
    SIGNATURE_INVALID = "signature_invalid"
    SUBMISSION_DIFFERS = "submission_differs"
    IDENTITY_DIFFERS = "identity_differs"
    IMAGE_MISSING = "image_missing"
    IMAGE_ALTERED = "image_altered"
    IMAGE_STRAY = "image_stray"
    IMAGE_UNNAMED = "image_unnamed"
    """Nothing wrong by itself: only ever noted."""
    DECISION_DIFFERS = "decision_differs"
    SELF_AUTHORIZED = "self_authorized"
    UNAUTHORIZED = "unauthorized"
    SLIP_DIFFERS = "slip_differs"
    UNSIGNED = "unsigned"
    CLAIM_LOST = "claim_lost"
    CLAIM_STRAY = "claim_stray"
    CLAIM_TWICE = "claim_twice"
    UNBALANCED = "unbalanced"
    POSTED_TWICE = "posted_twice"
    PARTNER_ILLEGAL = "partner_illegal"
    PARTNER_WITHOUT_CASE = "partner_without_case"
    PARTNER_DIFFERS = "partner_differs"
    UNREVIEWED = "unreviewed"
    NAMESAKES = "namesakes"
    """Nothing wrong by itself: only ever noted."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        what: of which kind.
        where: the event as `stream#version`, the entry as `log/shard#number`, the row as
            `table/place`, a blob or a claim's scope.
        detail: what was found there; never a card or ID number.
    """

    what: Fault
    where: str
    detail: str = ""


class Findings:
    """Collects findings in the order of the walk, up to `FINDINGS_MAX`."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._more = 0

    def add(self, what: Fault, where: str, detail: str = "") -> None:
        """One more."""
        if len(self._kept) < FINDINGS_MAX:
            self._kept.append(Finding(what, where, detail))
        else:
            self._more += 1

    @property
    def kept(self) -> tuple[Finding, ...]:
        """Those that are listed."""
        return tuple(self._kept)

    @property
    def more(self) -> int:
        """How many there are beyond those."""
        return self._more


def place(stream: str, version: int) -> str:
    """How a finding names an event."""
    return f"{stream}#{version}"


__all__ = ["FINDINGS_MAX", "Fault", "Finding", "Findings", "place"]
