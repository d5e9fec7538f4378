"""The one shape of ids that are born on a tablet: UUIDv7 text (RFC 9562 §5.7), lower case."""

from __future__ import annotations

import re
from typing import Final

_UUID7: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
)


def is_case_id(text: str) -> bool:
    """Whether `text` is a UUIDv7 as every case id is; nothing else may name a case."""
    return _UUID7.fullmatch(text) is not None


__all__ = ["is_case_id"]
