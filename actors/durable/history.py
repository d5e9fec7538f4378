"""One durable actor's stream: how its state is rebuilt from it, and how a verdict extends it.

The state is a snapshot (a document that may be missing, old or unreadable: then it is ignored) plus
every event after it. A step is computed before it is committed, with the state that it leads to, so
that an event that the rules cannot digest is never written.

Nothing here knows mailboxes or time; `actors.durable.durable_actor` runs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic

import msgspec

from actors.durable.behaviour import Behaviour, C, E, S, Verdict
from actors.durable.outbox import SELF, effect_id, pending_effects
from actors.durable.persistent import from_plain, to_plain
from actors.durable.tagged import Tagged
from actors.store import (
    MAIN,
    READ_ROWS_MAX,
    Append,
    Batch,
    Document,
    Event,
    PendingEffect,
    Store,
    StoreError,
)
from wire.message import Message

SNAPSHOT_EVERY = 100
"""The fewest events from one snapshot to the next."""

SNAPSHOT_BYTES_PER_EVENT = 1_000
"""A larger snapshot waits for more events, one for so many bytes: a state that grows with its
stream costs the same for each event, and a load replays a small part of what it decodes."""

SNAPSHOTS = "snapshots"
"""The collection of documents that snapshots are kept in, by stream."""


class Loaded(msgspec.Struct, Generic[S], frozen=True):
    """What a stream amounts to.

    Attributes:
        state: after the last event.
        version: how many events there are.
        effects: what is still owed.
        next_snapshot: the version from which on the state is put to rest again.
    """

    state: S
    version: int
    effects: tuple[PendingEffect, ...] = ()
    next_snapshot: int = SNAPSHOT_EVERY


class Step(msgspec.Struct, Generic[S], frozen=True):
    """A batch, and what will be true once it is committed.

    Attributes:
        batch: to be committed.
        after: the state, version and newly owed effects then.
    """

    batch: Batch
    after: Loaded[S]


class Snapshot(msgspec.Struct, frozen=True):
    """A state at rest; its own body is only read if `schema` is the behaviour's present one."""

    schema: int
    version: int
    state: msgspec.Raw


class History(Generic[S, C, E]):
    """The stream of one actor, in terms of its behaviour.

    Args:
        behaviour: the rules.
        stream: its name in the store.
        key: the actor's own key.
        recipients: who effects may be addressed to.
        shard: whose log its changes are entered in.
    """

    def __init__(
        self,
        behaviour: Behaviour[S, C, E],
        stream: str,
        key: str,
        recipients: frozenset[str],
        shard: str = MAIN,
    ) -> None:
        self._behaviour = behaviour
        self._stream = stream
        self._key = key
        self._recipients = recipients
        self._shard = shard
        self._events = Tagged(behaviour.event_type)
        self._messages = Tagged(behaviour.effect_types)
        state_type: Any = behaviour.state_type or type(behaviour.initial(key))
        self._states = msgspec.msgpack.Decoder(state_type, dec_hook=from_plain)

    async def load(self, store: Store) -> Loaded[S]:
        """Rebuild the state.

        Raises:
            StoreError: the store's own, or a row cannot be understood.
        """
        # Behind every commit of a former incarnation that may still be under way: what it managed
        # to write is seen, above all what it came to owe.
        await store.flush()
        body = await store.document(SNAPSHOTS, self._stream)
        state, version = self._thaw(body)
        next_snapshot = _next_snapshot(version, body) if version else SNAPSHOT_EVERY
        page = await store.read(self._stream, version)
        while page:
            for recorded in page:
                if recorded.version != version + 1:
                    raise StoreError(f"{self._stream} has no event {version + 1}")
                place = f"{self._stream} version {recorded.version}"
                event = self._events.decode(recorded.kind, recorded.body, place)
                state = self._behaviour.evolve(state, event)
                version += 1
            if len(page) < READ_ROWS_MAX:
                break
            page = await store.read(self._stream, version)
        effects = await pending_effects(store, self._stream)
        for effect in effects:
            self.message_of(effect)
        return Loaded(state, version, tuple(effects), next_snapshot)

    def step(
        self,
        now: Loaded[S],
        verdict: Verdict[E],
        who: str,
        at_ms: int,
        done: tuple[str, ...] = (),
        reminders: Iterable[PendingEffect] = (),
    ) -> Step[S]:
        """The batch that makes a verdict durable, and what follows from it.

        Args:
            now: as things are.
            verdict: of `decide`.
            who: on whose behalf.
            at_ms: Unix time in milliseconds.
            done: ids of effects that this settles.
            reminders: those that are set.

        Raises:
            Exception: whatever `evolve` or `react` raises, or a TypeError for an event or message
                outside the declared unions; nothing was committed.
        """
        behaviour = self._behaviour
        state, version = now.state, now.version
        events: list[Event] = []
        effects: list[PendingEffect] = []
        first = 0
        for event in verdict.events:
            kind, body = self._events.encode(event)
            events.append(Event(kind, body))
            state = behaviour.evolve(state, event)
            version += 1
            first = len(effects)
            for index, effect in enumerate(behaviour.react(state, event)):
                assert effect.to in self._recipients, f"nobody delivers effects to {effect.to}"
                an_id = effect_id(self._stream, version, index)
                effects.append(self._owed(an_id, effect.to, effect.message, effect.due_ms))
        if events:
            wanted, withdrawn = self._remind(state, version, len(effects) - first, reminders, done)
            effects += wanted
            done += withdrawn
        documents, next_snapshot = verdict.documents, now.next_snapshot
        if events and version >= next_snapshot:
            snapshot = self._freeze(state, version)
            documents = (*documents, snapshot)
            next_snapshot = _next_snapshot(version, snapshot.body)
        batch = Batch(
            who=who,
            at_ms=at_ms,
            appends=(Append(self._stream, now.version, tuple(events)),) if events else (),
            effects=tuple(effects),
            effects_done=done,
            claims=verdict.claims,
            releases=verdict.releases,
            documents=documents,
            shard=self._shard,
        )
        return Step(batch, Loaded(state, version, tuple(effects), next_snapshot))

    def _remind(
        self,
        state: S,
        version: int,
        index: int,
        standing: Iterable[PendingEffect],
        done: tuple[str, ...],
    ) -> tuple[list[PendingEffect], tuple[str, ...]]:
        """The reminders to be set in a state, and the ids of those that it does not want."""
        left = {_content(one): one.id for one in standing if one.id not in done}
        fresh: list[PendingEffect] = []
        for number, wanted in enumerate(self._behaviour.reminders(state), index):
            an_id = effect_id(self._stream, version, number)
            reminder = self._owed(an_id, SELF, wanted.message, wanted.due_ms)
            if left.pop(_content(reminder), None) is None:
                fresh.append(reminder)
        return fresh, tuple(left.values())

    def _owed(self, an_id: str, to: str, message: object, due_ms: int) -> PendingEffect:
        kind, body = self._messages.encode(message)
        return PendingEffect(an_id, self._stream, to, kind, body, due_ms)

    def message_of(self, effect: PendingEffect) -> Message:
        """The message that an effect carries.

        Raises:
            StoreError: it cannot be understood.
        """
        message: Message = self._messages.decode(effect.kind, effect.body, f"effect {effect.id}")
        return message

    def _freeze(self, state: S, version: int) -> Document:
        raw = msgspec.Raw(msgspec.msgpack.encode(state, enc_hook=to_plain))
        snapshot = Snapshot(self._behaviour.snapshot_version, version, raw)
        return Document(SNAPSHOTS, self._stream, msgspec.msgpack.encode(snapshot))

    def _thaw(self, body: bytes | None) -> tuple[S, int]:
        """The state and version of a snapshot; the beginning if there is none that can be used."""
        if body is not None:
            try:
                snapshot = msgspec.msgpack.decode(body, type=Snapshot)
                if snapshot.schema == self._behaviour.snapshot_version:
                    return self._states.decode(snapshot.state), snapshot.version
            except (ValueError, RecursionError):
                # A snapshot only saves time; the events are the truth.
                pass
        return self._behaviour.initial(self._key), 0


def _next_snapshot(version: int, body: bytes | None) -> int:
    """When the state is put to rest again after the snapshot of a version."""
    return version + max(SNAPSHOT_EVERY, len(body or b"") // SNAPSHOT_BYTES_PER_EVENT)


def _content(reminder: PendingEffect) -> tuple[str, bytes, int]:
    """What makes two reminders the same one."""
    return reminder.kind, reminder.body, reminder.due_ms


__all__ = [
    "SNAPSHOTS",
    "SNAPSHOT_BYTES_PER_EVENT",
    "SNAPSHOT_EVERY",
    "History",
    "Loaded",
    "Snapshot",
    "Step",
]
