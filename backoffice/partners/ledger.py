"""Double entry: every movement is a group of postings that sums to zero.

Blank cards are kept as banks keep important blank vouchers (重要空白凭证): off the balance sheet,
at an assumed price of one yuan a piece, so that stock, reservation, issue and spoilage are postings
like any other and the same trial balance proves both money and cards. A customer's deposit is what
the bank owes: it grows by credits, so its balance is the negative of what was posted.

Pure: a group either is balanced or cannot be built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

BLANK_CARD_FEN = 100
"""The assumed price of one blank card, in fen."""

POSTINGS_MAX = 100
"""The most postings in one group."""


class UnbalancedPosting(ValueError):
    """A posting group that does not sum to zero, or is empty or too long."""


class Posting(msgspec.Struct, frozen=True):
    """One side of a movement: a positive amount debits the account, a negative one credits it."""

    account: str
    fen: int


class PostingGroup(msgspec.Struct, frozen=True):
    """Postings that belong together, under a key that is used once for ever."""

    key: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.postings) <= POSTINGS_MAX:
            raise UnbalancedPosting(f"{self.key}: {len(self.postings)} postings")
        if imbalance := sum(posting.fen for posting in self.postings):
            raise UnbalancedPosting(f"{self.key}: off by {imbalance} fen")


def move(key: str, source: str, target: str, fen: int) -> PostingGroup:
    """The plainest group: `fen` from `source` to `target`."""
    return PostingGroup(key, (Posting(source, -fen), Posting(target, fen)))


def pay(key: str, payer: str, payee: str, fen: int) -> PostingGroup:
    """Money from one deposit or clearing account to another: debits `payer`, credits `payee`."""
    return move(key, payee, payer, fen)


def together(key: str, *groups: PostingGroup) -> PostingGroup:
    """Several movements as one group."""
    return PostingGroup(key, tuple(posting for group in groups for posting in group.postings))


def trial_balance(groups: Iterable[PostingGroup]) -> Mapping[str, int]:
    """The balance of every account after all groups, in fen; the values sum to zero."""
    balances: dict[str, int] = {}
    for group in groups:
        for posting in group.postings:
            balances[posting.account] = balances.get(posting.account, 0) + posting.fen
    return balances


BLANK: Final = "blank"
"""How the accounts of blank cards end."""


def blank_cards(union: str, terminal: str) -> str:
    """The account of blank cards in a terminal's stock."""
    return f"stock/{union}/{terminal}/{BLANK}"


def delivered_cards(union: str) -> str:
    """The account of all cards that were ever delivered to terminals; a credit balance."""
    return f"stock/{union}/delivered"


def foreign_cards(union: str) -> str:
    """The account of cards that a training core took in from elsewhere; a credit balance."""
    return f"stock/{union}/foreign"


def reserved_cards(union: str) -> str:
    """The account of cards bound to a prepared, unsigned case."""
    return f"stock/{union}/reserved"


def issued_cards(union: str) -> str:
    """The account of cards in customers' hands."""
    return f"stock/{union}/issued"


def spoiled_cards(union: str) -> str:
    """The account of cards voided before issue."""
    return f"stock/{union}/spoiled"


def available_funds(account: str) -> str:
    """What a customer may dispose of."""
    return f"deposit/{account}/available"


def held_funds(account: str) -> str:
    """What is held until a signature; together with what is available, the ledger balance."""
    return f"deposit/{account}/held"


def clearing(payee: str) -> str:
    """What is owed to a payee outside, for instance `biller/power`."""
    return f"clearing/{payee}"


def training_funds(union: str) -> str:
    """Where the money of a training office's customers comes from."""
    return f"training/{union}"


__all__ = [
    "BLANK",
    "BLANK_CARD_FEN",
    "POSTINGS_MAX",
    "Posting",
    "PostingGroup",
    "UnbalancedPosting",
    "available_funds",
    "blank_cards",
    "clearing",
    "delivered_cards",
    "foreign_cards",
    "held_funds",
    "issued_cards",
    "move",
    "pay",
    "reserved_cards",
    "spoiled_cards",
    "together",
    "training_funds",
    "trial_balance",
]
