"""Rows of a draft's tables: each has an id of its own, and one that was taken out can come back.

A place in a table is no name: whoever presses twice, or looks at an older table in another window,
would mean the row that has moved there. Pure; events of `terminal.draft_events` in, tables out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from terminal.draft_events import (
    DropRow,
    KeepRow,
    RestoreRow,
    RowDropped,
    RowEntered,
    RowRestored,
)
from wire.form import Field, FieldKind
from wire.message import Code, Refusal
from wire.value import Cell, TableValue

if TYPE_CHECKING:
    from terminal.draft import Draft

DROPPED_MAX: Final = 20
"""How many rows that were taken out a draft remembers, to bring them back."""

_ID: Final = re.compile(r"[0-9A-Za-z-]{1,36}", re.ASCII)


class DroppedRow(msgspec.Struct, frozen=True):
    """A row that was taken out of a table, and the place that it had, from 0."""

    field: str
    row: str
    at: int
    cells: dict[str, Cell]


def row_ids(draft: Draft, field: str) -> tuple[str, ...]:
    """The ids of a table's rows, in order; by their places where the table came as a whole."""
    table, ids = draft.values.get(field), draft.rows.get(field, ())
    count = len(table.rows) if isinstance(table, TableValue) else 0
    return ids if len(ids) == count else tuple(f"row-{place}" for place in range(1, count + 1))


def cells_of(draft: Draft, field: str, row: str) -> dict[str, Cell]:
    """A row's cells; none where there is no such row."""
    ids, table = row_ids(draft, field), draft.values.get(field)
    if row not in ids or not isinstance(table, TableValue):
        return {}
    return dict(table.rows[ids.index(row)])


def decide(
    draft: Draft, field: Field, command: KeepRow | DropRow | RestoreRow
) -> tuple[RowEntered | RowDropped | RowRestored, ...] | Refusal:
    """What a command about a row leads to; whatever was done already is done."""
    ids, row = row_ids(draft, field.name), command.row
    gone = any((one.field, one.row) == (field.name, row) for one in draft.dropped)
    if field.kind is not FieldKind.TABLE:
        return Refusal(Code.FORMAT, "这一项不是表格", field.name)
    if _ID.fullmatch(row) is None:
        return Refusal(Code.FORMAT, "行号无效", field.name)
    match command:
        case KeepRow(new=new) if row not in ids and (gone or not new):
            return Refusal(Code.STALE, "这一行已删除，没有保存", field.name)
        case KeepRow() | RestoreRow() if row not in ids and len(ids) >= field.rows_max:
            message = f"“{field.title_zh}”最多填写{field.rows_max}行"
            return Refusal(Code.LIMIT, message, field.name)
        case KeepRow(cells=cells):
            return (RowEntered(field.name, row, cells),)
        case DropRow() if row in ids:
            return (RowDropped(field.name, row),)
        case RestoreRow() if row not in ids and gone:
            return (RowRestored(field.name, row),)
        case _ if gone or row in ids:
            return ()
        case _:
            return Refusal(Code.STALE, "这一行已不存在", field.name)


def changed(
    draft: Draft, event: RowEntered | RowDropped | RowRestored
) -> tuple[Draft, str, TableValue | None]:
    """The draft with its ids after an event, the field, and its table; None for no row left."""
    name = event.field
    ids, table = list(row_ids(draft, name)), draft.values.get(name)
    rows = list(table.rows) if isinstance(table, TableValue) else []
    dropped = draft.dropped
    match event:
        case RowEntered(row=row, cells=cells) if row in ids:
            rows[ids.index(row)] = cells
        case RowEntered(row=row, cells=cells):
            ids, rows = [*ids, row], [*rows, cells]
        case RowDropped(row=row):
            at = ids.index(row)
            dropped = (*dropped, DroppedRow(name, row, at, rows[at]))[-DROPPED_MAX:]
            del ids[at], rows[at]
        case RowRestored(row=row):
            found = next(one for one in dropped if (one.field, one.row) == (name, row))
            dropped = tuple(one for one in dropped if one is not found)
            ids.insert(found.at, row)
            rows.insert(found.at, found.cells)
    kept = msgspec.structs.replace(draft, rows={**draft.rows, name: tuple(ids)}, dropped=dropped)
    return kept, name, TableValue(tuple(rows)) if rows else None


__all__ = ["DROPPED_MAX", "DroppedRow", "cells_of", "changed", "decide", "row_ids"]
