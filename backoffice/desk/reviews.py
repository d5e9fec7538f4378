"""Reviews at a desk: which closed cases chance has drawn, and one of them open to be judged.

The list is asked for at sign-in, at every reconnect, after every judgement, and from time to time.
Nothing is held: several people may have the same case open, and the first judgement counts. The
desk judges only what it could show whole, and keeps nothing after sign-out.

Invariant: what is shown was answered to the person who is signed in now.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import trio

from backoffice.desk.images import CaseImages
from backoffice.desk.link import REQUEST_S_MAX
from backoffice.desk.page_model import (
    CloseReview,
    GiveReview,
    ReviewFileView,
    ReviewsDeed,
    ReviewsView,
    ShowReviews,
    ViewReview,
)
from wire.message import Code, Refusal
from wire.messages.desk import (
    NOTE_CHARS_MAX,
    JudgeReview,
    ListReviews,
    OpenReview,
    ReviewFile,
    ReviewItem,
)
from wire.messages.session import StaffCard
from wire.office_link import OfficeLink
from wire.text import normalised, text_fault

REFRESH_S: Final = 300.0
"""How often the list is asked for by itself, in seconds: cases close all the time."""

NOT_OPEN: Final = Refusal(Code.STATE, "请先打开一笔抽查业务")
NOT_SEEN: Final = Refusal(Code.EVIDENCE, "影像还没有全部调阅，请稍候", retryable=True)
NO_NOTE: Final = Refusal(Code.FORMAT, "请说明发现的问题", "note")


class DrawnFile:
    """The drawn case on the screen; `lost` when its images cannot be had."""

    def __init__(self, file: ReviewFile) -> None:
        self.file = file
        self.images = CaseImages(file.item.case_id, file.images)
        self.lost = False


class ReviewDesk:
    """Everything that a reviewer can do and see.

    Args:
        changed: called after every change that a page would show.
    """

    def __init__(self, link: OfficeLink, changed: Callable[[], None]) -> None:
        self._link = link
        self._changed = changed
        self._person = 0
        self._present = False
        self._stale = trio.Event()
        self._turned = trio.Event()
        self._items: tuple[ReviewItem, ...] | None = None
        self._problem: Refusal | None = None
        self._open: DrawnFile | None = None

    async def perform(self, deed: ReviewsDeed) -> Refusal | None:
        """Do what the page asked for; who may review is the office's to say."""
        match deed:
            case ShowReviews():
                await self._list()
            case ViewReview(case_id=case_id):
                return await self._view(case_id)
            case CloseReview(case_id=case_id):
                if self._open is not None and self._open.file.item.case_id == case_id:
                    self._show(None)
            case GiveReview():
                return await self._give(deed)
        return None

    def attend(self, staff: StaffCard | None) -> None:
        """Somebody else is at the desk, or nobody: they begin with what the office says to them."""
        self._person += 1
        self._present = staff is not None
        self._items = self._problem = None
        self._show(None)
        self.look_again()

    def look_again(self) -> None:
        """The list may be another one by now."""
        self._stale.set()

    def image(self, digest: bytes) -> bytes | None:
        """A verified image of the case on the screen, or None."""
        return self._open.images.body(digest) if self._open is not None else None

    def view(self) -> ReviewsView | None:
        """What the page shows; None before the office has said anything."""
        if self._items is None and self._problem is None:
            return None
        return ReviewsView(self._items or (), self._problem, self._file_view())

    async def tend(self) -> None:
        """Keep the list and fetch images of the open case; runs as long as the desk."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_listed)
            nursery.start_soon(self._keep_fetching)

    async def _keep_listed(self) -> None:
        while True:
            with trio.move_on_after(REFRESH_S if self._present else math.inf):
                await self._stale.wait()
            self._stale = trio.Event()
            if self._present and self._link.is_online:
                await self._list()

    async def _keep_fetching(self) -> None:
        while True:
            drawn, self._turned = self._open, trio.Event()
            async with trio.open_nursery() as nursery:
                if drawn is not None:
                    nursery.start_soon(self._fetch, drawn)
                await self._turned.wait()
                nursery.cancel_scope.cancel()

    async def _fetch(self, drawn: DrawnFile) -> None:
        drawn.lost = not await drawn.images.fetch(self._link, self._changed)
        self._changed()

    async def _list(self) -> None:
        person = self._person
        answer = await self._link.request_now(ListReviews(), within=REQUEST_S_MAX)
        if person != self._person:
            return
        if isinstance(answer, Refusal):
            self._problem = answer
        else:
            self._items, self._problem = answer.items, None
        self._changed()

    async def _view(self, case_id: str) -> Refusal | None:
        person = self._person
        answer = await self._link.request_now(OpenReview(case_id), within=REQUEST_S_MAX)
        if isinstance(answer, Refusal):
            self.look_again()
            return answer
        if person == self._person:
            self._show(DrawnFile(answer))
        return None

    async def _give(self, deed: GiveReview) -> Refusal | None:
        drawn, note = self._open, normalised(deed.note)
        if drawn is None or drawn.file.item.case_id != deed.case_id:
            return NOT_OPEN
        if not drawn.images.complete:
            return NOT_SEEN
        if not deed.ok and not note:
            return NO_NOTE
        fault = text_fault(note, "说明", NOTE_CHARS_MAX, "note", required=False, lines=True)
        if fault is not None:
            return fault
        request = JudgeReview(deed.case_id, deed.ok, note)
        answer = await self._link.request_now(request, within=REQUEST_S_MAX)
        self.look_again()
        if isinstance(answer, Refusal):
            return answer
        if self._open is drawn:
            left = (item for item in self._items or () if item.case_id != deed.case_id)
            self._items = tuple(left)
            self._show(None)
        return None

    def _show(self, drawn: DrawnFile | None) -> None:
        self._open = drawn
        self._turned.set()
        self._changed()

    def _file_view(self) -> ReviewFileView | None:
        if self._open is None:
            return None
        file = self._open.file
        return ReviewFileView(
            item=file.item,
            state=file.state,
            steps=file.steps,
            compared=file.compared,
            images=self._open.images.views(),
            lost=self._open.lost,
        )


__all__ = [
    "NOT_OPEN",
    "NOT_SEEN",
    "NO_NOTE",
    "REFRESH_S",
    "DrawnFile",
    "ReviewDesk",
]
