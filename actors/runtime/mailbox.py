"""The receiving half of an actor: a queue with a bound, and senders that wait for room in it.

Order is arrival. A message that finds the mailbox full is not taken and becomes a dead letter,
unless it is a signal of the runtime itself (`actors.signals`), which is bounded otherwise; a sender
that would rather wait (`Ref.send`) is let in, in its turn, as soon as something was taken
out. Stop and restart never lie in this queue: they are done between two messages.

The queue is a plain deque and delivery is written out in `tell` and `ask` of both kinds of cells,
because that path is most of what the runtime does. A mailbox that is not open (no message yet, or
stopped for good) has a limit of 0, so that one comparison covers every reason to look closer.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from actors.ask import Ask
from actors.dead_letters import Reason
from actors.errors import ActorError, ActorStopped, MailboxFull
from actors.ref import Ref
from actors.shim import Seat
from actors.signals import Signal

if TYPE_CHECKING:
    from actors.node import Node
    from actors.shim import Host

SENDERS_MAX = 10_000
"""The most tasks that may wait for room in one mailbox."""

UNOPENED: deque[object] = deque(maxlen=0)
"""Stands for the queue until the first message, so that an idle actor costs no deque."""

CLOSED: deque[object] = deque(maxlen=0)
"""Stands for the queue of an actor that stopped for good."""


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


class Mailbox(Ref):
    """Where messages for one actor wait.

    Attributes:
        system: where the actor lives.
        queue: what waits, oldest first; requests as `Ask`, signals as they are.
        limit: how many may wait now: the capacity, or 0 while the mailbox is not open.
        capacity: how many may wait once it is open.
        peak: the most that were seen waiting, sampled when messages are taken out.
        senders: tasks that wait for room; None while nobody does.
        attention: something is to be done between two messages: senders wait, or a control.
    """

    __slots__ = ("attention", "capacity", "limit", "path", "peak", "queue", "senders", "system")

    def __init__(self, system: Node, path: str, capacity: int) -> None:
        self.system = system
        self.path = path
        self.capacity = capacity
        self.queue = UNOPENED
        self.limit = 0
        self.peak = 0
        self.senders: deque[Waiting] | None = None
        self.attention = False

    async def send(self, message: object) -> None:
        """See `Ref.send`."""
        host = self.system.host
        await host.check_cancelled()
        if len(self.queue) >= self.limit and not self.open():
            if self.queue is CLOSED:
                raise ActorStopped(self.path)
            await self._wait_for_room(host, message)
        else:
            self.tell(message)
            await host.breathe()

    def open(self) -> bool:
        """Make the queue of a mailbox that was never used; False if it is full or closed."""
        if self.queue is not UNOPENED:
            return False
        self.queue = deque()
        self.limit = self.capacity
        return True

    def accepts(self, message: object) -> bool:
        """The slow path of every delivery: the mailbox is not open yet, full, or closed.

        Returns:
            True when there is room now; otherwise the message has become a dead letter.
        """
        if self.open():
            return True
        if self.queue is CLOSED:
            self._bury(message, Reason.STOPPED)
        else:
            self.peak = self.limit
            self._bury(message, Reason.OVERFLOW)
        return False

    def unaccepted(self) -> ActorError:
        """The error for an asker whose request was not accepted."""
        return (ActorStopped if self.queue is CLOSED else MailboxFull)(self.path)

    def let_senders_in(self) -> None:
        """Take messages of waiting senders while there is room; cancelled senders are skipped."""
        senders = self.senders
        while senders and len(self.queue) < self.limit:
            waiting = senders.popleft()
            if waiting.waiter is not None:
                self.queue.append(waiting.message)
                self.system.host.wake(waiting)
        if not senders:
            self.senders = None

    def close(self) -> None:
        """For good: what waits becomes dead letters, whoever waits gets `ActorStopped`."""
        queue, self.queue = self.queue, CLOSED
        self.limit = 0
        for message in queue:
            if isinstance(message, Signal):
                continue
            self._bury(message, Reason.STOPPED)
            if type(message) is Ask:
                message.fail(ActorStopped(self.path))
        senders, self.senders = self.senders, None
        for waiting in senders or ():
            if waiting.waiter is not None:
                waiting.refused = True
                self.system.host.wake(waiting)

    async def _wait_for_room(self, host: Host, message: object) -> None:
        waiting = Waiting(message)
        if self.senders is None:
            self.senders = deque()
            self.attention = True
        assert len(self.senders) < SENDERS_MAX, "too many senders wait for room"
        self.senders.append(waiting)
        await host.park(waiting)
        if waiting.refused:
            raise ActorStopped(self.path)

    def _bury(self, message: object, reason: Reason) -> None:
        kind = type(message.message if type(message) is Ask else message)
        self.system.dead_letters.add(reason, self.path, kind.__name__)


__all__ = ["CLOSED", "UNOPENED", "Mailbox"]
