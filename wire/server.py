"""The side that answers: shakes hands, asks who may come in, keeps sessions over broken links.

A key has at most one session and at most one live channel: a newer channel of the same key ends the
older one, so a half-dead link never keeps its own device out. A session outlives its channel by
`SESSION_KEEP_S`. Until the authenticator has admitted a key, nothing that its holder said has any
effect; after `revoke` nothing it says is handed over any more.

It does not know what anybody may do; it hands each session's messages to the handler that
`open_session` returned. Invariants: one bad peer ends only its own channel, and whatever the
program's own code raises about a peer ends only that peer's session; every wait before the welcome
is bounded by one deadline; half-open greetings and sessions are counted and bounded.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

import trio

from wire.channel import Channel, Listener
from wire.codec import MessageCodec, decode
from wire.connection import Connection
from wire.envelope import ByeReason
from wire.errors import PeerMisbehaved, WireError
from wire.hello import (
    HELLO_BYTES_MAX,
    OFFICE_SUITES,
    SESSION_ID_BYTES,
    VERSION,
    Hello,
    Rejected,
    Suite,
    Welcome,
    answer,
    encode_hello,
)
from wire.incoming import Handler, Incoming
from wire.keys import ENROL, verify
from wire.link import SaidGoodbye
from wire.message import Code, Refusal
from wire.noise import KeyPair
from wire.sealed import SealedChannel
from wire.session import Session

HELLO_S_MAX: Final = 10.0
"""The longest from the first byte to the welcome; a slower peer is cut."""

GREETINGS_MAX: Final = 512
"""The most channels that have not been welcomed; one more takes the place of the oldest that has
not shaken hands yet, or is cut where all have."""

SESSIONS_MAX: Final = 8192
"""The most sessions; beyond, the one longest without a link is forgotten, or the newcomer waits."""

FAREWELL_S_MAX: Final = 3.0
"""The longest that an ending server waits for its farewells to go out, to all peers together."""

SESSION_KEEP_S: Final = 600.0
"""How long a session outlives its link."""

SWEEP_EVERY_S: Final = 5.0
"""How often sessions that have outlived their time are looked for."""

ADMISSIONS_MAX: Final = 3
"""How often an admission is repeated because something was revoked meanwhile."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The authenticator's yes.

    Attributes:
        identity: whatever the program knows the peer by; becomes `Connection.identity`.
    """

    identity: object


class Authenticator(Protocol):
    """Decides who may come in; the wire has only proved who knocks."""

    def psk_for(self, ticket: str) -> bytes | None:
        """The 32-byte key of an enrolment ticket, None if it is unknown or over; changes nothing.

        A ticket goes on answering after its first use, because a welcome can be lost; it is
        `admit` that lets one key use it, again and again, and no other.
        """

    async def admit(self, remote_static: bytes, hello: Hello) -> Admitted | Refusal:
        """Decide on a peer that has proved to hold `remote_static`.

        With `hello.ticket` it has also proved to know the one-time code and to hold
        `hello.signing_key`, and is to be enrolled: commit before returning. May be called again.
        """


class _Seat:
    """One key's place: its session, and whose turn it is to carry it."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.turn = trio.Lock()
        self.offline_since = trio.current_time()


class Server:
    """Serves sessions on any number of listeners.

    Args:
        static: the office's Curve25519 key pair.
        signing_key: the office's Ed25519 public key, told in every welcome.
        authenticator: who may come in.
        open_session: called with each new session before its first message; returns its handler.
            The session is over when `Connection.status` says `CLOSED`.
        codec: the messages that are accepted.
        entropy: unpredictable bytes, for ephemeral keys and session ids.
        now_ms: the wall clock, told in every welcome.
        suites: the handshakes that are answered.
        crashed: told of every session that ended because the program's own code raised: whose it
            was (None before anybody was admitted), and what it raised.

    Attributes:
        counts: how greetings and links ended, by the name of the error; for an inspector.
    """

    def __init__(
        self,
        *,
        static: KeyPair,
        signing_key: bytes,
        authenticator: Authenticator,
        open_session: Callable[[Connection], Handler],
        codec: MessageCodec,
        entropy: Callable[[int], bytes],
        now_ms: Callable[[], int],
        suites: Collection[Suite] = OFFICE_SUITES,
        crashed: Callable[[object, Exception], None] = lambda _identity, _fault: None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._static = static
        self._signing_key = signing_key
        self._authenticator = authenticator
        self._open_session = open_session
        self._codec = codec
        self._entropy = entropy
        self._now_ms = now_ms
        self._suites = suites
        self._crashed = crashed
        self._seats: dict[bytes, _Seat] = {}
        self._greetings: dict[_Greeting, None] = {}
        self._channels = 0
        self._is_ending = False
        self._all_left = trio.Event()
        self._revocations = 0
        self._nursery: trio.Nursery | None = None

    @property
    def connections(self) -> dict[bytes, Connection]:
        """Every session, by its peer's public key."""
        return {
            key: seat.connection for key, seat in self._seats.items() if seat.connection is not None
        }

    @property
    def greetings(self) -> int:
        """How many channels have not been welcomed yet."""
        return len(self._greetings)

    async def serve(
        self, listener: Listener, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Accept until cancelled; `started` gets the address that dialers use."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._sweep)
            try:
                await listener.serve(self.converse, task_status=task_status)
            finally:
                self.close(ByeReason.RESTARTING)
            nursery.cancel_scope.cancel()

    async def shut_down(self) -> None:
        """Take nobody any more, tell every peer that we are restarting, and see it out."""
        self._is_ending = True
        self.close(ByeReason.RESTARTING)
        with trio.move_on_after(FAREWELL_S_MAX):
            while self._channels:
                await self._all_left.wait()

    def revoke(self, remote_static: bytes) -> None:
        """End this key's session now; call it after the revocation is committed."""
        self._revocations += 1
        self._forget(remote_static, ByeReason.REVOKED)

    def close(self, reason: ByeReason) -> None:
        """End every session."""
        for key in list(self._seats):
            self._forget(key, reason)

    async def converse(self, channel: Channel) -> None:
        """One channel from its first byte to its end; raises nothing that a peer brings about."""
        if self._is_ending or not self._make_greeting_room():
            self.counts["TooMany"] += not self._is_ending
            await channel.aclose()
            return
        greeting = _Greeting()
        self._greetings[greeting] = None
        self._channels += 1
        try:
            with greeting.patience:
                await self._converse(channel, greeting)
            if greeting.patience.cancelled_caught:
                self.counts["Evicted" if greeting.is_evicted else "TooSlow"] += 1
        except WireError as ended:
            self.counts[type(ended).__name__] += 1
        except Exception as fault:
            # Raised by the program about this peer: everybody else behind the door stays.
            self.counts["Crashed"] += 1
            self._crashed(greeting.identity, fault)
            self._forget(greeting.key, ByeReason.LEAVING)
        finally:
            self._greetings.pop(greeting, None)
            await channel.aclose()
            self._left()

    def _left(self) -> None:
        self._channels -= 1
        if not self._channels:
            self._all_left.set()
            self._all_left = trio.Event()

    def _make_greeting_room(self) -> bool:
        """Whether one more may greet; whoever has been silent longest makes room."""
        if len(self._greetings) < GREETINGS_MAX:
            return True
        silent = next((each for each in self._greetings if not each.has_shaken_hands), None)
        if silent is None:
            return False
        del self._greetings[silent]
        silent.evict()
        return True

    # ---- from the first byte to the welcome

    async def _converse(self, channel: Channel, greeting: _Greeting) -> None:
        link, static, hello = await self._greet(channel, greeting)
        found = await self._find_seat(static, hello)
        if isinstance(found, Refusal):
            self.counts["Refused"] += 1
            await link.send(encode_hello(Rejected(found)))
            return
        seat, identity = found
        greeting.key, greeting.identity = static, identity
        try:
            connection, resumed = self._session(seat, static, hello, identity)
            await link.send(encode_hello(self._welcome(connection, resumed=resumed)))
            greeting.patience.deadline = math.inf
            self._greetings.pop(greeting, None)
            ended = await connection.carry(link, hello.received if resumed else 0)
        finally:
            seat.offline_since = trio.current_time()
            seat.turn.release()
        self.counts[type(ended).__name__] += 1
        left = isinstance(ended, SaidGoodbye) and ended.reason is ByeReason.LEAVING
        if (left or connection.misbehaved) and self._seats.get(static) is seat:
            self._forget(static, ByeReason.LEAVING)

    async def _greet(
        self, channel: Channel, greeting: _Greeting
    ) -> tuple[SealedChannel, bytes, Hello]:
        """The handshake and the hello, which proves that the handshake was no replay."""
        transport, ticket = await answer(
            channel,
            static=self._static,
            psk_for=self._authenticator.psk_for,
            entropy=self._entropy,
            suites=self._suites,
        )
        greeting.has_shaken_hands = True
        link = SealedChannel(channel, transport)
        hello = decode(Hello, await link.receive(), bytes_max=HELLO_BYTES_MAX)
        if hello.ticket != ticket:
            raise PeerMisbehaved("the hello names another ticket than the handshake")
        if ticket and not verify(hello.signing_key, ENROL, transport.handshake_hash, hello.proof):
            raise PeerMisbehaved("the device does not hold its signing key")
        assert transport.remote_static is not None, "every suite proves the client's key"
        return link, transport.remote_static, hello

    async def _find_seat(self, static: bytes, hello: Hello) -> tuple[_Seat, object] | Refusal:
        """Have the peer admitted, and take its seat's turn; both still true on return."""
        if hello.version != VERSION:
            return Refusal(Code.FORMAT, "程序版本不符，请先升级")
        for _ in range(ADMISSIONS_MAX):
            revocations = self._revocations
            verdict = await self._authenticator.admit(static, hello)
            if isinstance(verdict, Refusal):
                return verdict
            seat = self._seats.get(static)
            if seat is None:
                if not self._make_room():
                    break
                seat = self._seats[static] = _Seat()
            if seat.connection is not None:
                seat.connection.drop_link(ByeReason.SUPERSEDED)
            await seat.turn.acquire()
            if revocations == self._revocations and self._seats.get(static) is seat:
                return seat, verdict.identity
            seat.turn.release()
        return Refusal(Code.BUSY, "办理的人太多，请稍后再试", retryable=True)

    def _session(
        self, seat: _Seat, static: bytes, hello: Hello, identity: object
    ) -> tuple[Connection, bool]:
        """The session to carry, and whether it is the one that the client remembers."""
        known = seat.connection
        if known is not None and known.session.id == hello.session and not known.misbehaved:
            known.identity = identity
            return known, True
        if known is not None:
            known.close(ByeReason.SUPERSEDED)
        connection = Connection(
            self._codec,
            _nobody,
            session=Session(self._entropy(SESSION_ID_BYTES)),
            reader_writes=True,
        )
        connection.peer_key = static
        connection.identity = identity
        connection.handler = self._open_session(connection)
        assert self._nursery is not None, "channels come in while we serve"
        self._nursery.start_soon(connection.keep_deadlines)
        seat.connection = connection
        return connection, False

    def _welcome(self, connection: Connection, *, resumed: bool) -> Welcome:
        session = connection.session
        return Welcome(session.id, resumed, session.received, self._now_ms(), self._signing_key)

    # ---- sessions without a link

    async def _sweep(self) -> None:
        """Forget the sessions whose device has not come back."""
        while True:
            await trio.sleep(SWEEP_EVERY_S)
            latest = trio.current_time() - SESSION_KEEP_S
            for key, seat in list(self._seats.items()):
                if not seat.turn.locked() and seat.offline_since <= latest:
                    self._forget(key, ByeReason.LEAVING)

    def _make_room(self) -> bool:
        if len(self._seats) < SESSIONS_MAX:
            return True
        idle = [
            (seat.offline_since, key) for key, seat in self._seats.items() if not seat.turn.locked()
        ]
        if idle:
            self._forget(min(idle)[1], ByeReason.LEAVING)
        return bool(idle)

    def _forget(self, key: bytes, reason: ByeReason) -> None:
        seat = self._seats.pop(key, None)
        if seat is not None and seat.connection is not None:
            seat.connection.close(reason)


class _Greeting:
    """A channel on its way to a welcome, and the time that it has.

    Attributes:
        patience: the scope of the whole channel; without a deadline once it is welcomed.
        has_shaken_hands: the peer holds a key and knows ours.
        is_evicted: it made room for another.
        key: whose channel it is, once admitted.
        identity: as the authenticator said then.
    """

    def __init__(self) -> None:
        self.patience = trio.CancelScope(deadline=trio.current_time() + HELLO_S_MAX)
        self.has_shaken_hands = False
        self.is_evicted = False
        self.key = b""
        self.identity: object = None

    def evict(self) -> None:
        """End it now."""
        self.is_evicted = True
        self.patience.cancel()


def _nobody(_incoming: Incoming) -> None:
    raise AssertionError("a session hands over nothing before it has its handler")


__all__ = [
    "ADMISSIONS_MAX",
    "FAREWELL_S_MAX",
    "GREETINGS_MAX",
    "HELLO_S_MAX",
    "SESSIONS_MAX",
    "SESSION_KEEP_S",
    "Admitted",
    "Authenticator",
    "Server",
]
