"""What every message is, in a mailbox and on the wire alike.

A message is a frozen Struct named as a fact (`CaseSubmitted`) or a request (`Submit`). A request
carries the type of its reply, so that `await ref.ask(Submit(...), within=5)` is typed. A "no" is a
`Refusal`: complete, nothing half-applied, with a code from one closed list.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

ReplyT = TypeVar("ReplyT")


class Message(msgspec.Struct, frozen=True):
    """A fact told to somebody."""


class Request(msgspec.Struct, Generic[ReplyT], frozen=True):
    """A question; `ReplyT` is the type of the answer."""


class Code(StrEnum):
    """Why something was refused: the closed list shared by terminal, desk and office."""

    FORMAT = "E_FORMAT"
    CHECKSUM = "E_CHECKSUM"
    RANGE = "E_RANGE"
    ID_EXPIRED = "E_ID_EXPIRED"
    ID_MISMATCH = "E_ID_MISMATCH"
    EVIDENCE = "E_EVIDENCE"
    IMAGE_QUALITY = "E_IMAGE_QUALITY"
    LIMIT = "E_LIMIT"
    SUITABILITY = "E_SUITABILITY"
    POSTURE = "E_POSTURE"
    SELF_AUTH = "E_SELF_AUTH"
    STALE = "E_STALE"
    KEY_CONFLICT = "E_KEY_CONFLICT"
    STATE = "E_STATE"
    DUPLICATE = "E_DUPLICATE"
    PIN = "E_PIN"
    CORE_DECLINED = "E_CORE_DECLINED"
    CORE_UNKNOWN = "E_CORE_UNKNOWN"
    UNSUPPORTED_DOC = "E_UNSUPPORTED_DOC"
    FORBIDDEN = "E_FORBIDDEN"
    """The caller's role or identity does not allow this message."""
    BUSY = "E_BUSY"
    """A bounded queue is full; the same request may be sent again later."""
    NOT_FOUND = "E_NOT_FOUND"
    """No such case, image, device or person for this caller."""


class Refusal(msgspec.Struct, frozen=True):
    """A complete "no".

    Attributes:
        code: why, from the closed list.
        message: one sentence for a person, Simplified Chinese.
        field: the form field or evidence slot it concerns; empty when it concerns the whole.
        retryable: True when the same request, unchanged, may succeed later.
    """

    code: Code
    message: str
    field: str = ""
    retryable: bool = False


__all__ = ["Code", "Message", "Refusal", "ReplyT", "Request"]
