"""Sees what a durable actor sees: whether its state is what the journal says, and is left alone.

A `Witness` stands between the runtime and a behaviour. Whenever the rules are asked, the state must
be what the journal on the disk folds to; and `evolve` must leave the state and the event that it
gets as they were, and lead to the same from a state that was at rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from actors.durable import Behaviour, Effect, Reminder, Verdict
from actors.durable.persistent import from_plain, to_plain
from actors.durable.tagged import Tagged
from actors.store import ClaimConflict
from actors.store.memory import Disk
from wire.message import Refusal

_at_rest = msgspec.msgpack.Encoder(enc_hook=to_plain).encode


class Witness(Behaviour[Any, Any, Any]):
    """One behaviour under observation.

    Attributes:
        breaches: what was not as it must be, in words.
        decided: how often the rules were asked.
    """

    def __init__(self, rules: Behaviour[Any, Any, Any], stream: str, key: str, disk: Disk) -> None:
        self.event_type = rules.event_type  # type: ignore[misc]  # of this one instance
        self.effect_types = rules.effect_types  # type: ignore[misc]  # of this one instance
        self.state_type = rules.state_type  # type: ignore[misc]  # of this one instance
        self.snapshot_version = rules.snapshot_version  # type: ignore[misc]  # of this one instance
        self.breaches: list[str] = []
        self.decided = 0
        self._rules = rules
        self._stream = stream
        self._key = key
        self._disk = disk
        self._events = Tagged(rules.event_type)
        kind: Any = rules.state_type or type(rules.initial(key))
        self._states = msgspec.msgpack.Decoder(kind, dec_hook=from_plain)

    def refolded(self) -> Any:
        """What the journal says, from its first event on and by nobody who was there."""
        state = self._rules.initial(self._key)
        for recorded in self._disk.streams.get(self._stream, ()):
            event = self._events.decode(recorded.kind, recorded.body, self._stream)
            state = self._rules.evolve(state, event)
        return state

    def seen(self, state: Any, where: str) -> None:
        """A state that the runtime holds to be true."""
        if state != self.refolded():
            self.breaches.append(f"{where}: the state is not what the journal says")

    def initial(self, key: str) -> Any:
        """As the rules say."""
        return self._rules.initial(key)

    def decide(self, state: Any, command: Any, now_ms: int, who: str) -> Verdict[Any] | Refusal:
        """As the rules say; the state is looked at before and after."""
        name = type(command).__name__
        self.decided += 1
        self.seen(state, f"before {name}")
        verdict = self._rules.decide(state, command, now_ms, who)
        self.seen(state, f"deciding {name}")
        return verdict

    def evolve(self, state: Any, event: Any) -> Any:
        """As the rules say, and pure."""
        name = type(event).__name__
        before, told = _at_rest(state), _at_rest(event)
        after = self._rules.evolve(state, event)
        if before != _at_rest(state):
            self.breaches.append(f"{name} changed the state before it")
        if told != _at_rest(event):
            self.breaches.append(f"{name} was changed itself")
        if after != self._rules.evolve(self._states.decode(before), event):
            self.breaches.append(f"{name} leads elsewhere from a state that was at rest")
        return after

    def react(self, state: Any, event: Any) -> Iterable[Effect]:
        """As the rules say."""
        return self._rules.react(state, event)

    def reminders(self, state: Any) -> Iterable[Reminder]:
        """As the rules say."""
        return self._rules.reminders(state)

    def refused_claim(self, state: Any, command: Any, conflict: ClaimConflict) -> Refusal:
        """As the rules say."""
        return self._rules.refused_claim(state, command, conflict)

    def inspect(self, state: Any) -> dict[str, object]:
        """As the rules say."""
        return self._rules.inspect(state)
