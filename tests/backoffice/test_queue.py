"""The authorization queue: order, four eyes, pushes, and its rebirth from documents."""

from __future__ import annotations

import random

import msgspec
import pytest
import trio
import trio.testing

from actors import Refused
from actors.actor import Actor, on
from actors.runtime.trio_host import open_system
from actors.store import Batch, Document, StoreError
from actors.store.batch import BadBatch
from actors.store.memory import Disk, MemoryStore
from backoffice.authorization.levels import SAME_NAME, Assign, Level, Locality, Timing
from backoffice.authorization.queue import (
    READ_AGAIN_S,
    SHOWN_MAX,
    AuthorizationQueue,
    Deal,
    Dealt,
    Touched,
    Unwatch,
    Watch,
    collection,
)
from backoffice.authorization.waiting import (
    AGEING_MS,
    FRONT_MAX,
    Authority,
    Bar,
    QueueEntry,
    bar,
    deal,
    in_order,
    item_for,
    kept_apart,
    rises_ms,
    urgency,
)
from backoffice.shards import of_union
from tests.backoffice.case_story import UNION, staff
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.codec import encode
from wire.message import Code
from wire.messages.desk import Queue, QueueChanged

OPERATOR = staff("T001", "P1", "O1")
AUTHORIZER = staff("A001", "P8", "O9")
WHO = Authority(AUTHORIZER, Level.A2)
SOON = 5.0


def entry(case_id: str, queued_ms: int = 1_000, **changes: object) -> QueueEntry:
    right = QueueEntry(
        case_id=case_id,
        version=3,
        product="debit_card",
        title_zh="借记卡发卡",
        title_en="Debit card issue",
        operator=OPERATOR,
        level=Level.A2,
        timing=Timing.ASYNC,
        locality=Locality.CENTRAL,
        flags=(),
        queued_ms=queued_ms,
        due_ms=queued_ms + 900_000,
    )
    return msgspec.structs.replace(right, **changes)


def put(*entries: QueueEntry) -> Batch:
    documents = tuple(Document(collection(UNION), e.case_id, encode(e)) for e in entries)
    return Batch("test", 0, documents=documents, shard=of_union(UNION))


def gone(case_id: str) -> Batch:
    documents = (Document(collection(UNION), case_id, None),)
    return Batch("test", 0, documents=documents, shard=of_union(UNION))


class Desk(Actor):
    """A desk's session: keeps what it is told."""

    def __init__(self) -> None:
        self.pushed: list[Queue] = []

    @on(QueueChanged)
    def change(self, message: QueueChanged) -> None:
        self.pushed.append(message.queue)

    def names(self) -> list[str]:
        return [item.case_id for item in self.pushed[-1].items]


def test_who_waits_at_the_table_goes_first() -> None:
    """SYNC, then what was given back, then urgency, then age; whatever the order was before."""
    ordered = [
        entry("f", 50, timing=Timing.SYNC, front=True),
        entry("a", 10, timing=Timing.SYNC),
        entry("e", 40, front=True),
        entry("z", 60, priority=2),
        entry("b", 10),
        entry("c", 10),
        entry("d", 30),
    ]
    shuffled = list(ordered)
    random.Random(3).shuffle(shuffled)

    assert [one.case_id for one in ordered] == [one.case_id for one in in_order(shuffled, 100)]


def test_a_desk_sees_what_it_may_and_what_is_its_own() -> None:
    """Four eyes by person, another outlet, a second approver, the level; and its own claim."""
    alias = staff("A9", "P1", "O9")
    neighbour = staff("A8", "P7", "O1")
    held = entry("x", claimed_by=AUTHORIZER, desk="D-1")
    second = entry("x", approved=(AUTHORIZER,))

    right = item_for(entry("x"), WHO, "D-1")
    assert (True, "") == (right.allowed, right.barred)
    for barred, expected in (
        (item_for(entry("x"), Authority(alias, Level.A4), "D-1"), Bar.OPERATOR),
        (item_for(entry("x"), Authority(neighbour, Level.A4), "D-1"), Bar.OWN_OUTLET),
        (item_for(second, Authority(AUTHORIZER, Level.A4), "D-1"), Bar.APPROVER),
        (item_for(entry("x", level=Level.A3), WHO, "D-1"), Bar.LEVEL),
        (item_for(entry("x", locality=Locality.OUTLET), WHO, "D-1"), Bar.OTHER_OUTLET),
    ):
        assert (False, expected) == (barred.allowed, barred.barred)
    mine, others = (item_for(held, WHO, desk) for desk in ("D-1", "D-2"))
    assert (True, "员工A001") == (mine.mine, mine.claimed_by)
    assert not others.mine


def test_a_namesake_is_told_and_not_kept_away() -> None:
    """Two people of one name are common; whoever has the operator's or first approver's sees it."""
    other = staff("A7", "P6", "O9")
    for alike in (OPERATOR, AUTHORIZER):
        namesake = msgspec.structs.replace(other, name=f" {alike.name}")
        item = item_for(
            entry("x", flags=("senior",), approved=(AUTHORIZER,)),
            Authority(namesake, Level.A4),
            "D-1",
        )
        assert (True, ("senior", SAME_NAME)) == (item.allowed, item.flags)
    assert () == item_for(entry("x"), Authority(other, Level.A4), "D-1").flags


@pytest.mark.parametrize(
    ("union", "centre", "locality", "expected"),
    [
        (UNION, "", Locality.CENTRAL, None),
        (UNION, "530000", Locality.CENTRAL, None),
        ("530000", "530000", Locality.CENTRAL, None),
        ("530000", "530000", Locality.UNION, Bar.OTHER_UNION),
        ("530000", "530000", Locality.OUTLET, Bar.OTHER_UNION),
        ("530000", "", Locality.CENTRAL, Bar.OTHER_UNION),
        ("530199", "530000", Locality.CENTRAL, Bar.OTHER_UNION),
        ("", "", Locality.CENTRAL, Bar.OTHER_UNION),
    ],
)
def test_another_union_decides_only_what_its_centre_pools(
    union: str, centre: str, locality: Locality, expected: Bar | None
) -> None:
    """The list says so, and the refusal is typed."""
    foreign = msgspec.structs.replace(AUTHORIZER, union=union)
    who = Authority(foreign, Level.A4)
    waiting = entry("x", centre=centre, locality=locality)

    assert expected == bar(waiting, who)
    assert (UNION, expected or "") == (
        item_for(waiting, who, "D-1").union,
        item_for(waiting, who, "D-1").barred,
    )
    refusal = kept_apart(waiting, who)
    assert (Code.FORBIDDEN if expected else None) == (refusal.code if refusal else None)


@pytest.mark.parametrize(
    ("skills", "allowed"),
    [((), True), (("debit_card",), True), (("account", "credit"), True), (("credit",), False)],
)
def test_an_authorizer_decides_what_they_know(skills: tuple[str, ...], allowed: bool) -> None:
    """By product or by category; nobody who has no entry is kept out."""
    waiting = entry("x", category="account")
    who = Authority(AUTHORIZER, Level.A4, skills)

    assert (None if allowed else Bar.SKILL) is bar(waiting, who)
    assert allowed == item_for(waiting, who, "D-1").allowed


def test_a_late_case_rises() -> None:
    """One priority at its due time, one more every five minutes, past any priority in the end."""
    plain, urgent = entry("plain", 0), entry("urgent", 1, priority=2, due_ms=10**12)
    due_ms = plain.due_ms
    order = {
        now_ms: [one.case_id for one in in_order((plain, urgent), now_ms)]
        for now_ms in (due_ms - 1, due_ms, due_ms + AGEING_MS, due_ms + 2 * AGEING_MS)
    }

    assert [0, 1, 1, 2] == [
        urgency(plain, ms)
        for ms in (due_ms - 1, due_ms, due_ms + AGEING_MS - 1, due_ms + AGEING_MS)
    ]
    assert [due_ms, due_ms + AGEING_MS] == [rises_ms(plain, ms) for ms in (due_ms - 1, due_ms)]
    assert ["urgent", "plain"] == order[due_ms]
    assert ["plain", "urgent"] == order[due_ms + AGEING_MS], "as urgent, and older"


def test_cases_are_dealt_at_random_from_the_front() -> None:
    """Only what fits and is free; the customer at the table before all; one's own claim again."""
    dice = random.Random(1)
    waiting = [entry(f"{n}", n) for n in range(FRONT_MAX + 3)]
    barred = entry("barred", 0, level=Level.A4)
    taken = entry("taken", 0, claimed_by=AUTHORIZER, desk="D-2")
    pool = in_order([*waiting, barred, taken], 100)

    drawn = {one.case_id for _ in range(200) if (one := deal(pool, WHO, "D-1", dice))}
    assert {f"{n}" for n in range(FRONT_MAX)} == drawn
    at_table = entry("sync", 99, timing=Timing.SYNC)
    assert at_table is deal(in_order([*pool, at_table], 100), WHO, "D-1", dice)
    assert taken is deal(pool, WHO, "D-2", dice)
    assert None is deal([barred], WHO, "D-1", dice)


def test_the_queue_is_reborn_from_its_documents_and_follows_every_change() -> None:
    """Loaded at the start, then told; a desk that watches hears of it."""

    async def story() -> None:
        store = MemoryStore(Disk())
        await store.commit(put(entry("b", 20), entry("a", 10)))
        async with open_system("office", virtual_outside()) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            await trio.sleep(1)
            desk = Desk()
            ref = system.spawn("desk", lambda: desk)

            answer = await queue.ask(Watch(ref, "D-1", WHO), within=SOON)
            assert ["a", "b"] == [item.case_id for item in answer.items]

            await store.commit(put(entry("c", 5)))
            queue.tell(Touched("c"))
            await trio.sleep(1)
            assert ["c", "a", "b"] == desk.names()

            await store.commit(gone("a"))
            queue.tell(Touched("a"))
            queue.tell(Touched("a"))
            queue.tell(Touched("never there"))
            await trio.sleep(1)
            assert ["c", "b"] == desk.names()

    run(story)


def test_a_burst_of_changes_is_one_or_two_pushes() -> None:
    """What is touched while a read is under way goes into the next one."""

    async def story() -> None:
        store = MemoryStore(Disk())
        async with open_system("office", virtual_outside()) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            await trio.sleep(1)
            desk = Desk()
            ref = system.spawn("desk", lambda: desk)
            await queue.ask(Watch(ref, "D-1", WHO), within=SOON)
            await store.commit(put(*(entry(f"{n:03}", n) for n in range(SHOWN_MAX + 50))))
            for n in range(SHOWN_MAX + 50):
                queue.tell(Touched(f"{n:03}"))
            await trio.sleep(5)

            assert len(desk.pushed) <= 2
            assert SHOWN_MAX == len(desk.names())
            assert "000" == desk.names()[0]

    run(story)


def test_nobody_is_pushed_who_left_or_died() -> None:
    """Signing out and crashing end a watch."""

    async def story() -> None:
        store = MemoryStore(Disk())
        async with open_system("office", virtual_outside()) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            desks = [Desk(), Desk(), Desk()]
            refs = [system.spawn(f"desk{n}", lambda d=d: d) for n, d in enumerate(desks)]  # type: ignore[misc]  # bound in the loop
            await trio.sleep(1)
            for ref in refs:
                await queue.ask(Watch(ref, "D-1", WHO), within=SOON)
            queue.tell(Unwatch(refs[0].path))
            system.find("/desk1").stop()  # type: ignore[union-attr]  # a cell
            await store.commit(put(entry("a")))
            queue.tell(Touched("a"))
            await trio.sleep(1)

            assert [0, 0, 1] == [len(desk.pushed) for desk in desks]

    run(story)


class Stumbling(MemoryStore):
    """A store that fails its next reads."""

    failures = 0

    async def documents(self, name: str, after: str = "") -> list[tuple[str, bytes]]:
        self._stumble()
        return await super().documents(name, after)

    async def document(self, name: str, key: str) -> bytes | None:
        self._stumble()
        return await super().document(name, key)

    def _stumble(self) -> None:
        if self.failures:
            self.failures -= 1
            raise BadBatch("not now")


def test_a_store_that_fails_is_read_again() -> None:
    """Nothing that was touched meanwhile is forgotten."""

    async def story() -> None:
        assert issubclass(BadBatch, StoreError)
        store = Stumbling(Disk())
        await store.commit(put(entry("a")))
        store.failures = 2
        async with open_system("office", virtual_outside()) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            desk = Desk()
            ref = system.spawn("desk", lambda: desk)
            await queue.ask(Watch(ref, "D-1", WHO), within=SOON)
            await trio.sleep(READ_AGAIN_S * 4)
            assert ["a"] == desk.names()

            await store.commit(put(entry("b")))
            store.failures = 1
            queue.tell(Touched("b"))
            await trio.sleep(READ_AGAIN_S * 4)
            assert ["a", "b"] == desk.names()

    run(story)


def test_a_full_mailbox_does_not_stop_the_queue_from_reading() -> None:
    """It is full at the moment at which the pause after a failed read is over."""

    async def story() -> list[str]:
        store = Stumbling(Disk())
        await store.commit(put(entry("a")))
        store.failures = 1
        async with open_system("office", virtual_outside()) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            desk = Desk()
            ref = system.spawn("desk", lambda: desk)
            await queue.ask(Watch(ref, "D-1", WHO), within=SOON)
            await trio.testing.wait_all_tasks_blocked()
            cell = system.cells["/queue"]
            cell.suspend()
            while queue.tell(Unwatch("/somebody else")):
                pass
            await trio.sleep(READ_AGAIN_S * 2)
            cell.resume()
            await trio.sleep(SOON)
            return desk.names()

    assert ["a"] == run(story)


def test_the_queue_deals_a_case_and_marks_what_is_dealt_only() -> None:
    """What a desk was too slow for is left out the next time; with nothing left it hears so."""

    async def story() -> None:
        store = MemoryStore(Disk())
        await store.commit(put(*(entry(name, assign=Assign.RANDOM) for name in ("a", "b"))))
        async with open_system("office", virtual_outside()) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            await trio.sleep(1)
            desk = system.spawn("desk", Desk)
            shown = await queue.ask(Watch(desk, "D-1", WHO), within=SOON)
            assert [True, True] == [item.dealt for item in shown.items]

            first = await queue.ask(Deal("D-1", WHO), within=SOON)
            second = await queue.ask(Deal("D-1", WHO, (first.case_id,)), within=SOON)
            assert {"a", "b"} == {first.case_id, second.case_id}
            with pytest.raises(Refused) as nothing:
                await queue.ask(Deal("D-1", WHO, ("a", "b")), within=SOON)
            assert Code.NOT_FOUND is nothing.value.refusal.code
            assert isinstance(first, Dealt)

    run(story)


def test_the_order_is_pushed_again_when_a_case_becomes_late() -> None:
    """Nothing happened but time."""

    async def story() -> None:
        outside = virtual_outside()
        now_ms = outside.wall.now_ms()
        store = MemoryStore(Disk())
        old = entry("old", now_ms - 1_000, due_ms=now_ms + 60_000)
        urgent = entry("urgent", now_ms, priority=1, due_ms=now_ms + 10**9)
        await store.commit(put(old, urgent))
        async with open_system("office", outside) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            await trio.sleep(1)
            desk = Desk()
            ref = system.spawn("desk", lambda: desk)
            answer = await queue.ask(Watch(ref, "D-1", WHO), within=SOON)
            assert ["urgent", "old"] == [item.case_id for item in answer.items]
            await trio.sleep(62)
            assert ["old", "urgent"] == desk.names()
            queue.tell(Unwatch(ref.path))
            pushed = len(desk.pushed)
            await trio.sleep(3_600)
            assert pushed == len(desk.pushed)

    run(story)


@pytest.mark.parametrize("pages", [1, 2])
def test_a_long_queue_is_loaded_whole(pages: int) -> None:
    """Beyond one page of the store."""

    async def story() -> None:
        store = MemoryStore(Disk())
        total = 400 if pages == 1 else 1_200
        for start in range(0, total, 400):
            await store.commit(put(*(entry(f"{n:05}", n) for n in range(start, start + 400))))
        async with open_system("office", virtual_outside()) as system:
            queue = system.spawn("queue", lambda: AuthorizationQueue(UNION, store))
            await trio.sleep(1)
            assert total == queue.actor.inspect()["waiting"]  # type: ignore[attr-defined]  # a cell

    run(story)
