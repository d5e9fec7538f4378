"""The answers to a form: one type per kind of field, tagged, so that any form can be read.

A value says what was captured, never whether it is right; the checks are `wire.checks`'s. Numbers
of people and cards are of types that print masked.
"""

from __future__ import annotations

from typing import Final

import msgspec

from wire.form import FieldKind
from wire.ink import Signature
from wire.masked import IdNumber, Pan, Phone


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
    """A mobile number; `proof` names the office's record that its holder read a code back."""

    phone: Phone
    proof: str = ""


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


class NumberValue(msgspec.Struct, frozen=True, tag="number"):
    """A number in units of 10^-decimals of its field."""

    number: int


class IdNumberValue(msgspec.Struct, frozen=True, tag="id_number"):
    """The typed ID number of somebody who is not here."""

    number: IdNumber


class ChoicesValue(msgspec.Struct, frozen=True, tag="choices"):
    """The codes of the chosen options, in the form's order."""

    codes: tuple[str, ...]


class ConfirmValue(msgspec.Struct, frozen=True, tag="confirm"):
    """The statement was confirmed, at this moment, Unix milliseconds."""

    at_ms: int


class ListedValue(msgspec.Struct, frozen=True, tag="listed"):
    """What was chosen from the office's list; the office looks it up again at the submission.

    Attributes:
        code: of the item.
        title: what the teller saw, for the draft and the desk.
        branch: the item's; what later fields hang on (`Field.when`).
    """

    code: str
    title: str
    branch: str = ""


Cell = TextValue | PhoneValue | ChoiceValue | AmountValue | NumberValue | IdNumberValue
"""The answer in one cell of a table."""


class TableValue(msgspec.Struct, frozen=True, tag="table"):
    """Rows, each by column name; an optional cell may be missing."""

    rows: tuple[dict[str, Cell], ...]

    def __repr__(self) -> str:
        return f"TableValue({len(self.rows)} rows)"


class InkValue(msgspec.Struct, frozen=True, tag="ink"):
    """A party's signature."""

    ink: Signature


class ColleagueValue(msgspec.Struct, frozen=True, tag="colleague"):
    """A second member of staff; `reference` names the office's record of the proof."""

    staff_id: str
    name: str
    reference: str


class RecordingValue(msgspec.Struct, frozen=True, tag="recording"):
    """A sound recording (WAV), by its hash; the bytes travel as chunks, like a photo's.

    Attributes:
        digest: BLAKE2b-256 of the file.
        size: bytes.
        duration_ms: how long it is.
        taken_ms: when it ended, Unix milliseconds.
    """

    digest: bytes
    size: int
    duration_ms: int
    taken_ms: int


Value = (
    IdCardValue
    | PhotoValue
    | TextValue
    | PhoneValue
    | ChoiceValue
    | AmountValue
    | BankCardValue
    | NumberValue
    | IdNumberValue
    | ChoicesValue
    | ConfirmValue
    | ListedValue
    | TableValue
    | InkValue
    | ColleagueValue
    | RecordingValue
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
    FieldKind.NUMBER: NumberValue,
    FieldKind.ID_NUMBER: IdNumberValue,
    FieldKind.CHOICES: ChoicesValue,
    FieldKind.CONFIRM: ConfirmValue,
    FieldKind.LISTED: ListedValue,
    FieldKind.TABLE: TableValue,
    FieldKind.INK: InkValue,
    FieldKind.COLLEAGUE: ColleagueValue,
    FieldKind.RECORDING: RecordingValue,
}
"""Which value type answers which kind of field."""


__all__ = [
    "VALUE_TYPES",
    "AmountValue",
    "BankCardValue",
    "Cell",
    "ChoiceValue",
    "ChoicesValue",
    "ColleagueValue",
    "ConfirmValue",
    "IdCardValue",
    "IdNumberValue",
    "InkValue",
    "ListedValue",
    "NumberValue",
    "PhoneValue",
    "PhotoValue",
    "RecordingValue",
    "TableValue",
    "TextValue",
    "Value",
]
