"""The side that dials: keeps one session with the office alive for as long as a program runs.

`open_client` yields a `Connection` at once, before there is any link: messages wait in its window,
its `status` says whether the office can be reached. A link that dies is dialled again, with
exponential back-off and jitter, for ever; who gives up is the caller of a request, after its own
deadline. A refusal by the office is an answer too, and is asked about again at leisure, because a
device that was locked by mistake must come back without being touched.

Invariant: the client resumes its session if the office still knows it; if not, everything that may
or may not have arrived is reported (`Connection.renew`).
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import trio

from wire.backoff import Backoff
from wire.carrier import BYE_S_MAX
from wire.channel import Channel, Dialer
from wire.codec import MessageCodec, Reader
from wire.connection import Connection
from wire.envelope import ByeReason
from wire.errors import LinkLost, PeerMisbehaved, PeerRefused, WireError
from wire.hello import (
    HELLO_BYTES_MAX,
    SESSION_ID_BYTES,
    VERSION,
    Credentials,
    Hello,
    Rejected,
    Welcome,
    encode_hello,
    knock,
)
from wire.incoming import Handler
from wire.link import LinkState, SaidGoodbye, Status
from wire.sealed import SealedChannel

DIAL_S_MAX: Final = 15.0
"""The longest from dialling to the welcome."""

BACKOFF_S_FIRST: Final = 0.5
"""The pause after the first failure; doubled by each further one."""

BACKOFF_S_MAX: Final = 15.0
"""The longest pause: after an outage of the office everybody is back within that time."""

BACKOFF: Final = Backoff(BACKOFF_S_FIRST, BACKOFF_S_MAX, jitter=0.5)
"""The pauses after failures."""

BACKOFF_RESET_S: Final = 10.0
"""A link that lived so long clears the back-off."""

REFUSED_RETRY_S: Final = 60.0
"""The pause after the office has said no, or that somebody else uses our identity."""

REFUSED_BACKOFF: Final = Backoff(REFUSED_RETRY_S, REFUSED_RETRY_S, jitter=0.5)
"""The same, with chance; it does not grow, whatever failed before."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a device says about itself.

    Attributes:
        role: what it was enrolled as.
        name: what people call it.
        signing_key: its Ed25519 public key; sent at enrolment only.
        prove: signs the handshake hash with that key (context `ENROL`); used at enrolment only.
    """

    role: str
    name: str
    signing_key: bytes = b""
    prove: Callable[[bytes], bytes] | None = None


@asynccontextmanager
async def open_client(
    dialer: Dialer,
    address: str,
    *,
    credentials: Credentials,
    introduction: Introduction,
    codec: MessageCodec,
    handler: Handler,
    entropy: Callable[[int], bytes],
    chance: random.Random,
    undelivered: Callable[[object], None] = lambda _message: None,
    watch: Callable[[Status], None] = lambda _status: None,
) -> AsyncIterator[Connection]:
    """A session with the office at `address`, kept alive until the block ends.

    Args:
        dialer: how to reach addresses.
        address: where the office listens.
        credentials: who we are and whom we expect; the ticket is used until the first welcome.
        introduction: what we say about ourselves.
        codec: the messages we accept.
        handler: gets them; see `wire.incoming.Handler`.
        entropy: unpredictable bytes, for the handshakes.
        chance: for the jitter.
        undelivered: gets each tell that may not have arrived when the office forgot the session.
        watch: called after every change of `Connection.status`.
    """
    connection = Connection(codec, handler, undelivered=undelivered, watch=watch)
    caller = _Caller(dialer, address, credentials, introduction, connection, entropy)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.keep_deadlines)
        nursery.start_soon(_keep_online, caller, chance)
        try:
            yield connection
        finally:
            caller.leaving = True
            online = connection.status.state is LinkState.ONLINE
            connection.close(ByeReason.LEAVING)
            # The farewell is a courtesy: the office would find out by itself.
            nursery.cancel_scope.shield = online
            nursery.cancel_scope.deadline = trio.current_time() + (BYE_S_MAX if online else 0)


class _Caller:
    """Dials, shakes hands and introduces us, once per call."""

    def __init__(
        self,
        dialer: Dialer,
        address: str,
        credentials: Credentials,
        introduction: Introduction,
        connection: Connection,
        entropy: Callable[[int], bytes],
    ) -> None:
        self.connection = connection
        self.leaving = False
        self._dialer = dialer
        self._address = address
        self._credentials = credentials
        self._introduction = introduction
        self._entropy = entropy

    async def call(self) -> tuple[SealedChannel, int]:
        """A sealed channel to the office, and the highest number that it took.

        Raises:
            LinkLost: nobody answers, or not in time.
            PeerRefused: the office says no.
            PeerMisbehaved: whoever answers is not the office, or talks nonsense.
        """
        channel: Channel | None = None
        try:
            with trio.fail_after(DIAL_S_MAX):
                channel = await self._dialer.dial(self._address)
                transport = await knock(channel, self._credentials, self._entropy)
                link = SealedChannel(channel, transport)
                await link.send(encode_hello(self._hello(transport.handshake_hash)))
                welcome = _welcome(await link.receive())
                self._welcomed(welcome)
                channel = None
                return link, welcome.received
        except trio.TooSlowError:
            raise LinkLost("the office did not answer in time") from None
        finally:
            if channel is not None:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + BYE_S_MAX):
                    await channel.aclose()

    def _hello(self, handshake_hash: bytes) -> Hello:
        session = self.connection.session
        known = bool(session.id) and not self.connection.misbehaved
        ours, ticket = self._introduction, self._credentials.ticket
        hello = Hello(
            version=VERSION,
            session=session.id if known else b"",
            received=session.received if known else 0,
            role=ours.role,
            name=ours.name,
        )
        if ticket is None:
            return hello
        proof = ours.prove(handshake_hash) if ours.prove is not None else b""
        return Hello(
            hello.version,
            hello.session,
            hello.received,
            hello.role,
            hello.name,
            ticket.name,
            ours.signing_key,
            proof,
        )

    def _welcomed(self, welcome: Welcome) -> None:
        session = self.connection.session
        if welcome.resumed:
            if welcome.session != session.id or self.connection.misbehaved:
                raise PeerMisbehaved("the office resumes a session that was not asked for")
        else:
            if len(welcome.session) != SESSION_ID_BYTES:
                raise PeerMisbehaved("the office opens a session without an id")
            self.connection.renew(welcome.session)
        self.connection.identity = welcome
        # The one-time code has served; from now on the office knows our key.
        self._credentials = replace(self._credentials, ticket=None)


async def _keep_online(caller: _Caller, chance: random.Random) -> None:
    """Dial for as long as the program runs; every way a link can end is a reason to dial again."""
    connection = caller.connection
    failures = 0
    while not caller.leaving:
        connection.set_status(LinkState.CONNECTING, connection.status.error)
        try:
            link, received = await caller.call()
        except WireError as problem:
            error: WireError = problem
            connection.set_status(LinkState.OFFLINE, error)
        else:
            since = trio.current_time()
            error = await connection.carry(link, received)
            if trio.current_time() - since >= BACKOFF_RESET_S:
                failures = 0
        if not caller.leaving:
            refused = _is_no(error)
            failures += not refused
            backoff = REFUSED_BACKOFF if refused else BACKOFF
            await trio.sleep(backoff.wait_s(max(failures, 1), chance))


def _is_no(error: WireError) -> bool:
    """Whether trying again soon is pointless, or would fight with somebody over our identity."""
    if isinstance(error, PeerRefused):
        return not error.refusal.retryable
    return isinstance(error, SaidGoodbye) and error.reason in {
        ByeReason.SUPERSEDED,
        ByeReason.REVOKED,
    }


_read_sentence: Final[Reader[Welcome | Rejected]] = Reader(Welcome | Rejected)


def _welcome(plain: bytes) -> Welcome:
    sentence = _read_sentence(plain, HELLO_BYTES_MAX)
    if isinstance(sentence, Rejected):
        raise PeerRefused(sentence.refusal)
    return sentence


__all__ = [
    "BACKOFF_RESET_S",
    "BACKOFF",
    "BACKOFF_S_FIRST",
    "BACKOFF_S_MAX",
    "DIAL_S_MAX",
    "REFUSED_BACKOFF",
    "REFUSED_RETRY_S",
    "Introduction",
    "open_client",
]
