"""An office and its devices on a memory network, and byte streams without sockets, for stories."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio
import trio.testing

from tests.kit.running import run
from wire.client import Introduction, open_client
from wire.codec import MessageCodec
from wire.connection import Connection
from wire.hello import Credentials, Hello, Ticket, knock
from wire.incoming import Handler, Incoming
from wire.keys import ENROL, DeviceKeys
from wire.link import Status
from wire.memory import CALM, MemoryNetwork, Weather
from wire.message import Code, Message, Refusal, Request
from wire.noise import Transport
from wire.sealed import SealedChannel
from wire.server import Admitted, Server

OFFICE = "memory://office"
NOW_MS = 1_750_000_000_000


class Echoed(Message, frozen=True):
    """The answer to `Echo`."""

    text: str


class Echo(Request[Echoed], frozen=True, tag="Echo"):
    """Answered with the same text; `no` is refused, `never` is not answered."""

    text: str


class Note(Message, frozen=True, tag="Note"):
    """A fact with a number."""

    number: int


class Stranger(Message, frozen=True, tag="Stranger"):
    """A message that only newer programs know."""


CODEC = MessageCodec(Echo | Note)


def seeded_bytes(seed: int | str) -> Callable[[int], bytes]:
    """Entropy that is the same every time."""
    return random.Random(f"{seed}:bytes").randbytes


def device_keys(seed: int | str) -> DeviceKeys:
    """An identity that is the same every time."""
    return DeviceKeys.generate(seeded_bytes(f"{seed}:keys"))


class Doorkeeper:
    """Admits everybody but the revoked; enrols with tickets.

    Attributes:
        tickets: one-time keys by ticket.
        enrolled: which static key used a ticket.
        revoked: static keys that are refused.
        asked: how often somebody wanted to come in.
    """

    def __init__(self) -> None:
        self.tickets: dict[str, bytes] = {}
        self.enrolled: dict[str, bytes] = {}
        self.revoked: set[bytes] = set()
        self.asked = 0

    def psk_for(self, ticket: str) -> bytes | None:
        return self.tickets.get(ticket)

    async def admit(self, remote_static: bytes, hello: Hello) -> Admitted | Refusal:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        if remote_static in self.revoked:
            return Refusal(Code.FORBIDDEN, "设备已停用")
        if hello.ticket and self.enrolled.setdefault(hello.ticket, remote_static) != remote_static:
            return Refusal(Code.FORBIDDEN, "邀请已被使用")
        return Admitted(hello.name)


class Office:
    """A server that echoes and remembers.

    Attributes:
        received: who told or asked what, in the order of arrival.
        sessions: every session that was ever opened.
        handler: replaces the echo, for a story that needs another.
        opened: opens a session; replaced where a story needs another.
        crashed: whose session ended by a fault of our own.
    """

    def __init__(self, seed: int | str = 0) -> None:
        self.keys = device_keys(f"{seed}:office")
        self.doorkeeper = Doorkeeper()
        self.received: list[tuple[object, object]] = []
        self.sessions: list[Connection] = []
        self.handler: Handler = self.echo
        self.opened: Callable[[Connection], Handler] = self._open
        self.crashed: list[object] = []
        self.server = Server(
            static=self.keys.noise,
            signing_key=self.keys.signing.public,
            authenticator=self.doorkeeper,
            open_session=lambda connection: self.opened(connection),
            codec=CODEC,
            entropy=seeded_bytes(f"{seed}:office"),
            now_ms=lambda: NOW_MS,
            crashed=lambda identity, _fault: self.crashed.append(identity),
        )

    def _open(self, connection: Connection) -> Handler:
        self.sessions.append(connection)
        return self._hand_over

    def _hand_over(self, incoming: Incoming) -> Awaitable[None] | None:
        self.received.append((incoming.connection.identity, incoming.message))
        return self.handler(incoming)

    def echo(self, incoming: Incoming) -> None:
        """Answer an `Echo`."""
        if isinstance(incoming.message, Echo) and incoming.message.text != "never":
            refused = incoming.message.text == "no"
            incoming.reply(
                Refusal(Code.STATE, "不行") if refused else Echoed(incoming.message.text)
            )

    def notes(self, name: str) -> list[int]:
        """The numbers that a device told."""
        return [m.number for who, m in self.received if who == name and isinstance(m, Note)]


class Device:
    """What a device heard and lost.

    Attributes:
        heard: messages from the office.
        lost: tells that may not have arrived.
        statuses: every status of the link.
    """

    def __init__(self, name: str, office: Office, ticket: Ticket | None = None) -> None:
        self.name = name
        self.keys = device_keys(name)
        self.credentials = Credentials(self.keys.noise, office.keys.noise.public, ticket)
        self.heard: list[object] = []
        self.lost: list[object] = []
        self.statuses: list[Status] = []

    def client(
        self, network: MemoryNetwork, handler: Handler | None = None
    ) -> AbstractAsyncContextManager[Connection]:
        """This device's session with the office on `network`."""
        return open_client(
            network.dialer(self.name),
            OFFICE,
            credentials=self.credentials,
            introduction=Introduction(
                "terminal",
                self.name,
                self.keys.signing.public,
                lambda handshake_hash: self.keys.signing.sign(ENROL, handshake_hash),
            ),
            codec=CODEC,
            handler=handler or self._hear,
            entropy=seeded_bytes(self.name),
            chance=random.Random(self.name),
            undelivered=self.lost.append,
            watch=self.statuses.append,
        )

    def _hear(self, incoming: Incoming) -> None:
        self.heard.append(incoming.message)
        if isinstance(incoming.message, Echo):
            incoming.reply(Echoed(incoming.message.text))


@asynccontextmanager
async def office_on(network: MemoryNetwork, office: Office | None = None) -> AsyncIterator[Office]:
    """An office that serves on `network` until the block ends."""
    served = office or Office()
    async with trio.open_nursery() as nursery:
        await nursery.start(served.server.serve, network.listener("office"))
        yield served
        nursery.cancel_scope.cancel()


def network(seed: int | str = 0, weather: Weather = CALM) -> MemoryNetwork:
    """A network whose faults come from `seed`."""
    return MemoryNetwork(random.Random(f"{seed}:net"), weather)


async def conversation(net: MemoryNetwork, office: Office, device: Device) -> list[object]:
    """A fixed exchange in both directions; what the device got answered."""
    answers: list[object] = []
    async with device.client(net) as link:
        for number in range(4):
            await link.send(Note(number))
            answer: Echoed = await link.request(Echo(f"request {number}"), within=120)
            answers.append(answer)
            if number == 1:
                await office.sessions[-1].send(Note(100))
                answer = await office.sessions[-1].request(Echo("from there"), within=120)
                answers.append(answer)
        await trio.sleep(1)
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


async def knocked(net: MemoryNetwork, office: Office, name: str) -> SealedChannel:
    """A sealed channel of a device that has shaken hands and said nothing yet."""
    channel = await net.dialer(name).dial(OFFICE)
    device = Device(name, office)
    transport: Transport = await knock(channel, device.credentials, seeded_bytes(name))
    return SealedChannel(channel, transport)


def stream_pair() -> tuple[trio.abc.Stream, trio.abc.Stream]:
    """Two ends of a byte stream in memory."""
    return trio.testing.memory_stream_pair()


__all__ = [
    "CODEC",
    "EXPECTED_ANSWERS",
    "NOW_MS",
    "OFFICE",
    "Device",
    "Doorkeeper",
    "Echo",
    "Echoed",
    "Note",
    "Office",
    "Stranger",
    "conversation",
    "device_keys",
    "frames_of_a_calm_conversation",
    "knocked",
    "network",
    "office_on",
    "seeded_bytes",
    "stream_pair",
]
