"""The embedded core's streams, checked once more: the double entry, the keys, and the cases behind.

Postings are read with a reader of their own that accepts what the ledger would refuse to
build; otherwise an unbalanced group would merely be unreadable. An office whose core is elsewhere
has no such streams, and nothing is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from actors.store import Recorded, StoreError
from actors.tagged import Tagged
from backoffice.partners.core import CoreStatus, IssueCard
from backoffice.partners.core_bank import (
    AbortedOperation,
    CommittedOperation,
    CoreBank,
    CoreEvent,
    CoreState,
    Declined,
    Prepared,
    operation_digest,
)
from backoffice.partners.ledger import Posting
from backoffice.verify.chain import Fault, Findings, place
from backoffice.verify.rules import Told
from wire.case_state import State

CORES: Final = "core/"
"""How the streams of cores begin."""

_REAL: Final = frozenset({State.COMMITTED, State.DELIVERED, State.CLOSED})


class _Group(msgspec.Struct, frozen=True):
    key: str
    postings: tuple[Posting, ...]


class _Posted(msgspec.Struct, frozen=True):
    """Any event of a core, as far as it posts."""

    key: str = ""
    group: _Group | None = None


_read_posted = msgspec.msgpack.Decoder(_Posted).decode


class CoreBook:
    """Checks core after core.

    Args:
        told: what the cases say, by union and case.

    Attributes:
        groups: how many posting groups there are.
        balance: what all postings of all unions sum to, in fen.
    """

    def __init__(self, told: Mapping[str, Mapping[str, Told]], findings: Findings) -> None:
        self._told = told
        self._findings = findings
        self._bank = CoreBank()
        self._reader = Tagged(CoreBank.event_type)
        self._posted: set[str] = set()
        self.groups = 0
        self.balance = 0

    def take(self, stream: str, rows: Iterable[Recorded]) -> None:
        """One whole stream, in order; the fold ends where a step makes no sense."""
        union = stream.removeprefix(CORES)
        state = self._bank.initial(union)
        whole = True
        for row in rows:
            where = place(stream, row.version)
            self._postings(row, where)
            event = self._event(row, where) if whole else None
            objection = _objection(state, event) if event is not None else ""
            if objection:
                self._findings.add(Fault.CORE_ILLEGAL, where, objection)
            if event is None or objection:
                whole = False
                continue
            self._compare(self._told.get(union, {}), event, where)
            state = self._bank.evolve(state, event)
        if whole:
            self._compare_ends(union, state)

    def _event(self, row: Recorded, where: str) -> CoreEvent | None:
        try:
            event: CoreEvent = self._reader.decode(row.kind, row.body, where)
        except StoreError:
            self._findings.add(Fault.UNREADABLE, where, row.kind)
            return None
        return event

    def _postings(self, row: Recorded, where: str) -> None:
        """I2 and I3: a group sums to zero, and a key posts one group for each of its steps."""
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
            self._findings.add(Fault.CORE_ILLEGAL, where, "key of the group")

    def _compare(self, told: Mapping[str, Told], event: CoreEvent, where: str) -> None:
        """Each step was asked for by a case; what is made real was signed by the customer (I4)."""
        case = told.get(event.key)
        if case is None:
            self._findings.add(Fault.CORE_WITHOUT_CASE, where)
        elif isinstance(event, Prepared | Declined) and event.digest != case.asked:
            self._findings.add(Fault.CORE_DIFFERS, where, "request")
        elif isinstance(event, CommittedOperation) and not case.signed:
            self._findings.add(Fault.UNSIGNED, where)

    def _compare_ends(self, union: str, state: CoreState) -> None:
        """What a case believes to be real, or undone, is so; unless a person settled it."""
        for case_id, case in self._told.get(union, {}).items():
            entry = state.entries.get(case_id)
            real = entry is not None and entry.outcome.status is CoreStatus.COMMITTED
            believed = case.state in _REAL
            if not case.settled and (believed or case.state is State.ABORTED) and believed != real:
                self._findings.add(Fault.CORE_DIFFERS, f"core/{union} {case_id}", case.state)


def _objection(state: CoreState, event: CoreEvent) -> str:
    """Why the event cannot follow; empty if it can."""
    entry = state.entries.get(event.key)
    prepared = entry is not None and entry.outcome.status is CoreStatus.PREPARED
    match event:
        case Prepared(operation=operation):
            known = operation.pan.digits in state.cards
            if entry is not None:
                return "key used twice"
            if event.digest != operation_digest(operation):
                return "digest of the request"
            if known == isinstance(operation, IssueCard):
                return "card issued twice" if known else "card never issued"
        case Declined():
            return "key used twice" if entry is not None else ""
        case CommittedOperation():
            return "" if prepared else "committed without being prepared"
        case AbortedOperation():
            return "" if prepared or entry is None else "aborted after its end"
    return ""


__all__ = ["CORES", "CoreBook"]
