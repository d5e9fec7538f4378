"""Where figures come from: sources that are asked in turn, round after round.

Taking turns is what makes a ratio fair: whatever else the machine does in a round hits the workload
and its reference alike. A source that is not here (no Erlang on this machine, say) says why once
and is not asked again; nothing else suffers.
"""

from __future__ import annotations

import gc
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.bench.row import Figures

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


@dataclass
class Measured:
    """Every sample of a run, by `source` or `source:part`, and the reason of every gap."""

    figures: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, samples: Samples) -> None:
        """Keep what a source gave in one round."""
        for part, found in samples.items():
            self.figures[f"{name}:{part}" if part else name].append(found)

    def gaps(self, wanted: set[str]) -> Mapping[str, str]:
        """Why figures are missing, by figure."""
        return {f: self.missing[name] for f in wanted if (name := source_of(f)) in self.missing}


def source_of(figure: str) -> str:
    """The name of the source that gives a figure."""
    return figure.partition(":")[0]


def measure(sources: Mapping[str, Source], size: Size) -> Measured:
    """Ask every source in turn, `size.rounds` times."""
    measured = Measured()
    for number in range(1, size.rounds + 1):
        for name, source in sources.items():
            if name in measured.missing:
                continue
            sys.stderr.write(f"\rround {number} of {size.rounds}: {name:<40}")
            sys.stderr.flush()
            gc.collect()
            try:
                measured.add(name, source(size))
            except Missing as missing:
                measured.missing[name] = str(missing)
    sys.stderr.write("\n")
    return measured


__all__ = ["Figures", "Measured", "Missing", "Samples", "Size", "Source", "measure", "source_of"]
