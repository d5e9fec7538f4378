"""One durable actor's stream: how its state is rebuilt from it, and how a verdict extends it.

The state is a snapshot (a document that may be missing, old or unreadable: then it is ignored) plus
every event after it. A step is computed before it is committed, with the state that it leads to, so
that an event that the rules cannot digest is never written.

Nothing here knows mailboxes or time; `actors.durable` runs it.
"""

from __future__ import annotations

from typing import Any, Generic

import msgspec

from actors.behaviour import Behaviour, C, E, S, Verdict
from actors.outbox import effect_id, pending_effects
from actors.store import (
    READ_ROWS_MAX,
    Append,
    Batch,
    Document,
    Event,
    PendingEffect,
    Store,
    StoreError,
)
from actors.tagged import Tagged
from wire.message import Message

SNAPSHOT_EVERY = 100
"""Events from one snapshot to the next."""

SNAPSHOTS = "snapshots"
"""The collection of documents that snapshots are kept in, by stream."""


class Loaded(msgspec.Struct, Generic[S], frozen=True):
    """What a stream amounts to.

    Attributes:
        state: after the last event.
        version: how many events there are.
        effects: what is still owed.
    """

    state: S
    version: int
    effects: tuple[PendingEffect, ...] = ()


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
    """

    def __init__(
        self, behaviour: Behaviour[S, C, E], stream: str, key: str, recipients: frozenset[str]
    ) -> None:
        self._behaviour = behaviour
        self._stream = stream
        self._recipients = recipients
        self._initial = behaviour.initial(key)
        self._events = Tagged(behaviour.event_type)
        self._messages = Tagged(behaviour.effect_types)
        state_type: Any = behaviour.state_type or type(self._initial)
        self._states = msgspec.msgpack.Decoder(state_type)

    async def load(self, store: Store) -> Loaded[S]:
        """Rebuild the state.

        Raises:
            StoreError: the store's own, or a row cannot be understood.
        """
        # Behind every commit of a former incarnation that may still be under way: what it managed
        # to write is seen, above all what it came to owe.
        await store.head()
        state, version = self._thaw(await store.document(SNAPSHOTS, self._stream))
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
        return Loaded(state, version, tuple(effects))

    def step(
        self,
        now: Loaded[S],
        verdict: Verdict[E],
        who: str,
        at_ms: int,
        done: tuple[str, ...] = (),
    ) -> Step[S]:
        """The batch that makes a verdict durable, and what follows from it.

        Args:
            now: as things are.
            verdict: of `decide`.
            who: on whose behalf.
            at_ms: Unix time in milliseconds.
            done: ids of effects that this settles.

        Raises:
            Exception: whatever `evolve` or `react` raises, or a TypeError for an event or message
                outside the declared unions; nothing was committed.
        """
        behaviour = self._behaviour
        state, version = now.state, now.version
        events: list[Event] = []
        effects: list[PendingEffect] = []
        for event in verdict.events:
            kind, body = self._events.encode(event)
            events.append(Event(kind, body))
            state = behaviour.evolve(state, event)
            version += 1
            for index, effect in enumerate(behaviour.react(state, event)):
                assert effect.to in self._recipients, f"nobody delivers effects to {effect.to}"
                kind, body = self._messages.encode(effect.message)
                an_id = effect_id(self._stream, version, index)
                effects.append(
                    PendingEffect(an_id, self._stream, effect.to, kind, body, effect.due_ms)
                )
        documents = verdict.documents
        if version // SNAPSHOT_EVERY > now.version // SNAPSHOT_EVERY:
            documents = (*documents, self._freeze(state, version))
        batch = Batch(
            who=who,
            at_ms=at_ms,
            appends=(Append(self._stream, now.version, tuple(events)),) if events else (),
            effects=tuple(effects),
            effects_done=done,
            claims=verdict.claims,
            releases=verdict.releases,
            documents=documents,
        )
        return Step(batch, Loaded(state, version, tuple(effects)))

    def message_of(self, effect: PendingEffect) -> Message:
        """The message that an effect carries.

        Raises:
            StoreError: it cannot be understood.
        """
        message: Message = self._messages.decode(effect.kind, effect.body, f"effect {effect.id}")
        return message

    def _freeze(self, state: S, version: int) -> Document:
        raw = msgspec.Raw(msgspec.msgpack.encode(state))
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
                return self._initial, 0
        return self._initial, 0


__all__ = ["SNAPSHOTS", "SNAPSHOT_EVERY", "History", "Loaded", "Snapshot", "Step"]
