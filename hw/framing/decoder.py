"""What all decoders share: a bounded buffer, cut into frames, resynchronised after damage.

Deliberately not here: any one format. A format says where a frame could begin, how long it would
be and whether it is sound; this file does the walking. Invariant: the buffer never holds more than
one incomplete frame, and after damage the search goes on one byte later, so a sound frame that
follows is found whatever came before it.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

FrameT = TypeVar("FrameT")
FrameT_co = TypeVar("FrameT_co", covariant=True)

NO_FRAME = 0
"""A format's answer for bytes with which no frame begins."""


class Format(Protocol[FrameT_co]):
    """One byte format."""

    @property
    def preamble(self) -> bytes:
        """The bytes every frame begins with; empty when there are none."""

    def length(self, buffer: bytearray) -> int | None:
        """How long the frame at the buffer's start is, in bytes; bounded by the format.

        Returns:
            The length, `NO_FRAME`, or None when more bytes are needed to tell.
        """

    def parse(self, frame: bytes) -> FrameT_co | None:
        """The frame, or None when its check does not hold."""


class Decoder(Generic[FrameT]):
    """Turns a stream of bytes, however cut, into frames.

    Attributes:
        discarded: how many bytes belonged to no sound frame since the start.
    """

    def __init__(self, form: Format[FrameT]) -> None:
        self._format = form
        self._buffer = bytearray()
        self.discarded = 0

    def reset(self) -> None:
        """Forget an incomplete frame; partial frames die with their link."""
        self._drop(len(self._buffer))

    def feed(self, data: bytes) -> list[FrameT]:
        """Take the next bytes; returns the frames they complete, in order."""
        self._buffer += data
        frames: list[FrameT] = []
        while self._seek_preamble():
            length = self._format.length(self._buffer)
            if length is None or len(self._buffer) < length:
                break
            frame = self._format.parse(bytes(self._buffer[:length])) if length else None
            if frame is None:
                self._drop(1)
            else:
                del self._buffer[:length]
                frames.append(frame)
        return frames

    def _seek_preamble(self) -> bool:
        """Drop what cannot begin a frame; False when nothing is left to look at."""
        preamble = self._format.preamble
        if preamble:
            at = self._buffer.find(preamble)
            if at < 0:
                self._drop(len(self._buffer) - _overlap(self._buffer, preamble))
                return False
            self._drop(at)
        return bool(self._buffer)

    def _drop(self, count: int) -> None:
        self.discarded += count
        del self._buffer[:count]


def _overlap(buffer: bytearray, preamble: bytes) -> int:
    """How many bytes at the buffer's end could be the beginning of a preamble."""
    for size in range(min(len(buffer), len(preamble) - 1), 0, -1):
        if buffer.endswith(preamble[:size]):
            return size
    return 0


def xor(data: bytes) -> int:
    """The XOR of all bytes, the check of most serial peripherals."""
    check = 0
    for byte in data:
        check ^= byte
    return check


__all__ = ["NO_FRAME", "Decoder", "Format", "xor"]
