"""Where messages wait for an actor: a deque with a bound, and senders that wait for room in it.

Order is arrival. A message that finds the mailbox full is not taken and becomes a dead letter; a
sender that would rather wait (`Ref.send`) is let in, in its turn, as soon as something was taken
out. Stop and restart never lie in this queue: they are done between two messages.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from actors.errors import ActorStopped
from actors.shim import Seat

if TYPE_CHECKING:
    from actors.shim import Host

SENDERS_MAX = 10_000
"""The most tasks that may wait for room in one mailbox."""


class Waiting(Seat):
    """One sender waiting for room.

    Attributes:
        message: what it wants to send.
        refused: the actor stopped meanwhile.
    """

    __slots__ = ("message", "refused")

    def __init__(self, message: object) -> None:
        super().__init__()
        self.message = message
        self.refused = False


class Mailbox(deque[object]):
    """The messages that wait, oldest first.

    Attributes:
        capacity: how many may wait.
        peak: the most that were seen waiting.
        senders: tasks that wait for room; None while nobody ever did.
    """

    __slots__ = ("capacity", "peak", "senders")

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self.peak = 0
        self.senders: deque[Waiting] | None = None

    async def wait_for_room(self, host: Host, message: object) -> None:
        """Wait until the message was let in.

        Raises:
            ActorStopped: the actor stopped first.
        """
        waiting = Waiting(message)
        if self.senders is None:
            self.senders = deque()
        assert len(self.senders) < SENDERS_MAX, "too many senders wait for room"
        self.senders.append(waiting)
        await host.park(waiting)
        if waiting.refused:
            raise ActorStopped

    def let_senders_in(self, host: Host) -> None:
        """Take messages of waiting senders while there is room; cancelled senders are skipped."""
        senders = self.senders
        while senders and len(self) < self.capacity:
            waiting = senders.popleft()
            if waiting.waiter is not None:
                self.append(waiting.message)
                host.wake(waiting)

    def turn_senders_away(self, host: Host) -> None:
        """The actor is gone for good."""
        while self.senders:
            waiting = self.senders.popleft()
            if waiting.waiter is not None:
                waiting.refused = True
                host.wake(waiting)


UNOPENED = Mailbox(0)
"""Stands for a mailbox until the first message, so that an idle actor costs no deque."""

CLOSED = Mailbox(0)
"""Stands for the mailbox of an actor that stopped for good."""


__all__ = ["CLOSED", "UNOPENED", "Mailbox", "Waiting"]
