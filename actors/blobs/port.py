"""The `Blobs` port: bytes under their digest, kept until nobody needs them any more.

Who puts bytes knows their digest and gets them back by it. At rest they have a name instead, which
says nothing to whoever has no key. A blob first *waits*: somebody put it, nobody has said yet that
it is needed. `keep` says so, for good; what waits too long is discarded by the collector. A blob
that is put again waits anew, so what was just acknowledged is never discarded.

Implementations: `actors.blobs.files` and `actors.blobs.memory`, under one shared suite of tests.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Protocol

import msgspec

BLOB_BYTES_MAX: Final = 4 * 1024 * 1024
"""The largest blob, in bytes."""

NAMES_MAX: Final = 1_000
"""The most names that one look returns; ask again after the last one."""

LOOKED_AT_MAX: Final = 500
"""The most blobs that one look for waiting ones goes through."""

DIGEST_BYTES: Final = 32


class BlobError(Exception):
    """Any failure to keep or give bytes; nothing was changed unless it says otherwise."""


class BadBlob(BlobError):
    """What was to be put is not what its digest says, or too large: the caller's fault."""


class BlobsFull(BlobError):
    """There is no room: the quota is used up, or the disk is."""


class BlobsBusy(BlobError):
    """As much is under way as may be; the same may be asked again soon."""


class BlobsClosed(BlobError):
    """The node that asked has crashed; the outcome is unknown."""


class BlobUnreadable(BlobError):
    """The bytes cannot be given.

    Attributes:
        name: of the blob at rest.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"blob {name} {why}")
        self.name = name


class BlobMissing(BlobUnreadable):
    """Nothing is here under the digest."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "is not here")


class BlobDamaged(BlobUnreadable):
    """What lies under the name was cut, altered, or is something else; putting it anew mends it."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "is damaged")


class BlobTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How much room photos and recordings may take.

    Attributes:
        quota_bytes: the most bytes of all together; beyond it nothing more is taken in.
        free_bytes_min: how many bytes of the disk stay free for everything else.
    """

    quota_bytes: Annotated[int, msgspec.Meta(ge=1)] = 2 * 1024**4
    free_bytes_min: Annotated[int, msgspec.Meta(ge=0)] = 2 * 1024**3


class Waiting(msgspec.Struct, frozen=True):
    """A blob of which nobody has said that it is needed.

    Attributes:
        digest: BLAKE2b-256 of its bytes.
        since_ms: when it was put last, Unix time in milliseconds.
    """

    digest: bytes
    since_ms: int


class WaitingPage(msgspec.Struct, frozen=True):
    """Some of those that wait.

    Attributes:
        found: in the order of their names.
        last: the name to go on after; empty at the end.
    """

    found: tuple[Waiting, ...]
    last: str


class Usage(msgspec.Struct, frozen=True):
    """How full it is.

    Attributes:
        used_bytes: of all blobs together, as they lie on the disk.
        quota_bytes: as in `BlobTerms`.
    """

    used_bytes: int
    quota_bytes: int


class Blobs(Protocol):
    """Where bytes are kept. Every method may raise `BlobsBusy` and `BlobsClosed`."""

    async def put(self, digest: bytes, body: bytes) -> None:
        """Keep bytes under their BLAKE2b-256; return after they would survive a power cut.

        Putting the same again changes nothing, but that it waits from now on.

        Raises:
            BadBlob: the digest is not that of the bytes, or they exceed `BLOB_BYTES_MAX`.
            BlobsFull: there is no room.
            BlobError: the disk does not take it.
        """

    async def get(self, digest: bytes) -> bytes:
        """The bytes.

        Raises:
            BlobMissing: they are not here.
            BlobDamaged: what is here is something else.
            BlobError: the disk does not give it.
        """

    async def keep(self, digest: bytes) -> None:
        """They are needed: they wait no longer. What is not here is nobody's business."""

    async def discard(self, digest: bytes, before_ms: int) -> bool:
        """Delete what still waits and was last put before a time; whether that was so."""

    async def delete(self, digest: bytes) -> None:
        """Delete the bytes for good, kept or not; what is not here is gone already."""

    async def waiting(self, before_ms: int, after: str = "") -> WaitingPage:
        """Those of the next `LOOKED_AT_MAX` behind a name that wait since before a time."""

    async def names(self, after: str = "") -> list[str]:
        """Up to `NAMES_MAX` names of blobs, in order, after `after`."""

    async def usage(self) -> Usage:
        """Count how much is used."""


_BLAKE2B_256 = hashlib.blake2b(digest_size=DIGEST_BYTES)
"""Nothing hashed yet; a copy costs half of a new one."""


def blob_digest(body: bytes) -> bytes:
    """BLAKE2b-256 of the bytes."""
    digest = _BLAKE2B_256.copy()
    digest.update(body)
    return digest.digest()


def check_blob(digest: bytes, body: bytes) -> None:
    """Hold a blob to its bound and its digest.

    Raises:
        BadBlob: it breaks one.
    """
    if len(body) > BLOB_BYTES_MAX:
        raise BadBlob(f"a blob of {len(body)} bytes, more than {BLOB_BYTES_MAX}")
    if blob_digest(body) != digest:
        raise BadBlob("the digest is not that of the blob")


__all__ = [
    "BLOB_BYTES_MAX",
    "DIGEST_BYTES",
    "LOOKED_AT_MAX",
    "NAMES_MAX",
    "BadBlob",
    "BlobDamaged",
    "BlobError",
    "BlobMissing",
    "BlobTerms",
    "BlobUnreadable",
    "Blobs",
    "BlobsBusy",
    "BlobsClosed",
    "BlobsFull",
    "Usage",
    "Waiting",
    "WaitingPage",
    "blob_digest",
    "check_blob",
]
