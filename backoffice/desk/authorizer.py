"""What an authorizer can do at the desk, one method per deed, whoever asks: the page or a script.

The desk holds no truth: the queue and the claim are the office's, and what is shown here is its
newest word. While a case is open its claim is renewed; a claim that is lost, for whatever reason,
disables the decision until the case has been claimed again. The agent signs, never the page, and
it signs exactly what was shown: the version, the hash of the submission and of every image that
was fetched and verified.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
import trio

from actors.ports import Outside
from backoffice.desk.link import REQUEST_S_MAX
from backoffice.desk.page_model import (
    AskLive,
    Claim,
    Conclude,
    Deed,
    DoneRow,
    FileView,
    ImageView,
    Release,
    SignInHere,
    SignOutHere,
    TakeNext,
)
from wire.codec import encode
from wire.errors import LinkLost, OutcomeUnknown, PeerRefused
from wire.keys import DECISION, DeviceKeys
from wire.message import Code, Refusal
from wire.messages.case import LIVE_PHOTO
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
from wire.messages.images import GetChunk
from wire.messages.session import SignIn, SignOut, StaffCard
from wire.office_link import OfficeLink

RENEW_S: Final = 60.0
"""How often an open claim is renewed, in seconds; a lease lasts several times that."""

IMAGE_TRIES_MAX: Final = 5
"""How often an image whose bytes do not match its hash is fetched again."""

DONE_ROWS_MAX: Final = 200
"""How many of this session's decisions the page lists."""

SIGN_IN_FIRST: Final = Refusal(Code.FORBIDDEN, "请先登录")


class OpenFile:
    """The claimed case on the screen and the images fetched so far.

    Attributes:
        news: set when the office has more of the case than this file shows.
    """

    def __init__(self, file: CaseFile) -> None:
        self.file = file
        self.images: dict[bytes, bytearray] = {card.digest: bytearray() for card in file.images}
        self.lost = False
        self.news = trio.Event()

    def renewed(self, until_ms: int) -> None:
        """The claim holds until then."""
        self.file = msgspec.structs.replace(self.file, lease_until_ms=until_ms)

    @property
    def complete(self) -> bool:
        """Every image is here and verified."""
        return all(len(self.images[card.digest]) == card.size for card in self.file.images)


class Authorizer:
    """Everything the page can ask for.

    Attributes:
        staff: who is signed in, or None.
        queue: the office's newest queue, front first.
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
        self.staff: StaffCard | None = None
        self.queue: tuple[QueueItem, ...] = ()
        self.open: OpenFile | None = None
        self.done: tuple[DoneRow, ...] = ()

    async def perform(self, command: Deed) -> Refusal | None:
        """Do what the page asked for."""
        match command:
            case SignInHere(staff_id=staff_id, passcode=passcode):
                return await self._sign_in(staff_id, passcode)
            case SignOutHere():
                return await self._sign_out()
        if self.staff is None:
            return SIGN_IN_FIRST
        match command:
            case Claim(case_id=case_id):
                return await self._claim(case_id)
            case TakeNext():
                return await self._next()
            case AskLive():
                return await self._ask_live()
            case Release():
                return await self._release()
            case Conclude():
                return await self._conclude(command, self.staff)

    def queue_changed(self, queue: Queue | None) -> None:
        """The office's newest queue; None when it cannot be known for now."""
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
        if self.open is None:
            return None
        size = {card.digest: card.size for card in self.open.file.images}.get(digest, -1)
        body = self.open.images.get(digest, b"")
        return bytes(body) if len(body) == size else None

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
            images=tuple(
                ImageView(
                    card.digest.hex(),
                    card.title_zh,
                    card.title_en,
                    card.evidence,
                    100 * len(self.open.images[card.digest]) // max(card.size, 1),
                    card.field if card.field != LIVE_PHOTO.name else "",
                )
                for card in file.images
            ),
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
        self.staff, self.queue = None, ()
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
            kept = {d: b for d, b in self.open.images.items() if d in fresh.images}
            fresh.images.update(kept)
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
        if not opened.complete:
            return Refusal(Code.EVIDENCE, "影像还没有全部调阅，请稍候", retryable=True)
        if len(command.note) > NOTE_CHARS_MAX:
            return Refusal(Code.FORMAT, f"说明不能超过{NOTE_CHARS_MAX}个字", "note")
        file = opened.file
        decision = Decision(
            case_id=file.item.case_id,
            version=file.version,
            submission_hash=file.submission_hash,
            images=tuple(card.digest for card in file.images),
            verdict=command.verdict,
            reason=command.reason,
            note=command.note,
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
        opened.lost = await self._claim(opened.file.item.case_id) is not None
        self._changed()

    async def _fetch_images(self, opened: OpenFile) -> None:
        for card in opened.file.images:
            body = opened.images[card.digest]
            tries = 0
            while len(body) < card.size:
                request = GetChunk(opened.file.item.case_id, card.digest, len(body))
                try:
                    chunk = await self._link.request(request, within=REQUEST_S_MAX)
                except (LinkLost, OutcomeUnknown):
                    continue
                except PeerRefused:
                    opened.lost = True
                    self._changed()
                    return
                body += chunk.data
                whole = len(body) >= card.size
                if not chunk.data or (whole and not _matches(body, card.digest)):
                    body.clear()
                    tries += 1
                    if tries >= IMAGE_TRIES_MAX:
                        opened.lost = True
                        self._changed()
                        return
                self._changed()


def _matches(body: bytearray, digest: bytes) -> bool:
    return hashlib.blake2b(body, digest_size=32).digest() == digest


__all__ = [
    "DONE_ROWS_MAX",
    "IMAGE_TRIES_MAX",
    "RENEW_S",
    "SIGN_IN_FIRST",
    "Authorizer",
    "OpenFile",
]
