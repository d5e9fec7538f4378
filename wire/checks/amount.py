"""V6: an amount is a whole number of fen, above zero, within its field's limit; never a float."""

from __future__ import annotations

from wire.checks.limits import Context
from wire.form import AmountValue
from wire.message import Code, Refusal


def check_amount(value: AmountValue, fen_max: int, context: Context) -> list[Refusal]:
    """V6 against the form's limit in fen. Codes: `RANGE`, `LIMIT`."""
    if value.fen <= 0:
        return [context.refuse(Code.RANGE, "金额必须大于零。")]
    if value.fen > fen_max:
        return [context.refuse(Code.LIMIT, "金额超过本业务的限额。")]
    return []


__all__ = ["check_amount"]
