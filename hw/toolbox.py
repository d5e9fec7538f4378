"""The one face of the peripherals to the terminal: plain calls, typed results, one tree of errors.

Whoever calls waits at most `within` seconds and a moment; whoever is cancelled takes the request
back. Deliberately not here: actors, lines and frames, and any second try: what a missing answer
means for a case, the case decides. Invariant: no method takes or returns a PIN digit.
"""

from __future__ import annotations

import itertools
from typing import TypeVar

import trio

from actors import ActorError, Ref, System
from hw.actors import PeripheralStatus, ReadStatuses, WatchPanel
from hw.errors import PeripheralLost, PinEnd, PinEntryEnded, PrintUnknown, Unsupported
from hw.form_factor import PANEL
from hw.messages import (
    Abandon,
    CaptureSignature,
    CardRead,
    DeviceRequest,
    EnterPin,
    Finish,
    IdRead,
    PinContext,
    Printed,
    PrintReceipt,
    ReadBankCard,
    ReadId,
    RecordSound,
    SealedPin,
    TakePhoto,
)
from wire.form import Capability
from wire.ink import Signature
from wire.masked import Pan

ANSWER_GRACE_S = 5.0
"""How much longer than the device the caller waits, for its cleaning up, in seconds."""

STATUS_S_MAX = 1.0

ResultT = TypeVar("ResultT")


class Toolbox:
    """The peripherals of one kit, as one object; cheap, and safe to make more than once."""

    _tickets = itertools.count(1)

    def __init__(self, system: System, path: str) -> None:
        """Take the system and the kit's path in it, such as `/terminal/toolbox`."""
        self._system = system
        self._path = path
        self._recording = 0

    async def read_id(self, *, within: float) -> IdRead:
        """Wait for an ID card and read it.

        Raises:
            PeripheralLost: no reader, or none that answers; asking again is safe.
            PeripheralBusy: somebody else reads.
            CardProblem: no card, the wrong one, or one that cannot be read.
            Unsupported: the kit has no such reader.
        """
        ticket, until = self._start(within)
        return await self._ask(Capability.ID_READER, ReadId(until=until, ticket=ticket), within)

    async def read_bank_card(self, *, within: float) -> CardRead:
        """Wait for a bank card and read number and expiry.

        Raises:
            PeripheralLost: no reader, or none that answers.
            PeripheralBusy: somebody else reads.
            BatteryLow: charge the reader first.
            CardProblem: no card, a removed or mute one, or one of no bank.
            Unsupported: the kit has no such reader.
        """
        ticket, until = self._start(within)
        request = ReadBankCard(until=until, ticket=ticket)
        return await self._ask(Capability.CARD_READER, request, within)

    async def enter_new_pin(self, pan: Pan, context: PinContext, *, within: float) -> SealedPin:
        """Have the customer choose a PIN: typed twice, not weak.

        Raises:
            PinEntryEnded: no block, with the reason.
            PeripheralLost: no pad, or none that answers.
            PeripheralBusy: somebody else is typing.
            BatteryLow: charge the pad first.
            Unsupported: the kit has no pad, or the pad has no keys.
        """
        ticket, until = self._start(within)
        request = EnterPin(until=until, ticket=ticket, pan=pan, new=True, context=context)
        return await self._pin(request, within)

    async def enter_pin(self, pan: Pan, *, within: float) -> SealedPin:
        """Have the customer type their PIN once; errors as in `enter_new_pin`."""
        ticket, until = self._start(within)
        return await self._pin(EnterPin(until=until, ticket=ticket, pan=pan, new=False), within)

    async def take_photo(self, kind: str, *, within: float) -> bytes:
        """Take a photo: the JPEG's bytes.

        Args:
            kind: the subject, such as `id_front`, `id_back`, `customer` or `card`.
            within: seconds.

        Raises:
            CaptureEnded: no photo, with the reason.
            PeripheralLost: no camera, or none that answers.
            PeripheralBusy: somebody else takes a photo.
            Unsupported: the kit has no camera.
        """
        ticket, until = self._start(within)
        request = TakePhoto(until=until, ticket=ticket, subject=kind)
        return (await self._ask(Capability.CAMERA, request, within)).jpeg

    async def capture_signature(self, *, within: float) -> Signature:
        """Have the customer sign; errors as in `take_photo`."""
        ticket, until = self._start(within)
        request = CaptureSignature(until=until, ticket=ticket)
        return (await self._ask(Capability.SIGNATURE, request, within)).signature

    async def record_sound(self, seconds: int, *, within: float) -> bytes:
        """Record what is said: the WAV's bytes (`wire.sound`).

        Args:
            seconds: how long at least, where nobody ends it with `stop_recording`.
            within: seconds.

        Raises:
            CaptureEnded: no recording, with the reason.
            PeripheralLost: no microphone, or none that answers.
            PeripheralBusy: somebody else records.
            Unsupported: the kit has no microphone, or the recording would be too long.
        """
        self._recording, until = self._start(within)
        request = RecordSound(until=until, ticket=self._recording, seconds=seconds)
        try:
            return (await self._ask(Capability.MICROPHONE, request, within)).wav
        finally:
            self._recording = 0

    def stop_recording(self) -> bool:
        """End the recording that this object began; `record_sound` then returns what there is.

        Returns:
            False when none runs.
        """
        if not self._recording:
            return False
        return self._ref(Capability.MICROPHONE.value).tell(Finish(self._recording))

    async def print_receipt(self, lines: tuple[str, ...], *, within: float) -> Printed:
        """Print lines of text.

        Raises:
            PrinterProblem: nothing was printed, with the reason.
            PrintUnknown: something may have been printed; a person must look.
            PeripheralLost: there is no printer, or it did not answer before the first byte.
            PeripheralBusy: somebody else prints.
            BatteryLow: charge the printer first.
            Unsupported: the kit has no printer, or the receipt is too long.
        """
        ticket, until = self._start(within)
        request = PrintReceipt(until=until, ticket=ticket, lines=lines)
        try:
            return await self._request(Capability.PRINTER, request, within)
        except ActorError:
            raise PrintUnknown("the printer's actor did not answer") from None

    async def statuses(self) -> tuple[PeripheralStatus, ...]:
        """How every peripheral is, in the kit's order; empty when the panel does not answer."""
        try:
            panel = self._ref(PANEL)
            return (await panel.ask(ReadStatuses(), within=STATUS_S_MAX)).peripherals
        except (ActorError, Unsupported):
            return ()

    def watch(self, watcher: Ref) -> bool:
        """From now on tell `watcher` each `PeripheralStatus` that changes, and `PinProgress`.

        Returns:
            False when there is no panel to watch.
        """
        try:
            return self._ref(PANEL).tell(WatchPanel(watcher))
        except Unsupported:
            return False

    async def _pin(self, request: EnterPin, within: float) -> SealedPin:
        try:
            return await self._request(Capability.PIN_PAD, request, within)
        except ActorError:
            # The pad may have sealed a block that nobody took: it is void.
            raise PinEntryEnded(PinEnd.LOST) from None

    async def _ask(
        self, name: Capability, request: DeviceRequest[ResultT], within: float
    ) -> ResultT:
        try:
            return await self._request(name, request, within)
        except ActorError:
            raise PeripheralLost("no answer in time") from None

    async def _request(
        self, name: Capability, request: DeviceRequest[ResultT], within: float
    ) -> ResultT:
        """Ask one peripheral's actor; a caller that is cancelled takes the request back."""
        ref = self._ref(name.value)
        try:
            return await ref.ask(request, within=within + ANSWER_GRACE_S)
        except (trio.Cancelled, ActorError):
            ref.tell(Abandon(request.ticket))
            raise

    def _start(self, within: float) -> tuple[int, float]:
        return next(self._tickets), self._system.host.now() + within

    def _ref(self, id: str) -> Ref:  # noqa: A002 - OTP's word for it
        try:
            return self._system.ref(f"{self._path}/{id}")
        except LookupError:
            raise Unsupported(f"this kit has no {id}") from None


__all__ = ["ANSWER_GRACE_S", "Toolbox"]
