"""An insider with a database in hand: alters rows, and may compute the chain behind them anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from actors.store import AUDIT_GENESIS, audit_digest, event_digest
from actors.store.sqlite.file import Archive
from backoffice.verify.office import (
    Fault,
    Report,
    render_text,
    verify_office,
)
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

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def sql(self, statement: str, *values: object) -> list[Any]:
        return self.connection.execute(statement, values).fetchall()

    def seq(self, stream: str, kind: str) -> int:
        """The first entry of a kind in a stream."""
        query = "SELECT min(seq) FROM journal WHERE stream = ? AND kind = ?"
        ((seq,),) = self.sql(query, stream, kind)
        assert seq is not None, f"no {kind} in {stream}"
        return int(seq)

    def edit(self, seq: int, change: Callable[[dict[str, Any]], object]) -> None:
        """Alter a body, and mend the chain."""
        ((body,),) = self.sql("SELECT body FROM journal WHERE seq = ?", seq)
        fields = msgspec.msgpack.decode(body)
        change(fields)
        self.sql("UPDATE journal SET body = ? WHERE seq = ?", msgspec.msgpack.encode(fields), seq)
        self.mend()

    def remove(self, seq: int) -> None:
        """Delete an entry so that neither its number nor its version is missed; mend the chain."""
        ((stream, version),) = self.sql("SELECT stream, version FROM journal WHERE seq = ?", seq)
        self.sql("DELETE FROM journal WHERE seq = ?", seq)
        self.sql("UPDATE journal SET seq = seq - 1 WHERE seq > ?", seq)
        renumber = "UPDATE journal SET version = version - 1 WHERE stream = ? AND version > ?"
        self.sql(renumber, stream, version)
        self.mend()

    def append(self, stream: str, kind: str, fields: dict[str, Any]) -> None:
        """One more event at the end, with a right chain."""
        ((seq,),) = self.sql("SELECT max(seq) FROM journal")
        ((version,),) = self.sql("SELECT count(*) FROM journal WHERE stream = ?", stream)
        body = msgspec.msgpack.encode(fields)
        row = (seq + 1, stream, version + 1, kind, body, 1, "x", bytes(32), bytes(32))
        self.sql("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
        self.mend()

    def mend(self) -> None:
        """Compute every digest anew, as somebody would who knows how."""
        head = AUDIT_GENESIS
        query = "SELECT seq, at_ms, who, stream, version, kind, body FROM journal ORDER BY seq"
        for seq, at_ms, who, stream, version, kind, body in self.sql(query):
            digest = event_digest(body)
            head = audit_digest(head, seq, at_ms, who, stream, version, kind, digest)
            mended = "UPDATE journal SET event_digest = ?, head = ? WHERE seq = ?"
            self.sql(mended, digest, head, seq)

    def report(self, kept: bytes | None = None) -> Report:
        report = verify_office(Archive(self.connection), PRODUCTS, kept_head=kept)
        said = encode_json(report).decode() + render_text(report, "zh") + repr(report)
        assert not [number for number in NUMBERS if number in said], "a number in a report"
        return report

    def found(self) -> list[tuple[Fault, str]]:
        return [(finding.what, finding.where) for finding in self.report().findings]


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
        yield Tampered(connection)
        connection.execute("ROLLBACK")


@contextmanager
def undone(tampered: Tampered) -> Iterator[None]:
    tampered.sql("SAVEPOINT one")
    yield
    tampered.sql("ROLLBACK TO one")
    tampered.sql("RELEASE one")


def case(seed: int) -> str:
    return f"case/{UNION}/{submissions.case_id(seed)}"
