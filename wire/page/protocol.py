"""What a page and its program say to each other: JSON over one websocket.

    page → program   {"type": "hello", "token": "…"}                       first, and once
                     {"type": "command", "id": 7, "name": "submit", "args": {…}}
    program → page   {"type": "state", "state": {…}}                       the whole view model
                     {"type": "answer", "id": 7, "ok": true, "value": …}
                     {"type": "answer", "id": 7, "ok": false, "refusal": {…}}
                     {"type": "token", "token": "…"}                       for the next hello

JSON rather than the wire's msgpack because the peer is a browser on this same machine. A page never
says anything about keys or signatures: the program behind it holds them and signs.

Invariant: bytes that break these shapes become `BadFrame`, and arguments that break a command's own
shape become a refusal that names the field; neither ends as any other exception. No whole number
that a page says is larger than a browser counts, so none fails where it is stored.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from wire.errors import BadFrame
from wire.message import Code, Refusal

MESSAGE_BYTES_MAX = 64 * 1024
"""The largest message a page may send, in bytes."""
ID_MAX = 2**53 - 1
"""The largest integer that a browser counts exactly."""

_FIELD_IN_ERROR = re.compile(r"at `\$\.(\w+)|field `(\w+)`")


class PageHello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="hello"):
    """The page's first message: the token of its session."""

    token: str

    def __repr__(self) -> str:
        return "PageHello()"


class PageCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="command"):
    """Something a person wants done.

    Attributes:
        id: chosen by the page; its answer carries the same.
        name: which command, the tag of the program's Struct.
        args: the fields of that Struct.
    """

    id: int
    name: str
    args: dict[str, Any] = {}


class State(msgspec.Struct, frozen=True, tag="state"):
    """The whole view model; the page draws this and nothing else."""

    state: Any


class Answer(msgspec.Struct, frozen=True, tag="answer", omit_defaults=True):
    """How a command ended."""

    id: int
    ok: bool
    value: Any = None
    refusal: Refusal | None = None


class Token(msgspec.Struct, frozen=True, tag="token"):
    """What the page says hello with from now on; its former token is worth nothing."""

    token: str

    def __repr__(self) -> str:
        return "Token()"


_FROM_PAGE: msgspec.json.Decoder[PageHello | PageCommand] = msgspec.json.Decoder(
    PageHello | PageCommand
)


def decode_from_page(text: str) -> PageHello | PageCommand:
    """Read one message of a page.

    Raises:
        BadFrame: it is too large, no JSON, or none of the two messages.
    """
    if len(text) > MESSAGE_BYTES_MAX:
        raise BadFrame("message too large")
    try:
        message = _FROM_PAGE.decode(text)
    except (ValueError, RecursionError):
        raise BadFrame("no message of a page") from None
    if isinstance(message, PageCommand) and not 0 <= message.id <= ID_MAX:
        raise BadFrame("command id out of range")
    return message


def encode_to_page(message: State | Answer | Token) -> str:
    """Write one message to a page; `value` and `state` may hold Structs, enums and containers."""
    return msgspec.json.encode(message).decode()


class CommandSet:
    """The commands that one program understands: a union of tagged Structs."""

    def __init__(self, *commands: type[msgspec.Struct]) -> None:
        self._by_name = {str(command.__struct_config__.tag): command for command in commands}
        if len(self._by_name) != len(commands) or "None" in self._by_name:
            raise ValueError("each command needs a tag of its own")

    def read(self, command: PageCommand) -> msgspec.Struct | Refusal:
        """The program's Struct for what the page sent, or why it is none."""
        shape = self._by_name.get(command.name)
        if shape is None:
            return Refusal(code=Code.FORMAT, message="页面发来了未知的操作")
        tag_field = shape.__struct_config__.tag_field
        if tag_field is None or tag_field in command.args:
            return Refusal(code=Code.FORMAT, message="页面发来的内容有误")
        try:
            if _beyond(command.args):
                return Refusal(code=Code.FORMAT, message="填写的数字超出范围")
            return msgspec.convert(command.args | {tag_field: command.name}, type=shape)
        except (ValueError, RecursionError) as problem:
            named = _FIELD_IN_ERROR.search(str(problem))
            field = next((name for name in named.groups() if name), "") if named else ""
            return Refusal(code=Code.FORMAT, field=field, message="填写的内容格式不对")


def _beyond(value: object) -> bool:
    """Whether a whole number stands anywhere in it that a browser does not count exactly."""
    if isinstance(value, dict):
        return any(map(_beyond, value.values()))
    if isinstance(value, list):
        return any(map(_beyond, value))
    return isinstance(value, int) and abs(value) > ID_MAX


__all__ = [
    "ID_MAX",
    "MESSAGE_BYTES_MAX",
    "Answer",
    "CommandSet",
    "PageHello",
    "PageCommand",
    "State",
    "Token",
    "decode_from_page",
    "encode_to_page",
]
