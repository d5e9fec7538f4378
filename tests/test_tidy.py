"""The house rules that a machine can check (STYLE.md), each with file and line.

Every rule is a function from a source to complaints. A rule that has to be broken is broken with
its reason beside it, in the form that the rule names, or by a door listed here.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

from tests.kit.sources import ROOT, Source, all_files, sources, text_files

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
LONG_REASON = re.compile(r"^\s*(#|//|/\*) long: \S+")

Function = ast.FunctionDef | ast.AsyncFunctionDef

OUTSIDE_MODULES = {
    "time", "uuid", "secrets", "socket", "threading", "_thread", "multiprocessing",
    "concurrent.futures", "random",
}  # fmt: skip
OUTSIDE_CALLS = {
    "os.urandom", "os.getrandom", "datetime.now", "datetime.utcnow", "datetime.today",
    "date.today", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today",
    "trio.to_thread.run_sync", "trio.open_tcp_stream", "trio.open_tcp_listeners",
    "trio.serve_tcp", "trio.open_ssl_over_tcp_stream", "asyncio.to_thread",
    "asyncio.open_connection", "asyncio.start_server",
}  # fmt: skip
DOORS: dict[str, set[str]] = {
    "actors/outside.py": {"*"},
    "actors/asyncio_side/host.py": {"threading"},
    "wire/socket.py": {"trio.open_tcp_stream", "trio.open_tcp_listeners", "trio.serve_tcp"},
    "wire/tcp.py": {"socket"},
    "wire/page/server.py": {"trio.open_tcp_listeners"},
    "hw/virtual/stdio.py": {"trio.to_thread.run_sync"},
}
"""Which file may touch what of the outside world; "*" is everything."""

CATCH_ALL_PLACES = ("supervisors/", "actors/", "tests/simulation/")
CATCH_ALL_DOORS = {"wire/page/server.py", "wire/server.py"}
"""Where a broad `except` is somebody's job: the runtime, and the guard around each connection."""


def long_file(source: Source) -> Iterator[str]:
    """A file has one noun; past 500 lines look for the second, or say why not at its top."""
    if len(source.lines) > FILE_LINES_MAX and not _says_why_long(source.lines[:60]):
        yield f"{source.name}:1: {len(source.lines)} lines"


def long_function(source: Source) -> Iterator[str]:
    """A function is read in one look, its docstring apart, or says why not (`# long: reason`)."""
    for node in source.nodes:
        if isinstance(node, Function):
            body_from = _first_statement_line(node)
            length = (node.end_lineno or body_from) - body_from + 1
            head = source.lines[max(0, node.lineno - 2) : body_from]
            if length > FUNCTION_LINES_MAX and not _says_why_long(head):
                yield f"{source.name}:{node.lineno}: {node.name} has {length} lines"


def _says_why_long(lines: list[str]) -> bool:
    return any(LONG_REASON.match(line) for line in lines)


def _first_statement_line(node: Function) -> int:
    has_more = ast.get_docstring(node, clean=False) is not None and len(node.body) > 1
    return (node.body[1] if has_more else node.body[0]).lineno


def outside_touched(source: Source) -> Iterator[str]:
    """Time, chance, ids, sockets and threads come in through the ports, or a door of `DOORS`."""
    if not source.is_product:
        return
    allowed = DOORS.get(source.name, set())
    if "*" in allowed:
        return
    for node in source.nodes:
        for name in _outside_names(node):
            if name not in allowed:
                yield f"{source.name}:{getattr(node, 'lineno', 1)}: {name} is behind a port"


def _outside_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name in OUTSIDE_MODULES and alias.name != "random":
                yield alias.name
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if node.module in OUTSIDE_MODULES and whole != "random.Random":
                yield str(node.module)
            elif whole in OUTSIDE_CALLS:
                yield whole
    elif isinstance(node, ast.Attribute):
        dotted = _dotted(node)
        if dotted in OUTSIDE_CALLS or (
            dotted.startswith("random.") and dotted.count(".") == 1 and dotted != "random.Random"
        ):
            yield dotted


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return "?"


def sleeping_test(source: Source) -> Iterator[str]:
    """A test waits for something that happens, never for the clock on the wall."""
    if source.is_product or source.name == "tests/test_determinism.py":
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and _dotted(node.func) == "time.sleep":
            yield f"{source.name}:{node.lineno}: time.sleep"


def broad_except(source: Source) -> Iterator[str]:
    """Only supervision catches everything; elsewhere a handler names what it can deal with."""
    if source.name in CATCH_ALL_DOORS or source.name.startswith(CATCH_ALL_PLACES):
        return
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and not _passes_on(node):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            for one in caught:
                if one is None or _dotted(one) in {"Exception", "BaseException"}:
                    yield f"{source.name}:{node.lineno}: except {one and _dotted(one)}"


def _passes_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
OWNED = re.compile(r"\b(TODO|FIXME)\(#\d+, \w+\)")


def unowned_todo(source: Source) -> Iterator[str]:
    """What is left to do has an issue and an owner: `TODO(#12, name)`."""
    for line, comment in source.comments:
        if UNFINISHED.search(comment) and not OWNED.search(comment):
            yield f"{source.name}:{line}: {comment}"


CODE_LIKE = re.compile(
    r"(import \w|from [\w.]+ import |(async )?def \w+\(|class \w+.*:$|return( |$)|raise \w|await \w"
    r"|(if|for|while|with|elif|else|try|except)\b.*:$|[\w.\[\]]+ [-+*/|&]?= \S|@\w[\w.]*$"
    r"|assert \w|[\w.]+\(.*\)$|print\()"
)
MARKERS = re.compile(r"# ?(noqa|type:|fmt:|long:|ruff:|mypy:|!)")


def dead_code(source: Source) -> Iterator[str]:
    """Comments are sentences; what is not run is deleted, and version control remembers it."""
    for line, comment in source.comments:
        text = comment.lstrip("# ").rstrip()
        if not MARKERS.match(comment) and CODE_LIKE.match(text) and _parses(text):
            yield f"{source.name}:{line}: {comment}"


def _parses(text: str) -> bool:
    body = f"{text} pass" if text.endswith(":") else text
    try:
        ast.parse(f"async def around():\n {body}")
    except SyntaxError:
        return False
    return True


def silent_name(source: Source) -> Iterator[str]:
    """Every public name of what ships says what it is."""
    if not source.is_product:
        return
    if source.text.strip() and ast.get_docstring(source.tree) is None:
        yield f"{source.name}:1: module without a docstring"
    for node in source.tree.body:
        if _is_silent(node):
            yield f"{source.name}:{node.lineno}: {node.name} without a docstring"
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for member in node.body:
                if _is_silent(member):
                    where = f"{source.name}:{member.lineno}"
                    yield f"{where}: {node.name}.{member.name} without a docstring"


def _is_silent(node: ast.stmt) -> TypeGuard[Function | ast.ClassDef]:
    return (
        isinstance(node, Function | ast.ClassDef)
        and not node.name.startswith("_")
        and not any(
            _dotted(one).endswith(("overload", ".setter", "override"))
            for one in node.decorator_list
            if not isinstance(one, ast.Call)
        )
        and ast.get_docstring(node) is None
    )


EXCUSE = re.compile(r"#\s*(noqa|type:\s*ignore)")
NOQA_WITH_REASON = re.compile(r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* +(- |# ?)?\S+ \S")
IGNORE_WITH_REASON = re.compile(r"# type: ignore\[[\w-]+(, ?[\w-]+)*\] +(- |# ?)\S+ \S")


def excuse_without_reason(source: Source) -> Iterator[str]:
    """An exception to a checker's rule names the rule, and says why on the same line."""
    for line, comment in source.comments:
        if EXCUSE.match(comment) and not (
            NOQA_WITH_REASON.match(comment) or IGNORE_WITH_REASON.match(comment)
        ):
            yield f"{source.name}:{line}: {comment}"


SIGNED = ("Submission", "Decision", "Word")
"""What a peer signs as bytes; a slip's hash is taken of what was read."""


def signed_read_loosely(source: Source) -> Iterator[str]:
    """What somebody signed is read by `decode_signed`, which knows one spelling only."""
    for node in source.nodes:
        if source.is_product and isinstance(node, ast.Call) and _dotted(node.func) == "decode":
            kind = _dotted(node.args[0]) if node.args else ""
            if kind in SIGNED:
                yield f"{source.name}:{node.lineno}: {kind} is read by decode_signed"


RULES: tuple[Callable[[Source], Iterator[str]], ...] = (
    long_file,
    long_function,
    outside_touched,
    sleeping_test,
    broad_except,
    unowned_todo,
    dead_code,
    silent_name,
    excuse_without_reason,
    signed_read_loosely,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_source_keeps_the_rule(rule: Callable[[Source], Iterator[str]]) -> None:
    """Ten rules, every Python file; each complaint is one line to click on."""
    _no_complaints(complaint for source in sources() for complaint in rule(source))


def test_long_scripts_and_sheets() -> None:
    """The rule on file length holds for pages too, except for vendored files."""
    _no_complaints(
        f"{name}:1: {len(lines)} lines"
        for name, text in text_files()
        if name.endswith((".js", ".css", ".html")) and "/vendor/" not in name
        if len(lines := text.splitlines()) > FILE_LINES_MAX and not _says_why_long(lines[:60])
    )


# Written in halves, so that this file itself names none of them.
HOSTS = tuple(
    "".join(halves)
    for halves in (
        ("pypi", ".org"), ("pythonhosted", ".org"), ("npmjs", ".org"), ("npmjs", ".com"),
        ("crates", ".io"), ("golang", ".org/"), ("debian", ".org/"),
    )
)  # fmt: skip
WORKSHOP = re.compile("|".join(("/wo" + "rk/", "sha" + "red/(notes|prototypes|vectors|DESIGN)")))


def test_nothing_names_a_package_index_or_the_workshop() -> None:
    """Where packages come from is each machine's own configuration; so is where we work."""
    _no_complaints(
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in text_files()
        if "/vendor/" not in name
        for number, line in enumerate(text.splitlines(), start=1)
        if any(host in line for host in HOSTS) or WORKSHOP.search(line)
    )


VENDORED = [path for path in all_files() if path.name == "VENDORED.md"]
PACKAGE_ROW = re.compile(r"^\| `[^|]+\| (?P<package>[^|]+) \| (?P<version>\d[^|]*) \| \S[^|]* \|$")
DIGEST_ROW = re.compile(r"^(?P<digest>[0-9a-f]{64})  (?P<file>.+)$")


@pytest.mark.parametrize("listing", VENDORED, ids=lambda path: path.parent.name)
def test_vendored_files_are_what_they_were(listing: Path) -> None:
    """Each has a package, an exact version, a licence beside it, and the digest it came with."""
    folder = listing.parent
    lines = listing.read_text(encoding="utf-8").splitlines()
    listed = {match["file"]: match["digest"] for line in lines if (match := DIGEST_ROW.match(line))}
    present = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in all_files()
        if folder in path.parents and path != listing
    }

    assert listed == present
    assert [line for line in lines if PACKAGE_ROW.match(line)]
    for name in present:
        assert (folder / name).parent.joinpath("LICENSE").is_file(), name


def test_every_vendored_folder_is_listed() -> None:
    """A file that somebody else wrote never stands among ours unmarked."""
    outside = {path for path in all_files() if path.suffix in {".ttf", ".otf", ".woff2", ".mjs"}}
    listed = {listing.parent for listing in VENDORED}

    _no_complaints(
        f"{path.relative_to(ROOT)}:1: in no VENDORED.md"
        for path in sorted(outside)
        if not listed & set(path.parents)
    )


def _no_complaints(complaints: Iterator[str]) -> None:
    found = list(complaints)
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found)


BAD = '''"""Says what it is."""
import time
import random
import os
from uuid import uuid4
x = 1  # noqa: E501
# TODO: later
# x = compute(1)
# A sentence that ends in a call, as in run().
def silent():
    decode(Submission, b"")
    try:
        return random.random() + len(os.urandom(1))
    except Exception:
        return random.Random
'''


def test_the_rules_bite() -> None:
    """A rule that never complains protects nothing: one planted offence for each."""
    planted = Source(ROOT / "wire" / "planted.py", BAD)
    too_long = Source(ROOT / "wire" / "long.py", "def f():\n" + "    x = 1\n" * 501)
    napping = Source(ROOT / "tests" / "nap.py", "import time\ntime.sleep(1)\n")

    found = {
        rule.__name__: [line for bad in (planted, too_long, napping) for line in rule(bad)]
        for rule in RULES
    }

    assert {name: len(lines) for name, lines in found.items()} == {
        "long_file": 1,
        "long_function": 1,
        "outside_touched": 4,
        "sleeping_test": 1,
        "broad_except": 1,
        "unowned_todo": 1,
        "dead_code": 1,
        "silent_name": 3,
        "excuse_without_reason": 1,
        "signed_read_loosely": 1,
    }
