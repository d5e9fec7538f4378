"""Images on the wire: chunks of 32 KiB against a manifest of hashes, resumable. Sans-IO.

A blob is named by its BLAKE2b-256. The sender states names and sizes (`Manifest`), the receiver
says how much it has of each, the rest goes as chunks; after any interruption it goes on where it
stopped. What is stored where is the owner's business.

Invariants: an assembler never holds more than its blob's stated size; its bytes are handed out only
when their hash is the name; a chunk seen before changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import msgspec

from wire.errors import BadFrame, LocalMisuse, PeerMisbehaved

CHUNK_BYTES: Final = 32 * 1024
"""The size of every chunk but the last."""

DIGEST_BYTES: Final = 32
"""The length of a blob's name."""

BLOB_BYTES_MAX: Final = 4 * 1024 * 1024
"""The largest blob."""

BLOBS_MAX: Final = 16
"""The most blobs in one manifest."""

Digest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
Size = Annotated[int, msgspec.Meta(ge=0, le=BLOB_BYTES_MAX)]


def digest_of(blob: bytes) -> bytes:
    """The name of a blob: its BLAKE2b-256, 32 bytes."""
    return hashlib.blake2b(blob, digest_size=DIGEST_BYTES).digest()


class Item(msgspec.Struct, frozen=True, array_like=True):
    """`[digest, size]`: one blob to come."""

    digest: Digest
    size: Size


class Manifest(msgspec.Struct, frozen=True, array_like=True):
    """`[[item, …]]`: what will come, in the order in which it is wanted."""

    items: Annotated[tuple[Item, ...], msgspec.Meta(max_length=BLOBS_MAX)]

    @classmethod
    def of(cls, blobs: Sequence[bytes]) -> Manifest:
        """The manifest of these blobs.

        Raises:
            LocalMisuse: too many, or one is too large.
        """
        if len(blobs) > BLOBS_MAX or any(len(blob) > BLOB_BYTES_MAX for blob in blobs):
            raise LocalMisuse(f"a manifest has {BLOBS_MAX} blobs of {BLOB_BYTES_MAX} bytes at most")
        return cls(tuple(Item(digest_of(blob), len(blob)) for blob in blobs))


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """`[digest, offset, data]`: bytes of one blob, from `offset` on."""

    digest: Digest
    offset: Size
    data: Annotated[bytes, msgspec.Meta(max_length=CHUNK_BYTES)]

    def __repr__(self) -> str:
        return f"Chunk({self.digest.hex()[:8]}, {self.offset}, {len(self.data)} bytes)"


class Chunker:
    """Cuts a blob into chunks, from wherever the receiver stands.

    Args:
        blob: all of it.
        have: how many bytes of it the receiver has.

    Raises:
        PeerMisbehaved: the receiver claims more than there is.
    """

    def __init__(self, blob: bytes, have: int = 0) -> None:
        if not 0 <= have <= len(blob):
            raise PeerMisbehaved("the receiver claims more of a blob than there is")
        self.digest = digest_of(blob)
        self._blob = blob
        self._offset = have

    def __iter__(self) -> Iterator[Chunk]:
        while self._offset < len(self._blob):
            data = self._blob[self._offset : self._offset + CHUNK_BYTES]
            chunk = Chunk(self.digest, self._offset, data)
            self._offset += len(data)
            yield chunk


class Assembler:
    """Puts one blob together again.

    Args:
        item: what was announced.
        stored: the bytes that an earlier attempt left.

    Raises:
        LocalMisuse: more was stored than was announced.
    """

    def __init__(self, item: Item, stored: bytes = b"") -> None:
        if len(stored) > item.size:
            raise LocalMisuse("more of a blob is stored than was announced")
        self.item = item
        self._bytes = bytearray(stored)

    @property
    def have(self) -> int:
        """How many bytes are there; where the sender goes on."""
        return len(self._bytes)

    @property
    def is_complete(self) -> bool:
        """Whether as many bytes are there as were announced."""
        return len(self._bytes) == self.item.size

    def add(self, chunk: Chunk) -> None:
        """Take a chunk; one that brings nothing new is ignored.

        Raises:
            PeerMisbehaved: it belongs to another blob, leaves a gap, or exceeds the stated size.
        """
        if chunk.digest != self.item.digest or chunk.offset > self.have:
            raise PeerMisbehaved("a chunk of another blob, or not the next one")
        if chunk.offset + len(chunk.data) > self.item.size:
            raise PeerMisbehaved("a blob grows beyond its stated size")
        self._bytes += chunk.data[self.have - chunk.offset :]

    def finish(self) -> bytes:
        """The blob.

        Raises:
            LocalMisuse: it is not complete.
            BadFrame: its hash is not its name; begin again from nothing.
        """
        if not self.is_complete:
            raise LocalMisuse("the blob is not complete")
        blob = bytes(self._bytes)
        if digest_of(blob) != self.item.digest:
            self._bytes.clear()
            raise BadFrame("the bytes of a blob do not have its hash")
        return blob


__all__ = [
    "BLOBS_MAX",
    "BLOB_BYTES_MAX",
    "CHUNK_BYTES",
    "DIGEST_BYTES",
    "Assembler",
    "Chunk",
    "Chunker",
    "Item",
    "Manifest",
    "digest_of",
]
