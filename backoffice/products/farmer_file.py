"""Farmer file (农户建档): the household's people, land, animals, worth and debts, seen on the spot.

The file is what every later credit decision rests on, so two members of staff stand for it, the
place is recorded, and the net worth is computed, never typed. Whether the person has a file already
only the credit side knows: it declines, and the file is supplemented instead.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Household, OpenFile, Partner
from backoffice.product import Category, FactLine, Leg, Product, Unique, unique_key
from backoffice.questions.fields import (
    COLLEAGUE,
    FACE_TO_FACE,
    ID_BACK,
    ID_CARD,
    ID_FRONT,
    SECOND_DOCUMENT,
    needs_of,
    photo,
    title_of_option,
)
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
    SAVINGS,
    TERMS,
    TERMS_OF,
    VEHICLES,
    VILLAGE,
    YES,
    FileTerms,
    crops_of,
    debts_of,
    livestock_of,
    member_problems,
    members_of,
    plausibility_problems,
)
from backoffice.slips.slip import amount_line
from wire.checks import number_text
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        ID_FRONT,
        ID_BACK,
        FACE_TO_FACE,
        VILLAGE,
        LABOUR,
        MEMBERS,
        photo("household_register", SECOND_DOCUMENT, "户口簿", "Household register"),
        CROPS,
        Field(
            name="land_certificate",
            kind=FieldKind.PHOTO,
            title_zh="土地、林地权属证书",
            title_en="Land or forest certificate",
            evidence="E9",
            deferrable=True,
            hint_zh="土地承包经营权证或林权证；证书不在身边的，经授权可次日补扫。",
            hint_en="If it is not at hand, an authorizer may let it follow the next day.",
        ),
        LIVESTOCK,
        HOUSE,
        VEHICLES,
        SAVINGS,
        DEBTS,
        INCOME,
        COST,
        INSURED,
        EXPERIENCE,
        photo("scene_house", "E7", "住房现场", "The house"),
        photo("scene_land", "E7", "田地或林地现场", "The land"),
        Field(
            name="scene_business",
            kind=FieldKind.PHOTO,
            title_zh="生产经营现场",
            title_en="The business",
            evidence="E7",
            hint_zh="畜舍、大棚、店铺或农机；外出务工的拍摄家中生活场景。",
            hint_en="Stable, greenhouse, shop or machines; for migrant workers the home.",
        ),
        COLLEAGUE,
    ),
)


def household(dossier: Dossier) -> Household:
    """The household as it goes into the file; amounts that were left out are 0."""
    return Household(
        village=dossier.text(VILLAGE.name),
        members=members_of(dossier),
        crops=crops_of(dossier),
        livestock=livestock_of(dossier),
        debts=debts_of(dossier),
        house_fen=dossier.fen(HOUSE.name),
        vehicles_fen=dossier.fen(VEHICLES.name),
        savings_fen=dossier.fen(SAVINGS.name),
        income_fen=dossier.fen(INCOME.name),
        cost_fen=dossier.fen(COST.name),
        insured=dossier.choice(INSURED.name) == YES,
        experience_years=dossier.number(EXPERIENCE.name),
    )


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Of age, on the spot, and a household without doubles that can be as it is said to be."""
    terms = dossier.terms_as(FileTerms)
    found = [
        *member_problems(dossier, terms.labour_years_min),
        *plausibility_problems(
            income_fen=dossier.fen(INCOME.name),
            cost_fen=dossier.fen(COST.name),
            experience_years=dossier.number(EXPERIENCE.name),
            age=dossier.age,
            terms=terms,
        ),
    ]
    if dossier.age < terms.age_years_min:
        message = f"建档客户应年满{terms.age_years_min}周岁，请由家中成年人建档。"
        found.append(Refusal(Code.RANGE, message, ID_CARD.name))
    if dossier.submission.place is None:
        found.append(Refusal(Code.EVIDENCE, "农户建档须在现场定位，请到开阔处重新定位。", "place"))
    return tuple(found)


def claims(dossier: Dossier, union: str) -> tuple[Unique, ...]:
    """The person's one file."""
    key = unique_key("farmer-file", union, dossier.record.number)
    message = "该客户已建档或正在建档，请办理档案补录。"
    return (Unique("farmer-file", key, ID_CARD.name, message),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Open the file."""
    return (Leg(OpenFile(customer=dossier.customer, household=household(dossier))),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What the customer confirms: the household in figures, the net worth as computed."""
    home = household(dossier)
    labour = sum(member.labour for member in home.members)
    land = number_text(sum(crop.mu_e2 for crop in home.crops), 2)
    heads = sum(stock.heads for stock in home.livestock)
    return (
        FactLine("档案编号", "File", "file_no"),
        SlipLine("所在村组", "Village", home.village),
        SlipLine("家庭人口", "Members", f"{len(home.members)}人，其中劳动力{labour}人"),
        SlipLine("种植面积", "Land", f"{land}亩"),
        SlipLine("牲畜存栏", "Livestock", f"{heads}头（只）"),
        amount_line("家庭年收入", "Yearly income", home.income_fen),
        amount_line("家庭年支出", "Yearly cost", home.cost_fen),
        amount_line("资产合计", "Assets", home.assets_fen),
        amount_line("负债合计", "Debts", home.debts_fen),
        _net_line(home.net_fen),
        SlipLine(
            "农业保险",
            "Insurance",
            title_of_option(FORM, INSURED.name, dossier.choice(INSURED.name)),
        ),
        SlipLine("协办人", "Second operator", dossier.colleagues[COLLEAGUE.name].name),
    )


def _net_line(fen: int) -> SlipLine:
    """An amount in words has no sign: what is missing is called by its own name."""
    if fen < 0:
        return amount_line("家庭净负债", "Net debt", -fen)
    return amount_line("家庭净资产", "Net worth", fen)


def profile(dossier: Dossier) -> dict[str, str]:
    """Where the household lives, what it earns and what it is worth."""
    home = household(dossier)
    return {
        "village": home.village,
        "income_fen": str(home.income_fen),
        "net_fen": str(home.net_fen),
        "holds.farmer_file": "1",
    }


PRODUCT: Final = Product(
    code="farmer_file",
    title_zh="农户建档",
    title_en="Farmer file",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.CREDIT,
    partners=frozenset({Partner.CREDIT}),
    problems=problems,
    level=lambda dossier: (Raise(Level.A2),),
    claims=claims,
    plan=plan,
    slip_lines=slip_lines,
    profile=profile,
    terms=TERMS,
    terms_of=TERMS_OF,
    amounts=AMOUNTS_MAX,
    counter_s=60 * 60,
)
