"""What the peripherals capture for a field of a draft, one deed at a time.

There is one customer at the table, so at most one deed runs; whoever asks meanwhile is told to
wait. A deed can be cancelled by the teller at any moment, and a recording can be ended early.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec
import trio

from actors.blobs import BlobError, Blobs
from actors.ports import Outside
from hw.errors import PeripheralError
from hw.messages import PinContext
from hw.toolbox import Toolbox
from terminal.draft import Draft
from terminal.draft_events import KeepEvidence, KeepIdCard, KeepLivePhoto, KeepPin, KeepValue
from terminal.evidence import keep_photo, keep_recording
from terminal.inquiries import Keep
from terminal.page_commands import (
    EnterPin,
    KitCommand,
    ReadCard,
    ReadId,
    Record,
    TakePhoto,
    UsePhoto,
)
from terminal.page_model import Busy
from terminal.peripheral_words import in_words
from wire.checks import normalise_name, pin_card_field
from wire.chip_record import ChipRecordError, parse_chip_record
from wire.form import Field, FieldKind
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import LIVE_PHOTO
from wire.sound import RECORDING_S_MAX
from wire.value import BankCardValue, IdCardValue, PhoneValue

PERIPHERAL_S_MAX: Final = 60.0
"""How long a peripheral may take, the customer's own time included, in seconds."""

OTHER_WORK: Final = Refusal(Code.STALE, "外设正在办理另一笔业务，请回到那笔业务再停止")

SUBJECTS: Final = {"E3": "customer"}
"""What the camera calls the subject of an evidence code; otherwise it is the field's name."""

KINDS: Final[dict[type[KitCommand], tuple[str, tuple[FieldKind, ...]]]] = {
    ReadId: ("read_id", (FieldKind.ID_CARD,)),
    TakePhoto: ("photo", (FieldKind.PHOTO,)),
    UsePhoto: ("photo", (FieldKind.PHOTO,)),
    ReadCard: ("read_card", (FieldKind.BANK_CARD,)),
    EnterPin: ("enter_pin", (FieldKind.NEW_PIN, FieldKind.PIN)),
    Record: ("record", (FieldKind.RECORDING,)),
}
"""What each command keeps the kit busy with, and which kinds of field it answers."""


class Customer(Protocol):
    """Who stands at the table. A person needs no telling; a virtual one is told what is asked."""

    def lay_down_id(self, draft: Draft, field: Field) -> None:
        """The ID card is asked for: the customer's own, or that of somebody beside them."""

    def put_in_card(self, draft: Draft) -> None:
        """The bank card is asked for."""


class KitWork:
    """The kit in the hands of a teller.

    Attributes:
        busy: the peripheral at work, or None.
    """

    def __init__(
        self,
        *,
        outside: Outside,
        blobs: Blobs,
        toolbox: Toolbox,
        customer: Customer,
        keep: Keep,
        changed: Callable[[], None],
    ) -> None:
        self._outside = outside
        self._blobs = blobs
        self._toolbox = toolbox
        self._customer = customer
        self._keep = keep
        self._changed = changed
        self._at_work: trio.CancelScope | None = None
        self.busy: Busy | None = None

    async def perform(self, draft: Draft, field: Field, command: KitCommand) -> Refusal | None:
        """Capture a field; a refusal says in words what a peripheral did not do."""
        what, kinds = KINDS[type(command)]
        if field.kind not in kinds:
            return Refusal(Code.FORMAT, "这一项不能这样采集", field.name)
        if isinstance(command, UsePhoto):
            return await self._use_photo(draft, field, command.digest)
        if self._at_work is not None:
            return Refusal(Code.BUSY, "外设正忙，请稍候", field.name, retryable=True)
        self._at_work = trio.CancelScope()
        self.busy = Busy(draft.case_id, what, field.name, since_ms=self._outside.wall.now_ms())
        self._changed()
        try:
            with self._at_work:
                return await self._deed(command)(draft, field)
        except PeripheralError as error:
            return in_words(error, field.name)
        finally:
            self._at_work = self.busy = None
            self._changed()
        return Refusal(Code.EVIDENCE, "已取消", field.name, retryable=True)

    def cancel(self, case_id: str) -> Refusal | None:
        """Stop what a peripheral does for this case; nothing where it is done already."""
        if self.busy is not None and self.busy.case_id != case_id:
            return OTHER_WORK
        if self._at_work is not None:
            self._at_work.cancel()
        return None

    def stop_recording(self, case_id: str) -> Refusal | None:
        """End the recording that runs for this case; it is kept by the deed that began it."""
        if self.busy is None or self.busy.what != "record":
            return Refusal(Code.STATE, "没有正在进行的录音")
        if self.busy.case_id != case_id:
            return OTHER_WORK
        self._toolbox.stop_recording()
        return None

    def typed(self, keys: int) -> None:
        """So many digits stand in the customer's entry."""
        if self.busy is not None:
            self.busy = msgspec.structs.replace(self.busy, keys=keys)

    def _deed(self, command: KitCommand) -> Callable[[Draft, Field], Awaitable[Refusal | None]]:
        match command:
            case ReadId():
                return self._read_id
            case ReadCard():
                return self._read_card
            case EnterPin():
                return self._enter_pin
            case Record():
                return self._record
            case _:
                return self._take_photo

    async def _read_id(self, draft: Draft, field: Field) -> Refusal | None:
        self._customer.lay_down_id(draft, field)
        read = await self._toolbox.read_id(within=PERIPHERAL_S_MAX)
        try:
            record = parse_chip_record(read.record)
        except ChipRecordError as error:
            return Refusal(error.code, "读不出证件内容，或不支持这种证件", field.name)
        name = normalise_name(record.name)
        number = IdNumber(record.number)
        card = IdCardValue(read.record, read.photo, read.sam_id, number, name)
        return await self._keep(draft, KeepIdCard(field.name, card))

    async def _take_photo(self, draft: Draft, field: Field) -> Refusal | None:
        subject = SUBJECTS.get(field.evidence, field.name)
        jpeg = await self._toolbox.take_photo(subject, within=PERIPHERAL_S_MAX)
        return await self._keep_jpeg(draft, field, jpeg)

    async def _read_card(self, draft: Draft, field: Field) -> Refusal | None:
        self._customer.put_in_card(draft)
        read = await self._toolbox.read_bank_card(within=PERIPHERAL_S_MAX)
        value = BankCardValue(read.pan, read.expiry)
        return await self._keep(draft, KeepValue(field.name, value))

    async def _enter_pin(self, draft: Draft, field: Field) -> Refusal | None:
        assert draft.product is not None
        asked = pin_card_field(draft.product.form)
        card = draft.values.get(asked.name) if asked is not None else None
        if not isinstance(card, BankCardValue):
            return Refusal(Code.EVIDENCE, "请先读取银行卡", field.name)
        if field.kind is FieldKind.NEW_PIN:
            sealed = await self._toolbox.enter_new_pin(
                card.pan, _pin_context(draft), within=PERIPHERAL_S_MAX
            )
        else:
            sealed = await self._toolbox.enter_pin(card.pan, within=PERIPHERAL_S_MAX)
        return await self._keep(draft, KeepPin(sealed.answering(field.name)))

    async def _record(self, draft: Draft, field: Field) -> Refusal | None:
        least = max(field.seconds_min, 1)
        wav = await self._toolbox.record_sound(least, within=RECORDING_S_MAX + PERIPHERAL_S_MAX)
        recording = await keep_recording(wav, field.name, self._blobs, self._outside)
        if isinstance(recording, Refusal):
            return recording
        return await self._keep(draft, KeepEvidence(field.name, recording))

    async def _use_photo(self, draft: Draft, field: Field, digest: str) -> Refusal | None:
        try:
            jpeg = await self._blobs.get(bytes.fromhex(digest))
        except (ValueError, BlobError):
            return Refusal(Code.NOT_FOUND, "照片没有传到终端，请重拍", field.name)
        return await self._keep_jpeg(draft, field, jpeg)

    async def _keep_jpeg(self, draft: Draft, field: Field, jpeg: bytes) -> Refusal | None:
        photo = await keep_photo(jpeg, field.name, self._blobs, self._outside)
        if isinstance(photo, Refusal):
            return photo
        if field is LIVE_PHOTO:
            return await self._keep(draft, KeepLivePhoto(photo))
        return await self._keep(draft, KeepEvidence(field.name, photo))


def _pin_context(draft: Draft) -> PinContext:
    """What a new PIN must not be made of."""
    card = draft.id_card
    phones = (v.phone for v in draft.values.values() if isinstance(v, PhoneValue))
    return PinContext(
        birth=card.number.number[6:14] if card else "",
        phone=next(phones, None),
        id_number=card.number if card else None,
    )


__all__ = ["PERIPHERAL_S_MAX", "Customer", "KitWork"]
