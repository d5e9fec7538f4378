"""Thousands at one door: what a carrier's network makes of a province's tablets."""

from __future__ import annotations

import pytest
import trio

from tests.kit.network import Device, Office, seeded_bytes
from tests.kit.running import run_real
from wire.hello import VERSION, Hello, encode_hello, knock
from wire.sealed import SealedChannel
from wire.socket import WebSocketDialer, WebSocketListener

pytestmark = pytest.mark.processes
"""Thousands of real sockets: nothing that one runs without thinking."""


def test_two_thousand_terminals_behind_one_address_are_served() -> None:
    """A carrier shows all its tablets under one address; each shakes hands and is answered."""
    crowd = 2000

    async def story() -> None:
        office = Office()
        async with trio.open_nursery() as nursery:
            listener = WebSocketListener("127.0.0.1", 0)
            address = await nursery.start(office.server.serve, listener)
            dialer = WebSocketDialer(nursery)
            at_once = trio.CapacityLimiter(64)
            links: list[SealedChannel] = []

            async def come(number: int) -> None:
                async with at_once:
                    device = Device(f"tablet-{number}", office)
                    channel = await dialer.dial(address)
                    entropy = seeded_bytes(device.name)
                    transport = await knock(channel, device.credentials, entropy)
                    link = SealedChannel(channel, transport)
                    await link.send(encode_hello(Hello(VERSION, b"", 0, "terminal", device.name)))
                    await link.receive()
                    links.append(link)

            async with trio.open_nursery() as coming:
                for number in range(crowd):
                    coming.start_soon(come, number)
            assert crowd == len(office.server.connections)
            nursery.cancel_scope.cancel()

    run_real(story)
