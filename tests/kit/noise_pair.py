"""Two sides of a Noise handshake, from a seed: the same keys and the same bytes every time."""

from __future__ import annotations

import random
from collections.abc import Callable

from wire.noise import Handshake, KeyPair, Pattern, Role, Transport

PSK = bytes(range(32))


def entropy_from(seed: int) -> Callable[[int], bytes]:
    """An entropy port that everybody can guess."""
    return random.Random(seed).randbytes


INITIATOR_STATIC = KeyPair.generate(entropy_from(1))
RESPONDER_STATIC = KeyPair.generate(entropy_from(2))
_STATICS = {Role.INITIATOR: INITIATOR_STATIC, Role.RESPONDER: RESPONDER_STATIC}


def other(role: Role) -> Role:
    """The role that faces `role`."""
    return Role.RESPONDER if role is Role.INITIATOR else Role.INITIATOR


def side(
    pattern: Pattern,
    role: Role,
    *,
    prologue: bytes = b"bank",
    psk: bytes | None = PSK,
    seed: int = 3,
) -> Handshake:
    """One side, with exactly the keys that the pattern asks for; `psk` only where it has one."""
    return Handshake(
        pattern,
        role,
        prologue=prologue,
        static=_STATICS[role] if pattern.needs_static(role) else None,
        remote_static=_STATICS[other(role)].public if pattern.known(other(role)) else None,
        psk=psk if pattern.has_psk else None,
        entropy=entropy_from(seed + (role is Role.RESPONDER)),
    )


def sides(pattern: Pattern, *, seed: int = 3) -> tuple[Handshake, Handshake]:
    """Initiator and responder that suit each other."""
    return side(pattern, Role.INITIATOR, seed=seed), side(pattern, Role.RESPONDER, seed=seed)


def shake(initiator: Handshake, responder: Handshake, payload: bytes = b"") -> list[bytes]:
    """Pass messages until both sides are done, each with `payload`; the payloads that arrived."""
    arrived: list[bytes] = []
    while not (initiator.finished and responder.finished):
        writer, reader = (initiator, responder) if initiator.my_turn else (responder, initiator)
        arrived.append(reader.read(writer.write(payload)))
    return arrived


def transports(pattern: Pattern, *, seed: int = 3) -> tuple[Transport, Transport]:
    """The two ends of a finished conversation."""
    initiator, responder = sides(pattern, seed=seed)
    shake(initiator, responder)
    return initiator.into_transport(), responder.into_transport()
