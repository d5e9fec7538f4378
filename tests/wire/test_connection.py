"""A session on ordinary days: asking, telling, refusing, waiting, and its deadlines."""

from __future__ import annotations

import math

import pytest
import trio

from tests.kit.network import (
    Device,
    Echo,
    Echoed,
    Note,
    Office,
    network,
    office_on,
)
from tests.kit.running import run
from wire.connection import INFLIGHT_ASKS_MAX
from wire.errors import (
    LinkLost,
    OutcomeUnknown,
    PeerRefused,
)
from wire.hello import Welcome
from wire.incoming import Incoming
from wire.link import LinkState
from wire.message import Code
from wire.session import WINDOW_MESSAGES_MAX

NEVER = Echo("never")


async def settled() -> None:
    """Let acknowledgements and farewells arrive."""
    await trio.sleep(1)


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
