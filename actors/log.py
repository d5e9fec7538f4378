"""Where log lines go, and the net under the types that mask themselves.

A log line is an event with named facts, one JSON object on standard error. Card and identity
numbers have types that print masked; should a bare one slip in, every run of 15 to 19 digits in a
text value is masked here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import msgspec
import structlog

LONG_NUMBER: Final = re.compile(r"(?<![0-9])([0-9]{6})[0-9]{5,9}([0-9]{3}[0-9Xx])(?![0-9])")
"""What looks like a card or identity number: 15 to 19 digits."""

_encode = msgspec.json.Encoder(enc_hook=str).encode


def mask_numbers(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask long numbers in every text value of an event."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = LONG_NUMBER.sub(r"\1****\2", value)
    return event


def _as_text(event: object, **_: object) -> str:
    return _encode(event).decode()


def configure_log(level: int) -> None:
    """Send events of at least `level` (a `logging` level) to standard error, as JSON lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_numbers,
            structlog.processors.JSONRenderer(serializer=_as_text),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


__all__ = ["LONG_NUMBER", "configure_log", "mask_numbers"]
