"""The teller's page with a form of every kind at four moments, by the terminal's own view."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from terminal.draft import Draft
from terminal.form_runner import problems
from terminal.page_model import CodeView, ListView, OpenCase
from terminal.view import open_case
from tests.kit import submissions as make
from tests.kit.every_kind import FORM, PRODUCT
from tests.kit.page_pictures import digest_of
from wire.case_state import State
from wire.checks import bindings
from wire.form import Field
from wire.masked import IdNumber, Phone
from wire.messages.case import SlipLine, Step
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.lookups import Item
from wire.value import (
    AmountValue,
    ChoiceValue,
    IdNumberValue,
    ListedValue,
    NumberValue,
    PhoneValue,
    PhotoValue,
    TableValue,
    TextValue,
    Value,
)

BILLS: Final = ListView(
    (
        Item(
            "p-2026-10",
            "2026年10月电费",
            "Electricity, October 2026",
            5_620,
            (SlipLine("户名", "Name", "王**"), SlipLine("户号", "Number", "530100****")),
        ),
        Item(
            "p-2026-11",
            "2026年11月电费（含违约金）",
            "Electricity, November 2026, with a late fee",
            48_105,
            (SlipLine("户名", "Name", "王**"), SlipLine("应缴日期", "Due", "2026-11-20")),
        ),
        Item("p-2026-12", "2026年12月预缴", "Paid ahead, December 2026"),
    ),
    chosen="p-2026-11",
)
MEMBERS: Final = TableValue(
    (
        {
            "name": TextValue("王小明"),
            "number": IdNumberValue(IdNumber(make.person("child", age=20).number)),
            "relation": ChoiceValue("child"),
            "income": AmountValue(2_400_000),
            "land": NumberValue(0),
        },
        {
            "name": TextValue("阿依·古丽"),
            "number": IdNumberValue(IdNumber("53010219800101001")),
            "relation": ChoiceValue("spouse"),
            "land": NumberValue(1_250),
        },
    )
)


def every_kind(now_ms: int) -> dict[str, OpenCase]:
    """The open case by moment, as of `now_ms`."""
    full = _values(now_ms)
    begun = {name: full[name] for name in ("id_card", "guarantor", "face_to_face")}
    halfway: dict[str, Value] = begun | {
        "phone": PhoneValue(Phone("13887401234")),
        "bill_no": full["bill_no"],
        "bill": ListedValue("p-2026-11", "2026年11月电费（含违约金）"),
        "term": NumberValue(480),
        "services": full["services"],
        "members": MEMBERS,
        "recording": full["recording"],
    }
    return {
        "kinds_identify": _case(now_ms, {"id_card": full["id_card"]}),
        "kinds_blank": _case(now_ms, begun),
        "kinds": _case(now_ms, halfway, asked=True),
        "kinds_submit": _case(now_ms, full, pins=("pin",)),
    }


def _values(now_ms: int) -> dict[str, Value]:
    values = make.values_for(FORM, "page", now_ms=now_ms, optional=True)
    photo = values["face_to_face"]
    assert isinstance(photo, PhotoValue)
    digest = bytes.fromhex(digest_of("face_to_face"))
    return values | {"face_to_face": replace(photo, digest=digest)}


def _case(
    now_ms: int, values: dict[str, Value], *, asked: bool = False, pins: tuple[str, ...] = ()
) -> OpenCase:
    draft = Draft(
        case_id=make.case_id("kinds"),
        product=PRODUCT,
        staff_id="T0317",
        values=values,
        pins=frozenset(pins),
        bound=bindings(FORM, values, pins),
        identity=IdentityChecked(IdentityResult.MATCH, "case#1", now_ms),
        trail=(Step(State.DRAFT, now_ms - 300_000), Step(State.IDENTIFIED, now_ms - 200_000)),
    )

    def listed(_field: Field) -> ListView | None:
        return BILLS if asked else None

    def code_sent(_field: Field) -> CodeView | None:
        return CodeView(now_ms + 280_000, now_ms + 40_000) if asked else None

    return open_case(draft, problems(draft, now_ms), listed=listed, code_sent=code_sent)


__all__ = ["every_kind"]
