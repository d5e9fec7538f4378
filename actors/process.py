"""A process actor: an `async` body with a task of its own, behind the same Ref as every actor.

For what has to wait by nature: a socket's peer, a BLE link, the one writer of a database. The
engine that runs a body under a supervisor's nursery is `actors.runtime.trio_host.run_process`, the
cell around it `actors.runtime.process_cell`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import trio

from actors.inbox import Delivery, Inbox

if TYPE_CHECKING:
    from actors.context import Context

PROCESS_MAILBOX_CAPACITY = 256
"""How many messages wait for a process actor unless its class says otherwise."""


class Process:
    """Base of every process actor.

    Attributes:
        mailbox_capacity: how many messages may wait; one more becomes a dead letter.
        context: what the actor may do; set before `started`, absent in `__init__`.
    """

    mailbox_capacity: ClassVar[int] = PROCESS_MAILBOX_CAPACITY
    context: Context

    async def started(self) -> None:
        """Set up; a crash here is a failed start and reaches whoever starts the actor."""

    async def run(self, inbox: Inbox) -> None:
        """Live; returning is a normal end, raising is a crash.

        When `inbox` ends, finish what is in hand and return; after the shutdown budget the task is
        cancelled. A body that never looks at its inbox is cancelled at once.
        """

    def inspect(self) -> dict[str, object]:
        """What a console may see of the state; never a secret, never a card or ID number."""
        return {}


class BackgroundProcess(Process, ABC):
    """A process on the trio loop that has work of its own and hears nothing.

    Whoever writes one writes `work`, and it is cancelled when the actor is asked to end.
    """

    @abstractmethod
    async def work(self) -> None:
        """Work on, for ever; raising is a crash."""

    async def run(self, inbox: Inbox) -> None:
        """See `Process.run`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.work)
            async for _ in inbox:
                pass
            nursery.cancel_scope.cancel()


__all__ = ["PROCESS_MAILBOX_CAPACITY", "BackgroundProcess", "Delivery", "Inbox", "Process"]
