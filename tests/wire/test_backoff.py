"""Waits that double, and never leave their bounds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.backoff import DOUBLINGS_MAX, WAIT_S_MAX, Backoff
from wire.errors import LocalMisuse


@given(st.floats(0, 10), st.floats(0, 1000), st.floats(0, 1), st.integers(1, 10_000), st.integers())
def test_a_wait_doubles_and_stays_in_its_bounds(
    first_s: float, more_s: float, jitter: float, failures: int, seed: int
) -> None:
    """Whatever the dice say, a wait is never longer than promised nor shorter than its jitter."""
    backoff = Backoff(first_s, first_s + more_s, jitter)
    whole = min(first_s * 2 ** min(failures - 1, DOUBLINGS_MAX), backoff.most_s)

    wait = backoff.wait_s(failures, random.Random(seed))

    assert whole * (1 - jitter) - 1e-9 <= wait <= whole


def test_without_jitter_it_is_a_table() -> None:
    """1, 2, 4, 8, and then the longest for ever."""
    backoff, dice = Backoff(1, 10, jitter=0), random.Random(1)

    assert [1, 2, 4, 8, 10, 10] == [backoff.wait_s(n, dice) for n in range(1, 7)]
    assert 10 == backoff.wait_s(10**9, dice)


@pytest.mark.parametrize(
    ("first_s", "most_s", "jitter"),
    [(-1, 5, 0), (5, 1, 0), (1, 5, 1.5), (1, 5, -0.1), (1, 5, float("nan")), (1, float("inf"), 0),
     (float("nan"), 5, 0), (1, WAIT_S_MAX + 1, 0)],
)  # fmt: skip
def test_a_number_out_of_its_bounds_is_refused(
    first_s: float, most_s: float, jitter: float
) -> None:
    """Where it is written down, not when something fails."""
    with pytest.raises(LocalMisuse):
        Backoff(first_s, most_s, jitter)
