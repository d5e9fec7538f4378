"""What can happen to a case on the tablet, and what a teller may do with it.

Two closed unions: `DraftEvent` (facts, journalled) and `DraftCommand` (what the teller's desk and
the uplink ask); what follows for the office is in `terminal.errands`. No event holds a PIN block:
the block waits in a document of its own and is deleted as soon as the office has answered.
"""

from __future__ import annotations

import msgspec

from wire.ink import Signature
from wire.masked import Pan
from wire.message import Refusal, Request
from wire.messages.case import CaseView, PinBlock, Place
from wire.messages.identity import IdentityChecked
from wire.messages.session import ProductCard
from wire.value import Cell, IdCardValue, PhotoValue, RecordingValue, Value

Evidence = PhotoValue | RecordingValue
"""What is captured as a file: the draft names it by its hash, and its bytes travel as chunks."""


class Opened(msgspec.Struct, frozen=True, tag="Opened"):
    """A teller began a case; with the form as it was then."""

    product: ProductCard
    staff_id: str
    at_ms: int


class FormRenewed(msgspec.Struct, frozen=True, tag="FormRenewed"):
    """The product asks other things now, before the case was submitted; see `terminal.new_form`."""

    product: ProductCard
    at_ms: int


class IdCardRead(msgspec.Struct, frozen=True, tag="IdCardRead"):
    """The customer's chip was read; asking the register is on its way."""

    field: str
    card: IdCardValue
    at_ms: int


class IdentityAnswered(msgspec.Struct, frozen=True, tag="IdentityAnswered"):
    """The register answered about the card that was read as `card_digest`."""

    card_digest: bytes
    answer: IdentityChecked
    at_ms: int


class ValueEntered(msgspec.Struct, frozen=True, tag="ValueEntered"):
    """A field was answered; answers that are asked for by what it said before are gone."""

    field: str
    value: Value


class RowEntered(msgspec.Struct, frozen=True, tag="RowEntered"):
    """A row of a table was entered or changed; `row` is its id."""

    field: str
    row: str
    cells: dict[str, Cell]


class RowDropped(msgspec.Struct, frozen=True, tag="RowDropped"):
    """A row was taken out of a table."""

    field: str
    row: str


class RowRestored(msgspec.Struct, frozen=True, tag="RowRestored"):
    """A row that was taken out came back to its place."""

    field: str
    row: str


class AnswerDropped(msgspec.Struct, frozen=True, tag="AnswerDropped"):
    """An answer was taken away."""

    field: str


class EvidenceTaken(msgspec.Struct, frozen=True, tag="EvidenceTaken"):
    """A photo or recording was made and kept; it starts to travel at once."""

    field: str
    evidence: Evidence


class PhotoDeferred(msgspec.Struct, frozen=True, tag="PhotoDeferred"):
    """A photo cannot be taken now and is to follow the next day, if an authorizer lets it."""

    field: str


class EvidenceUploaded(msgspec.Struct, frozen=True, tag="EvidenceUploaded"):
    """The office has the whole photo or recording."""

    digest: bytes


class PinTaken(msgspec.Struct, frozen=True, tag="PinTaken"):
    """The pad gave a block for this field."""

    field: str


class SubmissionWanted(msgspec.Struct, frozen=True, tag="SubmissionWanted"):
    """The teller handed the case over; from here it needs no person until the office answers."""

    place: Place | None
    at_ms: int
    link_kbps: int = 0


class SubmissionRefused(msgspec.Struct, frozen=True, tag="SubmissionRefused"):
    """The office did not take it; it can be corrected."""

    refusal: Refusal
    at_ms: int


class OfficeAnswered(msgspec.Struct, frozen=True, tag="OfficeAnswered"):
    """What the office says of the case; only newer versions are kept."""

    view: CaseView


class LivePhotoTaken(msgspec.Struct, frozen=True, tag="LivePhotoTaken"):
    """The customer was photographed for the authorizer; it is sent at once."""

    photo: PhotoValue


class WaitGivenUp(msgspec.Struct, frozen=True, tag="WaitGivenUp"):
    """The customer did not wait for the authorization any longer."""

    at_ms: int


class SlipSeen(msgspec.Struct, frozen=True, tag="SlipSeen"):
    """The customer had the slip before them."""

    at_ms: int


class SlipSigned(msgspec.Struct, frozen=True, tag="SlipSigned"):
    """The customer signed what they saw."""

    ink: Signature
    at_ms: int


class SlipRefused(msgspec.Struct, frozen=True, tag="SlipRefused"):
    """The customer did not want it after all."""

    at_ms: int


class HandedOver(msgspec.Struct, frozen=True, tag="HandedOver"):
    """The card or paper is in the customer's hands."""

    pan: Pan | None
    at_ms: int


class GivenUp(msgspec.Struct, frozen=True, tag="GivenUp"):
    """The teller gave the case up."""

    reason: str
    at_ms: int


class Reopened(msgspec.Struct, frozen=True, tag="Reopened"):
    """A returned case is editable again, as the next revision."""

    at_ms: int


class RescanTaken(msgspec.Struct, frozen=True, tag="RescanTaken"):
    """A photo that the case owes was made and kept; it goes out with the others it owes."""

    field: str
    photo: PhotoValue


class RescanHandedIn(msgspec.Struct, frozen=True, tag="RescanHandedIn"):
    """The teller handed in every photo that the case owes."""

    at_ms: int


class RescanRefused(msgspec.Struct, frozen=True, tag="RescanRefused"):
    """The office did not take them; they can be taken anew and handed in again."""

    refusal: Refusal
    at_ms: int


class Revealed(msgspec.Struct, frozen=True, tag="Revealed"):
    """A number that the page shows masked was shown whole; `place` as in `terminal.reveal`."""

    place: str
    staff_id: str
    at_ms: int


class ErrandRefused(msgspec.Struct, frozen=True, tag="ErrandRefused"):
    """The office refused an errand of another kind; the teller is told why."""

    refusal: Refusal
    at_ms: int


DraftEvent = (
    Opened
    | FormRenewed
    | IdCardRead
    | IdentityAnswered
    | ValueEntered
    | RowEntered
    | RowDropped
    | RowRestored
    | AnswerDropped
    | EvidenceTaken
    | PhotoDeferred
    | EvidenceUploaded
    | PinTaken
    | SubmissionWanted
    | SubmissionRefused
    | OfficeAnswered
    | LivePhotoTaken
    | WaitGivenUp
    | SlipSeen
    | SlipSigned
    | SlipRefused
    | HandedOver
    | GivenUp
    | Reopened
    | RescanTaken
    | RescanHandedIn
    | RescanRefused
    | Revealed
    | ErrandRefused
)


class Done(msgspec.Struct, frozen=True):
    """The command is durable."""


class Open(Request[Done], frozen=True, tag="Open"):
    """Begin a case of this product."""

    product: ProductCard
    staff_id: str


class RenewForm(Request[Done], frozen=True, tag="RenewForm"):
    """The product as the office offers it now."""

    product: ProductCard


class KeepIdCard(Request[Done], frozen=True, tag="KeepIdCard"):
    """The chip of an ID card, as read; the register is asked about everybody's."""

    field: str
    card: IdCardValue


class KeepIdentity(Request[Done], frozen=True, tag="KeepIdentity"):
    """The register's answer."""

    card_digest: bytes
    answer: IdentityChecked


class KeepValue(Request[Done], frozen=True, tag="KeepValue"):
    """An answer to a field."""

    field: str
    value: Value


class KeepRow(Request[Done], frozen=True, tag="KeepRow"):
    """A row of a table, by its id; a `new` one is added below the others."""

    field: str
    row: str
    cells: dict[str, Cell]
    new: bool = False


class DropRow(Request[Done], frozen=True, tag="DropRow"):
    """Take a row out of a table; it is remembered for a while."""

    field: str
    row: str


class RestoreRow(Request[Done], frozen=True, tag="RestoreRow"):
    """Bring a row back that was taken out."""

    field: str
    row: str


class DropAnswer(Request[Done], frozen=True, tag="DropAnswer"):
    """Take an answer away, or that a photo is to follow."""

    field: str


class KeepEvidence(Request[Done], frozen=True, tag="KeepEvidence"):
    """A photo or recording whose bytes are in the store; after the approval, one that is owed."""

    field: str
    evidence: Evidence


class DeferPhoto(Request[Done], frozen=True, tag="DeferPhoto"):
    """This photo cannot be taken now; it follows the next day."""

    field: str


class KeepUpload(Request[Done], frozen=True, tag="KeepUpload"):
    """The office confirmed the whole photo or recording."""

    digest: bytes


class KeepPin(Request[Done], frozen=True, tag="KeepPin"):
    """A block from the PIN pad."""

    pin: PinBlock


class WantSubmission(Request[Done], frozen=True, tag="WantSubmission"):
    """Hand the case over; `link_kbps` is the uplink's speed lately, 0 where it is not known."""

    place: Place | None
    link_kbps: int = 0


class KeepRefusal(Request[Done], frozen=True, tag="KeepRefusal"):
    """The office refused an errand; `submission` tells whether it was the submission."""

    refusal: Refusal
    submission: bool


class KeepView(Request[Done], frozen=True, tag="KeepView"):
    """The office's view of the case."""

    view: CaseView


class KeepLivePhoto(Request[Done], frozen=True, tag="KeepLivePhoto"):
    """The photo that the authorizer asked for; its bytes are in the store."""

    photo: PhotoValue


class StopWaiting(Request[Done], frozen=True, tag="StopWaiting"):
    """The customer leaves; the case goes on without them until it is authorized."""


class SeeSlip(Request[Done], frozen=True, tag="SeeSlip"):
    """The slip is before the customer."""


class KeepInk(Request[Done], frozen=True, tag="KeepInk"):
    """The customer's signature."""

    ink: Signature


class RefuseTheSlip(Request[Done], frozen=True, tag="RefuseTheSlip"):
    """The customer does not want it."""


class KeepHandover(Request[Done], frozen=True, tag="KeepHandover"):
    """Handed over; `pan` as kept in the draft."""


class KeepReveal(Request[Done], frozen=True, tag="KeepReveal"):
    """Somebody is about to be shown a number whole."""

    place: str
    staff_id: str


class GiveUpDraft(Request[Done], frozen=True, tag="GiveUpDraft"):
    """Give the case up."""

    reason: str


class Reopen(Request[Done], frozen=True, tag="Reopen"):
    """Correct a returned or refused case."""


class HandInRescan(Request[Done], frozen=True, tag="HandInRescan"):
    """Hand in every photo that the case owes."""


class KeepRescanRefusal(Request[Done], frozen=True, tag="KeepRescanRefusal"):
    """The office refused the photos that the case owes."""

    refusal: Refusal


DraftCommand = (
    Open
    | RenewForm
    | KeepIdCard
    | KeepIdentity
    | KeepValue
    | KeepRow
    | DropRow
    | RestoreRow
    | DropAnswer
    | KeepEvidence
    | DeferPhoto
    | KeepUpload
    | KeepPin
    | WantSubmission
    | KeepRefusal
    | KeepView
    | KeepLivePhoto
    | StopWaiting
    | SeeSlip
    | KeepInk
    | RefuseTheSlip
    | KeepHandover
    | GiveUpDraft
    | Reopen
    | HandInRescan
    | KeepRescanRefusal
    | KeepReveal
)
