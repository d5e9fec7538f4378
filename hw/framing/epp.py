"""The serial dialect of the encrypting PIN pad.

    02 | LN | CODE | data | BCC

LN counts CODE and data; BCC is the XOR of LN, CODE and data. Requests carry a command code, replies
a status code, and the pad sends events of its own while a person types. No frame type here can hold
a PIN digit: key events carry a count. Deliberately not here: keys, PIN rules, order of events
(`hw.device.pin_pad`, `hw.virtual.pin_pad`).

Source: frame and status codes of the common metal PIN pads' data sheets; command and event codes
are this project's, since every vendor has its own.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from hw.framing.decoder import NO_FRAME, Decoder, xor

START = 0x02
DATA_BYTES_MAX = 254

KSN_BYTES = 12
BLOCK_BYTES = 16

_OVERHEAD_BYTES = 3


class Command(IntEnum):
    """What the host asks."""

    STATUS = 0x30
    BEGIN = 0x31
    CANCEL = 0x32


class Status(IntEnum):
    """What the pad answers."""

    OK = 0x04
    BAD_PARAMETER = 0x15
    TIMED_OUT = 0x80
    NO_MASTER_KEY = 0xA4
    BAD_COMMAND_AND_KEY = 0xB5
    BAD_COMMAND = 0xE0


class Event(IntEnum):
    """What the pad tells unasked during an entry."""

    KEY_COUNT = 0x21
    """Data: how many digits stand in the current entry."""
    ENTRY = 0x22
    """Data: which entry is open, 1 or 2, and an `Advice`."""
    SEALED = 0x23
    """Data: KSN (`KSN_BYTES`) and enciphered block (`BLOCK_BYTES`)."""
    ENDED = 0x24
    """Data: an `End`."""


class Advice(IntEnum):
    """Why the person is asked to type again."""

    NONE = 0
    WEAK = 1
    MISMATCH = 2


class End(IntEnum):
    """Why an entry ended without a block."""

    CANCELLED = 1
    TIMED_OUT = 2
    TAMPERED = 3
    MISMATCH = 4
    WEAK = 5


class PadState(IntEnum):
    """First data byte of a status reply."""

    NO_KEYS = 0
    IDLE = 1
    ENTERING = 2
    TAMPERED = 3


class Frame(msgspec.Struct, frozen=True):
    """One checked frame; its data is never printed, a request's may hold a card number."""

    code: int
    data: bytes = b""

    def __repr__(self) -> str:
        return f"Frame({self.code:02X}, {len(self.data)} bytes)"


class _Format:
    preamble = bytes([START])

    def length(self, buffer: bytearray) -> int | None:
        if len(buffer) < 2:
            return None
        return _OVERHEAD_BYTES + buffer[1] if buffer[1] >= 1 else NO_FRAME

    def parse(self, frame: bytes) -> Frame | None:
        return Frame(frame[2], frame[3:-1]) if xor(frame[1:]) == 0 else None


def decoder() -> Decoder[Frame]:
    """A decoder for either side of the line."""
    return Decoder(_Format())


def encode(code: int, data: bytes = b"") -> bytes:
    """One frame with at most `DATA_BYTES_MAX` of data."""
    assert len(data) <= DATA_BYTES_MAX, "one length byte"
    checked = bytes([len(data) + 1, code]) + data
    return bytes([START]) + checked + bytes([xor(checked)])


class Begin(msgspec.Struct, frozen=True):
    """The data of `BEGIN`: what PIN is wanted, for which card, and what it must not be.

    Attributes:
        pan: the card number, 16-19 digits.
        entries: 2 for a new PIN, typed twice and checked for weakness; 1 to verify.
        timeout_s: how long the person has between two keys, 1-255 seconds.
        birth: `YYYYMMDD` or empty.
        phone: digits or empty.
        id_number: or empty.
    """

    pan: str
    entries: int
    timeout_s: int
    birth: str = ""
    phone: str = ""
    id_number: str = ""

    def __repr__(self) -> str:
        return f"Begin(entries={self.entries})"


def pack_begin(begin: Begin) -> bytes:
    """Entries, time-out, then four texts, each with its length before it."""
    texts = (begin.pan, begin.birth, begin.phone, begin.id_number)
    body = b"".join(bytes([len(text)]) + text.encode("ascii") for text in texts)
    return bytes([begin.entries, begin.timeout_s]) + body


def parse_begin(data: bytes) -> Begin | None:
    """What `pack_begin` made; None for anything else."""
    if len(data) < 2 or data[0] not in (1, 2) or data[1] == 0:
        return None
    texts: list[str] = []
    rest = data[2:]
    for _ in range(4):
        if not rest or len(rest) < 1 + rest[0]:
            return None
        raw, rest = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
        if not raw.isascii() or not (raw.isalnum() or not raw):
            return None
        texts.append(raw.decode("ascii"))
    if rest or not texts[0].isdigit() or not 12 <= len(texts[0]) <= 19:
        return None
    return Begin(texts[0], data[0], data[1], *texts[1:])


__all__ = [
    "BLOCK_BYTES",
    "DATA_BYTES_MAX",
    "KSN_BYTES",
    "START",
    "Advice",
    "Begin",
    "Command",
    "End",
    "Event",
    "Frame",
    "PadState",
    "Status",
    "decoder",
    "encode",
    "pack_begin",
    "parse_begin",
]
