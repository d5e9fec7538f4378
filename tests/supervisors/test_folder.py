"""A folder belongs to one running program at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisors.folder import LOCK_FILE, FolderInUse, hold


def test_two_programs_cannot_have_one_folder(tmp_path: Path) -> None:
    """The second is told which folder; when the first has ended, it may."""
    folder = tmp_path / "new" / "office"
    with hold(folder):
        with pytest.raises(FolderInUse, match="office"), hold(folder):
            pass
        with hold(tmp_path / "other"):
            pass
    with hold(folder):
        assert 0o700 == folder.stat().st_mode & 0o777


def test_a_lock_file_that_was_left_holds_nobody_up(tmp_path: Path) -> None:
    """The lock is the system's and died with its program; the file says nothing."""
    (tmp_path / LOCK_FILE).write_text("4711")
    with hold(tmp_path):
        pass


def test_a_failure_inside_gives_the_folder_back(tmp_path: Path) -> None:
    """However the program ends."""
    with pytest.raises(ZeroDivisionError), hold(tmp_path):
        _ = 1 / 0
    with hold(tmp_path):
        pass
