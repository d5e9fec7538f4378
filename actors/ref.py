"""The stable address of an actor: what everybody else holds of it.

A `Ref` survives every restart of its actor and dies only when the actor is stopped for good. It
shows a path and three ways of talking, never the actor's object. A `Ref` belongs to the event loop
that it was made for; `actors.asyncio_side.bridge` makes the ones that cross.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from wire.message import Message, ReplyT, Request


class Down(Message, frozen=True):
    """Told once to everybody who monitored an actor, when its incarnation ends.

    Attributes:
        path: of the actor; its Ref may already be alive again when this is read.
        reason: `STOPPED`, or the one-line summary of the crash; `NOT_WATCHED` if it never was.
    """

    path: str
    reason: str


STOPPED = "stopped"
"""The reason in a `Down` after a normal end."""


NOT_WATCHED = "not watched"
"""The reason in a `Down` that says nothing of the actor (OTP: `noconnection`): somebody on another
event loop could not watch it, because too many do or nobody has that name."""


class Watcher(Protocol):
    """Who is told about the end of an actor: any `Ref`, or an actor's monitor."""

    def tell(self, down: Down, /) -> bool:
        """Take it; see `Ref.tell`."""


class Ref(ABC):
    """Where an actor can be reached.

    Attributes:
        path: for instance `/office/queue`; unique in its system.
    """

    __slots__ = ("__weakref__",)

    path: str

    @abstractmethod
    def tell(self, message: object) -> bool:
        """Put a message into the mailbox; never waits.

        Returns:
            False when it was not taken (mailbox full, actor stopped): it is then in dead letters,
            with the reason.
        """

    @abstractmethod
    async def send(self, message: object) -> None:
        """Put a message into the mailbox, waiting for room in the order of arrival.

        For tasks; a reactive handler cannot wait and uses `tell`.

        Raises:
            ActorStopped: the actor is gone, or went while this waited.
        """

    @abstractmethod
    async def ask(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """Send a request and wait for its answer.

        The asker may run other actors' turns on its own stack while it waits. It always notices
        cancellation before the request is sent.

        Args:
            request: carries the type of its answer.
            within: seconds until `AskTimeout`; counted from when the asker has to wait.

        Raises:
            AskTimeout: the outcome is unknown.
            MailboxFull: the request was not taken.
            ActorStopped: the actor is gone; whether the request was carried out is unknown.
            HandlerCrashed: the actor crashed on this request.
            Refused: the answer was a `Refusal`.
        """

    @abstractmethod
    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` one `Down` when the present incarnation ends; at once if it is over.

        Watching again before that changes nothing.

        Raises:
            TooManyWatchers: it is watched by as many as may watch one actor. From another event
                loop a `Down` with the reason `NOT_WATCHED` says so.
        """

    @abstractmethod
    def unwatch(self, watcher: Watcher) -> None:
        """Undo `watch`: its seat is free; harmless when it does not watch."""

    def __repr__(self) -> str:
        return self.path


__all__ = ["NOT_WATCHED", "STOPPED", "Down", "Ref", "Watcher"]
