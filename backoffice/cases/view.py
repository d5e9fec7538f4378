"""A case as others may see it: the terminal's view, the queue's entry, the authorizer's file.

Pure functions of the record. Numbers leave here masked, whoever looks: an authorizer compares the
birth date, the ends of the number and the photos, and needs no more.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.store import Document
from backoffice.authorization.queue import collection
from backoffice.authorization.waiting import QueueEntry, item_for
from backoffice.cases.commands import Caller
from backoffice.cases.events import Intake
from backoffice.cases.record import Case
from backoffice.cases.rejections import told_at_table
from backoffice.dossier import NOTHING, Dossier, open_dossier
from backoffice.questions.fields import ID_CARD
from wire.case_state import State
from wire.chip_record import NATIONS, Sex
from wire.codec import decode_signed, encode
from wire.form import Field, Form
from wire.messages.case import CaseView, Submission
from wire.messages.desk import CaseFile, Compared, ImageCard
from wire.messages.identity import MATCHING, IdentityChecked, IdentityResult
from wire.text import legible
from wire.value import (
    AmountValue,
    BankCardValue,
    ChoicesValue,
    ChoiceValue,
    ColleagueValue,
    ConfirmValue,
    IdCardValue,
    IdNumberValue,
    InkValue,
    ListedValue,
    NumberValue,
    PhoneValue,
    PhotoValue,
    RecordingValue,
    TableValue,
    TextValue,
    Value,
)

QUEUED_STATES = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED})
"""The states in which a case stands in the queue."""

HANDED_STATES = frozenset({State.COMMITTED, State.DELIVERED, State.CLOSED})
"""The states in which there may be something to hand over."""

FAILED_STATES = frozenset(
    {State.CANCELLED, State.EXPIRED, State.AUTH_REJECTED, State.DECLINED, State.ABORTED}
)
"""Ends at which a case came to nothing."""

_SEXES = {Sex.MALE: "男", Sex.FEMALE: "女"}

"""Answers of the register that agree with an ID card."""

_REGISTER_WORDS = {
    IdentityResult.MATCH: "一致",
    IdentityResult.MATCH_WITHOUT_PHOTO: "一致（无照片）",
    IdentityResult.NAME_DIFFERS: "号码存在，姓名不符",
    IdentityResult.NUMBER_ABSENT: "号码不存在",
    IdentityResult.UNAVAILABLE: "未核查",
}


def dossier_of(intake: Intake) -> Dossier:
    """An accepted submission, opened for looking at; no product's rules read it any more."""
    submission = decode_signed(Submission, intake.submission)
    return open_dossier(
        submission,
        verifiers=intake.verifiers,
        operator=intake.operator,
        now_ms=intake.received_ms,
        thresholds=intake.undertaking.numbers.thresholds,
        listed=intake.listed,
        colleagues=intake.colleagues,
    )


def view_of(case: Case) -> CaseView:
    """What the terminal may know."""
    card = case.filed.undertaking.delivers
    waits = case.state in QUEUED_STATES
    return CaseView(
        case_id=case.case_id,
        version=case.version,
        state=case.state,
        steps=case.steps,
        reasons=told_at_table(case),
        slip=case.slip,
        deliver=card.masked if card is not None and case.state in HANDED_STATES else "",
        results=case.results if case.state in HANDED_STATES or case.manual else (),
        timing=case.timing.value if waits else "",
        due_ms=case.due_ms if waits else 0,
        ends_ms=case.expires_ms if waits or case.state is State.AUTH_RETURNED else 0,
        live_wanted=waits and case.live_asked_ms > 0,
        owed=owed_photos(case),
        owed_due_ms=case.rescan.due_ms if case.rescan and owed_photos(case) else 0,
    )


def owed_photos(case: Case) -> tuple[str, ...]:
    """The photos that are still to come, by field; a case that came to nothing owes none."""
    if case.rescan is None or case.rescanned or case.state in FAILED_STATES:
        return ()
    return case.rescan.fields


def entry_of(case: Case) -> QueueEntry:
    """The case as the queue keeps it."""
    intake = case.filed
    undertaking = intake.undertaking
    held = case.claim
    return QueueEntry(
        case_id=case.case_id,
        version=case.version,
        product=intake.product,
        title_zh=undertaking.title_zh,
        title_en=undertaking.title_en,
        operator=intake.operator,
        level=intake.assessment.level,
        category=undertaking.category,
        timing=case.timing,
        locality=intake.assessment.route.locality,
        priority=intake.assessment.route.priority,
        assign=intake.assessment.route.assign,
        flags=intake.assessment.flags,
        queued_ms=case.queued_ms,
        due_ms=case.due_ms,
        front=case.front,
        approved=tuple(approval.authorizer for approval in case.approvals),
        claimed_by=held.authorizer if held else None,
        images=tuple(card.digest for card in case.images),
        live_photo="asked" if case.live_asked_ms else "given" if case.live else "",
        desk=held.device if held else "",
        centre=intake.assessment.route.centre,
    )


def queue_document(before: Case, after: Case) -> tuple[Document, ...]:
    """What a commit writes into the projections of queues: put, delete, or nothing."""
    was, now = _queues(before), _queues(after)
    body = encode(entry_of(after)) if now else None
    return (
        *(Document(collection(union), after.case_id, body) for union in now),
        *(Document(collection(union), after.case_id, None) for union in was if union not in now),
    )


def _queues(case: Case) -> tuple[str, ...]:
    return case.queues if case.state in QUEUED_STATES else ()


def file_of(case: Case, form: Form, caller: Caller) -> CaseFile:
    """Everything that the holder of the claim decides on; `form` is the one that was filled."""
    held = case.claim
    assert held is not None, "only a claimed case is looked at"
    return CaseFile(
        item=item_for(entry_of(case), caller.authority, caller.device),
        state=case.state,
        steps=case.steps,
        version=case.version,
        submission_hash=case.filed.digest,
        compared=compare(
            dossier_of(case.filed),
            form,
            case.filed.identity,
            case.filed.identities,
        ),
        images=case.images,
        challenge=held.challenge,
        lease_until_ms=held.until_ms,
    )


def compare(
    dossier: Dossier,
    form: Form,
    identity: IdentityChecked | None,
    others: Mapping[str, IdentityChecked] = NOTHING,
) -> tuple[Compared, ...]:
    """Every element beside its sources, differences marked.

    Args:
        dossier: what was captured.
        form: in whose order it is shown.
        identity: what the register said about the customer.
        others: what it said about other persons, by field.
    """
    rows = [*_person(dossier, identity), *_clock(dossier.submission.skew_ms)]
    for field in form.fields:
        value = dossier.submission.values.get(field.name)
        if field.name in dossier.submission.deferred:
            titles = field.title_zh, field.title_en
            rows.append(Compared(*titles, "次日补扫", "", "", False, field.name))
        if value is None or field.name == ID_CARD.name:
            continue
        if isinstance(value, TableValue):
            rows += _table(field, value)
            continue
        if isinstance(value, IdCardValue):
            rows.append(_other(field, value, others.get(field.name)))
            continue
        shown = _shown(field, value, dossier)
        if shown:
            titles = field.title_zh, field.title_en
            rows.append(Compared(*titles, shown, "", "", False, field.name))
    return tuple(rows)


def _person(dossier: Dossier, identity: IdentityChecked | None) -> tuple[Compared, ...]:
    """What the chip says, beside the register; nothing, where no ID card is asked for."""
    if dossier.chip is None or identity is None:
        return ()
    record, customer = dossier.chip, dossier.customer
    register = _REGISTER_WORDS[identity.result]
    absent = identity.result is IdentityResult.NUMBER_ABSENT
    name_network = identity.register_name or register
    until = record.valid_to.isoformat() if record.valid_to else "长期"
    sex, nation = _SEXES.get(record.sex, ""), NATIONS.get(record.nation, "")
    return (
        Compared(
            "姓名",
            "Name",
            "",
            legible(customer.name),
            legible(name_network),
            name_network != customer.name,
        ),
        Compared(
            "身份证号码", "ID number", "", customer.number.masked, register, absent, ID_CARD.name
        ),
        Compared("性别", "Sex", "", sex, "", False),
        Compared("民族", "Nationality", "", nation, "", False),
        Compared("出生日期", "Born", "", record.birth.isoformat(), "", False),
        Compared("住址", "Registered address", "", legible(record.address), "", False),
        Compared("签发机关", "Issued by", "", legible(record.issuer), "", False),
        Compared("有效期至", "Valid until", "", until, "", False),
    )


def _clock(skew_ms: int) -> tuple[Compared, ...]:
    """That the times of the capture were put right, where the tablet's clock was wrong."""
    if not skew_ms:
        return ()
    told = f"办理期间终端时钟最多偏差{-(-skew_ms // 60_000)}分钟，已按提交时间校正"
    return (Compared("终端时钟", "Tablet's clock", "", told, "", True),)


def _other(field: Field, card: IdCardValue, answer: IdentityChecked | None) -> Compared:
    """Another person than the customer, as the chip and the register know them, in one line."""
    result = answer.result if answer is not None else IdentityResult.UNAVAILABLE
    chip = f"{legible(card.name)} {card.number.masked}"
    differs = result not in MATCHING
    titles, word = (field.title_zh, field.title_en), _REGISTER_WORDS[result]
    return Compared(*titles, "", chip, word, differs, field.name)


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


def _table(field: Field, table: TableValue) -> list[Compared]:
    """One line per row, its cells in the columns' order."""
    lines = []
    for number, row in enumerate(table.rows, start=1):
        cells = (
            f"{column.title_zh} {_entered(column, row[column.name])}"
            for column in field.columns
            if column.name in row
        )
        title_zh, title_en = f"{field.title_zh}（{number}）", f"{field.title_en} ({number})"
        lines.append(Compared(title_zh, title_en, "，".join(cells), "", "", False, field.name))
    titles = field.title_zh, field.title_en
    return lines or [Compared(*titles, "0 行", "", "", False, field.name)]


def _shown(field: Field, value: Value, dossier: Dossier) -> str:
    """What was answered, masked; empty for what is looked at rather than read."""
    match value:
        case ListedValue(title=title):
            item = dossier.listed.get(field.name)
            return item.title_zh if item else title
        case ColleagueValue(name=name):
            colleague = dossier.colleagues.get(field.name)
            return f"{colleague.name}（{colleague.staff_id}）" if colleague else name
        case ConfirmValue():
            return "已确认"
        case InkValue():
            return "已签名"
        case RecordingValue(duration_ms=duration_ms):
            return f"录音 {duration_ms // 1000} 秒"
        case _:
            return _entered(field, value)


def _entered(field: Field, value: Value) -> str:
    """What was typed, chosen or read, masked; also in a cell of a table."""
    match value:
        case TextValue(text=text):
            return legible(text)
        case PhoneValue(phone=phone):
            return phone.masked
        case ChoiceValue(code=code):
            return _titles(field, (code,))
        case ChoicesValue(codes=codes):
            return _titles(field, codes)
        case BankCardValue(pan=pan):
            return pan.masked
        case AmountValue(fen=fen):
            return f"¥{fen // 100:,}.{fen % 100:02}"
        case NumberValue(number=number):
            return f"{_decimal(number, field.decimals)}{field.unit_zh}"
        case IdNumberValue(number=number):
            return number.masked
        case _:
            return ""


def _titles(field: Field, codes: tuple[str, ...]) -> str:
    """The titles of what was chosen, in the form's order."""
    return "、".join(option.title_zh for option in field.options if option.code in codes)


def _decimal(number: int, decimals: int) -> str:
    """A number in units of 10^-decimals, as it was typed."""
    if not decimals:
        return f"{number:,}"
    sign, digits = ("-" if number < 0 else ""), abs(number)
    scale = 10**decimals
    return f"{sign}{digits // scale:,}.{digits % scale:0{decimals}}"


__all__ = [
    "FAILED_STATES",
    "QUEUED_STATES",
    "compare",
    "dossier_of",
    "entry_of",
    "file_of",
    "image_cards",
    "owed_photos",
    "queue_document",
    "view_of",
]
