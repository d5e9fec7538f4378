"""Server-driven forms: what a product asks of the terminal, by *kinds* of field.

A product publishes a `Form`; the terminal knows kinds, not products. It owns one widget and one
peripheral per kind, so a new product needs no tablet update. Values are a tagged union with one
type per kind (`wire.value`), and none of them can hold a clear PIN: a PIN leaves its pad as an
enciphered block and travels beside the form (`wire.messages.case.PinBlock`), never in it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

FIELDS_MAX: Final = 64
"""The most fields in one form."""

TEXT_CHARS_MAX: Final = 500
"""The longest free text, in characters."""


OPTIONS_MAX: Final = 40
"""The most options of a choice."""

COLUMNS_MAX: Final = 10
"""The most columns of a table."""

ROWS_MAX: Final = 30
"""The most rows of a table."""


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
    NUMBER = "number"
    """A whole number, or a decimal one with a fixed number of decimals."""
    ID_NUMBER = "id_number"
    """The ID number of somebody who is not here, typed: a household member, a contact."""
    CHOICES = "choices"
    """Any number of options, at least one where the field is required."""
    CONFIRM = "confirm"
    """A statement that somebody confirms explicitly; the title is the statement."""
    LISTED = "listed"
    """One of what the office lists for this customer: a bill, a loan, a task, a fund."""
    TABLE = "table"
    """Rows of typed or chosen cells: a household, its crops, its debts."""
    INK = "ink"
    """A signature of its own beside the slip's, by a party who signs, too."""
    COLLEAGUE = "colleague"
    """A second member of staff who is present and proves it with a passcode."""
    RECORDING = "recording"
    """Sound recorded while something was explained and agreed to (E11)."""


class Capability(StrEnum):
    """What a product needs of the kit; what a kit lacks hides a product, never fails it midway."""

    ID_READER = "id_reader"
    CARD_READER = "card_reader"
    PIN_PAD = "pin_pad"
    CAMERA = "camera"
    SIGNATURE = "signature"
    PRINTER = "printer"
    MICROPHONE = "microphone"


class Option(msgspec.Struct, frozen=True):
    """One answer to a choice."""

    code: str
    title_zh: str
    title_en: str


class When(msgspec.Struct, frozen=True):
    """When a field is relevant, as ODK calls it: another answer is one of these.

    Attributes:
        field: a `CHOICE` or `LISTED` earlier in the form; where it is not asked itself, this one
            is not.
        codes: of the options of a `CHOICE`; of a `LISTED`, the chosen item's `branch`.
    """

    field: str
    codes: tuple[str, ...]


class Field(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question of a form.

    Attributes:
        name: stable identifier, also the `field` of refusals.
        kind: decides widget, peripheral and checks.
        title_zh: what a teller reads.
        title_en: the same in English.
        required: an optional field may be missing from the values.
        when: asked only then, and neither required nor allowed otherwise; None for always.
        options: for `CHOICE` and `CHOICES` only, at least two.
        chars_max: for `TEXT` only.
        pattern: for `TEXT` only: a regular expression that the whole text matches, or empty.
        fen_min: for `AMOUNT` only, in fen.
        fen_max: for `AMOUNT` only, in fen.
        number_min: for `NUMBER` only, in units of 10^-decimals.
        number_max: for `NUMBER` only, in units of 10^-decimals.
        decimals: for `NUMBER` only, how many decimals are typed, 0 to 4.
        unit_zh: for `NUMBER` only, what is counted, or empty.
        unit_en: the same in English.
        depends: fields before it that this answer is given for, beside what its kind says
            (`wire.checks.binding`): they are answered first, and when one of them changes, this one
            is to be given anew. A `LISTED` is also asked with them.
        columns: for `TABLE` only: fields of the kinds in `CELL_KINDS`.
        rows_max: for `TABLE` only, 1 to `ROWS_MAX`.
        proven: for `PHONE` only: a code sent to the number proves who holds it (V11).
        proof_optional: for a proven `PHONE` only: without a link no code can be sent, so an answer
            without its proof is taken, too; nobody learns the number from it.
        seconds_min: for `RECORDING` only, the shortest that counts.
        deferrable: for `PHOTO` only: an authorizer may approve without it, to be added the next
            working day (隔日补扫).
        evidence: for `PHOTO` and `RECORDING` only, the evidence code such as `E3`.
        hint_zh: one helping sentence, or empty.
        hint_en: the same in English.
    """

    name: str
    kind: FieldKind
    title_zh: str
    title_en: str
    required: bool = True
    when: When | None = None
    options: tuple[Option, ...] = ()
    chars_max: int = 100
    pattern: str = ""
    fen_min: int = 1
    fen_max: int = 0
    number_min: int = 0
    number_max: int = 0
    decimals: int = 0
    unit_zh: str = ""
    unit_en: str = ""
    depends: tuple[str, ...] = ()
    columns: tuple[Field, ...] = ()
    rows_max: int = 0
    proven: bool = False
    proof_optional: bool = False
    seconds_min: int = 0
    deferrable: bool = False
    evidence: str = ""
    hint_zh: str = ""
    hint_en: str = ""


CELL_KINDS: Final = frozenset(
    {
        FieldKind.TEXT,
        FieldKind.PHONE,
        FieldKind.CHOICE,
        FieldKind.AMOUNT,
        FieldKind.NUMBER,
        FieldKind.ID_NUMBER,
    }
)
"""What a cell of a table can be."""


class Form(msgspec.Struct, frozen=True):
    """What a product asks; `version` rises with every change of the fields."""

    version: int
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


__all__ = [
    "CELL_KINDS",
    "COLUMNS_MAX",
    "FIELDS_MAX",
    "OPTIONS_MAX",
    "ROWS_MAX",
    "TEXT_CHARS_MAX",
    "Capability",
    "Field",
    "FieldKind",
    "Form",
    "Option",
    "When",
]
