"""What partners can be asked to do: one type per operation, each at home with exactly one partner.

An operation says what PREPARE reserves, COMMIT makes real and ABORT releases. It is complete in
itself: a partner never looks at the case. Reprs show no number. Products build operations, the
embedded partners carry them out; a partner elsewhere gets the same messages.
"""

from __future__ import annotations

from backoffice.partners.operations.biller import PayBill
from backoffice.partners.operations.card import ApplyCreditCard, Contact
from backoffice.partners.operations.core import ActivateCard, HoldFunds, IssueCard, SignUp
from backoffice.partners.operations.credit import (
    Crop,
    Debt,
    Household,
    Member,
    OpenFile,
    RateFile,
    ReportCheck,
    ReportVisit,
    SignContract,
    Stock,
    SupplementFile,
)
from backoffice.partners.operations.parties import Customer, Partner
from backoffice.partners.operations.sec import OpenSecurities
from backoffice.partners.operations.wealth import BuyFund, RateRisk

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


def fen_of(operation: Operation | None) -> int:
    """The money that an operation moves; 0 for one that moves none."""
    return operation.fen if isinstance(operation, HoldFunds | PayBill | BuyFund) else 0


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
    "fen_of",
]
