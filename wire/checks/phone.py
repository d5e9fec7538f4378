"""V11: a mainland mobile number: 11 digits, the first a 1, the second from 3 to 9."""

from __future__ import annotations

import re
from typing import Final

from wire.checks.limits import Context
from wire.form import PhoneValue
from wire.message import Code, Refusal

_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")


def check_phone(value: PhoneValue, context: Context) -> list[Refusal]:
    """V11 on one number. Code: `FORMAT`."""
    if _MOBILE.fullmatch(value.phone.digits) is None:
        return [context.refuse(Code.FORMAT, "手机号码应为11位，以13至19开头。")]
    return []


__all__ = ["check_phone"]
