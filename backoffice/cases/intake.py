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
from collections.abc import Callable, Collection, Mapping
from typing import Final

import msgspec

from backoffice.authorization.levels import (
    IDENTITY_CURED,
    IDENTITY_NO_PHOTO,
    NAME_RARE,
    OFF_AREA,
    PHOTO_REUSED,
    POLICY,
    Level,
    Policy,
    Raise,
    assess,
    by_age,
)
from backoffice.cases.commands import Caller
from backoffice.cases.events import Intake
from backoffice.cases.terms import Verify
from backoffice.cases.view import image_cards
from backoffice.hsm import PinRefused
from backoffice.partners.identity_check import IdentityRecorded, person_digest
from backoffice.product import SECOND_DOCUMENT, Dossier, Product, id_card, open_dossier
from wire.checks import (
    LIMITS,
    PIN_KINDS,
    Area,
    Context,
    Limits,
    check_photo,
    check_submission,
    is_inside,
    is_rare,
)
from wire.codec import decode
from wire.errors import BadFrame
from wire.form import PhotoValue
from wire.keys import SUBMISSION
from wire.masked import Pan
from wire.message import Code, Refusal
from wire.messages.case import PinBlock, Submission, Submit
from wire.messages.identity import IdentityResult
from wire.photo import PhotoFacts

IDENTITY_AGE_MS_MAX: Final = 24 * 60 * 60 * 1000
"""How old the register's answer may be when the case is captured."""

_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

PinConverter = Callable[[PinBlock, Pan], bytes]
"""The security module: a block, and the card it belongs to, to a verifier; raises `PinRefused`."""


class ImageFact(msgspec.Struct, frozen=True):
    """An image that the office holds.

    Attributes:
        size: bytes, all of which are there and hash to the digest.
        measured: the office's own measurement.
        reused: another case has handed in the same image.
    """

    size: int
    measured: PhotoFacts | None = None
    reused: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the office looked up for a submission.

    Attributes:
        product: the product asked for, or None when there is none such.
        identity: the stored identity check that the submission names, or None.
        images: by digest; those that are not there are missing.
        area: where the union works; None when it is not set.
        posture: the device is as its management wants it.
        stock: the cards allotted to this device, or None when the core alone keeps count.
    """

    product: Product | None
    identity: IdentityRecorded | None
    images: Mapping[bytes, ImageFact]
    area: Area | None = None
    posture: bool = True
    stock: Collection[str] | None = None


def open_submission(submit: Submit, caller: Caller, verify: Verify) -> Submission | Refusal:
    """The submission in the bytes, if this device signed them for its own operator.

    Codes: `FORBIDDEN`, `FORMAT`.
    """
    if not verify(caller.signing, SUBMISSION, submit.submission, submit.signature):
        return Refusal(Code.FORBIDDEN, "提交数据的设备签名无效。")
    try:
        submission = decode(Submission, submit.submission)
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
    policy: Policy = POLICY,
    limits: Limits = LIMITS,
) -> Intake | tuple[Refusal, ...]:
    """The intake of an opened submission, or everything that is wrong with it."""
    if not facts.posture:
        return (Refusal(Code.POSTURE, "设备状态不合规，请先完成安全检查。"),)
    product = facts.product
    if product is None or product.code != submission.product:
        return (Refusal(Code.NOT_FOUND, "没有这项业务，请更新业务列表。", "product"),)
    context = Context(now_ms, limits)
    pins = [pin.field for pin in submit.pins]
    problems = (
        *check_submission(product.form, submission, context, pins),
        *_pin_problems(product, pins),
        *_image_problems(submission, facts, context),
        *_stock_problems(product, submission, facts),
    )
    problems = problems or _identity_problems(submission, facts)
    if problems:
        return problems
    verifiers = _verifiers(submit.pins, product, submission, convert)
    if isinstance(verifiers, Refusal):
        return (verifiers,)
    dossier = open_dossier(submission, verifiers, now_ms)
    problems = product.problems(dossier)
    if problems:
        return problems
    raises = (*product.level(dossier), *general_rules(dossier, product, facts, policy, limits))
    assessment = assess(raises, caller.staff.union, product.code, policy)
    if isinstance(assessment, Refusal):
        return (assessment,)
    assert facts.identity is not None, "checked above"
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
        identity=facts.identity.answer,
        verifiers=verifiers,
        images=image_cards(submission, product.form),
        assessment=assessment,
        unique=product.claims(dossier, caller.staff.union),
        received_ms=now_ms,
    )


def general_rules(
    dossier: Dossier, product: Product, facts: Facts, policy: Policy, limits: Limits
) -> tuple[Raise, ...]:
    """The rules that raise the level of every product alike."""
    submission = dossier.submission
    raises = list(by_age(dossier.age, policy))
    if not is_inside(submission.place, facts.area, limits):
        raises.append(Raise(Level.A3, OFF_AREA))
    if is_rare(dossier.customer.name):
        raises.append(Raise(Level.A3, NAME_RARE))
    if any(facts.images[photo.digest].reused for _, photo in _photos(submission)):
        raises.append(Raise(Level.A3, PHOTO_REUSED))
    assert facts.identity is not None, "checked before"
    match facts.identity.answer.result:
        case IdentityResult.MATCH_WITHOUT_PHOTO:
            raises.append(Raise(Level.A3, IDENTITY_NO_PHOTO))
        case IdentityResult.NAME_DIFFERS | IdentityResult.NUMBER_ABSENT:
            raises.append(_cured(submission, product))
        case _:
            pass
    return tuple(raises)


def _cured(submission: Submission, product: Product) -> Raise:
    """A second document cures a disagreeing register; without one, only the counter can help."""
    shown = {field.evidence for field in product.form.fields if field.name in submission.values}
    if SECOND_DOCUMENT in shown:
        return Raise(Level.A3, IDENTITY_CURED)
    message = "联网核查结果不一致，请补充第二证件影像，或引导客户到柜面办理。"
    return Raise(Level.AX, code=Code.ID_MISMATCH, message=message)


def _pin_problems(product: Product, pins: list[str]) -> tuple[Refusal, ...]:
    asked = {field.name for field in product.form.fields if field.kind in PIN_KINDS}
    if len(set(pins)) != len(pins) or not set(pins) <= asked:
        return (Refusal(Code.FORMAT, "密码数据与表单不符，请重新输入密码。"),)
    return ()


def _image_problems(submission: Submission, facts: Facts, context: Context) -> tuple[Refusal, ...]:
    """Every image is here, and is what the terminal says it is."""
    problems: list[Refusal] = []
    for name, photo in _photos(submission):
        fact = facts.images.get(photo.digest)
        if fact is None or fact.size != photo.size:
            message = "影像尚未上传完成，请稍后重试。"
            problems.append(Refusal(Code.EVIDENCE, message, name, retryable=True))
        elif fact.measured is not None:
            measured = msgspec.structs.replace(
                photo,
                size=fact.measured.size,
                width=fact.measured.width,
                height=fact.measured.height,
                sharpness=fact.measured.sharpness,
            )
            problems += check_photo(measured, context.at(name))
    return tuple(problems)


def _stock_problems(product: Product, submission: Submission, facts: Facts) -> tuple[Refusal, ...]:
    card = submission.values.get(product.delivers)
    pan = getattr(card, "pan", None)
    if facts.stock is None or pan is None or pan.digits in facts.stock:
        return ()
    return (Refusal(Code.CORE_DECLINED, "该卡未配发到本终端，请更换卡片。", product.delivers),)


def _identity_problems(submission: Submission, facts: Facts) -> tuple[Refusal, ...]:
    """The register was asked about exactly this person, lately, and answered."""
    card = id_card(submission)
    assert card is not None, "the common checks require the ID card"
    field = next(name for name, value in submission.values.items() if value is card)
    record = facts.identity
    if record is None or record.answer.reference != submission.identity_reference:
        return (Refusal(Code.EVIDENCE, "没有联网核查记录，请先进行联网核查。", field),)
    if record.person != person_digest(card.number.number, card.name):
        return (Refusal(Code.ID_MISMATCH, "联网核查的对象与身份证不一致。", field),)
    if record.answer.result is IdentityResult.UNAVAILABLE:
        return (Refusal(Code.EVIDENCE, "联网核查未得到结果，请稍后重试。", field, True),)
    if submission.captured_ms - record.answer.checked_ms > IDENTITY_AGE_MS_MAX:
        return (Refusal(Code.EVIDENCE, "联网核查结果已过期，请重新核查。", field),)
    return ()


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


def _photos(submission: Submission) -> list[tuple[str, PhotoValue]]:
    values = submission.values.items()
    return [(name, value) for name, value in values if isinstance(value, PhotoValue)]


__all__ = [
    "IDENTITY_AGE_MS_MAX",
    "Facts",
    "ImageFact",
    "PinConverter",
    "admit",
    "general_rules",
    "open_submission",
]
