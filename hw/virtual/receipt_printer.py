"""A virtual receipt printer: reads ESC/POS, keeps what would be on paper, runs out of it.

Deliberately not here: fonts. Invariant: a row is on paper only after its line feed, and no row is
printed while there is no paper or the cover is open.
"""

from __future__ import annotations

from hw.framing import escpos
from hw.transport import NEVER, Fault, FaultPlan
from wire.form import Capability

PAPER_OUT_ROWS = 10
"""After so many more rows the paper ends when that fault strikes: 60 % of a usual receipt."""

_ARGUMENTS = {
    b"\x1b@": 0,
    b"\x1b2": 0,
    b"\x1b3": 1,
    b"\x1ba": 1,
    b"\x1bE": 1,
    b"\x1bd": 1,
    b"\x1d!": 1,
    b"\x1dV": 1,
    b"\x1c&": 0,
    b"\x1c.": 0,
    b"\x10\x04": 1,
}
"""Two-byte commands and how many more bytes each has."""


class VirtualReceiptPrinter:
    """The far end of a printer's line.

    Attributes:
        paper: every row printed so far, newest last; a cut is a row of its own.
        rows_left: how many more fit on the roll.
        cover_open: nothing is printed while it is.
    """

    CUT = "✂"

    def __init__(self, plan: FaultPlan, rows_left: int = 100_000) -> None:
        self.paper: list[str] = []
        self.rows_left = rows_left
        self.cover_open = False
        self._plan = plan
        self._buffer = b""
        self._row = b""

    def plugged(self, now: float) -> None:
        """See `VirtualDevice.plugged`."""
        self._buffer = self._row = b""

    def received(self, data: bytes, now: float) -> list[bytes]:
        """See `VirtualDevice.received`."""
        self._buffer += data
        answers = []
        while self._buffer:
            taken = self._command()
            if taken is None:
                break
            self._buffer, answer = self._buffer[taken[0] :], taken[1]
            if answer:
                answers.append(answer)
        return answers

    def due(self) -> float:
        """See `VirtualDevice.due`."""
        return NEVER

    def tick(self, now: float) -> list[bytes]:
        """See `VirtualDevice.tick`."""
        return []

    def _command(self) -> tuple[int, bytes] | None:
        """Carry out what the buffer begins with: its length and its answer, None for too little."""
        first = self._buffer[:1]
        if first == escpos.NEW_LINE:
            self._print()
            return 1, b""
        if first not in b"\x10\x1b\x1c\x1d":
            self._row += first
            return 1, b""
        if len(self._buffer) < 2:
            return None
        size = 2 + _ARGUMENTS.get(self._buffer[:2], 0)
        if len(self._buffer) < size:
            return None
        return size, self._obey(self._buffer[:2], self._buffer[2:size])

    def _obey(self, command: bytes, arguments: bytes) -> bytes:
        match command:
            case b"\x10\x04":
                return bytes([escpos.STATUS_FIXED | self._status(arguments[0])])
            case b"\x1b@":
                self._row = b""
                if self._plan.strikes(Capability.PRINTER, Fault.PAPER_OUT):
                    self.rows_left = min(self.rows_left, PAPER_OUT_ROWS)
                self.cover_open |= self._plan.strikes(Capability.PRINTER, Fault.COVER_OPEN)
            case b"\x1bd":
                for _ in range(arguments[0]):
                    self._print()
            case b"\x1dV" if self._can_print():
                self.paper.append(self.CUT)
            case _:
                pass
        return b""

    def _status(self, what: int) -> int:
        match what:
            case escpos.Query.OFFLINE_CAUSE:
                cover = escpos.OfflineCause.COVER_OPEN if self.cover_open else 0
                return cover | (0 if self.rows_left else escpos.OfflineCause.PAPER_END_STOP)
            case escpos.Query.PAPER:
                return 0 if self.rows_left else int(escpos.Paper.END)
            case _:
                return 0

    def _can_print(self) -> bool:
        return self.rows_left > 0 and not self.cover_open

    def _print(self) -> None:
        if self._can_print():
            self.rows_left -= 1
            self.paper.append(self._row.decode("gb18030", "replace"))
        self._row = b""


__all__ = ["PAPER_OUT_ROWS", "VirtualReceiptPrinter"]
