"""An entry tells every field of its batch, is told apart from any other, and reads safely."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.store import Append, Batch, Claim, Document, Event, KeyRow, PendingEffect, StoreError
from actors.store.entry import FORMAT, Entry, digest_of, entry_of, leaves_a_trace, read_entry
from actors.store.port import HINT

WHOLE = Batch(
    "mei",
    1,
    (Append("s", 0, (Event("e", b"1"),)),),
    (PendingEffect("s#1.0", "s", "core", "post", b"2", 3, "t"),),
    ("s#0.0",),
    (Claim("card", "1", "s"),),
    (Claim("card", "2", "s"),),
    (Document("c", "k", b"v"),),
    (KeyRow("s", b"wrapped"),),
    "union/1",
    "span",
)
"""One of everything."""

TEXTS = st.text(max_size=3)
BODIES = st.binary(max_size=3)
NUMBERS = st.integers(0, 2**63 - 1)
CLAIMS = st.builds(Claim, TEXTS, TEXTS, TEXTS)


def several(one: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(one, max_size=2).map(tuple)


BATCHES = st.builds(
    Batch,
    TEXTS,
    NUMBERS,
    several(st.builds(Append, TEXTS, NUMBERS, several(st.builds(Event, TEXTS, BODIES)))),
    several(st.builds(PendingEffect, TEXTS, TEXTS, TEXTS, TEXTS, BODIES, NUMBERS, TEXTS)),
    several(TEXTS),
    several(CLAIMS),
    several(CLAIMS),
    several(st.builds(Document, TEXTS, TEXTS, st.none() | BODIES)),
    several(st.builds(KeyRow, TEXTS, st.none() | BODIES)),
    TEXTS,
    TEXTS,
)


def changes(value: object) -> list[object]:
    """The value with each of its parts changed, one at a time, however deep it lies."""
    if isinstance(value, msgspec.Struct):
        return [
            msgspec.structs.replace(value, **{name: changed})
            for name in value.__struct_fields__
            for changed in changes(getattr(value, name))
        ]
    if isinstance(value, tuple):
        inner = [
            (*value[:at], changed, *value[at + 1 :])
            for at, one in enumerate(value)
            for changed in changes(one)
        ]
        return [(), (*value, *value), *inner]
    if isinstance(value, bytes):
        return [value + b"x", b""]
    if isinstance(value, str):
        return [value + "x", ""]
    assert isinstance(value, int)
    return [value + 1]


def test_every_field_changes_the_entry() -> None:
    """Whatever is altered, added or left out, wherever: another entry, and each unlike the rest."""
    altered = [one for one in changes(WHOLE) if isinstance(one, Batch)]
    deleted = [
        msgspec.structs.replace(WHOLE, documents=(Document("c", "k", None),)),
        msgspec.structs.replace(WHOLE, keys=(KeyRow("s", None),)),
    ]
    entries = [entry_of(batch, 1) for batch in (WHOLE, *altered, *deleted)]

    assert len(altered) > 60
    assert len(entries) == len(set(entries))
    assert entry_of(WHOLE, 2) not in entries


def without_hints(batch: Batch) -> Batch:
    covered = tuple(d for d in batch.documents if not d.collection.startswith(HINT))
    return msgspec.structs.replace(batch, documents=covered)


@given(BATCHES, BATCHES)
def test_two_batches_never_share_an_entry(one: Batch, other: Batch) -> None:
    """Entries are equal exactly where the batches are, but for their hints."""
    same = without_hints(one) == without_hints(other)
    assert same == (entry_of(one, 1) == entry_of(other, 1))
    assert entry_of(one, 1) == entry_of(without_hints(one), 1)


@given(BATCHES, NUMBERS)
def test_an_entry_is_read_back(batch: Batch, seq: int) -> None:
    """Every field in its place, bodies by their digests, and the same bytes again."""
    encoded = entry_of(batch, seq)
    entry = read_entry(encoded, "here")

    assert encoded == msgspec.msgpack.encode(entry)
    named = (entry.format, entry.shard, entry.seq, entry.at_ms, entry.who, entry.span)
    assert (FORMAT, batch.shard, seq, batch.at_ms, batch.who, batch.span) == named
    events = [(e.kind, digest_of(e.body)) for a in batch.appends for e in a.events]
    assert events == [mark for _, _, marks in entry.appends for mark in marks]
    assert batch.effects_done == entry.effects_done
    assert [msgspec.structs.astuple(c) for c in batch.claims] == list(entry.claims)
    assert [msgspec.structs.astuple(c) for c in batch.releases] == list(entry.releases)
    told = any((entry.appends, entry.effects, entry.effects_done, entry.claims, entry.releases))
    assert leaves_a_trace(batch) == (told or bool(entry.documents or entry.keys))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_entry(junk: bytes) -> None:
    """A typed error that says where."""
    with pytest.raises(StoreError, match="here"):
        read_entry(junk, "here")


@given(st.data())
def test_a_mutated_entry_is_read_or_refused(data: st.DataObject) -> None:
    """One altered byte, or an end cut off: an entry, never this one, or a typed error."""
    whole = entry_of(WHOLE, 1)
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    for mutated in (whole[:at], whole[:at] + bytes([byte]) + whole[at + 1 :]):
        try:
            read = read_entry(mutated, "here")
        except StoreError:
            continue
        assert read != read_entry(whole, "here")


@pytest.mark.parametrize("depth", [10, 100_000])
def test_a_deep_nest_is_no_entry(depth: int) -> None:
    """However deep."""
    with pytest.raises(StoreError):
        read_entry(b"\x91" * depth, "here")


def test_another_format_is_refused() -> None:
    """Of a newer program, perhaps."""
    entry = read_entry(entry_of(WHOLE, 1), "here")
    newer: Entry = msgspec.structs.replace(entry, format=FORMAT + 1)
    with pytest.raises(StoreError, match=f"format {FORMAT + 1}"):
        read_entry(msgspec.msgpack.encode(newer), "here")
