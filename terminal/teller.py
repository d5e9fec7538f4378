"""What a teller can do at the terminal, one method per deed, whoever asks: the page or a script.

A deed moves a peripheral, a draft or the link, and answers None or a refusal in words that a
teller understands. It holds no truth of its own: what was captured is in the drafts (durable
actors), what is connected is in the toolbox and the uplink. At most one peripheral deed runs at a
time, because there is one customer at the table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import trio

from actors import AskTimeout, Refused
from actors.behaviour import Commanded
from actors.ports import Outside
from actors.ref import Ref
from actors.store import Store
from hw.errors import PeripheralError
from hw.messages import PinContext
from hw.toolbox import Toolbox
from terminal.draft import Draft
from terminal.draft_events import (
    DraftCommand,
    GiveUpDraft,
    KeepHandover,
    KeepIdCard,
    KeepInk,
    KeepPhoto,
    KeepPin,
    KeepValue,
    Open,
    RefuseTheSlip,
    Reopen,
    SeeSlip,
    WantSubmission,
)
from terminal.evidence import keep_photo
from terminal.form_runner import entered, problems
from terminal.page_model import (
    Busy,
    CancelEntry,
    Command,
    CustomerRefuses,
    EnterPin,
    GiveUp,
    HandOver,
    NewCase,
    ReadCard,
    ReadId,
    ReopenReturned,
    SetValue,
    ShowCase,
    Sign,
    SignInHere,
    SignOutHere,
    SlipSeen,
    SubmitCase,
    TakePhoto,
    UsePhoto,
)
from terminal.peripheral_words import in_words
from wire.checks import Context, check_ink, normalise_name
from wire.chip_record import ChipRecordError, parse_chip_record
from wire.form import BankCardValue, Field, FieldKind, IdCardValue, PhoneValue
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import Signature
from wire.messages.session import ProductCard, SignIn, SignOut, StaffCard
from wire.office_link import OfficeLink

PERIPHERAL_S_MAX: Final = 60.0
"""How long a peripheral may take, the customer's own time included, in seconds."""

SUBJECTS: Final = {"E3": "customer"}
"""What the camera calls the subject of an evidence code; otherwise it is the field's name."""

SIGN_IN_S_MAX: Final = 10.0
"""How long a teller waits at the sign-in, in seconds."""

DRAFT_S_MAX: Final = 10.0
"""How long a draft may take to journal a command, in seconds."""


class Drafts(Protocol):
    """The drafts of this terminal."""

    def ref(self, case_id: str) -> Ref:
        """The actor of one draft."""

    def look(self, case_id: str) -> Draft | None:
        """The newest committed state of a draft that this process has seen, or None."""


class Customer(Protocol):
    """Who stands at the table. A person needs no telling; a virtual one is told what is asked."""

    def lay_down_id(self, draft: Draft) -> None:
        """The ID card is asked for."""

    def put_in_card(self, draft: Draft) -> None:
        """The bank card is asked for."""


class Teller:
    """Everything the page can ask for.

    Attributes:
        staff: who is signed in, or None.
        open_id: the case in the middle of the screen, or empty.
        busy: the peripheral at work, or None.
        products: what can be offered, by code; kept for work offline.
    """

    def __init__(
        self,
        *,
        outside: Outside,
        store: Store,
        toolbox: Toolbox,
        customer: Customer,
        capabilities: frozenset[str],
        drafts: Drafts,
        link: OfficeLink,
        changed: Callable[[], None],
    ) -> None:
        self._outside = outside
        self._store = store
        self._toolbox = toolbox
        self._customer = customer
        self._capabilities = capabilities
        self._drafts = drafts
        self._link = link
        self._changed = changed
        self._at_work: trio.CancelScope | None = None
        self.staff: StaffCard | None = None
        self.open_id = ""
        self.busy: Busy | None = None
        self.products: dict[str, ProductCard] = {}

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
            case CancelEntry():
                if self._at_work is not None:
                    self._at_work.cancel()
                return None
        if self.staff is None:
            return Refusal(Code.FORBIDDEN, "请先登录")
        match command:
            case NewCase(product=product):
                return await self._new_case(product, self.staff)
            case ShowCase(case_id=case_id):
                if case_id and self._drafts.look(case_id) is None:
                    return Refusal(Code.NOT_FOUND, "没有这笔业务")
                self.open_id = case_id
                self._changed()
                return None
        draft = self._drafts.look(self.open_id)
        if draft is None:
            return Refusal(Code.STATE, "请先新建或打开一笔业务")
        match command:
            case SubmitCase():
                return await self._submit(draft)
            case SlipSeen():
                return await self._keep(draft, SeeSlip())
            case Sign():
                return await self._sign(draft, command)
            case CustomerRefuses():
                return await self._keep(draft, RefuseTheSlip())
            case GiveUp(reason=reason):
                return await self._keep(draft, GiveUpDraft(reason))
            case HandOver():
                return await self._keep(draft, KeepHandover())
            case ReopenReturned():
                return await self._keep(draft, Reopen())
            case ReadId() | TakePhoto() | UsePhoto() | SetValue() | ReadCard() | EnterPin():
                return await self._capture(draft, command)

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
        return await self._keep(draft, WantSubmission(None))

    async def _sign(self, draft: Draft, sign: Sign) -> Refusal | None:
        ink = Signature(sign.width, sign.height, sign.strokes)
        for refusal in check_ink(ink, Context(self._outside.wall.now_ms(), field="signature")):
            return refusal
        return await self._keep(draft, KeepInk(ink))

    async def _capture(
        self,
        draft: Draft,
        command: ReadId | TakePhoto | UsePhoto | SetValue | ReadCard | EnterPin,
    ) -> Refusal | None:
        assert draft.product is not None
        field = draft.product.form.field(command.field)
        if field is None:
            return Refusal(Code.FORMAT, "表单中没有这一项", command.field)
        match command:
            case SetValue(value=text):
                value = entered(field, text)
                if isinstance(value, Refusal):
                    return value
                return await self._keep(draft, KeepValue(field.name, value))
            case UsePhoto(digest=digest):
                return await self._use_photo(draft, field, digest)
            case ReadId():
                return await self._work("read_id", field, self._read_id(draft, field))
            case TakePhoto():
                return await self._work("photo", field, self._take_photo(draft, field))
            case ReadCard():
                return await self._work("read_card", field, self._read_card(draft, field))
            case EnterPin():
                return await self._work("enter_pin", field, self._enter_pin(draft, field))

    async def _work(
        self, what: str, field: Field, deed: Callable[[], Awaitable[Refusal | None]]
    ) -> Refusal | None:
        """Run one peripheral deed, alone, cancellable by the teller."""
        if self._at_work is not None:
            return Refusal(Code.BUSY, "外设正忙，请稍候", field.name, retryable=True)
        self._at_work, self.busy = trio.CancelScope(), Busy(what, field.name)
        self._changed()
        try:
            with self._at_work:
                return await deed()
        except PeripheralError as error:
            return in_words(error, field.name)
        finally:
            self._at_work = self.busy = None
            self._changed()
        return Refusal(Code.EVIDENCE, "已取消", field.name, retryable=True)

    def _read_id(self, draft: Draft, field: Field) -> Callable[[], Awaitable[Refusal | None]]:
        async def deed() -> Refusal | None:
            self._customer.lay_down_id(draft)
            read = await self._toolbox.read_id(within=PERIPHERAL_S_MAX)
            try:
                record = parse_chip_record(read.record)
            except ChipRecordError as error:
                return Refusal(error.code, "读不出证件内容，或不支持这种证件", field.name)
            name = normalise_name(record.name)
            number = IdNumber(record.number)
            card = IdCardValue(read.record, read.photo, read.sam_id, number, name)
            return await self._keep(draft, KeepIdCard(field.name, card))

        return deed

    def _take_photo(self, draft: Draft, field: Field) -> Callable[[], Awaitable[Refusal | None]]:
        async def deed() -> Refusal | None:
            subject = SUBJECTS.get(field.evidence, field.name)
            jpeg = await self._toolbox.take_photo(subject, within=PERIPHERAL_S_MAX)
            return await self._keep_jpeg(draft, field, jpeg)

        return deed

    def _read_card(self, draft: Draft, field: Field) -> Callable[[], Awaitable[Refusal | None]]:
        async def deed() -> Refusal | None:
            self._customer.put_in_card(draft)
            read = await self._toolbox.read_bank_card(within=PERIPHERAL_S_MAX)
            value = BankCardValue(read.pan, read.expiry)
            return await self._keep(draft, KeepValue(field.name, value))

        return deed

    def _enter_pin(self, draft: Draft, field: Field) -> Callable[[], Awaitable[Refusal | None]]:
        async def deed() -> Refusal | None:
            card = next((v for v in draft.values.values() if isinstance(v, BankCardValue)), None)
            if card is None:
                return Refusal(Code.EVIDENCE, "请先读取银行卡", field.name)
            if field.kind is FieldKind.NEW_PIN:
                sealed = await self._toolbox.enter_new_pin(
                    card.pan, _pin_context(draft), within=PERIPHERAL_S_MAX
                )
            else:
                sealed = await self._toolbox.enter_pin(card.pan, within=PERIPHERAL_S_MAX)
            return await self._keep(draft, KeepPin(sealed.answering(field.name)))

        return deed

    async def _use_photo(self, draft: Draft, field: Field, digest: str) -> Refusal | None:
        try:
            jpeg = await self._store.blob(bytes.fromhex(digest))
        except ValueError:
            jpeg = None
        if jpeg is None:
            return Refusal(Code.NOT_FOUND, "照片没有传到终端，请重拍", field.name)
        return await self._keep_jpeg(draft, field, jpeg)

    async def _keep_jpeg(self, draft: Draft, field: Field, jpeg: bytes) -> Refusal | None:
        photo = await keep_photo(jpeg, field.name, self._store, self._outside)
        if isinstance(photo, Refusal):
            return photo
        return await self._keep(draft, KeepPhoto(field.name, photo))

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


def _pin_context(draft: Draft) -> PinContext:
    """What a new PIN must not be made of."""
    card = draft.id_card
    phones = (v.phone for v in draft.values.values() if isinstance(v, PhoneValue))
    return PinContext(
        birth=card.number.number[6:14] if card else "",
        phone=next(phones, None),
        id_number=card.number if card else None,
    )


__all__ = ["DRAFT_S_MAX", "PERIPHERAL_S_MAX", "SIGN_IN_S_MAX", "Drafts", "Teller"]
