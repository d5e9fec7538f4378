"""Random trees on random days: whatever happens, some things always hold."""

from __future__ import annotations

from contextlib import suppress

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisors import (
    AnySpec,
    ChildSpec,
    Intensity,
    Restart,
    State,
    Strategy,
    SupervisionError,
    SupervisorFailed,
    SupervisorSpec,
    Tree,
    open_tree,
    snapshot,
)
from tests.kit.running import run
from tests.supervisors.toys import Boom, Broken, Courier, Diary, Leave, Teller, open_bank
from wire.backoff import Backoff

WORKERS = [f"w{number}" for number in range(8)]
DAYS = 100
QUIET_S = 60.0


def worker(name: str, traits: tuple[bool, float, Restart, Backoff | None]) -> ChildSpec:
    reactive, closing_s, restart, backoff = traits

    def start() -> Teller | Courier:
        return (
            Teller(name, diary_of_the_day)
            if reactive
            else Courier(name, diary_of_the_day, closing_s)
        )

    return ChildSpec(name, start, restart, shutdown_s=2.0, backoff=backoff)


diary_of_the_day = Diary()

traits = st.tuples(
    st.booleans(),
    st.sampled_from([0.0, 0.5, 10.0]),
    st.sampled_from(list(Restart)),
    st.sampled_from([None, None, Backoff(1, 4)]),
)


@st.composite
def trees(draw: st.DrawFn) -> SupervisorSpec:
    """Two branches with four workers each, in every kind of supervisor."""

    def supervisor(name: str, children: list[AnySpec]) -> SupervisorSpec:
        return SupervisorSpec(
            name,
            draw(st.sampled_from(list(Strategy))),
            Intensity(draw(st.integers(0, 4)), 10.0),
            children,
            backoff=draw(st.sampled_from([None, Backoff(1, 4)])),
        )

    workers: list[AnySpec] = [worker(name, draw(traits)) for name in WORKERS]
    left, right = supervisor("left", workers[:3]), supervisor("right", workers[3:6])
    return supervisor("top", [workers[6], left, right, workers[7]])


PATHS = {
    **{name: f"/top/left/{name}" for name in WORKERS[:3]},
    **{name: f"/top/right/{name}" for name in WORKERS[3:6]},
    **{name: f"/top/{name}" for name in WORKERS[6:]},
}

IN_START_ORDER = [WORKERS[6], *WORKERS[:6], WORKERS[7]]

deeds = st.lists(
    st.tuples(
        st.sampled_from(["boom", "boom", "leave", "terminate", "restart", "sick", "cure"]),
        st.sampled_from(WORKERS),
        st.sampled_from([0.0, 0.0, 0.3, 3.0]),
    ),
    max_size=25,
)


async def do(tree: Tree, deed: str, name: str) -> None:
    """One deed; that the addressee is just not there is part of the day."""
    path = PATHS[name]
    with suppress(SupervisionError, LookupError, Broken):
        if deed == "boom":
            tree.ref(path).tell(Boom())
        elif deed == "leave":
            tree.ref(path).tell(Leave())
        elif deed == "terminate":
            await tree.terminate_child(path)
        elif deed == "restart":
            await tree.restart_child(path)
        elif deed == "sick":
            diary_of_the_day.sick.add(name)
        else:
            diary_of_the_day.sick.clear()


@settings(max_examples=DAYS, deadline=None)
@given(trees(), deeds)
def test_every_day_ends_well(spec: SupervisorSpec, day: list[tuple[str, str, float]]) -> None:
    """No two incarnations at once, nobody left behind, the last stop in reverse order."""

    async def story() -> None:
        diary_of_the_day.__init__()  # type: ignore[misc]  # a fresh page for every example
        survived = False
        async with open_bank() as system:
            with suppress(SupervisorFailed):
                async with open_tree(system, spec) as tree:
                    for deed, name, pause_s in day:
                        await do(tree, deed, name)
                        await trio.sleep(pause_s)
                    diary_of_the_day.sick.clear()
                    await trio.sleep(QUIET_S)
                    check(tree)
                    diary_of_the_day.take()
                    survived = True
            stopped = [line[1:] for line in diary_of_the_day.lines if line[0] == "-"]
            assert [] == diary_of_the_day.overlaps
            assert set() == diary_of_the_day.alive
            assert {} == system.cells
            if survived:
                assert sorted(stopped, key=IN_START_ORDER.index, reverse=True) == stopped

    run(story)


def check(tree: Tree) -> None:
    """Whoever the snapshot says is running is alive, and nobody else is."""
    up = {node for node in snapshot(tree).walk() if node.state is State.RUNNING}
    shown = {node.path.rsplit("/", 1)[1] for node in up}
    assert diary_of_the_day.alive == shown & set(WORKERS)
