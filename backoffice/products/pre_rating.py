"""Pre-rating (预评级): a farmer file and the credit record, put through a versioned scorecard.

Points, grade and suggested limit follow from listed facts alone; nothing is typed. The result is
kept with the versions of file and card and never changes. A person may set another grade, with a
reason and two authorizers (A4), a better one only beside a second operator, and none for somebody
who is overdue now. The final rating, its
public notice and its validity are the credit side's.
"""

from __future__ import annotations

from typing import Final

import msgspec

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Partner, RateFile
from backoffice.partners.queries import CreditRecord, FarmerFiles, PartnerQuery
from backoffice.product import Asking, Category, Leg, Product
from backoffice.questions.fields import CARD_FIRST, COLLEAGUE, ID_CARD, choice, needs_of
from backoffice.questions.household import TERMS, TERMS_OF, FileTerms
from backoffice.questions.scorecard import (
    NO_GRADE,
    Rating,
    Standing,
    is_better,
    limit_of,
    rate,
    scores,
)
from backoffice.slips.slip import amount_line
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

OVERRIDE: Final = "override"
"""The flag of a grade that a person has set."""

DAY_MS: Final = 24 * 60 * 60 * 1000


FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        Field(
            name="file",
            kind=FieldKind.LISTED,
            title_zh="农户档案",
            title_en="Farmer file",
            depends=(ID_CARD.name,),
            hint_zh="评级只依据档案当前版本；档案超过一年的，请先补录。",
            hint_en="Rated from its current version; one older than a year is supplemented first.",
        ),
        Field(
            name="record",
            kind=FieldKind.LISTED,
            title_zh="信用记录",
            title_en="Credit record",
            depends=(ID_CARD.name,),
        ),
        choice(
            "override",
            "人工调整等级",
            "Grade set by a person",
            ("AAA", "AAA级", "AAA"),
            ("AA", "AA级", "AA"),
            ("A", "A级", "A"),
            (NO_GRADE, "不予评级", "No grade"),
            required=False,
            hint=(
                "一般不填；调整等级须说明理由，并经双人授权。",
                "Usually left out; needs a reason and two authorizers.",
            ),
        ),
        Field(
            name="reason",
            kind=FieldKind.TEXT,
            title_zh="调整理由",
            title_en="Reason",
            required=False,
            chars_max=200,
        ),
        msgspec.structs.replace(
            COLLEAGUE,
            required=False,
            hint_zh="调高等级或额度时，须由第二名工作人员在现场输入本人口令。",
            hint_en="Whoever sets a better grade has a second operator beside them.",
        ),
    ),
)

LINES: Final = {
    "credit": ("信用记录", "Credit record"),
    "capacity": ("还款能力", "Repayment capacity"),
    "worth": ("家庭净资产", "Net worth"),
    "experience": ("从业年限", "Experience"),
    "labour": ("劳动力占比", "Share of labour"),
    "age": ("年龄", "Age"),
    "reputation": ("村组评议", "The village's word"),
    "dealings": ("与本社往来", "Dealings with the bank"),
}
"""How the slip calls the lines of the card."""


def standing(dossier: Dossier) -> Standing:
    """The listed facts, and the age from the chip."""

    def file(name: str) -> int:
        return int(dossier.fact("file", name))

    def record(name: str) -> int:
        return int(dossier.fact("record", name))

    return Standing(
        overdue_now=record("overdue_now") == 1,
        overdues_minor=record("overdues_minor"),
        borrowed=record("borrowed") == 1,
        reputation=record("reputation"),
        dealings=record("dealings"),
        net_income_fen=file("income_fen") - file("cost_fen"),
        net_fen=file("net_fen"),
        members=file("members"),
        labour=file("labour"),
        experience_years=file("experience_years"),
        age=dossier.age,
    )


def rating(dossier: Dossier) -> Rating:
    """The result: the card's, but for a grade that a person has set."""
    card, one = dossier.terms_as(FileTerms).card, standing(dossier)
    result = rate(one, card)
    if not dossier.has("override"):
        return result
    grade = dossier.choice("override")
    return Rating(result.points, grade, limit_of(grade, one.net_income_fen, card))


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """A file that is not too old; a set grade has its reason, and never hides an overdue."""
    most, found = dossier.terms_as(FileTerms).file_days_max, []
    if dossier.now_ms - int(dossier.fact("file", "changed_ms")) > most * DAY_MS:
        message = f"农户档案已超过{most}天未更新，请先办理档案补录。"
        found.append(Refusal(Code.STALE, message, "file"))
    if dossier.has("override") and not dossier.text("reason"):
        found.append(Refusal(Code.FORMAT, "人工调整等级须填写调整理由。", "reason"))
    if dossier.has("reason") and not dossier.has("override"):
        found.append(Refusal(Code.FORMAT, "填写了调整理由，请选择调整后的等级。", "override"))
    if dossier.has("override") and standing(dossier).overdue_now:
        message = "客户当前有逾期，不能人工调整等级。"
        found.append(Refusal(Code.SUITABILITY, message, "override"))
    card = dossier.terms_as(FileTerms).card
    lifted = is_better(rating(dossier), rate(standing(dossier), card), card)
    if lifted and not dossier.has(COLLEAGUE.name):
        message = "人工调高等级或额度，须由第二名工作人员现场确认。"
        found.append(Refusal(Code.EVIDENCE, message, COLLEAGUE.name))
    return tuple(found)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """One authorizer; two for a grade that a person has set."""
    if dossier.has("override"):
        return (Raise(Level.A4, OVERRIDE),)
    return (Raise(Level.A2),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Keep the result."""
    result = rating(dossier)
    operation = RateFile(
        customer=dossier.customer,
        file_no=dossier.fact("file", "file_no"),
        file_version=int(dossier.fact("file", "version")),
        card=dossier.terms_as(FileTerms).card.version,
        points=result.points,
        grade=result.grade,
        limit_fen=result.limit_fen,
        override=dossier.text("reason"),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the customer confirms: the card line by line, grade and limit, no promise."""
    card, result = dossier.terms_as(FileTerms).card, rating(dossier)
    version = f"{dossier.fact('file', 'file_no')}（第{dossier.fact('file', 'version')}版）"
    return (
        SlipLine("农户档案", "Farmer file", version),
        SlipLine("评分卡版本", "Scorecard", str(card.version)),
        *(
            SlipLine(*LINES[name], f"{points}分")
            for name, points in scores(standing(dossier), card).items()
        ),
        SlipLine("总分", "Points", f"{result.points}分"),
        SlipLine("预评级", "Grade", "不予评级" if result.grade == NO_GRADE else result.grade),
        amount_line("建议额度", "Suggested limit", result.limit_fen),
        SlipLine("说明", "Note", "预评级不是授信承诺，以信贷系统最终评级和公示为准"),
    )


def files(asking: Asking) -> PartnerQuery | Refusal:
    """The person's file."""
    return FarmerFiles(asking.number) if asking.number is not None else CARD_FIRST


def records(asking: Asking) -> PartnerQuery | Refusal:
    """The person's credit record."""
    return CreditRecord(asking.number) if asking.number is not None else CARD_FIRST


PRODUCT: Final = Product(
    code="pre_rating",
    title_zh="预评级",
    title_en="Pre-rating",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.CREDIT,
    partners=frozenset({Partner.CREDIT}),
    problems=problems,
    level=level,
    plan=plan,
    listings={"file": files, "record": records},
    slip_lines=slip_lines,
    profile=lambda dossier: {"interest.credit": "1", "holds.pre_rating": "1"},
    terms=TERMS,
    terms_of=TERMS_OF,
    counter_s=40 * 60,
)
