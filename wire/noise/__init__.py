"""The Noise Protocol Framework, revision 34, as `25519_ChaChaPoly_BLAKE2b`.

Sans-IO: bytes in, bytes out. One file for each concept of the specification:

    primitives        §4, §12   curve, cipher, hash; nothing that keeps state
    patterns          §7, §9    handshakes as tables of tokens
    cipher_state      §5.1      a key and its counter
    symmetric_state   §5.2      the running hash and secret
    handshake_state   §5.3      the interpreter of patterns
    transport         §5.3      the sealed conversation that remains

Noise revision 34: https://noiseprotocol.org/noise.html
"""

from wire.noise.handshake_state import Handshake
from wire.noise.patterns import IK, KK, NK, PATTERNS, XX, IKpsk2, Pattern, Role, Token, XXpsk3
from wire.noise.primitives import KeyPair
from wire.noise.transport import MESSAGE_BYTES_MAX, PLAINTEXT_BYTES_MAX, Transport

__all__ = [
    "Handshake",
    "Transport",
    "KeyPair",
    "Role",
    "Pattern",
    "Token",
    "PATTERNS",
    "IK",
    "IKpsk2",
    "XX",
    "XXpsk3",
    "NK",
    "KK",
    "MESSAGE_BYTES_MAX",
    "PLAINTEXT_BYTES_MAX",
]
