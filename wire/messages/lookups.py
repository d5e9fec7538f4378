"""What a terminal asks while a form is being filled: lists, a colleague's proof, a phone's proof.

The office records each answer before it gives it; a submission names the record, and the office
looks it up again then. Every request may be repeated.
"""

from __future__ import annotations

from typing import Final

import msgspec

from wire.ids import CaseId, Label
from wire.masked import IdNumber, Phone
from wire.message import Request
from wire.messages.case import SlipLine
from wire.value import ListedValue, Value

ITEMS_MAX: Final = 50
"""The most items of one list."""


class Item(msgspec.Struct, frozen=True):
    """One thing of a list that the office offers to choose from.

    Attributes:
        code: names it within its list; carries a version where one matters.
        title_zh: what a teller reads.
        title_en: the same in English.
        fen: its amount in fen, or 0.
        lines: what else is to be seen, already masked.
        facts: what a product's rules read; strings, integers in decimal; never shown.
        branch: what later fields hang on (`Field.when`) once this is chosen; empty for nothing.
    """

    code: str
    title_zh: str
    title_en: str
    fen: int = 0
    lines: tuple[SlipLine, ...] = ()
    facts: dict[str, str] = {}
    branch: str = ""

    def chosen(self) -> ListedValue:
        """The answer of a form in which this was chosen."""
        return ListedValue(self.code, self.title_zh, self.branch)


class Listing(msgspec.Struct, frozen=True):
    """What the office offers now; empty when there is nothing, `note` then says why in words."""

    items: tuple[Item, ...]
    note: str = ""


class ListItems(Request[Listing], frozen=True, tag="ListItems"):
    """What can be answered to a `LISTED` field of a product.

    Attributes:
        case_id: for which case; kept in the audit.
        product: its code.
        field: which field.
        number: of the ID card that was read, or None before one was.
        name: on that card, or empty.
        values: the answers to the fields that this one depends on.
    """

    case_id: CaseId
    product: str
    field: str
    number: IdNumber | None
    name: str
    values: dict[str, Value]

    def __repr__(self) -> str:
        return f"ListItems({self.case_id!r}, {self.product!r}, {self.field!r})"


class ColleagueProven(msgspec.Struct, frozen=True):
    """The office has recorded that this colleague was present."""

    staff_id: str
    name: str
    reference: str


class ProveColleague(Request[ColleagueProven], frozen=True, tag="ProveColleague"):
    """A second member of staff enters their own passcode at the terminal for this case.

    `bound` is what they confirm, as in `Submission.bound`: whose customer they were there for.
    """

    case_id: CaseId
    staff_id: Label
    passcode: str
    bound: bytes = b""

    def __repr__(self) -> str:
        return f"ProveColleague({self.case_id!r}, {self.staff_id!r})"


class CodeSent(msgspec.Struct, frozen=True):
    """A code is on its way.

    Attributes:
        until_ms: it is good until then, Unix milliseconds.
        again_ms: another one may be asked for from then on.
    """

    until_ms: int
    again_ms: int


class SendCode(Request[CodeSent], frozen=True, tag="SendCode"):
    """Send six digits to a phone, to prove who holds it (V11)."""

    case_id: CaseId
    phone: Phone


class PhoneProven(msgspec.Struct, frozen=True):
    """The code was right; `proof` goes into the `PhoneValue`."""

    proof: str


class ProveCode(Request[PhoneProven], frozen=True, tag="ProveCode"):
    """The code as the customer read it out."""

    case_id: CaseId
    phone: Phone
    code: str

    def __repr__(self) -> str:
        return f"ProveCode({self.case_id!r}, {self.phone!r})"


__all__ = [
    "ITEMS_MAX",
    "CodeSent",
    "ColleagueProven",
    "Item",
    "ListItems",
    "Listing",
    "PhoneProven",
    "ProveCode",
    "ProveColleague",
    "SendCode",
]
