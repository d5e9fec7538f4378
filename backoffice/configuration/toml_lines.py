"""On which line of a TOML text each key stands, so that a person finds what is wrong.

The standard library reads TOML and forgets where it read it. This walks a text that `tomllib` has
accepted, so it may lean on its being well-formed, and reads nothing but keys (TOML 1.0.0).
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from typing import Final

Path = tuple[str, ...]

_BLANKS: Final = " \t"
_SPACE: Final = " \t\r\n"
_VALUE_ENDS: Final = ",]}#\n"
_BARE_KEY: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def key_lines(text: str) -> dict[Path, int]:
    """The line, from 1, on which each table and key is first named; tables on the way included."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def dotted(path: Path) -> str:
    """A path as it can be written in a file: `union."530111".limits`."""
    return ".".join(part if _is_bare(part) else f'"{part}"' for part in path)


def _is_bare(part: str) -> bool:
    """Whether it is written without quotes; numbers could be, and are better read with them."""
    return bool(part) and _BARE_KEY.issuperset(part) and not part.isdigit()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [place for place, character in enumerate(text) if character == "\n"]
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        """Everything: tables and the pairs in them."""
        table: Path = ()
        while self._skip_space():
            if self._text[self._at] != "[":
                self._pair(table)
                continue
            line, brackets = self._line(), 2 if self._text.startswith("[[", self._at) else 1
            self._at += brackets
            table = self._key()
            self._at += brackets
            self._note(table, line)

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table + self._key()
        self._at += len("=")
        self._note(path, line)
        self._skip(_BLANKS)
        self._value(path)

    def _key(self) -> Path:
        """A dotted key, and the blanks around it."""
        parts: list[str] = []
        while True:
            self._skip(_BLANKS)
            start = self._at
            if self._text[start] in "\"'":
                self._string()
                parts.append(tomllib.loads(f"key = {self._text[start : self._at]}")["key"])
            else:
                while self._text[self._at] in _BARE_KEY:
                    self._at += 1
                parts.append(self._text[start : self._at])
            self._skip(_BLANKS)
            if self._text[self._at] != ".":
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> None:
        character = self._text[self._at]
        if character in "\"'":
            self._string()
        elif character in "[{":
            self._at += 1
            self._elements(path, "]" if character == "[" else "}")
        else:
            while self._at < len(self._text) and self._text[self._at] not in _VALUE_ENDS:
                self._at += 1

    def _elements(self, path: Path, closing: str) -> None:
        """What an array or inline table holds; elements of an array count as the array itself."""
        while self._skip_space():
            if self._text[self._at] == closing:
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
            elif closing == "}":
                self._pair(path)
            else:
                self._value(path)

    def _string(self) -> None:
        """Pass over any of the four kinds of string."""
        quote = self._text[self._at]
        long = self._text.startswith(quote * 3, self._at)
        delimiter = quote * 3 if long else quote
        self._at += len(delimiter)
        while not self._text.startswith(delimiter, self._at):
            self._at += 2 if quote == '"' and self._text[self._at] == "\\" else 1
        self._at += len(delimiter)
        # Up to two quotes more belong to a long string's end (TOML 1.0.0, multi-line strings).
        while long and self._text.startswith(quote, self._at):
            self._at += 1

    def _skip(self, characters: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1

    def _skip_space(self) -> bool:
        """Pass over space and comments; False at the end of the text."""
        self._skip(_SPACE)
        while self._at < len(self._text) and self._text[self._at] == "#":
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
            self._skip(_SPACE)
        return self._at < len(self._text)

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at - 1) + 1

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)


__all__ = ["dotted", "key_lines"]
