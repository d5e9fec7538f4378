"""What desks and operators may ask about cases that the machine gave up.

A desk sees its union's, and the centre's desks every union's; whoever is signed in there speaks. An
operator's key sees all and speaks for nobody: each person who settles something with it is named
in their word, and proves their passcode. What a word is worth the case decides.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level
from backoffice.cases import stuck
from backoffice.cases.case import key_of, stream_of
from backoffice.cases.commands import Caller, InquireLegs, LookManual, SettleLeg
from backoffice.office import Office
from backoffice.peers.devices import Device
from wire.codec import decode, decode_signed
from wire.errors import BadFrame
from wire.message import Code, Refusal
from wire.messages.session import Role
from wire.messages.settlement import (
    InquireManual,
    ListManual,
    ManualCase,
    ManualCases,
    OpenManual,
    SettleManual,
    Word,
)

ManualRequest = ListManual | OpenManual | InquireManual | SettleManual

PAGE_CASES_MAX: Final = 40
"""The most cases of one page; each takes less than a kilobyte."""

_ELSEWHERE: Final = Refusal(Code.FORBIDDEN, "只能查看本联社的业务", "union")
_NO_CASE: Final = Refusal(Code.NOT_FOUND, "没有找到该业务", "case_id")
_UNREADABLE: Final = Refusal(Code.FORMAT, "核定意见无法识别")
_NOT_SIGNED_IN: Final = Refusal(Code.FORBIDDEN, "核定意见与当前登录人员不符")


async def answer_settlement(office: Office, device: Device, request: ManualRequest) -> object:
    """The reply or a refusal."""
    speaker = office.caller(device) if device.role is Role.DESK else None
    if isinstance(speaker, Refusal):
        return speaker
    by = device.device if speaker is None else speaker.staff.staff_id
    match request:
        case ListManual(union=union, after=after):
            union = union or _own_union(office, device)
            return await _page(office, union, after) if _sees(office, device, union) else _ELSEWHERE
        case OpenManual(union=union, case_id=case_id):
            return await _ask(office, device, union, case_id, by, LookManual())
        case InquireManual(union=union, case_id=case_id, leg=leg):
            return await _ask(office, device, union, case_id, by, InquireLegs(leg, by))
        case SettleManual():
            return await _settle(office, device, speaker, request)


async def _settle(
    office: Office, device: Device, caller: Caller | None, request: SettleManual
) -> object:
    """The person's passcode is proven before the case hears their word."""
    try:
        word = decode_signed(Word, request.word)
    except BadFrame:
        return _UNREADABLE
    if caller is not None and caller.staff.staff_id != word.staff_id:
        return _NOT_SIGNED_IN
    proof = await office.roster.prove(word.staff_id, request.passcode, Role.DESK, device.device)
    if isinstance(proof, Refusal):
        return proof
    speaker = Caller(proof.card, device.device, device.signing, Level[proof.level], proof.skills)
    command = SettleLeg(speaker, request.word, request.signature)
    return await _ask(office, device, word.union, word.case_id, word.staff_id, command)


async def _ask(
    office: Office,
    device: Device,
    union: str,
    case_id: str,
    who: str,
    command: LookManual | InquireLegs | SettleLeg,
) -> object:
    if not _sees(office, device, union):
        return _ELSEWHERE
    stream = stream_of(key_of(union, case_id))
    # What is not there is not asked: no name that somebody thinks up brings an actor to life.
    if stream not in (await office.store.streams(stream))[:1]:
        return _NO_CASE
    return await office.ask_case(union, case_id, who, command)


async def _page(office: Office, union: str, after: str) -> ManualCases:
    """In the order of union and id; of one union, those behind its name."""
    prefix = f"{union}/" if union else ""
    rows = await office.store.documents(stuck.COLLECTION, max(after, prefix))
    found = [decode(ManualCase, body) for key, body in rows if key.startswith(prefix)]
    return ManualCases(tuple(found[:PAGE_CASES_MAX]), len(found) > PAGE_CASES_MAX)


def _own_union(office: Office, device: Device) -> str:
    return "" if _sees_all(office, device) else device.union


def _sees(office: Office, device: Device, union: str) -> bool:
    return _sees_all(office, device) or union == device.union


def _sees_all(office: Office, device: Device) -> bool:
    """An operator, and a desk of the provincial centre."""
    centre = office.settings.for_union(device.union).thresholds.centre
    return device.role is Role.OPERATOR or (centre != "" and device.union == centre)


__all__ = ["PAGE_CASES_MAX", "ManualRequest", "answer_settlement"]
