"""What happens to a case until it is authorized: handed in, claimed, judged, given up.

Also here: what every event of a case has in common, and the two records that reviews are about, the
intake and the judgement. They keep bytes that were signed exactly as they were signed, and never a
PIN: of a PIN only the security module's verifier goes on.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from backoffice.authorization.levels import Assessment
from backoffice.cases.flow import Trigger
from backoffice.cases.undertaking import Undertaking
from backoffice.product import Unique
from wire.checks import Limits
from wire.message import Refusal
from wire.messages.case import Step
from wire.messages.desk import ImageCard, Reason, Verdict
from wire.messages.identity import IdentityChecked
from wire.messages.lookups import Item
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
        identity: the register's answer; None where the form asks for no ID card.
        verifiers: what the security module made of the PIN blocks, by field.
        images: what an authorizer looks at, in form order.
        assessment: level, flags and route.
        unique: what the case must own alone.
        undertaking: what is carried out, as it was settled then.
        received_ms: the office's clock.
        listed: what the office itself listed under the chosen codes, by field.
        colleagues: the second members of staff, proven by their passcodes, by field.
        identities: the register's answers about other persons than the customer, by field.
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
    identity: IdentityChecked | None
    verifiers: dict[str, bytes]
    images: tuple[ImageCard, ...]
    assessment: Assessment
    unique: tuple[Unique, ...]
    undertaking: Undertaking
    received_ms: int
    listed: dict[str, Item] = {}
    colleagues: dict[str, StaffCard] = {}
    identities: dict[str, IdentityChecked] = {}

    @property
    def limits(self) -> Limits:
        """The bounds of the checks that this case is held to."""
        return self.undertaking.numbers.limits

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
        fields: which answers a return is about; none where it is about the whole.
    """

    decision: bytes
    signature: bytes
    authorizer: StaffCard
    device: str
    verdict: Verdict
    reason: Reason | None
    note: str
    fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Judgement({self.verdict}, {self.authorizer.staff_id!r})"


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
        expires_ms: the end of its desk's next working window; undecided it expires then.
    """

    trigger: ClassVar = Trigger.QUEUE
    due_ms: int
    expires_ms: int


class Deferred(CaseEvent, frozen=True, tag="CaseDeferred"):
    """The customer waits at the table no longer; the case is in no hurry until `due_ms`."""

    due_ms: int


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


class LiveAsked(CaseEvent, frozen=True, tag="LivePhotoAsked"):
    """The authorizer wants the customer photographed now."""


class LiveGiven(CaseEvent, frozen=True, tag="LivePhotoGiven"):
    """The terminal handed the photo in; decisions bind it from here on."""

    image: ImageCard


class FirstApproved(CaseEvent, frozen=True, tag="CaseFirstApproved"):
    """The first of two authorizers said yes."""

    trigger: ClassVar = Trigger.APPROVE_FIRST
    judgement: Judgement


class Approved(CaseEvent, frozen=True, tag="CaseApproved"):
    """All the authorizers that the level asks for said yes."""

    trigger: ClassVar = Trigger.APPROVE
    judgement: Judgement


class RescanOwed(CaseEvent, frozen=True, tag="RescanOwed"):
    """It was approved without some photos; `fields` names those to be handed in until `due_ms`."""

    fields: tuple[str, ...]
    due_ms: int


class RescanGiven(CaseEvent, frozen=True, tag="RescanGiven"):
    """The terminal handed in all of them."""

    images: tuple[ImageCard, ...]


class Returned(CaseEvent, frozen=True, tag="CaseReturned"):
    """Back to the teller, to be corrected and handed in again.

    Attributes:
        refusal: why, in words.
        expires_ms: by when.
        marks: the same at each field that the authorizer named.
    """

    trigger: ClassVar = Trigger.RETURN
    judgement: Judgement
    refusal: Refusal
    expires_ms: int
    marks: tuple[Refusal, ...] = ()


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


__all__ = [
    "Approved",
    "Cancelled",
    "CaseEvent",
    "ClaimReleased",
    "ClaimRenewed",
    "Claimed",
    "Deferred",
    "Expired",
    "FirstApproved",
    "Intake",
    "Judgement",
    "LeaseLapsed",
    "LiveAsked",
    "LiveGiven",
    "Queued",
    "Rejected",
    "RescanGiven",
    "RescanOwed",
    "Returned",
    "Submitted",
    "Waived",
]
