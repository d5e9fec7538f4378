"""V5: a card number (GB/T 14694, ISO/IEC 7812): our prefix, length, Luhn check digit, expiry.

Whether the card is in this terminal's allotted stock and unused is a fact that only the office can
look up; it is refused where the fact is known (`backoffice.cases.intake`).
"""

from __future__ import annotations

import re
from typing import Final

from wire.checks.limits import Context
from wire.message import Code, Refusal
from wire.value import BankCardValue

_DIGITS: Final = re.compile(r"[0-9]+")
_EXPIRY: Final = re.compile(r"[0-9]{2}(0[1-9]|1[0-2])")


def luhn_digit(body: str) -> str:
    """The check digit that belongs behind `body` (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def check_bank_card(value: BankCardValue, context: Context) -> list[Refusal]:
    """V5 on what the card's chip said. Codes: `FORMAT`, `CHECKSUM`, `RANGE`."""
    digits, limits = value.pan.digits, context.limits
    if (
        _DIGITS.fullmatch(digits) is None
        or not limits.pan_digits_min <= len(digits) <= limits.pan_digits_max
        or not digits.startswith(limits.card_prefix)
    ):
        return [context.refuse(Code.FORMAT, "卡号格式不正确，请使用本行卡片。")]
    if luhn_digit(digits[:-1]) != digits[-1]:
        return [context.refuse(Code.CHECKSUM, "卡号校验位不符，请重新读卡。")]
    if _EXPIRY.fullmatch(value.expiry) is None:
        return [context.refuse(Code.FORMAT, "卡片有效期格式不正确。")]
    if value.expiry < f"{context.today:%y%m}":
        return [context.refuse(Code.RANGE, "卡片已过有效期。")]
    return []


__all__ = ["check_bank_card", "luhn_digit"]
