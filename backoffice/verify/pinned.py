"""Which keys are whose: read off the device registry's own stream, apart from its code."""

from __future__ import annotations

from typing import Final

from actors.durable.tagged import Tagged
from actors.store import Recorded, StoreError
from backoffice.peers.devices import (
    Device,
    DeviceEnrolled,
    DeviceInvited,
    DeviceRevoked,
    Devices,
    StaffBound,
    Ticket,
)
from backoffice.verify.findings import Fault, Findings, place

DEVICES_STREAM: Final = "devices"
"""The stream of the device registry."""


class PinnedKeys:
    """Which signing key belongs to which device, read off the registry's stream."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._reader = Tagged(Devices.event_type)
        self._tickets: dict[str, Ticket] = {}
        self._noise: set[bytes] = set()
        self._revoked: set[str] = set()
        self.devices: dict[str, Device] = {}

    def take(self, row: Recorded) -> None:
        """The next event of the stream."""
        where = place(row.stream, row.version)
        try:
            event = self._reader.decode(row.kind, row.body, where)
        except StoreError:
            self._findings.add(Fault.UNREADABLE, where, row.kind)
            return
        match event:
            case DeviceInvited(ticket=ticket):
                self._tickets[ticket.ticket] = ticket
            case DeviceEnrolled(ticket=name, device=device):
                self._enrol(self._tickets.pop(name, None), device, where)
            case DeviceRevoked(device=name):
                self._revoked.add(name)
            case StaffBound(device=name):
                if name not in self.devices or name in self._revoked:
                    self._findings.add(Fault.DEVICE_IRREGULAR, where, f"sign-in on {name}")
            case _:
                pass

    def _enrol(self, ticket: Ticket | None, device: Device, where: str) -> None:
        """An invitation is used once, a device gets its keys once, a key is one device's."""
        invited = ticket is not None and (
            (ticket.device, ticket.role, ticket.outlet, ticket.union)
            == (device.device, device.role, device.outlet, device.union)
        )
        if not invited:
            self._findings.add(Fault.DEVICE_IRREGULAR, where, f"{device.device} uninvited")
        if device.device in self.devices or device.noise in self._noise:
            self._findings.add(Fault.DEVICE_IRREGULAR, where, f"{device.device} key moved")
            return
        self._noise.add(device.noise)
        self.devices[device.device] = device


__all__ = ["DEVICES_STREAM", "PinnedKeys"]
