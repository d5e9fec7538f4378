"""A store as trio tasks see it: a thin client that asks the actor that owns the database.

One crossing between threads costs more than one row, so commits share them: all that wait go as one
request. The client has no task of its own; the tasks that commit take turns in leading.

A full lane makes the node's own work wait, and refuses what peers ask for (`actors.store.lanes`).

What a crash of the actor means: whoever waits for an answer gets `StoreClosed`, outcome unknown; a
later call reaches the restarted actor through the same `Ref`. It deliberately retries nothing: only
the caller knows whether a second attempt is safe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeVar

import trio

from actors.errors import ActorError
from actors.ref import Ref
from actors.runtime.trio_host import WOKEN, is_cancelled
from actors.store.lanes import Lane, Lanes
from actors.store.port import (
    Batch,
    Committed,
    Due,
    Head,
    LogRow,
    PendingEffect,
    Recorded,
    StoreClosed,
    StoreError,
)
from actors.store.requests import (
    GROUP_BATCHES_MAX,
    CommitGroup,
    Flush,
    Look,
    LookAtDocument,
    LookAtDocuments,
    LookAtDue,
    LookAtEffects,
    LookAtEntries,
    LookAtEvents,
    LookAtKey,
    LookAtOwner,
    LookAtStreams,
    Outcome,
    ReadHeads,
    each,
)
from wire.message import Request

COMMITS_WAITING_MAX = 10_000
"""The most commits that wait in one client; the next is refused with nothing applied."""

JOIN_PASSES_MIN = 3
"""How often a leader at least lets everybody run before it sends its group; microseconds each."""

JOIN_PASSES_MAX = 12
"""How often at most, while the group still grows."""

ANSWER_S_MAX = 30.0
"""How long the client waits for the actor, in seconds; then the outcome is unknown."""

current_task = trio.lowlevel.current_task
reschedule = trio.lowlevel.reschedule
wait_task_rescheduled = trio.lowlevel.wait_task_rescheduled

R = TypeVar("R")


class StoreClient:
    """The client for trio tasks; implements `actors.store.port.Store`. Has no task of its own.

    Group commit begins here: the first task that commits leads. It lets everybody who is runnable
    join, sends the group, tells each member its outcome, and hands the lead to the next who waits.

    Args:
        actor: the address of the actor that owns the database.
        lanes: shared by everybody who asks the same actor.
        patient: wait where a lane is full for as long as that takes.
    """

    def __init__(self, actor: Ref, lanes: Lanes | None = None, *, patient: bool = True) -> None:
        self._actor = actor
        self._lanes = lanes or Lanes.of()
        self._patient = patient
        self._waiting: deque[_Commit] = deque()
        self._led = False

    def for_peers(self) -> StoreClient:
        """As `Store.for_peers`."""
        return StoreClient(self._actor, self._lanes, patient=False)

    async def commit(self, batch: Batch) -> Committed:
        """As `Store.commit`."""
        if is_cancelled():
            await trio.lowlevel.checkpoint_if_cancelled()
        if len(self._waiting) >= COMMITS_WAITING_MAX:
            raise StoreError(f"{COMMITS_WAITING_MAX} commits wait already")
        mine = _Commit(batch, self._waiting)
        self._waiting.append(mine)
        if self._led:
            # A bare park costs half of an Event, and a task that was woken can no longer be
            # cancelled on its way: a lead once handed over is taken.
            mine.task = current_task()
            await wait_task_rescheduled(mine.give_up)
        else:
            self._led = True
        outcome = mine.outcome
        if outcome is None:
            outcome = await self._lead(mine)
        if isinstance(outcome, StoreError):
            raise outcome
        return outcome

    async def read(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """As `Store.read`."""
        return await self._look(LookAtEvents(stream, after_version))

    async def streams(self, prefix: str, after: str = "") -> list[str]:
        """As `Store.streams`."""
        return await self._look(LookAtStreams(prefix, after))

    async def effects(self, stream: str | None = None, after: str = "") -> list[PendingEffect]:
        """As `Store.effects`."""
        return await self._look(LookAtEffects(stream, after))

    async def due(self, from_ms: int = 0, after: str = "") -> list[Due]:
        """As `Store.due`."""
        return await self._look(LookAtDue(from_ms, after))

    async def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`."""
        return await self._look(LookAtDocument(collection, key))

    async def documents(self, collection: str, after: str = "") -> list[tuple[str, bytes]]:
        """As `Store.documents`."""
        return await self._look(LookAtDocuments(collection, after))

    async def owner(self, scope: str, key: str) -> str | None:
        """As `Store.owner`."""
        return await self._look(LookAtOwner(scope, key))

    async def key(self, stream: str) -> bytes | None:
        """As `Store.key`."""
        return await self._look(LookAtKey(stream))

    async def entries(self, shard: str, after_seq: int = 0) -> list[LogRow]:
        """As `Store.entries`."""
        return await self._look(LookAtEntries(shard, after_seq))

    async def heads(self) -> list[Head]:
        """As `Store.heads`; answered by the writer, behind every commit that was sent before."""
        return await self._ask(ReadHeads(), self._lanes.writes)

    async def flush(self) -> None:
        """As `Store.flush`."""
        await self._ask(Flush(), self._lanes.writes)

    async def _look(self, look: Look[R]) -> R:
        return await self._ask(look, self._lanes.reads)

    async def _ask(self, request: Request[R], lane: Lane) -> R:
        try:
            async with lane.place(patient=self._patient):
                return await self._actor.ask(request, within=ANSWER_S_MAX)
        except ActorError as error:
            raise StoreClosed(f"the database did not answer; outcome unknown: {error}") from error

    async def _lead(self, mine: _Commit) -> Outcome:
        """Commit one group. Shielded: the others in it must not suffer when one is cancelled."""
        with trio.CancelScope(shield=True):
            await self._let_others_join()
            size = min(len(self._waiting), GROUP_BATCHES_MAX)
            group = [self._waiting.popleft() for _ in range(size)]
            outcomes: Iterable[Outcome] = each(StoreClosed("the outcome is unknown"))
            request = CommitGroup(tuple(commit.batch for commit in group))
            try:
                answers = await self._ask(request, self._lanes.writes)
                assert len(answers) == len(group)
                outcomes = answers
            except StoreError as failure:
                outcomes = each(failure)
            finally:
                for commit, outcome in zip(group, outcomes, strict=False):
                    commit.outcome = outcome
                    commit.wake()
                self._hand_over()
        assert mine.outcome is not None
        return mine.outcome

    async def _let_others_join(self) -> None:
        """Yield while that brings more members; whoever was just answered often commits again."""
        for passed in range(JOIN_PASSES_MAX):
            before = len(self._waiting)
            await trio.lowlevel.cancel_shielded_checkpoint()
            if len(self._waiting) == before and passed >= JOIN_PASSES_MIN:
                return

    def _hand_over(self) -> None:
        if self._waiting:
            self._waiting[0].wake()
        else:
            self._led = False


class _Commit:
    """One task's batch; its turn comes with an outcome, or without one to lead the next group."""

    __slots__ = ("batch", "outcome", "task", "waiting")

    def __init__(self, batch: Batch, waiting: deque[_Commit]) -> None:
        self.batch = batch
        self.waiting = waiting
        self.outcome: Outcome | None = None
        self.task: trio.lowlevel.Task | None = None

    def wake(self) -> None:
        """Let its task go on, if it waits and has not given up."""
        task, self.task = self.task, None
        if task is not None:
            reschedule(task, WOKEN)

    def give_up(self, _raise_cancel: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
        """Its task is cancelled while it waits; a batch that is on its way stays there."""
        self.task = None
        if self in self.waiting:
            self.waiting.remove(self)
        return trio.lowlevel.Abort.SUCCEEDED


__all__ = ["ANSWER_S_MAX", "COMMITS_WAITING_MAX", "StoreClient"]
