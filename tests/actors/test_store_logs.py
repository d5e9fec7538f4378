"""Every batch is one entry of its shard's log, whatever keeps it, and the log tells all of it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.store import (
    HINT,
    MAIN,
    READ_ROWS_MAX,
    Append,
    Batch,
    Claim,
    Committed,
    Document,
    Event,
    Head,
    KeyRow,
    PendingEffect,
    Store,
    StoreError,
    VersionConflict,
)
from actors.store.batch import NotOfThisShard
from actors.store.entry import digest_of
from actors.store.memory import Disk
from actors.store.merkle import Frontier, leaf_hash
from actors.store.refold import refold
from actors.store.sqlite.file import SqliteFile, open_readonly, open_writer
from actors.store.sqlite.scratch import open_scratch
from tests.actors.every_store import Teller, told

SHARDS = ("union/530102", "union/530103", MAIN)

COVERED = {
    "events": Batch("mei", 1, appends=(Append("s", 0, (Event("e", b"1"),)),)),
    "effects": Batch("mei", 1, effects=(PendingEffect("s#1.0", "s", "core", "post", b"1"),)),
    "effects done": Batch("mei", 1, effects_done=("s#1.0",)),
    "claims": Batch("mei", 1, claims=(Claim("card", "6217", "s"),)),
    "releases": Batch("mei", 1, releases=(Claim("card", "6217", "s"),)),
    "documents": Batch("mei", 1, documents=(Document("c", "k", b"v"),)),
    "a deletion": Batch("mei", 1, documents=(Document("c", "k", None),)),
    "a key": Batch("mei", 1, keys=(KeyRow("s", b"wrapped"),)),
    "a forgotten key": Batch("mei", 1, keys=(KeyRow("s", None),)),
}
"""One of each kind of change that must be entered."""


def append(stream: str, after: int, shard: str = MAIN) -> Batch:
    return Batch("mei", 1, (Append(stream, after, (Event("e", b"1"),)),), shard=shard)


async def frontier_of(store: Store, shard: str) -> Frontier:
    """Of a log, computed anew from its entries; each completes the nodes that it should."""
    frontier = Frontier.of(0, ())
    for row in await store.entries(shard):
        frontier, nodes = frontier.append(leaf_hash(row.entry))
        assert b"".join(nodes) == row.nodes
    return frontier


def test_every_kind_of_change_is_entered(tell: Teller) -> None:
    """One entry a batch, in the order of their commits, and the head is that of the entries."""

    async def story(store: Store) -> None:
        assert [] == await store.heads()
        for size, (name, batch) in enumerate(COVERED.items(), 1):
            assert Committed(MAIN, size) == await store.commit(batch), name

        entries = await told(store)
        assert len(COVERED) == len(entries)
        frontier = await frontier_of(store, MAIN)
        assert [Head(MAIN, len(COVERED), frontier.root())] == await store.heads()
        assert 2 == len(await store.entries(MAIN, len(COVERED) - 2))

    tell(story)


def test_only_hints_are_in_no_entry(tell: Teller) -> None:
    """A batch of hints alone leaves none; beside something else only the hint is left out."""

    async def story(store: Store) -> None:
        hint = Document(HINT + "seen", "k", b"just now")
        assert Committed(MAIN, 0) == await store.commit(Batch("mei", 1, documents=(hint,)))
        assert Committed(MAIN, 0) == await store.commit(Batch("mei", 1))
        assert [] == await store.heads()
        assert b"just now" == await store.document(HINT + "seen", "k")

        both = (hint, Document("c", "k", b"v"))
        assert Committed(MAIN, 1) == await store.commit(Batch("mei", 2, documents=both))
        (entry,) = await told(store)
        assert (("c", "k", digest_of(b"v")),) == entry.documents

    tell(story)


def test_a_refused_batch_leaves_no_entry(tell: Teller) -> None:
    """Whatever else was in it: the log goes on as if it had never been asked."""

    async def story(store: Store) -> None:
        await store.commit(append("s", 0))
        before = await store.heads()

        late = Batch("mei", 2, append("s", 0).appends, documents=(Document("c", "k", b"v"),))
        with pytest.raises(VersionConflict):
            await store.commit(late)

        assert before == await store.heads()
        assert Committed(MAIN, 2) == await store.commit(append("s", 1))
        await frontier_of(store, MAIN)

    tell(story)


def test_shards_have_logs_of_their_own(tell: Teller) -> None:
    """Each counts from one, and one's batches do not move another's head."""

    async def story(store: Store) -> None:
        one, other = SHARDS[:2]
        assert Committed(one, 1) == await store.commit(append("a", 0, one))
        (head,) = await store.heads()
        assert Committed(other, 1) == await store.commit(append("b", 0, other))
        assert Committed(other, 2) == await store.commit(append("b", 1, other))

        roots = [(await frontier_of(store, shard)).root() for shard in (one, other)]
        assert [head, Head(other, 2, roots[1])] == await store.heads()
        assert head == Head(one, 1, roots[0])
        assert [] == await store.entries("union/999999")
        assert 1 == len(await store.entries(other, after_seq=1))

    tell(story)


def test_a_log_is_read_in_pages(tell: Teller) -> None:
    """At most the bound at a time; asking again behind the last goes on without a gap."""

    async def story(store: Store) -> None:
        for version in range(READ_ROWS_MAX + 1):
            await store.commit(append("long", version))
        assert READ_ROWS_MAX == len(await store.entries(MAIN))
        (last,) = await store.entries(MAIN, after_seq=READ_ROWS_MAX)
        assert READ_ROWS_MAX + 1 == last.seq

    tell(story)


def test_keys_are_kept_and_destroyed(tell: Teller) -> None:
    """The last word counts; a destroyed key is gone, and its stream's events stay as they are."""

    async def story(store: Store) -> None:
        assert await store.key("s") is None
        await store.commit(Batch("mei", 1, append("s", 0).appends, keys=(KeyRow("s", b"old"),)))
        await store.commit(Batch("mei", 2, keys=(KeyRow("s", b"new"), KeyRow("t", b"theirs"))))
        assert b"new" == await store.key("s")

        before = await store.read("s")
        await store.commit(Batch("mei", 3, keys=(KeyRow("s", None),)))
        await store.flush()
        assert await store.key("s") is None
        assert b"theirs" == await store.key("t")
        assert before == await store.read("s")

    tell(story)


STRANGE = {
    "a stream": Batch("li", 2, (Append("s", 1, (Event("e", b"2"),)),)),
    "a claim": Batch("li", 2, claims=(Claim("card", "6217", "s"),)),
    "a document": Batch("li", 2, documents=(Document("c", "k", b"w"),)),
    "a key": Batch("li", 2, keys=(KeyRow("s", b"other"),)),
}
"""What only the shard may do that has made the row."""

UNKNOWN = {
    "an effect done": Batch("li", 2, effects_done=("s#1.0",)),
    "a release": Batch("li", 2, releases=(Claim("card", "6217", "s"),)),
    "a document's end": Batch("li", 2, documents=(Document("c", "k", None),)),
    "a key's end": Batch("li", 2, keys=(KeyRow("s", None),)),
}
"""What takes away, and finds nothing there of another shard."""


@pytest.mark.parametrize("what", [*STRANGE, *UNKNOWN])
@pytest.mark.parametrize("with_the_first", [False, True], ids=["later", "in one group"])
def test_what_another_shard_says_is_out_of_reach(
    tell: Teller, what: str, *, with_the_first: bool
) -> None:
    """Putting is refused, taking away finds nothing; in one group commit as well as later."""
    first = Batch(
        "mei",
        1,
        (Append("s", 0, (Event("e", b"1"),)),),
        effects=(PendingEffect("s#1.0", "s", "core", "post", b"1"),),
        claims=(Claim("card", "6217", "s"),),
        documents=(Document("c", "k", b"v"),),
        keys=(KeyRow("s", b"wrapped"),),
        shard=SHARDS[0],
    )
    strange = msgspec.structs.replace((STRANGE | UNKNOWN)[what], shard=SHARDS[1])

    async def story(store: Store) -> None:
        refused: list[StoreError] = []

        async def touch() -> None:
            try:
                await store.commit(strange)
            except NotOfThisShard as refusal:
                refused.append(refusal)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.commit, first)
            if with_the_first:
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(touch)
        if not with_the_first:
            await touch()

        assert (1 if what in STRANGE else 0) == len(refused)
        assert 1 == len(await store.read("s"))
        assert ["s#1.0"] == [effect.id for effect in await store.effects()]
        assert "s" == await store.owner("card", "6217")
        assert b"v" == await store.document("c", "k")
        assert b"wrapped" == await store.key("s")

    tell(story)


NUMBERS = st.integers(0, 2)
BODIES = st.binary(max_size=3)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Any batch of few names, so that conflicts, repetitions and releases are frequent; now and
    then it names what is another shard's.
    """
    shard = draw(st.sampled_from(SHARDS))

    def name() -> str:
        return f"{draw(st.sampled_from((shard, shard, *SHARDS)))}/{draw(NUMBERS)}"

    def few() -> range:
        return range(draw(NUMBERS))

    def body() -> bytes | None:
        return draw(st.none() | BODIES)

    appends = tuple(
        Append(name(), draw(NUMBERS), tuple(Event("e", draw(BODIES)) for _ in range(2)))
        for _ in few()
    )
    return Batch(
        draw(st.sampled_from(("mei", "li"))),
        draw(st.integers(0, 9)),
        appends,
        tuple(PendingEffect(name(), name(), "core", "post", draw(BODIES)) for _ in few()),
        tuple(name() for _ in few()),
        tuple(Claim("card", name(), str(draw(NUMBERS))) for _ in few()),
        tuple(Claim("card", name(), str(draw(NUMBERS))) for _ in few()),
        tuple(Document(draw(st.sampled_from(("c", "~h"))), name(), body()) for _ in few()),
        tuple(KeyRow(name(), body()) for _ in few()),
        shard,
    )


def outcome_on(disk: Disk, batch: Batch) -> object:
    """What becomes of a batch in memory."""
    try:
        return disk.apply(batch)
    except StoreError as refusal:
        return type(refusal)


def agree(disk: Disk, path: Path) -> None:
    """The file holds what the memory holds, and its logs tell of all of it."""
    wrong: list[object] = []
    with open_readonly(path) as archive, open_scratch() as notes:
        heads = refold(archive, notes, lambda *what: wrong.append(what))
        assert disk.heads() == heads
        for shard in archive.shards():
            assert disk.logs[shard] == list(archive.log(shard))
        assert sorted(disk.journal, key=lambda r: (r.stream, r.version)) == list(archive.events())
        assert disk.pending == {effect.id: effect for effect, _ in archive.effects()}
        assert disk.owners == {(c.scope, c.key): c.owner for c, _ in archive.claims()}
        assert disk.documents == {(d.collection, d.key): d.body for d, _ in archive.documents()}
        assert disk.keys == {key.stream: key.wrapped for key, _ in list(archive.keys())}
    assert [] == wrong


@pytest.mark.parametrize("way", [1, -1], ids=["to a later name", "to an earlier name"])
def test_what_one_shard_lets_go_of_another_may_have(way: int, tmp_path: Path) -> None:
    """A card is claimed, released and claimed in another union; a document goes, and comes again
    elsewhere: the logs are walked by name and not by time, and tell of it all the same.
    """
    former, latter = sorted(SHARDS[:2])[::way]
    card, mine = Claim("card", "6217", "s"), Document("c", "k", b"v")
    effect = PendingEffect("s#1.0", "s", "core", "post", b"1")
    had = Batch("mei", 1, (), (effect,), (), (card,), (), (mine,), (KeyRow("s", b"1"),), former)
    gone = Batch(
        "mei",
        2,
        effects_done=(effect.id,),
        releases=(card,),
        documents=(Document("c", "k", None),),
        keys=(KeyRow("s", None),),
        shard=former,
    )
    disk, path = Disk(), tmp_path / "a.db"

    with open_writer(path) as file:
        for batch in (had, gone, msgspec.structs.replace(had, shard=latter)):
            assert [disk.apply(batch)] == file.commit_group([batch])

    agree(disk, path)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.lists(batches(), max_size=5), st.sampled_from((0, 1, 2))), max_size=6))
def test_backends_agree_about_everything(groups: list[tuple[list[Batch], int]]) -> None:
    """Any batches, in any groups, by two connections in turn or by one just opened: the same
    outcomes, entries, heads and rows as one by one in memory, and nothing that no entry tells.
    """
    disk = Disk()
    with TemporaryDirectory() as folder, ExitStack() as opened:
        path = Path(folder, "a.db")
        files = [opened.enter_context(open_writer(path)) for _ in range(2)]
        for group, which in groups:
            expected = [outcome_on(disk, batch) for batch in group]
            file: SqliteFile
            file = files[which] if which < 2 else opened.enter_context(open_writer(path))
            outcomes = file.commit_group(group)
            found = [o if isinstance(o, Committed) else type(o) for o in outcomes]
            assert expected == found
            assert disk.heads() == file.heads() == files[0].heads()
        agree(disk, path)
