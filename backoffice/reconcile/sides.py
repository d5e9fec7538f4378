"""The two sides of a reconciliation, read from an office's database key by key.

Ours is what the streams of cases say of every leg; theirs what the streams of partners say of every
key, and what the core's ledger has posted. Rows are read as leniently as they can be: a group that
does not balance must be found, not stumbled over. Nothing is compared here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.durable.tagged import Tagged, kind_of
from actors.store import Recorded, StoreError
from backoffice.cases.events import AnyCaseEvent, Standing
from backoffice.cases.legs import Legs
from backoffice.cases.legs import after as legs_after
from backoffice.partners.embedded import (
    AbortedOperation,
    CommitDeclined,
    CommittedOperation,
    Declined,
    Prepared,
    ReversedOperation,
    operation_digest,
)
from backoffice.partners.ledger import Posting
from backoffice.partners.operations import (
    HoldFunds,
    IssueCard,
    Operation,
    Partner,
    SignUp,
    fen_of,
)
from backoffice.partners.port import PartnerStatus
from wire.messages.settlement import Deed

CASES: Final = "case/"
"""How the streams of cases begin."""

_STATUS: Final = {
    kind_of(Prepared): PartnerStatus.PREPARED,
    kind_of(Declined): PartnerStatus.DECLINED,
    kind_of(CommittedOperation): PartnerStatus.COMMITTED,
    kind_of(CommitDeclined): PartnerStatus.DECLINED,
    kind_of(AbortedOperation): PartnerStatus.ABORTED,
}
"""What an event makes of its key."""

_REVERSED: Final = kind_of(ReversedOperation)


class _Group(msgspec.Struct, frozen=True):
    key: str
    postings: tuple[Posting, ...]


class _Row(msgspec.Struct, frozen=True):
    """Any event of a partner, as far as it matters here."""

    key: str
    of: str = ""
    digest: bytes = b""
    operation: Operation | None = None
    number: str = ""
    group: _Group | None = None


_read_row = msgspec.msgpack.Decoder(_Row).decode


class Ours(msgspec.Struct, frozen=True):
    """One leg as its case tells it.

    Attributes:
        waits: its partner has still to be heard of it.
        reversals: the keys under which it was to be reversed, or never to be.
        twice: its partner has reversed what two persons made good elsewhere.
    """

    partner: Partner
    standing: Standing
    digest: bytes
    fen: int
    waits: bool = False
    reversals: frozenset[str] = frozenset()
    twice: bool = False


class Theirs(msgspec.Struct):
    """One key as its partner tells it; `operation` is None where only an ABORT was heard.

    Attributes:
        number: what the partner calls it, for instance an account.
        reserved: it was prepared once, whatever it has come to.
        reversal: the key under which it was undone after it was real; empty where it was not.
    """

    status: PartnerStatus
    digest: bytes = b""
    operation: Operation | None = None
    number: str = ""
    reserved: bool = False
    reversal: str = ""

    @property
    def real(self) -> bool:
        """It was committed, and not undone."""
        return self.status is PartnerStatus.COMMITTED and not self.reversal

    @property
    def stands(self) -> PartnerStatus:
        """Where it stands now."""
        return PartnerStatus.REVERSED if self.reversal else self.status


@dataclass
class PartnerSide:
    """One partner of one union.

    Attributes:
        keys: every key that it heard of.
        posted: what each group posted, by its key and by account, in fen.
        balances: of all accounts, in fen.
        unreadable: versions of rows that cannot be read.
        lent: cards that a training core took in from elsewhere.
    """

    partner: Partner
    union: str
    keys: dict[str, Theirs] = field(default_factory=dict)
    posted: dict[str, dict[str, int]] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unreadable: list[int] = field(default_factory=list)
    lent: int = 0
    _pans: set[str] = field(default_factory=set)

    @property
    def stream(self) -> str:
        """Its name in the store."""
        return f"{self.partner}/{self.union}"

    def take(self, rows: Iterable[Recorded]) -> None:
        """Its whole stream."""
        for row in rows:
            try:
                read = _read_row(row.body)
            except (ValueError, RecursionError):
                self.unreadable.append(row.version)
                continue
            self._status(row.kind, read)
            if read.group is not None:
                self._post(read.group)

    def _status(self, kind: str, row: _Row) -> None:
        if kind == _REVERSED and row.of in self.keys:
            self.keys[row.of].reversal = row.key
        status = _STATUS.get(kind)
        if status is None:
            return
        known = self.keys.setdefault(row.key, Theirs(status))
        known.status = status
        if row.operation is not None:
            known.digest, known.operation, known.number = row.digest, row.operation, row.number
            known.reserved = status is PartnerStatus.PREPARED
            if known.reserved and isinstance(row.operation, IssueCard | HoldFunds | SignUp):
                self._card(row.operation)

    def _card(self, operation: IssueCard | HoldFunds | SignUp) -> None:
        new = operation.pan.digits not in self._pans
        self._pans.add(operation.pan.digits)
        self.lent += new and not isinstance(operation, IssueCard)

    def _post(self, group: _Group) -> None:
        moved = self.posted.setdefault(group.key, defaultdict(int))
        for posting in group.postings:
            moved[posting.account] += posting.fen
            self.balances[posting.account] += posting.fen


@dataclass
class CaseSide:
    """All cases of all unions.

    Attributes:
        cases: how many there are.
        legs: by union and key.
        unreadable: places of rows that cannot be read.
    """

    cases: int = 0
    legs: dict[str, dict[str, Ours]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    _reader: Tagged = field(default_factory=lambda: Tagged(AnyCaseEvent))

    def take(self, stream: str, rows: Iterable[Recorded]) -> None:
        """One case's whole stream; what follows an unreadable row is not understood either."""
        self.cases += 1
        union = stream.removeprefix(CASES).partition("/")[0]
        legs: Legs = ()
        reversals: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            try:
                event: AnyCaseEvent = self._reader.decode(row.kind, row.body, stream)
            except StoreError:
                self.unreadable.append(f"{stream}#{row.version}")
                break
            legs = legs_after(legs, event)
            for leg in legs:
                if leg.word is Deed.REVERSE or leg.by_hand:
                    reversals[leg.key].add(leg.reversal_key)
        told = self.legs.setdefault(union, {})
        for leg in legs:
            operation = leg.asked.request.operation
            digest = operation_digest(operation)
            waits = leg.word is not None or leg.unheard
            told[leg.key] = Ours(
                leg.partner,
                leg.standing,
                digest,
                fen_of(operation),
                waits,
                frozenset(reversals[leg.key]),
                leg.twice,
            )


def case_of(key: str) -> str:
    """The case that a key belongs to."""
    return key.partition(":")[0]


__all__ = ["CASES", "CaseSide", "Ours", "PartnerSide", "Theirs", "case_of"]
