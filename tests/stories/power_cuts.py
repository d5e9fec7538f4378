"""One card from beginning to end, while a node loses its power or room on its disk at one point.

Between two side effects only volatile state changes, so losing power before and after every commit
(and, for a desk that commits nothing, at every frame) stands for losing it at any moment.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import trio

from backoffice.catalogue import products
from backoffice.desk.clerk import DeskClerk
from terminal.clerk import Clerk, StuckError
from terminal.program import Terminal
from tests.kit.bank import DESK_PASSCODE, Bank
from tests.kit.determinism import run_seeded
from tests.kit.disk import Refuse, full
from tests.kit.invariants import Breach
from tests.simulation.node import Node
from tests.simulation.trace import Trace
from tests.stories.cast import STORY_S_MAX, signed_in, until, watched_bank
from wire.memory import Passing

OFFICE, DESK, TERMINAL = "office", "D-1", "T-1"
SEED = 1


class Played(msgspec.Struct, frozen=True):
    """What came of one job.

    Attributes:
        state: the case's last.
        breaches: of the invariants.
        first: how many points each node had passed when everybody was there.
        last: how many at the end.
    """

    state: str
    breaches: tuple[Breach, ...]
    first: dict[str, int]
    last: dict[str, int]


@dataclass
class Job:
    """The bank of one run, and what has become of its one case."""

    bank: Bank
    case_id: str = ""
    state: str = ""
    frames: int = 0

    def counts(self) -> dict[str, int]:
        """Where every node's count of points stands."""
        disks = self.bank.disks
        return {DESK: self.frames} | {name: disks[name].point for name in (OFFICE, TERMINAL)}

    async def finish(self, terminal: Terminal, clerk: Clerk) -> None:
        """Begin the case, or go on with it, until it is at its end."""
        while not self.state:
            # What the tablet lists: a case whose beginning was not confirmed may be there.
            listed = [draft.case_id for _, draft in terminal.drafts.newest_first()]
            try:
                self.case_id = self.case_id or (listed or [await clerk.begin("debit_card")])[0]
                await until(lambda: terminal.drafts.look(self.case_id) is not None)
                self.state = (await clerk.finish(self.case_id)).state
            except StuckError:
                await trio.sleep(1.0)


Points = Mapping[str, Collection[int]]
"""By node."""


def play(cuts: Points) -> Played:
    """Issue one card; cut the power of nodes at their points."""
    return run_seeded(partial(_story, cuts, {}), SEED)


def play_full(refused: Points) -> Played:
    """Issue one card; the disks of nodes refuse the commits of these numbers, counted from 1."""
    return run_seeded(partial(_story, {}, refused), SEED)


def _refuse(numbers: Collection[int]) -> Refuse:
    counted = itertools.count(1)
    return lambda _batch: full() if next(counted) in numbers else None


async def _story(cuts: Points, refused: Points) -> Played:
    bank, invariants = watched_bank("power")
    job, trace = Job(bank), Trace()
    ready, done = trio.Event(), trio.Event()
    first: dict[str, int] = {}

    async def office() -> None:
        async with bank.office():
            ready.set()
            await trio.sleep_forever()

    async def desk() -> None:
        await ready.wait()
        async with bank.desk(1) as at:
            await DeskClerk(at, "2001", DESK_PASSCODE).work()

    async def terminal() -> None:
        await ready.wait()
        async with bank.terminal(1) as at:
            clerk = await signed_in(at)
            first.update(first or job.counts())
            await job.finish(at, clerk)
            done.set()
            await trio.sleep_forever()

    lives = {OFFICE: office, DESK: desk, TERMINAL: terminal}
    nodes = {n: Node(n, bank, life, random.Random(n), trace) for n, life in lives.items()}
    for name in (OFFICE, TERMINAL):
        bank.disk(name).crash_at = frozenset(cuts.get(name, ()))
        bank.disk(name).disk.refuse = _refuse(refused.get(name, ()))

    def tap(passing: Passing) -> Sequence[bytes]:
        if DESK in (passing.source, passing.destination):
            job.frames += 1
            if job.frames in cuts.get(DESK, ()):
                nodes[DESK].crash()
                return ()
        return (passing.frame,)

    bank.network.tap = tap
    async with trio.open_nursery() as nursery:
        for node in nodes.values():
            nursery.start_soon(node.run)
        with trio.fail_after(STORY_S_MAX):
            await done.wait()
            # What the case still owes is done after its end: the slip.
            await until(lambda: not bank.owed())
        nursery.cancel_scope.cancel()
    invariants.at_end({name: disk.disk for name, disk in bank.disks.items()}, products())
    return Played(job.state, tuple(invariants.breaches), first, job.counts())


__all__ = ["DESK", "OFFICE", "TERMINAL", "Played", "Points", "play", "play_full"]
