"""What a byte stream must look like before a websocket library may see it (RFC 6455).

The library takes everything the RFC allows; this house needs far less, and each thing that it does
not need is a way to be attacked: endless headers, 2⁴⁰-byte frames that are refused only when they
have been received, a message in 60,000 fragments, text, extensions, floods of pings. So the guard
reads along: it counts the bytes of the HTTP head, then looks at every frame header as it passes.

Sans-IO, and it stores at most one incomplete frame header. Invariant: whatever it lets pass is one
bounded ASCII head followed by bounded binary messages and control frames, masked as the RFC says.
"""

from __future__ import annotations

from typing import Final

from wire.channel import FRAME_BYTES_MAX
from wire.errors import BadFrame

HEAD_BYTES_MAX: Final = 8 * 1024
"""The longest HTTP head of the upgrade, in bytes."""

FRAGMENTS_MAX: Final = 16
"""The most fragments of one message."""

CONTROL_FRAMES_MAX: Final = 64
"""The most pings, pongs and closes between two data frames."""

_CONTINUATION: Final = 0x0
_BINARY: Final = 0x2
_CONTROL: Final = frozenset({0x8, 0x9, 0xA})
_CONTROL_BYTES_MAX: Final = 125
_HEAD_END: Final = b"\r\n\r\n"


class WebSocketGuard:
    """Reads along on one direction of one connection.

    Args:
        masked: True for what a server receives, False for what a client receives (§5.1).
    """

    __slots__ = ("_controls", "_fragments", "_head", "_header", "_masked", "_message", "_payload")

    def __init__(self, *, masked: bool) -> None:
        self._masked = masked
        self._head: bytearray | None = bytearray()
        self._header = b""
        self._payload = 0  # bytes of the present frame that are still to come
        self._message = 0  # bytes of the present message so far
        self._fragments = 0  # 0 between messages
        self._controls = 0

    @property
    def upgraded(self) -> bool:
        """Whether the HTTP head is complete."""
        return self._head is None

    def feed(self, data: bytes) -> None:
        """Look at the next bytes.

        Raises:
            BadFrame: they are not what this house speaks; the connection must end.
        """
        if self._head is not None:
            data = self._rest_after_head(data)
        if self._header:
            data = self._header + data
            self._header = b""
        position, end = self._payload, len(data)
        while position < end:
            size = _header_bytes(data, position)
            if end - position < size:
                self._header = data[position:]
                position = end
            else:
                position += size + self._checked(data, position)
        self._payload = position - end

    def _rest_after_head(self, data: bytes) -> bytes:
        """What follows the HTTP head in `data`; nothing while the head is incomplete."""
        head = self._head
        assert head is not None, "only asked for while the head is incomplete"
        head += data
        end = head.find(_HEAD_END)
        if min(len(head), end if end >= 0 else len(head)) > HEAD_BYTES_MAX:
            raise BadFrame("the HTTP head is too long")
        if not (head if end < 0 else head[:end]).isascii():
            raise BadFrame("the HTTP head is not ASCII")
        if end < 0:
            return b""
        self._head = None
        rest = bytes(head[end + len(_HEAD_END) :])
        if rest and self._masked:
            raise BadFrame("bytes after the upgrade and before its answer")
        return rest

    def _checked(self, data: bytes, position: int) -> int:
        """Judge the complete frame header at `position`; how much payload follows it."""
        first, second = data[position], data[position + 1]
        final, opcode, size = first & 0x80, first & 0x0F, _payload_bytes(data, position)
        if first & 0x70:
            raise BadFrame("an extension that was never agreed on")
        if bool(second & 0x80) is not self._masked:
            raise BadFrame("a frame is masked on the wrong side")
        if opcode in _CONTROL:
            self._controls += 1
            if not final or size > _CONTROL_BYTES_MAX or self._controls > CONTROL_FRAMES_MAX:
                raise BadFrame("a control frame that is too long, in pieces, or one too many")
            return size
        if opcode != (_CONTINUATION if self._fragments else _BINARY):
            raise BadFrame("a frame that is neither binary nor the next piece of a message")
        self._controls = 0
        self._fragments += 1
        self._message += size
        if self._message > FRAME_BYTES_MAX or self._fragments > FRAGMENTS_MAX:
            raise BadFrame("a message that is too long, or in too many pieces")
        if final:
            self._fragments = self._message = 0
        return size


def _header_bytes(data: bytes, position: int) -> int:
    """How long the frame header at `position` is (§5.2), as far as can be told."""
    if len(data) - position < 2:
        return 2
    second = data[position + 1]
    length = second & 0x7F
    return (4 if length == 126 else 10 if length == 127 else 2) + (4 if second & 0x80 else 0)


def _payload_bytes(data: bytes, position: int) -> int:
    length = data[position + 1] & 0x7F
    if length < 126:
        return length
    return int.from_bytes(data[position + 2 : position + (4 if length == 126 else 10)], "big")


__all__ = ["CONTROL_FRAMES_MAX", "FRAGMENTS_MAX", "HEAD_BYTES_MAX", "WebSocketGuard"]
