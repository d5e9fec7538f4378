"""The signed decision: bound to what was seen, by somebody who may."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.authorization.levels import Level, Locality
from backoffice.authorization.waiting import Authority, kept_apart
from backoffice.cases.commands import Caller, Judge
from backoffice.cases.decision import REASONS
from backoffice.cases.view import entry_of
from tests.backoffice.case_story import (
    DESK,
    JUNIOR_DESK,
    SAME_OUTLET,
    SECOND_DESK,
    TELLER,
    TELLERS_ALIAS,
    Story,
    caller,
    decided,
    keys,
    staff,
)
from tests.kit import submissions as make
from wire.case_state import State
from wire.codec import encode
from wire.keys import DECISION
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.desk import MARKED_FIELDS_MAX, RETURN_REASONS, Reason, Verdict
from wire.messages.identity import IdentityResult

UNCLEAR = {"verdict": Verdict.RETURN, "reason": Reason.IMAGE_UNCLEAR}


DOUBTFUL = {"verdict": Verdict.REJECT, "reason": Reason.ID_DOUBTFUL}


def claimed(**facts: Any) -> tuple[Story, desk.CaseFile]:
    story = Story()
    story.file(**facts)
    seen = story.claim()
    assert isinstance(seen, desk.CaseFile)
    return story, seen


def code(answer: Any) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": 1}, Code.STALE),
        ({"submission_hash": b"x" * 32}, Code.STALE),
        ({"images": ()}, Code.STALE),
        ({"challenge": b"y" * 16}, Code.STALE),
        ({"case_id": make.case_id("other")}, Code.FORBIDDEN),
        ({"staff_id": "A002"}, Code.FORBIDDEN),
        ({"note": "长" * 501}, Code.FORMAT),
        ({"note": "照片\u202e模糊"}, Code.FORMAT),
        ({"note": "\u200b"}, Code.FORMAT),
        ({"reason": Reason.IMAGE_UNCLEAR}, Code.FORMAT),
        ({"verdict": Verdict.RETURN}, Code.FORMAT),
        ({"verdict": Verdict.RETURN, "reason": Reason.ID_DOUBTFUL}, Code.FORMAT),
        ({"verdict": Verdict.REJECT, "reason": Reason.IMAGE_UNCLEAR}, Code.FORMAT),
        ({"fields": ("id_front",)}, Code.FORMAT),
        ({**UNCLEAR, "fields": ("id_front", "id_front")}, Code.FORMAT),
        ({**UNCLEAR, "fields": ("nothing_asked",)}, Code.FORMAT),
        ({**UNCLEAR, "fields": ("id_front",) * (MARKED_FIELDS_MAX + 1)}, Code.FORMAT),
        (
            {**DOUBTFUL, "fields": ("card",)},
            Code.FORMAT,
        ),
        ({"decided_ms": make.NOW_MS + 300_001}, Code.RANGE),
        ({"decided_ms": make.NOW_MS - 300_001}, Code.RANGE),
        ({"decided_ms": 0}, Code.RANGE),
    ],
)
def test_a_decision_that_does_not_fit(change: dict[str, Any], expected: Code) -> None:
    """One thing wrong, and nothing is decided; the right one still counts afterwards."""
    story, seen = claimed()

    assert expected is code(story.judge(seen, **change))
    assert State.AUTH_CLAIMED is story.where()
    assert isinstance(story.judge(seen), desk.DecisionTaken)


def test_a_decision_that_reads_two_ways_decides_nothing() -> None:
    """Signed with the right key, and both a yes and a no in it."""
    story, seen = claimed()
    right = decided(seen, Verdict.APPROVE, None, DESK, story.now_ms).decision
    twice = bytes([right[0] + 1]) + encode("verdict") + encode(Verdict.REJECT) + right[1:]
    signature = keys(DESK.device).sign(DECISION, twice)

    assert Code.FORMAT is code(story.give(Judge(DESK, twice, signature)))
    assert State.AUTH_CLAIMED is story.where()


def test_every_image_counts_and_order_does_not() -> None:
    """Exactly the set; one missing, one too many, one twice are all another case."""
    story, seen = claimed()
    digests = tuple(image.digest for image in seen.images)

    assert Code.STALE is code(story.judge(seen, images=digests[1:]))
    assert Code.STALE is code(story.judge(seen, images=(*digests, b"z" * 32)))
    assert Code.STALE is code(story.judge(seen, images=(*digests, digests[0])))
    assert isinstance(story.judge(seen, images=digests[::-1]), desk.DecisionTaken)


def test_a_signature_must_be_of_this_desk_over_these_bytes() -> None:
    """Another key, another context, other bytes, no sense."""
    story, seen = claimed()
    right = decided(seen, Verdict.APPROVE, None, DESK, story.now_ms)
    elsewhere = keys("D-0002").sign(DECISION, right.decision)
    other_context = keys(DESK.device).sign(b"other", right.decision)

    for signature in (elsewhere, other_context, bytes(64), b""):
        assert Code.FORBIDDEN is code(story.give(Judge(DESK, right.decision, signature)))
    for body in (b"", right.decision[:-1], right.decision + b"\0"):
        assert Code.FORMAT is code(story.give(Judge(DESK, body, right.signature)))
    nonsense = b"\xc0"
    signed = Judge(DESK, nonsense, keys(DESK.device).sign(DECISION, nonsense))
    assert Code.FORMAT is code(story.give(signed))


def test_the_bytes_and_the_signature_are_kept() -> None:
    """Years later anybody can verify who decided what on which images."""
    story, seen = claimed()
    right = decided(seen, Verdict.APPROVE, None, DESK, story.now_ms)
    story.give(right)

    (approval,) = story.case.approvals
    assert (right.decision, right.signature) == (approval.decision, approval.signature)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (TELLERS_ALIAS, Code.SELF_AUTH),
        (Caller(TELLER.staff, "D-0001", keys("D-0001").public, Level.A4), Code.SELF_AUTH),
        (SAME_OUTLET, Code.FORBIDDEN),
        (caller("D-0010", staff("A010", "P20", "O9"), Level.A1), Code.FORBIDDEN),
    ],
)
def test_who_must_not_decide_cannot_even_claim(who: Caller, expected: Code) -> None:
    """The operator under any staff id, their outlet, too low a level."""
    story = Story()
    story.file()

    assert expected is code(story.claim(who))
    assert State.AUTH_QUEUED is story.where()


def test_who_must_not_decide_cannot_use_anothers_claim() -> None:
    """The decision is checked again, whatever the claim let through."""
    story, seen = claimed()

    for who, expected in (
        (SECOND_DESK, Code.STATE),
        (TELLERS_ALIAS, Code.SELF_AUTH),
        (caller(DESK.device, staff("A002", "P9", "O9"), Level.A4), Code.STATE),
    ):
        assert expected is code(story.judge(seen, who=who))
    assert State.AUTH_CLAIMED is story.where()


def test_a_junior_may_decide_what_is_of_their_level() -> None:
    """A2 by an A2 authorizer."""
    story = Story()
    story.file()
    story.approve(JUNIOR_DESK)

    assert State.PREPARING is story.where()


def test_nothing_is_decided_without_a_claim() -> None:
    """In the queue, and after the decision."""
    story, seen = claimed()
    story.judge(seen)
    late = story.judge(seen, decided_ms=story.now_ms - 1)

    assert Code.STATE is code(late)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_for_the_teller(reason: Reason) -> None:
    """And ends the review."""
    story, seen = claimed()
    verdict = Verdict.RETURN if reason in RETURN_REASONS else Verdict.REJECT
    taken = story.judge(seen, verdict, reason)

    returned = reason in RETURN_REASONS
    state = State.AUTH_RETURNED if returned else State.AUTH_REJECTED
    assert desk.DecisionTaken(story.case_id, state) == taken
    assert REASONS[reason] == (story.case.reasons[0].code, story.case.reasons[0].message)


@pytest.mark.parametrize(
    ("locality", "outlet", "expected"),
    [
        (Locality.CENTRAL, "O9", None),
        (Locality.CENTRAL, "O1", Code.FORBIDDEN),
        (Locality.OUTLET, "O1", None),
        (Locality.OUTLET, "O9", Code.FORBIDDEN),
        (Locality.UNION, "O1", None),
        (Locality.UNION, "O9", None),
    ],
)
def test_locality_says_whose_desks_decide(
    locality: Locality, outlet: str, expected: Code | None
) -> None:
    """Switchable, and a case keeps what it was submitted under."""
    story = Story()
    story.file()
    entry = msgspec.structs.replace(entry_of(story.case), locality=locality)
    refusal = kept_apart(entry, Authority(staff("A1", "P50", outlet), Level.A4))

    assert expected is (refusal.code if refusal else None)


def test_the_file_shows_the_elements_beside_their_sources() -> None:
    """Masked where a number is; the register's doubt is marked."""
    story, seen = claimed()
    rows = {row.title_en: row for row in seen.compared}

    assert "李秀英" == rows["Name"].chip == rows["Name"].network
    assert not rows["Name"].differs
    assert "*" in rows["ID number"].chip
    assert "****" in rows["Mobile number"].entered
    assert "Ⅰ类账户" == rows["Account class"].entered
    assert story.case.version == seen.version
    assert not any(row.differs for row in seen.compared)
    assert ["E1", "E1", "E3"] == [image.evidence for image in seen.images]

    values = make.values_for(story.product.form, optional=True)
    doubtful = Story()
    doubtful.file(doubtful.submission(values), result=IdentityResult.NAME_DIFFERS)
    rows = {row.title_en: row for row in doubtful.claim().compared}
    assert rows["Name"].differs
    assert "号码存在，姓名不符" == rows["Name"].network
