"""What partners can be asked to list: questions that change nothing, answered with items.

The items' `facts` are for the product's rules; `lines` are for people and masked. Each query's
docstring names the facts that its items carry, as strings; integers are decimal, flags `0` or `1`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from backoffice.partners.operations import Partner
from wire.masked import IdNumber, Pan
from wire.message import Request
from wire.messages.lookups import Item


class UnpaidBills(msgspec.Struct, frozen=True, tag="UnpaidBills"):
    """Bills that a customer number has to pay.

    Item: code `<biller>:<bill_no>:<period>`, `fen` the amount. Facts: `biller`, `bill_no`,
    `period`.
    """

    partner: ClassVar = Partner.BILLER

    biller: str
    bill_no: str


class CardsToActivate(msgspec.Struct, frozen=True, tag="CardsToActivate"):
    """A person's card that was issued and waits to be activated; none or one.

    Item: code the masked card and its day of issue. Facts: `issued_ms`.
    """

    partner: ClassVar = Partner.CORE

    number: IdNumber
    pan: Pan


class BlankCard(msgspec.Struct, frozen=True, tag="BlankCard"):
    """A card that was read, if it is in a terminal's stock and unused; none or one.

    Item: code the masked card. Facts: `terminal`.
    """

    partner: ClassVar = Partner.CORE

    terminal: str
    pan: Pan


class CardApplications(msgspec.Struct, frozen=True, tag="CardApplications"):
    """A person's credit-card applications.

    Item: code the application's number. Facts: `state` (`SENT`, `NEED_MORE`, `APPROVED`,
    `DECLINED`).
    """

    partner: ClassVar = Partner.CARD

    number: IdNumber


class FarmerFiles(msgspec.Struct, frozen=True, tag="FarmerFiles"):
    """A person's farmer file, in its current version; none or one.

    Item: code `<file_no>@<version>`. Facts: `file_no`, `version`, `opened_ms`, `changed_ms`,
    `net_fen`, `assets_fen`, `debts_fen`, `income_fen`, `cost_fen`, `members`, `labour`,
    `experience_years`, `village`, and every simple field of `Household`.
    """

    partner: ClassVar = Partner.CREDIT

    number: IdNumber


class Loans(msgspec.Struct, frozen=True, tag="Loans"):
    """A person's loans.

    Item: code the contract's number. Facts: `balance_fen`, `principal_fen`, `overdue_days`,
    `due_ms`, `tier`.
    """

    partner: ClassVar = Partner.CREDIT

    number: IdNumber


class VisitTasks(msgspec.Struct, frozen=True, tag="VisitTasks"):
    """Field visits that are planned for a person.

    Item: code the task's id. Facts: `purpose`, `fen`.
    """

    partner: ClassVar = Partner.CREDIT

    number: IdNumber


class DueChecks(msgspec.Struct, frozen=True, tag="DueChecks"):
    """Post-loan checks of a person that are due or overdue.

    Item: code the check's id. Facts: `loan`, `due_ms`, `state` (`DUE` or `OVERDUE`), `purpose`.
    """

    partner: ClassVar = Partner.CREDIT

    number: IdNumber


class Contracts(msgspec.Struct, frozen=True, tag="Contracts"):
    """Contracts of a person that wait for signatures.

    Item: code the contract's number, `fen` its amount. Facts: `digest` (hex), `parties` (how many
    sign).
    """

    partner: ClassVar = Partner.CREDIT

    number: IdNumber


class CreditRecord(msgspec.Struct, frozen=True, tag="CreditRecord"):
    """What the credit side knows about a person's repayment; exactly one item.

    Facts: `overdue_now` (0 or 1), `overdues_minor` (in three years), `borrowed` (0 or 1),
    `reputation` (0 to 5 points, of the village), `dealings` (0 to 5 points, with the bank).
    """

    partner: ClassVar = Partner.CREDIT

    number: IdNumber


class RiskRatings(msgspec.Struct, frozen=True, tag="RiskRatings"):
    """A person's risk rating in force; none or one.

    Item: code the level. Facts: `level`, `rated_ms`, `until_ms`, `today` (tries made today).
    """

    partner: ClassVar = Partner.WEALTH

    number: IdNumber


class Funds(msgspec.Struct, frozen=True, tag="Funds"):
    """Wealth products on sale now that the person's rating allows; all of them without a person.

    Item: code the fund's. Facts: `risk` (`R1` … `R5`), `start_fen`, `step_fen`, `quota_fen`,
    `cutoff_ms`, `level` (the person's), `first` (1 before their first purchase).
    """

    partner: ClassVar = Partner.WEALTH

    number: IdNumber | None


class Brokers(msgspec.Struct, frozen=True, tag="Brokers"):
    """Brokers that open accounts for this person.

    Item: code the broker's. Facts: `accounts` (how many the person has). Brokers rate nobody: see
    `RiskRatings`.
    """

    partner: ClassVar = Partner.SEC

    number: IdNumber


class Templates(msgspec.Struct, frozen=True, tag="Templates"):
    """Templates of information collection that may still be used.

    Item: code `<template>@<version>`. Facts: `template`, `version`, `until_ms`.
    """

    partner: ClassVar = Partner.OCRM

    kind: str


class SurveyTargets(msgspec.Struct, frozen=True, tag="SurveyTargets"):
    """People who are to be asked in a survey's running wave and were not yet.

    Item: code `<wave>:<target>`; its title is the masked name. Facts: `wave`, `target`.
    """

    partner: ClassVar = Partner.OCRM

    outlet: str


class Campaigns(msgspec.Struct, frozen=True, tag="Campaigns"):
    """Campaigns that run now, without those that the person does not want to hear of.

    Item: code `<campaign>@<materials version>`. Facts: `campaign`, `materials`.
    """

    partner: ClassVar = Partner.OCRM

    number: IdNumber


PartnerQuery = (
    UnpaidBills
    | CardsToActivate
    | BlankCard
    | CardApplications
    | FarmerFiles
    | Loans
    | VisitTasks
    | DueChecks
    | Contracts
    | CreditRecord
    | RiskRatings
    | Funds
    | Brokers
    | Templates
    | SurveyTargets
    | Campaigns
)
"""Everything that can be looked up."""


class Found(msgspec.Struct, frozen=True):
    """What a partner found; `note` says in words why it is nothing, or is empty."""

    items: tuple[Item, ...]
    note: str = ""


class Look(Request[Found], frozen=True, tag="Look"):
    """Ask a union's partner; changes nothing."""

    union: str
    query: PartnerQuery


__all__ = [
    "BlankCard",
    "Brokers",
    "Campaigns",
    "CardApplications",
    "CardsToActivate",
    "Contracts",
    "CreditRecord",
    "DueChecks",
    "FarmerFiles",
    "Found",
    "Funds",
    "Loans",
    "Look",
    "PartnerQuery",
    "RiskRatings",
    "SurveyTargets",
    "Templates",
    "UnpaidBills",
    "VisitTasks",
]
