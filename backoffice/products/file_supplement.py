"""Supplement of a farmer file (档案补录): single fields of a file are changed, the rest stays.

Each supplement renews the yearly income and whatever else has changed. Only what differs from the
file goes to the credit side, with the version that it was compared to: changes of others merge, and
where two changed the same field the partner declines, so that a person chooses. An asset that
changed is photographed on the spot. A table that is answered replaces the file's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import SupplementFile
from backoffice.partners.queries import FarmerFiles, PartnerQuery
from backoffice.product import Asking, Category, Leg, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    FACE_TO_FACE,
    ID_CARD,
    choices,
    needs_of,
    title_of_option,
)
from backoffice.questions.household import (
    COST,
    CROPS,
    DEBTS,
    EXPERIENCE,
    HOUSE,
    INCOME,
    INSURED,
    LABOUR,
    LIVESTOCK,
    MEMBERS,
    NO,
    SAVINGS,
    VEHICLES,
    VILLAGE,
    YES,
    crops_of,
    debts_of,
    livestock_of,
    member_problems,
    members_of,
)
from wire.checks import number_text
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

INCOME_JUMP: Final = "income_jump"
"""The flag of an income that has risen so much that a person looks at it."""


class FileSupplementTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        income_jump_percent: a yearly income that rises by this much needs A2.
        labour_years_min: from this age on a member can count as labour.
    """

    income_jump_percent: int = 50
    labour_years_min: int = 16


TERMS: Final = FileSupplementTerms()

ASSETS: Final = tuple(one.name for one in (HOUSE, VEHICLES, CROPS, LIVESTOCK))
"""What can be seen, and is photographed when it has changed."""

AMOUNTS: Final = (INCOME, COST, HOUSE, VEHICLES, SAVINGS)
"""Fields that the file holds as `<name>_fen`."""

CLEARABLE: Final = (HOUSE, VEHICLES, SAVINGS, CROPS, LIVESTOCK, DEBTS)
"""What a household can have and then have no more."""

TABLES: Final = {
    CROPS.name: crops_of,
    LIVESTOCK.name: livestock_of,
    DEBTS.name: debts_of,
    MEMBERS.name: members_of,
}
"""Fields that the file holds as lists, and how an answer is read."""


def _optional(field: Field) -> Field:
    """The same question, asked only where something has changed."""
    if field.kind is not FieldKind.TABLE:
        return msgspec.structs.replace(field, required=False)
    words = ("有变化时整表重新填写。", "Where it changed: all of it again.")
    return msgspec.structs.replace(field, required=False, hint_zh=words[0], hint_en=words[1])


def _scene(asset: Field) -> Field:
    return Field(
        name=f"scene_{asset.name}",
        kind=FieldKind.PHOTO,
        title_zh=f"{asset.title_zh}（变更后现场）",
        title_en=f"{asset.title_en}, as it is now",
        required=False,
        evidence="E7",
    )


FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        FACE_TO_FACE,
        Field(
            name="file",
            kind=FieldKind.LISTED,
            title_zh="农户档案",
            title_en="Farmer file",
            depends=(ID_CARD.name,),
            hint_zh="没有档案的客户，请先办理农户建档。",
            hint_en="Who has none opens one first.",
        ),
        INCOME,
        _optional(COST),
        _optional(VILLAGE),
        _optional(MEMBERS),
        _optional(LABOUR),
        _optional(CROPS),
        _scene(CROPS),
        _optional(LIVESTOCK),
        _scene(LIVESTOCK),
        HOUSE,
        _scene(HOUSE),
        VEHICLES,
        _scene(VEHICLES),
        SAVINGS,
        _optional(DEBTS),
        _optional(INSURED),
        _optional(EXPERIENCE),
        choices(
            "cleared",
            "已不再拥有的项目",
            "No longer there",
            *((one.name, one.title_zh, one.title_en) for one in CLEARABLE),
            required=False,
            hint=(
                "已出售、用完或还清的项目在此勾选，不再填写金额或表格。",
                "What was sold, used up or paid off is ticked here, and not filled in above.",
            ),
        ),
    ),
)


def answers(dossier: Dossier) -> dict[str, Any]:
    """What was answered, under the names of `Household`: scalars, or tuples of its parts."""
    cleared = dossier.choices("cleared")
    new: dict[str, Any] = {
        f"{one.name}_fen": 0 if one.name in cleared else dossier.fen(one.name)
        for one in AMOUNTS
        if one.name in cleared or dossier.has(one.name)
    }
    new |= {name: read(dossier) for name, read in TABLES.items() if dossier.has(name)}
    new |= {name: () for name in cleared if name in TABLES}
    if dossier.has(VILLAGE.name):
        new["village"] = dossier.text(VILLAGE.name)
    if dossier.has(INSURED.name):
        new["insured"] = dossier.choice(INSURED.name) == YES
    if dossier.has(EXPERIENCE.name):
        new["experience_years"] = dossier.number(EXPERIENCE.name)
    return new


def changes(dossier: Dossier) -> dict[str, Any]:
    """The answers that differ from the file; a table cannot be compared and counts as changed."""
    old = dossier.item("file").facts
    return {
        name: value
        for name, value in answers(dossier).items()
        if isinstance(value, tuple) or old.get(name) != _fact(value)
    }


def _fact(value: int | str) -> str:
    """A scalar as queries write it: flags are `0` or `1`."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Something changes, nothing contradicts itself, and what can be seen was photographed."""
    if dossier.has(MEMBERS.name) and not dossier.has(LABOUR.name):
        message = "重新填写家庭成员时，请选择客户本人是否为劳动力。"
        return (Refusal(Code.FORMAT, message, LABOUR.name),)
    found, cleared = [], dossier.choices("cleared")
    if not changes(dossier):
        found.append(Refusal(Code.FORMAT, "填写内容与档案一致，没有需要补录的变更。", INCOME.name))
    found += [
        Refusal(Code.FORMAT, "已勾选不再拥有的项目，不能同时填写内容。", name)
        for name in cleared
        if dossier.has(name)
    ]
    changed = {name.removesuffix("_fen") for name in changes(dossier)} - set(cleared)
    found += [
        Refusal(Code.EVIDENCE, "该项资产有变更，请拍摄变更后的现场照片。", f"scene_{asset}")
        for asset in ASSETS
        if asset in changed and not dossier.has(f"scene_{asset}")
    ]
    if dossier.has(MEMBERS.name):
        found += member_problems(dossier, dossier.terms_as(FileSupplementTerms).labour_years_min)
    return tuple(found)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """By rules alone, unless the income has jumped."""
    percent = 100 + dossier.terms_as(FileSupplementTerms).income_jump_percent
    before = int(dossier.fact("file", "income_fen"))
    jumped = dossier.fen(INCOME.name) * 100 >= before * percent
    return (Raise(Level.A2, INCOME_JUMP) if jumped else Raise(Level.A1),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Hand the changes in, with the version that they were compared to."""
    texts = {name: msgspec.json.encode(new).decode() for name, new in changes(dossier).items()}
    operation = SupplementFile(
        customer=dossier.customer,
        file_no=dossier.fact("file", "file_no"),
        base_version=int(dossier.fact("file", "version")),
        changes=texts,
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier, facts: Mapping[str, str]) -> tuple[SlipLine, ...]:
    """What the customer confirms: the file, and each change from what to what."""
    return (
        SlipLine("档案编号", "File", dossier.fact("file", "file_no")),
        SlipLine("补录后版本", "Version afterwards", facts.get("version", "")),
        *(_change_line(dossier, name, value) for name, value in changes(dossier).items()),
    )


def _change_line(dossier: Dossier, name: str, value: Any) -> SlipLine:
    field = FORM.field(name.removesuffix("_fen").removesuffix("_years"))
    assert field is not None, "what changes was asked"
    if isinstance(value, tuple):
        words = f"整表更新，共{len(value)}项"
    else:
        old = dossier.item("file").facts.get(name, "")
        words = f"{_words(name, old)} → {_words(name, _fact(value))}"
    return SlipLine(field.title_zh, field.title_en, words)


def _words(name: str, fact: str) -> str:
    """A scalar of the file for people."""
    if name.endswith("_fen") and fact:
        return f"{number_text(int(fact), 2)}元"
    if name == "insured" and fact:
        return title_of_option(FORM, INSURED.name, YES if fact == "1" else NO)
    return fact or "无"


def profile(dossier: Dossier) -> dict[str, str]:
    """The income as renewed, the worth computed anew, and the village if it changed."""
    new = changes(dossier)
    learned = {
        "income_fen": str(dossier.fen(INCOME.name)),
        "net_fen": str(_net_fen(dossier, new)),
    }
    if "village" in new:
        learned["village"] = new["village"]
    return learned


def _net_fen(dossier: Dossier, new: Mapping[str, Any]) -> int:
    """Assets less debts after the changes; what did not change is as the file says."""
    names = ("house_fen", "vehicles_fen", "savings_fen")
    assets = sum(int(new.get(name, dossier.fact("file", name))) for name in names)
    if DEBTS.name not in new:
        return assets - int(dossier.fact("file", "debts_fen"))
    return assets - sum(debt.fen for debt in debts_of(dossier))


def files(asking: Asking) -> PartnerQuery | Refusal:
    """The person's file."""
    return FarmerFiles(asking.number) if asking.number is not None else CARD_FIRST


PRODUCT: Final = Product(
    code="file_supplement",
    title_zh="档案补录",
    title_en="File supplement",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.CREDIT,
    problems=problems,
    level=level,
    plan=plan,
    listings={"file": files},
    slip_lines=slip_lines,
    profile=profile,
    terms=TERMS,
    counter_s=30 * 60,
)
