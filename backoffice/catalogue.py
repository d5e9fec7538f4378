"""Finds the banking products and refuses those that contradict themselves, at start.

A new product is one new file in `backoffice.products`; nothing else knows its name.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

from backoffice.product import (
    Product,
)
from backoffice.questions.fields import (
    ID_CARD,
    needs_of,
)
from wire.checks import anchors
from wire.codec import encode
from wire.form import (
    CELL_KINDS,
    COLUMNS_MAX,
    FIELDS_MAX,
    OPTIONS_MAX,
    ROWS_MAX,
    TEXT_CHARS_MAX,
    Field,
    FieldKind,
    Form,
)
from wire.messages.session import PAGE_BYTES_MAX

DECIDING: Final = frozenset({FieldKind.CHOICE, FieldKind.LISTED})
"""Kinds of fields that others may hang on."""


class BadProduct(Exception):
    """A product's file contradicts itself; the office does not start."""


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
    if product.signed and (not fields or fields[0].name != ID_CARD.name):
        problems.append("whoever signs shows the ID card first")
    listed = {one.name for one in fields if one.kind is FieldKind.LISTED}
    if listed != set(product.listings):
        problems.append("listings and LISTED fields differ")
    if not product.title_zh or not product.title_en or product.form.version < 1:
        problems.append("titles or form version are missing")
    size = len(encode(product.card))
    if size > PAGE_BYTES_MAX:
        problems.append(f"the form takes {size} bytes, a page of products {PAGE_BYTES_MAX}")
    problems += [f"{one.name}: {problem}" for one in fields for problem in _field_problems(one)]
    if product.under(product.terms).form != product.form:
        problems.append("an amount is bound by other terms than the product's")
    problems += _relevance_problems(product.form)
    if product.target and (product.target not in listed or ID_CARD.name in names):
        problems.append("target names no list of people, or there is a card to read")
    lacking = needs_of(product.form, signed=product.signed) - product.needs
    if lacking:
        problems.append(f"needs lack {', '.join(sorted(lacking))}")
    if {FieldKind.PIN, FieldKind.NEW_PIN} & set(kinds) and not product.pin_card:
        problems.append("a PIN without a bank card that it belongs to")
    delivered = product.form.field(product.delivers) if product.delivers else None
    if product.delivers and (delivered is None or delivered.kind is not FieldKind.BANK_CARD):
        problems.append("delivers names no bank-card field")
    return problems


def _known_asked(needed: Field, one: Field) -> bool:
    """Whether what an answer depends on tells that this, too, is asked."""
    return needed.when in (None, one.when) or needed.when.field in one.depends


def _relevance_problems(form: Form) -> list[str]:
    """A field can hang only on a choice or list before it; an answer only on what is asked before,
    and with, it, or beside what tells whether it is asked.
    """
    before: dict[str, Field] = {}
    problems = []
    for one in form.fields:
        if one.when is not None:
            decides = before.get(one.when.field)
            if decides is None or decides.kind not in DECIDING:
                problems.append(f"{one.name}: it hangs on no choice that comes before it")
            elif not one.when.codes or (
                decides.kind is FieldKind.CHOICE
                and {*one.when.codes} - {option.code for option in decides.options}
            ):
                problems.append(f"{one.name}: it hangs on options that its choice has not")
        needed = [before[name] for name in one.depends if name in before]
        if len(needed) < len(one.depends) or not all(_known_asked(n, one) for n in needed):
            problems.append(f"{one.name}: it is given for what may not have been asked before it")
        if not {*anchors(form, one)} - {*one.depends} <= before.keys():
            problems.append(f"{one.name}: what its kind is given for comes after it")
        if any(column.when is not None for column in one.columns):
            problems.append(f"{one.name}: a column cannot hang on an answer")
        before[one.name] = one
    return problems


def _field_problems(one: Field) -> list[str]:
    problems = []
    if not one.title_zh or not one.title_en:
        problems.append("a title is missing")
    if (one.kind in (FieldKind.CHOICE, FieldKind.CHOICES)) != (len(one.options) >= 2):
        problems.append("a choice has at least two options, nothing else has any")
    if len(one.options) > OPTIONS_MAX:
        problems.append("too many options")
    if (one.kind is FieldKind.TABLE) != bool(one.columns and 0 < one.rows_max <= ROWS_MAX):
        problems.append("a table has columns and a bound of rows, nothing else has")
    if len(one.columns) > COLUMNS_MAX or not {c.kind for c in one.columns} <= CELL_KINDS:
        problems.append("a table's columns are too many, or of other kinds than cells")
    problems += [f"{c.name}: {problem}" for c in one.columns for problem in _field_problems(c)]
    if (one.kind is FieldKind.NUMBER) != (one.number_max > one.number_min):
        problems.append("a number has bounds, nothing else has")
    if (one.kind is FieldKind.RECORDING) != (one.seconds_min > 0):
        problems.append("a recording has a shortest duration, nothing else has")
    if len({option.code for option in one.options}) != len(one.options):
        problems.append("option codes repeat")
    if one.proof_optional and not (one.proven and one.kind is FieldKind.PHONE):
        problems.append("only a proven phone can have an optional proof")
    if (one.kind is FieldKind.AMOUNT) != (one.fen_max > 0):
        problems.append("an amount has a limit, nothing else has one")
    if (one.kind in (FieldKind.PHOTO, FieldKind.RECORDING)) != bool(one.evidence):
        problems.append("photos and recordings have an evidence code, nothing else has one")
    if not 1 <= one.chars_max <= TEXT_CHARS_MAX:
        problems.append("chars_max is out of range")
    return problems


__all__ = [
    "BadProduct",
    "problems_of",
    "products",
]
