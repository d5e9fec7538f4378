"""What partners can be asked to do: one type per operation, each at home with exactly one partner.

An operation says what PREPARE reserves, COMMIT makes real and ABORT releases. It is complete in
itself: a partner never looks at the case. Reprs show no number. Products build operations, the
embedded partners carry them out; a partner elsewhere gets the same messages.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from wire.masked import IdNumber, Pan, Phone


class Partner(StrEnum):
    """Who stands behind the office."""

    CORE = "core"
    """Accounts, cards and money."""
    CARD = "card"
    """Credit-card applications."""
    CREDIT = "credit"
    """Farmer files, ratings, loans, visits, contracts."""
    WEALTH = "wealth"
    """Risk ratings, funds and orders."""
    SEC = "sec"
    """Securities brokers."""
    BILLER = "biller"
    """Who is paid: power, water, telephone."""
    OCRM = "ocrm"
    """Campaigns and surveys; it only answers queries."""


class Customer(msgspec.Struct, frozen=True):
    """Who the operation is for, as proven by the ID card's chip."""

    number: IdNumber
    name: str

    def __repr__(self) -> str:
        return f"Customer({self.number!r})"


class _Quiet(msgspec.Struct, frozen=True):
    """An operation whose repr names its type alone."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


# Core banking.


class IssueCard(_Quiet, frozen=True, tag="IssueCard"):
    """Open an account and bind a card from stock to it.

    PREPARE opens the account and binds the card INACTIVE, COMMIT makes it ISSUED, ABORT closes the
    account and voids the card, which returns to the stock count as spoiled.

    Attributes:
        pin_verifier: from the security module; proves a PIN without containing it.
        account_class: `I`, `II` or `III`; one class-I account per person.
    """

    partner: ClassVar = Partner.CORE

    customer: Customer
    pan: Pan
    phone: Phone
    account_class: str
    pin_verifier: bytes


class ActivateCard(_Quiet, frozen=True, tag="ActivateCard"):
    """Make an ISSUED card ACTIVE for the person it was issued to: PREPARE checks holder, card
    state and PIN (three wrong ones lock the card), COMMIT activates, ABORT does nothing.
    """

    partner: ClassVar = Partner.CORE

    customer: Customer
    pan: Pan
    pin_verifier: bytes


class HoldFunds(_Quiet, frozen=True, tag="HoldFunds"):
    """Take money from the account of an ACTIVE card.

    PREPARE checks holder, PIN and balance and holds the amount, COMMIT debits it in favour of
    `payee`, ABORT releases it.

    Attributes:
        pin_verifier: as in `ActivateCard`.
        fen: more than 0.
        payee: the clearing account that gets it, for instance `biller/power`.
        purpose: what the statement says.
    """

    partner: ClassVar = Partner.CORE

    customer: Customer
    pan: Pan
    pin_verifier: bytes
    fen: int
    payee: str
    purpose: str


class SignUp(_Quiet, frozen=True, tag="SignUp"):
    """Sign one service up for an account: PREPARE checks and reserves, COMMIT switches it on.

    Attributes:
        service: `mobile_bank`, `sms_notice`, `online_bank`, `fast_pay`, `auto_transfer` or
            `agent_bill`; one that is on already is declined with `E_DUPLICATE`.
        phone: where it is used or notified.
        limit_fen: the daily limit; 0 where the service knows none.
    """

    partner: ClassVar = Partner.CORE

    customer: Customer
    pan: Pan
    service: str
    phone: Phone
    limit_fen: int


# Billers.


class PayBill(_Quiet, frozen=True, tag="PayBill"):
    """Pay one bill.

    PREPARE refuses a bill that is paid, changed or unknown and keeps others off it; COMMIT tells
    the biller, who may still decline; ABORT lets it go.

    Attributes:
        biller: its code.
        bill_no: the customer's number there.
        period: `YYYY-MM`.
        fen: exactly what the biller listed.
    """

    partner: ClassVar = Partner.BILLER

    biller: str
    bill_no: str
    period: str
    fen: int


# Credit cards.


class Contact(msgspec.Struct, frozen=True):
    """Somebody who can be called about the applicant."""

    name: str
    relation: str
    phone: Phone

    def __repr__(self) -> str:
        return "Contact()"


class ApplyCreditCard(_Quiet, frozen=True, tag="ApplyCreditCard"):
    """Hand in an application: PREPARE keeps its place (one open per person), COMMIT sends it.

    What becomes of it (`NEED_MORE`, `APPROVED`, `DECLINED`) is answered later, to
    `backoffice.partners.queries.CardApplications`.

    Attributes:
        income_fen: yearly.
        limit_fen: desired.
        sights: the codes of the three sights that were confirmed.
    """

    partner: ClassVar = Partner.CARD

    customer: Customer
    phone: Phone
    income_fen: int
    employer: str
    housing: str
    contacts: tuple[Contact, ...]
    limit_fen: int
    sights: tuple[str, ...]


# Credit.


class Member(msgspec.Struct, frozen=True):
    """One person of a household."""

    name: str
    number: IdNumber
    relation: str
    labour: bool

    def __repr__(self) -> str:
        return "Member()"


class Crop(msgspec.Struct, frozen=True):
    """One crop and its land, in hundredths of a mu."""

    crop: str
    mu_e2: int


class Stock(msgspec.Struct, frozen=True):
    """One kind of animal and how many heads."""

    animal: str
    heads: int


class Debt(msgspec.Struct, frozen=True):
    """One debt of the household."""

    creditor: str
    fen: int


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """A farmer's household as the file holds it; amounts in fen, income and cost per year.

    Net worth is computed (`net_fen`), never typed.
    """

    village: str
    members: tuple[Member, ...]
    crops: tuple[Crop, ...]
    livestock: tuple[Stock, ...]
    debts: tuple[Debt, ...]
    house_fen: int
    vehicles_fen: int
    savings_fen: int
    income_fen: int
    cost_fen: int
    insured: bool
    experience_years: int

    def __repr__(self) -> str:
        return "Household()"

    @property
    def assets_fen(self) -> int:
        """House, vehicles and savings."""
        return self.house_fen + self.vehicles_fen + self.savings_fen

    @property
    def debts_fen(self) -> int:
        """What is owed."""
        return sum(debt.fen for debt in self.debts)

    @property
    def net_fen(self) -> int:
        """Assets less debts."""
        return self.assets_fen - self.debts_fen


class OpenFile(_Quiet, frozen=True, tag="OpenFile"):
    """Open a farmer's file: PREPARE reserves a file number, COMMIT opens version 1.

    A person who has a file already is declined with `E_DUPLICATE`: it is supplemented instead.
    """

    partner: ClassVar = Partner.CREDIT

    customer: Customer
    household: Household


class SupplementFile(_Quiet, frozen=True, tag="SupplementFile"):
    """Change single fields of a file: PREPARE checks `base_version`, COMMIT makes the next version.

    Changes that do not overlap with what others changed since `base_version` merge; one that does
    is declined with `E_STALE`, naming the field and the current version: a person chooses.

    Attributes:
        changes: field of `Household` → new value as JSON text; the old one stays in the history.
    """

    partner: ClassVar = Partner.CREDIT

    customer: Customer
    file_no: str
    base_version: int
    changes: dict[str, str]


class RateFile(_Quiet, frozen=True, tag="RateFile"):
    """Keep the result of a pre-rating; immutable, with the version of file and card behind it.

    Attributes:
        file_no: rated from this file,
        file_version: in this version.
        card: version of the scorecard.
        points: 0 to 100.
        grade: `AAA`, `AA`, `A` or `none`.
        limit_fen: the suggested limit.
        override: why a person changed the grade, or empty.
    """

    partner: ClassVar = Partner.CREDIT

    customer: Customer
    file_no: str
    file_version: int
    card: int
    points: int
    grade: str
    limit_fen: int
    override: str


class ReportVisit(_Quiet, frozen=True, tag="ReportVisit"):
    """Hand in the report of a loan field visit; PREPARE claims the task, COMMIT closes it.

    Attributes:
        task: as `VisitTasks` listed it.
        officers: staff ids of the two officers.
        term_months: wanted term; age + term is at most 65 years.
    """

    partner: ClassVar = Partner.CREDIT

    customer: Customer
    task: str
    officers: tuple[str, ...]
    purpose: str
    fen: int
    term_months: int
    repayment_source: str
    willing: bool
    guarantor: str
    opinion: str


class ReportCheck(_Quiet, frozen=True, tag="ReportCheck"):
    """Hand in a post-loan check; PREPARE claims it, COMMIT closes it and schedules the next.

    Misuse and an unreachable borrower become risk events.

    Attributes:
        check: as `DueChecks` listed it.
        as_stated: the money is used as stated.
        reached: the borrower was met.
        tier: suggested five-tier class: `pass`, `special`, `substandard`, `doubtful`, `loss`.
        warnings: codes.
    """

    partner: ClassVar = Partner.CREDIT

    customer: Customer
    check: str
    as_stated: bool
    reached: bool
    operation: str
    income_fen: int
    collateral: str
    tier: str
    warnings: tuple[str, ...]


class SignContract(_Quiet, frozen=True, tag="SignContract"):
    """Put the signatures of all parties under a contract; all or nothing.

    PREPARE refuses when the contract's hash is no longer this one; COMMIT makes it SIGNED.

    Attributes:
        contract: as `Contracts` listed it.
        digest: BLAKE2b-256 of the document, hex.
        parties: who signed, in order.
        clauses: the codes of the clauses that were ticked.
    """

    partner: ClassVar = Partner.CREDIT

    customer: Customer
    contract: str
    digest: str
    parties: tuple[Customer, ...]
    clauses: tuple[str, ...]


# Wealth.


class RateRisk(_Quiet, frozen=True, tag="RateRisk"):
    """Keep a customer's risk rating; the newest replaces, the history stays.

    Attributes:
        questionnaire: its version.
        answers: question → option.
        score: the sum of points.
        level: `C1-` (the lowest), `C1` … `C5`.
    """

    partner: ClassVar = Partner.WEALTH

    customer: Customer
    questionnaire: int
    answers: dict[str, str]
    score: int
    level: str


class BuyFund(_Quiet, frozen=True, tag="BuyFund"):
    """Order a wealth product: PREPARE holds quota, COMMIT places the order, ABORT gives it back.

    A cut-off that passes between the two declines the COMMIT.

    Attributes:
        fund: its code.
        fen: the amount.
        level: the customer's rating, which the fund's must not exceed.
    """

    partner: ClassVar = Partner.WEALTH

    customer: Customer
    fund: str
    fen: int
    level: str


# Securities.


class OpenSecurities(_Quiet, frozen=True, tag="OpenSecurities"):
    """Open a securities account with a broker; PREPARE asks, COMMIT opens, and may be refused.

    Attributes:
        broker: its code.
        pan: the bank card that settles.
        level: the customer's rating.
        witness: `colleague` or `remote`.
    """

    partner: ClassVar = Partner.SEC

    customer: Customer
    broker: str
    pan: Pan
    level: str
    witness: str


Operation = (
    IssueCard
    | ActivateCard
    | HoldFunds
    | SignUp
    | PayBill
    | ApplyCreditCard
    | OpenFile
    | SupplementFile
    | RateFile
    | ReportVisit
    | ReportCheck
    | SignContract
    | RateRisk
    | BuyFund
    | OpenSecurities
)
"""What partners can be asked to prepare; products choose."""


__all__ = [
    "ActivateCard",
    "ApplyCreditCard",
    "BuyFund",
    "Contact",
    "Crop",
    "Customer",
    "Debt",
    "HoldFunds",
    "Household",
    "IssueCard",
    "Member",
    "OpenFile",
    "OpenSecurities",
    "Operation",
    "Partner",
    "PayBill",
    "RateFile",
    "RateRisk",
    "ReportCheck",
    "ReportVisit",
    "SignContract",
    "SignUp",
    "Stock",
    "SupplementFile",
]
