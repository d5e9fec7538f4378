"""A configuration written out: as TOML that can be read in again, or as one tree for programs.

Every key stands there with its value in force and what it means, in the words of the Structs'
docstrings; a union shows only what it changes. Nothing is decided here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from backoffice.configuration.settings import UNION, Settings, UnionSettings
from backoffice.configuration.toml_lines import dotted
from wire.codec import encode_json

WIDTH: Final = 100
"""Longer arrays stand on several lines."""

_ATTRIBUTE: Final = re.compile(r"    (\w+): (.+)")


def as_tree(settings: Settings) -> dict[str, Any]:
    """Everything in force by section, and below `union` what unions change."""
    tree = {name: msgspec.to_builtins(one) for name, one in settings.base.sections.items()}
    unions = {
        code: {
            name: _plain(changed)
            for name, changed in _changes(settings.for_union(code), settings.base)
        }
        for code in settings.unions
    }
    return {**tree, UNION: unions}


def as_toml(settings: Settings) -> str:
    """The same as a file that gives the same settings."""
    parts = [
        block
        for name, section in settings.base.sections.items()
        for block in _section(tuple(name.split(".")), section, section.__struct_fields__)
    ]
    for code in settings.unions:
        resolved = settings.for_union(code)
        for name, changed in _changes(resolved, settings.base):
            path = (UNION, code, *name.split("."))
            parts += _section(path, resolved.sections[name], tuple(changed))
    return "\n".join(parts)


def descriptions(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What each key means: the `Attributes` of the docstring; inherited ones included."""
    found: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__):
        if issubclass(ancestor, msgspec.Struct):
            found |= _attributes(inspect.cleandoc(ancestor.__doc__ or ""))
    return {name: found[name] for name in kind.__struct_fields__ if name in found}


def summary(kind: type[msgspec.Struct]) -> str:
    """What a section is about: the first paragraph of the docstring."""
    """What a section is about: the first paragraph of the docstring."""
    return " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())


def written(value: object) -> str:
    """A value as TOML."""
    match msgspec.to_builtins(value):
        case bool(truth):
            return "true" if truth else "false"
        case int(number) | float(number):
            return repr(number)
        case str(text):
            return encode_json(text).decode()
        case list(elements) | tuple(elements):
            return _array([written(element) for element in elements])
        case dict(pairs):
            known = ((key, one) for key, one in pairs.items() if one is not None)
            inner = [f"{dotted((key,))} = {written(one)}" for key, one in known]
            return f"{{ {', '.join(inner)} }}" if pairs else "{}"
        case other:
            raise TypeError(f"{type(other).__name__} has no form in TOML")


def _array(elements: list[str]) -> str:
    line = f"[{', '.join(elements)}]"
    if len(line) <= WIDTH:
        return line
    return "\n".join(["[", *(f"    {element}," for element in elements), "]"])


def _section(
    path: tuple[str, ...], section: msgspec.Struct, keys: tuple[str, ...]
) -> Iterator[str]:
    """A section's block, then those of the Structs in it."""
    meanings = descriptions(type(section))
    values = {key: getattr(section, key) for key in keys}
    inner = {key: one for key, one in values.items() if isinstance(one, msgspec.Struct)}
    lines = [f"# {summary(type(section))}", f"[{dotted(path)}]"]
    for key, value in values.items():
        if key in inner:
            continue
        lines += [f"# {meanings[key]}"] if key in meanings else []
        lines.append(f"# {key} is not set" if value is None else f"{key} = {written(value)}")
    if len(inner) < len(values) or not values:
        yield "\n".join([*lines, ""])
    for key, one in inner.items():
        yield from _section((*path, key), one, one.__struct_fields__)


def _changes(changed: UnionSettings, base: UnionSettings) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a union changes: by section, the keys that differ."""
    for name, section in changed.sections.items():
        before = base.sections[name]
        keys = section.__struct_fields__
        values = {key: getattr(section, key) for key in keys}
        differing = {k: one for k, one in values.items() if one != getattr(before, k)}
        if differing:
            yield name, differing


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: msgspec.to_builtins(value) for key, value in values.items()}


def _attributes(doc: str) -> dict[str, str]:
    _, _, rest = doc.partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in rest.splitlines():
        if line and not line.startswith("    "):
            break
        match = _ATTRIBUTE.fullmatch(line)
        if match:
            name = match[1]
            found[name] = match[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found


__all__ = ["as_toml", "as_tree", "descriptions", "summary", "written"]
