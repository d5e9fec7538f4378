"""The bank of the demo: an office, desks and a terminal that enrol with each other on loopback.

The terminal's PIN pad is a process of its own. With a script, a teller works through products and
authorizers decide; without one, people do, at the pages. A second start finds the same bank.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from backoffice.demo.process import Running, progress, start
from backoffice.premises import TRAINING_PEOPLE
from supervisors.folder import make_private
from wire.private_file import write_private

AUTHORIZERS: Final = (("D-0001", "2001"), ("D-0002", "2002"))
"""Desks and who signs in there: two, because an A4 case takes two different people. The second is
the provincial authorization centre's.
"""

TELLER: Final = "1001"
COLLEAGUE: Final = "1002"


@dataclass(frozen=True)
class DemoBank:
    """What runs."""

    office: Running
    desks: tuple[Running, ...]
    terminal: Running

    @property
    def programs(self) -> dict[str, Running]:
        """By name; the first desk is `desk`."""
        names = ("desk", *(f"desk-{number}" for number in range(2, len(self.desks) + 1)))
        return {
            "office": self.office,
            **dict(zip(names, self.desks, strict=True)),
            "terminal": self.terminal,
        }


@asynccontextmanager
async def open_bank(
    folder: Path, script: Sequence[str] = (), desks: int = 1
) -> AsyncIterator[DemoBank]:
    """The processes; stopped in reverse order with the block.

    Args:
        folder: of the whole bank; made if missing.
        script: products that a scripted teller works through; empty for people.
        desks: how many.

    Raises:
        DemoFailed: one of them did not start.
        FolderOpen: others can enter the folder.
    """
    make_private(folder)
    offices = folder / "office"
    started: list[Running] = []
    run = partial(start, started)
    try:
        progress("启动后台 starting the office")
        port = ["--port", str(_port_of(offices))]
        office = await run("office", ["--data", str(offices), "--training", *port])
        (offices / "port").write_text(office.address.rpartition(":")[2])
        progress("启动授权台与终端 starting desks and terminal")
        opened = []
        for device, staff_id in AUTHORIZERS[:desks]:
            options = _device(folder, office, "desk", device, first=device == AUTHORIZERS[0][0])
            if script:
                options += ["--auto", *_person(folder, "", staff_id)]
            opened.append(await run("desk", options))
        options = _device(folder, office, "terminal", "T-0001", first=True)
        options += ["--pad-key", str(offices / "pads" / "T-0001.json")]
        if script:
            options += [word for code in script for word in ("--auto", code)]
            options += [*_person(folder, "", TELLER), *_person(folder, "colleague-", COLLEAGUE)]
            options += ["--phones", str(offices / "phones")]
        terminal = await run("terminal", options)
        yield DemoBank(office, tuple(opened), terminal)
    finally:
        for program in reversed(started):
            await program.stop()


def _device(folder: Path, office: Running, kind: str, device: str, *, first: bool) -> list[str]:
    """The options by which a device joins the office."""
    data = folder / (kind if first else f"{kind}-{device}")
    invitation = folder / "office" / "invitations" / f"{device}.txt"
    options = ["--data", str(data), "--name", device, "--operator", office.operator_public]
    return [*options, "--invitation", str(invitation), "--lasting-link"]


def _port_of(office: Path) -> int:
    """The port of an earlier start, which terminals and desks know; any free one at the first."""
    try:
        return int((office / "port").read_text())
    except (OSError, ValueError):
        return 0


def _person(folder: Path, prefix: str, staff_id: str) -> list[str]:
    """The options by which a script signs in as one of the training people."""
    passcode = next(one.passcode for one in TRAINING_PEOPLE if one.staff_id == staff_id)
    path = folder / f"passcode-{staff_id}.txt"
    write_private(path, passcode.encode())
    name = f"--{prefix}id" if prefix else "--staff-id"
    return [name, staff_id, f"--{prefix}passcode-file", str(path)]


__all__ = ["DemoBank", "open_bank"]
