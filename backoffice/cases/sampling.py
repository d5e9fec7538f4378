"""Looking again at what nobody looked at, or perhaps one person twice, after it closed.

Cases of level A1 passed by rules alone; so that rules are not trusted blindly, chance that can be
recomputed draws some when they close, and an authorizer says whether all was right. A case in which
two of those who must be different persons carry one name is always drawn: most are namesakes, and
who has two identities is found here. What a reviewer says changes nothing about the case. Whoever
wants to say something opens the case before, which is noted in its stream: nobody else gets its
images, and nobody after the review. Whether a case was drawn stands there, too: a share that is
configured anew neither frees a case from its review nor asks for one long ago. Invariant: a case
that was drawn has a document in `review/<union>` until it is reviewed, by somebody who had no part
in it and carries nobody's name who had.
"""

from __future__ import annotations

import hashlib
from itertools import combinations
from typing import Final

import msgspec

from actors.store import Document
from backoffice.authorization.levels import Level
from backoffice.cases.commands import Caller, JudgeSample, OpenSample
from backoffice.cases.events import AnyCaseEvent, Closed, SampleOpened, SampleReviewed
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules
from backoffice.cases.view import compare, dossier_of
from backoffice.staff import named_alike
from wire.codec import encode
from wire.form import Form
from wire.message import Code, Refusal
from wire.messages.desk import NOTE_CHARS_MAX, ReviewFile, ReviewItem
from wire.messages.session import StaffCard
from wire.text import normalised, text_fault

Events = tuple[AnyCaseEvent, ...]

_DRAW_BYTES: Final = 8

_NOT_SAMPLED: Final = Refusal(Code.STATE, "该业务未被抽中复核。")
_REVIEWED: Final = Refusal(Code.STATE, "该业务已完成抽查。")
_OWN_CASE: Final = Refusal(Code.SELF_AUTH, "不能复核本人或同名人员经办、授权的业务。")
_TOO_JUNIOR: Final = Refusal(Code.FORBIDDEN, "抽查需要A2级及以上授权权限。")
_UNSEEN: Final = Refusal(Code.STATE, "请先打开该业务，查看后再给出抽查结论。")
_NO_NOTE: Final = Refusal(Code.FORMAT, "请说明发现的问题。", "note")


class ReviewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One case that waits for its review, as its document says.

    Attributes:
        operator: who captured it.
        approvers: who approved it.
        closed_ms: when it closed, the office's clock.
        images: digests of what those who opened it may fetch.
        opened: person ids of those who did.
    """

    case_id: str
    product: str
    title_zh: str
    title_en: str
    operator: StaffCard
    closed_ms: int
    level: Level
    approvers: tuple[StaffCard, ...] = ()
    images: tuple[bytes, ...] = ()
    opened: tuple[str, ...] = ()


def is_sampled(case_id: str, permille: int, key: bytes) -> bool:
    """Whether a case is drawn: BLAKE2b of its id under the office's key, modulo 1000, is below.

    Without the key nobody can tell; a tablet, which makes the ids, could choose one never drawn.
    """
    drawn = hashlib.blake2b(case_id.encode(), digest_size=_DRAW_BYTES, key=key).digest()
    return int.from_bytes(drawn, "big") % 1000 < permille


def close(case: Case, rules: Rules, now_ms: int) -> Closed:
    """The end of a case, which draws it or does not."""
    by_rules = case.filed.assessment.level is Level.A1
    share = rules.thresholds.sample_permille
    drawn = by_rules and is_sampled(case.case_id, share, rules.draw_key)
    return Closed(now_ms, drawn or _has_namesakes(case))


def _has_namesakes(case: Case) -> bool:
    """Whether two of those who captured and approved the case carry one name."""
    people = (case.filed.operator, *_approvers(case))
    return any(named_alike(*two) for two in combinations(people, 2))


def _approvers(case: Case) -> tuple[StaffCard, ...]:
    return tuple(approval.authorizer for approval in case.approvals)


def collection(union: str) -> str:
    """Where the documents of a union's reviews are."""
    return f"review/{union}"


def review_document(before: Case, after: Case) -> tuple[Document, ...]:
    """What a commit writes: put as a drawn case closes or is opened, delete as it is reviewed."""
    was = (before.sampled, before.opened, before.reviewed)
    if was == (after.sampled, after.opened, after.reviewed):
        return ()
    body = encode(entry_of(after)) if after.reviewed is None else None
    return (Document(collection(after.union), after.case_id, body),)


def entry_of(case: Case) -> ReviewEntry:
    """A drawn case as its document keeps it."""
    undertaking = case.filed.undertaking
    return ReviewEntry(
        case_id=case.case_id,
        product=case.filed.product,
        title_zh=undertaking.title_zh,
        title_en=undertaking.title_en,
        operator=case.filed.operator,
        closed_ms=case.steps[-1].at_ms,
        level=case.filed.assessment.level,
        approvers=_approvers(case),
        images=tuple(card.digest for card in case.images),
        opened=case.opened,
    )


def too_junior(caller: Caller) -> Refusal | None:
    """Why this person reviews nothing; None if they may."""
    return _TOO_JUNIOR if caller.level < Level.A2 else None


def may_fetch(entry: ReviewEntry, caller: Caller) -> bool:
    """Whether this person gets the images: they opened the case and are still senior enough."""
    return caller.staff.person_id in entry.opened and too_junior(caller) is None


def review_item(entry: ReviewEntry, caller: Caller) -> ReviewItem:
    """The entry as one reviewer sees it."""
    return ReviewItem(
        case_id=entry.case_id,
        product=entry.product,
        title_zh=entry.title_zh,
        title_en=entry.title_en,
        outlet=entry.operator.outlet,
        operator=entry.operator.name,
        level=entry.level.name,
        closed_ms=entry.closed_ms,
        allowed=_apart((entry.operator, *entry.approvers), caller.staff),
    )


def review_file(case: Case, form: Form, caller: Caller) -> ReviewFile:
    """What somebody who opened a drawn case judges it by; numbers are masked as in the queue.

    `form` is the one that was filled.
    """
    filed = case.filed
    return ReviewFile(
        item=review_item(entry_of(case), caller),
        state=case.state,
        steps=case.steps,
        compared=compare(dossier_of(filed), form, filed.identity, filed.identities),
        images=case.images,
    )


def open_sample(case: Case, command: OpenSample, now_ms: int) -> Events | Refusal:
    """The look at a drawn case, noted the first time."""
    reviewer = command.caller.staff
    refusal = _kept_away(case, command.caller)
    if refusal is not None:
        return refusal
    if case.reviewed is not None:
        return _REVIEWED
    return () if reviewer.person_id in case.opened else (SampleOpened(now_ms, reviewer),)


def judge_sample(case: Case, command: JudgeSample, now_ms: int) -> Events | Refusal:
    """The review of a drawn case; the same one again leads to nothing new."""
    reviewer, note = command.caller.staff, normalised(command.note)
    refusal = _kept_away(case, command.caller)
    if refusal is not None:
        return refusal
    if not command.ok and not note:
        return _NO_NOTE
    fault = text_fault(note, "说明", NOTE_CHARS_MAX, "note", required=False, lines=True)
    if fault is not None:
        return fault
    if case.reviewed is None and reviewer.person_id not in case.opened:
        return _UNSEEN
    if case.reviewed is None:
        return (SampleReviewed(now_ms, reviewer, command.ok, note),)
    said = case.reviewed
    same = (said.reviewer.person_id, said.ok, said.note) == (reviewer.person_id, command.ok, note)
    return () if same else _REVIEWED


def _kept_away(case: Case, caller: Caller) -> Refusal | None:
    """Why this person has no part in the review of this case; None if they may."""
    junior = too_junior(caller)
    if junior is not None:
        return junior
    if not case.sampled:
        return _NOT_SAMPLED
    part = (case.filed.operator, *_approvers(case))
    return None if _apart(part, caller.staff) else _OWN_CASE


def _apart(part: tuple[StaffCard, ...], reviewer: StaffCard) -> bool:
    """Whether the reviewer is none of those who had a part in the case, nor carries their name."""
    return not any(
        one.person_id == reviewer.person_id or named_alike(one, reviewer) for one in part
    )


__all__ = [
    "ReviewEntry",
    "close",
    "collection",
    "entry_of",
    "is_sampled",
    "judge_sample",
    "may_fetch",
    "open_sample",
    "review_document",
    "review_file",
    "review_item",
    "too_junior",
]
