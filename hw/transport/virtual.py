"""A line to a virtual device in the same process, with the faults of a real one.

Bytes from the device are cut into fragments and arrive `latency_s` later; every batch asks the
fault plan what becomes of it. There is no task: the line moves when its receiver waits.
Deliberately not here: what devices do. Invariant: fragments in flight never exceed
`FRAGMENTS_IN_FLIGHT_MAX`; one more ends the link, because a lost fragment cannot be recovered.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

import trio

from hw.errors import PeripheralLost
from hw.transport.faults import Fault, FaultPlan
from hw.transport.port import Piece
from wire.form import Capability

FRAGMENTS_IN_FLIGHT_MAX = 256
LATENCY_S = 0.002

BATTERY_FULL_PERCENT = 90
BATTERY_LOW_PERCENT = 9

NEVER = math.inf


class VirtualDevice(Protocol):
    """The far end of a line. Sans-IO, so that it also serves alone in a process of its own."""

    def plugged(self, now: float) -> None:
        """A new link: what was half received is forgotten, what the device knows is not."""

    def received(self, data: bytes, now: float) -> list[bytes]:
        """Bytes from the host; returns what is sent back at once."""

    def due(self) -> float:
        """When it wants `tick` next, in monotonic seconds; `NEVER` for never."""

    def tick(self, now: float) -> list[bytes]:
        """Time has passed; returns what is sent now."""


class VirtualTransport:
    """One line to one virtual device.

    Attributes:
        name: which peripheral this is.
        epoch: of the latest link.
        sent: when a list was handed in, everything the host sent; for tests.
        seen: the same for everything the device sent.
    """

    def __init__(
        self,
        name: Capability,
        device: VirtualDevice,
        plan: FaultPlan,
        *,
        fragment_bytes: int = 180,
        latency_s: float = LATENCY_S,
    ) -> None:
        self.name = name
        self.epoch = 0
        self.sent: list[bytes] | None = None
        self.seen: list[bytes] | None = None
        self._device = device
        self._plan = plan
        self._fragment_bytes = fragment_bytes
        self._latency_s = latency_s
        self._up = False
        self._silent = False
        self._flight: deque[tuple[float, Piece]] = deque()
        self._held: list[Piece] = []
        self._changed = trio.Event()

    async def open(self) -> int:
        """See `Transport.open`."""
        await trio.lowlevel.checkpoint()
        self._drop()
        self.epoch += 1
        self._up, self._silent = True, False
        now = trio.current_time()
        # What an old link held back arrives by the new one, still bearing its own epoch.
        self._flight.extend((now + self._latency_s, piece) for piece in self._held)
        self._held.clear()
        self._device.plugged(now)
        return self.epoch

    async def close(self) -> None:
        """See `Transport.close`."""
        await trio.lowlevel.checkpoint()
        self._drop()

    async def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        await trio.lowlevel.checkpoint()
        self._check()
        if self._strikes(Fault.SILENCE):
            self._silent = True
        if self._silent:
            return
        if self._strikes(Fault.DROP_BEFORE):
            self._drop()
            raise PeripheralLost("the link was dropped")
        if self.sent is not None:
            self.sent.append(data)
        self._deliver(self._device.received(data, trio.current_time()))

    async def receive(self) -> Piece:
        """See `Transport.receive`."""
        while True:
            await trio.lowlevel.checkpoint()
            self._check()
            now = trio.current_time()
            if self._flight and self._flight[0][0] <= now:
                return self._flight.popleft()[1]
            if self._device.due() <= now:
                self._deliver(self._device.tick(now))
                continue
            await self._wait(min(self._device.due(), self._next_arrival()))

    async def battery(self) -> int | None:
        """See `Transport.battery`."""
        await trio.lowlevel.checkpoint()
        self._check()
        low = self._strikes(Fault.BATTERY_LOW)
        return BATTERY_LOW_PERCENT if low else BATTERY_FULL_PERCENT

    def nudge(self) -> None:
        """Somebody did something to the device by hand: look at it again."""
        self._changed.set()

    def _next_arrival(self) -> float:
        return self._flight[0][0] if self._flight else NEVER

    async def _wait(self, until: float) -> None:
        self._changed = trio.Event()
        with trio.move_on_at(until):
            await self._changed.wait()

    def _deliver(self, outputs: list[bytes]) -> None:
        """Put what the device sent on its way, or let happen to it what the plan says."""
        body = b"".join(outputs)
        if not body or self._silent or not self._up:
            return
        if self.seen is not None:
            self.seen.append(body)
        if self._strikes(Fault.DROP_AFTER):
            self._drop()
            return
        fragments = self._damaged(body)
        pieces = [Piece(self.epoch, fragment) for fragment in fragments]
        if self._strikes(Fault.LATE_REPLY):
            self._held += pieces
            return
        full = len(self._flight) + len(pieces) > FRAGMENTS_IN_FLIGHT_MAX
        if full or self._strikes(Fault.OVERFLOW):
            self._drop()
            return
        arrival = trio.current_time() + self._latency_s
        self._flight.extend((arrival, piece) for piece in pieces)
        self._changed.set()

    def _damaged(self, body: bytes) -> list[bytes]:
        size = self._fragment_bytes
        fragments = [body[at : at + size] for at in range(0, len(body), size)]
        if self._strikes(Fault.FLIP_BIT):
            at = self._plan.pick(len(fragments))
            flipped = bytearray(fragments[at])
            bit = self._plan.pick(8 * len(flipped))
            flipped[bit // 8] ^= 1 << bit % 8
            fragments[at] = bytes(flipped)
        if self._strikes(Fault.DUPLICATE_FRAGMENT):
            at = self._plan.pick(len(fragments))
            fragments.insert(at, fragments[at])
        if self._strikes(Fault.LOSE_FRAGMENT):
            del fragments[self._plan.pick(len(fragments))]
        return fragments

    def _strikes(self, fault: Fault) -> bool:
        return self._plan.strikes(self.name, fault)

    def _check(self) -> None:
        if not self._up:
            raise PeripheralLost("there is no link")

    def _drop(self) -> None:
        self._up = False
        self._flight.clear()
        self._changed.set()


__all__ = ["FRAGMENTS_IN_FLIGHT_MAX", "NEVER", "VirtualDevice", "VirtualTransport"]
