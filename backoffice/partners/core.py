"""The CORE port: how a case talks to core banking, whichever bank system stands behind it.

Three steps, one key. PREPARE reserves (a card is bound but inactive, funds are held), COMMIT makes
it real after the customer's signature, ABORT releases. The key is made by the case, once, and is
never replaced: when an answer is lost the case *inquires* by the same key, and the core answers
the same request with the same result for ever. Another request under a known key is refused with
`E_KEY_CONFLICT`.

The embedded implementation is `core_bank`; others come behind the same messages.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from wire.masked import IdNumber, Pan, Phone
from wire.message import Refusal, Request


class Customer(msgspec.Struct, frozen=True):
    """Who the operation is for, as proven by the ID card's chip."""

    number: IdNumber
    name: str

    def __repr__(self) -> str:
        return f"Customer({self.number!r})"


class IssueCard(msgspec.Struct, frozen=True, tag="IssueCard"):
    """Open an account and bind a card from stock to it.

    PREPARE opens the account and binds the card INACTIVE, COMMIT makes it ISSUED, ABORT closes the
    account and voids the card, which returns to the stock count as spoiled.

    Attributes:
        pin_verifier: from the security module; proves a PIN without containing it.
        account_class: `I`, `II` or `III`; one class-I account per person.
    """

    customer: Customer
    pan: Pan
    phone: Phone
    account_class: str
    pin_verifier: bytes

    def __repr__(self) -> str:
        return f"IssueCard({self.pan!r})"


class ActivateCard(msgspec.Struct, frozen=True, tag="ActivateCard"):
    """Make an ISSUED card ACTIVE for the person it was issued to, after one right PIN.

    PREPARE checks holder, card state and PIN (three wrong ones lock the card), COMMIT activates,
    ABORT does nothing.
    """

    customer: Customer
    pan: Pan
    pin_verifier: bytes

    def __repr__(self) -> str:
        return f"ActivateCard({self.pan!r})"


Operation = IssueCard | ActivateCard
"""What a core can be asked to prepare; products choose one."""


class CoreStatus(StrEnum):
    """Where the operation under a key stands."""

    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"
    DECLINED = "declined"
    UNKNOWN_KEY = "unknown_key"


class CoreOutcome(msgspec.Struct, frozen=True):
    """A definite answer.

    Attributes:
        key: which operation.
        status: where it stands.
        refusal: why it was declined.
        facts: what the slip may show, for instance the account number; already masked.
    """

    key: str
    status: CoreStatus
    refusal: Refusal | None = None
    facts: dict[str, str] = {}


class Prepare(Request[CoreOutcome], frozen=True, tag="Prepare"):
    """Reserve; repeating it returns the stored outcome."""

    key: str
    union: str
    operation: Operation


class Commit(Request[CoreOutcome], frozen=True, tag="Commit"):
    """Make a prepared operation real; `UNKNOWN_KEY` when nothing was prepared under the key."""

    key: str
    union: str


class Abort(Request[CoreOutcome], frozen=True, tag="Abort"):
    """Release a prepared operation; an unknown key is remembered as ABORTED, so that a late
    PREPARE cannot slip in behind it.
    """

    key: str
    union: str


class Inquire(Request[CoreOutcome], frozen=True, tag="Inquire"):
    """Ask where a key stands; changes nothing."""

    key: str
    union: str


CoreRequest = Prepare | Commit | Abort | Inquire
"""Everything that can be said to a core."""


__all__ = [
    "Abort",
    "ActivateCard",
    "Commit",
    "CoreOutcome",
    "CoreRequest",
    "CoreStatus",
    "Customer",
    "Inquire",
    "IssueCard",
    "Operation",
    "Prepare",
]
