"""The trio loop as a host, the engine of process actors, and the door that opens a system.

One nursery per system holds the dispatcher, the timer wheel, tasks and unsupervised processes;
nothing outlives the `async with`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, cast

import structlog
import trio

from actors.errors import ActorStopped, summarize
from actors.outside import SystemWall, stopwatch
from actors.runtime.ending import open_in_order, stop_in_order
from actors.runtime.process_cell import ProcessCell
from actors.runtime.system import System

if TYPE_CHECKING:
    from outcome import Outcome

    from actors.ports import Outside
    from actors.ref import Ref
    from actors.shim import Seat
    from actors.timers import Wheel

current_task = trio.lowlevel.current_task
reschedule = trio.lowlevel.reschedule
wait_task_rescheduled = trio.lowlevel.wait_task_rescheduled

log = structlog.get_logger("actors")


class Woken:
    """What a woken task finds: nothing.

    Stands for `outcome.Value(None)`, which is good for one task only; making, and marking as used,
    one for every wake-up would cost a tenth of a question to a process.
    """

    def unwrap(self) -> None:
        """Nothing to hand over."""


WOKEN = cast("Outcome[object]", Woken())
"""The one `Woken`; trio only ever unwraps it."""


class TrioHost:
    """See `actors.shim.Host`."""

    def __init__(self, nursery: trio.Nursery, outside: Outside) -> None:
        self._nursery = nursery
        self._alarm: trio.CancelScope | None = None
        # The clock's own method: half the price of trio.current_time().
        self.now = trio.lowlevel.current_clock().current_time
        # Where civil time is virtual, so is everything: turns take no time there.
        real = isinstance(outside.wall, SystemWall)
        self.stopwatch = stopwatch if real else self.now
        self.checkpoint = trio.lowlevel.checkpoint
        self.breathe = trio.lowlevel.cancel_shielded_checkpoint
        self.check_cancelled = trio.lowlevel.checkpoint_if_cancelled
        self.cancelled = is_cancelled

    def park(self, seat: Seat) -> Awaitable[None]:
        """See `Host.park`."""
        assert seat.waiter is None, "the seat is taken"
        seat.waiter = current_task()
        # Not a coroutine of its own: each one costs at every switch.
        return wait_task_rescheduled(partial(_give_up, seat))  # the caller awaits it

    def wake(self, seat: Seat) -> None:
        """See `Host.wake`."""
        waiter, seat.waiter = seat.waiter, None
        reschedule(waiter, WOKEN)

    def start_task(self, work: Callable[[], Awaitable[None]], path: str) -> trio.CancelScope:
        """See `Host.start_task`."""
        scope = trio.CancelScope()
        self._nursery.start_soon(self._run_task, scope, work, path, name=path)
        return scope

    async def _run_task(
        self, scope: trio.CancelScope, work: Callable[[], Awaitable[None]], path: str
    ) -> None:
        # Caught outside the scope: inside, a cancelled task whose cleanup fails raises a group of
        # both, which is no Exception.
        try:
            with scope:
                await work()
        except Exception as error:  # raised here it would end every actor of the nursery
            log.warning("task_failed", path=path, error=summarize(error))

    def set_alarm(self, at: float) -> None:
        """See `Host.set_alarm`."""
        if self._alarm is not None and at < self._alarm.deadline:
            self._alarm.deadline = at

    async def keep_time(self, wheel: Wheel) -> None:
        """The wheel's task: sleep until the next deadline, ring, again."""
        while True:
            with trio.CancelScope(deadline=wheel.next_due()) as self._alarm:
                await trio.sleep_forever()
            wheel.ring()


def is_cancelled() -> bool:
    """What trio.lowlevel.checkpoint_if_cancelled looks at, at a third of the price.

    A test holds it to trio's own behaviour.
    """
    return current_task()._cancel_status.effectively_cancelled  # noqa: SLF001  # see above


def _give_up(seat: Seat, _raise_cancel: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
    """A parked task is cancelled: nobody is to wake it any more."""
    seat.waiter = None
    return trio.lowlevel.Abort.SUCCEEDED


async def run_process(
    cell: ProcessCell, *, task_status: trio.TaskStatus[Ref] = trio.TASK_STATUS_IGNORED
) -> None:
    """Run one incarnation of a process actor: `await nursery.start(run_process, cell)`.

    A crash in the factory (of a restart) or in `started` is raised to the starter; the cell is then
    DOWN and `on_down` is not called. From `task_status.started` on the task is shielded from outer
    cancellation, raises nothing, and ends with exactly one `on_down`: a supervisor stops its
    children itself, in order. Put a deadline around the start.
    """
    scope = trio.CancelScope()
    began = False
    crash: Exception | None = None
    # Caught outside the scope, see TrioHost._run_task.
    try:
        with scope:
            here = partial(_waits_at, current_task())
            process = cell.begin(scope.cancel, here)
            await process.started()
            inbox = cell.run_with_inbox()
            began = scope.shield = True
            task_status.started(cell)
            await process.run(inbox)
        if not began:
            raise ActorStopped(f"{cell.path} was stopped while it started")  # noqa: TRY301  # the starter's error, like any failed start
    except Exception as error:  # the crash of an actor
        if not began:
            cell.failed_start(error)
            raise
        crash = error
    except BaseException:
        if not began:
            cell.failed_start(ActorStopped(f"{cell.path} was cancelled while it started"))
        raise
    finally:
        if began:
            cell.ended(crash)


def _waits_at(task: trio.lowlevel.Task) -> str:
    """The innermost line of the actor's own code, as `file:line function`."""
    here = ""
    for frame, line in task.iter_await_frames():
        module = frame.f_globals.get("__name__", "")
        if module.startswith(("trio.", "actors.inbox", "actors.asyncio_side.", "actors.runtime.")):
            continue
        code = frame.f_code
        here = f"{code.co_filename.rpartition('/')[2]}:{line} {code.co_qualname}"
    return here


@asynccontextmanager
async def open_system(name: str, outside: Outside) -> AsyncIterator[System]:
    """Open a system on the running trio loop; on leaving, every actor left in it is stopped.

    Actors end in the reverse order of their making, processes within `CLOSE_S_MAX` altogether; see
    `actors.runtime.ending`.
    """
    async with open_in_order() as (nursery, closing):
        host = TrioHost(nursery, outside)

        async def start(cell: ProcessCell) -> None:
            try:
                await run_process(cell)
            except Exception as error:  # nobody waits for this start
                log.warning("start_failed", path=cell.path, error=summarize(error))
                cell.stop()

        def start_soon(cell: ProcessCell) -> None:
            nursery.start_soon(start, cell, name=cell.path)

        system = System(name, outside, host, start_soon)
        closing.push_async_callback(lambda: stop_in_order(list(system.cells.values())))
        nursery.start_soon(system.dispatcher.serve, name=f"{name} dispatcher")
        nursery.start_soon(host.keep_time, system.wheel, name=f"{name} timers")
        yield system


__all__ = ["WOKEN", "TrioHost", "is_cancelled", "open_system", "run_process"]
