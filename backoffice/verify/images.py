"""Photos and recordings as the verifier finds them: whole, altered, missing, or nobody's (I6).

Every file is opened once, one after the other; what stays in memory is a name and a size of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from actors.blobs import BlobDamaged, BlobMissing
from actors.blobs.folder import Opened
from backoffice.verify.findings import Fault, Findings


class Shelf(Protocol):
    """Blobs to be looked at, as `actors.blobs.folder.BlobFolder` has them."""

    def name(self, digest: bytes) -> str:
        """What a blob is called."""

    def names(self, after: str = "") -> list[str]:
        """As `Blobs.names`."""

    def read(self, name: str) -> Opened:
        """As `BlobFolder.read`."""

    def is_kept(self, name: str) -> bool:
        """As `BlobFolder.is_kept`."""

    def strays(self) -> Iterator[str]:
        """As `BlobFolder.strays`."""


class ImageBook:
    """All of an office's, opened and measured.

    Attributes:
        sizes: of those that are what their digests say, by name.
    """

    def __init__(self, shelf: Shelf, findings: Findings) -> None:
        self._shelf = shelf
        self.sizes: dict[str, int] = {}
        self._altered: set[str] = set()
        self._asked: set[str] = set()
        page = shelf.names()
        while page:
            for name in page:
                self._open(name, findings)
            page = shelf.names(page[-1])
        for path in shelf.strays():
            findings.add(Fault.IMAGE_STRAY, f"blobs/{path}")

    def fault(self, digest: bytes, size: int) -> Fault | None:
        """What is wrong with one that a case names, or None."""
        name = self._shelf.name(digest)
        self._asked.add(name)
        if name in self._altered:
            return Fault.IMAGE_ALTERED
        return None if self.sizes.get(name) == size else Fault.IMAGE_MISSING

    def close(self, notes: Findings) -> None:
        """Note those that are kept though no case has named them."""
        for name in sorted(self.sizes.keys() - self._asked):
            if self._shelf.is_kept(name):
                notes.add(Fault.IMAGE_UNNAMED, f"blob/{name}")

    def _open(self, name: str, findings: Findings) -> None:
        try:
            opened = self._shelf.read(name)
        except BlobMissing:
            return  # a running office has just discarded it; if a case names it, that will show
        except BlobDamaged:
            opened = None
        if opened is not None and self._shelf.name(opened.digest) == name:
            self.sizes[name] = len(opened.body)
        else:
            self._altered.add(name)
            findings.add(Fault.IMAGE_ALTERED, f"blob/{name}")


__all__ = ["ImageBook", "Shelf"]
