"""Post-loan check (贷后检查): whether the money does what it was lent for, seen on the spot.

What is due the credit side lists. A check without a finding passes by rules; whatever hints at a
loss is looked at by a person. Misuse and a borrower who cannot be found become risk events there.
Where the borrower is not met, whoever is (a relative, a neighbour, a village official) shows their
own ID card and signs what they said; the borrower is then named by number, and nothing is learned
of the one who was met.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Customer, Partner, ReportCheck
from backoffice.partners.queries import DueChecks, PartnerQuery
from backoffice.product import Asking, Category, FactLine, Leg, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    ID_CARD,
    amount,
    choice,
    choices,
    needs_of,
    photo,
    title_of_option,
)
from backoffice.slips.slip import amount_line
from wire.form import Field, FieldKind, Form, When
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.value import IdNumberValue

LOAN_WARNING: Final = "loan_warning"
"""The flag of a check that found something."""

PASS: Final = "pass"  # noqa: S105  # the first of the five tiers, no password

BORROWER: Final = "yes"
"""The choice that says that the borrower was met."""

FOUND: Final = ("reached", "as_stated", "collateral")
"""The choices that say what was seen."""

INCOME_FEN_MAX: Final = 100_000_000_00
"""A larger yearly income is a slip of the finger, in fen."""

FORM: Final = Form(
    version=2,
    fields=(
        ID_CARD,
        choice(
            "reached",
            "见面情况",
            "Who was met",
            (BORROWER, "见到借款人本人", "The borrower"),
            ("no", "未见到本人，由家属、邻居或村干部说明", "Not the borrower: somebody who knows"),
            hint=(
                "未见到借款人的，读取说明人本人的身份证。",
                "Where the borrower is not met, read the card of whoever is.",
            ),
        ),
        Field(
            name="borrower",
            kind=FieldKind.ID_NUMBER,
            title_zh="借款人身份证号码",
            title_en="The borrower's ID number",
            when=When("reached", ("no",)),
            hint_zh="按借款合同填写。",
            hint_en="As in the loan contract.",
        ),
        Field(
            name="check",
            kind=FieldKind.LISTED,
            title_zh="待检查贷款",
            title_en="Check",
            depends=(ID_CARD.name, "reached", "borrower"),
            hint_zh="首次检查在放款后15天内，此后每季度一次。",
            hint_en="The first within 15 days of the payment, then every quarter.",
        ),
        choice(
            "as_stated",
            "资金用途",
            "Use of the money",
            ("yes", "与合同约定一致", "As agreed"),
            ("no", "与合同约定不一致", "Not as agreed"),
        ),
        Field(
            name="operation",
            kind=FieldKind.TEXT,
            title_zh="生产经营情况",
            title_en="How the business goes",
            chars_max=300,
        ),
        amount(
            "income",
            "预计年收入",
            "Yearly income expected",
            INCOME_FEN_MAX,
            required=False,
            hint=("没有收入可不填。", "None if there is none."),
        ),
        choice(
            "collateral",
            "担保情况",
            "Collateral",
            ("none", "信用贷款，无担保", "Unsecured"),
            ("sound", "担保人（物）情况正常", "Sound"),
            ("weaker", "担保能力下降", "Weaker"),
            ("lost", "担保灭失或失效", "Lost"),
        ),
        choices(
            "warnings",
            "预警信号",
            "Warnings",
            ("harvest", "受灾减产", "Harvest lost"),
            ("disease", "牲畜疫病", "Animal disease"),
            ("price", "产品价格大跌", "Prices fell"),
            ("health", "本人或家人重病", "Illness in the family"),
            ("dispute", "诉讼或重大纠纷", "Lawsuit or dispute"),
            ("debts", "新增大额借款", "Large new debts"),
            ("moved", "长期外出或联系方式变更", "Moved or hard to reach"),
            required=False,
            hint=("没有预警信号可不选。", "None if there are none."),
        ),
        choice(
            "tier",
            "五级分类建议",
            "Suggested tier",
            (PASS, "正常", "Pass"),
            ("special", "关注", "Special mention"),
            ("substandard", "次级", "Substandard"),
            ("doubtful", "可疑", "Doubtful"),
            ("loss", "损失", "Loss"),
        ),
        photo("scene_business", "E7", "生产经营现场", "The business"),
        photo("scene_use", "E7", "资金用途现场", "What the money was used for"),
    ),
)


def is_met(dossier: Dossier) -> bool:
    """Whether the ID card is the borrower's."""
    return dossier.choice("reached") == BORROWER


def borrower(dossier: Dossier) -> Customer:
    """Whose loan it is: by their card, or by number alone."""
    if is_met(dossier):
        return dossier.customer
    return Customer(dossier.id_number("borrower"), "")


def is_warning(dossier: Dossier) -> bool:
    """Whether anything hints at a loss."""
    return (
        bool(dossier.choices("warnings"))
        or dossier.choice("as_stated") == "no"
        or not is_met(dossier)
        or dossier.choice("collateral") in ("weaker", "lost")
        or dossier.choice("tier") != PASS
    )


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Money that is not used as agreed is not simply fine; a borrower who shows the card is met."""
    if not is_met(dossier) and borrower(dossier).number == dossier.customer.number:
        message = "出示身份证的就是借款人本人，请选择“见到借款人本人”。"
        return (Refusal(Code.ID_MISMATCH, message, "reached"),)
    if dossier.choice("as_stated") == "no" and dossier.choice("tier") == PASS:
        message = "资金用途与合同不一致的贷款，五级分类不能建议为“正常”。"
        return (Refusal(Code.SUITABILITY, message, "tier"),)
    return ()


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """By rules alone, unless something was found."""
    return (Raise(Level.A2, LOAN_WARNING) if is_warning(dossier) else Raise(Level.A1),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Hand the check in."""
    operation = ReportCheck(
        customer=borrower(dossier),
        check=dossier.item("check").code,
        as_stated=dossier.choice("as_stated") == "yes",
        reached=is_met(dossier),
        operation=dossier.text("operation"),
        income_fen=dossier.fen("income"),
        collateral=dossier.choice("collateral"),
        tier=dossier.choice("tier"),
        warnings=dossier.choices("warnings"),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What whoever was met confirms: what was seen; the suggested tier is the bank's own."""
    absent = () if is_met(dossier) else (_absent_line(dossier),)
    warnings = (title_of_option(FORM, "warnings", code) for code in dossier.choices("warnings"))
    return (
        SlipLine("检查编号", "Check", dossier.item("check").code),
        *absent,
        *(
            SlipLine(field.title_zh, field.title_en, title_of_option(FORM, name, code))
            for name in FOUND
            if (field := FORM.field(name)) and (code := dossier.choice(name))
        ),
        SlipLine("生产经营情况", "How the business goes", dossier.text("operation")),
        _income_line(dossier),
        SlipLine("预警信号", "Warnings", "、".join(warnings) or "无"),
        FactLine("下次检查", "Next check", "next_check", optional=True),
    )


def _absent_line(dossier: Dossier) -> SlipLine:
    """The borrower, whose card was not read."""
    number = borrower(dossier).number.masked
    return SlipLine("借款人证件号码", "The borrower's ID number", number)


def _income_line(dossier: Dossier) -> SlipLine:
    """What was said; where nothing was, that nothing was."""
    titles = "预计年收入", "Yearly income expected"
    if not dossier.has("income"):
        return SlipLine(*titles, "未填写")
    return amount_line(*titles, dossier.fen("income"))


def profile(dossier: Dossier) -> dict[str, str]:
    """What was found, and what the household earns now, where it was told; never the tier."""
    learned = {f"check.{name}": dossier.choice(name) for name in FOUND}
    learned["check.at_ms"] = str(dossier.now_ms)
    learned["check.warnings"] = ",".join(dossier.choices("warnings")) or "none"
    return learned | ({"income_fen": str(dossier.fen("income"))} if dossier.has("income") else {})


def checks(asking: Asking) -> PartnerQuery | Refusal:
    """What is due or overdue for the borrower, whoever shows a card."""
    named = asking.values.get("borrower")
    if asking.number is None:
        return CARD_FIRST
    return DueChecks(named.number if isinstance(named, IdNumberValue) else asking.number)


PRODUCT: Final = Product(
    code="post_loan_check",
    title_zh="贷后检查",
    title_en="Post-loan check",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.CREDIT,
    partners=frozenset({Partner.CREDIT}),
    problems=problems,
    level=level,
    plan=plan,
    listings={"check": checks},
    slip_lines=slip_lines,
    profile=profile,
    learns=is_met,
    counter_s=45 * 60,
)
