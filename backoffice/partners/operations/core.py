"""What core banking can be asked to do: with cards, with money, with the services of an account."""

from __future__ import annotations

from typing import ClassVar

from backoffice.partners.operations.parties import Customer, Partner, Quiet
from wire.masked import Pan, Phone


class IssueCard(Quiet, frozen=True, tag="IssueCard"):
    """Open an account and bind a card from stock to it.

    PREPARE opens the account and binds the card INACTIVE, COMMIT makes it ISSUED, ABORT closes the
    account and voids the card, which returns to the stock count as spoiled.

    Attributes:
        terminal: in whose stock the card is; a card of another's is declined.
        pin_verifier: from the security module; proves a PIN without containing it.
        account_class: `I`, `II` or `III`; one class-I account per person.
        by_proxy: the holder was not there; what the proxy did is for the holder to confirm at the
            activation.
    """

    partner: ClassVar = Partner.CORE

    customer: Customer
    terminal: str
    pan: Pan
    phone: Phone
    account_class: str
    pin_verifier: bytes
    by_proxy: bool = False


class ActivateCard(Quiet, frozen=True, tag="ActivateCard"):
    """Make an ISSUED card ACTIVE for the person it was issued to: PREPARE checks holder, card
    state and PIN (three wrong ones lock the card), COMMIT activates, ABORT does nothing.
    """

    partner: ClassVar = Partner.CORE

    customer: Customer
    pan: Pan
    pin_verifier: bytes


class HoldFunds(Quiet, frozen=True, tag="HoldFunds"):
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


class SignUp(Quiet, frozen=True, tag="SignUp"):
    """Sign one service up for an account: PREPARE checks holder, PIN and service and reserves,
    COMMIT switches it on.

    Attributes:
        pin_verifier: as in `ActivateCard`; one entry counts once, for however many services.
        service: `mobile_bank`, `sms_notice`, `online_bank`, `fast_pay`, `auto_transfer` or
            `agent_bill`; one that is on already is declined with `E_DUPLICATE`.
        phone: where it is used or notified.
        limit_fen: the daily limit; 0 where the service knows none.
    """

    partner: ClassVar = Partner.CORE

    customer: Customer
    pan: Pan
    pin_verifier: bytes
    service: str
    phone: Phone
    limit_fen: int


__all__ = ["ActivateCard", "HoldFunds", "IssueCard", "SignUp"]
