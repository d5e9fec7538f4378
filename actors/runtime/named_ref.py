"""A Ref that names its actor instead of holding it: for parts that are built before their tree.

Every use looks the name up again (OTP: `{via, Module, Name}`), so it may be made before the actor
is started and outlives the actor's place in the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.errors import ActorStopped
from actors.ref import Ref, Watcher

if TYPE_CHECKING:
    from actors.runtime.system import System
    from wire.message import ReplyT, Request


class NamedRef(Ref):
    """Finds its actor at each use.

    Args:
        system: where the actor lives.
        path: its path or registered name.
    """

    __slots__ = ("_system", "path")

    def __init__(self, system: System, path: str) -> None:
        self._system = system
        self.path = path

    def tell(self, message: object) -> bool:
        """See `Ref.tell`; False as well while nobody has that name."""
        found = self._system.find(self.path)
        return found is not None and found.tell(message)

    async def send(self, message: object) -> None:
        """See `Ref.send`."""
        await self._found().send(message)

    async def ask(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """See `Ref.ask`."""
        return await self._found().ask(request, within=within)

    def watch(self, watcher: Watcher) -> None:
        """See `Ref.watch`."""
        self._found().watch(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """See `Ref.unwatch`; whoever has the name now is asked."""
        found = self._system.find(self.path)
        if found is not None:
            found.unwatch(watcher)

    def _found(self) -> Ref:
        found = self._system.find(self.path)
        if found is None:
            raise ActorStopped(f"nobody is called {self.path}")
        return found


__all__ = ["NamedRef"]
