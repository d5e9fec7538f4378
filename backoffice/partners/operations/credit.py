"""What the credit system can be asked to do: with files, ratings, visits, checks and contracts."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from backoffice.partners.operations.parties import Customer, Partner, Quiet
from wire.masked import IdNumber


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


class OpenFile(Quiet, frozen=True, tag="OpenFile"):
    """Open a farmer's file: PREPARE reserves a file number, COMMIT opens version 1.

    A person who has a file already is declined with `E_DUPLICATE`: it is supplemented instead.
    """

    partner: ClassVar = Partner.CREDIT

    customer: Customer
    household: Household


class SupplementFile(Quiet, frozen=True, tag="SupplementFile"):
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


class RateFile(Quiet, frozen=True, tag="RateFile"):
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


class ReportVisit(Quiet, frozen=True, tag="ReportVisit"):
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


class ReportCheck(Quiet, frozen=True, tag="ReportCheck"):
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


class SignContract(Quiet, frozen=True, tag="SignContract"):
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


__all__ = [
    "Crop",
    "Debt",
    "Household",
    "Member",
    "OpenFile",
    "RateFile",
    "ReportCheck",
    "ReportVisit",
    "SignContract",
    "Stock",
    "SupplementFile",
]
