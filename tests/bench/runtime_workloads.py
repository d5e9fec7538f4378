"""What the runtime is measured with: each workload is a story told many times.

Every function opens its own system and returns nanoseconds per operation: of CPU time, because
machines are shared. `checkpoint` is the yardstick C that all targets are ratios of. Memory is
measured in a process of its own (`python -m tests.bench.runtime_workloads 100000`), because one
that has worked before fills holes instead of growing.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

import trio

from actors import Actor, Cell, Inbox, Process, Ref, on, open_system
from actors.outside import production_outside
from supervisors import ChildSpec, Intensity, Strategy, SupervisorSpec, open_tree
from supervisors.child_spec import RESTARTS_MAX
from tests.bench.source import Samples, Size, Source
from tests.kit.running import run_real
from wire.message import Message, Request

clock_ns = time.process_time_ns

WARM_UP = 100
CROWD = 1_000
IDLE_ACTORS = 100_000


class Ping(Request["Ping"], frozen=True, gc=False):
    """Is echoed as it is, as the peers do it."""

    seq: int


class Note(Message, frozen=True, gc=False):
    seq: int


class Token(Message, frozen=True, gc=False):
    hops: int


class Burn(Message, frozen=True, gc=False):
    seq: int


class Echo(Actor):
    mailbox_capacity = 100_000

    def __init__(self) -> None:
        self.seen = 0

    @on(Ping)
    def ping(self, message: Ping) -> Ping:
        return message

    @on(Note)
    def note(self, message: Note) -> None:
        self.seen += 1

    @on(Burn)
    def burn(self, message: Burn) -> None:
        raise ValueError(message.seq)


class Hop(Actor):
    next: Ref

    def __init__(self, over: trio.Event) -> None:
        self.over = over

    @on(Token)
    def token(self, message: Token) -> None:
        if message.hops:
            self.next.tell(Token(message.hops - 1))
        else:
            self.over.set()


class Feeder(Actor):
    def __init__(self, sink: Ref) -> None:
        self.sink = sink

    @on(Note)
    def note(self, message: Note) -> None:
        self.sink.tell(message)


class EchoProcess(Process):
    async def run(self, inbox: Inbox) -> None:
        async for delivery in inbox:
            delivery.reply(delivery.message)


async def checkpoint(count: int) -> float:
    """C: one task lets others run, and there are none."""
    begin = clock_ns()
    for _ in range(count):
        await trio.lowlevel.checkpoint()
    return (clock_ns() - begin) / count


async def ask(count: int) -> float:
    """One client, one reactive actor."""
    async with open_system("bench", production_outside()) as system:
        echo = system.spawn("echo", Echo)
        for seq in range(WARM_UP):
            await echo.ask(Ping(seq), within=5)
        begin = clock_ns()
        for seq in range(count):
            await echo.ask(Ping(seq), within=5)
        return (clock_ns() - begin) / count


async def ask_many(count: int) -> float:
    """A thousand clients, each with its own actor."""
    async with open_system("bench", production_outside()) as system:
        echoes = [system.spawn(f"echo{index}", Echo) for index in range(CROWD)]

        async def client(echo: Ref) -> None:
            for seq in range(count // CROWD):
                await echo.ask(Ping(seq), within=5)

        begin = clock_ns()
        async with trio.open_nursery() as nursery:
            for echo in echoes:
                nursery.start_soon(client, echo)
        return (clock_ns() - begin) / count


async def tell(count: int) -> float:
    """One producer that lets others run after every hundred messages; handling included."""
    async with open_system("bench", production_outside()) as system:
        echo = system.spawn("echo", Echo)
        begin = clock_ns()
        for seq in range(count):
            echo.tell(Note(seq))
            if seq % 100 == 99:
                await trio.lowlevel.checkpoint()
        await echo.ask(Ping(0), within=5)
        return (clock_ns() - begin) / count


async def ring(count: int, tokens: int = 1) -> float:
    """A token, or several, around a ring of a thousand actors; per hop."""
    async with open_system("bench", production_outside()) as system:
        overs = trio.Event()
        hops = [Hop(overs) for _ in range(CROWD)]
        refs = [system.spawn(f"hop{index}", lambda hop=hop: hop) for index, hop in enumerate(hops)]  # type: ignore[misc]  # a default binds the loop's variable
        for hop, ref in zip(hops, refs[1:] + refs[:1], strict=True):
            hop.next = ref
        begin = clock_ns()
        for index in range(tokens):
            refs[index * CROWD // tokens].tell(Token(count // tokens))
        await overs.wait()
        return (clock_ns() - begin) / count


async def fan_in(count: int) -> float:
    """A thousand actors tell one; per message that arrived."""
    async with open_system("bench", production_outside()) as system:
        sink = system.spawn("sink", Echo)
        feeders = [system.spawn(f"feeder{i}", lambda: Feeder(sink)) for i in range(CROWD)]
        begin = clock_ns()
        for _ in range(count // CROWD):
            for feeder in feeders:
                feeder.tell(Note(0))
            await trio.lowlevel.checkpoint()
        await sink.ask(Ping(0), within=5)
        return (clock_ns() - begin) / count


async def process_ask(count: int) -> float:
    """One client, one process actor: two switches of task per ask."""
    async with open_system("bench", production_outside()) as system:
        echo = system.spawn("echo", EchoProcess)
        for seq in range(WARM_UP):
            await echo.ask(Ping(seq), within=5)
        begin = clock_ns()
        for seq in range(count):
            await echo.ask(Ping(seq), within=5)
        return (clock_ns() - begin) / count


async def spawn_stop(count: int) -> float:
    """Make an actor, start it, stop it."""
    async with open_system("bench", production_outside()) as system:
        begin = clock_ns()
        cells = [system.spawn(f"echo{index}", Echo) for index in range(count)]
        for cell in cells:
            assert isinstance(cell, Cell)
            cell.stop()
        return (clock_ns() - begin) / count


async def crash_restart_ask(count: int) -> float:
    """Crash on one message, be restarted by a real supervisor, answer the next request."""
    assert count <= RESTARTS_MAX, "more than a supervisor is ever allowed"
    intensity = Intensity(RESTARTS_MAX, 5.0)
    spec = SupervisorSpec("top", Strategy.ONE_FOR_ONE, intensity, (ChildSpec("echo", Echo),))
    async with (
        open_system("bench", production_outside()) as system,
        open_tree(system, spec) as tree,
    ):
        echo = tree.ref("/top/echo")
        begin = clock_ns()
        for seq in range(count):
            echo.tell(Burn(seq))
            await echo.ask(Ping(seq), within=5)
        return (clock_ns() - begin) / count


async def idle_memory(count: int) -> float:
    """Resident bytes per idle reactive actor, in this process."""
    async with open_system("bench", production_outside()) as system:
        gc.collect()
        before = resident_bytes()
        cells = [system.spawn(f"echo{index}", Echo) for index in range(count)]
        gc.collect()
        return (resident_bytes() - before) / len(cells)


def resident_bytes() -> int:
    """The process's resident set, in bytes; Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmRSS")


def fresh_process(size: Size) -> Samples:
    """`idle_memory` in a process that has done nothing yet."""
    command = (sys.executable, "-m", __name__, str(size.count(IDLE_ACTORS)))
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    return {"": [float(done.stdout)]}


def timed(workload: Callable[[int], Awaitable[float]], count: int) -> Source:
    """A workload as a source."""

    def take(size: Size) -> Samples:
        return {"": [run_real(partial(workload, size.count(count)))]}

    return take


SHORT: Final[dict[str, Source]] = {
    "checkpoint": timed(checkpoint, 10_000),
    "ask": timed(ask, 10_000),
    "ask_many": timed(ask_many, 20_000),
    "tell": timed(tell, 50_000),
    "ring": timed(ring, 50_000),
    "ring_100": timed(partial(ring, tokens=100), 50_000),
    "fan_in": timed(fan_in, 50_000),
    "process_ask": timed(process_ask, 4_000),
    "spawn_stop": timed(spawn_stop, 10_000),
    "crash_restart_ask": timed(crash_restart_ask, 4_000),
}
"""Milliseconds each."""

LONG: Final[dict[str, Source]] = {"idle_memory": fresh_process}


if __name__ == "__main__":
    sys.stdout.write(f"{run_real(partial(idle_memory, int(sys.argv[1])))}\n")


__all__ = ["LONG", "SHORT"]
