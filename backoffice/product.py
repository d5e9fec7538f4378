"""What a banking product is: one file in `backoffice.products` that publishes a `PRODUCT`.

A product says what it asks (a form of field kinds), what it needs of the kit, its own pure rules,
its authorization level, what it must own alone, what the core shall do and what the slip says.
Everything else (the flow, the checks of kinds, the queue, the wire) is common to all products.
The functions see a `Dossier`: a submission that has passed the common checks, opened for reading.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as part
from typing import Final, TypeVar

import msgspec

from backoffice.authorization.levels import Raise
from backoffice.partners.core import Customer, Operation
from wire.checks import Context, normalise_name, years_between
from wire.chip_record import ChipRecord, parse_chip_record
from wire.form import (
    FIELDS_MAX,
    TEXT_CHARS_MAX,
    AmountValue,
    BankCardValue,
    Capability,
    ChoiceValue,
    Field,
    FieldKind,
    Form,
    IdCardValue,
    Option,
    PhoneValue,
    TextValue,
)
from wire.masked import IdNumber, Pan, Phone
from wire.message import Refusal
from wire.messages.case import SlipLine, Submission
from wire.messages.session import ProductCard

ValueT = TypeVar("ValueT")

SECOND_DOCUMENT: Final = "E8"
"""The evidence code of what cures a disagreeing identity check: household register and the like."""

KINDS_NEED: Final = {
    FieldKind.ID_CARD: Capability.ID_READER,
    FieldKind.PHOTO: Capability.CAMERA,
    FieldKind.BANK_CARD: Capability.CARD_READER,
    FieldKind.NEW_PIN: Capability.PIN_PAD,
    FieldKind.PIN: Capability.PIN_PAD,
}
"""Which kind of field needs which part of the kit; a signature is always needed."""


ID_CARD: Final = Field(
    name="id_card", kind=FieldKind.ID_CARD, title_zh="身份证", title_en="ID card"
)
"""The question that every product asks first."""

FACE_TO_FACE: Final = Field(
    name="face_to_face",
    kind=FieldKind.PHOTO,
    title_zh="客户与业务员合影",
    title_en="Customer with operator",
    evidence="E3",
    hint_zh="客户与业务员同框，面部清晰，不戴帽子和墨镜。",
    hint_en="Both in one picture, faces clear, no hats or sunglasses.",
)
"""The proof that the operator met the customer (面签)."""


def photo(name: str, evidence: str, title_zh: str, title_en: str) -> Field:
    """A required picture for one evidence slot."""
    return Field(
        name=name, kind=FieldKind.PHOTO, title_zh=title_zh, title_en=title_en, evidence=evidence
    )


def choice(name: str, title_zh: str, title_en: str, *options: tuple[str, str, str]) -> Field:
    """A choice among (code, Chinese title, English title)."""
    return Field(
        name=name,
        kind=FieldKind.CHOICE,
        title_zh=title_zh,
        title_en=title_en,
        options=tuple(Option(*option) for option in options),
    )


def needs_of(form: Form) -> frozenset[Capability]:
    """What the kit must have for a form's fields, and for the signature in the end."""
    kinds = {field.kind for field in form.fields}
    return frozenset(
        {KINDS_NEED[kind] for kind in kinds if kind in KINDS_NEED} | {Capability.SIGNATURE}
    )


class BadProduct(Exception):
    """A product's file contradicts itself; the office does not start."""


@dataclass(frozen=True)
class Dossier:
    """A checked submission as a product's rules read it.

    Attributes:
        submission: what the tablet captured.
        record: the chip's record, parsed.
        verifiers: what the security module made of the PIN blocks, by field.
        now_ms: when the office received it, Unix milliseconds.
        age: the customer's age in whole years on that day.
    """

    submission: Submission
    record: ChipRecord
    verifiers: Mapping[str, bytes] = part(repr=False)
    now_ms: int
    age: int

    @property
    def customer(self) -> Customer:
        """Who it is for, as the chip proves."""
        return Customer(IdNumber(self.record.number), normalise_name(self.record.name))

    def pan(self, name: str) -> Pan:
        """The number of the bank card read for a field."""
        return self._value(name, BankCardValue).pan

    def phone(self, name: str) -> Phone:
        """A mobile number."""
        return self._value(name, PhoneValue).phone

    def text(self, name: str) -> str:
        """A text, without blanks around it."""
        return self._value(name, TextValue).text.strip()

    def choice(self, name: str) -> str:
        """The code of the chosen option."""
        return self._value(name, ChoiceValue).code

    def fen(self, name: str) -> int:
        """An amount."""
        return self._value(name, AmountValue).fen

    def verifier(self, name: str) -> bytes:
        """The verifier of the PIN entered for a field."""
        return self.verifiers[name]

    def _value(self, name: str, kind: type[ValueT]) -> ValueT:
        value = self.submission.values[name]
        assert isinstance(value, kind), f"{name} passed the checks as another kind"
        return value


def open_dossier(submission: Submission, verifiers: Mapping[str, bytes], now_ms: int) -> Dossier:
    """Read a submission that has passed `wire.checks.check_submission`."""
    card = id_card(submission)
    assert card is not None, "the common checks require the ID card"
    record = parse_chip_record(card.record)
    age = years_between(record.birth, Context(now_ms).today)
    return Dossier(submission, record, verifiers, now_ms, age)


def id_card(submission: Submission) -> IdCardValue | None:
    """The ID card in a submission, or None."""
    cards = (v for v in submission.values.values() if isinstance(v, IdCardValue))
    return next(cards, None)


class Unique(msgspec.Struct, frozen=True):
    """Something that one case must own alone.

    Attributes:
        scope: what kind of thing, for instance `card`.
        key: BLAKE2b-256 in hex; never the number itself.
        field: the form field that a conflict is reported at.
        message: what the teller reads in a conflict.
        spent: kept for ever once the core has prepared, even when the case is aborted.
    """

    scope: str
    key: str
    field: str
    message: str
    spent: bool = False


def unique_key(scope: str, union: str, *parts: str) -> str:
    """The hash that stands for a number in the store; scoped, so no two kinds ever collide."""
    body = msgspec.msgpack.encode((scope, union, *parts))
    return hashlib.blake2b(body, digest_size=32, person=b"backpack/unique").hexdigest()


def no_problems(_dossier: Dossier) -> tuple[Refusal, ...]:
    """No rules beyond the common ones."""
    return ()


def no_claims(_dossier: Dossier, _union: str) -> tuple[Unique, ...]:
    """Nothing to own alone."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Product:
    """One banking product.

    Attributes:
        code: stable identifier, the file's name.
        title_zh: what a teller reads.
        title_en: the same in English.
        form: what is asked.
        needs: what the kit must have; without it the product is hidden.
        problems: rules of this product alone.
        level: the rules that raise the authorization level, its base level among them.
        claims: what the case must own alone, within a union.
        operation: what the core shall prepare.
        slip_lines: the elements of the slip; also given what the core said.
        delivers: the bank-card field whose card is handed over in the end, or empty.
    """

    code: str
    title_zh: str
    title_en: str
    form: Form
    needs: frozenset[Capability]
    level: Callable[[Dossier], tuple[Raise, ...]]
    operation: Callable[[Dossier], Operation]
    slip_lines: Callable[[Dossier, Mapping[str, str]], tuple[SlipLine, ...]]
    problems: Callable[[Dossier], tuple[Refusal, ...]] = no_problems
    claims: Callable[[Dossier, str], tuple[Unique, ...]] = no_claims
    delivers: str = ""

    @property
    def card(self) -> ProductCard:
        """The product as a terminal sees it."""
        needs = tuple(sorted(self.needs))
        return ProductCard(self.code, self.title_zh, self.title_en, self.form, needs)

    @property
    def pin_card(self) -> str:
        """The bank-card field that every PIN of this product belongs to, or empty."""
        fields = (f.name for f in self.form.fields if f.kind is FieldKind.BANK_CARD)
        return next(fields, "")


def products() -> dict[str, Product]:
    """Every published product by code, validated.

    Raises:
        BadProduct: a file publishes none, contradicts itself, or uses a code twice.
    """
    package = importlib.import_module("backoffice.products")
    found: dict[str, Product] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        product = getattr(
            importlib.import_module(f"backoffice.products.{module.name}"), "PRODUCT", None
        )
        if not isinstance(product, Product):
            raise BadProduct(f"{module.name} publishes no PRODUCT")
        if product.code != module.name:
            raise BadProduct(f"{module.name} calls itself {product.code}")
        contradictions = problems_of(product)
        if contradictions:
            raise BadProduct(f"{product.code}: {'; '.join(contradictions)}")
        found[product.code] = product
    return found


def problems_of(product: Product) -> list[str]:
    """What contradicts itself in a product; empty for a sound one."""
    fields = product.form.fields
    names = [one.name for one in fields]
    kinds = [one.kind for one in fields]
    problems = []
    if len(set(names)) != len(names) or len(names) > FIELDS_MAX:
        problems.append("field names repeat, or there are too many")
    if kinds.count(FieldKind.ID_CARD) != 1:
        problems.append("exactly one ID card is read")
    if not product.title_zh or not product.title_en or product.form.version < 1:
        problems.append("titles or form version are missing")
    problems += [f"{one.name}: {problem}" for one in fields for problem in _field_problems(one)]
    lacking = needs_of(product.form) - product.needs
    if lacking:
        problems.append(f"needs lack {', '.join(sorted(lacking))}")
    if {FieldKind.PIN, FieldKind.NEW_PIN} & set(kinds) and not product.pin_card:
        problems.append("a PIN without a bank card that it belongs to")
    delivered = product.form.field(product.delivers) if product.delivers else None
    if product.delivers and (delivered is None or delivered.kind is not FieldKind.BANK_CARD):
        problems.append("delivers names no bank-card field")
    return problems


def _field_problems(one: Field) -> list[str]:
    problems = []
    if not one.title_zh or not one.title_en:
        problems.append("a title is missing")
    if (one.kind is FieldKind.CHOICE) != (len(one.options) >= 2):
        problems.append("a choice has at least two options, nothing else has any")
    if len({option.code for option in one.options}) != len(one.options):
        problems.append("option codes repeat")
    if (one.kind is FieldKind.AMOUNT) != (one.fen_max > 0):
        problems.append("an amount has a limit, nothing else has one")
    if (one.kind is FieldKind.PHOTO) != bool(one.evidence):
        problems.append("a photo has an evidence code, nothing else has one")
    if not 1 <= one.chars_max <= TEXT_CHARS_MAX:
        problems.append("chars_max is out of range")
    return problems


def title_of_option(product_form: Form, name: str, code: str) -> str:
    """The Chinese title of a chosen option."""
    one = product_form.field(name)
    assert one is not None, f"no field {name}"
    return next(option.title_zh for option in one.options if option.code == code)


__all__ = [
    "FACE_TO_FACE",
    "ID_CARD",
    "KINDS_NEED",
    "SECOND_DOCUMENT",
    "BadProduct",
    "Dossier",
    "Product",
    "Unique",
    "choice",
    "id_card",
    "needs_of",
    "no_claims",
    "no_problems",
    "open_dossier",
    "photo",
    "problems_of",
    "products",
    "title_of_option",
    "unique_key",
]
