"""A pool: keyed reactive actors of one kind (OTP: simple_one_for_one), alive only while needed.

`ref(key)` always gives the same Ref. The first message brings the actor to life; after a while
without messages it is let go, and the next message revives it, so its state must be elsewhere (a
durable actor's is in the store). At the limit the least recently used idle actor makes room; when
all are busy the message is turned away (`MailboxFull`, a dead letter), never dropped silently.

An actor is busy while it has mail, tasks or timers; one with a method `busy() -> bool` says what
besides mail and tasks keeps it. A crash costs the poison message only, and the key comes back at
once if it has mail. What waits for an actor that cannot even start is answered with `NotStarted`
(OTP: `start_child` returns the error). A key that goes on failing is paused, longer each time:
nobody is let in meanwhile, it takes no place among the live, and the tree shows it. Keys share
nothing: none of this counts against another one, and no key can end the pool.

Invariant: a key has at most one live incarnation, and at most `limit` keys have one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from actors.actor import Actor
from actors.ask import Ask
from actors.dead_letters import Reason
from actors.errors import NotStarted
from actors.runtime.cell import CellState
from actors.runtime.cell_context import CellContext
from actors.runtime.mailbox import UNOPENED
from actors.runtime.reactive import ReactiveCell
from actors.signals import Signal
from actors.timers import NOT_WAITING
from supervisors.child import AT_REST, Child, Parent
from supervisors.child_spec import PoolSpec, check_id
from supervisors.errors import summary
from supervisors.restart import Window
from supervisors.snapshot import POOL_SHOWN_MAX, Look, Node, State, total

if TYPE_CHECKING:
    import trio

    from actors.errors import ActorError
    from actors.ref import Ref
    from actors.runtime.cell import Cell
    from actors.runtime.system import System
    from wire.message import ReplyT, Request

DUSK_S_MIN = 0.1
"""The shortest time between two looks for idle actors: a wheel may ring a moment early, and the
same moment must not be looked at for ever."""

FAILING_MAX = 1_000
"""Of how many keys a pool remembers that they crashed lately; then it forgets the oldest."""

NOBODY = Actor()
"""Stands for the object of a passive actor."""


class Pool(Child):
    """See the module."""

    kind = "pool"

    def __init__(self, system: System, spec: PoolSpec, path: str, parent: Parent) -> None:
        super().__init__(system, spec, path, parent)
        self._spec = spec
        self._failing: OrderedDict[str, Failing] = OrderedDict()
        # Least recently used first. A passive cell lives as long as somebody holds its Ref.
        self._live: OrderedDict[str, KeyedCell] = OrderedDict()
        self._cells: WeakValueDictionary[str, KeyedCell] = WeakValueDictionary()
        self._dusk = Alarm(self._passivate_idle)
        self._is_dusk_set = False

    def ref(self, key: str) -> Ref:
        """The stable Ref of a key; a message to it revives the actor.

        Raises:
            BadSpec: the key cannot be part of a path.
        """
        cell = self._cells.get(key)
        if cell is None or cell.state is CellState.STOPPED:
            check_id(key)
            cell = KeyedCell(self, key, partial(self._spec.start, key))
            self._cells[key] = cell
        return cell

    def terminate_child(self, key: str) -> None:
        """Stop the actor of a key and kill its Ref; `ref(key)` gives a new one afterwards."""
        cell = self._cells.get(key)
        if cell is not None:
            self._live.pop(key, None)
            cell.stop()

    @property
    def live(self) -> int:
        """How many actors are alive, or have mail and are about to be."""
        return len(self._live)

    # What a supervisor does.

    async def start(self, nursery: trio.Nursery) -> None:
        """See `Child.start`; whoever kept mail over a restart comes back now."""
        self._begin()
        self._is_up()
        for cell in list(self._live.values()):
            if self.state is State.RUNNING:
                self._go_on(cell)

    async def halt(self) -> None:
        """See `Child.halt`; within the call, latest used last."""
        self.due = None
        if self.state not in AT_REST:
            self.state = State.STOPPING
            self._halt_all()
        self.state = State.STOPPED

    def discard(self) -> None:
        """See `Child.discard`."""
        self.due = None
        self._live.clear()
        for cell in list(self._cells.values()):
            cell.stop()

    def node(self, look: Look) -> Node:
        """See `Child.node`: counts of all, and the first `POOL_SHOWN_MAX`, paused ones before."""
        everybody = list(self._live.values())
        now = self.system.host.now()
        paused = [key for key, failing in self._failing.items() if failing.until > now]
        paused = paused[: look.take(min(len(paused), POOL_SHOWN_MAX))]
        shown = everybody[: look.take(min(len(everybody), POOL_SHOWN_MAX - len(paused)))]
        return total(
            self.path,
            self.kind,
            self.state,
            (
                *(self._failing[key].node(f"{self.path}/{key}", look) for key in paused),
                *(cell.node(look) for cell in shown),
            ),
            mailbox=sum(len(cell.queue) for cell in everybody),
            rate=sum(look.rate(cell.path) for cell in everybody),
            count=len(everybody),
            restarts=self.restarts,
            last_error=self.last_error,
            backoff_until_ms=0 if self.due is None else look.wall_at(self.due),
        )

    # What its cells report.

    def admit(self, cell: KeyedCell) -> bool:
        """Make room for one more live actor; False when all others are busy."""
        if cell.key in self._live:
            return True
        if len(self._live) >= self._spec.limit:
            idle = next((each for each in self._live.values() if not each.is_busy()), None)
            if idle is None:
                return False
            idle.halt()
        self._live[cell.key] = cell
        self.system.cells[cell.path] = cell
        if not self._is_dusk_set:
            self._set_dusk()
        return True

    def touch(self, cell: KeyedCell) -> None:
        """It got a message: it is now the most recently used."""
        cell.used_at = self.system.host.now()
        if cell.key in self._live:
            self._live.move_to_end(cell.key)

    def revive(self, cell: KeyedCell) -> None:
        """It has mail and no object."""
        if self.state is State.RUNNING:
            self._start(cell)

    def paused(self, key: str) -> Failing | None:
        """Why a key may not be started now, if it may not."""
        failing = self._failing.get(key)
        return failing if failing is not None and failing.until > self.system.host.now() else None

    def crashes_of(self, key: str) -> int:
        """How often a key has crashed lately."""
        failing = self._failing.get(key)
        return failing.crashes if failing is not None else 0

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        """The runtime's report of an end, see `actors.runtime.cell.Overseer`."""
        assert isinstance(cell, KeyedCell)
        goes_on = error is None or self._count(cell, error)
        if self.state is not State.RUNNING or cell.state is CellState.STOPPED:
            return
        if goes_on:
            self._go_on(cell)
        else:
            self._give_up(cell)

    # Coming and going.

    def _go_on(self, cell: KeyedCell) -> None:
        """Back to life if it has mail, otherwise passive."""
        if cell.queue:
            self._start(cell)
        else:
            del self._live[cell.key]
            cell.rest()

    def _start(self, cell: KeyedCell) -> None:
        try:
            cell.start()
        except Exception as error:
            self._count(cell, error)
            self._give_up(cell)

    def _count(self, cell: KeyedCell, error: Exception) -> bool:
        """Count a crash or a failed start; one too many pauses the key."""
        now, backoff = self.system.host.now(), self._spec.backoff
        failing = self._failing.pop(cell.key, None)
        if failing is None or failing.is_over(now, backoff.most_s):
            failing = Failing(Window(self._spec.intensity))
        self._failing[cell.key] = failing
        if len(self._failing) > FAILING_MAX:
            self._failing.popitem(last=False)
        self.last_error = failing.last_error = cell.last_error
        failing.crashes += 1
        if failing.pauses == 0 and failing.window.add(now, summary(error)):
            return True
        failing.pauses += 1
        failing.until = now + backoff.wait_s(failing.pauses, self.system.outside.random)
        return False

    def _give_up(self, cell: KeyedCell) -> None:
        """Passive, with an answer to everybody who waits for it."""
        cell.turn_away()
        del self._live[cell.key]
        cell.rest()

    def _halt_all(self) -> None:
        running = self.state is State.RUNNING
        self.state = State.STOPPING
        for cell in list(self._live.values()):
            cell.halt()
            if not cell.queue:
                del self._live[cell.key]
                cell.rest()
        if running:
            self.state = State.RUNNING

    def _passivate_idle(self) -> None:
        """The alarm: let go whoever had no message for long; to be busy is to be used."""
        self._is_dusk_set = False
        oldest = self.system.host.now() - self._spec.passivate_s
        for cell in list(self._live.values()):
            if cell.used_at > oldest:
                break
            if cell.is_busy():
                self.touch(cell)
            elif self.state is State.RUNNING:
                cell.halt()
        if self._live:
            self._set_dusk()

    def _set_dusk(self) -> None:
        first = next(iter(self._live.values()))
        wait_s = first.used_at + self._spec.passivate_s - self.system.host.now()
        self._is_dusk_set = True
        self._dusk.set(self.system, max(wait_s, DUSK_S_MIN))


class Failing:
    """What is remembered of a key that crashed lately.

    Attributes:
        window: of its crashes, until the first pause.
        crashes: so many, failed starts among them.
        pauses: so many in a row; after the first, each further crash is one.
        until: when the last pause is over, loop seconds; 0 before the first.
        last_error: summary of the latest crash.
    """

    __slots__ = ("crashes", "last_error", "pauses", "until", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self.crashes = 0
        self.pauses = 0
        self.until = 0.0
        self.last_error = ""

    def is_over(self, now: float, quiet_s: float) -> bool:
        """Whether it has been well for so long after its last pause."""
        return self.pauses > 0 and now - self.until >= quiet_s

    def node(self, path: str, look: Look) -> Node:
        """The paused key, for a snapshot."""
        return Node(
            path=path,
            kind="reactive",
            state=State.BACKOFF,
            restarts=self.crashes,
            last_error=self.last_error,
            backoff_until_ms=look.wall_at(self.until),
        )


class Alarm:
    """A call that waits in the system's timer wheel."""

    __slots__ = ("_call", "due", "is_set")

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self.is_set = False
        self.due = NOT_WAITING

    def set(self, system: System, within_s: float) -> None:
        """Call after `within_s` seconds; at the earliest with the next ring of the wheel."""
        self.cancel(system)
        self.is_set = True
        system.wheel.add(self, max(within_s, 0.0))

    def cancel(self, system: System) -> None:
        """Do not call; harmless when nothing is set."""
        if self.is_set:
            system.wheel.discard(self)
            self.is_set = False

    def ring(self) -> None:
        """The wheel's call."""
        self.is_set = False
        self._call()


class KeyedCell(ReactiveCell):
    """The cell of one key: passive until mail comes.

    Attributes:
        key: which.
        used_at: when it last got a message, loop seconds.
    """

    __slots__ = ("key", "pool", "used_at")

    def __init__(self, pool: Pool, key: str, factory: Callable[[], Actor]) -> None:
        context = CellContext(f"{pool.path}/{key}")
        system = pool.system
        super().__init__(system, context.path, factory, pool, factory(), context, system.dispatcher)
        context.bind(self)
        self.pool = pool
        self.key = key
        self.used_at = 0.0

    def tell(self, message: object) -> bool:
        """See `Ref.tell`."""
        self.pool.touch(self)
        return super().tell(message)

    async def send(self, message: object) -> None:
        """See `Ref.send`; a pool that is full of busy actors turns it away at once.

        Raises:
            MailboxFull: all actors of the pool are busy.
        """
        if self.queue is not UNOPENED:
            await super().send(message)
            return
        await self.system.host.check_cancelled()
        if not self.tell(message):
            raise self.unaccepted()
        await self.system.host.breathe()

    def ask(self, request: Request[ReplyT], *, within: float) -> Coroutine[Any, Any, ReplyT]:
        """See `Ref.ask`."""
        self.pool.touch(self)
        return super().ask(request, within=within)

    def deliver(self, signal: Signal) -> None:
        """See `Cell.deliver`; a passive actor has no incarnation that it could be for."""
        if self.queue is not UNOPENED:
            super().deliver(signal)

    def open(self) -> bool:
        """See `Mailbox.open`: here a passive actor asks for a place among the live."""
        if self.queue is UNOPENED and not self.pool.admit(self):
            return False
        return super().open()

    def accepts(self, message: object) -> bool:
        """See `Mailbox.accepts`; a key that is paused lets nobody in."""
        if self.queue is UNOPENED and self.pool.paused(self.key) is not None:
            self._bury(message, Reason.NOT_STARTED)
            return False
        return super().accepts(message)

    def unaccepted(self) -> ActorError:
        """See `Mailbox.unaccepted`."""
        paused = self.pool.paused(self.key) if self.queue is UNOPENED else None
        return super().unaccepted() if paused is None else self._not_started(paused.last_error)

    def turn_away(self) -> None:
        """Answer everybody who waits: it did not start, or crashed once too often."""
        while self.queue:
            message = self.queue.popleft()
            if isinstance(message, Signal):
                continue
            self._bury(message, Reason.NOT_STARTED)
            if type(message) is Ask:
                message.fail(self._not_started(self.last_error))
            self.let_senders_in()

    def step_aside(self) -> None:
        """See `ReactiveCell.step_aside`: it has mail, so it is revived if it may be."""
        super().step_aside()
        if self.state in (CellState.NEW, CellState.DOWN):
            self.pool.revive(self)

    def rest(self) -> None:
        """Become passive: no object, no mailbox, only the Ref."""
        self.queue = UNOPENED
        self.limit = 0
        self.actor = NOBODY
        self.idle = True
        self.off_queue = False
        self.system.forget(self)

    def _not_started(self, error: str) -> NotStarted:
        return NotStarted(f"{self.path} is not there: {error}")

    def is_busy(self) -> bool:
        """Whether letting it go now would lose something."""
        if self.state is not CellState.RUNNING or not self.idle or self.senders:
            return True
        if self.tasks:
            return True
        busy = getattr(self.actor, "busy", None)
        return bool(self.timers) if busy is None else bool(busy())

    def node(self, look: Look) -> Node:
        """How it is, for a snapshot."""
        seen = self.statistics()
        return Node(
            path=self.path,
            kind="reactive",
            state=State.RUNNING if self.state is CellState.RUNNING else State.STARTING,
            mailbox=seen.mailbox,
            mailbox_peak=seen.mailbox_peak,
            rate=look.rate(self.path),
            oldest_age_s=seen.oldest_age_s,
            restarts=self.pool.crashes_of(self.key),
            last_error=self.last_error,
        )
