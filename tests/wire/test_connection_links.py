"""Links die at any moment, and so do sessions: exactly once, in order, or reported."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest
import trio

from tests.kit.determinism import run_seeded
from tests.kit.network import (
    EXPECTED_ANSWERS,
    OFFICE,
    Device,
    Echo,
    Echoed,
    Note,
    Office,
    conversation,
    frames_of_a_calm_conversation,
    network,
    office_on,
)
from tests.kit.running import run
from wire.carrier import PING_AFTER_S, SILENCE_S_MAX
from wire.client import REFUSED_RETRY_S
from wire.envelope import ByeReason
from wire.errors import (
    ChannelClosed,
    LinkLost,
    OutcomeUnknown,
)
from wire.incoming import Incoming
from wire.link import LinkState, SaidGoodbye
from wire.memory import Passing, Weather
from wire.server import FAREWELL_S_MAX, SESSION_KEEP_S, SWEEP_EVERY_S


async def settled() -> None:
    """Let acknowledgements and farewells arrive."""
    await trio.sleep(1)


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


def test_an_office_that_ends_says_so_to_every_peer() -> None:
    """Nobody takes it for a bad link; who comes meanwhile is not let in, and all come back."""

    async def story() -> None:
        net = network()
        office = Office("one")
        devices = [Device(f"tablet-{number}", office) for number in range(20)]
        async with AsyncExitStack() as stack:
            links = [await stack.enter_async_context(one.client(net)) for one in devices]
            async with office_on(net, office):
                for link in links:
                    await link.until(LinkState.ONLINE)
                await office.server.shut_down()
                with pytest.raises(ChannelClosed):
                    await (await net.dialer("late").dial(OFFICE)).receive()

            for link in links:
                ended = (await link.until(LinkState.OFFLINE, LinkState.CONNECTING)).error
                assert isinstance(ended, SaidGoodbye)
                assert ByeReason.RESTARTING is ended.reason
            async with office_on(net, Office("one")):
                for link in links:
                    await link.until(LinkState.ONLINE)

    run(story)


def test_an_office_that_ends_waits_for_a_dead_link_no_longer_than_it_must() -> None:
    """A peer that takes nothing any more costs the others `FAREWELL_S_MAX` at most."""

    async def story() -> None:
        net = network()
        async with office_on(net) as office, Device("tablet", office).client(net) as link:
            await link.until(LinkState.ONLINE)
            net.hold("office", "tablet")
            since = trio.current_time()
            await office.server.shut_down()
            assert trio.current_time() - since <= FAREWELL_S_MAX

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
                    assert Echoed("new") == await second.sessions[0].request(Echo("new"), within=60)

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
