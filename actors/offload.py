"""Slow, pure, blocking work beside the loop: so much at a time, the rest in the order of arrival.

Hashing a passcode, measuring a photo, drawing a slip take milliseconds to seconds of a processor,
and a program has few of them: more threads than that only take the loop's own turns. What waits,
and since when, is shown in the operator's tree. Where time is virtual the work is done at once
(`tests.kit.outside`); this is the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import trio

from actors.errors import Overloaded

if TYPE_CHECKING:
    from actors.ports import Offload

T = TypeVar("T")

SLOTS_MAX = 4
"""How much is done at a time."""

WAITING_MAX = 1_000
"""The most that may wait for a slot."""


@dataclass(frozen=True)
class Load:
    """What can be told of the slots at one moment.

    Attributes:
        slots: how much is done at a time.
        busy: how much is being done.
        waiting: how much waits for a slot.
        waiting_peak: the most that ever waited.
        oldest_s: how long the first that waits has waited, in seconds; 0 when nothing does.
        begun: how much ever got a slot.
    """

    slots: int
    busy: int
    waiting: int
    waiting_peak: int
    oldest_s: float
    begun: int


class Slots:
    """Does so much at a time; see `actors.ports.Offload`.

    Args:
        do: does one piece of work, in a thread.
        slots: how much is done at a time.
        waiting_max: how much may wait.
    """

    def __init__(self, do: Offload, slots: int = SLOTS_MAX, waiting_max: int = WAITING_MAX) -> None:
        self._do = do
        self._slots = slots
        self._waiting_max = waiting_max
        self._free = trio.Semaphore(slots)
        self._waiting: dict[object, float] = {}
        self._peak = 0
        self._begun = 0

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Do `work` once there is a slot; what it raises passes through.

        Raises:
            Overloaded: as much as may wait does; nothing was done.
        """
        if len(self._waiting) >= self._waiting_max:
            raise Overloaded(f"{self._waiting_max} wait for one of {self._slots} slots")
        place = object()
        self._waiting[place] = trio.current_time()
        if self._free.value == 0:
            self._peak = max(self._peak, len(self._waiting))
        try:
            await self._free.acquire()
        finally:
            del self._waiting[place]
        self._begun += 1
        try:
            return await self._do(work)
        finally:
            self._free.release()

    def load(self) -> Load:
        """How it stands now."""
        oldest = next(iter(self._waiting.values()), None)
        return Load(
            slots=self._slots,
            busy=self._slots - self._free.value,
            waiting=len(self._waiting),
            waiting_peak=self._peak,
            oldest_s=0.0 if oldest is None else trio.current_time() - oldest,
            begun=self._begun,
        )


__all__ = ["SLOTS_MAX", "WAITING_MAX", "Load", "Slots"]
