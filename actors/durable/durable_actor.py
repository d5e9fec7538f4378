"""A durable actor: a reactive actor whose every change is committed before anybody hears of it.

    command ──> decide ──> commit ──> evolve ──> reply ──> effects
                   │          │
                refusal    conflict: reload and decide again

One command at a time: while the actor loads or commits, commands wait in a bounded stash. Nothing
is done twice by intent, but anything may be after a crash: commands come again from their senders,
effects from the outbox. So rules and handlers must be idempotent, and the command that an effect
leads to settles that effect in its own commit.

It lives only while something is under way. What it owes later it leaves to the node's clock
(`actors.durable.clock`), which wakes it then.

It deliberately does not retry a commit whose outcome is unknown: the asker is told so, the actor
crashes, and its next incarnation reads what became true.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Generic

import msgspec
import trio

from actors.actor import NOREPLY, Actor, NoReply, on
from actors.ask import NOBODY, ReplyTo
from actors.context import Cancellable, TaskFailed
from actors.durable.behaviour import Behaviour, C, Commanded, E, Handler, S, Verdict
from actors.durable.history import History, Loaded, Step
from actors.durable.outbox import SELF, Outbox
from actors.errors import ActorError, HandlerCrashed
from actors.store import (
    MAIN,
    Batch,
    ClaimConflict,
    PendingEffect,
    Store,
    StoreClosed,
    StoreError,
    VersionConflict,
)
from actors.store.batch import BadBatch
from wire.message import Code, Message, Refusal, Request

STASH_MAX = 256
"""The most commands that wait while the actor loads or commits."""

CONFLICT_TRIES_MAX = 5
"""How often a command is decided anew because somebody else appended first."""

EFFECT_S_MAX = 120.0
"""How long one attempt of a handler may take, in seconds; then it has failed."""

STORE = "store"
"""The label of loading and committing; the other effects are labelled with their ids."""

BUSY = Refusal(Code.BUSY, "系统繁忙，请稍后重试。", retryable=True)
"""Nothing was done; the same command may be sent again."""


def come_again(caller: ReplyTo) -> None:
    """Say that nothing was done, and that the same command may be sent again."""
    caller.reply(BUSY)


class CommitUnknown(ActorError):
    """The store was lost during the commit: the command may or may not have been carried out."""


class CannotLoad(ActorError):
    """What the actor knows could not be read from the store: nothing was done."""


class Wake(Request[None], frozen=True):
    """Go on with what is owed by now, reviving the actor; answered when nothing is under way."""


class Phase(StrEnum):
    """What a durable actor is doing."""

    LOADING = "loading"
    READY = "ready"
    COMMITTING = "committing"


@dataclass(slots=True)
class Work:
    """One command on its way through the actor.

    Attributes:
        command: for `decide`; None when an effect is only to be settled.
        who: on whose behalf.
        caller: where the answer goes.
        settles: the id of the effect that led to it; empty if none did.
        tries: how often it met a conflict.
    """

    command: object | None
    who: str
    caller: ReplyTo = NOBODY
    settles: str = ""
    tries: int = 0


@dataclass(slots=True)
class Arrived:
    """A stream was loaded, or a batch was committed or refused by the store."""

    outcome: Loaded[Any] | StoreError | None = None


@dataclass(slots=True)
class Delivered:
    """A handler has done an effect."""

    effect_id: str
    command: object | None


@dataclass(slots=True)
class Rung:
    """It is time to try again what failed."""


@dataclass(slots=True)
class Commit(Generic[S]):
    """What is being committed, and for whom."""

    work: Work
    step: Step[S]
    reply: object | None = None


class DurableActor(Actor, Generic[S, C, E]):
    """The runtime of one behaviour under one key.

    Args:
        behaviour: the rules.
        stream: the name of its events in the store; nobody else appends to it.
        key: what the rules and handlers know it by.
        store: where it lives.
        handlers: who does its effects, by the name in `Effect.to`.
        observe: called with every state that has become true, after loading and after each commit
            of events, before the reply; for hints that may be missed. It must not wait or raise.
        expect: told when something will be due, before it is committed: the clock's alarm. An actor
            without one must owe nothing later, because nobody would wake it.
        shard: whose log its changes are entered in.
    """

    def __init__(
        self,
        behaviour: Behaviour[S, C, E],
        *,
        stream: str,
        key: str,
        store: Store,
        handlers: Mapping[str, Handler],
        observe: Callable[[S], None] = lambda _state: None,
        expect: Callable[[int], None] | None = None,
        shard: str = MAIN,
    ) -> None:
        self._behaviour = behaviour
        self._stream = stream
        self._key = key
        self._store = store
        self._handlers = handlers
        self._observe = observe
        self._expect = expect
        self._history = History(behaviour, stream, key, frozenset(handlers), shard)
        self._phase = Phase.LOADING
        self._now: Loaded[S] | None = None
        self._stash: deque[Work] = deque()
        self._turned_away = 0
        self._commit: Commit[S] | None = None
        self._alarm: Cancellable | None = None
        self._waker: ReplyTo = NOBODY

    def started(self) -> None:
        """Begin to load; commands that come meanwhile wait."""
        self._outbox = Outbox(self.context.outside.random, self._handlers)
        self._load()

    def stopping(self) -> None:
        """Answer whoever still waits: passivated, restarted or stopped."""
        self._abandon()

    def busy(self) -> bool:
        """Whether it must stay in memory: something waits or is under way."""
        return self._phase is not Phase.READY or bool(self._stash) or self._outbox.under_way()

    def inspect(self) -> dict[str, object]:
        """Where it stands and what it owes; of the state only what the behaviour shows."""
        shown: dict[str, object] = {
            "stream": self._stream,
            "phase": self._phase.value,
            "stash": len(self._stash),
            "turned_away": self._turned_away,
            "owed": len(self._outbox),
            "effects": self._outbox.inspect(),
        }
        if self._now is not None:
            shown["version"] = self._now.version
            shown["state"] = self._behaviour.inspect(self._now.state)
        return shown

    # What arrives.

    @on(object)
    def receive(self, message: object) -> NoReply | Refusal:
        """A command, bare or `Commanded`."""
        if len(self._stash) >= STASH_MAX:
            self._turned_away += 1
            return BUSY
        caller = self.context.caller()
        if isinstance(message, Commanded):
            self._stash.append(Work(message.command, message.who, caller))
        else:
            self._stash.append(Work(message, self.context.path, caller))
        self._go_on()
        return NOREPLY

    @on(Wake)
    def wake(self, _message: Wake) -> NoReply:
        """Being there is enough: loading resumes whatever is owed, and so does having a look."""
        self._waker.reply(None)
        self._waker = self.context.caller()
        self._go_on()
        return NOREPLY

    @on(Rung)
    def look(self, _message: Rung) -> None:
        """The end of a back-off has come."""
        self._go_on()

    @on(Arrived)
    def arrive(self, message: Arrived) -> None:
        """The store has answered."""
        outcome = message.outcome
        commit, self._commit = self._commit, None
        if commit is None:
            self._loaded(outcome)
        elif isinstance(outcome, StoreError):
            self._not_committed(commit, outcome)
        else:
            self._committed(commit)
        self._go_on()

    @on(Delivered)
    def deliver(self, message: Delivered) -> None:
        """A handler is done: its command, or nothing more, settles the effect."""
        self._stash.append(Work(message.command, self.context.path, settles=message.effect_id))
        self._go_on()

    @on(TaskFailed)
    def fail(self, message: TaskFailed) -> None:
        """A handler raised: try again later. Loading or committing itself failed: crash."""
        if message.label == STORE:
            self._abandon(self._cannot_load if self._commit is None else come_again)
            raise message.error
        self._outbox.fail(message.label, self.context.now())
        self._go_on()

    # One command after the other.

    def _go_on(self) -> None:
        """Do what can be done now, then set the alarm for what failed."""
        while self._phase is Phase.READY:
            self._deliver_due()
            if not self._stash:
                break
            self._begin(self._stash.popleft())
        self._set_alarm()
        if not self.busy():
            self._waker.reply(None)
            self._waker = NOBODY

    def _begin(self, work: Work) -> None:
        """Decide, and commit what was decided if there is anything to commit."""
        now = self._now
        assert now is not None
        at_ms = self.context.outside.wall.now_ms()
        with self._or_crash(work):
            verdict = self._decide(now, work, at_ms)
            if isinstance(verdict, Refusal):
                self._refuse(work, verdict)
                return
            done = (work.settles,) if work.settles else ()
            reminders = self._outbox.reminders()
            step = self._history.step(now, verdict, work.who, at_ms, done, reminders)
            self._expect_later(step.after.effects, at_ms)
        batch = step.batch
        if batch.appends or done or batch.claims or batch.releases or batch.documents:
            self._commit = Commit(work, step, verdict.reply)
            self._phase = Phase.COMMITTING
            self.context.start_task(STORE, partial(self._run_commit, batch))
        else:
            work.caller.reply(verdict.reply)

    def _decide(self, now: Loaded[S], work: Work, at_ms: int) -> Verdict[E] | Refusal:
        """The rules' word. An effect that leads nowhere is settled; one that may, is retried."""
        if work.command is None:
            return Verdict()
        command: Any = work.command
        verdict = self._behaviour.decide(now.state, command, at_ms, work.who)
        if isinstance(verdict, Refusal) and work.settles and not verdict.retryable:
            return Verdict()
        return verdict

    def _refuse(self, work: Work, refusal: Refusal) -> None:
        """A complete no; an effect's command has nobody to tell, so the effect is tried again."""
        if work.settles:
            self._outbox.fail(work.settles, self.context.now())
        else:
            work.caller.reply(refusal)

    # The store's answers.

    def _load(self) -> None:
        self._phase = Phase.LOADING
        self.context.start_task(STORE, self._run_load)

    async def _run_load(self) -> Arrived:
        try:
            return Arrived(await self._history.load(self._store))
        except StoreError as error:
            return Arrived(error)

    async def _run_commit(self, batch: Batch) -> Arrived:
        try:
            await self._store.commit(batch)
        except StoreError as error:
            return Arrived(error)
        return Arrived()

    def _loaded(self, outcome: Loaded[S] | StoreError | None) -> None:
        if isinstance(outcome, StoreError):
            self._abandon(self._cannot_load)
            raise outcome
        assert outcome is not None
        self._now = msgspec.structs.replace(outcome, effects=())
        self._outbox.replace(outcome.effects)
        self._phase = Phase.READY
        self._observe(outcome.state)

    def _committed(self, commit: Commit[S]) -> None:
        before, after = self._now, commit.step.after
        assert before is not None
        self._now = msgspec.structs.replace(after, effects=())
        self._outbox.add(after.effects)
        for effect_id in commit.step.batch.effects_done:
            self._outbox.settle(effect_id)
        self._phase = Phase.READY
        if after.version != before.version:
            self._observe(after.state)
        commit.work.caller.reply(commit.reply)

    def _not_committed(self, commit: Commit[S], error: StoreError) -> None:
        """Nothing was applied, unless the store is gone: then nobody knows."""
        work = commit.work
        if isinstance(error, StoreClosed):
            work.caller.fail(CommitUnknown(f"{self.context.path} lost its store in a commit"))
            self._abandon()
            raise error
        if isinstance(error, BadBatch):
            with self._or_crash(work):
                raise error
        self._phase = Phase.READY
        if isinstance(error, VersionConflict):
            work.tries += 1
            if work.tries < CONFLICT_TRIES_MAX:
                self._stash.appendleft(work)
            else:
                self._refuse(work, BUSY)
            self._load()
        elif isinstance(error, ClaimConflict) and work.command is not None:
            self._refuse_claim(work, error)
        else:
            self._refuse(work, BUSY)

    def _refuse_claim(self, work: Work, conflict: ClaimConflict) -> None:
        assert self._now is not None
        command: Any = work.command
        with self._or_crash(work):
            refusal = self._behaviour.refused_claim(self._now.state, command, conflict)
        if work.settles and not refusal.retryable:
            self._stash.appendleft(Work(None, work.who, settles=work.settles))
        else:
            self._refuse(work, refusal)

    # What is owed.

    def _deliver_due(self) -> None:
        """Start the handlers whose turn it is; an effect to itself joins the commands."""
        now_ms, now_s = self.context.outside.wall.now_ms(), self.context.now()
        for effect in self._outbox.begin(now_ms, now_s):
            message = self._history.message_of(effect)
            if effect.to == SELF:
                self._stash.append(Work(message, self.context.path, settles=effect.id))
            else:
                self._start(effect, message)

    def _start(self, effect: PendingEffect, message: Message) -> None:
        handler = self._handlers[effect.to]

        async def perform() -> Delivered:
            with trio.fail_after(EFFECT_S_MAX):
                command = await handler(self._key, message)
            return Delivered(effect.id, command)

        self.context.start_task(effect.id, perform)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._phase is Phase.READY and len(self._outbox) > 0:
            wait_s = self._outbox.retry_s(self.context.now())
            if wait_s is not None:
                self._alarm = self.context.after(wait_s, Rung())

    def _expect_later(self, effects: tuple[PendingEffect, ...], now_ms: int) -> None:
        later = [effect.due_ms for effect in effects if effect.due_ms > now_ms]
        if later:
            assert self._expect is not None, f"nobody would wake {self.context.path}"
            self._expect(min(later))

    # The end.

    @contextmanager
    def _or_crash(self, work: Work) -> Iterator[None]:
        """Rules that raise crash the actor; whoever waits for it is told before."""
        try:
            yield
        except BaseException:
            kind = type(work.command).__name__
            work.caller.fail(HandlerCrashed(f"{self.context.path} crashed on {kind}"))
            self._abandon()
            raise

    def _abandon(self, tell: Callable[[ReplyTo], None] = come_again) -> None:
        """Nobody waits in vain: what was not begun was not done, the rest is unknown."""
        commit, self._commit = self._commit, None
        if commit is not None:
            unknown = CommitUnknown(f"{self.context.path} stopped during a commit")
            commit.work.caller.fail(unknown)
        while self._stash:
            tell(self._stash.popleft().caller)
        waker, self._waker = self._waker, NOBODY
        tell(waker)

    def _cannot_load(self, caller: ReplyTo) -> None:
        caller.fail(CannotLoad(f"{self.context.path} cannot be loaded"))


__all__ = [
    "BUSY",
    "CONFLICT_TRIES_MAX",
    "EFFECT_S_MAX",
    "STASH_MAX",
    "CannotLoad",
    "DurableActor",
    "CommitUnknown",
    "Wake",
]
