"""AES DUKPT: a fresh key for every PIN entry, from one key that never leaves the office.

The office keeps one base derivation key (BDK). Each PIN pad is given only its own initial key,
turns it into a register of 32 future keys and forgets it; each transaction uses one key and erases
it. Whoever opens a stolen pad learns nothing about earlier PIN blocks, and the office, told only
the key serial number (KSN), derives the same working key again.

Deliberately not here: PIN blocks, key files, key injection. Invariant: a `FutureKeys` never hands
out the same transaction key twice, and holds no key from which an earlier one can be derived.

Source: ANSI X9.24-3 (2017), sections 6.2-6.6.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from wire.errors import LocalMisuse

KEY_ID_BYTES = 8
"""Initial key id: the BDK's id (4 bytes) and the device's (4 bytes)."""

KSN_BYTES = KEY_ID_BYTES + 4
"""Key serial number: initial key id and transaction counter."""

COUNTER_BITS = 32
COUNTER_ONES_MAX = 16
"""Counters with more one-bits are skipped, which bounds the office's work (X9.24-3 §6.6)."""

_AES_BLOCK_BYTES = 16
_ALGORITHM = {16: 2, 24: 3, 32: 4}
"""Key length in bytes to the algorithm indicator of the derivation data (AES-128/192/256)."""


class Usage(IntEnum):
    """What a derived key is for (X9.24-3 table 2)."""

    PIN_ENCRYPTION = 0x1000
    MAC_GENERATION = 0x2000
    MAC_VERIFICATION = 0x2001
    MAC_BOTH_WAYS = 0x2002
    DATA_ENCRYPTION = 0x3000
    DATA_DECRYPTION = 0x3001
    KEY_DERIVATION = 0x8000
    INITIAL_KEY = 0x8001


class KeysExhausted(LocalMisuse):
    """Every transaction key of this device has been used; it needs a new initial key."""


def _encrypt_block(key: bytes, block: bytes) -> bytes:
    # One block of raw AES is the standard's derivation function; no message is encrypted here.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - see above
    return encryptor.update(block) + encryptor.finalize()


def _derive(key: bytes, usage: Usage, size: int, tail: bytes) -> bytes:
    """Derive `size` bytes from `key`; `tail` is the 8 bytes that make it unique."""
    if size not in _ALGORITHM or len(key) not in _ALGORITHM:
        raise LocalMisuse("an AES key has 16, 24 or 32 bytes")
    middle = usage.to_bytes(2, "big") + _ALGORITHM[size].to_bytes(2, "big")
    middle += (size * 8).to_bytes(2, "big") + tail
    blocks = -(-size // _AES_BLOCK_BYTES)
    return b"".join(_encrypt_block(key, bytes([1, n + 1]) + middle) for n in range(blocks))[:size]


def _derive_key(key: bytes, key_id: bytes, counter: int) -> bytes:
    tail = key_id[4:] + counter.to_bytes(4, "big")
    return _derive(key, Usage.KEY_DERIVATION, len(key), tail)


def initial_key(bdk: bytes, key_id: bytes) -> bytes:
    """The key to inject into one device.

    Args:
        bdk: base derivation key, 16, 24 or 32 bytes.
        key_id: the device's initial key id, `KEY_ID_BYTES`.

    Raises:
        LocalMisuse: a length is wrong.
    """
    if len(key_id) != KEY_ID_BYTES:
        raise LocalMisuse("an initial key id has 8 bytes")
    return _derive(bdk, Usage.INITIAL_KEY, len(bdk), key_id)


def transaction_key(initial: bytes, key_id: bytes, counter: int) -> bytes:
    """The derivation key of one transaction, walked down from the initial key (office side)."""
    if not 0 < counter < 1 << COUNTER_BITS or counter.bit_count() > COUNTER_ONES_MAX:
        raise LocalMisuse("no device uses this transaction counter")
    key, walked = initial, 0
    for bit in reversed(range(COUNTER_BITS)):
        if counter >> bit & 1:
            walked |= 1 << bit
            key = _derive_key(key, key_id, walked)
    return key


def working_key(initial: bytes, key_id: bytes, counter: int, usage: Usage, size: int = 16) -> bytes:
    """The key that one transaction uses for one purpose (office side).

    Args:
        initial: the device's initial key, see `initial_key`.
        key_id: the device's initial key id, `KEY_ID_BYTES`.
        counter: the transaction counter out of the KSN.
        usage: the purpose.
        size: length of the working key in bytes: 16, 24 or 32.

    Raises:
        LocalMisuse: a length is wrong, or no device uses this counter.
    """
    key = transaction_key(initial, key_id, counter)
    return _derive(key, usage, size, key_id[4:] + counter.to_bytes(4, "big"))


class Ksn(msgspec.Struct, frozen=True):
    """A key serial number: which device, and its how many-th transaction."""

    key_id: bytes
    counter: int

    def pack(self) -> bytes:
        """The `KSN_BYTES` that travel beside a PIN block."""
        return self.key_id + self.counter.to_bytes(4, "big")

    @classmethod
    def parse(cls, packed: bytes) -> Ksn:
        """Read `KSN_BYTES`.

        Raises:
            LocalMisuse: the length is wrong.
        """
        if len(packed) != KSN_BYTES:
            raise LocalMisuse("a key serial number has 12 bytes")
        return cls(packed[:KEY_ID_BYTES], int.from_bytes(packed[KEY_ID_BYTES:], "big"))


class FutureKeys(msgspec.Struct, frozen=True):
    """What a device holds: one future key for each bit of the counter, None where used up.

    A value, not a place: `advance` returns the next register, so that a device can store it before
    it uses the key, and a power cut loses a key but never repeats one.

    Attributes:
        key_id: the device's initial key id.
        counter: the last counter handed out; 0 for a fresh device.
        keys: by bit number, `COUNTER_BITS` of them.
    """

    key_id: bytes
    counter: int
    keys: tuple[bytes | None, ...]

    def __repr__(self) -> str:
        return f"FutureKeys(counter={self.counter})"

    @classmethod
    def inject(cls, initial: bytes, key_id: bytes) -> FutureKeys:
        """The register of a fresh device; the initial key itself is not kept."""
        keys = tuple(_derive_key(initial, key_id, 1 << bit) for bit in range(COUNTER_BITS))
        return cls(key_id, 0, keys)

    def advance(self) -> tuple[FutureKeys, TransactionKey]:
        """Take the next transaction's key.

        Returns:
            The register to store first, and the key.

        Raises:
            KeysExhausted: no counter is left.
        """
        counter = _next_counter(self.counter)
        if counter >= 1 << COUNTER_BITS:
            raise KeysExhausted("this device needs a new initial key")
        lowest = (counter & -counter).bit_length() - 1
        key = self.keys[lowest]
        assert key is not None, "a future key is erased only after its last counter"
        keys = list(self.keys)
        keys[lowest] = None
        for bit in range(lowest):
            keys[bit] = _derive_key(key, self.key_id, counter | 1 << bit)
        return FutureKeys(self.key_id, counter, tuple(keys)), TransactionKey(
            Ksn(self.key_id, counter), key
        )


class TransactionKey(msgspec.Struct, frozen=True):
    """One transaction's derivation key, to be used once and dropped."""

    ksn: Ksn
    key: bytes

    def __repr__(self) -> str:
        return f"TransactionKey(counter={self.ksn.counter})"

    def working_key(self, usage: Usage, size: int = 16) -> bytes:
        """The key of this transaction for one purpose; `size` is 16, 24 or 32 bytes."""
        tail = self.ksn.key_id[4:] + self.ksn.counter.to_bytes(4, "big")
        return _derive(self.key, usage, size, tail)


def _next_counter(counter: int) -> int:
    """The following counter with at most `COUNTER_ONES_MAX` one-bits."""
    counter += 1
    while counter.bit_count() > COUNTER_ONES_MAX:
        counter += counter & -counter
    return counter


__all__ = [
    "COUNTER_BITS",
    "COUNTER_ONES_MAX",
    "KEY_ID_BYTES",
    "KSN_BYTES",
    "FutureKeys",
    "KeysExhausted",
    "Ksn",
    "TransactionKey",
    "Usage",
    "initial_key",
    "transaction_key",
    "working_key",
]
