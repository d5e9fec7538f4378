"""What a snapshot tells, and what it must never tell."""

from __future__ import annotations

import msgspec
import pytest

from supervisors.errors import SupervisorFailed, collapse
from supervisors.snapshot import (
    NODES_MAX,
    RATE_WINDOW_S,
    SUMMARY_CHARS_MAX,
    Look,
    Node,
    State,
    rates,
    summary,
    total,
)


class IdCardRead(msgspec.Struct, frozen=True):
    number: str


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - the helper gives any error a traceback
        return caught


def test_a_summary_names_the_type_the_text_and_the_line() -> None:
    """An operator sees what went wrong and where, in one line."""
    text = summary(_raised(ValueError("no paper\nin tray 2")))

    assert text.startswith("ValueError: no paper (test_snapshot.py:")


@pytest.mark.parametrize(
    "error",
    [
        KeyError(IdCardRead("110105194912310025")),
        ValueError("card 6217 0012 3456 7890 123 declined"),
        ValueError("11010519491231002X"),
        LookupError(["6217001234567890123"]),
    ],
)
def test_a_summary_holds_no_message_and_no_long_number(error: Exception) -> None:
    """Card and ID numbers do not reach the console through an error's text."""
    text = summary(error)

    assert "6217" not in text
    assert "1101" not in text


def test_a_summary_is_bounded() -> None:
    """Somebody will put a whole page into an exception."""
    assert SUMMARY_CHARS_MAX == len(summary(ValueError("x" * 10_000)))


def test_a_group_is_told_as_its_first_error() -> None:
    """`ExceptionGroup (2 sub-exceptions)` helps nobody."""
    group = ExceptionGroup("g", [ValueError("a"), ExceptionGroup("h", [OSError("b")])])

    assert "ValueError: a (+1 more)" == summary(group)


def test_the_wish_to_end_outranks_every_error() -> None:
    """KeyboardInterrupt, then a supervisor's failure, then the first error."""
    failed = SupervisorFailed("/a", "b", ("ValueError",))
    group = BaseExceptionGroup("g", [ValueError("x"), failed])

    assert failed is collapse(group)
    assert isinstance(collapse(BaseExceptionGroup("g", [group, KeyboardInterrupt()])), BaseException)
    assert KeyboardInterrupt is type(
        collapse(BaseExceptionGroup("g", [group, KeyboardInterrupt()]))
    )


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
