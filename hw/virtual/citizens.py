"""People who do not exist, with identity cards that could: for virtual kits, tests and load.

Names, addresses and numbers are drawn from a seed; the numbers have the right check character and
agree with birth date and sex, the terms of validity fit the holder's age. Minority names carry the
separator U+00B7. Deliberately not here: any real person; serial numbers are drawn, never looked up.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

import msgspec

from wire.checks import check_character
from wire.chip_record import CHIP_PHOTO_BYTES, ChipRecord, Sex, build_chip_record

_COUNTIES = (
    ("530111", "云南省昆明市官渡区", "昆明市公安局官渡分局"),
    ("530125", "云南省昆明市宜良县", "宜良县公安局"),
    ("530521", "云南省保山市施甸县", "施甸县公安局"),
    ("530721", "云南省丽江市玉龙纳西族自治县", "玉龙县公安局"),
    ("530828", "云南省普洱市澜沧拉祜族自治县", "澜沧县公安局"),
    ("532501", "云南省红河州个旧市", "个旧市公安局"),
    ("532801", "云南省西双版纳州景洪市", "景洪市公安局"),
    ("532901", "云南省大理州大理市", "大理市公安局"),
    ("533103", "云南省德宏州芒市", "芒市公安局"),
)
"""Region code, name and police office of counties in Yunnan."""

_VILLAGES = ("小河村", "大箐村", "石门村", "白沙村", "曼听村", "老寨村", "龙潭村", "新田村")
_FAMILY_NAMES = "李 王 张 杨 赵 段 和 木 刀 普 白 何 罗 陶 高 马"
_GIVEN_NAMES = "丽芬 建国 秀英 志强 桂兰 文斌 美仙 永昌 彩云 家福 春梅 正华 阿妹 玉香 卫东 学明"
_MINORITY_NAMES = (
    ("岩温·玉罕", "18"),
    ("阿依·古丽", "05"),
    ("扎西·卓玛", "04"),
    ("吉克·阿呷", "07"),
    ("娜仁·托娅", "02"),
)
_NATIONS = ("01", "01", "01", "07", "14", "16", "18", "27", "24", "06")

_TERMS = ((16, 5), (26, 10), (46, 20))
"""Below this age at issue the card is valid for so many years; above all, for ever."""


class IdCard(msgspec.Struct, frozen=True):
    """One virtual identity card.

    Attributes:
        holder: what its record says.
        record: the chip's 256 bytes.
        photo: the chip's 1,024 bytes of portrait.
    """

    holder: ChipRecord
    record: bytes
    photo: bytes

    def __repr__(self) -> str:
        return "IdCard(***)"


def citizen(dice: random.Random, today: dt.date) -> ChipRecord:
    """One adult with a valid card.

    Args:
        dice: seeded.
        today: the card is valid on this day.
    """
    sex = dice.choice((Sex.MALE, Sex.FEMALE))
    birth = today - dt.timedelta(days=dice.randint(18 * 366, 80 * 365))
    region, county, issuer = dice.choice(_COUNTIES)
    if dice.random() < 0.2:
        name, nation = dice.choice(_MINORITY_NAMES)
    else:
        name = dice.choice(_FAMILY_NAMES.split()) + dice.choice(_GIVEN_NAMES.split())
        nation = dice.choice(_NATIONS)
    serial = dice.randrange(0, 998, 2) + (1 if sex is Sex.MALE else 2)
    digits = f"{region}{birth:%Y%m%d}{serial:03d}"
    issued = max(today - dt.timedelta(days=dice.randint(30, 4 * 365)), _years(birth, 16))
    return ChipRecord(
        name=name,
        sex=sex,
        nation=nation,
        birth=birth,
        address=f"{county}{dice.choice(_VILLAGES)}{dice.randint(1, 120)}号",
        number=digits + check_character(digits),
        issuer=issuer,
        valid_from=issued,
        valid_to=_valid_to(birth, issued),
    )


def id_card(dice: random.Random, today: dt.date) -> IdCard:
    """A virtual card with a portrait that only looks like one: a header and noise."""
    holder = citizen(dice, today)
    photo = b"WLf" + dice.randbytes(CHIP_PHOTO_BYTES - 3)
    return IdCard(holder, build_chip_record(holder), photo)


def deck(dice: random.Random, today: dt.date) -> Iterator[IdCard]:
    """An endless deck of cards, no number twice."""
    dealt: set[str] = set()
    while True:
        card = id_card(dice, today)
        if card.holder.number not in dealt:
            dealt.add(card.holder.number)
            yield card


def _valid_to(birth: dt.date, issued: dt.date) -> dt.date | None:
    for below, years in _TERMS:
        if issued < _years(birth, below):
            return _years(issued, years)
    return None


def _years(day: dt.date, years: int) -> dt.date:
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year + years)


__all__ = ["IdCard", "citizen", "deck", "id_card"]
