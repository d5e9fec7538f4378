"""What the credit-card centre can be asked to do."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from backoffice.partners.operations.parties import Customer, Partner, Quiet
from wire.masked import Phone


class Contact(msgspec.Struct, frozen=True):
    """Somebody who can be called about the applicant."""

    name: str
    relation: str
    phone: Phone

    def __repr__(self) -> str:
        return "Contact()"


class ApplyCreditCard(Quiet, frozen=True, tag="ApplyCreditCard"):
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


__all__ = ["ApplyCreditCard", "Contact"]
