"""Tables: as many rows as asked, only the asked columns, and every cell by its column's kind.

A refusal names its cell as `table.row.column`, rows from 1: `members.2.number`. Work is bounded
before it begins: a table with too many rows or columns is refused without a look at its cells.
"""

from __future__ import annotations

from collections.abc import Mapping

from wire.checks.cell import check_cell, check_type, missing_cell
from wire.checks.limits import Context
from wire.form import COLUMNS_MAX, ROWS_MAX, Field
from wire.message import Code, Refusal
from wire.value import Cell, TableValue


def check_table(value: TableValue, field: Field, context: Context) -> list[Refusal]:
    """One table. Codes: `FORMAT`, `LIMIT`, and those of its cells."""
    most = min(field.rows_max, ROWS_MAX)
    if len(value.rows) > most:
        return [context.refuse(Code.LIMIT, f"“{field.title_zh}”最多填写{most}行。")]
    if field.required and not value.rows:
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”至少填写一行。")]
    problems = []
    for number, row in enumerate(value.rows, start=1):
        problems += check_row(row, field, context.at(f"{field.name}.{number}"))
    return problems


def check_row(row: Mapping[str, Cell], field: Field, context: Context) -> list[Refusal]:
    """One row; `context` names it."""
    columns = field.columns[:COLUMNS_MAX]
    if len(row) > len(columns) or not row.keys() <= {column.name for column in columns}:
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”中有未要求的列。")]
    problems = []
    for column in columns:
        here = context.at(f"{context.field}.{column.name}")
        cell = row.get(column.name)
        if cell is None:
            problems += [missing_cell(column, here)] if column.required else []
        else:
            problems += check_type(cell, column, here) or check_cell(cell, column, here)
    return problems


__all__ = ["check_row", "check_table"]
