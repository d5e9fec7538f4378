"""What happens to a case that the machine gave up: asked again, settled leg by leg, reversed.

None of these moves the case; that do the events of the stage that is taken up again when no leg is
open any more. What a person said stands here exactly as they signed it.
"""

from __future__ import annotations

import hashlib

import msgspec

from backoffice.cases.review_events import CaseEvent
from backoffice.partners.port import PartnerStatus
from wire.message import Refusal
from wire.messages.session import StaffCard
from wire.messages.settlement import Deed


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One person's word.

    Attributes:
        word: exactly the bytes that the device signed, a `wire.messages.settlement.Word`.
        signature: the device's.
        staff: whose word it is, as their passcode proved.
        device: on which they said it.
        deed: what they said.
        evidence: in their words.
        at_ms: the office's clock.
    """

    word: bytes
    signature: bytes
    staff: StaffCard
    device: str
    deed: Deed
    evidence: str
    at_ms: int

    @property
    def digest(self) -> bytes:
        """BLAKE2b-256 of the word, which a confirmation names."""
        return hashlib.blake2b(self.word, digest_size=32).digest()

    def __repr__(self) -> str:
        return f"Statement({self.deed}, {self.staff.staff_id!r})"


class LegInquired(CaseEvent, frozen=True, tag="LegInquired"):
    """A person has a partner asked again, now; `by` is their staff id or an operator's key."""

    key: str
    by: str


class InquiryLost(CaseEvent, frozen=True, tag="InquiryLost"):
    """No answer came; the office asks again by itself, not before `again_ms`."""

    key: str
    again_ms: int


class LegContradicted(CaseEvent, frozen=True, tag="LegContradicted"):
    """A partner said what the case does not believe; two persons decide what is true."""

    key: str
    status: PartnerStatus
    refusal: Refusal | None = None


class LegHeard(CaseEvent, frozen=True, tag="LegHeard"):
    """A partner that was silent when two persons spoke agrees with them at last."""

    key: str


class SettlementProposed(CaseEvent, frozen=True, tag="SettlementProposed"):
    """Somebody says what became of a leg, or wants it reversed."""

    key: str
    statement: Statement


class SettlementWithdrawn(CaseEvent, frozen=True, tag="SettlementWithdrawn"):
    """What was proposed is no longer."""

    key: str
    statement: Statement


class SettlementConfirmed(CaseEvent, frozen=True, tag="SettlementConfirmed"):
    """Another person says the same; the partner is told, and what it answers is noted."""

    key: str
    statement: Statement


class ReversalRefused(CaseEvent, frozen=True, tag="ReversalRefused"):
    """The partner does not reverse; what it has done stands."""

    key: str
    refusal: Refusal


SettlementEvent = (
    LegInquired
    | InquiryLost
    | LegContradicted
    | LegHeard
    | SettlementProposed
    | SettlementWithdrawn
    | SettlementConfirmed
    | ReversalRefused
)
"""Everything of this page."""

__all__ = [
    "InquiryLost",
    "LegContradicted",
    "LegHeard",
    "LegInquired",
    "ReversalRefused",
    "SettlementConfirmed",
    "SettlementEvent",
    "SettlementProposed",
    "SettlementWithdrawn",
    "Statement",
]
