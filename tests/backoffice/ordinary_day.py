"""The journal of an ordinary day, on a store that no office has run on.

One case for each wanted state is brought there by the real rules; the others are its copies under
ids of their own. What partners have answered by then is no longer owed; what the case waits for is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import trio

from actors.durable import Verdict
from actors.durable.history import History, Loaded
from actors.durable.outbox import SELF
from actors.store import Append, Batch, Document, Event, Store
from backoffice.cases.case import key_of, stream_of
from backoffice.shards import of_union
from tests.backoffice.case_story import PARTNERS, UNION, Story
from tests.kit import submissions as make
from wire.case_state import State

TOGETHER = 500
"""How many cases are committed at a time."""


def day(closed: int, opened: int) -> Mapping[State, int]:
    """How many cases stand where: of the open ones two in five have something to do at once."""
    at_once = opened * 2 // 5
    tomorrow = (opened - at_once) // 2
    return {
        State.CLOSED: closed,
        State.PREPARING: at_once,
        State.PREPARED: tomorrow,
        State.AUTH_QUEUED: opened - at_once - tomorrow,
    }


async def live_through(store: Store, day: Mapping[State, int]) -> None:
    """Write so many cases that stand at each state."""
    batches = [batch for state, count in day.items() for batch in _cases(state, count)]
    for first in range(0, len(batches), TOGETHER):
        async with trio.open_nursery() as nursery:
            for batch in batches[first : first + TOGETHER]:
                nursery.start_soon(store.commit, batch)


def _cases(state: State, count: int) -> Iterator[Batch]:
    story = Story(seed=str(state))
    story.to_state(state)
    one = _written(story)
    for number in range(count):
        yield _renamed(one, story.case_id, make.case_id(f"{state}/{number}"))


def _written(story: Story) -> Batch:
    """Everything that a store holds of a case, as one batch."""
    key = key_of(UNION, story.case_id)
    handlers = PARTNERS | {"slip", "customer"}
    history = History(story.behaviour, stream_of(key), key, handlers)
    now = Loaded(story.behaviour.initial(key), 0)
    step = history.step(now, Verdict(tuple(story.events)), "day", story.now_ms)
    waits = [effect.message for effect in story.owed if effect.to in PARTNERS]
    owed = [e for e in step.batch.effects if e.to == SELF or history.message_of(e) in waits]
    papers = story.bank.documents.items()
    return Batch(
        who="day",
        at_ms=story.now_ms,
        appends=step.batch.appends,
        effects=tuple(owed),
        documents=tuple(Document(*place, body) for place, body in papers),
        shard=of_union(UNION),
    )


def _renamed(batch: Batch, old: str, new: str) -> Batch:
    """The same case under an id of the same length."""
    before, after = old.encode(), new.encode()
    replace = msgspec.structs.replace
    (append,) = batch.appends
    return replace(
        batch,
        appends=(
            Append(
                append.stream.replace(old, new),
                append.expected_version,
                tuple(Event(e.kind, e.body.replace(before, after)) for e in append.events),
            ),
        ),
        effects=tuple(
            replace(
                effect,
                id=effect.id.replace(old, new),
                stream=effect.stream.replace(old, new),
                body=effect.body.replace(before, after),
            )
            for effect in batch.effects
        ),
        documents=tuple(
            Document(d.collection, d.key.replace(old, new), d.body.replace(before, after))
            for d in batch.documents
            if d.body is not None
        ),
    )


__all__ = ["day", "live_through"]
