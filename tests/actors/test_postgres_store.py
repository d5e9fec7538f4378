"""The PostgreSQL store as a whole: servers that stop, sessions that are cut, who may write."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio

from actors.outside import production_outside
from actors.runtime.trio_host import open_system
from actors.store import Append, Batch, Event, PendingEffect, Store, StoreClosed, StoreError
from actors.store.postgres.connection import Connection, connect, in_words
from actors.store.postgres.reader import Reader
from actors.store.postgres.schema import SCHEMA_VERSION, NotOurs, Occupied, prepare_writer
from actors.store.postgres.store import open_postgres
from actors.store.postgres.writer import Lost, Writer
from supervisors import Intensity, Strategy, SupervisorSpec, open_tree
from supervisors.storage import postgres as storage_in
from tests.actors.postgres_on_trio import open_postgres_store
from tests.kit.postgres import PostgresServer
from tests.kit.running import run_real

pytestmark = pytest.mark.postgres

WRITERS = 12
SEED = "cut"


def append(stream: str, after: int, body: bytes = b"fact") -> Batch:
    return Batch("mei", 1, appends=(Append(stream, after, (Event("e", body),)),))


class Witness:
    """What writers were told became of each attempt, by its body."""

    def __init__(self) -> None:
        self.acknowledged: set[bytes] = set()
        self.refused: set[bytes] = set()
        self.unknown: set[bytes] = set()
        self.is_over = False

    async def write(self, store: Store, stream: str) -> None:
        """Append until it is over, looking again after every failure."""
        attempt, version = 0, 0
        while not self.is_over:
            attempt += 1
            body = f"{stream} {attempt}".encode()
            effect = PendingEffect(f"{stream}#{attempt}", stream, "core", "post", b"")
            event = Append(stream, version, (Event("e", body),))
            try:
                await store.commit(Batch("mei", 1, (event,), (effect,)))
            except StoreClosed:
                self.unknown.add(body)
                version = await self._version(store, stream)
            except StoreError:
                self.refused.add(body)
            else:
                self.acknowledged.add(body)
                version += 1

    async def acknowledge(self, more: int) -> None:
        """Wait until so many more are acknowledged."""
        enough = len(self.acknowledged) + more
        while len(self.acknowledged) < enough:  # noqa: ASYNC110 - the server decides when
            await trio.sleep(0.01)

    async def _version(self, store: Store, stream: str) -> int:
        version = 0
        while True:
            try:
                rows = await store.read(stream, version)
            except StoreError:
                await trio.sleep(0.05)
            else:
                if not rows:
                    return version
                version = rows[-1].version


def test_a_server_that_is_cut_stopped_and_killed_loses_nothing(postgres: PostgresServer) -> None:
    """In the middle of commits: what was acknowledged is there, what was refused is not, nothing
    is there twice, and the store comes back each time by its supervisor.
    """
    chance = random.Random(SEED)
    url = postgres.database()
    witness = Witness()

    def fault(kind: str) -> None:
        if kind == "cut":
            postgres.cut_sessions()
            return
        postgres.stop() if kind == "stop" else postgres.kill()
        postgres.start()

    async def trouble() -> None:
        kinds = ["cut", "stop", "kill"]
        chance.shuffle(kinds)
        for kind in kinds:
            await witness.acknowledge(chance.randint(20, 400))
            await trio.to_thread.run_sync(fault, kind)
        await witness.acknowledge(50)
        witness.is_over = True

    async def story() -> None:
        async with (
            open_system("office", production_outside()) as system,
            storage_in(url)(system, "/office") as stored,
        ):
            spec = SupervisorSpec(
                "office", Strategy.ONE_FOR_ONE, Intensity(10, 60), stored.children
            )
            async with open_tree(system, spec), trio.open_nursery() as nursery:
                for number in range(WRITERS):
                    nursery.start_soon(witness.write, stored.store, f"case/{number}")
                nursery.start_soon(trouble)

    run_real(story)
    asyncio.run(compare(url, witness))


async def compare(url: str, witness: Witness) -> None:
    """What the tables hold with what the writers were told."""
    async with session_on(url) as session:
        rows = await session.fetch("SELECT stream, version, body FROM events")
        owed = await session.fetchval("SELECT count(*) FROM effects")
        entries = await session.fetchval("SELECT count(*) FROM log")
        found = [bytes(body) for _, _, body in rows]
        assert len(found) == len(set(found)) == owed == entries, SEED
        assert witness.acknowledged <= set(found), SEED
        assert witness.refused.isdisjoint(found), SEED
        assert set(found) <= witness.acknowledged | witness.unknown, SEED
        for stream in {stream for stream, _, _ in rows}:
            versions = sorted(version for name, version, _ in rows if name == stream)
            assert list(range(1, len(versions) + 1)) == versions, SEED
        (head,) = await Reader(session).heads()
        assert entries == head.size


@asynccontextmanager
async def session_on(url: str) -> AsyncIterator[Connection]:
    session = await connect(url, writes=True, wait_ms=200)
    try:
        yield session
    finally:
        session.terminate()


class Failing:
    """A session whose server fails at the n-th statement, before it or right after it.

    Args:
        session: the real one.
        statements: how many succeed.
        error: what is raised; None cuts the session.
    """

    def __init__(
        self,
        session: Connection,
        statements: int,
        error: Exception | None = None,
        *,
        afterwards: bool = False,
    ) -> None:
        self._session = session
        self.left = statements
        self._error = error
        self._afterwards = afterwards

    def __getattr__(self, name: str) -> Any:
        work = getattr(self._session, name)
        return partial(self._try, work) if name in {"execute", "fetch", "fetchval"} else work

    async def _try(self, work: Callable[..., Awaitable[Any]], *words: object) -> Any:
        self.left -= 1
        if self.left != -1:
            return await work(*words)
        if self._afterwards:
            await work(*words)
        if self._error is None:
            self._session.terminate()
            raise ConnectionResetError("cut")
        raise self._error


class ServerError(OSError):
    """What the server said, as far as anybody looks at it."""

    def __init__(self, state: str) -> None:
        super().__init__(f"error {state}")
        self.sqlstate = state


@pytest.mark.parametrize("afterwards", [False, True])
def test_a_creation_that_is_cut_anywhere_leaves_nothing_or_all(
    postgres: PostgresServer, afterwards: bool
) -> None:
    """Each statement in turn; the next start makes the tables, or finds them whole."""

    async def story() -> int:
        for number in range(100):
            url = postgres.database()
            async with session_on(url) as session:
                failing = Failing(session, number, afterwards=afterwards)
                try:
                    await prepare_writer(failing)
                except OSError:
                    pass
                else:
                    return number
            async with open_postgres(url, readers=1) as (writer, _):
                assert SCHEMA_VERSION == await writer.fetchval("SELECT version FROM about")
                (outcome,) = await Writer(writer).commit_group([append("a", 0)])
                assert not isinstance(outcome, StoreError)
        pytest.fail("it never succeeds")

    assert asyncio.run(story()) > 15, "every statement of the creation has failed once"


@pytest.mark.parametrize("afterwards", [False, True])
def test_a_commit_that_is_cut_anywhere_says_what_became_of_it(
    postgres: PostgresServer, afterwards: bool
) -> None:
    """Before its COMMIT was sent nothing is there; then nobody knows, and so it is said."""

    async def story() -> list[str]:
        stream, seen = "case/1", []
        for number in range(20):
            url = postgres.database()
            async with open_postgres(url, readers=0) as (writer, _):
                failing = Failing(writer, number, afterwards=afterwards)
                try:
                    await Writer(failing).commit_group([append(stream, 0)])
                except StoreClosed:
                    seen.append("unknown")
                except Lost:
                    seen.append("lost")
                else:
                    return seen
            async with session_on(url) as session:
                found = await Reader(session).events(stream, 0)
            assert bool(found) == (seen[-1] == "unknown" and afterwards)
        return pytest.fail("it never succeeds")

    seen = asyncio.run(story())
    assert [*["lost"] * (len(seen) - 1), "unknown"] == seen
    assert len(seen) > 5


@pytest.mark.parametrize("state", ["53100", "25006", "55P03"])
def test_what_the_server_refuses_leaves_nothing_and_goes_on(
    postgres: PostgresServer, state: str
) -> None:
    """Full, read-only, locked: a refusal at any statement, and the same batch may come again."""

    async def story() -> int:
        async with open_postgres(postgres.database(), readers=0) as (writer, _):
            for number in range(20):
                failing = Failing(writer, number, ServerError(state))
                refusing = Writer(failing)
                batch = append(f"case/{number}", 0)
                outcome = await outcome_of(refusing, batch)
                if failing.left >= 0:
                    return number
                assert type(outcome) is StoreError
                assert in_words(ServerError(state)) in str(outcome)
                assert [] == await Reader(writer).events(f"case/{number}", 0)
                assert not isinstance(await outcome_of(refusing, batch), StoreError)
        return pytest.fail("it never succeeds")

    assert asyncio.run(story()) > 3


async def outcome_of(writer: Writer, batch: Batch) -> object:
    """The answer to one batch, or why there is none."""
    try:
        (outcome,) = await writer.commit_group([batch])
    except StoreError as refusal:
        return refusal
    return outcome


def test_a_lock_of_somebody_else_is_a_refusal(postgres: PostgresServer) -> None:
    """For as long as it is held; the group is committed afterwards."""

    async def story() -> None:
        url = postgres.database()
        async with open_postgres(url, readers=0, wait_ms=100) as (session, _):
            writer = Writer(session)
            async with session_on(url) as other:
                await other.execute("BEGIN")
                await other.execute("LOCK TABLE events")
                with pytest.raises(StoreError, match="占用"):
                    await writer.commit_group([append("a", 0)])
                await other.execute("ROLLBACK")
            (outcome,) = await writer.commit_group([append("a", 0)])
            assert not isinstance(outcome, StoreError)

    asyncio.run(story())


def test_a_second_office_is_refused(postgres: PostgresServer) -> None:
    """The first goes on; when it has ended, or its session was cut, another one may write."""

    async def refused(url: str) -> None:
        with pytest.raises(Occupied):
            async with open_postgres(url, wait_ms=100):
                pytest.fail("it opened")

    async def cut(url: str) -> None:
        async with open_postgres(url) as (old, _):
            writer = Writer(old)
            await writer.commit_group([append("a", 1)])
            postgres.cut_sessions()
            async with open_postgres(url) as (new, _):
                with pytest.raises(Lost):
                    await writer.commit_group([append("a", 2)])
                (outcome,) = await Writer(new).commit_group([append("a", 2)])
                assert not isinstance(outcome, StoreError)

    url = postgres.database()

    async def first() -> None:
        async with open_postgres_store(url) as store:
            await store.commit(append("a", 0))
            await trio.to_thread.run_sync(asyncio.run, refused(url))
            assert 1 == len(await store.read("a"))

    run_real(first)
    asyncio.run(cut(url))


FOREIGN = {
    "another program's tables": ["CREATE SCHEMA backpack", "CREATE TABLE backpack.theirs (x int)"],
    "another program's marker": [
        "CREATE SCHEMA backpack",
        "CREATE TABLE backpack.about (application text, version bigint)",
        "INSERT INTO backpack.about VALUES ('THEIRS', 1)",
    ],
    "a newer version": [
        "CREATE SCHEMA backpack",
        "CREATE TABLE backpack.about (application text, version bigint)",
        f"INSERT INTO backpack.about VALUES ('BPKB', {SCHEMA_VERSION + 1})",  # noqa: S608 - ours
    ],
}


@pytest.mark.parametrize("statements", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_not_ours_is_refused_untouched(
    postgres: PostgresServer, statements: Sequence[str]
) -> None:
    """The starter learns why, and no table is made."""
    url = postgres.database()
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'backpack'::regnamespace"

    async def story() -> None:
        async with session_on(url) as session:
            for statement in statements:
                await session.execute(statement)
            before = await session.fetchval(tables)
            with pytest.raises(NotOurs):
                async with open_postgres(url):
                    pytest.fail("it opened")
            assert before == await session.fetchval(tables)

    asyncio.run(story())
