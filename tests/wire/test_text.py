"""Text that people type: one rule, held against every character that there is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import submissions as make
from wire.checks import Context, check_name, check_text
from wire.form import Field, FieldKind
from wire.message import Code, Refusal
from wire.text import is_visible, is_written, legible, normalised, pieces, spelt, text_fault
from wire.value import TextValue

NOW = Context(make.NOW_MS, field="it")
FIELD = Field(name="it", kind=FieldKind.TEXT, title_zh="说明", title_en="Note", chars_max=300)
EVERYTHING = tuple(map(chr, (*range(0x40000), *range(0xE0000, 0xE1000), 0x4FFFE, 0x10FFFF)))
"""Every character that Unicode has assigned, will assign to ideographs, or never assigns."""


def fault(text: str, *, required: bool = True, lines: bool = False) -> Refusal | None:
    return text_fault(text, "说明", 500, "note", required=required, lines=lines)


@pytest.mark.parametrize(
    "text",
    [
        "\u200b",
        "\u200b\u200c\u2060\ufeff",
        "\u3164",
        "\u2800\u2800",
        " \u3000",
        "\u0301",
        "张三\u202e元0001",
        "张三\u2066元",
        "张三\u0085",
        "张三\u007f",
        "张三\u2028李四",
        "张三\ud800",
        "张三\U000e0041",
        "张三\ufe0f",
        "张三\u05d01",
        "张三\ufffe",
        "张三\nA",
        "Cafe\u0301",
        "张三\u00a0李四",
    ],
)
def test_what_shows_nothing_or_steers_is_refused(text: str) -> None:
    """Blank, invisible, controls, formats, direction, a broken half, another spelling."""
    assert fault(text) is not None
    assert [Code.FORMAT] == [p.code for p in check_text(TextValue(text), FIELD, NOW)]


@pytest.mark.parametrize(
    "text",
    [
        "云南省昆明市五华区",
        "José O’Neil（备注）",
        "\U0002a6d6村",
        "王\ue123",
        "\u3007",
        "a\u3000b",
        "\U0003134a\U00031fff",
    ],
)
def test_what_people_write_is_taken(text: str) -> None:
    """Rare, private and newest ideographs among it."""
    assert fault(text) is None
    assert [] == check_text(TextValue(text), FIELD, NOW)


def test_only_what_may_have_lines_has_lines() -> None:
    """A note may; a form's text is one line, and no other line end is a line end."""
    assert fault("一\n二", lines=True) is None
    assert fault("一\n二") is not None
    assert fault("一\r二", lines=True) is not None
    assert fault("\n", lines=True) is not None


def test_an_empty_text_is_missing_only_where_it_is_required() -> None:
    """Blanks are no text either way."""
    assert fault("", required=False) is None
    assert fault("") is not None
    assert fault("  ", required=False) is not None


def test_no_character_of_unicode_hides_in_a_text() -> None:
    """Controls, formats, surrogates, line and paragraph ends, directions, noncharacters: none."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    turning = {"R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}
    taken = [one for one in EVERYTHING if fault(f"字{one}字") is None]

    assert all(unicodedata.category(one) not in hidden for one in taken)
    assert all(unicodedata.bidirectional(one) not in turning for one in taken)
    assert all(not 0xFDD0 <= ord(one) <= 0xFDEF and ord(one) & 0xFFFE != 0xFFFE for one in taken)
    assert [" ", "\u3000"] == [one for one in taken if one.isspace()]


def test_every_ideograph_of_unicode_can_stand_in_a_text_and_in_a_name() -> None:
    """All planes of them; composed ones (U+F900) are another spelling in a text, not in a name."""
    ideographs = [
        one
        for one in EVERYTHING
        if "IDEOGRAPH" in unicodedata.name(one, "") and unicodedata.category(one) == "Lo"
    ]
    assert len(ideographs) > 90_000
    for one in ideographs:
        assert check_name(f"李{one}", NOW) == []
        assert (fault(one) is None) == unicodedata.is_normalized("NFC", one)


@given(st.text(max_size=40))
def test_what_was_normalised_is_at_worst_hidden(text: str) -> None:
    """After it, only characters that show nothing are left to refuse; twice is once."""
    clean = normalised(text)
    wrong = any(not is_written(one) and one != "\n" for one in clean)

    assert clean == normalised(clean)
    assert (fault(clean, lines=True) is None) == (not wrong and is_visible(clean))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Cafe\u0301", "Café"),
        (" 一\r\n二\r三\t四\u00a0五 ", "一\n二\n三 四 五"),
        ("\u3000张三", "张三"),
    ],
)
def test_typing_is_normalised(typed: str, kept: str) -> None:
    """Composed, with one kind of line end and one kind of blank."""
    assert kept == normalised(typed)


def test_length_comes_first() -> None:
    """And is said with the title."""
    found = text_fault("字" * 6, "备注", 5, "note")

    assert found == Refusal(Code.FORMAT, "“备注”不能超过5个字。", "note")


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("王\ue123", "王〔U+E123〕"),
        ("\U00020bb7野", "\U00020bb7〔U+20BB7〕野"),
        ("岩温·罕 \u3007", "岩温·罕 \u3007"),
        ("a\u202eb", "a〔U+202E〕b"),
        ("a\u00a0b", "a b"),
    ],
)
def test_a_page_shows_which_character_it_is(text: str, page: str) -> None:
    """Whatever typeface the browser has; what every typeface has stays as it is."""
    assert page == legible(text)


@given(st.text(max_size=40))
def test_what_was_spelt_can_be_shown(text: str) -> None:
    """By whoever said what it can show, and nothing was left out."""
    shown = spelt(text, str.isascii)

    assert all(one.isascii() or one in "〔〕" for one in shown)
    assert len(text) == len(pieces(shown))
