"""What a snapshot tells, and what it must never tell."""

from __future__ import annotations

import pytest

from supervisors.errors import SupervisorFailed, collapse, summary
from supervisors.snapshot import (
    NODES_MAX,
    RATE_WINDOW_S,
    Look,
    Meter,
    Node,
    State,
    rates,
    total,
)


def _declined() -> None:
    raise ValueError("card 6217001234567890123 declined")


def test_a_summary_names_the_type_and_the_line_and_quotes_nothing() -> None:
    """Card and ID numbers do not reach the console through an error's text."""
    with pytest.raises(ValueError, match="6217") as caught:
        _declined()

    text = summary(caught.value)

    assert text.startswith("ValueError in _declined (test_snapshot.py:")
    assert "6217" not in text


def test_a_supervisors_own_words_are_told() -> None:
    """They hold paths and summaries only."""
    failed = SupervisorFailed("/office", "link", ("OSError", "ValueError"))

    assert "/office gave up on 'link' after 2 crashes; last: ValueError" == summary(failed)


def test_the_wish_to_end_outranks_every_error() -> None:
    """KeyboardInterrupt, then a supervisor's failure, then the first error."""
    failed = SupervisorFailed("/a", "b", ("ValueError",))
    first = ValueError("x")
    group = BaseExceptionGroup("g", [first, ExceptionGroup("h", [OSError("b"), failed])])
    interrupted = KeyboardInterrupt()

    assert first is collapse(first)
    assert first is collapse(ExceptionGroup("g", [first, OSError()]))
    assert failed is collapse(group)
    assert interrupted is collapse(BaseExceptionGroup("g", [group, interrupted]))


def test_rates_slide() -> None:
    """Only the last ten seconds count."""
    entries = [(at / 10, "/a", "Ping") for at in range(1000)]

    found = rates(entries, full=False, now=100.0)

    assert found == {"/a": pytest.approx(10.0, rel=0.02)}
    assert {} == rates(entries, full=False, now=100.0 + RATE_WINDOW_S + 1)


def test_a_ring_that_overflows_shortens_the_window() -> None:
    """With 100 messages in the last second and nothing older known, the rate is 100 per second."""
    entries = [(99 + at / 100, "/a", "Ping") for at in range(100)]

    assert rates(entries, full=True, now=100.0) == {"/a": pytest.approx(100.0)}
    assert rates(entries, full=False, now=100.0) == {"/a": pytest.approx(10.0)}


def test_a_parent_sums_up_its_children() -> None:
    """Depths and rates add up; the peak and the age are the worst one's."""
    children = tuple(
        Node(f"/a/{i}", "reactive", State.RUNNING, i, 10 * i, float(i), float(i)) for i in (1, 2, 3)
    )

    node = total("/a", "supervisor", State.RUNNING, children, restarts=4)

    assert (6, 30, 6.0, 3.0, 4, 3) == (
        node.mailbox,
        node.mailbox_peak,
        node.rate,
        node.oldest_age_s,
        node.restarts,
        node.count,
    )
    assert node.find("/a/2") is children[1]
    assert node.find("/b") is None


def test_a_snapshot_has_room_for_so_many_nodes() -> None:
    """A look hands out places until there are none."""
    look = Look(now=10.0, wall_ms=1_000_000, rates={})

    assert NODES_MAX - 1 == look.take(NODES_MAX - 1)
    assert 1 == look.take(5)
    assert 0 == look.take(5)
    assert 1_002_500 == look.wall_at(12.5)


def test_a_meter_slides_while_somebody_looks() -> None:
    """10 messages a second for 20 seconds, then none; looked at every second."""
    meter = Meter()
    meter.begin(100.0, 0)
    seen = [meter.rate(100.0 + at, min(10 * at, 200)) for at in range(41)]

    assert 10 == pytest.approx(seen[15])
    assert 5 == pytest.approx(seen[25])
    assert 0 == seen[35]


def test_a_meter_that_nobody_looked_at_tells_the_mean() -> None:
    """An hour passed since the last look."""
    meter = Meter()
    meter.begin(0.0, 0)

    assert 0 == meter.rate(5.0, 0)
    assert 1 == pytest.approx(meter.rate(3605.0, 3600))
