"""What a process actor takes its messages from, on either event loop.

A body that takes a message is done with the one before: what it took last is what it has in hand,
and is poison if it crashes. Messages are handed out without a task switch while there are any; the
body parks only when the mailbox is empty, and lets others run every `TAKEN_PER_PASS_MAX`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from actors.ask import Ask, Delivery, Told
from actors.errors import ActorStopped
from actors.shim import Seat
from actors.signals import Signal

if TYPE_CHECKING:
    from actors.shim import Host

TAKEN_PER_PASS_MAX = 64
"""Messages a body takes before other tasks get to run."""

UNANSWERED_BEFORE_SWEEP = 256
"""How many taken requests are remembered before answered ones are forgotten."""


class Signalled(Told):
    """What the runtime told, and the signal that said it."""

    __slots__ = ("signal",)

    def __init__(self, signal: Signal) -> None:
        super().__init__(signal.message)
        self.signal = signal


class Inbox(Seat):
    """The receiving end of a process actor's mailbox, for one incarnation.

    `async for delivery in inbox` ends when the actor is asked to stop, before what still waits.

    Attributes:
        queue: where the messages are.
        closed: asked to end.
        suspended: hands out nothing for now.
        touched: the body has looked at its inbox at least once.
        in_hand: what was taken last.
        unanswered: requests taken and perhaps not yet answered.
    """

    __slots__ = (
        "_host",
        "_on_taken",
        "_sweep_at",
        "_until_pause",
        "closed",
        "in_hand",
        "queue",
        "suspended",
        "touched",
        "unanswered",
    )

    def __init__(self, queue: deque[object], host: Host, on_taken: Callable[[int], None]) -> None:
        super().__init__()
        self.queue = queue
        self.closed = False
        self.suspended = False
        self.touched = False
        self.in_hand: Sequence[Delivery] = ()
        self.unanswered: dict[Ask, None] = {}
        self._host = host
        self._on_taken = on_taken
        self._sweep_at = UNANSWERED_BEFORE_SWEEP
        self._until_pause = TAKEN_PER_PASS_MAX

    def __aiter__(self) -> Inbox:
        return self

    async def __anext__(self) -> Delivery:
        self.touched = True
        queue = self.queue
        if self._until_pause <= 0:
            self._until_pause = TAKEN_PER_PASS_MAX
            await self._host.checkpoint()
        while True:
            while not queue or self.suspended or self.closed:
                self.in_hand = ()
                if self.closed:
                    raise StopAsyncIteration
                self._until_pause = TAKEN_PER_PASS_MAX
                await self._host.park(self)
            self._until_pause -= 1
            delivery = self._open(queue.popleft())
            self._on_taken(1)
            if delivery is not None:
                self.in_hand = (delivery,)
                return delivery

    async def receive(self) -> Delivery:
        """The next message, waiting for it.

        Raises:
            ActorStopped: the actor was asked to end.
        """
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            raise ActorStopped("asked to end") from None

    def drain(self) -> list[Delivery]:
        """Everything that waits, without waiting; empty when nothing does."""
        self.touched = True
        self.in_hand = ()
        if self.closed or self.suspended:
            return []
        waiting = len(self.queue)
        opened = [self._open(self.queue.popleft()) for _ in range(waiting)]
        self.in_hand = taken = [delivery for delivery in opened if delivery is not None]
        if waiting:
            self._on_taken(waiting)
        return taken

    def put_back(self, deliveries: Sequence[Delivery]) -> None:
        """Return what was taken and not begun to the front of the mailbox, in order."""
        for delivery in reversed(deliveries):
            if type(delivery) is Ask:
                self.unanswered.pop(delivery, None)
                self.queue.appendleft(delivery)
            elif type(delivery) is Signalled:
                self.queue.appendleft(delivery.signal)
            else:
                self.queue.appendleft(delivery.message)

    def nudge(self) -> None:
        """Something changed: let the body look again."""
        if self.waiter is not None:
            self._host.wake(self)

    def close(self) -> None:
        """Ask the body to end."""
        self.closed = True
        self.nudge()

    def _open(self, item: object) -> Delivery | None:
        """What the body gets; None for a signal to a former incarnation."""
        if isinstance(item, Signal):
            return Signalled(item) if item.open() else None
        if type(item) is not Ask:
            return Told(item)
        unanswered = self.unanswered
        if len(unanswered) >= self._sweep_at:
            self.unanswered = unanswered = {ask: None for ask in unanswered if not ask.done}
            self._sweep_at = max(UNANSWERED_BEFORE_SWEEP, 2 * len(unanswered))
        unanswered[item] = None
        return item


__all__ = ["TAKEN_PER_PASS_MAX", "Delivery", "Inbox"]
