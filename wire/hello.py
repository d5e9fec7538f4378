"""How two programs meet: which handshake, then who is there and where the session stood.

The first byte of the first frame names the suite; the rest of it is the first Noise message. After
the handshake each side says one sealed sentence: the client `Hello`, the server `Welcome` or
`Rejected`. From then on the channel carries envelopes (`wire.envelope`).

The payload of the first handshake message can be replayed by anybody who recorded it, so it carries
nothing but the name of an enrolment ticket, and nothing it says has an effect: the client has
proved that it holds its key only when its first transport message, the hello, opens.

It does not decide who is welcome; that is the server's authenticator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, Final

import msgspec

from wire.channel import Channel
from wire.codec import encode
from wire.envelope import Count
from wire.errors import BadFrame, HandshakeFailed, LocalMisuse
from wire.message import Refusal
from wire.noise import IK, XX, Handshake, IKpsk2, KeyPair, Pattern, Role, Transport

VERSION: Final = 1
"""The version of everything after the handshake."""

PROLOGUE: Final = b"backpack-bank/1"
"""What both sides mix into the handshake, followed by the suite byte: protocol and version."""

SESSION_ID_BYTES: Final = 16
"""The length of a session id."""

TICKET_BYTES_MAX: Final = 64
"""The longest name of an enrolment ticket, in UTF-8 bytes."""

HELLO_BYTES_MAX: Final = 1024
"""The largest hello or welcome, in bytes."""


class Suite(IntEnum):
    """The first byte on the wire: which handshake, with which primitives, follows."""

    IK = 0x01
    """`Noise_IK_25519_ChaChaPoly_BLAKE2b`: both keys are known; every day."""
    IKPSK2 = 0x02
    """`Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b`: enrolment, with a one-time code."""
    XX = 0x03
    """`Noise_XX_25519_ChaChaPoly_BLAKE2b`: peers that know nothing of each other."""


PATTERNS: Final[dict[Suite, Pattern]] = {Suite.IK: IK, Suite.IKPSK2: IKpsk2, Suite.XX: XX}

OFFICE_SUITES: Final = frozenset({Suite.IK, Suite.IKPSK2})
"""What the office answers; strangers (XX) have nothing to say to it."""

Bytes32 = Annotated[bytes, msgspec.Meta(max_length=32)]
Bytes64 = Annotated[bytes, msgspec.Meta(max_length=64)]
SessionId = Annotated[bytes, msgspec.Meta(max_length=SESSION_ID_BYTES)]
ShortText = Annotated[str, msgspec.Meta(max_length=64)]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=16):
    """`[16, version, session, received, role, name, ticket, signing_key, proof]`: the client's.

    Attributes:
        version: `VERSION`.
        session: the session to resume, 16 bytes; empty for a new one.
        received: the highest sequence number taken in that session.
        role: what the client was enrolled as.
        name: what people call the device.
        ticket: at enrolment, the ticket named in the handshake, once more; otherwise empty.
        signing_key: at enrolment, the device's Ed25519 public key, 32 bytes; otherwise empty.
        proof: at enrolment, that key's signature of the handshake hash (context `ENROL`), 64 bytes.
    """

    version: int
    session: SessionId
    received: Count
    role: ShortText
    name: ShortText
    ticket: ShortText = ""
    signing_key: Bytes32 = b""
    proof: Bytes64 = b""


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag=17):
    """`[17, session, resumed, received, now_ms, signing_key]`: the server's.

    Attributes:
        session: the session's id, 16 bytes.
        resumed: False when this is a new session; the client's unanswered past is then unknown.
        received: the highest sequence number that the server took in this session.
        now_ms: the server's wall clock, Unix milliseconds.
        signing_key: the office's Ed25519 public key, 32 bytes, which signs authorizations.
    """

    session: SessionId
    resumed: bool
    received: Count
    now_ms: int
    signing_key: Bytes32


class Rejected(msgspec.Struct, frozen=True, array_like=True, tag=18):
    """`[18, refusal]`: instead of a welcome; the channel ends after it."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Ticket:
    """A one-time invitation to enrol.

    Attributes:
        name: what the office finds it by; worth nothing without the code.
        psk: 32 secret bytes made from the one-time code.
    """

    name: str
    psk: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client proves itself with, and whom it expects.

    Attributes:
        static: the device's Curve25519 key pair.
        office: the office's Curve25519 public key; None only between strangers (XX).
        ticket: at enrolment.
    """

    static: KeyPair
    office: bytes | None
    ticket: Ticket | None = None

    @property
    def suite(self) -> Suite:
        """The handshake that fits what is known."""
        if self.office is None:
            return Suite.XX
        return Suite.IK if self.ticket is None else Suite.IKPSK2


def prologue(suite: Suite) -> bytes:
    """What both sides must agree on before the first byte of the handshake."""
    return PROLOGUE + bytes([suite])


async def knock(
    channel: Channel, credentials: Credentials, entropy: Callable[[int], bytes]
) -> Transport:
    """The client's side of the handshake.

    Raises:
        HandshakeFailed: whoever answers does not hold the office's key (or the one-time code).
        ChannelClosed: the link died, or the office closed it without a word.
    """
    suite, ticket = credentials.suite, credentials.ticket
    handshake = Handshake(
        PATTERNS[suite],
        Role.INITIATOR,
        prologue=prologue(suite),
        static=credentials.static,
        remote_static=credentials.office,
        psk=ticket.psk if suite is Suite.IKPSK2 and ticket is not None else None,
        entropy=entropy,
    )
    name = ticket.name.encode() if ticket is not None else b""
    if len(name) > TICKET_BYTES_MAX:
        raise LocalMisuse(f"a ticket's name has at most {TICKET_BYTES_MAX} bytes")
    await channel.send(bytes([suite]) + handshake.write(name))
    handshake.read(await channel.receive())
    if handshake.my_turn:
        await channel.send(handshake.write(b""))
    return handshake.into_transport()


async def answer(
    channel: Channel,
    *,
    static: KeyPair,
    psk_for: Callable[[str], bytes | None],
    entropy: Callable[[int], bytes],
    suites: Collection[Suite] = OFFICE_SUITES,
) -> tuple[Transport, str]:
    """The server's side of the handshake: the keys, and the name of the ticket that was used.

    The name is empty without a ticket. `psk_for` finds a ticket's key and must change nothing.

    Raises:
        BadFrame: the first byte names no suite that is answered here.
        HandshakeFailed: a forged message, an unknown ticket or the wrong one-time code.
        ChannelClosed: the link died.
    """
    first = await channel.receive()
    if not first or first[0] not in suites:
        raise BadFrame("the first byte names no suite that is answered here")
    suite = Suite(first[0])
    handshake = Handshake(
        PATTERNS[suite], Role.RESPONDER, prologue=prologue(suite), static=static, entropy=entropy
    )
    name = handshake.read(first[1:])
    ticket = ""
    if suite is Suite.IKPSK2:
        ticket = _ticket_name(name)
        psk = psk_for(ticket)
        if psk is None:
            raise HandshakeFailed("no such ticket")
        handshake.set_psk(psk)
    await channel.send(handshake.write(b""))
    if not handshake.finished:
        handshake.read(await channel.receive())
    return handshake.into_transport(), ticket


def encode_hello(sentence: Hello | Welcome | Rejected) -> bytes:
    """The plaintext of the first sealed frame.

    Raises:
        LocalMisuse: longer than `HELLO_BYTES_MAX`.
    """
    plain = encode(sentence)
    if len(plain) > HELLO_BYTES_MAX:
        raise LocalMisuse(f"a hello has at most {HELLO_BYTES_MAX} bytes")
    return plain


def _ticket_name(raw: bytes) -> str:
    if not 0 < len(raw) <= TICKET_BYTES_MAX or not raw.isascii():
        raise HandshakeFailed("no such ticket")
    return raw.decode("ascii")


__all__ = [
    "HELLO_BYTES_MAX",
    "OFFICE_SUITES",
    "PROLOGUE",
    "SESSION_ID_BYTES",
    "VERSION",
    "Credentials",
    "Hello",
    "Rejected",
    "Suite",
    "Ticket",
    "Welcome",
    "answer",
    "encode_hello",
    "knock",
    "prologue",
]
