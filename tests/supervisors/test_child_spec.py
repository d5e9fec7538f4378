"""A specification that no tree could be built from is refused where it is written."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from actors import Actor
from supervisors.child_spec import (
    DEPTH_MAX,
    AnySpec,
    ChildSpec,
    Intensity,
    PoolSpec,
    Strategy,
    SupervisorSpec,
    depth,
    registered_names,
)
from supervisors.errors import BadNumber, BadSpec, DuplicateId


def _group(name: str, *children: AnySpec) -> SupervisorSpec:
    return SupervisorSpec(name, Strategy.ONE_FOR_ONE, Intensity(1, 5), children)


def _pool(limit: int = 1, passivate_s: float = 1) -> PoolSpec:
    return PoolSpec("cases", lambda key: Actor(), limit, passivate_s)


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: Intensity(-1, 5), BadNumber),
        (lambda: Intensity(1, math.inf), BadNumber),
        (lambda: Intensity(1, math.nan), BadNumber),
        (lambda: ChildSpec("a", Actor, shutdown_s=-0.1), BadNumber),
        (lambda: ChildSpec("", Actor), BadSpec),
        (lambda: ChildSpec("a/b", Actor), BadSpec),
        (lambda: ChildSpec("a\n", Actor), BadSpec),
        (lambda: ChildSpec("x" * 129, Actor), BadSpec),
        (lambda: _pool(limit=0), BadNumber),
        (lambda: _pool(passivate_s=0), BadNumber),
        (lambda: _group("office", ChildSpec("a", Actor), ChildSpec("a", Actor)), DuplicateId),
        (
            lambda: _group(
                "office",
                ChildSpec("a", Actor, register="clerk"),
                _group("deep", ChildSpec("b", Actor, register="clerk")),
            ),
            DuplicateId,
        ),
    ],
)
def test_bad_specifications_are_refused(
    build: Callable[[], object], error: type[Exception]
) -> None:
    """Numbers out of bounds, ids that cannot be a path, and the same name twice."""
    with pytest.raises(error):
        build()


def test_the_same_id_in_two_branches_is_fine() -> None:
    """Ids are unique among siblings only."""
    spec = _group("office", _group("left", ChildSpec("a", Actor)), _group("right", _pool()))

    assert 3 == depth(spec)
    assert [] == list(registered_names(spec))


def test_a_bottomless_tree_is_refused() -> None:
    """A tree has at most `DEPTH_MAX` levels."""
    spec = _group("level")
    for _ in range(DEPTH_MAX - 1):
        spec = _group("level", spec)

    with pytest.raises(BadNumber, match="deeper"):
        _group("level", spec)


def test_the_error_names_the_culprit() -> None:
    """The message says which specification is wrong, and how."""
    with pytest.raises(BadNumber, match="'reader': shutdown_s") as caught:
        ChildSpec("reader", Actor, shutdown_s=-1)

    assert "reader" == caught.value.id
