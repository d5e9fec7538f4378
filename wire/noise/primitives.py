"""The cryptographic functions of `25519_ChaChaPoly_BLAKE2b`, and nothing that keeps state.

Noise specification revision 34, §4 and §12: Diffie-Hellman on Curve25519, the ChaCha20-Poly1305
AEAD with a 64-bit counter for a nonce, BLAKE2b with HMAC-HKDF. Curve and cipher are libsodium's,
hash and HMAC the standard library's. Nothing here chooses a nonce or remembers a key; that is the
business of `wire.noise.cipher_state` and above.

Invariants: a Diffie-Hellman result of all zeros never leaves this file, and every length that
libsodium trusts blindly is checked before libsodium sees the bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NoReturn, SupportsIndex

# The AEAD is called through PyNaCl's own cffi module: `nacl.bindings` checks every argument in
# Python, which costs three times as much as libsodium's work on a 200-byte frame.
from nacl._sodium import ffi, lib  # type: ignore[import-not-found]  # compiled, without stubs
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from wire.errors import HandshakeFailed, LocalMisuse

DH_BYTES: Final = 32
"""Length of private keys, public keys and Diffie-Hellman results (DHLEN)."""
KEY_BYTES: Final = 32
"""Length of a cipher key and of a pre-shared key."""
TAG_BYTES: Final = 16
"""What the authentication tag adds to a plaintext."""
HASH_BYTES: Final = 64
"""Length of a BLAKE2b hash (HASHLEN)."""
NONCE_MAX: Final = 2**64 - 1
"""The reserved nonce: used by rekeying only, never for a message (§5.1)."""

_NONCE: Final = Struct("<4xQ")
_BUFFER: Final = ffi.typeof("unsigned char[]")
_NULL: Final = ffi.NULL
_new_buffer: Final = ffi.new_allocator(should_clear_after_alloc=False)
_bytes_of: Final = ffi.buffer
_aead_encrypt: Final = lib.crypto_aead_chacha20poly1305_ietf_encrypt
_aead_decrypt: Final = lib.crypto_aead_chacha20poly1305_ietf_decrypt

Entropy = Callable[[int], bytes]
"""Returns that many bytes that nobody can guess."""


class NeverPickled:
    """A secret that refuses to be pickled or copied, so that it cannot reach a file by accident."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        """Refuse.

        Raises:
            LocalMisuse: always.
        """
        raise LocalMisuse(f"a {type(self).__name__} holds secrets and is never pickled or copied")


@dataclass(frozen=True, slots=True)
class KeyPair(NeverPickled):
    """A Curve25519 key pair (RFC 7748); compares and prints by its public half alone.

    Attributes:
        private: the secret scalar, 32 bytes.
        public: the point, 32 bytes.

    Raises:
        LocalMisuse: a half is not 32 bytes long.
    """

    private: bytes = field(repr=False, compare=False)
    public: bytes

    def __post_init__(self) -> None:
        if len(self.private) != DH_BYTES or len(self.public) != DH_BYTES:
            raise LocalMisuse(f"both halves of a key pair are {DH_BYTES} bytes long")

    @classmethod
    def from_private(cls, private: bytes) -> KeyPair:
        """Compute the public half.

        Raises:
            LocalMisuse: `private` is not 32 bytes long.
        """
        if len(private) != DH_BYTES:
            raise LocalMisuse(f"a private key is {DH_BYTES} bytes long")
        return cls(private, crypto_scalarmult_base(private))

    @classmethod
    def generate(cls, entropy: Entropy) -> KeyPair:
        """GENERATE_KEYPAIR() of §4.1, from 32 bytes of `entropy`.

        Raises:
            LocalMisuse: `entropy` returned another number of bytes.
        """
        return cls.from_private(entropy(DH_BYTES))


def dh(pair: KeyPair, public: bytes) -> bytes:
    """DH(key_pair, public_key) of §4.1: 32 secret bytes.

    Raises:
        HandshakeFailed: `public` is not 32 bytes long, or a point of low order, whose result would
            be all zeros and known to everybody.
    """
    if len(public) != DH_BYTES:
        raise HandshakeFailed("a public key has the wrong length")
    try:
        shared: bytes = crypto_scalarmult(pair.private, public)
    except CryptoError:
        raise HandshakeFailed("a public key is unusable") from None
    if hmac.compare_digest(shared, bytes(DH_BYTES)):
        raise HandshakeFailed("a public key is unusable")
    return shared


def encrypt(key: bytes, nonce: int, ad: bytes, plaintext: bytes) -> bytes:
    """ENCRYPT(k, n, ad, plaintext) of §4.2: the ciphertext, `TAG_BYTES` longer than `plaintext`.

    Raises:
        LocalMisuse: the key is not `KEY_BYTES` long.
    """
    if len(key) != KEY_BYTES:
        raise LocalMisuse("a cipher key has the wrong length")
    size = len(plaintext)
    out = _new_buffer(_BUFFER, size + TAG_BYTES)
    _aead_encrypt(out, _NULL, plaintext, size, ad or _NULL, len(ad), _NULL, _NONCE.pack(nonce), key)
    ciphertext: bytes = _bytes_of(out)[:]
    return ciphertext


def decrypt(key: bytes, nonce: int, ad: bytes, ciphertext: bytes) -> bytes | None:
    """DECRYPT(k, n, ad, ciphertext) of §4.2: the plaintext, or None when it is not authentic.

    Raises:
        LocalMisuse: the key is not `KEY_BYTES` long.
    """
    if len(key) != KEY_BYTES:
        raise LocalMisuse("a cipher key has the wrong length")
    size = len(ciphertext)
    if size < TAG_BYTES:
        return None
    out = _new_buffer(_BUFFER, size - TAG_BYTES)
    failed = _aead_decrypt(
        out, _NULL, _NULL, ciphertext, size, ad or _NULL, len(ad), _NONCE.pack(nonce), key
    )
    return None if failed else _bytes_of(out)[:]


def rekeyed(key: bytes) -> bytes:
    """REKEY(k) of §4.2: the first 32 bytes of 32 zeros encrypted under the reserved nonce."""
    return encrypt(key, NONCE_MAX, b"", bytes(KEY_BYTES))[:KEY_BYTES]


def hashed(*parts: bytes) -> bytes:
    """HASH(data) of §4.3 over the concatenation of `parts`."""
    return hashlib.blake2b(b"".join(parts)).digest()


def hkdf(chaining_key: bytes, input_key: bytes, outputs: int) -> tuple[bytes, ...]:
    """HKDF(chaining_key, input_key_material, num_outputs) of §4.3: two or three 64-byte secrets."""
    temporary = hmac.digest(chaining_key, input_key, "blake2b")
    results: list[bytes] = []
    previous = b""
    for number in range(1, outputs + 1):
        previous = hmac.digest(temporary, previous + bytes([number]), "blake2b")
        results.append(previous)
    return tuple(results)
