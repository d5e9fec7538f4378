"""What can be offered, gathered page by page: taken as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
import trio

from actors.store.memory import Disk, MemoryStore
from backoffice.catalogue import products
from backoffice.peers.product_pages import page_after
from terminal.catalogue import PAGES_MAX, Catalogue
from tests.kit.disk import FaultyDisk, full, never
from tests.kit.outside import VirtualWall
from tests.kit.running import run
from wire.errors import LinkLost
from wire.messages.session import ListProducts, ProductCard, Products

OFFERED = products()
CARDS = {code: OFFERED[code].card for code in sorted(OFFERED)}


class Line:
    """An office that answers so many pages before the line is cut."""

    def __init__(self, pages: int = PAGES_MAX) -> None:
        self.left = pages
        self.asked: list[str] = []
        self.offered = OFFERED

    async def ask(self, request: ListProducts) -> Products:
        await trio.lowlevel.checkpoint()
        if not self.left:
            raise LinkLost
        self.left -= 1
        self.asked.append(request.after)
        cards = [one.card for _, one in sorted(self.offered.items())]
        return page_after(cards, request.after)


class Tablet:
    """A terminal's catalogue on its disk."""

    def __init__(self, disk: Disk) -> None:
        self.taken: list[Mapping[str, ProductCard]] = []
        self.catalogue = Catalogue(MemoryStore(disk), VirtualWall(), self.taken.append)


def test_every_page_is_gathered_and_taken_at_once() -> None:
    """And is there again after a start without the office."""

    async def story() -> None:
        disk, line = Disk(), Line()
        tablet = Tablet(disk)
        await tablet.catalogue.renew(line.ask)
        assert len(line.asked) > 2
        assert [CARDS] == tablet.taken

        restarted = Tablet(disk)
        await restarted.catalogue.load()
        assert [CARDS] == restarted.taken

    run(story)


def test_a_full_disk_keeps_nobody_from_the_products() -> None:
    """They are offered now, and kept as soon as there is room."""

    async def story() -> None:
        disk, line = FaultyDisk(), Line()
        tablet = Tablet(disk)
        disk.refuse = lambda _batch: full()
        await tablet.catalogue.renew(line.ask)
        assert [CARDS] == tablet.taken
        disk.refuse = never
        line.left = PAGES_MAX
        await tablet.catalogue.renew(line.ask)

        restarted = Tablet(disk)
        await restarted.catalogue.load()
        assert [CARDS] == restarted.taken

    run(story)


def test_a_list_that_is_cut_off_changes_nothing() -> None:
    """Neither on the page nor on the disk; the next round takes it whole."""

    async def story() -> None:
        disk = Disk()
        tablet = Tablet(disk)
        few = Line()
        few.offered = {"loan_query": OFFERED["loan_query"]}
        await tablet.catalogue.renew(few.ask)

        cut = Line(pages=2)
        with pytest.raises(LinkLost):
            await tablet.catalogue.renew(cut.ask)
        assert 2 == len(cut.asked)
        assert [["loan_query"]] == [list(taken) for taken in tablet.taken]
        again = Tablet(disk)
        await again.catalogue.load()
        assert [["loan_query"]] == [list(taken) for taken in again.taken]

        await again.catalogue.renew(Line().ask)
        assert CARDS == again.taken[-1]

    run(story)


def test_a_longer_list_than_any_frame_is_kept() -> None:
    """Hundreds of products: the disk and the next start take them, too."""
    cards = tuple(
        msgspec.structs.replace(CARDS["farmer_file"], code=f"farmer_{number:03}")
        for number in range(PAGES_MAX)
    )

    async def ask(request: ListProducts) -> Products:
        await trio.lowlevel.checkpoint()
        rest = [card for card in cards if card.code > request.after]
        return Products(tuple(rest[:1]), more=len(rest) > 1)

    async def story() -> None:
        disk = Disk()
        await Tablet(disk).catalogue.renew(ask)
        tablet = Tablet(disk)
        await tablet.catalogue.load()
        assert [{card.code: card for card in cards}] == tablet.taken

    run(story)


def test_a_list_without_an_end_is_not_followed() -> None:
    """So many pages and no more; what was offered before stays."""
    asked = 0

    async def ask(_: ListProducts) -> Products:
        nonlocal asked
        await trio.lowlevel.checkpoint()
        asked += 1
        return Products((), more=True)

    async def story() -> None:
        tablet = Tablet(Disk())
        await tablet.catalogue.renew(ask)
        assert (PAGES_MAX, []) == (asked, tablet.taken)

    run(story)
