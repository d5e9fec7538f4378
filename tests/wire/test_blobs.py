"""Images in pieces: any interruption, any repetition, the same bytes or an error."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.blobs import (
    BLOB_BYTES_MAX,
    BLOBS_MAX,
    CHUNK_BYTES,
    Assembler,
    Chunk,
    Chunker,
    Item,
    Manifest,
    digest_of,
)
from wire.codec import PAYLOAD_BYTES_MAX, decode, encode
from wire.errors import BadFrame, LocalMisuse, PeerMisbehaved


def blob_of(size: int) -> bytes:
    """Bytes that do not repeat."""
    return random.Random(size).randbytes(size)


@given(
    size=st.sampled_from(
        [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7]
    ),
    attempts=st.lists(st.integers(0, 4), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_a_blob_arrives_whatever_the_interruptions(size: int, attempts: list[int]) -> None:
    """Each attempt sends some chunks, the next one goes on where the receiver stands."""
    blob = blob_of(size)
    assembler = Assembler(Manifest.of([blob]).items[0])
    for most in [*attempts, 100]:
        for chunk, _ in zip(Chunker(blob, assembler.have), range(most), strict=False):
            assembler.add(decode(Chunk, encode(chunk)))
        assembler = Assembler(assembler.item, bytes(assembler._bytes))

    assert assembler.is_complete
    assert blob == assembler.finish()


def test_a_chunk_fits_a_frame() -> None:
    """With its name and offset."""
    chunk = next(iter(Chunker(blob_of(CHUNK_BYTES))))

    assert len(encode(chunk)) < PAYLOAD_BYTES_MAX
    assert "bytes" in repr(chunk)


def test_a_chunk_seen_before_changes_nothing() -> None:
    """Also when it overlaps what is there."""
    blob = blob_of(CHUNK_BYTES + 10)
    assembler = Assembler(Item(digest_of(blob), len(blob)), blob[:100])
    for chunk in (*Chunker(blob), *Chunker(blob)):
        assembler.add(chunk)

    assert blob == assembler.finish()


def test_a_blob_that_lies_is_refused() -> None:
    """A gap, another name, more than announced, bytes with another hash."""
    blob = blob_of(100)
    item = Item(digest_of(blob), len(blob))
    with pytest.raises(PeerMisbehaved):
        Assembler(item).add(Chunk(item.digest, 1, blob[1:]))
    with pytest.raises(PeerMisbehaved):
        Assembler(item).add(Chunk(bytes(32), 0, blob))
    with pytest.raises(PeerMisbehaved):
        Assembler(item).add(Chunk(item.digest, 0, blob + b"!"))

    swapped = Assembler(item)
    swapped.add(Chunk(item.digest, 0, blob[::-1]))
    with pytest.raises(BadFrame):
        swapped.finish()
    assert 0 == swapped.have


def test_nonsense_of_our_own_is_refused() -> None:
    """Too many, too large, unfinished, more stored than announced, more claimed than there is."""
    with pytest.raises(LocalMisuse):
        Manifest.of([b""] * (BLOBS_MAX + 1))
    with pytest.raises(LocalMisuse):
        Manifest.of([bytes(BLOB_BYTES_MAX + 1)])
    with pytest.raises(LocalMisuse):
        Assembler(Item(bytes(32), 1)).finish()
    with pytest.raises(LocalMisuse):
        Assembler(Item(bytes(32), 1), b"ab")
    with pytest.raises(PeerMisbehaved):
        Chunker(b"abc", 4)


def test_a_manifest_is_bounded_when_it_is_decoded() -> None:
    """A stranger's announcement is checked before anything is set aside for it."""
    for items in ([[bytes(31), 1]], [[bytes(32), BLOB_BYTES_MAX + 1]], [[bytes(32), 1]] * 17):
        with pytest.raises(BadFrame):
            decode(Manifest, encode([items]))
