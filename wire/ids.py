"""The two grammars of ids, checked where an id enters: in a message, a file, a command line.

Devices, members of staff, county unions and outlets are named by people. Their names become parts
of paths, keys and streams, so each is one DNS label (RFC 1035 §2.3.1, digits first allowed as by
RFC 1123 §2.1), at most 32 characters, and unique without regard to case. Cases are named by
tablets: UUIDv7 text (RFC 9562 §5.7), lower case.

Whatever decodes a `Label` or a `CaseId` has checked it; a bare `str` of the same kind comes from
one that was.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

LABEL_CHARS_MAX: Final = 32
"""The longest name of a device, a member of staff, a union or an outlet, in characters."""

_LABEL: Final = r"^[0-9A-Za-z](?:[0-9A-Za-z-]{0,30}[0-9A-Za-z])?\Z"
_UUID7: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"

Label = Annotated[str, msgspec.Meta(pattern=_LABEL)]
"""The id of a device, a member of staff, a county union or an outlet."""

LabelOrNone = Annotated[str, msgspec.Meta(pattern=rf"^(?:{_LABEL[1:-2]})?\Z")]
"""The same, or empty for nobody and nowhere."""

CaseId = Annotated[str, msgspec.Meta(pattern=_UUID7)]
"""The id of a case."""

LABEL_RULE: Final = (
    "编号由1到32个字母、数字或连字符组成，首尾不能是连字符",
    "an id has 1 to 32 letters, digits or hyphens, with no hyphen at either end",
)
"""The grammar in words, Chinese and English."""

_label: Final = re.compile(_LABEL, re.ASCII)
_uuid7: Final = re.compile(_UUID7, re.ASCII)


def is_label(text: str) -> bool:
    """Whether `text` may name a device, a member of staff, a union or an outlet."""
    return _label.match(text) is not None


def is_case_id(text: str) -> bool:
    """Whether `text` is a UUIDv7 as every case id is; nothing else may name a case."""
    return _uuid7.match(text) is not None


def folded(label: str) -> str:
    """What two labels have in common that differ in case only: by this they are unique."""
    return label.lower()


__all__ = [
    "LABEL_CHARS_MAX",
    "LABEL_RULE",
    "CaseId",
    "Label",
    "LabelOrNone",
    "folded",
    "is_case_id",
    "is_label",
]
