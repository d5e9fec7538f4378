"""Wealth consultation (理财咨询): what is on sale for this customer, and what they thought of it.

Pure information: nothing is bought, promised or signed. Only products that the customer's risk
rating allows are listed, so that nobody is talked into more risk than they may carry; without a
rating the list is empty. Which lists were shown stands in the office's audit.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Partner
from backoffice.partners.queries import Funds, PartnerQuery
from backoffice.product import Asking, Category, Product
from backoffice.questions.fields import CARD_FIRST, ID_CARD, choice, needs_of, title_of_option
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

INTERESTED: Final = "interested"

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        Field(
            name="fund",
            kind=FieldKind.LISTED,
            title_zh="客户关注的产品",
            title_en="Product of interest",
            required=False,
            hint_zh="只列出与客户风险等级匹配的在售产品；没有产品时请先办理风险评估。",
            hint_en="Only what the customer's rating allows; none without a risk assessment.",
        ),
        choice(
            "outcome",
            "咨询结果",
            "Outcome",
            ("considering", "再考虑", "Thinks it over"),
            (INTERESTED, "有购买意向", "Wants to buy"),
            ("declined", "暂不需要", "Not now"),
            hint=("有购买意向时，请选择产品。", "Whoever wants to buy wants a certain product."),
        ),
        Field(
            name="note",
            kind=FieldKind.TEXT,
            title_zh="备注",
            title_en="Note",
            required=False,
            hint_zh="客户关心的期限、收益或其他问题。",
            hint_en="The term, the yield or whatever else the customer asked about.",
        ),
    ),
)


def funds(asking: Asking) -> PartnerQuery | Refusal:
    """What the rating of the person whose card was read allows."""
    return CARD_FIRST if asking.number is None else Funds(asking.number)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """An intention names its product."""
    if dossier.choice("outcome") == INTERESTED and not dossier.has("fund"):
        return (Refusal(Code.FORMAT, "客户有购买意向，请选择其关注的产品。", "fund"),)
    return ()


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the teller keeps in mind: the product, and how it ended."""
    lines = []
    if dossier.has("fund"):
        lines.append(SlipLine("关注产品", "Product", dossier.item("fund").title_zh))
        lines.append(SlipLine("产品风险等级", "Product risk", dossier.fact("fund", "risk")))
    outcome = title_of_option(FORM, "outcome", dossier.choice("outcome"))
    return (*lines, SlipLine("咨询结果", "Outcome", outcome))


def profile(dossier: Dossier) -> dict[str, str]:
    """Whether wealth products are of interest; thinking it over counts."""
    return {"interest.wealth": str(int(dossier.choice("outcome") != "declined"))}


PRODUCT: Final = Product(
    code="wealth_consult",
    title_zh="理财咨询",
    title_en="Wealth consultation",
    form=FORM,
    needs=needs_of(FORM, signed=False),
    category=Category.WEALTH,
    partners=frozenset({Partner.WEALTH}),
    problems=problems,
    level=lambda dossier: (Raise(Level.A0),),
    listings={"fund": funds},
    slip_lines=slip_lines,
    profile=profile,
    counter_s=10 * 60,
)
