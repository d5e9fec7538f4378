"""A supervisor: one task that owns one nursery, and decides about its children.

The nursery's errors are never the failure channel. A child reports its end; the supervisor looks
it up in `supervisors.restart.decide` and carries that out: stop right to left, then start left to
right, never two incarnations of one child at a time. A reactive child that crashes alone is
restarted within the report itself, so that whoever waits behind the poison message hardly notices.

A restart that waits (back-off) is state, not a sleep: commands are served and other children are
looked after meanwhile. What cannot be stopped is WEDGED; the others are stopped all the same, and
its restart follows when it has ended at last.

Once it is up, a supervisor is shielded from outer cancellation: only its parent stops it, in order.
Too many restarts, and it halts its children and reports `SupervisorFailed`. Whatever else leaves
its task is KeyboardInterrupt or SystemExit, never an exception group.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import trio

from supervisors.child import AT_REST, Birth, Child, Parent, give_birth
from supervisors.child_spec import (
    CHILDREN_MAX,
    AnySpec,
    ChildSpec,
    PoolSpec,
    Restart,
    Strategy,
    SupervisorSpec,
)
from supervisors.errors import (
    DuplicateId,
    NoSuchChild,
    NotRunning,
    SupervisorFailed,
    TooManyChildren,
    Wedged,
    collapse,
    summary,
)
from supervisors.pool import Pool
from supervisors.restart import Reason, Window, decide
from supervisors.snapshot import Look, Node, State, total
from supervisors.worker import Worker

if TYPE_CHECKING:
    from actors.runtime.system import System

NORMAL_END = "ended normally"
"""What a history says about a permanent child that simply ended."""


@dataclass(frozen=True)
class Ending:
    """The end of one life of one child, waiting to be dealt with."""

    child: Child
    life: int
    error: Exception | None


class Supervisor(Child):
    """See the module.

    Attributes:
        children: in start order.
    """

    kind = "supervisor"

    def __init__(self, system: System, spec: SupervisorSpec, path: str, parent: Parent) -> None:
        super().__init__(system, spec, path, parent)
        self._spec = spec
        self.children: list[Child] = [self._make(child) for child in spec.children]
        self._nursery: trio.Nursery | None = None
        self._serving = trio.CancelScope()
        self._command = trio.CancelScope()
        self._settled = trio.Event()
        self._wake = trio.Event()
        self._lock = trio.Lock()
        self._endings: deque[Ending] = deque()
        self._window = Window(spec.intensity)
        # Bound once: binding at every call would be most of the price of a restart.
        self._log = structlog.get_logger("supervisors").bind()

    # What a parent does.

    async def start(self, nursery: trio.Nursery) -> None:
        """See `Child.start`; takes as long as the children's own starts, one after the other."""
        self._begin()
        self._serving = trio.CancelScope()
        self._settled = trio.Event()
        self._endings.clear()
        self._window = Window(self._spec.intensity)
        birth = give_birth(nursery, self._live, self.path, self._serving.cancel)
        await birth.wait(math.inf, math.inf)
        if birth.error is not None:
            self.last_error = summary(birth.error)
            raise birth.error
        if not birth.is_up:
            raise NotRunning(self.path)
        self._is_up()

    async def halt(self) -> None:
        """See `Child.halt`; right to left, each child within its own budget."""
        self.due = None
        if self.state in AT_REST:
            self.state = State.WEDGED if self.state is State.WEDGED else State.STOPPED
            return
        self.state = State.STOPPING
        self._serving.cancel()
        with trio.CancelScope(shield=True):
            await self._settled.wait()

    def discard(self) -> None:
        """See `Child.discard`."""
        self.due = None
        for child in reversed(self.children):
            child.discard()

    def node(self, look: Look) -> Node:
        """See `Child.node`."""
        shown = look.take(len(self.children))
        return total(
            self.path,
            self.kind,
            self.state,
            tuple(child.node(look) for child in self.children[:shown]),
            count=len(self.children),
            restarts=self.restarts,
            last_error=self.last_error,
            backoff_until_ms=0 if self.due is None else look.wall_at(self.due),
        )

    # What children report.

    def ended(self, child: Child, error: Exception | None) -> None:
        """See `Parent.ended`."""
        try:
            if self._restarted_at_once(child, error):
                return
        except Exception as again:
            error = again
        self._endings.append(Ending(child, child.life, error))
        self._wake.set()

    def freed(self, child: Child) -> None:
        """See `Parent.freed`."""
        if child.due is not None:
            child.await_restart(child.due)
        elif child.dynamic or child.restart is Restart.TEMPORARY:
            self._forget(child)
        self._wake.set()

    # Children that come and go (OTP: start_child, terminate_child, restart_child, delete_child).

    async def start_child(self, spec: AnySpec) -> Child:
        """Add a child after all others and start it.

        It is dynamic: it does not come back when this supervisor itself is restarted.

        Raises:
            DuplicateId: there is a child of that id.
            TooManyChildren: there are `CHILDREN_MAX`.
            NotRunning: this supervisor is not running, or stopped meanwhile.
            Exception: the child's own, when it could not start; it is not added then.
        """
        async with self._commanded() as nursery:
            if any(child.id == spec.id for child in self.children):
                raise DuplicateId(self.id, f"child {spec.id!r} exists")
            if len(self.children) >= CHILDREN_MAX:
                raise TooManyChildren(f"{self.path} has {CHILDREN_MAX} children")
            child = self._make(spec)
            child.dynamic = True
            self.children.append(child)
            try:
                await child.start(nursery)
            except BaseException:
                self._forget(child)
                raise
        return child

    async def terminate_child(self, id: str) -> None:  # noqa: A002 - OTP's word for it
        """Stop a child for good; its place stays, for `restart_child`, unless it is temporary.

        Raises:
            NoSuchChild: there is none of that id.
            NotRunning: this supervisor is not running.
            Wedged: it could not be stopped.
        """
        async with self._commanded():
            child = self.child(id)
            await child.halt()
            child.discard()
            if child.state is State.WEDGED:
                raise Wedged(child.path, child.stuck_at())
            if child.restart is Restart.TEMPORARY:
                self._forget(child)

    async def restart_child(self, id: str) -> None:  # noqa: A002 - OTP's word for it
        """Start a child that was terminated or ended; no effect on one that is up.

        Raises:
            NoSuchChild: there is none of that id.
            NotRunning: this supervisor is not running, or stopped meanwhile.
            Wedged: its former incarnation has not ended yet.
            Exception: the child's own, when it could not start.
        """
        async with self._commanded() as nursery:
            child = self.child(id)
            if child.state is State.WEDGED:
                raise Wedged(child.path, child.stuck_at())
            if child.state in (State.STOPPED, State.FAILED, State.BACKOFF):
                await child.start(nursery)

    async def delete_child(self, id: str) -> None:  # noqa: A002 - OTP's word for it
        """Stop a child for good and give up its place.

        Raises:
            NoSuchChild: there is none of that id.
            NotRunning: this supervisor is not running.
            Wedged: it could not be stopped, and keeps its place.
        """
        await self.terminate_child(id)
        async with self._commanded():
            self.children = [child for child in self.children if child.id != id]

    def child(self, id: str) -> Child:  # noqa: A002 - OTP's word for it
        """The child of that id.

        Raises:
            NoSuchChild: there is none.
        """
        for child in self.children:
            if child.id == id:
                return child
        raise NoSuchChild(f"{self.path}/{id}")

    # Its life.

    @trio.lowlevel.enable_ki_protection
    async def _live(self, birth: Birth) -> None:
        # Ctrl-C raised right here would leave shielded children behind; trio raises it elsewhere.
        failure: Exception | None = None
        broken: BaseException | None = None
        try:
            with birth.scope:
                async with trio.open_nursery() as self._nursery:
                    try:
                        await self._start_children()
                        await trio.lowlevel.checkpoint_if_cancelled()
                        self.state = State.RUNNING
                        birth.started()
                        with self._serving:
                            await self._serve()
                    except Exception as error:
                        failure = error
                    finally:
                        await self._halt_children()
                        if self.state is State.WEDGED:
                            self._settle(birth, failure)
        except BaseException as error:
            # Raised again outside, so that the original is not chained to its own group.
            broken = collapse(error)
        if self.state is not State.WEDGED:
            self.state = State.STOPPED if failure is None else State.FAILED
            self._settle(birth, failure)
        elif broken is None:
            self._end(None)
        if broken is not None:
            raise broken

    def _settle(self, birth: Birth, failure: Exception | None) -> None:
        """Everybody that can be stopped is: tell the starter, the parent, and whoever halts us."""
        if failure is not None:
            self.last_error = summary(failure)
        if not birth.is_up:
            birth.failed(failure)
        elif failure is not None and not self._serving.cancel_called:
            self.parent.ended(self, failure)
        self._settled.set()

    async def _start_children(self) -> None:
        assert self._nursery is not None
        async with self._lock:
            for child in self.children:
                try:
                    await child.start(self._nursery)
                except Exception as error:
                    error.add_note(f"while {self.path} started its child {child.id!r}")
                    raise

    async def _serve(self) -> None:
        """Deal with ends and due restarts until cancelled, or until the intensity is exceeded."""
        while True:
            self._wake = trio.Event()
            async with self._lock:
                while self._endings:
                    await self._handle(self._endings.popleft())
                await self._start_due()
                next_due = min((child.due or 0.0 for child in self._waiting()), default=math.inf)
            if not self._endings:
                with trio.move_on_after(next_due - self._now()):
                    await self._wake.wait()

    async def _halt_children(self) -> None:
        """Right to left; dynamic children are gone for good."""
        if self.state is not State.STARTING:
            self.state = State.STOPPING
        self._command.cancel()
        with trio.CancelScope(shield=True):
            async with self._lock:
                for child in reversed(self.children):
                    await child.halt()
                for child in [child for child in self.children if child.dynamic]:
                    self._forget(child)
        if any(child.state is State.WEDGED for child in self.children):
            self.state = State.WEDGED

    # Its decisions.

    def _restarted_at_once(self, child: Child, error: Exception | None) -> bool:
        """A lone crash without back-off is dealt with here and now, if the child can do it."""
        if (
            error is None
            or self._spec.strategy is not Strategy.ONE_FOR_ONE
            or self.state is not State.RUNNING
            or child.backoff is not None
            or child.restart is Restart.TEMPORARY
            or not child.can_restart_at_once()
            or not self._window.has_room(self._now())
        ):
            return False
        self._window.add(self._now(), f"{child.id}: {child.last_error}")
        self._log_restart(child, error)
        child.restart_at_once()
        return True

    async def _handle(self, ending: Ending) -> None:
        child, error = ending.child, ending.error
        if child not in self.children or child.life != ending.life or child.state not in AT_REST:
            return
        siblings = list(self.children)
        reason = Reason.NORMAL if error is None else Reason.CRASH
        position = siblings.index(child)
        decision = decide(
            self._spec.strategy, [each.restart for each in siblings], position, reason
        )
        if not decision.counts:
            child.discard()
        else:
            what = f"{child.id}: {NORMAL_END if error is None else summary(error)}"
            if not self._window.add(self._now(), what):
                raise SupervisorFailed(self.path, child.id, self._window.history)
            group = [siblings[at] for at in decision.start]
            # A restart that already waits in the group is joined, so all of it starts together.
            due = max([self._due(child), *(each.due for each in group if each.due is not None)])
            for at in decision.stop:
                await siblings[at].halt()
            for each in group:
                self._log_restart(each, error)
                each.await_restart(due)
        for at in decision.forget:
            self._forget(siblings[at])

    def _due(self, child: Child) -> float:
        now = self._now()
        if child.backoff is not None and child.lived_s(now) >= child.backoff.most_s:
            child.crashes = 0
        child.crashes += 1
        if child.backoff is None:
            return now
        return now + child.backoff.wait_s(child.crashes, self.system.outside.random)

    async def _start_due(self) -> None:
        """Start what is due, left to right; a failed start is one more crash."""
        assert self._nursery is not None
        alone = self._spec.strategy is Strategy.ONE_FOR_ONE
        for child in list(self._waiting()):
            if child.due is None or child.due > self._now():
                continue
            try:
                await child.start(self._nursery)
            except Exception as error:
                self._endings.append(Ending(child, child.life, error))
                if not alone:
                    return

    def _waiting(self) -> Iterator[Child]:
        """Children whose restart can be started in its time: not WEDGED, not behind a WEDGED."""
        for child in self.children:
            if child.due is None:
                continue
            if child.state is not State.WEDGED:
                yield child
            elif self._spec.strategy is not Strategy.ONE_FOR_ONE:
                return

    # Small things.

    @asynccontextmanager
    async def _commanded(self) -> AsyncIterator[trio.Nursery]:
        """One command at a time, between two decisions; broken off when this supervisor stops."""
        async with self._lock:
            if self.state is not State.RUNNING or self._nursery is None:
                raise NotRunning(self.path)
            with trio.CancelScope() as self._command:
                yield self._nursery
            if self._command.cancelled_caught:
                raise NotRunning(self.path)

    def _make(self, spec: AnySpec) -> Child:
        path = f"{self.path}/{spec.id}"
        if isinstance(spec, ChildSpec):
            return Worker(self.system, spec, path, self)
        if isinstance(spec, PoolSpec):
            return Pool(self.system, spec, path, self)
        return Supervisor(self.system, spec, path, self)

    def _forget(self, child: Child) -> None:
        child.discard()
        if child.state is not State.WEDGED:
            self.children.remove(child)

    def _now(self) -> float:
        return self.system.host.now()

    def _log_restart(self, child: Child, error: Exception | None) -> None:
        """Tell that a child is about to start again, and why: its own end or a sibling's.

        Of an error only the type is told: its text may quote a message.
        """
        reason = NORMAL_END if error is None else type(collapse(error)).__name__
        self._log.warning("child_restart", path=child.path, reason=reason, count=child.restarts + 1)
