"""Records, explains and replays one whole conversation, as a vector for clients in any language.

The recording is what our own client and server say to each other on virtual time with fixed keys:
enrolment, the four kinds of message, a change of keys, a link that dies with a frame in flight, and
a session that resumes on the next one. To explain it is to walk it again with nothing but the keys
and the Noise library.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import msgspec
import trio

from tests.kit.determinism import run_seeded
from tests.kit.network import CODEC, NOW_MS, OFFICE, Doorkeeper, Echo, Echoed, Note, seeded_bytes
from wire.client import Introduction, open_client
from wire.connection import Connection
from wire.envelope import Rekey, decode_envelope
from wire.errors import BadFrame, ChannelClosed, PeerRefused
from wire.hello import PATTERNS, Credentials, Suite, Ticket, prologue
from wire.incoming import Incoming
from wire.keys import ENROL, DeviceKeys, Invitation
from wire.link import LinkState
from wire.memory import MemoryNetwork, Passing
from wire.message import Code, Refusal
from wire.noise import Handshake, Role
from wire.server import Server

REKEY_FRAMES = 4
"""In the recording keys are replaced after so few frames, to show how."""

KILLED_FRAME = 16
"""The first link dies with this frame, counted from 1 over the whole recording."""

NO = Refusal(Code.LIMIT, "超过限额", "amount")


class Frame(msgspec.Struct, frozen=True):
    """One frame: who sent it, its bytes, its plaintext, and that as plain values; bytes are hex."""

    sender: str
    wire: str
    plain: str
    means: object
    lost: bool = False


class Recorded(msgspec.Struct, frozen=True):
    """One channel from its first byte to its end; secrets as hex."""

    suite: int
    prologue: str
    client_ephemeral: str
    server_ephemeral: str
    handshake_hash: str
    frames: tuple[Frame, ...]


class Identity(msgspec.Struct, frozen=True):
    """Both key pairs of one side, as hex."""

    static_private: str
    static_public: str
    signing_seed: str
    signing_public: str

    @classmethod
    def of(cls, keys: DeviceKeys) -> Identity:
        """The keys, written down."""
        halves = (keys.noise.private, keys.noise.public, keys.signing.seed, keys.signing.public)
        return cls(*(half.hex() for half in halves))


class Vector(msgspec.Struct, frozen=True):
    """The whole recording."""

    about: str
    office: Identity
    device: Identity
    invitation: str
    ticket: str
    psk: str
    rekey_frames: int
    channels: tuple[Recorded, ...]


class Cast:
    """Who takes part: always the same keys, the same invitation."""

    def __init__(self) -> None:
        self.office = DeviceKeys.generate(seeded_bytes("vector office"))
        self.device = DeviceKeys.generate(seeded_bytes("vector device"))
        code = seeded_bytes("vector code")(16)
        self.invitation = Invitation(
            "ws://office.example:7420", self.office.noise.public, "t-1", code
        )

    def credentials(self) -> Credentials:
        """What the device proves itself with."""
        ticket = Ticket(self.invitation.ticket, self.invitation.psk)
        return Credentials(self.device.noise, self.office.noise.public, ticket)

    def introduction(self) -> Introduction:
        """What the device says about itself."""
        signing = self.device.signing
        return Introduction(
            "terminal", "tablet 7", signing.public, lambda digest: signing.sign(ENROL, digest)
        )

    def server(self, entropy: Callable[[int], bytes]) -> Server:
        """The office, as it was when the recording was made."""
        doorkeeper = Doorkeeper()
        doorkeeper.tickets[self.invitation.ticket] = self.invitation.psk
        return Server(
            static=self.office.noise,
            signing_key=self.office.signing.public,
            authenticator=doorkeeper,
            open_session=lambda _connection: office_answers,
            codec=CODEC,
            entropy=entropy,
            now_ms=lambda: NOW_MS,
        )


def office_answers(incoming: Incoming) -> None:
    """An echo, a no, and a note for each note."""
    match incoming.message:
        case Echo(text="no"):
            incoming.reply(NO)
        case Echo(text=text):
            incoming.reply(Echoed(text))
        case Note(number=number):
            assert incoming.connection.try_send(Note(number + 100))


async def device_speaks(link: Connection) -> None:
    """The device's part."""
    answer: Echoed = await link.request(Echo("你好"), within=5)
    assert Echoed("你好") == answer
    with suppress(PeerRefused):
        await link.request(Echo("no"), within=5)
    await link.send(Note(1))
    await trio.sleep(1)
    answer = await link.request(Echo("换了钥匙"), within=5)
    assert Echoed("换了钥匙") == answer
    await link.send(Note(2))
    await link.until(LinkState.OFFLINE)
    answer = await link.request(Echo("又见面了"), within=30)
    assert Echoed("又见面了") == answer
    await trio.sleep(1)


class Draws:
    """Entropy that remembers what it gave."""

    def __init__(self, seed: str) -> None:
        self._bytes = seeded_bytes(seed)
        self.given: list[bytes] = []

    def __call__(self, size: int) -> bytes:
        self.given.append(self._bytes(size))
        return self.given[-1]


def record() -> Vector:
    """Let client and server talk, and write everything down."""
    cast, client_draws, server_draws = Cast(), Draws("client"), Draws("server")
    passed: list[Passing] = []

    def tap(passing: Passing) -> Sequence[bytes]:
        passed.append(passing)
        if passing.number == KILLED_FRAME:
            raise ChannelClosed("the link died")
        return (passing.frame,)

    async def story() -> None:
        net = MemoryNetwork(random.Random(1))
        net.tap = tap
        async with trio.open_nursery() as nursery:
            server = cast.server(server_draws)
            await nursery.start(server.serve, net.listener("office"))
            async with open_client(
                net.dialer("device"),
                OFFICE,
                credentials=cast.credentials(),
                introduction=cast.introduction(),
                codec=CODEC,
                handler=_listen,
                entropy=client_draws,
                chance=random.Random(1),
            ) as link:
                await device_speaks(link)
            await trio.sleep(1)
            nursery.cancel_scope.cancel()

    with patch("wire.sealed.REKEY_FRAMES", REKEY_FRAMES):
        run_seeded(story, 1)
    ephemerals = zip(
        client_draws.given, [each for each in server_draws.given if len(each) == 32], strict=True
    )
    return Vector(
        about="One conversation, byte for byte; see docs/wire.md. Bytes are hex; `means` is the "
        "msgpack of `plain` as values; `lost` marks a frame that its link took with it.",
        office=Identity.of(cast.office),
        device=Identity.of(cast.device),
        invitation=cast.invitation.to_uri(),
        ticket=cast.invitation.ticket,
        psk=cast.invitation.psk.hex(),
        rekey_frames=REKEY_FRAMES,
        channels=tuple(
            explain(cast, *pair, [each for each in passed if each.channel == number])
            for number, pair in enumerate(ephemerals, 1)
        ),
    )


def _listen(_incoming: Incoming) -> None:
    """The device's handler: it only listens."""


def explain(cast: Cast, ours: bytes, theirs: bytes, passed: Sequence[Passing]) -> Recorded:
    """Walk one channel again with the keys; fails unless every byte is what it has to be."""
    suite = Suite(passed[0].frame[0])
    psk = cast.invitation.psk if suite is Suite.IKPSK2 else None
    pattern, start = PATTERNS[suite], prologue(suite)
    client = Handshake(
        pattern,
        Role.INITIATOR,
        prologue=start,
        static=cast.device.noise,
        remote_static=cast.office.noise.public,
        psk=psk,
        entropy=lambda _size: ours,
    )
    server = Handshake(
        pattern,
        Role.RESPONDER,
        prologue=start,
        static=cast.office.noise,
        psk=psk,
        entropy=lambda _size: theirs,
    )
    ticket = cast.invitation.ticket.encode() if psk else b""
    assert passed[0].frame == bytes([suite]) + client.write(ticket)
    assert ticket == server.read(passed[0].frame[1:])
    assert passed[1].frame == server.write(b"")
    assert b"" == client.read(passed[1].frame)
    ends = {"client": client.into_transport(), "server": server.into_transport()}
    frames = [
        Frame("client", passed[0].frame.hex(), ticket.hex(), "handshake message 1"),
        Frame("server", passed[1].frame.hex(), "", "handshake message 2"),
    ]
    for passing in passed[2:]:
        sender, reader = (
            ("client", "server") if passing.source == "device" else ("server", "client")
        )
        plain = ends[reader].open(passing.frame)
        if _is_rekey(plain):
            ends[reader].rekey_receiving()
        means = readable(msgspec.msgpack.decode(plain))
        lost = passing.number == KILLED_FRAME
        frames.append(Frame(sender, passing.frame.hex(), plain.hex(), means, lost))
    handshake_hash = ends["client"].handshake_hash.hex()
    return Recorded(suite, start.hex(), ours.hex(), theirs.hex(), handshake_hash, tuple(frames))


def _is_rekey(plain: bytes) -> bool:
    try:
        return isinstance(decode_envelope(plain), Rekey)
    except BadFrame:
        return False


def readable(value: Any) -> object:
    """msgpack's values as JSON can hold them: bytes become hex."""
    match value:
        case bytes():
            return value.hex()
        case list():
            return [readable(each) for each in value]
        case dict():
            return {key: readable(each) for key, each in value.items()}
        case _:
            return value


class ReplayedChannel:
    """One end of a recorded channel: gives what the other side said, insists on what we said."""

    def __init__(self, recorded: Recorded, role: str) -> None:
        self._frames = recorded.frames
        self._role = role
        self._next = 0
        self._moved = trio.lowlevel.ParkingLot()
        self.is_closed = False

    @property
    def is_finished(self) -> bool:
        """Whether every frame has been said or heard."""
        return self._next == len(self._frames)

    async def send(self, frame: bytes) -> None:
        """Check one of our frames."""
        await self._until(lambda: self.is_finished or self._frames[self._next].sender == self._role)
        if self.is_finished or self.is_closed:
            raise ChannelClosed("the recording ends here")
        expected = self._frames[self._next]
        assert bytes.fromhex(expected.wire) == frame, expected.means
        self._move()
        if expected.lost:
            await self.aclose()
            raise ChannelClosed("the link died")

    async def receive(self) -> bytes:
        """The next frame of the other side, when it is its turn."""
        await self._until(lambda: self.is_finished or self._frames[self._next].sender != self._role)
        if self.is_finished or self.is_closed or self._frames[self._next].lost:
            self._next = len(self._frames)
            raise ChannelClosed("the recording ends here")
        frame = bytes.fromhex(self._frames[self._next].wire)
        self._move()
        return frame

    async def aclose(self) -> None:
        """Nothing more is said."""
        self.is_closed = True
        self._moved.unpark_all()
        await trio.lowlevel.checkpoint()

    def _move(self) -> None:
        self._next += 1
        self._moved.unpark_all()

    async def _until(self, turn: Callable[[], bool]) -> None:
        await trio.lowlevel.checkpoint()
        while not turn() and not self.is_closed:
            await self._moved.park()


class ReplayedDialer:
    """Dials one recorded channel after the other."""

    def __init__(self, vector: Vector) -> None:
        self.channels = [ReplayedChannel(each, "client") for each in vector.channels]
        self._next: Iterator[ReplayedChannel] = iter(self.channels)

    async def dial(self, _address: str) -> ReplayedChannel:
        """The next one."""
        await trio.lowlevel.checkpoint()
        return next(self._next)


def replayed_entropy(*values: str) -> Callable[[int], bytes]:
    """Gives the recorded bytes, in the recorded order."""
    left = [bytes.fromhex(value) for value in values]

    def entropy(size: int) -> bytes:
        value = left.pop(0)
        assert size == len(value)
        return value

    return entropy


__all__ = [
    "REKEY_FRAMES",
    "Cast",
    "ReplayedChannel",
    "ReplayedDialer",
    "Vector",
    "device_speaks",
    "record",
    "replayed_entropy",
]
