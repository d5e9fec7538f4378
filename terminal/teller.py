"""What a teller can do at the terminal, one method per deed, whoever asks: the page or a script.

A deed moves a peripheral (`terminal.kit_work`), asks the office (`terminal.inquiries`) or enters
something into a draft, and answers None or a refusal in words that a teller understands. It holds
no truth of its own: what was captured is in the drafts (durable actors), what is connected is in
the toolbox and the uplink.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from actors import AskTimeout, Refused
from actors.blobs import Blobs
from actors.durable import Commanded
from actors.ports import Outside
from actors.ref import Ref
from hw.toolbox import Toolbox
from terminal import draft_events
from terminal.draft import Draft, slip_hash
from terminal.draft_events import (
    DraftCommand,
    DropAnswer,
    DropRow,
    GiveUpDraft,
    HandInRescan,
    KeepHandover,
    KeepInk,
    KeepReveal,
    KeepRow,
    KeepValue,
    Open,
    RefuseTheSlip,
    Reopen,
    SeeSlip,
    StopWaiting,
    WantSubmission,
)
from terminal.form_runner import entered, entered_row, problems
from terminal.inquiries import Inquiries
from terminal.kit_work import Customer, KitWork
from terminal.link_speed import LinkSpeed
from terminal.location import Locate
from terminal.page_commands import (
    CancelEntry,
    CaseCommand,
    ClearValue,
    Command,
    CustomerRefuses,
    DeferPhoto,
    EntryCommand,
    FieldCommand,
    FindCases,
    GiveRescan,
    GiveUp,
    HandOver,
    KitCommand,
    LeaveCase,
    LeaveTable,
    NewCase,
    OfficeCommand,
    Question,
    RemoveRow,
    ReopenReturned,
    RestoreRow,
    Reveal,
    SetRow,
    SetValue,
    ShowCase,
    Sign,
    SignHere,
    SignInHere,
    SignOutHere,
    SlipSeen,
    StopRecording,
    SubmitCase,
    TakePhoto,
)
from terminal.reveal import clear_text, found
from terminal.table_rows import cells_of, row_ids
from wire.checks import Context, check_ink
from wire.form import Field
from wire.ink import Signature
from wire.message import Code, Refusal
from wire.messages.case import LIVE_PHOTO
from wire.messages.session import ProductCard, SignIn, SignOut, StaffCard
from wire.office_link import OfficeLink
from wire.value import InkValue

SIGN_IN_S_MAX: Final = 10.0
"""How long a teller waits at the sign-in, in seconds."""

DRAFT_S_MAX: Final = 10.0
"""How long a draft may take to journal a command, in seconds."""

NO_SUCH_CASE: Final = Refusal(Code.NOT_FOUND, "没有这笔业务")
OTHER_CASE: Final = Refusal(
    Code.STALE, "本机已转到另一笔业务，刚才的操作没有执行；如需继续，请先从列表打开原来那笔"
)
NOTHING_MASKED: Final = Refusal(Code.NOT_FOUND, "这里没有可以显示的完整号码")
OTHER_SLIP: Final = Refusal(Code.STALE, "确认单已更新，请客户重新核对后再签字")


class Drafts(Protocol):
    """The drafts of this terminal."""

    def ref(self, case_id: str) -> Ref:
        """The actor of one draft."""

    def look(self, case_id: str) -> Draft | None:
        """The newest committed state of a draft that this process has seen, or None."""

    def known(self) -> Iterator[Draft]:
        """Every one of them."""


class Teller:
    """Everything the page can ask for.

    Attributes:
        staff: who is signed in, or None.
        open_id: the case in the middle of the screen, or empty.
        kit: the peripherals at work.
        inquiries: what the office was asked about the open case.
        products: what can be offered, by code; kept for work offline.
    """

    def __init__(
        self,
        *,
        outside: Outside,
        blobs: Blobs,
        toolbox: Toolbox,
        customer: Customer,
        locate: Locate,
        capabilities: frozenset[str],
        drafts: Drafts,
        link: OfficeLink,
        speed: LinkSpeed,
        changed: Callable[[], None],
    ) -> None:
        self._outside = outside
        self._locate = locate
        self._capabilities = capabilities
        self._drafts = drafts
        self._link = link
        self._speed = speed
        self._changed = changed
        self.kit = KitWork(
            outside=outside,
            blobs=blobs,
            toolbox=toolbox,
            customer=customer,
            keep=self._keep,
            changed=changed,
        )
        self.inquiries = Inquiries(link, self._keep)
        self.staff: StaffCard | None = None
        self.open_id = ""
        self.products: Mapping[str, ProductCard] = {}

    async def perform(self, command: Command) -> Refusal | None:  # long: one line per deed
        """Do what the page asked for."""
        match command:
            case SignInHere(staff_id=staff_id, passcode=passcode):
                return await self._sign_in(staff_id, passcode)
            case SignOutHere():
                await self._link.request_now(SignOut(), within=SIGN_IN_S_MAX)
                self.staff, self.open_id = None, ""
                self._changed()
                return None
        if self.staff is None:
            return Refusal(Code.FORBIDDEN, "请先登录")
        match command:
            case NewCase(product=product):
                return await self._new_case(product, self.staff)
            case ShowCase(case_id=case_id):
                if self._drafts.look(case_id) is None:
                    return NO_SUCH_CASE
                self.open_id = case_id
                self._changed()
                return None
            case LeaveCase(case_id=case_id):
                if self.open_id == case_id:
                    self.open_id = ""
                    self._changed()
                return None
        return await self._in_case(command)

    async def answer(self, question: Question) -> object:
        """What only the window that asked is told, or a refusal."""
        if self.staff is None:
            return Refusal(Code.FORBIDDEN, "请先登录")
        match question:
            case FindCases(text=text):
                return [draft.case_id for draft in self._drafts.known() if found(draft, text)]
            case Reveal(case_id=case_id, place=place):
                draft = self._drafts.look(case_id)
                if draft is None or case_id != self.open_id:
                    return OTHER_CASE
                clear = clear_text(draft, place)
                if clear is None:
                    return NOTHING_MASKED
                keep = KeepReveal(place, self.staff.staff_id)
                return await self._tell(case_id, keep) or clear

    async def _in_case(self, command: CaseCommand) -> Refusal | None:
        """Whatever is done to a case: to the one that was on the glass, or to none.

        What was typed belongs where it was typed, also when another window has opened another
        case meanwhile; for everything else the customer in front is the wrong one then.
        """
        draft = self._drafts.look(command.case_id)
        if draft is None:
            return NO_SUCH_CASE
        if command.case_id != self.open_id and not isinstance(command, EntryCommand):
            return OTHER_CASE
        if isinstance(command, FieldCommand):
            return await self._answer(draft, command)
        match command:
            case StopRecording():
                return self.kit.stop_recording(draft.case_id)
            case CancelEntry():
                return self.kit.cancel(draft.case_id)
            case SubmitCase():
                return await self._submit(draft)
            case LeaveTable():
                return await self._keep(draft, StopWaiting())
            case SlipSeen():
                return await self._keep(draft, SeeSlip())
            case Sign():
                return await self._sign(draft, command)
            case CustomerRefuses():
                return await self._keep(draft, RefuseTheSlip())
            case GiveUp(reason=reason):
                return await self._keep(draft, GiveUpDraft(reason))
            case GiveRescan():
                return await self._give_rescan(draft)
            case HandOver():
                return await self._keep(draft, KeepHandover())
            case ReopenReturned():
                return await self._keep(draft, Reopen())

    async def _sign_in(self, staff_id: str, passcode: str) -> Refusal | None:
        answer = await self._link.request_now(SignIn(staff_id, passcode), within=SIGN_IN_S_MAX)
        if isinstance(answer, Refusal):
            return answer
        self.staff = answer
        self._changed()
        return None

    async def _new_case(self, code: str, staff: StaffCard) -> Refusal | None:
        product = self.products.get(code)
        if product is None:
            return Refusal(Code.NOT_FOUND, "没有这项业务")
        if product.closed:
            return Refusal(Code.FORBIDDEN, product.closed)
        missing = set(product.needs) - self._capabilities
        if missing:
            return Refusal(Code.POSTURE, "本机缺少办理该业务所需的外设")
        case_id = self._outside.ids.new()
        refusal = await self._tell(case_id, Open(product, staff.staff_id))
        if refusal is None:
            self.open_id = case_id
        self._changed()
        return refusal

    async def _submit(self, draft: Draft) -> Refusal | None:
        found = problems(draft, self._outside.wall.now_ms())
        if draft.editable and found:
            return next(iter(found.values()))
        return await self._keep(draft, WantSubmission(self._locate(), self._speed.kbps))

    async def _give_rescan(self, draft: Draft) -> Refusal | None:
        found = problems(draft, self._outside.wall.now_ms())
        wrong = next((found[name] for name in draft.owed if name in found), None)
        return wrong or await self._keep(draft, HandInRescan())

    async def _sign(self, draft: Draft, sign: Sign) -> Refusal | None:
        if draft.slip is not None and sign.slip_hash != slip_hash(draft.slip).hex():
            return OTHER_SLIP
        ink = Signature(sign.width, sign.height, sign.strokes)
        for refusal in check_ink(ink, Context(self._outside.wall.now_ms(), field="signature")):
            return refusal
        return await self._keep(draft, KeepInk(ink))

    async def _answer(self, draft: Draft, command: FieldCommand) -> Refusal | None:
        """Whatever answers a field: by a peripheral, by the office, or by hand."""
        assert draft.product is not None
        # Only the kit's camera: what a page uploads may be a picture from before.
        live = isinstance(command, TakePhoto) and command.field == LIVE_PHOTO.name
        field = LIVE_PHOTO if live else draft.product.form.field(command.field)
        if field is None:
            return Refusal(Code.FORMAT, "表单中没有这一项", command.field)
        if isinstance(command, KitCommand):
            return await self.kit.perform(draft, field, command)
        if isinstance(command, OfficeCommand):
            refusal = await self.inquiries.perform(draft, field, command)
            self._changed()
            return refusal
        change = self._entry(draft, field, command)
        return change if isinstance(change, Refusal) else await self._keep(draft, change)

    def _entry(self, draft: Draft, field: Field, command: EntryCommand) -> DraftCommand | Refusal:
        """What is entered by hand, as a command of the draft."""
        now_ms = self._outside.wall.now_ms()
        match command:
            case DeferPhoto():
                return draft_events.DeferPhoto(field.name)
            case ClearValue():
                return DropAnswer(field.name)
            case SetValue(value=text):
                value = entered(field, text, now_ms)
                if isinstance(value, Refusal):
                    return value
                return DropAnswer(field.name) if value is None else KeepValue(field.name, value)
            case SetRow() | RemoveRow() | RestoreRow():
                return _row_entry(draft, field, command)
            case SignHere():
                ink = Signature(command.width, command.height, command.strokes)
                for refusal in check_ink(ink, Context(now_ms, field=field.name)):
                    return refusal
                return KeepValue(field.name, InkValue(ink))

    async def _keep(self, draft: Draft, command: DraftCommand) -> Refusal | None:
        refusal = await self._tell(draft.case_id, command)
        self._changed()
        return refusal

    async def _tell(self, case_id: str, command: DraftCommand) -> Refusal | None:
        who = self.staff.staff_id if self.staff else "terminal"
        try:
            await self._drafts.ref(case_id).ask(Commanded(who, command), within=DRAFT_S_MAX)
        except Refused as refused:
            return refused.refusal
        except AskTimeout:
            return Refusal(Code.BUSY, "终端存储繁忙，请看业务列表确认结果", retryable=True)
        return None


def _row_entry(
    draft: Draft, field: Field, command: SetRow | RemoveRow | RestoreRow
) -> DraftCommand | Refusal:
    """A row that was entered, taken out or brought back, as a command of the draft."""
    match command:
        case RemoveRow(row=row):
            return DropRow(field.name, row)
        case RestoreRow(row=row):
            return draft_events.RestoreRow(field.name, row)
        case SetRow(row=row, values=values, new=new):
            ids = row_ids(draft, field.name)
            number = ids.index(row) + 1 if row in ids else len(ids) + 1
            cells = entered_row(field, number, cells_of(draft, field.name, row), values)
            return cells if isinstance(cells, Refusal) else KeepRow(field.name, row, cells, new)


__all__ = ["DRAFT_S_MAX", "SIGN_IN_S_MAX", "Drafts", "Teller"]
