"""pykka (an actor per thread) doing our workloads; see `tests.bench.peer` for how it is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pykka  # type: ignore[import-not-found,unused-ignore]  # only the bench extra has it

from tests.bench.serve_peer import serve

clock_ns = time.process_time_ns

WARM_UP = 100
CROWD = 1_000
SPAWNED_MAX = 1_000
"""Threads cost; more of them only make its figure worse."""


class Echo(pykka.ThreadingActor):  # type: ignore[misc,unused-ignore]  # untyped when absent
    def on_receive(self, message: object) -> object:
        return message


class Hop(pykka.ThreadingActor):  # type: ignore[misc,unused-ignore]  # untyped when absent
    def __init__(self, index: int, ring: list[pykka.ActorRef[Any]], over: threading.Event) -> None:
        super().__init__()
        self._index, self._ring, self._over = index, ring, over

    def on_receive(self, hops: int) -> None:
        if hops:
            self._ring[(self._index + 1) % len(self._ring)].tell(hops - 1)
        else:
            self._over.set()


def ask(count: int) -> float:
    echo = Echo.start()
    for seq in range(WARM_UP):
        echo.ask(seq)
    begin = clock_ns()
    for seq in range(count):
        echo.ask(seq)
    took = clock_ns() - begin
    echo.stop()
    return took / count


def tell(count: int) -> float:
    echo = Echo.start()
    begin = clock_ns()
    for seq in range(count):
        echo.tell(seq)
    echo.ask(0)
    took = clock_ns() - begin
    echo.stop()
    return took / count


def ring(count: int) -> float:
    over = threading.Event()
    hops: list[pykka.ActorRef[Any]] = []
    hops += [Hop.start(index, hops, over) for index in range(CROWD)]
    begin = clock_ns()
    hops[0].tell(count)
    over.wait()
    took = clock_ns() - begin
    pykka.ActorRegistry.stop_all()
    return took / count


def spawn_stop(count: int) -> float:
    count = min(count, SPAWNED_MAX)
    begin = clock_ns()
    echoes = [Echo.start() for _ in range(count)]
    for echo in echoes:
        echo.stop()
    return (clock_ns() - begin) / count


WORKLOADS: dict[str, Callable[[int], float]] = {
    "ask": ask,
    "tell": tell,
    "ring": ring,
    "spawn_stop": spawn_stop,
}

if __name__ == "__main__":
    serve(WORKLOADS)
