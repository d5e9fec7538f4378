"""A look at the live tree, taken without asking anybody: it works on a stuck handler too.

A snapshot is a value. It holds counters, states and one-line summaries of errors, never a message
body nor an error's own text, which may quote one. It is bounded: a large pool shows its counts and
its first children.

Rates cost nothing while nobody looks: those of reactive actors come from the system's trace ring,
those of process actors from a counter that is read at each look.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

import msgspec

NODES_MAX = 2_000
"""The most nodes of one snapshot."""

POOL_SHOWN_MAX = 20
"""The most actors of a pool that a snapshot shows."""

RATE_WINDOW_S = 10.0
"""The sliding window of rates, in seconds."""

SAMPLE_S_MIN = 1.0
"""The shortest time between two samples of a counter, in seconds."""

SAMPLES_MAX = math.ceil(RATE_WINDOW_S / SAMPLE_S_MIN) + 2
"""The most samples of one counter."""

STUCK_S_MIN = 1.0
"""A process whose oldest message waits longer, in seconds, is shown with the line it is at."""


class State(StrEnum):
    """What a node is doing."""

    STARTING = "STARTING"
    """Its `started()` has not returned yet."""
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    """Crashed; its restart waits until `backoff_until_ms`."""
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    """Ended, and not coming back by itself."""
    WEDGED = "WEDGED"
    """Told to stop and cancelled, and still there; no new incarnation may start."""
    FAILED = "FAILED"
    """A supervisor that gave up."""
    PASSIVE = "PASSIVE"
    """A pool's actor without an object; the next message revives it."""


class Node(msgspec.Struct, frozen=True):
    """One supervisor, pool or actor, and what is below it.

    Attributes:
        path: its address, for instance `/office/queue`.
        kind: `supervisor`, `pool`, `reactive`, `process` or `asyncio`; `slots` for work beside
            the loop, whose mailbox is what waits for one.
        state: what it is doing.
        mailbox: messages waiting; of a supervisor or pool, in all its children.
        mailbox_peak: the most that ever waited.
        rate: messages per second in the last `RATE_WINDOW_S` seconds.
        oldest_age_s: how long the oldest waiting message has waited, in seconds.
        restarts: how often it was started again.
        last_error: its latest crash, in one line; empty when it never crashed.
        stuck_at: the line where it is held up, `file:line function`; empty when it is not.
        backoff_until_ms: Unix time in milliseconds at which BACKOFF ends; 0 in other states.
        count: how many children it has; more than `children` when not all are shown.
        children: in start order.
    """

    path: str
    kind: str
    state: State
    mailbox: int = 0
    mailbox_peak: int = 0
    rate: float = 0.0
    oldest_age_s: float = 0.0
    restarts: int = 0
    last_error: str = ""
    stuck_at: str = ""
    backoff_until_ms: int = 0
    count: int = 0
    children: tuple[Node, ...] = ()

    def find(self, path: str) -> Node | None:
        """The node with that path at or below this one."""
        return next((node for node in self.walk() if node.path == path), None)

    def walk(self) -> Iterable[Node]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


class Look:
    """What one snapshot knows while it is being taken: the time, the rates, the room left.

    Attributes:
        now: monotonic seconds.
        wall_ms: the same moment in Unix milliseconds.
    """

    def __init__(self, now: float, wall_ms: int, rates: dict[str, float]) -> None:
        self.now = now
        self.wall_ms = wall_ms
        self._rates = rates
        self._room = NODES_MAX

    def take(self, nodes: int) -> int:
        """Reserve room for so many nodes; returns how many there is room for."""
        granted = min(nodes, self._room)
        self._room -= granted
        return granted

    def rate(self, path: str) -> float:
        """Messages per second of the actor at `path`."""
        return self._rates.get(path, 0.0)

    def wall_at(self, moment: float) -> int:
        """A monotonic moment as Unix milliseconds."""
        return self.wall_ms + round((moment - self.now) * 1000)


class Visible(Protocol):
    """What a snapshot can be taken of."""

    def look(self) -> Look:
        """The moment of the snapshot."""

    def node(self, look: Look) -> Node:
        """The node of this part of the tree."""


def snapshot(tree: Visible) -> Node:
    """The tree as it is at this moment; a few microseconds a node, and nobody is disturbed."""
    return tree.node(tree.look())


def rates(entries: Iterable[tuple[float, str, str]], full: bool, now: float) -> dict[str, float]:
    """Messages per second by path, from a bounded ring of the latest ones.

    Args:
        entries: (monotonic seconds, path, type name), oldest first.
        full: True when the ring may have lost earlier entries; then its own span, if shorter,
            is the window.
        now: monotonic seconds.
    """
    counts: Counter[str] = Counter()
    window_s = RATE_WINDOW_S
    for at, path, _ in entries:
        if full:
            window_s = min(window_s, now - at)
            full = False
        if now - at <= RATE_WINDOW_S:
            counts[path] += 1
    window_s = max(window_s, 0.001)
    return {path: count / window_s for path, count in counts.items()}


class Meter:
    """Messages per second from a counter that only ever grows.

    A true sliding window when looked at every second or so; after a longer pause, the mean since
    the last look.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque([(0.0, 0)], maxlen=SAMPLES_MAX)

    def rate(self, now: float, counted: int) -> float:
        """The rate at `now` (monotonic seconds), when so many were counted in all."""
        samples = self._samples
        while len(samples) > 1 and samples[1][0] <= now - RATE_WINDOW_S:
            samples.popleft()
        began, before = samples[0]
        if now - samples[-1][0] >= SAMPLE_S_MIN:
            samples.append((now, counted))
        return (counted - before) / max(now - began, RATE_WINDOW_S)

    def begin(self, now: float, counted: int) -> None:
        """Forget what was before `now`."""
        self._samples.clear()
        self._samples.append((now, counted))


def total(path: str, kind: str, state: State, children: tuple[Node, ...], **own: object) -> Node:
    """A node that sums up the mailboxes and rates of its children."""
    node = Node(
        path=path,
        kind=kind,
        state=state,
        mailbox=sum(child.mailbox for child in children),
        mailbox_peak=max((child.mailbox_peak for child in children), default=0),
        rate=sum(child.rate for child in children),
        oldest_age_s=max((child.oldest_age_s for child in children), default=0.0),
        count=len(children),
        children=children,
    )
    return msgspec.structs.replace(node, **own)
