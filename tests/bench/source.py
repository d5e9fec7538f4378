"""Where figures come from: sources that are asked in turn, round after round.

Taking turns is what makes a ratio fair: whatever else the machine does hits the workload and its
reference alike, the more so the shorter the turns; so sources that need only milliseconds take
several in each round. A source that is not here (no Erlang on this machine, say) says why once and
is not asked again; nothing else suffers.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Samples = Mapping[str, list[float]]
"""What one turn of a source gives: samples by part; the part "" is the source's only one."""

QUICK = 20
"""By how much a quick look is shorter; its figures tell only that everything runs."""


class Missing(Exception):
    """A source cannot give its figures here; the text says why."""


@dataclass(frozen=True)
class Size:
    """How long to measure."""

    rounds: int = 5
    quick: bool = False

    def count(self, full: int) -> int:
        """How many operations to time."""
        return max(1, full // QUICK) if self.quick else full


Source = Callable[[Size], Samples]


@dataclass(frozen=True)
class Group:
    """Sources that take turns with each other, `turns` times in every round."""

    sources: Mapping[str, Source]
    turns: int = 1

    def only(self, names: set[str]) -> Group:
        """The same without the other sources."""
        kept = {name: source for name, source in self.sources.items() if name in names}
        return Group(kept, self.turns)


@dataclass
class Measured:
    """Every sample of a run, by `source` or `source:part`, and the reason of every gap."""

    figures: dict[str, list[list[float]]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, number: int, name: str, samples: Samples) -> None:
        """Keep what a source gave in one turn of round `number`, which counts from 0."""
        for part, found in samples.items():
            rounds = self.figures.setdefault(f"{name}:{part}" if part else name, [])
            if len(rounds) <= number:
                rounds.append([])
            rounds[number] += found

    def gaps(self, wanted: set[str]) -> Mapping[str, str]:
        """Why figures are missing, by figure."""
        return {f: self.missing[name] for f in wanted if (name := source_of(f)) in self.missing}


def source_of(figure: str) -> str:
    """The name of the source that gives a figure."""
    return figure.partition(":")[0]


def measure(groups: Sequence[Group], size: Size) -> Measured:
    """Ask the sources of every group in turn, in `size.rounds` rounds."""
    measured = Measured()
    for number in range(size.rounds):
        for group in groups:
            for _ in range(1 if size.quick else group.turns):
                for name, source in group.sources.items():
                    if name in measured.missing:
                        continue
                    sys.stderr.write(f"\rround {number + 1} of {size.rounds}: {name:<30}")
                    sys.stderr.flush()
                    gc.collect()
                    try:
                        measured.add(number, name, source(size))
                    except Missing as missing:
                        measured.missing[name] = str(missing)
    sys.stderr.write("\n")
    return measured


__all__ = ["Group", "Measured", "Missing", "Samples", "Size", "Source", "measure", "source_of"]
