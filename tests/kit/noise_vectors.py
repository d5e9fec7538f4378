"""Checks the wire's Noise implementation against a file of published test vectors.

    python -m tests.kit.noise_vectors FILE

Reads the JSON format that the "cacophony" and "snow" vectors share. Every vector is played in both
roles: each side must write exactly the published bytes and read them back to the published payload,
in the handshake and after it, and both must end with the published handshake hash where there is
one. Vectors of patterns, curves, ciphers or hashes that the wire does not have are skipped, and so
are one-way and fallback forms.

Prints one line, `N passed, N failed, N skipped`; names each failure on stderr. Exits with 0, with 1
after a failure, or with 2 for a file that it cannot read.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec

from wire.errors import WireError
from wire.noise import PATTERNS, Handshake, KeyPair, Pattern, Role, Transport
from wire.noise.patterns import CIPHER_SUITE

EXIT_FAILED: Final = 1
EXIT_UNREADABLE: Final = 2


class Unreadable(Exception):
    """The file is no file of vectors."""


class Mismatch(Exception):
    """The implementation and the vector disagree, or the vector is malformed."""


class Verdict(Enum):
    """What became of one vector."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Exchange(msgspec.Struct, frozen=True):
    """One message of a vector, in hexadecimal."""

    payload: str
    ciphertext: str


class Vector(msgspec.Struct, frozen=True):
    """One published vector; keys in hexadecimal, absent where the pattern has none."""

    messages: list[Exchange]
    init_prologue: str = ""
    init_psks: list[str] = []
    init_static: str | None = None
    init_ephemeral: str | None = None
    init_remote_static: str | None = None
    resp_prologue: str = ""
    resp_psks: list[str] = []
    resp_static: str | None = None
    resp_ephemeral: str | None = None
    resp_remote_static: str | None = None
    handshake_hash: str | None = None

    def side(self, role: Role, pattern: Pattern) -> Handshake:
        """The handshake of one side, with the published keys that its pattern asks for."""
        first = role is Role.INITIATOR
        other = Role.RESPONDER if first else Role.INITIATOR
        ephemeral = _bytes("ephemeral", self.init_ephemeral if first else self.resp_ephemeral)
        static = self.init_static if first else self.resp_static
        remote_static = self.init_remote_static if first else self.resp_remote_static
        psks = self.init_psks if first else self.resp_psks
        if pattern.has_psk and len(psks) != 1:
            raise Mismatch(f"{role.value}: {len(psks)} pre-shared keys for a pattern with one")
        return Handshake(
            pattern,
            role,
            prologue=_bytes("prologue", self.init_prologue if first else self.resp_prologue),
            static=(
                KeyPair.from_private(_bytes("static", static))
                if pattern.needs_static(role)
                else None
            ),
            remote_static=(
                _bytes("remote_static", remote_static) if pattern.known(other) else None
            ),
            psk=_bytes("psk", psks[0]) if pattern.has_psk else None,
            entropy=lambda _size: ephemeral,
        )


def _bytes(name: str, text: str | None) -> bytes:
    if text is None:
        raise Mismatch(f"{name} is missing")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Mismatch(f"{name} is not hexadecimal") from None


def load(path: Path) -> list[object]:
    """The entries of a vector file.

    Raises:
        Unreadable: no such file, no JSON, or no list of vectors in it.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(f"{path}: {error}") from error
    vectors = document.get("vectors") if isinstance(document, dict) else None
    if not isinstance(vectors, list):
        raise Unreadable(f"{path}: there is no list of vectors in it")
    return vectors


def name_of(entry: object) -> str:
    """The protocol name that an entry goes by."""
    if not isinstance(entry, dict):
        return "(nameless)"
    return str(entry.get("protocol_name") or entry.get("name") or "(nameless)")


def judge(entry: object) -> tuple[Verdict, str]:
    """Whether the implementation agrees with one entry, and what was wrong if not."""
    name = name_of(entry)
    if not isinstance(entry, dict) or name == "(nameless)":
        return Verdict.FAILED, "it is no vector, or has no name"
    prefix, _, rest = name.partition("_")
    pattern_name, _, suite = rest.partition("_")
    pattern = PATTERNS.get(pattern_name)
    if prefix != "Noise" or suite != CIPHER_SUITE or pattern is None or entry.get("fallback"):
        return Verdict.SKIPPED, ""
    try:
        play(msgspec.convert(entry, Vector), pattern)
    except (Mismatch, WireError, msgspec.ValidationError) as error:
        return Verdict.FAILED, str(error)
    return Verdict.PASSED, ""


def play(vector: Vector, pattern: Pattern) -> None:
    """Play one vector in both roles.

    Raises:
        Mismatch: something differs from the publication.
        WireError: the implementation refused what was published.
    """
    sides = vector.side(Role.INITIATOR, pattern), vector.side(Role.RESPONDER, pattern)
    handshake_messages = len(pattern.messages)
    if len(vector.messages) < handshake_messages:
        raise Mismatch("it ends before the handshake does")
    for number in range(handshake_messages):
        writer, reader = sides if number % 2 == 0 else sides[::-1]
        payload, message = _exchange(vector, number)
        _same(f"message {number}, written", message, writer.write(payload))
        _same(f"message {number}, read", payload, reader.read(message))
    transports = sides[0].into_transport(), sides[1].into_transport()
    _check_hash(vector, transports)
    for number in range(handshake_messages, len(vector.messages)):
        sender, receiver = transports if number % 2 == 0 else transports[::-1]
        payload, message = _exchange(vector, number)
        _same(f"message {number}, sealed", message, sender.seal(payload))
        _same(f"message {number}, opened", payload, receiver.open(message))


def _exchange(vector: Vector, number: int) -> tuple[bytes, bytes]:
    exchange = vector.messages[number]
    return (
        _bytes(f"payload {number}", exchange.payload),
        _bytes(f"ciphertext {number}", exchange.ciphertext),
    )


def _check_hash(vector: Vector, transports: tuple[Transport, Transport]) -> None:
    for role, transport in zip(Role, transports, strict=True):
        if vector.handshake_hash is not None:
            published = _bytes("handshake_hash", vector.handshake_hash)
            _same(f"handshake hash, {role.value}", published, transport.handshake_hash)
    _same("both handshake hashes", transports[0].handshake_hash, transports[1].handshake_hash)


def _same(what: str, published: bytes, ours: bytes) -> None:
    if published != ours:
        raise Mismatch(f"{what}: it differs")


def main(arguments: Sequence[str]) -> int:
    """Check the one file named in `arguments`; the exit code."""
    if len(arguments) != 1:
        print("usage: python -m tests.kit.noise_vectors FILE", file=sys.stderr)  # noqa: T201  a command
        return EXIT_UNREADABLE
    try:
        entries = load(Path(arguments[0]))
    except Unreadable as error:
        print(error, file=sys.stderr)  # noqa: T201  a command's output
        return EXIT_UNREADABLE
    tally: Counter[Verdict] = Counter()
    for number, entry in enumerate(entries):
        verdict, reason = judge(entry)
        tally[verdict] += 1
        if verdict is Verdict.FAILED:
            line = f"vector {number}, {name_of(entry)}: {reason}"
            print(line, file=sys.stderr)  # noqa: T201  a command's output
    print(", ".join(f"{tally[verdict]} {verdict.value}" for verdict in Verdict))  # noqa: T201  a command's output
    return EXIT_FAILED if tally[Verdict.FAILED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
