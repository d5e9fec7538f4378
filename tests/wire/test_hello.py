"""How two programs meet: suites, prologue, tickets, and what a client does not believe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.kit.network import NOW_MS, OFFICE, Device, Office, device_keys, network, seeded_bytes
from tests.kit.running import run
from wire.channel import Channel
from wire.codec import PLAIN_BYTES_MAX
from wire.errors import BadFrame, HandshakeFailed, LocalMisuse, PeerMisbehaved, WireError
from wire.hello import (
    HELLO_BYTES_MAX,
    OFFICE_SUITES,
    TICKET_BYTES_MAX,
    Credentials,
    Hello,
    Suite,
    Ticket,
    Welcome,
    answer,
    encode_hello,
    knock,
    prologue,
)
from wire.link import LinkState
from wire.noise import Handshake, IKpsk2, Role, Transport
from wire.sealed import SealedChannel

CLIENT, SERVER = device_keys("client").noise, device_keys("server").noise
PSK = b"p" * 32

Talk = Callable[[Channel], Awaitable[object]]


def meet(client: Talk, server: Talk) -> tuple[object, object]:
    """Let both talk over one channel; what each returned or raised."""

    async def story() -> tuple[object, object]:
        net = network()
        outcomes: dict[str, object] = {}

        async def part(name: str, talk: Talk, channel: Channel) -> None:
            try:
                outcomes[name] = await talk(channel)
            except WireError as error:
                outcomes[name] = error
                await channel.aclose()

        async with trio.open_nursery() as nursery:
            done = trio.Event()

            async def attend(channel: Channel) -> None:
                await part("server", server, channel)
                done.set()

            await nursery.start(net.listener("office").serve, attend)
            await part("client", client, await net.dialer("client").dial(OFFICE))
            await done.wait()
            nursery.cancel_scope.cancel()
        return outcomes["client"], outcomes["server"]

    return run(story)


def knocking(credentials: Credentials) -> Talk:
    """A client that only shakes hands."""

    async def talk(channel: Channel) -> object:
        return await knock(channel, credentials, seeded_bytes(1))

    return talk


def answering(suites: frozenset[Suite] = OFFICE_SUITES) -> Talk:
    """A server that only shakes hands."""

    async def talk(channel: Channel) -> object:
        return await answer(
            channel,
            static=SERVER,
            psk_for={"t-1": PSK}.get,
            entropy=seeded_bytes(2),
            suites=suites,
        )

    return talk


@pytest.mark.parametrize(
    ("credentials", "suite", "ticket"),
    [
        (Credentials(CLIENT, SERVER.public), Suite.IK, ""),
        (Credentials(CLIENT, SERVER.public, Ticket("t-1", PSK)), Suite.IKPSK2, "t-1"),
        (Credentials(CLIENT, None), Suite.XX, ""),
    ],
)
def test_what_is_known_decides_the_suite(
    credentials: Credentials, suite: Suite, ticket: str
) -> None:
    """Both ends come out with the same conversation and each other's key."""
    ours, theirs = meet(knocking(credentials), answering(frozenset(Suite)))

    assert suite is credentials.suite
    assert isinstance(ours, Transport)
    assert isinstance(theirs, tuple)
    assert (SERVER.public, CLIENT.public) == (ours.remote_static, theirs[0].remote_static)
    assert (ours.handshake_hash, ticket) == (theirs[0].handshake_hash, theirs[1])


def test_strangers_have_nothing_to_say_to_the_office() -> None:
    """Unless it was told to answer them."""
    _, theirs = meet(knocking(Credentials(CLIENT, None)), answering())

    assert isinstance(theirs, BadFrame)


@pytest.mark.parametrize("name", [b"", b"x" * (TICKET_BYTES_MAX + 1), "票".encode(), b"t-2"])
def test_a_ticket_has_a_short_ascii_name_that_is_known(name: bytes) -> None:
    """Anything else is the end, without a word."""

    async def talk(channel: Channel) -> object:
        handshake = Handshake(
            IKpsk2,
            Role.INITIATOR,
            prologue=prologue(Suite.IKPSK2),
            static=CLIENT,
            remote_static=SERVER.public,
            psk=PSK,
            entropy=seeded_bytes(1),
        )
        await channel.send(bytes([Suite.IKPSK2]) + handshake.write(name))
        return await channel.receive()

    assert isinstance(meet(talk, answering())[1], HandshakeFailed)


def test_a_suite_cannot_be_passed_off_as_another() -> None:
    """The first byte is part of the prologue."""

    async def talk(channel: Channel) -> object:
        handshake = Handshake(
            IKpsk2,
            Role.INITIATOR,
            prologue=prologue(Suite.IK),
            static=CLIENT,
            remote_static=SERVER.public,
            psk=PSK,
            entropy=seeded_bytes(1),
        )
        await channel.send(bytes([Suite.IKPSK2]) + handshake.write(b"t-1"))
        return await channel.receive()

    assert isinstance(meet(talk, answering())[1], HandshakeFailed)


def test_our_own_sentences_are_short() -> None:
    """A name or a ticket that no hello can hold is our mistake."""
    with pytest.raises(LocalMisuse):
        encode_hello(Hello(1, b"", 0, "terminal", "x" * HELLO_BYTES_MAX))

    long = Credentials(CLIENT, SERVER.public, Ticket("t" * (TICKET_BYTES_MAX + 1), PSK))
    ours, _ = meet(knocking(long), answering())
    assert isinstance(ours, LocalMisuse)


def test_an_envelope_that_no_frame_can_hold_is_our_mistake() -> None:
    """It is refused before it is sealed."""

    async def talk(channel: Channel) -> object:
        transport = await knock(channel, Credentials(CLIENT, SERVER.public), seeded_bytes(1))
        await SealedChannel(channel, transport).send(bytes(PLAIN_BYTES_MAX + 1))
        return None

    ours, _ = meet(talk, answering())
    assert isinstance(ours, LocalMisuse)


def test_secrets_do_not_show() -> None:
    """Neither the one-time key nor the private key is in a repr."""
    shown = repr(Credentials(CLIENT, SERVER.public, Ticket("t-1", PSK)))

    assert "t-1" in shown
    assert repr(PSK)[2:-1] not in shown
    assert repr(CLIENT.private) not in shown


@pytest.mark.parametrize(
    "welcome",
    [
        Welcome(b"s" * 16, True, 0, NOW_MS, bytes(32)),
        Welcome(b"", False, 0, NOW_MS, bytes(32)),
        Welcome(b"s" * 16, False, 7, NOW_MS, bytes(32)),
    ],
)
def test_an_office_that_welcomes_wrongly_is_not_believed(welcome: Welcome) -> None:
    """A session nobody asked to resume, one without an id, messages that were never sent."""

    async def story() -> None:
        net = network()
        office = Office()

        async def lie(channel: Channel) -> None:
            transport, _ = await answer(
                channel,
                static=office.keys.noise,
                psk_for=lambda _ticket: None,
                entropy=seeded_bytes(3),
            )
            link = SealedChannel(channel, transport)
            await link.receive()
            await link.send(encode_hello(welcome))
            await link.receive()

        async with trio.open_nursery() as nursery:
            await nursery.start(net.listener("office").serve, lie)
            async with Device("tablet", office).client(net) as link:
                while not isinstance(link.status.error, PeerMisbehaved):
                    await link.until(LinkState.OFFLINE)
                    await trio.sleep(0.1)
            nursery.cancel_scope.cancel()

    run(story)
