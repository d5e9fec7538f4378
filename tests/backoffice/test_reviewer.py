"""The nightly review of customers reaches everybody, whatever is wrong with one of them."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from structlog.testing import capture_logs

from actors import ActorError, AskTimeout, HandlerCrashed, open_system
from actors.ports import WallClock
from actors.store import Append, Batch, Event, StoreClosed
from actors.store.memory import Disk, MemoryStore
from backoffice.customers.reviewer import AGAIN_S, Reviewer, until_review_ms
from backoffice.shards import shard_of
from supervisors import snapshot
from tests.kit.bank import Bank
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from tests.stories.cast import cast

PEOPLE = [f"customer/{number:02d}" for number in range(12)]
BROKEN = "customer/03"
NIGHT_S = 24 * 3600.0


async def plant(disk: Disk, streams: list[str], body: bytes = b"?") -> None:
    """Streams with one event each that no rules can read."""
    store = MemoryStore(disk)
    for stream in streams:
        append = Append(stream, 0, (Event("CustomerTaught", body),))
        await store.commit(Batch("test", 0, (append,), shard=shard_of(stream)))


class Night:
    """What a reviewer did, with records that fail as often as is said."""

    def __init__(self, fails: dict[str, list[ActorError]]) -> None:
        self.fails = fails
        self.asked: Counter[str] = Counter()

    async def review(self, stream: str) -> None:
        """One record."""
        await trio.lowlevel.checkpoint()
        self.asked[stream] += 1
        if self.fails.get(stream):
            raise self.fails[stream].pop(0)


class Moody(MemoryStore):
    """A store that does not answer the first few times that it is asked for streams."""

    def __init__(self, disk: Disk, fails: int) -> None:
        super().__init__(disk)
        self.fails = fails

    async def streams(self, prefix: str, after: str = "") -> list[str]:
        """As `Store.streams`, in the end."""
        found = await super().streams(prefix, after)
        if self.fails:
            self.fails -= 1
            raise StoreClosed("not now")
        return found


def reviewed(night: Night, *, fails: int = 0, nights: float = 1) -> dict[str, object]:
    """What the reviewer shows after some nights."""
    shown: list[dict[str, object]] = []

    async def story() -> None:
        disk, outside = Disk(), virtual_outside()
        await plant(disk, PEOPLE)
        reviewer = Reviewer(outside.wall, Moody(disk, fails), night.review)
        async with open_system("office", outside) as system:
            system.spawn("reviewer", lambda: reviewer)
            wall: WallClock = outside.wall
            await trio.sleep(until_review_ms(wall.now_ms()) / 1000 + (nights - 0.5) * NIGHT_S)
            shown.append(reviewer.inspect())

    run(story)
    return shown[0]


def test_who_cannot_be_reviewed_holds_up_nobody() -> None:
    """Everybody else has their turn once; the one is tried again, and shown while it fails."""
    tries = len(AGAIN_S) + 1
    night = Night({BROKEN: [HandlerCrashed("poison")] * tries})

    shown = reviewed(night)

    assert {**dict.fromkeys(PEOPLE, 1), BROKEN: tries} == dict(night.asked)
    assert {"reviewed": len(PEOPLE) - 1, "failing": 1, "first_failing": [BROKEN]} == shown


def test_who_recovers_is_reviewed_in_the_same_night() -> None:
    """A record that was merely busy."""
    night = Night({BROKEN: [AskTimeout("busy")]})

    shown = reviewed(night)

    assert 2 == night.asked[BROKEN]
    assert {"reviewed": len(PEOPLE), "failing": 0, "first_failing": []} == shown


def test_the_next_night_begins_anew() -> None:
    """Whoever is still broken is tried again, and everybody once more."""
    night = Night({BROKEN: [HandlerCrashed("poison")] * (len(AGAIN_S) + 1)})

    shown = reviewed(night, nights=2)

    assert {**dict.fromkeys(PEOPLE, 2), BROKEN: len(AGAIN_S) + 2} == dict(night.asked)
    assert 0 == shown["failing"]


@pytest.mark.parametrize("fails", [1, len(AGAIN_S)])
def test_a_store_that_does_not_answer_is_asked_again(fails: int) -> None:
    """Nobody is left out for it."""
    night = Night({})

    reviewed(night, fails=fails)

    assert dict.fromkeys(PEOPLE, 1) == dict(night.asked)


def test_a_damaged_record_is_passed_over_by_the_whole_office() -> None:
    """Its actor cannot even start; the rest of the branch stands."""

    async def story() -> None:
        bank = Bank("damaged")
        async with cast(bank) as at:
            await at.clerk.finish(await at.clerk.begin("wealth_consult"))
            await trio.sleep(5.0)
        disk = bank.disk("office").disk
        whole = [stream for stream in disk.streams if stream.startswith("customer/")]
        damaged = ["customer/0", "customer/zz"]
        await plant(disk, damaged)
        async with bank.office() as office:
            wall = bank.outside("office").wall
            with capture_logs() as logs:
                await trio.sleep(until_review_ms(wall.now_ms()) / 1000 + 6 * 3600.0)
            assert office.tree is not None
            branch = snapshot(office.tree).find("/office/customers")
            assert branch is not None
            assert {0} == {node.restarts for node in branch.walk() if node.kind != "pool"}
        assert whole
        assert set(damaged) == {line["stream"] for line in logs if "stream" in line}
        assert [2] == [line["count"] for line in logs if line["event"] == "customers.unreviewed"]

    run(story)
