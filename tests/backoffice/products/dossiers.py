"""A dossier for any product: a right submission in which a test changes what it is about.

The answers come from `tests.kit.submissions`, by kinds of field; what partners list unless a test
says otherwise is in `tests.backoffice.products.listings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from backoffice.dossier import NOTHING, Dossier, Terms, open_dossier
from backoffice.product import Product
from tests.backoffice.products.listings import item, listed_for
from tests.kit import submissions as make
from wire.form import FieldKind
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.lookups import Item
from wire.messages.session import StaffCard
from wire.value import ColleagueValue, Value

OPERATOR: Final = StaffCard("T001", "P1", "员工T001", "O1", "530102")
COLLEAGUE: Final = StaffCard("T002", "P2", "员工T002", "O1", "530102")


def dossier(
    product: Product,
    *,
    age: int = 35,
    values: Mapping[str, Value | None] = NOTHING,
    listed: Mapping[str, Item] = NOTHING,
    colleagues: Mapping[str, StaffCard] = NOTHING,
    terms: Terms | None = None,
    optional: bool = False,
) -> Dossier:
    """A checked submission, opened.

    Args:
        product: whose form is filled.
        age: of the customer, in years, on the day of the submission.
        values: answers that differ from right ones; None leaves a field out.
        listed: what the office lists under the chosen codes, by field, where it is not the usual.
        colleagues: who was there besides, by field, where it is not the usual `COLLEAGUE`.
        terms: the product's numbers, where they are not its own defaults.
        optional: optional fields are answered, too.
    """
    form, holder = product.form, make.person(0, age=age)
    right = make.values_for(form, holder=holder, optional=optional)
    there = {one.name: COLLEAGUE for one in form.fields if one.kind is FieldKind.COLLEAGUE}
    there = {name: one for name, one in there.items() if name in right} | dict(colleagues)
    present = {name: ColleagueValue(one.staff_id, one.name, "1") for name, one in there.items()}
    answers = {**right, **present, **values}
    given = {name: value for name, value in answers.items() if value is not None}
    usual = listed_for(product, given, IdNumber(holder.number))
    items = {name: one for name, one in usual.items() if name in given} | dict(listed)
    given |= {name: one.chosen() for name, one in items.items()}
    pins = (one.name for one in form.fields if one.kind in (FieldKind.PIN, FieldKind.NEW_PIN))
    return open_dossier(
        make.submission(product.code, form, values=given),
        verifiers=dict.fromkeys(pins, bytes(32)),
        operator=OPERATOR,
        now_ms=make.NOW_MS,
        terms=terms or product.terms,
        listed=items,
        colleagues={name: one for name, one in there.items() if name in given},
    )


def found(refusals: tuple[Refusal, ...]) -> list[tuple[Code, str]]:
    """What was refused, and where: all of a refusal but its words."""
    return [(refusal.code, refusal.field) for refusal in refusals]


def flags(product: Product, read: Dossier) -> list[tuple[str, str]]:
    """The product's own rules that were met: level and flag."""
    return [(rule.level.name, rule.flag) for rule in product.level(read)]


__all__ = ["COLLEAGUE", "OPERATOR", "dossier", "flags", "found", "item"]
