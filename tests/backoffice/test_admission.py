"""Who may come in: only keys that the registry knows, and an invitation is good for one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from actors import Cell, open_system
from actors.durable import Commanded, DurableActor
from actors.ref import Ref
from actors.store.memory import Disk, MemoryStore
from backoffice.peers.admission import Admission
from backoffice.peers.devices import Device, Devices, InviteDevice, RevokeDevice, Ticket
from tests.kit.outside import EPOCH_MS, virtual_outside
from tests.kit.running import run
from wire.hello import VERSION, Hello
from wire.message import Code, Refusal
from wire.messages.session import Role
from wire.server import Admitted

KEY, OTHER_KEY, SIGNING = b"k" * 32, b"o" * 32, b"s" * 32
TICKET = Ticket(
    ticket="t-1",
    psk=b"p" * 32,
    device="T-0001",
    role=Role.TERMINAL,
    outlet="O1",
    union="530102",
    expires_ms=EPOCH_MS + 1_000,
)


class Unsupervised:
    """Whoever crashes stays dead."""

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        del cell, error


def hello(ticket: str = "", role: str = "terminal", name: str = "T-0001") -> Hello:
    return Hello(VERSION, b"", 0, role, name, ticket, SIGNING if ticket else b"")


def code(answer: Admitted | Refusal) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


@asynccontextmanager
async def door(disk: Disk) -> AsyncIterator[tuple[Admission, Ref, Callable[[], None]]]:
    """An admission on a running registry, and a way to take the registry's disk away."""
    store = MemoryStore(disk)

    def registry() -> DurableActor[Any, Any, Any]:
        return DurableActor(Devices(), stream="devices", key="devices", store=store, handlers={})

    async with open_system("office", virtual_outside()) as system:
        devices = system.spawn("devices", registry, Unsupervised())
        admission = Admission(devices)
        await admission.load()
        yield admission, devices, store.crash


async def invite(admission: Admission, devices: Ref) -> None:
    answer = await devices.ask(Commanded("operator", InviteDevice(TICKET)), within=5)
    admission.invited(answer)


def test_a_stranger_stays_outside() -> None:
    """Deny by default: an unknown key, an unknown ticket."""

    async def story() -> None:
        async with door(Disk()) as (admission, _, _):
            assert admission.psk_for("t-1") is None
            assert Code.NOT_FOUND is code(await admission.admit(KEY, hello()))
            assert Code.FORBIDDEN is code(await admission.admit(KEY, hello("t-1")))

    run(story)


def test_an_invitation_lets_one_key_in_for_good() -> None:
    """Enrolled before it is welcome; known by its key from then on; nobody else gets in on it."""

    async def story() -> None:
        disk = Disk()
        async with door(disk) as (admission, devices, _):
            await invite(admission, devices)
            assert TICKET.psk == admission.psk_for("t-1")

            admitted = await admission.admit(KEY, hello("t-1"))

            assert isinstance(admitted, Admitted)
            assert isinstance(admitted.identity, Device)
            assert ("T-0001", KEY, SIGNING) == (
                admitted.identity.device,
                admitted.identity.noise,
                admitted.identity.signing,
            )
            assert "DeviceEnrolled" == disk.journal[-1].kind
            assert admitted == await admission.admit(KEY, hello())
            assert admitted == await admission.admit(KEY, hello("t-1")), "the welcome was lost"
            assert Code.FORBIDDEN is code(await admission.admit(OTHER_KEY, hello("t-1")))

    run(story)


def test_a_restarted_office_knows_its_open_invitations() -> None:
    """They are read off the registry before the first peer knocks; expired ones are gone."""

    async def story() -> None:
        disk = Disk()
        async with door(disk) as (admission, devices, _):
            await invite(admission, devices)
        async with door(disk) as (admission, _, _):
            assert TICKET.psk == admission.psk_for("t-1")

    run(story)


def test_a_device_is_what_it_was_enrolled_as() -> None:
    """Another role or another name than the registry's is not believed."""

    async def story() -> None:
        async with door(Disk()) as (admission, devices, _):
            await invite(admission, devices)
            assert isinstance(await admission.admit(KEY, hello("t-1")), Admitted)
            for pretence in (hello(role="operator"), hello(role="desk"), hello(name="T-0002")):
                assert Code.FORBIDDEN is code(await admission.admit(KEY, pretence))

    run(story)


def test_a_revoked_key_is_refused_at_the_door() -> None:
    """Whether it comes as itself or with its old invitation (I9)."""

    async def story() -> None:
        async with door(Disk()) as (admission, devices, _):
            await invite(admission, devices)
            await admission.admit(KEY, hello("t-1"))
            await devices.ask(Commanded("operator", RevokeDevice("T-0001")), within=5)
            for knock in (hello(), hello("t-1")):
                assert Code.FORBIDDEN is code(await admission.admit(KEY, knock))

    run(story)


def test_a_silent_registry_is_busy_not_wrong() -> None:
    """Its store is gone: the peer is told to come again, and is not let in."""

    async def story() -> None:
        async with door(Disk()) as (admission, devices, crash):
            await invite(admission, devices)
            crash()
            answer = await admission.admit(KEY, hello("t-1"))
            assert isinstance(answer, Refusal)
            assert (Code.BUSY, True) == (answer.code, answer.retryable)

    run(story)
