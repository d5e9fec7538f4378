"""V6: amounts and numbers are whole numbers of a smallest unit within their field's bounds.

An amount counts fen, a number units of 10^-decimals; neither is ever a float.
"""

from __future__ import annotations

from typing import Final

from wire.checks.limits import Context
from wire.form import Field
from wire.message import Code, Refusal
from wire.value import AmountValue, NumberValue

DECIMALS_MAX: Final = 4
"""The most decimals that a number is typed with."""


def check_amount(value: AmountValue, field: Field, context: Context) -> list[Refusal]:
    """V6 against the form's bounds in fen. Codes: `RANGE`, `LIMIT`."""
    if value.fen <= 0:
        return [context.refuse(Code.RANGE, "金额必须大于零。")]
    if value.fen < field.fen_min:
        least = number_text(field.fen_min, 2)
        return [context.refuse(Code.RANGE, f"“{field.title_zh}”不能低于{least}元。")]
    if value.fen > field.fen_max:
        most = number_text(field.fen_max, 2)
        return [context.refuse(Code.LIMIT, f"“{field.title_zh}”不能超过{most}元。")]
    return []


def check_number(value: NumberValue, field: Field, context: Context) -> list[Refusal]:
    """A number within the form's bounds, both included. Code: `RANGE`."""
    if field.number_min <= value.number <= field.number_max:
        return []
    least = number_text(field.number_min, field.decimals)
    most = number_text(field.number_max, field.decimals)
    message = f"“{field.title_zh}”应在{least}至{most}{field.unit_zh}之间。"
    return [context.refuse(Code.RANGE, message)]


def number_text(number: int, decimals: int) -> str:
    """Units of 10^-decimals as people write them: `number_text(1250, 2)` is `12.50`."""
    sign = "-" if number < 0 else ""
    digits = str(abs(number)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


__all__ = ["DECIMALS_MAX", "check_amount", "check_number", "number_text"]
