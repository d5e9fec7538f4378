"""Files that only their owner reads, and that a power cut leaves whole: the old one or the new one.

Keys, passcodes, rosters, invitations, slips: all that a program keeps in a file of its own outside
its database is written by this one function.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

OWNER_ALONE: Final = 0o600
"""The permissions of what is written, where the system knows such."""


def write_private(path: Path, body: bytes) -> None:
    """Replace a file in one step, readable by its owner alone; on return it survives a power cut.

    It is written beside its place, forced to the disk, and renamed. One program writes one file,
    from one thread at a time.

    Raises:
        OSError: the disk refuses. The file is then the old one, or the new one as a whole.
    """
    draft = path.with_name(path.name + ".new")
    # A draft left by a crash may have been made by somebody else, with other permissions.
    draft.unlink(missing_ok=True)
    try:
        _write(draft, body)
        os.replace(draft, path)  # noqa: PTH105 - every step goes through `os`, and a test fails each
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _force_names(path.parent)


def _write(draft: Path, body: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    number = os.open(draft, flags, OWNER_ALONE)
    try:
        left = memoryview(body)
        while left:
            left = left[os.write(number, left) :]
        os.fsync(number)
    finally:
        os.close(number)


def _force_names(folder: Path) -> None:
    """Make a rename within `folder` survive a power cut, where the system has a call for that."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


__all__ = ["OWNER_ALONE", "write_private"]
