"""The rules of restarting, without anything running."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.child_spec import Intensity, Restart, Strategy
from supervisors.restart import Decision, Reason, Window, decide, wants_restart

P, T, X = Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY
ONE, ALL, REST = Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE


@pytest.mark.parametrize(
    ("restart", "reason", "expected"),
    [
        (P, Reason.NORMAL, True),
        (P, Reason.SHUTDOWN, True),
        (P, Reason.CRASH, True),
        (T, Reason.NORMAL, False),
        (T, Reason.SHUTDOWN, False),
        (T, Reason.CRASH, True),
        (X, Reason.NORMAL, False),
        (X, Reason.SHUTDOWN, False),
        (X, Reason.CRASH, False),
    ],
)
def test_restart_types_are_those_of_otp(restart: Restart, reason: Reason, expected: bool) -> None:
    """A permanent child always returns, a transient one after a crash, a temporary one never."""
    assert expected == wants_restart(restart, reason)


@pytest.mark.parametrize(
    ("strategy", "children", "reason", "expected"),
    [
        (ONE, [P, P, P], Reason.CRASH, Decision((), (1,), (), True)),
        (ALL, [P, P, P], Reason.CRASH, Decision((2, 0), (0, 1, 2), (), True)),
        (REST, [P, P, P], Reason.CRASH, Decision((2,), (1, 2), (), True)),
        (ONE, [P, T, P], Reason.NORMAL, Decision()),
        (ALL, [P, T, P], Reason.NORMAL, Decision()),
        (ALL, [P, X, P], Reason.CRASH, Decision((), (), (1,), False)),
        (ALL, [X, P, T], Reason.CRASH, Decision((2, 0), (1, 2), (0,), True)),
        (REST, [P, T, X], Reason.CRASH, Decision((2,), (1,), (2,), True)),
    ],
)
def test_the_second_of_three_ends(
    strategy: Strategy, children: list[Restart], reason: Reason, expected: Decision
) -> None:
    """The table of strategies, for the child in the middle."""
    assert expected == decide(strategy, children, 1, reason)


restarts = st.lists(st.sampled_from(list(Restart)), min_size=1, max_size=12)


@given(st.sampled_from(list(Strategy)), restarts, st.sampled_from(list(Reason)), st.data())
def test_every_decision_keeps_its_promises(
    strategy: Strategy, children: list[Restart], reason: Reason, data: st.DataObject
) -> None:
    """Stops go right to left, starts left to right, nobody stays stopped who should return."""
    ended = data.draw(st.integers(0, len(children) - 1))

    decision = decide(strategy, children, ended, reason)

    assert all(left > right for left, right in pairwise(decision.stop))
    assert all(left < right for left, right in pairwise(decision.start))
    assert ended not in decision.stop
    assert not set(decision.start) & set(decision.forget)
    assert set(decision.stop) <= {*decision.start, *decision.forget}
    assert all(children[i] is Restart.TEMPORARY for i in decision.forget)
    assert all(children[i] is not Restart.TEMPORARY for i in decision.start)
    assert decision.counts == wants_restart(children[ended], reason)
    if strategy is ONE:
        assert not decision.stop
    if strategy is REST:
        assert all(i > ended for i in decision.stop)


@given(
    st.integers(0, 5),
    st.floats(0.1, 100),
    st.lists(st.floats(0, 20, allow_nan=False), max_size=60),
)
def test_the_window_of_intensity_is_exact_and_bounded(
    allowed: int, period_s: float, gaps: list[float]
) -> None:
    """Given up is exactly when more than `allowed` restarts lie within one period."""
    intensity = Intensity(allowed, period_s)
    window = Window(intensity)
    all_times: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        all_times.append(now)

        tolerated = sum(1 for at in all_times if now - at <= period_s) <= allowed

        assert tolerated == window.has_room(now)
        assert tolerated == window.add(now, "crash")
        assert len(window.history) <= allowed + 1
        if not tolerated:
            break
