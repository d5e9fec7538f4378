"""A reactive actor: state, and synchronous handlers chosen by the type of the message.

A handler is a plain method. It cannot wait, so two turns of one actor never overlap, two actors
can never dead-lock by asking each other, and the same messages in the same order always give the
same result. Whatever has to wait is a task (`context.start_task`), whose result comes back as a
message.

A handler must not depend on the task, the cancel scope or the context variables it runs under:
a turn may run on the stack of whoever asked.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar

from actors.signals import Monitor, RunningTask
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.context import Context

MessageT = TypeVar("MessageT")
ActorT = TypeVar("ActorT")
AnswerT = TypeVar("AnswerT")

Handlers = dict[type, Callable[[Any, Any], object]]
"""From the type of a message to the function that handles it."""

REACTIVE_MAILBOX_CAPACITY = 1024
"""How many messages wait for a reactive actor unless its class says otherwise."""


class NoReply(Enum):
    """The type of `NOREPLY`."""

    NOREPLY = "NOREPLY"


NOREPLY: Final[Literal[NoReply.NOREPLY]] = NoReply.NOREPLY
"""Returned by a handler that keeps `context.caller()` and answers later."""


def _open(_actor: object, signal: Any) -> None:
    """Handles every signal: the actor's cell knows whether it is still meant for this one."""
    signal.owner.opened(signal)


SIGNALS: Handlers = dict.fromkeys((Timer, RunningTask, Monitor), _open)
"""What every actor handles."""


def on(
    kind: type[MessageT],
) -> Callable[[Callable[[ActorT, MessageT], AnswerT]], Callable[[ActorT, MessageT], AnswerT]]:
    """Mark a method of an `Actor` as the handler of one type of message.

    The nearest base class wins: a handler of `object` takes whatever no other handler takes. What
    the method returns is the answer to a request, and is dropped when the message was told.
    """

    def mark(
        method: Callable[[ActorT, MessageT], AnswerT],
    ) -> Callable[[ActorT, MessageT], AnswerT]:
        kinds: tuple[type, ...] = getattr(method, "handles", ())
        vars(method)["handles"] = (*kinds, kind)
        return method

    return mark


class Actor:
    """Base of every reactive actor.

    Attributes:
        mailbox_capacity: how many messages may wait; one more becomes a dead letter.
        context: what the actor may do; set before `started`, absent in `__init__`.
        handlers: collected from the methods marked with `@on`, by class.
    """

    mailbox_capacity: ClassVar[int] = REACTIVE_MAILBOX_CAPACITY
    handlers: ClassVar[Handlers] = SIGNALS
    context: Context

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.handlers = {**SIGNALS}
        for base in reversed(cls.__mro__):
            for method in vars(base).values():
                for kind in getattr(method, "handles", ()):
                    cls.handlers[kind] = method

    @classmethod
    def can_handle(cls, kind: type) -> bool:
        """Whether a base class of `kind` has a handler, which is then that of `kind` too."""
        for base in kind.__mro__:
            if base in cls.handlers:
                cls.handlers[kind] = cls.handlers[base]
                return True
        return False

    def started(self) -> None:
        """Called before the first turn of every incarnation; a crash here is a failed start."""

    def stopping(self) -> None:
        """Called after the last turn of an incarnation that ends without a crash."""

    def inspect(self) -> dict[str, object]:
        """What a console may see of the state; never a secret, never a card or ID number."""
        return {}


__all__ = [
    "NOREPLY",
    "REACTIVE_MAILBOX_CAPACITY",
    "Actor",
    "Handlers",
    "NoReply",
    "on",
]
