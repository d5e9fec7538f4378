"""V2 and V3: whether an ID card's chip record agrees with itself and is still valid.

The record is evidence: it is parsed again here from its 256 bytes, and what the tablet says about
it (number, name) must be what stands in it. Validity is the law's (居民身份证法, art. 5): a card of
a person under 16 runs 5 years, of 16–25 10, of 26–45 20, from 46 on it has no end.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from wire.checks.id_number import birth_date, check_id_number, is_male
from wire.checks.limits import Context, Limits, years_between
from wire.checks.name import check_name, normalise_name
from wire.chip_record import CHIP_PHOTO_BYTES, ChipRecord, ChipRecordError, Sex, parse_chip_record
from wire.message import Code, Refusal
from wire.value import IdCardValue

TERMS_BY_AGE: Final = ((16, 5), (26, 10), (46, 20))
"""(age at issue below, years of validity); from 46 on the card has no last day."""

FIRST_CARDS: Final = dt.date(1984, 4, 6)
"""No resident identity card is older (居民身份证试行条例)."""


def check_id_card(value: IdCardValue, context: Context) -> list[Refusal]:
    """V1–V4 on a card as it was read.

    Codes: `UNSUPPORTED_DOC`, `FORMAT`, `CHECKSUM`, `RANGE`, `ID_MISMATCH`, `ID_EXPIRED`.
    """
    try:
        record = parse_chip_record(value.record)
    except ChipRecordError as problem:
        message = (
            "暂不支持此类证件，请到柜面办理。"
            if problem.code is Code.UNSUPPORTED_DOC
            else "身份证芯片信息无法识别，请重新读卡。"
        )
        return [context.refuse(problem.code, message)]
    if len(value.portrait) != CHIP_PHOTO_BYTES:
        return [context.refuse(Code.EVIDENCE, "身份证芯片照片不完整，请重新读卡。")]
    name = normalise_name(record.name)
    if value.number.number != record.number or value.name != name:
        return [context.refuse(Code.ID_MISMATCH, "上报的姓名或号码与身份证芯片不一致。")]
    problems = check_id_number(record.number, context)
    if not problems:
        problems += check_agreement(record, context)
    return problems + check_name(name, context) + check_validity(record, context)


def check_agreement(record: ChipRecord, context: Context) -> list[Refusal]:
    """V2: birth date and sex on the chip are those in the number. Code: `ID_MISMATCH`."""
    problems = []
    if record.birth != birth_date(record.number):
        problems.append(context.refuse(Code.ID_MISMATCH, "芯片出生日期与身份证号码不一致。"))
    if record.sex is not (Sex.MALE if is_male(record.number) else Sex.FEMALE):
        problems.append(context.refuse(Code.ID_MISMATCH, "芯片性别与身份证号码不一致。"))
    return problems


def check_validity(record: ChipRecord, context: Context) -> list[Refusal]:
    """V3: in force today, and issued for the term that the holder's age allowed.

    A term that fits the holder's age some weeks earlier or later is let through; `is_borderline`
    tells. Codes: `ID_EXPIRED`, `RANGE`.
    """
    if record.valid_from > context.today:
        return [context.refuse(Code.RANGE, "身份证有效期尚未开始。")]
    if record.valid_to is not None and record.valid_to < context.today:
        return [context.refuse(Code.ID_EXPIRED, "身份证已过有效期。")]
    if record.valid_from < max(record.birth, FIRST_CARDS) or not (
        _term_fits(record, context.limits) or is_borderline(record, context.limits)
    ):
        return [context.refuse(Code.RANGE, "身份证有效期限与签发时年龄不符。")]
    return []


def is_borderline(record: ChipRecord, limits: Limits) -> bool:
    """Whether the term is not that of the holder's age on its first day, but of the age within
    `issue_days_max` of it: applied for at 25, issued at 26 (居民身份证法, art. 12).
    """
    return not _term_fits(record, limits) and any(
        _term_fits(record, limits, shift_days)
        for shift_days in (-limits.issue_days_max, limits.issue_days_max)
    )


def _term_fits(record: ChipRecord, limits: Limits, shift_days: int = 0) -> bool:
    """Whether the term is that of the holder's age so many days after its first day."""
    age = years_between(record.birth, record.valid_from + dt.timedelta(shift_days))
    years = next((term for below, term in TERMS_BY_AGE if age < below), None)
    if years is None or record.valid_to is None:
        return years is None and record.valid_to is None
    due = _years_later(record.valid_from, years)
    return abs((record.valid_to - due).days) <= limits.validity_slack_days


def _years_later(day: dt.date, years: int) -> dt.date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if leap_day else day.day)


__all__ = ["TERMS_BY_AGE", "check_agreement", "check_id_card", "check_validity", "is_borderline"]
