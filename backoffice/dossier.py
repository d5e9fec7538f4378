"""A checked submission, opened for the rules of a product to read.

Everything in it has been proven by the office: the answers passed the checks of their kinds, what
was chosen from a list was looked up again, colleagues and phones were proven. A rule that finds
another type than its form asks for has found a bug.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as part
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from backoffice.authorization.levels import THRESHOLDS, Thresholds
from backoffice.partners.operations import Customer
from backoffice.questions.fields import (
    ID_CARD,
)
from wire.checks import Context, normalise_name, years_between
from wire.chip_record import ChipRecord, parse_chip_record
from wire.masked import IdNumber, Pan, Phone
from wire.messages.case import Submission
from wire.messages.lookups import Item
from wire.messages.session import StaffCard
from wire.value import (
    AmountValue,
    BankCardValue,
    Cell,
    ChoicesValue,
    ChoiceValue,
    IdCardValue,
    IdNumberValue,
    NumberValue,
    PhoneValue,
    TableValue,
    TextValue,
)

ValueT = TypeVar("ValueT")


class Terms(msgspec.Struct, frozen=True):
    """The numbers of one product that a union may change; a product with any defines a subclass."""


TermsT = TypeVar("TermsT", bound=Terms)

NO_TERMS: Final = Terms()
"""Of a product that has no numbers."""

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
"""Nothing was listed, nobody else was there."""


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """A checked submission as a product's rules read it.

    Attributes:
        submission: what the tablet captured.
        chip: the chip's record, parsed; None where the form asks for no ID card.
        verifiers: what the security module made of the PIN blocks, by field.
        listed: what the office itself lists under the chosen codes, by field.
        colleagues: the second members of staff, proven by their passcodes, by field.
        operator: who captured it.
        terms: the product's numbers, as they are in force for this union.
        thresholds: the general ones of authorization, for amounts.
        now_ms: when the office received it, Unix milliseconds.
    """

    submission: Submission
    chip: ChipRecord | None
    verifiers: Mapping[str, bytes] = part(repr=False)
    listed: Mapping[str, Item]
    colleagues: Mapping[str, StaffCard]
    operator: StaffCard
    terms: Terms
    now_ms: int
    thresholds: Thresholds = THRESHOLDS

    @property
    def record(self) -> ChipRecord:
        """The chip's record of a product that asks for the ID card."""
        assert self.chip is not None, "this product asks for no ID card"
        return self.chip

    @property
    def customer(self) -> Customer:
        """Who it is for, as the chip proves."""
        return Customer(IdNumber(self.record.number), normalise_name(self.record.name))

    @property
    def people(self) -> tuple[ChipRecord, ...]:
        """Everybody whose ID card was read, the customer first."""
        others = tuple(self.other(name) for name in other_cards(self.submission))
        return others if self.chip is None else (self.chip, *others)

    @property
    def age(self) -> int:
        """The customer's age in whole years on the day the office received it."""
        return years_between(self.record.birth, Context(self.now_ms).today)

    def terms_as(self, kind: type[TermsT]) -> TermsT:
        """The product's own numbers."""
        assert isinstance(self.terms, kind), "a product is configured with its own terms"
        return self.terms

    def has(self, name: str) -> bool:
        """Whether an optional field was answered."""
        return name in self.submission.values

    def pan(self, name: str) -> Pan:
        """The number of the bank card read for a field."""
        return self._value(name, BankCardValue).pan

    def phone(self, name: str) -> Phone:
        """A mobile number."""
        return self._value(name, PhoneValue).phone

    def id_number(self, name: str) -> IdNumber:
        """The typed ID number of somebody who is not here."""
        return self._value(name, IdNumberValue).number

    def is_proven(self, name: str) -> bool:
        """Whether the holder of a mobile number read a code back."""
        return bool(self._value(name, PhoneValue).proof)

    def text(self, name: str) -> str:
        """A text, without blanks around it; empty where it was left out."""
        return self._value(name, TextValue).text.strip() if self.has(name) else ""

    def choice(self, name: str) -> str:
        """The code of the chosen option."""
        return self._value(name, ChoiceValue).code

    def choices(self, name: str) -> tuple[str, ...]:
        """The codes of the chosen options; none where it was left out."""
        return self._value(name, ChoicesValue).codes if self.has(name) else ()

    def fen(self, name: str) -> int:
        """An amount; 0 where it was left out."""
        return self._value(name, AmountValue).fen if self.has(name) else 0

    def number(self, name: str) -> int:
        """A number in units of 10^-decimals; 0 where it was left out."""
        return self._value(name, NumberValue).number if self.has(name) else 0

    def rows(self, name: str) -> tuple[Mapping[str, Cell], ...]:
        """The rows of a table; none where it was left out."""
        return self._value(name, TableValue).rows if self.has(name) else ()

    def other(self, name: str) -> ChipRecord:
        """The ID card of another person than the customer, for instance a guardian."""
        return parse_chip_record(self._value(name, IdCardValue).record)

    def item(self, name: str) -> Item:
        """What the office lists under the chosen code."""
        return self.listed[name]

    def fact(self, name: str, fact: str) -> str:
        """One fact of the chosen item."""
        return self.listed[name].facts[fact]

    def verifier(self, name: str) -> bytes:
        """The verifier of the PIN entered for a field."""
        return self.verifiers[name]

    def _value(self, name: str, kind: type[ValueT]) -> ValueT:
        value = self.submission.values[name]
        assert isinstance(value, kind), f"{name} passed the checks as another kind"
        return value


def open_dossier(
    submission: Submission,
    *,
    verifiers: Mapping[str, bytes],
    operator: StaffCard,
    now_ms: int,
    terms: Terms = NO_TERMS,
    thresholds: Thresholds = THRESHOLDS,
    listed: Mapping[str, Item] = NOTHING,
    colleagues: Mapping[str, StaffCard] = NOTHING,
) -> Dossier:
    """Read a submission that has passed `wire.checks.check_submission`."""
    card = id_card(submission)
    return Dossier(
        submission=submission,
        chip=parse_chip_record(card.record) if card is not None else None,
        verifiers=verifiers,
        listed=listed,
        colleagues=colleagues,
        operator=operator,
        terms=terms,
        now_ms=now_ms,
        thresholds=thresholds,
    )


def cell(row: Mapping[str, Cell], name: str, kind: type[ValueT]) -> ValueT:
    """A required cell of a checked row."""
    value = row[name]
    assert isinstance(value, kind), f"{name} passed the checks as another kind"
    return value


def id_card(submission: Submission) -> IdCardValue | None:
    """The customer's ID card in a submission: field `id_card`; None where none is asked for."""
    card = submission.values.get(ID_CARD.name)
    return card if isinstance(card, IdCardValue) else None


def other_cards(submission: Submission) -> dict[str, IdCardValue]:
    """The ID cards of everybody else, by field: guardians, proxies, co-signers."""
    values = submission.values.items()
    cards = {name: value for name, value in values if isinstance(value, IdCardValue)}
    return {name: card for name, card in cards.items() if name != ID_CARD.name}


__all__ = [
    "Dossier",
    "Terms",
    "cell",
    "id_card",
    "open_dossier",
    "other_cards",
]
