"""What all embedded partners have in common: one key, one request, one outcome, for ever.

One durable actor per partner and county union, stream `<partner>/<union>`. A partner itself is a
subclass with pure rules on a state of its own: what it objects to, what it notes, what it lists.
Kept here, for all of them: the same request under a key gets the stored outcome for ever; another
request under that key is refused; an ABORT that overtakes its PREPARE is remembered, so that the
late PREPARE finds the key spent; a COMMIT is declined only by a partner that may do so, and then
the key is DECLINED for ever. What was committed is undone by a REVERSE alone, once, by postings of
its own. Each step posts at most one group, keyed `<key>/<step>`.

States are values: `decide` reads one, `evolve` makes the next and leaves the one before as it was.
Whatever rules need of the clock or of their policy is written into events: a stream replays to the
same state under any policy.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final, TypeVar

import msgspec

from actors.durable import Behaviour, Verdict
from actors.durable.persistent import PersistentMap
from backoffice.partners.journal import (
    AbortedOperation,
    CommitDeclined,
    CommittedOperation,
    Declined,
    PartnerEvent,
    Prepared,
    ReversalDeclined,
    ReversedOperation,
    Step,
    operation_digest,
    outcome_of,
    posting_group,
    reversal_digest,
    stream_of,
)
from backoffice.partners.ledger import PostingGroup
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.port import (
    Abort,
    Commit,
    Inquire,
    PartnerOutcome,
    PartnerRequest,
    PartnerStatus,
    Prepare,
    Reverse,
)
from backoffice.partners.queries import Found, Look, PartnerQuery
from wire.message import Code, Refusal, Request
from wire.messages.lookups import ITEMS_MAX, Item

_OTHER_CONTENT: Final = Refusal(
    Code.KEY_CONFLICT, "业务内容与合作机构已登记的不一致，请新建业务重新办理"
)
_NEVER_REAL: Final = Refusal(Code.CORE_DECLINED, "原业务未入账，无可冲正")
_REVERSED_ALREADY: Final = Refusal(Code.CORE_DECLINED, "原业务已冲正，不能再次冲正")
_NOT_OURS: Final = Refusal(Code.FORMAT, "合作机构不办理此项业务，请联系系统管理员")


class Refuse(Request[PartnerOutcome], frozen=True, tag="Refuse"):
    """A drill: answer this request as if the rules objected; nobody outside the office says it."""

    request: Prepare | Commit | Reverse
    refusal: Refusal


PartnerCommand = PartnerRequest | Look | Refuse
"""Everything that an embedded partner answers."""


class Entry(msgspec.Struct, frozen=True):
    """What a partner remembers of one key.

    Attributes:
        digest: of the request; empty when the key was spent by an ABORT.
        number: what the partner calls what was prepared.
        reversed: it was committed, and undone under another key.
    """

    digest: bytes
    outcome: PartnerOutcome
    number: str = ""
    reversed: bool = False


class Open(msgspec.Struct, frozen=True):
    """An operation that is prepared and neither committed nor released."""

    operation: Operation
    number: str


class PartnerState(msgspec.Struct, frozen=True):
    """What every partner knows of one union.

    Attributes:
        entries: every key that it ever heard of.
        open: what is prepared now, by key, in the order in which it was; few.
    """

    union: str
    entries: PersistentMap[str, Entry] = PersistentMap()
    open: Mapping[str, Open] = {}


P = TypeVar("P", bound=PartnerState)


class EmbeddedPartner(Behaviour[P, PartnerCommand, PartnerEvent]):
    """The promises of every partner, around the rules of one.

    Attributes:
        partner: who it is; operations and queries of others are refused.
        commit_may_fail: its rules may say no to a COMMIT.
    """

    event_type = PartnerEvent
    partner: ClassVar[Partner]
    commit_may_fail: ClassVar[bool] = False

    # The rules of one partner; all pure.

    @abstractmethod
    def objection(self, state: P, operation: Operation, now_ms: int) -> Refusal | None:
        """Why it cannot be prepared; `state.open` is what else is under way."""

    def number(self, state: P, operation: Operation) -> str:
        """What the partner will call it."""
        return ""

    def facts(self, state: P, operation: Operation, number: str) -> dict[str, str]:
        """What the slip may show of what was prepared; masked."""
        return {}

    def mark(self, state: P, operation: Operation, refusal: Refusal) -> str:
        """What is noted besides a refusal."""
        return ""

    def commit_objection(self, state: P, opened: Open, now_ms: int) -> Refusal | None:
        """Why what was prepared cannot be made real after all."""
        return None

    def receipt(self, state: P, opened: Open, now_ms: int) -> dict[str, str]:
        """What else the slip may show once it is real."""
        return {}

    def group(
        self, state: P, step: Step, key: str, operation: Operation, number: str
    ) -> PostingGroup | None:
        """What a step posts, under `<key>/<step>`."""
        return None

    def prepared(self, state: P, event: Prepared) -> P:
        """The state with what was reserved."""
        return state

    def declined(self, state: P, event: Declined) -> P:
        """The state after a refused PREPARE."""
        return state

    def committed(self, state: P, opened: Open, event: CommittedOperation) -> P:
        """The state with what became real."""
        return state

    def released(self, state: P, opened: Open, event: AbortedOperation | CommitDeclined) -> P:
        """The state in which what was reserved is free again."""
        return state

    def reversal_objection(
        self, state: P, operation: Operation, number: str, now_ms: int
    ) -> Refusal | None:
        """Why what was committed cannot be undone any more: something else rests on it."""
        return None

    def reversed(self, state: P, undone: Open, event: ReversedOperation) -> P:
        """The state without what was committed."""
        return state

    def found(self, state: P, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """The answer to a query."""
        return ()

    def nothing_found(self, state: P, query: PartnerQuery) -> str:
        """Why the answer is empty, in words; empty where that needs none."""
        return ""

    # The promises.

    def decide(
        self, state: P, command: PartnerCommand, now_ms: int, who: str
    ) -> Verdict[PartnerEvent] | Refusal:
        """Answer with a definite outcome; see the module."""
        match command:
            case Look(query=query):
                if query.partner is not self.partner:
                    return _NOT_OURS
                items = self.found(state, query, now_ms)[:ITEMS_MAX]
                note = "" if items else self.nothing_found(state, query)
                return Verdict(reply=Found(items, note))
            case Prepare():
                return self._prepare(state, command, now_ms)
            case Commit(key=key):
                return self._commit(state, key, now_ms)
            case Abort(key=key):
                return self._abort(state, key, now_ms)
            case Inquire(key=key):
                return Verdict(reply=_outcome(state, key))
            case Reverse():
                return self._reverse(state, command, now_ms)
            case Refuse(request=Reverse() as request):
                return self._reverse(state, request, now_ms, command.refusal)
            case Refuse(request=Prepare() as request):
                return self._prepare(state, request, now_ms, command.refusal)
            case Refuse(request=request):
                unwilling = command.refusal if self.commit_may_fail else None
                return self._commit(state, request.key, now_ms, unwilling)

    def evolve(self, state: P, event: PartnerEvent) -> P:
        """The state after one event: what every partner remembers, then what this one notes."""
        key = event.key
        match event:
            case Prepared(digest=digest):
                entry = Entry(digest, outcome_of(event), event.number)
                after = _remembering(state, event.key, entry)
                opened = Open(event.operation, event.number)
                after = msgspec.structs.replace(after, open={**after.open, key: opened})
                return self.prepared(after, event)
            case Declined(digest=digest):
                entry = Entry(digest, outcome_of(event))
                return self.declined(_remembering(state, key, entry), event)
            case CommittedOperation() | CommitDeclined() | AbortedOperation():
                known = state.entries.get(key) or Entry(b"", outcome_of(event))
                entry = msgspec.structs.replace(known, outcome=outcome_of(event))
                return self._closed(_remembering(state, key, entry), event)
            case ReversedOperation() | ReversalDeclined():
                spent = Entry(reversal_digest(event.of, event.operation), outcome_of(event))
                after = _remembering(state, key, spent)
                return self._undone(after, event) if isinstance(event, ReversedOperation) else after

    def inspect(self, state: P) -> dict[str, object]:
        """How much there is; never what."""
        return {"keys": len(state.entries), "open": len(state.open)}

    def _closed(self, state: P, event: CommittedOperation | CommitDeclined | AbortedOperation) -> P:
        """What was open under the key is so no more; an ABORT may have come before anything was."""
        opened = state.open.get(event.key)
        if opened is None:
            assert isinstance(event, AbortedOperation), f"nothing is open under {event.key}"
            return state
        left = {key: other for key, other in state.open.items() if key != event.key}
        after = msgspec.structs.replace(state, open=left)
        if isinstance(event, CommittedOperation):
            return self.committed(after, opened, event)
        return self.released(after, opened, event)

    def _undone(self, state: P, event: ReversedOperation) -> P:
        """The operation's own key stays COMMITTED; that it is undone stands beside it."""
        known = state.entries[event.of]
        after = _remembering(state, event.of, msgspec.structs.replace(known, reversed=True))
        return self.reversed(after, Open(event.operation, known.number), event)

    def _prepare(
        self, state: P, request: Prepare, now_ms: int, unwilling: Refusal | None = None
    ) -> Verdict[PartnerEvent] | Refusal:
        key, operation = request.key, request.operation
        if operation.partner is not self.partner:
            return _NOT_OURS
        entry, digest = state.entries.get(key), operation_digest(operation)
        if entry is not None:
            # A key that an ABORT spent has no digest, and stays spent for any request.
            known = not entry.digest or entry.digest == digest
            return Verdict(reply=entry.outcome) if known else _OTHER_CONTENT
        refusal = unwilling or self.objection(state, operation, now_ms)
        if refusal is not None:
            mark = "" if unwilling else self.mark(state, operation, refusal)
            event: PartnerEvent = Declined(key, now_ms, digest, operation, refusal, mark)
            return Verdict((event,), PartnerOutcome(key, PartnerStatus.DECLINED, refusal))
        number = self.number(state, operation)
        facts = self.facts(state, operation, number)
        group = self.group(state, Step.PREPARE, key, operation, number)
        event = Prepared(key, now_ms, digest, operation, number, facts, group)
        return Verdict((event,), PartnerOutcome(key, PartnerStatus.PREPARED, facts=facts))

    def _commit(
        self, state: P, key: str, now_ms: int, unwilling: Refusal | None = None
    ) -> Verdict[PartnerEvent]:
        opened = state.open.get(key)
        if opened is None:
            return Verdict(reply=_outcome(state, key))
        refusal = unwilling or self.commit_objection(state, opened, now_ms)
        step = Step.COMMIT if refusal is None else Step.ABORT
        group = self.group(state, step, key, opened.operation, opened.number)
        if refusal is not None:
            event: PartnerEvent = CommitDeclined(key, now_ms, refusal, group)
            return Verdict((event,), PartnerOutcome(key, PartnerStatus.DECLINED, refusal))
        facts = {**_outcome(state, key).facts, **self.receipt(state, opened, now_ms)}
        event = CommittedOperation(key, now_ms, facts, group)
        return Verdict((event,), PartnerOutcome(key, PartnerStatus.COMMITTED, facts=facts))

    def _abort(self, state: P, key: str, now_ms: int) -> Verdict[PartnerEvent]:
        opened, group = state.open.get(key), None
        if opened is None and key in state.entries:
            return Verdict(reply=_outcome(state, key))
        if opened is not None:
            group = self.group(state, Step.ABORT, key, opened.operation, opened.number)
        event = AbortedOperation(key, now_ms, group)
        return Verdict((event,), PartnerOutcome(key, PartnerStatus.ABORTED))

    def _reverse(
        self, state: P, request: Reverse, now_ms: int, unwilling: Refusal | None = None
    ) -> Verdict[PartnerEvent] | Refusal:
        key, of, operation = request.key, request.of, request.operation
        if operation.partner is not self.partner:
            return _NOT_OURS
        spent = state.entries.get(key)
        if spent is not None:
            known = not spent.digest or spent.digest == reversal_digest(of, operation)
            return Verdict(reply=spent.outcome) if known else _OTHER_CONTENT
        entry = state.entries.get(of)
        if entry is not None and entry.digest and entry.digest != operation_digest(operation):
            return _OTHER_CONTENT
        refusal = unwilling or self._irreversible(state, entry, operation, now_ms)
        if refusal is not None:
            event: PartnerEvent = ReversalDeclined(key, now_ms, of, operation, refusal)
            return Verdict((event,), PartnerOutcome(key, PartnerStatus.DECLINED, refusal))
        assert entry is not None, "what is unknown is irreversible"
        group = self.group(state, Step.REVERSE, key, operation, entry.number)
        event = ReversedOperation(key, now_ms, of, operation, group)
        return Verdict((event,), PartnerOutcome(key, PartnerStatus.REVERSED))

    def _irreversible(
        self, state: P, entry: Entry | None, operation: Operation, now_ms: int
    ) -> Refusal | None:
        if entry is None or entry.outcome.status is not PartnerStatus.COMMITTED:
            return _NEVER_REAL
        if entry.reversed:
            return _REVERSED_ALREADY
        return self.reversal_objection(state, operation, entry.number, now_ms)


def _remembering(state: P, key: str, entry: Entry) -> P:
    """The state that answers so under a key."""
    return msgspec.structs.replace(state, entries=state.entries.put(key, entry))


def _outcome(state: PartnerState, key: str) -> PartnerOutcome:
    entry = state.entries.get(key)
    return PartnerOutcome(key, PartnerStatus.UNKNOWN_KEY) if entry is None else entry.outcome


__all__ = [
    "AbortedOperation",
    "CommitDeclined",
    "CommittedOperation",
    "Declined",
    "EmbeddedPartner",
    "Entry",
    "Open",
    "PartnerCommand",
    "PartnerEvent",
    "PartnerState",
    "Prepared",
    "Refuse",
    "ReversalDeclined",
    "ReversedOperation",
    "Step",
    "operation_digest",
    "posting_group",
    "reversal_digest",
    "stream_of",
]
