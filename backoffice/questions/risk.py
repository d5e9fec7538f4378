"""The questionnaire that says how much risk a customer carries: questions, points, and the rating.

It is data with a version: whoever changes a question or a point makes a new one. Some answers alone
make the lowest rating, whatever the rest says; some pairs of answers nobody gives who understood
both. Who is asked, and from how many points a rating begins, is the product's business
(`backoffice.products.risk_assessment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

VERSION: Final = 1
"""Of all that stands here."""


class Answer(NamedTuple):
    """One possible answer; `lowest` alone makes the lowest rating."""

    code: str
    title_zh: str
    title_en: str
    points: int
    lowest: bool = False


class Question(NamedTuple):
    """One question, and what may be answered."""

    name: str
    title_zh: str
    title_en: str
    answers: tuple[Answer, ...]


QUESTIONS: Final = (
    Question(
        "income",
        "您的家庭年收入是多少？",
        "Yearly income of your household",
        (
            Answer("none", "无固定收入", "No regular income", 0),
            Answer("low", "5万元以下", "Under 50,000", 2),
            Answer("middle", "5万至20万元", "50,000 to 200,000", 4),
            Answer("good", "20万至50万元", "200,000 to 500,000", 6),
            Answer("high", "50万元以上", "Over 500,000", 8),
        ),
    ),
    Question(
        "source",
        "您的主要收入来源是什么？",
        "Your main source of income",
        (
            Answer("support", "养老金或家人赡养", "Pension or family", 2),
            Answer("farming", "务农收入", "Farming", 4),
            Answer("wages", "工资、劳务报酬", "Wages", 6),
            Answer("business", "生产经营所得", "Business", 6),
            Answer("property", "利息、股息、租金等财产性收入", "Interest, dividends, rent", 8),
        ),
    ),
    Question(
        "share",
        "您可用于投资的资金占家庭年收入的比例是多少？",
        "Share of the yearly income that you can invest",
        (
            Answer("tenth", "10%以下", "Under 10 %", 2),
            Answer("quarter", "10%至25%", "10 to 25 %", 4),
            Answer("half", "25%至50%", "25 to 50 %", 6),
            Answer("over_half", "50%以上", "Over 50 %", 8),
        ),
    ),
    Question(
        "debts",
        "您的家庭负债情况如何？",
        "Debts of your household",
        (
            Answer("heavy", "负债较多，还款压力大", "Heavy", 0),
            Answer("loans", "有住房贷款或经营贷款，按期偿还", "Loans that are served", 4),
            Answer("little", "少量负债", "Little", 6),
            Answer("none", "没有负债", "None", 8),
        ),
    ),
    Question(
        "experience",
        "您投资过风险最高的品种是什么？",
        "The riskiest thing you ever invested in",
        (
            Answer("none", "除储蓄外没有投资过", "Nothing but savings", 0),
            Answer("bonds", "国债、大额存单", "Treasury bonds, certificates", 3),
            Answer("wealth", "银行理财、货币基金", "Wealth products, money funds", 5),
            Answer("funds", "债券、混合或股票基金", "Bond, mixed or equity funds", 8),
            Answer("stocks", "股票、期货等", "Stocks, futures", 10),
        ),
    ),
    Question(
        "years",
        "您有多少年的投资经验？",
        "Years of experience with investments",
        (
            Answer("none", "没有经验", "None", 0),
            Answer("two", "2年以内", "Up to two", 3),
            Answer("five", "2至5年", "Two to five", 6),
            Answer("more", "5年以上", "More than five", 8),
        ),
    ),
    Question(
        "knowledge",
        "您对金融产品的了解程度如何？",
        "What you know about financial products",
        (
            Answer("none", "基本不了解", "Hardly anything", 0),
            Answer("some", "了解存款、国债等产品", "Deposits and bonds", 3),
            Answer("good", "了解理财、基金等产品及其风险", "Funds and their risks", 6),
            Answer("expert", "有金融专业知识或从业经历", "Trained or worked in finance", 8),
        ),
    ),
    Question(
        "horizon",
        "您计划的投资期限是多久？",
        "How long you want to invest",
        (
            Answer("half", "半年以内", "Up to half a year", 2),
            Answer("one", "半年至1年", "Half a year to a year", 4),
            Answer("three", "1至3年", "One to three years", 6),
            Answer("more", "3年以上", "More than three years", 8),
        ),
    ),
    Question(
        "goal",
        "您的投资目的是什么？",
        "What you invest for",
        (
            Answer("keep", "资产保值，不愿承担风险", "Keep what I have", 0),
            Answer("steady", "资产稳健增长", "Steady growth", 3),
            Answer("growth", "资产较快增长，可承担一定风险", "Faster growth, some risk", 6),
            Answer("gain", "追求高收益，可承担较大风险", "High gain, high risk", 8),
        ),
    ),
    Question(
        "loss",
        "您最多能承受多大的本金损失？",
        "The loss of principal that you can bear",
        (
            Answer("nothing", "不能承受任何本金损失", "None at all", 0, lowest=True),
            Answer("tenth", "10%以内", "Up to 10 %", 3),
            Answer("third", "10%至30%", "10 to 30 %", 5),
            Answer("half", "30%至50%", "30 to 50 %", 8),
            Answer("more", "50%以上", "More than 50 %", 10),
        ),
    ),
    Question(
        "preference",
        "以下投资，您倾向于选择哪一种？",
        "Which of these you would choose",
        (
            Answer("safe", "收益3%左右，几乎没有损失可能", "About 3 %, hardly a loss", 0),
            Answer("mild", "收益最高6%，可能损失2%", "Up to 6 %, or lose 2 %", 3),
            Answer("bold", "收益最高15%，可能损失10%", "Up to 15 %, or lose 10 %", 6),
            Answer("wild", "收益最高50%，可能损失30%", "Up to 50 %, or lose 30 %", 8),
        ),
    ),
    Question(
        "reaction",
        "投资出现15%的亏损时，您会怎么做？",
        "What you do when 15 % are lost",
        (
            Answer("sell", "全部赎回", "Sell everything", 0),
            Answer("part", "赎回一部分", "Sell a part", 3),
            Answer("hold", "继续持有，等待回升", "Hold", 6),
            Answer("buy", "追加投资", "Buy more", 8),
        ),
    ),
)
"""What everybody is asked; together 100 points at most."""

SENIOR_QUESTIONS: Final = (
    Question(
        "senior_understanding",
        "您能否独立理解所投资产品及其风险？（65岁及以上）",
        "Whether you understand product and risk by yourself (65 and over)",
        (
            Answer("alone", "能够独立理解", "Yes", 0),
            Answer("helped", "需要家人帮助理解", "With my family's help", 0),
            Answer("no", "不太能理解", "Hardly", 0, lowest=True),
        ),
    ),
    Question(
        "senior_money",
        "您投资的是养老、医疗等必需资金吗？（65岁及以上）",
        "Whether you need this money for old age or health (65 and over)",
        (
            Answer("spare", "不是，是闲置资金", "No, it is to spare", 0),
            Answer("needed", "是", "Yes", 0, lowest=True),
        ),
    ),
    Question(
        "senior_family",
        "您的家人是否知晓本次投资计划？（65岁及以上）",
        "Whether your family knows of the plan (65 and over)",
        (
            Answer("yes", "知晓", "Yes", 0),
            Answer("no", "不知晓", "No", 0),
        ),
    ),
)
"""What only the old are asked; no points, but some answers make the lowest rating."""

CONTRADICTIONS: Final = (
    (
        ("income", "none"),
        ("share", "over_half"),
        "没有固定收入却将一半以上收入用于投资，前后矛盾，请与客户核实。",
    ),
    (
        ("experience", "none"),
        ("years", "more"),
        "除储蓄外没有投资过，却有5年以上投资经验，前后矛盾，请与客户核实。",
    ),
    (
        ("loss", "nothing"),
        ("goal", "gain"),
        "不能承受任何本金损失，却追求高收益，前后矛盾，请与客户核实。",
    ),
    (
        ("loss", "nothing"),
        ("preference", "wild"),
        "不能承受任何本金损失，却倾向于可能损失30%的投资，前后矛盾，请与客户核实。",
    ),
)
"""Two answers that nobody gives who understood both, and the sentence about them."""

LOWEST: Final = "C1-"

TITLES_ZH: Final = {
    LOWEST: "C1 保守型（最低类别）",
    "C1": "C1 保守型",
    "C2": "C2 谨慎型",
    "C3": "C3 稳健型",
    "C4": "C4 积极型",
    "C5": "C5 激进型",
}
"""What a rating is called."""


def rate(answers: Mapping[str, Answer], from_points: tuple[int, ...]) -> tuple[int, str]:
    """The sum of points, and the rating `C1-` or `C1` to `C5`."""
    score = sum(answer.points for answer in answers.values())
    if any(answer.lowest for answer in answers.values()):
        return score, LOWEST
    return score, f"C{1 + sum(score >= fewest for fewest in from_points)}"


__all__ = [
    "CONTRADICTIONS",
    "LOWEST",
    "QUESTIONS",
    "SENIOR_QUESTIONS",
    "TITLES_ZH",
    "VERSION",
    "Answer",
    "Question",
    "rate",
]
