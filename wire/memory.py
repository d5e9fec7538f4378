"""A network inside one process, with every fault a link can have: for simulation and tests.

It behaves like websockets over bad mobile links: a channel is reliable and ordered until it dies,
and when it dies, what was in flight is gone. Delay, death and refusal are drawn from one seeded
random; partitions hold frames back without telling anybody; a tap sees each frame in passing and
may alter, repeat, withhold or reorder it, as an attacker would. Nothing else is random, so the same
seed and the same program give the same run.

It carries whole frames; byte-level faults are tested on virtual streams under `wire.socket`.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import trio

from wire.channel import FRAME_BYTES_MAX, ChannelHandler
from wire.errors import ChannelClosed, LinkLost, LocalMisuse, WireError

QUEUE_FRAMES_MAX: Final = 16
"""The most frames in flight in one direction of a channel; a sender waits for room."""

BACKLOG_MAX: Final = 256
"""The most dialled channels that wait for their listener; one more is refused."""

SCHEME: Final = "memory://"
"""How addresses of this network begin."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What every link suffers.

    Attributes:
        delay_s: mean of the exponentially distributed delay of a frame, seconds.
        death: chance that a channel dies when a frame is handed to it.
        refusal: chance that a dial is refused.
    """

    delay_s: float = 0.0
    death: float = 0.0
    refusal: float = 0.0


CALM: Final = Weather()
"""No faults."""


@dataclass(frozen=True, slots=True)
class Passing:
    """A frame on its way, as a tap sees it.

    Attributes:
        number: how many frames the whole network has carried, this one included.
        channel: the channel's number, in the order of dialling, from 1.
        source: the node that sends.
        destination: the node that will receive.
        frame: the bytes.
    """

    number: int
    channel: int
    source: str
    destination: str
    frame: bytes


Tap = Callable[[Passing], Sequence[bytes]]
"""Sees a frame, returns what is delivered in its place."""


class MemoryNetwork:
    """Nodes by name, channels between them, and the weather.

    Args:
        chance: the only source of randomness.
        weather: what links suffer from now on.

    Attributes:
        weather: may be changed at any time.
        tap: sees every frame; None when nobody listens.
        frames: how many frames were handed over so far.
        kill_at: the channel that is handed a frame with one of these numbers dies with it.
    """

    def __init__(self, chance: random.Random, weather: Weather = CALM) -> None:
        self.weather = weather
        self.tap: Tap | None = None
        self.frames = 0
        self.kill_at: Collection[int] = ()
        self._chance = chance
        self._dialled = 0
        self._backlogs: dict[str, trio.MemorySendChannel[MemoryChannel]] = {}
        self._channels: list[tuple[MemoryChannel, MemoryChannel]] = []
        self._held: set[tuple[str, str]] = set()
        self._cut: set[str] = set()
        self._healed = trio.lowlevel.ParkingLot()

    def dialer(self, node: str) -> MemoryDialer:
        """How `node` reaches others."""
        return MemoryDialer(self, node)

    def listener(self, node: str) -> MemoryListener:
        """How `node` is reached, at `memory://node`."""
        return MemoryListener(self, node)

    # ---- faults

    def hold(self, source: str, destination: str) -> None:
        """One-way partition: frames from `source` to `destination` wait until `heal`."""
        self._held.add((source, destination))

    def partition(self, one: str, other: str) -> None:
        """Two-way partition: frames wait and dials hang until `heal`."""
        self.hold(one, other)
        self.hold(other, one)

    def cut(self, node: str) -> None:
        """Take a node off the network: its channels die, dials from and to it are refused."""
        self._cut.add(node)
        self.kill(node)

    def kill(self, node: str | None = None) -> int:
        """Let every channel of a node (or all of them) die now; how many there were."""
        live = [pair for pair in self._live() if node is None or node in pair[0].ends]
        for here, _there in live:
            here.die()
        return len(live)

    def heal(self) -> None:
        """End every partition and every cut; dead channels stay dead."""
        self._held.clear()
        self._cut.clear()
        self._healed.unpark_all()
        for here, there in self._live():
            here.wake()
            there.wake()

    # ---- for channels, dialers and listeners

    def is_held(self, source: str, destination: str) -> bool:
        """Whether frames that way wait at present."""
        return (source, destination) in self._held

    def passing(self, channel: int, source: str, destination: str, frame: bytes) -> Sequence[bytes]:
        """Count a frame and let the fault and the tap have it.

        Raises:
            ChannelClosed: the channel has to die now.
        """
        self.frames += 1
        killed = self.frames in self.kill_at
        if killed or (self.weather.death and self._chance.random() < self.weather.death):
            raise ChannelClosed("the link died")
        if self.tap is None:
            return (frame,)
        return self.tap(Passing(self.frames, channel, source, destination, frame))

    def delay_s(self) -> float:
        """How long the next frame is under way."""
        mean_s = self.weather.delay_s
        return self._chance.expovariate(1 / mean_s) if mean_s else 0.0

    async def connect(self, source: str, address: str) -> MemoryChannel:
        """Dial; see `wire.channel.Dialer`."""
        await trio.lowlevel.checkpoint()
        destination = address.removeprefix(SCHEME)
        while self.is_held(source, destination) or self.is_held(destination, source):
            # A SYN without an answer: whoever dials has a deadline.
            await self._healed.park()
        await trio.sleep(self.delay_s() + self.delay_s())
        backlog = self._backlogs.get(destination)
        refused = self.weather.refusal and self._chance.random() < self.weather.refusal
        if refused or backlog is None or {source, destination} & self._cut:
            raise LinkLost(f"nobody answers at {address}")
        self._dialled += 1
        here = MemoryChannel(self, self._dialled, source, destination)
        there = MemoryChannel(self, self._dialled, destination, source)
        here.peer, there.peer = there, here
        try:
            backlog.send_nowait(there)
        except (trio.WouldBlock, trio.BrokenResourceError):
            raise LinkLost(f"nobody answers at {address}") from None
        self._channels = [*self._live(), (here, there)]
        return here

    def open_backlog(self, node: str) -> trio.MemoryReceiveChannel[MemoryChannel]:
        """Where `node` finds the channels that were dialled to it.

        Raises:
            LocalMisuse: it listens already.
        """
        if node in self._backlogs:
            raise LocalMisuse(f"{node} listens already")
        self._backlogs[node], receive = trio.open_memory_channel[MemoryChannel](BACKLOG_MAX)
        return receive

    def close_backlog(self, node: str) -> None:
        """`node` listens no more."""
        del self._backlogs[node]

    def _live(self) -> list[tuple[MemoryChannel, MemoryChannel]]:
        return [pair for pair in self._channels if not (pair[0].dead or pair[1].dead)]


class MemoryChannel:
    """One end of a channel; see `wire.channel.Channel`."""

    def __init__(self, network: MemoryNetwork, number: int, node: str, other: str) -> None:
        self.ends = (node, other)
        self.dead = False
        self.peer: MemoryChannel = self
        self._network = network
        self._number = number
        self._inbox: deque[tuple[float, bytes]] = deque()
        self._ended = False  # the peer has closed: nothing comes after what is in the inbox
        self._latest = 0.0
        self._changed = trio.lowlevel.ParkingLot()

    async def send(self, frame: bytes) -> None:
        """Hand over one frame; waits while `QUEUE_FRAMES_MAX` are in flight."""
        if len(frame) > FRAME_BYTES_MAX:
            raise LocalMisuse(f"a frame has at most {FRAME_BYTES_MAX} bytes")
        await trio.lowlevel.checkpoint()
        peer = self.peer
        while len(peer.inbox) >= QUEUE_FRAMES_MAX and not self.dead:
            await self._changed.park()
        if self.dead or self._ended:
            raise ChannelClosed("the link is gone")
        try:
            delivered = self._network.passing(self._number, *self.ends, frame)
        except ChannelClosed:
            self.die()
            raise
        for each in delivered:
            peer.deliver(each, self._network.delay_s())

    async def receive(self) -> bytes:
        """The next frame, when its delay is over and no partition holds it."""
        await trio.lowlevel.checkpoint()
        node, other = self.ends
        while not self.dead:
            wake_at = float("inf")
            if self._inbox and not self._network.is_held(other, node):
                wake_at, frame = self._inbox[0]
                if wake_at <= trio.current_time():
                    self._inbox.popleft()
                    self.peer.wake()
                    return frame
            elif not self._inbox and self._ended:
                break
            with trio.move_on_at(wake_at):
                await self._changed.park()
        raise ChannelClosed("the link is gone")

    async def aclose(self) -> None:
        """Close: the peer still gets what is in flight, then the end."""
        if not self.dead:
            self.dead = True
            self.peer.end()
            self.wake()
        await trio.lowlevel.checkpoint()

    @property
    def inbox(self) -> Collection[tuple[float, bytes]]:
        """What is on its way to this end: when it arrives, and the frame."""
        return self._inbox

    def deliver(self, frame: bytes, delay_s: float) -> None:
        """Put a frame on its way to this end, behind those that are; also for an attacker."""
        self._latest = max(self._latest, trio.current_time() + delay_s)
        self._inbox.append((self._latest, frame))
        self.wake()

    def end(self) -> None:
        """The other end has closed."""
        self._ended = True
        self.wake()

    def die(self) -> None:
        """Both ends are gone at once, with everything in flight."""
        self.vanish()
        self.peer.vanish()

    def vanish(self) -> None:
        """This end is gone, with what was on its way to it."""
        self.dead = True
        self._inbox.clear()
        self.wake()

    def wake(self) -> None:
        """Something changed for whoever waits at this end."""
        self._changed.unpark_all()


class MemoryDialer:
    """Dials from one node; see `wire.channel.Dialer`."""

    def __init__(self, network: MemoryNetwork, node: str) -> None:
        self._network = network
        self._node = node

    async def dial(self, address: str) -> MemoryChannel:
        """A channel to `memory://name`."""
        return await self._network.connect(self._node, address)


class MemoryListener:
    """Accepts channels for one node; see `wire.channel.Listener`."""

    def __init__(self, network: MemoryNetwork, node: str) -> None:
        self._network = network
        self._node = node

    async def serve(
        self,
        handler: ChannelHandler,
        *,
        task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept until cancelled."""
        backlog = self._network.open_backlog(self._node)
        try:
            async with trio.open_nursery() as nursery:
                task_status.started(SCHEME + self._node)
                async for channel in backlog:
                    nursery.start_soon(_attend, handler, channel)
        finally:
            self._network.close_backlog(self._node)


async def _attend(handler: ChannelHandler, channel: MemoryChannel) -> None:
    try:
        await handler(channel)
    except WireError:
        pass
    finally:
        await channel.aclose()


__all__ = [
    "BACKLOG_MAX",
    "CALM",
    "QUEUE_FRAMES_MAX",
    "SCHEME",
    "MemoryChannel",
    "MemoryDialer",
    "MemoryListener",
    "MemoryNetwork",
    "Passing",
    "Tap",
    "Weather",
]
