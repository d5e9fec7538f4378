"""The authorization queue: what a desk and the office say to each other.

A claim is a lease that heartbeats renew; a desk that crashes loses it and the case goes back to
the front of the queue. A decision is signed by the desk over what the authorizer saw: case,
version, the hash of the submission, the hashes of every image, the verdict and a fresh challenge.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from wire.case_state import State
from wire.ids import CaseId
from wire.message import Message, Request
from wire.messages.case import Step


class Verdict(StrEnum):
    """What an authorizer can say."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


class Reason(StrEnum):
    """Why a case is returned or rejected."""

    IMAGE_UNCLEAR = "image_unclear"
    IMAGE_MISSING = "image_missing"
    ELEMENT_MISMATCH = "element_mismatch"
    FORM_INCOMPLETE = "form_incomplete"
    NOT_THE_PERSON = "not_the_person"
    ID_DOUBTFUL = "id_doubtful"
    COERCION_OR_FRAUD = "coercion_or_fraud"
    NOT_PERMITTED = "not_permitted"


RETURN_REASONS = (
    Reason.IMAGE_UNCLEAR,
    Reason.IMAGE_MISSING,
    Reason.ELEMENT_MISMATCH,
    Reason.FORM_INCOMPLETE,
)
"""Reasons that go with `RETURN`."""

REJECT_REASONS = (
    Reason.NOT_THE_PERSON,
    Reason.ID_DOUBTFUL,
    Reason.COERCION_OR_FRAUD,
    Reason.NOT_PERMITTED,
)
"""Reasons that go with `REJECT`."""


class QueueItem(msgspec.Struct, frozen=True):
    """One case in the queue.

    Attributes:
        case_id: which.
        product: its code.
        title_zh: the product's title.
        title_en: the same in English.
        outlet: where it was captured.
        operator: the operator's display name.
        level: `A1`…`A4`.
        flags: why the level was raised, short codes; `same_name` where this authorizer carries the
            name of the operator or of the first approver.
        queued_ms: since when, Unix milliseconds.
        due_ms: by when it should be decided.
        claimed_by: display name of who has it, or empty.
        mine: claimed on this desk.
        allowed: False where this authorizer must not decide it.
        barred: why not: `operator`, `approver`, `own_outlet`, `other_outlet`, `other_union`,
            `level`, `skill`.
        timing: `sync` while a customer waits at the table, else `async`.
        locality: whose desks decide: `outlet`, `union`, `central`.
        priority: 0 to 9; a late case counts more than its priority.
        dealt: it comes with `NextCase` only.
        live_photo: `asked` while one is awaited, `given` when it is there, else empty.
        union: the county union that it was captured in.
    """

    case_id: str
    product: str
    title_zh: str
    title_en: str
    outlet: str
    operator: str
    level: str
    flags: tuple[str, ...]
    queued_ms: int
    due_ms: int
    claimed_by: str = ""
    mine: bool = False
    allowed: bool = True
    barred: str = ""
    timing: str = "async"
    locality: str = "central"
    priority: int = 0
    dealt: bool = False
    live_photo: str = ""
    union: str = ""


class Queue(msgspec.Struct, frozen=True):
    """The queue as this desk may see it, front first."""

    items: tuple[QueueItem, ...]


class WatchQueue(Request[Queue], frozen=True, tag="WatchQueue"):
    """Get the queue now and `QueueChanged` from now on."""


class QueueChanged(Message, frozen=True, tag="QueueChanged"):
    """Told to every watching desk; only the newest matters."""

    queue: Queue


class Compared(msgspec.Struct, frozen=True):
    """One element beside its sources; an empty source has nothing to say.

    Attributes:
        title_zh: what it is.
        title_en: the same in English.
        entered: what the teller typed or chose.
        chip: what the ID card's chip says.
        network: what the population register says.
        differs: the sources disagree.
        field: of the form, where the element is the answer to one; else empty.
    """

    title_zh: str
    title_en: str
    entered: str
    chip: str
    network: str
    differs: bool
    field: str = ""


class ImageCard(msgspec.Struct, frozen=True):
    """One image to look at; `digest` is what `GetChunk` takes and the decision binds."""

    digest: bytes
    size: int
    field: str
    title_zh: str
    title_en: str
    evidence: str


class CaseFile(msgspec.Struct, frozen=True):
    """Everything an authorizer decides on.

    Attributes:
        item: as in the queue.
        state: where the case stands.
        steps: every state passed.
        version: the case's version; the decision must name it.
        submission_hash: BLAKE2b-256 of the submission; the decision must name it.
        compared: elements beside their sources.
        images: what to look at, in form order.
        challenge: 16 fresh bytes; the decision must name them.
        lease_until_ms: when the claim ends unless renewed.
    """

    item: QueueItem
    state: State
    steps: tuple[Step, ...]
    version: int
    submission_hash: bytes
    compared: tuple[Compared, ...]
    images: tuple[ImageCard, ...]
    challenge: bytes
    lease_until_ms: int


class ClaimCase(Request[CaseFile], frozen=True, tag="ClaimCase"):
    """Take a case; claiming one's own claim again renews it and gives a fresh challenge.

    A case that is dealt out (`QueueItem.dealt`) is refused.
    """

    case_id: CaseId


class NextCase(Request[CaseFile], frozen=True, tag="NextCase"):
    """Take the case that the office deals out: a random one of those at the front.

    A desk that has a case gets that one again; `E_NOT_FOUND` when nothing waits for it.
    """


class AskLivePhoto(Request[CaseFile], frozen=True, tag="AskLivePhoto"):
    """Have the customer photographed now; claim the case again when `QueueItem.live_photo` says
    that the photo is there.
    """

    case_id: CaseId


class Lease(msgspec.Struct, frozen=True):
    """Until when the claim holds, Unix milliseconds."""

    until_ms: int


class RenewClaim(Request[Lease], frozen=True, tag="RenewClaim"):
    """Heartbeat of a claim."""

    case_id: CaseId


class Released(msgspec.Struct, frozen=True):
    """The case is back at the front of the queue."""

    case_id: str


class ReleaseCase(Request[Released], frozen=True, tag="ReleaseCase"):
    """Give a claim back undecided."""

    case_id: CaseId


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorizer decided, on exactly what they saw; its encoding is what is signed.

    `fields` go with `RETURN` only: the answers that the reason is about, by their names in the
    form, each once and at most `MARKED_FIELDS_MAX`; none where it is about the whole.
    """

    case_id: str
    version: int
    submission_hash: bytes
    images: tuple[bytes, ...]
    verdict: Verdict
    reason: Reason | None
    note: str
    staff_id: str
    challenge: bytes
    decided_ms: int
    fields: tuple[str, ...] = ()


class DecisionTaken(msgspec.Struct, frozen=True):
    """The decision is durable."""

    case_id: str
    state: State


class Decide(Request[DecisionTaken], frozen=True, tag="Decide"):
    """Hand in a decision.

    Attributes:
        decision: the encoded `Decision`, exactly the bytes that were signed.
        signature: Ed25519 of the desk's device over them (context `DECISION`).
        passcode: the authorizer's, entered for this decision.
    """

    decision: bytes
    signature: bytes
    passcode: str

    def __repr__(self) -> str:
        return f"Decide({len(self.decision)} bytes)"


class ReviewItem(msgspec.Struct, frozen=True, kw_only=True):
    """One closed case that was drawn for a review.

    Attributes:
        case_id: which.
        product: its code.
        title_zh: the product's title.
        title_en: the same in English.
        outlet: where it was captured.
        operator: the operator's display name.
        level: the level that it passed by; above `A1`, two who had a part in it carry one name.
        closed_ms: when it closed, Unix milliseconds.
        allowed: False where this authorizer, or somebody of their name, had a part in it.
    """

    case_id: str
    product: str
    title_zh: str
    title_en: str
    outlet: str
    operator: str
    level: str
    closed_ms: int
    allowed: bool


class Reviews(msgspec.Struct, frozen=True):
    """What waits for a review, oldest case first, up to a bound of the office's."""

    items: tuple[ReviewItem, ...]


class ListReviews(Request[Reviews], frozen=True, tag="ListReviews"):
    """Which closed cases wait for a review; for authorizers of level A2 or more."""


class ReviewFile(msgspec.Struct, frozen=True):
    """Everything a reviewer judges a drawn case by, as it was when it passed.

    Attributes:
        item: as in the list.
        state: where the case stands.
        steps: every state passed.
        compared: elements beside their sources.
        images: what to look at, in form order.
    """

    item: ReviewItem
    state: State
    steps: tuple[Step, ...]
    compared: tuple[Compared, ...]
    images: tuple[ImageCard, ...]


class OpenReview(Request[ReviewFile], frozen=True, tag="OpenReview"):
    """Look at a drawn case; that this person did is kept, and `GetChunk` gives them its images
    until somebody has said what they found. For those who may judge it only.
    """

    case_id: CaseId


class ReviewTaken(msgspec.Struct, frozen=True):
    """The review is durable."""

    case_id: str
    ok: bool


class JudgeReview(Request[ReviewTaken], frozen=True, tag="JudgeReview"):
    """Say whether all was right with a closed case; it changes nothing about the case.

    Attributes:
        case_id: which; one that was not drawn, or that they have not opened, is refused.
        ok: nothing is wrong with it.
        note: what is wrong; may be empty only where `ok`.
    """

    case_id: CaseId
    ok: bool
    note: str


NOTE_CHARS_MAX = 500
"""The longest note of a decision or a review, in characters."""

MARKED_FIELDS_MAX = 20
"""The most fields that one return can name."""


__all__ = [
    "MARKED_FIELDS_MAX",
    "NOTE_CHARS_MAX",
    "REJECT_REASONS",
    "RETURN_REASONS",
    "AskLivePhoto",
    "CaseFile",
    "ClaimCase",
    "Compared",
    "Decide",
    "Decision",
    "DecisionTaken",
    "ImageCard",
    "JudgeReview",
    "Lease",
    "ListReviews",
    "NextCase",
    "OpenReview",
    "Queue",
    "QueueChanged",
    "QueueItem",
    "Reason",
    "ReleaseCase",
    "Released",
    "RenewClaim",
    "ReviewFile",
    "ReviewItem",
    "ReviewTaken",
    "Reviews",
    "Verdict",
    "WatchQueue",
]
