"""What a desk may ask: the queue, a claim with its images, a decision; reviews of what closed."""

from __future__ import annotations

from typing import Final

from actors import ActorError, Refused
from actors.ref import Ref
from actors.store import Store
from backoffice.authorization.queue import Deal, Watch, collection, pool
from backoffice.authorization.waiting import QueueEntry, may_pick
from backoffice.cases import sampling
from backoffice.cases.commands import (
    AskLive,
    Caller,
    Claim,
    Judge,
    JudgeSample,
    OpenSample,
    Release,
    Renew,
)
from backoffice.office import ANSWER_S_MAX, BUSY, Office
from backoffice.peers.devices import Device
from wire.codec import decode, decode_signed
from wire.errors import BadFrame
from wire.message import Code, Refusal, ReplyT, Request
from wire.messages.desk import (
    AskLivePhoto,
    CaseFile,
    ClaimCase,
    Decide,
    Decision,
    JudgeReview,
    ListReviews,
    NextCase,
    OpenReview,
    ReleaseCase,
    RenewClaim,
    Reviews,
    WatchQueue,
)
from wire.messages.images import GetChunk
from wire.messages.session import Role

CHALLENGE_BYTES: Final = 16
"""The length of the fresh challenge that a decision is bound to."""

NEXT_TRIES_MAX: Final = 5
"""How often another case is dealt when somebody else was quicker with the one before."""

REVIEWS_MAX: Final = 200
"""The most reviews that are listed at once; the rest wait behind them."""

_DEALT_ONLY: Final = Refusal(Code.FORBIDDEN, "该业务由系统随机派单，请使用“领取下一笔”。")

DeskRequest = (
    WatchQueue
    | ClaimCase
    | NextCase
    | RenewClaim
    | AskLivePhoto
    | ReleaseCase
    | Decide
    | ListReviews
    | OpenReview
    | JudgeReview
    | GetChunk
)


class DeskRequests:
    """Answers desks; `answer` is called with the device as the registry knows it now."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def answer(self, device: Device, session: Ref, request: DeskRequest) -> object:
        """The reply or a refusal."""
        office = self._office
        caller = office.caller(device)
        if isinstance(caller, Refusal):
            return caller
        match request:
            case WatchQueue():
                watch = Watch(session, device.device, caller.authority)
                return await self._queue(device, watch)
            case ClaimCase(case_id=case_id):
                entry = await queue_entry(office.store, device.union, case_id)
                if entry is not None and not may_pick(entry, caller.staff, device.device):
                    return _DEALT_ONLY
                return await self._claim(device, caller, case_id)
            case NextCase():
                return await self._next(device, caller)
            case RenewClaim(case_id=case_id):
                return await self._command(device, case_id, caller.staff.staff_id, Renew(caller))
            case AskLivePhoto(case_id=case_id):
                return await self._command(device, case_id, caller.staff.staff_id, AskLive(caller))
            case ReleaseCase(case_id=case_id):
                return await self._command(device, case_id, caller.staff.staff_id, Release(caller))
            case ListReviews():
                return await self._reviews(device, caller)
            case OpenReview(case_id=case_id):
                return await self._review(device, case_id, caller, OpenSample(caller))
            case JudgeReview(case_id=case_id, ok=ok, note=note):
                return await self._review(device, case_id, caller, JudgeSample(caller, ok, note))
            case GetChunk():
                return await self._chunk(device, caller, request)
            case Decide():
                try:
                    decision = decode_signed(Decision, request.decision)
                except BadFrame:
                    return Refusal(Code.FORMAT, "授权意见无法识别")
                proof = await office.roster.prove(
                    caller.staff.staff_id, request.passcode, Role.DESK, device.device
                )
                if isinstance(proof, Refusal):
                    return proof
                judge = Judge(caller, request.decision, request.signature)
                staff_id = caller.staff.staff_id
                return await self._command(device, decision.case_id, staff_id, judge)

    async def _claim(self, device: Device, caller: Caller, case_id: str) -> CaseFile | Refusal:
        command = Claim(caller, self._office.outside.entropy(CHALLENGE_BYTES))
        return await self._command(device, case_id, caller.staff.staff_id, command)

    async def _next(self, device: Device, caller: Caller) -> CaseFile | Refusal:
        """Deal and claim; the queue may be late, so that another desk can have been quicker."""
        gone: tuple[str, ...] = ()
        for _ in range(NEXT_TRIES_MAX):
            deal = Deal(device.device, caller.authority, gone)
            dealt = await self._queue(device, deal)
            if isinstance(dealt, Refusal):
                return dealt
            answer = await self._claim(device, caller, dealt.case_id)
            if not isinstance(answer, Refusal) or answer.code is not Code.STATE:
                return answer
            gone += (dealt.case_id,)
        return BUSY

    async def _queue(self, device: Device, request: Request[ReplyT]) -> ReplyT | Refusal:
        try:
            return await self._office.queue(device.union).ask(request, within=ANSWER_S_MAX)
        except Refused as refused:
            return refused.refusal
        except ActorError:
            return BUSY

    async def _command(
        self, device: Device, case_id: str, who: str, command: Request[ReplyT]
    ) -> ReplyT | Refusal:
        union = await self.union_of(device, case_id)
        return await self._office.ask_case(union, case_id, who, command)

    async def _review(
        self, device: Device, case_id: str, caller: Caller, command: Request[ReplyT]
    ) -> ReplyT | Refusal:
        """Reviewed is within the union, whatever was once pooled."""
        staff_id = caller.staff.staff_id
        return await self._office.ask_case(device.union, case_id, staff_id, command)

    async def union_of(self, device: Device, case_id: str) -> str:
        """Whose case a desk means: of a centre's pool the union it came from, else its own."""
        pooled = await self._office.store.owner(pool(device.union), case_id)
        return pooled if pooled is not None else device.union

    async def _reviews(self, device: Device, caller: Caller) -> Reviews | Refusal:
        refusal = sampling.too_junior(caller)
        if refusal is not None:
            return refusal
        page = await self._office.store.documents(sampling.collection(device.union))
        entries = (decode(sampling.ReviewEntry, body) for _, body in page[:REVIEWS_MAX])
        return Reviews(tuple(sampling.review_item(entry, caller) for entry in entries))

    async def _chunk(self, device: Device, caller: Caller, request: GetChunk) -> object:
        images = await self._open_images(device, caller, request.case_id)
        if images is None:
            return Refusal(Code.FORBIDDEN, "请先领取该业务")
        if request.digest not in images:
            return Refusal(Code.NOT_FOUND, "该业务没有这张照片")
        return await self._office.images.get(request.digest, request.offset)

    async def _open_images(
        self, device: Device, caller: Caller, case_id: str
    ) -> tuple[bytes, ...] | None:
        """What may be fetched of a case that is claimed here, or drawn and opened by the caller."""
        store = self._office.store
        entry = await queue_entry(store, device.union, case_id)
        if entry is not None:
            held = entry.claimed_by is not None and entry.desk == device.device
            return entry.images if held else None
        body = await store.document(sampling.collection(device.union), case_id)
        drawn = decode(sampling.ReviewEntry, body) if body is not None else None
        if drawn is None or not sampling.may_fetch(drawn, caller):
            return None
        return drawn.images


async def queue_entry(store: Store, union: str, case_id: str) -> QueueEntry | None:
    """The committed projection of a waiting case, or None."""
    body = await store.document(collection(union), case_id)
    return decode(QueueEntry, body) if body is not None else None


__all__ = [
    "CHALLENGE_BYTES",
    "NEXT_TRIES_MAX",
    "REVIEWS_MAX",
    "DeskRequest",
    "DeskRequests",
    "queue_entry",
]
