"""HandshakeState (Noise revision 34, §5.3): the interpreter of handshake patterns.

One `Handshake` is one side of one attempt. It turns payloads into messages and messages into
payloads, by walking the tokens of its pattern; it does no I/O and never retries. It does not decide
whom to trust: after a message that shows the peer's key, ask `remote_static` and drop the handshake
if the key is a stranger's.

Invariants: after any failure the handshake is dead and every further call is a misuse; asking for
something that the pattern does not allow is refused before anything is mixed in, and harms nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from wire.errors import HandshakeFailed, LocalMisuse, PeerMisbehaved
from wire.noise.patterns import Pattern, Role, Token, Tokens
from wire.noise.primitives import DH_BYTES, KEY_BYTES, TAG_BYTES, KeyPair, NeverPickled, dh
from wire.noise.symmetric_state import SymmetricState
from wire.noise.transport import MESSAGE_BYTES_MAX, Transport


class _Phase(Enum):
    """How far a handshake is."""

    UNDER_WAY = "is under way"
    FINISHED = "is finished"
    FAILED = "has failed"
    SPENT = "has become a transport"


class Handshake(NeverPickled):
    """One side of one handshake.

    Args:
        pattern: the table to walk.
        role: which side this is.
        prologue: what both sides must have agreed on before; any difference fails the handshake.
        static: this side's long-term key pair, where the pattern needs one.
        remote_static: the peer's long-term public key, where the pattern expects it to be known.
        psk: 32 secret bytes shared with the peer; may follow later through `set_psk`.
        entropy: unpredictable bytes, for the ephemeral key.

    Raises:
        LocalMisuse: a key is missing, superfluous or of the wrong length.
    """

    __slots__ = (
        "_entropy",
        "_local",
        "_next",
        "_pattern",
        "_phase",
        "_psk",
        "_remote",
        "_role",
        "_symmetric",
    )

    def __init__(
        self,
        pattern: Pattern,
        role: Role,
        *,
        prologue: bytes,
        static: KeyPair | None = None,
        remote_static: bytes | None = None,
        psk: bytes | None = None,
        entropy: Callable[[int], bytes],
    ) -> None:
        other = Role.RESPONDER if role is Role.INITIATOR else Role.INITIATOR
        _check("static key pair", needed=pattern.needs_static(role), given=static is not None)
        _check(
            "remote static key",
            needed=Token.S in pattern.known(other),
            given=remote_static is not None,
        )
        self._pattern = pattern
        self._role = role
        self._entropy = entropy
        self._next = 0
        self._phase = _Phase.UNDER_WAY
        self._local: dict[str, KeyPair] = {}
        self._remote: dict[str, bytes] = {}
        self._psk: bytes | None = None
        if static is not None:
            self._local["s"] = static
        if remote_static is not None:
            if len(remote_static) != DH_BYTES:
                raise LocalMisuse(f"a public key is {DH_BYTES} bytes long")
            self._remote["s"] = remote_static
        if psk is not None:
            self.set_psk(psk)
        self._symmetric = SymmetricState(pattern.protocol_name.encode())
        self._symmetric.mix_hash(prologue)
        for side in (Role.INITIATOR, Role.RESPONDER):
            for token in pattern.known(side):
                self._symmetric.mix_hash(
                    self._local[token.value].public if side is role else self._remote[token.value]
                )

    def __repr__(self) -> str:
        return f"<Handshake {self._pattern.name} {self._role.value} {self._phase.value}>"

    @property
    def my_turn(self) -> bool:
        """Whether the next step is `write`; False once the handshake is finished or dead."""
        writes = self._next % 2 == (0 if self._role is Role.INITIATOR else 1)
        return self._phase is _Phase.UNDER_WAY and writes

    @property
    def finished(self) -> bool:
        """Whether every message has passed, so that `into_transport` may be called."""
        return self._phase is _Phase.FINISHED

    @property
    def remote_static(self) -> bytes | None:
        """The peer's public key, once known; None before, and after a failure."""
        return None if self._phase is _Phase.FAILED else self._remote.get("s")

    def set_psk(self, psk: bytes) -> None:
        """Supply the pre-shared key: for a responder that learns from a payload which one it is.

        Raises:
            LocalMisuse: the pattern has none, it is already set, or it is not 32 bytes long.
        """
        if self._phase is not _Phase.UNDER_WAY:
            raise LocalMisuse(f"the handshake {self._phase.value}")
        if not self._pattern.has_psk or self._psk is not None:
            raise LocalMisuse("no pre-shared key is wanted here")
        if len(psk) != KEY_BYTES:
            raise LocalMisuse(f"a pre-shared key is {KEY_BYTES} bytes long")
        self._psk = psk

    def write(self, payload: bytes) -> bytes:
        """WriteMessage(payload): the next message for the peer.

        Raises:
            LocalMisuse: it is not this side's turn, the pre-shared key is missing, or the message
                would exceed `MESSAGE_BYTES_MAX`; the handshake is unharmed.
            HandshakeFailed: the peer's public key is unusable.
        """
        tokens = self._tokens(writing=True)
        if self._pattern.overhead_bytes[self._next] + len(payload) > MESSAGE_BYTES_MAX:
            raise LocalMisuse(f"a handshake message has at most {MESSAGE_BYTES_MAX} bytes")
        self._phase = _Phase.FAILED
        parts = [self._written(token) for token in tokens]
        parts.append(self._symmetric.encrypt_and_hash(payload))
        self._advance()
        return b"".join(parts)

    def read(self, message: bytes) -> bytes:
        """ReadMessage(message): the payload of the peer's next message.

        Raises:
            LocalMisuse: it is not the peer's turn, or the pre-shared key is missing; the handshake
                is unharmed.
            HandshakeFailed: anything about the message is wrong; what it was is not told.
        """
        tokens = self._tokens(writing=False)
        self._phase = _Phase.FAILED
        if not self._pattern.overhead_bytes[self._next] <= len(message) <= MESSAGE_BYTES_MAX:
            raise HandshakeFailed("a handshake message has the wrong length")
        try:
            position = 0
            for token in tokens:
                position += self._taken(token, message, position)
            payload = self._symmetric.decrypt_and_hash(message[position:])
        except PeerMisbehaved:
            raise HandshakeFailed("a handshake message is not authentic") from None
        self._advance()
        return payload

    def into_transport(self) -> Transport:
        """Split(): trade the finished handshake for the conversation that it secured.

        Raises:
            LocalMisuse: messages are outstanding, the handshake failed, or this was done before.
        """
        if self._phase is not _Phase.FINISHED:
            raise LocalMisuse(f"the handshake {self._phase.value}")
        self._phase = _Phase.SPENT
        sending, receiving = self._symmetric.split()
        if self._role is Role.RESPONDER:
            sending, receiving = receiving, sending
        transport = Transport(
            sending, receiving, self._symmetric.handshake_hash, self._remote.get("s")
        )
        # Forward secrecy begins when the ephemeral key is gone.
        self._local.clear()
        self._psk = None
        del self._symmetric
        return transport

    def _tokens(self, *, writing: bool) -> Tokens:
        """The tokens of the message that is due, if this side may take the step now."""
        if self._phase is not _Phase.UNDER_WAY:
            raise LocalMisuse(f"the handshake {self._phase.value}")
        if writing is not self.my_turn:
            raise LocalMisuse("the other side writes the next handshake message")
        tokens = self._pattern.messages[self._next]
        if Token.PSK in tokens and self._psk is None:
            raise LocalMisuse("the pre-shared key is missing")
        return tokens

    def _advance(self) -> None:
        self._next += 1
        done = self._next == len(self._pattern.messages)
        self._phase = _Phase.FINISHED if done else _Phase.UNDER_WAY

    def _written(self, token: Token) -> bytes:
        """Carry out one token of a message that this side writes; what it adds to the message."""
        if token is Token.E:
            pair = self._local["e"] = KeyPair.generate(self._entropy)
            self._mix_ephemeral(pair.public)
            return pair.public
        if token is Token.S:
            return self._symmetric.encrypt_and_hash(self._local["s"].public)
        self._mix_secret(token)
        return b""

    def _taken(self, token: Token, message: bytes, position: int) -> int:
        """Carry out one token of a message from the peer; how many bytes of it that consumed."""
        if token is Token.E:
            public = self._remote["e"] = message[position : position + DH_BYTES]
            self._mix_ephemeral(public)
            return DH_BYTES
        if token is Token.S:
            size = DH_BYTES + (TAG_BYTES if self._symmetric.has_key else 0)
            sealed = message[position : position + size]
            self._remote["s"] = self._symmetric.decrypt_and_hash(sealed)
            return size
        self._mix_secret(token)
        return 0

    def _mix_ephemeral(self, public: bytes) -> None:
        self._symmetric.mix_hash(public)
        if self._pattern.has_psk:
            # §9.2: a pre-shared key repeats, so the ephemeral key makes every cipher key fresh.
            self._symmetric.mix_key(public)

    def _mix_secret(self, token: Token) -> None:
        """Mix in the pre-shared key, or the Diffie-Hellman result that `token` names."""
        if token is Token.PSK:
            assert self._psk is not None
            self._symmetric.mix_key_and_hash(self._psk)
            return
        ours, theirs = token.value
        if self._role is Role.RESPONDER:
            ours, theirs = theirs, ours
        self._symmetric.mix_key(dh(self._local[ours], self._remote[theirs]))


def _check(what: str, *, needed: bool, given: bool) -> None:
    """Refuse a missing key, and a superfluous one: its giver believes that it will be checked."""
    if needed and not given:
        raise LocalMisuse(f"this side of the pattern needs a {what}")
    if given and not needed:
        raise LocalMisuse(f"this side of the pattern has no use for a {what}")
