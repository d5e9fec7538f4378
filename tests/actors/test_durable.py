"""Durable actors: commit before acknowledge, effects at least once, whatever crashes and when."""

from __future__ import annotations

import msgspec
import pytest
import trio
import trio.testing

from actors.durable import (
    CONFLICT_TRIES_MAX,
    STASH_MAX,
    CannotLoad,
    Commanded,
    CommitUnknown,
    DurableActor,
)
from actors.errors import ActorError, HandlerCrashed, Refused
from actors.runtime.cell import Cell, CellState
from actors.runtime.reactive import ReactiveCell
from actors.runtime.trio_host import open_system
from actors.store import (
    Append,
    Batch,
    Committed,
    Event,
    Recorded,
    StoreClosed,
    StoreError,
    VersionConflict,
)
from actors.store.memory import Disk, MemoryStore
from tests.actors.box_world import SOON, Teller, all_quiet, opened
from tests.actors.toy import (
    Balance,
    Box,
    BoxCommand,
    BoxEvent,
    BoxRules,
    CoinsPut,
    Explode,
    Label,
    Look,
    PayOut,
    Put,
)
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.message import Code, Request


def test_a_change_is_durable_before_its_answer() -> None:
    """The answer comes after the commit; the audit names whoever the command was given for."""

    async def story() -> None:
        disk = Disk()
        async with opened(MemoryStore(disk), {"teller": Teller().pay}) as world:
            reply = await world.box.ask(Commanded("mei", Put(1, 5)), within=SOON)
            assert Balance(5) == reply
            assert ["mei"] == [row.who for row in disk.journal]

            plain = await world.box.ask(Put(2, 1), within=SOON)
            assert Balance(6) == plain
            assert ["mei", "/box"] == [row.who for row in disk.journal]

    run(story)


def test_a_refusal_commits_nothing() -> None:
    """A complete no leaves the store as it was; so does a question."""

    async def story() -> None:
        disk = Disk()
        async with opened(MemoryStore(disk), {"teller": Teller().pay}) as world:
            with pytest.raises(Refused) as refused:
                await world.box.ask(Put(1, -5), within=SOON)
            assert (Code.RANGE, "coins") == (
                refused.value.refusal.code,
                refused.value.refusal.field,
            )
            assert Balance(0) == await world.box.ask(Look(), within=SOON)
            assert [] == disk.journal

    run(story)


def test_a_revived_actor_knows_everything() -> None:
    """Another incarnation, on the same disk, has the same state."""

    async def story() -> None:
        disk = Disk()
        for number in range(3):
            async with opened(MemoryStore(disk), {"teller": Teller().pay}) as world:
                await world.box.ask(Put(number, 10), within=SOON)

        async with opened(MemoryStore(disk), {"teller": Teller().pay}) as world:
            assert Balance(30) == await world.box.ask(Look(), within=SOON)

    run(story)


def test_a_passive_actor_is_revived_under_the_same_ref() -> None:
    """Halted when it is not busy and started again, it answers as if nothing had been."""

    async def story() -> None:
        async with opened(MemoryStore(Disk()), {"teller": Teller().pay}) as world:
            await world.box.ask(Put(1, 10), within=SOON)
            assert not world.actor().busy()
            cell = world.box
            assert isinstance(cell, ReactiveCell)
            cell.halt()
            assert CellState.DOWN == cell.state
            cell.start()

            assert Balance(10) == await world.box.ask(Put(1, 10), within=SOON)

    run(story)


def test_commands_wait_while_it_commits_and_then_go_in_order() -> None:
    """Many commands at once are taken one after the other, none is lost."""

    async def story() -> None:
        async with opened(MemoryStore(Disk()), {"teller": Teller().pay}) as world:
            balances: list[int] = []

            async def put(number: int) -> None:
                balances.append((await world.box.ask(Put(number, 1), within=SOON)).coins)

            async with trio.open_nursery() as nursery:
                for number in range(50):
                    nursery.start_soon(put, number)

            assert list(range(1, 51)) == sorted(balances)

    run(story)


def test_the_stash_is_bounded() -> None:
    """With a slow disk and too many commands, the ones too many are told to come again."""

    async def story() -> None:
        async def slow(_store: MemoryStore, _batch: Batch) -> None:
            await trio.sleep(0.01)

        store = MemoryStore(Disk(), before_commit=slow)
        async with opened(store, {"teller": Teller().pay}) as world:
            outcomes: list[str] = []

            async def put(number: int) -> None:
                try:
                    await world.box.ask(Put(number, 1), within=SOON)
                except Refused as refused:
                    outcomes.append(refused.refusal.code)
                else:
                    outcomes.append("ok")

            extra = 20
            async with trio.open_nursery() as nursery:
                for number in range(STASH_MAX + extra):
                    nursery.start_soon(put, number)

            assert STASH_MAX == outcomes.count("ok")
            assert extra == outcomes.count(Code.BUSY)
            assert extra == world.actor().inspect()["turned_away"]

    run(story)


def test_somebody_elses_append_is_read_and_the_command_decided_again() -> None:
    """A version conflict reloads the stream; the answer is about the state that became true."""

    async def story() -> None:
        store = MemoryStore(Disk())
        async with opened(store, {"teller": Teller().pay}) as world:
            await world.box.ask(Put(1, 1), within=SOON)
            body = msgspec.msgpack.encode(CoinsPut(2, 10))
            other = Append("box/1", 1, (Event("put", body),))
            await store.commit(Batch("other", 1, appends=(other,)))

            assert Balance(111) == await world.box.ask(Put(3, 100), within=SOON)

    run(story)


class NeverFresh(MemoryStore):
    """A store on which somebody else is always faster."""

    async def commit(self, batch: Batch) -> Committed:
        if batch.appends:
            raise VersionConflict("somebody was faster")
        return await super().commit(batch)


def test_endless_conflicts_end_in_a_refusal() -> None:
    """After a bounded number of tries the asker is told to come again."""

    async def story() -> None:
        async with opened(NeverFresh(Disk()), {"teller": Teller().pay}) as world:
            with pytest.raises(Refused) as refused:
                await world.box.ask(Put(1, 1), within=SOON)
            assert refused.value.refusal.retryable
            assert Balance(0) == await world.box.ask(Look(), within=SOON)

    assert CONFLICT_TRIES_MAX < 100
    run(story)


def test_a_taken_claim_is_refused_in_the_rules_own_words() -> None:
    """The behaviour says what a conflict means; the actor goes on."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            store = MemoryStore(Disk())

            def box(key: str) -> DurableActor[Box, BoxCommand, BoxEvent]:
                handlers = {"teller": Teller().pay}
                return DurableActor(
                    BoxRules(), stream=f"box/{key}", key=key, store=store, handlers=handlers
                )

            one = system.spawn("one", lambda: box("1"))
            two = system.spawn("two", lambda: box("2"))
            await one.ask(Label("blue"), within=SOON)
            with pytest.raises(Refused) as refused:
                await two.ask(Label("blue"), within=SOON)

            assert Code.KEY_CONFLICT == refused.value.refusal.code
            assert "1" == await store.owner("label", "blue")
            assert Balance(3) == await two.ask(Put(1, 3), within=SOON)

    run(story)


def test_rules_that_raise_crash_the_actor_and_tell_the_asker() -> None:
    """The command is poison; those behind it are told to come again; the next life is sound."""

    async def story() -> None:
        async with opened(MemoryStore(Disk()), {"teller": Teller().pay}) as world:
            await world.box.ask(Put(1, 1), within=SOON)
            outcomes: dict[str, object] = {}

            async def give(name: str, command: Request[Balance]) -> None:
                try:
                    answer = await world.box.ask(command, within=SOON)
                    outcomes[name] = answer
                except ActorError as error:
                    outcomes[name] = type(error)

            async with trio.open_nursery() as nursery:
                world.box.tell(Put(2, 1))
                nursery.start_soon(give, "poison", Explode())

            assert {"poison": HandlerCrashed} == outcomes
            assert [ZeroDivisionError] == [type(crash) for crash in world.supervisor.crashes]
            assert Balance(2) == await world.box.ask(Look(), within=SOON)

    run(story)


def test_a_lost_store_means_an_unknown_outcome() -> None:
    """A commit whose fate nobody knows is reported as that, and the actor starts afresh."""

    class Flaky(MemoryStore):
        lost = 0

        async def commit(self, batch: Batch) -> Committed:
            committed = await super().commit(batch)
            if self.lost == 0:
                self.lost += 1
                raise StoreClosed("gone after the commit")
            return committed

    async def story() -> None:
        async with opened(Flaky(Disk()), {"teller": Teller().pay}) as world:
            with pytest.raises(CommitUnknown):
                await world.box.ask(Put(1, 5), within=SOON)

            assert [StoreClosed] == [type(crash) for crash in world.supervisor.crashes]
            assert Balance(5) == await world.box.ask(Put(1, 5), within=SOON)

    run(story)


def test_a_full_disk_is_a_retryable_refusal() -> None:
    """Nothing was applied, so the asker may come again; the actor lives on."""

    class Full(MemoryStore):
        refused = 0

        async def commit(self, batch: Batch) -> Committed:
            if self.refused == 0:
                self.refused += 1
                raise StoreError("the disk is full")
            return await super().commit(batch)

    async def story() -> None:
        async with opened(Full(Disk()), {"teller": Teller().pay}) as world:
            with pytest.raises(Refused) as refused:
                await world.box.ask(Put(1, 5), within=SOON)
            assert (Code.BUSY, True) == (
                refused.value.refusal.code,
                refused.value.refusal.retryable,
            )
            assert Balance(5) == await world.box.ask(Put(1, 5), within=SOON)
            assert [] == world.supervisor.crashes

    run(story)


def test_an_effect_is_settled_by_the_command_it_leads_to() -> None:
    """The teller pays, says so, and one commit holds both that fact and the end of the effect."""

    async def story() -> None:
        disk, teller = Disk(), Teller()
        async with opened(MemoryStore(disk), {"teller": teller.pay}) as world:
            await world.box.ask(Put(1, 10), within=SOON)
            await world.box.ask(PayOut(2, 4), within=SOON)
            assert ["box/1#2.0"] == list(disk.pending)
            await all_quiet(world)

            assert {2: 4} == teller.paid
            assert {} == disk.pending
            assert ["put", "ordered", "done"] == [row.kind for row in disk.journal]

    run(story)


def test_an_effect_without_a_command_is_settled_alone() -> None:
    """A handler that returns None has said all: only the outbox changes."""

    async def story() -> None:
        disk, teller = Disk(), Teller(answers=False)
        async with opened(MemoryStore(disk), {"teller": teller.pay}) as world:
            await world.box.ask(Put(1, 10), within=SOON)
            await world.box.ask(PayOut(2, 4), within=SOON)
            await all_quiet(world)

            assert {} == disk.pending
            assert ["put", "ordered"] == [row.kind for row in disk.journal]

    run(story)


def test_an_observer_sees_each_state_once() -> None:
    """A commit that only settles an effect makes nothing new true, so it gives no hint."""

    async def story() -> None:
        teller = Teller(answers=False)
        async with opened(MemoryStore(Disk()), {"teller": teller.pay}) as world:
            await world.box.ask(Put(1, 10), within=SOON)
            await world.box.ask(PayOut(2, 4), within=SOON)
            await all_quiet(world)

            assert [0, 10, 6] == [box.coins for box in world.shown]

    run(story)


def test_a_failing_handler_is_tried_again_and_seen_to_be() -> None:
    """Each failure waits longer; the attempts can be looked at; in the end it is paid once."""

    async def story() -> None:
        disk, teller = Disk(), Teller(failures_left=4)
        async with opened(MemoryStore(disk), {"teller": teller.pay}) as world:
            await world.box.ask(Put(1, 10), within=SOON)
            await world.box.ask(PayOut(2, 4), within=SOON)
            await trio.sleep(1)
            effects = world.actor().inspect()["effects"]
            assert isinstance(effects, list)
            attempts = effects[0]["attempts"]
            assert 1 < attempts < 5

            await all_quiet(world)
            assert [2] * 5 == teller.asked
            assert {2: 4} == teller.paid

    run(story)


class Unreadable(MemoryStore):
    """A store that does not give a stream back."""

    async def read(self, stream: str, after_version: int = 0) -> list[Recorded]:
        raise StoreError(f"{stream} is damaged")


def test_a_stream_that_cannot_be_loaded_is_said_to_whoever_asks() -> None:
    """Not "come again": nothing was done, and nothing will be. The store's error is the crash."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            store, ends = Unreadable(Disk()), Ends()
            box = system.spawn(
                "box",
                lambda: DurableActor(
                    BoxRules(),
                    stream="box/1",
                    key="1",
                    store=store,
                    handlers={"teller": Teller().pay},
                ),
                ends,
            )
            with pytest.raises(CannotLoad):
                await box.ask(Put(1, 1), within=SOON)
            assert [StoreError] == [type(error) for error in ends.errors]

    run(story)


class Ends:
    """A supervisor that remembers what crashed, and restarts nothing."""

    def __init__(self) -> None:
        self.errors: list[Exception | None] = []

    def on_down(self, _cell: Cell, error: Exception | None) -> None:
        self.errors.append(error)


def test_stopping_leaves_nobody_waiting() -> None:
    """Whoever waits when the actor is stopped gets an answer: come again, or outcome unknown."""

    async def story() -> None:
        async def forever(_store: MemoryStore, _batch: Batch) -> None:
            await trio.sleep_forever()

        store = MemoryStore(Disk(), before_commit=forever)
        async with opened(store, {"teller": Teller().pay}) as world:
            outcomes: dict[str, object] = {}

            async def put(name: str, number: int) -> None:
                try:
                    await world.box.ask(Put(number, 1), within=SOON)
                except ActorError as error:
                    outcomes[name] = type(error)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(put, "first", 1)
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(put, "second", 2)
                await trio.testing.wait_all_tasks_blocked()
                assert isinstance(world.box, Cell)
                world.box.stop()

            assert {"first": CommitUnknown, "second": Refused} == outcomes

    run(story)
