"""Other actor systems, each in a process of its own that is asked one workload at a time.

A peer is a program that prints `ready`, then answers each line `workload count` on its standard
input with one number: nanoseconds of CPU time per operation (bytes for memory). It lives as long as
the run, so that neither its start nor its warm-up is measured, and it sleeps while others measure.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.bench.source import Missing, Samples, Size, Source

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]

STOP_S_MAX: Final = 5.0
"""How long a peer may take to end, in seconds."""

ERLANG_FLAGS: Final = ("+S", "1:1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none")
"""One scheduler, as we have one loop; no busy waiting, which would count as CPU time."""


class Peer:
    """One peer; its process starts with the first question.

    Args:
        prepare: gives the command line; raises `Missing` when the peer is not on this machine.
    """

    def __init__(self, prepare: Callable[[], Sequence[str]]) -> None:
        self._prepare = prepare
        self._process: subprocess.Popen[str] | None = None

    def source(self, workload: str, count: int) -> Source:
        """A workload of this peer as a source."""

        def take(size: Size) -> Samples:
            return {"": [self.ask(workload, size.count(count))]}

        return take

    def ask(self, workload: str, count: int) -> float:
        """Have the peer run one workload.

        Raises:
            Missing: it is not here, or it ended.
        """
        process = self._process
        if process is None:
            process = self._process = self._start()
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(f"{workload} {count}\n")
            process.stdin.flush()
        line = self._line(process)
        return float(line)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own words
            self._prepare(),
            cwd=ROOT,
            env={**os.environ, "ERL_CRASH_DUMP_BYTES": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._line(process)
        assert ready == "ready", f"the peer says {ready!r}"
        return process

    def _line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            raise Missing(f"the peer ended with exit code {process.wait()}")
        return line


def python_peer(package: str) -> Peer:
    """`tests/bench/peer_<package>.py`, if the package is installed."""

    def prepare() -> Sequence[str]:
        if importlib.util.find_spec(package) is None:
            raise Missing(f"{package} is not installed (pip install '.[bench]')")
        return sys.executable, "-m", f"tests.bench.peer_{package}"

    return Peer(prepare)


def erlang_peer(folder: Path) -> Peer:
    """`tests/bench/erlang`, compiled into `folder`, if Erlang is on this machine."""

    def prepare() -> Sequence[str]:
        erl, erlc = shutil.which("erl"), shutil.which("erlc")
        if erl is None or erlc is None:
            raise Missing("erl and erlc are not on the PATH")
        sources = [str(path) for path in sorted((HERE / "erlang").glob("*.erl"))]
        subprocess.run([erlc, "-o", str(folder), *sources], check=True)  # noqa: S603 - our own words
        run = ("-noshell", "-pa", str(folder), "-s", "bench", "main")
        return erl, *ERLANG_FLAGS, *run

    return Peer(prepare)


__all__ = ["Peer", "erlang_peer", "python_peer"]
