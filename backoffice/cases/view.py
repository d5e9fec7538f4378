"""A case as others may see it: the terminal's view, the queue's entry, the authorizer's file.

Pure functions of the record. Numbers leave here masked, whoever looks: an authorizer compares the
birth date, the ends of the number and the photos, and needs no more.
"""

from __future__ import annotations

from actors.store import Document
from backoffice.authorization.queue import QueueEntry, collection, item_for
from backoffice.cases.commands import Caller
from backoffice.cases.events import Intake
from backoffice.cases.record import Case
from backoffice.product import Dossier, Product, open_dossier, title_of_option
from wire.case_state import State
from wire.chip_record import NATIONS, Sex
from wire.codec import decode, encode
from wire.form import (
    AmountValue,
    BankCardValue,
    ChoiceValue,
    Field,
    Form,
    PhoneValue,
    PhotoValue,
    TextValue,
    Value,
)
from wire.messages.case import CaseView, Submission
from wire.messages.desk import CaseFile, Compared, ImageCard
from wire.messages.identity import IdentityChecked, IdentityResult

QUEUED_STATES = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED})
"""The states in which a case stands in the queue."""

HANDED_STATES = frozenset({State.COMMITTED, State.DELIVERED, State.CLOSED})
"""The states in which there may be something to hand over."""

_SEXES = {Sex.MALE: "男", Sex.FEMALE: "女"}

_REGISTER_WORDS = {
    IdentityResult.MATCH: "一致",
    IdentityResult.MATCH_WITHOUT_PHOTO: "一致（无照片）",
    IdentityResult.NAME_DIFFERS: "号码存在，姓名不符",
    IdentityResult.NUMBER_ABSENT: "号码不存在",
    IdentityResult.UNAVAILABLE: "未核查",
}


def dossier_of(intake: Intake) -> Dossier:
    """An accepted submission, opened for reading."""
    submission = decode(Submission, intake.submission)
    return open_dossier(submission, intake.verifiers, intake.received_ms)


def view_of(case: Case, product: Product) -> CaseView:
    """What the terminal may know."""
    deliver = ""
    if product.delivers and case.state in HANDED_STATES:
        deliver = dossier_of(case.filed).pan(product.delivers).masked
    return CaseView(
        case_id=case.case_id,
        version=case.version,
        state=case.state,
        steps=case.steps,
        reasons=case.reasons,
        slip=case.slip,
        deliver=deliver,
    )


def entry_of(case: Case, product: Product) -> QueueEntry:
    """The case as the queue keeps it."""
    intake = case.filed
    held = case.claim
    return QueueEntry(
        case_id=case.case_id,
        version=case.version,
        product=product.code,
        title_zh=product.title_zh,
        title_en=product.title_en,
        operator=intake.operator,
        level=intake.assessment.level,
        timing=intake.assessment.route.timing,
        locality=intake.assessment.route.locality,
        flags=intake.assessment.flags,
        queued_ms=case.queued_ms,
        due_ms=case.due_ms,
        front=case.front,
        approved=tuple(approval.authorizer.person_id for approval in case.approvals),
        claimed_by=held.authorizer if held else None,
        images=tuple(card.digest for card in intake.images),
        desk=held.device if held else "",
    )


def queue_document(before: Case, after: Case, product: Product) -> tuple[Document, ...]:
    """What a commit writes into the queue's projection: put, delete, or nothing."""
    if after.state in QUEUED_STATES:
        body = encode(entry_of(after, product))
        return (Document(collection(after.union), after.case_id, body),)
    if before.state in QUEUED_STATES:
        return (Document(collection(after.union), after.case_id, None),)
    return ()


def file_of(case: Case, product: Product, caller: Caller) -> CaseFile:
    """Everything that the holder of the claim decides on."""
    held = case.claim
    assert held is not None, "only a claimed case is looked at"
    return CaseFile(
        item=item_for(entry_of(case, product), caller.staff, caller.device, caller.level),
        state=case.state,
        steps=case.steps,
        version=case.version,
        submission_hash=case.filed.digest,
        compared=compare(dossier_of(case.filed), product.form, case.filed.identity),
        images=case.filed.images,
        challenge=held.challenge,
        lease_until_ms=held.until_ms,
    )


def compare(dossier: Dossier, form: Form, identity: IdentityChecked) -> tuple[Compared, ...]:
    """Every element beside its sources, differences marked."""
    record, customer = dossier.record, dossier.customer
    register = _REGISTER_WORDS[identity.result]
    absent = identity.result is IdentityResult.NUMBER_ABSENT
    name_network = identity.register_name or register
    rows = [
        Compared("姓名", "Name", "", customer.name, name_network, name_network != customer.name),
        Compared("身份证号码", "ID number", "", customer.number.masked, register, absent),
        Compared("性别", "Sex", "", _SEXES.get(record.sex, ""), "", False),
        Compared("民族", "Nationality", "", NATIONS.get(record.nation, ""), "", False),
        Compared("出生日期", "Born", "", record.birth.isoformat(), "", False),
        Compared("住址", "Registered address", "", record.address, "", False),
        Compared("签发机关", "Issued by", "", record.issuer, "", False),
        Compared(
            "有效期至",
            "Valid until",
            "",
            record.valid_to.isoformat() if record.valid_to else "长期",
            "",
            False,
        ),
    ]
    for field in form.fields:
        value = dossier.submission.values.get(field.name)
        shown = _shown(field, value, form) if value is not None else ""
        if shown:
            rows.append(Compared(field.title_zh, field.title_en, shown, "", "", False))
    return tuple(rows)


def image_cards(submission: Submission, form: Form) -> tuple[ImageCard, ...]:
    """The pictures of a submission, in form order."""
    cards = []
    for field in form.fields:
        value = submission.values.get(field.name)
        if isinstance(value, PhotoValue):
            cards.append(
                ImageCard(
                    value.digest,
                    value.size,
                    field.name,
                    field.title_zh,
                    field.title_en,
                    field.evidence,
                )
            )
    return tuple(cards)


def _shown(field: Field, value: Value, form: Form) -> str:
    """What was entered, masked; empty for what is looked at rather than read."""
    match value:
        case TextValue(text=text):
            return text
        case PhoneValue(phone=phone):
            return phone.masked
        case ChoiceValue(code=code):
            return title_of_option(form, field.name, code)
        case BankCardValue(pan=pan):
            return pan.masked
        case AmountValue(fen=fen):
            return f"¥{fen // 100:,}.{fen % 100:02}"
        case _:
            return ""


__all__ = [
    "QUEUED_STATES",
    "compare",
    "dossier_of",
    "entry_of",
    "file_of",
    "image_cards",
    "queue_document",
    "view_of",
]
