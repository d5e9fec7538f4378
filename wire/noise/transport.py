"""What a finished handshake leaves: a sealed conversation, one cipher for each direction.

Noise revision 34, §5.3 (Split) and §11.3 (rekeying). Messages are sealed and opened strictly in
order; numbering, acknowledging and resuming belong to the session above. When to rekey is agreed
above as well, because both sides must do it between the same two messages.

Invariant: `open` returns exactly what the peer sealed, in the order it was sealed in, or raises.
"""

from __future__ import annotations

from typing import Final

from wire.errors import LocalMisuse, PeerMisbehaved
from wire.noise.cipher_state import CipherState
from wire.noise.primitives import TAG_BYTES, NeverPickled

MESSAGE_BYTES_MAX: Final = 65_535
"""The longest Noise message, handshake or transport, in bytes (§3)."""
PLAINTEXT_BYTES_MAX: Final = MESSAGE_BYTES_MAX - TAG_BYTES
"""The longest plaintext that one transport message carries, in bytes."""


class Transport(NeverPickled):
    """A conversation that only its two ends can read or write.

    Attributes:
        handshake_hash: 64 bytes, equal on both sides and unique to this conversation (§11.2); what
            an outer signature binds itself to.
        remote_static: the peer's proven public key; None when the pattern shows none.
    """

    __slots__ = ("_receiving", "_sending", "handshake_hash", "remote_static")

    def __init__(
        self,
        sending: CipherState,
        receiving: CipherState,
        handshake_hash: bytes,
        remote_static: bytes | None,
    ) -> None:
        self._sending = sending
        self._receiving = receiving
        self.handshake_hash: Final = handshake_hash
        self.remote_static: Final = remote_static

    @property
    def sent(self) -> int:
        """How many messages were sealed."""
        return self._sending.nonce

    @property
    def received(self) -> int:
        """How many messages were opened."""
        return self._receiving.nonce

    def seal(self, plaintext: bytes, ad: bytes = b"") -> bytes:
        """The next message to send, a tag longer than `plaintext`; `ad` is vouched for, not sent.

        Raises:
            LocalMisuse: the plaintext exceeds `PLAINTEXT_BYTES_MAX`, or every nonce is spent.
        """
        if len(plaintext) > PLAINTEXT_BYTES_MAX:
            raise LocalMisuse(f"a transport message carries at most {PLAINTEXT_BYTES_MAX} bytes")
        return self._sending.encrypt_with_ad(ad, plaintext)

    def open(self, ciphertext: bytes, ad: bytes = b"") -> bytes:
        """The plaintext of the next message received; a failure changes nothing.

        Raises:
            PeerMisbehaved: too long, forged, replayed, reordered or damaged; which one is not told.
            LocalMisuse: every nonce is spent; the conversation is over.
        """
        if len(ciphertext) > MESSAGE_BYTES_MAX:
            raise PeerMisbehaved("a message is not authentic")
        return self._receiving.decrypt_with_ad(ad, ciphertext)

    def rekey_sending(self) -> None:
        """Replace the key of what is sent from here on; the peer replaces its receiving key."""
        self._sending.rekey()

    def rekey_receiving(self) -> None:
        """Replace the key of what is received from here on; the peer replaces its sending key."""
        self._receiving.rekey()
