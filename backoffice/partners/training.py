"""What embedded partners answer in a training office: the same for the same number, for ever.

Everything follows from a hash of an ID number or a customer number, and from the clock where
something must be due now; so a demo, a simulation and a test can use any business with anybody.
Nothing here is stored: what was done is remembered by the partners, who list it no more.

Deliberately not here: anybody real. A production office never calls this.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Final

import msgspec

from backoffice.partners.operations import Crop, Debt, Household, Member, Stock
from wire.checks import CHINA
from wire.masked import IdNumber

DAY_MS: Final = 24 * 3600 * 1000

_VILLAGES: Final = ("小河村", "大箐村", "石门村", "白沙村", "龙潭村", "新田村")
_PURPOSES: Final = ("种植烤烟", "购买化肥农药", "扩建养殖圈舍", "收购咖啡豆", "购置农机具")
_DISBURSED_FROM_MS: Final = int(dt.datetime(2024, 1, 1, tzinfo=CHINA).timestamp() * 1000)


class Bill(msgspec.Struct, frozen=True):
    """One month's bill."""

    period: str
    fen: int


class Loan(msgspec.Struct, frozen=True):
    """One loan.

    Attributes:
        loan: the contract's number.
        paid_out_ms: when the money was paid out.
        due_ms: when all of it is due.
    """

    loan: str
    principal_fen: int
    balance_fen: int
    paid_out_ms: int
    due_ms: int
    overdue_days: int
    purpose: str


class Visit(msgspec.Struct, frozen=True):
    """A field visit that is planned."""

    task: str
    purpose: str
    fen: int


class Contract(msgspec.Struct, frozen=True):
    """A contract that waits for signatures; `digest` is of its document, hex."""

    contract: str
    digest: str
    fen: int
    parties: int


class Repayment(msgspec.Struct, frozen=True):
    """What is known of somebody's repayment; see `CreditRecord`."""

    overdues_minor: int
    borrowed: bool
    reputation: int
    dealings: int


def draw(what: str, key: str, sides: int) -> int:
    """A number from 0 to `sides` - 1 that is always the same for the same `what` and `key`."""
    digest = hashlib.blake2b(f"{what}/{key}".encode(), digest_size=8, person=b"training")
    return int.from_bytes(digest.digest(), "big") % sides


def name_of(what: str, key: str) -> str:
    """Eight digits that name something of somebody without telling who."""
    return f"{draw(what, key, 10**8):08d}"


def month(now_ms: int, back: int = 0) -> tuple[int, int]:
    """Year and month in China, `back` months ago."""
    day = dt.datetime.fromtimestamp(now_ms / 1000, CHINA)
    months = day.year * 12 + day.month - 1 - back
    return months // 12, months % 12 + 1


def month_end_ms(now_ms: int) -> int:
    """The last millisecond of this month in China."""
    year, after = month(now_ms, -1)
    return int(dt.datetime(year, after, 1, tzinfo=CHINA).timestamp() * 1000) - 1


def bills(biller: str, bill_no: str, now_ms: int) -> tuple[Bill, ...]:
    """Last month's bill, and for every other number the one of the month before."""
    number = f"{biller}/{bill_no}"
    found = []
    for back in range(1, 2 + draw("bills", number, 2)):
        year, of = month(now_ms, back)
        period = f"{year}-{of:02d}"
        found.append(Bill(period, 2_000 + draw("bill", f"{number}/{period}", 28_000)))
    return tuple(found)


def loan(number: IdNumber) -> Loan:
    """Everybody's one loan, paid out in 2024 for three years; every eighth is overdue."""
    key = number.number
    principal = (1 + draw("principal", key, 10)) * 10_000_00
    paid_out = _DISBURSED_FROM_MS + draw("day", key, 360) * DAY_MS
    return Loan(
        f"DK{name_of('loan', key)}",
        principal,
        principal * (30 + draw("balance", key, 60)) // 100,
        paid_out,
        paid_out + 3 * 365 * DAY_MS,
        0 if draw("overdue", key, 8) else 1 + draw("days", key, 60),
        _PURPOSES[draw("use", key, len(_PURPOSES))],
    )


def visit(number: IdNumber) -> Visit:
    """Everybody's one planned visit."""
    key = number.number
    purpose = _PURPOSES[draw("visit", key, len(_PURPOSES))]
    return Visit(f"WF{name_of('visit', key)}", purpose, (1 + draw("asked", key, 8)) * 10_000_00)


def contract(number: IdNumber) -> Contract:
    """Everybody's one contract; every third has a second party."""
    key = number.number
    name = f"HT{name_of('contract', key)}"
    fen = (1 + draw("contract fen", key, 20)) * 10_000_00
    document = f"农户小额贷款合同 {name} 金额{fen}分".encode()
    digest = hashlib.blake2b(document, digest_size=32).hexdigest()
    return Contract(name, digest, fen, 1 if draw("parties", key, 3) else 2)


def repayment(number: IdNumber) -> Repayment:
    """Mostly good."""
    key = number.number
    return Repayment(
        overdues_minor=max(0, draw("minor", key, 5) - 2),
        borrowed=bool(draw("borrowed", key, 6)),
        reputation=2 + draw("reputation", key, 4),
        dealings=1 + draw("dealings", key, 5),
    )


def file_no(number: IdNumber) -> str:
    """The farmer file that everybody has until they open one of their own."""
    return f"NH{name_of('file', number.number)}"


def household(number: IdNumber) -> Household:
    """What that file says."""
    key = number.number
    income = (4 + draw("income", key, 16)) * 10_000_00
    return Household(
        village=_VILLAGES[draw("village", key, len(_VILLAGES))],
        members=(Member("本人", number, "self", True),),
        crops=(Crop("tobacco", 200 + draw("land", key, 1_800)),),
        livestock=(Stock("pig", draw("pigs", key, 40)),),
        debts=(Debt("信用社", draw("debt", key, 5) * 5_000_00),),
        house_fen=(5 + draw("house", key, 25)) * 10_000_00,
        vehicles_fen=draw("vehicle", key, 8) * 10_000_00,
        savings_fen=draw("savings", key, 10) * 5_000_00,
        income_fen=income,
        cost_fen=income * (30 + draw("cost", key, 40)) // 100,
        insured=bool(draw("insured", key, 2)),
        experience_years=2 + draw("years", key, 25),
    )


def risk_level(number: IdNumber) -> str:
    """The rating that everybody has until they are rated: `C2` to `C5`."""
    return f"C{2 + draw('risk', number.number, 4)}"


__all__ = [
    "DAY_MS",
    "Bill",
    "Contract",
    "Loan",
    "Repayment",
    "Visit",
    "bills",
    "contract",
    "draw",
    "file_no",
    "household",
    "loan",
    "month",
    "month_end_ms",
    "name_of",
    "repayment",
    "risk_level",
    "visit",
]
