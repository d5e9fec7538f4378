"""The device registry: an invitation is used once, a key is one device's for ever, and revoked
stays revoked.
"""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.durable.persistent import PersistentMap, from_plain, to_plain
from backoffice.peers.devices import (
    DEVICES_MAX,
    BindStaff,
    Device,
    DeviceCommand,
    DeviceEvent,
    Devices,
    DevicesState,
    EnrolDevice,
    FindDevice,
    GetDevice,
    InviteDevice,
    ListTickets,
    RevokeDevice,
    Ticket,
    Tickets,
    UnbindStaff,
)
from tests.kit.played import Played
from wire.message import Code, Refusal
from wire.messages.session import Role, StaffCard

MEI = StaffCard("T001", "P1", "梅", "O1", "530102")
LI = StaffCard("T002", "P2", "李", "O1", "530102")
EXPIRES_MS = 1_000

Registry = Played[DevicesState, DeviceCommand, DeviceEvent]


def registry() -> Registry:
    return Played(Devices(), "devices")


def ticket(number: int = 1) -> Ticket:
    return Ticket(
        ticket=f"ticket {number}",
        psk=bytes([number]) * 32,
        device=f"T-{number:04}",
        role=Role.TERMINAL,
        outlet="O1",
        union="530102",
        expires_ms=EXPIRES_MS,
    )


def key(number: int) -> bytes:
    return bytes([number]) * 32


def enrol(number: int = 1, noise: int = 1, signing: int = 1) -> EnrolDevice:
    return EnrolDevice(f"ticket {number}", key(noise), key(100 + signing))


def code(answer: object) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def with_device(number: int = 1) -> Registry:
    found = registry()
    found.ask(InviteDevice(ticket(number)))
    assert isinstance(found.ask(enrol(number)), Device)
    return found


def test_a_device_is_invited_and_enrolled() -> None:
    """It is what its invitation says, under the keys that it brought."""
    found = registry()
    assert ticket() == found.ask(InviteDevice(ticket()))
    assert Code.NOT_FOUND is code(found.ask(FindDevice(key(1))))

    device = found.ask(enrol())

    assert isinstance(device, Device)
    assert ("T-0001", Role.TERMINAL, "O1", "530102", key(1), key(101), None, False) == (
        msgspec.structs.astuple(device)
    )
    assert device == found.ask(FindDevice(key(1))) == found.ask(GetDevice("T-0001"))


def test_the_same_keys_again_are_harmless() -> None:
    """The welcome was lost, the device asks again, even after the invitation has expired."""
    found = with_device()
    before = len(found.events)
    found.now_ms = EXPIRES_MS + 1

    assert found.ask(GetDevice("T-0001")) == found.ask(enrol())
    assert before == len(found.events)


def test_an_invitation_is_used_once() -> None:
    """Whoever comes second, with whichever key, stays outside; so does an unknown ticket."""
    found = with_device()
    for stranger in (enrol(noise=2, signing=2), enrol(signing=2), enrol(noise=2), enrol(number=9)):
        assert Code.FORBIDDEN is code(found.ask(stranger))
    assert key(101) == found.ask(GetDevice("T-0001")).signing


def test_an_invitation_expires() -> None:
    """At its very millisecond; then it is not listed any more either."""
    found = registry()
    found.ask(InviteDevice(ticket()))
    assert Tickets((ticket(),)) == found.ask(ListTickets())

    found.now_ms = EXPIRES_MS

    assert Code.FORBIDDEN is code(found.ask(enrol()))
    assert Tickets(()) == found.ask(ListTickets())


def test_a_key_belongs_to_one_device() -> None:
    """A second invitation does not move it."""
    found = with_device()
    found.ask(InviteDevice(ticket(2)))

    assert Code.DUPLICATE is code(found.ask(enrol(2, noise=1)))
    assert "T-0001" == found.ask(FindDevice(key(1))).device


def test_a_device_id_is_given_out_once() -> None:
    """And there is an end to how many there are."""
    found = with_device()
    again = msgspec.structs.replace(ticket(), ticket="another")
    assert Code.DUPLICATE is code(found.ask(InviteDevice(again)))
    in_small = msgspec.structs.replace(again, device=again.device.lower())
    assert Code.DUPLICATE is code(found.ask(InviteDevice(in_small)))

    others = {
        str(n): msgspec.structs.replace(ticket(), ticket=str(n), device=str(n))
        for n in range(DEVICES_MAX)
    }
    found.state = msgspec.structs.replace(found.state, tickets=PersistentMap(others))
    assert Code.LIMIT is code(found.ask(InviteDevice(ticket(2))))


def test_an_id_is_free_again_when_nobody_came() -> None:
    """The invitation was lost in the post: after its day a new one is made for the same device."""
    found = registry()
    found.ask(InviteDevice(ticket()))
    found.now_ms = EXPIRES_MS
    fresh = msgspec.structs.replace(ticket(), ticket="ticket again", expires_ms=2 * EXPIRES_MS)

    assert fresh == found.ask(InviteDevice(fresh))


def test_staff_come_and_go() -> None:
    """One at a time; signing in or out again changes nothing."""
    found = with_device()
    assert LI == found.ask(BindStaff("T-0001", LI)).staff
    assert MEI == found.ask(BindStaff("T-0001", MEI)).staff
    before = len(found.events)
    found.ask(BindStaff("T-0001", MEI))
    assert before == len(found.events)
    assert found.ask(UnbindStaff("T-0001")).staff is None
    before = len(found.events)
    found.ask(UnbindStaff("T-0001"))
    assert before == len(found.events)
    for command in (BindStaff("X", MEI), UnbindStaff("X"), RevokeDevice("X"), GetDevice("X")):
        assert Code.NOT_FOUND is code(found.ask(command))


def test_a_revoked_device_stays_outside() -> None:
    """It is known, so that its past can be verified, but nothing lets it in again (I9)."""
    found = with_device()
    found.ask(BindStaff("T-0001", MEI))
    revoked = found.ask(RevokeDevice("T-0001"))
    assert revoked.revoked
    assert revoked.staff is None
    assert revoked == found.ask(RevokeDevice("T-0001")) == found.ask(GetDevice("T-0001"))

    for command in (enrol(), FindDevice(key(1)), BindStaff("T-0001", MEI)):
        assert Code.FORBIDDEN is code(found.ask(command))


def test_an_invitation_shows_no_secret() -> None:
    """The psk is in no repr."""
    assert repr(ticket().psk) not in repr(ticket())


NUMBERS = st.integers(1, 3)
NAMES = st.builds("T-{:04}".format, NUMBERS)
COMMANDS = st.one_of(
    st.builds(InviteDevice, st.builds(ticket, NUMBERS)),
    st.builds(enrol, NUMBERS, NUMBERS, NUMBERS),
    st.builds(FindDevice, st.builds(key, NUMBERS)),
    st.builds(BindStaff, NAMES, st.sampled_from([MEI, LI])),
    st.builds(UnbindStaff, NAMES),
    st.builds(RevokeDevice, NAMES),
    st.builds(ListTickets),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(COMMANDS, st.integers(0, 100)), max_size=30))
def test_a_random_year(commands: list[tuple[DeviceCommand, int]]) -> None:
    """Pinned keys never change, no key is in two devices, revoked never comes back, repeats do
    nothing; and a snapshot is the state.
    """
    found = registry()
    pinned: dict[str, tuple[bytes, bytes]] = {}
    revoked: set[str] = set()
    for command, later_ms in commands:
        found.now_ms += later_ms
        answer = found.ask(command)
        before = len(found.events)
        if not isinstance(command, InviteDevice) and not isinstance(answer, Refusal):
            assert answer == found.ask(command)
            assert before == len(found.events)
        for name, device in found.state.devices.items():
            assert pinned.setdefault(name, (device.noise, device.signing)) == (
                device.noise,
                device.signing,
            )
            assert device.revoked or name not in revoked
            assert not (device.revoked and device.staff)
            if device.revoked:
                revoked.add(name)
                assert Code.FORBIDDEN is code(found.ask(FindDevice(device.noise)))
        noise = [device.noise for device in found.state.devices.values()]
        assert len(set(noise)) == len(noise)
    rest = msgspec.msgpack.encode(found.state, enc_hook=to_plain)
    assert found.state == msgspec.msgpack.decode(rest, type=DevicesState, dec_hook=from_plain)
