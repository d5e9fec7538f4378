"""A program's folder: its owner's alone, and one program's at a time.

Two programs on the same data would each believe their own memory; another user of the machine
would read what customers said. Deliberately not here: what is in the folder, and the permissions of
what is made later; `backpack` sets those once, for the whole process. Invariants: nothing is
written into a folder that others can enter; the lock is the operating system's and dies with its
program, however that ends; the file itself says nothing and stays.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK_FILE: Final = "running.lock"


OTHERS: Final = 0o077
"""The permissions of everybody but the owner."""


class FolderUnusable(Exception):
    """A program must not work in the folder; the message says what to do."""


class FolderOpen(FolderUnusable):
    """Other users of the machine can enter the folder."""

    def __init__(self, folder: Path) -> None:
        command = f"chmod 700 {shlex.quote(str(folder))}"
        super().__init__(
            f"{folder}: 本机其他用户可进入，请执行 · others can enter it, run: {command}"
        )


class FolderInUse(FolderUnusable):
    """Another running program has the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: 已有程序在使用此目录 · another program runs in this folder")


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Have a folder to oneself for as long as the block.

    Args:
        folder: made if missing, for its owner alone.

    Raises:
        FolderInUse: another program has it.
        FolderOpen: others can enter it.
        OSError: it cannot be made or written to.
    """
    make_private(folder)
    lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _take(lock)
        except OSError:
            raise FolderInUse(folder) from None
        yield
    finally:
        os.close(lock)


def make_private(folder: Path) -> None:
    """See to a folder that only its owner can enter; one that is there is looked at, not changed.

    Where the system knows no such permissions, nothing is looked at.

    Raises:
        FolderOpen: others can enter it.
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & OTHERS:
        raise FolderOpen(folder)


def is_held(folder: Path) -> bool:
    """Whether a running program has the folder now; nothing is made."""
    try:
        lock = os.open(folder / LOCK_FILE, os.O_RDWR)
    except OSError:
        return False
    try:
        _take(lock)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


if sys.platform == "win32":
    import msvcrt

    def _take(lock: int) -> None:
        msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(lock: int) -> None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


__all__ = [
    "LOCK_FILE",
    "OTHERS",
    "FolderInUse",
    "FolderOpen",
    "FolderUnusable",
    "hold",
    "is_held",
    "make_private",
]
