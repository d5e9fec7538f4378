"""Having a customer type a PIN: the pad does everything, this side waits and learns the end.

The terminal names the card and what the PIN must not be, then sees how many keys were pressed and,
at last, an enciphered block. Deliberately not here: keys, digits, the rules of weak PINs; they are
in the pad. Invariants: an entry is never begun twice for one request, and whatever ends it, the pad
is told to stop.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Final

from hw.device.device import Abandoned, Device, Expired, NoAnswer, Script
from hw.device.state_table import StateTable
from hw.errors import PeripheralLost, PinEnd, PinEntryEnded, Unsupported
from hw.framing import epp
from hw.messages import DeviceRequest, EnterPin, PinProgress, SealedPin

COMMAND_S_MAX = 1.0
KEY_S_MAX = 30
"""How long the pad waits between two keys, in whole seconds."""

SILENCE_S = 5.0
"""After so long without an event the pad is asked whether it still waits, in seconds."""

_ADVICE: Final[dict[int, str]] = {epp.Advice.WEAK: "weak", epp.Advice.MISMATCH: "mismatch"}

_ENDS: Final[dict[int, PinEnd]] = {
    epp.End.CANCELLED: PinEnd.CANCELLED,
    epp.End.TIMED_OUT: PinEnd.TIMED_OUT,
    epp.End.TAMPERED: PinEnd.TAMPERED,
    epp.End.MISMATCH: PinEnd.MISMATCH,
    epp.End.WEAK: PinEnd.WEAK,
}


class PadState(StrEnum):
    """Where the pad stands."""

    OFFLINE = "offline"
    NO_KEYS = "no_keys"
    IDLE = "idle"
    ARMING = "arming"
    ENTERING = "entering"
    SEALED = "sealed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    TAMPERED = "tampered"


class PadEvent(StrEnum):
    """What can happen to it."""

    LINK_UP = "link_up"
    LINK_LOST = "link_lost"
    STARTED = "started"
    NO_KEYS = "no_keys"
    OPENED = "opened"
    KEY = "key"
    SEALED = "sealed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    TAMPERED = "tampered"


_RESTING = (
    PadState.NO_KEYS,
    PadState.IDLE,
    PadState.SEALED,
    PadState.CANCELLED,
    PadState.TIMED_OUT,
)

PAD_TABLE: Final = StateTable(
    PadState,
    PadEvent,
    rows={
        (PadState.OFFLINE, PadEvent.LINK_UP): PadState.IDLE,
        (PadState.ARMING, PadEvent.NO_KEYS): PadState.NO_KEYS,
        (PadState.ARMING, PadEvent.OPENED): PadState.ENTERING,
        (PadState.ARMING, PadEvent.CANCELLED): PadState.CANCELLED,
        (PadState.ARMING, PadEvent.TIMED_OUT): PadState.TIMED_OUT,
        (PadState.ENTERING, PadEvent.SEALED): PadState.SEALED,
        (PadState.ENTERING, PadEvent.CANCELLED): PadState.CANCELLED,
        (PadState.ENTERING, PadEvent.TIMED_OUT): PadState.TIMED_OUT,
        # A tampered pad has erased its keys; only somebody with new ones ends that state.
        (PadState.TAMPERED, PadEvent.LINK_LOST): PadState.TAMPERED,
    }
    | {(state, PadEvent.STARTED): PadState.ARMING for state in _RESTING},
    anywhere={PadEvent.LINK_LOST: PadState.OFFLINE, PadEvent.TAMPERED: PadState.TAMPERED},
)


class PinPad(Device[epp.Frame]):
    """One PIN pad.

    Attributes:
        state: see `PAD_TABLE`.
    """

    needs_power: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(epp.decoder())
        self.state = PadState.OFFLINE

    @property
    def shown_state(self) -> str:
        """The state's name."""
        return self.state.value

    def script(self, request: DeviceRequest[Any]) -> Script[epp.Frame, SealedPin]:
        """Have a PIN entered; nothing else is done here."""
        if not isinstance(request, EnterPin):
            raise Unsupported("a PIN pad takes PINs")
        return self._enter(request)

    def heartbeat(self) -> Script[epp.Frame, None]:
        """Ask for the status."""
        yield from self._pad_state()

    def connected(self) -> None:
        """A fresh link: nothing of an earlier one is remembered."""
        self._on(PadEvent.LINK_UP)

    def disconnected(self) -> None:
        """Offline until the next link."""
        self._on(PadEvent.LINK_LOST)

    def unasked(self, frame: epp.Frame) -> None:
        """The pad reports tampering by itself."""
        if frame.code == epp.Event.ENDED and frame.data == bytes([epp.End.TAMPERED]):
            self._on(PadEvent.TAMPERED)

    def _on(self, event: PadEvent) -> None:
        self.state = PAD_TABLE.after(self.state, event)

    def _enter(self, request: EnterPin) -> Script[epp.Frame, SealedPin]:
        if self.state is PadState.TAMPERED:
            raise PinEntryEnded(PinEnd.TAMPERED)
        self._on(PadEvent.STARTED)
        try:
            yield from self._begin(request)
            return (yield from self._wait())
        except Expired:
            yield from self._stop()
            self._on(PadEvent.TIMED_OUT)
            raise PinEntryEnded(PinEnd.TIMED_OUT) from None
        except Abandoned:
            yield from self._stop()
            self._on(PadEvent.CANCELLED)
            raise PinEntryEnded(PinEnd.CANCELLED) from None

    def _begin(self, request: EnterPin) -> Script[epp.Frame, None]:
        """Open the entry. A missing answer leaves unknown whether it is open, so it is closed."""
        context = request.context
        begin = epp.Begin(
            pan=request.pan.digits,
            entries=2 if request.new else 1,
            timeout_s=KEY_S_MAX,
            birth=context.birth,
            phone=context.phone.digits if context.phone is not None else "",
            id_number=context.id_number.number if context.id_number is not None else "",
        )
        try:
            reply = yield from self._exchange(epp.Command.BEGIN, epp.pack_begin(begin))
        except NoAnswer:
            yield from self._stop()
            self._on(PadEvent.CANCELLED)
            raise PeripheralLost("whether the entry began is unknown") from None
        if reply.code == epp.Status.NO_MASTER_KEY:
            self._on(PadEvent.NO_KEYS)
            raise Unsupported("the PIN pad has no keys")
        if reply.code != epp.Status.OK:
            self._on(PadEvent.CANCELLED)
            raise Unsupported("the PIN pad refuses these parameters")
        self._on(PadEvent.OPENED)

    def _wait(self) -> Script[epp.Frame, SealedPin]:
        """Follow the entry until the pad ends it; the request's own time bounds this."""
        progress = PinProgress(entry=1, keys=0)
        while True:
            try:
                frame = yield from self.listen(self.now + SILENCE_S)
            except NoAnswer:
                yield from self._still_open()
                continue
            if frame.code == epp.Event.SEALED:
                if len(frame.data) == epp.KSN_BYTES + epp.BLOCK_BYTES:
                    self._on(PadEvent.SEALED)
                    return SealedPin(frame.data[: epp.KSN_BYTES], frame.data[epp.KSN_BYTES :])
            elif frame.code == epp.Event.ENDED and len(frame.data) == 1:
                raise self._ended(_ENDS.get(frame.data[0], PinEnd.LOST))
            elif frame.code == epp.Event.KEY_COUNT and len(frame.data) == 1:
                self._on(PadEvent.KEY)
                progress = PinProgress(progress.entry, frame.data[0])
                self.told.append(progress)
            elif frame.code == epp.Event.ENTRY and len(frame.data) == 2:
                progress = PinProgress(frame.data[0], 0, _ADVICE.get(frame.data[1], ""))
                self.told.append(progress)

    def _still_open(self) -> Script[epp.Frame, None]:
        """Tell a slow customer from an entry whose end was lost on the way."""
        if (yield from self._pad_state()) != epp.PadState.ENTERING:
            raise self._ended(PinEnd.LOST)

    def _ended(self, reason: PinEnd) -> PinEntryEnded:
        if reason is PinEnd.TAMPERED:
            self._on(PadEvent.TAMPERED)
        elif reason is PinEnd.TIMED_OUT:
            self._on(PadEvent.TIMED_OUT)
        else:
            self._on(PadEvent.CANCELLED)
        return PinEntryEnded(reason)

    def _stop(self) -> Script[epp.Frame, None]:
        """Close the entry, if the pad still hears; a block that comes meanwhile is dropped."""
        try:
            yield from self._exchange(epp.Command.CANCEL, b"")
        except NoAnswer:
            self.decoder.reset()

    def _pad_state(self) -> Script[epp.Frame, int]:
        reply = yield from self._exchange(epp.Command.STATUS, b"")
        state = reply.data[0] if reply.data else epp.PadState.IDLE
        if state == epp.PadState.TAMPERED:
            self._on(PadEvent.TAMPERED)
        return state

    def _exchange(self, command: epp.Command, data: bytes) -> Script[epp.Frame, epp.Frame]:
        """One command and its reply; events that come between are looked at, not waited for."""
        deadline = self.now + COMMAND_S_MAX
        frame = yield from self.ask(epp.encode(command, data), COMMAND_S_MAX)
        while frame.code not in set(epp.Status):
            self.unasked(frame)
            frame = yield from self.listen(deadline)
        return frame


__all__ = ["PAD_TABLE", "PadEvent", "PadState", "PinPad"]
