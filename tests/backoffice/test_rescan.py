"""Photos that follow the next day: let pass by an authorizer, owed by the operator, handed in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from actors.blobs.memory import BlobDisk
from actors.store import MAIN, Batch, Document, Recorded
from backoffice.authorization.hours import DeskHours, next_workday_end_ms
from backoffice.authorization.levels import RESCAN, Level
from backoffice.cases.case import key_of, stream_of
from backoffice.cases.events import AnyCaseEvent, Intake, RescanGiven, RescanOwed
from backoffice.cases.rescan import Debt, collection, overdue_case, pay_first
from backoffice.catalogue import products
from backoffice.peers.devices import Device
from backoffice.peers.terminal_requests import TerminalRequests
from backoffice.shards import of_union
from backoffice.verify.findings import Fault, Findings, place
from backoffice.verify.images import ImageBook
from backoffice.verify.pinned import PinnedKeys
from backoffice.verify.rules import CaseBook
from tests.backoffice.case_story import (
    DESK,
    EVENTS,
    OTHER_TERMINAL,
    SECOND_DESK,
    TELLER,
    UNION,
    Story,
    keys,
)
from tests.kit import submissions as make
from tests.kit.bank import Bank as OfficeBank
from tests.kit.bank import teller
from tests.kit.closing import DiskShelf
from tests.kit.running import run
from wire.codec import decode, encode
from wire.form import FIELDS_MAX
from wire.keys import SUBMISSION
from wire.message import Code, Refusal
from wire.messages.case import CaseView, GetCase, Submission, Submit, SubmitRescan
from wire.messages.desk import DecisionTaken, ImageCard, Reason, Verdict
from wire.messages.session import Role
from wire.value import PhotoValue

FIELD = "income_proof"
DAY_MS = 24 * 60 * 60 * 1000


def without(story: Story, *deferred: str, drop: str = FIELD) -> Submission:
    """A right submission but for one photo."""
    values = {name: value for name, value in story.values().items() if name != drop}
    return msgspec.structs.replace(story.submission(values), deferred=deferred)


def approved() -> Story:
    """A card application approved without the proof of income."""
    story = Story("credit_card_application")
    story.file(without(story, FIELD))
    for who in (DESK, SECOND_DESK)[: story.case.filed.assessment.approvals]:
        story.approve(who)
    return story


def photo(story: Story, number: int = 7, **changes: Any) -> PhotoValue:
    taken = PhotoValue(bytes([number]) * 32, 90_000, 1280, 960, 500, story.now_ms)
    return msgspec.structs.replace(taken, **changes)


def give(story: Story, **photos: PhotoValue) -> Any:
    return story.ask(SubmitRescan(story.case_id, photos))


def code(answer: Any) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def debts(story: Story) -> list[tuple[str, bytes]]:
    documents = story.bank.documents.items()
    return [(key, body) for (where, key), body in documents if where == collection(UNION)]


def test_a_missing_photo_passes_only_when_it_is_said_to_follow() -> None:
    """And then somebody looks, and sees that it is missing."""
    story = Story("credit_card_application")
    refused = story.intake(without(story))
    assert isinstance(refused, tuple)
    assert [(Code.EVIDENCE, FIELD)] == [(one.code, one.field) for one in refused]

    intake = story.intake(without(story, FIELD))
    assert isinstance(intake, Intake), intake
    assert intake.assessment.level >= Level.A2
    assert RESCAN in intake.assessment.flags
    story.file(without(story, FIELD))
    assert {FIELD: "次日补扫"} == {
        row.field: row.entered for row in story.claim().compared if row.field == FIELD
    }


@pytest.mark.parametrize(
    ("deferred", "drop"),
    [
        ((FIELD,), ""),
        ((FIELD, FIELD), FIELD),
        ((FIELD, "id_front"), "id_front"),
        ((FIELD, "nothing_asked"), FIELD),
    ],
)
def test_what_cannot_follow(deferred: tuple[str, ...], drop: str) -> None:
    """What is there already, is named twice, may not be missing, or was never asked."""
    story = Story("credit_card_application")
    refused = story.intake(without(story, *deferred, drop=drop))

    assert isinstance(refused, tuple)
    assert Code.FORMAT in {one.code for one in refused}


def test_the_last_approval_makes_a_debt_and_the_photos_pay_it() -> None:
    """In its own commit; due when the next working day ends; the same photos again are harmless."""
    story = approved()
    (owed,) = [event for event in story.events if isinstance(event, RescanOwed)]
    assert ((FIELD,), next_workday_end_ms(story.now_ms, DeskHours())) == (owed.fields, owed.due_ms)
    ((case_id, body),) = debts(story)
    assert case_id == story.case_id
    assert Debt(TELLER.staff.staff_id, owed.due_ms, (FIELD,)) == decode(Debt, body)
    view = story.ask(GetCase(story.case_id))
    assert ((FIELD,), owed.due_ms) == (view.owed, view.owed_due_ms)

    paid = give(story, income_proof=photo(story))
    assert isinstance(paid, CaseView)
    assert ((), 0) == (paid.owed, paid.owed_due_ms)
    assert [] == debts(story)
    assert isinstance(give(story, income_proof=photo(story)), CaseView)
    assert 1 == sum(isinstance(event, RescanGiven) for event in story.events)
    assert Code.KEY_CONFLICT is code(give(story, income_proof=photo(story, 8)))


def test_photos_that_pay_nothing() -> None:
    """None, one that is not owed, a blurred one, one of the case already, another terminal's."""
    story = approved()
    right = photo(story)
    old = story.case.filed.images[0].digest
    asked: tuple[tuple[dict[str, PhotoValue], Code], ...] = (
        ({}, Code.EVIDENCE),
        ({FIELD: right, "id_front": photo(story, 8)}, Code.FORMAT),
        ({FIELD: photo(story, sharpness=0)}, Code.IMAGE_QUALITY),
        ({FIELD: photo(story, digest=old)}, Code.EVIDENCE),
    )
    for photos, expected in asked:
        assert expected is code(give(story, **photos))
    request = SubmitRescan(story.case_id, {FIELD: right})
    assert Code.NOT_FOUND is code(story.ask(request, OTHER_TERMINAL))
    assert 1 == len(debts(story))


def test_nothing_is_owed_before_an_approval_or_of_a_case_that_fails() -> None:
    """Queued and rejected ones, complete ones, and one that the partner declines afterwards."""
    story = Story("credit_card_application")
    story.file(without(story, FIELD))
    assert Code.STATE is code(give(story, income_proof=photo(story)))
    assert isinstance(story.judge(story.claim(), Verdict.REJECT, Reason.ID_DOUBTFUL), DecisionTaken)
    assert [] == debts(story)

    complete = Story()
    complete.file()
    complete.approve()
    assert [] == debts(complete)
    assert Code.STATE is code(give(complete, income_proof=photo(complete)))

    declined = approved()
    declined.bank.core.decline = Refusal(Code.CORE_DECLINED, "不予受理")
    declined.core()
    assert [] == debts(declined)
    assert Code.STATE is code(give(declined, income_proof=photo(declined)))


def test_who_owes_something_overdue_submits_nothing_else() -> None:
    """Not a moment before it is due, and nobody else's debt counts."""
    story = approved()
    due_ms = next_workday_end_ms(story.now_ms, DeskHours())
    mine = TELLER.staff.staff_id
    assert "" == overdue_case(debts(story), mine, due_ms - 1)
    assert "" == overdue_case(debts(story), "T999", due_ms)
    assert story.case_id == overdue_case(debts(story), mine, due_ms)

    refused = Story(seed=1).intake(overdue=story.case_id)
    assert isinstance(refused, tuple)
    sentence = f"影像补扫已逾期，请先补扫业务 …{story.case_id[-6:]}"
    assert (Refusal(Code.STATE, sentence),) == refused


def illegal(story: Story, *later: AnyCaseEvent) -> list[int]:
    """Which of these events the verifier takes for no step, behind the case's own; from 0."""
    stream, before = stream_of(key_of(UNION, story.case_id)), len(story.events)
    rows = [
        Recorded(stream, version, *EVENTS.encode(event), event.at_ms, "x", MAIN, version)
        for version, event in enumerate((*story.events, *later), start=1)
    ]
    findings = Findings()
    images = ImageBook(DiskShelf(BlobDisk()), findings)
    CaseBook(products(), PinnedKeys(findings), images, findings).take(stream, rows)
    wrong = {one.where for one in findings.kept if one.what is Fault.ILLEGAL_STEP}
    return [row.version - before - 1 for row in rows if place(stream, row.version) in wrong]


def test_the_verifier_knows_debts() -> None:
    """Owed once, with the approval; paid once, and with exactly the photos that are owed."""
    story = approved()
    (owed,) = [event for event in story.events if isinstance(event, RescanOwed)]
    right = ImageCard(bytes([7]) * 32, 90_000, FIELD, "收入证明", "Proof of income", "E10")
    paid, other = (
        RescanGiven(story.now_ms, (image,)) for image in (right, replace(right, field="id_front"))
    )

    assert [] == illegal(story, paid)
    assert [1] == illegal(story, paid, paid)
    assert [0] == illegal(story, owed)
    assert [0] == illegal(story, other)
    assert [0] == illegal(story, RescanGiven(story.now_ms, ()))


def test_the_office_looks_for_the_bytes_and_for_debts() -> None:
    """A photo that was never uploaded pays nothing; an overdue debt stands before a submission."""
    signing = keys("T-1")
    card = teller(1).card
    device = Device(
        device="T-1",
        role=Role.TERMINAL,
        outlet=card.outlet,
        union=card.union,
        noise=b"n" * 32,
        signing=signing.public,
        staff=card,
    )
    story = Story()
    submission = msgspec.structs.replace(
        story.submission(), device=device.device, staff_id=card.staff_id
    )
    body = encode(submission)
    submit = Submit(body, (), signing.sign(SUBMISSION, body))
    owed = make.case_id("owed")

    async def whole() -> None:
        async with OfficeBank("rescan").office() as running:
            office = running.office()
            terminal = TerminalRequests(office)
            picture = photo(story)
            missing = await terminal.answer(device, SubmitRescan(owed, {FIELD: picture}))
            assert isinstance(missing, Refusal)
            assert (Code.EVIDENCE, FIELD, True) == (
                missing.code,
                missing.field,
                missing.retryable,
            )
            many = {str(number): picture for number in range(FIELDS_MAX + 1)}
            assert Code.FORMAT is code(await terminal.answer(device, SubmitRescan(owed, many)))

            before = await terminal.answer(device, submit)
            assert pay_first(owed) != before
            debt = Document(collection(card.union), owed, encode(Debt(card.staff_id, 1, (FIELD,))))
            shard = of_union(card.union)
            await office.store.commit(Batch("test", 1, documents=(debt,), shard=shard))
            assert pay_first(owed) == await terminal.answer(device, submit)

    run(whole)
