"""Keys and ledger belong together: no bank begins anew beside its keys without being told to."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from actors.store import Append, Batch, Event, StoreError
from actors.store.sqlite.file import SqliteFile, open_writer
from backoffice.founding import NOTE_FILE, WrongLedger, check_ledger, note_ledger
from supervisors.storage import PostgresPlace, SqlitePlace, place_at
from tests.kit.postgres import postgres_server

OURS, THEIRS = b"o" * 32, b"t" * 32


def office(folder: Path) -> Path:
    return folder / "office.db"


def check(folder: Path, key: bytes = OURS) -> None:
    check_ledger(folder, SqlitePlace(office(folder)), key, 1)


def work(file: SqliteFile, stream: str) -> None:
    """One more event."""
    file.commit_group([Batch("mei", 2, (Append(stream, 0, (Event("e", b"x"),)),))])


def worked(folder: Path) -> Path:
    """A folder whose office has begun, worked and noted how far it came."""
    folder.mkdir()
    check(folder)
    with open_writer(office(folder)) as file:
        for stream in "abc":
            work(file, stream)
        note_ledger(folder, file.heads())
    return folder


def test_a_first_start_makes_the_ledger_and_later_ones_find_it(tmp_path: Path) -> None:
    """As often as one likes, with work in between that nobody has noted yet."""
    folder = worked(tmp_path / "office")
    check(folder)
    with open_writer(office(folder)) as file:
        work(file, "d")
    check(folder)
    check(folder)


def test_a_first_start_that_was_interrupted_is_made_again(tmp_path: Path) -> None:
    """After the tables, or after the owner's name: before the note nothing is promised."""
    with open_writer(office(tmp_path)):
        pass
    check(tmp_path)
    (tmp_path / NOTE_FILE).unlink()
    check(tmp_path)
    assert (tmp_path / NOTE_FILE).is_file()


def test_a_ledger_that_is_gone_or_empty_is_refused(tmp_path: Path) -> None:
    """In words that say what to do; nothing is made."""
    folder = worked(tmp_path / "office")
    office(folder).unlink()
    with pytest.raises(WrongLedger, match="账本文件不见了"):
        check(folder)
    assert not office(folder).exists()
    office(folder).touch()
    with pytest.raises(WrongLedger, match="账本是空的"):
        check(folder)


def test_a_folder_copied_without_its_wal_is_refused(tmp_path: Path) -> None:
    """What was committed last lies in that file: with it all is there, without it is not."""
    folder = worked(tmp_path / "office")
    with open_writer(office(folder)) as file:
        work(file, "d")
        note_ledger(folder, file.heads())
        whole, torn = tmp_path / "whole", tmp_path / "torn"
        shutil.copytree(folder, whole)
        shutil.copytree(folder, torn)
    (torn / "office.db-wal").unlink()
    check(whole)
    with pytest.raises(WrongLedger, match="older than it was: main lacks entry 4"):
        check(torn)


def test_a_first_days_folder_copied_without_its_wal_is_refused(tmp_path: Path) -> None:
    """When nothing at all has reached the main file the ledger looks like a new one."""
    folder = tmp_path / "office"
    folder.mkdir()
    with open_writer(office(folder)):
        check(folder)
        torn = tmp_path / "torn"
        shutil.copytree(folder, torn)
    (torn / "office.db-wal").unlink()
    with pytest.raises(WrongLedger, match="the ledger is empty"):
        check(torn)


def test_another_offices_ledger_is_refused(tmp_path: Path) -> None:
    """With its note or without."""
    folder = worked(tmp_path / "office")
    with pytest.raises(WrongLedger, match="another office's"):
        check(folder, THEIRS)
    (folder / NOTE_FILE).unlink()
    with pytest.raises(WrongLedger, match="another office's"):
        check(folder, THEIRS)


def test_an_older_copy_of_the_same_ledger_is_refused(tmp_path: Path) -> None:
    """Restored under a newer note; the same length with other content counts as older, too."""
    folder = worked(tmp_path / "office")
    old = tmp_path / "old.db"
    shutil.copy(office(folder), old)
    with open_writer(office(folder)) as file:
        work(file, "d")
        note_ledger(folder, file.heads())
    shutil.copy(old, office(folder))
    with pytest.raises(WrongLedger, match="main 的第 4 条"):
        check(folder)
    with open_writer(office(folder)) as file:
        work(file, "another")
    with pytest.raises(WrongLedger, match="main 的第 4 条"):
        check(folder)


def test_a_file_that_is_no_ledger_and_a_damaged_note(tmp_path: Path) -> None:
    """Told as what they are."""
    office(tmp_path).write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StoreError, match="不是数据库"):
        check(tmp_path)
    office(tmp_path).unlink()
    (tmp_path / NOTE_FILE).write_text("{damaged")
    with pytest.raises(WrongLedger, match=NOTE_FILE):
        check(tmp_path)


@pytest.mark.postgres
def test_a_ledger_in_a_server_belongs_to_its_folder_too(tmp_path: Path) -> None:
    """The same answers: begun, found again, another office's, emptied, and held by another."""
    folder, other = tmp_path / "ours", tmp_path / "theirs"
    folder.mkdir()
    other.mkdir()
    with postgres_server() as server:
        place = place_at(server.database())
        check_ledger(folder, place, OURS, 1)
        with place.open_writer() as ledger:
            ledger.commit_group([Batch("mei", 2, (Append("a", 0, (Event("e", b"x"),)),))])
            note_ledger(folder, ledger.attempt(lambda one: one.heads()))
        check_ledger(folder, place, OURS, 3)
        with pytest.raises(WrongLedger, match="属于另一个机构"):
            check_ledger(other, place, THEIRS, 4)
        with pytest.raises(WrongLedger, match="换用空数据库"):
            check_ledger(folder, place_at(server.database()), OURS, 5)
        server.stop()
        with pytest.raises(StoreError, match="连不上数据库服务器"):
            check_ledger(folder, place, OURS, 6)


@pytest.mark.parametrize(
    "address",
    ["", "ledger.db", "sqlite:", "mysql://a/b", "postgresql:b", "postgresql://h:port/b"],
)
def test_an_address_that_names_no_place(address: str) -> None:
    """The message says in both languages what an address looks like."""
    with pytest.raises(StoreError, match=r"账本地址应为.* · a store's address is"):
        place_at(address)


def test_a_password_is_not_shown() -> None:
    """Neither to people nor in a traceback."""
    place = place_at("postgresql://bank:secret@db.example:5432/ledger")
    assert "postgresql://db.example:5432/ledger" == str(place)
    assert "secret" not in repr(place)
    assert isinstance(place, PostgresPlace)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of a traceback."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    for name in [name for name in sys.modules if name.startswith("actors.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(StoreError, match=r"未安装 PostgreSQL 驱动 · .*asyncpg"):
        place_at("postgresql://db/ledger").storage()
