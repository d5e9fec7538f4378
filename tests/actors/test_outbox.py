"""The outbox's rules: who is next, how many at a time, when again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from actors.durable.outbox import (
    ATTEMPTS_AWAKE_MAX,
    EFFECTS_IN_FLIGHT_MAX,
    RETRY,
    Outbox,
    effect_id,
    order_of,
)
from actors.store import PendingEffect

RECIPIENTS = [f"handler-{n:02}" for n in range(20)]


def effect(version: int, to: str = "core", due_ms: int = 0) -> PendingEffect:
    return PendingEffect(effect_id("case/1", version, 0), "case/1", to, "post", b"secret", due_ms)


def outbox(*effects: PendingEffect) -> Outbox:
    box = Outbox(random.Random("outbox"), ["core", "notify", *RECIPIENTS])
    box.add(effects)
    return box


def ids(effects: list[PendingEffect]) -> list[str]:
    return [e.id for e in effects]


def test_one_recipient_gets_one_at_a_time_in_order() -> None:
    """Version 10 comes after version 9, although its name sorts before; others do not wait."""
    box = outbox(effect(10), effect(9), effect(11, "notify"))

    assert ["case/1#9.0", "case/1#11.0"] == ids(box.begin(0, 0.0))
    assert [] == box.begin(0, 0.0)

    box.settle("case/1#9.0")
    assert ["case/1#10.0"] == ids(box.begin(0, 0.0))
    box.settle("case/1#10.0")
    box.settle("case/1#11.0")
    box.settle("case/1#11.0")
    assert 0 == len(box)
    assert box.retry_s(0.0) is None


def test_only_so_many_are_in_flight() -> None:
    """Over all recipients the bound holds, and a free place goes to the oldest."""
    box = outbox(*(effect(n + 1, to) for n, to in enumerate(RECIPIENTS)))

    begun = ids(box.begin(0, 0.0))
    assert [effect_id("case/1", n + 1, 0) for n in range(EFFECTS_IN_FLIGHT_MAX)] == begun
    assert box.retry_s(0.0) is None

    box.settle(begun[3])
    assert [effect_id("case/1", EFFECTS_IN_FLIGHT_MAX + 1, 0)] == ids(box.begin(0, 0.0))


def test_a_failed_one_holds_back_those_behind_it() -> None:
    """Order is kept across failures: the second is not tried before the first is done."""
    box = outbox(effect(1), effect(2))
    box.begin(0, 0.0)
    box.fail("case/1#1.0", 0.0)

    assert [] == box.begin(0, 0.0)
    wait_s = box.retry_s(0.0)
    assert wait_s is not None
    assert RETRY.first_s * (1 - RETRY.jitter) <= wait_s <= RETRY.first_s
    assert ["case/1#1.0"] == ids(box.begin(0, wait_s))
    assert 2 == box.inspect()[0]["attempts"]


def test_waits_grow_up_to_a_bound() -> None:
    """Each wait is about twice the last one, never longer than the bound."""
    box = outbox(effect(1))
    now_s, waits = 0.0, []
    for _ in range(30):
        box.begin(0, now_s)
        box.fail("case/1#1.0", now_s)
        wait_s = box.retry_s(now_s)
        assert wait_s is not None
        waits.append(wait_s)
        now_s += wait_s

    assert waits[2] > waits[0]
    assert max(waits) <= RETRY.most_s
    assert min(waits[-10:]) >= RETRY.most_s * (1 - RETRY.jitter)


def test_a_reminder_waits_and_holds_nobody_up() -> None:
    """What is not due does not block what is, and is not under way: the clock comes back to it."""
    box = outbox(effect(1, "self", 5_000), effect(2, "self"), effect(3, "self", 10**12))

    assert ["case/1#2.0"] == ids(box.begin(0, 0.0))
    assert box.under_way()
    box.settle("case/1#2.0")
    assert [] == box.begin(4_999, 0.0)
    assert box.retry_s(0.0) is None
    assert not box.under_way()
    assert ["case/1#1.0"] == ids(box.begin(5_000, 0.0))
    box.settle("case/1#1.0")
    assert not box.under_way()
    assert ["case/1#3.0"] == [one.id for one in box.reminders()]


def test_what_failed_often_is_not_under_way() -> None:
    """A partner that is away for a day does not keep the actor in memory for a day."""
    box, now_s = outbox(effect(1)), 0.0
    ways: list[bool] = []
    for _ in range(ATTEMPTS_AWAKE_MAX):
        assert ["case/1#1.0"] == ids(box.begin(0, now_s))
        box.fail("case/1#1.0", now_s)
        now_s += box.retry_s(now_s) or 0.0
        ways.append(box.under_way())
    assert [True] * (ATTEMPTS_AWAKE_MAX - 1) + [False] == ways


def test_an_unknown_recipient_is_seen_and_waits() -> None:
    """An effect that nobody here delivers stays owed; a console sees why; no body is shown."""
    box = outbox(effect(1, "abolished"))

    assert [] == box.begin(0, 0.0)
    assert box.retry_s(0.0) is None
    (shown,) = box.inspect()
    assert "nobody delivers this" == shown["state"]
    assert "secret" not in repr(shown)


def test_after_a_reload_the_store_is_right() -> None:
    """What the store no longer has is forgotten unless it is in flight; what is new is owed."""
    box = outbox(effect(1), effect(2), effect(3))
    box.begin(0, 0.0)

    box.replace([effect(3), effect(4)])

    assert ["case/1#1.0", "case/1#3.0", "case/1#4.0"] == [shown["id"] for shown in box.inspect()]


def test_ids_are_ordered_by_number() -> None:
    """Streams may hold any letters, also the separators; a foreign id sorts first and is kept."""
    assert order_of("a#b.1#2.10") > order_of("a#b.1#2.9")
    assert order_of("x#10.0") > order_of("x#9.5")
    assert (0, 0, "odd") == order_of("odd")


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "begin", "settle", "fail", "later"]),
        st.integers(1, 12),
        st.sampled_from(["core", "notify", "self", "abolished"]),
        st.integers(0, 3),
    ),
    max_size=60,
)


@given(ACTIONS)
def test_the_bounds_hold_whatever_happens(
    actions: list[tuple[str, int, str, int]],
) -> None:
    """In any order of events: one per recipient, bounded in all, nothing lost, nothing invented."""
    box = outbox()
    owed: dict[str, PendingEffect] = {}
    flying: dict[str, str] = {}
    now_s = 0.0
    for action, version, to, due_s in actions:
        an_id = effect_id("case/1", version, 0)
        if action == "add" and an_id not in owed:
            owed[an_id] = effect(version, to, due_s * 1_000)
            box.add([owed[an_id]])
        elif action == "settle":
            box.settle(an_id)
            owed.pop(an_id, None)
            flying.pop(an_id, None)
        elif action == "fail":
            box.fail(an_id, now_s)
            flying.pop(an_id, None)
        elif action == "later":
            now_s += due_s
        elif action == "begin":
            for begun in box.begin(int(now_s * 1_000), now_s):
                assert begun == owed[begun.id]
                assert begun.due_ms <= now_s * 1_000
                assert begun.to not in flying.values()
                flying[begun.id] = begun.to
        assert len(flying) <= EFFECTS_IN_FLIGHT_MAX
        assert len(owed) == len(box)


@given(st.lists(st.integers(1, 30), unique=True, max_size=20), st.integers(0, 5))
def test_everything_is_delivered_in_the_end(versions: list[int], failures: int) -> None:
    """However often handlers fail at first, every effect is done, in the order of ids."""
    box = outbox(*(effect(version) for version in versions))
    done: list[int] = []
    now_s = 0.0
    while len(box):
        for begun in box.begin(0, now_s):
            if failures:
                failures -= 1
                box.fail(begun.id, now_s)
            else:
                done.append(order_of(begun.id)[0])
                box.settle(begun.id)
        now_s += box.retry_s(now_s) or 0.0

    assert sorted(versions) == done
