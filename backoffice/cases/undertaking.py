"""What the office undertakes with a case, settled as it is admitted: plan, slip, numbers, titles.

An authorizer and the customer say yes to exactly this; whatever becomes of the product afterwards,
this is what is carried out. So nothing of a product is asked again once a case is on file: a case
ends by what was approved, also when its product is changed, switched off or gone. The form, which
is large and the same for many cases, is kept by its digest (`backoffice.forms`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from backoffice.authorization.levels import Thresholds
from backoffice.dossier import Dossier
from backoffice.forms import form_digest
from backoffice.partners.operations import Customer, Partner
from backoffice.partners.port import Prepare
from backoffice.product import FactLine, Product
from wire.checks import Limits
from wire.codec import encode_json
from wire.masked import Pan
from wire.messages.case import SlipLine
from wire.value import PhoneValue


class LegAsked(msgspec.Struct, frozen=True):
    """One leg of the plan as its partner is asked.

    Attributes:
        request: exactly what is asked; repeated unchanged, under the same key.
        name: the leg's, or empty.
        title_zh: what slip and results call it; empty where they do not list it.
        title_en: the same in English.
        optional: its failure fails itself alone.
    """

    request: Prepare
    name: str = ""
    title_zh: str = ""
    title_en: str = ""
    optional: bool = False

    @property
    def key(self) -> str:
        """The key of the operation at its partner."""
        return self.request.key

    @property
    def partner(self) -> Partner:
        """Who is asked."""
        return self.request.operation.partner


class PlannedLine(msgspec.Struct, frozen=True):
    """One line of the slip to be.

    Attributes:
        value: what it says, masked.
        fact: the name of what a partner is to say there instead; empty for none.
        optional: left out where the partner says nothing.
    """

    title_zh: str
    title_en: str
    value: str = ""
    fact: str = ""
    optional: bool = False


class Numbers(msgspec.Struct, frozen=True):
    """The numbers that were in force.

    Attributes:
        limits: the bounds of the checks, of this case from its submission to its hand-over.
        thresholds: of its authorization.
        terms: the product's own, as JSON; to be read by people, nothing is computed from it again.
    """

    limits: Limits
    thresholds: Thresholds
    terms: str


class Undertaking(msgspec.Struct, frozen=True, kw_only=True):
    """What is carried out once everybody has said yes.

    Attributes:
        title_zh: of the product.
        title_en: the same in English.
        category: of the product.
        form: digest of the form that was filled.
        signed: the customer signs a slip; otherwise the case is stored.
        plan: what partners are asked, in order.
        lines: the elements of the slip that are about the business.
        customer: whose card was read; None where none is asked for.
        delivers: the card that is handed over in the end, or None.
        learned: what the customer's record learns once it is real; None where the ID card is not
            the customer's.
        target: what customer relations call the person, where nobody's card is read; or empty.
        numbers: the numbers that were in force.
    """

    title_zh: str
    title_en: str
    category: str
    form: bytes
    signed: bool
    plan: tuple[LegAsked, ...]
    lines: tuple[PlannedLine, ...]
    customer: Customer | None
    delivers: Pan | None
    learned: dict[str, str] | None
    target: str
    numbers: Numbers

    def __repr__(self) -> str:
        return f"Undertaking({self.title_en!r}, {len(self.plan)} legs)"

    def slip_lines(self, facts: Mapping[str, str]) -> tuple[SlipLine, ...]:
        """The lines with what the partners said, all legs together."""
        return filled(self.lines, facts)


def undertake(dossier: Dossier, product: Product, limits: Limits) -> Undertaking:
    """What a submission in which nothing is wrong amounts to."""
    known = dossier.chip is not None
    return Undertaking(
        title_zh=product.title_zh,
        title_en=product.title_en,
        category=product.category.value,
        form=form_digest(product.form),
        signed=product.signed,
        plan=_plan(dossier, product),
        lines=planned_lines(dossier, product),
        customer=dossier.customer if known else None,
        delivers=dossier.pan(product.delivers) if product.delivers else None,
        learned=_learned(dossier, product),
        target=dossier.fact(product.target, "target") if product.target else "",
        numbers=Numbers(limits, dossier.thresholds, encode_json(dossier.terms).decode()),
    )


def _plan(dossier: Dossier, product: Product) -> tuple[LegAsked, ...]:
    """The requests, under keys that are made here and never again."""
    case_id, union = dossier.submission.case_id, dossier.operator.union
    legs = []
    for leg in product.plan(dossier):
        key = f"{case_id}:{leg.name}" if leg.name else case_id
        request = Prepare(key, union, leg.operation)
        legs.append(LegAsked(request, leg.name, leg.title_zh, leg.title_en, leg.optional))
    assert bool(legs) == product.signed, "whoever plans asks something"
    assert len({leg.key for leg in legs}) == len(legs), "only the one leg of a plan is unnamed"
    return tuple(legs)


def planned_lines(dossier: Dossier, product: Product) -> tuple[PlannedLine, ...]:
    """What the product wants on the slip."""
    return tuple(_planned(line) for line in product.slip_lines(dossier))


def filled(lines: Iterable[PlannedLine], facts: Mapping[str, str]) -> tuple[SlipLine, ...]:
    """The lines as the customer reads them, with what the partners said, all legs together."""
    said = ((line, facts.get(line.fact, "") if line.fact else line.value) for line in lines)
    return tuple(
        SlipLine(line.title_zh, line.title_en, value)
        for line, value in said
        if value or not line.optional
    )


def _planned(line: SlipLine | FactLine) -> PlannedLine:
    if isinstance(line, FactLine):
        return PlannedLine(line.title_zh, line.title_en, fact=line.fact, optional=line.optional)
    return PlannedLine(line.title_zh, line.title_en, line.value)


def _learned(dossier: Dossier, product: Product) -> dict[str, str] | None:
    """What the product says, and the phone that the customer proved."""
    if not product.learns(dossier):
        return None
    phone = _own_phone(dossier, product) if dossier.chip is not None else {}
    return product.profile(dossier) | phone


def _own_phone(dossier: Dossier, product: Product) -> dict[str, str]:
    """The number whose holder read a code back, unless that may have been who acts for them.

    A proof that is there was compared with the office's own record as the case was taken in.
    """
    if dossier.has(product.agent):
        return {}
    asked = (field for field in product.form.fields if field.proven)
    values = (dossier.submission.values.get(field.name) for field in asked)
    phones = [one.phone.digits for one in values if isinstance(one, PhoneValue) and one.proof]
    return {"phone": phones[0]} if phones else {}


__all__ = [
    "LegAsked",
    "Numbers",
    "PlannedLine",
    "Undertaking",
    "filled",
    "planned_lines",
    "undertake",
]
