"""The tables of tokens keep the rules of the specification."""

from __future__ import annotations

import pytest

from tests.kit.noise_pair import sides
from wire.noise import IK, KK, NK, PATTERNS, XX, IKpsk2, Pattern, Role, Token, XXpsk3

ALL = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)


def test_protocol_names_are_spelled_as_published() -> None:
    """The name is hashed first of all: one wrong letter and nobody else understands us."""
    assert "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b" == IKpsk2.protocol_name
    assert "Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b" == XXpsk3.protocol_name


def test_a_modifier_puts_its_token_where_the_specification_says() -> None:
    """psk0 comes first of all (§9.4), pskN at the end of message N."""
    assert (Token.PSK, *NK.messages[0]) == NK.psk(0).messages[0]
    assert (*IK.messages[1], Token.PSK) == IKpsk2.messages[1]
    assert IK.messages[0] == IKpsk2.messages[0]


@ALL
def test_no_key_is_sent_or_mixed_twice(pattern: Pattern) -> None:
    """§7.3, rules 2 and 3: each side sends `e` and `s` at most once, no secret is mixed twice."""
    for first in (0, 1):
        sent: list[Token] = [
            token
            for tokens in pattern.messages[first::2]
            for token in tokens
            if token in (Token.E, Token.S)
        ]
        sent += pattern.known(Role.INITIATOR if first == 0 else Role.RESPONDER)
        assert len(set(sent)) == len(sent)
    mixed = [t for tokens in pattern.messages for t in tokens if t not in (Token.E, Token.S)]
    assert len(set(mixed)) == len(mixed)


@ALL
def test_only_known_keys_are_mixed(pattern: Pattern) -> None:
    """§7.3, rule 1: a Diffie-Hellman token needs both its keys sent or known before."""
    have = {(role, token.value) for role in Role for token in pattern.known(role)}
    for number, tokens in enumerate(pattern.messages):
        writer = Role.INITIATOR if number % 2 == 0 else Role.RESPONDER
        for token in tokens:
            if token in (Token.E, Token.S):
                have.add((writer, token.value))
            elif token is not Token.PSK:
                assert (Role.INITIATOR, token.value[0]) in have
                assert (Role.RESPONDER, token.value[1]) in have


@ALL
def test_a_static_key_never_encrypts_alone(pattern: Pattern) -> None:
    """§7.3, rule 4: after `se`, `ss`, `es` or a psk, a writer mixes in a fresh key of its own."""
    seen: set[Token] = set()
    sent: dict[int, set[Token]] = {0: set(), 1: set()}
    for number, tokens in enumerate(pattern.messages):
        writer = number % 2
        for token in tokens:
            seen.add(token)
            sent[writer].add(token)
        mine, shared = (Token.SE, Token.SS) if writer == 0 else (Token.ES, Token.SS)
        fresh = Token.ES if writer == 0 else Token.SE
        if mine in seen:
            assert Token.EE in seen
        if shared in seen:
            assert fresh in seen
        if Token.PSK in seen:
            assert Token.E in sent[writer]


@ALL
def test_messages_are_exactly_as_long_as_announced(pattern: Pattern) -> None:
    """Sizes follow from the table, so a wrong length is refused before any cryptography."""
    initiator, responder = sides(pattern)
    lengths: list[int] = []
    while not initiator.finished or not responder.finished:
        writer, reader = (initiator, responder) if initiator.my_turn else (responder, initiator)
        message = writer.write(b"twelve bytes")
        lengths.append(len(message) - 12)
        reader.read(message)

    assert list(pattern.overhead_bytes) == lengths


def test_who_needs_which_key() -> None:
    """What a caller must bring is read off the table."""
    needs = {
        pattern.name: (pattern.needs_static(Role.INITIATOR), pattern.needs_static(Role.RESPONDER))
        for pattern in (NK, KK, XX, IK)
    }

    assert {
        "NK": (False, True),
        "KK": (True, True),
        "XX": (True, True),
        "IK": (True, True),
    } == needs
