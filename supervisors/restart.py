"""The rules of restarting, as pure functions: no clock, no tasks, no randomness of their own.

`decide` is OTP's table (strategy x restart type x reason of the end) over children known by their
position; `within` is its restart intensity; `delay_s` is the exponential back-off that OTP lacks.
The supervisor only carries out what is said here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from supervisors.child_spec import Backoff, Intensity, Restart, Strategy

BACKOFF_DOUBLINGS_MAX = 32
"""A back-off stops doubling here, long after it has reached any sensible maximum."""


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


def decide(
    strategy: Strategy, children: Sequence[Restart], ended: int, reason: Reason
) -> Decision:
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


def within(
    intensity: Intensity, restarts: Sequence[float], now: float
) -> tuple[tuple[float, ...], bool]:
    """Add a restart at `now` to the window and say whether it is still tolerated.

    Args:
        intensity: how many restarts within how long.
        restarts: the times of the earlier ones, in seconds, oldest first.
        now: in seconds, on the same clock.

    Returns:
        The new window, never longer than `intensity.restarts + 1`, and False when the supervisor
        must give up.
    """
    recent = (*(at for at in restarts if now - at <= intensity.period_s), now)
    return recent[-(intensity.restarts + 1) :], len(recent) <= intensity.restarts


def delay_s(backoff: Backoff | None, crashes: int, dice: random.Random) -> float:
    """How long the next restart waits, in seconds.

    Args:
        backoff: None is no wait.
        crashes: how many in a row, the latest included; at least 1.
        dice: where the jitter comes from.
    """
    if backoff is None:
        return 0.0
    doublings = min(crashes - 1, BACKOFF_DOUBLINGS_MAX)
    whole = min(backoff.first_s * 2.0**doublings, backoff.most_s)
    return whole * (1.0 - backoff.jitter * dice.random())
