"""The guard lets pass what this house speaks, however it is cut, and nothing else."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.channel import FRAME_BYTES_MAX
from wire.errors import BadFrame
from wire.websocket_guard import CONTROL_FRAMES_MAX, FRAGMENTS_MAX, HEAD_BYTES_MAX, WebSocketGuard

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def frame(
    first: int, payload: bytes = b"", *, masked: bool = True, size: int | None = None
) -> bytes:
    """One websocket frame (RFC 6455 §5.2); `size` may lie about the payload."""
    length = len(payload) if size is None else size
    mask = 0x80 if masked else 0
    if length < 126:
        header = bytes([first, mask | length])
    elif length < 2**16:
        header = bytes([first, mask | 126]) + length.to_bytes(2, "big")
    else:
        header = bytes([first, mask | 127]) + length.to_bytes(8, "big")
    return header + (bytes(4) if masked else b"") + payload


GOOD = [
    frame(0x82, b"x"),
    frame(0x82, bytes(200)),
    frame(0x82, bytes(FRAME_BYTES_MAX)),
    frame(0x02, b"a") + frame(0x89, b"ping") + frame(0x00, b"b") + frame(0x80, b"c"),
    frame(0x8A),
    frame(0x88, b"\x03\xe8"),
]

BAD = {
    "text": frame(0x81, b"x"),
    "not masked": frame(0x82, b"x", masked=False),
    "an extension": frame(0xC2, b"x"),
    "a reserved opcode": frame(0x83, b"x"),
    "a reserved control opcode": frame(0x8B),
    "a continuation of nothing": frame(0x80, b"x"),
    "two messages at once": frame(0x02, b"x") + frame(0x82, b"y"),
    "a control frame in pieces": frame(0x09),
    "a long control frame": frame(0x89, bytes(126)),
    "a gigantic frame": frame(0x82, size=2**40),
    "a frame one byte too large": frame(0x82, size=FRAME_BYTES_MAX + 1),
    "pieces that are too large together": frame(0x02, bytes(40_000)) + frame(0x00, bytes(40_000)),
    "too many pieces": frame(0x02, b"a") + frame(0x00, b"a") * FRAGMENTS_MAX,
    "a flood of pings": frame(0x89) * (CONTROL_FRAMES_MAX + 1),
}


def upgraded() -> WebSocketGuard:
    """A server's guard after the upgrade."""
    guard = WebSocketGuard(masked=True)
    guard.feed(HEAD)
    return guard


def feed_byte_by_byte(guard: WebSocketGuard, data: bytes) -> None:
    """The slowest network there is."""
    for byte in data:
        guard.feed(bytes([byte]))


@given(
    st.lists(st.sampled_from(GOOD), max_size=4),
    st.lists(st.integers(1, 9000), min_size=1, max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_good_frames_pass_in_any_segmentation(frames: list[bytes], sizes: list[int]) -> None:
    """TCP cuts where it likes."""
    guard, data, position = upgraded(), b"".join(frames), 0
    for size in sizes:
        guard.feed(data[position : position + size])
        position += size
    guard.feed(data[position:])

    assert guard.upgraded


@pytest.mark.parametrize("what", BAD)
def test_everything_else_is_refused_byte_by_byte_too(what: str) -> None:
    """As soon as its header is there, and not later."""
    with pytest.raises(BadFrame):
        upgraded().feed(BAD[what])

    guard = upgraded()
    with pytest.raises(BadFrame):
        feed_byte_by_byte(guard, BAD[what])


def test_a_client_expects_the_opposite_mask() -> None:
    """Servers do not mask (§5.1); frames may follow the answer in one segment."""
    guard = WebSocketGuard(masked=False)
    guard.feed(HEAD + frame(0x82, b"x", masked=False))
    with pytest.raises(BadFrame):
        guard.feed(frame(0x82, b"x"))


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"x",
        b"GET / HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES_MAX,
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * HEAD_BYTES_MAX,
        "GET /é HTTP/1.1\r\n\r\n".encode(),
    ],
)
def test_a_head_is_short_ascii_and_followed_by_silence(head: bytes) -> None:
    """One byte after the request and before its answer is one too many."""
    with pytest.raises(BadFrame):
        WebSocketGuard(masked=True).feed(head)


def test_it_never_keeps_more_than_a_head_or_a_header() -> None:
    """Whatever random bytes come, nothing but `BadFrame` goes out and memory is bounded."""
    chance = random.Random(3)
    for _ in range(300):
        guard = upgraded()
        with suppress(BadFrame):
            for _ in range(50):
                guard.feed(chance.randbytes(chance.randrange(40)))
        assert 14 > len(guard._header)
