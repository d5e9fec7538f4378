"""What stands masked on the page, whole: for the person in front, one thing at a press.

A page shows numbers masked, so that nobody behind the glass reads them; but a customer who signs
for a number has to be able to check it. What is revealed is said once, to the window that asked,
after the draft has journalled who looked at what. Card numbers stay masked: the card is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from terminal.draft import Draft
from terminal.table_rows import cells_of, row_ids
from wire.chip_record import ChipRecordError, parse_chip_record
from wire.value import Cell, IdCardValue, IdNumberValue, PhoneValue, TableValue, Value

_VILLAGE: Final = re.compile(r"(?:镇|乡|街道|区|县|市)([^镇乡区县市]{1,8}?(?:村|社区|寨|屯))")
_TAIL: Final = 4


def clear_text(draft: Draft, place: str) -> str | None:
    """What stands at a place of the page, whole; None where nothing is masked there.

    Args:
        place: `slip/2` (a line, from 0), `form/phone`, or `form/members/ROW/number`.
    """
    part, *path = place.split("/")
    match part, path:
        case "slip", [index] if draft.slip is not None and index.isascii() and index.isdigit():
            lines = draft.slip.lines
            return _unmasked(draft, lines[int(index)].value) if int(index) < len(lines) else None
        case "form", [field]:
            value = draft.values.get(field)
            return next((clear for _, clear in _numbers(value)), None) if value else None
        case "form", [field, row, column]:
            cell = cells_of(draft, field, row).get(column)
            return next((clear for _, clear in _numbers(cell)), None) if cell else None
        case _:
            return None


def veiled(draft: Draft) -> Iterator[str]:
    """Every place at which the page shows a number masked that can be seen whole."""
    for field, value in draft.values.items():
        if isinstance(value, IdCardValue | IdNumberValue):
            yield f"form/{field}"
        elif isinstance(value, TableValue):
            for row, cells in zip(row_ids(draft, field), value.rows, strict=True):
                names = (name for name, cell in cells.items() if isinstance(cell, IdNumberValue))
                yield from (f"form/{field}/{row}/{name}" for name in names)
    for index in range(len(draft.slip.lines) if draft.slip is not None else 0):
        if clear_text(draft, f"slip/{index}") is not None:
            yield f"slip/{index}"


def who(draft: Draft) -> str:
    """The customer in a list: enough to tell two apart, too little to use."""
    card = draft.id_card
    if card is None:
        return ""
    try:
        village = _VILLAGE.search(parse_chip_record(card.record).address)
    except ChipRecordError:
        village = None
    where = f" {village[1]}" if village is not None else ""
    return f"{card.name[:1]}**{where} 尾号{card.number.number[-_TAIL:]}"


def found(draft: Draft, text: str) -> bool:
    """Whether a draft is what somebody looks for who knows the customer's name or number."""
    card = draft.id_card
    wanted = text.strip().upper()
    if card is None or not wanted:
        return False
    return wanted in card.name.upper() or card.number.number.endswith(wanted)


def _unmasked(draft: Draft, text: str) -> str | None:
    """A line with every masked number whole; of two that look alike masked, none is guessed."""
    known: dict[str, set[str]] = {}
    for value in draft.values.values():
        for masked, clear in _numbers(value):
            known.setdefault(masked, set()).add(clear)
    whole = text
    for masked, clears in known.items():
        if len(clears) == 1:
            whole = whole.replace(masked, next(iter(clears)))
    return whole if whole != text else None


def _numbers(value: Value | Cell) -> Iterator[tuple[str, str]]:
    match value:
        case IdCardValue(number=number) | IdNumberValue(number=number):
            yield number.masked, number.number
        case PhoneValue(phone=phone):
            yield phone.masked, phone.digits
        case TableValue(rows=rows):
            for row in rows:
                for cell in row.values():
                    yield from _numbers(cell)
        case _:
            return


__all__ = ["clear_text", "found", "veiled", "who"]
