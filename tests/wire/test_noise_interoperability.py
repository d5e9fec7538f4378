"""The wire talks to `noiseprotocol`, an implementation that shares no line with it."""

from __future__ import annotations

import pytest
from noise.connection import (  # type: ignore[import-untyped]  # it ships without types
    Keypair,
    NoiseConnection,
)
from noise.exceptions import NoiseInvalidMessage  # type: ignore[import-untyped]  # without types

from tests.kit.noise_pair import INITIATOR_STATIC, PSK, RESPONDER_STATIC, other, side
from wire.errors import PeerMisbehaved
from wire.noise import PATTERNS, Pattern, Role, Transport

BOTH_ROLES = pytest.mark.parametrize("ours", Role, ids=lambda role: f"we-are-{role.value}")
ALL = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
STATICS = {Role.INITIATOR: INITIATOR_STATIC, Role.RESPONDER: RESPONDER_STATIC}


def stranger(pattern: Pattern, role: Role) -> NoiseConnection:
    """The other implementation in `role`, with the keys that the pattern asks for."""
    connection = NoiseConnection.from_name(pattern.protocol_name.encode())
    if role is Role.INITIATOR:
        connection.set_as_initiator()
    else:
        connection.set_as_responder()
    connection.set_prologue(b"bank")
    if pattern.has_psk:
        connection.set_psks(psk=PSK)
    if pattern.needs_static(role):
        connection.set_keypair_from_private_bytes(Keypair.STATIC, STATICS[role].private)
    if pattern.known(other(role)):
        connection.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, STATICS[other(role)].public)
    connection.start_handshake()
    return connection


def shaken(pattern: Pattern, ours: Role) -> tuple[Transport, NoiseConnection]:
    """A finished handshake between the two implementations, with a payload in every message."""
    handshake, peer = side(pattern, ours), stranger(pattern, other(ours))
    for number, _ in enumerate(pattern.messages):
        payload = b"payload %d" % number
        if handshake.my_turn:
            assert payload == bytes(peer.read_message(handshake.write(payload)))
        else:
            assert payload == handshake.read(bytes(peer.write_message(payload)))
    assert handshake.finished
    assert peer.handshake_finished
    return handshake.into_transport(), peer


@ALL
@BOTH_ROLES
def test_handshake_transport_and_rekeying(pattern: Pattern, ours: Role) -> None:
    """Same hash, messages of every size both ways, then new keys and messages again."""
    transport, peer = shaken(pattern, ours)
    assert peer.get_handshake_hash() == transport.handshake_hash

    for _ in range(3):
        for size in (0, 1, 200, 5000):
            message = bytes(size)
            assert message == peer.decrypt(transport.seal(message))
            assert message == transport.open(bytes(peer.encrypt(message)))
        transport.rekey_sending()
        peer.rekey_inbound_cipher()
        peer.rekey_outbound_cipher()
        transport.rekey_receiving()


@ALL
@BOTH_ROLES
def test_neither_accepts_damage(pattern: Pattern, ours: Role) -> None:
    """A changed bit is refused on both sides of the language border."""
    transport, peer = shaken(pattern, ours)
    outward, inward = bytearray(transport.seal(b"text")), bytearray(peer.encrypt(b"text"))
    outward[0] ^= 1
    inward[-1] ^= 1

    with pytest.raises(NoiseInvalidMessage):
        peer.decrypt(bytes(outward))
    with pytest.raises(PeerMisbehaved):
        transport.open(bytes(inward))
