"""CipherState (Noise revision 34, §5.1): one key, and the counter that makes each nonce unique.

It encrypts one direction of one conversation. It does not tolerate loss or reordering: the channel
below keeps order, and whatever arrives out of order is refused like a forgery.

Invariants: a nonce is spent before it is used, so no failure can make it used twice; a ciphertext
that does not authenticate leaves the counter where it was; the reserved last nonce ends the state.
"""

from __future__ import annotations

from wire.errors import LocalMisuse, PeerMisbehaved
from wire.noise.primitives import (
    KEY_BYTES,
    NONCE_MAX,
    NeverPickled,
    decrypt,
    encrypt,
    rekeyed,
)


class CipherState(NeverPickled):
    """A cipher key `k` (or none yet) and the nonce `n` of the next message."""

    __slots__ = ("_key", "_nonce")

    def __init__(self, key: bytes | None = None) -> None:
        """InitializeKey(key).

        Raises:
            LocalMisuse: `key` is not 32 bytes long.
        """
        if key is not None and len(key) != KEY_BYTES:
            raise LocalMisuse(f"a cipher key is {KEY_BYTES} bytes long")
        self._key = key
        self._nonce = 0

    @property
    def has_key(self) -> bool:
        """HasKey(): without a key, everything passes in the clear."""
        return self._key is not None

    @property
    def nonce(self) -> int:
        """The nonce of the next message: how many passed so far."""
        return self._nonce

    def encrypt_with_ad(self, ad: bytes, plaintext: bytes) -> bytes:
        """EncryptWithAd(ad, plaintext).

        Raises:
            LocalMisuse: every nonce is spent; the conversation is over.
        """
        key = self._key
        if key is None:
            return plaintext
        nonce = self._nonce
        if nonce >= NONCE_MAX:
            raise LocalMisuse("every nonce of this key is spent")
        self._nonce = nonce + 1
        return encrypt(key, nonce, ad, plaintext)

    def decrypt_with_ad(self, ad: bytes, ciphertext: bytes) -> bytes:
        """DecryptWithAd(ad, ciphertext).

        Raises:
            PeerMisbehaved: forged, replayed, reordered or damaged; which one is not told.
            LocalMisuse: every nonce is spent; the conversation is over.
        """
        key = self._key
        if key is None:
            return ciphertext
        nonce = self._nonce
        if nonce >= NONCE_MAX:
            raise LocalMisuse("every nonce of this key is spent")
        plaintext = decrypt(key, nonce, ad, ciphertext)
        if plaintext is None:
            raise PeerMisbehaved("a message is not authentic")
        self._nonce = nonce + 1
        return plaintext

    def rekey(self) -> None:
        """Rekey(): replace the key by a one-way function of itself; the counter goes on.

        Raises:
            LocalMisuse: there is no key yet.
        """
        if self._key is None:
            raise LocalMisuse("there is no key to replace")
        self._key = rekeyed(self._key)
