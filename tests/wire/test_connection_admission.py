"""Who may come in: keys, tickets, revocation, and the bounds on everybody else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio

from tests.kit.network import (
    OFFICE,
    Device,
    Echo,
    Echoed,
    Note,
    Office,
    knocked,
    network,
    office_on,
    seeded_bytes,
)
from tests.kit.running import run
from wire.client import REFUSED_RETRY_S
from wire.errors import (
    ChannelClosed,
    HandshakeFailed,
    PeerRefused,
)
from wire.hello import VERSION, Credentials, Hello, Ticket, encode_hello, knock
from wire.link import LinkState, SaidGoodbye
from wire.memory import Passing
from wire.message import Code, Refusal
from wire.sealed import SealedChannel


async def settled() -> None:
    """Let acknowledgements and farewells arrive."""
    await trio.sleep(1)


def test_a_revoked_device_is_cut_and_refused() -> None:
    """At once, in the middle of its work; nothing of it is handed over any more."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = Device("tablet", office)
            async with device.client(net) as link:
                await link.request(Echo("x"), within=5)
                static = device.keys.noise.public
                office.doorkeeper.revoked.add(static)
                office.server.revoke(static)
                received = len(office.received)
                await link.send(Note(1))
                status = await link.until(LinkState.OFFLINE)
                assert isinstance(status.error, SaidGoodbye)
                await trio.sleep(2 * REFUSED_RETRY_S)

                assert received == len(office.received)
                assert isinstance(link.status.error, PeerRefused)
                assert Code.FORBIDDEN is link.status.error.refusal.code
                office.doorkeeper.revoked.clear()
                await link.until(LinkState.ONLINE)

    run(story)


def test_a_device_revoked_while_it_is_being_admitted_stays_out() -> None:
    """The admission is asked again, because something was revoked meanwhile."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = Device("tablet", office)
            admit = office.doorkeeper.admit

            async def slow_admit(remote_static: bytes, hello: Hello) -> object:
                verdict = await admit(remote_static, hello)
                if office.doorkeeper.asked == 1:
                    office.doorkeeper.revoked.add(remote_static)
                    office.server.revoke(remote_static)
                return verdict

            office.doorkeeper.admit = slow_admit  # type: ignore[method-assign,assignment]  # the story
            async with device.client(net) as link:
                status = await link.until(LinkState.OFFLINE)

                assert isinstance(status.error, PeerRefused)
                assert ([], {}) == (office.sessions, office.server.connections)

    run(story)


def test_an_impostor_of_the_office_learns_nothing() -> None:
    """A client that expects another key never gets as far as its hello."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = Device("tablet", office)
            elsewhere = Device("elsewhere", office).keys.noise.public
            device.credentials = Credentials(device.keys.noise, elsewhere)
            async with device.client(net) as link:
                await link.until(LinkState.OFFLINE)

                assert 0 == office.doorkeeper.asked
                assert 1 == office.server.counts[HandshakeFailed.__name__]

    run(story)


def test_another_version_is_refused_in_words() -> None:
    """A program that is too old or too new hears it."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            link = await knocked(net, office, "tablet")
            await link.send(encode_hello(Hello(VERSION + 1, b"", 0, "terminal", "tablet")))

            assert b"E_FORMAT" in await link.receive()

    run(story)


def enrolling(office: Office, code: bytes = b"c" * 32) -> Device:
    """A device with an invitation."""
    office.doorkeeper.tickets["t-1"] = b"c" * 32
    return Device("new tablet", office, Ticket("t-1", code))


def test_a_device_enrols_with_its_ticket_and_comes_back_without() -> None:
    """The code is used once; from then on the key is enough."""

    async def story() -> None:
        net = network()
        first_bytes: list[int] = []

        def note(passing: Passing) -> Sequence[bytes]:
            if passing.source != "office" and passing.channel > len(first_bytes):
                first_bytes.append(passing.frame[0])
            return (passing.frame,)

        net.tap = note
        async with office_on(net) as office, enrolling(office).client(net) as link:
            assert Echoed("x") == await link.request(Echo("x"), within=5)
            net.kill()
            assert Echoed("y") == await link.request(Echo("y"), within=5)

            assert [0x02, 0x01] == first_bytes
            assert list(office.doorkeeper.enrolled) == ["t-1"]

    run(story)


def test_a_lost_welcome_does_not_lock_the_device_out() -> None:
    """The ticket goes on working for the key that used it, at every frame of the enrolment."""
    for lost_frame in range(1, 6):

        async def story(lost_frame: int = lost_frame) -> None:
            net = network()
            net.kill_at = {lost_frame}
            async with office_on(net) as office, enrolling(office).client(net) as link:
                assert Echoed("x") == await link.request(Echo("x"), within=60)

        run(story)


def test_a_used_ticket_is_worthless_to_another_device() -> None:
    """Even with the right code."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            async with enrolling(office).client(net) as link:
                await link.until(LinkState.ONLINE)
            thief = Device("thief", office, Ticket("t-1", b"c" * 32))
            async with thief.client(net) as link:
                status = await link.until(LinkState.OFFLINE)

                assert isinstance(status.error, PeerRefused)

    run(story)


@pytest.mark.parametrize("ticket", [Ticket("t-1", b"w" * 32), Ticket("t-2", b"c" * 32)])
def test_a_wrong_code_or_ticket_gets_no_answer_worth_having(ticket: Ticket) -> None:
    """The office never asks whether to admit such a device."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            enrolling(office)
            async with Device("guesser", office, ticket).client(net) as link:
                await link.until(LinkState.OFFLINE)

                assert 0 == office.doorkeeper.asked

    run(story)


@pytest.mark.parametrize("flaw", ["ticket", "proof", "key"])
def test_a_hello_that_does_not_fit_its_handshake_is_refused(flaw: str) -> None:
    """The ticket must be the handshake's, the signing key must be proved."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = enrolling(office)
            channel = await net.dialer("tablet").dial(OFFICE)
            transport = await knock(channel, device.credentials, seeded_bytes(1))
            link = SealedChannel(channel, transport)
            hello = Hello(
                VERSION,
                b"",
                0,
                "terminal",
                "tablet",
                "t-9" if flaw == "ticket" else "t-1",
                b"" if flaw == "key" else device.keys.signing.public,
                bytes(64),
            )
            await link.send(encode_hello(hello))
            with pytest.raises(ChannelClosed):
                await link.receive()

            assert 0 == office.doorkeeper.asked
            assert 1 == office.server.counts["PeerMisbehaved"]

    run(story)


def test_silent_strangers_make_room_for_whoever_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-open greetings are bounded, and the bound cannot be used to keep others out."""
    monkeypatch.setattr("wire.server.GREETINGS_MAX", 3)

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            await link.until(LinkState.ONLINE)
            strangers = [await net.dialer("stranger").dial(OFFICE) for _ in range(5)]
            await settled()
            assert (3, 2) == (office.server.greetings, office.server.counts["Evicted"])

            async with Device("late", office).client(net) as late:
                assert Echoed("x") == await late.request(Echo("x"), within=1)
            assert Echoed("x") == await link.request(Echo("x"), within=5)
            for stranger in strangers:
                await stranger.aclose()

    run(story)


def test_a_newcomer_is_cut_where_everybody_is_about_to_be_let_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has shaken hands holds a key and is not sent away for somebody who may hold none."""
    monkeypatch.setattr("wire.server.GREETINGS_MAX", 3)

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            known = [await knocked(net, office, f"tablet-{number}") for number in range(3)]
            with pytest.raises(ChannelClosed):
                await (await net.dialer("stranger").dial(OFFICE)).receive()

            assert (3, 1) == (office.server.greetings, office.server.counts["TooMany"])
            for link in known:
                await link.aclose()

    run(story)


def test_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one longest without a link makes room; when all are alive the newcomer waits."""
    monkeypatch.setattr("wire.server.SESSIONS_MAX", 2)

    async def story() -> None:
        net = network()
        async with (
            office_on(net) as office,
            Device("one", office).client(net) as one,
            Device("two", office).client(net) as two,
        ):
            await one.until(LinkState.ONLINE)
            await two.until(LinkState.ONLINE)
            async with Device("three", office).client(net) as three:
                refused = await three.until(LinkState.OFFLINE)
                assert isinstance(refused.error, PeerRefused)
                assert refused.error.refusal.retryable
                net.cut("one")
                await three.until(LinkState.ONLINE)
                assert 2 == len(office.server.connections)

    run(story)


def test_a_refusal_without_a_reason_to_retry_is_not_asked_again_soon() -> None:
    """The office is not hammered by those it does not want."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = Device("tablet", office)
            office.doorkeeper.revoked.add(device.keys.noise.public)
            async with device.client(net) as link:
                await link.until(LinkState.OFFLINE)
                await trio.sleep(10 * REFUSED_RETRY_S)

                assert 20 >= office.doorkeeper.asked >= 10

    run(story)


def test_a_refusal_is_a_complete_no() -> None:
    """With its field and its sentence, as the office wrote it."""

    async def story() -> None:
        net = network()
        office = Office()
        no = Refusal(Code.LIMIT, "超过限额", "amount", retryable=False)
        office.handler = lambda incoming: incoming.reply(no)
        async with office_on(net, office), Device("tablet", office).client(net) as link:
            with pytest.raises(PeerRefused) as refused:
                await link.request(Echo("x"), within=5)

            assert no == refused.value.refusal

    run(story)
