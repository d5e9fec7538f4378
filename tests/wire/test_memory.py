"""The network in memory has the faults that it claims, and only these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest
import trio

from tests.kit.network import network
from tests.kit.running import run
from wire.channel import FRAME_BYTES_MAX, Channel
from wire.errors import BadFrame, ChannelClosed, LinkLost, LocalMisuse
from wire.memory import QUEUE_FRAMES_MAX, MemoryChannel, MemoryNetwork, Passing, Weather


def with_pair(
    story: Callable[[MemoryNetwork, MemoryChannel, MemoryChannel], Awaitable[None]],
    weather: Weather | None = None,
) -> None:
    """Run a story with both ends of one channel, dialled by `tablet` to `office`."""

    async def whole() -> None:
        net = network()
        async with trio.open_nursery() as nursery:
            arrived: list[Channel] = []

            async def keep(channel: Channel) -> None:
                arrived.append(channel)
                await trio.sleep_forever()

            await nursery.start(net.listener("office").serve, keep)
            here = await net.dialer("tablet").dial("memory://office")
            await trio.testing.wait_all_tasks_blocked()
            if weather is not None:
                net.weather = weather
            there = arrived[0]
            assert isinstance(there, MemoryChannel)
            await story(net, here, there)
            nursery.cancel_scope.cancel()

    run(whole)


def test_frames_arrive_in_order_whatever_their_delay() -> None:
    """A channel is reliable and ordered until it dies."""

    async def story(_net: MemoryNetwork, here: MemoryChannel, there: MemoryChannel) -> None:
        async with trio.open_nursery() as nursery:

            async def send_all() -> None:
                for number in range(100):
                    await here.send(bytes([number]))

            nursery.start_soon(send_all)
            assert [bytes([number]) for number in range(100)] == [
                await there.receive() for _ in range(100)
            ]
        assert trio.current_time() > 0

    with_pair(story, Weather(delay_s=0.5))


def test_a_sender_waits_for_a_receiver_that_does_not_read() -> None:
    """The queue is bounded."""

    async def story(_net: MemoryNetwork, here: MemoryChannel, there: MemoryChannel) -> None:
        for _ in range(QUEUE_FRAMES_MAX):
            await here.send(b"x")
        with trio.move_on_after(1) as patience:
            await here.send(b"one more")
        assert patience.cancelled_caught
        await there.receive()
        await here.send(b"now")

    with_pair(story)


def test_a_closed_channel_delivers_what_was_sent_before() -> None:
    """Then it ends, for both; closing twice is closing once."""

    async def story(_net: MemoryNetwork, here: MemoryChannel, there: MemoryChannel) -> None:
        await here.send(b"last words")
        await here.aclose()
        await here.aclose()

        assert b"last words" == await there.receive()
        for act in (there.receive(), there.send(b"x"), here.receive(), here.send(b"x")):
            with pytest.raises(ChannelClosed):
                await act

    with_pair(story)


def test_a_dying_channel_takes_what_was_in_flight_with_it() -> None:
    """At the frame that was named, or all of a node's at once."""

    async def story(net: MemoryNetwork, here: MemoryChannel, there: MemoryChannel) -> None:
        net.kill_at = {2}
        await here.send(b"1")
        with pytest.raises(ChannelClosed):
            await here.send(b"2")
        with pytest.raises(ChannelClosed):
            await there.receive()
        assert 0 == net.kill()

    with_pair(story)


def test_a_partition_holds_frames_and_heals() -> None:
    """One way only, and nobody is told."""

    async def story(net: MemoryNetwork, here: MemoryChannel, there: MemoryChannel) -> None:
        net.hold("tablet", "office")
        await here.send(b"held")
        await there.send(b"passes")
        assert b"passes" == await here.receive()
        with trio.move_on_after(100) as patience:
            await there.receive()
        assert patience.cancelled_caught
        with trio.move_on_after(5) as patience:
            await net.dialer("tablet").dial("memory://office")
        assert patience.cancelled_caught
        net.heal()
        assert b"held" == await there.receive()

    with_pair(story)


def test_a_node_that_is_cut_off_cannot_dial() -> None:
    """Until it is healed; its old channels stay dead."""

    async def story(net: MemoryNetwork, here: MemoryChannel, _there: MemoryChannel) -> None:
        net.cut("tablet")
        with pytest.raises(ChannelClosed):
            await here.receive()
        with pytest.raises(LinkLost):
            await net.dialer("tablet").dial("memory://office")
        net.heal()
        await net.dialer("tablet").dial("memory://office")
        with pytest.raises(ChannelClosed):
            await here.receive()

    with_pair(story)


def test_a_tap_sees_and_changes_what_passes() -> None:
    """An attacker on the line: drop, double, alter; or slip in a frame of their own."""

    async def story(net: MemoryNetwork, here: MemoryChannel, there: MemoryChannel) -> None:
        seen: list[tuple[str, str, bytes]] = []

        def tap(passing: Passing) -> Sequence[bytes]:
            seen.append((passing.source, passing.destination, passing.frame))
            return {b"drop": (), b"double": (b"d", b"d")}.get(passing.frame, (b"altered",))

        net.tap = tap
        for frame in (b"drop", b"double", b"x"):
            await here.send(frame)
        there.deliver(b"slipped in", 0)

        assert [b"d", b"d", b"altered", b"slipped in"] == [await there.receive() for _ in range(4)]
        assert ("tablet", "office", b"drop") == seen[0]

    with_pair(story)


def test_refusals_and_mistakes() -> None:
    """Nobody there, bad luck, too large a frame, two listeners."""

    async def story(net: MemoryNetwork, here: MemoryChannel, _there: MemoryChannel) -> None:
        with pytest.raises(LinkLost):
            await net.dialer("tablet").dial("memory://nowhere")
        with pytest.raises(LocalMisuse):
            await here.send(bytes(FRAME_BYTES_MAX + 1))
        net.weather = Weather(refusal=1.0)
        with pytest.raises(LinkLost):
            await net.dialer("tablet").dial("memory://office")
        with pytest.raises(LocalMisuse):
            net.open_backlog("office")

    with_pair(story)


def test_a_handler_that_fails_ends_only_its_own_channel() -> None:
    """The listener goes on."""

    async def story() -> None:
        net = network()

        async def fail(_channel: Channel) -> None:
            raise BadFrame("nonsense")

        async with trio.open_nursery() as nursery:
            await nursery.start(net.listener("office").serve, fail)
            for _ in range(2):
                channel = await net.dialer("tablet").dial("memory://office")
                with pytest.raises(ChannelClosed):
                    await channel.receive()
            nursery.cancel_scope.cancel()

    run(story)
