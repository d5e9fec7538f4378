"""Server-driven forms: what a product asks of the terminal, by *kinds* of field.

A product publishes a `Form`; the terminal knows kinds, not products. It owns one widget and one
peripheral per kind, so a new product needs no tablet update. Values are a tagged union with one
type per kind, and no type here can hold a clear PIN: a PIN leaves its pad as an enciphered block
and travels beside the form (`wire.messages.case.PinBlock`), never in it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.masked import IdNumber, Pan, Phone

FIELDS_MAX: Final = 64
"""The most fields in one form."""

TEXT_CHARS_MAX: Final = 500
"""The longest free text, in characters."""


class FieldKind(StrEnum):
    """What a field is; decides its widget, its peripheral and its checks."""

    ID_CARD = "id_card"
    """Second-generation ID card read from its chip."""
    PHOTO = "photo"
    """One picture for one evidence slot."""
    TEXT = "text"
    PHONE = "phone"
    CHOICE = "choice"
    AMOUNT = "amount"
    BANK_CARD = "bank_card"
    """A card of ours, read by chip: a blank from stock or the customer's own."""
    NEW_PIN = "new_pin"
    """Entered twice on the PIN pad; travels as an enciphered block beside the form."""
    PIN = "pin"
    """Entered once on the PIN pad, to be verified by the office."""


class Capability(StrEnum):
    """What a product needs of the kit; what a kit lacks hides a product, never fails it midway."""

    ID_READER = "id_reader"
    CARD_READER = "card_reader"
    PIN_PAD = "pin_pad"
    CAMERA = "camera"
    SIGNATURE = "signature"
    PRINTER = "printer"


class Option(msgspec.Struct, frozen=True):
    """One answer to a choice."""

    code: str
    title_zh: str
    title_en: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a form.

    Attributes:
        name: stable identifier, also the `field` of refusals.
        kind: decides widget, peripheral and checks.
        title_zh: what a teller reads.
        title_en: the same in English.
        required: an optional field may be missing from the values.
        options: for `CHOICE` only, at least two.
        chars_max: for `TEXT` only.
        fen_max: for `AMOUNT` only, in fen.
        evidence: for `PHOTO` only, the evidence code such as `E3`.
        hint_zh: one helping sentence, or empty.
        hint_en: the same in English.
    """

    name: str
    kind: FieldKind
    title_zh: str
    title_en: str
    required: bool = True
    options: tuple[Option, ...] = ()
    chars_max: int = 100
    fen_max: int = 0
    evidence: str = ""
    hint_zh: str = ""
    hint_en: str = ""


class Form(msgspec.Struct, frozen=True):
    """What a product asks; `version` rises with every change of the fields."""

    version: int
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


class IdCardValue(msgspec.Struct, frozen=True, tag="id_card"):
    """An ID card as its chip gave it.

    Attributes:
        record: the 256-byte text record (GA/T 490).
        portrait: the opaque 1,024-byte WLT photo.
        sam_id: the reader's security module, for the audit.
        number: read from the record, repeated for look-ups.
        name: read from the record, separator normalised to U+00B7.
    """

    record: bytes
    portrait: bytes
    sam_id: str
    number: IdNumber
    name: str

    def __repr__(self) -> str:
        return f"IdCardValue({self.number!r})"


class PhotoValue(msgspec.Struct, frozen=True, tag="photo"):
    """A picture, by its hash; the bytes travel as chunks.

    Attributes:
        digest: BLAKE2b-256 of the JPEG, taken at capture.
        size: bytes.
        width: pixels.
        height: pixels.
        sharpness: variance of the Laplacian at capture.
        taken_ms: Unix milliseconds.
    """

    digest: bytes
    size: int
    width: int
    height: int
    sharpness: int
    taken_ms: int


class TextValue(msgspec.Struct, frozen=True, tag="text"):
    """Free text."""

    text: str

    def __repr__(self) -> str:
        return f"TextValue({len(self.text)} characters)"


class PhoneValue(msgspec.Struct, frozen=True, tag="phone"):
    """A mobile number."""

    phone: Phone


class ChoiceValue(msgspec.Struct, frozen=True, tag="choice"):
    """The code of one option."""

    code: str


class AmountValue(msgspec.Struct, frozen=True, tag="amount"):
    """An amount in fen."""

    fen: int


class BankCardValue(msgspec.Struct, frozen=True, tag="bank_card"):
    """A bank card as its chip gave it; `expiry` is `YYMM`."""

    pan: Pan
    expiry: str


Value = (
    IdCardValue | PhotoValue | TextValue | PhoneValue | ChoiceValue | AmountValue | BankCardValue
)
"""The answer to one field. `NEW_PIN` and `PIN` have none: their blocks travel beside the form."""

VALUE_TYPES: Final[dict[FieldKind, type | None]] = {
    FieldKind.ID_CARD: IdCardValue,
    FieldKind.PHOTO: PhotoValue,
    FieldKind.TEXT: TextValue,
    FieldKind.PHONE: PhoneValue,
    FieldKind.CHOICE: ChoiceValue,
    FieldKind.AMOUNT: AmountValue,
    FieldKind.BANK_CARD: BankCardValue,
    FieldKind.NEW_PIN: None,
    FieldKind.PIN: None,
}
"""Which value type answers which kind of field."""


__all__ = [
    "FIELDS_MAX",
    "TEXT_CHARS_MAX",
    "VALUE_TYPES",
    "AmountValue",
    "BankCardValue",
    "Capability",
    "ChoiceValue",
    "Field",
    "FieldKind",
    "Form",
    "IdCardValue",
    "Option",
    "PhoneValue",
    "PhotoValue",
    "TextValue",
    "Value",
]
