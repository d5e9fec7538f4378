"""The virtual PIN pad: the one place on the customer's side where PIN digits exist.

Runs as a program of its own (`python -m hw.virtual.pin_pad`), or, in simulation, behind the virtual
line in the same process. Digits come in by its own keyboard, never by its line; what goes out is a
count of keys and, at the end, an ISO 9564-1 format-4 block under a fresh AES DUKPT key.

Deliberately not here: any way to ask for a digit or a key. Invariants: the register of future keys
is stored before its key is used, so no key serial number is ever used twice; digits and keys are
forgotten when an entry ends, and all keys when somebody opens the case.
"""

from __future__ import annotations

import argparse
from collections import deque
from pathlib import Path
from typing import Final, Protocol

import msgspec
import psec
import trio

from actors.outside import production_outside
from actors.ports import Entropy
from hw.framing import epp
from hw.transport import NEVER, Fault, FaultPlan
from hw.virtual.pin_customer import BACK, CANCEL, ENTER, KEYS, PinCustomer
from hw.virtual.stdio import serve
from wire.checks import birth_pins, check_new_pin
from wire.checks.pin_policy import PIN_DIGITS
from wire.codec import decode_json, encode_json
from wire.dukpt import FutureKeys, KeysExhausted, TransactionKey, Usage
from wire.errors import BadFrame
from wire.form import Capability
from wire.private_file import write_private

TRIES_MAX: Final = 3
"""How often a new PIN may be weak or differ between its two entries."""

_FILL_BYTES = 8


class PadMemory(Protocol):
    """What a pad keeps when it is switched off: its future keys."""

    def load(self) -> FutureKeys | None:
        """The register, None without keys."""

    def store(self, keys: FutureKeys | None) -> None:
        """Replace the register; returns when it would survive a power cut."""


class MemoryInside:
    """A pad's memory that lives as long as its object; for simulation."""

    def __init__(self, keys: FutureKeys | None = None) -> None:
        self._keys = keys

    def load(self) -> FutureKeys | None:
        """See `PadMemory.load`."""
        return self._keys

    def store(self, keys: FutureKeys | None) -> None:
        """See `PadMemory.store`."""
        self._keys = keys


class _Saved(msgspec.Struct, frozen=True):
    register: FutureKeys | None


class MemoryFile:
    """A pad's memory in a file that only its user can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> FutureKeys | None:
        """See `PadMemory.load`; a file that is missing or damaged holds no keys."""
        try:
            return decode_json(_Saved, self._path.read_bytes()).register
        except (FileNotFoundError, BadFrame):
            return None

    def store(self, keys: FutureKeys | None) -> None:
        """See `PadMemory.store`."""
        write_private(self._path, encode_json(_Saved(keys)))


class _Entry:
    """One PIN entry in progress; its digits leave only through `sealed`."""

    def __init__(self, begin: epp.Begin, key: TransactionKey) -> None:
        self.begin = begin
        self.number = 1
        self.digits = ""
        self._key = key
        self._first = ""
        self._tries = 0

    def finished(self) -> epp.Advice | epp.End | None:
        """ENTER was pressed on six digits: None when the PIN stands, else what happens instead."""
        if self.begin.entries == 1:
            return None
        if self.number == 1:
            if check_new_pin(self.digits, self._personal()) is not None:
                return self._again(epp.Advice.WEAK, epp.End.WEAK)
            self.number, self._first, self.digits = 2, self.digits, ""
            return epp.Advice.NONE
        if self.digits != self._first:
            return self._again(epp.Advice.MISMATCH, epp.End.MISMATCH)
        return None

    def sealed(self, entropy: Entropy) -> bytes:
        """Key serial number and enciphered block (ISO 9564-1 §9.4.2.3)."""
        # The library draws the field's random fill by itself; here it comes from the port.
        head = f"4{PIN_DIGITS:X}{self.digits}".ljust(16, "A")
        field = bytes.fromhex(head) + entropy(_FILL_BYTES)
        key = self._key.working_key(Usage.PIN_ENCRYPTION)
        account = psec.pinblock.encode_pan_field_iso_4(self.begin.pan)
        inner = psec.tools.xor(psec.aes.encrypt_aes_ecb(key, field), account)
        return self._key.ksn.pack() + psec.aes.encrypt_aes_ecb(key, inner)

    def _again(self, advice: epp.Advice, end: epp.End) -> epp.Advice | epp.End:
        self._tries += 1
        self.number, self._first, self.digits = 1, "", ""
        return end if self._tries == TRIES_MAX else advice

    def _personal(self) -> tuple[str, ...]:
        begin = self.begin
        return (*birth_pins(begin.birth), begin.birth, begin.phone, begin.id_number, begin.pan)


class VirtualPinPad:
    """The far end of a PIN pad's line, with its keyboard."""

    def __init__(
        self,
        memory: PadMemory,
        entropy: Entropy,
        plan: FaultPlan,
        customer: PinCustomer | None = None,
    ) -> None:
        """Take the keys' place, and who types; without a customer `press` does."""
        self._memory = memory
        self._entropy = entropy
        self._plan = plan
        self._customer = customer
        self._decoder = epp.decoder()
        self._entry: _Entry | None = None
        self._typing: deque[tuple[float, str]] = deque()
        self._gives_up_at = NEVER
        self._tampered = False
        self._out: list[bytes] = []

    def __repr__(self) -> str:
        return "VirtualPinPad(***)"

    def press(self, keys: str, now: float) -> None:
        """Somebody presses keys of `hw.virtual.pin_customer.KEYS`; others do nothing."""
        for key in keys:
            if key in KEYS:
                self._key(key, now)

    def open_case(self) -> None:
        """Somebody opens the case: every key is erased, for good."""
        self._tampered = True
        self._memory.store(None)
        self._end(epp.End.TAMPERED)

    def plugged(self, now: float) -> None:
        """See `VirtualDevice.plugged`; an entry does not outlive its line."""
        self._decoder.reset()
        self._close()
        self._out.clear()

    def received(self, data: bytes, now: float) -> list[bytes]:
        """See `VirtualDevice.received`."""
        for frame in self._decoder.feed(data):
            self._command(frame, now)
        return self._taken()

    def due(self) -> float:
        """See `VirtualDevice.due`."""
        if self._out:
            return 0.0
        return min(self._typing[0][0] if self._typing else NEVER, self._gives_up_at)

    def tick(self, now: float) -> list[bytes]:
        """See `VirtualDevice.tick`."""
        while self._typing and self._typing[0][0] <= now:
            self._key(self._typing.popleft()[1], now)
        if now >= self._gives_up_at:
            self._end(epp.End.TIMED_OUT)
        return self._taken()

    def _command(self, frame: epp.Frame, now: float) -> None:
        match frame.code:
            case epp.Command.STATUS:
                self._send(epp.Status.OK, bytes([self._state()]))
            case epp.Command.CANCEL:
                self._close()
                self._send(epp.Status.OK)
            case epp.Command.BEGIN if self._tampered:
                self._send(epp.Status.BAD_COMMAND_AND_KEY)
            case epp.Command.BEGIN if self._entry is None:
                self._begin(epp.parse_begin(frame.data), now)
            case _:
                self._send(epp.Status.BAD_COMMAND)

    def _begin(self, begin: epp.Begin | None, now: float) -> None:
        if begin is None:
            self._send(epp.Status.BAD_PARAMETER)
            return
        register = self._memory.load()
        try:
            register, key = register.advance() if register is not None else (None, None)
        except KeysExhausted:
            register, key = None, None
        if register is None or key is None:
            self._send(epp.Status.NO_MASTER_KEY)
            return
        self._memory.store(register)
        self._entry = _Entry(begin, key)
        self._send(epp.Status.OK)
        self._ask(epp.Advice.NONE, now)
        if self._strikes(Fault.PIN_TAMPER):
            self.open_case()

    def _ask(self, advice: epp.Advice, now: float) -> None:
        """Show the person which entry is wanted, and let the virtual one begin to type."""
        assert self._entry is not None, "asked during an entry"
        self._send(epp.Event.ENTRY, bytes([self._entry.number, advice]))
        self._gives_up_at = now + self._entry.begin.timeout_s
        self._typing.clear()
        if self._customer is None or self._strikes(Fault.PIN_TIMEOUT):
            return
        typed = self._customer.keys(self._entry.begin.pan, advice)
        if self._strikes(Fault.PIN_CANCEL):
            typed = [*typed[: len(typed) // 2], (0.1, CANCEL)]
        at = now
        for seconds, key in typed:
            at += seconds
            self._typing.append((at, key))

    def _key(self, key: str, now: float) -> None:
        entry = self._entry
        if entry is None:
            return
        self._gives_up_at = now + entry.begin.timeout_s
        if key == CANCEL:
            self._end(epp.End.CANCELLED)
        elif key == ENTER:
            if len(entry.digits) == PIN_DIGITS:
                self._finish(entry, now)
        elif key == BACK or len(entry.digits) < PIN_DIGITS:
            entry.digits = entry.digits[:-1] if key == BACK else entry.digits + key
            self._send(epp.Event.KEY_COUNT, bytes([len(entry.digits)]))

    def _finish(self, entry: _Entry, now: float) -> None:
        follows = entry.finished()
        if follows is None:
            block = entry.sealed(self._entropy)
            self._close()
            self._send(epp.Event.SEALED, block)
        elif isinstance(follows, epp.End):
            self._end(follows)
        else:
            self._ask(follows, now)

    def _end(self, why: epp.End) -> None:
        if self._entry is not None or why is epp.End.TAMPERED:
            self._close()
            self._send(epp.Event.ENDED, bytes([why]))

    def _close(self) -> None:
        self._entry = None
        self._typing.clear()
        self._gives_up_at = NEVER

    def _state(self) -> epp.PadState:
        if self._tampered:
            return epp.PadState.TAMPERED
        if self._entry is not None:
            return epp.PadState.ENTERING
        return epp.PadState.NO_KEYS if self._memory.load() is None else epp.PadState.IDLE

    def _send(self, code: int, data: bytes = b"") -> None:
        self._out.append(epp.encode(code, data))

    def _taken(self) -> list[bytes]:
        taken, self._out = self._out, []
        return taken

    def _strikes(self, fault: Fault) -> bool:
        return self._plan.strikes(Capability.PIN_PAD, fault)


def main() -> None:
    """Be one PIN pad on standard input and output, until the host hangs up."""
    parser = argparse.ArgumentParser(prog="hw.virtual.pin_pad", description=main.__doc__)
    parser.add_argument("--memory", type=Path, required=True, help="file with the future keys")
    parser.add_argument("--customer", help="seed of a virtual customer who types by itself")
    parser.add_argument("--keyboard-fd", type=int, help="pipe from which keys are read (POSIX)")
    options = parser.parse_args()
    outside = production_outside()
    customer = PinCustomer(options.customer) if options.customer is not None else None
    pad = VirtualPinPad(
        MemoryFile(options.memory), outside.entropy, FaultPlan(outside.random), customer
    )

    def typed(keys: bytes) -> None:
        pad.press(keys.decode("ascii", "replace"), trio.current_time())

    trio.run(serve, pad, options.keyboard_fd, typed)


if __name__ == "__main__":
    main()


__all__ = ["MemoryFile", "MemoryInside", "PadMemory", "VirtualPinPad", "main"]
