"""The recorded conversation, replayed byte for byte in both roles.

`python -m tests.wire.test_conversation --write` records it again, after a change of the wire.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import msgspec
import pytest
import trio

from tests.kit.conversation import (
    REKEY_FRAMES,
    Cast,
    ReplayedChannel,
    ReplayedDialer,
    Vector,
    device_speaks,
    record,
    replayed_entropy,
)
from tests.kit.network import CODEC, OFFICE
from tests.kit.running import run
from wire.client import open_client
from wire.keys import Invitation
from wire.memory import MemoryNetwork

VECTOR = Path(__file__).parent.parent / "vectors" / "conversation.json"


def written(vector: Vector) -> bytes:
    """The file's bytes."""
    return msgspec.json.format(msgspec.json.encode(vector), indent=1) + b"\n"


def stored() -> Vector:
    """The recording as it is on file."""
    return msgspec.json.decode(VECTOR.read_bytes(), type=Vector)


@pytest.fixture(autouse=True)
def frequent_rekeying(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the recording."""
    monkeypatch.setattr("wire.sealed.REKEY_FRAMES", REKEY_FRAMES)


def test_the_recording_is_what_we_say_today() -> None:
    """Client and server talk again and every byte is the same; a change of the wire shows here."""
    assert VECTOR.read_bytes() == written(record())


def test_our_client_says_what_was_recorded() -> None:
    """The office's frames come from the file."""

    async def story() -> None:
        vector, cast = stored(), Cast()
        dialer = ReplayedDialer(vector)
        async with open_client(
            dialer,
            OFFICE,
            credentials=cast.credentials(),
            introduction=cast.introduction(),
            codec=CODEC,
            handler=lambda _incoming: None,
            entropy=replayed_entropy(*(each.client_ephemeral for each in vector.channels)),
            chance=random.Random(1),
        ) as link:
            await device_speaks(link)

        assert all(channel.is_finished for channel in dialer.channels)

    run(story)


def test_our_office_says_what_was_recorded() -> None:
    """The device's frames come from the file."""

    async def story() -> None:
        vector = stored()
        welcome = vector.channels[0].frames[3].means
        assert isinstance(welcome, list)
        first, second = vector.channels
        entropy = replayed_entropy(first.server_ephemeral, welcome[1], second.server_ephemeral)
        server = Cast().server(entropy)
        async with trio.open_nursery() as nursery:
            listener = MemoryNetwork(random.Random(1)).listener("office")
            await nursery.start(server.serve, listener)
            for recorded in vector.channels:
                channel = ReplayedChannel(recorded, "server")
                await server.converse(channel)
                assert channel.is_finished
            nursery.cancel_scope.cancel()

    run(story)


def test_the_recording_shows_everything() -> None:
    """Both suites, every kind of envelope, a lost frame that comes again, a resumed session."""
    first, second = stored().channels
    assert (2, 1) == (first.suite, second.suite)
    kinds = {
        frame.means[0]
        for channel in (first, second)
        for frame in channel.frames
        if isinstance(frame.means, list)
    }
    assert {0, 1, 2, 3, 4, 6, 7, 16, 17} == kinds
    lost = next(frame for frame in first.frames if frame.lost)
    assert isinstance(lost.means, list)
    again = [f.means for f in second.frames if isinstance(f.means, list) and f.means[0] == 1]
    assert lost.means[1] == again[0][1]
    assert lost.means[3] == again[0][3]
    assert lost is first.frames[-1]


def test_the_invitation_of_the_recording_can_be_read() -> None:
    """Its URI holds what the handshake used."""
    vector = stored()
    invitation = Invitation.from_uri(vector.invitation)

    assert (vector.ticket, vector.psk) == (invitation.ticket, invitation.psk.hex())
    assert vector.office.static_public == invitation.office_public.hex()


if __name__ == "__main__" and "--write" in sys.argv:
    VECTOR.write_bytes(written(record()))
