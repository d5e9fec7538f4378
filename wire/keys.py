"""Who a device is: its two key pairs, what it signs with them, and how it is invited in.

A device (tablet, desk or office) has a Curve25519 pair for the Noise handshake and an Ed25519 pair
for signatures that outlive the conversation. Signatures name what they are for, so that a decision
can never be passed off as a slip. An invitation is the content of the QR code with which the office
lets a new device in. Deciding which public keys are trusted is not done here.

Invariant: no private key and no one-time code is ever in a repr, an exception or a pickle; the key
file is the only place where private keys leave the process.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, quote

import msgspec
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import CryptoError

from wire.codec import decode_json, encode_json
from wire.errors import BadFrame, LocalMisuse, PeerMisbehaved, WireError
from wire.noise.primitives import DH_BYTES, Entropy, KeyPair, NeverPickled
from wire.private_file import write_private

SEED_BYTES: Final = 32
"""Length of the secret an Ed25519 pair grows from (RFC 8032 §5.1.5)."""
SIGNING_PUBLIC_BYTES: Final = 32
"""Length of an Ed25519 public key."""
SIGNATURE_BYTES: Final = 64
"""Length of an Ed25519 signature."""

DECISION: Final = b"backpack/decision/1"
"""An authorizer's decision on one version of a case."""
SETTLEMENT: Final = b"backpack/settlement/1"
"""What a person says of a leg that the machine gave up."""
SUBMISSION: Final = b"backpack/submission/1"
"""A terminal's submission of a case."""
SLIP: Final = b"backpack/slip/1"
"""A slip as the customer signed it on the terminal."""
SLIP_OFFICE: Final = b"backpack/slip-office/1"
"""The office's counter-signature on a slip."""
ENROL: Final = b"backpack/enrol/1"
"""A device's proof, at enrolment, that it holds its signing key."""

CONTEXT_BYTES_MAX: Final = 255
"""The longest signature context, in bytes; its length is signed as one byte."""
KEY_FILE_BYTES_MAX: Final = 4096
"""The largest key file that is read, in bytes."""
KEY_FILE_VERSION: Final = 1
"""What a key file says about its own form."""

INVITATION_CHARS_MAX: Final = 512
"""The longest invitation, in characters: what a QR code on a screen still shows readably."""
ADDRESS_CHARS_MAX: Final = 200
"""The longest address in an invitation, in characters."""
TICKET_CHARS_MAX: Final = 64
"""The longest ticket of an invitation, in characters."""
CODE_BYTES: Final = 16
"""Length of the one-time code of an invitation: 128 bits."""

_PSK_CONTEXT: Final = b"backpack/enrolment-psk/1"
_FINGERPRINT_BYTES: Final = 15
_INVITATION_PREFIX: Final = "backpack:enrol?"
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class KeyFileUnusable(WireError):
    """This machine's key file is missing, damaged, unsafe or already there; a person must look."""


class BadInvitation(PeerMisbehaved):
    """A text, typically from a QR code, that is no valid invitation."""


@dataclass(frozen=True, slots=True)
class SigningKeyPair(NeverPickled):
    """An Ed25519 pair (RFC 8032); compares and prints by its public half alone.

    Attributes:
        seed: the secret, 32 bytes.
        public: what others verify with, 32 bytes; computed from `seed`.

    Raises:
        LocalMisuse: `seed` is not 32 bytes long.
    """

    seed: bytes = field(repr=False, compare=False)
    public: bytes = field(init=False)
    _secret: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise LocalMisuse(f"a signing seed is {SEED_BYTES} bytes long")
        public, secret = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "public", public)
        object.__setattr__(self, "_secret", secret)

    def sign(self, context: bytes, body: bytes) -> bytes:
        """64 bytes that prove this key said `body` in `context`, one of the constants above.

        Raises:
            LocalMisuse: the context is empty or longer than `CONTEXT_BYTES_MAX`.
        """
        signed: bytes = crypto_sign(_in_context(context, body), self._secret)
        return signed[:SIGNATURE_BYTES]


def verify(public: bytes, context: bytes, body: bytes, signature: bytes) -> bool:
    """Whether the holder of `public` signed `body` in `context`; False for anything malformed.

    Raises:
        LocalMisuse: the context is empty or longer than `CONTEXT_BYTES_MAX`.
    """
    message = _in_context(context, body)
    if len(public) != SIGNING_PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except CryptoError:
        return False
    return True


def _in_context(context: bytes, body: bytes) -> bytes:
    """What is signed: the context with its length in front, so no body can imitate another's."""
    if not 0 < len(context) <= CONTEXT_BYTES_MAX:
        raise LocalMisuse(f"a signature context has 1 to {CONTEXT_BYTES_MAX} bytes")
    return bytes([len(context)]) + context + body


def fingerprint(public: bytes) -> str:
    """A public key as people compare it: 120 bits of its hash, six groups of four letters."""
    digest = hashlib.blake2b(
        public, digest_size=_FINGERPRINT_BYTES, person=b"backpack/fp/1"
    ).digest()
    letters = base64.b32encode(digest).decode()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key file's content; JSON, the secrets in base64."""

    version: Literal[1]
    noise: bytes
    signing: bytes

    def __repr__(self) -> str:
        return "<key file>"


@dataclass(frozen=True, slots=True)
class DeviceKeys(NeverPickled):
    """The identity of one device; prints its public halves only.

    Attributes:
        noise: the static pair of its handshakes.
        signing: the pair of its signatures.
    """

    noise: KeyPair
    signing: SigningKeyPair

    @classmethod
    def generate(cls, entropy: Entropy) -> DeviceKeys:
        """A new identity, from 64 bytes of `entropy`.

        Raises:
            LocalMisuse: `entropy` returned another number of bytes than it was asked for.
        """
        return cls(KeyPair.generate(entropy), SigningKeyPair(entropy(SEED_BYTES)))

    def save(self, path: Path) -> None:
        """Write a new key file that only its owner can read, whole or not at all.

        An existing file is never replaced: a device that loses its keys must be enrolled again.
        One program owns one key file.

        Raises:
            KeyFileUnusable: there is a file already, or the disk refuses.
        """
        content = encode_json(_KeyFile(KEY_FILE_VERSION, self.noise.private, self.signing.seed))
        try:
            if path.exists():
                raise KeyFileUnusable(f"{path} exists already")
            write_private(path, content)
        except OSError as error:
            raise KeyFileUnusable(f"{path} cannot be written: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path) -> DeviceKeys:
        """Read a key file.

        Raises:
            KeyFileUnusable: missing, not a plain file, readable by others (where the system knows
                such permissions), too large, damaged or of an unknown version.
        """
        try:
            with path.open("rb") as file:
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode):
                    raise KeyFileUnusable(f"{path} is not a plain file")
                if os.name == "posix" and state.st_mode & 0o077:
                    raise KeyFileUnusable(f"{path} is open to others; allow its owner alone (0600)")
                content = file.read(KEY_FILE_BYTES_MAX + 1)
        except OSError as error:
            raise KeyFileUnusable(f"{path} cannot be read: {error.strerror}") from error
        try:
            secrets = decode_json(_KeyFile, content, bytes_max=KEY_FILE_BYTES_MAX)
            return cls(KeyPair.from_private(secrets.noise), SigningKeyPair(secrets.signing))
        except (BadFrame, LocalMisuse):
            # Without its cause: a parser's complaint may quote what it read.
            raise KeyFileUnusable(f"{path} is no key file of version {KEY_FILE_VERSION}") from None


@dataclass(frozen=True, slots=True)
class Invitation(NeverPickled):
    """What the office shows to a new device as a QR code: where to call, whom, and the secret.

    Attributes:
        address: where the office listens, such as `ws://10.0.0.1:7420`; printable ASCII.
        office_public: the office's static Noise key, 32 bytes.
        ticket: names this invitation to the office; no secret.
        code: the one-time secret, 16 bytes.

    Raises:
        BadInvitation: a part is empty, too long, or has characters that it may not have.
    """

    address: str
    office_public: bytes
    ticket: str
    code: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.address) <= ADDRESS_CHARS_MAX or not all(
            "!" <= letter <= "~" for letter in self.address
        ):
            raise BadInvitation("the address of an invitation is malformed")
        if not 0 < len(self.ticket) <= TICKET_CHARS_MAX or not _UNRESERVED.issuperset(self.ticket):
            raise BadInvitation("the ticket of an invitation is malformed")
        if len(self.office_public) != DH_BYTES or len(self.code) != CODE_BYTES:
            raise BadInvitation("a key of an invitation has the wrong length")

    @property
    def psk(self) -> bytes:
        """The pre-shared key of the enrolment handshake: BLAKE2b-256 of a context and the code."""
        return hashlib.blake2b(_PSK_CONTEXT + self.code, digest_size=32).digest()

    def to_uri(self) -> str:
        """The one `backpack:` URI of this invitation; it contains the secret.

        Raises:
            BadInvitation: longer than `INVITATION_CHARS_MAX`, from an address full of odd letters.
        """
        uri = (
            f"{_INVITATION_PREFIX}v=1&a={quote(self.address, safe='')}&t={self.ticket}"
            f"&k={_base64url(self.office_public)}&c={_base64url(self.code)}"
        )
        if len(uri) > INVITATION_CHARS_MAX:
            raise BadInvitation("the invitation is too long")
        return uri

    @classmethod
    def from_uri(cls, text: str) -> Invitation:
        """Read an invitation; only the exact text that `to_uri` writes is accepted.

        Raises:
            BadInvitation: anything else.
        """
        invitation = cls._parsed(text)
        if invitation is None or invitation.to_uri() != text:
            raise BadInvitation("this is no invitation to Backpack Bank")
        return invitation

    @classmethod
    def _parsed(cls, text: str) -> Invitation | None:
        if len(text) > INVITATION_CHARS_MAX or not text.startswith(_INVITATION_PREFIX):
            return None
        try:
            parts = dict(parse_qsl(text.removeprefix(_INVITATION_PREFIX), strict_parsing=True))
            return cls(
                parts["a"],
                base64.urlsafe_b64decode(parts["k"] + "="),
                parts["t"],
                base64.urlsafe_b64decode(parts["c"] + "=="),
            )
        except (ValueError, KeyError):
            return None


def _base64url(data: bytes) -> str:
    """Base64 for URIs without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


__all__ = [
    "DeviceKeys",
    "KeyFileUnusable",
    "SigningKeyPair",
    "verify",
    "DECISION",
    "SETTLEMENT",
    "SUBMISSION",
    "SLIP",
    "SLIP_OFFICE",
    "ENROL",
    "fingerprint",
    "Invitation",
    "BadInvitation",
]
