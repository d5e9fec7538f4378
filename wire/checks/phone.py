"""V11: a mainland mobile number: 11 digits, the first a 1, the second from 3 to 9.

Where the form asks who holds it, the answer names the office's record of a code that was read
back. Whether there is such a record only the office can look up (`backoffice.cases.intake`).
"""

from __future__ import annotations

import re
from typing import Final

from wire.checks.limits import Context
from wire.form import Field
from wire.message import Code, Refusal
from wire.value import PhoneValue

_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")


def check_phone(value: PhoneValue, field: Field, context: Context) -> list[Refusal]:
    """V11 on one number. Codes: `FORMAT`, `EVIDENCE`."""
    if _MOBILE.fullmatch(value.phone.digits) is None:
        return [context.refuse(Code.FORMAT, "手机号码应为11位，以13至19开头。")]
    if len(value.proof) > context.limits.reference_chars_max:
        return [context.refuse(Code.FORMAT, "手机号码的验证记录无效，请重新验证。")]
    if field.proven and not value.proof and not field.proof_optional:
        return [context.refuse(Code.EVIDENCE, "请用短信验证码确认手机号码为客户本人使用。")]
    return []


__all__ = ["check_phone"]
