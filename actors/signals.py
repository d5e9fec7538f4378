"""What the runtime itself tells an actor: a timer has come, a task has ended, somebody is down.

A signal lies in the mailbox among the messages, in the order of arrival, but is never refused for
want of room: losing one would end a periodic actor's life in silence, while a sender that is turned
away can say it again. It carries the incarnation that it was meant for; one that is still there
when another incarnation opens it says nothing.

So that nothing is without a bound, a signal holds its place among the actor's timers, tasks or
monitors from the moment it is set until it is opened: a mailbox never holds more signals than
`TIMERS_MAX`, `TASKS_MAX` and `MONITORS_MAX` together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from actors.context import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actors.ref import Down, Ref
    from actors.shim import Handle

TASKS_MAX = 1_024
"""The most tasks of one actor at a time; one more is a crash."""

TIMERS_MAX = 4_096
"""The most timers of one actor at a time; one more is a crash."""

MONITORS_MAX = 16_384
"""The most actors that one actor is to be told the end of; one more is a crash."""


class Owner(Protocol):
    """The actor that a signal is for, as the signal sees it.

    Attributes:
        incarnation: the number of the present one.
    """

    incarnation: int

    def deliver(self, signal: Signal) -> None:
        """Put a signal into the mailbox, however full it is."""


class Signal:
    """One thing that the runtime tells one incarnation.

    Args:
        owner: whose it is.
        places: what the incarnation has set of this kind and not opened, in the order of setting.
        places_max: how many may be counted there.

    Attributes:
        owner: the same.
        message: what it says; set before it is delivered.
    """

    __slots__ = ("_incarnation", "_is_withdrawn", "_places", "message", "owner")

    message: object

    def __init__(self, owner: Owner, places: dict[Any, None], places_max: int) -> None:
        assert len(places) < places_max, f"too many {type(self).__name__.lower()}s of one actor"
        self.owner = owner
        self._incarnation = owner.incarnation
        self._is_withdrawn = False
        self._places = places
        places[self] = None

    def deliver(self, message: object) -> None:
        """Say it, if the incarnation that it is for is still there."""
        if self._incarnation == self.owner.incarnation:
            self.message = message
            self.owner.deliver(self)
        else:
            self.forget()

    def open(self) -> bool:
        """Take it out of the mailbox for good: whether it is still for whoever is there now."""
        self.forget()
        return self._incarnation == self.owner.incarnation and not self._is_withdrawn

    def withdraw(self) -> None:
        """Never say it, also when it lies in the mailbox; harmless afterwards."""
        self._is_withdrawn = True
        self.forget()

    def forget(self) -> None:
        """Give its place back."""
        self._places.pop(self, None)


class Monitor(Signal):
    """Somebody's end, which the owner wants to be told of.

    Attributes:
        watched: who it is.
    """

    __slots__ = ("watched",)

    def __init__(self, owner: Owner, places: dict[Any, None], watched: Ref) -> None:
        super().__init__(owner, places, MONITORS_MAX)
        self.watched = watched

    def tell(self, down: Down) -> bool:
        """The watched incarnation is over; True, because it is never refused."""
        self.deliver(down)
        return True

    def cancel(self) -> None:
        """Give the seat at the watched actor back; never tell, also when told and not opened."""
        self.withdraw()
        self.watched.unwatch(self)


class RunningTask(Signal):
    """Work beside an actor, and then what came of it.

    Attributes:
        handle: of the task that does it.
    """

    __slots__ = ("handle",)

    handle: Handle

    async def perform(self, label: str, work: Callable[[], Awaitable[object | None]]) -> None:
        """Do it, and tell the actor what it returned or raised; nothing when cancelled."""
        outcome: object | None = None
        try:
            outcome = await work()
        except Exception as error:  # any failure is the actor's to judge, as TaskFailed
            outcome = TaskFailed(label, error)
        finally:
            if outcome is None:
                self.forget()
        if outcome is not None:
            self.deliver(outcome)


__all__ = [
    "TASKS_MAX",
    "MONITORS_MAX",
    "TIMERS_MAX",
    "Monitor",
    "Owner",
    "RunningTask",
    "Signal",
]
