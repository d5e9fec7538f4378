"""One program per folder: two on the same data would each believe their own memory.

Deliberately not here: what is in the folder. Invariant: the lock is the operating system's and dies
with its program, however that ends; the file itself says nothing and stays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK_FILE: Final = "running.lock"


class FolderInUse(Exception):
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
        OSError: it cannot be made or written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _take(lock)
        except OSError:
            raise FolderInUse(folder) from None
        yield
    finally:
        os.close(lock)


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


__all__ = ["LOCK_FILE", "FolderInUse", "hold", "is_held"]
