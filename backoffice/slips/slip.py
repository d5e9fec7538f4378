"""The unified confirmation slip (统一业务确认单): what the customer reads and signs.

Built purely from the case, so that the same case always gives the same slip; what is signed is its
hash. Every number on it is masked: it is shown on a tablet in a market square. Drawing it on paper
is `backoffice.slips.pdf`'s business.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Final

from backoffice.cases.events import Standing
from backoffice.cases.legs import NOT_DONE, LegRecord
from backoffice.cases.record import Case
from backoffice.partners.operations import Customer
from wire.checks import CHINA
from wire.codec import encode
from wire.masked import Phone
from wire.messages.case import SLIP_LINES_MAX, Slip, SlipLine

TITLE_ZH: Final = "统一业务确认单"
TITLE_EN: Final = "Confirmation slip"

PASSED_BY_RULES: Final = "系统自动通过"

ACCEPTED: Final = "业务已受理，客户签字后生效"
STORED: Final = "已登记"
ITEM_TAKEN: Final = "已受理"
ITEM_REFUSED: Final = "未受理"

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")

FEN_MAX: Final = 10**17
"""The largest amount that can be written in words, in fen (exclusive)."""


def build_slip(
    case: Case, facts: Mapping[str, str], made_ms: int, *, result: str = ACCEPTED
) -> Slip:
    """The slip of a case that the partners have prepared, or the receipt of pure information.

    Args:
        facts: what the partners said, all legs together; masked.
        made_ms: when it was made, the office's clock.
        result: what has become of it by now.
    """
    intake, undertaking = case.filed, case.filed.undertaking
    authorizers = "、".join(approval.authorizer.name for approval in case.approvals)
    lines = (
        SlipLine("业务编号", "Case", case.case_id),
        SlipLine("业务种类", "Service", undertaking.title_zh),
        *_customer(undertaking.customer),
        *undertaking.slip_lines(facts),
        *(_item(leg) for leg in case.legs if leg.asked.title_zh),
        SlipLine("办理终端", "Terminal", intake.device),
        SlipLine("办理机构", "Outlet", intake.operator.outlet),
        SlipLine("经办人", "Operator", _person(intake.operator.name, intake.operator.staff_id)),
        SlipLine("授权人", "Authorizer", authorizers or PASSED_BY_RULES),
        SlipLine("办理结果", "Result", result),
        SlipLine("打印时间", "Time", civil_time(made_ms)),
    )
    assert len(lines) <= SLIP_LINES_MAX
    return Slip(case.case_id, TITLE_ZH, TITLE_EN, lines, made_ms)


def _customer(customer: Customer | None) -> tuple[SlipLine, ...]:
    """Who it is for; nobody, where no ID card is asked for."""
    if customer is None:
        return ()
    return (
        SlipLine("客户姓名", "Customer", customer.name),
        SlipLine("证件号码", "ID number", customer.number.masked),
    )


def _item(leg: LegRecord) -> SlipLine:
    """One item of several, with what its partner has said by now."""
    taken = leg.standing is Standing.PREPARED
    refused = leg.refusal.message if leg.refusal else NOT_DONE
    value = ITEM_TAKEN if taken else f"{ITEM_REFUSED}：{refused}"
    return SlipLine(leg.asked.title_zh, leg.asked.title_en, value)


def slip_hash(slip: Slip) -> bytes:
    """What the customer signs: BLAKE2b-256 of the slip's canonical encoding."""
    return hashlib.blake2b(encode(slip), digest_size=32).digest()


def civil_time(at_ms: int) -> str:
    """Unix milliseconds as civil time in China, to the second."""
    return dt.datetime.fromtimestamp(at_ms / 1000, CHINA).strftime("%Y-%m-%d %H:%M:%S")


def amount_line(title_zh: str, title_en: str, fen: int) -> SlipLine:
    """An amount in figures and in words, as every Chinese voucher has it."""
    return SlipLine(title_zh, title_en, f"¥{fen // 100:,}.{fen % 100:02} {amount_in_words(fen)}")


def phone_line(phone: Phone, proven: bool) -> SlipLine:
    """The customer's number, and whether its holder proved it."""
    return SlipLine("手机号码", "Mobile number", phone.masked + ("" if proven else "（未验证）"))


def amount_in_words(fen: int) -> str:
    """An amount in financial numerals (支付结算办法, annex 1): `壹仟零伍元叁角整`.

    Args:
        fen: from 0 up to `FEN_MAX`.
    """
    assert 0 <= fen < FEN_MAX, "an amount has bounds"
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    words = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not rest:
        return f"{words or '零元'}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif yuan:
        words += "零"
    return words + (f"{_DIGITS[rest]}分" if rest else "整")


def _whole(number: int) -> str:
    """A positive whole number in financial numerals, groups of four digits."""
    groups = [number // 10_000**place % 10_000 for place in range(len(_GROUPS))]
    words, gap = "", False
    for place in reversed(range(len(groups))):
        group = groups[place]
        if group == 0:
            gap = gap or bool(words)
            continue
        if words and (gap or group < 1_000):
            words += "零"
        words += _four(group) + _GROUPS[place]
        gap = False
    return words


def _four(group: int) -> str:
    """One to four digits, inner zeros written once."""
    words, gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit == 0:
            gap = gap or bool(words)
            continue
        words += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return words


def _person(name: str, staff_id: str) -> str:
    return f"{name}（{staff_id}）"


__all__ = [
    "ACCEPTED",
    "ITEM_REFUSED",
    "ITEM_TAKEN",
    "PASSED_BY_RULES",
    "STORED",
    "TITLE_EN",
    "TITLE_ZH",
    "amount_in_words",
    "amount_line",
    "build_slip",
    "civil_time",
    "phone_line",
    "slip_hash",
]
