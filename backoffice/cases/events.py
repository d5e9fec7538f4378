"""What can happen to a business case: the facts in its stream, and what they make the office owe.

Every event names the trigger it pulls (`backoffice.cases.flow`), so that the state after any prefix
of a stream is known from the table alone; events without a trigger leave the state as it is. Events
keep bytes that were signed exactly as they were signed, and never a PIN: of a PIN only the security
module's verifier goes on. Invariant: a stream replays to the same case for ever.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from backoffice.authorization.levels import Assessment
from backoffice.cases.flow import Trigger
from backoffice.partners.core import Abort, Commit, Inquire, Prepare
from backoffice.product import Unique
from wire.message import Message, Refusal
from wire.messages.case import Signature, Slip, Step
from wire.messages.desk import ImageCard, Reason, Verdict
from wire.messages.identity import IdentityChecked
from wire.messages.session import StaffCard


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a case as the office accepted it.

    Attributes:
        submission: exactly the bytes that the device signed.
        digest: BLAKE2b-256 of them.
        signature: the device's.
        revision: 1, 2, …
        product: its code.
        operator: who was signed in on the device.
        device: which.
        union: the county union.
        trail: the tablet's own states with their times.
        identity: the register's answer.
        verifiers: what the security module made of the PIN blocks, by field.
        images: what an authorizer looks at, in form order.
        assessment: level, flags and route.
        unique: what the case must own alone.
        received_ms: the office's clock.
    """

    submission: bytes
    digest: bytes
    signature: bytes
    revision: int
    product: str
    operator: StaffCard
    device: str
    union: str
    trail: tuple[Step, ...]
    identity: IdentityChecked
    verifiers: dict[str, bytes]
    images: tuple[ImageCard, ...]
    assessment: Assessment
    unique: tuple[Unique, ...]
    received_ms: int

    def __repr__(self) -> str:
        return f"Intake({self.product!r}, revision {self.revision})"


class Judgement(msgspec.Struct, frozen=True):
    """One signed decision of one authorizer.

    Attributes:
        decision: exactly the bytes that the desk signed.
        signature: the desk device's.
        authorizer: who decided.
        device: the desk.
        verdict: what was decided.
        reason: why, unless approved.
        note: in the authorizer's words.
    """

    decision: bytes
    signature: bytes
    authorizer: StaffCard
    device: str
    verdict: Verdict
    reason: Reason | None
    note: str

    def __repr__(self) -> str:
        return f"Judgement({self.verdict}, {self.authorizer.staff_id!r})"


class Stage(StrEnum):
    """Which conversation with the core is open."""

    PREPARE = "prepare"
    COMMIT = "commit"
    ABORT = "abort"


class CaseEvent(msgspec.Struct, frozen=True):
    """A fact about one case; `at_ms` is the office's clock."""

    trigger: ClassVar[Trigger | None] = None

    at_ms: int


class Submitted(CaseEvent, frozen=True, tag="CaseSubmitted"):
    """The tablet handed the case in; its own earlier states come along in the trail."""

    trigger: ClassVar = Trigger.SUBMIT
    intake: Intake


class Waived(CaseEvent, frozen=True, tag="CaseWaived"):
    """The rules alone let it pass."""

    trigger: ClassVar = Trigger.WAIVE


class Queued(CaseEvent, frozen=True, tag="CaseQueued"):
    """It waits for an authorizer.

    Attributes:
        due_ms: by when it should be decided.
        expires_ms: the end of the business day.
    """

    trigger: ClassVar = Trigger.QUEUE
    due_ms: int
    expires_ms: int


class Claimed(CaseEvent, frozen=True, tag="CaseClaimed"):
    """An authorizer took it, or took a fresh look at what they had."""

    trigger: ClassVar = Trigger.CLAIM
    authorizer: StaffCard
    device: str
    challenge: bytes
    until_ms: int


class ClaimRenewed(CaseEvent, frozen=True, tag="ClaimRenewed"):
    """The desk is alive."""

    until_ms: int


class ClaimReleased(CaseEvent, frozen=True, tag="ClaimReleased"):
    """Given back undecided; the case stands at the front again."""

    trigger: ClassVar = Trigger.RELEASE


class LeaseLapsed(CaseEvent, frozen=True, tag="LeaseLapsed"):
    """The desk fell silent; the case stands at the front again."""

    trigger: ClassVar = Trigger.LAPSE


class FirstApproved(CaseEvent, frozen=True, tag="CaseFirstApproved"):
    """The first of two authorizers said yes."""

    trigger: ClassVar = Trigger.APPROVE_FIRST
    judgement: Judgement


class Approved(CaseEvent, frozen=True, tag="CaseApproved"):
    """All the authorizers that the level asks for said yes."""

    trigger: ClassVar = Trigger.APPROVE
    judgement: Judgement


class Returned(CaseEvent, frozen=True, tag="CaseReturned"):
    """Back to the teller, to be corrected and handed in again; `refusal` says why in words."""

    trigger: ClassVar = Trigger.RETURN
    judgement: Judgement
    refusal: Refusal
    expires_ms: int


class Rejected(CaseEvent, frozen=True, tag="CaseRejected"):
    """An authorizer said no, for good."""

    trigger: ClassVar = Trigger.REJECT
    judgement: Judgement
    refusal: Refusal


class Cancelled(CaseEvent, frozen=True, tag="CaseCancelled"):
    """The teller gave it up."""

    trigger: ClassVar = Trigger.CANCEL
    reason: str


class Expired(CaseEvent, frozen=True, tag="CaseExpired"):
    """Nobody took care of it in time."""

    trigger: ClassVar = Trigger.EXPIRE


class PrepareStarted(CaseEvent, frozen=True, tag="PrepareStarted"):
    """The core is asked to prepare; always under the same key."""

    trigger: ClassVar = Trigger.PREPARE
    request: Prepare


class PrepareLost(CaseEvent, frozen=True, tag="PrepareLost"):
    """No answer came; the office inquires, not before `inquire_ms`."""

    trigger: ClassVar = Trigger.PREPARE_LOST
    inquire_ms: int


class Prepared(CaseEvent, frozen=True, tag="CasePrepared"):
    """The core has reserved; the slip is ready to be read.

    Attributes:
        facts: what the core said, already masked.
        slip: what the customer will sign.
        slip_hash: BLAKE2b-256 of it.
        expires_ms: undone then unless signed.
    """

    trigger: ClassVar = Trigger.PREPARE_DONE
    facts: dict[str, str]
    slip: Slip
    slip_hash: bytes
    expires_ms: int


class Declined(CaseEvent, frozen=True, tag="CaseDeclined"):
    """The core said no."""

    trigger: ClassVar = Trigger.DECLINE
    refusal: Refusal


class SlipSeen(CaseEvent, frozen=True, tag="SlipSeen"):
    """The customer has the slip before them."""

    trigger: ClassVar = Trigger.SHOW_SLIP


class Signed(CaseEvent, frozen=True, tag="CaseSigned"):
    """The customer signed; from here on only a definite answer ends it.

    Attributes:
        ink: the strokes.
        signed_ms: the tablet's clock.
        signature: the device's, over the slip's hash and the strokes.
    """

    trigger: ClassVar = Trigger.SIGN
    ink: Signature
    signed_ms: int
    signature: bytes

    def __repr__(self) -> str:
        return "Signed()"


class CommitStarted(CaseEvent, frozen=True, tag="CommitStarted"):
    """The core is asked to make it real."""

    trigger: ClassVar = Trigger.COMMIT


class CommitLost(CaseEvent, frozen=True, tag="CommitLost"):
    """No answer came; the office inquires, not before `inquire_ms`."""

    trigger: ClassVar = Trigger.COMMIT_LOST
    inquire_ms: int


class Committed(CaseEvent, frozen=True, tag="CaseCommitted"):
    """The core has made it real."""

    trigger: ClassVar = Trigger.COMMIT_DONE
    facts: dict[str, str]


class HandedOver(CaseEvent, frozen=True, tag="CaseHandedOver"):
    """The card is in the customer's hands."""

    trigger: ClassVar = Trigger.DELIVER
    delivered_ms: int


class Closed(CaseEvent, frozen=True, tag="CaseClosed"):
    """Nothing is left to do."""

    trigger: ClassVar = Trigger.CLOSE


class AbortStarted(CaseEvent, frozen=True, tag="AbortStarted"):
    """What was reserved is to be released; `reason` says on whose account."""

    trigger: ClassVar = Trigger.ABORT
    reason: Refusal


class AbortLost(CaseEvent, frozen=True, tag="AbortLost"):
    """No answer came; the office asks again, not before `again_ms`."""

    trigger: ClassVar = Trigger.ABORT_LOST
    again_ms: int


class Aborted(CaseEvent, frozen=True, tag="CaseAborted"):
    """Everything is released."""

    trigger: ClassVar = Trigger.ABORT_DONE


class GivenUp(CaseEvent, frozen=True, tag="CaseGivenUp"):
    """The machine cannot settle it; a person must."""

    trigger: ClassVar = Trigger.GIVE_UP
    stage: Stage
    reason: Refusal


class Reopened(CaseEvent, frozen=True, tag="InquiryReopened"):
    """A person had the core asked again; the trigger depends on the stage (`REOPENING`)."""

    stage: Stage
    staff: StaffCard


class Settled(CaseEvent, frozen=True, tag="CaseSettled"):
    """A person found out what the core has done; the trigger depends on `done`."""

    done: bool
    staff: StaffCard
    note: str


REOPENING = {
    Stage.PREPARE: Trigger.INQUIRE_PREPARE,
    Stage.COMMIT: Trigger.INQUIRE_COMMIT,
    Stage.ABORT: Trigger.ABORT,
}
"""Where a person's new inquiry leads back to."""


def trigger_of(event: CaseEvent) -> Trigger | None:
    """The trigger that an event pulls; None leaves the state as it is."""
    match event:
        case Reopened(stage=stage):
            return REOPENING[stage]
        case Settled(done=done):
            return Trigger.SETTLE_DONE if done else Trigger.SETTLE_UNDONE
        case _:
            return event.trigger


AnyCaseEvent = (
    Submitted
    | Waived
    | Queued
    | Claimed
    | ClaimRenewed
    | ClaimReleased
    | LeaseLapsed
    | FirstApproved
    | Approved
    | Returned
    | Rejected
    | Cancelled
    | Expired
    | PrepareStarted
    | PrepareLost
    | Prepared
    | Declined
    | SlipSeen
    | Signed
    | CommitStarted
    | CommitLost
    | Committed
    | HandedOver
    | Closed
    | AbortStarted
    | AbortLost
    | Aborted
    | GivenUp
    | Reopened
    | Settled
)
"""Everything that can stand in a case's stream."""


class FileSlip(Message, frozen=True, tag="FileSlip"):
    """Countersign and print the slip of a committed case.

    Attributes:
        ink: the customer's strokes.
        signature: the device's, over the slip's hash and the strokes.
    """

    slip: Slip
    ink: Signature
    signature: bytes

    def __repr__(self) -> str:
        return f"FileSlip({self.slip.case_id!r})"


class LeaseDue(Message, frozen=True, tag="LeaseDue"):
    """A reminder: a lease may have lapsed."""


class DayEnded(Message, frozen=True, tag="DayEnded"):
    """A reminder: what nobody has decided or corrected by now expires."""


class SlipDue(Message, frozen=True, tag="SlipDue"):
    """A reminder: what is prepared and unsigned by now is undone."""


CaseEffect = Prepare | Commit | Abort | Inquire | FileSlip | LeaseDue | DayEnded | SlipDue
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
    "DayEnded",
    "Declined",
    "Expired",
    "FileSlip",
    "FirstApproved",
    "GivenUp",
    "HandedOver",
    "Intake",
    "Judgement",
    "LeaseDue",
    "LeaseLapsed",
    "PrepareLost",
    "PrepareStarted",
    "Prepared",
    "Queued",
    "Rejected",
    "Reopened",
    "Returned",
    "Settled",
    "Signed",
    "SlipDue",
    "SlipSeen",
    "Stage",
    "Submitted",
    "Waived",
    "trigger_of",
]
