"""The light goes out, or the disk is full, at every point of one case."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.stories.power_cuts import DESK, OFFICE, TERMINAL, Played, Points, play, play_full

STRIDES = {OFFICE: 1, TERMINAL: 1, DESK: 2}
"""Every so many points of a node are tried: all commits, every other frame."""

WORKERS = 2

At = tuple[str, int]
"""A node, and a point of it."""


@pytest.mark.storm
def test_a_node_loses_its_power_at_any_point() -> None:
    """It comes back with its disk, if it has one, and the card is issued, once."""
    calm = play({})
    tried = [
        (node, point)
        for node, stride in STRIDES.items()
        for point in range(calm.first[node] + 1, calm.last[node] + 1, stride)
    ]
    print(f"power cut at {tried}")  # noqa: T201 - says what was sampled
    assert_well(tried, everywhere(play, tried))


@pytest.mark.storm
def test_a_disk_refuses_any_commit() -> None:
    """Nothing was said to be there that is not, and nobody waits for ever."""
    calm = play_full({})
    tried = [
        (node, number)
        for node in (OFFICE, TERMINAL)
        for number in range(calm.first[node] // 2 + 1, calm.last[node] // 2 + 1)
    ]
    assert_well(tried, everywhere(play_full, tried))


def everywhere(played: Callable[[Points], Played], tried: list[At]) -> list[Played]:
    """One job for each."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        return list(pool.map(played, [{node: (point,)} for node, point in tried], chunksize=8))


def assert_well(tried: list[At], played: list[Played]) -> None:
    """Every card was issued, and nothing that must hold was broken."""
    jobs = list(zip(tried, played, strict=True))
    assert {} == {at: one for at, one in jobs if one.state != "CLOSED"}
    assert {} == {at: one for at, one in jobs if one.breaches}
