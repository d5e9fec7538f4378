"""Writes `docs/messages.md`: every message that crosses the wire, field by field, from the code.

`python -m tests.kit.message_page --write`; a test holds the page against the code.
"""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from wire import form, ink, masked, value
from wire.codec import reply_type
from wire.message import Refusal, Request
from wire.messages import (
    case,
    desk,
    identity,
    images,
    lookups,
    policy,
    rejections,
    session,
    settlement,
)

PAGE = Path(__file__).parent.parent.parent / "docs" / "messages.md"
CONVERSATIONS: tuple[ModuleType, ...] = (
    session,
    identity,
    lookups,
    images,
    case,
    desk,
    rejections,
    settlement,
    policy,
)
MATERIALS: tuple[ModuleType, ...] = (form, value, ink, masked)

HEAD = """# The messages

Made by `python -m tests.kit.message_page --write` from the Structs; read [wire.md](wire.md) first.

A request or fact is a msgpack **map** of its fields by name, and `type` with its name. A reply is
the map of its fields without `type`: the request says what it is. A struct marked *array* is a
msgpack array of its fields in order. `bytes` are msgpack binary, numbers integers, `*_ms` Unix
milliseconds, a list or tuple an array. A field with a default may be left out. A field that is one
of several kinds of value carries `type` with the kind's word. Unknown fields are ignored.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for module in CONVERSATIONS:
        title = (module.__doc__ or "").splitlines()[0]
        parts.append(f"## `{module.__name__.rpartition('.')[2]}`\n\n{title}\n")
        parts += [_section(struct) for struct in _structs(module)]
    parts.append("## What they are made of\n")
    parts += [_section(struct) for module in MATERIALS for struct in _structs(module)]
    parts.append(_section(Refusal))
    parts.append("## Words\n")
    modules = (*CONVERSATIONS, form)
    parts += [_words(kind) for module in modules for kind in _own(module) if issubclass(kind, Enum)]
    return "\n".join(parts).rstrip() + "\n"


def _own(module: ModuleType) -> list[type]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type)]
    return [kind for kind in kinds if kind.__module__ == module.__name__]


def _structs(module: ModuleType) -> list[type[msgspec.Struct]]:
    return [kind for kind in _own(module) if issubclass(kind, msgspec.Struct)]


def _section(struct: type[msgspec.Struct]) -> str:
    hints = get_type_hints(struct)
    tag = struct.__struct_config__.tag
    head = f"### {struct.__name__}"
    if issubclass(struct, Request):
        head += f" → {_name(reply_type(struct))}"
    notes = [f"`type`: `{tag}`"] if tag else []
    notes += ["*array*"] if struct.__struct_config__.array_like else []
    rows = []
    for field in msgspec.structs.fields(struct):
        optional = " (may be left out)" if not field.required else ""
        rows.append(f"* `{field.encode_name}`: {_name(hints[field.name])}{optional}")
    doc = (struct.__doc__ or "").strip().splitlines()[0]
    lines = [head, "", doc, "", *([", ".join(notes), ""] if notes else []), *rows]
    return "\n".join(lines) + ("\n" if rows else "")


def _words(kind: type[Enum]) -> str:
    return f"* {kind.__name__}: {', '.join(f'`{member.value}`' for member in kind)}"


def _name(hint: Any) -> str:
    if hint is type(None):
        return "nil"
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(map(_name, args))
    if origin is tuple:
        return f"list of {_name(args[0])}"
    if origin is dict:
        return f"map of {_name(args[0])} to {_name(args[1])}"
    return str(getattr(hint, "__name__", hint))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(page())
