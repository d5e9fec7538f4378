"""The system as its parts see it: what a mailbox, a cell or a request needs of where it lives.

Parts know this port and never `actors.runtime.system.System`, which knows all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from actors.dead_letters import DeadLetters
    from actors.ports import Outside
    from actors.ref import Ref
    from actors.shim import Host
    from actors.timers import Wheel


class Node(Protocol):
    """One node's runtime.

    Attributes:
        host: the event loop.
        outside: the ports handed to every actor.
        wheel: every deadline.
        dead_letters: what nobody handled.
    """

    host: Host
    outside: Outside
    wheel: Wheel
    dead_letters: DeadLetters

    def find(self, path_or_name: str) -> Ref | None:
        """The Ref registered under a name, or at a path; None if there is none."""

    def forget(self, ref: Ref) -> None:
        """An actor stopped for good: its path and names are free."""

    def panic(self, error: Exception) -> None:
        """The runtime itself is broken: end the system."""


__all__ = ["Node"]
