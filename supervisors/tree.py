"""A whole tree, opened and closed as one block.

Leaving the block, by whatever way, stops the tree right to left, every child within its budget,
before anything after the block runs. When the root supervisor gives up, the block is cancelled and
`SupervisorFailed` is raised where the tree was opened: one error, never an exception group.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import trio

from actors.offload import Slots
from actors.runtime.trace import TRACE_TURNS_MAX
from supervisors.errors import NoSuchChild, collapse
from supervisors.pool import Pool
from supervisors.snapshot import Look, Meter, Node, State, rates
from supervisors.supervisor import Supervisor

if TYPE_CHECKING:
    from actors.offload import Load
    from actors.ref import Ref
    from actors.runtime.system import System
    from supervisors.child import Child
    from supervisors.child_spec import AnySpec, SupervisorSpec


class Tree:
    """A running tree of supervisors; made by `open_tree`.

    Attributes:
        system: where its actors live.
        root: the topmost supervisor.
    """

    def __init__(self, system: System, spec: SupervisorSpec) -> None:
        self.system = system
        self.root = Supervisor(system, spec, f"/{spec.id}", self)
        self.failure: Exception | None = None
        self.body = trio.CancelScope()
        self._stopped = trio.Event()
        self._offloaded = Meter()

    def ref(self, path_or_name: str) -> Ref:
        """The Ref of a child, of a pool's key (`/office/cases/case-42`), or of a registered name.

        Raises:
            NoSuchChild: there is none.
        """
        found = self.system.find(path_or_name)
        if found is not None:
            return found
        path, _, key = path_or_name.rpartition("/")
        child = self._find(path)
        if not isinstance(child, Pool):
            raise NoSuchChild(path_or_name)
        return child.ref(key)

    def pool(self, path: str) -> Pool:
        """The pool at that path.

        Raises:
            NoSuchChild: there is none.
        """
        child = self._find(path)
        if not isinstance(child, Pool):
            raise NoSuchChild(path)
        return child

    def supervisor(self, path: str) -> Supervisor:
        """The supervisor at that path.

        Raises:
            NoSuchChild: there is none.
        """
        child = self._find(path)
        if not isinstance(child, Supervisor):
            raise NoSuchChild(path)
        return child

    async def start_child(self, path: str, spec: AnySpec) -> None:
        """Add a child under the supervisor at `path`; see `Supervisor.start_child`."""
        await self.supervisor(path).start_child(spec)

    async def terminate_child(self, path: str) -> None:
        """Stop the child at `path` for good; see `Supervisor.terminate_child`."""
        above, _, name = path.rpartition("/")
        child = self._find(above)
        if isinstance(child, Pool):
            child.terminate_child(name)
        else:
            await self.supervisor(above).terminate_child(name)

    async def restart_child(self, path: str) -> None:
        """Start the ended child at `path` again; see `Supervisor.restart_child`."""
        above, _, name = path.rpartition("/")
        await self.supervisor(above).restart_child(name)

    def stop(self) -> None:
        """Let `wait` return."""
        self._stopped.set()

    async def wait(self) -> None:
        """Return after `stop`. If the root gives up, the block around this is cancelled."""
        await self._stopped.wait()

    # For snapshots.

    def look(self) -> Look:
        """See `supervisors.snapshot.Visible`."""
        now = self.system.host.now()
        entries = self.system.trace.entries()
        return Look(
            now,
            self.system.outside.wall.now_ms(),
            # Turns are timed by the stopwatch, which need not be the loop's clock.
            rates(
                entries,
                full=len(entries) >= TRACE_TURNS_MAX,
                now=self.system.host.stopwatch(),
            ),
        )

    def node(self, look: Look) -> Node:
        """See `supervisors.snapshot.Visible`."""
        look.take(1)
        offload = self.system.outside.offload
        if not isinstance(offload, Slots):
            return self.root.node(look)
        look.take(1)
        node = self.root.node(look)
        beside = self._beside(offload.load(), look)
        return msgspec.structs.replace(
            node, count=node.count + 1, children=(*node.children, beside)
        )

    def _beside(self, load: Load, look: Look) -> Node:
        """The work beside the loop, as what waits for it: no child, but as visible as one."""
        return Node(
            path=f"{self.root.path}/offload",
            kind="slots",
            state=State.RUNNING,
            mailbox=load.waiting,
            mailbox_peak=load.waiting_peak,
            rate=self._offloaded.rate(look.now, load.begun),
            oldest_age_s=load.oldest_s,
        )

    # What the root reports.

    def ended(self, child: Child, error: Exception | None) -> None:
        """See `supervisors.child.Parent`."""
        self.failure = error
        self.body.cancel()

    def freed(self, child: Child) -> None:
        """See `supervisors.child.Parent`."""

    @trio.lowlevel.enable_ki_protection
    async def close(self) -> None:
        """Stop everything in reverse order, for good; not interrupted by cancellation or Ctrl-C."""
        await self.root.halt()
        self.root.discard()

    def _find(self, path: str) -> Child | None:
        root = self.root.path
        if path == root:
            return self.root
        if not path.startswith(f"{root}/"):
            return None
        found: Child = self.root
        for name in path.removeprefix(f"{root}/").split("/"):
            if not isinstance(found, Supervisor):
                return None
            below = [child for child in found.children if child.id == name]
            if not below:
                return None
            found = below[0]
        return found


@asynccontextmanager
async def open_tree(system: System, spec: SupervisorSpec) -> AsyncIterator[Tree]:
    """Start a tree, and stop it on leaving.

    Raises:
        SupervisorFailed: the root supervisor gave up.
        Exception: a child's own error when the tree could not start (what had started is stopped,
            in reverse); or whatever the block raised.
    """
    tree = Tree(system, spec)
    raised: BaseException | None = None
    broken: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            try:
                await tree.root.start(nursery)
                with tree.body:
                    yield tree
            except BaseException as error:
                # Kept and raised outside, so that the nursery does not wrap the block's own error.
                raised = error
            finally:
                await tree.close()
    except BaseException as error:
        broken = collapse(error)
    for outcome in (broken, tree.failure, raised):
        if outcome is not None:
            raise outcome
