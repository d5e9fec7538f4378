"""The office's security module, in software: the only place that ever sees a clear PIN.

It holds the base derivation key from which every PIN pad's key follows (AES DUKPT) and the key
under which PINs are verified. A PIN block goes in, a verifier comes out: 32 bytes that prove a PIN
for one card without containing it, and that nobody can search without the verification key. The
clear PIN lives for the length of one call, in local variables.

This is a software model of a certified device; it claims no certification (PCI PTS, PCI PIN).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
import psec

from wire.codec import decode_json, encode_json
from wire.dukpt import KEY_ID_BYTES, Ksn, Usage, initial_key, working_key
from wire.errors import BadFrame, WireError
from wire.masked import Pan
from wire.messages.case import PinBlock

PIN_DIGITS: Final = 6
"""The length of every PIN of this bank."""

KEY_BYTES: Final = 16
"""The base derivation key: AES-128."""

VERIFICATION_KEY_BYTES: Final = 32
"""The key under which PINs are verified; a shorter one could be searched for."""


class PinRefused(Exception):
    """A block that does not open to a PIN for this card, under this pad's keys; no detail."""


class BadModule(Exception):
    """The key file of the security module cannot be used."""


class _Keys(msgspec.Struct, frozen=True):
    base: bytes
    base_id: bytes
    verification: bytes


class SecurityModule:
    """Derives pads' keys and turns PIN blocks into verifiers."""

    def __init__(self, keys: bytes) -> None:
        """Open the module on the content of its key file, as `create` made it.

        Raises:
            BadModule: the content is not that of a key file.
        """
        try:
            self._keys = decode_json(_Keys, keys)
        except BadFrame:
            raise BadModule("the security module's key file is damaged") from None
        lengths = tuple(map(len, msgspec.structs.astuple(self._keys)))
        if lengths != (KEY_BYTES, KEY_ID_BYTES // 2, VERIFICATION_KEY_BYTES):
            raise BadModule("the security module's key file is damaged")

    def __repr__(self) -> str:
        return "SecurityModule()"

    @staticmethod
    def create(entropy: Callable[[int], bytes]) -> bytes:
        """The content of a new key file; keep it where only the office can read it."""
        base, base_id = entropy(KEY_BYTES), entropy(KEY_ID_BYTES // 2)
        return encode_json(_Keys(base, base_id, entropy(VERIFICATION_KEY_BYTES)))

    def pad_key(self, serial: int) -> tuple[bytes, bytes]:
        """(key id, initial key) to inject into the PIN pad with this serial number."""
        key_id = self._keys.base_id + serial.to_bytes(KEY_ID_BYTES // 2, "big")
        return key_id, initial_key(self._keys.base, key_id)

    def verifier(self, pin: PinBlock, pan: Pan) -> bytes:
        """The verifier of the PIN in a block, for one card; equal PINs give equal verifiers.

        Raises:
            PinRefused: the block is not from one of our pads, or not for this card.
        """
        clear = self._open(pin, pan)
        proof = hashlib.blake2b(digest_size=32, key=self._keys.verification, person=b"pin-verifier")
        proof.update(encode_json((pan.digits, clear)))
        return proof.digest()

    def seal(self, body: bytes) -> bytes:
        """A keyed hash, 32 bytes: compares short secrets, such as one-time codes, without them."""
        key = self._keys.verification
        return hashlib.blake2b(body, digest_size=32, key=key, person=b"one-time-code").digest()

    def _open(self, pin: PinBlock, pan: Pan) -> str:
        try:
            ksn = Ksn.parse(pin.key_serial)
            if ksn.key_id[: KEY_ID_BYTES // 2] != self._keys.base_id:
                raise PinRefused
            initial = initial_key(self._keys.base, ksn.key_id)
            key = working_key(initial, ksn.key_id, ksn.counter, Usage.PIN_ENCRYPTION)
            clear = psec.pinblock.decipher_pinblock_iso_4(key, pin.block, pan.digits)
        except (WireError, ValueError):
            raise PinRefused from None
        if len(clear) != PIN_DIGITS or not clear.isdigit():
            raise PinRefused
        return clear


__all__ = [
    "KEY_BYTES",
    "PIN_DIGITS",
    "VERIFICATION_KEY_BYTES",
    "BadModule",
    "PinRefused",
    "SecurityModule",
]
