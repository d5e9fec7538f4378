"""An attacker on the line can only delay; a peer that breaks the rules loses its session only."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress

import pytest
import trio

from tests.kit.network import (
    CODEC,
    EXPECTED_ANSWERS,
    OFFICE,
    Device,
    Echo,
    Echoed,
    Office,
    Stranger,
    conversation,
    frames_of_a_calm_conversation,
    knocked,
    network,
    office_on,
)
from tests.kit.running import run
from wire.connection import Connection
from wire.envelope import Tell, encode_envelope
from wire.errors import (
    ChannelClosed,
    LocalMisuse,
    OutcomeUnknown,
    PeerMisbehaved,
    PeerRefused,
)
from wire.hello import VERSION, Hello, encode_hello
from wire.incoming import Handler, Incoming
from wire.link import LinkState
from wire.memory import MemoryChannel, Passing
from wire.message import Code, Message
from wire.sealed import SealedChannel
from wire.server import HELLO_S_MAX


async def settled() -> None:
    """Let acknowledgements and farewells arrive."""
    await trio.sleep(1)


@pytest.mark.parametrize("size", [0, 1, 2, 40, 1000, 65_536])
def test_garbage_instead_of_a_handshake_ends_one_channel(size: int) -> None:
    """Of any length, with any first byte; others do not notice."""

    async def story() -> None:
        net = network()
        chance = random.Random(size)
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            for first in (0x00, 0x01, 0x02, 0x03, 0x04, 0xFF):
                channel = await net.dialer("stranger").dial(OFFICE)
                await channel.send((bytes([first]) + chance.randbytes(size))[:size])
                with pytest.raises(ChannelClosed):
                    await channel.receive()
            assert Echoed("x") == await link.request(Echo("x"), within=5)

            assert 1 == office.doorkeeper.asked

    run(story)


@pytest.mark.parametrize("stage", ["silent", "half", "no hello"])
def test_a_slow_handshake_is_cut(stage: str) -> None:
    """One deadline for everything up to the welcome."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            if stage == "no hello":
                link = await knocked(net, office, "tablet")
                receive = link.receive
            else:
                channel = await net.dialer("stranger").dial(OFFICE)
                receive = channel.receive
            start = trio.current_time()
            with pytest.raises(ChannelClosed):
                await receive()

            assert HELLO_S_MAX == pytest.approx(trio.current_time() - start, abs=0.1)
            assert (1, 0) == (office.server.counts["TooSlow"], office.server.greetings)

    run(story)


def test_a_recorded_handshake_has_no_effect() -> None:
    """Whoever replays every frame of a device never gets it admitted again."""

    async def story() -> None:
        net = network()
        recorded: list[bytes] = []

        def record(passing: Passing) -> Sequence[bytes]:
            if passing.source == "tablet":
                recorded.append(passing.frame)
            return (passing.frame,)

        net.tap = record

        async def replay(attacker: MemoryChannel) -> None:
            for frame in recorded:
                await attacker.send(frame)
                await trio.sleep(0.1)

        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            await link.request(Echo("x"), within=5)
            received = len(office.received)
            with pytest.raises(ChannelClosed):
                await replay(await net.dialer("attacker").dial(OFFICE))

            assert (1, received) == (office.doorkeeper.asked, len(office.received))
            assert Echoed("y") == await link.request(Echo("y"), within=5)

    run(story)


def tampering(how: str, victim: int) -> tuple[object, list[bytes]]:
    """A tap that does something to the frame with that number."""
    held: list[bytes] = []

    def tap(passing: Passing) -> Sequence[bytes]:
        frame = passing.frame
        if passing.number != victim:
            late = tuple(held)
            held.clear()
            return (frame, *late)
        match how:
            case "mutate":
                where = victim * 7 % len(frame)
                return (frame[:where] + bytes([frame[where] ^ 0x40]) + frame[where + 1 :],)
            case "cut short":
                return (frame[:-1],)
            case "lengthen":
                return (frame + b"\0",)
            case "repeat":
                return (frame, frame)
            case "swallow":
                return ()
            case _:
                held.append(frame)
                return ()

    return tap, held


@pytest.mark.parametrize("how", ["mutate", "cut short", "lengthen", "repeat", "swallow", "reorder"])
def test_an_attacker_on_the_line_can_only_delay(how: str) -> None:
    """Whatever happens to any one frame: the conversation ends as it should, exactly once."""
    total = frames_of_a_calm_conversation()

    for number in range(1, total + 1):

        async def story(number: int = number) -> None:
            net = network()
            net.tap = tampering(how, number)[0]  # type: ignore[assignment]  # it is a tap
            async with office_on(net) as office:
                device = Device("tablet", office)

                assert EXPECTED_ANSWERS == await conversation(net, office, device)
                assert [0, 1, 2, 3] == office.notes("tablet")
                assert [] == device.lost

        run(story)


async def confess(link: SealedChannel, *plains: bytes) -> list[bytes]:
    """Say hello and then something forbidden; everything that comes back until the end."""
    await link.send(encode_hello(Hello(VERSION, b"", 0, "terminal", "tablet")))
    heard: list[bytes] = []
    try:
        for plain in plains:
            await link.send(plain)
        while True:
            heard.append(await link.receive())
    except ChannelClosed:
        return heard


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\xc1",
        b"\x93" * 5000,
        encode_envelope(Tell(2, 0, b"\xc0")),  # type: ignore[arg-type]  # any payload will do
        encode_envelope(Tell(1, 5, b"\xc0")),  # type: ignore[arg-type]  # as above
    ],
)
def test_a_peer_that_breaks_the_rules_inside_loses_its_session_only(plain: bytes) -> None:
    """It is told, and others do not notice."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("other", office).client(net) as other:
            heard = await confess(await knocked(net, office, "tablet"), plain)
            await settled()

            assert b"misbehaved" in heard[-1]
            assert 1 == len(office.server.connections)
            assert Echoed("x") == await other.request(Echo("x"), within=5)

    run(story)


@pytest.mark.parametrize("received", [1, 2**40])
def test_a_peer_that_acknowledges_what_was_never_sent_is_told(received: int) -> None:
    """Already in its hello: the session is not resumed, and it hears why."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            async with Device("tablet", office).client(net) as link:
                await link.request(Echo("x"), within=5)
                session = link.session.id
                net.kill("tablet")
                again = await knocked(net, office, "tablet")
                lie = Hello(VERSION, session, 1 + received, "terminal", "tablet")
                await again.send(encode_hello(lie))
                heard = [await again.receive(), await again.receive()]
                with pytest.raises(ChannelClosed):
                    await again.receive()

            assert b"misbehaved" in heard[-1]
            assert 1 == office.server.counts["PeerMisbehaved"]

    run(story)


@pytest.mark.parametrize("where", ["opening", "message", "later"])
def test_what_the_program_raises_about_one_peer_ends_that_session_alone(where: str) -> None:
    """A fault of our own that one peer brings about is nobody else's; the peer begins anew."""

    class Fault(RuntimeError):
        pass

    async def later(_incoming: Incoming) -> None:
        await trio.lowlevel.checkpoint()
        raise Fault

    async def story() -> None:
        net = network()
        neighbour = Device("neighbour", office := Office())
        async with office_on(net, office), neighbour.client(net) as beside:
            await beside.until(LinkState.ONLINE)
            opened, faults = office.opened, 0

            def open_badly(connection: Connection) -> Handler:
                nonlocal faults
                handler = opened(connection)
                faults += 1
                if faults > 1:
                    return handler
                if where == "opening":
                    raise Fault
                return later if where == "later" else stumble

            def stumble(_incoming: Incoming) -> None:
                raise Fault

            office.opened = open_badly
            async with Device("tablet", office).client(net) as link:
                with suppress(OutcomeUnknown):
                    await link.request(Echo("poison"), within=5)
                assert Echoed("x") == await link.request(Echo("x"), within=30)

            assert [LinkState.CONNECTING, LinkState.ONLINE] == [s.state for s in neighbour.statuses]
            assert 1 == office.server.counts["Crashed"] == len(office.crashed)

    run(story)


def test_a_message_that_we_do_not_know_is_refused_or_counted() -> None:
    """A newer peer must not lose its link over it."""

    class NewQuestion(Echo, frozen=True, tag="NewQuestion"):
        pass

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            await link.send(Stranger())
            with pytest.raises(PeerRefused) as refused:
                await link.request(NewQuestion("x"), within=5)

            assert Code.FORMAT is refused.value.refusal.code
            assert (2, []) == (office.sessions[0].unreadable, office.received)
            assert Echoed("x") == await link.request(Echo("x"), within=5)

    run(story)


def test_an_answer_of_the_wrong_type_is_the_peers_fault() -> None:
    """And its asker hears it."""

    async def story() -> None:
        net = network()
        office = Office()
        office.handler = lambda incoming: incoming.reply([1, 2, 3])
        async with office_on(net, office), Device("tablet", office).client(net) as link:
            with pytest.raises(PeerMisbehaved):
                await link.request(Echo("x"), within=5)

    run(story)


def test_our_own_mistakes_are_told_to_us() -> None:
    """Messages without a tag, and those that no frame can hold."""

    class Untagged(Message, frozen=True):
        pass

    async def story() -> None:
        connection = Connection(CODEC, lambda _incoming: None)
        with pytest.raises(LocalMisuse):
            await connection.send(Untagged())
        with pytest.raises(LocalMisuse):
            connection.try_send(Echo("x" * 70_000))

    run(story)


def test_keys_are_replaced_in_the_middle_of_a_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every third frame, in both directions, unnoticed."""
    monkeypatch.setattr("wire.sealed.REKEY_FRAMES", 3)

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            calm = await conversation(net, office, Device("tablet", office))

            assert EXPECTED_ANSWERS == calm

    run(story)
