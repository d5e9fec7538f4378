"""The books convince a program that knows nothing of the office, and no altered row escapes it."""

from __future__ import annotations

import ast
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.store import Append, Batch, Claim, Document, Event, KeyRow, PendingEffect
from actors.store.daily import daily_root
from actors.store.entry import entry_of
from actors.store.merkle import NODE_BYTES, leaf_hash
from actors.store.sqlite.file import SqliteFile
from actors.store.sqlite.schema import prepare_writer
from tests.kit import plain_verifier
from tests.kit.plain_verifier import TABLES, named, verify

EAST, WEST = "union/530102", "union/530103"

Row = dict[str, Any]


def happened(stream: str, after: int, shard: str, *bodies: bytes, **more: Any) -> Batch:
    events = tuple(Event("happened", body) for body in bodies)
    return Batch("mei", 1_000 + after, (Append(stream, after, events),), shard=shard, **more)


def effect(number: int, due_ms: int = 0) -> PendingEffect:
    return PendingEffect(f"case/a#{number}.0", "case/a", "core", "post", b"%d" % number, due_ms)


BATCHES = [
    happened("case/a", 0, EAST, b"1", b"2", effects=(effect(1), effect(2, 9_000))),
    happened("case/b", 0, WEST, b"3", keys=(KeyRow("case/b", b"wrapped"),)),
    happened("case/a", 2, EAST, b"4", effects_done=("case/a#1.0", "never there")),
    happened("case/c", 0, EAST, b"5", keys=(KeyRow("case/c", b"one"), KeyRow("case/a", b"two"))),
    Batch("lin", 5_000, claims=(Claim("card", "6217", "case/a"),), shard=EAST),
    Batch(
        "lin",
        5_001,
        releases=(Claim("card", "6217", "case/a"), Claim("card", "6218", "case/z")),
        claims=(Claim("card", "6217", "case/c"), Claim("card", "6219", "case/c")),
        shard=EAST,
    ),
    Batch("lin", 5_002, documents=(Document("set", "x", b"x"), Document("~seen", "x", b"y"))),
    Batch("lin", 5_003, documents=(Document("set", "x", None), Document("set", "y", b"z"))),
    Batch("lin", 5_004, keys=(KeyRow("case/c", None),), shard=EAST),
    happened("case/b", 1, WEST, b"6", b"", claims=(Claim("id", "1", "case/b"),)),
    Batch("lin", 5_005, documents=(Document("~seen", "z", b"only a hint"),), shard=WEST),
    *(happened("case/c", after, EAST, b"more") for after in range(1, 6)),
]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an office with a row of every kind, as it was closed."""
    path = tmp_path_factory.mktemp("office") / "office.db"
    with written(path) as connection:
        file = SqliteFile(connection)
        for batch in BATCHES:
            (outcome,) = file.commit_group([batch])
            assert not isinstance(outcome, Exception), outcome
    return path


@contextmanager
def written(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare_writer(connection)
        yield connection


class Insider:
    """Somebody with a copy of the office's file in hand, and a verifier of it."""

    def __init__(self, office: Path, folder: Path) -> None:
        self.path = folder / "copy.db"
        self._original = office.read_bytes()

    def tampers(self, *statement: Any) -> set[str]:
        """Do one thing to a fresh copy; what the verifier then names."""
        self.path.write_bytes(self._original)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            assert connection.execute(*statement).rowcount == 1, statement
        report = verify(self.path)
        assert report["ok"] == (not report["problems"])
        return {problem["where"] for problem in report["problems"]}


@pytest.fixture
def insider(office: Path, tmp_path: Path) -> Insider:
    return Insider(office, tmp_path)


def rows(office: Path, table: str) -> list[Row]:
    with closing(sqlite3.connect(office)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608 - constant


def other(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case str():
            return value + "0"
        case int():
            return value + 1_000
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1]) if value else b"\0"
    raise TypeError(value)


def matching(row: Row) -> tuple[str, list[Any]]:
    return " AND ".join(f"{column} IS ?" for column in row), list(row.values())


def where(table: str, row: Row) -> str:
    if table == "log":
        return f"log/{row['shard']}#{row['seq']}"
    return named(table, tuple(row[column] for column in TABLES[table][0]))


def is_told(table: str, row: Row) -> bool:
    return not (table == "documents" and row["collection"].startswith("~"))


def test_it_shares_no_code_with_the_office() -> None:
    """It imports the standard library and a decoder of msgpack, nothing else."""
    tree = ast.parse(Path(plain_verifier.__file__).read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    allowed = {"__future__", "hashlib", "json", "msgspec", "pathlib", "sqlite3", "sys", "typing"}
    assert imported <= allowed


def test_it_comes_to_the_same_heads(office: Path) -> None:
    """As the office's own code, for every shard, and to the same root of the day."""
    with written(office) as connection:
        heads = SqliteFile(connection).heads()

    report = verify(office)

    assert ([], True) == (report["problems"], report["ok"])
    assert report["heads"] == {h.shard: {"size": h.size, "root": h.root.hex()} for h in heads}
    assert report["root"] == daily_root({h.shard: (h.size, h.root) for h in heads}).hex()
    assert {EAST: 11, WEST: 2, "main": 2} == {head.shard: head.size for head in heads}
    assert all(rows(office, table) for table in (*TABLES, "log"))


@pytest.mark.parametrize("table", TABLES)
def test_every_altered_value_is_named(table: str, office: Path, insider: Insider) -> None:
    """Each column of each row; a row that moved is missing at one place and added at another."""
    for row in rows(office, table):
        condition, values = matching(row)
        for column, value in row.items():
            changed = row | {column: other(value)}
            statement = f"UPDATE {table} SET {column} = ? WHERE {condition}"  # noqa: S608 - constants
            found = insider.tampers(statement, [changed[column], *values])

            expected = {where(table, one) for one in (row, changed) if is_told(table, one)}
            assert expected == found, (row, column)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_deleted_or_added_is_named(table: str, office: Path, insider: Insider) -> None:
    """And nothing else is."""
    for row in rows(office, table):
        condition, values = matching(row)
        gone = insider.tampers(f"DELETE FROM {table} WHERE {condition}", values)  # noqa: S608 - constants
        assert gone == ({where(table, row)} if is_told(table, row) else set())

        new = row | {column: other(row[column]) for column in TABLES[table][0]}
        places = ", ".join("?" * len(new))
        come = insider.tampers(f"INSERT INTO {table} VALUES ({places})", list(new.values()))  # noqa: S608 - constants
        assert come == ({where(table, new)} if is_told(table, new) else set())


def test_every_row_of_a_log_is_held_to_its_hashes(office: Path, insider: Insider) -> None:
    """An altered entry or node: the row is named, and no other row of any log."""
    update = "UPDATE log SET {} = ? WHERE shard = ? AND seq = ?"
    for row in rows(office, "log"):
        place, nodes = [row["shard"], row["seq"]], row["nodes"]
        for at in range(row["seq"] % 8, len(row["entry"]), 8):
            entry = row["entry"][:at] + other(row["entry"][at : at + 1]) + row["entry"][at + 1 :]
            found = insider.tampers(update.format("entry"), [entry, *place])
            logs = {problem for problem in found if problem.startswith("log/")}
            assert {where("log", row)} == logs, at
        for at in range(0, len(nodes), NODE_BYTES):
            bad = nodes[:at] + other(nodes[at : at + 1]) + nodes[at + 1 :]
            assert {where("log", row)} == insider.tampers(update.format("nodes"), [bad, *place])
        for bad in (b"", nodes[:-NODE_BYTES], nodes[:-1], nodes + bytes(NODE_BYTES)):
            assert {where("log", row)} == insider.tampers(update.format("nodes"), [bad, *place])


def test_every_row_of_a_log_that_is_gone_or_moved_is_named(office: Path, insider: Insider) -> None:
    """Unless it was the last: then the rows that it told of are; and a gap has no root."""
    for row in rows(office, "log"):
        place = [row["shard"], row["seq"]]
        last = row["seq"] == verify(office)["heads"][row["shard"]]["size"]
        found = insider.tampers("DELETE FROM log WHERE shard = ? AND seq = ?", place)
        assert found if last else where("log", row) in found
        if not last:
            report = verify(insider.path)
            assert (None, None) == (report["heads"][row["shard"]]["root"], report["root"])

        move = "UPDATE log SET {} = ? WHERE shard = ? AND seq = ?"
        for column, value in (("shard", "union/9"), ("seq", 99), ("seq", 2**62), ("seq", 0)):
            moved = row | {column: value}
            found = insider.tampers(move.format(column), [value, *place])
            assert where("log", moved) in found, moved
        copied = row | {"seq": 99}
        found = insider.tampers("INSERT INTO log VALUES (?, ?, ?, ?)", list(copied.values()))
        assert where("log", copied) in found


@pytest.mark.parametrize("first", [EAST, WEST])
def test_a_stream_in_the_logs_of_two_shards_is_named(first: str, tmp_path: Path) -> None:
    """Whichever came first: only one shard's log has an order that its versions can follow. No
    store takes such a batch; an insider writes it down with all its hashes.
    """
    path = tmp_path / "office.db"
    second = WEST if first == EAST else EAST
    entry = entry_of(happened("case/a", 1, second, b"2"), 1)
    with written(path) as connection:
        for batch in (happened("case/a", 0, first, b"1"), happened("case/b", 0, second, b"2")):
            SqliteFile(connection).commit_group([batch])
        row = (entry, leaf_hash(entry), second)
        connection.execute("UPDATE log SET entry = ?, nodes = ? WHERE shard = ?", row)
        connection.execute(
            "UPDATE events SET stream = 'case/a', version = 2 WHERE shard = ?", row[2:]
        )

    assert "does not continue case/a" in {problem["what"] for problem in verify(path)["problems"]}


@pytest.mark.parametrize("former", [EAST, WEST])
def test_what_one_shard_lets_go_of_another_may_have(former: str, tmp_path: Path) -> None:
    """A card that moved from one union to another: no log tells in which order that was."""
    path = tmp_path / "office.db"
    latter = WEST if former == EAST else EAST
    card = (Claim("card", "6217", "case/a"),)
    with written(path) as connection:
        for batch in (
            Batch("mei", 1, claims=card, shard=former),
            Batch("mei", 2, releases=card, shard=former),
            Batch("mei", 3, claims=card, shard=latter),
        ):
            SqliteFile(connection).commit_group([batch])

    assert [] == verify(path)["problems"]


def test_a_name_that_is_no_text_is_a_finding(insider: Insider) -> None:
    """And no reason to stop."""
    for table, column, place in (
        ("claims", "owner", "key = '6219'"),
        ("documents", "collection", "key = 'y'"),
        ("log", "shard", "shard = 'main' AND seq = 2"),
    ):
        found = insider.tampers(
            f"UPDATE {table} SET {column} = CAST(x'ff' AS TEXT) WHERE {place}"  # noqa: S608 - constants
        )
        assert any(problem.startswith(table) for problem in found), table


def test_what_no_log_tells_of_is_not_called_fine(office: Path, tmp_path: Path) -> None:
    """A table that nobody knows, and a trigger that would alter what is written later."""
    path = tmp_path / "office.db"
    path.write_bytes(office.read_bytes())
    with written(path) as connection:
        connection.execute("CREATE TABLE notes (what TEXT)")
        connection.execute("CREATE TRIGGER t AFTER INSERT ON claims BEGIN DELETE FROM keys; END")

    assert ["table/notes", "trigger/t"] == [one["where"] for one in verify(path)["problems"]]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no database" * 100,
        lambda content: content[:5_000],
        lambda content: content[:68] + b"XXXX" + content[72:],
        lambda content: content[:4_096] + bytes(4_096) + content[8_192:],
    ],
    ids=["empty", "other", "cut", "of another program", "a page of zeros"],
)
def test_a_file_that_is_no_office_is_a_finding(
    damage: Callable[[bytes], bytes], office: Path, tmp_path: Path
) -> None:
    """Never a crash, and never called fine."""
    path = tmp_path / "office.db"
    path.write_bytes(damage(office.read_bytes()))
    report = verify(path)
    assert (False, "file") == (report["ok"], report["problems"][0]["where"])
    assert not verify(tmp_path / "nowhere.db")["ok"]


def test_as_a_program_it_says_so_in_json(office: Path, tmp_path: Path) -> None:
    """By itself, without the office's packages in reach; its exit code says whether all is well."""

    def run(*arguments: object) -> tuple[int, str]:
        command = [sys.executable, "-I", plain_verifier.__file__, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=60, check=False)  # noqa: S603 - ours
        return done.returncode, done.stdout.decode()

    head = verify(office)["heads"][EAST]
    proofs = tmp_path / "proofs.json"
    proofs.write_text(json.dumps([{"kind": "head", "shard": EAST, **head}]))

    code, said = run(office, proofs)
    assert (0, verify(office)) == (code, json.loads(said))
    code, said = run(proofs)
    assert (1, False) == (code, json.loads(said)["ok"])
    assert (1, "") == run()
