"""The light goes out: office, terminal and desk lose their power at every point of one case."""

from __future__ import annotations

import pytest

from tests.stories.power_cuts import DESK, OFFICE, TERMINAL, play

STRIDES = {OFFICE: 1, TERMINAL: 1, DESK: 2}
"""Every so many points of a node are tried: all commits, every other frame."""


@pytest.mark.parametrize("node", STRIDES)
def test_a_node_loses_its_power_at_any_point(node: str) -> None:
    """It comes back with its disk, and the card is issued, once."""
    _, points = play({})
    tried = range(points.first[node] + 1, points.last[node] + 1, STRIDES[node])
    print(f"{node}: points {tried}")  # noqa: T201 - says what was sampled
    jobs = {point: play({node: (point,)})[0] for point in tried}

    assert {} == {point: job.state for point, job in jobs.items() if job.state != "CLOSED"}
    assert {} == {point: job.breaches for point, job in jobs.items() if job.breaches}
