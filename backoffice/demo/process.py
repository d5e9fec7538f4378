"""One process of the demo: started, heard, stopped; arguments in, JSON lines out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import trio

START_S_MAX: Final = 60.0
"""How long a process may take to say that it is ready, in seconds."""

STOP_S_MAX: Final = 15.0
"""How long a process may take to end in order before it is killed, in seconds."""

LINE_BYTES_MAX: Final = 1024 * 1024


class DemoFailed(Exception):
    """A process of the demo ended early, or the card did not get to its end in time."""


class Interrupted(Exception):
    """Somebody stopped the demo before its end."""


class Program:
    """One process of the demo and the JSON lines that it prints."""

    def __init__(self, name: str, process: trio.Process) -> None:
        assert process.stdout is not None
        self.name = name
        self.process = process
        self._out = process.stdout
        self._rest = b""

    async def event(self, kind: str) -> dict[str, Any]:
        """The next event of that kind; others are passed over."""
        while True:
            line = await self._line()
            found = msgspec.json.decode(line, type=dict[str, Any])
            if found.get("event") == kind:
                return found
            if found.get("event") == "state":
                progress(f"{found['case_id'][-6:]}  {found['state']}")

    async def drain(self) -> None:
        """Read and forget, so that the program never waits for us."""
        while await self._out.receive_some():
            pass

    async def _line(self) -> bytes:
        while b"\n" not in self._rest:
            piece = await self._out.receive_some()
            if not piece or len(self._rest) > LINE_BYTES_MAX:
                raise DemoFailed(f"the {self.name} ended before it was done")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line


class Running(Program):
    """A program of the demo that has said that it is ready."""

    def __init__(self, name: str, process: trio.Process) -> None:
        super().__init__(name, process)
        self.address = self.page = self.operator_key = self.operator_public = ""

    async def ready(self) -> None:
        """Wait until it can be used.

        Raises:
            DemoFailed: it ended instead, or took too long.
        """
        with trio.move_on_after(START_S_MAX) as patience:
            event = await self.event("ready")
            self.address = event.get("address", "")
            self.page = event.get("page", "")
            self.operator_key = event.get("operator_key", "")
            self.operator_public = event.get("operator_public", "")
        if patience.cancelled_caught:
            raise DemoFailed(f"the {self.name} was not ready within {START_S_MAX:.0f} s")

    async def stop(self) -> None:
        """Ask it to end, and see to it."""
        if self.process.poll() is None:
            self.process.terminate()
        with trio.move_on_after(STOP_S_MAX, shield=True) as patience:
            await self.process.wait()
        if patience.cancelled_caught:
            self.process.kill()


async def start(started: list[Running], name: str, options: list[str]) -> Running:
    """Start `backpack NAME` with these options and wait until it is ready.

    Args:
        started: gets it at once, so that whoever cleans up knows of it.
    """
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "backpack", name, *options],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    program = Running(name, process)
    started.append(program)
    await program.ready()
    return program


async def give_up(stopped: Callable[[], Awaitable[None]]) -> None:
    """Wait until somebody asks this process to stop.

    Raises:
        Interrupted: somebody did.
    """
    await stopped()
    raise Interrupted("已中断 · interrupted")


def progress(line: str) -> None:
    """One line for whoever watches."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - stderr is progress


__all__ = ["DemoFailed", "Interrupted", "Program", "Running", "give_up", "progress", "start"]
