"""The rules of restarting, as functions and values: no clock, no tasks, no randomness of their own.

`decide` is OTP's table (strategy x restart type x reason of the end) over children known by their
position; `Window` is its restart intensity. The back-off that OTP lacks is `wire.backoff`'s.
The supervisor only carries out what is said here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from supervisors.child_spec import Intensity, Restart, Strategy


class Reason(StrEnum):
    """How an incarnation ended."""

    NORMAL = "normal"
    """It returned, or stopped itself."""
    SHUTDOWN = "shutdown"
    """It was told to stop."""
    CRASH = "crash"
    """It raised."""


@dataclass(frozen=True)
class Decision:
    """What follows from the end of one child; positions count from 0 in start order.

    Attributes:
        stop: which siblings stop, in this order (reverse start order).
        start: which children start then, in this order.
        forget: which children leave the supervisor for good: the temporary ones that ended.
        counts: True when this is a restart in the sense of the intensity.
    """

    stop: tuple[int, ...] = ()
    start: tuple[int, ...] = ()
    forget: tuple[int, ...] = ()
    counts: bool = False


def wants_restart(restart: Restart, reason: Reason) -> bool:
    """Whether a child of this type comes back after such an end."""
    if restart is Restart.PERMANENT:
        return True
    return restart is Restart.TRANSIENT and reason is Reason.CRASH


def decide(strategy: Strategy, children: Sequence[Restart], ended: int, reason: Reason) -> Decision:
    """What the supervisor does about one ended child.

    Temporary siblings that a group restart stops do not come back (OTP: `terminate_children`).

    Args:
        strategy: of the supervisor.
        children: the restart type of every child, in start order.
        ended: the position of the one that ended.
        reason: how it ended.
    """
    if not wants_restart(children[ended], reason):
        return Decision(forget=(ended,) if children[ended] is Restart.TEMPORARY else ())
    group = affected(strategy, len(children), ended)
    return Decision(
        stop=tuple(i for i in reversed(group) if i != ended),
        start=tuple(i for i in group if children[i] is not Restart.TEMPORARY),
        forget=tuple(i for i in group if children[i] is Restart.TEMPORARY),
        counts=True,
    )


def affected(strategy: Strategy, count: int, ended: int) -> range:
    """The positions that stop and start together with the one that ended."""
    if strategy is Strategy.ONE_FOR_ONE:
        return range(ended, ended + 1)
    if strategy is Strategy.ONE_FOR_ALL:
        return range(count)
    return range(ended, count)


class Window:
    """The restarts of one supervisor within its period: OTP's intensity, with what was said.

    Bounded: it never holds more than the intensity allows, plus the one that was too many.
    """

    def __init__(self, intensity: Intensity) -> None:
        self._intensity = intensity
        self._recent: deque[tuple[float, str]] = deque(maxlen=intensity.restarts + 1)

    def has_room(self, now: float) -> bool:
        """Whether one more restart at `now` (seconds) would still be tolerated."""
        recent, period_s = self._recent, self._intensity.period_s
        while recent and now - recent[0][0] > period_s:
            recent.popleft()
        return len(recent) < self._intensity.restarts

    def add(self, now: float, what: str) -> bool:
        """Count a restart at `now`; False when the supervisor must give up.

        Args:
            now: seconds, never less than before.
            what: the summary of what made it necessary.
        """
        tolerated = self.has_room(now)
        self._recent.append((now, what))
        return tolerated

    @property
    def history(self) -> tuple[str, ...]:
        """What made the recent restarts necessary, oldest first."""
        return tuple(what for _, what in self._recent)
