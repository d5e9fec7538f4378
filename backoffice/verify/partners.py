"""The embedded partners' streams, checked once more: the double entry, the keys, the cases behind.

Postings are read with a reader of their own that accepts what the ledger would refuse to
build; otherwise an unbalanced group would merely be unreadable. Of a partner's own rules only those
of cards are repeated here; what counts is that every key was used as a case asked. An office whose
partners are elsewhere has no such streams, and nothing is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from actors.durable.tagged import Tagged
from actors.store import Recorded, StoreError
from backoffice.cases.events import Standing
from backoffice.partners.embedded import (
    AbortedOperation,
    CommitDeclined,
    CommittedOperation,
    Declined,
    PartnerEvent,
    Prepared,
    ReversalDeclined,
    ReversedOperation,
    operation_digest,
)
from backoffice.partners.ledger import Posting, clearing
from backoffice.partners.operations import ActivateCard, HoldFunds, IssueCard, Partner, SignUp
from backoffice.partners.port import PartnerStatus
from backoffice.verify.findings import Fault, Findings, place
from backoffice.verify.rules import Told

PARTNERS: Final = tuple(f"{partner}/" for partner in Partner)
"""How the streams of partners begin."""

_UNREAL: Final = frozenset(
    {Standing.DECLINED, Standing.FAILED, Standing.ABORTED, Standing.REVERSED}
)

_CLEARING: Final = clearing("")
"""How the accounts of payees outside begin."""


class _Group(msgspec.Struct, frozen=True):
    key: str
    postings: tuple[Posting, ...]


class _Posted(msgspec.Struct, frozen=True):
    """Any event of a partner, as far as it posts."""

    key: str = ""
    of: str = ""
    group: _Group | None = None


_read_posted = msgspec.msgpack.Decoder(_Posted).decode


class _Entry(msgspec.Struct):
    """What one key has come to, and where it was asked for and made real."""

    status: PartnerStatus
    digest: bytes
    where: str
    real_where: str = ""
    reversed: bool = False

    @property
    def real(self) -> bool:
        """It was committed, and not undone."""
        return self.status is PartnerStatus.COMMITTED and not self.reversed


class _Stream:
    """The fold of one partner's stream."""

    def __init__(self, stream: str) -> None:
        self.name = stream
        self.partner, _, self.union = stream.partition("/")
        self.entries: dict[str, _Entry] = {}
        self.reversals: dict[str, tuple[str, str]] = {}
        self.pans: set[str] = set()
        self.whole = True

    def objection(self, event: PartnerEvent) -> str:
        """Why the event cannot follow; empty if it can."""
        entry = self.entries.get(event.key)
        if event.key in self.reversals:
            return "key used twice"
        match event:
            case ReversedOperation() | ReversalDeclined() if entry is not None:
                return "key used twice"
            case ReversedOperation(of=of, operation=operation):
                return self._irreversible(of, operation_digest(operation))
            case Prepared() | Declined() if entry is not None:
                return "key used twice"
            case Prepared() | Declined() if event.digest != operation_digest(event.operation):
                return "digest of the request"
            case Prepared(operation=operation) if operation.partner != self.partner:
                return "another partner's business"
            case Prepared(operation=IssueCard(pan=pan)) if pan.digits in self.pans:
                return "card issued twice"
            case Prepared(operation=ActivateCard(pan=pan)) if pan.digits not in self.pans:
                return "card never issued"
            case CommittedOperation() | CommitDeclined() if not _is_prepared(entry):
                return "committed without being prepared"
            case AbortedOperation() if entry is not None and not _is_prepared(entry):
                return "aborted after its end"
            case _:
                return ""

    def _irreversible(self, of: str, digest: bytes) -> str:
        entry = self.entries.get(of)
        if entry is None or not entry.real:
            return "reversed without being committed"
        return "" if entry.digest == digest else "reversed as something else"

    def apply(self, event: PartnerEvent, where: str) -> None:
        """One event that may follow."""
        match event:
            case Prepared(key=key, digest=digest, operation=operation):
                self.entries[key] = _Entry(PartnerStatus.PREPARED, digest, where)
                if isinstance(operation, IssueCard | HoldFunds | SignUp):
                    self.pans.add(operation.pan.digits)
            case Declined(key=key, digest=digest):
                self.entries[key] = _Entry(PartnerStatus.DECLINED, digest, where)
            case CommittedOperation(key=key):
                self.entries[key].status = PartnerStatus.COMMITTED
                self.entries[key].real_where = where
            case CommitDeclined(key=key):
                self.entries[key].status = PartnerStatus.DECLINED
            case AbortedOperation(key=key):
                spent = _Entry(PartnerStatus.ABORTED, b"", where)
                self.entries.setdefault(key, spent).status = PartnerStatus.ABORTED
            case ReversedOperation(key=key, of=of):
                self.reversals[key] = (of, where)
                self.entries[of].reversed = True
            case ReversalDeclined(key=key, of=of):
                self.reversals[key] = (of, where)


class PartnerBook:
    """Checks partner after partner; compares them with the cases when all have been read.

    Args:
        told: what the cases say, by union and key.

    Attributes:
        groups: how many posting groups there are.
        balance: what all postings of all unions sum to, in fen.
    """

    def __init__(self, told: Mapping[str, Mapping[str, Told]], findings: Findings) -> None:
        self._told = told
        self._findings = findings
        self._reader = Tagged(PartnerEvent)
        self._posted: set[str] = set()
        self._cleared: dict[str, int] = {}
        self._streams: list[_Stream] = []
        self.groups = 0
        self.balance = 0

    def take(self, stream: str, rows: Iterable[Recorded]) -> None:
        """One whole stream, in order; the fold ends where a step makes no sense."""
        fold = _Stream(stream)
        self._streams.append(fold)
        for row in rows:
            where = place(stream, row.version)
            self._postings(fold, row, where)
            event = self._event(row, where) if fold.whole else None
            objection = fold.objection(event) if event is not None else ""
            if objection:
                self._findings.add(Fault.PARTNER_ILLEGAL, where, objection)
            if event is None or objection:
                fold.whole = False
            else:
                fold.apply(event, where)

    def close(self) -> None:
        """There are no more streams, of cases neither."""
        for fold in self._streams:
            told = self._told.get(fold.union, {})
            never = {key for leg in told.values() for key in leg.reversals}
            for key, entry in fold.entries.items():
                if key not in never or entry.status is not PartnerStatus.ABORTED:
                    self._compare(fold, told.get(key), entry)
            for key, (of, where) in fold.reversals.items():
                leg = told.get(of)
                if leg is None or key not in leg.reversals:
                    self._findings.add(Fault.PARTNER_WITHOUT_CASE, where)
            if fold.whole:
                self._compare_ends(fold, told)

    def _event(self, row: Recorded, where: str) -> PartnerEvent | None:
        try:
            event: PartnerEvent = self._reader.decode(row.kind, row.body, where)
        except StoreError:
            self._findings.add(Fault.UNREADABLE, where, row.kind)
            return None
        return event

    def _postings(self, fold: _Stream, row: Recorded, where: str) -> None:
        """I2 and I3: a group sums to zero, a key posts one group for each of its steps, in core."""
        try:
            posted = _read_posted(row.body)
        except (ValueError, RecursionError):
            return
        group = posted.group
        if group is None:
            return
        self.groups += 1
        off = sum(posting.fen for posting in group.postings)
        self.balance += off
        if off or not group.postings:
            self._findings.add(Fault.UNBALANCED, where, f"{off:+} fen")
        if group.key in self._posted:
            self._findings.add(Fault.POSTED_TWICE, where, group.key)
        self._posted.add(group.key)
        if not group.key.startswith(f"{posted.key}/"):
            self._findings.add(Fault.PARTNER_ILLEGAL, where, "key of the group")
        self._clearing(posted, group, where)
        if fold.partner != Partner.CORE:
            self._findings.add(Fault.PARTNER_ILLEGAL, where, "posted outside the core")

    def _clearing(self, posted: _Posted, group: _Group, where: str) -> None:
        """A reversal takes back from the payee exactly what was paid."""
        paid = sum(one.fen for one in group.postings if one.account.startswith(_CLEARING))
        of = posted.of or posted.key
        self._cleared[of] = self._cleared.get(of, 0) + paid
        if posted.of and self._cleared[of]:
            self._findings.add(Fault.UNBALANCED, where, f"reversal {self._cleared[of]:+} fen")

    def _compare(self, fold: _Stream, told: Told | None, entry: _Entry) -> None:
        """Each step was asked for by a case; what is made real was signed by the customer (I4)."""
        if told is None or told.partner != fold.partner:
            self._findings.add(Fault.PARTNER_WITHOUT_CASE, entry.where)
            return
        if entry.digest and entry.digest != told.asked:
            self._findings.add(Fault.PARTNER_DIFFERS, entry.where, "request")
        if entry.real_where and not told.signed:
            self._findings.add(Fault.UNSIGNED, entry.real_where)

    def _compare_ends(self, fold: _Stream, told: Mapping[str, Told]) -> None:
        """What a case believes to be real, or not, is so; unless a person settled it."""
        for key, leg in told.items():
            if leg.partner != fold.partner or leg.settled:
                continue
            entry = fold.entries.get(key)
            real = entry is not None and entry.real
            believed = leg.standing is Standing.COMMITTED
            if believed != real and (believed or leg.standing in _UNREAL):
                self._findings.add(Fault.PARTNER_DIFFERS, f"{fold.name} {key}", leg.standing)


def _is_prepared(entry: _Entry | None) -> bool:
    return entry is not None and entry.status is PartnerStatus.PREPARED


__all__ = ["PARTNERS", "PartnerBook"]
