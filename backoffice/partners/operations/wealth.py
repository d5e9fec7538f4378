"""What the wealth system can be asked to do."""

from __future__ import annotations

from typing import ClassVar

from backoffice.partners.operations.parties import Customer, Partner, Quiet


class RateRisk(Quiet, frozen=True, tag="RateRisk"):
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


class BuyFund(Quiet, frozen=True, tag="BuyFund"):
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


__all__ = ["BuyFund", "RateRisk"]
