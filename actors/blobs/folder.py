"""Blobs as files in a folder, as one thread sees it: sealed, under names that need a key.

    new/3f0/3f09…     what waits; when it was put last is the file's time
    kept/a71/a71c…    what is needed
    drafts/           what is being written; emptied when a program takes the folder

A file holds the key of its own, wrapped by the shard of blobs, then the digest and the body, both
sealed with it for this name alone. It is written aside, synced, renamed, and its folder synced: it
is there whole or not at all, and after `put` has returned it is there. It only ever moves from
`new` to `kept`, so whoever looks in that order finds it.

Only one program at a time may change the folder, and one thread what belongs to one digest;
anybody may read beside them.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from actors.blobs.port import (
    BLOB_BYTES_MAX,
    LOOKED_AT_MAX,
    NAMES_MAX,
    BlobDamaged,
    BlobError,
    BlobMissing,
    BlobsFull,
    Waiting,
    WaitingPage,
    blob_digest,
    check_blob,
)
from actors.sealing import Sealer, StreamKey, Unsealable

NEW: Final = "new"
KEPT: Final = "kept"
DRAFTS: Final = "drafts"

SHARD: Final = "blobs"
"""Whose key wraps those of the blobs."""

MAGIC: Final = b"BPB1"
"""How every file begins; the digit is the version of what follows."""

OVERHEAD_BYTES_MAX: Final = 1_024
"""What a file is larger than its blob at most."""

PREFIX_CHARS: Final = 3
"""By so much of their names files are spread over folders: 4,096 of them."""

NAME_CHARS: Final = 32

_HEAD_SIZE_BYTES: Final = 2
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Opened(NamedTuple):
    """A blob as it was read."""

    digest: bytes
    body: bytes


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """What stands before the body: the blob's own key, wrapped, and with it sealed its digest."""

    wrapped: bytes
    label: bytes


class BlobFolder:
    """The folder.

    Args:
        folder: where; nothing is made before `prepare`.
        sealer: has the keys.
    """

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer

    def prepare(self) -> None:
        """Take the folder for a program that writes, and remove what an earlier one left undone.

        Raises:
            BlobError: it cannot be made.
        """
        with _in_words():
            for name in (NEW, KEPT, DRAFTS):
                (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in (self._folder / DRAFTS).iterdir():
                left.unlink()

    def name(self, digest: bytes) -> str:
        """What a blob is called at rest, 32 hex digits."""
        return self._sealer.pseudonym("blob", digest.hex())

    def put(self, digest: bytes, body: bytes, now_ms: int, free_bytes_min: int = 0) -> int:
        """As `Blobs.put`.

        Args:
            now_ms: from when it waits.
            free_bytes_min: how much of the disk is for others.

        Returns:
            How many bytes more are used now.
        """
        check_blob(digest, body)
        name = self.name(digest)
        with _in_words():
            before = self._stored_bytes(name)
            if before and self._is_whole(name):
                self._wait_anew(name, now_ms)
                return 0
            if shutil.disk_usage(self._folder).free < free_bytes_min + len(body):
                raise BlobsFull("影像存储空间不足 · the disk has no room left for photos")
            path = self._path(KEPT, name)
            if not path.exists():
                path = self._path(NEW, name)
            sealed = self._sealed(name, digest, body)
            self._write(path, sealed, now_ms)
            return len(sealed) - before

    def get(self, digest: bytes) -> bytes:
        """As `Blobs.get`."""
        name = self.name(digest)
        opened = self.read(name)
        if opened.digest != digest:
            raise BlobDamaged(name)
        return opened.body

    def read(self, name: str) -> Opened:
        """What lies under a name.

        Raises:
            BlobMissing: nothing.
            BlobDamaged: it is not what was put there.
        """
        key, head, sealed = self._parts(name, self._content(name))
        try:
            digest = self._sealer.open(key, _label_place(name), head.label)
            body = self._sealer.open(key, _body_place(name), sealed)
        except Unsealable:
            raise BlobDamaged(name) from None
        if blob_digest(body) != digest:
            raise BlobDamaged(name)
        return Opened(digest, body)

    def is_kept(self, name: str) -> bool:
        """Whether it waits no longer."""
        return self._path(KEPT, name).is_file()

    def keep(self, digest: bytes) -> None:
        """As `Blobs.keep`."""
        name = self.name(digest)
        before, after = self._path(NEW, name), self._path(KEPT, name)
        with _in_words(), suppress(FileNotFoundError):
            if before.exists():
                _make_folder(after.parent)
                before.replace(after)
                _sync_folder(after.parent)
                _sync_folder(before.parent)

    def discard(self, digest: bytes, before_ms: int) -> int:
        """As `Blobs.discard`; how many bytes less are used now."""
        path = self._path(NEW, self.name(digest))
        with _in_words(), suppress(FileNotFoundError):
            if _time_ms(path.stat()) < before_ms:
                return _remove(path)
        return 0

    def delete(self, digest: bytes) -> int:
        """As `Blobs.delete`; how many bytes less are used now."""
        removed = 0
        for shelf in (NEW, KEPT):
            with _in_words(), suppress(FileNotFoundError):
                removed += _remove(self._path(shelf, self.name(digest)))
        return removed

    def names(self, after: str = "") -> list[str]:
        """As `Blobs.names`."""
        with _in_words():
            return list(islice(self._names((NEW, KEPT), after), NAMES_MAX))

    def waiting(self, before_ms: int, after: str = "") -> WaitingPage:
        """As `Blobs.waiting`; one that does not open is left to whoever verifies."""
        with _in_words():
            names = list(islice(self._names((NEW,), after), LOOKED_AT_MAX))
            found = (self._waits(name, before_ms) for name in names)
            last = names[-1] if len(names) == LOOKED_AT_MAX else ""
            return WaitingPage(tuple(one for one in found if one is not None), last)

    def used_bytes(self) -> int:
        """Count."""
        with _in_words():
            return sum(self._stored_bytes(name) for name in self._names((NEW, KEPT)))

    def strays(self) -> Iterator[str]:
        """What lies on the shelves and is no blob at its place, by its path in the folder."""
        for shelf in (NEW, KEPT):
            for prefix in _listed(self._folder / shelf):
                if not (self._folder / shelf / prefix).is_dir():
                    yield f"{shelf}/{prefix}"
                for name in _listed(self._folder / shelf / prefix):
                    if not _belongs(name, prefix):
                        yield f"{shelf}/{prefix}/{name}"

    def _names(self, shelves: tuple[str, ...], after: str = "") -> Iterator[str]:
        """In order, behind a name."""
        prefixes: set[str] = set()
        for shelf in shelves:
            prefixes.update(_listed(self._folder / shelf))
        for prefix in sorted(one for one in prefixes if one >= after[:PREFIX_CHARS]):
            inside: set[str] = set()
            for shelf in shelves:
                inside.update(_listed(self._folder / shelf / prefix))
            yield from sorted(n for n in inside if n > after and _belongs(n, prefix))

    def _path(self, shelf: str, name: str) -> Path:
        return self._folder / shelf / name[:PREFIX_CHARS] / name

    def _stored_bytes(self, name: str) -> int:
        """How large its file is; 0 where there is none."""
        for shelf in (NEW, KEPT):
            with suppress(FileNotFoundError):
                return self._path(shelf, name).stat().st_size
        return 0

    def _is_whole(self, name: str) -> bool:
        try:
            self.read(name)
        except BlobError:
            return False
        return True

    def _content(self, name: str) -> bytes:
        for shelf in (NEW, KEPT):
            path = self._path(shelf, name)
            with _in_words(), suppress(FileNotFoundError):
                if path.stat().st_size > BLOB_BYTES_MAX + OVERHEAD_BYTES_MAX:
                    raise BlobDamaged(name)
                return path.read_bytes()
        raise BlobMissing(name)

    def _waits(self, name: str, before_ms: int) -> Waiting | None:
        path = self._path(NEW, name)
        try:
            since_ms = _time_ms(path.stat())
            if since_ms >= before_ms:
                return None
            with path.open("rb") as file:
                key, head, _ = self._parts(name, file.read(OVERHEAD_BYTES_MAX))
            return Waiting(self._sealer.open(key, _label_place(name), head.label), since_ms)
        except (FileNotFoundError, BlobDamaged, Unsealable):
            return None

    def _sealed(self, name: str, digest: bytes, body: bytes) -> bytes:
        """A file's content."""
        key = self._sealer.new_key(SHARD, name)
        label = self._sealer.seal(key, _label_place(name), digest)
        head = msgspec.msgpack.encode(_Head(key.wrapped, label))
        size = len(head).to_bytes(_HEAD_SIZE_BYTES, "big")
        return MAGIC + size + head + self._sealer.seal(key, _body_place(name), body)

    def _parts(self, name: str, content: bytes) -> tuple[StreamKey, _Head, bytes]:
        """The blob's key, its head, and its body still sealed (or the beginning of it)."""
        begin = len(MAGIC) + _HEAD_SIZE_BYTES
        size = int.from_bytes(content[len(MAGIC) : begin], "big")
        try:
            head = msgspec.msgpack.decode(content[begin : begin + size], type=_Head)
            key = self._sealer.unwrap(name, head.wrapped)
        except (ValueError, RecursionError, Unsealable):
            raise BlobDamaged(name) from None
        if not content.startswith(MAGIC):
            raise BlobDamaged(name)
        return key, head, content[begin + size :]

    def _write(self, path: Path, content: bytes, now_ms: int) -> None:
        draft = self._folder / DRAFTS / path.name
        try:
            number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(content)
                file.flush()
                _set_time(draft, now_ms)
                os.fsync(file.fileno())
            _make_folder(path.parent)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def _wait_anew(self, name: str, now_ms: int) -> None:
        path = self._path(NEW, name)
        if not path.exists():
            return
        _set_time(path, now_ms)
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        # Whoever put it first may have lost its power before this.
        _sync_folder(path.parent)


@contextmanager
def _in_words() -> Iterator[None]:
    """A disk that does not do as it is told, as an error of ours."""
    try:
        yield
    except OSError as error:
        kind = BlobsFull if error.errno in _FULL else BlobError
        raise kind(f"影像存储不可用 · the photos' disk fails: {error.strerror}") from error


def _label_place(name: str) -> str:
    return f"blob/{name}/digest"


def _body_place(name: str) -> str:
    return f"blob/{name}/body"


def _belongs(file: str, prefix: str) -> bool:
    """Whether a file is called like a blob of this folder."""
    is_name = len(file) == NAME_CHARS and not file.strip("0123456789abcdef")
    return is_name and file[:PREFIX_CHARS] == prefix


def _listed(folder: Path) -> list[str]:
    """What is in a folder, in order; nothing where there is none."""
    try:
        return sorted(one.name for one in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _time_ms(found: os.stat_result) -> int:
    return found.st_mtime_ns // 1_000_000


def _set_time(path: Path, now_ms: int) -> None:
    os.utime(path, ns=(now_ms * 1_000_000, now_ms * 1_000_000))


def _remove(path: Path) -> int:
    size = path.stat().st_size
    path.unlink()
    _sync_folder(path.parent)
    return size


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Make names durable; where folders cannot be opened (Windows), the system sees to it."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


__all__ = ["DRAFTS", "KEPT", "MAGIC", "NEW", "BlobFolder", "Opened"]
