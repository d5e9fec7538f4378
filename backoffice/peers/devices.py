"""The device registry: who may connect, as what, and who is signed in there.

One durable actor, stream `devices`. An invitation is a one-time code (the psk of an IKpsk2
handshake) with an expiry; using it pins the device's Noise and signing keys for ever. There is no
way to attach a key to a device afterwards: a lost key means a new invitation. Revocation is final.

`evolve` owns the state that it is given and may change it in place; `decide` only reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.behaviour import Behaviour, Verdict
from wire.message import Code, Refusal, Request
from wire.messages.session import Role, StaffCard

INVITATION_S: Final = 24 * 3600
"""How long an invitation can be used, in seconds."""

DEVICES_MAX: Final = 20_000
"""The most devices of one office."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One enrolled terminal, desk or operator key.

    Attributes:
        device: its id, unique for ever, for instance `T-0001`.
        noise: its pinned X25519 key, 32 bytes.
        signing: its pinned Ed25519 key, 32 bytes.
        staff: who is signed in, or None.
    """

    device: str
    role: Role
    outlet: str
    union: str
    noise: bytes
    signing: bytes
    staff: StaffCard | None = None
    revoked: bool = False


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An open invitation; `psk` is derived from its one-time code."""

    ticket: str
    psk: bytes
    device: str
    role: Role
    outlet: str
    union: str
    expires_ms: int

    def __repr__(self) -> str:
        return f"Ticket({self.device!r}, {self.role})"


class DeviceInvited(msgspec.Struct, frozen=True, tag="DeviceInvited"):
    """An invitation was made."""

    ticket: Ticket


class DeviceEnrolled(msgspec.Struct, frozen=True, tag="DeviceEnrolled"):
    """The invitation was used; these keys are the device from now on."""

    ticket: str
    device: Device


class StaffBound(msgspec.Struct, frozen=True, tag="StaffBound"):
    """Somebody signed in on the device."""

    device: str
    staff: StaffCard


class StaffUnbound(msgspec.Struct, frozen=True, tag="StaffUnbound"):
    """Nobody is signed in on the device."""

    device: str


class DeviceRevoked(msgspec.Struct, frozen=True, tag="DeviceRevoked"):
    """The device's keys are refused from now on."""

    device: str


DeviceEvent = DeviceInvited | DeviceEnrolled | StaffBound | StaffUnbound | DeviceRevoked


class InviteDevice(Request[Ticket], frozen=True, tag="InviteDevice"):
    """Open an invitation."""

    ticket: Ticket


class Tickets(msgspec.Struct, frozen=True):
    """Invitations that have not expired, used ones included: a lost welcome is asked for again."""

    tickets: tuple[Ticket, ...]


class ListTickets(Request[Tickets], frozen=True, tag="ListTickets"):
    """Every invitation that may still be named in a handshake."""


class EnrolDevice(Request[Device], frozen=True, tag="EnrolDevice"):
    """Use an invitation with these keys; repeating it with the same keys is harmless."""

    ticket: str
    noise: bytes
    signing: bytes


class FindDevice(Request[Device], frozen=True, tag="FindDevice"):
    """The unrevoked device with this Noise key."""

    noise: bytes


class GetDevice(Request[Device], frozen=True, tag="GetDevice"):
    """The device with this id, revoked or not."""

    device: str


class DeviceList(msgspec.Struct, frozen=True):
    """Devices, by id."""

    devices: tuple[Device, ...]


class ListDevices(Request[DeviceList], frozen=True, tag="ListDevices"):
    """The devices of a union that were not revoked."""

    union: str


class ListBound(Request[DeviceList], frozen=True, tag="ListBound"):
    """The devices on which somebody is signed in, of every union."""


class BindStaff(Request[Device], frozen=True, tag="BindStaff"):
    """Somebody proved who they are on this device."""

    device: str
    staff: StaffCard


class UnbindStaff(Request[Device], frozen=True, tag="UnbindStaff"):
    """Sign out whoever is signed in."""

    device: str


class RevokeDevice(Request[Device], frozen=True, tag="RevokeDevice"):
    """Refuse the device from now on."""

    device: str


DeviceCommand = (
    InviteDevice
    | ListTickets
    | EnrolDevice
    | FindDevice
    | GetDevice
    | ListDevices
    | ListBound
    | BindStaff
    | UnbindStaff
    | RevokeDevice
)


@dataclass
class DevicesState:
    """Every device and every open invitation."""

    devices: dict[str, Device] = field(default_factory=dict)
    by_noise: dict[bytes, str] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)


_UNKNOWN = Refusal(Code.NOT_FOUND, "没有这台设备")
_REVOKED = Refusal(Code.FORBIDDEN, "该设备已被停用")


class Devices(Behaviour[DevicesState, DeviceCommand, DeviceEvent]):
    """The rules of the registry."""

    event_type = DeviceEvent
    state_type = DevicesState

    def initial(self, key: str) -> DevicesState:
        """No devices."""
        del key
        return DevicesState()

    def decide(
        self, state: DevicesState, command: DeviceCommand, now_ms: int, who: str
    ) -> Verdict[DeviceEvent] | Refusal:
        """Answer from the registry or change it."""
        del who
        match command:
            case InviteDevice(ticket=ticket):
                return _invite(state, ticket, now_ms)
            case ListTickets():
                live = (ticket for ticket in state.tickets.values() if ticket.expires_ms > now_ms)
                return Verdict(reply=Tickets(tuple(live)))
            case EnrolDevice():
                return _enrol(state, command, now_ms)
            case FindDevice(noise=noise):
                device = state.devices.get(state.by_noise.get(noise, ""))
                if device is None:
                    return _UNKNOWN
                return _REVOKED if device.revoked else Verdict(reply=device)
            case GetDevice(device=name):
                device = state.devices.get(name)
                return _UNKNOWN if device is None else Verdict(reply=device)
            case ListDevices(union=union):
                known = sorted(state.devices.values(), key=lambda device: device.device)
                found = (one for one in known if one.union == union and not one.revoked)
                return Verdict(reply=DeviceList(tuple(found)))
            case ListBound():
                known = sorted(state.devices.values(), key=lambda device: device.device)
                return Verdict(reply=DeviceList(tuple(one for one in known if one.staff)))
            case BindStaff() | UnbindStaff() | RevokeDevice():
                return _change(state, command)

    def evolve(self, state: DevicesState, event: DeviceEvent) -> DevicesState:
        """Apply one event; takes ownership of `state`."""
        match event:
            case DeviceInvited(ticket=ticket):
                state.tickets[ticket.ticket] = ticket
            case DeviceEnrolled(ticket=name, device=device):
                state.used[name] = device.device
                state.devices[device.device] = device
                state.by_noise[device.noise] = device.device
            case StaffBound(device=name, staff=staff):
                state.devices[name] = msgspec.structs.replace(state.devices[name], staff=staff)
            case StaffUnbound(device=name):
                state.devices[name] = msgspec.structs.replace(state.devices[name], staff=None)
            case DeviceRevoked(device=name):
                revoked = msgspec.structs.replace(state.devices[name], staff=None, revoked=True)
                state.devices[name] = revoked
        return state


def _invite(state: DevicesState, ticket: Ticket, now_ms: int) -> Verdict[DeviceEvent] | Refusal:
    """A device is invited once; an invitation that nobody used in time counts for nothing."""
    names = (
        known.device
        for known in state.tickets.values()
        if known.ticket in state.used or known.expires_ms > now_ms
    )
    if ticket.device in names:
        return Refusal(Code.DUPLICATE, "设备编号已存在", "name")
    if len(state.tickets) >= DEVICES_MAX:
        return Refusal(Code.LIMIT, "设备数量已达上限")
    return Verdict((DeviceInvited(ticket),), ticket)


def _enrol(
    state: DevicesState, command: EnrolDevice, now_ms: int
) -> Verdict[DeviceEvent] | Refusal:
    known = state.devices.get(state.used.get(command.ticket, ""))
    if known is not None and (known.noise, known.signing) == (command.noise, command.signing):
        return _REVOKED if known.revoked else Verdict(reply=known)
    ticket = state.tickets.get(command.ticket)
    if ticket is None or known is not None or ticket.expires_ms <= now_ms:
        return Refusal(Code.FORBIDDEN, "邀请码无效、已使用或已过期")
    if command.noise in state.by_noise:
        return Refusal(Code.DUPLICATE, "该密钥已属于另一台设备")
    device = Device(
        device=ticket.device,
        role=ticket.role,
        outlet=ticket.outlet,
        union=ticket.union,
        noise=command.noise,
        signing=command.signing,
    )
    return Verdict((DeviceEnrolled(command.ticket, device),), device)


def _change(
    state: DevicesState, command: BindStaff | UnbindStaff | RevokeDevice
) -> Verdict[DeviceEvent] | Refusal:
    device = state.devices.get(command.device)
    if device is None:
        return _UNKNOWN
    match command:
        case RevokeDevice():
            if device.revoked:
                return Verdict(reply=device)
            reply = msgspec.structs.replace(device, staff=None, revoked=True)
            return Verdict((DeviceRevoked(device.device),), reply)
        case BindStaff(staff=staff):
            if device.revoked:
                return _REVOKED
            if device.staff == staff:
                return Verdict(reply=device)
            reply = msgspec.structs.replace(device, staff=staff)
            return Verdict((StaffBound(device.device, staff),), reply)
        case UnbindStaff():
            if device.staff is None:
                return Verdict(reply=device)
            reply = msgspec.structs.replace(device, staff=None)
            return Verdict((StaffUnbound(device.device),), reply)


__all__ = [
    "DEVICES_MAX",
    "INVITATION_S",
    "BindStaff",
    "Device",
    "DeviceCommand",
    "DeviceEvent",
    "DeviceList",
    "Devices",
    "DevicesState",
    "EnrolDevice",
    "FindDevice",
    "ListBound",
    "ListDevices",
    "ListTickets",
    "GetDevice",
    "InviteDevice",
    "RevokeDevice",
    "Ticket",
    "Tickets",
    "UnbindStaff",
]
