"""The gate of the office: forged, stale, incomplete and doubtful submissions."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import msgspec
import pytest

from backoffice.authorization.levels import Level
from backoffice.cases.events import Intake
from backoffice.cases.intake import Facts, ImageFact, admit, open_submission
from backoffice.hsm import PinRefused
from backoffice.partners.identity_check import person_digest
from tests.backoffice.case_story import (
    OTHER_TERMINAL,
    PRODUCTS,
    TELLER,
    Story,
    convert,
    facts_for,
    keys,
)
from tests.kit import submissions as make
from wire.checks import Area, Known
from wire.chip_record import Sex
from wire.codec import encode
from wire.form import FieldKind
from wire.keys import SUBMISSION, verify
from wire.masked import Pan
from wire.message import Code, Refusal
from wire.messages.case import PinBlock, Place, Submission, Submit
from wire.messages.identity import IdentityResult
from wire.photo import PhotoFacts
from wire.value import BankCardValue, PhotoValue

STORY = Story()
RIGHT = STORY.submission()
HOLDER = make.person(0)
PHONE = next(field for field in STORY.product.form.fields if field.kind is FieldKind.PHONE)


def opened(captured: Submission, **changes: Any) -> Submission | Refusal:
    submit = msgspec.structs.replace(STORY.submit(captured), **changes)
    return open_submission(submit, TELLER, verify)


def problems(answer: Intake | tuple[Refusal, ...]) -> list[tuple[Code, str]]:
    assert isinstance(answer, tuple), answer
    return [(refusal.code, refusal.field) for refusal in answer]


def test_a_right_submission_is_opened_and_admitted() -> None:
    """With everything that the case needs, and verifiers in place of PINs."""
    assert RIGHT == opened(RIGHT)
    intake = STORY.intake()

    assert isinstance(intake, Intake)
    assert (1, "debit_card", "T-0001") == (intake.revision, intake.product, intake.device)
    assert ["new_pin"] == list(intake.verifiers)
    assert ["id_front", "id_back", "face_to_face"] == [image.field for image in intake.images]
    assert Level.A2 is intake.assessment.level
    assert ["card", "class-I"] == [unique.scope for unique in intake.unique]


def test_bytes_that_this_device_did_not_sign_are_refused() -> None:
    """Changed, or signed by another."""
    body = encode(RIGHT)
    for answer in (
        opened(RIGHT, signature=bytes(64)),
        opened(RIGHT, submission=body[:-1] + b"\1"),
        opened(RIGHT, signature=keys("T-0002").sign(SUBMISSION, body)),
    ):
        assert isinstance(answer, Refusal)
        assert Code.FORBIDDEN is answer.code


def test_signed_nonsense_is_refused() -> None:
    """A signature makes no sense of it."""
    for body in (b"", b"\xc1", encode(RIGHT) + b"\0", encode({"case_id": 5})):
        signed = keys(TELLER.device).sign(SUBMISSION, body)
        answer = open_submission(Submit(body, (), signed), TELLER, verify)
        assert isinstance(answer, Refusal)
        assert Code.FORMAT is answer.code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"staff_id": "T002"}, Code.FORBIDDEN),
        ({"case_id": "1"}, Code.FORMAT),
        ({"case_id": make.case_id().upper()}, Code.FORMAT),
        ({"case_id": make.case_id().replace("-7", "-4", 1)}, Code.FORMAT),
        ({"revision": 0}, Code.FORMAT),
    ],
)
def test_what_is_signed_must_be_of_this_teller_and_well_formed(
    change: dict[str, Any], code: Code
) -> None:
    """Another's name, or a key that is no UUIDv7."""
    answer = opened(msgspec.structs.replace(RIGHT, **change))

    assert isinstance(answer, Refusal)
    assert code is answer.code


def test_a_stolen_signature_does_not_fit_another_device() -> None:
    """The submission names its device, the caller is another."""
    answer = open_submission(STORY.submit(RIGHT), OTHER_TERMINAL, verify)

    assert isinstance(answer, Refusal)
    assert Code.FORBIDDEN is answer.code


def test_a_device_out_of_order_gets_nothing_through() -> None:
    """Posture is enforced here, not on the tablet."""
    assert [(Code.POSTURE, "")] == problems(STORY.intake(posture=Known.NO))


def test_a_product_that_is_not_offered() -> None:
    """Unknown, or another than asked for."""
    assert [(Code.NOT_FOUND, "product")] == problems(STORY.intake(product=None))
    other = PRODUCTS["card_activation"]
    assert [(Code.NOT_FOUND, "product")] == problems(STORY.intake(product=other))


def test_an_old_form_is_told_from_a_wrong_one() -> None:
    """The terminal fetches the product list anew."""
    old = msgspec.structs.replace(RIGHT, form_version=99)

    assert [(Code.STALE, "form_version")] == problems(STORY.intake(old))


def test_images_must_be_there_and_be_what_they_claim() -> None:
    """Not uploaded yet is retryable; blurred in truth is not."""
    digest = RIGHT.values["id_front"].digest  # type: ignore[union-attr]  # a photo
    photos = [v for v in RIGHT.values.values() if isinstance(v, PhotoValue)]
    there = {photo.digest: ImageFact(photo.size) for photo in photos}

    missing = STORY.intake(images={k: v for k, v in there.items() if k != digest})
    assert [(Code.EVIDENCE, "id_front")] == problems(missing)
    assert isinstance(missing, tuple)
    assert missing[0].retryable

    assert [(Code.EVIDENCE, "id_front")] == problems(
        STORY.intake(images=there | {digest: ImageFact(5)})
    )
    blurred = ImageFact(90_000, PhotoFacts(1280, 960, 90_000, 20))
    assert [(Code.IMAGE_QUALITY, "id_front")] == problems(
        STORY.intake(images=there | {digest: blurred})
    )
    sharp = ImageFact(90_000, PhotoFacts(1280, 960, 90_000, 600))
    assert isinstance(STORY.intake(images=there | {digest: sharp}), Intake)


def test_a_card_that_was_not_allotted_to_this_terminal() -> None:
    """Where the office keeps count."""
    card = RIGHT.values["card"]
    assert isinstance(card, BankCardValue)

    assert [(Code.RANGE, "card")] == problems(STORY.intake(stock=Known.NO))
    assert isinstance(STORY.intake(stock=Known.YES), Intake)


def test_pins_must_fit_the_form_and_open() -> None:
    """None, one too many, twice the same; and a block that the security module refuses."""
    submit = STORY.submit(RIGHT)
    facts = facts_for(STORY.product, RIGHT)

    def admitted(pins: tuple[PinBlock, ...], converter: Any = convert) -> Any:
        changed = msgspec.structs.replace(submit, pins=pins)
        return admit(changed, RIGHT, TELLER, facts, converter, STORY.now_ms)

    def refusing(pin: PinBlock, pan: Pan) -> bytes:
        raise PinRefused

    extra = msgspec.structs.replace(submit.pins[0], field="card")
    assert [(Code.PIN, "new_pin")] == problems(admitted(()))
    assert [(Code.FORMAT, "")] == problems(admitted((*submit.pins, extra)))
    assert [(Code.FORMAT, "")] == problems(admitted(submit.pins * 2))
    assert [(Code.PIN, "new_pin")] == problems(admitted(submit.pins, refusing))


def test_the_register_must_have_been_asked_about_this_very_person() -> None:
    """Never asked, about somebody else, without an answer, too long ago."""
    facts = facts_for(STORY.product, RIGHT)
    assert facts.identity is not None
    other = msgspec.structs.replace(facts.identity, person=person_digest("x", "y"))
    old_answer = msgspec.structs.replace(
        facts.identity.answer, checked_ms=RIGHT.captured_ms - 86_400_001
    )
    old = msgspec.structs.replace(facts.identity, answer=old_answer)

    assert [(Code.EVIDENCE, "id_card")] == problems(STORY.intake(identity=None))
    assert [(Code.ID_MISMATCH, "id_card")] == problems(STORY.intake(identity=other))
    assert [(Code.EVIDENCE, "id_card")] == problems(STORY.intake(identity=old))
    unavailable = STORY.intake(result=IdentityResult.UNAVAILABLE)
    assert [(Code.EVIDENCE, "id_card")] == problems(unavailable)
    assert isinstance(unavailable, tuple)
    assert unavailable[0].retryable


@pytest.mark.parametrize(
    ("result", "second", "outcome"),
    [
        (IdentityResult.MATCH, False, "A2"),
        (IdentityResult.MATCH_WITHOUT_PHOTO, False, "A3 idv_no_photo"),
        (IdentityResult.NAME_DIFFERS, True, "A3 idv_second_document"),
        (IdentityResult.NUMBER_ABSENT, True, "A3 idv_second_document"),
        (IdentityResult.NAME_DIFFERS, False, "E_ID_MISMATCH"),
        (IdentityResult.NUMBER_ABSENT, False, "E_ID_MISMATCH"),
    ],
)
def test_a_doubtful_register_is_cured_by_a_second_document_or_not_at_all(
    result: IdentityResult, second: bool, outcome: str
) -> None:
    """Its answer is advisory, but never ignored."""
    every = make.values_for(STORY.product.form, optional=True)
    values = make.values_for(STORY.product.form)
    if second:
        values["second_document"] = every["second_document"]
    answer = STORY.intake(STORY.submission(values), result=result)

    if isinstance(answer, Intake):
        found = " ".join((answer.assessment.level.name, *answer.assessment.flags))
    else:
        found = str(answer[0].code)
    assert outcome == found


def test_what_raises_the_level_of_every_product() -> None:
    """A photo seen elsewhere, a rare name, a term near a birthday, a place outside or no better
    known than that it is one; two of them make A4.
    """
    far = msgspec.structs.replace(RIGHT, place=Place(39_900_000, 116_400_000, 5))
    area = Area(21_000_000, 97_000_000, 29_500_000, 106_500_000)
    photos = [v for v in RIGHT.values.values() if isinstance(v, PhotoValue)]
    reused = {photo.digest: ImageFact(photo.size, reused=True) for photo in photos}
    nowhere = msgspec.structs.replace(RIGHT, place=Place(25_040_000, 102_710_000, 0))
    born = dt.date(1991, 5, 1)
    early = msgspec.structs.replace(
        make.person(0),
        birth=born,
        number=make.id_number(born, 1),
        sex=Sex.MALE,
        valid_from=dt.date(2017, 5, 20),
        valid_to=dt.date(2027, 5, 20),
    )
    rare_values = STORY.values(make.person(0, name="王\ue123"))

    for answer, expected in (
        (STORY.intake(area=area), (Level.A2, ())),
        (STORY.intake(far, area=area), (Level.A3, ("off_area",))),
        (STORY.intake(images=reused), (Level.A3, ("photo_reused",))),
        (STORY.intake(STORY.submission(rare_values)), (Level.A3, ("name_rare",))),
        (STORY.intake(STORY.submission(STORY.values(early))), (Level.A3, ("id_term",))),
        (STORY.intake(nowhere, area=area), (Level.A3, ("place_unknown",))),
        (STORY.intake(far, area=area, images=reused), (Level.A4, ("off_area", "photo_reused"))),
    ):
        assert isinstance(answer, Intake)
        assert expected == (answer.assessment.level, answer.assessment.flags)


def test_a_submission_that_reads_two_ways_is_refused() -> None:
    """Signed with the right key, and a phone number in it twice: which one was meant?"""
    right = encode(RIGHT)
    key = encode("values") + bytes([0x80 | len(RIGHT.values)])
    assert 1 == right.count(key)
    pair = encode("phone") + encode(RIGHT.values["phone"])
    other = encode("phone") + encode(make.value_for(PHONE, random.Random(7), HOLDER, make.NOW_MS))
    one_more = encode("values") + bytes([0x80 | len(RIGHT.values) + 1])
    twice = right.replace(key, one_more).replace(pair, other + pair)

    submit = Submit(twice, (), keys(TELLER.device).sign(SUBMISSION, twice))
    answer = open_submission(submit, TELLER, verify)
    assert isinstance(answer, Refusal)
    assert Code.FORMAT is answer.code


def test_no_pin_block_goes_on() -> None:
    """Only its verifier."""
    intake = STORY.intake()
    assert isinstance(intake, Intake)
    block = STORY.submit(RIGHT).pins[0]

    assert block.block not in encode(intake)
    assert block.key_serial not in encode(intake)


@pytest.mark.parametrize(
    ("lacking", "flags"),
    [
        ({"posture": Known.UNKNOWN}, ("posture_unknown",)),
        ({"stock": Known.UNKNOWN}, ("stock_unknown",)),
        ({"area": Known.UNKNOWN}, ("place_unknown",)),
        (
            {"posture": Known.UNKNOWN, "stock": Known.UNKNOWN, "area": Known.UNKNOWN},
            ("place_unknown", "posture_unknown", "stock_unknown"),
        ),
    ],
)
def test_a_guard_without_its_fact_has_somebody_look(
    lacking: dict[str, Any], flags: tuple[str, ...]
) -> None:
    """A3, however many are lacking; and nobody can forget to say what is known."""
    answer = STORY.intake(**lacking)

    assert isinstance(answer, Intake)
    assert (Level.A3, flags) == (answer.assessment.level, answer.assessment.flags)
    old = STORY.submission(STORY.values(make.person(0, age=70)))
    senior = STORY.intake(old, **lacking)
    assert isinstance(senior, Intake)
    assert Level.A4 is senior.assessment.level, "age is a reason of its own"
    required = {one.name for one in msgspec.structs.fields(Facts) if one.required}
    assert {"area", "posture", "stock"} < required
