"""Keeping what is stored unreadable without keys that are kept elsewhere: the `Sealer` port.

Root key → a key for each shard (derived) → a random key for each stream, wrapped by its shard's.
So one stream can be forgotten by destroying its wrapped key, one shard's keys can be handed to the
node that owns it, and the root can be replaced by wrapping anew, without touching a single body.

Names are another matter: what is stored under somebody's ID number is stored under its pseudonym,
and the pseudonym key never changes, or nothing would be found again.

`EmbeddedSealer` has its keys in a file; a bank's security module comes in its place. No
certification is claimed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NoReturn, Protocol

import msgspec
from nacl import bindings
from nacl.exceptions import CryptoError

from actors.ports import Entropy

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 24
FILE_VERSION: Final = 1
CHECK: Final = "backpack/check"
"""What the key check value in a key file is the pseudonym of."""

_PERSON_SHARD: Final = b"backpack/shard"
_PERSON_NAME: Final = b"backpack/name"

_encrypt = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt
_decrypt = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt


class SealingError(Exception):
    """Anything that goes wrong with keys at rest; the message never quotes one."""


class Unsealable(SealingError):
    """It does not open: altered, moved to another place, or sealed with other keys."""


class BadKeyFile(SealingError):
    """A key file is damaged, of an unknown version, or its keys are not those that it says."""


class StreamKey:
    """A key that bodies are sealed with; it can be used, and neither shown nor kept.

    Attributes:
        wrapped: the key as it may be stored; of a shard's key, its name.
    """

    __slots__ = ("_secret", "wrapped")

    def __init__(self, secret: bytes, wrapped: bytes = b"") -> None:
        self._secret = secret
        self.wrapped = wrapped

    def __repr__(self) -> str:
        return "StreamKey()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not to be copied out of its process")


class Sealer(Protocol):
    """Has the keys to what is stored."""

    def new_key(self, shard: str, stream: str) -> StreamKey:
        """A random key for a new stream; what is `wrapped` opens for this stream alone."""

    def unwrap(self, stream: str, wrapped: bytes) -> StreamKey:
        """The key of a stream.

        Raises:
            Unsealable: it is not that stream's, or was wrapped with other keys.
        """

    def shard_key(self, shard: str) -> StreamKey:
        """The key for what belongs to a shard and to no one stream; `wrapped` names it."""

    def named(self, name: bytes) -> StreamKey:
        """The key of a shard by the name that `shard_key` gave it, older ones too.

        Raises:
            Unsealable: there is no such key.
        """

    def seal(self, key: StreamKey, place: str, body: bytes) -> bytes:
        """The body, readable with this key at this place alone; 40 bytes longer."""

    def open(self, key: StreamKey, place: str, sealed: bytes) -> bytes:
        """The body.

        Raises:
            Unsealable: it does not open with this key at this place.
        """

    def pseudonym(self, scope: str, text: str) -> str:
        """What stands for a text in names, 32 hex digits: the same for the same text, for ever."""


class _Wrapped(msgspec.Struct, frozen=True, array_like=True):
    """A stream's key at rest: by which root, in which shard, and the key."""

    root: int
    shard: str
    sealed: bytes


class _KeyFile(msgspec.Struct, frozen=True):
    """The content of a key file; secrets in hex, the newest root last."""

    version: int
    roots: tuple[str, ...]
    pseudonyms: str
    check: str


class EmbeddedSealer:
    """A sealer whose keys came out of a file.

    Args:
        roots: root keys by number, 32 bytes each; new keys are wrapped with the highest.
        pseudonyms: the key of names, 32 bytes.
        entropy: for keys and nonces.
    """

    def __init__(self, roots: Mapping[int, bytes], pseudonyms: bytes, entropy: Entropy) -> None:
        assert roots, "there is a root key"
        assert {KEY_BYTES} == {len(key) for key in (*roots.values(), pseudonyms)}
        self._roots = dict(roots)
        self._root = max(roots)
        self._pseudonyms = pseudonyms
        self._entropy = entropy
        self._shard_keys: dict[tuple[int, str], StreamKey] = {}

    def __repr__(self) -> str:
        return "EmbeddedSealer()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealer is not to be copied out of its process")

    def new_key(self, shard: str, stream: str) -> StreamKey:
        """As `Sealer.new_key`."""
        secret = self._entropy(KEY_BYTES)
        sealed = self.seal(self.shard_key(shard), _key_place(stream), secret)
        return StreamKey(secret, msgspec.msgpack.encode(_Wrapped(self._root, shard, sealed)))

    def unwrap(self, stream: str, wrapped: bytes) -> StreamKey:
        """As `Sealer.unwrap`."""
        try:
            read = msgspec.msgpack.decode(wrapped, type=_Wrapped)
        except (ValueError, RecursionError):
            raise Unsealable("this is no wrapped key") from None
        shard_key = self._derived(read.root, read.shard)
        return StreamKey(self.open(shard_key, _key_place(stream), read.sealed), wrapped)

    def shard_key(self, shard: str) -> StreamKey:
        """As `Sealer.shard_key`."""
        return self._derived(self._root, shard)

    def named(self, name: bytes) -> StreamKey:
        """As `Sealer.named`."""
        try:
            root, shard = msgspec.msgpack.decode(name, type=tuple[int, str])
        except (ValueError, RecursionError):
            raise Unsealable("this names no key") from None
        return self._derived(root, shard)

    def seal(self, key: StreamKey, place: str, body: bytes) -> bytes:
        """As `Sealer.seal`: XChaCha20-Poly1305 (IETF) with a random nonce before it."""
        nonce = self._entropy(NONCE_BYTES)
        return nonce + _encrypt(body, place.encode(), nonce, key._secret)  # noqa: SLF001 - ours

    def open(self, key: StreamKey, place: str, sealed: bytes) -> bytes:
        """As `Sealer.open`."""
        nonce, secret = sealed[:NONCE_BYTES], key._secret  # noqa: SLF001 - ours
        try:
            return _decrypt(sealed[NONCE_BYTES:], place.encode(), nonce, secret)
        except (CryptoError, ValueError):
            raise Unsealable("it does not open here") from None

    def pseudonym(self, scope: str, text: str) -> str:
        """As `Sealer.pseudonym`: keyed BLAKE2b-128."""
        name = hashlib.blake2b(key=self._pseudonyms, digest_size=16, person=_PERSON_NAME)
        name.update(msgspec.msgpack.encode((scope, text)))
        return name.hexdigest()

    def _derived(self, root: int, shard: str) -> StreamKey:
        known = self._shard_keys.get((root, shard))
        if root not in self._roots:
            raise Unsealable("it needs a root key that is not here")
        if known is None:
            derived = hashlib.blake2b(
                shard.encode(), key=self._roots[root], digest_size=KEY_BYTES, person=_PERSON_SHARD
            )
            name = msgspec.msgpack.encode((root, shard))
            known = self._shard_keys[root, shard] = StreamKey(derived.digest(), name)
        return known


def new_key_file(entropy: Entropy) -> bytes:
    """The content of a new key file, to be written where nobody else can read it."""
    roots, pseudonyms = {1: entropy(KEY_BYTES)}, entropy(KEY_BYTES)
    return _content(roots, pseudonyms, entropy)


def rotated(content: bytes, entropy: Entropy) -> bytes:
    """The content of the same key file with one more root key; the older ones still open.

    Raises:
        BadKeyFile: as `read_key_file`.
    """
    sealer = read_key_file(content, entropy)
    roots = sealer._roots | {sealer._root + 1: entropy(KEY_BYTES)}  # noqa: SLF001 - ours
    return _content(roots, sealer._pseudonyms, entropy)  # noqa: SLF001 - ours


def read_key_file(content: bytes, entropy: Entropy) -> EmbeddedSealer:
    """The sealer with the keys of a file.

    Raises:
        BadKeyFile: it is damaged, of an unknown version, or of other keys than it says.
    """
    try:
        read = msgspec.json.decode(content, type=_KeyFile)
        roots = {number: bytes.fromhex(root) for number, root in enumerate(read.roots, 1)}
        pseudonyms = bytes.fromhex(read.pseudonyms)
    except (ValueError, RecursionError):
        # Without its cause: a parser's complaint may quote what it read.
        raise BadKeyFile("the key file is damaged") from None
    if read.version != FILE_VERSION:
        raise BadKeyFile(f"the key file has version {read.version}, not {FILE_VERSION}")
    if not roots or {KEY_BYTES} != {len(key) for key in (*roots.values(), pseudonyms)}:
        raise BadKeyFile("the key file is damaged")
    sealer = EmbeddedSealer(roots, pseudonyms, entropy)
    if sealer.pseudonym(CHECK, _joined(roots)) != read.check:
        raise BadKeyFile("the keys in the key file are not those that belong there")
    return sealer


def _content(roots: Mapping[int, bytes], pseudonyms: bytes, entropy: Entropy) -> bytes:
    check = EmbeddedSealer(roots, pseudonyms, entropy).pseudonym(CHECK, _joined(roots))
    in_order = tuple(roots[number].hex() for number in sorted(roots))
    return msgspec.json.encode(_KeyFile(FILE_VERSION, in_order, pseudonyms.hex(), check))


def _joined(roots: Mapping[int, bytes]) -> str:
    return "".join(roots[number].hex() for number in sorted(roots))


def _key_place(stream: str) -> str:
    """What a wrapped key is bound to."""
    return f"key/{stream}"


__all__ = [
    "BadKeyFile",
    "EmbeddedSealer",
    "Sealer",
    "SealingError",
    "StreamKey",
    "Unsealable",
    "new_key_file",
    "read_key_file",
    "rotated",
]
