"""What a draft owes the office: the entries of its durable outbox, and the events they follow from.

`Errand` is a closed union, carried out by `terminal.uplink.Errands` whenever the link is there. An
errand says all that is to be sent, so that every attempt sends the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from actors.durable import Effect
from terminal.draft import UNSIGNED, Draft, slip_hash, submission
from terminal.draft_events import (
    DraftEvent,
    Evidence,
    EvidenceTaken,
    GivenUp,
    HandedOver,
    IdCardRead,
    IdentityAnswered,
    LivePhotoTaken,
    OfficeAnswered,
    RescanHandedIn,
    SlipRefused,
    SlipSeen,
    SlipSigned,
    SubmissionWanted,
    ValueEntered,
    WaitGivenUp,
)
from wire.case_state import State
from wire.ink import Signature
from wire.masked import Pan
from wire.message import Message
from wire.messages.case import Submission
from wire.value import IdCardValue, PhotoValue


class AskIdentity(Message, frozen=True, tag="AskIdentity"):
    """Ask the register about the card that was read."""

    card: IdCardValue


class UploadEvidence(Message, frozen=True, tag="UploadEvidence"):
    """Bring one photo or recording to the office, resuming where an earlier attempt stopped."""

    field: str
    evidence: Evidence


class SendSubmission(Message, frozen=True, tag="SendSubmission"):
    """Sign and send a submission; the same bytes at every attempt.

    Attributes:
        submission: what was captured.
        pins: fields whose PIN blocks go along; each waits in the document `pins/<case>/<field>`.
        others: the ID cards of other persons than the customer; the register is asked about them
            before the office counts its answers.
    """

    submission: Submission
    pins: tuple[str, ...]
    others: tuple[IdCardValue, ...] = ()


class SendLivePhoto(Message, frozen=True, tag="SendLivePhoto"):
    """Bring the photo to the office and hand it in."""

    photo: PhotoValue


class SendDeferral(Message, frozen=True, tag="SendDeferral"):
    """Tell the office that nobody waits at the table any more."""


class SendSlipSeen(Message, frozen=True, tag="SendSlipSeen"):
    """Tell the office that the slip was shown."""

    slip_hash: bytes


class SendInk(Message, frozen=True, tag="SendInk"):
    """Send the signature."""

    slip_hash: bytes
    ink: Signature
    signed_ms: int


class SendRefusal(Message, frozen=True, tag="SendRefusal"):
    """Tell the office that the customer refused the slip."""


class SendHandover(Message, frozen=True, tag="SendHandover"):
    """Tell the office that the case was handed over."""

    pan: Pan | None
    delivered_ms: int


class SendRescan(Message, frozen=True, tag="SendRescan"):
    """Bring every photo that the case owes to the office and hand them in; by field."""

    photos: dict[str, PhotoValue]


class SendCancel(Message, frozen=True, tag="SendCancel"):
    """Tell the office that the teller gave up."""

    reason: str


Errand = (
    AskIdentity
    | UploadEvidence
    | SendSubmission
    | SendLivePhoto
    | SendDeferral
    | SendSlipSeen
    | SendInk
    | SendRefusal
    | SendHandover
    | SendRescan
    | SendCancel
)

CANCELLABLE: Final = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED, State.AUTH_RETURNED})
"""States of the office in which giving up is a cancellation."""


def errands(state: Draft, event: DraftEvent, device: str) -> Iterable[Effect]:
    """What an event obliges the terminal `device` to; `state` is after the event."""
    match event:
        case IdCardRead(card=card) | ValueEntered(value=IdCardValue() as card):
            yield Effect("identity", AskIdentity(card))
        case EvidenceTaken(field=name, evidence=evidence):
            yield Effect("upload", UploadEvidence(name, evidence))
        case SubmissionWanted() | IdentityAnswered() if _complete(state):
            pins = tuple(sorted(state.pins))
            others = tuple(card for _, card in sorted(state.other_cards.items()))
            yield Effect("office", SendSubmission(submission(state, device), pins, others))
        case SubmissionWanted() if state.id_card is not None and not state.identified:
            # The question may have been refused meanwhile; asked twice, it has the same answer.
            yield Effect("identity", AskIdentity(state.id_card))
        case LivePhotoTaken(photo=photo):
            yield Effect("office", SendLivePhoto(photo))
        case WaitGivenUp():
            yield Effect("office", SendDeferral())
        case SlipSeen() if state.view is not None and state.view.slip is not None:
            yield Effect("office", SendSlipSeen(slip_hash(state.view.slip)))
        case SlipSigned(ink=ink, at_ms=at) if state.view and state.view.slip:
            # The slip is the office's, made before; a clock that is behind does not say otherwise.
            signed_ms = max(at, state.view.slip.made_ms)
            yield Effect("office", SendInk(slip_hash(state.view.slip), ink, signed_ms))
        case SlipRefused():
            yield Effect("office", SendRefusal())
        case HandedOver(pan=pan, at_ms=at):
            yield Effect("office", SendHandover(pan, max(at, _committed_ms(state))))
        case RescanHandedIn():
            yield Effect("office", SendRescan(dict(sorted(state.rescan.items()))))
        case GivenUp(reason=reason) if state.view is not None:
            yield Effect("office", SendCancel(reason))
        # Given up while the submission was on its way: the office took it, and is told now.
        case OfficeAnswered(view=view) if state.given_up and view.state in CANCELLABLE:
            yield Effect("office", SendCancel(state.given_up_reason))
        case OfficeAnswered(view=view) if state.given_up and view.state in UNSIGNED:
            yield Effect("office", SendRefusal())
        case _:
            return


def _committed_ms(state: Draft) -> int:
    """When the office says that there was something to hand over; 0 before that."""
    steps = state.view.steps if state.view is not None else ()
    return max((step.at_ms for step in steps if step.state is State.COMMITTED), default=0)


def _complete(state: Draft) -> bool:
    return state.wanted and bool(state.trail) and state.trail[-1].state is State.CAPTURED


__all__ = [
    "AskIdentity",
    "Errand",
    "SendCancel",
    "SendDeferral",
    "SendHandover",
    "SendInk",
    "SendLivePhoto",
    "SendRefusal",
    "SendRescan",
    "SendSlipSeen",
    "SendSubmission",
    "UploadEvidence",
    "errands",
]
