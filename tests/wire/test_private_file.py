"""A private file is the old one or the new one, whatever fails and whenever the power goes."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from wire import private_file
from wire.private_file import OWNER_ALONE, write_private

OLD, NEW, LATER = b"old", b"new" * 100_000, b"later"


class PowerCut(BaseException):
    """Nothing is done any more, not even what cleans up."""


class Os:
    """The operating system, until its call number `fails_at`.

    Args:
        fails_at: counts from 0; the call does nothing and raises.
        error: `OSError` and all goes on, or `PowerCut` and nothing does.
        piece_bytes: how much one `write` takes at most.
    """

    def __init__(
        self, fails_at: int, error: type[BaseException], piece_bytes: int = 70_000
    ) -> None:
        self.calls: list[str] = []
        self.fails_at = fails_at
        self.error = error
        self.piece_bytes = piece_bytes

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name not in {"open", "write", "fsync", "close", "replace"}:
            return found

        def call(*arguments: Any) -> object:
            self.calls.append(name)
            at = len(self.calls) - 1
            if at == self.fails_at or (self.error is PowerCut and at > self.fails_at):
                if name == "close":
                    found(*arguments)
                raise self.error(28, "no more")
            if name == "write":
                arguments = (arguments[0], arguments[1][: self.piece_bytes])
            return found(*arguments)

        return call


@pytest.mark.parametrize("error", [OSError, PowerCut])
@pytest.mark.parametrize("before", [OLD, None])
def test_a_file_is_the_old_or_the_new_one_whatever_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
    before: bytes | None,
) -> None:
    """Each call of the system fails once, or the power goes there; then it is written again."""
    fake = Os(0, error)
    for step in count():
        path = tmp_path / f"at step {step}" / "key.json"
        path.parent.mkdir()
        if before is not None:
            write_private(path, before)
        fake = Os(step, error)
        monkeypatch.setattr(private_file, "os", fake)
        failed = False
        try:
            write_private(path, NEW)
        except error:
            failed = True
        monkeypatch.undo()

        now = path.read_bytes() if path.exists() else None
        if not failed:
            assert NEW == now
            assert len(fake.calls) == step
            break
        renamed = "replace" in fake.calls[:step]
        assert (NEW if renamed else before) == now, fake.calls
        drafts = [left.name for left in path.parent.iterdir() if left != path]
        assert [] == drafts or error is PowerCut
        write_private(path, LATER)
        assert [path] == list(path.parent.iterdir())
        assert LATER == path.read_bytes()
    assert {"open", "write", "fsync", "close", "replace"} == set(fake.calls)
    assert 5 <= fake.calls.count("write"), "a system may take a part only"


@pytest.mark.skipif(os.name != "posix", reason="other systems know no such permissions")
def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Whoever could read the old one, and whoever prepared a draft beside it."""
    path, draft = tmp_path / "key.json", tmp_path / "key.json.new"
    for prepared in (path, draft):
        prepared.write_bytes(OLD)
        prepared.chmod(0o666)

    write_private(path, NEW)

    assert OWNER_ALONE == path.stat().st_mode & 0o777
    assert not draft.exists()
