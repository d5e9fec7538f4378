"""Times the workloads of one file: `just bench runtime` for `tests/bench/runtime_workloads.py`.

A workload is a public coroutine function that takes no arguments it cannot do without and returns
one figure, or several by name; its docstring says of what. Rounds go through all workloads in turn,
so that whatever else the machine does hits all alike; the median is what to quote, best and worst
say how far to trust it. The table goes to stderr, JSON with the facts of the machine to stdout.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import platform
import statistics
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from tests.kit.running import run_real

Figures = float | dict[str, float]
Workload = Callable[[], Awaitable[Figures]]

ROUNDS = 5


def workloads(file: str) -> dict[str, Workload]:
    """The workloads of `tests/bench/<file>_workloads.py`, in the order in which they stand."""
    module = importlib.import_module(f"tests.bench.{file}_workloads")
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function)
        and not name.startswith("_")
        and function.__module__ == module.__name__
    }


def measure(chosen: dict[str, Workload], rounds: int) -> dict[str, list[float]]:
    """Every figure of every round, by name."""
    figures: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, workload in chosen.items():
            found = run_real(workload)
            parts = found if isinstance(found, dict) else {"": found}
            for part, figure in parts.items():
                figures[f"{name}.{part}".rstrip(".")].append(figure)
    return dict(figures)


def facts() -> dict[str, object]:
    """Where the figures were taken."""
    return {
        "python": platform.python_version(),
        "trio": version("trio"),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def main() -> None:
    """Read the command line, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="runtime, wire, …: the start of a file's name")
    parser.add_argument("--only", help="workloads whose name contains this")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()

    chosen = {
        name: workload
        for name, workload in workloads(options.file).items()
        if options.only is None or options.only in name
    }
    if not chosen:
        parser.error("no such workload")
    figures = measure(chosen, options.rounds)

    report = {
        name: {"median": statistics.median(each), "best": min(each), "worst": max(each)}
        for name, each in figures.items()
    }
    for name, row in report.items():
        says = (chosen[name.split(".")[0]].__doc__ or "").partition("\n")[0]
        figure = f"{row['median']:>12,.1f}  ({row['best']:,.1f} to {row['worst']:,.1f})"
        sys.stderr.write(f"{name:<28}{figure:<44}{says}\n")
    json.dump({"facts": facts(), "rounds": options.rounds, "figures": report}, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
