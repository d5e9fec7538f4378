"""Byte formats: published frames exactly, any cut of the stream, and no damaged frame let in."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hw.framing import capture, ccid, epp, escpos, sdt
from hw.framing.decoder import Decoder
from hw.virtual.signature_pad import signature


@dataclass(frozen=True)
class Codec:
    """One framing under test: frames to draw, and both directions."""

    name: str
    frames: st.SearchStrategy[Any]
    encode: Callable[[Any], bytes]
    decoder: Callable[[], Decoder[Any]]


SDT = Codec(
    "sdt",
    st.builds(sdt.Frame, st.binary(min_size=2, max_size=80)),
    lambda frame: sdt.encode(frame.body),
    sdt.decoder,
)
EPP = Codec(
    "epp",
    st.builds(epp.Frame, st.integers(0, 255), st.binary(max_size=40)),
    lambda frame: epp.encode(frame.code, frame.data),
    epp.decoder,
)
CAPTURE = Codec(
    "capture",
    st.builds(
        capture.Frame,
        st.sampled_from(capture.Kind),
        st.integers(0, 255),
        st.binary(max_size=80),
    ),
    capture.encode,
    capture.decoder,
)
CCID = Codec(
    "ccid",
    st.one_of(
        st.builds(
            ccid.Frame,
            st.sampled_from([kind for kind in ccid.Kind if kind is not ccid.Kind.NOTICE]),
            st.integers(0, 255),
            st.binary(min_size=3, max_size=3),
            st.binary(max_size=80),
        ),
        st.builds(
            lambda notice: ccid.Frame(ccid.Kind.NOTICE, data=bytes([notice])),
            st.sampled_from(ccid.Notice),
        ),
    ),
    ccid.encode,
    ccid.decoder,
)
CHECKED = [SDT, EPP, CAPTURE]
"""The framings that carry a check of their own."""


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at these places, wherever they are."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@pytest.mark.parametrize(
    ("frame", "made"),
    [
        ("AAAAAA9669000311FFED", sdt.request(sdt.Command.STATUS)),
        ("AAAAAA9669000312FFEE", sdt.request(sdt.Command.SAM_ID)),
        ("AAAAAA96690003200122", sdt.request(sdt.Command.FIND)),
        ("AAAAAA96690003200221", sdt.request(sdt.Command.SELECT)),
        ("AAAAAA96690003300132", sdt.request(sdt.Command.READ_TEXT_PHOTO)),
        ("AAAAAA96690003301023", sdt.request(sdt.Command.READ_TEXT_PHOTO_FINGER)),
        ("AAAAAA9669000461FF50CA", sdt.encode(bytes.fromhex("61FF50"))),
        ("62000000000007000000", ccid.encode(ccid.Frame(ccid.Kind.POWER_ON, 7))),
        ("5003", ccid.encode(ccid.Frame(ccid.Kind.NOTICE, data=b"\x03"))),
        ("02013031", epp.encode(epp.Command.STATUS)),
        ("100404", escpos.query(escpos.Query.PAPER)),
        ("1B4501", escpos.bold(True)),
        ("1D2111", escpos.size(2, 2)),
        ("1B331E", escpos.line_spacing(30)),
        ("1B6101", escpos.align(escpos.Align.CENTRE)),
        ("C5A9D0C5C9E7A1A4", escpos.text("农信社·")),
    ],
)
def test_frames_are_the_published_ones(frame: str, made: bytes) -> None:
    """What goes on the line is, byte for byte, what the documents print."""
    assert frame == made.hex().upper()


def test_the_full_read_reply_has_its_published_size() -> None:
    """Text, photo and status make LEN 0508 and 1,295 bytes in all."""
    data = sdt.pack_record_and_photo(bytes(256), bytes(1024))
    frame = sdt.reply(sdt.Status.OK, data)

    assert frame[5:7].hex() == "0508"
    assert len(frame) == 1295


@pytest.mark.parametrize("codec", [*CHECKED, CCID], ids=lambda codec: codec.name)
@given(data=st.data())
def test_any_cut_of_the_stream_gives_the_same_frames(codec: Codec, data: st.DataObject) -> None:
    """Fragments fall where the radio likes; the frames come out whole and in order."""
    frames = data.draw(st.lists(codec.frames, max_size=4))
    stream = b"".join(map(codec.encode, frames))
    decoder = codec.decoder()

    cut = pieces(stream, data.draw(st.lists(st.integers(0, 10_000), max_size=8)))
    decoded = [frame for piece in cut for frame in decoder.feed(piece)]

    assert frames == decoded
    assert decoder.discarded == 0


@pytest.mark.parametrize("codec", [SDT, CAPTURE], ids=lambda codec: codec.name)
@given(data=st.data())
def test_garbage_before_a_preamble_is_skipped(codec: Codec, data: st.DataObject) -> None:
    """Noise on the line costs nothing but itself."""
    frame = data.draw(codec.frames)
    preamble = codec.encode(frame)[:2]
    garbage = data.draw(st.binary(max_size=40)).replace(preamble[:1], b"\x00")
    decoder = codec.decoder()

    assert [frame] == decoder.feed(garbage + codec.encode(frame))
    assert len(garbage) == decoder.discarded


@pytest.mark.parametrize("codec", CHECKED, ids=lambda codec: codec.name)
@given(data=st.data())
def test_a_flipped_bit_is_never_accepted_as_what_was_sent(
    codec: Codec, data: st.DataObject
) -> None:
    """No single flipped bit yields a frame of the length that was sent."""
    frame = data.draw(codec.frames)
    damaged = bytearray(codec.encode(frame))
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8

    accepted = codec.decoder().feed(bytes(damaged))

    sizes = [len(codec.encode(other)) for other in accepted]
    assert len(damaged) not in sizes


@given(data=st.data())
def test_a_capture_frame_with_a_flipped_bit_is_never_accepted_at_all(data: st.DataObject) -> None:
    """Where the check is a CRC, damage yields nothing."""
    damaged = bytearray(capture.encode(data.draw(CAPTURE.frames)))
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8

    assert capture.decoder().feed(bytes(damaged)) == []


@pytest.mark.parametrize("codec", [*CHECKED, CCID], ids=lambda codec: codec.name)
@given(noise=st.binary(max_size=400))
def test_noise_never_raises_and_never_piles_up(codec: Codec, noise: bytes) -> None:
    """Whatever a line carries, the decoder lives, and holds at most one frame."""
    decoder = codec.decoder()
    for byte in noise:
        decoder.feed(bytes([byte]))
    decoder.reset()

    assert decoder.feed(b"") == []


@given(frames=st.lists(SDT.frames, min_size=2, max_size=3), at=st.integers(0, 10_000))
def test_after_a_lost_byte_the_next_frame_is_found(frames: list[sdt.Frame], at: int) -> None:
    """A lost byte costs its frame, and at most the one behind it.

    The protocol's check is an XOR: it cannot see that a byte is gone which the first byte of the
    next frame replaces.
    """
    parts = [sdt.encode(frame.body) for frame in frames]
    lost = at % len(parts[0])
    assume(lost < len(sdt.PREAMBLE) or parts[0][lost] != sdt.PREAMBLE[0])
    stream = parts[0][:lost] + parts[0][lost + 1 :] + b"".join(parts[1:]) + sdt.PREAMBLE

    decoder = sdt.decoder()
    decoded = decoder.feed(stream)
    decoder.reset()

    assert set(decoded) <= set(frames)
    assert frames[-1] in decoder.feed(parts[-1])


@given(
    st.builds(
        epp.Begin,
        pan=st.from_regex(r"\A62[0-9]{14,17}\Z"),
        entries=st.sampled_from([1, 2]),
        timeout_s=st.integers(1, 255),
        birth=st.from_regex(r"\A[0-9]{8}\Z") | st.just(""),
        phone=st.from_regex(r"\A1[0-9]{10}\Z") | st.just(""),
        id_number=st.from_regex(r"\A[0-9]{17}[0-9X]\Z") | st.just(""),
    )
)
def test_what_the_pad_is_told_arrives(begin: epp.Begin) -> None:
    """Card, number of entries and what a PIN must not be survive the frame."""
    assert begin == epp.parse_begin(epp.pack_begin(begin))


@given(st.binary(max_size=80))
def test_a_malformed_begin_is_refused(noise: bytes) -> None:
    """The pad never starts on parameters it could not have been sent."""
    begin = epp.parse_begin(noise)

    assert begin is None or noise == epp.pack_begin(begin)


def test_strokes_survive_the_line() -> None:
    """A signature comes back point for point."""
    ink = signature(random.Random("ink"))

    assert ink == capture.parse_signature(capture.pack_signature(ink))


@given(st.binary(max_size=120))
def test_noise_is_no_signature_or_a_well_formed_one(noise: bytes) -> None:
    """Strokes that cannot be read are None, not an exception."""
    ink = capture.parse_signature(noise)

    assert ink is None or noise == capture.pack_signature(ink)


@given(st.text(max_size=100))
def test_text_cannot_command_the_printer(name: str) -> None:
    """Whatever a customer is called, nothing in it is a control code."""
    assert not set(escpos.text(name)) & set(range(0x20))


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("¥192.00", "￥192.00"),
        ("王\U00020bb7", "王〔U+20BB7〕"),
        ("王\ue123", "王〔U+E123〕"),
        ("\u3400金\u3007", "〔U+3400〕金\u3007"),
        ("a\u202eb\x1b", "a〔U+202E〕b〔U+001B〕"),
        ("岩温·罕 é", "岩温·罕 é"),
    ],
)
def test_what_a_printer_has_no_picture_of_is_spelt(line: str, printed: str) -> None:
    """Never noise such as "0 6" for a yuan sign, and never left out (GB 18030, 4-byte area)."""
    assert printed == escpos.printable(line)
    assert printed.encode("gb18030") == escpos.text(line)


def test_every_character_goes_out_as_one_that_printers_know() -> None:
    """All of Unicode: at most two bytes each, and back from them it is the character or its code
    point."""
    for code in (*range(0xD800), *range(0xE000, 0x11000), *range(0x20000, 0x20100), 0x10FFFF):
        sent = escpos.text(chr(code)).decode("gb18030")
        assert sent in (chr(code), " ", "\uffe5", f"〔U+{code:04X}〕")
        assert all(len(one.encode("gb18030")) <= 2 for one in sent)


def test_a_code_point_is_not_torn_at_the_end_of_a_row() -> None:
    """It is written on the next one."""
    rows = escpos.wrapped(escpos.printable("一" * 13 + "\U0002a6d6"))

    assert ["一" * 13, "〔U+2A6D6〕"] == rows


@given(st.text(max_size=200))
def test_rows_fit_the_paper(line: str) -> None:
    """Every row is at most as wide as the paper, and nothing is lost by wrapping."""
    rows = escpos.wrapped(line)

    assert all(escpos.cells(row) <= escpos.COLUMNS for row in rows)
    assert line == "".join(rows)
