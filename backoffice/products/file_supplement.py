"""Supplement of a farmer file (档案补录): single fields of a file are changed, the rest stays.

Each supplement renews the yearly income and whatever else has changed. Only what differs from the
file goes to the credit side, with the version that it was compared to: changes of others merge, and
where two changed the same field the partner declines, so that a person chooses. An asset that
changed is photographed on the spot. A table that is answered replaces the file's.

What a file says decides what its holder is rated, so a change is weighed by what it may do to a
rating: one that may lift grade or limit takes what opening the file took, a second operator, the
papers of what changed, and an authorizer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Partner, SupplementFile
from backoffice.partners.queries import FarmerFiles, PartnerQuery
from backoffice.product import Asking, Category, FactLine, Leg, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    COLLEAGUE,
    FACE_TO_FACE,
    ID_CARD,
    choices,
    needs_of,
    title_of_option,
)
from backoffice.questions.file_change import changes, fact_of, fen_after, lifts, net_fen
from backoffice.questions.household import (
    AMOUNTS_MAX,
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
    TERMS,
    TERMS_OF,
    VEHICLES,
    VILLAGE,
    YES,
    FileTerms,
    member_problems,
    plausibility_problems,
)
from wire.checks import number_text
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

INCOME_JUMP: Final = "income_jump"
"""The flag of an income that has risen so much that a person looks at it."""


RATING_LIFT: Final = "rating_lift"
"""The flag of a change that may lift the holder's grade or limit."""

CLEARABLE: Final = (HOUSE, VEHICLES, SAVINGS, CROPS, LIVESTOCK, DEBTS)
"""What a household can have and then have no more."""


def _optional(field: Field) -> Field:
    """The same question, asked only where something has changed."""
    if field.kind is not FieldKind.TABLE:
        return msgspec.structs.replace(field, required=False)
    words = ("有变化时整表重新填写。", "Where it changed: all of it again.")
    return msgspec.structs.replace(field, required=False, hint_zh=words[0], hint_en=words[1])


def _evidence(
    asset: Field, zh: str = "变更后现场", en: str = "as it is now", code: str = "E7"
) -> Field:
    return Field(
        name=f"scene_{asset.name}",
        kind=FieldKind.PHOTO,
        title_zh=f"{asset.title_zh}（{zh}）",
        title_en=f"{asset.title_en}, {en}",
        required=False,
        evidence=code,
    )


ASSETS: Final = {
    one.name: _evidence(one, *words)
    for one, words in (
        (HOUSE, ()),
        (VEHICLES, ()),
        (CROPS, ()),
        (LIVESTOCK, ()),
        (SAVINGS, ("存单、存折或余额", "the passbook or certificate")),
    )
}
"""What can be seen, and the photo of it that a change takes."""

PAPERS: Final = {
    INCOME.name: _evidence(INCOME, "收支凭证", "slips and accounts", "E10"),
    DEBTS.name: _evidence(DEBTS, "结清证明或借据", "receipts or notes", "E10"),
    MEMBERS.name: _evidence(MEMBERS, "户口簿", "household register", "E8"),
}
"""What cannot be seen, and the photo of its papers that a change takes where it lifts a rating."""

PROVEN_BY: Final = {COST.name: INCOME.name}
"""What the papers of something else prove."""


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
        PAPERS[INCOME.name],
        _optional(VILLAGE),
        _optional(MEMBERS),
        _optional(LABOUR),
        PAPERS[MEMBERS.name],
        _optional(CROPS),
        ASSETS[CROPS.name],
        _optional(LIVESTOCK),
        ASSETS[LIVESTOCK.name],
        HOUSE,
        ASSETS[HOUSE.name],
        VEHICLES,
        ASSETS[VEHICLES.name],
        SAVINGS,
        ASSETS[SAVINGS.name],
        _optional(DEBTS),
        PAPERS[DEBTS.name],
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
        msgspec.structs.replace(
            COLLEAGUE,
            required=False,
            hint_zh="变更可能提高评级或额度时，须由第二名工作人员在现场输入本人口令。",
            hint_en="A change that may lift grade or limit takes a second operator on the spot.",
        ),
    ),
)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Something changes, nothing contradicts itself, all of it can be, and is proven."""
    if dossier.has(MEMBERS.name) and not dossier.has(LABOUR.name):
        message = "重新填写家庭成员时，请选择客户本人是否为劳动力。"
        return (Refusal(Code.FORMAT, message, LABOUR.name),)
    found, cleared, terms = [], dossier.choices("cleared"), dossier.terms_as(FileTerms)
    new = changes(dossier)
    if not new:
        found.append(Refusal(Code.FORMAT, "填写内容与档案一致，没有需要补录的变更。", INCOME.name))
    found += [
        Refusal(Code.FORMAT, "已勾选不再拥有的项目，不能同时填写内容。", name)
        for name in cleared
        if dossier.has(name)
    ]
    if {"income_fen", "cost_fen", "experience_years"} & new.keys():
        found += plausibility_problems(
            income_fen=fen_after(dossier, new, "income_fen"),
            cost_fen=fen_after(dossier, new, "cost_fen"),
            experience_years=new.get("experience_years", 0),
            age=dossier.age,
            terms=terms,
        )
    if dossier.has(MEMBERS.name):
        found += member_problems(dossier, terms.labour_years_min)
    return (*found, *_unproven(dossier, new))


def _unproven(dossier: Dossier, new: Mapping[str, Any]) -> Iterator[Refusal]:
    """What a change takes besides, and is not there."""
    changed = {name.removesuffix("_fen") for name in new}
    seen = (changed - set(dossier.choices("cleared"))) & ASSETS.keys()
    for photo in (ASSETS[name] for name in ASSETS if name in seen):
        if not dossier.has(photo.name):
            message = "该项资产有变更，请拍摄变更后的照片。"
            yield Refusal(Code.EVIDENCE, message, photo.name)
    if not lifts(dossier):
        return
    shown = {PROVEN_BY.get(name, name) for name in changed} & PAPERS.keys()
    for photo in (PAPERS[name] for name in PAPERS if name in shown):
        if not dossier.has(photo.name):
            message = "该项变更可能提高客户的评级或额度，请拍摄证明材料。"
            yield Refusal(Code.EVIDENCE, message, photo.name)
    if not dossier.has(COLLEAGUE.name):
        message = "本次补录可能提高客户的评级或额度，须由第二名工作人员现场确认。"
        yield Refusal(Code.EVIDENCE, message, COLLEAGUE.name)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """By rules alone, unless a rating may be lifted or the income has jumped."""
    percent = 100 + dossier.terms_as(FileTerms).income_jump_percent
    earlier = int(dossier.fact("file", "income_fen"))
    met = [Raise(Level.A1)]
    if lifts(dossier):
        met.append(Raise(Level.A2, RATING_LIFT))
    if dossier.fen(INCOME.name) * 100 >= earlier * percent:
        met.append(Raise(Level.A2, INCOME_JUMP))
    return tuple(met)


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


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What the customer confirms: the file, and each change from what to what."""
    return (
        SlipLine("档案编号", "File", dossier.fact("file", "file_no")),
        FactLine("补录后版本", "Version afterwards", "version"),
        *(_change_line(dossier, name, value) for name, value in changes(dossier).items()),
    )


def _change_line(dossier: Dossier, name: str, value: Any) -> SlipLine:
    field = FORM.field(name.removesuffix("_fen").removesuffix("_years"))
    assert field is not None, "what changes was asked"
    if isinstance(value, tuple):
        words = f"整表更新，共{len(value)}项"
    else:
        old = dossier.item("file").facts.get(name, "")
        words = f"{_words(name, old)} → {_words(name, fact_of(value))}"
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
        "net_fen": str(net_fen(dossier, new)),
    }
    if "village" in new:
        learned["village"] = new["village"]
    return learned


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
    partners=frozenset({Partner.CREDIT}),
    problems=problems,
    level=level,
    plan=plan,
    listings={"file": files},
    slip_lines=slip_lines,
    profile=profile,
    terms=TERMS,
    terms_of=TERMS_OF,
    amounts=AMOUNTS_MAX,
    counter_s=30 * 60,
)
