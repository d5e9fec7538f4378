"""What a partner says when somebody else holds the lock of the bank's file: nothing that is not."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest

from actors.asyncio_side.host import open_asyncio_host
from actors.durable import DurableActor
from actors.durable.history import History
from actors.errors import Refused
from actors.ref import Ref
from actors.runtime.trio_host import open_system
from actors.store import Store
from actors.store.client import StoreClient
from actors.store.sqlite import SqliteProcess
from backoffice.partners.core_bank import CoreBank
from backoffice.partners.embedded import stream_of
from backoffice.partners.operations import Partner
from backoffice.partners.port import Commit, PartnerOutcome, PartnerStatus, Prepare
from tests.actors.box_world import RestartAlways
from tests.backoffice.partner_scenes import TRAINING, UNION, issue
from tests.kit.outside import virtual_outside
from tests.kit.running import run_real
from wire.message import Code

KEY = "case/prepare"
STREAM = stream_of(Partner.CORE, UNION)
SOON = 30.0
LOCK_WAIT_MS = 1
"""How long the office waits for a lock in these stories, in milliseconds."""


def _rules() -> CoreBank:
    return CoreBank(TRAINING.core)


@asynccontextmanager
async def open_core(file: Path) -> AsyncIterator[tuple[Ref, Store]]:
    """A core bank on a database file, as the office runs it."""
    async with (
        open_asyncio_host() as host,
        open_system("office", virtual_outside()) as system,
    ):
        store = StoreClient(await host.start("store", partial(SqliteProcess, file, LOCK_WAIT_MS)))
        core = system.spawn(
            "core",
            lambda: DurableActor(_rules(), stream=STREAM, key=UNION, store=store, handlers={}),
            RestartAlways(),
        )
        yield core, store


async def state_of(store: Store) -> list[str]:
    """What a fresh load finds: every key with its outcome, and every account with its balance."""
    found = (await History(_rules(), STREAM, UNION, frozenset()).load(store)).state
    entries = [f"{key} {entry.outcome.status}" for key, entry in found.entries.items()]
    return [*entries, *(f"{account} {fen}" for account, fen in found.balances.items())]


def test_a_refused_prepare_was_never_there(tmp_path: Path) -> None:
    """Locked out at PREPARE: BUSY; the same PREPARE and its COMMIT later are all in the journal."""

    async def story() -> tuple[list[PartnerStatus], list[str], list[str]]:
        file = tmp_path / "bank.db"
        async with open_core(file) as (core, store):
            await core.ask(Prepare("first", UNION, issue()), within=SOON)
            before = await state_of(store)
            request = Prepare(KEY, UNION, issue(1, 1))
            with closing(sqlite3.connect(file, isolation_level=None)) as foreign:
                foreign.execute("BEGIN IMMEDIATE")
                with pytest.raises(Refused) as busy:
                    await core.ask(request, within=SOON)
                foreign.execute("ROLLBACK")
            assert Code.BUSY is busy.value.refusal.code
            assert before == await state_of(store)

            prepared: PartnerOutcome = await core.ask(request, within=SOON)
            committed: PartnerOutcome = await core.ask(Commit(KEY, UNION), within=SOON)
            kinds = [event.kind for event in await store.read(STREAM)]
            return [prepared.status, committed.status], kinds, await state_of(store)

    said, journal, known = run_real(story)

    assert [PartnerStatus.PREPARED, PartnerStatus.COMMITTED] == said
    assert ["PartnerPrepared", "PartnerPrepared", "PartnerCommitted"] == journal
    assert [f"{KEY} committed", "first prepared"] == known[:2]
    assert f"stock/{UNION}/issued 100" in known, "the card's PREPARE was posted, too"
