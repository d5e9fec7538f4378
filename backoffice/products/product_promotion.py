"""Product promotion (产品宣传): what a customer was shown of a campaign, and what they said to it.

Pure information. The card is asked for, so that the list can leave out whoever does not want to
hear of campaigns; saying so here is obeyed from then on.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Partner
from backoffice.partners.queries import Campaigns, PartnerQuery
from backoffice.product import Asking, Category, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    ID_CARD,
    TOPICS,
    choice,
    needs_of,
    title_of_option,
)
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

INTERESTED: Final = "interested"
DO_NOT_CONTACT: Final = "do_not_contact"
"""An answer, and the fact of the customer's record that it becomes."""

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        Field(
            name="campaign",
            kind=FieldKind.LISTED,
            title_zh="宣传活动",
            title_en="Campaign",
            depends=(ID_CARD.name,),
            hint_zh="客户已要求不再联系的，系统不列出任何活动，请勿继续宣传。",
            hint_en="Nothing is listed for whoever does not want to be contacted.",
        ),
        choice(
            "response",
            "客户反馈",
            "Response",
            ("shown", "已展示，暂无表示", "Shown, nothing said"),
            (INTERESTED, "感兴趣", "Interested"),
            ("declined", "不感兴趣", "Not interested"),
            (DO_NOT_CONTACT, "要求今后不再联系", "Does not want to be contacted again"),
        ),
        TOPICS,
    ),
)


def campaigns(asking: Asking) -> PartnerQuery | Refusal:
    """What runs now and may be told to the person."""
    if asking.number is None:
        return CARD_FIRST
    if asking.known.get(DO_NOT_CONTACT) == "1":
        message = "该客户已要求今后不再联系，请勿再向其宣传任何产品。"
        return Refusal(Code.SUITABILITY, message, "campaign")
    return Campaigns(asking.number)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Nobody who declines is noted as interested."""
    declined = dossier.choice("response") in ("declined", DO_NOT_CONTACT)
    if declined and dossier.choices(TOPICS.name):
        message = "客户不感兴趣或要求不再联系，不能登记感兴趣的业务。"
        return (Refusal(Code.FORMAT, message, TOPICS.name),)
    return ()


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What was shown, and what came of it."""
    topics = (title_of_option(FORM, TOPICS.name, code) for code in dossier.choices(TOPICS.name))
    response = title_of_option(FORM, "response", dossier.choice("response"))
    return (
        SlipLine("宣传活动", "Campaign", dossier.item("campaign").title_zh),
        SlipLine("宣传材料版本", "Materials", dossier.fact("campaign", "materials")),
        SlipLine("客户反馈", "Response", response),
        SlipLine("感兴趣的业务", "Interested in", "、".join(topics) or "无"),
    )


def profile(dossier: Dossier) -> dict[str, str]:
    """What is of interest, and the wish to be left alone, which ends every earlier consent."""
    if dossier.choice("response") == DO_NOT_CONTACT:
        return {DO_NOT_CONTACT: "1", "consent.marketing": "0"}
    return {f"interest.{topic}": "1" for topic in dossier.choices(TOPICS.name)}


PRODUCT: Final = Product(
    code="product_promotion",
    title_zh="产品宣传",
    title_en="Product promotion",
    form=FORM,
    needs=needs_of(FORM, signed=False),
    category=Category.CUSTOMER,
    partners=frozenset({Partner.OCRM}),
    problems=problems,
    level=lambda dossier: (Raise(Level.A0),),
    listings={"campaign": campaigns},
    slip_lines=slip_lines,
    profile=profile,
    counter_s=10 * 60,
)
