"""A process actor whose body lives on the asyncio loop: its shadow on the trio side, and itself.

`Hosted` is the shadow: an ordinary `Process` in an ordinary cell, so that supervision, mailbox,
monitors, dead letters and stop budgets are the same as everywhere. It starts the body on the other
loop, hands it messages up to its capacity, relays a stop, and ends exactly when the body has ended,
raising what the body raised. `Body` is one incarnation on the asyncio side.

What was handed over and not begun goes back to the mailbox when the body ends; what the body had
in hand is poison if it crashed.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog
import trio

from actors.ask import NOBODY, Ask, Delivery
from actors.context import Context
from actors.errors import ActorError, summarize
from actors.inbox import Inbox
from actors.process import Process
from actors.runtime.cell_context import cancel_monitors
from actors.signals import TASKS_MAX, Monitor, RunningTask, Signal
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.ask import ReplyTo
    from actors.asyncio_side.bridge import Crossing
    from actors.asyncio_side.loop import AsyncioLoop
    from actors.ports import Outside
    from actors.ref import Down, Ref
    from actors.signals import Owner

CANCEL_S_MAX = 5.0
"""How long a cancelled body may take to end, seconds; then it is left behind, and logged."""

log = structlog.get_logger("actors")


class Crossed(Delivery):
    """A delivery as the body on the asyncio side has it; answers go back across."""

    __slots__ = ("_crossing", "_delivery", "message")

    def __init__(self, delivery: Delivery, crossing: Crossing) -> None:
        self.message = delivery.message
        self._delivery = delivery
        self._crossing = crossing

    def reply(self, value: object) -> None:
        """See `Delivery.reply`."""
        self._crossing.to_trio(partial(self._delivery.reply, value))

    def fail(self, error: Exception) -> None:
        """See `Delivery.fail`."""
        self._crossing.to_trio(partial(self._delivery.fail, error))


def crossed(delivery: Delivery, crossing: Crossing) -> Delivery:
    """The delivery for other threads than trio's: its answer goes back across."""
    return Crossed(delivery, crossing) if isinstance(delivery, Ask) else delivery


class Conduit(Process):
    """A body that lives on the asyncio loop and has its work done on threads of its library.

    Its messages do not pass through the asyncio loop: waking a third thread only to hand them on
    costs more than many a request. Its inbox still tells it when to end.
    """

    @abstractmethod
    def take(self, delivery: Delivery) -> bool:
        """Accept a message on the trio side's thread, after `started`; must not wait or raise.

        The delivery may be answered from any thread.

        Returns:
            False when this incarnation takes no more: it is asked to end, if it does not already,
            and the message waits for the next one.
        """


class HostedInbox(Inbox):
    """The inbox of a body; its queue is filled from the trio side."""

    __slots__ = ("_crossing",)

    def __init__(
        self,
        queue: deque[object],
        host: AsyncioLoop,
        on_taken: Callable[[int], None],
        crossing: Crossing,
    ) -> None:
        super().__init__(queue, host, on_taken)
        self._crossing = crossing

    def _open(self, item: object) -> Delivery | None:
        if isinstance(item, Signal):
            return super()._open(item)
        assert isinstance(item, Delivery)
        return crossed(item, self._crossing)


class LoopTimer(Timer):
    """A timer of a body, in the asyncio loop's own wheel.

    Attributes:
        handle: the loop's.
    """

    __slots__ = ("handle",)

    handle: asyncio.TimerHandle

    def cancel(self) -> None:
        """See `Timer.cancel`."""
        super().cancel()
        self.handle.cancel()


class LoopMonitor(Monitor):
    """A monitor of a body, told on the trio side of somebody's end there."""

    __slots__ = ("_crossing",)

    def __init__(
        self, owner: Owner, places: dict[Self, None], watched: Ref, crossing: Crossing
    ) -> None:
        super().__init__(owner, places, watched)
        self._crossing = crossing

    def tell(self, down: Down) -> bool:
        """See `Monitor.tell`."""
        self._crossing.to_asyncio(partial(self.deliver, down))
        return True


class HostedContext(Context):
    """The context of a body on the asyncio side; everything it reaches is on the trio side."""

    __slots__ = ("_body", "_crossing", "me", "path")

    def __init__(self, body: Body, shadow: Context, crossing: Crossing) -> None:
        self._body = body
        self._crossing = crossing
        self.me = crossing.outward(shadow.me)
        self.path = shadow.path

    @property
    def outside(self) -> Outside:
        """See `Context.outside`; its `offload` is for the trio side only."""
        return self._crossing.system.outside

    def now(self) -> float:
        """See `Context.now`."""
        return self._crossing.loop.time()

    def start_task(self, label: str, work: Callable[[], Awaitable[object | None]]) -> None:
        """See `Context.start_task`."""
        running = RunningTask(self._body, self._body.tasks, TASKS_MAX)
        running.handle = self._crossing.loop.create_task(running.perform(label, work))

    def after(self, seconds: float, message: object) -> LoopTimer:
        """See `Context.after`."""
        timer = LoopTimer(self._body, self._body.timers, message)
        timer.handle = self._crossing.loop.call_later(max(seconds, 0.0), timer.ring)
        return timer

    def caller(self) -> ReplyTo:
        """See `Context.caller`; a process answers through its deliveries."""
        return NOBODY

    def monitor(self, ref: Ref) -> None:
        """See `Context.monitor`."""
        watched = self._crossing.outward(ref)
        watched.watch(LoopMonitor(self._body, self._body.monitors, watched, self._crossing))

    def demonitor(self, ref: Ref) -> None:
        """See `Context.demonitor`."""
        cancel_monitors(self._body.monitors, ref)

    def lookup(self, name: str) -> Ref | None:
        """See `Context.lookup`."""
        ref = self._crossing.system.find(name)
        return None if ref is None else self._crossing.outward(ref)

    def stop(self) -> None:
        """See `Context.stop`."""
        self._body.inbox.close()


class Body:
    """One incarnation on the asyncio side, and what both sides know of it.

    Attributes:
        capacity: how many messages may lie on the asyncio side.
        queue: those messages; appended on the trio side, taken on the asyncio side.
        inbox: what the body takes them from.
        process: the object, once the factory made it.
        incarnation: 1 while it lives; what is said to it then is for nobody afterwards.
        tasks: what it has set and not opened, see `actors.signals`.
        timers: the same.
        monitors: the same.
        is_up: on the trio side: `started` has returned, or the body is over already.
        is_over: on the trio side: the body has ended, with `error`.
        error: what the body raised.
    """

    def __init__(
        self, factory: Callable[[], Process], host: AsyncioLoop, crossing: Crossing
    ) -> None:
        self.capacity = Process.mailbox_capacity
        self.queue: deque[object] = deque()
        self.inbox = HostedInbox(self.queue, host, self._on_taken, crossing)
        self.process: Process | None = None
        self.is_up = trio.Event()
        self.is_over = trio.Event()
        self.error: Exception | None = None
        self._factory = factory
        self._crossing = crossing
        self._room = trio.Event()
        self._is_nudged = False
        self._wants_room = False
        self._task: asyncio.Task[None] | None = None
        self.incarnation = 1
        self.tasks: dict[RunningTask, None] = {}
        self.timers: dict[LoopTimer, None] = {}
        self.monitors: dict[LoopMonitor, None] = {}

    # On the asyncio side.

    def begin(self, shadow: Context) -> None:
        """Start the body's task."""
        context = HostedContext(self, shadow, self._crossing)
        self._task = self._crossing.loop.create_task(self._live(context), name=shadow.path)
        self._task.add_done_callback(self._ended)

    def finish(self) -> None:
        """Ask the body to end; one that never looked at its inbox would not notice."""
        self.inbox.close()
        if not self.inbox.touched:
            self.cancel()

    def cancel(self) -> None:
        """Cancel the body's task."""
        if self._task is not None:
            self._task.cancel()

    def deliver(self, signal: Signal) -> None:
        """A timer of the body has come, or one of its tasks has ended; see `Owner.deliver`."""
        self.queue.append(signal)
        self.inbox.nudge()

    async def _live(self, context: HostedContext) -> None:
        process = self._factory()
        self.capacity = process.mailbox_capacity
        process.context = context
        self.process = process
        await process.started()
        self._crossing.to_trio(self.is_up.set)
        await process.run(self.inbox)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.incarnation += 1
        for running in tuple(self.tasks):
            running.handle.cancel()
        for timer in tuple(self.timers):
            timer.cancel()
        for monitor in tuple(self.monitors):
            monitor.cancel()
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Exception):
            error = ActorError(f"{task.get_name()} ended with {type(error).__name__}")
        self._crossing.to_trio(partial(self._end, error))

    def _on_taken(self, _count: int) -> None:
        if self._wants_room:
            self._wants_room = False
            self._crossing.to_trio(self._room.set)

    def _nudge(self) -> None:
        self._is_nudged = False
        self.inbox.nudge()

    # On the trio side.

    async def forward(self, inbox: Inbox) -> None:
        """Hand over what arrives, as far as there is room; then relay that the inbox has ended."""
        process = self.process
        async for delivery in inbox:
            if isinstance(process, Conduit):
                if process.take(crossed(delivery, self._crossing)):
                    continue
                self.queue.append(delivery)
                break
            # Appended first: a nudge that is already on its way will see it.
            self.queue.append(delivery)
            if not self._is_nudged:
                self._is_nudged = True
                self._crossing.to_asyncio(self._nudge)
            while len(self.queue) >= self.capacity:
                self._room = trio.Event()
                self._wants_room = True
                # Asked for before looked at again: what is taken from now on sets the event.
                if len(self.queue) >= self.capacity:
                    await self._room.wait()
        self._crossing.to_asyncio(self.finish)

    async def be_over(self) -> bool:
        """Cancel the body if it is alive, and wait for its end; False if it does not end."""
        if not self.is_over.is_set():
            self._crossing.to_asyncio(self.cancel)
            with trio.move_on_after(CANCEL_S_MAX, shield=True):
                await self.is_over.wait()
        return self.is_over.is_set()

    def untaken(self) -> list[Delivery]:
        """What was handed over and not begun; once the body is over."""
        return [item for item in self.queue if isinstance(item, Delivery)]

    def _end(self, error: Exception | None) -> None:
        self.error = error
        self.is_over.set()
        self.is_up.set()


class Hosted(Process):
    """The shadow of one process actor that lives on an asyncio loop."""

    def __init__(
        self, factory: Callable[[], Process], host: AsyncioLoop, crossing: Crossing
    ) -> None:
        self._crossing = crossing
        self._body = Body(factory, host, crossing)

    async def started(self) -> None:
        """Start the body; its own failed start is raised here."""
        body = self._body
        self._crossing.to_asyncio(partial(body.begin, self.context))
        try:
            await body.is_up.wait()
        except trio.Cancelled:
            await body.be_over()
            raise
        if body.error is not None:
            raise body.error
        if body.is_over.is_set():
            raise ActorError(f"{self.context.path} ended while it started")

    async def run(self, inbox: Inbox) -> None:
        """Hand over messages until the body has ended, and end as it did."""
        body = self._body
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(body.forward, inbox)
                await body.is_over.wait()
                nursery.cancel_scope.cancel()
        finally:
            if await body.be_over():
                inbox.put_back(body.untaken())
            else:
                log.warning("hosted_body_left_behind", path=self.context.path)
            inbox.in_hand = body.inbox.in_hand
        if body.error is not None:
            raise body.error

    def inspect(self) -> dict[str, object]:
        """What the body shows; read across threads, so it may be a moment old."""
        process = self._body.process
        try:
            return {} if process is None else process.inspect()
        except RuntimeError as error:
            # A container of the body changed while it was read.
            return {"inspect": summarize(error)}


__all__ = ["CANCEL_S_MAX", "Body", "Conduit", "Hosted", "HostedContext", "HostedInbox"]
