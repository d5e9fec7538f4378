"""A stolen tablet floods the office: with sign-ins, with uploads; everybody else goes on."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
import trio

from backoffice.peers.devices import Device, GetDevice
from backoffice.peers.sign_in import answer_sign_in
from backoffice.peers.terminal_requests import TerminalRequest, TerminalRequests
from backoffice.program import BackOffice
from backoffice.staff import Roster
from backoffice.throttle import DEVICE_WAITING_MAX, HASHES_AT_ONCE_MAX
from tests.kit import submissions as make
from tests.kit.bank import TELLER_PASSCODE, Bank
from tests.kit.running import run
from tests.stories.cast import Cast, assert_sound, cast, signed_in, watched_bank
from wire.message import Code, Refusal
from wire.messages.images import IMAGES_MAX, ImageOffer, OfferImages, PutChunk
from wire.messages.session import SignIn

T = TypeVar("T")

GUESSES = 200
HASH_S = 0.1


class Hashing:
    """Slow work takes its time, and is counted."""

    def __init__(self) -> None:
        self.running = self.most = 0

    async def __call__(self, work: Callable[[], T], /) -> T:
        self.running += 1
        self.most = max(self.most, self.running)
        await trio.sleep(HASH_S)
        self.running -= 1
        return work()


async def device_of(office: BackOffice, name: str) -> Device:
    services = office.office()
    device = await services.ask(services.devices, "test", GetDevice(name))
    assert isinstance(device, Device), device
    return device


@asynccontextmanager
async def stolen(at: Cast) -> AsyncIterator[Device]:
    """A second terminal of the outlet, in the wrong hands."""
    async with at.bank.terminal(2) as terminal:
        await signed_in(terminal, 2)
        yield await device_of(at.office, "T-2")


def test_a_flood_of_sign_ins_holds_nobody_up() -> None:
    """Two hundred at once, half of them at a teller who signs in elsewhere meanwhile."""

    async def story() -> None:
        bank, invariants = watched_bank("flood", tellers=2)
        hashing = Hashing()
        async with cast(bank) as at, stolen(at) as thief:
            office = at.office.office()
            roster = Roster(bank.members, office.outside.wall, hashing)
            office = dataclasses.replace(office, roster=roster)
            heard: Counter[Code] = Counter()

            async def guess(who: str) -> None:
                answer = await answer_sign_in(office, thief, SignIn(who, "000000"))
                assert isinstance(answer, Refusal)
                heard[answer.code] += 1

            async with trio.open_nursery() as nursery:
                for number in range(GUESSES):
                    nursery.start_soon(guess, "1001" if number % 2 else f"9{number:03}")
                await trio.sleep(HASH_S / 2)
                began_s = trio.current_time()
                teller = await device_of(at.office, "T-1")
                answer = await answer_sign_in(office, teller, SignIn("1001", TELLER_PASSCODE))
                assert not isinstance(answer, Refusal)
                assert trio.current_time() - began_s < 2 * HASH_S
            assert {Code.PIN: DEVICE_WAITING_MAX, Code.BUSY: GUESSES - DEVICE_WAITING_MAX} == heard
            assert hashing.most <= HASHES_AT_ONCE_MAX
        assert_sound(bank, invariants)

    run(story)


def test_nothing_is_uploaded_before_somebody_signs_in() -> None:
    """An enrolled tablet alone brings no byte in; nor is it told what is there."""

    async def story() -> None:
        bank = Bank("nobody-signed-in")
        async with cast(bank) as at:
            device = await device_of(at.office, "T-1")
            nobody = msgspec.structs.replace(device, staff=None)
            asks: tuple[TerminalRequest, ...] = (
                OfferImages(make.case_id(1), (ImageOffer(bytes(32), 10, "photo"),)),
                PutChunk(make.case_id(1), bytes(32), 0, b"x"),
            )
            for ask in asks:
                answer = await TerminalRequests(at.office.office()).answer(nobody, ask)
                assert isinstance(answer, Refusal)
                assert Code.FORBIDDEN is answer.code

    run(story)


def test_a_flood_of_uploads_stops_no_case() -> None:
    """Offers for a thousand invented cases, while a customer's photos go up at the next table."""

    async def story() -> None:
        bank, invariants = watched_bank("uploads", tellers=2)
        async with cast(bank) as at, stolen(at) as thief:
            at.authorize()
            requests, dice = TerminalRequests(at.office.office()), random.Random("thief")

            async def flood() -> None:
                while True:
                    pieces = tuple(
                        ImageOffer(dice.randbytes(32), 300_000, "photo") for _ in range(IMAGES_MAX)
                    )
                    case_id = make.case_id(dice.getrandbits(32))
                    await requests.answer(thief, OfferImages(case_id, pieces))
                    noise = PutChunk(case_id, pieces[0].digest, 0, dice.randbytes(30_000))
                    await requests.answer(thief, noise)
                    await trio.sleep(0.01)

            at.nursery.start_soon(flood)
            case_id = await at.clerk.begin("debit_card")
            case = await at.clerk.finish(case_id)
            assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)
