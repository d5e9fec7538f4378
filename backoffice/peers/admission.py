"""Who may come in: the wire has proved which key knocks, the device registry says whose it is.

Deny by default: a key that the registry does not know, or has revoked, is refused before any of its
messages is looked at. Enrolment is committed before the welcome goes out.
"""

from __future__ import annotations

from typing import Final

from actors import ActorError, Refused
from actors.durable import Commanded
from actors.ref import Ref
from backoffice.peers.devices import Device, EnrolDevice, FindDevice, ListTickets, Ticket
from wire.hello import Hello
from wire.message import Code, Refusal
from wire.server import Admitted

REGISTRY_S_MAX: Final = 5.0
"""How long the registry may take to answer, in seconds."""

_BUSY = Refusal(Code.BUSY, "系统繁忙，请稍后重试", retryable=True)


class Admission:
    """The office's authenticator; see `wire.server.Authenticator`.

    Args:
        devices: the device registry.
    """

    def __init__(self, devices: Ref) -> None:
        self._devices = devices
        self._tickets: dict[str, Ticket] = {}

    async def load(self) -> None:
        """Learn every invitation that may still be used; before the first peer knocks."""
        request = Commanded("admission", ListTickets())
        answer = await self._devices.ask(request, within=REGISTRY_S_MAX)
        self._tickets = {ticket.ticket: ticket for ticket in answer.tickets}

    def invited(self, ticket: Ticket) -> None:
        """A committed invitation, usable from now on."""
        self._tickets[ticket.ticket] = ticket

    def psk_for(self, ticket: str) -> bytes | None:
        """The key of an invitation's handshake; its expiry is checked when it is used."""
        found = self._tickets.get(ticket)
        return found.psk if found is not None else None

    async def admit(self, remote_static: bytes, hello: Hello) -> Admitted | Refusal:
        """The device behind a key, enrolled first if it brings an invitation."""
        try:
            if hello.ticket:
                enrol = EnrolDevice(hello.ticket, remote_static, hello.signing_key)
                device: Device = await self._devices.ask(
                    Commanded("admission", enrol), within=REGISTRY_S_MAX
                )
            else:
                find = Commanded("admission", FindDevice(remote_static))
                device = await self._devices.ask(find, within=REGISTRY_S_MAX)
        except Refused as refused:
            return refused.refusal
        except ActorError:
            return _BUSY
        if device.role != hello.role:
            return Refusal(Code.FORBIDDEN, "设备登记的用途不符")
        if device.device != hello.name:
            return Refusal(Code.FORBIDDEN, f"该密钥登记的设备编号是{device.device}", "name")
        return Admitted(device)


__all__ = ["REGISTRY_S_MAX", "Admission"]
