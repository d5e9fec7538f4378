"""What can go wrong between an asker and an actor, as one tree.

    ActorError
    ├── AskTimeout        no answer in time: the outcome is unknown, it may still be carried out
    ├── MailboxFull       the message was not taken; it is counted in dead letters
    ├── ActorStopped      the actor is gone for good
    ├── Overloaded        too much waits for a slot beside the loop; nothing was done
    ├── TooManyWatchers   the actor has as many watchers as it may have; nobody watches for you
    ├── NotStarted        the actor could not be started, or fails again and again; nothing was done
    ├── HandlerCrashed    the actor crashed on this very message; its supervisor acts
    └── Refused           a complete "no", with its refusal

No text here carries a message's fields: paths and type names only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wire.message import Refusal


class ActorError(Exception):
    """Any failure of talking to an actor."""


class AskTimeout(ActorError):
    """No answer within the deadline: the request may or may not have been carried out."""


class MailboxFull(ActorError):
    """The mailbox is at its bound; the message was not taken."""


class ActorStopped(ActorError):
    """The actor was stopped for good, before or while it had the message."""


class NotStarted(ActorError):
    """The actor could not be started, or fails again and again; the message was not handled."""


class TooManyWatchers(ActorError):
    """The actor is watched by as many as may watch it; this one was not added."""


class Overloaded(ActorError):
    """As much waits for a slot beside the loop as may wait; nothing was done."""


class HandlerCrashed(ActorError):
    """The actor crashed on this message, which is now a dead letter (poison)."""


class Refused(ActorError):
    """The actor understood the request and refused it.

    Attributes:
        refusal: the typed reason, fit to show to a person.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.field or '-'}")
        self.refusal = refusal


def summarize(error: BaseException) -> str:
    """One line that says what crashed and where, without the error's text.

    The text of an exception may quote a field of a message, so only the type, the file, the line
    and the function of the innermost frame are told.
    """
    frame = error.__traceback__
    if frame is None:
        return type(error).__name__
    while frame.tb_next is not None:
        frame = frame.tb_next
    code = frame.tb_frame.f_code
    file = code.co_filename.rpartition("/")[2]
    return f"{type(error).__name__} in {code.co_qualname} ({file}:{frame.tb_lineno})"


__all__ = [
    "ActorError",
    "ActorStopped",
    "AskTimeout",
    "HandlerCrashed",
    "MailboxFull",
    "NotStarted",
    "Overloaded",
    "Refused",
    "TooManyWatchers",
    "summarize",
]
