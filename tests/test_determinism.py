"""The ground that every simulation stands on: one seed, one trace; and alarms that do ring."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nacl.utils
import pytest
import trio
import trio.testing
from trio._core import _run as trio_run

from tests.kit.determinism import run_seeded, seeded_scheduling, stream
from tests.kit.tripwires import WIRES, OutsideTouched, tripwires

RUNS = 50


async def race() -> str:
    """Twenty runners pass the same three gates at the same moments; the trace is who came when."""
    trace: list[str] = []

    async def runner(name: int) -> None:
        for gate in range(3):
            with trio.move_on_after(10):
                await trio.sleep(1)
            trace.append(f"{trio.current_time()}:{gate}:{name}")

    async with trio.open_nursery() as nursery:
        for name in range(20):
            nursery.start_soon(runner, name)
    return hashlib.sha256("\n".join(trace).encode()).hexdigest()


def on_virtual_time() -> str:
    return trio.run(race, clock=trio.testing.MockClock(autojump_threshold=0))


@contextmanager
def heap_disturbed(run: int) -> Iterator[None]:
    """Put objects at other addresses in each run, as other code in the process would."""
    ballast = [bytearray(random.Random(run).randrange(16, 512)) for _ in range(500 + 37 * run)]
    del ballast[run % 3 :: 3]
    yield


def test_one_seed_gives_one_trace() -> None:
    """Fifty runs, with memory laid out differently each time."""
    traces = set()
    for run in range(RUNS):
        with heap_disturbed(run):
            traces.add(run_seeded(race, seed=7))

    assert len(traces) == 1


def test_different_seeds_give_different_traces() -> None:
    """A seed that changed nothing would explore nothing."""
    assert len({run_seeded(race, seed) for seed in range(RUNS)}) > RUNS // 2


def test_without_the_seed_traces_differ() -> None:
    """The first switch: trio's own dice have to be loaded."""
    trio_run._r.seed(0)
    traces = {on_virtual_time() for _ in range(RUNS)}

    assert len(traces) > 1


def test_the_seed_alone_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second switch: unless batches are sorted first, their order is that of addresses."""
    monkeypatch.setattr(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", False)
    traces = set()
    for run in range(RUNS):
        trio_run._r.seed(7)
        with heap_disturbed(run):
            traces.add(on_virtual_time())

    assert len(traces) > 1


def test_the_switches_are_put_back() -> None:
    """A seeded run leaves no mark on the tests after it."""
    allowed, order = trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r.getstate()
    with pytest.raises(ZeroDivisionError), seeded_scheduling(1):
        raise ZeroDivisionError

    assert allowed == trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    assert order == trio_run._r.getstate()


def test_another_process_gives_the_same_trace() -> None:
    """Neither the hash seed nor the address space of the process shows."""
    script = (
        "from tests.kit.determinism import run_seeded; from tests.test_determinism import race;"
        " print(run_seeded(race, seed=7))"
    )
    other = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert other.stdout.strip() == run_seeded(race, seed=7)


def test_streams_of_chance_are_separate() -> None:
    """Same purpose, same draws; another purpose, other draws."""
    assert stream(1, "net").random() == stream(1, "net").random()
    assert stream(1, "net").random() != stream(1, "faults").random()
    assert stream(1, "net").random() != stream(2, "net").random()


def test_a_pure_story_trips_no_wire() -> None:
    """trio, its clock and seeded chance go on working under the alarms."""

    async def story() -> float:
        await trio.sleep(3600)
        return stream(1, "story").random()

    with tripwires():
        assert run_seeded(story, seed=1) == stream(1, "story").random()


# Lambdas, so that each function is looked up while the alarms are on.
OFFENDERS: dict[str, Callable[[], object]] = {
    "the time of day": lambda: time.time(),
    "a nap": lambda: time.sleep(0),
    "the system's entropy": lambda: os.urandom(1),
    "a fresh id": lambda: uuid.uuid4(),
    "the module's dice": lambda: random.random(),
    "the module's choice": lambda: random.choice([1]),
    "a thread": lambda: threading.Thread(target=int).start(),
    "trio's threads": lambda: trio.to_thread.run_sync(int),
    "a socket": lambda: trio.open_tcp_stream("127.0.0.1", 1),  # noqa: ASYNC105 - never begins
    "nacl's entropy": lambda: nacl.utils.random(1),
}


@pytest.mark.parametrize("name", OFFENDERS)
def test_whoever_touches_the_outside_is_caught(name: str) -> None:
    """Each planted offender rings; afterwards all is as before."""
    before = [getattr(owner, wire, None) for owner, wire in WIRES]

    with tripwires(), pytest.raises(OutsideTouched):
        OFFENDERS[name]()

    assert before == [getattr(owner, wire, None) for owner, wire in WIRES]
