"""What a durable actor still owes the world, and whose turn it is: rules only, nothing is run here.

An effect is owed from the commit that wrote it until the commit that marks it done, across every
crash in between; so it is delivered at least once. `Outbox` is the memory of that for one actor:
which effects are due, which are being delivered, which failed and when they are tried again.

Invariants: for one recipient, one effect at a time, in the order of ids among those that are due
(a failing one holds back those behind it); over all recipients at most `EFFECTS_IN_FLIGHT_MAX`.
"""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Iterable

from actors.store import READ_ROWS_MAX, PendingEffect, Store

EFFECTS_IN_FLIGHT_MAX = 8
"""The most effects of one actor that are being delivered at a time."""

RETRY_S_FIRST = 0.25
"""The wait before the second attempt, in seconds; it doubles with each further one."""

RETRY_S_MAX = 60.0
"""The longest wait between two attempts, in seconds."""

RETRY_JITTER = 0.2
"""By what share at most a wait is shortened, so that many do not return at once."""

LOOK_S_MAX = 600.0
"""The longest sleep before due times are looked at again, in seconds: civil time can be set."""

INSPECTED_EFFECTS_MAX = 20
"""How many effects `inspect` shows."""

SELF = "self"
"""The recipient that stands for the actor itself."""


class Owed:
    """One effect that is not done.

    Attributes:
        effect: as it stands in the store.
        order: its place among its recipient's effects.
        attempts: how often it was begun by this incarnation.
        in_flight: it is being delivered now.
        not_before_s: the loop's time before which it is not tried again.
    """

    __slots__ = ("attempts", "effect", "in_flight", "not_before_s", "order")

    def __init__(self, effect: PendingEffect) -> None:
        self.effect = effect
        self.order = order_of(effect.id)
        self.attempts = 0
        self.in_flight = False
        self.not_before_s = 0.0


class Outbox:
    """One actor's effects.

    Args:
        randomness: for jitter.
        recipients: who can be delivered to; effects to others wait, visibly.
    """

    def __init__(self, randomness: random.Random, recipients: Iterable[str]) -> None:
        self._random = randomness
        self._recipients = frozenset(recipients) | {SELF}
        self._owed: dict[str, Owed] = {}
        self._lanes: dict[str, list[Owed]] = {}
        self._in_flight = 0

    def __len__(self) -> int:
        return len(self._owed)

    def add(self, effects: Iterable[PendingEffect]) -> None:
        """Owe these; one that is owed already is not owed twice."""
        for effect in effects:
            if effect.id not in self._owed:
                owed = self._owed[effect.id] = Owed(effect)
                insort(self._lanes.setdefault(effect.to, []), owed, key=lambda o: o.order)

    def settle(self, effect_id: str) -> None:
        """It is done, durably; no effect if it is not owed."""
        owed = self._owed.pop(effect_id, None)
        if owed is not None:
            lane = self._lanes[owed.effect.to]
            lane.remove(owed)
            if not lane:
                del self._lanes[owed.effect.to]
            self._in_flight -= owed.in_flight

    def fail(self, effect_id: str, now_s: float) -> None:
        """An attempt failed: wait, exponentially longer each time, and try again."""
        owed = self._owed.get(effect_id)
        if owed is not None and owed.in_flight:
            owed.in_flight = False
            self._in_flight -= 1
            owed.not_before_s = now_s + self._retry_s(owed.attempts)

    def begin(self, now_ms: int, now_s: float) -> list[PendingEffect]:
        """Take what may be delivered now, oldest first; each is in flight from here on.

        Args:
            now_ms: civil time, for due times.
            now_s: the loop's time, for retries.
        """
        room = EFFECTS_IN_FLIGHT_MAX - self._in_flight
        heads = [head for head in self._heads(now_ms) if head.not_before_s <= now_s]
        begun = sorted(heads, key=lambda o: o.order)[:room]
        for owed in begun:
            owed.in_flight = True
            owed.attempts += 1
        self._in_flight += len(begun)
        return [owed.effect for owed in begun]

    def wait_s(self, now_ms: int, now_s: float) -> float | None:
        """How long to sleep until `begin` may give more; None if only a result can change that."""
        waits = [head.not_before_s - now_s for head in self._heads(now_ms)]
        waits += [
            (owed.effect.due_ms - now_ms) / 1_000
            for recipient in sorted(self._lanes.keys() & self._recipients)
            for owed in self._lanes[recipient]
            if owed.effect.due_ms > now_ms
        ]
        if not waits or self._in_flight >= EFFECTS_IN_FLIGHT_MAX:
            return None
        return min(max(min(waits), 0.0), LOOK_S_MAX)

    def replace(self, effects: Iterable[PendingEffect]) -> None:
        """Owe exactly these, as the store has them; attempts that go on are remembered."""
        found = {effect.id: effect for effect in effects}
        for effect_id in [i for i, o in self._owed.items() if i not in found and not o.in_flight]:
            self.settle(effect_id)
        self.add(found.values())

    def inspect(self) -> list[dict[str, object]]:
        """The oldest effects, without their bodies."""
        owed = sorted(self._owed.values(), key=lambda o: o.order)[:INSPECTED_EFFECTS_MAX]
        return [
            {
                "id": o.effect.id,
                "to": o.effect.to,
                "kind": o.effect.kind,
                "due_ms": o.effect.due_ms,
                "attempts": o.attempts,
                "state": self._state(o),
            }
            for o in owed
        ]

    def _heads(self, now_ms: int) -> list[Owed]:
        """For each free recipient whom we know, the oldest effect that is due."""
        heads = []
        for recipient in sorted(self._lanes.keys() & self._recipients):
            lane = self._lanes[recipient]
            head = next((o for o in lane if o.effect.due_ms <= now_ms), None)
            # A reminder may have become due while a younger effect is still in flight.
            if head is not None and not any(o.in_flight for o in lane):
                heads.append(head)
        return heads

    def _retry_s(self, attempts: int) -> float:
        doublings = min(attempts - 1, 16)
        longest: float = min(RETRY_S_MAX, RETRY_S_FIRST * 2**doublings)
        return longest * (1 - RETRY_JITTER * self._random.random())

    def _state(self, owed: Owed) -> str:
        if owed.effect.to not in self._recipients:
            return "nobody delivers this"
        return "in flight" if owed.in_flight else "waiting"


def effect_id(stream: str, version: int, index: int) -> str:
    """The id of the `index`-th effect of an event, unique for ever."""
    return f"{stream}#{version}.{index}"


def order_of(an_id: str) -> tuple[int, int, str]:
    """Where an effect's id stands among its actor's: by version and index, as numbers."""
    version, _, index = an_id.rpartition("#")[2].partition(".")
    if version.isdecimal() and index.isdecimal():
        return int(version), int(index), an_id
    return 0, 0, an_id


async def pending_effects(store: Store, stream: str | None = None) -> list[PendingEffect]:
    """Every outbox entry of one stream, or of all.

    Raises:
        StoreError: as the store's.
    """
    pending: list[PendingEffect] = []
    page = await store.effects(stream)
    while page:
        pending += page
        if len(page) < READ_ROWS_MAX:
            break
        page = await store.effects(stream, after=page[-1].id)
    return pending


async def pending_streams(store: Store) -> list[str]:
    """Whose actors must be revived after a restart because they still owe something; sorted.

    Raises:
        StoreError: as the store's.
    """
    return sorted({effect.stream for effect in await pending_effects(store)})


__all__ = [
    "EFFECTS_IN_FLIGHT_MAX",
    "INSPECTED_EFFECTS_MAX",
    "LOOK_S_MAX",
    "RETRY_JITTER",
    "RETRY_S_FIRST",
    "RETRY_S_MAX",
    "SELF",
    "Outbox",
    "Owed",
    "effect_id",
    "order_of",
    "pending_effects",
    "pending_streams",
]
