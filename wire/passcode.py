"""Staff passcodes, stored so that a stolen list is of little use.

A passcode is kept as an Argon2id hash (RFC 9106) with its own salt; the stored text names the cost,
so that a later, higher cost leaves old entries valid. Hashing is slow and needs memory on purpose:
run it beside the loop, through the `Offload` port. How many attempts somebody has is not decided
here.

Invariant: no passcode is in a stored text, a repr or an exception; comparison takes constant time.
"""

from __future__ import annotations

import base64
import hmac
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from nacl.pwhash import argon2id

from wire.errors import LocalMisuse, WireError

PASSCODE_CHARS_MAX: Final = 128
"""The longest passcode, in characters."""
SALT_BYTES: Final = argon2id.SALTBYTES
HASH_BYTES: Final = 32
"""Length of what is stored of a passcode."""
STORED_CHARS_MAX: Final = 128
"""The longest stored text that is looked at, in characters."""


class PasscodeRecordDamaged(WireError):
    """A stored text that `hash_passcode` did not write; the store, not the person, is at fault."""


class Cost(StrEnum):
    """How much work one guess takes; the name is part of the stored text."""

    INTERACTIVE = "interactive"
    """64 MiB, two passes: what people wait for without noticing."""
    MINIMUM = "minimum"
    """8 KiB, one pass: for tests and simulations only."""


_LIMITS: Final = {
    Cost.INTERACTIVE: (argon2id.OPSLIMIT_INTERACTIVE, argon2id.MEMLIMIT_INTERACTIVE),
    Cost.MINIMUM: (argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN),
}


def hash_passcode(passcode: str, entropy: Callable[[int], bytes], cost: Cost) -> str:
    """The text to store for `passcode`: `argon2id$<cost>$<salt>$<hash>`.

    Raises:
        LocalMisuse: the passcode is empty, longer than `PASSCODE_CHARS_MAX`, or not encodable; or
            `entropy` returned the wrong number of bytes.
    """
    secret = _normal(passcode)
    salt = entropy(SALT_BYTES)
    if secret is None:
        raise LocalMisuse(f"a passcode has 1 to {PASSCODE_CHARS_MAX} encodable characters")
    if len(salt) != SALT_BYTES:
        raise LocalMisuse("entropy of the wrong length")
    return _record(cost, salt, _derived(secret, salt, cost))


def verify_passcode(stored: str, passcode: str) -> bool:
    """Whether `passcode` is the one that `stored` was made from; False for an impossible passcode.

    Raises:
        PasscodeRecordDamaged: `stored` is no text of `hash_passcode`.
    """
    parts = _parts(stored)
    if parts is None:
        raise PasscodeRecordDamaged("a stored passcode is damaged")
    cost, salt, expected = parts
    secret = _normal(passcode)
    return secret is not None and hmac.compare_digest(expected, _derived(secret, salt, cost))


def _derived(secret: bytes, salt: bytes, cost: Cost) -> bytes:
    operations, memory_bytes = _LIMITS[cost]
    derived: bytes = argon2id.kdf(
        HASH_BYTES, secret, salt, opslimit=operations, memlimit=memory_bytes
    )
    return derived


def _normal(passcode: str) -> bytes | None:
    """The same bytes however the keyboard composed the characters (NIST SP 800-63B §5.1.1.2)."""
    if not 0 < len(passcode) <= PASSCODE_CHARS_MAX:
        return None
    try:
        return unicodedata.normalize("NFKC", passcode).encode()
    except UnicodeEncodeError:
        return None


def _record(cost: Cost, salt: bytes, derived: bytes) -> str:
    return f"argon2id${cost}${base64.b64encode(salt).decode()}${base64.b64encode(derived).decode()}"


def _parts(stored: str) -> tuple[Cost, bytes, bytes] | None:
    """Cost, salt and hash of a stored text, or None if writing them again gives another text."""
    if len(stored) > STORED_CHARS_MAX:
        return None
    try:
        _, name, salt_text, hash_text = stored.split("$")
        cost, salt, derived = Cost(name), base64.b64decode(salt_text), base64.b64decode(hash_text)
    except ValueError:
        return None
    if len(salt) != SALT_BYTES or len(derived) != HASH_BYTES:
        return None
    return (cost, salt, derived) if _record(cost, salt, derived) == stored else None


__all__ = ["Cost", "PasscodeRecordDamaged", "hash_passcode", "verify_passcode"]
