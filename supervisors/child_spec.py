"""What a tree consists of: OTP's specifications, as frozen values that check themselves.

A specification is data: building one starts nothing. It is refused at the line that writes it,
with a typed error, so a tree that can be written down can also be started. Nothing here knows how
children run.

Words and meanings are those of OTP's `supervisor` (`sup_princ`, "Supervisor Behaviour").
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from supervisors.errors import BadNumber, BadSpec, DuplicateId
from wire.backoff import Backoff

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.process import Process

ID_CHARS_MAX = 128
"""The longest id of a child, or key of a pool, in characters."""

CHILDREN_MAX = 10_000
"""The most children of one supervisor, static and dynamic together."""

DEPTH_MAX = 16
"""The most levels of one tree."""

RESTARTS_MAX = 10_000
"""The highest restart count that an intensity may allow, which bounds its window."""

POOL_LIMIT_MAX = 1_000_000
"""The most live actors of one pool."""

KEY_BACKOFF = Backoff(first_s=0.5, most_s=30.0)
"""How long a key of a pool that keeps failing is paused, unless its pool says otherwise."""

DURATION_S_MAX = 7 * 24 * 3600.0
"""The longest duration that a specification may name, in seconds."""


def _duration(id: str, field: str, seconds: float) -> None:  # noqa: A002 - OTP's word for it
    if not (math.isfinite(seconds) and 0 <= seconds <= DURATION_S_MAX):
        raise BadNumber(id, f"{field} is 0 to {DURATION_S_MAX:g} seconds, not {seconds!r}")


class Restart(StrEnum):
    """When an ended child is started again."""

    PERMANENT = "permanent"
    """Always."""
    TRANSIENT = "transient"
    """Only after a crash."""
    TEMPORARY = "temporary"
    """Never."""


class Strategy(StrEnum):
    """Who else is restarted when one child is."""

    ONE_FOR_ONE = "one_for_one"
    """Nobody."""
    ONE_FOR_ALL = "one_for_all"
    """Every sibling."""
    REST_FOR_ONE = "rest_for_one"
    """The siblings that were started after it."""


@dataclass(frozen=True)
class Intensity:
    """How many restarts within how long are tolerated; one more, and the supervisor gives up.

    Intensities multiply through the levels of a tree (10 below 10 is 100 starts), so the upper
    levels want the lower numbers. OTP's default is 1 within 5 seconds.

    Attributes:
        restarts: 0 to `RESTARTS_MAX`.
        period_s: in seconds.
    """

    restarts: int = 1
    period_s: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.restarts <= RESTARTS_MAX:
            raise BadNumber("intensity", f"restarts is 0 to {RESTARTS_MAX}, not {self.restarts!r}")
        _duration("intensity", "period_s", self.period_s)


@dataclass(frozen=True)
class ChildSpec:
    """One worker: a reactive or a process actor; `start=host.child(...)` puts it on asyncio.

    Attributes:
        id: unique among its siblings; the last part of its path.
        start: builds a fresh object for each incarnation.
        restart: when it is started again.
        shutdown_s: how long it may take to stop, in seconds; then it is cancelled, and then WEDGED.
        backoff: how long a restart after a crash waits; None restarts at once.
        register: a name under which everybody finds it, unique in the system.
    """

    id: str
    start: Callable[[], Actor | Process]
    restart: Restart = Restart.PERMANENT
    shutdown_s: float = 5.0
    backoff: Backoff | None = None
    register: str | None = None

    def __post_init__(self) -> None:
        check_id(self.id)
        _duration(self.id, "shutdown_s", self.shutdown_s)


@dataclass(frozen=True)
class PoolSpec:
    """Keyed reactive actors of one kind (OTP: simple_one_for_one), each alive only while needed.

    Attributes:
        id: unique among its siblings.
        start: builds the actor of a key.
        limit: the most actors alive at once.
        passivate_s: an actor that had no message for so many seconds is let go.
        intensity: how many crashes and failed starts of one key are tolerated, each key by itself.
        backoff: how long a key is paused then; longer each time, until it has lived for `most_s`.
    """

    id: str
    start: Callable[[str], Actor]
    limit: int
    passivate_s: float
    intensity: Intensity = Intensity(restarts=5, period_s=10.0)
    backoff: Backoff = KEY_BACKOFF

    def __post_init__(self) -> None:
        check_id(self.id)
        if not 1 <= self.limit <= POOL_LIMIT_MAX:
            raise BadNumber(self.id, f"limit is 1 to {POOL_LIMIT_MAX}, not {self.limit!r}")
        _duration(self.id, "passivate_s", self.passivate_s)
        if self.passivate_s == 0:
            raise BadNumber(self.id, "passivate_s must be above 0")

    @property
    def restart(self) -> Restart:
        """A pool comes back as often as its supervisor's intensity allows."""
        return Restart.PERMANENT


@dataclass(frozen=True)
class SupervisorSpec:
    """A supervisor and its children, in the order in which they start.

    A supervisor has no shutdown budget of its own (OTP: infinity): it takes what its children's
    budgets add up to, and no child can take longer than its own.

    Attributes:
        id: unique among its siblings.
        strategy: who is restarted together.
        intensity: how many restarts are tolerated.
        children: in start order; stopped in reverse.
        restart: when this supervisor itself is started again by its parent.
        backoff: how long its own restart waits; None restarts at once.
    """

    id: str
    strategy: Strategy
    intensity: Intensity
    children: Sequence[AnySpec]
    restart: Restart = Restart.PERMANENT
    backoff: Backoff | None = None

    def __post_init__(self) -> None:
        check_id(self.id)
        if len(self.children) > CHILDREN_MAX:
            raise BadNumber(self.id, f"more than {CHILDREN_MAX} children")
        _unique(self.id, "child", (child.id for child in self.children))
        _unique(self.id, "registered name", registered_names(self))
        if depth(self) > DEPTH_MAX:
            raise BadNumber(self.id, f"deeper than {DEPTH_MAX} levels")


AnySpec = ChildSpec | PoolSpec | SupervisorSpec
"""Whatever a supervisor can have as a child."""


def check_id(id: str) -> None:  # noqa: A002 - OTP's word for it
    """Refuse what cannot be one part of a path.

    Raises:
        BadSpec: empty, too long, or with a slash, white space or a control character in it.
    """
    if not id or len(id) > ID_CHARS_MAX:
        raise BadSpec(id[:ID_CHARS_MAX], f"an id has 1 to {ID_CHARS_MAX} characters")
    if "/" in id or " " in id or not id.isprintable():
        raise BadSpec(id, "an id has no slash, space or control character")


def registered_names(spec: AnySpec) -> Iterator[str]:
    """Every name that the tree below would register, in start order."""
    if isinstance(spec, SupervisorSpec):
        for child in spec.children:
            yield from registered_names(child)
    elif isinstance(spec, ChildSpec) and spec.register is not None:
        yield spec.register


def depth(spec: AnySpec) -> int:
    """How many levels the tree below has; a worker is one."""
    if isinstance(spec, SupervisorSpec):
        return 1 + max(map(depth, spec.children), default=0)
    return 1


def _unique(id: str, what: str, names: Iterable[str]) -> None:  # noqa: A002 - OTP's word for it
    for name, count in Counter(names).items():
        if count > 1:
            raise DuplicateId(id, f"{what} {name!r} appears {count} times")
