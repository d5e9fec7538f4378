"""What a batch means, whatever keeps it: its limits, its conflicts, its entry in its shard's log.

A `Plan` takes batches one after the other, as one transaction of a group commit. Each is either
staged whole or refused whole with a typed error, and a later batch sees what an earlier one staged.
Nothing here writes: a backend asks the plan what to write. All backends use it, so they cannot
disagree about versions, owners or the log.

Invariant: the staged entries continue the logs that the plan began with, without a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from actors.store.entry import entry_of, leaves_a_trace
from actors.store.merkle import Frontier, leaf_hash
from actors.store.port import (
    BATCH_EVENTS_MAX,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    PendingEffect,
    StoreError,
    VersionConflict,
)

K = TypeVar("K")
V = TypeVar("V")

TIME_MS_MAX = 2**63 - 1
"""The last moment that every backend can hold, in Unix milliseconds."""


STREAMS_KEPT_MAX = 20_000
"""The most streams whose standing a writer remembers; then it starts anew."""

FRONTIERS_KEPT_MAX = 1_000
"""The most shards whose logs' ends a writer remembers; then it starts anew."""


class BadBatch(StoreError):
    """The batch itself is wrong (a bound, a text, a repeated id); the same one fails for ever."""


class NotOfThisShard(BadBatch):
    """A batch would change what another shard's log says: no log could explain it any more."""


EventRow = tuple[str, int, str, bytes, int, str, str, int]
"""The fields of a `Recorded`, plain: a tenth of the price to make, and what databases take best."""

EntryRow = tuple[str, int, bytes, bytes]
"""The fields of a `LogRow`, plain."""

Standing = tuple[int, str]
"""How many events a stream has, and its shard: that of its first event."""

NEW: Standing = (0, "")
"""How a stream stands that has no events."""

Holder = tuple[str, str]
"""The owner of a claim, and the shard whose log says so."""


class Ground(Protocol):
    """What is durable already, as far as a plan has to know."""

    def stream(self, stream: str) -> Standing:
        """How far a stream has come, and whose it is."""

    def holder(self, scope: str, key: str) -> Holder | None:
        """Who holds a business key, and whose log says so."""

    def frontier(self, shard: str) -> Frontier:
        """Where the shard's log ends."""


class Plan:
    """Batches staged for one transaction.

    Attributes:
        entries: entries of logs, each with the nodes that it completes.
        events: in order.
        effects: outbox entries to add, each with its shard.
        effects_done: ids of outbox entries to remove, after the additions, each with its shard.
        documents: (collection, key) → the last (value, shard); no value deletes.
        owners: (scope, key) → the last (owner, shard); no owner releases.
        keys: stream → the last (wrapped key, shard); no key destroys.
        streams: how each touched stream stands then.
        frontiers: where each touched shard's log ends then.
    """

    __slots__ = (
        "_is_entangled",
        "documents",
        "effects",
        "effects_done",
        "entries",
        "events",
        "frontiers",
        "ground",
        "keys",
        "owners",
        "streams",
    )

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.entries: list[EntryRow] = []
        self.events: list[EventRow] = []
        self.effects: list[tuple[PendingEffect, str]] = []
        self.effects_done: list[tuple[str, str]] = []
        self.documents: dict[tuple[str, str], tuple[bytes | None, str]] = {}
        self.owners: dict[tuple[str, str], tuple[str | None, str]] = {}
        self.keys: dict[str, tuple[bytes | None, str]] = {}
        self.streams: dict[str, Standing] = {}
        self._is_entangled = False
        self.frontiers: dict[str, Frontier] = {}

    def add(self, batch: Batch) -> Committed:
        """Stage a batch whole, or raise and stage nothing of it.

        Raises:
            BadBatch: it breaks a bound or is ill-formed.
            VersionConflict: a stream has another version than expected.
            ClaimConflict: a key belongs to another owner.
        """
        check_batch(batch)
        self._check_streams(batch)
        owners = self._resolve_claims(batch) if batch.claims or batch.releases else None
        shard = batch.shard
        frontier = self.frontiers.get(shard) or self.ground.frontier(shard)
        size = frontier.size
        if leaves_a_trace(batch):
            size += 1
            try:
                entry = entry_of(batch, size)
            except UnicodeEncodeError as error:
                raise BadBatch("a name that is no Unicode text") from error
            self.frontiers[shard], nodes = frontier.append(leaf_hash(entry))
            self.entries.append((shard, size, entry, b"".join(nodes)))
        self._stage(batch, size)
        for place, (owner, _) in (owners or {}).items():
            self._change(self.owners, place, owner, shard)
        return Committed(shard, size)

    def add_all(self, batches: Iterable[Batch]) -> list[Committed | StoreError]:
        """Stage what can be staged; what became of each, in order."""
        outcomes: list[Committed | StoreError] = []
        for batch in batches:
            try:
                outcomes.append(self.add(batch))
            except StoreError as refusal:
                outcomes.append(refusal)
        return outcomes

    def is_entangled(self) -> bool:
        """Whether the order of these batches matters: what one touches, another touches as well.

        One settles an effect that another adds, or two shards have a word on one place.
        """
        if self._is_entangled or not (self.effects and self.effects_done):
            return self._is_entangled
        return not {effect.id for effect, _ in self.effects}.isdisjoint(
            an_id for an_id, _ in self.effects_done
        )

    def _stage(self, batch: Batch, seq: int) -> None:
        shard, at_ms, who, rows = batch.shard, batch.at_ms, batch.who, self.events
        for append in batch.appends:
            stream, version = append.stream, append.expected_version
            for event in append.events:
                version += 1
                rows.append((stream, version, event.kind, event.body, at_ms, who, shard, seq))
            self.streams[stream] = (version, shard)
        for effect in batch.effects:
            self.effects.append((effect, shard))
        if batch.effects_done:
            self.effects_done += [(an_id, shard) for an_id in batch.effects_done]
        for document in batch.documents:
            self._change(self.documents, (document.collection, document.key), document.body, shard)
        for key in batch.keys:
            self._change(self.keys, key.stream, key.wrapped, shard)

    def _change(
        self, changes: dict[K, tuple[V | None, str]], place: K, value: V | None, shard: str
    ) -> None:
        """Stage the last word on a place; the words of two shards are not to be joined to one."""
        self._is_entangled |= changes.get(place, (None, shard))[1] != shard
        changes[place] = (value, shard)

    def _check_streams(self, batch: Batch) -> None:
        for append in batch.appends:
            staged = self.streams.get(append.stream)
            found, shard = staged or self.ground.stream(append.stream)
            if found != append.expected_version:
                raise VersionConflict(
                    f"{append.stream} has {found} events, not {append.expected_version}"
                )
            if found and shard != batch.shard:
                raise NotOfThisShard(f"{append.stream} is of {shard}, not of {batch.shard}")

    def _resolve_claims(self, batch: Batch) -> dict[tuple[str, str], tuple[str | None, str]]:
        """Releases first, so that one batch can hand a key from one owner to another."""
        owners: dict[tuple[str, str], tuple[str | None, str]] = {}

        def holder(claim: Claim) -> tuple[str | None, str]:
            place = (claim.scope, claim.key)
            for known in (owners, self.owners):
                if place in known:
                    return known[place]
            return self.ground.holder(claim.scope, claim.key) or (None, "")

        for release in batch.releases:
            if holder(release) == (release.owner, batch.shard):
                owners[release.scope, release.key] = (None, batch.shard)
        for claim in batch.claims:
            owner, shard = holder(claim)
            if owner not in (None, claim.owner):
                raise ClaimConflict(claim.scope, str(owner))
            if owner is not None and shard != batch.shard:
                raise NotOfThisShard(f"{owner} holds the {claim.scope} in {shard}")
            owners[claim.scope, claim.key] = (claim.owner, batch.shard)
        return owners


def check_batch(batch: Batch) -> None:
    """Hold a batch to its bounds and to what every backend can store.

    Raises:
        BadBatch: with the reason; never with a body.
    """
    events = 0
    for append in batch.appends:
        events += len(append.events)
        if not append.events:
            raise BadBatch(f"{append.stream}: an append without events")
    if events > BATCH_EVENTS_MAX:
        raise BadBatch(f"{events} events in a batch, more than {BATCH_EVENTS_MAX}")
    if not 0 <= batch.at_ms <= TIME_MS_MAX:
        raise BadBatch(f"at_ms {batch.at_ms} is no Unix time in milliseconds")
    if len(batch.appends) > 1 and len({a.stream for a in batch.appends}) < len(batch.appends):
        raise BadBatch("a stream is appended to twice in one batch")
    if batch.effects:
        _check_effects(batch)
    if batch.effects_done:
        _check_many(batch.effects_done, batch.effects_done)
    if batch.claims or batch.releases:
        texts = (t for c in batch.claims + batch.releases for t in (c.scope, c.key, c.owner))
        _check_many(max(batch.claims, batch.releases, key=len), texts)
    if batch.documents:
        _check_many(batch.documents, (t for d in batch.documents for t in (d.collection, d.key)))
    if batch.keys:
        _check_many(batch.keys, (key.stream for key in batch.keys))
    if not batch.shard:
        raise BadBatch("a batch of no shard")


def _check_effects(batch: Batch) -> None:
    ids = {effect.id for effect in batch.effects}
    if len(ids) < len(batch.effects):
        raise BadBatch("an effect's id is used twice in one batch")
    if not ids.isdisjoint(batch.effects_done):
        raise BadBatch("an effect is added and done in one batch")
    _check_many(batch.effects, (t for e in batch.effects for t in (e.id, e.stream, e.to, e.kind)))
    for effect in batch.effects:
        if not 0 <= effect.due_ms <= TIME_MS_MAX:
            raise BadBatch(f"{effect.id}: due_ms {effect.due_ms} is no Unix time")


def _check_many(entries: Sequence[object], texts: Iterable[str]) -> None:
    """Bound the entries of one kind, and hold their names to what can be stored as text."""
    if len(entries) > BATCH_EVENTS_MAX:
        raise BadBatch(f"{len(entries)} entries of one kind in a batch, above {BATCH_EVENTS_MAX}")
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError as error:
        raise BadBatch("a name that is no Unicode text") from error


__all__ = [
    "FRONTIERS_KEPT_MAX",
    "STREAMS_KEPT_MAX",
    "TIME_MS_MAX",
    "BadBatch",
    "EntryRow",
    "NEW",
    "EventRow",
    "Ground",
    "Holder",
    "NotOfThisShard",
    "Plan",
    "Standing",
    "check_batch",
]
