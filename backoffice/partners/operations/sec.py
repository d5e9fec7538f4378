"""What securities brokers can be asked to do."""

from __future__ import annotations

from typing import ClassVar

from backoffice.partners.operations.parties import Customer, Partner, Quiet
from wire.masked import Pan


class OpenSecurities(Quiet, frozen=True, tag="OpenSecurities"):
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


__all__ = ["OpenSecurities"]
