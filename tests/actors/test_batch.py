"""A batch is planned in memory before it is written, and meets what was planned before it."""

from __future__ import annotations

import pytest

from actors.store import (
    MAIN,
    Append,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    Event,
    Recorded,
    VersionConflict,
)
from actors.store.batch import Plan
from actors.store.memory import Disk


def append(stream: str, after: int, *bodies: bytes) -> Batch:
    events = tuple(Event("happened", body) for body in bodies)
    return Batch("mei", 1_000, appends=(Append(stream, after, events),))


def test_a_plan_sees_what_it_staged() -> None:
    """Within one group, the second batch meets the first one's versions and claims."""
    plan = Plan(Disk())
    plan.add(Batch("w", 1, appends=append("s", 0, b"a").appends, claims=(Claim("c", "k", "s"),)))

    with pytest.raises(VersionConflict):
        plan.add(append("s", 0, b"b"))
    with pytest.raises(ClaimConflict):
        plan.add(Batch("w", 1, claims=(Claim("c", "k", "t"),)))
    assert Committed(MAIN, 2) == plan.add(append("s", 1, b"b"))

    assert [1, 2] == [Recorded(*row).version for row in plan.events]
    assert [1, 2] == [seq for _, seq, _, _ in plan.entries]
