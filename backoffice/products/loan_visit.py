"""Loan field visit (信贷外访): two officers see the applicant, the business and the papers on site.

The task comes from the credit side, and the report goes back to it and never changes. Whether the
visit took place where it should is a rule that all businesses share.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import Partner, ReportVisit
from backoffice.partners.queries import PartnerQuery, VisitTasks
from backoffice.product import Asking, Category, Leg, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    COLLEAGUE,
    FACE_TO_FACE,
    ID_CARD,
    amount,
    choice,
    needs_of,
    photo,
    title_of_option,
)
from backoffice.slips.slip import amount_line
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine


class LoanVisitTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        age_years_min: youngest borrower.
        age_and_term_years_max: the borrower's age and the term together, in years.
    """

    age_years_min: int = 18
    age_and_term_years_max: int = 65


TERMS: Final = LoanVisitTerms()

LOAN_FEN_MAX: Final = 10_000_000_00
"""A larger loan is no farmer's loan, in fen."""

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        Field(
            name="task",
            kind=FieldKind.LISTED,
            title_zh="外访任务",
            title_en="Visit",
            depends=(ID_CARD.name,),
            hint_zh="任务由信贷系统下达；没有任务的，请先在信贷系统受理申请。",
            hint_en="Planned by the credit side, once it has taken the application.",
        ),
        FACE_TO_FACE,
        choice(
            "purpose",
            "借款用途",
            "Purpose",
            ("planting", "种植", "Planting"),
            ("breeding", "养殖", "Breeding"),
            ("trade", "经营周转", "Trade"),
            ("machines", "购置农机、车辆", "Machines or vehicles"),
            ("house", "建房、修缮", "Building or repair"),
            ("consumption", "生活消费", "Consumption"),
        ),
        Field(
            name="use",
            kind=FieldKind.TEXT,
            title_zh="用途说明",
            title_en="What exactly it is for",
            chars_max=200,
            hint_zh="写明买什么、向谁买、何时用款。",
            hint_en="What is bought, from whom, and when.",
        ),
        amount("fen", "申请金额", "Amount asked for", LOAN_FEN_MAX),
        Field(
            name="term",
            kind=FieldKind.NUMBER,
            title_zh="申请期限",
            title_en="Term",
            number_min=1,
            number_max=360,
            unit_zh="个月",
            unit_en="months",
        ),
        Field(
            name="repayment_source",
            kind=FieldKind.TEXT,
            title_zh="还款来源",
            title_en="Repaid from",
            chars_max=200,
        ),
        choice(
            "willing",
            "还款意愿",
            "Will to repay",
            ("yes", "良好", "Good"),
            ("no", "较差或存疑", "Poor or doubtful"),
        ),
        Field(
            name="guarantor",
            kind=FieldKind.TEXT,
            title_zh="担保人",
            title_en="Guarantor",
            required=False,
            hint_zh="信用贷款可不填；有担保的，填写担保人姓名及其与借款人关系。",
            hint_en="None for an unsecured loan; otherwise the name and the relation.",
        ),
        Field(
            name="income_proof",
            kind=FieldKind.PHOTO,
            title_zh="收入证明",
            title_en="Proof of income",
            evidence="E10",
            deferrable=True,
            hint_zh="银行流水、收购凭证、粮补凭证等均可。",
            hint_en="Statements, purchase receipts or subsidy papers.",
        ),
        photo("scene_home", "E7", "家庭现场", "The home"),
        photo("scene_business", "E7", "生产经营现场", "The business"),
        photo("scene_purpose", "E7", "借款用途现场", "What the loan is for"),
        Field(
            name="opinion",
            kind=FieldKind.TEXT,
            title_zh="调查意见",
            title_en="Opinion",
            chars_max=500,
            hint_zh="两名信贷员的共同意见：是否属实、风险点和建议额度。",
            hint_en="Of both officers: whether it is true, the risks, the amount they suggest.",
        ),
        COLLEAGUE,
    ),
)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """A borrower of age, who has repaid before the age limit."""
    terms, found = dossier.terms_as(LoanVisitTerms), []
    if dossier.age < terms.age_years_min:
        message = f"借款人应年满{terms.age_years_min}周岁。"
        found.append(Refusal(Code.RANGE, message, ID_CARD.name))
    if dossier.age * 12 + dossier.number("term") > terms.age_and_term_years_max * 12:
        message = f"借款人年龄与贷款期限之和不能超过{terms.age_and_term_years_max}年，请缩短期限。"
        found.append(Refusal(Code.LIMIT, message, "term"))
    return tuple(found)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Hand the report in."""
    operation = ReportVisit(
        customer=dossier.customer,
        task=dossier.item("task").code,
        officers=(dossier.operator.staff_id, dossier.colleagues[COLLEAGUE.name].staff_id),
        purpose=_purpose(dossier),
        fen=dossier.fen("fen"),
        term_months=dossier.number("term"),
        repayment_source=dossier.text("repayment_source"),
        willing=dossier.choice("willing") == "yes",
        guarantor=dossier.text("guarantor"),
        opinion=dossier.text("opinion"),
    )
    return (Leg(operation),)


def _purpose(dossier: Dossier) -> str:
    return f"{title_of_option(FORM, 'purpose', dossier.choice('purpose'))}：{dossier.text('use')}"


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the applicant confirms: what was asked for; the officers' opinion is not theirs."""
    officers = f"{dossier.operator.name}、{dossier.colleagues[COLLEAGUE.name].name}"
    return (
        SlipLine("外访任务", "Visit", dossier.item("task").code),
        SlipLine("借款用途", "Purpose", _purpose(dossier)),
        amount_line("申请金额", "Amount asked for", dossier.fen("fen")),
        SlipLine("申请期限", "Term", f"{dossier.number('term')}个月"),
        SlipLine("还款来源", "Repaid from", dossier.text("repayment_source")),
        SlipLine("担保人", "Guarantor", dossier.text("guarantor") or "无"),
        SlipLine("调查人员", "Officers", officers),
        SlipLine("审批", "Decision", "由信贷系统审批，结果另行通知"),
    )


def profile(dossier: Dossier) -> dict[str, str]:
    """What was asked for; the officers' opinion stays with the credit system."""
    return {
        "interest.credit": "1",
        "visit.at_ms": str(dossier.now_ms),
        "visit.purpose": dossier.choice("purpose"),
        "visit.fen": str(dossier.fen("fen")),
        "visit.willing": dossier.choice("willing"),
    }


def tasks(asking: Asking) -> PartnerQuery | Refusal:
    """What is planned for the person."""
    return VisitTasks(asking.number) if asking.number is not None else CARD_FIRST


PRODUCT: Final = Product(
    code="loan_visit",
    title_zh="信贷外访",
    title_en="Loan field visit",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.CREDIT,
    partners=frozenset({Partner.CREDIT}),
    problems=problems,
    level=lambda dossier: (Raise(Level.A2),),
    plan=plan,
    listings={"task": tasks},
    slip_lines=slip_lines,
    profile=profile,
    terms=TERMS,
    counter_s=90 * 60,
)
