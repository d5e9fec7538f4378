"""The light goes out: office, terminal and desk lose their power at every point of one case."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.stories.power_cuts import DESK, OFFICE, TERMINAL, play

STRIDES = {OFFICE: 1, TERMINAL: 1, DESK: 2}
"""Every so many points of a node are tried: all commits, every other frame."""

WORKERS = 2


def test_a_node_loses_its_power_at_any_point() -> None:
    """It comes back with its disk, if it has one, and the card is issued, once."""
    calm = play({})
    tried = [
        (node, point)
        for node, stride in STRIDES.items()
        for point in range(calm.first[node] + 1, calm.last[node] + 1, stride)
    ]
    print(f"power cut at {tried}")  # noqa: T201 - says what was sampled
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        played = list(pool.map(play, [{node: (point,)} for node, point in tried], chunksize=8))

    ends = {at: one for at, one in zip(tried, played, strict=True) if one.state != "CLOSED"}
    assert {} == ends
    assert {} == {at: one for at, one in zip(tried, played, strict=True) if one.breaches}
