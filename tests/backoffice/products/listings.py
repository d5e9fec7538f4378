"""What partners would list: for every query one item that carries all the facts it promises.

The numbers are as kind as they can be: any amount can be bought, every product suits everybody. Who
tests a bound replaces the one fact.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backoffice.partners.queries import (
    Brokers,
    CardsToActivate,
    Contracts,
    CreditRecord,
    FarmerFiles,
    Funds,
    PartnerQuery,
    RiskRatings,
    UnpaidBills,
)
from backoffice.product import Asking, Product
from backoffice.products.contract_signing import PARTIES_MAX
from tests.kit.submissions import NOW_MS
from wire.masked import IdNumber
from wire.message import Refusal
from wire.messages.lookups import Item
from wire.value import Value

DAY_MS = 24 * 60 * 60 * 1000


def item(code: str = "one", fen: int = 0, /, **facts: str | int) -> Item:
    """Something that a partner lists."""
    return Item(code, code, code, fen, facts={name: str(fact) for name, fact in facts.items()})


def bill(biller: str = "power", bill_no: str = "1234567890", fen: int = 86_40) -> Item:
    """The unpaid bill of a month."""
    code = f"{biller}:{bill_no}:2025-05"
    return item(code, fen, biller=biller, bill_no=bill_no, period="2025-05")


def fund(risk: str = "R1", level: str = "C1", **facts: str | int) -> Item:
    """A wealth product on sale for a customer with that rating."""
    usual = item(
        "FUND",
        risk=risk,
        level=level,
        start_fen=1,
        step_fen=1,
        quota_fen=10**12,
        cutoff_ms=NOW_MS + DAY_MS,
        first=0,
    )
    changed = {name: str(fact) for name, fact in facts.items()}
    return msgspec.structs.replace(usual, facts=usual.facts | changed)


def broker(accounts: int = 0) -> Item:
    """A broker that opens accounts."""
    return item("BROKER", accounts=accounts)


def rating(level: str = "C3") -> Item:
    """The risk rating of a person, in force for another day."""
    return item(level, level=level, rated_ms=NOW_MS, until_ms=NOW_MS + DAY_MS, today=0)


def farmer_file(**facts: str | int) -> Item:
    """A farmer file, a month old: two people, one of whom works, and nothing owed."""
    usual = item(
        "NH530102000001@3",
        file_no="NH530102000001",
        version=3,
        opened_ms=NOW_MS - 400 * DAY_MS,
        changed_ms=NOW_MS - 30 * DAY_MS,
        net_fen=160_000_00,
        assets_fen=160_000_00,
        debts_fen=0,
        house_fen=120_000_00,
        vehicles_fen=20_000_00,
        savings_fen=20_000_00,
        income_fen=60_000_00,
        cost_fen=20_000_00,
        members=2,
        labour=1,
        experience_years=8,
        insured=1,
        village="小河村",
    )
    changed = {name: str(fact) for name, fact in facts.items()}
    return msgspec.structs.replace(usual, facts=usual.facts | changed)


def credit_record(**facts: str | int) -> Item:
    """Somebody who has always paid back."""
    usual = item("record", overdue_now=0, overdues_minor=0, borrowed=1, reputation=4, dealings=3)
    changed = {name: str(fact) for name, fact in facts.items()}
    return msgspec.structs.replace(usual, facts=usual.facts | changed)


def contract(fen: int = 50_000_00, parties: int = 1) -> Item:
    """A contract that waits for so many signatures."""
    one = item("HT00000001", fen, digest="0f" * 32, parties=parties)
    return msgspec.structs.replace(one, branch=str(parties))


def issued_card(days: int = 0, masked: str = "621700******0001", *, by_proxy: bool = False) -> Item:
    """A card that was issued so many days ago and waits to be activated."""
    return item(f"{masked}@", issued_ms=NOW_MS - days * DAY_MS, by_proxy=int(by_proxy))


def standard(query: PartnerQuery) -> Item | None:
    """What a partner lists in answer to a query, or None where it has no standard answer."""
    match query:
        case UnpaidBills(biller=biller, bill_no=bill_no):
            return bill(biller, bill_no)
        case Funds():
            return fund()
        case Brokers():
            return broker()
        case RiskRatings():
            return rating()
        case FarmerFiles():
            return farmer_file()
        case CreditRecord():
            return credit_record()
        case Contracts(number=number):
            return contract(parties=1 + int(number.number[-4:-1]) % PARTIES_MAX)
        case CardsToActivate():
            return issued_card()
        case _:
            return None


def listed_for(
    product: Product, values: Mapping[str, Value], number: IdNumber | None
) -> dict[str, Item]:
    """For each LISTED field what the office would list under the code that was chosen there."""
    asking = Asking(number, "O1", dict(values), NOW_MS, product.terms)
    found = {}
    for field, ask in product.listings.items():
        query = ask(asking)
        answer = None if isinstance(query, Refusal) else standard(query)
        if answer is not None:
            found[field] = answer
    return found


__all__ = [
    "bill",
    "broker",
    "contract",
    "credit_record",
    "farmer_file",
    "fund",
    "issued_card",
    "item",
    "listed_for",
    "rating",
    "standard",
]
