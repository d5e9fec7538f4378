"""What an actor may do besides handling its messages.

One context serves all incarnations of an actor; tasks and timers belong to the incarnation that
started them and are cancelled with it. `actors.runtime.cell_context` makes the one of an actor that
lives on its system's own loop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from wire.message import Message

if TYPE_CHECKING:
    from actors.ask import ReplyTo
    from actors.ports import Outside
    from actors.ref import Ref


class TaskFailed(Message, frozen=True):
    """Told to an actor when one of its tasks raised.

    Attributes:
        label: which, in the actor's own words.
        error: what it raised.
    """

    label: str
    error: Exception


class Cancellable(Protocol):
    """What `Context.after` returns."""

    def cancel(self) -> None:
        """Never deliver it, also when it lies in the mailbox; harmless when it was delivered."""


class Context(ABC):
    """An actor's side of the runtime.

    Attributes:
        me: the actor's own Ref.
        path: the same as `me.path`.
    """

    __slots__ = ()

    me: Ref
    path: str

    @property
    @abstractmethod
    def outside(self) -> Outside:
        """Clock, ids, entropy, random and offload of the system."""

    @abstractmethod
    def now(self) -> float:
        """Seconds on the loop's monotonic clock."""

    @abstractmethod
    def start_task(self, label: str, work: Callable[[], Awaitable[object | None]]) -> None:
        """Run `work` beside the actor; cancelled when the incarnation ends.

        What it returns, unless None, is told to the actor; what it raises is told as
        `TaskFailed(label, error)`. Neither is lost to a full mailbox, see `actors.signals`.
        """

    @abstractmethod
    def after(self, seconds: float, message: object) -> Cancellable:
        """Tell `message` to the actor after `seconds`, unless cancelled or the incarnation ends.

        It is not lost to a full mailbox, and not told to another incarnation.
        """

    @abstractmethod
    def caller(self) -> ReplyTo:
        """Who asked the request in hand; keep it and return `NOREPLY` to answer later.

        For a message that was told, answers go nowhere.
        """

    @abstractmethod
    def monitor(self, ref: Ref) -> None:
        """Be told one `Down` when the present incarnation of `ref` ends.

        It is not lost to a full mailbox; this incarnation alone is told.

        Raises:
            TooManyWatchers: nobody else may monitor that actor; see `Ref.watch`.
            ActorStopped: `ref` is a name that nobody has.
        """

    @abstractmethod
    def demonitor(self, ref: Ref) -> None:
        """Undo every `monitor` of `ref`, for good (OTP: `demonitor` with `flush`).

        A `Down` that lies in the mailbox is not told any more; harmless when it was.
        """

    @abstractmethod
    def lookup(self, name: str) -> Ref | None:
        """The Ref registered under `name`, or at that path."""

    @abstractmethod
    def stop(self) -> None:
        """End this incarnation normally after the turn in hand; the supervisor decides the rest."""


__all__ = ["Cancellable", "Context", "TaskFailed"]
