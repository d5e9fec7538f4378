"""V7: which new PINs are too easy to guess.

For the one program that ever holds digits: the PIN pad. It hands them in, gets a code, and nothing
is kept, logged or carried in an exception here. What the pad knows about the customer (birth date,
phone, ID number, card number) comes along so that it can be excluded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from wire.message import Code

PIN_DIGITS: Final = 6

_SHAPE: Final = re.compile(r"[0-9]{6}")
_UP: Final = "01234567890"
_DOWN: Final = _UP[::-1]


def check_new_pin(digits: str, personal: Iterable[str] = ()) -> Code | None:
    """`FORMAT` for no six digits, `PIN` for a weak PIN, None for a good one.

    Weak: one digit repeated, a run up or down, a pair or triple repeated (`121212`, `123123`), or
    six digits that stand in anything personal.

    Args:
        digits: what was typed.
        personal: numbers a thief would try: birth date as `YYYYMMDD`, phone, ID and card number.
    """
    if _SHAPE.fullmatch(digits) is None:
        return Code.FORMAT
    repeated = any(digits == digits[:size] * (PIN_DIGITS // size) for size in (1, 2, 3))
    if repeated or digits in _UP or digits in _DOWN:
        return Code.PIN
    if any(digits in number for number in personal):
        return Code.PIN
    return None


def birth_pins(birth: str) -> tuple[str, ...]:
    """The ways people write a birth date `YYYYMMDD` in six digits."""
    year, month, day = birth[:4], birth[4:6], birth[6:8]
    return (
        year[2:] + month + day,
        year + month,
        day + month + year[2:],
        month + day + year[2:],
        year + month.lstrip("0") + day.lstrip("0"),
    )


__all__ = ["PIN_DIGITS", "birth_pins", "check_new_pin"]
