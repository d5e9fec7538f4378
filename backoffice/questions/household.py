"""The questions about a farmer's household, asked when its file is opened and when it is changed.

How the answers become the partner's `Household` stands beside the questions, so that both
businesses write the same file, within the same bounds (`FileTerms`). Deliberately not here: what is
required, and what a change needs for proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec

from backoffice.dossier import Dossier, Terms, cell
from backoffice.partners.operations import Crop, Debt, Member, Stock
from backoffice.questions.fields import amount, choice
from backoffice.questions.scorecard import Scorecard
from wire.checks import Context, birth_date, years_between
from wire.form import Field, FieldKind
from wire.message import Code, Refusal
from wire.value import AmountValue, ChoiceValue, IdNumberValue, NumberValue, TextValue

HOLDER: Final = "self"
"""The relation of the customer, who heads the file's members."""

YES: Final = "yes"
NO: Final = "no"

WORTH_FEN_MAX: Final = 100_000_000_00
"""A larger debt or cost of a farmer's household is a slip of the finger, in fen."""


class FileTerms(Terms, frozen=True):
    """What a union may change about farmer files: opening, changing and rating them.

    Attributes:
        age_years_min: youngest holder of a file.
        labour_years_min: from this age on a member can count as labour.
        skilled_years_min: from this age on years in the business count.
        house_fen_max: a house that is worth more is looked at by the branch, not at the table.
        vehicles_fen_max: the same of vehicles and machines,
        savings_fen_max: of savings,
        income_fen_max: and of the yearly income.
        cost_percent_min: least yearly cost, in percent of the yearly income.
        income_jump_percent: a yearly income that rises by this much needs A2.
        file_days_max: an older file is supplemented before it is rated.
        card: the scorecard.
    """

    age_years_min: int = 18
    labour_years_min: int = 16
    skilled_years_min: int = 14
    house_fen_max: int = 3_000_000_00
    vehicles_fen_max: int = 1_000_000_00
    savings_fen_max: int = 2_000_000_00
    income_fen_max: int = 1_000_000_00
    cost_percent_min: Annotated[int, msgspec.Meta(ge=0, le=100)] = 10
    income_jump_percent: int = 50
    file_days_max: int = 365
    card: Scorecard = Scorecard()


TERMS: Final = FileTerms()

TERMS_OF: Final = "farmer_file"
"""The product in whose section of the configuration they stand, for all who share them."""

MEMBERS_MAX: Final = 15
ROWS_MAX: Final = 20

VILLAGE: Final = Field(
    name="village",
    kind=FieldKind.TEXT,
    title_zh="所在村组",
    title_en="Village",
    chars_max=40,
    hint_zh="填写到村民小组，例如：匹河乡老姆登村三组。",
    hint_en="Down to the villagers' group.",
)

LABOUR: Final = choice(
    "labour",
    "客户本人是否为劳动力",
    "Does the customer work?",
    (YES, "是", "Yes"),
    (NO, "否", "No"),
    hint=("在家务农或外出务工均算劳动力。", "On the farm or as a migrant worker."),
)

MEMBERS: Final = Field(
    name="members",
    kind=FieldKind.TABLE,
    title_zh="其他家庭成员",
    title_en="Other members of the household",
    required=False,
    rows_max=MEMBERS_MAX,
    columns=(
        Field(name="name", kind=FieldKind.TEXT, title_zh="姓名", title_en="Name", chars_max=15),
        Field(
            name="number",
            kind=FieldKind.ID_NUMBER,
            title_zh="身份证号码",
            title_en="ID number",
        ),
        choice(
            "relation",
            "与客户关系",
            "Relation",
            ("spouse", "配偶", "Spouse"),
            ("child", "子女", "Child"),
            ("parent", "父母", "Parent"),
            ("sibling", "兄弟姐妹", "Sibling"),
            ("other", "其他", "Other"),
        ),
        choice("labour", "劳动力", "Works", (YES, "是", "Yes"), (NO, "否", "No")),
    ),
    hint_zh="按户口簿填写，不含客户本人；独居可不填。",
    hint_en="As in the household register, without the customer; none for one who lives alone.",
)

CROPS: Final = Field(
    name="crops",
    kind=FieldKind.TABLE,
    title_zh="种植情况",
    title_en="Crops",
    required=False,
    rows_max=ROWS_MAX,
    columns=(
        choice(
            "crop",
            "作物",
            "Crop",
            ("rice", "水稻", "Rice"),
            ("maize", "玉米", "Maize"),
            ("tobacco", "烤烟", "Tobacco"),
            ("sugar", "甘蔗", "Sugar cane"),
            ("tea", "茶叶", "Tea"),
            ("coffee", "咖啡", "Coffee"),
            ("rubber", "橡胶", "Rubber"),
            ("vegetable", "蔬菜", "Vegetables"),
            ("fruit", "水果", "Fruit"),
            ("nut", "核桃等坚果", "Walnuts and other nuts"),
            ("flower", "花卉", "Flowers"),
            ("herb", "中药材", "Medicinal herbs"),
            ("wood", "林木", "Timber"),
            ("other", "其他", "Other"),
        ),
        Field(
            name="mu",
            kind=FieldKind.NUMBER,
            title_zh="面积",
            title_en="Land",
            number_min=1,
            number_max=1_000_000,
            decimals=2,
            unit_zh="亩",
            unit_en="mu",
        ),
    ),
    hint_zh="面积以土地、林地权属证书为准，保留两位小数。",
    hint_en="Land as in the land or forest certificate, two decimals.",
)

LIVESTOCK: Final = Field(
    name="livestock",
    kind=FieldKind.TABLE,
    title_zh="养殖情况",
    title_en="Livestock",
    required=False,
    rows_max=ROWS_MAX,
    columns=(
        choice(
            "animal",
            "种类",
            "Animal",
            ("pig", "猪", "Pigs"),
            ("cattle", "牛", "Cattle"),
            ("goat", "羊", "Goats and sheep"),
            ("horse", "马、骡、驴", "Horses, mules, donkeys"),
            ("poultry", "家禽", "Poultry"),
            ("bees", "蜂（箱）", "Bees (hives)"),
            ("other", "其他", "Other"),
        ),
        Field(
            name="heads",
            kind=FieldKind.NUMBER,
            title_zh="存栏",
            title_en="Heads",
            number_min=1,
            number_max=100_000,
            unit_zh="头（只）",
            unit_en="heads",
        ),
    ),
)

DEBTS: Final = Field(
    name="debts",
    kind=FieldKind.TABLE,
    title_zh="负债情况",
    title_en="Debts",
    required=False,
    rows_max=ROWS_MAX,
    columns=(
        Field(
            name="creditor",
            kind=FieldKind.TEXT,
            title_zh="债权人",
            title_en="Creditor",
            chars_max=40,
        ),
        amount("owed", "欠款余额", "Owed", WORTH_FEN_MAX),
    ),
    hint_zh="含他行贷款和民间借款；没有负债可不填。",
    hint_en="Loans of other banks and of private people, too; none if there are none.",
)

_NONE: Final = ("没有可不填。", "None if there is none.")

HOUSE: Final = amount(
    "house",
    "房屋估值",
    "House",
    TERMS.house_fen_max,
    required=False,
    hint=("按当地同类房屋成交价估算，没有可不填。", "As similar houses sell; none if none."),
)
VEHICLES: Final = amount(
    "vehicles", "车辆及农机估值", "Vehicles", TERMS.vehicles_fen_max, required=False, hint=_NONE
)
SAVINGS: Final = amount(
    "savings", "存款", "Savings", TERMS.savings_fen_max, required=False, hint=_NONE
)
INCOME: Final = amount(
    "income",
    "家庭年收入",
    "Yearly income",
    TERMS.income_fen_max,
    hint=(
        "全家上一年的种植、养殖、务工、经营和补贴收入合计。",
        "Of all members last year, from every source.",
    ),
)
COST: Final = amount(
    "cost",
    "家庭年支出",
    "Yearly cost",
    WORTH_FEN_MAX,
    hint=("生产成本与生活支出合计。", "Of production and of living."),
)

AMOUNTS_MAX: Final[Mapping[str, Callable[[Any], int]]] = {
    HOUSE.name: lambda terms: terms.house_fen_max,
    VEHICLES.name: lambda terms: terms.vehicles_fen_max,
    SAVINGS.name: lambda terms: terms.savings_fen_max,
    INCOME.name: lambda terms: terms.income_fen_max,
}
"""`Product.amounts` of everybody who asks for these."""

INSURED: Final = choice(
    "insured",
    "是否参加农业保险",
    "Agricultural insurance",
    (YES, "已投保", "Insured"),
    (NO, "未投保", "Not insured"),
)

EXPERIENCE: Final = Field(
    name="experience",
    kind=FieldKind.NUMBER,
    title_zh="从业年限",
    title_en="Years in the business",
    number_min=0,
    number_max=60,
    unit_zh="年",
    unit_en="years",
    hint_zh="从事目前主要种植、养殖、经营或务工技能的年数。",
    hint_en="In the present main business or skill.",
)


def members_of(dossier: Dossier) -> tuple[Member, ...]:
    """The household, the customer first."""
    holder = dossier.customer
    others = (
        Member(
            name=cell(row, "name", TextValue).text.strip(),
            number=cell(row, "number", IdNumberValue).number,
            relation=cell(row, "relation", ChoiceValue).code,
            labour=cell(row, "labour", ChoiceValue).code == YES,
        )
        for row in dossier.rows(MEMBERS.name)
    )
    labour = dossier.choice(LABOUR.name) == YES
    return (Member(holder.name, holder.number, HOLDER, labour), *others)


def crops_of(dossier: Dossier) -> tuple[Crop, ...]:
    """Crops and their land."""
    return tuple(
        Crop(cell(row, "crop", ChoiceValue).code, cell(row, "mu", NumberValue).number)
        for row in dossier.rows(CROPS.name)
    )


def livestock_of(dossier: Dossier) -> tuple[Stock, ...]:
    """Animals and their heads."""
    return tuple(
        Stock(cell(row, "animal", ChoiceValue).code, cell(row, "heads", NumberValue).number)
        for row in dossier.rows(LIVESTOCK.name)
    )


def debts_of(dossier: Dossier) -> tuple[Debt, ...]:
    """What is owed to whom."""
    return tuple(
        Debt(cell(row, "creditor", TextValue).text.strip(), cell(row, "owed", AmountValue).fen)
        for row in dossier.rows(DEBTS.name)
    )


def member_problems(dossier: Dossier, labour_years_min: int) -> tuple[Refusal, ...]:
    """Nobody stands in the household twice, and no child counts as labour."""
    members, today = members_of(dossier), Context(dossier.now_ms).today
    found = []
    if len({member.number for member in members}) < len(members):
        message = "家庭成员身份证号码重复，客户本人不用填写。"
        found.append(Refusal(Code.DUPLICATE, message, MEMBERS.name))
    born = (birth_date(member.number.number) for member in members if member.labour)
    if any(day is not None and years_between(day, today) < labour_years_min for day in born):
        message = f"未满{labour_years_min}周岁的家庭成员不能计为劳动力。"
        found.append(Refusal(Code.RANGE, message, MEMBERS.name))
    return tuple(found)


def plausibility_problems(
    *, income_fen: int, cost_fen: int, experience_years: int, age: int, terms: FileTerms
) -> tuple[Refusal, ...]:
    """Nobody lives on next to nothing, and nobody was at work as a small child. Code: `RANGE`."""
    found, percent = [], terms.cost_percent_min
    if cost_fen * 100 < income_fen * percent:
        message = f"家庭年支出不到年收入的{percent}%，请核实后如实填写。"
        found.append(Refusal(Code.RANGE, message, COST.name))
    if experience_years > max(age - terms.skilled_years_min, 0):
        message = f"从业年限从年满{terms.skilled_years_min}周岁算起，与客户年龄不符，请核实。"
        found.append(Refusal(Code.RANGE, message, EXPERIENCE.name))
    return tuple(found)


__all__ = [
    "AMOUNTS_MAX",
    "COST",
    "CROPS",
    "DEBTS",
    "EXPERIENCE",
    "HOLDER",
    "HOUSE",
    "INCOME",
    "INSURED",
    "LABOUR",
    "LIVESTOCK",
    "MEMBERS",
    "NO",
    "SAVINGS",
    "TERMS",
    "TERMS_OF",
    "VEHICLES",
    "VILLAGE",
    "YES",
    "FileTerms",
    "crops_of",
    "debts_of",
    "livestock_of",
    "member_problems",
    "members_of",
    "plausibility_problems",
]
