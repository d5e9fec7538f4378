"""Durable memory: the port (`port`), what a batch means (`batch`), and what keeps it.

Nothing above this room knows a database, or that there is one node. The backends, `memory` and
`sqlite`, pass one shared suite of tests.
"""

from __future__ import annotations

from actors.store.port import (
    AUDIT_GENESIS,
    BATCH_EVENTS_MAX,
    BLOB_BYTES_MAX,
    DUE_ROWS_MAX,
    READ_ROWS_MAX,
    Append,
    AuditEntry,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    Document,
    Due,
    Event,
    PendingEffect,
    Recorded,
    Store,
    StoreClosed,
    StoreError,
    VersionConflict,
    audit_digest,
    event_digest,
)

__all__ = [
    "AUDIT_GENESIS",
    "Append",
    "AuditEntry",
    "BATCH_EVENTS_MAX",
    "BLOB_BYTES_MAX",
    "Batch",
    "Claim",
    "ClaimConflict",
    "Committed",
    "DUE_ROWS_MAX",
    "Document",
    "Due",
    "Event",
    "PendingEffect",
    "READ_ROWS_MAX",
    "Recorded",
    "Store",
    "StoreClosed",
    "StoreError",
    "VersionConflict",
    "audit_digest",
    "event_digest",
]
