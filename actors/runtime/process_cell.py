"""The cell of a process actor: a body with a task, asked to end and never ended from outside.

The engine (`actors.runtime.trio_host.run_process`) tells it how the body's life goes; supervisors
tell it what they want.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.ask import ANSWERED, OPEN, Ask
from actors.dead_letters import Reason
from actors.errors import ActorStopped, summarize
from actors.inbox import Inbox
from actors.process import Process
from actors.runtime.cell import ALIVE, Cell, CellState
from actors.runtime.mailbox import CLOSED
from actors.timers import NOT_WAITING

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.context import Context
    from actors.node import Node
    from actors.runtime.cell import Overseer
    from actors.signals import Signal
    from wire.message import ReplyT, Request


class ProcessCell(Cell):
    """One process actor.

    Attributes:
        inbox: of the present incarnation; None while none is alive.
        cancel: ends the task; set by the engine while it runs.
        where: tells the line that the task waits at; set by the engine while it runs.
    """

    __slots__ = ("actor", "cancel", "for_good", "inbox", "where")

    actor: Process

    def __init__(
        self,
        system: Node,
        path: str,
        factory: Callable[[], Actor | Process],
        supervisor: Overseer,
        first: Process,
        context: Context,
    ) -> None:
        super().__init__(system, path, factory, supervisor, first.mailbox_capacity, context)
        self.actor = first
        self.inbox: Inbox | None = None
        self.cancel: Callable[[], None] | None = None
        self.where: Callable[[], str] | None = None
        self.for_good = False

    # Talking to it.

    def tell(self, message: object) -> bool:
        """See `Ref.tell`."""
        queue = self.queue
        if len(queue) >= self.limit:
            if not self.accepts(message):
                return False
            queue = self.queue
        inbox = self.inbox
        if inbox is not None and inbox.waiter is not None:
            self.system.host.wake(inbox)
        elif not queue:
            self.since = self.system.host.stopwatch()
        queue.append(message)
        return True

    async def ask(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """See `Ref.ask`; the asker always parks."""
        host = self.system.host
        if host.cancelled():
            await host.checkpoint()
        ask = Ask()
        ask.message, ask.cell = request, self
        ask.done, ask.waiter = OPEN, None
        if not self.tell(ask):
            raise self.unaccepted()
        self.system.wheel.add(ask, within)
        try:
            await host.park(ask)
        except BaseException:
            ask.abandon()
            raise
        ask.due = NOT_WAITING
        if ask.done == ANSWERED:
            answer: ReplyT = ask.value
            return answer
        raise ask.value

    def deliver(self, signal: Signal) -> None:
        """See `Cell.deliver`."""
        if self.queue is CLOSED:
            return
        self.open()
        inbox = self.inbox
        if inbox is not None and inbox.waiter is not None:
            self.system.host.wake(inbox)
        elif not self.queue:
            self.since = self.system.host.stopwatch()
        self.queue.append(signal)

    # Its life, as the engine tells it.

    def begin(self, cancel: Callable[[], None], where: Callable[[], str]) -> Process:
        """A new incarnation's object, before `started`; what the factory raises passes through.

        Args:
            cancel: ends the task.
            where: tells the line it waits at.

        Raises:
            ActorStopped: the actor was stopped for good before it began.
        """
        if self.for_good:
            raise ActorStopped(self.path)
        assert self.state in (CellState.NEW, CellState.DOWN), f"{self.path} is {self.state}"
        self.cancel = cancel
        self.where = where
        self.state = CellState.STARTING
        if self.incarnation > 0:
            self.restarts += 1
            fresh = self.factory()
            assert isinstance(fresh, Process), "a factory makes one kind of actor"
            self.actor = fresh
        self.incarnation += 1
        self.actor.context = self.context
        return self.actor

    def run_with_inbox(self) -> Inbox:
        """The incarnation is up: its inbox, open for messages."""
        self.open()
        self.inbox = Inbox(self.queue, self.system.host, self._taken)
        self.state = CellState.RUNNING
        return self.inbox

    def failed_start(self, error: Exception) -> None:
        """The factory or `started` crashed, or it was stopped; the starter gets the error."""
        self.last_error = summarize(error)
        self._over()
        self.announce_down(self.last_error)

    def ended(self, error: Exception | None) -> None:
        """The incarnation is over."""
        if error is not None:
            self.last_error = summarize(error)
        inbox, self.inbox = self.inbox, None
        if inbox is not None:
            self._account_for(inbox, error)
        self._over()
        self.report_down(error)

    def _over(self) -> None:
        self.cancel = self.where = None
        self.release()
        if self.for_good:
            self.state = CellState.STOPPED
            self.close()
            self.system.forget(self)
        else:
            self.state = CellState.DOWN

    def _account_for(self, inbox: Inbox, error: Exception | None) -> None:
        """What the body had in hand is poison after a crash; nobody waits for it in vain."""
        if error is not None:
            for delivery in inbox.in_hand:
                kind = type(delivery.message).__name__
                self.system.dead_letters.add(Reason.POISON, self.path, kind, self.last_error)
        for asked in inbox.unanswered:
            if asked.done:
                continue
            if error is None:
                asked.fail(ActorStopped(f"{self.path} ended without an answer"))
            else:
                asked.crashed()

    def _taken(self, count: int) -> None:
        self.handled += count
        left = len(self.queue)
        if left + count > self.peak:
            self.peak = left + count
        if left:
            self.since = self.system.host.stopwatch()
        if self.attention:
            self.let_senders_in()
            self.attention = self.senders is not None

    # What a supervisor does.

    def halt(self) -> None:
        """See `Cell.halt`."""
        if self.state not in ALIVE or self.state is CellState.STOPPING:
            return
        self.state = CellState.STOPPING
        if self.inbox is not None:
            self.inbox.close()
        if self.inbox is None or not self.inbox.touched:
            self.kill()

    def stop(self) -> None:
        """See `Cell.stop`."""
        if self.queue is CLOSED or self.for_good:
            return
        self.for_good = True
        if self.state in ALIVE:
            self.halt()
        else:
            self._over()

    def kill(self) -> None:
        """See `Cell.kill`."""
        if self.cancel is not None:
            self.cancel()

    def suspend(self) -> None:
        """See `Cell.suspend`."""
        if self.state is CellState.RUNNING and self.inbox is not None:
            self.state = CellState.SUSPENDED
            self.inbox.suspended = True

    def resume(self) -> None:
        """See `Cell.resume`."""
        if self.state is CellState.SUSPENDED and self.inbox is not None:
            self.state = CellState.RUNNING
            self.inbox.suspended = False
            self.inbox.nudge()

    def stuck_at(self) -> str:
        """See `Cell.stuck_at`."""
        return self.where() if self.where is not None else ""


__all__ = ["ProcessCell"]
