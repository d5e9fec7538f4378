"""The gate of the office: from a terminal's `Submit` to an accepted intake, or refusals.

Two pure steps with a look-up between them. `open_submission` proves that the bytes are what the
device signed and reads them; the caller then looks up what only the office knows (`Facts`); and
`admit` repeats every check of the terminal, adds the office's own, has the PINs converted, and
assesses the authorization. A terminal is never believed. Nothing is half-applied: either everything
is right, or nothing happened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec

from backoffice.authorization.levels import (
    ID_TERM,
    NAME_RARE,
    OFF_AREA,
    PHOTO_REUSED,
    PLACE_UNKNOWN,
    POSTURE_UNKNOWN,
    RESCAN,
    STOCK_UNKNOWN,
    THRESHOLDS,
    Assessment,
    Level,
    Raise,
    Thresholds,
    assess,
    by_age,
    by_lack,
)
from backoffice.authorization.policy import DEFAULT_ROUTING, Routing
from backoffice.cases.commands import Caller
from backoffice.cases.events import Intake
from backoffice.cases.identified import identity_problems, identity_raises
from backoffice.cases.proven import chosen_items, phone_problems, proven_colleagues
from backoffice.cases.rescan import pay_first
from backoffice.cases.terms import Verify
from backoffice.cases.undertaking import Undertaking, undertake
from backoffice.cases.view import image_cards
from backoffice.dossier import Dossier, open_dossier
from backoffice.hsm import PinRefused
from backoffice.partners.identity_check import IdentityRecorded
from backoffice.product import Product
from wire.checks import (
    LIMITS,
    PIN_KINDS,
    Area,
    Context,
    Known,
    Limits,
    Nowhere,
    asked_fields,
    check_photo,
    check_recording,
    check_submission,
    is_borderline,
    is_inside,
    is_rare,
    normalise_name,
)
from wire.codec import decode_signed
from wire.errors import BadFrame
from wire.form import Field, Form
from wire.keys import SUBMISSION
from wire.masked import Pan, Phone
from wire.message import Code, Refusal
from wire.messages.case import PinBlock, Submission, Submit
from wire.messages.identity import IdentityChecked
from wire.messages.lookups import Item
from wire.messages.session import StaffCard
from wire.photo import PhotoFacts
from wire.sound import SoundFacts
from wire.value import PhotoValue, RecordingValue

DURATION_SLACK_PERCENT: Final = 10
"""How far a recording's claimed duration may miss its measured one."""

_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

PinConverter = Callable[[PinBlock, Pan], bytes]
"""The security module: a block, and the card it belongs to, to a verifier; raises `PinRefused`."""


class ImageFact(msgspec.Struct, frozen=True):
    """A photo or recording that the office holds.

    Attributes:
        size: bytes, all of which are there and hash to the digest.
        measured: the office's own measurement of a photo.
        reused: another case has handed in the same one.
        sound: the office's own measurement of a recording; None where it is none.
    """

    size: int
    measured: PhotoFacts | None = None
    reused: bool = False
    sound: SoundFacts | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the office looked up for a submission.

    Attributes:
        product: the product asked for, or None when there is none such.
        identity: the stored identity check that the submission names, or None.
        identities: the stored checks of other persons than the customer, by field; those about
            whom the register gave no answer are missing.
        images: photos and recordings by digest; those that are not there are missing.
        area: where the union works.
        posture: whether the device is as its management wants it.
        stock: whether the card that is to be handed over is in this terminal's stock and unused;
            yes where none is handed over.
        listed: what is listed now, by field.
        colleagues: who proved their presence at this case, by reference.
        proofs: the phones that were proven for this case, by reference.
        overdue: a case of this operator whose photos should have followed by now; else empty.
    """

    product: Product | None
    identity: IdentityRecorded | None
    identities: Mapping[str, IdentityRecorded] = {}
    images: Mapping[bytes, ImageFact]
    area: Area | Nowhere
    posture: Known
    stock: Known
    listed: Mapping[str, tuple[Item, ...]] = {}
    colleagues: Mapping[str, StaffCard] = {}
    proofs: Mapping[str, Phone] = {}
    overdue: str = ""


def open_submission(submit: Submit, caller: Caller, verify: Verify) -> Submission | Refusal:
    """The submission in the bytes, if this device signed them for its own operator.

    Codes: `FORBIDDEN`, `FORMAT`.
    """
    if not verify(caller.signing, SUBMISSION, submit.submission, submit.signature):
        return Refusal(Code.FORBIDDEN, "提交数据的设备签名无效。")
    try:
        submission = decode_signed(Submission, submit.submission)
    except BadFrame:
        return Refusal(Code.FORMAT, "提交数据无法识别。")
    if (submission.device, submission.staff_id) != (caller.device, caller.staff.staff_id):
        return Refusal(Code.FORBIDDEN, "提交数据与当前设备或登录人员不符。")
    if _UUID7.fullmatch(submission.case_id) is None or submission.revision < 1:
        return Refusal(Code.FORMAT, "业务编号格式不正确。", "case_id")
    return submission


def admit(
    submit: Submit,
    submission: Submission,
    caller: Caller,
    facts: Facts,
    convert: PinConverter,
    now_ms: int,
    *,
    routing: Routing = DEFAULT_ROUTING,
    thresholds: Thresholds = THRESHOLDS,
    limits: Limits = LIMITS,
) -> Intake | tuple[Refusal, ...]:
    """The intake of an opened submission, or everything that is wrong with it."""
    product = _offered(submission, facts)
    if isinstance(product, Refusal):
        return (product,)
    context = Context(now_ms, limits, staff_id=caller.staff.staff_id)
    problems = _form_problems(
        product, submission, [pin.field for pin in submit.pins], facts, context
    )
    if problems:
        return problems
    items, unlisted = chosen_items(product.form, submission, facts.listed)
    colleagues, absent = proven_colleagues(submission, caller.staff, facts.colleagues)
    problems = (
        *identity_problems(submission, facts.identity, facts.identities),
        *phone_problems(product.form, submission, facts.proofs),
        *absent,
        *unlisted,
    )
    if problems:
        return problems
    verifiers = _verifiers(submit.pins, product, submission, convert)
    if isinstance(verifiers, Refusal):
        return (verifiers,)
    dossier = open_dossier(
        submission,
        verifiers=verifiers,
        operator=caller.staff,
        now_ms=now_ms,
        terms=product.terms,
        thresholds=thresholds,
        listed=items,
        colleagues=colleagues,
    )
    problems = product.problems(dossier)
    if problems:
        return problems
    assessment = _assessed(dossier, product, facts, routing, limits)
    if isinstance(assessment, Refusal):
        return (assessment,)
    undertaking = undertake(dossier, product, limits)
    return _intake(submit, dossier, product, caller, facts, assessment, undertaking)


def general_rules(
    dossier: Dossier, product: Product, facts: Facts, limits: Limits
) -> tuple[Raise, ...]:
    """The rules that raise the level of every product alike."""
    submission = dossier.submission
    raises = [] if dossier.chip is None else list(by_age(dossier.age, dossier.thresholds))
    inside = is_inside(submission.place, facts.area, limits)
    if inside is Known.NO:
        raises.append(Raise(Level.A3, OFF_AREA))
    raises += by_lack(inside, PLACE_UNKNOWN)
    raises += by_lack(facts.posture, POSTURE_UNKNOWN)
    raises += by_lack(facts.stock, STOCK_UNKNOWN)
    people = dossier.people
    if any(is_rare(normalise_name(one.name)) for one in people):
        raises.append(Raise(Level.A3, NAME_RARE))
    if any(is_borderline(one, limits) for one in people):
        raises.append(Raise(Level.A3, ID_TERM))
    if any(facts.images[one.digest].reused for _, one in _captured(submission)):
        raises.append(Raise(Level.A3, PHOTO_REUSED))
    if submission.deferred:
        raises.append(Raise(Level.A2, RESCAN))
    customer, others = _identity(dossier, facts), _identities(facts)
    return (*raises, *identity_raises(submission, product.form, customer, others))


def _offered(submission: Submission, facts: Facts) -> Product | Refusal:
    """The product asked for, on a device that may ask for it, by who owes nothing overdue."""
    if facts.posture is Known.NO:
        return Refusal(Code.POSTURE, "设备状态不合规，请先完成安全检查。")
    if facts.overdue:
        return pay_first(facts.overdue)
    if facts.product is None or facts.product.code != submission.product:
        return Refusal(
            Code.NOT_FOUND,
            "这项业务已停止办理，本笔不能提交，请向客户说明后结束本笔业务。",
            "product",
        )
    return facts.product


def _assessed(
    dossier: Dossier, product: Product, facts: Facts, routing: Routing, limits: Limits
) -> Assessment | Refusal:
    """Who has to look at it, by the product's rules and the common ones, and where."""
    submission, union = dossier.submission, dossier.operator.union
    raises = (*product.level(dossier), *general_rules(dossier, product, facts, limits))
    route = partial(routing.route, centre=dossier.thresholds.centre)
    assessment = assess(raises, union, product.code, route)
    if isinstance(assessment, Refusal):
        return assessment
    return routing.over_link(assessment, submission.link_kbps, dossier.thresholds)


def _intake(
    submit: Submit,
    dossier: Dossier,
    product: Product,
    caller: Caller,
    facts: Facts,
    assessment: Assessment,
    undertaking: Undertaking,
) -> Intake:
    """Everything that the case needs of a submission in which nothing is wrong."""
    submission = dossier.submission
    return Intake(
        submission=submit.submission,
        digest=hashlib.blake2b(submit.submission, digest_size=32).digest(),
        signature=submit.signature,
        revision=submission.revision,
        product=product.code,
        operator=caller.staff,
        device=caller.device,
        union=caller.staff.union,
        trail=submission.trail,
        identity=_identity(dossier, facts),
        verifiers=dict(dossier.verifiers),
        images=image_cards(submission, product.form),
        assessment=assessment,
        unique=product.claims(dossier, caller.staff.union),
        undertaking=undertaking,
        received_ms=dossier.now_ms,
        listed=dict(dossier.listed),
        colleagues=dict(dossier.colleagues),
        identities=_identities(facts),
    )


def _identity(dossier: Dossier, facts: Facts) -> IdentityChecked | None:
    """The register's answer about the customer; None where there is no card to ask about."""
    if dossier.chip is None or facts.identity is None:
        return None
    return facts.identity.answer


def _identities(facts: Facts) -> dict[str, IdentityChecked]:
    """The register's answers about everybody else."""
    return {name: record.answer for name, record in facts.identities.items()}


def _form_problems(
    product: Product, submission: Submission, pins: list[str], facts: Facts, context: Context
) -> tuple[Refusal, ...]:
    """What is wrong with the form and what travels beside it."""
    return (
        *check_submission(product.form, submission, context, pins),
        *_pin_problems(asked_fields(product.form, submission.values), pins),
        *_image_problems(product.form, submission, facts, context),
        *_stock_problems(product, facts),
    )


def _pin_problems(fields: tuple[Field, ...], pins: list[str]) -> tuple[Refusal, ...]:
    asked = {field.name for field in fields if field.kind in PIN_KINDS}
    if len(set(pins)) != len(pins) or not set(pins) <= asked:
        return (Refusal(Code.FORMAT, "密码数据与表单不符，请重新输入密码。"),)
    return ()


def _image_problems(
    form: Form, submission: Submission, facts: Facts, context: Context
) -> tuple[Refusal, ...]:
    """Every photo and recording is here, and is what the terminal says it is."""
    problems: list[Refusal] = []
    for name, value in _captured(submission):
        fact = facts.images.get(value.digest)
        if fact is None or fact.size != value.size:
            message = "影像尚未上传完成，请稍后重试。"
            problems.append(Refusal(Code.EVIDENCE, message, name, retryable=True))
        elif isinstance(value, RecordingValue):
            problems += _recording_problems(form, name, value, fact.sound, context)
        elif fact.measured is not None:
            measured = msgspec.structs.replace(
                value,
                size=fact.measured.size,
                width=fact.measured.width,
                height=fact.measured.height,
                sharpness=fact.measured.sharpness,
            )
            problems += check_photo(measured, context.at(name))
    return tuple(problems)


def _recording_problems(
    form: Form, name: str, value: RecordingValue, sound: SoundFacts | None, context: Context
) -> list[Refusal]:
    """It is a recording, lasts as long as was said, and long enough."""
    field = form.field(name)
    if field is None:
        return []
    if sound is None:
        return [Refusal(Code.EVIDENCE, "录音文件无法识别，请重新录音。", name)]
    missed_ms = abs(sound.duration_ms - value.duration_ms)
    if missed_ms * 100 > value.duration_ms * DURATION_SLACK_PERCENT:
        return [Refusal(Code.EVIDENCE, "录音时长与实际不符，请重新录音。", name)]
    heard = msgspec.structs.replace(value, duration_ms=sound.duration_ms)
    return check_recording(heard, field, context.at(name))


def _stock_problems(product: Product, facts: Facts) -> tuple[Refusal, ...]:
    if facts.stock is not Known.NO:
        return ()
    message = "该卡未配发到本终端，或已经使用，请更换卡片。"
    return (Refusal(Code.RANGE, message, product.delivers),)


def _verifiers(
    pins: tuple[PinBlock, ...], product: Product, submission: Submission, convert: PinConverter
) -> dict[str, bytes] | Refusal:
    """What goes on instead of the PINs."""
    verifiers = {}
    for pin in pins:
        pan = getattr(submission.values.get(product.pin_card), "pan", None)
        assert isinstance(pan, Pan), "a product with a PIN requires its card"
        try:
            verifiers[pin.field] = convert(pin, pan)
        except PinRefused:
            return Refusal(Code.PIN, "密码数据无法识别，请客户重新输入密码。", pin.field)
    return verifiers


def _captured(submission: Submission) -> list[tuple[str, PhotoValue | RecordingValue]]:
    """What travels as chunks beside the form, by field."""
    values = submission.values.items()
    return [(name, one) for name, one in values if isinstance(one, PhotoValue | RecordingValue)]


__all__ = [
    "DURATION_SLACK_PERCENT",
    "Facts",
    "ImageFact",
    "PinConverter",
    "admit",
    "general_rules",
    "open_submission",
]
