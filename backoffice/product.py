"""What a banking product is: one file in `backoffice.products` that publishes a `PRODUCT`.

A product says what it asks (a form of field kinds), what it needs of the kit, its own pure rules,
its authorization level, what it must own alone, what the core shall do and what the slip says.
All of that is asked once, when a case is admitted; what came of it is kept with the case
(`backoffice.cases.undertaking`).
Everything else (the flow, the checks of kinds, the queue, the wire) is common to all products.
The functions see a `Dossier`: a submission that has passed the common checks, opened for reading.
Whoever needs a person's answer about something that a partner keeps asks for a `LISTED` field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as part
from enum import StrEnum
from typing import Any

import msgspec

from backoffice.authorization.levels import Raise
from backoffice.dossier import NO_TERMS, Dossier, Terms, TermsT
from backoffice.partners.conduct import Party, Service
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.queries import PartnerQuery
from wire.checks import pin_card_field
from wire.form import Capability, FieldKind, Form
from wire.masked import IdNumber
from wire.message import Refusal
from wire.messages.case import SlipLine
from wire.messages.session import ProductCard
from wire.value import (
    Value,
)


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


@dataclass(frozen=True)
class Leg:
    """One operation of a product's plan, with one partner.

    Attributes:
        operation: what is asked.
        name: distinguishes the legs of one plan; the only leg of a plan may be unnamed.
        title_zh: what the slip calls it, where the slip lists results leg by leg.
        title_en: the same in English.
        optional: its failure fails itself alone; otherwise all legs succeed or none.
    """

    operation: Operation
    name: str = ""
    title_zh: str = ""
    title_en: str = ""
    optional: bool = False


class FactLine(msgspec.Struct, frozen=True):
    """A line of the slip whose value a partner says when it prepares.

    Attributes:
        fact: its name among what the partners say, all legs together.
        optional: left out where nothing is said.
    """

    title_zh: str
    title_en: str
    fact: str
    optional: bool = False


class Asking(msgspec.Struct, frozen=True):
    """Who asks for a list, and what was answered before.

    Attributes:
        number: of the ID card that was read, or None.
        outlet: of the teller.
        values: the answers to the fields that the list depends on; checked.
        now_ms: the office's clock.
        terms: the product's numbers, as they are in force for this union.
        known: the facts of that person's record, as in `backoffice.customers`; none without one.
    """

    number: IdNumber | None
    outlet: str
    values: dict[str, Value]
    now_ms: int
    terms: Terms = NO_TERMS
    known: Mapping[str, str] = {}

    def terms_as(self, kind: type[TermsT]) -> TermsT:
        """The product's own numbers."""
        assert isinstance(self.terms, kind), "a product is configured with its own terms"
        return self.terms

    def __repr__(self) -> str:
        return f"Asking(at {self.outlet!r})"


class Category(StrEnum):
    """How the terminal's first page groups businesses."""

    ACCOUNT = "account"
    PAYMENT = "payment"
    CREDIT = "credit"
    WEALTH = "wealth"
    CUSTOMER = "customer"


def no_problems(_dossier: Dossier) -> tuple[Refusal, ...]:
    """No rules beyond the common ones."""
    return ()


def no_claims(_dossier: Dossier, _union: str) -> tuple[Unique, ...]:
    """Nothing to own alone."""
    return ()


def no_plan(_dossier: Dossier) -> tuple[Leg, ...]:
    """Pure information: nothing is asked of any partner, and nothing is signed."""
    return ()


def no_profile(_dossier: Dossier) -> dict[str, str]:
    """Nothing that the customer's record would want to know."""
    return {}


def the_customer_came(_dossier: Dossier) -> bool:
    """The ID card is the customer's own, as it is of nearly every business."""
    return True


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
        category: where it stands on the terminal's first page.
        partners: whom its plan and its lists ask; where one is not connected, it is not offered.
        plan: what partners shall do; legs are prepared together, and committed in this order, so
            that the one that may still say no comes first. None: the case is stored, unsigned.
        listings: which query answers a `LISTED` field.
        slip_lines: the elements of the slip; what partners will say is left open (`FactLine`).
        profile: what the customer's record learns from it, once it is real; keys as in
            `backoffice.customers`. Not the phone: it is learned wherever it was proven.
        learns: whether whoever showed the ID card is the customer, whose record learns.
        target: the `LISTED` field that names whom customer relations want asked, where nobody's
            card is read; its items carry the fact `target`, of whom `profile` is told.
        terms: its configurable numbers, with their defaults.
        terms_of: the product in whose section of the configuration they stand, where several share
            them; empty for its own.
        amounts: what an `AMOUNT` field may be at the most where that is one of the terms, in fen.
        agent: the ID-card field of whoever may act for the customer, or empty.
        delivers: the bank-card field whose card is handed over in the end, or empty.
        counter_s: how long the same takes at the counter, for the savings report, in seconds.
    """

    code: str
    title_zh: str
    title_en: str
    form: Form
    needs: frozenset[Capability]
    category: Category
    partners: frozenset[Partner] = frozenset()
    level: Callable[[Dossier], tuple[Raise, ...]]
    slip_lines: Callable[[Dossier], tuple[SlipLine | FactLine, ...]]
    problems: Callable[[Dossier], tuple[Refusal, ...]] = no_problems
    claims: Callable[[Dossier, str], tuple[Unique, ...]] = no_claims
    plan: Callable[[Dossier], tuple[Leg, ...]] = no_plan
    listings: Mapping[str, Callable[[Asking], PartnerQuery | Refusal]] = part(default_factory=dict)
    profile: Callable[[Dossier], dict[str, str]] = no_profile
    learns: Callable[[Dossier], bool] = the_customer_came
    target: str = ""
    terms: Terms = NO_TERMS
    terms_of: str = ""
    amounts: Mapping[str, Callable[[Any], int]] = part(default_factory=dict)
    agent: str = ""
    delivers: str = ""
    counter_s: int = 20 * 60

    def under(self, terms: Terms) -> Product:
        """The product with other numbers in force; its form asks for no more than they allow."""
        fields = tuple(
            msgspec.structs.replace(one, fen_max=self.amounts[one.name](terms))
            if one.name in self.amounts
            else one
            for one in self.form.fields
        )
        return replace(self, terms=terms, form=Form(self.form.version, fields))

    @property
    def section(self) -> str:
        """The section of the configuration that holds its numbers."""
        return f"products.{self.terms_of or self.code}"

    @property
    def signed(self) -> bool:
        """The customer signs a slip: everything that asks something of a partner."""
        return self.plan is not no_plan

    @property
    def parties(self) -> frozenset[Party]:
        """Everybody outside who has to be connected: partners, and whom the form's fields ask."""
        kinds = {field.kind for field in self.form.fields}
        idv = {Service.IDV} if FieldKind.ID_CARD in kinds else set()
        sms = {Service.SMS} if any(field.proven for field in self.form.fields) else set()
        return frozenset({*self.partners, *idv, *sms})

    @property
    def card(self) -> ProductCard:
        """The product as a terminal sees it."""
        needs = tuple(sorted(self.needs))
        return ProductCard(self.code, self.title_zh, self.title_en, self.form, needs, self.category)

    @property
    def pin_card(self) -> str:
        """The bank-card field that every PIN of this product belongs to, or empty."""
        field = pin_card_field(self.form)
        return field.name if field is not None else ""


__all__ = [
    "Asking",
    "Category",
    "FactLine",
    "Leg",
    "Product",
    "Unique",
    "no_claims",
    "no_plan",
    "no_problems",
    "no_profile",
    "the_customer_came",
    "unique_key",
]
