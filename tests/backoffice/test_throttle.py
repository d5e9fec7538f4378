"""Checking passcodes stays in bounds, and nobody is locked out for what somebody else did."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import trio
import trio.testing

from backoffice.throttle import (
    DEVICE_WAITING_MAX,
    HASHES_AT_ONCE_MAX,
    WAITING_MAX,
    PasscodeTerms,
    Throttle,
)
from tests.kit.outside import VirtualWall
from tests.kit.running import run
from wire.message import Code

TERMS = PasscodeTerms()
HASH_S = 0.1


class Door:
    """A throttle before a check that takes its time; counts how many run at once."""

    def __init__(self, terms: PasscodeTerms = TERMS) -> None:
        self.throttle = Throttle(terms, VirtualWall())
        self.running = self.most = self.hashes = 0

    async def attempt(self, device: str, who: str, *, right: bool = False) -> Code | bool:
        async def check() -> bool:
            self.running += 1
            self.hashes += 1
            self.most = max(self.most, self.running)
            await trio.sleep(HASH_S)
            self.running -= 1
            return right

        answer = await self.throttle.attempt(device, who, check)
        return answer if isinstance(answer, bool) else answer.code

    async def wrong(self, times: int, device: str, who: str) -> Counter[Code | bool]:
        return Counter([await self.attempt(device, who) for _ in range(times)])

    async def at_once(
        self, tries: list[tuple[str, str]], *, right: bool = False
    ) -> Counter[Code | bool]:
        """All of these together."""
        heard: list[Code | bool] = []

        async def one(device: str, who: str) -> None:
            heard.append(await self.attempt(device, who, right=right))

        async with trio.open_nursery() as nursery:
            for device, who in tries:
                nursery.start_soon(one, device, who)
        return Counter(heard)


def test_a_flood_of_sign_ins_takes_no_more_than_two_hashes() -> None:
    """Two hundred from one tablet, with ids that nobody has: an innocent is let in meanwhile."""

    async def story() -> None:
        door = Door()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.at_once, [("T-6666", f"X{n}") for n in range(200)])
            await trio.testing.wait_all_tasks_blocked()
            began_s = trio.current_time()
            assert await door.attempt("T-0001", "1001", right=True) is True
            assert HASH_S == trio.current_time() - began_s, "the other slot was free"
        assert DEVICE_WAITING_MAX + 1 == door.hashes
        assert HASHES_AT_ONCE_MAX == door.most

    run(story)


def test_a_flood_of_many_devices_is_refused_before_any_hash() -> None:
    """The line has an end for all together; who waits in it is served."""

    async def story() -> None:
        door = Door()
        heard = await door.at_once([(f"T-{n}", "1001") for n in range(200)], right=True)
        assert {True: WAITING_MAX, Code.BUSY: 200 - WAITING_MAX} == heard
        assert (WAITING_MAX, HASHES_AT_ONCE_MAX) == (door.hashes, door.most)
        assert await door.attempt("T-0001", "1001", right=True) is True

    run(story)


def test_only_wrong_ones_lock_out() -> None:
    """A flood of right ones, and of those refused as too many, counts as nothing."""

    async def story() -> None:
        door = Door()
        for _ in range(20):
            heard = await door.at_once([("T-0001", "1001")] * 50, right=True)
            assert {True: DEVICE_WAITING_MAX, Code.BUSY: 50 - DEVICE_WAITING_MAX} == heard
        heard = await door.at_once([("T-0001", "1001")] * 50)
        assert {False: DEVICE_WAITING_MAX, Code.BUSY: 50 - DEVICE_WAITING_MAX} == heard
        assert await door.attempt("T-0001", "1001", right=True) is True

    run(story)


def test_guesses_at_the_same_time_count_each() -> None:
    """Those who wait in line are refused without a hash once the ones before used up the tries."""

    async def story() -> None:
        door = Door()
        assert {False: TERMS.tries_max - 2} == await door.wrong(TERMS.tries_max - 2, "T-1", "1001")
        heard = await door.at_once([("T-1", "1001")] * DEVICE_WAITING_MAX)
        assert {False: 2, Code.LIMIT: DEVICE_WAITING_MAX - 2} == heard
        assert TERMS.tries_max == door.hashes

    run(story)


def test_a_lockout_is_there_only_and_ends() -> None:
    """Not even the right one helps there until its time is over; elsewhere they sign in."""

    async def story() -> None:
        door = Door()
        await door.wrong(TERMS.tries_max, "T-6666", "1001")
        assert await door.attempt("T-6666", "1001", right=True) is Code.LIMIT
        assert await door.attempt("T-0001", "1001", right=True) is True
        assert await door.attempt("T-6666", "1002", right=True) is True, "a colleague there"
        await trio.sleep(TERMS.lockout_ms / 1000 - 1)
        assert await door.attempt("T-6666", "1001", right=True) is Code.LIMIT
        await trio.sleep(1)
        assert await door.attempt("T-6666", "1001") is False, "a fresh row"
        assert await door.attempt("T-6666", "1001", right=True) is True

    run(story)


def test_a_right_passcode_forgives_the_wrong_ones_before() -> None:
    """Only a row of wrong ones locks; people mistype."""

    async def story() -> None:
        door = Door(msgspec.structs.replace(TERMS, device_tries_max=1_000))
        for _ in range(20):
            await door.wrong(TERMS.tries_max - 1, "T-0001", "1001")
            assert await door.attempt("T-0001", "1001", right=True) is True

    run(story)


def test_many_tablets_together_guess_no_more_than_the_bound() -> None:
    """What is wrong everywhere locks everywhere, at the bound and not before."""

    async def story() -> None:
        door = Door()
        wrong, device = 0, 0
        while wrong < TERMS.tries_anywhere_max:
            assert await door.attempt("T-0001", "1002", right=True) is True
            assert await door.attempt(f"T-{device}", "1001") is False
            wrong, device = wrong + 1, device + 1
        assert await door.attempt("T-0001", "1001", right=True) is Code.LIMIT
        assert await door.attempt("T-0001", "1002", right=True) is True
        await trio.sleep(TERMS.lockout_ms / 1000)
        assert await door.attempt("T-0001", "1001", right=True) is True

    run(story)


def test_one_tablet_does_not_try_everybody() -> None:
    """So many wrong ones of a device, then one more every while; right ones spend nothing."""

    async def story() -> None:
        door = Door()
        for number in range(TERMS.device_tries_max):
            assert await door.attempt("T-6666", f"X{number}") is False
        assert await door.attempt("T-6666", "1001", right=True) is Code.LIMIT
        assert await door.attempt("T-0001", "1001", right=True) is True
        await trio.sleep(TERMS.device_try_ms / 1000)
        assert await door.attempt("T-6666", "1001", right=True) is True
        assert await door.attempt("T-6666", "X") is False
        assert await door.attempt("T-6666", "X") is Code.LIMIT

    run(story)


def test_what_is_counted_is_bounded() -> None:
    """Of a month of guessing at random ids little more is kept than its last five minutes."""

    async def story() -> None:
        door, chance, kept = Door(), random.Random(1), []
        for _ in range(2_000):
            device, who = f"T-{chance.randrange(3)}", f"X{chance.randrange(10**6)}"
            await door.attempt(device, who)
            kept.append(len(door.throttle.inspect()))
            await trio.sleep(chance.choice((0, 1, 20)))
        per_device = TERMS.device_tries_max + TERMS.lockout_ms // TERMS.device_try_ms
        assert max(kept) <= 2 * 3 * per_device

    run(story)
