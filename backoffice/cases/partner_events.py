"""What happens to a case between its authorization and its end: partners, slip, signature.

A plan has legs, each with one partner and under one key that never changes. An event without a
trigger tells the answer to one leg; an event with one tells what has become of the whole. A plan of
a single leg needs only the latter: what was open then is what the event says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from backoffice.cases.flow import Trigger
from backoffice.cases.review_events import CaseEvent
from backoffice.cases.undertaking import LegAsked
from wire.ink import Signature
from wire.message import Refusal
from wire.messages.case import LegResult, Slip
from wire.messages.session import StaffCard


class Stage(StrEnum):
    """Which conversation with the partners is open."""

    PREPARE = "prepare"
    COMMIT = "commit"
    ABORT = "abort"


class Standing(StrEnum):
    """Where one leg stands, as far as the case knows."""

    ASKED = "asked"
    """To be prepared; no answer yet."""
    PREPARED = "prepared"
    DECLINED = "declined"
    """Refused when it was to be prepared: nothing was reserved."""
    COMMITTING = "committing"
    """To be made real; no answer yet."""
    COMMITTED = "committed"
    FAILED = "failed"
    """Refused when it was to be made real: nothing is reserved any more."""
    ABORTING = "aborting"
    """To be released; no answer yet."""
    ABORTED = "aborted"
    REVERSED = "reversed"
    """It was made real, and undone by postings of its own."""
    MADE_GOOD = "made_good"
    """It was made real and its partner does not reverse it: two persons made it good elsewhere."""


class Stored(CaseEvent, frozen=True, tag="CaseStored"):
    """Pure information is kept; `receipt` is for the teller to read, and is never signed."""

    trigger: ClassVar = Trigger.STORE
    receipt: Slip


class PrepareStarted(CaseEvent, frozen=True, tag="PrepareStarted"):
    """Partners are asked to prepare; a leg that is asked again is asked the very same."""

    trigger: ClassVar = Trigger.PREPARE
    legs: tuple[LegAsked, ...]


class PrepareLost(CaseEvent, frozen=True, tag="PrepareLost"):
    """No answer came for a leg; the office inquires, not before `inquire_ms`."""

    trigger: ClassVar = Trigger.PREPARE_LOST
    inquire_ms: int
    key: str


class LegAnswered(CaseEvent, frozen=True, tag="LegAnswered"):
    """A definite answer for one of several legs, or a refusal of the only one to be made real.

    Attributes:
        key: of the leg.
        standing: where it stands now.
        facts: what the partner said, already masked.
        refusal: why not, of a leg that was refused.
        unheard: two persons answered; their partner has still to be heard about it.
    """

    key: str
    standing: Standing
    facts: dict[str, str] = msgspec.field(default_factory=dict)
    refusal: Refusal | None = None
    unheard: bool = False


class Prepared(CaseEvent, frozen=True, tag="CasePrepared"):
    """The partners have reserved; the slip is ready to be read.

    Attributes:
        facts: what they said, all legs together, already masked.
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
    """A partner said no, and nothing is reserved anywhere."""

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
    """A partner is asked to make a leg real; the next leg's turn comes after it."""

    trigger: ClassVar = Trigger.COMMIT
    key: str


class CommitLost(CaseEvent, frozen=True, tag="CommitLost"):
    """No answer came for a leg; the office inquires, not before `inquire_ms`."""

    trigger: ClassVar = Trigger.COMMIT_LOST
    inquire_ms: int
    key: str


class Committed(CaseEvent, frozen=True, tag="CaseCommitted"):
    """The partners have made it real, but for failed optional legs; `facts` as in `Prepared`."""

    trigger: ClassVar = Trigger.COMMIT_DONE
    facts: dict[str, str]


class Seal(msgspec.Struct, frozen=True):
    """What makes a signed slip the office's own, and its picture the same for ever.

    Attributes:
        layout: which drawing of `slips.pdf` belongs to it.
        device_key: the Ed25519 key that was pinned for the terminal, 32 bytes.
        office_key: the office's Ed25519 key, 32 bytes.
        signature: the office's, over hash, strokes and results.
        results: how each item ended, as the office vouched for it then; a later reversal is told
            by a notice of its own.
    """

    layout: int
    device_key: bytes
    office_key: bytes
    signature: bytes
    results: tuple[LegResult, ...] = ()

    def __repr__(self) -> str:
        return f"Seal(layout {self.layout})"


class SlipSealed(CaseEvent, frozen=True, tag="SlipSealed"):
    """The office has countersigned what the customer signed; from now on it can be drawn."""

    trigger: ClassVar = None
    seal: Seal


class HandedOver(CaseEvent, frozen=True, tag="CaseHandedOver"):
    """The card is in the customer's hands."""

    trigger: ClassVar = Trigger.DELIVER
    delivered_ms: int


class Closed(CaseEvent, frozen=True, tag="CaseClosed"):
    """Nothing is left to do; `sampled` where somebody shall look at it once more.

    See `backoffice.cases.sampling`.
    """

    trigger: ClassVar = Trigger.CLOSE
    sampled: bool = False


class SampleOpened(CaseEvent, frozen=True, tag="SampleOpened"):
    """Somebody looks at the closed case, to review it; noted once for each person."""

    reviewer: StaffCard


class SampleReviewed(CaseEvent, frozen=True, tag="SampleReviewed"):
    """Somebody looked at the closed case; `note` says what was wrong unless all was `ok`."""

    reviewer: StaffCard
    ok: bool
    note: str


class AbortStarted(CaseEvent, frozen=True, tag="AbortStarted"):
    """What stands prepared is to be released; `reason` says on whose account."""

    trigger: ClassVar = Trigger.ABORT
    reason: Refusal


class AbortLost(CaseEvent, frozen=True, tag="AbortLost"):
    """No answer came for a leg; the office asks again, not before `again_ms`."""

    trigger: ClassVar = Trigger.ABORT_LOST
    again_ms: int
    key: str


class Aborted(CaseEvent, frozen=True, tag="CaseAborted"):
    """Everything is released."""

    trigger: ClassVar = Trigger.ABORT_DONE


class GivenUp(CaseEvent, frozen=True, tag="CaseGivenUp"):
    """The machine cannot settle it now; it asks slowly on, not before `again_ms`, or people do."""

    trigger: ClassVar = Trigger.GIVE_UP
    stage: Stage
    reason: Refusal
    again_ms: int


class Reopened(CaseEvent, frozen=True, tag="StageReopened"):
    """What was given up goes on; the trigger depends on the stage (`REOPENING`).

    Attributes:
        key: the leg whose partner answered by itself; empty where people settled the last one.
    """

    stage: Stage
    key: str = ""


REOPENING = {
    Stage.PREPARE: Trigger.INQUIRE_PREPARE,
    Stage.COMMIT: Trigger.INQUIRE_COMMIT,
    Stage.ABORT: Trigger.ABORT,
}
"""Where what was given up is taken up again."""


__all__ = [
    "Seal",
    "SlipSealed",
    "REOPENING",
    "AbortLost",
    "AbortStarted",
    "Aborted",
    "Closed",
    "CommitLost",
    "CommitStarted",
    "Committed",
    "Declined",
    "GivenUp",
    "HandedOver",
    "LegAnswered",
    "LegAsked",
    "PrepareLost",
    "PrepareStarted",
    "Prepared",
    "Reopened",
    "SampleOpened",
    "SampleReviewed",
    "Signed",
    "SlipSeen",
    "Stage",
    "Standing",
    "Stored",
]
