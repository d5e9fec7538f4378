"""The questions that many products share, and short ways to write a form.

Also here: what a form needs of the kit, by the kinds of its fields.
"""

from __future__ import annotations

from typing import Final

import msgspec

from wire.form import (
    Capability,
    Field,
    FieldKind,
    Form,
    Option,
)
from wire.message import Code, Refusal

SECOND_DOCUMENT: Final = "E8"
"""The evidence code of what cures a disagreeing identity check: household register and the like."""

KINDS_NEED: Final = {
    FieldKind.ID_CARD: Capability.ID_READER,
    FieldKind.PHOTO: Capability.CAMERA,
    FieldKind.BANK_CARD: Capability.CARD_READER,
    FieldKind.NEW_PIN: Capability.PIN_PAD,
    FieldKind.PIN: Capability.PIN_PAD,
    FieldKind.INK: Capability.SIGNATURE,
    FieldKind.RECORDING: Capability.MICROPHONE,
}
"""Which kind of field needs which part of the kit; a slip needs the signature pad besides."""


ID_CARD: Final = Field(
    name="id_card", kind=FieldKind.ID_CARD, title_zh="身份证", title_en="ID card"
)
"""The question that every product asks first."""

CARD_FIRST: Final = Refusal(Code.EVIDENCE, "请先读取客户身份证。", ID_CARD.name)
"""Whoever asks what is listed for a person, before the person's card was read."""

FACE_TO_FACE: Final = Field(
    name="face_to_face",
    kind=FieldKind.PHOTO,
    title_zh="客户与业务员合影",
    title_en="Customer with operator",
    evidence="E3",
    hint_zh="客户与业务员同框，面部清晰，不戴帽子和墨镜。",
    hint_en="Both in one picture, faces clear, no hats or sunglasses.",
)
"""The proof that the operator met the customer (面签)."""


def photo(name: str, evidence: str, title_zh: str, title_en: str) -> Field:
    """A required picture for one evidence slot."""
    return Field(
        name=name, kind=FieldKind.PHOTO, title_zh=title_zh, title_en=title_en, evidence=evidence
    )


ID_FRONT: Final = photo("id_front", "E1", "身份证人像面", "ID card, portrait side")
ID_BACK: Final = photo("id_back", "E1", "身份证国徽面", "ID card, emblem side")
"""The two sides of the card, beside its chip."""

SECOND_PAPER: Final = Field(
    name="second_document",
    kind=FieldKind.PHOTO,
    title_zh="第二证件",
    title_en="Second document",
    required=False,
    evidence=SECOND_DOCUMENT,
    hint_zh="联网核查结果不一致时，拍摄户口簿等辅助证件。",
    hint_en="Household register or similar, when the identity check disagrees.",
)
"""What cures a disagreeing identity check; a product without it sends such customers away."""


def choice(
    name: str,
    title_zh: str,
    title_en: str,
    *options: tuple[str, str, str],
    required: bool = True,
    hint: tuple[str, str] = ("", ""),
) -> Field:
    """A choice among (code, Chinese title, English title); the hint in both languages."""
    return Field(
        name=name,
        kind=FieldKind.CHOICE,
        title_zh=title_zh,
        title_en=title_en,
        required=required,
        options=tuple(Option(*option) for option in options),
        hint_zh=hint[0],
        hint_en=hint[1],
    )


def amount(
    name: str,
    title_zh: str,
    title_en: str,
    fen_max: int,
    *,
    fen_min: int = 1,
    required: bool = True,
    hint: tuple[str, str] = ("", ""),
) -> Field:
    """An amount within bounds, in fen; the hint in both languages."""
    return Field(
        name=name,
        kind=FieldKind.AMOUNT,
        title_zh=title_zh,
        title_en=title_en,
        required=required,
        fen_min=fen_min,
        fen_max=fen_max,
        hint_zh=hint[0],
        hint_en=hint[1],
    )


JOB: Final = choice(
    "job",
    "职业",
    "Occupation",
    ("farmer", "农林牧渔业人员", "Farmer, herder or fisher"),
    ("worker", "务工人员", "Worker"),
    ("trader", "个体经营者", "Self-employed"),
    ("public", "机关事业单位人员", "Public service"),
    ("student", "学生", "Student"),
    ("retired", "离退休人员", "Retired"),
    ("other", "其他", "Other"),
)
"""What the customer lives on."""


def choices(
    name: str,
    title_zh: str,
    title_en: str,
    *options: tuple[str, str, str],
    required: bool = True,
    hint: tuple[str, str] = ("", ""),
) -> Field:
    """Any number of options; otherwise as `choice`."""
    one = choice(name, title_zh, title_en, *options, required=required, hint=hint)
    return msgspec.structs.replace(one, kind=FieldKind.CHOICES)


TOPICS: Final = choices(
    "topics",
    "感兴趣的业务",
    "Interested in",
    ("credit", "贷款", "Loans"),
    ("savings", "存款", "Savings"),
    ("wealth", "理财", "Wealth products"),
    ("debit_card", "借记卡", "Debit card"),
    ("credit_card", "信用卡", "Credit card"),
    ("mobile_bank", "手机银行", "Mobile bank"),
    ("bill", "便民缴费", "Paying bills"),
    required=False,
)
"""What the customer wants to hear more of; the codes are the topics of the customer's record."""

PHONE: Final = Field(
    name="phone",
    kind=FieldKind.PHONE,
    title_zh="手机号码",
    title_en="Mobile number",
    proven=True,
    hint_zh="请客户当场报出短信验证码。",
    hint_en="The customer reads out the code from the message.",
)
"""The number that the bank knows somebody by; only a proven one enters the customer's record."""

PHONE_OFFLINE: Final = msgspec.structs.replace(
    PHONE,
    proof_optional=True,
    hint_zh="请客户当场报出短信验证码；没有网络时可不验证，号码不会记入客户信息。",
    hint_en="The customer reads out the code; without a link it may wait, and is not recorded.",
)
"""The same of a business that is captured without a link, too."""

PHONE_UNPROVEN: Final = "phone_unproven"
"""The flag of a case whose phone nobody proved."""

COLLEAGUE: Final = Field(
    name="colleague",
    kind=FieldKind.COLLEAGUE,
    title_zh="协办人员确认",
    title_en="Second operator",
    hint_zh="双人办理，协办人员在现场输入本人口令。",
    hint_en="Two do this together; the second enters their own passcode on the spot.",
)
"""The second member of staff of a business that takes two."""


def confirm(name: str, title_zh: str, title_en: str, *, required: bool = True) -> Field:
    """A statement that is confirmed explicitly."""
    return Field(
        name=name,
        kind=FieldKind.CONFIRM,
        title_zh=title_zh,
        title_en=title_en,
        required=required,
    )


def needs_of(form: Form, *, signed: bool = True) -> frozenset[Capability]:
    """What the kit must have for a form's fields, and for the signature in the end."""
    kinds = {field.kind for field in form.fields}
    needs = {KINDS_NEED[kind] for kind in kinds if kind in KINDS_NEED}
    return frozenset(needs | ({Capability.SIGNATURE} if signed else set()))


def option_of(form: Form, name: str, code: str) -> Option:
    """A chosen option, with its titles."""
    one = form.field(name)
    assert one is not None, f"no field {name}"
    return next(option for option in one.options if option.code == code)


def title_of_option(form: Form, name: str, code: str) -> str:
    """The Chinese title of a chosen option."""
    return option_of(form, name, code).title_zh


__all__ = [
    "CARD_FIRST",
    "COLLEAGUE",
    "FACE_TO_FACE",
    "ID_BACK",
    "ID_CARD",
    "ID_FRONT",
    "JOB",
    "KINDS_NEED",
    "PHONE",
    "PHONE_OFFLINE",
    "PHONE_UNPROVEN",
    "SECOND_DOCUMENT",
    "SECOND_PAPER",
    "TOPICS",
    "amount",
    "choice",
    "choices",
    "confirm",
    "needs_of",
    "option_of",
    "photo",
    "title_of_option",
]
