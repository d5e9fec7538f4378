"""What the durable events of a partner say, folded apart from the partner's own rules.

Shares with them only the formats. Deliberately not here: whether the case wanted any of it; that is
`tests.kit.invariants`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from backoffice.cases.events import LegAsked
from backoffice.partners import embedded
from backoffice.partners.operations import HoldFunds, IssueCard, Operation, SignUp


class Group(msgspec.Struct, frozen=True):
    """A posting group, read without the ledger's own guard."""

    key: str
    postings: tuple[dict[str, Any], ...]

    @property
    def fen(self) -> int:
        """What it is off by."""
        return sum(posting["fen"] for posting in self.postings)


class Posted(msgspec.Struct, frozen=True):
    """What the partners' events have in common."""

    key: str
    group: Group | None = None


@dataclass
class Books:
    """What the durable events of one partner of one union say, by key and by account.

    Attributes:
        aborted: released, whether the case wanted that or the partner.
        reversed: real once, and undone by postings of its own.
    """

    prepared: dict[str, embedded.Prepared] = field(default_factory=dict)
    committed: set[str] = field(default_factory=set)
    aborted: set[str] = field(default_factory=set)
    reversed: set[str] = field(default_factory=set)
    balances: dict[str, int] = field(default_factory=dict)

    @property
    def reserved(self) -> set[str]:
        """Prepared, and neither real nor released."""
        return self.prepared.keys() - self.committed - self.aborted

    def post(self, group: Group) -> Iterator[str]:
        """Take the group in; the deposits that it leaves with less than nothing."""
        for posting in group.postings:
            account = posting["account"]
            self.balances[account] = self.balances.get(account, 0) + posting["fen"]
        for account in sorted({posting["account"] for posting in group.postings}):
            # Deposits are what the bank owes: credit balances, which are negative here.
            if account.startswith("deposit/") and self.balances[account] > 0:
                yield account

    def stock(self, union: str) -> Iterator[tuple[str, int, int]]:
        """Account, its balance in fen, and the cards that it must stand for by the keys.

        A training core takes cards in that it never issued, at their first use; with the first
        card of a terminal, all of its stock is delivered.
        """
        seen: set[str] = set()
        cards: set[str] = set()
        lent = 0
        for key, event in self.prepared.items():
            operation = event.operation
            if isinstance(operation, IssueCard):
                cards.add(key)
            elif isinstance(operation, HoldFunds | SignUp):
                lent += operation.pan.digits not in seen
            if isinstance(operation, IssueCard | HoldFunds | SignUp):
                seen.add(operation.pan.digits)
        issued = (cards & self.committed) - self.reversed
        spoiled = cards & (self.aborted | self.reversed)
        blank = [name for name in self.balances if name.endswith("/blank")]
        delivered = -self.balances.get(f"stock/{union}/delivered", 0) // 100
        yield "blank", sum(self.balances[name] for name in blank), delivered - len(cards)
        wanted = {
            "reserved": len(cards - issued - spoiled),
            "issued": len(issued) + lent,
            "spoiled": len(spoiled),
        }
        for name, count in wanted.items():
            account = f"stock/{union}/{name}"
            yield account, self.balances.get(account, 0), count

    def pans(self) -> set[str]:
        """The numbers of all cards that were ever issued or used."""
        used = (event.operation for event in self.prepared.values())
        return {one.pan.digits for one in used if isinstance(one, IssueCard | HoldFunds | SignUp)}

    def issued_twice(self) -> list[str]:
        """Keys under which a card was issued that had been issued before."""
        seen: set[str] = set()
        twice = []
        for key, event in self.prepared.items():
            if isinstance(event.operation, IssueCard):
                if event.operation.pan.digits in seen:
                    twice.append(key)
                seen.add(event.operation.pan.digits)
        return twice


def is_money(operation: Operation) -> bool:
    """It takes money from an account."""
    return isinstance(operation, HoldFunds)


def essential(legs: Mapping[str, LegAsked]) -> list[LegAsked]:
    """Those whose failure fails the whole."""
    return [leg for leg in legs.values() if not leg.optional]


__all__ = ["Books", "Group", "Posted", "essential", "is_money"]
