"""What an authorizer can do at the desk, one method per deed, whoever asks: the page or a script.

The desk holds no truth: the queue and the claim are the office's, and what is shown here is its
newest word. While a case is open its claim is renewed; a claim that is lost, for whatever reason,
disables the decision until the case has been claimed again. The agent signs, never the page, and
it signs exactly what was shown: the version, the hash of the submission and of every image that
was fetched and verified.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import trio

from actors.ports import Outside
from backoffice.desk.images import CaseImages
from backoffice.desk.link import REQUEST_S_MAX
from backoffice.desk.page_model import (
    AskLive,
    Claim,
    Conclude,
    Deed,
    DoneRow,
    FileView,
    Release,
    SignInHere,
    SignOutHere,
    TakeNext,
)
from wire.codec import encode
from wire.keys import DECISION, DeviceKeys
from wire.message import Code, Refusal
from wire.messages.desk import (
    NOTE_CHARS_MAX,
    AskLivePhoto,
    CaseFile,
    ClaimCase,
    Decide,
    Decision,
    NextCase,
    Queue,
    QueueItem,
    ReleaseCase,
    RenewClaim,
)
from wire.messages.session import SignIn, SignOut, StaffCard
from wire.office_link import OfficeLink
from wire.text import normalised, text_fault

RENEW_S: Final = 60.0
"""How often an open claim is renewed, in seconds; a lease lasts several times that."""

DONE_ROWS_MAX: Final = 200
"""How many of this session's decisions the page lists."""

SIGN_IN_FIRST: Final = Refusal(Code.FORBIDDEN, "请先登录")

OTHER_CASE: Final = Refusal(Code.STALE, "本机已打开另一笔业务，刚才的操作没有执行")


class OpenFile:
    """The claimed case on the screen and the images fetched so far.

    Attributes:
        news: set when the office has more of the case than this file shows.
    """

    def __init__(self, file: CaseFile) -> None:
        self.file = file
        self.images = CaseImages(file.item.case_id, file.images)
        self.lost = False
        self.news = trio.Event()

    def renewed(self, until_ms: int) -> None:
        """The claim holds until then."""
        self.file = msgspec.structs.replace(self.file, lease_until_ms=until_ms)


class Authorizer:
    """Everything the page can ask for.

    Attributes:
        staff: who is signed in, or None.
        queue: the office's newest queue, front first.
        queue_known: the office has said what waits since somebody signed in, and can be reached.
        open: the claimed case, or None.
        done: this session's decisions, newest first.
    """

    def __init__(
        self,
        *,
        link: OfficeLink,
        keys: DeviceKeys,
        outside: Outside,
        watch_again: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._link = link
        self._keys = keys
        self._outside = outside
        self._watch_again = watch_again
        self._changed = changed
        self._opened = trio.Event()
        self._one_by_one = trio.Lock()
        self.staff: StaffCard | None = None
        self.queue: tuple[QueueItem, ...] = ()
        self.queue_known = False
        self.open: OpenFile | None = None
        self.done: tuple[DoneRow, ...] = ()

    async def perform(self, command: Deed) -> Refusal | None:
        """Do what the page asked for, one deed after the other: two claims would leave one case
        held and not shown.
        """
        async with self._one_by_one:
            return await self._perform(command)

    async def _perform(self, command: Deed) -> Refusal | None:
        match command:
            case SignInHere(staff_id=staff_id, passcode=passcode):
                return await self._sign_in(staff_id, passcode)
            case SignOutHere():
                return await self._sign_out()
        if self.staff is None:
            return SIGN_IN_FIRST
        match command:
            case Claim(case_id=case_id, shown=shown):
                return self._elsewhere(case_id, shown) or await self._claim(case_id)
            case TakeNext():
                return await self._next()
            case AskLive(case_id=case_id):
                return self._elsewhere(case_id) or await self._ask_live()
            case Release(case_id=case_id):
                return self._elsewhere(case_id) or await self._release()
            case Conclude(case_id=case_id):
                return self._elsewhere(case_id) or await self._conclude(command, self.staff)

    def _elsewhere(self, *case_ids: str) -> Refusal | None:
        """Why nothing is done to these cases: another one is open, by whichever window."""
        other = self.open is not None and self.open.file.item.case_id not in case_ids
        return OTHER_CASE if other else None

    def queue_changed(self, queue: Queue | None) -> None:
        """The office's newest queue; None when it cannot be known for now."""
        self.queue_known = queue is not None
        self.queue = queue.items if queue is not None else ()
        if self.open is not None:
            if queue is None:
                self.open.lost = True
            was = self.open.file.item
            now = next((one for one in self.queue if one.case_id == was.case_id), was)
            if now.mine and now.live_photo != was.live_photo:
                self.open.news.set()
        self._changed()

    def image(self, digest: bytes) -> bytes | None:
        """A verified image of the open case, or None."""
        return self.open.images.body(digest) if self.open is not None else None

    def file_view(self) -> FileView | None:
        """The open case as the page shows it."""
        if self.open is None:
            return None
        file = self.open.file
        return FileView(
            item=file.item,
            state=file.state,
            steps=file.steps,
            version=file.version,
            compared=file.compared,
            images=self.open.images.views(),
            lease_until_ms=file.lease_until_ms,
            lost=self.open.lost,
        )

    async def tend(self) -> None:
        """Fetch images of the open case and keep its claim; runs as long as the desk."""
        while True:
            await self._opened.wait()
            opened, self._opened = self.open, trio.Event()
            if opened is None:
                continue
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._fetch_images, opened)
                nursery.start_soon(self._renew, opened)
                nursery.start_soon(self._look_again, opened)
                await self._opened.wait()
                nursery.cancel_scope.cancel()

    async def _sign_in(self, staff_id: str, passcode: str) -> Refusal | None:
        answer = await self._link.request_now(SignIn(staff_id, passcode), within=REQUEST_S_MAX)
        if isinstance(answer, Refusal):
            return answer
        self.staff = answer
        self._watch_again()
        self._changed()
        return None

    async def _sign_out(self) -> Refusal | None:
        await self._release()
        await self._link.request_now(SignOut(), within=REQUEST_S_MAX)
        self.staff, self.queue, self.queue_known = None, (), False
        self._changed()
        return None

    async def _claim(self, case_id: str) -> Refusal | None:
        if self.open is not None and self.open.file.item.case_id != case_id:
            refusal = await self._release()
            if refusal is not None:
                return refusal
        answer = await self._link.request_now(ClaimCase(case_id), within=REQUEST_S_MAX)
        return self._opened_as(answer)

    async def _next(self) -> Refusal | None:
        """The office gives a desk that has a case that one; so nothing is put back before."""
        answer = await self._link.request_now(NextCase(), within=REQUEST_S_MAX)
        return self._opened_as(answer)

    async def _ask_live(self) -> Refusal | None:
        if self.open is None:
            return Refusal(Code.STATE, "请先领取一笔业务")
        request = AskLivePhoto(self.open.file.item.case_id)
        answer = await self._link.request_now(request, within=REQUEST_S_MAX)
        return self._opened_as(answer)

    def _opened_as(self, answer: CaseFile | Refusal) -> Refusal | None:
        """Show a claimed case; images of it that are here already are kept."""
        if isinstance(answer, Refusal):
            return answer
        fresh = OpenFile(answer)
        if self.open is not None:
            fresh.images.keep(self.open.images)
        self._show(fresh)
        return None

    async def _release(self) -> Refusal | None:
        if self.open is None:
            return None
        case_id, lost = self.open.file.item.case_id, self.open.lost
        answer = await self._link.request_now(ReleaseCase(case_id), within=REQUEST_S_MAX)
        if isinstance(answer, Refusal) and not lost and answer.code is Code.BUSY:
            return answer
        self._show(None)
        return None

    async def _conclude(self, command: Conclude, staff: StaffCard) -> Refusal | None:
        opened = self.open
        if opened is None:
            return Refusal(Code.STATE, "请先领取一笔业务")
        if opened.lost:
            return Refusal(Code.STALE, "领取已失效，请重新领取后再决定", retryable=True)
        if opened.file.version != command.version:
            return Refusal(Code.STALE, "业务内容已更新，请重新核对后再决定")
        if not opened.images.complete:
            return Refusal(Code.EVIDENCE, "影像还没有全部调阅，请稍候", retryable=True)
        note = normalised(command.note)
        fault = text_fault(note, "说明", NOTE_CHARS_MAX, "note", required=False, lines=True)
        if fault is not None:
            return fault
        file = opened.file
        decision = Decision(
            case_id=file.item.case_id,
            version=file.version,
            submission_hash=file.submission_hash,
            images=tuple(card.digest for card in file.images),
            verdict=command.verdict,
            reason=command.reason,
            note=note,
            staff_id=staff.staff_id,
            challenge=file.challenge,
            decided_ms=self._outside.wall.now_ms(),
            fields=command.fields,
        )
        body = encode(decision)
        signature = self._keys.signing.sign(DECISION, body)
        request = Decide(body, signature, command.passcode)
        answer = await self._link.request_now(request, within=REQUEST_S_MAX)
        if isinstance(answer, Refusal):
            return answer
        row = DoneRow(
            file.item.case_id,
            file.item.title_zh,
            file.item.title_en,
            command.verdict,
            command.reason,
            decision.decided_ms,
        )
        self.done = (row, *self.done)[:DONE_ROWS_MAX]
        self._show(None)
        return None

    def _show(self, file: OpenFile | None) -> None:
        self.open = file
        self._opened.set()
        self._changed()

    async def _renew(self, opened: OpenFile) -> None:
        while not opened.lost:
            await trio.sleep(RENEW_S)
            request = RenewClaim(opened.file.item.case_id)
            answer = await self._link.request_now(request, within=REQUEST_S_MAX)
            if isinstance(answer, Refusal):
                opened.lost = True
            else:
                opened.renewed(answer.until_ms)
            self._changed()

    async def _look_again(self, opened: OpenFile) -> None:
        """The live photo is there: what was seen so far is no longer the whole case."""
        await opened.news.wait()
        async with self._one_by_one:
            if self.open is opened:
                opened.lost = await self._claim(opened.file.item.case_id) is not None
        self._changed()

    async def _fetch_images(self, opened: OpenFile) -> None:
        if not await opened.images.fetch(self._link, self._changed):
            opened.lost = True
            self._changed()


__all__ = [
    "DONE_ROWS_MAX",
    "OTHER_CASE",
    "RENEW_S",
    "SIGN_IN_FIRST",
    "Authorizer",
    "OpenFile",
]
