"""What a teller asks the office while a form is being filled: lists, codes, a colleague's proof.

Every answer is the office's own record; the draft keeps only what names it. The lists and codes
themselves live here, for the open case alone, and only as long as they are what would be asked
now: a list counts for the customer and the answers that it was asked with. A passcode passes
through and is kept nowhere. Offline, each deed says so and the draft goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from terminal.draft import Draft
from terminal.draft_events import DraftCommand, KeepValue
from terminal.page_commands import (
    AskList,
    ChooseItem,
    EnterCode,
    OfficeCommand,
    ProveColleague,
    SendCode,
)
from terminal.page_model import CodeView, ListView
from wire.checks import asked_fields, binding
from wire.form import Field, FieldKind
from wire.masked import Phone
from wire.message import Code, Refusal, ReplyT, Request
from wire.messages import lookups
from wire.messages.lookups import Listing, ListItems
from wire.value import ColleagueValue, ListedValue, PhoneValue

INQUIRY_S_MAX: Final = 15.0
"""How long a teller waits for the office's answer, in seconds."""


class Office(Protocol):
    """Whoever answers while a person waits; `wire.office_link.OfficeLink` in every program."""

    async def request_now(self, request: Request[ReplyT], *, within: float) -> ReplyT | Refusal:
        """The answer, or why there is none, after at most `within` seconds."""


Keep = Callable[[Draft, DraftCommand], Awaitable[Refusal | None]]
"""Journals a command of a draft."""


class Inquiries:
    """The office's answers for the open case.

    Attributes:
        changes: rises with each change of what is known here.
    """

    def __init__(self, link: Office, keep: Keep) -> None:
        self._link = link
        self._keep = keep
        self.changes = 0
        self._case_id = ""
        self._lists: dict[str, tuple[ListItems, Listing]] = {}
        self._codes: dict[str, tuple[Phone, lookups.CodeSent]] = {}

    async def perform(self, draft: Draft, field: Field, command: OfficeCommand) -> Refusal | None:
        """Do what the page asked for about a field of the open case."""
        if draft.case_id != self._case_id:
            self._case_id, self._lists, self._codes = draft.case_id, {}, {}
            self.changes += 1
        if not draft.editable or draft.product is None:
            return Refusal(Code.STATE, "业务已提交，不能再修改", field.name)
        if field.kind is not _KINDS[type(command)]:
            return Refusal(Code.FORMAT, "这一项不能这样办理", field.name)
        match command:
            case AskList():
                return await self._ask_list(draft, field)
            case ChooseItem(code=code):
                return await self._choose(draft, field, code)
            case ProveColleague(staff_id=staff_id, passcode=passcode):
                return await self._prove_colleague(draft, field, staff_id.strip(), passcode)
            case SendCode():
                return await self._send_code(draft, field)
            case EnterCode(code=code):
                return await self._enter_code(draft, field, code.strip())

    def listed(self, draft: Draft, field: Field) -> ListView | None:
        """What the office offers for a field; None where it must be asked (again)."""
        listing = self._known(draft, field)
        if listing is None:
            return None
        chosen = draft.values.get(field.name)
        code = chosen.code if isinstance(chosen, ListedValue) else ""
        shown = tuple(msgspec.structs.replace(item, facts={}) for item in listing.items)
        return ListView(shown, listing.note, code)

    def code_sent(self, draft: Draft, field: Field) -> CodeView | None:
        """The code on its way to the phone that stands in a field; None where there is none."""
        phone = draft.values.get(field.name)
        known = self._codes.get(field.name) if draft.case_id == self._case_id else None
        if known is None or not isinstance(phone, PhoneValue) or phone.phone != known[0]:
            return None
        return CodeView(known[1].until_ms, known[1].again_ms)

    async def _ask_list(self, draft: Draft, field: Field) -> Refusal | None:
        request = _request(draft, field)
        if isinstance(request, Refusal):
            return request
        answer = await self._link.request_now(request, within=INQUIRY_S_MAX)
        if isinstance(answer, Refusal):
            return _at(answer, field)
        self._lists[field.name] = (request, answer)
        self.changes += 1
        return None

    async def _choose(self, draft: Draft, field: Field, code: str) -> Refusal | None:
        listing = self._known(draft, field)
        item = next((one for one in listing.items if one.code == code), None) if listing else None
        if item is None:
            return Refusal(Code.STALE, "列表已过期，请重新查询", field.name)
        return await self._keep(draft, KeepValue(field.name, item.chosen()))

    async def _prove_colleague(
        self, draft: Draft, field: Field, staff_id: str, passcode: str
    ) -> Refusal | None:
        if staff_id == draft.staff_id:
            return Refusal(Code.SELF_AUTH, "须由另一位同事确认，不能是经办人本人", field.name)
        assert draft.product is not None
        bound = binding(draft.product.form, field, draft.values)
        request = lookups.ProveColleague(draft.case_id, staff_id, passcode, bound)
        answer = await self._link.request_now(request, within=INQUIRY_S_MAX)
        if isinstance(answer, Refusal):
            return _at(answer, field)
        proven = ColleagueValue(answer.staff_id, answer.name, answer.reference)
        return await self._keep(draft, KeepValue(field.name, proven))

    async def _send_code(self, draft: Draft, field: Field) -> Refusal | None:
        phone = draft.values.get(field.name)
        if not isinstance(phone, PhoneValue):
            return Refusal(Code.FORMAT, "请先填写手机号码", field.name)
        request = lookups.SendCode(draft.case_id, phone.phone)
        answer = await self._link.request_now(request, within=INQUIRY_S_MAX)
        if isinstance(answer, Refusal):
            return _at(answer, field)
        self._codes[field.name] = (phone.phone, answer)
        self.changes += 1
        return None

    async def _enter_code(self, draft: Draft, field: Field, code: str) -> Refusal | None:
        phone = draft.values.get(field.name)
        if not isinstance(phone, PhoneValue):
            return Refusal(Code.FORMAT, "请先填写手机号码", field.name)
        request = lookups.ProveCode(draft.case_id, phone.phone, code)
        answer = await self._link.request_now(request, within=INQUIRY_S_MAX)
        if isinstance(answer, Refusal):
            return _at(answer, field)
        self._codes.pop(field.name, None)
        self.changes += 1
        return await self._keep(draft, KeepValue(field.name, PhoneValue(phone.phone, answer.proof)))

    def _known(self, draft: Draft, field: Field) -> Listing | None:
        known = self._lists.get(field.name) if draft.case_id == self._case_id else None
        return known[1] if known is not None and known[0] == _request(draft, field) else None


def _request(draft: Draft, field: Field) -> ListItems | Refusal:
    """What is asked of the office, with the answers that the list depends on."""
    assert draft.product is not None
    form = draft.product.form
    asked = {one.name for one in asked_fields(form, draft.values)}
    depends = [name for name in field.depends if name in asked]
    for name in depends:
        if name not in draft.values:
            needed = form.field(name)
            title = needed.title_zh if needed is not None else name
            return Refusal(Code.FORMAT, f"请先填写“{title}”", field.name)
    card = draft.id_card
    return ListItems(
        case_id=draft.case_id,
        product=draft.product.code,
        field=field.name,
        number=card.number if card is not None else None,
        name=card.name if card is not None else "",
        values={name: draft.values[name] for name in sorted(depends)},
    )


def _at(refusal: Refusal, field: Field) -> Refusal:
    """A refusal of the office, beside the field that it is about."""
    return msgspec.structs.replace(refusal, field=field.name)


_KINDS: Final[dict[type, FieldKind]] = {
    AskList: FieldKind.LISTED,
    ChooseItem: FieldKind.LISTED,
    ProveColleague: FieldKind.COLLEAGUE,
    SendCode: FieldKind.PHONE,
    EnterCode: FieldKind.PHONE,
}


__all__ = ["INQUIRY_S_MAX", "Inquiries", "Keep", "Office"]
