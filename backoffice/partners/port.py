"""How a case talks to a partner: core banking and the others, whichever system stands behind them.

Three steps, one key. PREPARE reserves (a card is bound but inactive, funds are held), COMMIT makes
it real after the customer's signature, ABORT releases. The key is made by the case, once, and is
never replaced: when an answer is lost the case *inquires* by the same key, and the core answers
the same request with the same result for ever. Another request under a known key is refused with
`E_KEY_CONFLICT`.

What was made real is never deleted. REVERSE (冲正) undoes it by postings of its own, under a key of
its own, on the day it is asked for; the operation's own key stays COMMITTED for ever.

The embedded implementation is `core_bank`; others come behind the same messages.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from backoffice.partners.operations import Operation
from wire.message import Refusal, Request

PARTNER_S_MAX: Final = 10.0
"""How long a partner may take to answer before the outcome counts as unknown, in seconds."""


class PartnerStatus(StrEnum):
    """Where the operation under a key stands."""

    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"
    DECLINED = "declined"
    REVERSED = "reversed"
    """Of a reversal's own key: what it names is undone."""
    UNKNOWN_KEY = "unknown_key"


class PartnerOutcome(msgspec.Struct, frozen=True):
    """A definite answer.

    Attributes:
        key: which operation.
        status: where it stands.
        refusal: why it was declined.
        facts: what the slip may show, for instance the account number; already masked.
    """

    key: str
    status: PartnerStatus
    refusal: Refusal | None = None
    facts: dict[str, str] = {}


class Prepare(Request[PartnerOutcome], frozen=True, tag="Prepare"):
    """Reserve; repeating it returns the stored outcome."""

    key: str
    union: str
    operation: Operation


class Commit(Request[PartnerOutcome], frozen=True, tag="Commit"):
    """Make a prepared operation real; `UNKNOWN_KEY` when nothing was prepared under the key."""

    key: str
    union: str


class Abort(Request[PartnerOutcome], frozen=True, tag="Abort"):
    """Release a prepared operation; an unknown key is remembered as ABORTED, so that a late
    PREPARE, or a late REVERSE under a key of its own, cannot slip in behind it.
    """

    key: str
    union: str


class Inquire(Request[PartnerOutcome], frozen=True, tag="Inquire"):
    """Ask where a key stands; changes nothing."""

    key: str
    union: str


class Reverse(Request[PartnerOutcome], frozen=True, tag="Reverse"):
    """Undo what was committed under the key `of`; repeating it returns the stored outcome.

    Declined where nothing is committed under `of`, where that is reversed already, and where
    something else rests on it by now; another operation under a known key is refused.

    Attributes:
        key: the reversal's own.
        of: the key of what is undone.
        operation: what was prepared under it, for the partner to compare.
    """

    key: str
    union: str
    of: str
    operation: Operation


PartnerRequest = Prepare | Commit | Abort | Inquire | Reverse
"""Everything that can be said to a core."""


__all__ = [
    "PARTNER_S_MAX",
    "Abort",
    "Commit",
    "PartnerOutcome",
    "PartnerRequest",
    "PartnerStatus",
    "Inquire",
    "Prepare",
    "Reverse",
]
