"""`python -m tests.simulation [seeds=N] [from=S]`: N seeds from S on, two at a time.

A line for each seed that broke an invariant, with the command that plays it again; progress on
stderr; totals at the end. Exits 1 if anything was broken, 2 if the words are not understood.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from logging import WARNING
from multiprocessing import get_context
from typing import Final

from actors.log import configure_log
from tests.simulation.world import Outcome, simulate

DEFAULTS: Final = {"seeds": 300, "from": 0}
"""What can be said, and what holds if it is not."""

WORKERS: Final = 2
PROGRESS_EVERY: Final = 10
BREACHES_SHOWN_MAX: Final = 5

USAGE: Final = "usage: python -m tests.simulation [seeds=N] [from=S]"

SHOWN_COUNTS: Final = (
    "crash",
    "partition",
    "attack",
    "poison",
    "slow",
    "refuse",
    "fill",
    "policy",
    "clock",
    "upgrade",
    "doubt",
    "deaf",
    "forget",
    "partner slow",
    "partner time_out",
    "partner decline",
    "partner down",
    "dead",
    "flood",
    "settle",
)
"""The kinds of fault, as the trace calls them."""


@dataclass
class Totals:
    """Sums over many seeds."""

    seeds: int = 0
    virtual_s: float = 0.0
    frames: int = 0
    events: int = 0
    broken: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """One more seed."""
        self.seeds += 1
        self.virtual_s += outcome.virtual_s
        self.frames += outcome.frames
        self.events += outcome.events
        self.broken += bool(outcome.breaches)
        self.counts.update(outcome.counts)
        self.cases.update(outcome.cases)
        self.closed.update(outcome.closed)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"seeds {self.seeds}  virtual seconds {self.virtual_s:.0f}"
        yield f"frames {self.frames}  events {self.events}"
        yield "  ".join(f"{kind} {self.counts[kind]}" for kind in SHOWN_COUNTS)
        yield "cases " + "  ".join(f"{state} {n}" for state, n in sorted(self.cases.items()))
        yield "closed " + "  ".join(f"{code} {n}" for code, n in sorted(self.closed.items()))
        yield f"seeds with a violation {self.broken}"


def read_words(words: Sequence[str]) -> dict[str, int]:
    """`seeds=N` and `from=S` as numbers.

    Raises:
        ValueError: anything else was said.
    """
    said = dict(DEFAULTS)
    for word in words:
        name, equals, number = word.partition("=")
        if name not in said or not equals or not number.isascii() or not number.isdigit():
            raise ValueError(word)
        said[name] = int(number)
    if said["seeds"] == 0:
        raise ValueError("no seeds prove nothing")
    return said


def replay(seed: int) -> str:
    """The one command that plays a seed again."""
    return f"just sim seeds=1 from={seed}"


def outcomes(seeds: Sequence[int]) -> Iterator[Outcome]:
    """Of every seed, in order, worked on by `WORKERS` processes."""
    if len(seeds) == 1:
        yield simulate(seeds[0])
        return
    with ProcessPoolExecutor(
        WORKERS, get_context("spawn"), initializer=configure_log, initargs=(WARNING,)
    ) as pool:
        yield from pool.map(simulate, seeds)


def main(words: Sequence[str]) -> int:
    """Run what was asked for; the exit code."""
    try:
        said = read_words(words)
    except ValueError:
        print(USAGE, file=sys.stderr)  # noqa: T201 - a command's own words
        return 2
    totals = Totals()
    for outcome in outcomes(range(said["from"], said["from"] + said["seeds"])):
        totals.add(outcome)
        for breach in outcome.breaches[:BREACHES_SHOWN_MAX]:
            what = f"{breach.name} at {breach.at_s:.3f} s: {breach.what}"
            print(f"seed {outcome.seed}: {what}; {replay(outcome.seed)}")  # noqa: T201 - stdout is data
        if totals.seeds % PROGRESS_EVERY == 0:
            line = f"{totals.seeds}/{said['seeds']} seeds, {totals.broken} broken"
            print(line, file=sys.stderr)  # noqa: T201 - progress
    for line in totals.lines():
        print(line)  # noqa: T201 - stdout is data
    return 1 if totals.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
