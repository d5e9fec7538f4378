"""Loans and the checks that follow them: the first within days of the payment, then quarterly.

A check is due or overdue, one at a time for each loan, until it is done; doing it schedules the
next. Whoever misuses the money or cannot be found becomes a risk event. Pure functions and records;
who holds them is `backoffice.partners.credit`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from backoffice.partners import training
from backoffice.partners.listing import day_line, facts_of, money_line
from backoffice.partners.operations import ReportCheck
from backoffice.partners.training import DAY_MS
from wire.messages.case import SlipLine
from wire.messages.lookups import Item

LOAN_DAYS: Final = 3 * 365
"""The term of a loan that follows a signed contract, in days."""

TIERS: Final = {
    "pass": "正常",
    "special": "关注",
    "substandard": "次级",
    "doubtful": "可疑",
    "loss": "损失",
}
"""The five tiers of loans (贷款五级分类)."""

MISUSE: Final = "misuse"
UNREACHABLE: Final = "unreachable"


class CheckPolicy(msgspec.Struct, frozen=True):
    """When loans are checked.

    Attributes:
        first_days: from the payment to the first check.
        every_days: from one check to the next.
        notice_days: so long before it is due a check is listed.
        report_days: within so many days a risk event must be dealt with.
    """

    first_days: int = 15
    every_days: int = 91
    notice_days: int = 30
    report_days: int = 1


class OwnLoan(msgspec.Struct, frozen=True):
    """A loan, and how far its checks have come.

    Attributes:
        holder: ID number.
        checked: how many of its checks are done or past.
        tier: of the last check.
        checked_ms: when that was.
        tier_before: what the check found the loan in.
    """

    holder: str
    loan: training.Loan
    checked: int = 0
    tier: str = "pass"
    checked_ms: int = 0
    tier_before: str = "pass"


class RiskEvent(msgspec.Struct, frozen=True):
    """Something that must be dealt with by `by_ms`."""

    loan: str
    kind: str
    at_ms: int
    by_ms: int


class Check(msgspec.Struct, frozen=True):
    """The next check of a loan; `number` counts from 1."""

    loan: training.Loan
    number: int
    due_ms: int

    @property
    def check(self) -> str:
        """Its id."""
        return f"{self.loan.loan}-{self.number:02d}"


def paid_out(contract: str, fen: int, purpose: str, at_ms: int) -> training.Loan:
    """The loan that a signed contract leads to."""
    return training.Loan(contract, fen, fen, at_ms, at_ms + LOAN_DAYS * DAY_MS, 0, purpose)


def due_ms(loan: training.Loan, number: int, policy: CheckPolicy) -> int:
    """When a loan's check with this number is due."""
    days = policy.first_days + (number - 1) * policy.every_days
    return loan.paid_out_ms + days * DAY_MS


def next_check(loan: training.Loan, checked: int, policy: CheckPolicy) -> Check:
    """The check after so many."""
    return Check(loan, checked + 1, due_ms(loan, checked + 1, policy))


def passed(loan: training.Loan, now_ms: int, policy: CheckPolicy) -> int:
    """How many checks a loan from before this office has behind it: all but the newest listed."""
    opened_ms = loan.paid_out_ms + (policy.first_days - policy.notice_days) * DAY_MS
    return max(0, (now_ms - opened_ms) // (policy.every_days * DAY_MS))


def is_listed(check: Check, now_ms: int, policy: CheckPolicy) -> bool:
    """Whether it is time."""
    return check.due_ms - policy.notice_days * DAY_MS <= now_ms


def risks_of(report: ReportCheck, loan: str, at_ms: int, policy: CheckPolicy) -> list[RiskEvent]:
    """What a check has brought to light."""
    kinds = [
        kind
        for kind, found in ((MISUSE, not report.as_stated), (UNREACHABLE, not report.reached))
        if found
    ]
    by_ms = at_ms + policy.report_days * DAY_MS
    return [RiskEvent(loan, kind, at_ms, by_ms) for kind in kinds]


def loan_item(own: OwnLoan) -> Item:
    """The loan as `Loans` lists it."""
    loan = own.loan
    return Item(
        loan.loan,
        f"贷款 {loan.loan} {loan.purpose}",
        f"Loan {loan.loan}",
        loan.balance_fen,
        (
            money_line("贷款余额", "Balance", loan.balance_fen),
            money_line("贷款本金", "Principal", loan.principal_fen),
            day_line("到期日", "Due", loan.due_ms),
            SlipLine("逾期天数", "Days overdue", str(loan.overdue_days)),
            SlipLine("五级分类", "Tier", TIERS.get(own.tier, own.tier)),
        ),
        facts_of(
            balance_fen=loan.balance_fen,
            principal_fen=loan.principal_fen,
            overdue_days=loan.overdue_days,
            due_ms=loan.due_ms,
            tier=own.tier,
        ),
    )


def check_item(check: Check, now_ms: int) -> Item:
    """The check as `DueChecks` lists it."""
    overdue = now_ms > check.due_ms
    loan = check.loan
    return Item(
        check.check,
        f"贷后检查 {check.check}{'（已逾期）' if overdue else ''}",
        f"Post-loan check {check.check}{' (overdue)' if overdue else ''}",
        lines=(
            SlipLine("贷款用途", "Purpose", loan.purpose),
            money_line("贷款余额", "Balance", loan.balance_fen),
            day_line("检查期限", "Due", check.due_ms),
        ),
        facts=facts_of(
            loan=loan.loan,
            due_ms=check.due_ms,
            state="OVERDUE" if overdue else "DUE",
            purpose=loan.purpose,
        ),
    )


__all__ = [
    "MISUSE",
    "TIERS",
    "UNREACHABLE",
    "Check",
    "CheckPolicy",
    "OwnLoan",
    "RiskEvent",
    "check_item",
    "is_listed",
    "loan_item",
    "next_check",
    "paid_out",
    "passed",
    "risks_of",
]
