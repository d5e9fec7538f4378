"""Sessions between devices and an office, over a network that does its worst."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
import trio

from tests.kit.determinism import run_seeded
from tests.kit.network import (
    CODEC,
    OFFICE,
    Device,
    Echo,
    Echoed,
    Note,
    Office,
    Stranger,
    network,
    office_on,
    seeded_bytes,
)
from tests.kit.running import run
from wire.carrier import PING_AFTER_S, SILENCE_S_MAX
from wire.client import REFUSED_RETRY_S
from wire.connection import INFLIGHT_ASKS_MAX, Connection
from wire.envelope import ByeReason, Tell, encode_envelope
from wire.errors import (
    ChannelClosed,
    HandshakeFailed,
    LinkLost,
    LocalMisuse,
    OutcomeUnknown,
    PeerMisbehaved,
    PeerRefused,
)
from wire.hello import VERSION, Credentials, Hello, Ticket, Welcome, encode_hello, knock
from wire.incoming import Incoming
from wire.link import LinkState, SaidGoodbye
from wire.memory import MemoryNetwork, Passing, Weather
from wire.message import Code, Message, Refusal
from wire.noise import Transport
from wire.sealed import SealedChannel
from wire.server import HELLO_S_MAX, SESSION_KEEP_S, SWEEP_EVERY_S
from wire.session import WINDOW_MESSAGES_MAX

NEVER = Echo("never")


async def settled() -> None:
    """Let acknowledgements and farewells arrive."""
    await trio.sleep(1)


# ---- ordinary days


def test_a_device_asks_tells_and_is_refused() -> None:
    """The three things that happen all day."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            assert Echoed("你好") == await link.request(Echo("你好"), within=5)
            await link.send(Note(1))
            with pytest.raises(PeerRefused) as refused:
                await link.request(Echo("no"), within=5)
            await settled()

            assert Code.STATE == refused.value.refusal.code
            assert [1] == office.notes("tablet")
            assert 0 == link.session.pending
            assert isinstance(link.identity, Welcome)

    run(story)


def test_the_office_asks_and_tells_too() -> None:
    """A session has two equal ends."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = Device("tablet", office)
            async with device.client(net) as link:
                await link.until(LinkState.ONLINE)
                session = office.sessions[0]
                assert session.try_send(Note(5))
                assert Echoed("ja") == await session.request(Echo("ja"), within=5)

                assert [Note(5), Echo("ja")] == device.heard

    run(story)


def test_messages_wait_for_the_first_link() -> None:
    """What is told before the office exists arrives when it does."""

    async def story() -> None:
        net = network()
        office = Office()
        async with Device("tablet", office).client(net) as link:
            await link.send(Note(1))
            await trio.sleep(20)
            assert link.status.state in {LinkState.OFFLINE, LinkState.CONNECTING}
            async with office_on(net, office):
                assert Echoed("x") == await link.request(Echo("x"), within=60)

                assert [1] == office.notes("tablet")

    run(story)


def test_an_async_handler_holds_up_its_peer_and_nobody_else() -> None:
    """The next message of the same session is read when the handler returns."""

    async def story() -> None:
        net = network()
        office = Office()
        began: list[float] = []

        async def slowly(incoming: Incoming) -> None:
            began.append(trio.current_time())
            await trio.sleep(3)
            office.echo(incoming)

        office.handler = slowly
        async with (
            office_on(net, office),
            Device("slow", office).client(net) as slow,
            Device("other", office).client(net) as other,
        ):
            await slow.send(Note(1))
            await slow.send(Note(2))
            start = trio.current_time()
            await other.request(Echo("x"), within=10)
            await slow.request(Echo("y"), within=20)

            assert 3 == pytest.approx(min(began[1:]) - start, abs=3.1)
            assert 9 == pytest.approx(trio.current_time() - start, abs=0.1)

    run(story)


def test_a_full_window_makes_the_sender_wait_and_loses_nothing() -> None:
    """Back-pressure reaches whoever sends too much."""

    async def story() -> None:
        net = network()
        office = Office()
        async with Device("tablet", office).client(net) as link:
            for number in range(WINDOW_MESSAGES_MAX):
                await link.send(Note(number))
            assert not link.try_send(Note(0))
            with trio.move_on_after(5) as patience:
                await link.send(Note(0))
            assert patience.cancelled_caught
            with pytest.raises(LinkLost):
                await link.request(Echo("x"), within=1)
            async with office_on(net, office):
                await link.send(Note(WINDOW_MESSAGES_MAX))
                await settled()

                assert list(range(WINDOW_MESSAGES_MAX + 1)) == office.notes("tablet")

    run(story)


# ---- deadlines


def test_no_answer_in_time_means_that_the_outcome_is_unknown() -> None:
    """The request was sent; nobody knows more. The answer that comes too late is dropped."""

    async def story() -> None:
        net = network()
        office = Office()
        kept: list[Incoming] = []
        office.handler = kept.append
        async with office_on(net, office), Device("tablet", office).client(net) as link:
            with pytest.raises(OutcomeUnknown):
                await link.request(Echo("x"), within=2)
            kept[0].reply(Echoed("too late"))
            await settled()

            assert kept[0].wants_reply
            assert 0 == office.sessions[0].session.pending

    run(story)


def test_a_request_that_never_left_was_not_carried_out() -> None:
    """Without a link the asker hears so, and the request is not sent later."""

    async def story() -> None:
        net = network()
        office = Office()
        async with Device("tablet", office).client(net) as link:
            with pytest.raises(LinkLost, match="never left"):
                await link.request(Echo("x"), within=2)
            with trio.move_on_after(2):
                await link.request(Echo("y"), within=60)
            async with office_on(net, office):
                await link.until(LinkState.ONLINE)
                await settled()

                assert [] == office.received

    run(story)


def test_an_answer_may_come_from_another_task_once() -> None:
    """The handler keeps the request; a second answer is nothing."""

    async def story() -> None:
        net = network()
        office = Office()
        kept: list[Incoming] = []
        office.handler = kept.append
        async with (
            office_on(net, office),
            Device("tablet", office).client(net) as link,
            trio.open_nursery() as nursery,
        ):

            async def later() -> None:
                await trio.sleep(2)
                kept[0].reply(Echoed("first"))
                kept[0].reply(Echoed("second"))

            nursery.start_soon(later)
            assert Echoed("first") == await link.request(Echo("x"), within=5)
            await settled()
            assert 2 == link.session.sent + link.session.received

    run(story)


def test_too_many_open_requests_are_refused_as_busy_or_wait() -> None:
    """Our own askers wait; a peer that does not is told to come back."""

    async def story() -> None:
        net = network()
        office = Office()
        kept: list[Incoming] = []
        office.handler = kept.append
        async with office_on(net, office), Device("tablet", office).client(net) as link:
            await link.until(LinkState.ONLINE)
            async with trio.open_nursery() as nursery:

                async def one_ask() -> None:
                    await link.request(Echo("x"), within=30)

                for _ in range(INFLIGHT_ASKS_MAX + 1):
                    nursery.start_soon(one_ask)
                await settled()
                assert INFLIGHT_ASKS_MAX == len(kept)
                for incoming in kept[:]:
                    incoming.reply(Echoed("x"))
                await settled()
                kept[-1].reply(Echoed("x"))

            assert INFLIGHT_ASKS_MAX + 1 == len(kept)

    run(story)


def test_a_peer_that_ignores_the_limit_is_told_to_come_back() -> None:
    """Its requests are refused, retryable, and not handed over."""

    async def story() -> None:
        net = network()
        office = Office()
        office.handler = lambda _incoming: None
        async with office_on(net, office), Device("tablet", office).client(net) as link:
            await link.until(LinkState.ONLINE)
            session = office.sessions[0]
            for number in range(INFLIGHT_ASKS_MAX):
                session._to_answer[-number - 1] = Incoming(session, NEVER, -number - 1, math.inf)
            with pytest.raises(PeerRefused) as refused:
                await link.request(Echo("x"), within=5)

            assert (Code.BUSY, True) == (
                refused.value.refusal.code,
                refused.value.refusal.retryable,
            )
            assert [] == office.received

    run(story)


# ---- links die


def test_a_session_survives_its_link() -> None:
    """The office still knows the session; what was under way goes on."""

    async def story() -> None:
        net = network()
        office = Office()
        kept: list[Incoming] = []
        office.handler = kept.append
        async with (
            office_on(net, office),
            Device("tablet", office).client(net) as link,
            trio.open_nursery() as nursery,
        ):

            async def break_and_answer() -> None:
                await settled()
                net.kill()
                kept[0].reply(Echoed("after the storm"))

            nursery.start_soon(break_and_answer)
            assert Echoed("after the storm") == await link.request(Echo("x"), within=30)
            assert 1 == len(office.sessions)

    run(story)


async def conversation(net: MemoryNetwork, office: Office, device: Device) -> list[object]:
    """A fixed exchange in both directions; what the device got answered."""
    answers: list[object] = []
    async with device.client(net) as link:
        for number in range(4):
            await link.send(Note(number))
            answers.append(await link.request(Echo(f"request {number}"), within=120))
            if number == 1:
                await office.sessions[-1].send(Note(100))
                answers.append(await office.sessions[-1].request(Echo("from there"), within=120))
        await settled()
    return answers


EXPECTED_ANSWERS = [
    Echoed("request 0"),
    Echoed("request 1"),
    Echoed("from there"),
    Echoed("request 2"),
    Echoed("request 3"),
]


def frames_of_a_calm_conversation() -> int:
    """How many frames the exchange takes when nothing happens."""

    async def story() -> int:
        net = network()
        async with office_on(net) as office:
            await conversation(net, office, Device("tablet", office))
        return net.frames

    return run(story)


@pytest.mark.parametrize("distance", [0, 1, 2, 3])
def test_a_link_that_dies_at_any_frame_costs_only_time(distance: int) -> None:
    """For every frame: the channel dies with it, and once more a little later."""
    total = frames_of_a_calm_conversation()

    async def story(first: int) -> None:
        net = network()
        net.kill_at = {first, first + distance} if distance else {first}
        async with office_on(net) as office:
            device = Device("tablet", office)
            answers = await conversation(net, office, device)

            assert EXPECTED_ANSWERS == answers
            assert [0, 1, 2, 3] == office.notes("tablet")
            assert 4 == len([m for _, m in office.received if isinstance(m, Echo)])
            assert [Note(100), Echo("from there")] == device.heard
            assert [] == device.lost

    for number in range(1, total + 1):

        async def cut_here(number: int = number) -> None:
            await story(number)

        run(cut_here)


@pytest.mark.parametrize("seed", range(20))
def test_bad_weather_costs_only_time(seed: int) -> None:
    """Delays, dying links and refused dials, drawn from a seed; everything arrives once."""

    async def story() -> None:
        net = network(seed, Weather(delay_s=0.2, death=0.08, refusal=0.2))
        async with office_on(net) as office:
            device = Device("tablet", office)

            assert EXPECTED_ANSWERS == await conversation(net, office, device)
            assert [0, 1, 2, 3] == office.notes("tablet")
            assert [] == device.lost

    run_seeded(story, seed)


def test_the_same_seed_gives_the_same_run() -> None:
    """Frame by frame, with every byte."""

    async def story() -> list[Passing]:
        frames: list[Passing] = []

        def note(passing: Passing) -> Sequence[bytes]:
            frames.append(passing)
            return (passing.frame,)

        net = network(7, Weather(delay_s=0.2, death=0.05, refusal=0.2))
        net.tap = note
        async with office_on(net) as office:
            await conversation(net, office, Device("tablet", office))
        return frames

    assert run_seeded(story, 7) == run_seeded(story, 7)


@pytest.mark.parametrize("one_way", [True, False])
def test_a_silent_link_is_given_up(one_way: bool) -> None:
    """Nobody is told of a partition; silence is what shows it."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            await link.until(LinkState.ONLINE)
            await settled()
            start = trio.current_time()
            net.hold("office", "tablet")
            if not one_way:
                net.hold("tablet", "office")
            status = await link.until(LinkState.OFFLINE)

            assert SILENCE_S_MAX == pytest.approx(trio.current_time() - start, abs=PING_AFTER_S)
            assert isinstance(status.error, ChannelClosed)
            net.heal()
            assert Echoed("back") == await link.request(Echo("back"), within=60)
            assert 1 == len(office.sessions)

    run(story)


def test_an_idle_link_stays_alive() -> None:
    """Pings and their answers keep it, for hours."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = Device("tablet", office)
            async with device.client(net) as link:
                await link.until(LinkState.ONLINE)
                await trio.sleep(3 * 3600)

                assert [LinkState.CONNECTING, LinkState.ONLINE] == [
                    status.state for status in device.statuses
                ]

    run(story)


def test_a_slow_handler_is_not_silence() -> None:
    """Whoever does not listen must not accuse the other of saying nothing."""

    async def story() -> None:
        net = network()
        office = Office()

        async def very_slowly(_incoming: Incoming) -> None:
            await trio.sleep(10 * SILENCE_S_MAX)

        office.handler = very_slowly
        async with office_on(net, office), Device("tablet", office).client(net) as link:
            await link.send(Note(1))
            await link.until(LinkState.OFFLINE)
            await trio.sleep(20 * SILENCE_S_MAX)

            assert [1] == office.notes("tablet")
            assert LinkState.ONLINE is link.status.state

    run(story)


# ---- sessions die


def test_when_the_office_forgot_the_session_everything_uncertain_is_reported() -> None:
    """Open requests: outcome unknown. Unacknowledged tells: handed back. Unsent ones: sent."""

    async def story() -> None:
        net = network()
        first, second = Office("one"), Office("one")
        first.handler = lambda _incoming: None
        device = Device("tablet", first)
        async with device.client(net) as link, trio.open_nursery() as nursery:

            async def open_request() -> None:
                with pytest.raises(OutcomeUnknown):
                    await link.request(Echo("x"), within=600)

            async with office_on(net, first):
                await link.send(Note(1))
                await settled()
                net.hold("tablet", "office")
                await link.send(Note(2))
                nursery.start_soon(open_request)
                await settled()
                net.cut("tablet")
                await link.until(LinkState.OFFLINE)
                await link.send(Note(3))
            net.heal()
            async with office_on(net, second):
                assert Echoed("y") == await link.request(Echo("y"), within=60)

        assert [1] == first.notes("tablet")
        assert [Note(2)] == device.lost
        assert [3] == second.notes("tablet")

    run(story)


def test_an_answer_to_a_request_of_an_old_session_goes_nowhere() -> None:
    """The same number means another request now."""

    async def story() -> None:
        net = network()
        first, second = Office("one"), Office("one")
        device = Device("tablet", first)
        kept: list[Incoming] = []
        async with device.client(net, kept.append) as link:
            async with office_on(net, first), trio.open_nursery() as nursery:

                async def ask_in_vain() -> None:
                    with pytest.raises(OutcomeUnknown):
                        await first.sessions[0].request(Echo("old"), within=600)

                await link.until(LinkState.ONLINE)
                nursery.start_soon(ask_in_vain)
                await settled()
                first.server.close(ByeReason.RESTARTING)
            async with office_on(net, second), trio.open_nursery() as nursery:
                await link.request(Echo("x"), within=60)

                async def ask_again() -> None:
                    assert Echoed("new") == await second.sessions[0].request(
                        Echo("new"), within=60
                    )

                nursery.start_soon(ask_again)
                await settled()
                kept[0].reply(Echoed("old"))
                kept[1].reply(Echoed("new"))

    run(story)


def test_a_session_is_forgotten_when_its_device_stays_away() -> None:
    """Not before its time, and then for good."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            await link.until(LinkState.ONLINE)
            net.cut("tablet")
            await trio.sleep(SESSION_KEEP_S - SWEEP_EVERY_S)
            assert 1 == len(office.server.connections)
            await trio.sleep(3 * SWEEP_EVERY_S)

            assert {} == office.server.connections
            assert LinkState.CLOSED is office.sessions[0].status.state

    run(story)


def test_a_program_that_leaves_says_so() -> None:
    """Its session is forgotten at once, and what the office still had for it is handed back."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            async with Device("tablet", office).client(net) as link:
                await link.until(LinkState.ONLINE)
            await settled()

            assert {} == office.server.connections
            assert not office.sessions[0].try_send(Note(1))
            with pytest.raises(LinkLost):
                await office.sessions[0].send(Note(1))
            with pytest.raises(LinkLost):
                await office.sessions[0].request(Echo("x"), within=1)

    run(story)


def test_a_newer_channel_of_the_same_device_takes_over() -> None:
    """A half-dead link must not keep its own device out."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            device = Device("tablet", office)
            async with device.client(net) as link:
                await link.request(Echo("x"), within=5)
                net.hold("tablet", "office")
                net.hold("office", "tablet")
                await trio.sleep(SILENCE_S_MAX + 3)
                net.heal()
                await link.request(Echo("y"), within=60)

                assert 1 == len(office.sessions)
                assert 1 == len(office.server.connections)

    run(story)


def test_two_programs_with_one_identity_do_not_fight() -> None:
    """The older one is told, and waits a while before it tries again."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            one, two = Device("tablet", office), Device("tablet", office)
            async with one.client(net) as older:
                await older.until(LinkState.ONLINE)
                async with two.client(net) as newer:
                    await newer.until(LinkState.ONLINE)
                    status = await older.until(LinkState.OFFLINE)

                    assert isinstance(status.error, SaidGoodbye)
                    assert ByeReason.SUPERSEDED is status.error.reason
                    await trio.sleep(REFUSED_RETRY_S / 3)
                    assert LinkState.ONLINE is newer.status.state

    run(story)


# ---- who may come in


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


async def knocked(net: MemoryNetwork, office: Office, name: str) -> SealedChannel:
    """A sealed channel of a device that has shaken hands and said nothing yet."""
    channel = await net.dialer(name).dial(OFFICE)
    device = Device(name, office)
    transport: Transport = await knock(channel, device.credentials, seeded_bytes(name))
    return SealedChannel(channel, transport)


# ---- enrolment


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


# ---- attackers on the line and broken peers


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
        async with office_on(net) as office:
            async with Device("tablet", office).client(net) as link:
                await link.request(Echo("x"), within=5)
                received = len(office.received)
                attacker = await net.dialer("attacker").dial(OFFICE)
                with pytest.raises(ChannelClosed):
                    for frame in recorded:
                        await attacker.send(frame)
                        await trio.sleep(0.1)

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


def test_a_refused_newcomer_when_greetings_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-open handshakes are bounded; those inside do not notice."""
    monkeypatch.setattr("wire.server.GREETINGS_MAX", 3)

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            await link.until(LinkState.ONLINE)
            strangers = [await net.dialer("stranger").dial(OFFICE) for _ in range(5)]
            await settled()

            assert (3, 2) == (office.server.greetings, office.server.counts["TooMany"])
            assert Echoed("x") == await link.request(Echo("x"), within=5)
            for stranger in strangers:
                await stranger.aclose()

    run(story)


def test_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one longest without a link makes room; when all are alive the newcomer waits."""
    monkeypatch.setattr("wire.server.SESSIONS_MAX", 2)

    async def story() -> None:
        net = network()
        async with office_on(net) as office:
            async with (
                Device("one", office).client(net) as one,
                Device("two", office).client(net) as two,
                Device("three", office).client(net) as three,
            ):
                await one.until(LinkState.ONLINE)
                await two.until(LinkState.ONLINE)
                refused = await three.until(LinkState.OFFLINE, LinkState.ONLINE)
                while refused.state is LinkState.OFFLINE and not isinstance(
                    refused.error, PeerRefused
                ):
                    await trio.sleep(1)
                    refused = three.status
                assert 2 == len(office.server.connections)
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
