"""Actors whose every change is committed before anybody hears of it.

`behaviour` is what an author writes: pure rules. `durable_actor` runs them, `history` and `outbox`
are its memory, and `clock` wakes whoever owes something later.
"""

from __future__ import annotations

from actors.durable.behaviour import (
    Behaviour,
    Commanded,
    Effect,
    Handler,
    Reminder,
    Verdict,
)
from actors.durable.clock import Alarm, Clock
from actors.durable.durable_actor import (
    BUSY,
    CONFLICT_TRIES_MAX,
    EFFECT_S_MAX,
    STASH_MAX,
    CannotLoad,
    CommitUnknown,
    DurableActor,
    Wake,
)

__all__ = [
    "Alarm",
    "BUSY",
    "Behaviour",
    "CONFLICT_TRIES_MAX",
    "CannotLoad",
    "Clock",
    "Commanded",
    "DurableActor",
    "EFFECT_S_MAX",
    "Effect",
    "Handler",
    "CommitUnknown",
    "Reminder",
    "STASH_MAX",
    "Verdict",
    "Wake",
]
