"""The requests that one end of a session has asked and that wait for their answers.

One task watches all their deadlines: a cancel scope for each request would cost more than sealing
it. Invariant: every request in the table is settled once, by its answer, by its deadline or by the
end of its session.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import trio

from wire.errors import OutcomeUnknown, WireError


class Waiting:
    """An asker, parked until `outcome` is known.

    Attributes:
        expires_at: when it stops waiting, seconds of trio's clock.
        outcome: the encoded answer, or why there is none; None until then.
    """

    __slots__ = ("_settled", "expires_at", "outcome")

    def __init__(self, expires_at: float) -> None:
        self.expires_at = expires_at
        self.outcome: bytes | WireError | None = None
        self._settled = trio.Event()

    def settle(self, outcome: bytes | WireError) -> None:
        """Wake the asker."""
        self.outcome = outcome
        self._settled.set()

    async def wait(self) -> bytes | WireError:
        """Park until settled."""
        await self._settled.wait()
        assert self.outcome is not None, "settled with an outcome"
        return self.outcome


class Asked:
    """The table, by correlation."""

    def __init__(self) -> None:
        self._waiting: dict[int, Waiting] = {}
        self._over = False
        self._sooner = trio.Event()
        self._looks_at = -math.inf  # when `expire` looks next

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, correlation: int, expires_at: float) -> Waiting:
        """A new request; `expire` will settle it at `expires_at` if nobody else does."""
        waiting = self._waiting[correlation] = Waiting(expires_at)
        if expires_at < self._looks_at:
            self._sooner.set()
        return waiting

    def discard(self, correlation: int) -> None:
        """Its asker has gone."""
        self._waiting.pop(correlation, None)

    def settle(self, correlation: int, outcome: bytes | WireError) -> None:
        """Its answer has come; nothing happens if it came too late."""
        waiting = self._waiting.pop(correlation, None)
        if waiting is not None:
            waiting.settle(outcome)

    def settle_all(
        self, error: type[WireError], why: str, *, but: Collection[int | None] = ()
    ) -> None:
        """The session has ended for all of them but those."""
        for correlation in [each for each in self._waiting if each not in but]:
            self.settle(correlation, error(why))

    def close(self) -> None:
        """Nothing will be asked any more."""
        self._over = True
        self._sooner.set()

    async def expire(self) -> None:
        """Watch the deadlines until `close`."""
        while not self._over:
            self._sooner = trio.Event()
            self._looks_at = min(
                (waiting.expires_at for waiting in self._waiting.values()), default=math.inf
            )
            with trio.move_on_at(self._looks_at):
                await self._sooner.wait()
            now = trio.current_time()
            for correlation, waiting in list(self._waiting.items()):
                if waiting.expires_at <= now:
                    self.settle(correlation, OutcomeUnknown("no answer in time"))


__all__ = ["Asked", "Waiting"]
