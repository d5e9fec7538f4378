"""The cell of a reactive actor: no task, turns run from the dispatcher's queue.

Everything here happens within a call. A supervisor's `stop`, `halt`, `restart` or `suspend` is
done at once, before anything that waits in the mailbox; when it comes from the actor's own turn it
is put into the control lane and done right after that turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.actor import Actor
from actors.ask import ANSWERED, OPEN, Ask
from actors.dead_letters import Reason
from actors.errors import ActorError, summarize
from actors.runtime.cell import ALIVE, Cell, CellState
from actors.runtime.mailbox import CLOSED
from actors.signals import Signal
from actors.timers import NOT_WAITING

if TYPE_CHECKING:
    from actors.actor import Handlers
    from actors.context import Context
    from actors.node import Node
    from actors.process import Process
    from actors.runtime.cell import Overseer
    from actors.runtime.dispatcher import Dispatcher
    from wire.message import ReplyT, Request

RUNNING = CellState.RUNNING

CONTROLS_PER_TURN_MAX = 16
"""The most things one turn may ask to be done to its own cell."""


class ReactiveCell(Cell):
    """One reactive actor."""

    __slots__ = ("actor", "control", "dispatcher", "handlers", "idle", "off_queue")

    actor: Actor

    def __init__(
        self,
        system: Node,
        path: str,
        factory: Callable[[], Actor | Process],
        supervisor: Overseer,
        first: Actor,
        context: Context,
        dispatcher: Dispatcher,
    ) -> None:
        super().__init__(system, path, factory, supervisor, first.mailbox_capacity, context)
        self.actor = first
        self.dispatcher = dispatcher
        self.handlers: Handlers = first.handlers
        # control: what this turn asks to be done to its own cell.
        # idle: the mailbox is empty and the cell is not in the run queue.
        # off_queue: it was taken out of the run queue because it may not run.
        self.idle = True
        self.off_queue = False
        self.control: list[Callable[[], None]] | None = None

    # Talking to it.

    def tell(self, message: object) -> bool:
        """See `Ref.tell`."""
        queue = self.queue
        if len(queue) >= self.limit:
            if not self.accepts(message):
                return False
            queue = self.queue
        queue.append(message)
        if self.idle:
            self.idle = False
            dispatcher = self.dispatcher
            dispatcher.runnable.append(self)
            # Within a turn nobody has to be woken: whoever drains sees it next.
            if dispatcher.current is None:
                dispatcher.wake()
        return True

    async def ask(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """See `Ref.ask`."""
        dispatcher = self.dispatcher
        if dispatcher.credit <= 0 or dispatcher.cancelled():
            await dispatcher.rest()
        # Filled in here: half the price of a constructor, on the busiest path there is.
        ask = Ask()
        ask.message, ask.cell = request, self
        ask.done, ask.waiter = OPEN, None
        queue = self.queue
        if len(queue) >= self.limit:
            if not self.accepts(ask):
                raise self.unaccepted()
            queue = self.queue
        queue.append(ask)
        if self.idle:
            self.idle = False
            dispatcher.runnable.append(self)
        # A turn is on the stack only if a handler drives a coroutine by hand; then nobody assists.
        if dispatcher.current is None:
            dispatcher.assist(ask)
            if dispatcher.runnable:
                dispatcher.wake()
        if not ask.done:
            self.system.wheel.add(ask, within)
            try:
                await dispatcher.host.park(ask)
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
        self.queue.append(signal)
        if self.idle:
            self.idle = False
            self.dispatcher.runnable.append(self)
            if self.dispatcher.current is None:
                self.dispatcher.wake()

    def waiting_since(self) -> float:
        """See `Cell.waiting_since`; no earlier than the run queue has been waiting itself."""
        if self.off_queue:
            return self.since
        return max(self.since, self.dispatcher.busy_since)

    # Its turns.

    def opened(self, signal: Signal) -> None:
        """A signal's turn is that of its message; a former incarnation's has none."""
        if signal.open():
            message = signal.message
            kind = type(message)
            turns = self.dispatcher.turns
            turns[-1] = (turns[-1][0], self.path, kind)
            self.handlers[kind](self.actor, message)

    def failed(self, error: Exception, kind: type, message: object) -> None:
        """The turn failed: no handler was found, or the handler crashed."""
        self.dispatcher.current = self.dispatcher
        self.in_hand = None
        if isinstance(message, Signal):
            kind = type(message.message)
        if kind not in self.handlers:
            self._not_handled(kind, message)
        else:
            self._crashed(error, kind, message)

    def _not_handled(self, kind: type, message: object) -> None:
        """A message of a new type is tried again; of an unknown one, it is the sender's mistake."""
        self.handled -= 1
        if self.actor.can_handle(kind):
            self.queue.appendleft(message)
        else:
            self.system.dead_letters.add(Reason.NO_HANDLER, self.path, kind.__name__)
            if type(message) is Ask:
                message.fail(ActorError(f"{self.path} has no handler for {kind.__name__}"))
        self.dispatcher.turns.pop()
        self.settle()

    def _crashed(self, error: Exception, kind: type, message: object) -> None:
        """The message is poison and the incarnation is over."""
        self.off_queue = True
        if self.senders is not None:
            self.let_senders_in()
        self.control = None
        self.state = CellState.DOWN
        self.last_error = summarize(error)
        self.system.dead_letters.add(Reason.POISON, self.path, kind.__name__, self.last_error)
        if type(message) is Ask:
            message.crashed()
        self.release()
        self.report_down(error)

    def step_aside(self) -> None:
        """Taken from the run queue while it may not run."""
        self.off_queue = True
        self.since = self.dispatcher.stopwatch()

    def settle(self) -> None:
        """After a turn that left something to do: let senders in, serve the control lane."""
        self.dispatcher.current = self.dispatcher
        self.off_queue = True
        if self.senders is not None:
            self.let_senders_in()
        controls, self.control = self.control, None
        self.attention = self.senders is not None
        for control in controls or ():
            control()
        self._go_on()

    def _go_on(self) -> None:
        """Back into the run queue, or idle, if it stood aside and may run again."""
        if self.state is not RUNNING or not self.off_queue:
            return
        self.off_queue = False
        if not self.queue:
            self.idle = True
            return
        self.since = self.dispatcher.stopwatch()
        self.dispatcher.runnable.append(self)
        if self.dispatcher.current is None:
            self.dispatcher.wake()

    # What a supervisor does.

    def start(self) -> None:
        """Begin the next incarnation of a cell that is NEW or DOWN.

        Raises:
            Exception: whatever the factory or `started` raised; the cell is then DOWN, and this
                end is not reported to the supervisor, who has just been told.
        """
        assert self.state in (CellState.NEW, CellState.DOWN), f"{self.path} is {self.state}"
        try:
            if self.incarnation > 0:
                self.restarts += 1
                fresh = self.factory()
                assert isinstance(fresh, Actor), "a factory makes one kind of actor"
                self.actor = fresh
            self.incarnation += 1
            self.actor.context = self.context
            self.actor.started()
        except Exception as error:  # any start may fail in any way; raised again once cleaned up
            self.last_error = summarize(error)
            self.release()
            self.state = CellState.DOWN
            self.announce_down(self.last_error)
            raise
        self.state = RUNNING
        self._go_on()

    def restart(self) -> None:
        """A fresh object from the factory under the same Ref and mailbox; at once.

        A live incarnation is ended first (`stopping`, tasks, timers), without `on_down`. From
        the actor's own turn it is done right after the turn.

        Raises:
            Exception: as `start`.
        """
        if self.dispatcher.current is self:
            self._later(self._restart_myself)
            return
        if self.state in ALIVE:
            self._end()
            self.state = CellState.DOWN
        self.start()

    def _restart_myself(self) -> None:
        """Nobody is left on the stack who could get the error of a failed start."""
        try:
            self.restart()
        except Exception as error:  # nobody is left to raise it to; the supervisor decides
            self.report_down(error)

    def halt(self) -> None:
        """See `Cell.halt`."""
        if self.dispatcher.current is self:
            self._later(self.halt)
        elif self.state in ALIVE:
            self._end()
            self.state = CellState.DOWN
            self.report_down(None)

    def stop(self) -> None:
        """See `Cell.stop`."""
        if self.dispatcher.current is self:
            self._later(self.stop)
            return
        if self.queue is CLOSED:
            return
        alive = self.state in ALIVE
        if alive:
            self._end()
        self.state = CellState.STOPPED
        self.close()
        self.system.forget(self)
        if alive:
            self.report_down(None)

    def kill(self) -> None:
        """See `Cell.kill`."""
        self.halt()

    def suspend(self) -> None:
        """See `Cell.suspend`."""
        if self.state is RUNNING:
            self.state = CellState.SUSPENDED
            if self.dispatcher.current is self:
                self._later(self._stay_aside)

    def resume(self) -> None:
        """See `Cell.resume`."""
        if self.state is CellState.SUSPENDED:
            self.state = RUNNING
            self._go_on()

    def stuck_at(self) -> str:
        """A turn is a function call: while anybody can look, no reactive actor is stuck."""
        return ""

    def _end(self) -> None:
        """The incarnation's last words; their failure is noted and changes nothing."""
        try:
            self.actor.stopping()
        except Exception as error:  # last words of any kind must not keep the end from happening
            self.last_error = summarize(error)
        self.release()

    def _later(self, control: Callable[[], None]) -> None:
        if self.control is None:
            self.control = []
        assert len(self.control) < CONTROLS_PER_TURN_MAX, "too many controls from one turn"
        self.control.append(control)
        self.attention = True

    def _stay_aside(self) -> None:
        """Suspended within its own turn; `drain` has already taken it off the queue."""


__all__ = ["ReactiveCell"]
