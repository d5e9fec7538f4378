"""What no case has named in time is collected, and what one has named never is."""

from __future__ import annotations

from functools import partial

import trio

from actors.blobs.collector import Collector
from actors.store import event_digest
from backoffice.evidence import EvidenceDesk
from backoffice.images import COLLECT_MS, UNCLAIMED_MS, fate_of, receipt_of
from tests.backoffice.bringing import DIGEST, MINE, PHOTO, Desk, bring, have, offer
from tests.kit.outside import VirtualWall, virtual_outside
from tests.kit.running import run
from wire.value import PhotoValue

VALUE = PhotoValue(DIGEST, len(PHOTO), 1024, 768, 500, 0)


async def collect(desk: Desk) -> None:
    """Go through all that wait."""
    judge = partial(fate_of, desk.store)
    await Collector(desk.blobs, VirtualWall(), judge, COLLECT_MS).collect_some()


def test_an_unclaimed_photo_goes_and_is_asked_for_again() -> None:
    """Its receipt counts no more from the moment on, though nobody has tidied it up."""

    async def story() -> None:
        desk = Desk()
        await bring(desk)
        await trio.sleep(UNCLAIMED_MS / 1000)
        now_ms = VirtualWall().now_ms()
        assert await receipt_of(desk.store, MINE, DIGEST, now_ms) is None
        assert await receipt_of(desk.store, MINE, DIGEST, now_ms - 1) is not None
        await collect(desk)
        assert {DIGEST: PHOTO} == desk.disk.blobs.bodies, "a submission may still be under way"
        await trio.sleep((COLLECT_MS - UNCLAIMED_MS) / 1000 + 1)
        await collect(desk)
        assert {} == desk.disk.blobs.bodies
        assert 0 == await have(desk)
        await bring(desk)
        assert {DIGEST: PHOTO} == desk.disk.blobs.bodies

    run(story)


def test_what_is_brought_again_is_not_collected() -> None:
    """The case is another one, the bytes are the same: they wait from now on."""

    async def story() -> None:
        desk = Desk()
        await bring(desk)
        await trio.sleep(COLLECT_MS / 1000 + 1)
        await bring(desk)
        await collect(desk)
        assert {DIGEST: PHOTO} == desk.disk.blobs.bodies
        assert len(PHOTO) == await have(desk)

    run(story)


def test_a_photo_of_a_case_stays() -> None:
    """Claimed in the last moment, by a submission that began while its receipt counted."""

    async def story() -> None:
        desk = Desk()
        await bring(desk)
        other = PHOTO[:-1]
        await bring(desk, other)
        await trio.sleep(UNCLAIMED_MS / 1000 - 1)
        evidence = EvidenceDesk(desk.store, desk.blobs, virtual_outside())
        await evidence.own([VALUE], MINE, "1001")
        for _ in range(2):
            await trio.sleep(COLLECT_MS / 1000)
            await collect(desk)
        assert {DIGEST: PHOTO} == desk.disk.blobs.bodies
        assert len(PHOTO) == await have(desk), "its receipt counts for ever"
        assert 0 == await have(desk, offer(other))
        assert event_digest(other) not in desk.disk.blobs.kept

    run(story)
