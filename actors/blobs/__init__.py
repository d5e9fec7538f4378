"""Photos and recordings at rest: the port (`port`), and what keeps them: `files` and `memory`.

Bytes of megabytes have a room of their own, so that no commit ever waits behind a photo. What they
mean, and who may see them, nobody here knows.
"""

from __future__ import annotations

from actors.blobs.port import (
    BLOB_BYTES_MAX,
    LOOKED_AT_MAX,
    NAMES_MAX,
    BadBlob,
    BlobDamaged,
    BlobError,
    BlobMissing,
    Blobs,
    BlobsBusy,
    BlobsClosed,
    BlobsFull,
    BlobTerms,
    BlobUnreadable,
    Usage,
    Waiting,
    WaitingPage,
    blob_digest,
    check_blob,
)

__all__ = [
    "BLOB_BYTES_MAX",
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
