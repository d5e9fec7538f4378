"""What a page says becomes a command or a refusal, whatever numbers stand in it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.page_commands import RemoveRow, SetRow, Sign, SignHere
from wire.codec import encode
from wire.errors import BadFrame
from wire.message import Code, Refusal
from wire.page.protocol import ID_MAX, CommandSet, PageCommand, decode_from_page

COMMANDS = CommandSet(RemoveRow, SetRow, Sign, SignHere)
NUMBERS = (
    st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
)


def heard(name: str, args: dict[str, Any]) -> msgspec.Struct | Refusal:
    """What becomes of a command after its way through text."""
    text = json.dumps({"type": "command", "id": 1, "name": name, "args": args})
    message = decode_from_page(text)
    assert isinstance(message, PageCommand)
    return COMMANDS.read(message)


@given(NUMBERS, NUMBERS, st.lists(st.lists(st.lists(NUMBERS, max_size=5), max_size=3), max_size=3))
def test_no_number_of_a_signature_fails_later(
    width: float, height: float, strokes: list[list[list[float]]]
) -> None:
    """What is taken can be stored; what cannot be stored is a refusal."""
    said = heard("sign", {"width": width, "height": height, "strokes": strokes})

    if not isinstance(said, Refusal):
        assert encode(said)
        assert isinstance(said, Sign)
        assert abs(said.width) <= ID_MAX


@given(NUMBERS)
def test_no_number_of_a_row_fails_later(row: float) -> None:
    """Also where a number is a place in a list."""
    said = heard("remove_row", {"field": "members", "row": row})

    assert isinstance(said, Refusal) or encode(said)


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**64, ID_MAX + 1])
def test_a_number_beyond_a_browsers_is_refused(number: int) -> None:
    """In words, wherever it stands."""
    ink = {"case_id": "c", "slip_hash": "", "width": 1, "height": 1, "strokes": []}
    for args in ({**ink, "width": number}, {**ink, "more": [{"a": number}]}):
        said = heard("sign", args)
        assert isinstance(said, Refusal)
        assert Code.FORMAT is said.code


@given(st.recursive(NUMBERS | st.text(max_size=3), lambda some: st.lists(some, max_size=4)))
def test_any_arguments_are_a_command_or_a_refusal(value: object) -> None:
    """Nothing else leaves the door."""
    assert isinstance(
        heard("set_row", {"case_id": "c", "field": "x", "row": "1", "values": value}),
        Refusal | SetRow,
    )


def test_arguments_that_are_nested_without_end_are_refused() -> None:
    """By the text or by the command, never by a crash."""
    deep = '{"type":"command","id":1,"name":"sign","args":{"width":' + "[" * 30_000
    with pytest.raises(BadFrame):
        decode_from_page(deep + "]" * 30_000 + "}}")
