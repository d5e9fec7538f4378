"""A folder belongs to one running program at a time."""

from __future__ import annotations

import os
import shlex
from functools import partial
from pathlib import Path

import pytest

from supervisors.folder import LOCK_FILE, FolderInUse, FolderOpen, hold, make_private


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


@pytest.mark.skipif(os.name != "posix", reason="the system knows no such permissions")
@pytest.mark.parametrize("mode", [0o755, 0o750, 0o710, 0o705, 0o701, 0o770, 0o777])
def test_a_folder_that_others_can_enter_is_refused(mode: int, tmp_path: Path) -> None:
    """Untouched, with the command that mends it; done as told, it is taken."""
    folder = tmp_path / "o'neill's office"
    folder.mkdir()
    folder.chmod(mode)

    for enter in (hold(folder).__enter__, partial(make_private, folder)):
        with pytest.raises(FolderOpen) as refused:
            enter()
        command = shlex.split(str(refused.value).partition("run: ")[2])
        assert ["chmod", "700", str(folder)] == command
    assert [] == list(folder.iterdir())
    folder.chmod(0o700)
    with hold(folder):
        pass
