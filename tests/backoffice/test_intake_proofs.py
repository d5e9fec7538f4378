"""The gate of the office: what only the office can know of an answer, kind by kind."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from backoffice.authorization.levels import Level, Thresholds, by_amount
from backoffice.cases.events import Intake
from backoffice.cases.intake import Facts, ImageFact, admit
from backoffice.configuration.settings import TRAINING_AREA
from backoffice.product import Product, no_plan
from tests.backoffice.case_story import PRODUCTS, TELLER, convert, keys, staff
from tests.kit import submissions as make
from wire.checks import Known
from wire.codec import encode
from wire.form import Field, FieldKind, Form
from wire.keys import SUBMISSION
from wire.masked import Phone
from wire.message import Code, Refusal
from wire.messages.case import Submit
from wire.messages.lookups import Item
from wire.sound import SoundFacts
from wire.value import (
    AmountValue,
    ColleagueValue,
    ListedValue,
    PhoneValue,
    RecordingValue,
    Value,
)

COLLEAGUE = staff("T002", "P2")
PHONE = Phone("13812345678")
ITEM = Item("farm-1@3", "农户档案", "Farmer file", 5, facts={"net_fen": "100"})
SOUND = SoundFacts(320_044, 20_000)


def field(name: str, kind: FieldKind, **more: Any) -> Field:
    return Field(name=name, kind=kind, title_zh=name, title_en=name, **more)


FORM = Form(
    version=1,
    fields=(
        field("file", FieldKind.LISTED),
        field("witness", FieldKind.COLLEAGUE),
        field("second", FieldKind.COLLEAGUE, required=False),
        field("phone", FieldKind.PHONE, proven=True),
        field("sound", FieldKind.RECORDING, seconds_min=10, evidence="E11"),
        field("amount", FieldKind.AMOUNT, fen_max=10**9),
    ),
)
PRODUCT: Product = replace(
    PRODUCTS["debit_card"],
    code="proofs",
    form=FORM,
    level=lambda dossier: (by_amount(dossier.fen("amount"), dossier.thresholds),),
    problems=lambda _: (),
    claims=lambda _, __: (),
    plan=no_plan,
    slip_lines=lambda _: (),
    profile=lambda _: {},
    delivers="",
)
VALUES: dict[str, Value] = {
    "file": ListedValue("farm-1@3", "农户档案"),
    "witness": ColleagueValue("T002", COLLEAGUE.name, "c#1"),
    "phone": PhoneValue(PHONE, "c#7"),
    "sound": RecordingValue(random.Random(0).randbytes(32), 320_044, 20_500, make.NOW_MS - 60_000),
    "amount": AmountValue(100),
}


def admitted(
    values: dict[str, Value] | None = None,
    thresholds: Thresholds | None = None,
    **facts: Any,
) -> Intake | tuple[Refusal, ...]:
    """A submission without any ID card through the gate, with facts that fit unless others are
    given.
    """
    submission = make.submission("proofs", FORM, values=values or VALUES)
    body = encode(submission)
    sound = submission.values["sound"]
    assert isinstance(sound, RecordingValue)
    right = Facts(
        product=PRODUCT,
        identity=None,
        images={sound.digest: ImageFact(sound.size, sound=SOUND)},
        area=TRAINING_AREA,
        posture=Known.YES,
        stock=Known.YES,
        listed={"file": (ITEM,)},
        colleagues={"c#1": COLLEAGUE, "c#2": staff("T003", "P2"), "c#3": staff("T004", "P1")},
        proofs={"c#7": PHONE},
    )
    known = msgspec.structs.replace(right, **facts)
    submit = Submit(body, (), keys("T-0001").sign(SUBMISSION, body))
    bounds = thresholds or Thresholds()
    return admit(submit, submission, TELLER, known, convert, make.NOW_MS, thresholds=bounds)


def refused(answer: Intake | tuple[Refusal, ...]) -> list[tuple[Code, str]]:
    assert isinstance(answer, tuple), answer
    return [(refusal.code, refusal.field) for refusal in answer]


def test_what_the_office_knows_goes_on() -> None:
    """Its own item with its facts, its own card of the colleague; and no identity is needed where
    no card is asked for.
    """
    intake = admitted()

    assert isinstance(intake, Intake), intake
    assert {"file": ITEM} == intake.listed
    assert {"witness": COLLEAGUE} == intake.colleagues
    assert intake.identity is None


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ((), "已不在“file”之列"),
        ((Item("farm-2@3", "别的", "Other"),), "已不在“file”之列"),
        ((Item("farm-1@4", "农户档案", "Farmer file"),), "已有新的版本"),
    ],
)
def test_a_choice_must_still_be_listed(listed: tuple[Item, ...], words: str) -> None:
    """The sentence names what was chosen and what became of it."""
    answer = admitted(listed={"file": listed})

    assert [(Code.STALE, "file")] == refused(answer)
    assert isinstance(answer, tuple)
    assert f"“农户档案”{words}，请重新选择。" == answer[0].message
    assert [(Code.STALE, "file")] == refused(admitted(listed={}))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("witness", ColleagueValue("T002", COLLEAGUE.name, "c#9"), Code.EVIDENCE),
        ("witness", ColleagueValue("T005", COLLEAGUE.name, "c#1"), Code.EVIDENCE),
        ("witness", ColleagueValue("T002", "另一人", "c#1"), Code.EVIDENCE),
        ("witness", ColleagueValue("T004", "员工T004", "c#3"), Code.SELF_AUTH),
        ("second", ColleagueValue("T003", "员工T003", "c#2"), Code.SELF_AUTH),
    ],
)
def test_a_colleague_must_be_on_record_and_somebody_else(
    name: str, value: Value, code: Code
) -> None:
    """No record, another's record, the operator under another id, one person for two."""
    assert [(code, name)] == refused(admitted(VALUES | {name: value}))


def test_a_phone_must_be_proven_for_this_case() -> None:
    """Without a record, with another phone's."""
    for value in (PhoneValue(PHONE, "c#8"), PhoneValue(Phone("13987654321"), "c#7")):
        assert [(Code.EVIDENCE, "phone")] == refused(admitted(VALUES | {"phone": value}))


@pytest.mark.parametrize(
    ("fact", "problem"),
    [
        (None, "影像尚未上传完成，请稍后重试。"),
        (ImageFact(5, sound=SOUND), "影像尚未上传完成，请稍后重试。"),
        (ImageFact(320_044), "录音文件无法识别，请重新录音。"),
        (ImageFact(320_044, sound=SoundFacts(320_044, 18_000)), "录音时长与实际不符，请重新录音。"),
        (ImageFact(320_044, sound=SoundFacts(320_044, 23_000)), "录音时长与实际不符，请重新录音。"),
    ],
)
def test_a_recording_must_be_here_and_be_what_it_claims(
    fact: ImageFact | None, problem: str
) -> None:
    """Uploaded, a recording at all, and as long as was said, within a tenth."""
    sound = VALUES["sound"]
    assert isinstance(sound, RecordingValue)
    answer = admitted(images={sound.digest: fact} if fact is not None else {})

    assert [(Code.EVIDENCE, "sound")] == refused(answer)
    assert isinstance(answer, tuple)
    assert problem == answer[0].message


def test_a_recording_that_was_handed_in_elsewhere_raises_the_level() -> None:
    """As a photo would."""
    sound = VALUES["sound"]
    assert isinstance(sound, RecordingValue)
    intake = admitted(images={sound.digest: ImageFact(sound.size, reused=True, sound=SOUND)})

    assert isinstance(intake, Intake)
    assert (Level.A3, ("photo_reused",)) == (intake.assessment.level, intake.assessment.flags)


def test_amounts_are_judged_by_the_unions_own_thresholds() -> None:
    """The product asks `by_amount`; the numbers are configuration."""
    strict = Thresholds(a1_fen_max=10, a2_fen_max=50)
    for thresholds, level in ((None, Level.A1), (strict, Level.A3)):
        intake = admitted(thresholds=thresholds)
        assert isinstance(intake, Intake)
        assert level is intake.assessment.level
