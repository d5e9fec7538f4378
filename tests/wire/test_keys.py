"""What a device is, signs and is invited with."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.noise_pair import entropy_from
from wire.errors import LocalMisuse
from wire.keys import (
    ADDRESS_CHARS_MAX,
    CONTEXT_BYTES_MAX,
    DECISION,
    ENROL,
    KEY_FILE_BYTES_MAX,
    SLIP,
    SLIP_OFFICE,
    SUBMISSION,
    BadInvitation,
    DeviceKeys,
    Invitation,
    KeyFileUnusable,
    SigningKeyPair,
    fingerprint,
    verify,
)

CONTEXTS = (DECISION, SUBMISSION, SLIP, SLIP_OFFICE, ENROL)
KEYS = DeviceKeys.generate(entropy_from(1))
INVITATION = Invitation(
    "ws://10.0.0.1:7420", KEYS.noise.public, "0190f5a2-ticket", bytes(range(16))
)
posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


def test_an_identity_survives_a_restart(tmp_path: Path) -> None:
    """What was saved is loaded, secrets included, and nothing else is left in the folder."""
    path = tmp_path / "device.keys"
    KEYS.save(path)

    loaded = DeviceKeys.load(path)

    assert KEYS == loaded
    assert (KEYS.noise.private, KEYS.signing.seed) == (loaded.noise.private, loaded.signing.seed)
    assert [path] == list(tmp_path.iterdir())


@posix_only
def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    """It is made for its owner alone, and refused once anybody else can look into it."""
    path = tmp_path / "device.keys"
    KEYS.save(path)
    assert 0o600 == path.stat().st_mode & 0o777

    for mode in (0o640, 0o604, 0o660, 0o601):
        path.chmod(mode)
        with pytest.raises(KeyFileUnusable, match="0600"):
            DeviceKeys.load(path)


def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    """Overwriting the keys would turn the device into an unknown one."""
    path = tmp_path / "device.keys"
    KEYS.save(path)

    with pytest.raises(KeyFileUnusable, match="exists"):
        DeviceKeys.generate(entropy_from(2)).save(path)

    assert KEYS == DeviceKeys.load(path)


def test_a_crash_while_saving_leaves_no_trap(tmp_path: Path) -> None:
    """A half-written draft of an earlier attempt is thrown away, whatever its permissions."""
    path = tmp_path / "device.keys"
    draft = tmp_path / "device.keys.new"
    draft.write_bytes(b'{"version"')
    draft.chmod(0o644)

    KEYS.save(path)

    assert KEYS == DeviceKeys.load(path)
    assert not draft.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"{}",
        b"[" * 4000,
        b"7" * (KEY_FILE_BYTES_MAX + 1),
        b'{"version":2,"noise":"%s","signing":"%s"}' % (b"A" * 43 + b"=", b"A" * 43 + b"="),
        b'{"version":1,"noise":"%s","signing":"QUJD"}' % (b"A" * 43 + b"="),
        b'{"version":1,"noise":"QUJD","signing":"%s"}' % (b"A" * 43 + b"="),
        b'{"version":1,"noise":"secret?","signing":"%s"}' % (b"A" * 43 + b"="),
    ],
    ids=range(9),
)
def test_a_damaged_key_file_is_told_without_quoting_it(tmp_path: Path, content: bytes) -> None:
    """Cut, garbled, from the future or too large: one typed error that shows no content."""
    path = tmp_path / "device.keys"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KeyFileUnusable) as caught:
        DeviceKeys.load(path)

    assert f"{path} is no key file of version 1" == str(caught.value)
    assert caught.value.__suppress_context__


def test_a_key_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Neither a missing file nor a folder is a crash, and nor is a folder that is missing."""
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(KeyFileUnusable):
            DeviceKeys.load(path)
    with pytest.raises(KeyFileUnusable):
        KEYS.save(tmp_path / "no" / "folder")


@given(st.sampled_from(CONTEXTS), st.binary(max_size=200))
def test_a_signature_is_verified_by_anybody_with_the_public_key(
    context: bytes, body: bytes
) -> None:
    """64 bytes prove who said it and what for."""
    signature = KEYS.signing.sign(context, body)

    assert len(signature) == 64
    assert verify(KEYS.signing.public, context, body, signature)


def test_a_signature_holds_for_one_purpose_only() -> None:
    """A decision is never a slip, though the bytes are the same."""
    body = b"the same bytes"
    signature = KEYS.signing.sign(DECISION, body)

    assert [DECISION] == [c for c in CONTEXTS if verify(KEYS.signing.public, c, body, signature)]
    assert len(CONTEXTS) == len(set(CONTEXTS))


def test_no_body_imitates_another_context() -> None:
    """Moving a letter from the body into the context makes another message."""
    signature = KEYS.signing.sign(b"slip", b"-office")

    assert not verify(KEYS.signing.public, b"slip-", b"office", signature)
    assert not verify(KEYS.signing.public, b"slip-office", b"", signature)


def test_any_change_to_a_signature_key_or_body_is_noticed() -> None:
    """One bit anywhere, or a wrong length, is a plain False and never an exception."""
    body = b"approve case 7"
    signature = KEYS.signing.sign(DECISION, body)
    other = SigningKeyPair(bytes(32)).public
    for position in range(len(signature)):
        changed = bytearray(signature)
        changed[position] ^= 1 << position % 8
        assert not verify(KEYS.signing.public, DECISION, body, bytes(changed))

    assert not verify(other, DECISION, body, signature)
    assert not verify(KEYS.signing.public, DECISION, body + b"0", signature)
    for public, wrong in (
        (b"", signature),
        (KEYS.signing.public + b"\0", signature),
        (bytes(32), signature),
        (KEYS.signing.public, b""),
        (KEYS.signing.public, signature + b"\0"),
    ):
        assert not verify(public, DECISION, body, wrong)


def test_a_signature_needs_a_context() -> None:
    """Signing without saying what for is refused."""
    for context in (b"", bytes(CONTEXT_BYTES_MAX + 1)):
        with pytest.raises(LocalMisuse):
            KEYS.signing.sign(context, b"")
        with pytest.raises(LocalMisuse):
            verify(KEYS.signing.public, context, b"", bytes(64))


def test_signing_follows_the_published_algorithm() -> None:
    """RFC 8032 §7.1, test 1: the public key that grows from the published seed."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

    assert public == SigningKeyPair(seed).public.hex()


def test_a_fingerprint_can_be_read_aloud() -> None:
    """Six groups of four letters that differ for every key."""
    groups = fingerprint(KEYS.noise.public).split("-")

    assert [4] * 6 == [len(group) for group in groups]
    assert set("".join(groups)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert fingerprint(KEYS.signing.public) != fingerprint(KEYS.noise.public)


def test_wrong_lengths_are_refused() -> None:
    """A short seed, or entropy that returns less than it was asked for."""
    with pytest.raises(LocalMisuse):
        SigningKeyPair(bytes(31))
    with pytest.raises(LocalMisuse):
        DeviceKeys.generate(lambda size: bytes(size - 1))


@pytest.mark.parametrize("secret", [KEYS, KEYS.signing, KEYS.noise, INVITATION])
def test_secrets_stay_where_they_are(secret: object) -> None:
    """Not in a repr, not in a pickle, not in a copy."""
    shown = repr(secret)
    for private in (KEYS.noise.private, KEYS.signing.seed, KEYS.signing._secret, INVITATION.code):
        assert private.hex() not in shown
        assert repr(private)[2:-1] not in shown
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(LocalMisuse):
            leak(secret)


addresses = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=90)
tickets = st.from_regex(r"[A-Za-z0-9._~-]{1,64}", fullmatch=True)


@given(addresses, st.binary(min_size=32, max_size=32), tickets, st.binary(min_size=16, max_size=16))
def test_an_invitation_survives_the_qr_code(
    address: str, office: bytes, ticket: str, code: bytes
) -> None:
    """What the office shows is what the tablet reads."""
    invitation = Invitation(address, office, ticket, code)
    text = invitation.to_uri()

    assert invitation == Invitation.from_uri(text)
    assert urlsplit(text).scheme == "backpack"


def test_both_sides_draw_the_same_key_from_the_code() -> None:
    """The psk depends on the code and on what it is for."""
    expected = hashlib.blake2b(b"backpack/enrolment-psk/1" + INVITATION.code, digest_size=32)

    assert expected.digest() == Invitation.from_uri(INVITATION.to_uri()).psk
    assert INVITATION.psk != Invitation("a", bytes(32), "t", bytes(16)).psk


def test_every_other_text_is_no_invitation() -> None:
    """Only the exact text that the office writes is read: no extra, missing or altered part."""
    text = INVITATION.to_uri()
    wrong = [
        "",
        "https://example.com/",
        text.upper(),
        text + "&x=1",
        text + "=",
        " " + text,
        text + "\n",
        text.replace("v=1", "v=2"),
        text.replace("ws%3A", "ws:"),
        text.replace("&t=", "&t=%41"),
        text.replace("&k=", "&k=AAAA"),
        text.replace("&c=", "&c="[:2]),
        text + "A" * 600,
        text.replace("&t=0190f5a2-ticket", "&t="),
        text.replace("&t=0190f5a2-ticket", "&t=一"),
        text + "&t=0190f5a2-ticket",
    ]
    wrong += [text[:cut] for cut in range(len(text))]
    for other in wrong:
        with pytest.raises(BadInvitation):
            Invitation.from_uri(other)


@given(st.text(max_size=80))
def test_arbitrary_text_is_no_invitation(text: str) -> None:
    """Whatever a camera reads: one typed error, and it does not quote what was read."""
    for read in (text, "backpack:enrol?" + text):
        with pytest.raises(BadInvitation) as caught:
            Invitation.from_uri(read)
        assert str(caught.value).startswith(("this is no invitation", "the ", "a key"))


@pytest.mark.parametrize(
    ("address", "office", "ticket", "code"),
    [
        ("", 32, "t", 16),
        ("a b", 32, "t", 16),
        ("地址", 32, "t", 16),
        ("a" * (ADDRESS_CHARS_MAX + 1), 32, "t", 16),
        ("a", 31, "t", 16),
        ("a", 32, "", 16),
        ("a", 32, "t&c", 16),
        ("a", 32, "t" * 65, 16),
        ("a", 32, "t", 15),
    ],
)
def test_an_invitation_with_an_impossible_part_is_refused(
    address: str, office: int, ticket: str, code: int
) -> None:
    """Each part has its alphabet and its bound."""
    with pytest.raises(BadInvitation):
        Invitation(address, bytes(office), ticket, bytes(code))


def test_an_invitation_that_no_qr_code_holds_is_refused() -> None:
    """An address of nothing but signs that must be escaped would not be readable any more."""
    with pytest.raises(BadInvitation, match="too long"):
        Invitation("%" * ADDRESS_CHARS_MAX, bytes(32), "t", bytes(16)).to_uri()
