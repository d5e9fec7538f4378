"""What a desk may ask: the queue, a claim with its images, a decision."""

from __future__ import annotations

from typing import Final

from actors import ActorError, Refused
from actors.ref import Ref
from actors.store import Store
from backoffice.authorization.queue import QueueEntry, Watch, collection
from backoffice.cases.commands import Claim, Judge, Release, Renew
from backoffice.office import ANSWER_S_MAX, BUSY, Office
from backoffice.peers.devices import Device
from wire.codec import decode
from wire.errors import BadFrame
from wire.message import Code, Refusal, ReplyT, Request
from wire.messages.desk import ClaimCase, Decide, Decision, ReleaseCase, RenewClaim, WatchQueue
from wire.messages.images import GetChunk
from wire.messages.session import Role

CHALLENGE_BYTES: Final = 16
"""The length of the fresh challenge that a decision is bound to."""

DeskRequest = WatchQueue | ClaimCase | RenewClaim | ReleaseCase | Decide | GetChunk


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
                watch = Watch(session, device.device, caller.staff, caller.level)
                try:
                    return await office.queue(device.union).ask(watch, within=ANSWER_S_MAX)
                except Refused as refused:
                    return refused.refusal
                except ActorError:
                    return BUSY
            case ClaimCase(case_id=case_id):
                command = Claim(caller, office.outside.entropy(CHALLENGE_BYTES))
                return await self._command(device, case_id, caller.staff.staff_id, command)
            case RenewClaim(case_id=case_id):
                return await self._command(device, case_id, caller.staff.staff_id, Renew(caller))
            case ReleaseCase(case_id=case_id):
                return await self._command(device, case_id, caller.staff.staff_id, Release(caller))
            case GetChunk():
                return await self._chunk(device, request)
            case Decide():
                try:
                    decision = decode(Decision, request.decision)
                except BadFrame:
                    return Refusal(Code.FORMAT, "授权意见无法识别")
                proof = await office.roster.prove(
                    caller.staff.staff_id, request.passcode, Role.DESK
                )
                if isinstance(proof, Refusal):
                    return proof
                judge = Judge(caller, request.decision, request.signature)
                staff_id = caller.staff.staff_id
                return await self._command(device, decision.case_id, staff_id, judge)

    async def _command(
        self, device: Device, case_id: str, who: str, command: Request[ReplyT]
    ) -> ReplyT | Refusal:
        return await self._office.ask_case(device.union, case_id, who, command)

    async def _chunk(self, device: Device, request: GetChunk) -> object:
        entry = await queue_entry(self._office.store, device.union, request.case_id)
        if entry is None or entry.claimed_by is None or entry.desk != device.device:
            return Refusal(Code.FORBIDDEN, "请先领取该业务")
        if request.digest not in entry.images:
            return Refusal(Code.NOT_FOUND, "该业务没有这张照片")
        return await self._office.images.get(request.digest, request.offset)


async def queue_entry(store: Store, union: str, case_id: str) -> QueueEntry | None:
    """The committed projection of a waiting case, or None."""
    body = await store.document(collection(union), case_id)
    return decode(QueueEntry, body) if body is not None else None


__all__ = ["CHALLENGE_BYTES", "DeskRequest", "DeskRequests", "queue_entry"]
