"""Feeds: at least once, in order, from a gap on again, and counted every day."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from actors.store import Append, Batch, Event, Store
from actors.store.memory import Disk, MemoryStore
from backoffice.customers.courier import LOOK_S, Courier
from backoffice.customers.feed import (
    ECIF,
    OCRM,
    Consumer,
    Feed,
    FeedEntry,
    Published,
    Totals,
    entry_of,
    line_of,
    stream_of,
    totals_of,
)
from backoffice.customers.record import Change, CustomerChanged
from backoffice.customers.sinks import FileSink, HttpSink, SinkUnreachable
from backoffice.shards import shard_of
from tests.kit import submissions as make
from tests.kit.consumer import Ear
from tests.kit.disk import FaultyDisk, full, never
from tests.kit.running import run
from wire.codec import encode
from wire.masked import IdNumber

DAY_MS = 24 * 60 * 60 * 1000
NUMBER = IdNumber(make.person(1).number)


class Wall:
    def __init__(self, now_ms: int = make.NOW_MS) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms


async def at_once(work: Any) -> Any:
    return work()


def changed(number: int, *facts: str, at_ms: int = make.NOW_MS) -> CustomerChanged:
    return CustomerChanged(
        change_id=f"p#{number}",
        customer="p",
        number=NUMBER,
        name="李秀英",
        case_id=f"case {number}",
        union="530102",
        changes=tuple(Change(fact, "", f"{fact} {number}") for fact in facts),
        at_ms=at_ms,
    )


async def publish(store: Store, consumer: Consumer, *changes: CustomerChanged) -> None:
    """What the feed's actor would have written."""
    stream = stream_of(consumer.name)
    for change in changes:
        version = len(await store.read(stream))
        event = Event("FeedPublished", encode(Published(change)))
        append = Append(stream, version, (event,))
        await store.commit(Batch("test", change.at_ms, (append,), shard=shard_of(stream)))


async def entries(store: Store, consumer: Consumer) -> list[FeedEntry]:
    return [entry_of(consumer, row) for row in await store.read(stream_of(consumer.name))]


def test_a_consumer_gets_only_what_is_its_business_and_each_change_once() -> None:
    """The golden record gets who somebody is; customer relations never see a number."""
    for consumer, expected in ((ECIF, ["address"]), (OCRM, ["tags"])):
        feed = Feed(consumer)
        state = feed.initial(consumer.name)
        change = changed(1, "address", "tags")
        verdict: Any = feed.decide(state, change, 0, "test")
        (event,) = verdict.events
        assert expected == [one.fact for one in event.change.changes]
        again: Any = feed.decide(feed.evolve(state, event), change, 0, "test")
        nothing: Any = feed.decide(state, changed(2, "net_fen"), 0, "test")
        assert ((), ()) == (again.events, nothing.events)


@pytest.mark.parametrize(
    "fact", ["place", "check.warnings", "visit.fen", "survey.2025Q2.wish", "merchant.trade"]
)
def test_customer_relations_hear_what_was_found_among_customers(fact: str) -> None:
    """Places, checks, visits, surveys and what a template asked; the golden record hears none."""
    change = changed(1, fact)
    for consumer, expected in ((ECIF, ()), (OCRM, change.changes)):
        assert expected == consumer.wanted(change.changes)


def test_only_the_golden_record_gets_numbers_and_names() -> None:
    """On the line itself."""

    async def story() -> None:
        store = MemoryStore(Disk())
        for consumer in (ECIF, OCRM):
            await publish(store, consumer, changed(1, "phone"))
            (entry,) = await entries(store, consumer)
            line = json.loads(line_of(entry))
            assert (consumer is ECIF) == (line.get("number") == NUMBER.number)
            assert (consumer is ECIF) == ("name" in line)

    run(story)


def test_what_was_taken_but_not_acknowledged_comes_again() -> None:
    """And then everything is there once."""

    async def story() -> None:
        store, ear = MemoryStore(Disk()), Ear()
        courier = Courier(ECIF, store, ear, Wall(), random.Random(1))
        await publish(store, ECIF, *(changed(n, "phone") for n in range(1, 251)))
        ear.deaf = 1
        with pytest.raises(SinkUnreachable):
            await courier.deliver_some()
        assert 0 == await courier.acknowledged()
        while await courier.deliver_some():
            pass

        assert (250, list(range(1, 251))) == (await courier.acknowledged(), sorted(ear.got))

    run(story)


def test_a_full_disk_delays_a_feed_and_costs_nothing() -> None:
    """The courier waits for room instead of crashing; what it could not note goes out again."""

    async def story() -> None:
        disk, ear = FaultyDisk(), Ear()
        await publish(MemoryStore(disk), ECIF, *(changed(n, "phone") for n in range(1, 4)))
        courier = Courier(ECIF, MemoryStore(disk), ear, Wall(), random.Random(1))
        disk.refuse = lambda _batch: full()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(courier._carry)
            await trio.sleep(600)
            assert (0, [1, 2, 3]) == (await courier.acknowledged(), sorted(ear.got))
            disk.refuse = never
            await trio.sleep(600)
            assert 3 == await courier.acknowledged()
            nursery.cancel_scope.cancel()

    run(story)


def test_nothing_hangs_on_a_hint() -> None:
    """What was published while nobody told the courier goes out at its next look."""

    async def story() -> None:
        store, ear = MemoryStore(Disk()), Ear()
        courier = Courier(ECIF, store, ear, Wall(), random.Random(1))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(courier._carry)
            await trio.sleep(1)
            await publish(store, ECIF, changed(1, "phone"))
            await trio.sleep(LOOK_S)
            nursery.cancel_scope.cancel()
        assert [1] == sorted(ear.got)

    run(story)


def test_a_consumer_that_lost_something_names_the_gap_and_gets_it_again() -> None:
    """Its backup was a day old."""

    async def story() -> None:
        store, ear = MemoryStore(Disk()), Ear()
        courier = Courier(OCRM, store, ear, Wall(), random.Random(1))
        await publish(store, OCRM, *(changed(n, "phone") for n in range(1, 11)))
        await courier.deliver_some()
        ear.got = {seq: entry for seq, entry in ear.got.items() if seq <= 4}
        await publish(store, OCRM, changed(11, "phone"))
        while await courier.deliver_some():
            pass

        assert list(range(1, 12)) == sorted(ear.got)

    run(story)


def test_a_day_that_counts_differently_is_sent_again() -> None:
    """One entry was altered at the consumer's: the hash tells, the day is replayed."""

    async def story() -> None:
        store, ear, wall = MemoryStore(Disk()), Ear(), Wall()
        courier = Courier(ECIF, store, ear, wall, random.Random(1))
        await publish(store, ECIF, *(changed(n, "phone") for n in range(1, 4)))
        await courier.deliver_some()
        right = dict(ear.got)
        ear.got[2] = entry_of(ECIF, (await store.read(stream_of("ecif")))[0])
        wall.ms += DAY_MS
        await courier.compare_today()
        assert 0 == await courier.acknowledged()

        await courier.deliver_some()
        await courier.compare_today()
        assert (right, 3) == (ear.got, await courier.acknowledged())

    run(story)


def test_what_belongs_to_yesterday_but_came_after_the_count_is_counted_too() -> None:
    """Lost by the consumer, and noticed the next day; so are the days of a long holiday."""

    async def story() -> None:
        store, ear, wall = MemoryStore(Disk()), Ear(), Wall()
        courier = Courier(ECIF, store, ear, wall, random.Random(1))
        await publish(store, ECIF, changed(1, "phone"))
        await courier.deliver_some()
        wall.ms += DAY_MS
        await courier.compare_today()
        await publish(store, ECIF, changed(2, "phone"), changed(3, "phone"))
        await courier.deliver_some()
        del ear.got[2]
        await courier.compare_today()
        assert 3 == await courier.acknowledged()

        wall.ms += 5 * DAY_MS
        await courier.compare_today()
        assert 1 == await courier.acknowledged()
        await courier.deliver_some()
        await courier.compare_today()
        assert (3, [1, 2, 3]) == (await courier.acknowledged(), sorted(ear.got))

    run(story)


# Files.


def test_a_file_feed_is_lines_and_takes_each_once(tmp_path: Path) -> None:
    """A folder that somebody emptied is filled from the first entry on."""

    async def story() -> None:
        store = MemoryStore(Disk())
        sink = FileSink(tmp_path / "ecif", at_once)
        next_day = make.NOW_MS + DAY_MS
        await publish(store, ECIF, changed(1, "phone"), changed(2, "phone", at_ms=next_day))
        told = await entries(store, ECIF)
        assert (2, 2) == (await sink.deliver(told), await sink.deliver(told))
        files = sorted((tmp_path / "ecif").glob("*.jsonl"))
        assert [1, 1] == [len(file.read_bytes().splitlines()) for file in files]
        assert all(0o600 == file.stat().st_mode & 0o777 for file in files)

        for file in files:
            file.unlink()
        assert 0 == await sink.deliver(told[1:])
        assert 2 == await sink.deliver(told)
        assert all([await sink.compare(totals_of(told[begin:])) for begin in range(2)])

    run(story)


def test_half_a_line_after_a_power_cut_is_cut_off(tmp_path: Path) -> None:
    """What was never acknowledged comes again."""

    async def story() -> None:
        store = MemoryStore(Disk())
        sink = FileSink(tmp_path, at_once)
        await publish(store, OCRM, changed(1, "phone"), changed(2, "phone"))
        first, second = await entries(store, OCRM)
        await sink.deliver([first])
        (file,) = sorted(tmp_path.glob("*.jsonl"))  # noqa: ASYNC240 - a story on virtual time
        file.write_bytes(file.read_bytes() + line_of(second)[:20])

        assert 2 == await sink.deliver([second])
        assert line_of(first) + line_of(second) == file.read_bytes()

    run(story)


# HTTP.


def endpoint(ear: Ear, status: int = 200) -> httpx.MockTransport:
    """The other side of the wire: a whole consumer behind httpx's own test transport."""

    async def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if request.url.path.endswith("/totals"):
            same = await ear.compare(Totals(**body))
            return httpx.Response(status, json={"same": same})
        sent = [
            FeedEntry(**entry | {"changes": tuple(Change(**one) for one in entry["changes"])})
            for entry in body["entries"]
        ]
        return httpx.Response(status, json={"last": await ear.deliver(sent)})

    return httpx.MockTransport(answer)


def test_an_endpoint_gets_the_same_entries_and_counts_them(tmp_path: Path) -> None:
    """JSON over HTTP; the consumer's word moves the acknowledgement."""

    async def story() -> None:
        store, ear, wall = MemoryStore(Disk()), Ear(), Wall()
        async with httpx.AsyncClient(transport=endpoint(ear)) as client:
            courier = Courier(
                ECIF, store, HttpSink("http://ecif.test/feed", client), wall, random.Random(1)
            )
            await publish(store, ECIF, *(changed(n, "phone") for n in range(1, 6)))
            await courier.deliver_some()
            wall.ms += DAY_MS
            await courier.compare_today()
            assert (5, 5) == (await courier.acknowledged(), len(ear.got))

    run(story)


@pytest.mark.parametrize("body", [b"no json", b'{"last": "five"}', b'{"last": 99}', b"[]"])
def test_an_answer_that_makes_no_sense_is_no_answer(body: bytes) -> None:
    """The acknowledgement stays where it was."""

    async def story() -> None:
        store = MemoryStore(Disk())
        await publish(store, ECIF, changed(1, "phone"))
        transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
        async with httpx.AsyncClient(transport=transport) as client:
            courier = Courier(
                ECIF, store, HttpSink("http://ecif.test", client), Wall(), random.Random(1)
            )
            with pytest.raises(SinkUnreachable):
                await courier.deliver_some()
            assert 0 == await courier.acknowledged()

    run(story)


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_an_endpoint_in_trouble_is_tried_again(status: int) -> None:
    """Whatever it did with what it got."""

    async def story() -> None:
        store, ear = MemoryStore(Disk()), Ear()
        await publish(store, ECIF, changed(1, "phone"))
        async with httpx.AsyncClient(transport=endpoint(ear, status)) as client:
            courier = Courier(
                ECIF, store, HttpSink("http://ecif.test", client), Wall(), random.Random(1)
            )
            with pytest.raises(SinkUnreachable):
                await courier.deliver_some()
            assert 0 == await courier.acknowledged()

    run(story)
