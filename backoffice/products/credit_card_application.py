"""Credit-card intake (信用卡进件): an application is taken on the spot for the card centre.

No money moves and nothing is promised: the card centre decides, and answers later. What counts here
is the three sights (三亲见): the operator saw the applicant, the originals, and the signature, and
confirms each explicitly. One open application per person is the card centre's rule; it declines.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import ApplyCreditCard, Contact, Partner
from backoffice.product import Category, FactLine, Leg, Product
from backoffice.questions.fields import (
    FACE_TO_FACE,
    ID_BACK,
    ID_CARD,
    ID_FRONT,
    PHONE,
    SECOND_PAPER,
    amount,
    choice,
    confirm,
    needs_of,
    title_of_option,
)
from backoffice.slips.slip import amount_line
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

LIMIT_FEN_MAX: Final = 1_000_000_00
"""No union offers a higher limit on a tablet, in fen."""


class CreditCardTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        age_years_min: youngest applicant.
        age_years_max: oldest applicant.
        limit_fen_max: the highest limit that can be asked for here, in fen.
    """

    age_years_min: int = 18
    age_years_max: int = 65
    limit_fen_max: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_FEN_MAX)] = 200_000_00


TERMS: Final = CreditCardTerms()

INCOME_FEN_MAX: Final = 100_000_000_00
"""A yearly income above this is a slip of the finger, in fen."""

SIGHTS: Final = (
    ("applicant", "本人亲见申请人", "I have seen the applicant in person"),
    ("original", "本人亲见申请人证件及证明材料原件", "I have seen the original documents"),
    ("signature", "本人亲见申请人亲笔签名", "I see the applicant sign with their own hand"),
)
"""What the operator confirms, one by one."""

CONTACTS: Final = (1, 2)
"""How many people can be called about the applicant, and what tells their fields apart."""


def _contact(number: int) -> tuple[Field, ...]:
    """The questions about one of them."""
    return (
        Field(
            name=f"contact{number}_name",
            kind=FieldKind.TEXT,
            title_zh=f"联系人{number}姓名",
            title_en=f"Contact {number}: name",
        ),
        choice(
            f"contact{number}_relation",
            f"联系人{number}与申请人关系",
            f"Contact {number}: relation",
            ("spouse", "配偶", "Spouse"),
            ("parent", "父母", "Parent"),
            ("child", "子女", "Child"),
            ("sibling", "兄弟姐妹", "Sibling"),
            ("colleague", "同事", "Colleague"),
            ("friend", "朋友", "Friend"),
        ),
        Field(
            name=f"contact{number}_phone",
            kind=FieldKind.PHONE,
            title_zh=f"联系人{number}手机号码",
            title_en=f"Contact {number}: mobile number",
            hint_zh="不能与申请人或其他联系人的号码相同。",
            hint_en="Neither the applicant's nor another contact's.",
        ),
    )


FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        ID_FRONT,
        ID_BACK,
        FACE_TO_FACE,
        SECOND_PAPER,
        msgspec.structs.replace(
            PHONE,
            hint_zh="请客户当场报出短信验证码；审批结果发送到该号码。",
            hint_en="The customer reads out the code; the decision is sent to this number.",
        ),
        amount(
            "income",
            "年收入",
            "Yearly income",
            INCOME_FEN_MAX,
            hint=("税后年收入，应与收入证明一致。", "After tax, as the proof of income says."),
        ),
        Field(
            name="income_proof",
            kind=FieldKind.PHOTO,
            title_zh="收入证明",
            title_en="Proof of income",
            evidence="E10",
            deferrable=True,
            hint_zh="工资流水、经营流水、土地承包或粮补凭证等均可。",
            hint_en="Pay slips, business turnover, land contract or subsidy papers.",
        ),
        Field(
            name="employer",
            kind=FieldKind.TEXT,
            title_zh="工作单位",
            title_en="Employer",
            hint_zh="个体经营填写店名，务农填写所在村组。",
            hint_en="The shop's name for the self-employed, the village for farmers.",
        ),
        choice(
            "housing",
            "住房情况",
            "Housing",
            ("owned", "自有住房（无贷款）", "Owned"),
            ("mortgaged", "自有住房（有贷款）", "Owned, with a loan"),
            ("family", "与亲属同住", "With relatives"),
            ("rented", "租房", "Rented"),
            ("dormitory", "单位宿舍", "Dormitory"),
        ),
        *(field for number in CONTACTS for field in _contact(number)),
        amount("limit", "期望额度", "Desired limit", TERMS.limit_fen_max),
        *(confirm(f"saw_{code}", title_zh, title_en) for code, title_zh, title_en in SIGHTS),
    ),
)


def contacts_of(dossier: Dossier) -> tuple[Contact, ...]:
    """Who can be called about the applicant."""
    return tuple(
        Contact(
            name=dossier.text(f"contact{number}_name"),
            relation=dossier.choice(f"contact{number}_relation"),
            phone=dossier.phone(f"contact{number}_phone"),
        )
        for number in CONTACTS
    )


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Of the right age; contacts who can each be reached."""
    terms, found = dossier.terms_as(CreditCardTerms), []
    if not terms.age_years_min <= dossier.age <= terms.age_years_max:
        message = f"信用卡申请人应年满{terms.age_years_min}周岁且不超过{terms.age_years_max}周岁。"
        found.append(Refusal(Code.RANGE, message, ID_CARD.name))
    known = {dossier.phone("phone")}
    for number, contact in zip(CONTACTS, contacts_of(dossier), strict=True):
        if contact.phone in known:
            message = "联系人手机号码不能与申请人或其他联系人相同。"
            found.append(Refusal(Code.DUPLICATE, message, f"contact{number}_phone"))
        known.add(contact.phone)
    return tuple(found)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Hand the application in."""
    operation = ApplyCreditCard(
        customer=dossier.customer,
        phone=dossier.phone("phone"),
        income_fen=dossier.fen("income"),
        employer=dossier.text("employer"),
        housing=dossier.choice("housing"),
        contacts=contacts_of(dossier),
        limit_fen=dossier.fen("limit"),
        sights=tuple(code for code, _, _ in SIGHTS if dossier.has(f"saw_{code}")),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What the applicant confirms: what was declared, and that the answer comes later."""
    contacts = "、".join(f"{one.name} {one.phone.masked}" for one in contacts_of(dossier))
    return (
        FactLine("申请编号", "Application", "application"),
        SlipLine("手机号码", "Mobile number", dossier.phone("phone").masked),
        amount_line("年收入", "Yearly income", dossier.fen("income")),
        SlipLine("工作单位", "Employer", dossier.text("employer")),
        SlipLine(
            "住房情况", "Housing", title_of_option(FORM, "housing", dossier.choice("housing"))
        ),
        SlipLine("联系人", "Contacts", contacts),
        amount_line("期望额度", "Desired limit", dossier.fen("limit")),
        SlipLine("审批", "Decision", "由信用卡中心审批，结果另行通知"),
    )


def profile(dossier: Dossier) -> dict[str, str]:
    """The declared income, and what the customer wants."""
    return {
        "income_fen": str(dossier.fen("income")),
        "interest.credit_card": "1",
    }


PRODUCT: Final = Product(
    code="credit_card_application",
    title_zh="信用卡进件",
    title_en="Credit card application",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.CREDIT,
    partners=frozenset({Partner.CARD}),
    problems=problems,
    level=lambda dossier: (Raise(Level.A2),),
    plan=plan,
    slip_lines=slip_lines,
    profile=profile,
    terms=TERMS,
    amounts={"limit": lambda terms: terms.limit_fen_max},
    counter_s=35 * 60,
)
