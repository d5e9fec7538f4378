"""Who handed a photo in first: noted with the submission, and never taken from anybody."""

from __future__ import annotations

from actors.store import event_digest
from actors.store.memory import MemoryStore
from backoffice.evidence import EvidenceDesk
from backoffice.images import IMAGE_SCOPE, unclaimed
from backoffice.uploads import Bringer
from tests.backoffice.bringing import CASE_ID, DIGEST, MINE, Desk, bring
from tests.kit import submissions as make
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.value import PhotoValue

WHO = "1001"


def photo(digest: bytes) -> PhotoValue:
    return PhotoValue(digest, 1, 1024, 768, 500, 0)


async def owner(store: MemoryStore, digest: bytes) -> str | None:
    return await store.owner(IMAGE_SCOPE, digest.hex())


def test_all_pieces_of_a_case_are_noted() -> None:
    """Once more changes nothing: a submission may come twice."""

    async def story() -> None:
        desk = Desk()
        evidence = EvidenceDesk(desk.store, desk.blobs, virtual_outside())
        digests = [event_digest(bytes([number])) for number in range(3)]
        for _ in range(2):
            await evidence.own(map(photo, digests), MINE, WHO)
            assert {CASE_ID} == {await owner(desk.store, digest) for digest in digests}

    run(story)


def test_no_piece_is_taken_from_the_case_that_had_it_first() -> None:
    """The others of its submission are noted all the same, and the device's room is free again."""

    async def story() -> None:
        desk = Desk()
        evidence = EvidenceDesk(desk.store, desk.blobs, virtual_outside())
        first = Bringer(MINE.union, MINE.device, make.case_id("first"))
        worn, fresh = event_digest(b"worn"), event_digest(b"fresh")
        await evidence.own([photo(worn)], first, WHO)
        await bring(desk)
        assert await desk.store.documents(unclaimed(MINE))

        brought = [photo(worn), photo(fresh), photo(DIGEST)]
        await evidence.own(brought, MINE, WHO)
        assert first.case_id == await owner(desk.store, worn)
        assert CASE_ID == await owner(desk.store, fresh) == await owner(desk.store, DIGEST)
        assert not await desk.store.documents(unclaimed(MINE))

    run(story)
