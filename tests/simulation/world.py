"""One run: an office, three desks and a few terminals under the faults of one seed, in one process.

Two phases. First everything goes wrong that the seed's plan holds; then faults end, and every case
must reach an end within `LIVENESS_S` (invariant I13). What must hold is checked by
`tests.kit.invariants` from the disks. Nothing of a run depends on anything but its seed.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

import msgspec
import trio

from backoffice.authorization.hours import DeskHours, Desks, Window, expiry_ms
from backoffice.authorization.levels import Locality
from backoffice.cases.terms import Terms
from backoffice.catalogue import products
from backoffice.customers.feed import CONSUMERS
from backoffice.desk.clerk import DeskClerk
from backoffice.program import Room
from supervisors import State as NodeState
from supervisors import snapshot
from supervisors.snapshot import Node as TreeNode
from tests.kit.bank import (
    CENTRE,
    DESK_PASSCODE,
    TELLER_PASSCODE,
    Bank,
    authorizer,
    centre_authorizer,
    teller,
)
from tests.kit.closing import published
from tests.kit.determinism import run_seeded, stream
from tests.kit.invariants import Breach, Invariants
from tests.kit.outside import EPOCH_MS
from tests.kit.tripwires import tripwires
from tests.simulation.deck import deal
from tests.simulation.nemesis import Misconduct, Nemesis
from tests.simulation.node import Node
from tests.simulation.people import Memory, Teller, judge_of
from tests.simulation.settlers import Settler
from tests.simulation.swarm import Plan, draw
from tests.simulation.trace import Trace

DESKS: Final = 3
"""An A4 case takes two people, also where its union decides; the last desk is the centre's."""

LIVENESS_S: Final = 1_800.0
"""After faults end, every case must have reached its end within this, in virtual seconds: leases
and inquiries of five minutes, retries of one, and the people's own pace.
"""

LOOK_S: Final = 1.0

HOURS: Final = DeskHours(
    windows=(Window("08:30", "24:00"),), weekdays=(1, 2, 3, 4, 5, 6, 7), least_minutes=1
)
"""Desks close when the day ends: one night holds all that happens only at either."""

MIDNIGHT_MS: Final = expiry_ms(EPOCH_MS, Desks(HOURS, HOURS), Locality.UNION)
"""The end of the day on which the bank of glass lives, Unix milliseconds."""


PATIENCE: Final = Terms(inquiries_max=3, manual_ms_first=60_000, manual_ms_max=5 * 60_000)
"""A partner that is dead for a quarter of a minute is given up; it is asked on by the minute."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of one seed.

    Attributes:
        trace: hash of everything that happened (invariant I14).
        virtual_s: how long it took, in virtual seconds.
        frames: handed to the network.
        counts: of faults, by kind.
        cases: by final state.
        closed: cases that ended well, by product.
        breaches: what must hold and did not.
    """

    seed: int
    trace: str
    virtual_s: float
    frames: int
    events: int
    counts: dict[str, int]
    cases: dict[str, int]
    closed: dict[str, int]
    breaches: tuple[Breach, ...]


class World:
    """The nodes of one run and the people at them."""

    def __init__(self, seed: int, plan: Plan, trace: Trace) -> None:
        self._seed = seed
        self._plan = plan
        self._trace = trace
        self.invariants = Invariants(trio.current_time)
        self.bank = Bank(
            f"sim-{seed}",
            plan.terminals,
            DESKS,
            members=(
                *(teller(number) for number in range(1, plan.terminals + 1)),
                *(authorizer(number) for number in range(1, DESKS)),
                centre_authorizer(DESKS),
            ),
            places={f"D-{DESKS}": CENTRE},
            kit_faults=plan.kit,
            watch=self.invariants.watch,
            conducts=Misconduct(seed, plan, trace),
            desk_hours=HOURS,
            room=Room(cases=plan.cases_live, records=plan.cases_live),
            requests_max=plan.requests_max,
            strays=plan.strays,
            terms=PATIENCE,
            begins_ms=MIDNIGHT_MS - int(plan.begins_s * 1000),
        )
        self._products = products()
        self._hands = deal(seed, self._products, plan.terminals, plan.errands)
        self._memories = {n: Memory() for n in range(1, plan.terminals + 1)}
        self._open = trio.Event()
        self._nodes = self._make_nodes()
        self._nemesis = Nemesis(seed, plan, self.bank, self._nodes, trace)

    async def run(self) -> None:
        """Both phases, then the last look."""
        async with trio.open_nursery() as nursery:
            for node in self._nodes:
                nursery.start_soon(node.run)
            await self._open.wait()
            await self._nemesis.rage(self._is_over, nursery)
            await self._nemesis.wait_for_the_dead(self._is_over)
            with trio.move_on_after(LIVENESS_S):
                while not self._is_over():  # noqa: ASYNC110 - disks have no event
                    await trio.sleep(LOOK_S)
            self._look_at_tree()
            nursery.cancel_scope.cancel()
        self._look_at_end()

    # ---- lives

    def _make_nodes(self) -> list[Node]:
        lives: dict[str, Callable[[], Awaitable[None]]] = {"office": self._office}
        lives |= {f"D-{n}": partial(self._desk, n) for n in range(1, DESKS + 1)}
        lives |= {f"T-{n}": partial(self._terminal, n) for n in self._memories}
        return [
            Node(name, self.bank, life, stream(self._seed, f"node:{name}"), self._trace)
            for name, life in lives.items()
        ]

    async def _office(self) -> None:
        async with self.bank.office() as office:
            self._nemesis.office = office
            self._open.set()
            await trio.sleep_forever()

    async def _desk(self, number: int) -> None:
        await self._open.wait()
        async with self.bank.desk(number) as desk:
            judge = judge_of(self._seed)
            noted = partial(self._trace.note, f"D-{number}")
            clerk = DeskClerk(desk, f"200{number}", DESK_PASSCODE, judge, noted)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(clerk.work)
                if self._plan.settle and number < DESKS:
                    settled = partial(self._trace.note, "settle")
                    settler = Settler(desk, number, self.bank, self.invariants.books, settled)
                    nursery.start_soon(settler.work)

    async def _terminal(self, number: int) -> None:
        await self._open.wait()
        async with self.bank.terminal(number) as terminal:
            teller = Teller(
                terminal,
                f"100{number}",
                self._memories[number],
                self._seed,
                [self._products[code] for code in self._hands[number - 1]],
                tuple((f"100{other}", TELLER_PASSCODE) for other in self._memories),
                self.bank.read_phone,
                partial(self._trace.note, f"T-{number}"),
                self._plan.doubts,
                partial(self._trace.note, "doubt"),
            )
            await teller.work()
            await trio.sleep_forever()

    # ---- the end

    def _is_over(self) -> bool:
        return not self._left()

    def _left(self) -> list[str]:
        """Who is not done, and whose effects are due."""
        left = [f"teller {number}" for number, memory in self._memories.items() if not memory.done]
        left += [f"{case_id} is not heard" for case_id in self.invariants.unheard()]
        return left + self.bank.owed() + [f"feed {name}" for name in self._lacking()]

    def _lacking(self) -> list[str]:
        """The consumers that do not have what was published, and so will get it."""
        office = self.bank.disk("office").disk
        return [
            consumer.name
            for consumer in CONSUMERS
            if not self.bank.consumers[consumer.name].has(published(office, consumer))
        ]

    def _look_at_tree(self) -> None:
        office = self._nemesis.office
        assert office is not None
        assert office.tree is not None
        for node in _all(snapshot(office.tree)):
            well = node.state not in (NodeState.FAILED, NodeState.WEDGED)
            self.invariants.hold("I13", f"{node.path} is {node.state}: {node.last_error}", well)

    def _look_at_end(self) -> None:
        hold = self.invariants.hold
        left = self._left()
        hold("I13", f"{len(left)} have work to do: {left[:5]}", not left)
        for number, memory in self._memories.items():
            streams = self.bank.disk(f"T-{number}").disk.streams
            for case_id in memory.begun:
                hold("I1", f"T-{number} has forgotten {case_id}", f"draft/{case_id}" in streams)
        disks = {name: disk.disk for name, disk in self.bank.disks.items()}
        self.invariants.at_end(disks, self._products, consumers=self.bank.consumers)


def _all(node: TreeNode) -> list[TreeNode]:
    return [node, *(below for child in node.children for below in _all(child))]


def _innermost(error: BaseException) -> BaseException:
    """What is inside a group of groups; the rest is in its traceback."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@contextmanager
def _no_collection() -> Iterator[None]:
    """Cyclic garbage is collected between runs: when it is within one would depend on the process,
    and pools forget passive actors by weak reference.
    """
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def simulate(seed: int, plan: Plan | None = None, trace: Trace | None = None) -> Outcome:
    """Run one seed; with the same seed and plan the same happens."""
    plan = plan if plan is not None else draw(seed)
    trace = trace if trace is not None else Trace()
    worlds: list[World] = []

    async def story() -> float:
        worlds.append(World(seed, plan, trace))
        await worlds[0].run()
        return trio.current_time()

    with ExitStack() as stack:
        stack.enter_context(tripwires())
        stack.enter_context(_no_collection())
        try:
            virtual_s = run_seeded(story, seed)
        except Exception as error:
            # Nothing that a node meets may end the bank; whatever does is a breach of its own.
            what = f"the run ended: {_innermost(error)!r}"
            worlds[0].invariants.breaches.append(Breach("I13", 0.0, what))
            virtual_s = 0.0
    (world,) = worlds
    counts = {kind: count for kind, count in trace.counts.items() if kind[1] != "-"}
    return Outcome(
        seed=seed,
        trace=trace.digest,
        virtual_s=virtual_s,
        frames=world.bank.network.frames,
        events=world.invariants.events,
        counts=counts,
        cases=world.invariants.ends(),
        closed=world.invariants.closed(),
        breaches=tuple(world.invariants.breaches),
    )


__all__ = ["DESKS", "LIVENESS_S", "Outcome", "World", "simulate"]
