"""The chip record of an identity card: what is built is read, and nothing else gets through."""

from __future__ import annotations

import contextlib
import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.chip_record import (
    CHIP_RECORD_BYTES,
    NATIONS,
    ChipRecord,
    ChipRecordError,
    Sex,
    build_chip_record,
    parse_chip_record,
)
from wire.message import Code

HOLDER = ChipRecord(
    name="迪丽娜尔·买买提",
    sex=Sex.FEMALE,
    nation="05",
    birth=dt.date(1949, 12, 31),
    address="云南省昆明市五华区翠湖南路1号",
    number="11010519491231002X",
    issuer="昆明市公安局五华分局",
    valid_from=dt.date(2010, 1, 1),
    valid_to=None,
)


def units(most: int) -> st.SearchStrategy[str]:
    """Text of 1 to `most` UTF-16 units that does not end in a space."""
    characters = st.characters(min_codepoint=32, exclude_categories=["Cs"])
    return st.text(characters, min_size=1, max_size=most).filter(
        lambda text: not text.endswith(" ") and len(text.encode("utf-16-le")) <= 2 * most
    )


@st.composite
def records(draw: st.DrawFn) -> ChipRecord:
    first = draw(st.dates(dt.date(1000, 1, 1)))
    return ChipRecord(
        name=draw(units(15)),
        sex=draw(st.sampled_from(Sex)),
        nation=draw(st.sampled_from(sorted(NATIONS))),
        birth=draw(st.dates()),
        address=draw(units(35)),
        number=draw(st.from_regex(r"\A[0-9]{17}[0-9X]\Z")),
        issuer=draw(units(15)),
        valid_from=first,
        valid_to=draw(st.none() | st.dates(first)),
    )


@given(records())
def test_what_is_built_is_read(record: ChipRecord) -> None:
    """Any resident's record survives the chip, rare characters and long-term validity included."""
    packed = build_chip_record(record)

    assert len(packed) == CHIP_RECORD_BYTES
    assert record == parse_chip_record(packed)


@given(st.binary(max_size=300) | st.binary(min_size=256, max_size=256))
def test_noise_is_a_typed_error(noise: bytes) -> None:
    """Random bytes never crash the reader of records."""
    with pytest.raises(ChipRecordError):
        parse_chip_record(noise)


@given(records(), st.integers(0, 8 * CHIP_RECORD_BYTES - 1))
def test_a_flipped_bit_is_an_error_or_another_well_formed_record(
    record: ChipRecord, position: int
) -> None:
    """Damage never raises anything but the typed error."""
    damaged = bytearray(build_chip_record(record))
    damaged[position // 8] ^= 1 << position % 8

    with contextlib.suppress(ChipRecordError):
        assert isinstance(parse_chip_record(bytes(damaged)), ChipRecord)


@pytest.mark.parametrize("letter", ["I", "J", "Y"])
def test_other_cards_are_unsupported_not_malformed(letter: str) -> None:
    """A foreigner's or a Hong Kong resident's card is named as what it is: not supported."""
    packed = bytearray(build_chip_record(HOLDER))
    packed[248:250] = letter.encode("utf-16-le")

    with pytest.raises(ChipRecordError) as caught:
        parse_chip_record(bytes(packed))
    assert caught.value.code == Code.UNSUPPORTED_DOC


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "字" * 16),
        ("address", "字" * 36),
        ("number", "530102"),
        ("number", "11010519491231002x"),
        ("nation", "77"),
        ("valid_to", dt.date(2009, 12, 31)),
        ("name", "尾空格 "),
        ("name", "\ud800"),
    ],
)
def test_what_would_not_be_read_back_is_not_built(field: str, value: object) -> None:
    """A record that does not fit the layout is refused when it is built."""
    with pytest.raises(ChipRecordError) as caught:
        build_chip_record(msgspec.structs.replace(HOLDER, **{field: value}))
    assert caught.value.code == Code.FORMAT


def test_nobody_is_identified_by_a_log_line() -> None:
    """Neither repr nor an error shows name, number or address."""
    shown = repr(HOLDER) + str(HOLDER.__rich_repr__())

    for secret in (HOLDER.name, HOLDER.number, HOLDER.address):
        assert secret not in shown


def test_fifty_six_nationalities() -> None:
    """The code table is whole and in order."""
    assert len(NATIONS) == 58
    assert tuple(NATIONS[code] for code in ("01", "07", "14", "16", "18", "56")) == (
        "汉",
        "彝",
        "白",
        "哈尼",
        "傣",
        "基诺",
    )
