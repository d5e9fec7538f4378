"""The key file beside a database: made once, never in the place of one that was lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from actors.sealing import new_key_file
from supervisors.at_rest import KEY_FILE, KeysUnusable, open_keys, read_blobs
from supervisors.folder import FolderUnusable

ENTROPY = random.Random(1).randbytes


def test_keys_are_made_once(tmp_path: Path) -> None:
    """By the first start, for their owner alone; every later one finds the same."""
    database = tmp_path / "office.db"
    name = open_keys(database, ENTROPY).pseudonym("blob", "1")
    database.write_bytes(b"data")
    assert name == open_keys(database, ENTROPY).pseudonym("blob", "1")
    assert 0 == (tmp_path / KEY_FILE).stat().st_mode & 0o077


def test_keys_that_are_lost_are_not_replaced(tmp_path: Path) -> None:
    """Beside data a missing file is said to be missing, and none is made."""
    database = tmp_path / "office.db"
    database.write_bytes(b"data")
    for look in (lambda: open_keys(database, ENTROPY), lambda: read_blobs(database)):
        with pytest.raises(KeysUnusable, match="missing"):
            look()
    assert not (tmp_path / KEY_FILE).exists()
    assert issubclass(KeysUnusable, FolderUnusable), "told as every unusable folder is"


@pytest.mark.parametrize("spoil", [b"", b"{}", b"\xff\x00", b'{"version":9}'])
def test_damaged_keys_are_said_to_be(tmp_path: Path, spoil: bytes) -> None:
    """Empty, cut, altered or of another version; nothing of them is quoted."""
    whole = new_key_file(ENTROPY)
    for content in (spoil, whole[:-10], whole.replace(b"a", b"b")):
        (tmp_path / KEY_FILE).write_bytes(content)
        with pytest.raises(KeysUnusable) as unusable:
            open_keys(tmp_path / "office.db", ENTROPY)
        assert whole[30:60].decode() not in str(unusable.value)
        assert content == (tmp_path / KEY_FILE).read_bytes()
