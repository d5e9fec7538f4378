"""A request on its way, and the one answer it can get.

An `Ask` lies in the mailbox like any message and is at the same time the place where its asker
waits. It is answered at most once. When the asker has given up (deadline, cancellation) an answer
is counted as a late reply and dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from actors.dead_letters import Reason
from actors.errors import AskTimeout, HandlerCrashed, Refused
from actors.shim import Seat
from actors.timers import NOT_WAITING
from wire.message import Refusal

if TYPE_CHECKING:
    from actors.node import Node


class ReplyTo(Protocol):
    """Where the answer to a request goes; may be kept and used after the turn."""

    def reply(self, value: object) -> None:
        """Answer; a `Refusal` reaches the asker as `Refused`. Only the first answer counts."""

    def fail(self, error: Exception) -> None:
        """Raise `error` at the asker instead of an answer."""


class Nobody:
    """The caller of a message that was told: answers go nowhere."""

    def reply(self, value: object) -> None:
        """Do nothing."""

    def fail(self, error: Exception) -> None:
        """Do nothing."""


NOBODY = Nobody()
"""The one `Nobody`."""


class Delivery:
    """One message as a process actor takes it from its inbox: an `Ask`, or a `Told`.

    Attributes:
        message: what was told or asked.
    """

    __slots__ = ()

    message: Any

    def reply(self, value: object) -> None:
        """Answer a request (a `Refusal` reaches the asker as `Refused`); nothing for a tell."""

    def fail(self, error: Exception) -> None:
        """Raise `error` at the asker instead of an answer; nothing for a tell."""


class Told(Delivery):
    """A message that was told: nobody waits for an answer."""

    __slots__ = ("message",)

    def __init__(self, message: object) -> None:
        self.message = message


class Asked(Protocol):
    """The actor asked, as its request sees it.

    Attributes:
        path: of the actor.
        system: where it lives.
    """

    path: str
    system: Node


OPEN, ANSWERED, FAILED, GIVEN_UP = range(4)
"""What became of an ask; everything but `OPEN` is done."""


class Ask(Seat, Delivery):
    """One request, its asker and its answer; a `Seat` for the asker.

    Attributes:
        message: the request itself.
        cell: the actor asked.
        waiter: the parked asker, see `Seat`.
        done: `OPEN` while the asker waits; `ANSWERED`; `FAILED`; `GIVEN_UP` when the asker is gone.
        value: the answer once ANSWERED, what to raise once FAILED or timed out.
        due: its deadline in the timer wheel, while parked.
    """

    __slots__ = ("cell", "done", "due", "message", "value")

    cell: Asked
    done: int
    value: Any
    due: float

    if not TYPE_CHECKING:
        # Sets nothing: whoever makes one fills in message, cell, done and waiter at once. A call of
        # a function written in Python would be a thirtieth of a whole ask.
        __init__ = object.__init__

    def reply(self, value: object) -> None:
        """See `ReplyTo.reply`."""
        if type(value) is Refusal:
            self.fail(Refused(value))
        elif self.done:
            self._count_late()
        else:
            self.value = value
            self.done = ANSWERED
            if self.waiter is not None:
                self.cell.system.host.wake(self)

    def fail(self, error: Exception) -> None:
        """See `ReplyTo.fail`."""
        if self.done:
            self._count_late()
            return
        self.value = error
        self.done = FAILED
        if self.waiter is not None:
            self.cell.system.host.wake(self)

    def crashed(self) -> None:
        """Tell the asker that the actor crashed on this request."""
        self.fail(HandlerCrashed(f"{self.cell.path} crashed on {type(self.message).__name__}"))

    def abandon(self) -> None:
        """The asker was cancelled while it waited."""
        if self.done == OPEN:
            self.done = GIVEN_UP
        self.due = NOT_WAITING

    def ring(self) -> None:
        """The deadline has come: the wheel's call."""
        if not self.done:
            self.done = GIVEN_UP
            kind = type(self.message).__name__
            self.value = AskTimeout(f"{self.cell.path} did not answer {kind} in time")
            if self.waiter is not None:
                self.cell.system.host.wake(self)

    def _count_late(self) -> None:
        if self.done == GIVEN_UP:
            kind = type(self.message).__name__
            self.cell.system.dead_letters.add(Reason.LATE_REPLY, self.cell.path, kind)


__all__ = [
    "ANSWERED",
    "NOBODY",
    "OPEN",
    "Ask",
    "Asked",
    "Delivery",
    "Nobody",
    "ReplyTo",
    "Told",
]
