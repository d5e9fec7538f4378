"""A case from submission to delivery: what terminal and office say to each other.

Keys are born on the tablet: `case_id` is a UUIDv7 made at the draft, stored before anything is
sent. Every request may be repeated; the same key with the same payload gets the stored answer,
with another payload `E_KEY_CONFLICT`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from wire.case_state import State
from wire.codec import encode
from wire.form import Field, FieldKind
from wire.ids import CaseId
from wire.ink import Signature
from wire.masked import Pan
from wire.message import Message, Refusal, Request
from wire.value import PhotoValue, Value

SLIP_PART_BYTES = 32 * 1024
"""The most bytes of a slip's picture in one answer."""

SLIP_LINES_MAX = 40
"""The most lines of a slip."""

REASON_CHARS_MAX = 200
"""The longest reason for giving a case up, in characters."""

LIVE_PHOTO = Field(
    name="live_photo",
    kind=FieldKind.PHOTO,
    title_zh="现场照片",
    title_en="Live photo",
    required=False,
    evidence="E3",
)
"""What an authorizer may ask for while they look; no form has a field of this name."""


class Step(msgspec.Struct, frozen=True):
    """A state and when it was reached, Unix milliseconds."""

    state: State
    at_ms: int


class Place(msgspec.Struct, frozen=True):
    """Where the case was captured: degrees × 10⁶ (WGS 84) and accuracy in metres."""

    latitude_e6: int
    longitude_e6: int
    accuracy_m: int


class PinBlock(msgspec.Struct, frozen=True):
    """An ISO 9564-1 format-4 block as it left the PIN pad.

    Attributes:
        field: which form field it answers.
        key_serial: the AES DUKPT key serial number, 12 bytes.
        block: 16 enciphered bytes.
    """

    field: str
    key_serial: bytes
    block: bytes

    def __repr__(self) -> str:
        return f"PinBlock({self.field!r})"


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the tablet captured for one case; its encoding is what is hashed and signed.

    Attributes:
        case_id: UUIDv7 from the tablet.
        revision: 1 for the first submission, one more after every return.
        product: the product's code.
        form_version: of the form that was filled.
        staff_id: the operator signed in on the device.
        device: the device's id, as the office named it at enrolment.
        trail: the states reached on the tablet with their times.
        values: the answers, by field name.
        identity_reference: names the office's stored identity check.
        place: where, or None when the tablet had no fix.
        captured_ms: when capture ended, Unix milliseconds.
        link_kbps: how fast the tablet's photos went up, kbit/s; 0 where that was not measured.
        deferred: photos that follow the next day, by field: deferrable ones that are not there.
        bound: what each answer and PIN was given for when it was given, by field: a digest of the
            answers that it hangs on (`wire.checks.binding`); none where it hangs on nothing.
        skew_ms: by how much the tablet's clock was wrong at the worst while it was captured; times
            that could not be were moved by it. 0 where none had to be.
    """

    case_id: str
    revision: int
    product: str
    form_version: int
    staff_id: str
    device: str
    trail: tuple[Step, ...]
    values: dict[str, Value]
    identity_reference: str
    place: Place | None
    captured_ms: int
    link_kbps: int = 0
    deferred: tuple[str, ...] = ()
    bound: dict[str, bytes] = {}
    skew_ms: int = 0


class SlipLine(msgspec.Struct, frozen=True):
    """One element of the slip in both languages; values are already masked."""

    title_zh: str
    title_en: str
    value: str


class Slip(msgspec.Struct, frozen=True):
    """The unified confirmation slip (统一业务确认单) as the customer reads it.

    What is signed is BLAKE2b-256 of this struct's canonical encoding (`wire.codec.encode`).
    """

    case_id: str
    title_zh: str
    title_en: str
    lines: tuple[SlipLine, ...]
    made_ms: int


class LegResult(msgspec.Struct, frozen=True):
    """How one item of a business with several ended; `message` says why where it is not ok."""

    title_zh: str
    title_en: str
    ok: bool
    message: str = ""


class CaseView(msgspec.Struct, frozen=True):
    """What the terminal may know about its case.

    Attributes:
        case_id: which case.
        version: rises with every change.
        state: where it stands.
        steps: every state passed with its time.
        reasons: why it was returned, rejected, declined or aborted; empty otherwise.
        slip: present from `PREPARED` on; of a `STORED` case, a receipt that nobody signs.
        deliver: the masked card to hand over, from `COMMITTED` on; empty when there is none.
        results: how each item ended, from `COMMITTED` on; empty where there is only one.
        timing: while it waits for an authorizer: `sync` where the customer waits with it, else
            `async`; empty otherwise.
        due_ms: by when it should be decided then, Unix milliseconds; 0 otherwise.
        ends_ms: while it waits for an authorizer, or for being corrected: when it ends by itself,
            Unix milliseconds; 0 otherwise.
        live_wanted: an authorizer asks for `LIVE_PHOTO` now.
        owed: the photos that the case was approved without and that are still to come, by field.
        owed_due_ms: by when, Unix milliseconds; 0 where none is owed.
    """

    case_id: str
    version: int
    state: State
    steps: tuple[Step, ...]
    reasons: tuple[Refusal, ...] = ()
    slip: Slip | None = None
    deliver: str = ""
    results: tuple[LegResult, ...] = ()
    timing: str = ""
    due_ms: int = 0
    ends_ms: int = 0
    live_wanted: bool = False
    owed: tuple[str, ...] = ()
    owed_due_ms: int = 0


class Submit(Request[CaseView], frozen=True, tag="Submit"):
    """Hand a captured case to the office.

    Attributes:
        submission: the encoded `Submission`, exactly the bytes that were signed.
        pins: PIN blocks; converted by the security module at once and never stored.
        signature: Ed25519 of the device over the submission's bytes (context `SUBMISSION`).
    """

    submission: bytes
    pins: tuple[PinBlock, ...]
    signature: bytes

    def __repr__(self) -> str:
        return f"Submit({len(self.submission)} bytes)"


class GetCase(Request[CaseView], frozen=True, tag="GetCase"):
    """Ask where a case stands; terminals ask for every open case after each reconnect."""

    case_id: CaseId


class SlipShown(Request[CaseView], frozen=True, tag="SlipShown"):
    """The customer has the slip with this hash before them."""

    case_id: CaseId
    slip_hash: bytes


class SignSlip(Request[CaseView], frozen=True, tag="SignSlip"):
    """The customer signed.

    Attributes:
        slip_hash: BLAKE2b-256 of the slip that was signed.
        ink: the strokes.
        signed_ms: Unix milliseconds.
        signature: Ed25519 of the device over `signed_body` (context `SLIP`).
    """

    case_id: CaseId
    slip_hash: bytes
    ink: Signature
    signed_ms: int
    signature: bytes

    def __repr__(self) -> str:
        return f"SignSlip({self.case_id!r})"


def signed_body(slip_hash: bytes, ink: Signature, signed_ms: int) -> bytes:
    """What the device's key signs: the slip's hash, then the encoded strokes and their time."""
    return slip_hash + encode((ink, signed_ms))


class RefuseSlip(Request[CaseView], frozen=True, tag="RefuseSlip"):
    """The customer does not want it after all; what was reserved is released."""

    case_id: CaseId


class ContinueLater(Request[CaseView], frozen=True, tag="ContinueLater"):
    """The customer waits no longer: from `sync` to `async`, unless somebody looks at it already."""

    case_id: CaseId


class GiveLivePhoto(Request[CaseView], frozen=True, tag="GiveLivePhoto"):
    """The photo that an authorizer asked for; its bytes have been uploaded before."""

    case_id: CaseId
    photo: PhotoValue


class SubmitRescan(Request[CaseView], frozen=True, tag="SubmitRescan"):
    """The photos that a case was approved without, all of them (影像隔日补扫); by field.

    Their bytes have been uploaded before.
    """

    case_id: CaseId
    photos: dict[str, PhotoValue]


class CancelCase(Request[CaseView], frozen=True, tag="CancelCase"):
    """The teller gives the case up before the core has prepared it."""

    case_id: CaseId
    reason: str


class Delivered(Request[CaseView], frozen=True, tag="Delivered"):
    """The card or paper is in the customer's hands; `pan` as read from the card, or None."""

    case_id: CaseId
    pan: Pan | None
    delivered_ms: int


class SlipPart(msgspec.Struct, frozen=True):
    """Some bytes of a slip's picture, a PDF.

    Attributes:
        bytes_total: of the whole picture.
        body: from where was asked, at most `SLIP_PART_BYTES`.
    """

    bytes_total: int
    body: bytes


class GetSlip(Request[SlipPart], frozen=True, tag="GetSlip"):
    """See the signed slip of a case of this device as it is printed; the same bytes every time.

    Attributes:
        at: from which byte on.
    """

    case_id: CaseId
    at: Annotated[int, msgspec.Meta(ge=0)] = 0


class CaseChanged(Message, frozen=True, tag="CaseChanged"):
    """Told to the submitting terminal after every commit that changed its case; may be missed."""

    view: CaseView


__all__ = [
    "LIVE_PHOTO",
    "REASON_CHARS_MAX",
    "SLIP_LINES_MAX",
    "SLIP_PART_BYTES",
    "CancelCase",
    "CaseChanged",
    "CaseView",
    "ContinueLater",
    "Delivered",
    "GetCase",
    "GetSlip",
    "GiveLivePhoto",
    "LegResult",
    "PinBlock",
    "Place",
    "RefuseSlip",
    "SignSlip",
    "Slip",
    "SlipLine",
    "SlipPart",
    "SlipShown",
    "Step",
    "Submission",
    "Submit",
    "SubmitRescan",
    "signed_body",
]
