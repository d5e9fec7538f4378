"""The project's own files, read and parsed once, for the tests that look at the source."""

from __future__ import annotations

import ast
import functools
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT_PACKAGES = ("wire", "actors", "supervisors", "hw", "terminal", "backoffice")
PRODUCT_MODULES = ("backpack.py",)
_SKIPPED_FOLDERS = {
    ".venv", "__pycache__", "node_modules", "build", "dist", "demo-data",
    ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache",
}  # fmt: skip
_TEXT_SUFFIXES = {
    "", ".py", ".md", ".toml", ".lock", ".js", ".css", ".html", ".svg", ".json", ".txt", ".sh",
    ".yml", ".yaml", ".ini", ".cfg", ".typed", ".sql",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Its path from the root, as reports show it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def is_product(self) -> bool:
        """Whether it is part of what ships, rather than a test."""
        return not self.name.startswith("tests/")

    @functools.cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @functools.cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @functools.cached_property
    def comments(self) -> list[tuple[int, str]]:
        """(line, text from the `#` on) of every comment."""
        if "#" not in self.text:
            return []
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [
            (token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT
        ]


def walk(folder: Path = ROOT) -> Iterator[Path]:
    """Every file below `folder` that is the project's own, in a stable order."""
    for path in sorted(folder.iterdir()):
        # In a second working tree `.git` is a file, git's pointer to the first one, and not ours.
        if path.name == ".git":
            continue
        if path.is_dir():
            if path.name not in _SKIPPED_FOLDERS and not path.name.endswith(".egg-info"):
                yield from walk(path)
        else:
            yield path


@functools.cache
def all_files() -> tuple[Path, ...]:
    """Every file of the project."""
    return tuple(walk())


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    return tuple(
        Source(path, path.read_text(encoding="utf-8"))
        for path in all_files()
        if path.suffix == ".py"
    )


def product_sources() -> list[Source]:
    """The Python files that ship."""
    return [source for source in sources() if source.is_product]


@functools.cache
def text_files() -> tuple[tuple[str, str], ...]:
    """(path from the root, text) of every file that people read or edit."""
    return tuple(
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in all_files()
        if path.suffix in _TEXT_SUFFIXES
    )
