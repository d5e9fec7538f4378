"""A feed: the changes that one consumer gets, in order, numbered without a gap.

Durable actor, stream `feed/<consumer>`. The stream is the feed: its versions are the sequence
numbers, so that a replay is a read. How far a consumer has acknowledged is a document beside it; to
move that back is to replay. A change that comes twice (records tell at least once) is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from actors.durable import Behaviour, Verdict
from actors.durable.tagged import Tagged
from actors.store import Recorded
from backoffice.cases.events import TargetAnswered
from backoffice.customers.record import GOLDEN_FACTS, Change, CustomerChanged
from backoffice.management.summary import day_of
from wire.codec import encode_json
from wire.masked import IdNumber
from wire.message import Refusal

SEEN_MAX: Final = 10_000
"""How many of the latest change ids are remembered; far more than a record's outbox can hold."""

ACKNOWLEDGED: Final = "feed-acknowledged"
"""The collection of how far each consumer has acknowledged."""


class Consumer(msgspec.Struct, frozen=True):
    """Who is fed, and with what.

    Attributes:
        name: `ecif` or `ocrm`; also the handler's and the stream's name.
        facts: those it gets, by how they begin; all of them when empty.
        numbers: it gets ID numbers and names: only the keeper of the golden record does.
    """

    name: str
    facts: tuple[str, ...]
    numbers: bool

    def wanted(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """The changes that this consumer gets."""
        return tuple(one for one in changes if not self.facts or one.fact.startswith(self.facts))


ECIF: Final = Consumer("ecif", tuple(sorted(GOLDEN_FACTS)), numbers=True)
"""The golden record: who somebody is and how to reach them."""

OCRM: Final = Consumer(
    "ocrm",
    (
        "phone",
        "tags",
        "tier",
        "interest.",
        "holds.",
        "consent.",
        "do_not_contact",
        "risk_level",
        "visit.",
        "check.",
        "survey.",
        "village",
        "place",
        "household.",
        "merchant.",
        "template.",
    ),
    numbers=False,
)
"""Customer relations: contacts, tags, what they hold and looked at, checks, what a survey heard."""

CONSUMERS: Final = (ECIF, OCRM)


class Published(msgspec.Struct, frozen=True, tag="FeedPublished"):
    """One change of the feed; its sequence number is the version of this event."""

    change: CustomerChanged


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """What was published lately, oldest first."""

    published: int = 0
    seen: dict[str, None] = msgspec.field(default_factory=dict)


class Feed(Behaviour[FeedState, CustomerChanged, Published]):
    """Appends what its consumer wants."""

    event_type = Published
    state_type = FeedState

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def initial(self, key: str) -> FeedState:
        """Nothing was published."""
        del key
        return FeedState()

    def decide(
        self, state: FeedState, command: CustomerChanged, now_ms: int, who: str
    ) -> Verdict[Published] | Refusal:
        """Publish once what is wanted at all."""
        del now_ms, who
        changes = self._consumer.wanted(command.changes)
        if not changes or command.change_id in state.seen:
            return Verdict()
        return Verdict((Published(msgspec.structs.replace(command, changes=changes)),))

    def evolve(self, state: FeedState, event: Published) -> FeedState:
        """Remember it."""
        seen = state.seen | {event.change.change_id: None}
        if len(seen) > SEEN_MAX:
            seen.pop(next(iter(seen)))
        return FeedState(published=state.published + 1, seen=seen)

    def inspect(self, state: FeedState) -> dict[str, object]:
        """How much was published."""
        return {"published": state.published}


class FeedEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a feed as its consumer gets it, as JSON.

    Attributes:
        seq: 1, 2, … without a gap.
        customer: the record's key, or what the consumer itself calls somebody without one.
        number: the ID number, for the golden record alone.
        name: the same.
        case_id: which case taught it, or empty.
        union: where, or empty.
        changes: fact, old, new.
        at_ms: Unix milliseconds.
    """

    seq: int
    customer: str
    at_ms: int
    changes: tuple[Change, ...]
    case_id: str = ""
    union: str = ""
    number: str = ""
    name: str = ""

    def __repr__(self) -> str:
        return f"FeedEntry({self.seq})"

    @property
    def day(self) -> str:
        """The civil date in China that it belongs to."""
        return day_of(self.at_ms)


class Totals(msgspec.Struct, frozen=True):
    """What a consumer should have of a run of entries.

    Attributes:
        first: the first one's sequence number; 0 where there are none.
        last: the last one's.
        since: the day of the first one, `YYYY-MM-DD`; none of the run is of an earlier one but by
            minutes.
        count: how many entries.
        digest: BLAKE2b-256 over the entries' JSON lines in order, hex.
    """

    first: int
    last: int
    since: str
    count: int
    digest: str


_PUBLISHED: Final = Tagged(Published)


def stream_of(consumer: str) -> str:
    """The feed's stream."""
    return f"feed/{consumer}"


def answers_of(said: TargetAnswered) -> CustomerChanged:
    """What somebody said whom customer relations named: a change under their name for them."""
    return CustomerChanged(
        change_id=f"case/{said.union}/{said.case_id}",
        customer=said.target,
        number=IdNumber(""),
        name="",
        case_id=said.case_id,
        union=said.union,
        changes=tuple(Change(fact, "", value) for fact, value in sorted(said.profile.items())),
        at_ms=said.at_ms,
    )


def entry_of(consumer: Consumer, row: Recorded) -> FeedEntry:
    """A stored event as the consumer gets it."""
    published = _PUBLISHED.decode(row.kind, row.body, row.stream)
    change = published.change
    return FeedEntry(
        seq=row.version,
        customer=change.customer,
        at_ms=change.at_ms,
        changes=change.changes,
        case_id=change.case_id,
        union=change.union,
        number=change.number.number if consumer.numbers else "",
        name=change.name if consumer.numbers else "",
    )


def line_of(entry: FeedEntry) -> bytes:
    """The entry's JSON line: what is sent, and what totals are counted over."""
    return encode_json(entry) + b"\n"


def totals_of(entries: Iterable[FeedEntry]) -> Totals:
    """Count and hash of a run of entries."""
    digest, count, first, last, since = hashlib.blake2b(digest_size=32), 0, 0, 0, ""
    for entry in entries:
        digest.update(line_of(entry))
        first, last, since = first or entry.seq, entry.seq, since or entry.day
        count += 1
    return Totals(first, last, since, count, digest.hexdigest())


__all__ = [
    "ACKNOWLEDGED",
    "CONSUMERS",
    "ECIF",
    "OCRM",
    "Consumer",
    "Feed",
    "FeedEntry",
    "Published",
    "Totals",
    "answers_of",
    "entry_of",
    "line_of",
    "stream_of",
    "totals_of",
]
