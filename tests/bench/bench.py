"""The official benchmarks: `just bench FILE` prints the table and writes the rows as JSON to FILE.

Only ratios travel between machines, so every reference is measured in the same run: the sources of
all rows take turns, round after round. Progress goes to standard error, the table to standard
output. The exit code says whether everything ran, not whether targets were met; a busy machine is
no failure.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import structlog

from tests.bench import (
    mix_workloads,
    office_workloads,
    runtime_workloads,
    store_workloads,
    verify_workloads,
    wire_workloads,
)
from tests.bench.catalogue import LINES
from tests.bench.peer import Peer, erlang_peer, python_peer
from tests.bench.row import Line, Row, table
from tests.bench.source import Group, Size, Source, measure, source_of

ROUNDS = 5

SHORT_TURNS = 5
"""How often the sources that need only milliseconds take turns in a round."""


def groups(peers: dict[str, Peer]) -> list[Group]:
    """Every source there is; peers have counts that last about as long as ours."""
    erlang, pykka, xoscar = peers["erlang"], peers["pykka"], peers["xoscar"]
    short: dict[str, Source] = {
        **runtime_workloads.SHORT,
        "pykka.ask": pykka.source("ask", 1_000),
        "pykka.tell": pykka.source("tell", 5_000),
        "xoscar.ask": xoscar.source("ask", 500),
        "erlang.ask": erlang.source("ask", 50_000),
        "erlang.ask_many": erlang.source("ask_many", 50_000),
        "erlang.tell": erlang.source("tell", 400_000),
        "erlang.ring": erlang.source("ring", 200_000),
        "erlang.spawn_stop": erlang.source("spawn_stop", 20_000),
        "erlang.crash_restart_ask": erlang.source("crash_restart_ask", 10_000),
    }
    long: dict[str, Source] = {
        **runtime_workloads.LONG,
        "pykka.ring": pykka.source("ring", 5_000),
        "pykka.spawn_stop": pykka.source("spawn_stop", 1_000),
        "erlang.idle_memory": erlang.source("idle_memory", 100_000),
    }
    return [
        Group(short, SHORT_TURNS),
        Group(long),
        Group(wire_workloads.SOURCES),
        Group(store_workloads.SOURCES),
        Group(verify_workloads.SOURCES),
        Group(office_workloads.SOURCES),
        Group(mix_workloads.SOURCES),
    ]


def report(lines: Sequence[Line], size: Size) -> list[Row]:
    """Measure what these lines need, and no more."""
    wanted = {name for line in lines for name in (line.figure, line.reference) if name}
    needed = {source_of(figure) for figure in wanted}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = {
            "erlang": erlang_peer(folder),
            "pykka": python_peer("pykka"),
            "xoscar": python_peer("xoscar"),
        }
        for peer in peers.values():
            stack.callback(peer.close)
        chosen = [group.only(needed) for group in groups(peers)]
        assert needed == {name for group in chosen for name in group.sources}
        measured = measure(chosen, size)
    return [line.row(measured.figures, measured.gaps(wanted)) for line in lines]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="tests.bench.bench", description=__doc__)
    parser.add_argument("file", type=Path, help="where the rows go, as JSON")
    parser.add_argument("--only", metavar="WORD", default="", help="rows whose name contains this")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="one short round: does it run at all?")
    options = parser.parse_args(arguments)

    lines = [line for line in LINES if options.only in line.name]
    if not lines:
        parser.error(f"no row is called like {options.only!r}")
    size = Size(rounds=1, quick=True) if options.quick else Size(rounds=max(1, options.rounds))
    rows = report(lines, size)
    options.file.write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    # Crashes are part of the workloads; a rendered line for each would be most of their price.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    main()
