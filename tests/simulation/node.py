"""One node of the simulated bank: lives, loses its power at any moment, comes back with its disk.

A crash is a cancellation and a fence. Cancelling runs `finally` blocks, which no power cut would
do; so in the same step the disk's handle is fenced and the channels die, and whatever the dying
incarnation still does reaches nobody.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from tests.kit.bank import Bank
from tests.simulation.trace import Trace

PAUSE_S: Final = (0.5, 20.0)
"""The shortest and the longest time without power, in virtual seconds."""


class Node:
    """An incarnation after the other, until the run ends.

    Args:
        life: one incarnation; it ends by being cancelled only.
        lost: called at a crash, in its step.

    Attributes:
        up: an incarnation is alive.
        crashes: how many there were.
    """

    def __init__(
        self,
        name: str,
        bank: Bank,
        life: Callable[[], Awaitable[None]],
        chance: random.Random,
        trace: Trace,
    ) -> None:
        self.name = name
        self.up = False
        self.crashes = 0
        self._bank = bank
        self._life = life
        self._chance = chance
        self._trace = trace
        self._scope = trio.CancelScope()
        bank.disk(name).on_crash = self.crash

    async def run(self) -> None:
        """Live, be dead for a while, live again."""
        while True:
            crashes, self.up, self._scope = self.crashes, True, trio.CancelScope()
            try:
                with self._scope:
                    await self._life()
            except Exception:
                # What a dying incarnation raises is of no interest; what a living one raises is.
                if crashes == self.crashes:
                    raise
            await trio.sleep(self._chance.uniform(*PAUSE_S))
            self._trace.note("boot", self.name)

    def crash(self) -> None:
        """Lose power now."""
        if not self.up:
            return
        self._trace.note("crash", self.name)
        self.up = False
        self.crashes += 1
        self._bank.unplug(self.name)
        self._scope.cancel()


__all__ = ["PAUSE_S", "Node"]
