"""Handshake patterns as tables of tokens (Noise revision 34, §7 and §9).

A pattern says which static keys are known beforehand and, message by message, what is sent and what
is mixed in. It does nothing by itself: `wire.noise.handshake_state` interprets any table of this
form, so another pattern is another line here. One-way and fallback patterns are deliberately
absent; every conversation of the bank has two sides.

Invariant: messages alternate, the initiator writes the first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Final

from wire.noise.primitives import DH_BYTES, TAG_BYTES

CIPHER_SUITE: Final = "25519_ChaChaPoly_BLAKE2b"
"""Curve, cipher and hash, in the spelling of §8."""


class Role(Enum):
    """Which side of the handshake one plays."""

    INITIATOR = "initiator"
    RESPONDER = "responder"


class Token(Enum):
    """One step of a message (§7.1, §9.2).

    The two letters of a Diffie-Hellman token name the initiator's key, then the responder's.
    """

    E = "e"
    S = "s"
    EE = "ee"
    ES = "es"
    SE = "se"
    SS = "ss"
    PSK = "psk"


E, S, EE, ES, SE, SS, PSK = Token

Tokens = tuple[Token, ...]


@dataclass(frozen=True)
class Pattern:
    """One handshake, as data.

    Attributes:
        name: as in the protocol name, modifiers included.
        initiator_known: what the responder knows of the initiator beforehand: nothing, or `S`.
        responder_known: what the initiator knows of the responder beforehand: nothing, or `S`.
        messages: the tokens of each message, the initiator's first.
    """

    name: str
    messages: tuple[Tokens, ...]
    initiator_known: Tokens = ()
    responder_known: Tokens = ()

    @property
    def protocol_name(self) -> str:
        """The full name of §8, such as `Noise_IK_25519_ChaChaPoly_BLAKE2b`."""
        return f"Noise_{self.name}_{CIPHER_SUITE}"

    @cached_property
    def has_psk(self) -> bool:
        """Whether a pre-shared key takes part."""
        return any(PSK in tokens for tokens in self.messages)

    def known(self, role: Role) -> Tokens:
        """What the other side knows of the one in `role` before the first message."""
        return self.initiator_known if role is Role.INITIATOR else self.responder_known

    def needs_static(self, role: Role) -> bool:
        """Whether the side in `role` must bring a static key pair."""
        first = 0 if role is Role.INITIATOR else 1
        return S in self.known(role) or any(S in tokens for tokens in self.messages[first::2])

    def psk(self, position: int) -> Pattern:
        """This pattern with the modifier `psk<position>` (§9.4).

        Position 0 mixes the pre-shared key in before the first message's tokens, any other position
        after the tokens of that message, counted from 1.
        """
        messages = list(self.messages)
        if position == 0:
            messages[0] = (PSK, *messages[0])
        else:
            messages[position - 1] = (*messages[position - 1], PSK)
        return replace(self, name=f"{self.name}psk{position}", messages=tuple(messages))

    @cached_property
    def overhead_bytes(self) -> tuple[int, ...]:
        """How much longer than its payload each message is, in bytes.

        Keys travel in the clear until the first secret is mixed in, and with a tag afterwards.
        """
        overheads: list[int] = []
        tag = 0
        for tokens in self.messages:
            overhead = 0
            for token in tokens:
                if token is S:
                    overhead += DH_BYTES + tag
                elif token is E:
                    overhead += DH_BYTES
                    tag = TAG_BYTES if self.has_psk else tag
                else:
                    tag = TAG_BYTES
            overheads.append(overhead + tag)
        return tuple(overheads)


NK = Pattern("NK", ((E, ES), (E, EE)), responder_known=(S,))
"""An anonymous initiator calls a responder whose key it knows."""

KK = Pattern("KK", ((E, ES, SS), (E, EE, SE)), initiator_known=(S,), responder_known=(S,))
"""Both keys are known to both sides."""

XX = Pattern("XX", ((E,), (E, EE, S, ES), (S, SE)))
"""Two sides that know nothing of each other exchange their keys."""

IK = Pattern("IK", ((E, ES, S, SS), (E, EE, SE)), responder_known=(S,))
"""The initiator knows the responder's key and sends its own at once: every call after enrolment."""

IKpsk2 = IK.psk(2)
"""`IK`, and the responder answers only who shares a one-time code with it: enrolment."""

XXpsk3 = XX.psk(3)
"""`XX` between two sides that share a code."""

PATTERNS: Final = {pattern.name: pattern for pattern in (NK, KK, XX, IK, IKpsk2, XXpsk3)}
"""Every pattern of the wire, by name."""
