"""What a biller can be asked to do."""

from __future__ import annotations

from typing import ClassVar

from backoffice.partners.operations.parties import Partner, Quiet


class PayBill(Quiet, frozen=True, tag="PayBill"):
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


__all__ = ["PayBill"]
