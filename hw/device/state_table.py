"""State tables: every state and every event have exactly one next state, decided before it happens.

Deliberately not here: what a device does in a state; that is its session's script. Invariant: the
table is total, so no order of events, however late, can leave a device in a state nobody named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

StateT = TypeVar("StateT", bound=StrEnum)
EventT = TypeVar("EventT", bound=StrEnum)


class StateTable(Generic[StateT, EventT]):
    """A total transition table.

    A pair that is listed nowhere keeps its state: the event came late or twice.
    """

    def __init__(
        self,
        states: type[StateT],
        events: type[EventT],
        rows: Mapping[tuple[StateT, EventT], StateT],
        anywhere: Mapping[EventT, StateT],
    ) -> None:
        """Take the moves of single states, and those that hold in every state not listed."""
        self._next = {
            (state, event): rows.get((state, event), anywhere.get(event, state))
            for state in states
            for event in events
        }

    def after(self, state: StateT, event: EventT) -> StateT:
        """The state that follows."""
        return self._next[state, event]

    def moves(self) -> Iterator[tuple[StateT, EventT, StateT]]:
        """Every (state, event, next state)."""
        return ((state, event, then) for (state, event), then in self._next.items())


__all__ = ["StateTable"]
