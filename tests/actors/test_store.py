"""One suite over every backend of the `Store` port: what holds for one holds for all."""

from __future__ import annotations

import pytest

from actors.store import (
    BATCH_EVENTS_MAX,
    DUE_ROWS_MAX,
    HINT,
    MAIN,
    READ_ROWS_MAX,
    Append,
    Batch,
    Claim,
    ClaimConflict,
    Document,
    Due,
    Event,
    KeyRow,
    PendingEffect,
    Recorded,
    Store,
    VersionConflict,
)
from actors.store.batch import BadBatch
from tests.actors.every_store import Teller, told


def events(*bodies: bytes, kind: str = "happened") -> tuple[Event, ...]:
    return tuple(Event(kind, body) for body in bodies)


def append(stream: str, after: int, *bodies: bytes) -> Batch:
    return Batch("mei", 1_000, appends=(Append(stream, after, events(*bodies)),))


def effect(number: int, stream: str = "case/1", due_ms: int = 0) -> PendingEffect:
    return PendingEffect(f"{stream}#{number}.0", stream, "core", "post", b"body", due_ms)


def test_events_are_read_back_in_order(tell: Teller) -> None:
    """What is appended to a stream is read back in order, with its versions, who and when."""

    async def story(store: Store) -> None:
        await store.commit(append("case/1", 0, b"a", b"b"))
        await store.commit(append("case/2", 0, b"x"))
        await store.commit(append("case/1", 2, b"c"))

        expected = [
            Recorded("case/1", 2, "happened", b"b", 1_000, "mei", MAIN, 1),
            Recorded("case/1", 3, "happened", b"c", 1_000, "mei", MAIN, 3),
        ]
        assert expected == await store.read("case/1", after_version=1)
        assert [] == await store.read("case/1", after_version=3)
        assert [] == await store.read("case/404")

    tell(story)


def test_one_batch_appends_to_several_streams(tell: Teller) -> None:
    """Facts for two streams become durable together, under one entry that tells of both."""

    async def story(store: Store) -> None:
        batch = Batch(
            "mei",
            7,
            appends=(Append("a", 0, events(b"1", b"2")), Append("b", 0, events(b"3"))),
        )

        await store.commit(batch)

        (entry,) = await told(store)
        assert [("a", 0, 2), ("b", 0, 1)] == [(s, after, len(e)) for s, after, e in entry.appends]
        rows = [*await store.read("a"), *await store.read("b")]
        assert [(MAIN, 1)] * 3 == [(row.shard, row.seq) for row in rows]

    tell(story)


def test_somebody_elses_append_is_a_version_conflict(tell: Teller) -> None:
    """Expecting too few or too many events is refused, and nothing of the batch is applied."""

    async def story(store: Store) -> None:
        await store.commit(append("case/1", 0, b"a"))
        before = await store.heads()

        for expected in (0, 2):
            batch = Batch(
                "mei",
                2,
                appends=(
                    Append("case/2", 0, events(b"x")),
                    Append("case/1", expected, events(b"b")),
                ),
                effects=(effect(2),),
                claims=(Claim("card", "1", "case/1"),),
                documents=(Document("c", "k", b"v"),),
            )
            with pytest.raises(VersionConflict):
                await store.commit(batch)

        assert before == await store.heads()
        assert [] == await store.read("case/2")
        assert [] == await store.effects()
        assert await store.owner("card", "1") is None
        assert await store.document("c", "k") is None

    tell(story)


def test_what_is_due_is_read_by_its_time(tell: Teller) -> None:
    """Of all streams, without bodies, page after page; what is done is gone."""

    async def story(store: Store) -> None:
        count = 2 * DUE_ROWS_MAX + 3
        rows = [effect(n, f"case/{n % 7}", due_ms=1_000 * (n % 50)) for n in range(1, count + 1)]
        await store.commit(Batch("mei", 1, effects=tuple(rows)))

        seen: list[Due] = []
        while page := await store.due(*((seen[-1].due_ms, seen[-1].id) if seen else ())):
            assert len(page) <= DUE_ROWS_MAX
            seen += page
        assert sorted(Due(row.due_ms, row.id, row.stream) for row in rows) == seen
        assert seen[-1:] == (await store.due(seen[-1].due_ms))[-1:]
        assert [] == await store.due(49_001)

        await store.commit(Batch("mei", 2, effects_done=tuple(row.id for row in rows[1:])))
        assert [Due(1_000, "case/1#1.0", "case/1")] == await store.due()

    tell(story)


def test_a_claim_has_one_owner(tell: Teller) -> None:
    """A business key is owned by one; claiming one's own again is fine; another's is refused."""

    async def story(store: Store) -> None:
        mine = Claim("card", "6217", "case/1")
        await store.commit(Batch("mei", 1, claims=(mine,)))
        await store.commit(Batch("mei", 2, claims=(mine,)))

        with pytest.raises(ClaimConflict) as conflict:
            await store.commit(
                Batch(
                    "li",
                    3,
                    appends=(Append("case/2", 0, events(b"a")),),
                    claims=(Claim("slot", "9", "case/2"), Claim("card", "6217", "case/2")),
                )
            )

        assert ("card", "case/1") == (conflict.value.scope, conflict.value.owner)
        assert "case/1" == await store.owner("card", "6217")
        assert await store.owner("slot", "9") is None
        assert [] == await store.read("case/2")

    tell(story)


def test_only_the_owner_releases(tell: Teller) -> None:
    """A stranger's release changes nothing; the owner's own frees the key, even to hand it over."""

    async def story(store: Store) -> None:
        mine = Claim("card", "6217", "case/1")
        theirs = Claim("card", "6217", "case/2")
        await store.commit(Batch("mei", 1, claims=(mine,)))

        await store.commit(Batch("li", 2, releases=(theirs,)))
        assert "case/1" == await store.owner("card", "6217")

        await store.commit(Batch("li", 3, claims=(theirs,), releases=(mine,)))
        assert "case/2" == await store.owner("card", "6217")

        await store.commit(Batch("li", 4, releases=(theirs,)))
        assert await store.owner("card", "6217") is None

    tell(story)


def test_two_owners_in_one_batch_conflict(tell: Teller) -> None:
    """A batch that gives one key to two owners contradicts itself."""

    async def story(store: Store) -> None:
        claims = (Claim("card", "1", "a"), Claim("card", "1", "b"))
        with pytest.raises(ClaimConflict):
            await store.commit(Batch("mei", 1, claims=claims))

        assert await store.owner("card", "1") is None

    tell(story)


def test_effects_stay_until_done(tell: Teller) -> None:
    """Outbox entries are listed by id until a batch marks them done; unknown ids are ignored."""

    async def story(store: Store) -> None:
        first, second, other = effect(1), effect(2, due_ms=99), effect(1, "case/2")
        await store.commit(Batch("mei", 1, effects=(first, other)))
        await store.commit(Batch("mei", 2, effects=(second,), effects_done=("never#1.0",)))

        assert [first, second, other] == await store.effects()
        assert [first, second] == await store.effects("case/1")
        assert [second] == await store.effects("case/1", after=first.id)

        await store.commit(Batch("mei", 3, effects_done=(first.id,)))
        assert [second, other] == await store.effects()

    tell(story)


def test_an_effects_id_is_used_once(tell: Teller) -> None:
    """An id that is in the outbox already is refused, and nothing of that batch is applied."""

    async def story(store: Store) -> None:
        await store.commit(Batch("mei", 1, effects=(effect(1),)))

        again = Batch("mei", 2, appends=(Append("case/1", 0, events(b"a")),), effects=(effect(1),))
        with pytest.raises(BadBatch):
            await store.commit(again)

        assert [] == await store.read("case/1")
        assert [effect(1)] == await store.effects()

    tell(story)


def test_documents_are_replaced_and_deleted(tell: Teller) -> None:
    """The last value counts, also within one batch; None deletes; an empty value is a value."""

    async def story(store: Store) -> None:
        put = (Document("c", "b", b"old"), Document("c", "a", b""), Document("d", "z", b"9"))
        await store.commit(Batch("mei", 1, documents=put))
        twice = (Document("c", "b", b"newer"), Document("c", "b", b"newest"))
        await store.commit(Batch("mei", 2, documents=twice))

        assert [("a", b""), ("b", b"newest")] == await store.documents("c")
        assert [("b", b"newest")] == await store.documents("c", after="a")

        await store.commit(Batch("mei", 3, documents=(Document("c", "b", None),)))
        assert await store.document("c", "b") is None
        assert b"" == await store.document("c", "a")

    tell(story)


def test_streams_are_listed_by_prefix(tell: Teller) -> None:
    """Names with a prefix come sorted, from after a given one, whatever letters they hold."""

    async def story(store: Store) -> None:
        names = ["案/1", "case/2", "case/1", "case/10", "cat", "case/\U0001f4b3", "b"]
        for name in names:
            await store.commit(append(name, 0, b"a", b"b"))

        assert ["case/1", "case/10", "case/2", "case/\U0001f4b3"] == await store.streams("case/")
        assert ["case/2", "case/\U0001f4b3"] == await store.streams("case/", after="case/10")
        assert sorted(names) == await store.streams("")
        assert [] == await store.streams("d")

    tell(story)


def test_every_read_is_bounded(tell: Teller) -> None:
    """A read returns at most the bound; asking again after its last row goes on without a gap."""

    async def story(store: Store) -> None:
        total = READ_ROWS_MAX + 1
        half = BATCH_EVENTS_MAX
        for start in range(0, total, half):
            count = min(half, total - start)
            numbers = range(start, start + count)
            await store.commit(
                Batch(
                    "mei",
                    1,
                    appends=(Append("long", start, events(*[b"x"] * count)),),
                    effects=tuple(effect(n, f"s{n:04}") for n in numbers),
                    documents=tuple(Document("c", f"{n:04}", b"v") for n in numbers),
                )
            )

        assert READ_ROWS_MAX == len(await store.read("long"))
        assert 1 == len(await store.read("long", after_version=READ_ROWS_MAX))
        pending = await store.effects()
        assert READ_ROWS_MAX == len(pending)
        assert 1 == len(await store.effects(after=pending[-1].id))
        documents = await store.documents("c")
        assert READ_ROWS_MAX == len(documents)
        assert 1 == len(await store.documents("c", after=documents[-1][0]))

    tell(story)


LONE_SURROGATE = "\ud800"

BAD_BATCHES = {
    "too many events": append("s", 0, *[b"x"] * (BATCH_EVENTS_MAX + 1)),
    "too many effects": Batch("w", 1, effects=tuple(effect(n) for n in range(501))),
    "too many documents": Batch(
        "w", 1, documents=tuple(Document("c", str(n), b"") for n in range(501))
    ),
    "too many done": Batch("w", 1, effects_done=tuple(map(str, range(501)))),
    "too many claims": Batch("w", 1, claims=tuple(Claim("s", str(n), "o") for n in range(501))),
    "an append of nothing": append("s", 0),
    "a stream twice": Batch(
        "w", 1, appends=(Append("s", 0, events(b"a")), Append("s", 1, events(b"b")))
    ),
    "an effect twice": Batch("w", 1, effects=(effect(1), effect(1))),
    "an effect added and done": Batch("w", 1, effects=(effect(1),), effects_done=(effect(1).id,)),
    "a time before 1970": Batch("w", -1),
    "a time no clock shows": Batch("w", 2**63),
    "a due time no clock shows": Batch("w", 1, effects=(effect(1, due_ms=2**64),)),
    "a broken stream name": append(LONE_SURROGATE, 0, b"a"),
    "a broken done": Batch("w", 1, effects_done=(LONE_SURROGATE,)),
    "a broken name": Batch(LONE_SURROGATE, 1, appends=(Append("s", 0, events(b"a")),)),
    "a broken claim": Batch("w", 1, claims=(Claim("s", LONE_SURROGATE, "o"),)),
    "a broken document": Batch("w", 1, documents=(Document("c", LONE_SURROGATE, b""),)),
    "a broken shard": Batch("w", 1, effects_done=("x",), shard=LONE_SURROGATE),
    "a broken span": Batch("w", 1, effects_done=("x",), span=LONE_SURROGATE),
    "a broken hint": Batch("w", 1, documents=(Document(HINT, LONE_SURROGATE, b""),)),
    "a broken key": Batch("w", 1, keys=(KeyRow(LONE_SURROGATE, b"k"),)),
    "too many keys": Batch("w", 1, keys=tuple(KeyRow(str(n), b"k") for n in range(501))),
    "no shard": Batch("w", 1, effects_done=("x",), shard=""),
    "a broken kind": Batch("w", 1, appends=(Append("s", 0, events(b"a", kind=LONE_SURROGATE)),)),
    "a broken effect's span": Batch(
        "w", 1, effects=(PendingEffect("x", "s", "t", "k", b"", span=LONE_SURROGATE),)
    ),
    "a broken effect": Batch("w", 1, effects=(effect(1, LONE_SURROGATE),)),
}


def test_a_bad_batch_is_refused_and_leaves_nothing(tell: Teller) -> None:
    """Each bound and each malformation is a typed error; the store goes on as if never asked."""

    async def story(store: Store) -> None:
        for name, batch in BAD_BATCHES.items():
            try:
                await store.commit(batch)
            except BadBatch:
                continue
            pytest.fail(f"{name} was accepted")

        assert [] == await store.heads()
        assert [] == await store.entries(MAIN)
        assert [] == await store.effects()
        await store.commit(append("s", 0, *[b"x"] * BATCH_EVENTS_MAX))

    tell(story)
