"""What is asked of a peripheral actor and what it answers.

Every request carries until when it is of use and a ticket by which it can be abandoned.
Deliberately not here: a type that could hold a clear PIN. Invariant: no repr of these shows a card
number, an ID record, a face or what a customer is called.
"""

from __future__ import annotations

from typing import Generic

import msgspec

from wire import ink
from wire.masked import IdNumber, Pan, Phone
from wire.message import Message, ReplyT, Request
from wire.messages import case


class DeviceRequest(Request[ReplyT], Generic[ReplyT], frozen=True, kw_only=True):
    """Anything asked of a device; a failure is raised at the asker as a `PeripheralError`.

    Attributes:
        until: after this moment (the loop's monotonic seconds) nobody waits for the answer.
        ticket: names the request for `Abandon`; unique among one toolbox's requests.
    """

    until: float
    ticket: int


class Abandon(Message, frozen=True):
    """The asker has gone away: stop the request if it still runs."""

    ticket: int


class Finish(Message, frozen=True):
    """The asker wants what there is: end a recording that still runs, and answer its request."""

    ticket: int


class IdRead(Message, frozen=True):
    """An ID card as its chip gave it.

    Attributes:
        record: 256 bytes, see `wire.chip_record`.
        photo: 1,024 bytes, opaque (WLT).
        sam_id: the reader's security module, 32 hexadecimal digits.
    """

    record: bytes
    photo: bytes
    sam_id: str

    def __repr__(self) -> str:
        return f"IdRead(sam_id={self.sam_id!r})"


class ReadId(DeviceRequest[IdRead], frozen=True, kw_only=True):
    """Wait for an ID card and read it."""


class CardRead(Message, frozen=True):
    """A bank card as its chip gave it; `expiry` is `YYMM`."""

    pan: Pan
    expiry: str


class ReadBankCard(DeviceRequest[CardRead], frozen=True, kw_only=True):
    """Wait for a bank card and read its number."""


class PinContext(msgspec.Struct, frozen=True):
    """What a new PIN must not be taken from; the pad needs it, and forgets it afterwards.

    Attributes:
        birth: `YYYYMMDD`, or empty.
        phone: or None.
        id_number: or None.
    """

    birth: str = ""
    phone: Phone | None = None
    id_number: IdNumber | None = None

    def __repr__(self) -> str:
        return "PinContext(***)"


class SealedPin(Message, frozen=True):
    """A PIN as it leaves its pad.

    Attributes:
        ksn: AES DUKPT key serial number, 12 bytes.
        block: ISO 9564-1 format-4 block, 16 enciphered bytes.
    """

    ksn: bytes
    block: bytes

    def answering(self, field: str) -> case.PinBlock:
        """The block as it travels beside a submission, for the form field it answers."""
        return case.PinBlock(field, self.ksn, self.block)

    def __repr__(self) -> str:
        return "SealedPin(***)"


class EnterPin(DeviceRequest[SealedPin], frozen=True, kw_only=True):
    """Have the customer type a PIN for a card: twice when it is a new one."""

    pan: Pan
    new: bool
    context: PinContext = PinContext()


class Photo(Message, frozen=True):
    """A photo: the JPEG's bytes."""

    jpeg: bytes

    def __repr__(self) -> str:
        return f"Photo({len(self.jpeg)} bytes)"


class TakePhoto(DeviceRequest[Photo], frozen=True, kw_only=True):
    """Take a photo of a subject such as `id_front`."""

    subject: str


class Signed(Message, frozen=True):
    """A signature's strokes."""

    signature: ink.Signature

    def __repr__(self) -> str:
        return f"Signed({len(self.signature.strokes)} strokes)"


class CaptureSignature(DeviceRequest[Signed], frozen=True, kw_only=True):
    """Have the customer sign on the pad."""


class Recorded(Message, frozen=True):
    """A sound recording: the WAV's bytes."""

    wav: bytes

    def __repr__(self) -> str:
        return f"Recorded({len(self.wav)} bytes)"


class RecordSound(DeviceRequest[Recorded], frozen=True, kw_only=True):
    """Record until `Finish`, at least `seconds` where nobody ends it."""

    seconds: int


class Printed(Message, frozen=True):
    """The printer has drained its buffer and reports paper and no error."""

    rows: int


class PrintReceipt(DeviceRequest[Printed], frozen=True, kw_only=True):
    """Print lines of text, wrapped to the paper."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return f"PrintReceipt({len(self.lines)} lines)"


class PinProgress(Message, frozen=True):
    """Told while a customer types: never which keys, only how many.

    Attributes:
        entry: 1, or 2 while the PIN is repeated.
        keys: digits standing in this entry.
        advice: `weak` or `mismatch` when the customer was sent back, else empty.
    """

    entry: int
    keys: int
    advice: str = ""


__all__ = [
    "Abandon",
    "CaptureSignature",
    "CardRead",
    "DeviceRequest",
    "EnterPin",
    "Finish",
    "IdRead",
    "Photo",
    "PinContext",
    "PinProgress",
    "PrintReceipt",
    "Printed",
    "ReadBankCard",
    "ReadId",
    "RecordSound",
    "Recorded",
    "SealedPin",
    "Signed",
    "TakePhoto",
]
