"""The line to camera, signature pad and microphone: ask for a capture, fetch its bytes in chunks.

    43 50 | kind | seq | LEN (2, big-endian) | payload | CRC-32 of kind to payload

No open protocol is common to these devices, so this one is ours: pulled, so that a lost chunk is
simply asked for again, and checked twice, each frame and the whole. Deliberately not here: what is
captured. Invariant: no frame with a flipped bit is ever accepted.
"""

from __future__ import annotations

import zlib
from enum import IntEnum

import msgspec

from hw.framing.decoder import NO_FRAME, Decoder
from wire.ink import POINTS_MAX, Point, Signature

PREAMBLE = b"CP"
PAYLOAD_BYTES_MAX = 8 * 1024 + 4
"""The largest payload: one chunk and its offset."""

CHUNK_BYTES = 8 * 1024
CAPTURE_BYTES_MAX = 2 * 1024 * 1024
"""The largest capture that is fetched, in bytes."""

SUBJECT_CHARS_MAX = 32

_HEAD_BYTES = 6
_CRC_BYTES = 4
_POINT_BYTES = 11


class Kind(IntEnum):
    """Frame kinds: 0x requests, 8x replies with the request's seq, C0 and above unasked."""

    PING = 0x01
    ARM = 0x02
    FETCH = 0x03
    CANCEL = 0x04
    FINISH = 0x05
    """End a capture that goes on by itself, and keep it."""
    PONG = 0x81
    ARMED = 0x82
    CHUNK = 0x83
    CANCELLED = 0x84
    FINISHED = 0x85
    REFUSED = 0x8F
    READY = 0xC1


class Frame(msgspec.Struct, frozen=True):
    """One checked frame; never printed whole, it may be a face."""

    kind: Kind
    seq: int
    payload: bytes = b""

    def __repr__(self) -> str:
        return f"Frame({self.kind.name}, seq={self.seq}, {len(self.payload)} bytes)"


class Ready(msgspec.Struct, frozen=True):
    """The payload of `READY`: how large the capture is, in bytes, and its CRC-32."""

    size: int
    crc: int

    def pack(self) -> bytes:
        """Eight bytes."""
        return self.size.to_bytes(4, "big") + self.crc.to_bytes(4, "big")

    @classmethod
    def of(cls, capture: bytes) -> Ready:
        """What is told about a capture."""
        return cls(len(capture), zlib.crc32(capture))

    @classmethod
    def parse(cls, payload: bytes) -> Ready | None:
        """None for a payload that promises nothing fetchable."""
        size = int.from_bytes(payload[:4], "big")
        if len(payload) != 8 or not 0 < size <= CAPTURE_BYTES_MAX:
            return None
        return cls(size, int.from_bytes(payload[4:], "big"))


_KINDS = frozenset(Kind)


class _Format:
    preamble = PREAMBLE

    def length(self, buffer: bytearray) -> int | None:
        if len(buffer) < _HEAD_BYTES:
            return None
        size = int.from_bytes(buffer[4:_HEAD_BYTES], "big")
        if buffer[2] not in _KINDS or size > PAYLOAD_BYTES_MAX:
            return NO_FRAME
        return _HEAD_BYTES + size + _CRC_BYTES

    def parse(self, frame: bytes) -> Frame | None:
        checked = frame[2:-_CRC_BYTES]
        if zlib.crc32(checked) != int.from_bytes(frame[-_CRC_BYTES:], "big"):
            return None
        return Frame(Kind(frame[2]), frame[3], frame[_HEAD_BYTES:-_CRC_BYTES])


def decoder() -> Decoder[Frame]:
    """A decoder for either side of the line."""
    return Decoder(_Format())


def encode(frame: Frame) -> bytes:
    """One frame's bytes; its payload has at most `PAYLOAD_BYTES_MAX`."""
    assert len(frame.payload) <= PAYLOAD_BYTES_MAX, "a chunk and its offset"
    size = len(frame.payload).to_bytes(2, "big")
    checked = bytes([frame.kind, frame.seq]) + size + frame.payload
    return PREAMBLE + checked + zlib.crc32(checked).to_bytes(_CRC_BYTES, "big")


def sound_subject(seconds: int) -> str:
    """What a microphone is armed for: at least so many seconds."""
    return f"sound {seconds}"


def sound_seconds(subject: str) -> int | None:
    """What `sound_subject` made; None for anything else."""
    word, _, seconds = subject.partition(" ")
    return int(seconds) if word == "sound" and seconds.isascii() and seconds.isdigit() else None


def pack_signature(signature: Signature) -> bytes:
    """A signature as a signature pad sends it: pad size, then eleven bytes a point.

    A point is stroke number, milliseconds, x, y, pressure, in the shape of ISO/IEC 19794-7.
    """
    body = b"".join(
        bytes([number])
        + point.t_ms.to_bytes(4, "big")
        + b"".join(part.to_bytes(2, "big") for part in (point.x, point.y, point.pressure))
        for number, stroke in enumerate(signature.strokes)
        for point in stroke
    )
    return signature.width.to_bytes(2, "big") + signature.height.to_bytes(2, "big") + body


def parse_signature(data: bytes) -> Signature | None:
    """What `pack_signature` made; None for anything else."""
    count, rest = divmod(len(data) - 4, _POINT_BYTES)
    if rest or not 0 < count <= POINTS_MAX:
        return None
    strokes: list[list[Point]] = []
    for start in range(4, len(data), _POINT_BYTES):
        number = data[start]
        t_ms = int.from_bytes(data[start + 1 : start + 5], "big")
        x, y, p = (int.from_bytes(data[start + n : start + n + 2], "big") for n in (5, 7, 9))
        if number == len(strokes):
            strokes.append([])
        if number != len(strokes) - 1:
            return None
        strokes[-1].append(Point(t_ms, x, y, p))
    width, height = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    return Signature(width, height, tuple(map(tuple, strokes)))


__all__ = [
    "CAPTURE_BYTES_MAX",
    "CHUNK_BYTES",
    "PAYLOAD_BYTES_MAX",
    "PREAMBLE",
    "SUBJECT_CHARS_MAX",
    "Frame",
    "Kind",
    "Ready",
    "decoder",
    "encode",
    "pack_signature",
    "parse_signature",
    "sound_seconds",
    "sound_subject",
]
