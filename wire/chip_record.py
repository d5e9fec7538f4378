"""The text record in the chip of a second-generation resident identity card, as bytes and back.

Why it exists: the card reader hands over 256 opaque bytes, the office receives the same 256 bytes
as evidence, and both must read the same person out of them.

Deliberately not here: whether the number's check digit is right, agrees with birth date and sex, or
is expired; those are rules of the bank, applied by whoever asks. Invariant: for every record that
can be built, `parse_chip_record(build_chip_record(r)) == r`; nothing but a `ChipRecordError` comes
out of parsing, and no error or repr carries what identifies the person.

Source: GA/T 490 layout, UTF-16LE, padded with spaces; the type letter at byte 248 tells the foreign
permanent resident's card (`I`) and the Hong Kong, Macao and Taiwan resident's card (`J`) apart.
"""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from typing import Any

import msgspec

from wire.errors import WireError
from wire.message import Code

CHIP_RECORD_BYTES = 256
CHIP_PHOTO_BYTES = 1024
"""The portrait beside the record, in the closed WLT format: opaque here."""

LONG_TERM = "长期"
"""What stands in place of the last day of a card that does not expire."""

_LAYOUT = {
    "name": (0, 30),
    "sex": (30, 2),
    "nation": (32, 4),
    "birth": (36, 16),
    "address": (52, 70),
    "number": (122, 36),
    "issuer": (158, 30),
    "valid_from": (188, 16),
    "valid_to": (204, 16),
    "reserved": (220, 36),
}
"""Field to (offset, length), both in bytes."""

_TYPE_OFFSET = 248
_RESIDENT_TYPES = (" ", "\0")
_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_CONTROL = re.compile(r"[\0-\x1f]")

_NATION_NAMES = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 "
    "高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 "
    "普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"
)

NATIONS = {f"{n:02}": name for n, name in enumerate(_NATION_NAMES.split(), start=1)} | {
    "97": "其他",
    "98": "外国血统中国籍人士",
}
"""Nationality code to name (GB/T 3304)."""


class Sex(StrEnum):
    """Sex as coded in the record (GB/T 2261.1)."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


class ChipRecordError(WireError):
    """Bytes that are no readable resident's record.

    Attributes:
        code: `UNSUPPORTED_DOC` for another kind of card, else `FORMAT`.
        field: the field that could not be read, empty for the whole.
    """

    def __init__(self, code: Code, field: str = "") -> None:
        super().__init__(f"{code}: {field or 'record'}")
        self.code = code
        self.field = field


class ChipRecord(msgspec.Struct, frozen=True):
    """What the chip says about its holder.

    Attributes:
        name: 1-15 UTF-16 units, exactly as stored; rare and private-use characters are kept.
        sex: see `Sex`.
        nation: two digits, a key of `NATIONS`.
        birth: day of birth.
        address: up to 35 UTF-16 units.
        number: 17 digits and a check character `0-9X`, shape checked only.
        issuer: the issuing police office.
        valid_from: first day of validity.
        valid_to: last day of validity, None for a card without one (长期).
    """

    name: str
    sex: Sex
    nation: str
    birth: dt.date
    address: str
    number: str
    issuer: str
    valid_from: dt.date
    valid_to: dt.date | None

    def __repr__(self) -> str:
        return f"ChipRecord(sex={self.sex.name}, nation={self.nation}, number=***)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("sex", self.sex.name), ("nation", self.nation), ("number", "***")]


def parse_chip_record(record: bytes) -> ChipRecord:
    """Read one record.

    Args:
        record: exactly `CHIP_RECORD_BYTES`.

    Raises:
        ChipRecordError: another kind of card, or bytes that are no record.
    """
    if len(record) != CHIP_RECORD_BYTES:
        raise ChipRecordError(Code.FORMAT)
    kind = record[_TYPE_OFFSET : _TYPE_OFFSET + 2].decode("utf-16-le", "replace")
    if kind not in _RESIDENT_TYPES:
        raise ChipRecordError(Code.UNSUPPORTED_DOC)
    text = {field: _text(record, field) for field in _LAYOUT if field != "reserved"}
    for field in ("name", "address", "issuer"):
        if not text[field]:
            raise ChipRecordError(Code.FORMAT, field)
    if text["nation"] not in NATIONS:
        raise ChipRecordError(Code.FORMAT, "nation")
    if _NUMBER.fullmatch(text["number"]) is None:
        raise ChipRecordError(Code.FORMAT, "number")
    try:
        sex = Sex(text["sex"])
    except ValueError:
        raise ChipRecordError(Code.FORMAT, "sex") from None
    valid_from = _day(text["valid_from"], "valid_from")
    valid_to = None if text["valid_to"] == LONG_TERM else _day(text["valid_to"], "valid_to")
    if valid_to is not None and valid_to < valid_from:
        raise ChipRecordError(Code.FORMAT, "valid_to")
    return ChipRecord(
        name=text["name"],
        sex=sex,
        nation=text["nation"],
        birth=_day(text["birth"], "birth"),
        address=text["address"],
        number=text["number"],
        issuer=text["issuer"],
        valid_from=valid_from,
        valid_to=valid_to,
    )


def build_chip_record(record: ChipRecord) -> bytes:
    """The bytes of a record, for virtual cards and tests.

    Raises:
        ChipRecordError: a field does not fit, or would be read back as something else.
    """
    fields = {
        "name": record.name,
        "sex": record.sex.value,
        "nation": record.nation,
        "birth": f"{record.birth:%Y%m%d}".zfill(8),
        "address": record.address,
        "number": record.number,
        "issuer": record.issuer,
        "valid_from": f"{record.valid_from:%Y%m%d}".zfill(8),
        "valid_to": (
            LONG_TERM if record.valid_to is None else f"{record.valid_to:%Y%m%d}".zfill(8)
        ),
        "reserved": "",
    }
    packed = b"".join(_padded(field, value) for field, value in fields.items())
    if parse_chip_record(packed) != record:
        raise ChipRecordError(Code.FORMAT)
    return packed


def _text(record: bytes, field: str) -> str:
    offset, length = _LAYOUT[field]
    try:
        text = record[offset : offset + length].decode("utf-16-le").rstrip(" ")
    except UnicodeDecodeError:
        raise ChipRecordError(Code.FORMAT, field) from None
    if _CONTROL.search(text) is not None:
        raise ChipRecordError(Code.FORMAT, field)
    return text


def _day(text: str, field: str) -> dt.date:
    if _DAY.fullmatch(text) is None:
        raise ChipRecordError(Code.FORMAT, field)
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ChipRecordError(Code.FORMAT, field) from None


def _padded(field: str, value: str) -> bytes:
    _, length = _LAYOUT[field]
    try:
        encoded = value.encode("utf-16-le")
    except UnicodeEncodeError:
        raise ChipRecordError(Code.FORMAT, field) from None
    if len(encoded) > length:
        raise ChipRecordError(Code.FORMAT, field)
    return encoded + " ".encode("utf-16-le") * ((length - len(encoded)) // 2)


__all__ = [
    "CHIP_PHOTO_BYTES",
    "CHIP_RECORD_BYTES",
    "LONG_TERM",
    "NATIONS",
    "ChipRecord",
    "ChipRecordError",
    "Sex",
    "build_chip_record",
    "parse_chip_record",
]
