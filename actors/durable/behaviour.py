"""The rules of a durable actor, as pure functions: what its author writes.

`decide` says what happens, `evolve` what is then true, `react` what is then owed to others, and
`reminders` what the actor wants to be told later as long as that is true. None of them waits, draws
a random number or looks at a clock; that is what makes them replayable. The runtime around them is
`actors.durable.durable_actor`.

Invariants expected of every behaviour: `evolve` accepts every event that `decide` ever gave out, in
the order in which they were given out, and never fails. A state is a value, which nobody changes
once it is there: the runtime evolves before it commits, and after a refused commit it goes on with
the state from before. So states are frozen Structs of frozen things; large maps in them are
persistent ones (`actors.durable.persistent`), and small ones are copied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from actors.store import Claim, ClaimConflict, Document
from wire.message import Code, Message, Refusal, ReplyT, Request

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


class Verdict(msgspec.Struct, Generic[E], frozen=True):
    """What a command leads to; everything in it becomes durable in one commit, then the reply goes.

    Attributes:
        events: facts, in order; may be empty, for instance for a question.
        reply: the answer to whoever asked.
        claims: business keys to own.
        releases: business keys to give back.
        documents: values to put or delete.
    """

    events: tuple[E, ...] = ()
    reply: object | None = None
    claims: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    documents: tuple[Document, ...] = ()


class Effect(msgspec.Struct, frozen=True):
    """Something that must be done, at least once, after the event that asks for it is durable.

    Attributes:
        to: the name of a handler.
        message: one of the behaviour's `effect_types`.
        due_ms: not before this Unix time in milliseconds; 0 is at once.
    """

    to: str
    message: Message | Request[Any]
    due_ms: int = 0


class Reminder(msgspec.Struct, frozen=True):
    """A command that the actor gives itself when its time has come.

    Attributes:
        message: one of the behaviour's `effect_types`; as a command, it may come in vain.
        due_ms: Unix time in milliseconds.
    """

    message: Message
    due_ms: int


class Commanded(Request[ReplyT], Generic[ReplyT], frozen=True):
    """A command, and on whose behalf it is given; without this, the actor itself is `who`.

    Attributes:
        who: the person, device or actor; goes into the audit entries.
        command: what `decide` gets.
    """

    who: str
    command: Request[ReplyT] | Message


class Behaviour(ABC, Generic[S, C, E]):
    """The rules of one kind of durable actor: state S, commands C, events E.

    Attributes:
        event_type: the union of all events, Structs with distinct tags.
        effect_types: the union of all messages that effects and reminders carry; None for none.
        state_type: what a snapshot is decoded as; None stands for the type of `initial`.
        snapshot_version: to be raised when the meaning of the state changes; older snapshots are
            then ignored and the events replayed.
    """

    event_type: ClassVar[object]
    effect_types: ClassVar[object] = None
    state_type: ClassVar[object] = None
    snapshot_version: ClassVar[int] = 1

    @abstractmethod
    def initial(self, key: str) -> S:
        """The state before the first event; a new one for every load."""

    @abstractmethod
    def decide(self, state: S, command: C, now_ms: int, who: str) -> Verdict[E] | Refusal:
        """What the command leads to, or why it leads to nothing.

        Args:
            state: as of now.
            command: may have been seen before: the same one twice must do no harm.
            now_ms: Unix time in milliseconds.
            who: on whose behalf.
        """

    @abstractmethod
    def evolve(self, state: S, event: E) -> S:
        """The state after the event. Never fails: the event has happened.

        Pure: the same state and event always give an equal state, and the state that was given is
        left as it was, with everything in it. What is not committed must never be seen.
        """

    def react(self, state: S, event: E) -> Iterable[Effect]:
        """What the event obliges the actor to have done; `state` is the one after it."""
        return ()

    def reminders(self, state: S) -> Iterable[Reminder]:
        """What the actor wants to be told in this state, and when.

        The runtime keeps exactly these: a commit that leads to another state withdraws those that
        are not wanted there and sets those that are new. One that has come is not set again until
        something has happened.
        """
        return ()

    def refused_claim(self, state: S, command: C, conflict: ClaimConflict) -> Refusal:
        """The answer to a command whose claim belongs to another owner."""
        return Refusal(Code.DUPLICATE, "该信息已被其他业务占用，请核对后重新办理。")

    def inspect(self, state: S) -> dict[str, object]:
        """What a console may see of the state; never a secret, never a card or ID number."""
        return {}


Handler = Callable[[str, Message], Awaitable[object | None]]
"""Does an effect: (the actor's key, the message) to a command for that actor, or None when all is
said. Called at least once for every effect, so it must be idempotent; raising means "try again"."""


__all__ = ["Behaviour", "Commanded", "Effect", "Handler", "Reminder", "Verdict"]
