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
from wire.message import Refusal

if TYPE_CHECKING:
    from actors.system import System


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


class Ask(Seat):
    """One request, its asker and its answer.

    Attributes:
        message: the request itself.
        path: of the actor asked.
        done: an answer is here, or the asker has given up.
        value: the answer.
        error: what to raise instead of it.
        given_up: the asker is gone.
        tick: the slot in the timer wheel, while parked.
    """

    __slots__ = ("done", "error", "given_up", "message", "path", "system", "tick", "value")

    def __init__(self, message: object, path: str, system: System) -> None:
        self.waiter = None
        self.message = message
        self.path = path
        self.system = system
        self.done = False
        self.error: Exception | None = None
        self.given_up = False
        self.value: Any = None
        self.tick = 0

    def reply(self, value: object) -> None:
        """See `ReplyTo.reply`."""
        if self.done:
            self._count_late()
            return
        self.done = True
        if type(value) is Refusal:
            self.error = Refused(value)
        else:
            self.value = value
        if self.waiter is not None:
            self.system.host.wake(self)

    def fail(self, error: Exception) -> None:
        """See `ReplyTo.fail`."""
        if self.done:
            self._count_late()
            return
        self.done = True
        self.error = error
        if self.waiter is not None:
            self.system.host.wake(self)

    def crashed(self) -> None:
        """Tell the asker that the actor crashed on this request."""
        self.fail(HandlerCrashed(f"{self.path} crashed on {type(self.message).__name__}"))

    def outcome(self) -> Any:
        """The answer of a request that is done.

        Raises:
            ActorError: or whatever else the actor handed to `fail`.
        """
        if self.error is not None:
            raise self.error
        return self.value

    async def wait(self, within: float) -> Any:
        """Park until the answer or the deadline, `within` seconds from now."""
        system = self.system
        wheel = system.wheel
        wheel.add(self, within)
        try:
            await system.host.park(self)
        finally:
            if not self.done:
                self.done = self.given_up = True
            if not self.given_up:
                wheel.discard(self)
        return self.outcome()

    def ring(self) -> None:
        """The deadline has come: the wheel's call."""
        if not self.done:
            self.done = self.given_up = True
            self.error = AskTimeout(f"{self.path} did not answer {type(self.message).__name__}")
            if self.waiter is not None:
                self.system.host.wake(self)

    def _count_late(self) -> None:
        if self.given_up:
            kind = type(self.message).__name__
            self.system.dead_letters.add(Reason.LATE_REPLY, self.path, kind)


__all__ = ["NOBODY", "Ask", "Nobody", "ReplyTo"]
