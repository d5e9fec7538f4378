"""Reading the configuration's file: TOML in, settings out, or every mistake that is in it.

A file that cannot be used stops the office before it starts, with the line, the dotted key, and
what it should be. What may stand in it is said by the Structs of `settings`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from backoffice.configuration.bounds import disorder, out_of_bounds
from backoffice.configuration.settings import OFFICE_WIDE, UNION, Offer, Settings, defaults
from backoffice.configuration.toml_lines import Path as KeyPath
from backoffice.configuration.toml_lines import dotted, key_lines
from backoffice.product import Product
from wire.ids import is_label

FILE_BYTES_MAX: Final = 1024 * 1024
"""The largest file that is read."""

PROBLEMS_SHOWN_MAX: Final = 20
"""How many mistakes are told at once."""


class Problem(msgspec.Struct, frozen=True):
    """One mistake in a file.

    Attributes:
        line: from 1; 0 where there is no line to name.
        key: dotted.
        zh: what is wrong.
        en: the same in English.
    """

    line: int
    key: str
    zh: str
    en: str

    def __str__(self) -> str:
        """One line for a person."""
        place = f"第 {self.line} 行 " if self.line else ""
        where = f"line {self.line}: " if self.line else ""
        return f"{place}{self.key}：{self.zh} · {where}{self.en}"


class BadConfiguration(Exception):
    """A file cannot be used; the message is one line for each mistake."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        shown = [str(problem) for problem in problems[:PROBLEMS_SHOWN_MAX]]
        hidden = len(problems) - len(shown)
        more = [f"另有 {hidden} 处错误 · {hidden} more"] if hidden else []
        super().__init__("\n".join([*shown, *more]))


def read_settings(path: Path, products: Mapping[str, Product]) -> Settings:
    """The settings in a file.

    Raises:
        BadConfiguration: with everything that is wrong.
        OSError: the file cannot be read.
    """
    body = path.read_bytes()
    try:
        if len(body) <= FILE_BYTES_MAX:
            return parse_settings(body.decode(), products)
    except UnicodeDecodeError:
        pass
    zh, en = "不是 UTF-8 文本，或超过 1 MB", "no UTF-8 text, or larger than 1 MB"
    raise BadConfiguration(Problem(0, str(path), zh, en))


def parse_settings(text: str, products: Mapping[str, Product]) -> Settings:
    """The settings in a TOML text.

    Raises:
        BadConfiguration: with everything that is wrong.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise BadConfiguration(
            Problem(line, "TOML", "语法错误", f"not valid TOML: {error}")
        ) from None
    reading = _Reading(key_lines(text), products)
    overrides = document.pop(UNION, {})
    base = reading.sections(document, defaults(products), ())
    unions = reading.unions(overrides, base)
    if reading.problems:
        raise BadConfiguration(*sorted(reading.problems, key=lambda problem: problem.line))
    return Settings(products, base, unions)


class _Reading:
    """One pass over a document; mistakes are gathered, not raised."""

    def __init__(self, lines: Mapping[KeyPath, int], products: Mapping[str, Product]) -> None:
        self._lines = lines
        self._products = products
        self.problems: list[Problem] = []

    def unions(
        self, tables: object, base: dict[str, msgspec.Struct]
    ) -> dict[str, dict[str, msgspec.Struct]]:
        """What the tables below `union` change in what holds for all."""
        if not isinstance(tables, dict):
            self._note((UNION,), "应为表", "should be a table")
            return {}
        found = {}
        for code, table in tables.items():
            if not is_label(code) or not isinstance(table, dict):
                self._note((UNION, code), "应为联社编号及其设置", "should be a union's table")
                continue
            for name in OFFICE_WIDE & table.keys():
                zh, en = "全行统一，不能按联社设置", "is the same in all unions"
                self._note((UNION, code, name), zh, en)
            found[code] = self.sections(table, base, (UNION, code))
        return found

    def sections(
        self, table: Mapping[str, Any], base: Mapping[str, msgspec.Struct], at: KeyPath
    ) -> dict[str, msgspec.Struct]:
        """`base` with what a table changes in it."""
        names = [tuple(name.split(".")) for name in base]
        for key, value in table.items():
            if key not in {name[0] for name in names}:
                self._note((*at, key), "没有这一节", "no such section")
            elif key not in base and isinstance(value, dict):
                for inner in value:
                    if (key, inner) not in names:
                        self._note((*at, key, inner), "没有这一节", "no such section")
        changed = {}
        for path in names:
            inner = {
                name[len(path)]
                for name in names
                if len(name) > len(path) and name[: len(path)] == path
            }
            found = self._table(table, path, at)
            own = {key: value for key, value in found.items() if key not in inner}
            name = ".".join(path)
            changed[name] = self._merged(base[name], own, (*at, *path)) if own else base[name]
        return changed

    def _table(self, table: Mapping[str, Any], path: KeyPath, at: KeyPath) -> Mapping[str, Any]:
        """The table below others at a path; empty where there is none."""
        for depth, key in enumerate(path, start=1):
            inner = table.get(key, {})
            if not isinstance(inner, dict):
                self._note((*at, *path[:depth]), "应为表", "should be a table")
                return {}
            table = inner
        return table

    def _merged(
        self, base: msgspec.Struct, table: Mapping[str, Any], at: KeyPath
    ) -> msgspec.Struct:
        """A section with what its table changes."""
        known = {one.name: one for one in msgspec.structs.fields(base)}
        changes: dict[str, Any] = {}
        for key, value in table.items():
            path = (*at, key)
            if key not in known:
                self._note(path, "没有这一项", "no such key")
                continue
            before = getattr(base, key)
            if isinstance(before, msgspec.Struct) and isinstance(value, dict):
                changes[key] = self._merged(before, value, path)
            elif self._fits(known[key].type, value, path):
                wrong = out_of_bounds(type(base), key, value)
                if wrong is None:
                    changes[key] = msgspec.convert(value, known[key].type)
                else:
                    self._note(path, *wrong)
        after = msgspec.structs.replace(base, **changes)
        if len(changes) == len(table):
            for low, high in disorder(after):
                at_fault = high if high in changes else low
                zh, en = f"{low} 不应大于 {high}", f"{low} should not exceed {high}"
                self._note((*at, at_fault), zh, en)
        if isinstance(after, Offer) and changes:
            self._check_codes(after, at)
        return after

    def _fits(self, kind: Any, value: object, path: KeyPath) -> bool:
        unknown = next(_unknown_keys(kind, value), None)
        if unknown is not None:
            self._note(path, f"没有 {unknown} 这一项", f"no such key: {unknown}")
            return False
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self._note(path, *_told(str(error)))
            return False
        return True

    def _check_codes(self, offer: Offer, at: KeyPath) -> None:
        for code in offer.disabled:
            if code not in self._products:
                self._note((*at, "disabled"), f"没有业务 {code}", f"no product {code}")

    def _note(self, path: KeyPath, zh: str, en: str) -> None:
        """Note a mistake at its key, or at the table around it."""
        known = (path[:length] for length in range(len(path), 0, -1))
        line = next((self._lines[one] for one in known if one in self._lines), 0)
        problem = Problem(line, dotted(path), zh, en)
        if problem not in self.problems:
            self.problems.append(problem)


def _unknown_keys(kind: Any, value: object) -> Iterator[str]:
    """Keys within a value that the Structs in its type do not know."""
    arguments = [one for one in get_args(kind) if one is not Ellipsis]
    if get_origin(kind) is Annotated:
        yield from _unknown_keys(arguments[0], value)
    elif isinstance(value, list):
        for element in value:
            for argument in arguments:
                yield from _unknown_keys(argument, element)
    elif isinstance(value, dict) and get_origin(kind) is dict:
        for element in value.values():
            yield from _unknown_keys(arguments[1], element)
    elif isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        known = {one.name: one.type for one in msgspec.structs.fields(kind)}
        for key, element in value.items():
            if key in known:
                yield from _unknown_keys(known[key], element)
            else:
                yield key


_KINDS: Final = {
    "int": "整数",
    "float": "数",
    "str": "字符串",
    "bool": "true 或 false",
    "array": "数组",
    "object": "表",
}
_WRONG_KIND: Final = re.compile(r"Expected `(.+?)`, got `(.+?)`")
_WRONG_SIZE: Final = re.compile(r"Expected `.+?`(?: of length)? (>=|<=|>|<) (\S+)")
_SIZES: Final = {">=": "不小于", "<=": "不大于", ">": "大于", "<": "小于"}


def _told(error: str) -> tuple[str, str]:
    """What the decoder says, in both languages."""
    kinds, size = _WRONG_KIND.match(error), _WRONG_SIZE.match(error)
    if kinds:
        wanted, got = (_KINDS.get(word, word) for word in kinds.groups())
        return f"应为{wanted}，写的是{got}", error
    if size:
        return f"应{_SIZES[size[1]]} {size[2]}", error
    return "取值无效", error


__all__ = [
    "FILE_BYTES_MAX",
    "PROBLEMS_SHOWN_MAX",
    "BadConfiguration",
    "Problem",
    "parse_settings",
    "read_settings",
]
