"""The device registry: who may connect, as what, and who is signed in there.

One durable actor, stream `devices`. An invitation is a one-time code (the psk of an IKpsk2
handshake) with an expiry; using it pins the device's Noise and signing keys for ever. There is no
way to attach a key to a device afterwards: a lost key means a new invitation. Revocation is final.

What is asked often for some of many (an invitation by its device, invitations that may not have
expired, the devices of a union) is kept under a key of its own.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.durable import Behaviour, Verdict
from actors.durable.persistent import PersistentMap
from wire.ids import folded
from wire.message import Code, Refusal, Request
from wire.messages.session import Role, StaffCard

INVITATION_S: Final = 24 * 3600
"""How long an invitation can be used, in seconds."""

DEVICES_MAX: Final = 20_000
"""The most devices of one office."""

_DAY_MS: Final = 24 * 3600 * 1000


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One enrolled terminal, desk or operator key.

    Attributes:
        device: its id, unique for ever without regard to case, for instance `T-0001`.
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


class DevicesState(msgspec.Struct, frozen=True):
    """Every device and every invitation.

    Attributes:
        devices: by id.
        by_noise: ids by Noise key.
        by_union: ids by union, in the order of enrolment.
        tickets: by their own ids.
        invited: the newest ticket for each device, by its id folded.
        expiring: tickets by the day on which they expire (Unix time in days).
        used: the device that each used ticket became.
    """

    devices: PersistentMap[str, Device] = PersistentMap()
    by_noise: PersistentMap[bytes, str] = PersistentMap()
    by_union: PersistentMap[str, tuple[str, ...]] = PersistentMap()
    tickets: PersistentMap[str, Ticket] = PersistentMap()
    invited: PersistentMap[str, str] = PersistentMap()
    expiring: PersistentMap[int, tuple[str, ...]] = PersistentMap()
    used: PersistentMap[str, str] = PersistentMap()

    def of_union(self, union: str) -> tuple[Device, ...]:
        """A union's devices that were not revoked, by id."""
        known = (self.devices[name] for name in sorted(self.by_union.get(union, ())))
        return tuple(device for device in known if not device.revoked)

    def unexpired(self, now_ms: int) -> tuple[Ticket, ...]:
        """Tickets that can still be named in a handshake."""
        days = (day for day in self.expiring if day >= now_ms // _DAY_MS)
        named = (self.tickets[name] for day in days for name in self.expiring[day])
        return tuple(ticket for ticket in named if ticket.expires_ms > now_ms)

    def with_ticket(self, ticket: Ticket) -> DevicesState:
        """The state with one more invitation."""
        name, day = ticket.ticket, ticket.expires_ms // _DAY_MS
        return msgspec.structs.replace(
            self,
            tickets=self.tickets.put(name, ticket),
            invited=self.invited.put(folded(ticket.device), name),
            expiring=self.expiring.put(day, (*self.expiring.get(day, ()), name)),
        )

    def with_device(self, ticket: str, device: Device) -> DevicesState:
        """The state in which a ticket has become a device."""
        union = self.by_union.get(device.union, ())
        return msgspec.structs.replace(
            self,
            used=self.used.put(ticket, device.device),
            devices=self.devices.put(device.device, device),
            by_noise=self.by_noise.put(device.noise, device.device),
            by_union=self.by_union.put(device.union, (*union, device.device)),
        )

    def with_change(self, name: str, **changes: object) -> DevicesState:
        """The state in which one device is another."""
        device = msgspec.structs.replace(self.devices[name], **changes)
        return msgspec.structs.replace(self, devices=self.devices.put(name, device))


_UNKNOWN = Refusal(Code.NOT_FOUND, "没有这台设备")
_REVOKED = Refusal(Code.FORBIDDEN, "该设备已被停用")


class Devices(Behaviour[DevicesState, DeviceCommand, DeviceEvent]):
    """The rules of the registry."""

    event_type = DeviceEvent
    state_type = DevicesState
    snapshot_version = 2

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
                return Verdict(reply=Tickets(state.unexpired(now_ms)))
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
                return Verdict(reply=DeviceList(state.of_union(union)))
            case ListBound():
                bound = (device for device in state.devices.values() if device.staff)
                return Verdict(reply=DeviceList(tuple(bound)))
            case BindStaff() | UnbindStaff() | RevokeDevice():
                return _change(state, command)

    def evolve(self, state: DevicesState, event: DeviceEvent) -> DevicesState:
        """The registry after one event."""
        match event:
            case DeviceInvited(ticket=ticket):
                return state.with_ticket(ticket)
            case DeviceEnrolled(ticket=name, device=device):
                return state.with_device(name, device)
            case StaffBound(device=name, staff=staff):
                return state.with_change(name, staff=staff)
            case StaffUnbound(device=name):
                return state.with_change(name, staff=None)
            case DeviceRevoked(device=name):
                return state.with_change(name, staff=None, revoked=True)


def _invite(state: DevicesState, ticket: Ticket, now_ms: int) -> Verdict[DeviceEvent] | Refusal:
    """A device is invited once; an invitation that nobody used in time counts for nothing."""
    known = state.tickets.get(state.invited.get(folded(ticket.device), ""))
    if known is not None and (known.ticket in state.used or known.expires_ms > now_ms):
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
