"""The real programs as separate processes: started, listened to, killed and started again.

They are spoken to as anybody could: arguments in, JSON lines out. Every wait has a bound, and a
program that disappoints shows the end of its standard error.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import msgspec

from backoffice.premises import TRAINING_PEOPLE
from tests.kit.sources import ROOT
from wire.private_file import write_private

READY_S_MAX: Final = 120.0
"""How long a program may take to say that it is ready, on a busy machine."""

EVENT_S_MAX: Final = 120.0
STOP_S_MAX: Final = 40.0
"""How long a program may take to end in order after it was asked to."""

COMMAND_S_MAX: Final = 240.0
CARELESS: Final = 0
"""The umask of a shell that withholds nothing: what our programs make is private all the same."""

LINE_BYTES: Final = 65_536
STDERR_CHARS_SHOWN: Final = 2_000

TELLER: Final = "1001"
AUTHORIZER: Final = "2001"
ORDER: Final = ("office", "desk", "terminal")
"""In which the programs of a bank are started; they end in the opposite order."""

Event = dict[str, Any]


class Disappointed(AssertionError):
    """A program ended, or kept silent, instead of doing what was waited for."""


def backpack(
    *words: str, stdin: str = "", within: float = COMMAND_S_MAX
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, which is expected within so many seconds."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "backpack", *words],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        umask=CARELESS,
    )


class Program:
    """One process after the other with the same arguments.

    Attributes:
        events: everything it has said so far, in all its lives.
        ready: what it said when it could be used, in its present life.
        codes: how its lives ended.
    """

    def __init__(self, words: Sequence[str], errors: Path) -> None:
        self._words = list(words)
        self._errors = errors
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self.events: list[Event] = []
        self.ready: Event = {}
        self.codes: list[int] = []

    def start(self) -> Event:
        """Start it and wait until it is ready; what it said then."""
        assert self._process is None, "one life at a time"
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "backpack", *self._words],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                umask=CARELESS,
            )
        self._rest = b""
        self.ready = self.event("ready", within=READY_S_MAX)
        return self.ready

    def also(self, words: Sequence[str]) -> None:
        """Words for its next life, which outrank former ones."""
        self._words += words

    @property
    def pid(self) -> int:
        """Of the present life."""
        assert self._process is not None, "it is not running"
        return self._process.pid

    @property
    def stderr(self) -> str:
        """What it wrote to standard error, in all its lives."""
        return self._errors.read_text() if self._errors.exists() else ""

    def event(self, kind: str = "", *, within: float = EVENT_S_MAX) -> Event:
        """The next event, of that kind if one is given.

        Raises:
            Disappointed: it ended before, or there was none within so many seconds.
        """
        until = time.monotonic() + within
        while True:
            found = self._next(until)
            if found is None:
                raise Disappointed(f"no {kind!r} within {within:g} s; {self._last_words()}")
            if not kind or found["event"] == kind:
                return found

    def quiet(self, *, within: float) -> Event | None:
        """The next event, or None if there is none within so many seconds."""
        return self._next(time.monotonic() + within)

    def kill(self) -> None:
        """Kill -9, and bury it."""
        assert self._process is not None, "it is not running"
        self._process.kill()
        self._bury(within=STOP_S_MAX)

    def stop(self) -> int:
        """Ask it to end, see to it, and say with which code it did."""
        assert self._process is not None, "it is not running"
        self._process.terminate()
        return self._bury(within=STOP_S_MAX)

    def end(self) -> None:
        """Whatever it does, it is over; for the end of a test."""
        if self._process is not None:
            self.kill()

    def finish(self, *, within: float = STOP_S_MAX) -> int:
        """Wait until it has ended by itself; its code."""
        return self._bury(within=within)

    def _bury(self, *, within: float) -> int:
        process, pipe = self._alive()
        try:
            code = process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Disappointed(f"not over within {within:g} s; {self._last_words()}") from None
        finally:
            pipe.close()
            self._process = None
        self.codes.append(code)
        return code

    def _next(self, until: float) -> Event | None:
        _, pipe = self._alive()
        while b"\n" not in self._rest:
            readable, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
            if not readable:
                return None
            piece = os.read(pipe.fileno(), LINE_BYTES)
            if not piece:
                raise Disappointed(f"it ended; {self._last_words()}")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        event = msgspec.json.decode(line, type=Event)
        self.events.append(event)
        return event

    def _alive(self) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        process = self._process
        assert process is not None, "it is not running"
        assert process.stdout is not None, "it was started with a pipe"
        return process, process.stdout

    def _last_words(self) -> str:
        return f"{self._words[0]} wrote: {self.stderr[-STDERR_CHARS_SHOWN:]}"


class Bank:
    """An office, a desk and a terminal in one folder.

    Args:
        folder: of the whole bank.
        products: what the scripted teller works through, with a scripted authorizer; none for
            programs that wait for people.
        config: the office's, read at each of its starts.
    """

    def __init__(
        self, folder: Path, products: Sequence[str] = (), config: Path | None = None
    ) -> None:
        self.folder = folder
        self._products = tuple(products)
        self._config = ["--config", str(config)] if config is not None else []
        self.programs: dict[str, Program] = {}
        self.address = self._operator = ""

    def __enter__(self) -> Bank:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for program in self.programs.values():
            program.end()

    @property
    def operator_key(self) -> Path:
        """The first operator's key file."""
        return self.folder / "office" / "operator" / "device.key"

    def open(self) -> None:
        """Start everything that is not running yet, each when those before it are ready."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for name in ORDER:
            self.start(name)

    def start(self, name: str) -> Program:
        """Start one program, for the first time or again."""
        program = self.programs.get(name)
        if program is None:
            errors = self.folder / f"{name}.stderr"
            program = self.programs[name] = Program(self._words(name), errors)
        program.start()
        if name == "office":
            self._remember(program.ready["address"], program.ready["operator_public"])
        return program

    def kill(self, name: str) -> None:
        """Kill a program and start it again on the same folder with the same command."""
        self.programs[name].kill()
        self.start(name)

    def close(self) -> dict[str, int]:
        """Ask every running program to end, terminal first; how each did."""
        return {name: self.programs[name].stop() for name in reversed(ORDER)}

    def _remember(self, address: str, operator: str) -> None:
        """From its first start on the office has one port, which the others know."""
        if not self.address:
            self.address, self._operator = address, operator
            port = address.rpartition(":")[2]
            self.programs["office"].also(["--port", port])

    def _words(self, name: str) -> list[str]:
        office = self.folder / "office"
        common = [name, "--data", str(self.folder / name), "--log", "debug"]
        if name == "office":
            return [*common, "--training", "--port", "0", *self._config]
        device = "D-0001" if name == "desk" else "T-0001"
        invitation = str(office / "invitations" / f"{device}.txt")
        common += ["--name", device, "--invitation", invitation, "--operator", self._operator]
        if name == "terminal":
            common += ["--pad-key", str(office / "pads" / "T-0001.json")]
        if self._products and name == "desk":
            common += ["--auto", *self._person(AUTHORIZER)]
        elif self._products:
            for product in self._products:
                common += ["--auto", product]
            common += self._person(TELLER)
        return common

    def _person(self, staff_id: str) -> list[str]:
        passcode = next(one.passcode for one in TRAINING_PEOPLE if one.staff_id == staff_id)
        path = self.folder / f"passcode-{staff_id}.txt"
        write_private(path, passcode.encode())
        return ["--staff-id", staff_id, "--passcode-file", str(path)]


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run (Linux)."""
    # A child belongs to the thread that started it.
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


__all__ = ["Bank", "Disappointed", "Event", "Program", "backpack", "children"]
