"""What can stand in a partner's stream, and what each event answers under its key for ever.

One event for each step of an operation, and for a reversal. Postings come along in the event whose
step posted them, so that the ledger is a fold of the stream.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from backoffice.partners.ledger import PostingGroup
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.port import PartnerOutcome, PartnerStatus
from wire.codec import encode
from wire.message import Refusal


class Step(StrEnum):
    """The steps of an operation, as the keys of posting groups name them."""

    PREPARE = "prepare"
    COMMIT = "commit"
    ABORT = "abort"
    REVERSE = "reverse"


class Prepared(msgspec.Struct, frozen=True, tag="PartnerPrepared"):
    """Something is reserved under the key.

    Attributes:
        digest: of the operation, see `operation_digest`.
        number: what the partner calls it: an account, a file, an order; empty where it has no name.
        facts: what the slip may show, already masked.
        group: what was posted; only the core posts.
    """

    key: str
    at_ms: int
    digest: bytes
    operation: Operation
    number: str
    facts: dict[str, str]
    group: PostingGroup | None = None


class Declined(msgspec.Struct, frozen=True, tag="PartnerDeclined"):
    """The partner said no to a PREPARE; `mark` is what it noted besides, in its own words."""

    key: str
    at_ms: int
    digest: bytes
    operation: Operation
    refusal: Refusal
    mark: str = ""


class CommittedOperation(msgspec.Struct, frozen=True, tag="PartnerCommitted"):
    """What was prepared is real; `facts` are all that the partner has said by now."""

    key: str
    at_ms: int
    facts: dict[str, str]
    group: PostingGroup | None = None


class CommitDeclined(msgspec.Struct, frozen=True, tag="PartnerCommitDeclined"):
    """The partner said no to a COMMIT after all; what was reserved is released."""

    key: str
    at_ms: int
    refusal: Refusal
    group: PostingGroup | None = None


class AbortedOperation(msgspec.Struct, frozen=True, tag="PartnerAborted"):
    """What was prepared is released, or the key is spent before anything was prepared."""

    key: str
    at_ms: int
    group: PostingGroup | None = None


class ReversedOperation(msgspec.Struct, frozen=True, tag="PartnerReversed"):
    """What was committed under the key `of` is undone; `key` is the reversal's own."""

    key: str
    at_ms: int
    of: str
    operation: Operation
    group: PostingGroup | None = None


class ReversalDeclined(msgspec.Struct, frozen=True, tag="PartnerReversalDeclined"):
    """The partner does not undo what is under the key `of`; it stays as it is."""

    key: str
    at_ms: int
    of: str
    operation: Operation
    refusal: Refusal


PartnerEvent = (
    Prepared
    | Declined
    | CommittedOperation
    | CommitDeclined
    | AbortedOperation
    | ReversedOperation
    | ReversalDeclined
)
"""Everything that can stand in a partner's stream."""


def operation_digest(operation: Operation) -> bytes:
    """BLAKE2b-256 that tells a repeated request from a changed one."""
    return hashlib.blake2b(encode(operation), digest_size=32).digest()


def reversal_digest(of: str, operation: Operation) -> bytes:
    """BLAKE2b-256 that tells a repeated reversal from another one."""
    return hashlib.blake2b(encode((of, operation)), digest_size=32).digest()


def stream_of(partner: Partner, union: str) -> str:
    """The name of a partner's stream in the store."""
    return f"{partner}/{union}"


def posting_group(event: PartnerEvent) -> PostingGroup | None:
    """The group that an event posted, for verifier and reconciliation."""
    return None if isinstance(event, Declined | ReversalDeclined) else event.group


def outcome_of(event: PartnerEvent) -> PartnerOutcome:
    """What is answered under the event's key from then on."""
    key = event.key
    match event:
        case Prepared(facts=facts):
            return PartnerOutcome(key, PartnerStatus.PREPARED, facts=facts)
        case (
            Declined(refusal=refusal)
            | CommitDeclined(refusal=refusal)
            | ReversalDeclined(refusal=refusal)
        ):
            return PartnerOutcome(key, PartnerStatus.DECLINED, refusal)
        case CommittedOperation(facts=facts):
            return PartnerOutcome(key, PartnerStatus.COMMITTED, facts=facts)
        case AbortedOperation():
            return PartnerOutcome(key, PartnerStatus.ABORTED)
        case ReversedOperation():
            return PartnerOutcome(key, PartnerStatus.REVERSED)


__all__ = [
    "AbortedOperation",
    "CommitDeclined",
    "CommittedOperation",
    "Declined",
    "PartnerEvent",
    "Prepared",
    "ReversalDeclined",
    "ReversedOperation",
    "Step",
    "operation_digest",
    "outcome_of",
    "posting_group",
    "reversal_digest",
    "stream_of",
]
