"""An insider with a database in hand: alters rows, and may write the logs anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from actors.blobs.folder import BlobFolder, Opened
from actors.store.entry import Entry, digest_of, read_entry
from actors.store.merkle import Frontier, leaf_hash
from actors.store.sqlite.file import Archive
from backoffice.verify.logs import KeptHead
from backoffice.verify.office import (
    Fault,
    Report,
    render_text,
    verify_office,
)
from supervisors.at_rest import BLOBS_FOLDER, read_blobs
from tests.kit import submissions
from tests.kit.archive import PRODUCTS, UNION, office_file
from wire.case_state import State
from wire.codec import encode_json
from wire.value import BankCardValue, IdCardValue

CARD, DUAL, PREPARED, UNDONE = 1, 2, 3, 4
"""Seeds: a card issued by one authorizer, by two, one not signed yet, one refused at the table."""

CORE = f"core/{UNION}"


class Tampered:
    """The database of an office in an insider's hands; what they do is undone afterwards."""

    def __init__(self, connection: sqlite3.Connection, database: Path) -> None:
        self.connection = connection
        self.database = database
        self.folder = database.with_name(BLOBS_FOLDER)

    @property
    def blobs(self) -> BlobFolder:
        """The photos, to be looked at."""
        return read_blobs(self.database)

    def sql(self, statement: str, *values: object) -> list[Any]:
        return self.connection.execute(statement, values).fetchall()

    def row(self, stream: str, kind: str) -> int:
        """The first event of a kind in a stream, by its rowid."""
        query = "SELECT min(rowid) FROM events WHERE stream = ? AND kind = ?"
        ((row,),) = self.sql(query, stream, kind)
        assert row is not None, f"no {kind} in {stream}"
        return int(row)

    def edit(self, row: int, change: Callable[[dict[str, Any]], object]) -> None:
        """Alter a body, and mend the logs."""
        ((body,),) = self.sql("SELECT body FROM events WHERE rowid = ?", row)
        fields = msgspec.msgpack.decode(body)
        change(fields)
        self.sql("UPDATE events SET body = ? WHERE rowid = ?", msgspec.msgpack.encode(fields), row)
        self.mend()

    def remove(self, row: int) -> None:
        """Delete an event so that its version is not missed; mend the logs."""
        ((stream, version),) = self.sql("SELECT stream, version FROM events WHERE rowid = ?", row)
        self.sql("DELETE FROM events WHERE rowid = ?", row)
        behind = "SELECT rowid FROM events WHERE stream = ? AND version > ? ORDER BY version"
        for (later,) in self.sql(behind, stream, version):
            self.sql("UPDATE events SET version = version - 1 WHERE rowid = ?", later)
        self.mend()

    def append(self, stream: str, kind: str, fields: dict[str, Any]) -> None:
        """One more event of a stream, in an entry that tells of it."""
        latest = "SELECT max(version), at_ms, who, shard, seq FROM events WHERE stream = ?"
        ((version, *of_batch),) = self.sql(latest, stream)
        body = msgspec.msgpack.encode(fields)
        row = (stream, version + 1, kind, body, *of_batch)
        self.sql("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
        self.mend()

    def mend(self) -> None:
        """Write all logs anew, as somebody would who knows how: they say what is in the tables."""
        for (shard,) in self.sql("SELECT DISTINCT shard FROM log"):
            frontier = Frontier.of(0, ())
            rows = self.sql("SELECT seq, entry FROM log WHERE shard = ? ORDER BY seq", shard)
            for seq, old in rows:
                entry = self._true_to_tables(read_entry(old, ""), last=seq == rows[-1][0])
                body = msgspec.msgpack.encode(entry)
                frontier, nodes = frontier.append(leaf_hash(body))
                mended = "UPDATE log SET entry = ?, nodes = ? WHERE shard = ? AND seq = ?"
                self.sql(mended, body, b"".join(nodes), shard, seq)

    def _true_to_tables(self, entry: Entry, *, last: bool) -> Entry:
        """An entry that tells of its events; the last one of everything else as well."""
        query = (
            "SELECT stream, version, kind, body, at_ms, who FROM events"
            " WHERE shard = ? AND seq = ? ORDER BY stream, version"
        )
        appends: list[tuple[str, int, tuple[tuple[str, bytes], ...]]] = []
        told = {(entry.at_ms, entry.who)}
        for stream, version, kind, body, *batch in self.sql(query, entry.shard, entry.seq):
            mark, told = (kind, digest_of(body)), {tuple(batch)}
            before = appends[-1] if appends else ("", 0, ())
            if (before[0], before[1] + len(before[2]) + 1) == (stream, version):
                appends[-1] = (stream, before[1], (*before[2], mark))
            else:
                appends.append((stream, version - 1, (mark,)))
        ((at_ms, who),) = told
        return msgspec.structs.replace(
            entry,
            at_ms=at_ms,
            who=who,
            appends=tuple(appends),
            effects=self._marks(_EFFECTS, entry.shard) if last else (),
            effects_done=(),
            releases=(),
            claims=self._marks(_CLAIMS, entry.shard) if last else (),
            documents=self._marks(_DOCUMENTS, entry.shard) if last else (),
            keys=self._marks(_KEYS, entry.shard) if last else (),
        )

    def _marks(self, query: str, shard: str) -> tuple[Any, ...]:
        """Rows of a shard as an entry tells of them: bodies by digest."""
        rows = self.sql(query, shard)
        return tuple(
            tuple(digest_of(field) if isinstance(field, bytes) else field for field in row)
            for row in rows
        )

    def photos(self) -> Iterator[tuple[Path, Opened]]:
        """Every photo with its file."""
        for name in self.blobs.names():
            (file,) = self.folder.glob(f"*/*/{name}")
            yield file, self.blobs.read(name)

    def report(self, kept: KeptHead | None = None) -> Report:
        report = verify_office(Archive(self.connection), self.blobs, PRODUCTS, kept=kept)
        said = encode_json(report).decode() + render_text(report, "zh") + repr(report)
        assert not [number for number in NUMBERS if number in said], "a number in a report"
        return report

    def found(self) -> list[tuple[Fault, str]]:
        return [(finding.what, finding.where) for finding in self.report().findings]


_EFFECTS = "SELECT id, stream, recipient, kind, due_ms, span, body FROM effects WHERE shard = ?"
_CLAIMS = "SELECT scope, key, owner FROM claims WHERE shard = ?"
_DOCUMENTS = "SELECT collection, key, body FROM documents WHERE shard = ?"
_KEYS = "SELECT stream, wrapped FROM keys WHERE shard = ?"


def _numbers() -> Iterator[str]:
    form = PRODUCTS["debit_card"].form
    for seed in (CARD, DUAL, PREPARED, UNDONE):
        holder = submissions.person(seed, age=70 if seed == DUAL else 35)
        for value in submissions.values_for(form, seed, holder=holder).values():
            if isinstance(value, IdCardValue):
                yield value.number.number
            if isinstance(value, BankCardValue):
                yield value.pan.digits


NUMBERS = tuple(_numbers())


def make_office(folder: Path) -> Path:
    """The folder, with an office in it that has done four cases."""
    (folder / "office").mkdir()
    with office_file(folder / "office" / "office.db") as office:
        office.case(CARD)
        office.case(DUAL, age=70)
        office.case(PREPARED, State.PREPARED)
        office.case(UNDONE, State.ABORTED)
    return folder


@contextmanager
def tampering(folder: Path) -> Iterator[Tampered]:
    """An office's database, to be spoiled; afterwards it is as it was."""
    path = folder / "office" / "office.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        yield Tampered(connection, path)
        connection.execute("ROLLBACK")


@contextmanager
def undone(tampered: Tampered) -> Iterator[None]:
    tampered.sql("SAVEPOINT one")
    yield
    tampered.sql("ROLLBACK TO one")
    tampered.sql("RELEASE one")


def case(seed: int) -> str:
    return f"case/{UNION}/{submissions.case_id(seed)}"
