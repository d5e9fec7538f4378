"""V1: the citizen identification number (GB 11643-1999, check character ISO 7064 MOD 11-2).

Eighteen characters: six of region, eight of birth date, three of order (odd for men), one check
character. The first-generation number with fifteen digits is refused. A number is judged by itself
only; whether it belongs to the card, and the card to the person, is `wire.checks.chip`'s concern.

The region is known to the level of the prefecture: counties come and go every year, and a code
abolished in 1985 still stands on a valid card.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from wire.checks.limits import Context, years_between
from wire.message import Code, Refusal

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS: Final = "10X98765432"

_SHAPE: Final = re.compile(r"[0-9]{17}[0-9X]")

_PREFECTURES: Final = {
    "11": "01-02",
    "12": "01-02",
    "13": "01-11 21-30 90",
    "14": "01-11 21-27 90",
    "15": "01-09 21-29",
    "21": "01-14 21-22 90",
    "22": "01-08 21-26 90",
    "23": "01-12 21-27 90",
    "31": "01-02",
    "32": "01-13 21-27 90",
    "33": "01-11 21-28 90",
    "34": "01-18 21-29 90",
    "35": "01-09 21-27 90",
    "36": "01-11 21-26 90",
    "37": "01-17 21-29 90",
    "41": "01-17 21-30 90",
    "42": "01-13 21-29 90",
    "43": "01-13 21-31 90",
    "44": "01-29 51-53 90",
    "45": "01-14 21-28",
    "46": "00-04 90",
    "50": "01-03",
    "51": "01-39 70 90",
    "52": "01-06 21-27",
    "53": "01-09 21-35",
    "54": "01-06 21-27",
    "61": "01-10 21-27 90",
    "62": "01-12 21-30",
    "63": "01-02 21-28",
    "64": "01-05 21-22",
    "65": "01-05 21-32 40-43 90",
    "71": "00",
    "81": "00",
    "82": "00",
    "83": "00",
}
"""Province to its prefecture-level codes, current and abolished.

Source: GB/T 2260 as revised by the Ministry of Civil Affairs' yearly tables of 1980 to 2019, joined
with the list of Wikipedia (zh), "中华人民共和国行政区划代码". From 1988 to 2002 the counties of
Hainan stood directly under the province (4600xx). 81, 82 and 83 are residents of Hong Kong, Macao
and Taiwan with a residence permit (港澳台居民居住证申领发放办法, art. 8): 810000, 820000, 830000.
"""


def _expanded() -> frozenset[str]:
    prefixes: set[str] = set()
    for province, ranges in _PREFECTURES.items():
        for part in ranges.split():
            first, _, last = part.partition("-")
            prefixes.update(f"{province}{n:02}" for n in range(int(first), int(last or first) + 1))
    return frozenset(prefixes)


REGION_PREFIXES: Final = _expanded()
"""Every known first four digits."""


def normalise_id_number(text: str) -> str:
    """The number as it is stored: no blanks around it, a capital X."""
    return text.strip().upper()


def check_character(first_17: str) -> str:
    """The eighteenth character that belongs to seventeen digits."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17, strict=True))
    return CHECK_CHARACTERS[total % 11]


def birth_date(number: str) -> dt.date | None:
    """The birth date in the number, or None where there is no such day."""
    try:
        return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def is_male(number: str) -> bool:
    """Whether the seventeenth digit is odd."""
    return int(number[16]) % 2 == 1


def check_id_number(number: str, context: Context) -> list[Refusal]:
    """V1: shape, check character, region, birth date; the first wrong one only.

    Codes: `FORMAT`, `CHECKSUM`, `RANGE`.
    """
    if _SHAPE.fullmatch(number) is None:
        return [context.refuse(Code.FORMAT, "身份证号码应为18位：17位数字加1位校验码。")]
    if check_character(number[:17]) != number[17]:
        return [context.refuse(Code.CHECKSUM, "身份证号码校验位不符，请核对号码。")]
    if number[:4] not in REGION_PREFIXES:
        return [context.refuse(Code.RANGE, "身份证号码的地区代码不存在。")]
    born = birth_date(number)
    if born is None:
        return [context.refuse(Code.RANGE, "身份证号码中的出生日期不存在。")]
    if born > context.today:
        return [context.refuse(Code.RANGE, "身份证号码中的出生日期晚于今天。")]
    if years_between(born, context.today) > context.limits.age_years_max:
        return [context.refuse(Code.RANGE, "按身份证号码计算的年龄超出合理范围。")]
    return []


__all__ = [
    "REGION_PREFIXES",
    "birth_date",
    "check_character",
    "check_id_number",
    "is_male",
    "normalise_id_number",
]
