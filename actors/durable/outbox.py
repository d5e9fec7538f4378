"""What a durable actor still owes the world, and whose turn it is: rules only, nothing is run here.

An effect is owed from the commit that wrote it until the commit that marks it done, across every
crash in between; so it is delivered at least once. `Outbox` is the memory of that for one actor:
which effects are due, which are being delivered, which failed and when they are tried again.

Invariants: for one recipient, one effect at a time, in the order of ids among those that are due
(a failing one holds back those behind it); over all recipients at most `EFFECTS_IN_FLIGHT_MAX`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from heapq import heappop, heappush

from actors.store import READ_ROWS_MAX, PendingEffect, Store
from wire.backoff import Backoff

EFFECTS_IN_FLIGHT_MAX = 8
"""The most effects of one actor that are being delivered at a time."""

RETRY = Backoff(first_s=0.25, most_s=60.0)
"""The waits between attempts."""

ATTEMPTS_AWAKE_MAX = 6
"""After so many failed attempts, 15 s together, an actor need not stay in memory for the next."""

INSPECTED_EFFECTS_MAX = 20
"""How many effects `inspect` shows."""

SELF = "self"
"""The recipient that stands for the actor itself: what it owes itself is a reminder."""

Order = tuple[int, int, str]
"""Version, index and id of an effect: its place among those of its actor."""


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

    def __lt__(self, other: Owed) -> bool:
        return self.order < other.order


class Outbox:
    """One actor's effects.

    Args:
        randomness: for jitter.
        recipients: who can be delivered to; effects to others wait, visibly.
    """

    # What is due lies in its recipient's lane, what is not yet due in `_later`. Both are heaps, and
    # what was settled is swept from their tops only, so that no step looks at all that is owed.

    def __init__(self, randomness: random.Random, recipients: Iterable[str]) -> None:
        self._random = randomness
        self._recipients = frozenset(recipients) | {SELF}
        self._owed: dict[str, Owed] = {}
        self._lanes: dict[str, list[Owed]] = {}
        self._later: list[tuple[int, Owed]] = []
        self._reminders: dict[str, PendingEffect] = {}
        self._flying: dict[str, Owed] = {}

    def __len__(self) -> int:
        return len(self._owed)

    def add(self, effects: Iterable[PendingEffect]) -> None:
        """Owe these; one that is owed already is not owed twice."""
        for effect in effects:
            if effect.id not in self._owed:
                owed = self._owed[effect.id] = Owed(effect)
                heappush(self._later, (effect.due_ms, owed))
                if effect.to == SELF:
                    self._reminders[effect.id] = effect

    def settle(self, effect_id: str) -> None:
        """It is done, durably, or has become pointless; no effect if it is not owed."""
        owed = self._owed.pop(effect_id, None)
        self._reminders.pop(effect_id, None)
        if owed is not None and owed.in_flight:
            self._land(owed)

    def fail(self, effect_id: str, now_s: float) -> None:
        """An attempt failed: wait, exponentially longer each time, and try again."""
        owed = self._owed.get(effect_id)
        if owed is not None and owed.in_flight:
            self._land(owed)
            owed.not_before_s = now_s + RETRY.wait_s(owed.attempts, self._random)

    def begin(self, now_ms: int, now_s: float) -> list[PendingEffect]:
        """Take what may be delivered now, oldest first; each is in flight from here on.

        Args:
            now_ms: civil time, for due times.
            now_s: the loop's time, for retries.
        """
        self._ripen(now_ms)
        room = EFFECTS_IN_FLIGHT_MAX - len(self._flying)
        heads = [head for head in self._heads() if head.not_before_s <= now_s]
        begun = sorted(heads, key=lambda o: o.order)[:room]
        for owed in begun:
            owed.in_flight = True
            owed.attempts += 1
            self._flying[owed.effect.to] = owed
        return [owed.effect for owed in begun]

    def retry_s(self, now_s: float) -> float | None:
        """How long until something that failed is tried again; None if nothing waits for that.

        What is not due yet is nobody's business here: the clock wakes the actor then.
        """
        if len(self._flying) >= EFFECTS_IN_FLIGHT_MAX:
            return None
        waits = [head.not_before_s - now_s for head in self._heads()]
        return max(min(waits), 0.0) if waits else None

    def under_way(self) -> bool:
        """Whether something is being delivered, or will be again within moments.

        What is owed later is not under way, and neither is what failed so often that the next
        attempt is far off, or what nobody delivers: the clock comes back to them.
        """
        return bool(self._flying) or any(
            head.attempts < ATTEMPTS_AWAKE_MAX for head in self._heads()
        )

    def reminders(self) -> tuple[PendingEffect, ...]:
        """What the actor owes itself."""
        return tuple(self._reminders.values())

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

    def _ripen(self, now_ms: int) -> None:
        """Put what has become due into its recipient's lane."""
        while self._later and self._later[0][0] <= now_ms:
            _, owed = heappop(self._later)
            if self._is_owed(owed):
                heappush(self._lanes.setdefault(owed.effect.to, []), owed)

    def _heads(self) -> list[Owed]:
        """For each free recipient whom we know, the oldest effect that is due."""
        heads = []
        for recipient in sorted(self._lanes.keys() & self._recipients):
            lane = self._lanes[recipient]
            while lane and not self._is_owed(lane[0]):
                heappop(lane)
            if not lane:
                del self._lanes[recipient]
            elif recipient not in self._flying:
                heads.append(lane[0])
        return heads

    def _is_owed(self, owed: Owed) -> bool:
        return self._owed.get(owed.effect.id) is owed

    def _land(self, owed: Owed) -> None:
        owed.in_flight = False
        del self._flying[owed.effect.to]

    def _state(self, owed: Owed) -> str:
        if owed.effect.to not in self._recipients:
            return "nobody delivers this"
        return "in flight" if owed.in_flight else "waiting"


def effect_id(stream: str, version: int, index: int) -> str:
    """The id of the `index`-th effect of an event, unique for ever."""
    return f"{stream}#{version}.{index}"


def order_of(an_id: str) -> Order:
    """Where an effect's id stands among its actor's: by version and index, as numbers."""
    version, _, index = an_id.rpartition("#")[2].partition(".")
    if version.isdecimal() and index.isdecimal():
        return int(version), int(index), an_id
    return 0, 0, an_id


async def pending_effects(store: Store, stream: str) -> list[PendingEffect]:
    """Every outbox entry of one stream.

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


__all__ = [
    "ATTEMPTS_AWAKE_MAX",
    "EFFECTS_IN_FLIGHT_MAX",
    "INSPECTED_EFFECTS_MAX",
    "RETRY",
    "SELF",
    "Outbox",
    "Owed",
    "effect_id",
    "order_of",
    "pending_effects",
]
