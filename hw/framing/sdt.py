"""The SDT/SAM_V protocol of the second-generation ID card reader.

    AA AA AA 96 69 | LEN (2, big-endian) | body | XOR of LEN and body

LEN counts the body and the check. A request's body is `CMD PARA data`, a reply's `SW1 SW2 SW3
data`. Deliberately not here: which command follows which (`hw.device.id_reader`). Invariant: a
single flipped bit never yields a frame of the length that was sent; a flipped length is caught by
the session, which knows the one length each answer has.

Source: the published "SAM communication protocol" of the ministry's reader module; vectors in the
tests.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from hw.framing.decoder import NO_FRAME, Decoder, xor

PREAMBLE = bytes.fromhex("AAAAAA9669")
BODY_BYTES_MAX = 4096
"""The largest body, in bytes: text, photo and fingerprints together take 2,313."""

RECORD_BYTES = 256
PHOTO_BYTES = 1024
SAM_ID_BYTES = 16
FIND_BYTES = 4
SELECT_BYTES = 8

_HEAD_BYTES = len(PREAMBLE) + 2


class Command(IntEnum):
    """CMD and PARA of a request, as one number."""

    RESET = 0x10FF
    STATUS = 0x11FF
    SAM_ID = 0x12FF
    FIND = 0x2001
    SELECT = 0x2002
    READ_TEXT_PHOTO = 0x3001
    READ_ADDED_ADDRESS = 0x3003
    READ_TEXT_PHOTO_FINGER = 0x3010


class Status(IntEnum):
    """SW3 of a reply: how it went."""

    OK = 0x90
    CARD_FOUND = 0x9F
    CHECKSUM = 0x10
    LENGTH = 0x11
    COMMAND = 0x21
    UNKNOWN_COMMAND = 0x24
    MUTUAL_AUTH_FAILED = 0x31
    MUTUAL_AUTH_FAILED_2 = 0x32
    INFO_CHECK_FAILED = 0x33
    WRONG_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    NOT_AUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT_FAILED = 0x81


class Frame(msgspec.Struct, frozen=True):
    """One checked body; never printed, it may be an ID record."""

    body: bytes

    def __repr__(self) -> str:
        return f"Frame({len(self.body)} bytes)"


class Reply(msgspec.Struct, frozen=True):
    """A reply's status bytes and data."""

    sw3: int
    data: bytes

    def __repr__(self) -> str:
        return f"Reply({self.sw3:02X}, {len(self.data)} bytes)"


class _Format:
    preamble = PREAMBLE

    def length(self, buffer: bytearray) -> int | None:
        if len(buffer) < _HEAD_BYTES:
            return None
        count = int.from_bytes(buffer[len(PREAMBLE) : _HEAD_BYTES], "big")
        return _HEAD_BYTES + count if 3 <= count <= BODY_BYTES_MAX + 1 else NO_FRAME

    def parse(self, frame: bytes) -> Frame | None:
        checked = frame[len(PREAMBLE) :]
        return Frame(checked[2:-1]) if xor(checked) == 0 else None


def decoder() -> Decoder[Frame]:
    """A decoder for either side of the line."""
    return Decoder(_Format())


def encode(body: bytes) -> bytes:
    """One frame around a body of 2 to `BODY_BYTES_MAX` bytes."""
    assert 2 <= len(body) <= BODY_BYTES_MAX, "a body is at least CMD and PARA"
    checked = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + checked + bytes([xor(checked)])


def request(command: Command, data: bytes = b"") -> bytes:
    """A request's frame."""
    return encode(command.to_bytes(2, "big") + data)


def reply(status: int, data: bytes = b"") -> bytes:
    """A reply's frame; SW1 and SW2 are always zero."""
    return encode(bytes([0, 0, status]) + data)


def as_reply(frame: Frame) -> Reply | None:
    """The frame as a reply; None when it is too short to be one."""
    return Reply(frame.body[2], frame.body[3:]) if len(frame.body) >= 3 else None


def record_and_photo(data: bytes) -> tuple[bytes, bytes] | None:
    """Text record (`RECORD_BYTES`) and photo (`PHOTO_BYTES`) of a read reply; None for others."""
    lengths = RECORD_BYTES.to_bytes(2, "big") + PHOTO_BYTES.to_bytes(2, "big")
    if len(data) != 4 + RECORD_BYTES + PHOTO_BYTES or data[:4] != lengths:
        return None
    return data[4 : 4 + RECORD_BYTES], data[4 + RECORD_BYTES :]


def pack_record_and_photo(record: bytes, photo: bytes) -> bytes:
    """The data of a read reply."""
    return len(record).to_bytes(2, "big") + len(photo).to_bytes(2, "big") + record + photo


__all__ = [
    "BODY_BYTES_MAX",
    "FIND_BYTES",
    "PHOTO_BYTES",
    "PREAMBLE",
    "RECORD_BYTES",
    "SAM_ID_BYTES",
    "SELECT_BYTES",
    "Command",
    "Frame",
    "Reply",
    "Status",
    "as_reply",
    "decoder",
    "encode",
    "pack_record_and_photo",
    "record_and_photo",
    "reply",
    "request",
]
