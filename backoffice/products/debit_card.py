"""Debit card issue (借记卡发卡): an account is opened and a card from stock bound to it.

The card is reserved INACTIVE at PREPARE and becomes real only after the customer has signed; when
the customer does not want it after all, the account is closed and the card is spoiled. A guardian
acts for a minor, a proxy (代理办理) for whoever cannot come; both show their own ID and papers.
How many cards a person may have is the core's rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from backoffice.authorization.levels import MINOR, Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import IssueCard, Partner
from backoffice.product import Category, FactLine, Leg, Product, Unique, unique_key
from backoffice.questions.fields import (
    FACE_TO_FACE,
    ID_BACK,
    ID_CARD,
    ID_FRONT,
    JOB,
    PHONE_OFFLINE,
    PHONE_UNPROVEN,
    SECOND_PAPER,
    choice,
    needs_of,
    photo,
    title_of_option,
)
from backoffice.slips.slip import phone_line
from wire.checks import Context, normalise_name, years_between
from wire.form import Field, FieldKind, Form
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

PROXY: Final = "proxy"
"""Somebody else acts for a customer who could act alone."""

GUARDIANS: Final = frozenset({"parent", "guardian"})
"""Who may act for a minor."""


class DebitCardTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        alone_years: younger customers need their guardian.
        adult_years: how old a guardian or proxy is at least; a guardian of somebody younger acts
            by law, not as a proxy.
    """

    alone_years: int = 16
    adult_years: int = 18


AGENT_FIELDS: Final = (
    Field(
        name="agent",
        kind=FieldKind.ID_CARD,
        title_zh="监护人或代理人身份证",
        title_en="ID card of guardian or proxy",
        required=False,
        hint_zh="客户未满16周岁须由监护人办理；客户本人到场办理的不填。",
        hint_en="A guardian for customers under 16; nobody where the customer acts alone.",
    ),
    choice(
        "agent_relation",
        "与客户关系",
        "Relation to the customer",
        ("parent", "父母", "Parent"),
        ("guardian", "其他监护人", "Other guardian"),
        ("spouse", "配偶", "Spouse"),
        ("child", "子女", "Child"),
        ("other", "其他代理人", "Other proxy"),
        required=False,
    ),
    msgspec.structs.replace(
        photo("agent_papers", "E6", "监护证明或授权委托书", "Proof of guardianship, or mandate"),
        required=False,
        depends=("agent",),
        hint_zh="监护人拍摄户口簿或出生证明，代理人拍摄授权委托书。",
        hint_en="A guardian's household register or birth certificate, a proxy's mandate.",
    ),
    msgspec.structs.replace(
        photo("agent_portrait", "E6", "代理人身份证人像面", "Their ID card, portrait side"),
        required=False,
        depends=("agent",),
    ),
)
"""The questions about whoever acts for the customer: all or none are answered."""

FORM: Final = Form(
    version=3,
    fields=(
        ID_CARD,
        ID_FRONT,
        ID_BACK,
        FACE_TO_FACE,
        SECOND_PAPER,
        PHONE_OFFLINE,
        Field(name="address", kind=FieldKind.TEXT, title_zh="联系地址", title_en="Contact address"),
        JOB,
        choice(
            "tax_residency",
            "税收居民身份",
            "Tax residency",
            ("china", "仅为中国税收居民", "China only"),
            ("abroad", "仅为非居民", "Abroad only"),
            ("both", "既是中国税收居民又是其他国家（地区）税收居民", "China and abroad"),
        ),
        choice(
            "account_class",
            "账户类别",
            "Account class",
            ("I", "Ⅰ类账户", "Class I"),
            ("II", "Ⅱ类账户", "Class II"),
            ("III", "Ⅲ类账户", "Class III"),
        ),
        *AGENT_FIELDS,
        Field(name="card", kind=FieldKind.BANK_CARD, title_zh="新卡", title_en="New card"),
        Field(name="new_pin", kind=FieldKind.NEW_PIN, title_zh="设置密码", title_en="New PIN"),
    ),
)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Old enough or accompanied; foreign tax residents declare at the counter."""
    found = [*_agent_problems(dossier)]
    if dossier.choice("tax_residency") != "china":
        message = "涉及境外税收居民声明，请到柜面办理。"
        found.append(Refusal(Code.SUITABILITY, message, "tax_residency"))
    return tuple(found)


def _agent_problems(dossier: Dossier) -> Iterator[Refusal]:
    """Whoever acts for the customer is somebody else, of age, and proves the right to."""
    terms = dossier.terms_as(DebitCardTerms)
    given = [field for field in AGENT_FIELDS if dossier.has(field.name)]
    young = dossier.age < terms.alone_years
    if not given:
        if young:
            message = f"客户未满{terms.alone_years}周岁，请读取监护人身份证，由监护人办理。"
            yield Refusal(Code.RANGE, message, ID_CARD.name)
        return
    missing = [field for field in AGENT_FIELDS if field not in given]
    if missing:
        for field in missing:
            yield Refusal(Code.EVIDENCE, f"由他人代办时，请补充“{field.title_zh}”。", field.name)
        return
    agent = dossier.other("agent")
    if agent.number == dossier.record.number:
        yield Refusal(Code.ID_MISMATCH, "代理人不能是客户本人。", "agent")
    elif years_between(agent.birth, Context(dossier.now_ms).today) < terms.adult_years:
        message = f"监护人或代理人应年满{terms.adult_years}周岁。"
        yield Refusal(Code.RANGE, message, "agent")
    if young and dossier.choice("agent_relation") not in GUARDIANS:
        message = f"客户未满{terms.alone_years}周岁，只能由父母或其他监护人办理。"
        yield Refusal(Code.SUITABILITY, message, "agent_relation")


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """A2; A3 for a proxy. A guardian and the minor are one reason, not two."""
    base = Raise(Level.A2, "" if dossier.is_proven(PHONE_OFFLINE.name) else PHONE_UNPROVEN)
    if not dossier.has("agent"):
        return (base,)
    return (base, Raise(Level.A3, PROXY if is_by_proxy(dossier) else MINOR))


def is_by_proxy(dossier: Dossier) -> bool:
    """Somebody acts for a customer who could act alone; a guardian of a minor acts by law."""
    minor = dossier.age < dossier.terms_as(DebitCardTerms).adult_years
    return dossier.has("agent") and not (minor and dossier.choice("agent_relation") in GUARDIANS)


def claims(dossier: Dossier, union: str) -> tuple[Unique, ...]:
    """The card, for ever once prepared; and the one class-I account of a person."""
    pan = dossier.pan("card").digits
    card_key = unique_key("card", union, pan)
    owned = [Unique("card", card_key, "card", "该卡号已用于其他业务，请更换新卡。", spent=True)]
    if dossier.choice("account_class") == "I":
        key = unique_key("class-I", union, dossier.record.number)
        message = "该客户已有或正在办理Ⅰ类账户，请选择Ⅱ类或Ⅲ类账户。"
        owned.append(Unique("class-I", key, "account_class", message))
    return tuple(owned)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Open the account and bind the card."""
    operation = IssueCard(
        customer=dossier.customer,
        terminal=dossier.submission.device,
        pan=dossier.pan("card"),
        phone=dossier.phone("phone"),
        account_class=dossier.choice("account_class"),
        pin_verifier=dossier.verifier("new_pin"),
        by_proxy=is_by_proxy(dossier),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What the customer confirms: card, account, class, phone, address, and who acted for them."""
    account_class = title_of_option(FORM, "account_class", dossier.choice("account_class"))
    return (
        SlipLine("卡号", "Card", dossier.pan("card").masked),
        FactLine("账号", "Account", "account"),
        SlipLine("账户类别", "Account class", account_class),
        phone_line(dossier.phone("phone"), dossier.is_proven("phone")),
        SlipLine("联系地址", "Contact address", dossier.text("address")),
        *_agent_lines(dossier),
    )


def _agent_lines(dossier: Dossier) -> Iterator[SlipLine]:
    """Who acted for the customer, if anybody did."""
    if dossier.has("agent"):
        agent = dossier.other("agent")
        relation = title_of_option(FORM, "agent_relation", dossier.choice("agent_relation"))
        yield SlipLine("代理人", "Guardian or proxy", f"{normalise_name(agent.name)}（{relation}）")
        yield SlipLine("代理人证件号码", "Their ID number", IdNumber(agent.number).masked)


def profile(dossier: Dossier) -> dict[str, str]:
    """Where the customer can be found, what they do, and that they hold a card."""
    return {
        "address": dossier.text("address"),
        "job": dossier.choice("job"),
        "holds.debit_card": "1",
    }


PRODUCT: Final = Product(
    code="debit_card",
    title_zh="借记卡发卡",
    title_en="Debit card issue",
    form=FORM,
    needs=needs_of(FORM),
    problems=problems,
    level=level,
    claims=claims,
    category=Category.ACCOUNT,
    partners=frozenset({Partner.CORE}),
    plan=plan,
    slip_lines=slip_lines,
    profile=profile,
    terms=DebitCardTerms(),
    delivers="card",
    agent="agent",
    counter_s=25 * 60,
)
