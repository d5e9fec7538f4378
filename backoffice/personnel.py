"""Follows the roster's file while the office runs: who is dismissed or locked is out at once.

The file belongs to personnel; it is looked at every `LOOK_S` seconds and read when it has changed.
A new roster counts as a whole or not at all: where the file cannot be read, or is no roster, the
former one stays in force, and the office says so aloud until the file is right again. Whoever's
line is gone or another one is signed out on every device, so that nothing is answered there before
somebody signs in; they may do so again, if the new line lets them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import structlog
import trio

from actors import ActorError, BackgroundProcess
from actors.durable import Commanded
from actors.ports import Offload
from actors.ref import Ref
from backoffice.peers.devices import Device, DeviceList, ListBound, UnbindStaff
from backoffice.staff import BadRoster, Roster, parse_roster

LOOK_S: Final = 5.0
"""How often the file is looked at, in seconds."""

ANSWER_S_MAX: Final = 10.0
"""How long the registry of devices may take to answer, in seconds."""

WHO: Final = "personnel"
"""On whose behalf people are signed out."""

_NOTHING: Final = object()
"""The stamp before the first look; the file may have changed since the office read it."""

_log = structlog.get_logger("staff")


class RosterFile(Protocol):
    """Where personnel keeps the roster; both block."""

    def stamp(self) -> object:
        """Something that is another one after every change of the file, and while it is away."""

    def read(self) -> bytes:
        """The whole file.

        Raises:
            OSError: it cannot be read.
        """


class Personnel(BackgroundProcess):
    """Follows the file until stopped.

    Args:
        roster: what the office goes by.
        file: what personnel says.
        devices: the registry.
        signed_out: told each device on which somebody was signed out.
        opened: set when the tree stands and can be asked for refs.
    """

    def __init__(
        self,
        roster: Roster,
        file: RosterFile,
        offload: Offload,
        devices: Ref,
        signed_out: Callable[[str], None],
        opened: trio.Event,
    ) -> None:
        self._roster = roster
        self._file = file
        self._offload = offload
        self._devices = devices
        self._signed_out = signed_out
        self._opened = opened
        self._seen: object = _NOTHING
        self._refused = ""
        self._changed: set[str] = set()

    async def work(self) -> None:
        """Follow the file."""
        await self._opened.wait()
        settled = False
        while True:
            changed = await self._read_if_changed()
            # Somebody may have been signed in under a line that changed while the office was down,
            # or the registry may not have answered last time.
            if changed or not settled:
                settled = await self._sign_out()
            await trio.sleep(LOOK_S)

    def inspect(self) -> dict[str, object]:
        """Why the file of now is not in force; empty when it is."""
        return {"refused": self._refused}

    async def _read_if_changed(self) -> bool:
        """Whether another roster is in force now."""
        stamp = await self._offload(self._file.stamp)
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self._changed |= self._roster.replace(
                parse_roster(await self._offload(self._file.read))
            )
        except (BadRoster, OSError) as error:
            self._refused = f"{type(error).__name__}: {error}"
            _log.error("staff.roster_refused", reason=self._refused, in_force="the former one")
            return False
        self._refused = ""
        _log.info("staff.roster_changed", lines=len(self._changed))
        return True

    async def _sign_out(self) -> bool:
        """Sign out whose line is not what it was; whether nobody is left."""
        try:
            listed: Commanded[DeviceList] = Commanded(WHO, ListBound())
            bound = await self._devices.ask(listed, within=ANSWER_S_MAX)
            for device in bound.devices:
                if not self._stands(device):
                    out: Commanded[Device] = Commanded(WHO, UnbindStaff(device.device))
                    await self._devices.ask(out, within=ANSWER_S_MAX)
                    self._signed_out(device.device)
                    _log.info("staff.signed_out", device=device.device)
        except ActorError as error:
            _log.warning("staff.sign_out_waits", error=type(error).__name__)
            return False
        self._changed.clear()
        return True

    def _stands(self, device: Device) -> bool:
        """Whether who is signed in there may still be."""
        assert device.staff is not None, "only such devices are listed"
        staff_id = device.staff.staff_id
        member = self._roster.member(staff_id)
        if member is None or staff_id in self._changed:
            return False
        return (member.card, member.role) == (device.staff, device.role)


__all__ = ["LOOK_S", "Personnel", "RosterFile"]
