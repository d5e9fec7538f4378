"""A draft whose product has another form meanwhile is led over to it: nobody begins again.

The office takes no submission of an older form. An answer stays where its question is the same in
all that gives the answer a meaning; what is asked in other words, of another kind or not at all any
more falls away, with whatever hung on it. The teller is told what is new and what is to be taken
again. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from terminal.draft import Draft
from terminal.draft_answers import titles, without_fallen
from wire.form import Field, Form
from wire.message import Code, Refusal
from wire.messages.session import ProductCard
from wire.value import ChoicesValue, ChoiceValue, TableValue, Value

_WHY: Final = "业务表单已更新"


def led_over(draft: Draft, product: ProductCard) -> Draft:
    """The draft on another form of its product."""
    assert draft.product is not None
    old, new = draft.product.form, product.form
    values = {
        name: _fitting(old.field(name), new.field(name), value)
        for name, value in draft.values.items()
    }
    unfit = {name for name, value in values.items() if value is None}
    unfit |= {name for name in draft.pins if not _same(old.field(name), new.field(name))}
    on_new = msgspec.structs.replace(
        draft,
        product=product,
        values={name: value for name, value in values.items() if value is not None},
        dropped=tuple(one for one in draft.dropped if old.field(one.field) == new.field(one.field)),
        following=draft.following & {one.name for one in new.fields if one.deferrable},
    )
    if on_new.id_card != draft.id_card:
        on_new = msgspec.structs.replace(on_new, identity=None, trail=draft.trail[:1])
    after = without_fallen(on_new, _WHY, frozenset(unfit))
    return msgspec.structs.replace(after, problem=_told(draft, after))


def _told(before: Draft, after: Draft) -> Refusal:
    """What the teller has to know: what is to be taken again, and what was not asked before."""
    assert after.product is not None
    fallen, lacking = _given(before) - _given(after), _lacking(after) - _lacking(before)
    asked = [field for field in after.product.form.fields if field.name in after.asked]
    again = titles(field for field in asked if field.name in fallen)
    fresh = titles(field for field in asked if field.name in lacking - fallen)
    words = [f"{_WHY}，仍适用的内容已保留，请核对后继续"]
    words += [f"须重新办理：{again}"] if again else []
    words += [f"须补充：{fresh}"] if fresh else []
    return Refusal(Code.STALE, "；".join(words) + "。")


def _given(draft: Draft) -> frozenset[str]:
    return draft.pins | draft.following | draft.values.keys()


def _lacking(draft: Draft) -> frozenset[str]:
    fields = draft.product.form.fields if draft.product is not None else ()
    required = {field.name for field in fields if field.required}
    return (draft.asked & required) - _given(draft)


def _fitting(old: Field | None, new: Field | None, value: Value) -> Value | None:
    """What of an answer to the one question answers the other; None for nothing of it."""
    if old is None or new is None or not _same(old, new):
        return None
    match value:
        case ChoiceValue(code=code):
            return value if _offered(old, [code]) == _offered(new, [code]) else None
        case ChoicesValue(codes=codes):
            return value if _offered(old, codes) == _offered(new, codes) else None
        case TableValue(rows=rows):
            before, now = Form(0, old.columns), Form(0, new.columns)
            kept = tuple(
                {
                    name: cell
                    for name, cell in row.items()
                    if _fitting(before.field(name), now.field(name), cell) is not None
                }
                for row in rows
            )
            return TableValue(kept) if any(kept) else None
        case _:
            return value


def _same(old: Field | None, new: Field | None) -> bool:
    """Whether an answer to one question means the same as an answer to the other."""
    return old is not None and new is not None and _question(old) == _question(new)


def _question(field: Field) -> tuple[object, ...]:
    return (field.kind, field.title_zh, field.unit_zh, field.decimals, field.evidence)


def _offered(field: Field, codes: Collection[str]) -> list[str]:
    return [option.title_zh for option in field.options if option.code in codes]


__all__ = ["led_over"]
