"""A second member of staff proves their presence: their own passcode, at the operator's terminal.

The record (`colleague/<union>/<case_id>`) is what a submission names; without it a colleague's name
in a form is only a name. Guessing is bounded by the roster, together with sign-in's tries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.ports import WallClock
from actors.store import Store
from backoffice.cases.commands import Caller
from backoffice.lookups.journal import Journal, retried
from backoffice.staff import Roster
from wire.checks import BINDING_BYTES
from wire.message import Code, Refusal
from wire.messages.lookups import ColleagueProven, ProveColleague
from wire.messages.session import Role, StaffCard

COLLEAGUES_PER_CASE_MAX: Final = 10
"""How many different colleagues one case may name."""


class ColleagueRecorded(msgspec.Struct, frozen=True, tag="ColleagueRecorded"):
    """A colleague was present.

    Attributes:
        operator: the staff id of whoever was signed in.
        bound: what they confirmed, as in `Submission.bound`: whose customer they were there for.
    """

    reference: str
    colleague: StaffCard
    operator: str
    device: str
    bound: bytes = b""


class ColleagueDesk:
    """Proves colleagues and remembers them."""

    def __init__(self, store: Store, wall: WallClock, roster: Roster) -> None:
        self._journal = Journal[ColleagueRecorded]("colleague", ColleagueRecorded, store, wall)
        self._roster = roster

    async def prove(self, caller: Caller, request: ProveColleague) -> ColleagueProven | Refusal:
        """The record's reference; the same colleague for the same customer gets the same one.

        Codes: `PIN` and `LIMIT` as at sign-in, `FORBIDDEN` for another union's staff, `SELF_AUTH`
        for the operator under whatever staff id, `LIMIT` for too many.
        """
        member = await self._roster.prove(
            request.staff_id, request.passcode, Role.TERMINAL, caller.device
        )
        if isinstance(member, Refusal):
            return member
        colleague = member.card
        if colleague.union != caller.staff.union:
            return Refusal(Code.FORBIDDEN, "该同事不属于本联社。", "staff_id")
        if colleague.person_id == caller.staff.person_id:
            return Refusal(Code.SELF_AUTH, "须由另一名同事本人输入密码。", "staff_id")
        if len(request.bound) not in (0, BINDING_BYTES):
            return Refusal(Code.FORMAT, "确认数据无法识别。", "bound")
        return await retried(lambda: self._record(caller, request, colleague))

    async def proven(
        self, union: str, case_id: str, bound: Mapping[str, bytes]
    ) -> dict[str, StaffCard]:
        """Who was present at a case, by reference: where they confirmed what is said there now.

        Args:
            bound: what each reference is said to confirm.
        """
        records = await self._journal.read(union, case_id)
        return {
            record.reference: record.colleague
            for record in records
            if bound.get(record.reference) == record.bound
        }

    async def _record(
        self, caller: Caller, request: ProveColleague, colleague: StaffCard
    ) -> ColleagueProven | Refusal:
        case_id = request.case_id
        key = (caller.staff.union, case_id)
        records = await self._journal.read(*key)
        operator = caller.staff.staff_id
        for known in records:
            said = (known.colleague, known.operator, known.bound)
            if said == (colleague, operator, request.bound):
                return _answer(known)
        if len(records) >= COLLEAGUES_PER_CASE_MAX:
            return Refusal(Code.LIMIT, "同一笔业务的陪同人员过多，请新建业务。", "staff_id")
        reference = f"{case_id}#{len(records) + 1}"
        record = ColleagueRecorded(reference, colleague, operator, caller.device, request.bound)
        await self._journal.add(key, len(records), record, who=operator)
        return _answer(record)


def _answer(record: ColleagueRecorded) -> ColleagueProven:
    colleague = record.colleague
    return ColleagueProven(colleague.staff_id, colleague.name, record.reference)


__all__ = ["COLLEAGUES_PER_CASE_MAX", "ColleagueDesk", "ColleagueRecorded"]
