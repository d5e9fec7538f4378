"""CCID messages of a contact card reader, the same over USB bulk pipes and Bluetooth.

    type | dwLength (4, little-endian) | slot | seq | 3 bytes | data

and the two-byte `50 xx` slot notice. CCID has no check of its own: the link below it (USB, BLE)
has, so what this codec guards against is lost and repeated fragments, by type, length and the
sequence number. Deliberately not here: APDUs (`hw.device.card_reader`).

Source: USB-IF "CCID for Integrated Circuit(s) Cards Interface Devices" 1.1, section 6.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from hw.framing.decoder import NO_FRAME, Decoder

DATA_BYTES_MAX = 512
"""The most data of one message, in bytes: a short APDU's answer has 258."""

SEQUENCE_COUNT = 256

_HEAD_BYTES = 10
_NOTICE_BYTES = 2


class Kind(IntEnum):
    """Message types in use: 6x go to the reader, 8x and 50 come from it."""

    POWER_ON = 0x62
    POWER_OFF = 0x63
    SLOT_STATUS = 0x65
    EXCHANGE = 0x6F
    DATA = 0x80
    SLOT = 0x81
    NOTICE = 0x50


class Presence(IntEnum):
    """The card, in the low bits of a reply's status."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2


class Outcome(IntEnum):
    """The command, in the high bits of a reply's status."""

    DONE = 0
    FAILED = 1
    WAIT = 2


class Notice(IntEnum):
    """What a slot notice tells, unasked."""

    ABSENT = 0x02
    PRESENT = 0x03
    SLEEP = 0x04


ERROR_MUTE = 0xFE
"""The card does not answer (ICC_MUTE)."""


class Frame(msgspec.Struct, frozen=True):
    """One message; never printed whole, its data may be a card number.

    Attributes:
        kind: message type.
        seq: repeats the command's in its reply.
        head: the three type-specific bytes; of a reply: status, error, chaining.
        data: the body; of a notice its one byte.
    """

    kind: Kind
    seq: int = 0
    head: bytes = bytes(3)
    data: bytes = b""

    @property
    def presence(self) -> Presence:
        """What a reply says about the card."""
        return Presence(min(self.head[0] & 3, Presence.ABSENT))

    @property
    def outcome(self) -> Outcome:
        """What a reply says about its command."""
        return Outcome(min(self.head[0] >> 6, Outcome.WAIT))

    @property
    def error(self) -> int:
        """Why a reply says `FAILED`."""
        return self.head[1]

    def __repr__(self) -> str:
        return f"Frame({self.kind.name}, seq={self.seq}, {len(self.data)} bytes)"


_KINDS = frozenset(Kind)


class _Format:
    preamble = b""

    def length(self, buffer: bytearray) -> int | None:
        if buffer[0] not in _KINDS:
            return NO_FRAME
        if buffer[0] == Kind.NOTICE:
            return _NOTICE_BYTES
        if len(buffer) < _HEAD_BYTES:
            return None
        size = int.from_bytes(buffer[1:5], "little")
        return _HEAD_BYTES + size if size <= DATA_BYTES_MAX and buffer[5] == 0 else NO_FRAME

    def parse(self, frame: bytes) -> Frame | None:
        kind = Kind(frame[0])
        if kind is Kind.NOTICE:
            return Frame(kind, data=frame[1:]) if frame[1] in set(Notice) else None
        return Frame(kind, frame[6], frame[7:_HEAD_BYTES], frame[_HEAD_BYTES:])


def decoder() -> Decoder[Frame]:
    """A decoder for either side of the line."""
    return Decoder(_Format())


def encode(frame: Frame) -> bytes:
    """One message's bytes; slot 0, data of at most `DATA_BYTES_MAX`."""
    if frame.kind is Kind.NOTICE:
        return bytes([frame.kind]) + frame.data
    assert len(frame.data) <= DATA_BYTES_MAX, "short APDUs fit"
    size = len(frame.data).to_bytes(4, "little")
    return bytes([frame.kind]) + size + bytes([0, frame.seq]) + frame.head + frame.data


def reply_head(presence: Presence, outcome: Outcome = Outcome.DONE, error: int = 0) -> bytes:
    """The three type-specific bytes of a reply."""
    return bytes([outcome << 6 | presence, error, 0])


__all__ = [
    "DATA_BYTES_MAX",
    "ERROR_MUTE",
    "SEQUENCE_COUNT",
    "Frame",
    "Kind",
    "Notice",
    "Outcome",
    "Presence",
    "decoder",
    "encode",
    "reply_head",
]
