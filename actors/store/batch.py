"""What a batch means, whatever keeps it: its limits, its conflicts, its links in the audit chain.

A `Plan` takes batches one after the other, as one transaction of a group commit. Each is either
staged whole or refused whole with a typed error, and a later batch sees what an earlier one staged.
Nothing here writes: a backend asks the plan what to write. Both backends use it, so they cannot
disagree about versions, owners or the chain.

Invariant: the staged rows continue the chain that the plan began with, without a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from actors.store.port import (
    AUDIT_GENESIS,
    BATCH_EVENTS_MAX,
    BLOB_BYTES_MAX,
    AuditEntry,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    PendingEffect,
    Recorded,
    StoreError,
    VersionConflict,
    audit_digest,
    event_digest,
)

TIME_MS_MAX = 2**63 - 1
"""The last moment that every backend can hold, in Unix milliseconds."""

EMPTY_CHAIN = Committed(0, AUDIT_GENESIS)
"""The chain before its first entry."""


class BadBatch(StoreError):
    """The batch itself is wrong (a bound, a text, a repeated id); the same one fails for ever."""


class AuditBroken(StoreError):
    """The audit chain does not verify.

    Attributes:
        seq: the first entry that does not follow from the ones before it.
    """

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"audit entry {seq}: {why}")
        self.seq = seq


Row = tuple[int, str, int, str, bytes, int, str, bytes, bytes]
"""The fields of a `JournalRow`, plain: a tenth of the price to make, and what SQLite takes best."""


class JournalRow(NamedTuple):
    """One event together with its audit entry, in the order in which a backend stores them."""

    seq: int
    stream: str
    version: int
    kind: str
    body: bytes
    at_ms: int
    who: str
    event_digest: bytes
    head: bytes

    def recorded(self) -> Recorded:
        """The event as its stream shows it."""
        return Recorded(self.stream, self.version, self.kind, self.body, self.at_ms, self.who)

    def audit_entry(self) -> AuditEntry:
        """The event's link in the audit chain."""
        return AuditEntry(
            seq=self.seq,
            at_ms=self.at_ms,
            who=self.who,
            stream=self.stream,
            version=self.version,
            kind=self.kind,
            event_digest=self.event_digest,
            head=self.head,
        )


class Ground(Protocol):
    """What is durable already, as far as a plan has to know."""

    def version(self, stream: str) -> int:
        """How many events the stream has."""

    def owner(self, scope: str, key: str) -> str | None:
        """Who holds a business key."""


class Plan:
    """Batches staged for one transaction.

    Attributes:
        head: the chain's last number and value, everything staged included.
        rows: events with their audit entries, in order.
        effects: outbox entries to add.
        effects_done: ids of outbox entries to remove, after the additions.
        documents: the last value of each (collection, key); None deletes.
        owners: the last owner of each (scope, key); None releases.
        versions: the version that each touched stream reaches.
    """

    __slots__ = (
        "documents",
        "effects",
        "effects_done",
        "ground",
        "head",
        "owners",
        "rows",
        "versions",
    )

    def __init__(self, ground: Ground, head: Committed) -> None:
        self.ground = ground
        self.head = head
        self.rows: list[Row] = []
        self.effects: list[PendingEffect] = []
        self.effects_done: list[str] = []
        self.documents: dict[tuple[str, str], bytes | None] = {}
        self.owners: dict[tuple[str, str], str | None] = {}
        self.versions: dict[str, int] = {}

    def add(self, batch: Batch) -> Committed:
        """Stage a batch whole, or raise and stage nothing of it.

        Raises:
            BadBatch: it breaks a bound or is ill-formed.
            VersionConflict: a stream has another version than expected.
            ClaimConflict: a key belongs to another owner.
        """
        check_batch(batch)
        staged = len(self.rows)
        try:
            self._check_versions(batch)
            owners = self._resolve_claims(batch) if batch.claims or batch.releases else None
            self.head = head = self._link(batch)
        except UnicodeEncodeError as error:
            del self.rows[staged:]
            raise BadBatch("a name that is no Unicode text") from error

        for append in batch.appends:
            self.versions[append.stream] = append.expected_version + len(append.events)
        if owners:
            self.owners.update(owners)
        if batch.effects:
            self.effects += batch.effects
        if batch.effects_done:
            self.effects_done += batch.effects_done
        for document in batch.documents:
            self.documents[document.collection, document.key] = document.body
        return head

    def _check_versions(self, batch: Batch) -> None:
        for append in batch.appends:
            found = self.versions.get(append.stream)
            if found is None:
                found = self.ground.version(append.stream)
            expected = append.expected_version
            if found != expected:
                raise VersionConflict(f"{append.stream} has {found} events, not {expected}")

    def _link(self, batch: Batch) -> Committed:
        """Stage the batch's events as rows that continue the chain; return where it ends then."""
        head, rows = self.head, self.rows
        seq, value, at_ms, who = head.audit_seq, head.audit_head, batch.at_ms, batch.who
        for append in batch.appends:
            stream, version = append.stream, append.expected_version
            for event in append.events:
                seq += 1
                version += 1
                kind, body = event.kind, event.body
                digest = event_digest(body)
                value = audit_digest(value, seq, at_ms, who, stream, version, kind, digest)
                rows.append((seq, stream, version, kind, body, at_ms, who, digest, value))
        return Committed(seq, value)

    def _resolve_claims(self, batch: Batch) -> dict[tuple[str, str], str | None]:
        """Releases first, so that one batch can hand a key from one owner to another."""
        owners: dict[tuple[str, str], str | None] = {}

        def owner(claim: Claim) -> str | None:
            place = (claim.scope, claim.key)
            for known in (owners, self.owners):
                if place in known:
                    return known[place]
            return self.ground.owner(claim.scope, claim.key)

        for release in batch.releases:
            if owner(release) == release.owner:
                owners[release.scope, release.key] = None
        for claim in batch.claims:
            holder = owner(claim)
            if holder is not None and holder != claim.owner:
                raise ClaimConflict(claim.scope, holder)
            owners[claim.scope, claim.key] = claim.owner
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


def check_blob(digest: bytes, body: bytes) -> None:
    """Hold a blob to its bound and its digest.

    Raises:
        BadBatch: it is too large, or the digest is that of other bytes.
    """
    if len(body) > BLOB_BYTES_MAX:
        raise BadBatch(f"a blob of {len(body)} bytes, more than {BLOB_BYTES_MAX}")
    if event_digest(body) != digest:
        raise BadBatch("the digest is not that of the blob")


def verify_chain(entries: Iterable[AuditEntry], head: Committed = EMPTY_CHAIN) -> Committed:
    """Follow the chain from `head` over `entries` and return where it ends.

    Raises:
        AuditBroken: an entry is missing, out of place or was altered.
    """
    for entry in entries:
        if entry.seq != head.audit_seq + 1:
            raise AuditBroken(entry.seq, f"follows entry {head.audit_seq}")
        link = audit_digest(
            head.audit_head,
            entry.seq,
            entry.at_ms,
            entry.who,
            entry.stream,
            entry.version,
            entry.kind,
            entry.event_digest,
        )
        if link != entry.head:
            raise AuditBroken(entry.seq, "its digest does not follow from the one before")
        head = Committed(entry.seq, link)
    return head


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
    "EMPTY_CHAIN",
    "TIME_MS_MAX",
    "AuditBroken",
    "BadBatch",
    "Ground",
    "JournalRow",
    "Plan",
    "Row",
    "check_batch",
    "check_blob",
    "verify_chain",
]
