"""What can happen to a business case: the facts in its stream, and what they make the office owe.

Every event names the trigger it pulls (`backoffice.cases.flow`), so that the state after any prefix
of a stream is known from the table alone; events without a trigger leave the state as it is. The
first half of a case's life is in `review_events`, the second in `partner_events`, and what follows
where the machine gave up in `settlement_events`; all of it is offered here. Invariant: a stream
replays to the same case for ever.
"""

from __future__ import annotations

from backoffice.cases.flow import Trigger
from backoffice.cases.partner_events import (
    REOPENING,
    Aborted,
    AbortLost,
    AbortStarted,
    Closed,
    CommitLost,
    CommitStarted,
    Committed,
    Declined,
    GivenUp,
    HandedOver,
    LegAnswered,
    LegAsked,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Reopened,
    SampleOpened,
    SampleReviewed,
    Seal,
    Signed,
    SlipSealed,
    SlipSeen,
    Stage,
    Standing,
    Stored,
)
from backoffice.cases.review_events import (
    Approved,
    Cancelled,
    CaseEvent,
    Claimed,
    ClaimReleased,
    ClaimRenewed,
    Deferred,
    Expired,
    FirstApproved,
    Intake,
    Judgement,
    LeaseLapsed,
    LiveAsked,
    LiveGiven,
    Queued,
    Rejected,
    RescanGiven,
    RescanOwed,
    Returned,
    Submitted,
    Waived,
)
from backoffice.cases.settlement_events import (
    InquiryLost,
    LegContradicted,
    LegHeard,
    LegInquired,
    ReversalRefused,
    SettlementConfirmed,
    SettlementEvent,
    SettlementProposed,
    SettlementWithdrawn,
    Statement,
)
from backoffice.partners.port import Abort, Commit, Inquire, Prepare, Reverse
from wire.ink import Signature
from wire.masked import IdNumber
from wire.message import Message
from wire.messages.case import LegResult, Place


def trigger_of(event: CaseEvent) -> Trigger | None:
    """The trigger that an event pulls; None leaves the state as it is."""
    match event:
        case Reopened(stage=stage):
            return REOPENING[stage]
        case _:
            return event.trigger


AnyCaseEvent = (
    Submitted
    | Waived
    | Queued
    | Deferred
    | Claimed
    | ClaimRenewed
    | ClaimReleased
    | LeaseLapsed
    | LiveAsked
    | LiveGiven
    | FirstApproved
    | Approved
    | RescanOwed
    | RescanGiven
    | Returned
    | Rejected
    | Cancelled
    | Expired
    | Stored
    | PrepareStarted
    | PrepareLost
    | LegAnswered
    | Prepared
    | Declined
    | SlipSeen
    | Signed
    | CommitStarted
    | CommitLost
    | Committed
    | SlipSealed
    | HandedOver
    | Closed
    | SampleOpened
    | SampleReviewed
    | AbortStarted
    | AbortLost
    | Aborted
    | GivenUp
    | Reopened
    | SettlementEvent
)
"""Everything that can stand in a case's stream."""


class SealSlip(Message, frozen=True, tag="SealSlip"):
    """Countersign the slip of a committed case; leads to `cases.commands.KeepSeal`.

    Attributes:
        slip_hash: BLAKE2b-256 of what the customer signed.
        ink: the customer's strokes.
        device: the terminal's id.
        signed_ms: when the customer signed, the terminal's clock.
        taken_ms: when the office took it in, its own.
        results: how each item ended; empty where there is only one.
    """

    slip_hash: bytes
    ink: Signature
    device: str
    signed_ms: int
    taken_ms: int
    results: tuple[LegResult, ...] = ()

    def __repr__(self) -> str:
        return f"SealSlip({self.slip_hash.hex()!r})"


class CustomerLearned(Message, frozen=True, tag="CustomerLearned", kw_only=True):
    """A case of a person became real: what it taught the office about them.

    Attributes:
        case_id: which case; the same one again teaches nothing new.
        union: the county union.
        product: the product's code.
        outlet: where the operator works.
        staff_id: the operator.
        number: of the ID card.
        name: on it.
        profile: what the product learned, and `phone` where the customer proved one to be theirs.
        at_ms: when it became real, the office's clock.
        place: where it was captured, or None; a record keeps it coarse, and only with consent.
    """

    case_id: str
    union: str
    product: str
    outlet: str
    staff_id: str
    number: IdNumber
    name: str
    profile: dict[str, str]
    at_ms: int
    place: Place | None = None

    def __repr__(self) -> str:
        return f"CustomerLearned({self.case_id!r})"


class TargetAnswered(Message, frozen=True, tag="TargetAnswered", kw_only=True):
    """A case of somebody whom customer relations named, and whose card nobody read, became real.

    Attributes:
        case_id: which case; the same one again tells nothing new.
        union: the county union.
        target: what customer relations call them.
        profile: what they said; it goes to customer relations alone.
        at_ms: when it became real, the office's clock.
    """

    case_id: str
    union: str
    target: str
    profile: dict[str, str]
    at_ms: int

    def __repr__(self) -> str:
        return f"TargetAnswered({self.case_id!r})"


class LeaseDue(Message, frozen=True, tag="LeaseDue"):
    """A reminder: a lease may have lapsed."""


class PatienceEnded(Message, frozen=True, tag="PatienceEnded"):
    """A reminder: what nobody has decided or corrected by now expires."""


class SlipDue(Message, frozen=True, tag="SlipDue"):
    """A reminder: what is prepared and unsigned by now is undone."""


CaseEffect = (
    Prepare
    | Commit
    | Abort
    | Inquire
    | Reverse
    | SealSlip
    | CustomerLearned
    | TargetAnswered
    | LeaseDue
    | PatienceEnded
    | SlipDue
)
"""Everything that a case's outbox can hold."""


__all__ = [
    "REOPENING",
    "AbortLost",
    "AbortStarted",
    "Aborted",
    "AnyCaseEvent",
    "Approved",
    "Cancelled",
    "CaseEffect",
    "CaseEvent",
    "ClaimReleased",
    "ClaimRenewed",
    "Claimed",
    "Closed",
    "CommitLost",
    "CommitStarted",
    "Committed",
    "CustomerLearned",
    "PatienceEnded",
    "Declined",
    "Deferred",
    "Expired",
    "FirstApproved",
    "GivenUp",
    "HandedOver",
    "Intake",
    "Judgement",
    "LeaseDue",
    "LeaseLapsed",
    "LegAnswered",
    "LegAsked",
    "LiveAsked",
    "LiveGiven",
    "PrepareLost",
    "PrepareStarted",
    "Prepared",
    "Queued",
    "Rejected",
    "Reopened",
    "RescanGiven",
    "RescanOwed",
    "Returned",
    "SampleOpened",
    "SampleReviewed",
    "Seal",
    "SealSlip",
    "Signed",
    "SlipDue",
    "SlipSealed",
    "SlipSeen",
    "Stage",
    "Standing",
    "Stored",
    "Submitted",
    "TargetAnswered",
    "Waived",
    "trigger_of",
    "InquiryLost",
    "LegContradicted",
    "LegHeard",
    "LegInquired",
    "ReversalRefused",
    "SettlementConfirmed",
    "SettlementProposed",
    "SettlementWithdrawn",
    "Statement",
]
