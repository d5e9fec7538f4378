"""Loan query (贷款查询): what a customer owes, for a stated purpose, with the customer there.

Pure information, so nothing is signed and nobody authorizes; who asked about whom and why is kept
for the audit. Numbers are masked. How often a teller may ask a day is watched where lists are made.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Partner
from backoffice.partners.queries import Loans, PartnerQuery
from backoffice.product import Asking, Category, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    FACE_TO_FACE,
    ID_CARD,
    choice,
    needs_of,
    title_of_option,
)
from wire.form import Field, FieldKind, Form
from wire.message import Refusal
from wire.messages.case import SlipLine

SHOWN_CHARS: Final = 4
"""How many characters of a contract's number are shown, at its end."""

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        choice(
            "purpose",
            "查询用途",
            "Purpose",
            ("customer", "客户本人要求查询", "The customer asks"),
            ("repayment", "还款、展期办理", "Repayment or extension"),
            ("check", "贷后管理", "Post-loan management"),
            ("collection", "到期提醒或催收", "Reminder or collection"),
            hint=("查询全程留痕，不得用于其他用途。", "Every query is kept and audited."),
        ),
        FACE_TO_FACE,
        Field(
            name="loan",
            kind=FieldKind.LISTED,
            title_zh="贷款",
            title_en="Loan",
            depends=(ID_CARD.name, "purpose"),
        ),
    ),
)


def loans(asking: Asking) -> PartnerQuery | Refusal:
    """The person's loans."""
    return Loans(asking.number) if asking.number is not None else CARD_FIRST


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the customer is told: the loan as the partner shows it, under a masked number."""
    loan = dossier.item("loan")
    return (
        SlipLine("合同编号", "Contract", f"****{loan.code[-SHOWN_CHARS:]}"),
        *loan.lines,
        SlipLine(
            "查询用途", "Purpose", title_of_option(FORM, "purpose", dossier.choice("purpose"))
        ),
    )


PRODUCT: Final = Product(
    code="loan_query",
    title_zh="贷款查询",
    title_en="Loan query",
    form=FORM,
    needs=needs_of(FORM, signed=False),
    category=Category.CREDIT,
    partners=frozenset({Partner.CREDIT}),
    level=lambda dossier: (Raise(Level.A0),),
    listings={"loan": loans},
    slip_lines=slip_lines,
    counter_s=5 * 60,
)
