"""Durable memory: the port (`port`), what a batch means (`batch`), and what keeps it.

Nothing above this room knows a database, or that there is one node. The backends, `memory`,
`sqlite` and `postgres`, pass one shared suite of tests.
"""

from __future__ import annotations

from actors.store.port import (
    BATCH_EVENTS_MAX,
    DUE_ROWS_MAX,
    HINT,
    MAIN,
    READ_ROWS_MAX,
    Append,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    Document,
    Due,
    Event,
    Head,
    KeyRow,
    LogRow,
    PendingEffect,
    Recorded,
    Store,
    StoreClosed,
    StoreError,
    VersionConflict,
    event_digest,
)

__all__ = [
    "BATCH_EVENTS_MAX",
    "DUE_ROWS_MAX",
    "READ_ROWS_MAX",
    "Append",
    "Batch",
    "Claim",
    "ClaimConflict",
    "Committed",
    "Document",
    "Due",
    "Event",
    "PendingEffect",
    "Recorded",
    "Store",
    "StoreClosed",
    "StoreError",
    "VersionConflict",
    "event_digest",
    "HINT",
    "MAIN",
    "KeyRow",
    "Head",
    "LogRow",
]
