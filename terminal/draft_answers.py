"""One answer of a draft more or less, and what falls away with what was there before.

No answer outlives what it was given for (`wire.checks.binding`), and none a question that is not
asked any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from terminal.draft import Draft
from wire.checks import again as redo
from wire.checks import binding, loosened
from wire.form import Field
from wire.message import Code, Refusal
from wire.value import BankCardValue, IdCardValue, Value


def with_answer(state: Draft, name: str, value: Value | None) -> Draft:
    """One more answer, or one less, and what falls away with what was there before."""
    values = {field: one for field, one in state.values.items() if field != name}
    if value is not None:
        values = {**state.values, name: value}
    answered = msgspec.structs.replace(
        state,
        values=values,
        marks=_unmended(state, name, value),
        following=state.following - {name},
        problem=None,
    )
    return without_fallen(bound_now(answered, name), _changed(state, name))


def bound_now(state: Draft, name: str) -> Draft:
    """What the answer to this field, given now, was given for."""
    field = state.product.form.field(name) if state.product is not None else None
    if state.product is None or field is None:
        return state
    bound = {one: digest for one, digest in state.bound.items() if one != name}
    digest = binding(state.product.form, field, state.values)
    if digest and (name in state.values or name in state.pins):
        bound[name] = digest
    return msgspec.structs.replace(state, bound=bound)


def without_fallen(state: Draft, why: str, unfit: frozenset[str] = frozenset()) -> Draft:
    """The draft without what was given for something that is another thing now, and without what
    is answered, promised or marked where nothing is asked any more; the teller is told what has to
    be taken again, and `why`. The `unfit` answers fall first.
    """
    if state.product is None:
        return state
    form, held = state.product.form, _without(state, unfit)
    gone = unfit.union(loosened(form, held.values, held.pins, held.bound))
    kept = _without(held, gone)
    asked, marks = kept.asked, kept.marks.items()
    again = [field for field in form.fields if field.name in gone and field.name in asked]
    told = {one.name: _taken_again(why, (one,)) for one in again if one.required}
    return msgspec.structs.replace(
        kept,
        following=kept.following & asked,
        marks={at: mark for at, mark in marks if at.partition(".")[0] in asked} | told,
        problem=_taken_again(why, again) if again else kept.problem,
    )


def _without(state: Draft, gone: frozenset[str]) -> Draft:
    return msgspec.structs.replace(
        state,
        values={name: value for name, value in state.values.items() if name not in gone},
        pins=state.pins - gone,
        bound={name: digest for name, digest in state.bound.items() if name not in gone},
    )


def _taken_again(why: str, fields: Sequence[Field]) -> Refusal:
    """What has to be taken again, and why; at its field where it is one."""
    if len(fields) == 1:
        (only,) = fields
        return Refusal(Code.STALE, f"{why}，请重新{redo(only)}“{only.title_zh}”。", only.name)
    return Refusal(Code.STALE, f"{why}，以下内容须重新办理：{titles(fields)}。")


def titles(fields: Iterable[Field]) -> str:
    """Fields as a teller reads them."""
    return "、".join(f"“{one.title_zh}”" for one in fields)


def _changed(state: Draft, name: str) -> str:
    cause = state.product.form.field(name) if state.product is not None else None
    return f"“{cause.title_zh if cause is not None else name}”已变更"


def _unmended(state: Draft, name: str, value: Value | None) -> dict[str, Refusal]:
    """What is still to be mended after one more answer: typing the same again mends nothing,
    while a card that is read again may well be the right one.
    """
    if value == state.values.get(name) and not isinstance(value, IdCardValue | BankCardValue):
        return state.marks
    return {field: mark for field, mark in state.marks.items() if field != name}


__all__ = ["bound_now", "titles", "with_answer", "without_fallen"]
