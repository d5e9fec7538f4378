"""The tables of a node in a PostgreSQL database, and how it becomes, or proves to be, one of ours.

They are those of `actors.store.sqlite.schema`, in a schema of their own, so that a bank's database
may hold other things beside. All text sorts by its bytes (collation "C"), as it does in memory.

Invariants: each step is one transaction, with the number of the version that it reaches; a database
is used only if its marker is ours and its version is one that this program knows, and anything else
is refused untouched. Only the one writer, who holds the database's lock, changes it.
"""

from __future__ import annotations

from typing import Final

from actors.store.port import StoreError
from actors.store.postgres.connection import ERRORS, Connection, is_refusal

SCHEMA: Final = "backpack"
"""The name of the schema that has all tables."""

APPLICATION: Final = "BPKB"
"""The marker in the table `about`."""

WRITER_LOCK: Final = 0x42504B42
"""The advisory lock that a session holds for as long as it may write."""

_TEXT: Final = 'text COLLATE "C" NOT NULL'

_STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
        f"CREATE TABLE about (application {_TEXT}, version bigint NOT NULL)",
        f"INSERT INTO about VALUES ('{APPLICATION}', 0)",  # noqa: S608 - a constant
        f"""
CREATE TABLE log (
    shard {_TEXT},
    seq   bigint NOT NULL CHECK (seq > 0),
    entry bytea  NOT NULL,
    nodes bytea  NOT NULL CHECK (length(nodes) % 32 = 0),
    PRIMARY KEY (shard, seq)
)""",
        f"""
CREATE TABLE events (
    stream  {_TEXT},
    version bigint NOT NULL CHECK (version > 0),
    kind    {_TEXT},
    body    bytea  NOT NULL,
    at_ms   bigint NOT NULL,
    who     {_TEXT},
    shard   {_TEXT},
    seq     bigint NOT NULL,
    PRIMARY KEY (stream, version)
)""",
        f"""
CREATE TABLE effects (
    id        {_TEXT} PRIMARY KEY,
    stream    {_TEXT},
    recipient {_TEXT},
    kind      {_TEXT},
    body      bytea  NOT NULL,
    due_ms    bigint NOT NULL,
    span      {_TEXT},
    shard     {_TEXT}
)""",
        "CREATE INDEX effects_by_stream ON effects (stream, id)",
        "CREATE INDEX effects_by_due ON effects (due_ms, id, stream)",
        f"""
CREATE TABLE claims (
    scope {_TEXT},
    key   {_TEXT},
    owner {_TEXT},
    shard {_TEXT},
    PRIMARY KEY (scope, key)
)""",
        f"""
CREATE TABLE documents (
    collection {_TEXT},
    key        {_TEXT},
    body       bytea NOT NULL,
    shard      {_TEXT},
    PRIMARY KEY (collection, key)
)""",
        f"""
CREATE TABLE keys (
    stream  {_TEXT} PRIMARY KEY,
    wrapped bytea NOT NULL,
    shard   {_TEXT}
)""",
    ),
)
"""What makes each version of the schema out of the one before, the first out of nothing."""

SCHEMA_VERSION: Final = len(_STEPS)
"""The newest schema that this program knows."""


class NotOurs(StoreError):
    """The schema is another program's, or of a newer version of this one."""


class Occupied(StoreError):
    """Another office writes to this database."""


async def prepare_writer(connection: Connection) -> None:
    """Become the one who writes, and bring the tables up to date, making them if there are none.

    Raises:
        Occupied: another session is, and stays, that one.
        NotOurs: the schema belongs to somebody else.
    """
    try:
        # Waits: whoever opens after a crash is behind everything that the crashed one committed.
        await connection.execute("SELECT pg_advisory_lock($1)", WRITER_LOCK)
    except ERRORS as error:
        if not is_refusal(error):
            raise
        raise Occupied(
            "另一个机构程序正在使用该数据库 · another office is writing to this database already"
        ) from error
    version = await _recognise(connection)
    for number, step in enumerate(_STEPS[version:], version + 1):
        await connection.execute("BEGIN")
        try:
            for statement in step:
                await connection.execute(statement)
            await connection.execute(f"UPDATE about SET version = {number:d}")  # noqa: S608 - a number
            await connection.execute("COMMIT")
        except BaseException:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
            raise


async def prepare_reader(connection: Connection) -> None:
    """Check that the database is one of ours.

    Raises:
        NotOurs: it belongs to somebody else, or is empty.
    """
    if await _recognise(connection) == 0:
        raise NotOurs("the database is empty")


async def _recognise(connection: Connection) -> int:
    """The schema's version; 0 where there is none, or nothing in it."""
    tables = await connection.fetch(
        "SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace($1)", SCHEMA
    )
    if not tables:
        return 0
    columns = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attnum > 0 AND attrelid = to_regclass($1)"
        " ORDER BY attnum",
        f"{SCHEMA}.about",
    )
    marks = []
    if [name for (name,) in columns] == ["application", "version"]:
        marks = list(await connection.fetch("SELECT application, version FROM about"))
    if len(marks) != 1 or marks[0][0] != APPLICATION:
        raise NotOurs(f"the schema {SCHEMA} belongs to another program")
    version = marks[0][1]
    if not 1 <= version <= SCHEMA_VERSION:
        raise NotOurs(f"the database has schema {version}; this program knows {SCHEMA_VERSION}")
    return int(version)


__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
    "WRITER_LOCK",
    "NotOurs",
    "Occupied",
    "prepare_reader",
    "prepare_writer",
]
