"""Printing a receipt: ask whether the printer can, send paced rows, ask again until it is drained.

Deliberately not here: what the receipt says. Invariant: after the first byte of a receipt has been
sent, the only outcomes are `Printed` and `PrintUnknown`; a receipt is never sent twice by itself,
because two slips for one payment are worse than none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Final

from hw.device.device import Device, Script, Signal
from hw.device.state_table import StateTable
from hw.errors import PrinterCode, PrinterProblem, PrintUnknown, Unsupported
from hw.framing import escpos
from hw.messages import DeviceRequest, Printed, PrintReceipt

STATUS_S_MAX = 1.0
PACE_BYTES = 200
PACE_S = 0.02
"""The printer's buffer takes `PACE_BYTES` in this time, in seconds."""

SETTLE_S = 0.005
"""After a status byte the line is left alone for so long, in seconds."""

LOOK_EVERY_STEPS = 8
"""After so many rows the printer is asked how it is."""

LINES_MAX = 200


class PrinterState(StrEnum):
    """Where the printer stands."""

    OFFLINE = "offline"
    READY = "ready"
    SPOOLING = "spooling"
    DRAINING = "draining"
    PRINTED = "printed"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    OVERHEAT = "overheat"
    FAULT = "fault"
    UNKNOWN = "unknown"


class PrinterEvent(StrEnum):
    """What can happen to it."""

    LINK_UP = "link_up"
    LINK_LOST = "link_lost"
    WELL = "well"
    SPOOLING = "spooling"
    ALL_SENT = "all_sent"
    DRAINED = "drained"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    OVERHEAT = "overheat"
    FAULT = "fault"
    BROKEN_OFF = "broken_off"


_TROUBLED = (
    PrinterState.PAPER_OUT,
    PrinterState.COVER_OPEN,
    PrinterState.OVERHEAT,
    PrinterState.FAULT,
    PrinterState.UNKNOWN,
)

_FAULTS: Final = {
    PrinterCode.PAPER_OUT: PrinterEvent.PAPER_OUT,
    PrinterCode.COVER_OPEN: PrinterEvent.COVER_OPEN,
    PrinterCode.OVERHEAT: PrinterEvent.OVERHEAT,
    PrinterCode.FAULT: PrinterEvent.FAULT,
}

PRINTER_TABLE: Final = StateTable(
    PrinterState,
    PrinterEvent,
    rows={
        (PrinterState.OFFLINE, PrinterEvent.LINK_UP): PrinterState.READY,
        (PrinterState.PRINTED, PrinterEvent.WELL): PrinterState.READY,
        (PrinterState.READY, PrinterEvent.SPOOLING): PrinterState.SPOOLING,
        (PrinterState.SPOOLING, PrinterEvent.ALL_SENT): PrinterState.DRAINING,
        (PrinterState.DRAINING, PrinterEvent.DRAINED): PrinterState.PRINTED,
        (PrinterState.SPOOLING, PrinterEvent.BROKEN_OFF): PrinterState.UNKNOWN,
        (PrinterState.DRAINING, PrinterEvent.BROKEN_OFF): PrinterState.UNKNOWN,
    }
    | {(state, PrinterEvent.WELL): PrinterState.READY for state in _TROUBLED}
    | {(PrinterState.OFFLINE, event): PrinterState.OFFLINE for event in _FAULTS.values()},
    anywhere={
        PrinterEvent.LINK_LOST: PrinterState.OFFLINE,
        PrinterEvent.PAPER_OUT: PrinterState.PAPER_OUT,
        PrinterEvent.COVER_OPEN: PrinterState.COVER_OPEN,
        PrinterEvent.OVERHEAT: PrinterState.OVERHEAT,
        PrinterEvent.FAULT: PrinterState.FAULT,
    },
)


class ReceiptPrinter(Device[int]):
    """One receipt printer; its frames are status bytes.

    Attributes:
        state: see `PRINTER_TABLE`.
    """

    needs_power: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(escpos.status_decoder())
        self.state = PrinterState.OFFLINE

    @property
    def shown_state(self) -> str:
        """The state's name."""
        return self.state.value

    def script(self, request: DeviceRequest[Any]) -> Script[int, Printed]:
        """Print a receipt; nothing else is done here."""
        if not isinstance(request, PrintReceipt) or len(request.lines) > LINES_MAX:
            raise Unsupported("a receipt printer prints receipts of a bounded length")
        return self._print(request.lines)

    def heartbeat(self) -> Script[int, None]:
        """Ask how it is; a state of trouble ends when the trouble does."""
        yield from self._look()

    def connected(self) -> None:
        """A fresh link: nothing of an earlier one is remembered."""
        self._on(PrinterEvent.LINK_UP)

    def disconnected(self) -> None:
        """Offline until the next link."""
        self._on(PrinterEvent.LINK_LOST)

    def _on(self, event: PrinterEvent) -> None:
        self.state = PRINTER_TABLE.after(self.state, event)

    def _print(self, lines: tuple[str, ...]) -> Script[int, Printed]:
        problem = yield from self._look()
        if problem is not None:
            raise PrinterProblem(problem)
        steps = escpos.EscposReceipt(lines).steps
        stage = f"0/{len(steps)}"
        try:
            self._on(PrinterEvent.SPOOLING)
            for done, data in enumerate(steps, start=1):
                yield from self.pause(PACE_S * max(1.0, len(data) / PACE_BYTES), data)
                stage = f"{done}/{len(steps)}"
                if done % LOOK_EVERY_STEPS == 0 and (yield from self._look()) is not None:
                    raise PrintUnknown(stage)
            self._on(PrinterEvent.ALL_SENT)
            stage = "draining"
            if (yield from self._look()) is not None:
                raise PrintUnknown(stage)
        except Signal:
            self._on(PrinterEvent.BROKEN_OFF)
            raise PrintUnknown(stage) from None
        self._on(PrinterEvent.DRAINED)
        return Printed(rows=len(steps) - 2)

    def _look(self) -> Script[int, PrinterCode | None]:
        """What is wrong with the printer, None for nothing."""
        problem = None
        offline = yield from self._query(escpos.Query.OFFLINE_CAUSE)
        paper = yield from self._query(escpos.Query.PAPER)
        if offline & escpos.OfflineCause.COVER_OPEN:
            problem = PrinterCode.COVER_OPEN
        elif paper & escpos.Paper.END or offline & escpos.OfflineCause.PAPER_END_STOP:
            problem = PrinterCode.PAPER_OUT
        elif offline & escpos.OfflineCause.ERROR:
            cause = yield from self._query(escpos.Query.ERROR_CAUSE)
            hot = bool(cause & escpos.ErrorCause.OVERHEAT)
            problem = PrinterCode.OVERHEAT if hot else PrinterCode.FAULT
        self._on(PrinterEvent.WELL if problem is None else _FAULTS[problem])
        return problem

    def _query(self, what: escpos.Query) -> Script[int, int]:
        """One status byte. It does not say what it answers, so a repeated one is let pass first."""
        status = yield from self.ask(escpos.query(what), STATUS_S_MAX)
        yield from self.pause(SETTLE_S)
        return status


__all__ = ["PRINTER_TABLE", "PrinterEvent", "PrinterState", "ReceiptPrinter"]
