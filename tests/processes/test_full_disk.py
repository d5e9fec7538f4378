"""An office whose disk fills up says so, loses nothing, and goes on by itself with room.

On a file system of its own that is really full; without the right to mount one it is skipped.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.programs import Program, backpack

pytestmark = pytest.mark.processes

ROOMY = "64m"


@contextmanager
def file_system(place: Path, size: str) -> Iterator[Path]:
    """A file system in memory of so many bytes."""
    place.mkdir()
    if shutil.which("mount") is None or _mount("-t", "tmpfs", "-o", f"size={size}", "t", place):
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)  # noqa: S603, S607 - the system's own


def _mount(*words: str | Path) -> int:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode  # noqa: S603, S607 - as above


def fill(place: Path) -> Path:
    """Take all the room there is."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


def invite(office: Program, name: str) -> subprocess.CompletedProcess[str]:
    """A durable change, as an operator asks for it."""
    to = ("--connect", office.ready["address"], "--key", office.ready["operator_key"])
    return backpack("invite", *to, "--name", name, "--outlet", "53011101", "--union", "530111")


@pytest.mark.parametrize("size", ["40k", "96k", "120k"])
def test_a_disk_that_is_full_at_the_first_start(size: str, tmp_path: Path) -> None:
    """One sentence in both languages, and with room the same folder becomes an office."""
    with file_system(tmp_path / "disk", size) as disk:
        words = ("office", "--data", str(disk / "office"), "--training", "--port", "0")
        refused = backpack(*words)
        assert (1, "") == (refused.returncode, refused.stdout)
        assert 1 == len(refused.stderr.splitlines()), refused.stderr
        assert "磁盘" in refused.stderr
        assert "disk" in refused.stderr

        assert 0 == _mount("-o", f"remount,size={ROOMY}", disk)
        office = Program(words, tmp_path / "stderr")
        try:
            office.start()
            assert 0 == office.stop()
        finally:
            office.end()


def test_a_disk_that_fills_up_while_the_office_runs(tmp_path: Path) -> None:
    """What cannot be kept is refused; nothing has to be started again; the ledger is sound."""
    with file_system(tmp_path / "disk", ROOMY) as disk:
        data = disk / "office"
        words = ("office", "--data", str(data), "--training", "--port", "0")
        office = Program(words, tmp_path / "stderr")
        try:
            office.start()
            filler = fill(disk)
            for number in range(3):
                refused = invite(office, f"T-8{number}")
                assert 4 == refused.returncode, refused.stderr
                assert "系统繁忙" in refused.stderr
            assert (
                0
                == backpack(
                    "tree",
                    "--connect",
                    office.ready["address"],
                    "--key",
                    office.ready["operator_key"],
                ).returncode
            ), "who only looks is answered"
            filler.unlink()
            assert 0 == invite(office, "T-90").returncode
            assert 0 == office.stop()
        finally:
            office.end()
        assert "restart" not in office.stderr
        assert 0 == backpack("verify", "--data", str(data)).returncode
