"""Every operation of every partner, as a right request and as another one that looks like it.

For the contract that all partners keep, and for whoever needs one of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from backoffice.partners import training
from backoffice.partners.core_accounts import Allotment, CorePolicy
from backoffice.partners.embedded import PartnerCommand, PartnerEvent
from backoffice.partners.operations import (
    ActivateCard,
    ApplyCreditCard,
    BuyFund,
    Contact,
    Customer,
    HoldFunds,
    IssueCard,
    OpenFile,
    OpenSecurities,
    Operation,
    Partner,
    PayBill,
    RateFile,
    RateRisk,
    ReportCheck,
    ReportVisit,
    SignContract,
    SignUp,
    SupplementFile,
)
from backoffice.partners.policy import PartnersPolicy, embedded_partner
from backoffice.partners.port import Commit, PartnerOutcome, PartnerStatus, Prepare
from backoffice.partners.queries import DueChecks, Found, Look, PartnerQuery
from tests.kit.played import Played
from wire.masked import IdNumber, Pan, Phone
from wire.messages.lookups import Item

UNION = "530111"
NOW_MS = 1_750_000_000_000
PIN = b"right".ljust(32)
PHONE = Phone("13800138000")
TERMINAL = "T-0001"
BOX = Allotment("621700000000000000", "621700000000009999", terminal=TERMINAL)
TRAINING = PartnersPolicy(training=True, core=CorePolicy(allotments=(BOX,)))

Playing = Played[Any, PartnerCommand, PartnerEvent]


def playing(partner: Partner, policy: PartnersPolicy = TRAINING) -> Playing:
    return Played(embedded_partner(partner, policy), UNION, NOW_MS)


def person(number: int = 0) -> Customer:
    return Customer(IdNumber(f"53011119900101{number:04}"), f"客户{number}")


def pan(number: int = 0) -> Pan:
    return Pan(f"621700{number:013}")


def prepare(one: Playing, key: str, operation: Operation) -> PartnerOutcome:
    outcome = one.ask(Prepare(key, UNION, operation))
    assert isinstance(outcome, PartnerOutcome), outcome
    return outcome


def done(one: Playing, key: str, operation: Operation) -> PartnerOutcome:
    """The operation, prepared and committed."""
    prepared = prepare(one, key, operation)
    assert PartnerStatus.PREPARED is prepared.status, prepared.refusal
    outcome = one.ask(Commit(key, UNION))
    assert isinstance(outcome, PartnerOutcome)
    assert PartnerStatus.COMMITTED is outcome.status, outcome.refusal
    return outcome


def look(one: Playing, query: PartnerQuery) -> tuple[Item, ...]:
    found = one.ask(Look(UNION, query))
    assert isinstance(found, Found), found
    return found.items


def query_of(kind: type[msgspec.Struct]) -> PartnerQuery:
    """A query of a type, about anybody."""
    fields = {
        "number": ("530111199001010000",),
        "pan": ("6217000000000000000",),
        "biller": "power",
        "bill_no": "0000000001",
    }
    wanted = {one.name: fields.get(one.name, "53011101") for one in msgspec.structs.fields(kind)}
    query: PartnerQuery = msgspec.convert(wanted, kind)  # type: ignore[assignment]  # by its type
    return query


def pay_bill(number: int = 0, at_ms: int = NOW_MS) -> PayBill:
    bill_no = f"{number:010}"
    bill = training.bills("power", bill_no, at_ms)[0]
    return PayBill("power", bill_no, bill.period, bill.fen)


def apply_for_card(who: int = 0, limit_fen: int = 10_000_00) -> ApplyCreditCard:
    contacts = (Contact("王芳", "spouse", PHONE), Contact("李明", "friend", PHONE))
    sights = ("applicant", "original", "signature")
    return ApplyCreditCard(
        person(who), PHONE, 80_000_00, "小河村卫生所", "own", contacts, limit_fen, sights
    )


def open_file(who: int = 0, village: str = "小河村") -> OpenFile:
    household = training.household(person(who).number)
    return OpenFile(person(who), msgspec.structs.replace(household, village=village))


def supplement(who: int = 0, file_no: str = "", base: int = 1, **changes: object) -> SupplementFile:
    given = {name: msgspec.json.encode(value).decode() for name, value in changes.items()}
    file_no = file_no or training.file_no(person(who).number)
    return SupplementFile(person(who), file_no, base, given or {"income_fen": "900"})


def rate_file(who: int = 0, points: int = 85) -> RateFile:
    file_no = training.file_no(person(who).number)
    return RateFile(person(who), file_no, 1, 1, points, "AA", 30_000_00, "")


def report_visit(who: int = 0, fen: int = 30_000_00, months: int = 24) -> ReportVisit:
    task = training.visit(person(who).number).task
    told = ("种植烤烟", fen, months, "烤烟收入", True, "", "同意")
    return ReportVisit(person(who), task, ("1001", "1002"), *told)


def due_check(who: int = 0, at_ms: int = NOW_MS) -> str:
    one = playing(Partner.CREDIT)
    one.now_ms = at_ms
    return look(one, DueChecks(person(who).number))[0].code


def report_check(
    who: int = 0, check: str = "", *, as_stated: bool = True, reached: bool = True
) -> ReportCheck:
    told = ("正常", 60_000_00, "良好", "pass", ())
    return ReportCheck(person(who), check or due_check(who), as_stated, reached, *told)


def sign_contract(who: int = 0, digest: str = "") -> SignContract:
    contract = training.contract(person(who).number)
    parties = tuple(person(who + 100 * n) for n in range(contract.parties))
    clauses = ("amount", "rate", "default")
    return SignContract(person(who), contract.contract, digest or contract.digest, parties, clauses)


def rate_risk(who: int = 0, level: str = "C3") -> RateRisk:
    return RateRisk(person(who), 1, {"q1": "a"}, 50, level)


def buy_fund(who: int = 0, fen: int = 200_00, fund: str = "AX202506") -> BuyFund:
    return BuyFund(person(who), fund, fen, training.risk_level(person(who).number))


def open_securities(who: int = 0, broker: str = "DX", level: str = "C3") -> OpenSecurities:
    return OpenSecurities(person(who), broker, pan(), level, "colleague")


def issue(card: int = 0, who: int = 0) -> IssueCard:
    return IssueCard(person(who), TERMINAL, pan(card), PHONE, "II", PIN)


@dataclass(frozen=True)
class Scene:
    """One operation.

    Attributes:
        right: can be prepared.
        other: is another request, and would be right as well.
        before: what must be real before.
    """

    right: Callable[[], Operation]
    other: Callable[[], Operation]
    before: tuple[Callable[[], Operation], ...] = ()

    @property
    def partner(self) -> Partner:
        return self.right().partner

    def playing(self) -> Playing:
        one = playing(self.partner)
        for n, operation in enumerate(self.before):
            done(one, f"before {n}", operation())
        one.events.clear()
        return one


SCENES = {
    "IssueCard": Scene(issue, lambda: issue(1)),
    "ActivateCard": Scene(
        lambda: ActivateCard(person(), pan(), PIN),
        lambda: ActivateCard(person(), pan(1), PIN),
        (issue, lambda: issue(1)),
    ),
    "HoldFunds": Scene(
        lambda: HoldFunds(person(), pan(), PIN, 100, "biller/power", "电费"),
        lambda: HoldFunds(person(), pan(), PIN, 200, "biller/power", "电费"),
    ),
    "SignUp": Scene(
        lambda: SignUp(person(), pan(), PIN, "fast_pay", PHONE, 100_00),
        lambda: SignUp(person(), pan(), PIN, "online_bank", PHONE, 100_00),
    ),
    "PayBill": Scene(pay_bill, lambda: pay_bill(1)),
    "ApplyCreditCard": Scene(apply_for_card, lambda: apply_for_card(0, 20_000_00)),
    "OpenFile": Scene(open_file, lambda: open_file(0, "老寨村")),
    "SupplementFile": Scene(supplement, lambda: supplement(village="老寨村")),
    "RateFile": Scene(rate_file, lambda: rate_file(0, 70)),
    "ReportVisit": Scene(report_visit, lambda: report_visit(0, 20_000_00)),
    "ReportCheck": Scene(report_check, lambda: report_check(reached=False)),
    "SignContract": Scene(sign_contract, lambda: sign_contract(1)),
    "RateRisk": Scene(rate_risk, lambda: rate_risk(0, "C4")),
    "BuyFund": Scene(buy_fund, lambda: buy_fund(0, 300_00)),
    "OpenSecurities": Scene(open_securities, lambda: open_securities(0, "CS")),
}
"""By the name of the operation's type."""
