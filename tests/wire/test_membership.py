"""How a client's folder comes to belong to an office, and what becomes of it when files are bad."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from wire.keys import BadInvitation, DeviceKeys, Invitation, KeyFileUnusable
from wire.membership import (
    KEY_FILE,
    OFFICE_FILE,
    Membership,
    NotEnrolled,
    appoint,
    office_key_beside,
)

ENTROPY = random.Random(20).randbytes
OFFICE = DeviceKeys.generate(ENTROPY)
INVITATION = Invitation("ws://10.0.0.1:7420", OFFICE.noise.public, "ticket-1", ENTROPY(16)).to_uri()


def joined(folder: Path) -> Membership:
    """A folder with a fresh invitation."""
    return Membership.begin(folder, "T-0042", INVITATION, ENTROPY)


def test_a_new_folder_joins_with_its_invitation(tmp_path: Path) -> None:
    """Keys are made here; the ticket goes along until the office has welcomed us."""
    member = joined(tmp_path / "new" / "device")

    assert ("T-0042", "ws://10.0.0.1:7420") == (member.name, member.address)
    assert OFFICE.noise.public == member.credentials.office
    ticket = member.credentials.ticket
    assert ticket is not None
    assert "ticket-1" == ticket.name
    for name in (KEY_FILE, OFFICE_FILE):
        assert 0o600 == (tmp_path / "new" / "device" / name).stat().st_mode & 0o777


def test_a_second_start_goes_on(tmp_path: Path) -> None:
    """Same keys, same office; another name or invitation on the command line changes nothing."""
    first = joined(tmp_path)
    second = Membership.begin(tmp_path, "T-9999", "nonsense", ENTROPY)

    assert first.keys == second.keys
    assert "T-0042" == second.name
    assert first.credentials.ticket == second.credentials.ticket


def test_the_code_is_erased_at_the_first_welcome(tmp_path: Path) -> None:
    """And not before, because a welcome can be lost; a second welcome is harmless."""
    member = joined(tmp_path)
    assert INVITATION.encode() in (tmp_path / OFFICE_FILE).read_bytes()

    member.welcomed()
    member.welcomed()

    assert INVITATION.encode() not in (tmp_path / OFFICE_FILE).read_bytes()
    assert member.credentials.ticket is None
    assert Membership.begin(tmp_path, "", "", ENTROPY).credentials.ticket is None


def test_a_folder_of_no_office(tmp_path: Path) -> None:
    """Without invitation and name nothing is made."""
    for name, invitation in (("", ""), ("T-0042", ""), ("", INVITATION)):
        with pytest.raises(NotEnrolled):
            Membership.begin(tmp_path / "none", name, invitation, ENTROPY)
    assert [] == list((tmp_path / "none").iterdir())


@pytest.mark.parametrize("text", ["garbage", INVITATION + "x", INVITATION[:-1], "backpack:enrol?"])
def test_a_text_that_is_no_invitation(tmp_path: Path, text: str) -> None:
    """Refused before any key is made, and the text is not repeated."""
    with pytest.raises(BadInvitation) as caught:
        Membership.begin(tmp_path, "T-0042", text, ENTROPY)

    assert text not in str(caught.value)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"name": 1}', b"[" * 5000, b"\xff\xfe"])
def test_a_damaged_office_file(tmp_path: Path, damage: bytes) -> None:
    """A person must look; nothing is made anew behind their back."""
    joined(tmp_path)
    (tmp_path / OFFICE_FILE).write_bytes(damage)

    with pytest.raises(NotEnrolled):
        Membership.begin(tmp_path, "T-0042", INVITATION, ENTROPY)
    with pytest.raises(NotEnrolled):
        office_key_beside(tmp_path / KEY_FILE)
    assert damage == (tmp_path / OFFICE_FILE).read_bytes()


def test_a_key_file_that_cannot_be_used(tmp_path: Path) -> None:
    """Open to others, damaged or gone: a device never gets a second identity by itself."""
    joined(tmp_path)
    key = tmp_path / KEY_FILE
    secret = key.read_bytes()

    key.chmod(0o644)
    with pytest.raises(KeyFileUnusable):
        Membership.begin(tmp_path, "", "", ENTROPY)
    key.chmod(0o600)
    key.write_bytes(secret[:-9])
    with pytest.raises(KeyFileUnusable):
        Membership.begin(tmp_path, "", "", ENTROPY)
    key.unlink()
    with pytest.raises(KeyFileUnusable):
        Membership.begin(tmp_path, "T-0042", INVITATION, ENTROPY)


def test_a_start_that_died_between_its_two_files(tmp_path: Path) -> None:
    """The key was written and `office.json` was not: the next start keeps the key."""
    keys = joined(tmp_path).keys
    (tmp_path / OFFICE_FILE).unlink()
    (tmp_path / (OFFICE_FILE + ".new")).write_bytes(b"half")

    assert keys == joined(tmp_path).keys


def test_an_operator_is_appointed_without_an_invitation(tmp_path: Path) -> None:
    """Once: an operator's identity is never replaced."""
    keys = DeviceKeys.generate(ENTROPY)
    appoint(tmp_path, "O-0001", "ws://10.0.0.1:7420", OFFICE.noise.public, keys)

    assert OFFICE.noise.public == office_key_beside(tmp_path / KEY_FILE)
    assert Membership.begin(tmp_path, "", "", ENTROPY).credentials.ticket is None
    with pytest.raises(KeyFileUnusable):
        appoint(tmp_path, "O-0002", "ws://x:1", OFFICE.noise.public, keys)


def test_nothing_secret_is_printed(tmp_path: Path) -> None:
    """Neither by the membership nor by the introduction it writes."""
    member = joined(tmp_path)
    shown = repr((member, member.introduction("terminal"), member.credentials))

    assert INVITATION[-22:] not in shown
    for secret in (member.keys.noise.private, member.keys.signing.seed):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
