"""`backpack demo`: a whole bank on this machine, as the separate processes it consists of.

Starts an office, a desk and a terminal (whose PIN pad is a process of its own), lets them enrol
over the encrypted wire on loopback and, with `--once`, has a scripted teller and authorizer issue
and activate one debit card. It talks to them as anybody could: arguments in, JSON lines out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from actors.outside import production_outside
from actors.stopping import stop_signals
from backoffice.premises import TRAINING_PEOPLE, write_private
from backoffice.product import products
from backoffice.verify.office import verify_folder

START_S_MAX: Final = 60.0
"""How long a process may take to say that it is ready, in seconds."""

ONCE_S_MAX: Final = 300.0
"""How long the card may take from the first process to the last state, in seconds."""

STOP_S_MAX: Final = 15.0
"""How long a process may take to end in order before it is killed, in seconds."""

LINE_BYTES_MAX: Final = 1024 * 1024

ISSUE: Final = "debit_card"
ACTIVATION: Final = "card_activation"


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
                _progress(f"{found['case_id'][-6:]}  {found['state']}")

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


async def run_once(folder: Path, say: Callable[[dict[str, Any]], None]) -> None:
    """Issue and activate one card.

    Args:
        folder: of the whole bank; made if missing.
        say: gets the result.

    Raises:
        DemoFailed: no card, and why.
        Interrupted: somebody asked this process to stop.
    """
    with stop_signals() as stopped:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_give_up, stopped)
            result = await _once(folder)
            nursery.cancel_scope.cancel()
    say(result)


async def run_on(folder: Path, say: Callable[[object], None]) -> None:
    """Run a bank for people until somebody asks this process to stop.

    Args:
        folder: of the whole bank; made if missing.
        say: gets the addresses of the pages.

    Raises:
        DemoFailed: a program did not start.
    """
    with stop_signals() as stopped:
        await _on_and_on(folder, say, stopped)


def as_text(result: dict[str, Any]) -> str:
    """The result of `run_once` for people."""
    passed = " → ".join(step["state"] for step in result["states"])
    return (
        f"{passed}\n卡号 card {result['card_masked']}\n确认单 slip {result['slip_pdf']}\n"
        f"审计链 audit head {result['audit_head']}\n用时 {result['elapsed_s']} s"
    )


async def _give_up(stopped: Callable[[], Awaitable[None]]) -> None:
    await stopped()
    raise Interrupted("已中断 · interrupted")


async def _once(folder: Path) -> dict[str, Any]:
    outside = production_outside()
    began_ms = outside.wall.now_ms()
    with trio.move_on_after(ONCE_S_MAX) as patience:
        async with _bank(folder, auto=True) as (office, desk, terminal):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(office.drain)
                nursery.start_soon(desk.drain)
                issued = await terminal.event("finished")
                activated = await terminal.event("finished")
                nursery.cancel_scope.cancel()
            processes = {program.name: program.process.pid for program in (office, desk, terminal)}
    if patience.cancelled_caught:
        raise DemoFailed(f"not done within {ONCE_S_MAX:.0f} s")
    report = verify_folder(folder, products())
    if report.findings:
        raise DemoFailed(f"verification found {report.findings[0]}")
    slip = folder / "office" / "slips" / f"{issued['case_id']}.pdf"
    return {
        "case_id": issued["case_id"],
        "states": issued["steps"],
        "card_masked": issued["card_masked"],
        "activation": {
            "case_id": activated["case_id"],
            "state": activated["state"],
            "states": activated["steps"],
        },
        "slip_pdf": str(slip),
        "audit_head": report.audit_head,
        "durable_events": report.events,
        "processes": processes,
        "data": str(folder),
        "elapsed_s": round((outside.wall.now_ms() - began_ms) / 1000, 3),
    }


async def _on_and_on(
    folder: Path, say: Callable[[object], None], stopped: Callable[[], Awaitable[None]]
) -> None:
    async with _bank(folder, auto=False) as (office, desk, terminal):
        say({"desk": desk.page, "terminal": terminal.page, "data": str(folder)})
        _progress("")
        _progress(f"柜员终端 teller's page      {terminal.page}")
        _progress(f"授权台   authorizer's page  {desk.page}")
        _progress("")
        for staff_id, name, _, role, _, passcode in TRAINING_PEOPLE:
            _progress(f"  {role:<9} 工号 {staff_id}  密码 {passcode}  {name}")
        _progress(
            f"\n监督树   backpack tree --connect {office.address} --key {office.operator_key}"
        )
        _progress(f"数据目录 data {folder}    按 Ctrl-C 结束 · Ctrl-C ends it")
        async with trio.open_nursery() as nursery:
            for program in (office, desk, terminal):
                nursery.start_soon(program.drain)
            await stopped()
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _bank(folder: Path, *, auto: bool) -> AsyncIterator[tuple[Running, Running, Running]]:
    """The three processes; stopped in reverse order with the block."""
    _make(folder)
    offices = folder / "office"
    started: list[Running] = []
    start = partial(_start, started)
    try:
        _progress("启动后台 starting the office")
        port = ["--port", str(_port_of(offices))]
        office = await start("office", ["--data", str(offices), "--training", *port])
        (offices / "port").write_text(office.address.rpartition(":")[2])
        _progress("启动授权台与终端 starting desk and terminal")
        invitations, look = offices / "invitations", ["--operator", office.operator_public]
        desk_options = ["--data", str(folder / "desk"), "--name", "D-0001", *look]
        desk_options += ["--invitation", str(invitations / "D-0001.txt")]
        terminal_options = ["--data", str(folder / "terminal"), "--name", "T-0001", *look]
        terminal_options += ["--invitation", str(invitations / "T-0001.txt")]
        terminal_options += ["--pad-key", str(offices / "pads" / "T-0001.json")]
        if auto:
            desk_options += ["--auto", *_person(folder, "2001")]
            terminal_options += ["--auto", ISSUE, "--auto", ACTIVATION, *_person(folder, "1001")]
        desk = await start("desk", desk_options)
        terminal = await start("terminal", terminal_options)
        yield office, desk, terminal
    finally:
        for program in reversed(started):
            await program.stop()


async def _start(started: list[Running], name: str, options: list[str]) -> Running:
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


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _port_of(office: Path) -> int:
    """The port of an earlier start, which terminals and desks know; any free one at the first."""
    try:
        return int((office / "port").read_text())
    except (OSError, ValueError):
        return 0


def _person(folder: Path, staff_id: str) -> list[str]:
    """The options by which a script signs in as one of the training people."""
    passcode = next(line[5] for line in TRAINING_PEOPLE if line[0] == staff_id)
    path = folder / f"passcode-{staff_id}.txt"
    write_private(path, passcode.encode())
    return ["--staff-id", staff_id, "--passcode-file", str(path)]


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - stderr is progress


__all__ = ["DemoFailed", "Interrupted", "as_text", "run_on", "run_once"]
