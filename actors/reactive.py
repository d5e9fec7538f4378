"""The cell of a reactive actor: no task, turns run from the dispatcher's queue.

Everything here happens within a call. A supervisor's `stop`, `halt`, `restart` or `suspend` is
done at once, before anything that waits in the mailbox; when it comes from the actor's own turn it
is put into the control lane and done right after that turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.actor import NOREPLY
from actors.ask import Ask
from actors.cell import ALIVE, Cell, CellState
from actors.dead_letters import Reason
from actors.dispatcher import PASS_S_MAX, TURN_S_MAX
from actors.errors import summarize
from actors.mailbox import CLOSED
from actors.shim import uninterrupted

if TYPE_CHECKING:
    from actors.actor import Actor, Handlers
    from actors.cell import Supervisor
    from actors.context import Context
    from actors.system import System
    from wire.message import ReplyT, Request

RUNNING = CellState.RUNNING

CONTROLS_PER_TURN_MAX = 16
"""The most things one turn may ask to be done to its own cell."""


class ReactiveCell(Cell):
    """One reactive actor."""

    __slots__ = ("actor", "control", "dispatcher", "handlers", "idle", "in_turn", "off_queue")

    actor: Actor

    def __init__(
        self,
        system: System,
        path: str,
        factory: Callable[[], Actor],
        supervisor: Supervisor,
        first: Actor,
        context: Context,
    ) -> None:
        super().__init__(system, path, factory, supervisor, first.mailbox_capacity, context)
        self.actor = first
        self.dispatcher = system.dispatcher
        self.handlers: Handlers = first.handlers
        # idle: the mailbox is empty and the cell is not in the run queue.
        # off_queue: it was taken out of the run queue because it may not run.
        self.idle = True
        self.off_queue = False
        self.in_turn = False
        self.control: list[Callable[[], None]] | None = None

    # Talking to it.

    def tell(self, message: object) -> bool:
        """See `Ref.tell`."""
        mailbox = self.mailbox
        if len(mailbox) >= mailbox.capacity:
            if not self.open_mailbox(message):
                return False
            mailbox = self.mailbox
        mailbox.append(message)
        if self.idle:
            self.idle = False
            dispatcher = self.dispatcher
            dispatcher.runnable.append(self)
            if dispatcher.waiter is not None:
                dispatcher.wake()
            self.since = dispatcher.clock
        return True

    async def ask(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """See `Ref.ask`."""
        dispatcher = self.dispatcher
        await dispatcher.host.check_cancelled()
        ask = Ask(request, self.path, self.system)
        mailbox = self.mailbox
        if len(mailbox) >= mailbox.capacity:
            if not self.open_mailbox(ask):
                raise self.unaccepted()
            mailbox = self.mailbox
        mailbox.append(ask)
        if self.idle:
            self.idle = False
            self.since = dispatcher.clock
            dispatcher.runnable.append(self)
        if not dispatcher.running:
            dispatcher.assist(ask)
        if dispatcher.waiter is not None and dispatcher.runnable:
            dispatcher.wake()
        if not ask.done:
            return await ask.wait(within)  # type: ignore[no-any-return]  # the actor's handler keeps the type
        if dispatcher.credit <= 0:
            await dispatcher.rest()
        if ask.error is not None:
            raise ask.error
        return ask.value  # type: ignore[no-any-return]  # the actor's handler keeps the type

    # Its turns.

    @uninterrupted
    def drain(self, most: int) -> int:
        """Run up to `most` turns, then leave the run queue or go to its end.

        Returns:
            How many turns were run.
        """
        if self.state is not RUNNING:
            return self._step_aside()
        mailbox = self.mailbox
        if len(mailbox) > mailbox.peak:
            mailbox.peak = len(mailbox)
        actor = self.actor
        handlers = self.handlers
        dispatcher = self.dispatcher
        began = dispatcher.clock
        until = began + PASS_S_MAX
        turns = 0
        self.in_turn = True
        while mailbox and turns < most:
            message = mailbox.popleft()
            turns += 1
            kind = type(message)
            ask = None
            if kind is Ask:
                ask = self.in_hand = message
                message = ask.message
                kind = type(message)
            handler = handlers.get(kind) or self._find_handler(kind)
            try:
                answer = handler(actor, message)
            except Exception as error:
                dispatcher.turns.append((began, self.path, kind))
                self.handled += turns
                self._crash(error, kind, ask)
                return turns
            if ask is not None:
                self.in_hand = None
                if answer is not NOREPLY:
                    ask.reply(answer)
            dispatcher.turns.append((began, self.path, kind))
            ended = dispatcher.now()
            if ended - began > TURN_S_MAX:
                dispatcher.report_overrun(self.path, kind, ended - began)
            began = ended
            if ended > until or self.control is not None:
                break
        self.in_turn = False
        self.handled += turns
        dispatcher.clock = began
        if mailbox.senders:
            mailbox.let_senders_in(dispatcher.host)
        if self.control is not None:
            self.off_queue = True
            self._obey()
            self._go_on()
        elif mailbox:
            self.since = began
            dispatcher.runnable.append(self)
        else:
            self.idle = True
        return turns

    def _find_handler(self, kind: type) -> Callable[[object, object], object]:
        """The handler of the nearest base class of `kind`, remembered for the next message."""
        for base in kind.__mro__:
            if base in self.handlers:
                self.handlers[kind] = self.handlers[base]
                return self.handlers[kind]
        return self._unhandled

    def _unhandled(self, _actor: object, message: object) -> object:
        self.system.dead_letters.add(Reason.NO_HANDLER, self.path, type(message).__name__)
        if self.in_hand is not None:
            self.in_hand.fail(NoHandler(f"{self.path} does not know {type(message).__name__}"))
        return NOREPLY

    def _crash(self, error: Exception, kind: type, ask: Ask | None) -> None:
        """The turn failed: the message is poison, the incarnation is over."""
        summary = self.last_error = summarize(error)
        self.dispatcher.clock = self.dispatcher.now()
        self.in_turn = False
        self.in_hand = None
        self.control = None
        self.off_queue = True
        self.state = CellState.DOWN
        self.system.dead_letters.add(Reason.POISON, self.path, kind.__name__, summary)
        if ask is not None:
            ask.crashed()
        if self.mailbox.senders:
            self.mailbox.let_senders_in(self.dispatcher.host)
        self.release()
        self.report_down(error)

    def _step_aside(self) -> int:
        """Taken from the run queue while it may not run."""
        self.off_queue = True
        self.since = self.dispatcher.clock
        return 0

    def _obey(self) -> None:
        """Serve the control lane, in order."""
        controls, self.control = self.control, None
        for control in controls or ():
            control()

    def _go_on(self) -> None:
        """Back into the run queue, or idle, if it stood aside and may run again."""
        if self.state is not RUNNING or not self.off_queue:
            return
        self.off_queue = False
        if not self.mailbox:
            self.idle = True
            return
        self.since = self.dispatcher.clock
        self.dispatcher.runnable.append(self)
        if self.dispatcher.waiter is not None:
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
                self.actor = self.factory()  # type: ignore[assignment]  # the kind of an actor does not change
            self.incarnation += 1
            self.actor.context = self.context
            self.actor.started()
        except Exception as error:
            self.last_error = summarize(error)
            self.release()
            self.state = CellState.DOWN
            raise
        self.state = RUNNING
        self._go_on()

    def restart(self) -> None:
        """A fresh object from the factory under the same Ref and mailbox; at once.

        A live incarnation is ended first (`stopping`, effects, timers), without `on_down`. From
        the actor's own turn it is done right after the turn.

        Raises:
            Exception: as `start`.
        """
        if self.in_turn:
            self._later(self.restart)
            return
        if self.state in ALIVE:
            self._end()
            self.state = CellState.DOWN
        self.start()

    def halt(self) -> None:
        """See `Cell.halt`."""
        if self.in_turn:
            self._later(self.halt)
        elif self.state in ALIVE:
            self._end()
            self.state = CellState.DOWN
            self.report_down(None)

    def stop(self) -> None:
        """See `Cell.stop`."""
        if self.in_turn:
            self._later(self.stop)
            return
        if self.mailbox is CLOSED:
            return
        alive = self.state in ALIVE
        if alive:
            self._end()
        self.state = CellState.STOPPED
        self.close_mailbox()
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
            if self.in_turn:
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
        except Exception as error:
            self.last_error = summarize(error)
        self.release()

    def _later(self, control: Callable[[], None]) -> None:
        if self.control is None:
            self.control = []
        assert len(self.control) < CONTROLS_PER_TURN_MAX, "too many controls from one turn"
        self.control.append(control)

    def _stay_aside(self) -> None:
        """Suspended within its own turn; `drain` has already taken it off the queue."""


__all__ = ["ReactiveCell"]
