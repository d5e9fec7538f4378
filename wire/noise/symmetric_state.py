"""SymmetricState (Noise revision 34, §5.2): the running hash and the running secret of a handshake.

Whatever either side sends or knows goes through here once: into the hash `h`, which both sides must
agree on for anything to decrypt, and, if secret, into the chaining key `ck`, from which every key
is drawn. It knows nothing of patterns or key pairs.
"""

from __future__ import annotations

from wire.noise.cipher_state import CipherState
from wire.noise.primitives import HASH_BYTES, KEY_BYTES, NeverPickled, hashed, hkdf


class SymmetricState(NeverPickled):
    """`ck`, `h` and the cipher that they feed."""

    __slots__ = ("_chaining_key", "_cipher", "_hash")

    def __init__(self, protocol_name: bytes) -> None:
        """InitializeSymmetric(protocol_name)."""
        if len(protocol_name) <= HASH_BYTES:
            self._hash = protocol_name.ljust(HASH_BYTES, b"\0")
        else:
            self._hash = hashed(protocol_name)
        self._chaining_key = self._hash
        self._cipher = CipherState()

    @property
    def handshake_hash(self) -> bytes:
        """GetHandshakeHash(): 64 bytes that name this conversation and no other (§11.2)."""
        return self._hash

    @property
    def has_key(self) -> bool:
        """Whether a secret was mixed in, so that what follows is encrypted."""
        return self._cipher.has_key

    def mix_hash(self, data: bytes) -> None:
        """MixHash(data)."""
        self._hash = hashed(self._hash, data)

    def mix_key(self, secret: bytes) -> None:
        """MixKey(input_key_material)."""
        self._chaining_key, key = hkdf(self._chaining_key, secret, 2)
        self._cipher = CipherState(key[:KEY_BYTES])

    def mix_key_and_hash(self, secret: bytes) -> None:
        """MixKeyAndHash(input_key_material): for pre-shared keys."""
        self._chaining_key, hash_input, key = hkdf(self._chaining_key, secret, 3)
        self.mix_hash(hash_input)
        self._cipher = CipherState(key[:KEY_BYTES])

    def encrypt_and_hash(self, plaintext: bytes) -> bytes:
        """EncryptAndHash(plaintext)."""
        ciphertext = self._cipher.encrypt_with_ad(self._hash, plaintext)
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt_and_hash(self, ciphertext: bytes) -> bytes:
        """DecryptAndHash(ciphertext).

        Raises:
            PeerMisbehaved: not authentic; the state is as it was.
        """
        plaintext = self._cipher.decrypt_with_ad(self._hash, ciphertext)
        self.mix_hash(ciphertext)
        return plaintext

    def split(self) -> tuple[CipherState, CipherState]:
        """Split(): what the initiator sends with, then what the responder sends with."""
        first, second = hkdf(self._chaining_key, b"", 2)
        return CipherState(first[:KEY_BYTES]), CipherState(second[:KEY_BYTES])
