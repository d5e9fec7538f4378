"""One card from beginning to end, while one node loses its power at one chosen point.

Between two side effects only volatile state changes, so losing power before and after every commit
(and, for a desk that commits nothing, at every frame) stands for losing it at any moment.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import trio

from backoffice.desk.clerk import DeskClerk
from backoffice.product import products
from terminal.clerk import StuckError
from tests.kit.bank import DESK_PASSCODE, Bank
from tests.kit.determinism import run_seeded
from tests.kit.disk import SimulatedDisk
from tests.kit.invariants import Breach
from tests.simulation.node import Node
from tests.simulation.trace import Trace
from tests.stories.cast import STORY_S_MAX, signed_in, until, watched_bank
from wire.memory import Passing

OFFICE, DESK, TERMINAL = "office", "D-1", "T-1"
SEED = 1


@dataclass
class Points:
    """How many points each node passes in one undisturbed job, from when everybody is there."""

    first: dict[str, int]
    last: dict[str, int]


@dataclass
class Job:
    """The bank of one run, and what has become of its one case."""

    bank: Bank
    case_id: str = ""
    state: str = ""
    frames: int = 0
    breaches: list[Breach] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Where every node's count of points stands."""
        disks: dict[str, SimulatedDisk] = self.bank.disks
        return {DESK: self.frames} | {name: disks[name].point for name in (OFFICE, TERMINAL)}


def play(cuts: dict[str, Sequence[int]]) -> tuple[Job, Points]:
    """Issue one card; cut the power of nodes at their points."""

    async def story() -> tuple[Job, Points]:
        bank, invariants = watched_bank("power")
        job, trace = Job(bank), Trace()
        ready, done = trio.Event(), trio.Event()

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
                while not job.state:
                    try:
                        # What the page lists, a begun case that was not confirmed included.
                        listed = [row.case_id for row in at.state().cases]
                        job.case_id = job.case_id or (listed or [await clerk.begin("debit_card")])[0]
                        await until(lambda: at.drafts.look(job.case_id) is not None)
                        job.state = (await clerk.finish(job.case_id)).state
                    except StuckError:
                        await trio.sleep(1.0)
                done.set()
                await trio.sleep_forever()

        first: dict[str, int] = {}
        lives = {OFFICE: office, DESK: desk, TERMINAL: terminal}
        nodes = {n: Node(n, bank, life, random.Random(n), trace) for n, life in lives.items()}
        for name in (OFFICE, TERMINAL):
            bank.disk(name).crash_at = frozenset(cuts.get(name, ()))

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
        job.breaches = invariants.breaches
        return job, Points(first, job.counts())

    return run_seeded(story, SEED)
