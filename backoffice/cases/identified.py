"""Whom the population register was asked about: the customer, and everybody else with an ID card.

A submission names the customer's check; guardians, proxies and co-signers are found by who they
are. The register's answer is advisory, but never ignored: what it says of the customer a second
document may cure, what it says of anybody else nothing at the table can. Pure rules on records that
were looked up before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from backoffice.authorization.levels import IDENTITY_CURED, IDENTITY_NO_PHOTO, Level, Raise
from backoffice.dossier import id_card, other_cards
from backoffice.partners.identity_check import IdentityRecorded, person_digest
from backoffice.questions.fields import ID_CARD, SECOND_DOCUMENT
from wire.form import Form
from wire.message import Code, Refusal
from wire.messages.case import Submission
from wire.messages.identity import IdentityChecked, IdentityResult

IDENTITY_AGE_MS_MAX: Final = 24 * 60 * 60 * 1000
"""How old the register's answer may be when the case is captured."""

DISAGREEING: Final = frozenset({IdentityResult.NAME_DIFFERS, IdentityResult.NUMBER_ABSENT})
"""Answers that speak against an ID card."""


def identity_problems(
    submission: Submission,
    customer: IdentityRecorded | None,
    others: Mapping[str, IdentityRecorded],
) -> Iterator[Refusal]:
    """Whoever the register was not asked about lately, or gave no answer about.

    Args:
        submission: whose ID cards count.
        customer: the record that it names.
        others: the records about other persons, by field.
    """
    card = id_card(submission)
    # The common checks require it wherever the form does.
    if card is not None:
        digest = person_digest(card.number.number, card.name)
        yield from _customer_problems(submission, digest, customer)
    for name, other in sorted(other_cards(submission).items()):
        digest = person_digest(other.number.number, other.name)
        yield from _other_problems(submission, name, digest, others.get(name))


def identity_raises(
    submission: Submission,
    form: Form,
    customer: IdentityChecked | None,
    others: Mapping[str, IdentityChecked],
) -> Iterator[Raise]:
    """What the register's answers ask of an authorizer; several of a kind are one reason."""
    results = {answer.result for answer in (customer, *others.values()) if answer is not None}
    if IdentityResult.MATCH_WITHOUT_PHOTO in results:
        yield Raise(Level.A3, IDENTITY_NO_PHOTO)
    if customer is not None and customer.result in DISAGREEING:
        yield _cured(submission, form)


def _customer_problems(
    submission: Submission, digest: bytes, record: IdentityRecorded | None
) -> Iterator[Refusal]:
    if record is None or record.answer.reference != submission.identity_reference:
        yield Refusal(Code.EVIDENCE, "没有联网核查记录，请先进行联网核查。", ID_CARD.name)
    elif record.person != digest:
        yield Refusal(Code.ID_MISMATCH, "联网核查的对象与身份证不一致。", ID_CARD.name)
    else:
        yield from _answer_problems(submission, ID_CARD.name, record.answer)


def _other_problems(
    submission: Submission, name: str, digest: bytes, record: IdentityRecorded | None
) -> Iterator[Refusal]:
    if record is None or record.person != digest:
        message = "该身份证尚未完成联网核查，请稍后重试。"
        yield Refusal(Code.EVIDENCE, message, name, retryable=True)
    elif record.answer.result in DISAGREEING:
        message = "该身份证联网核查结果不一致，不能在此办理，请引导客户到柜面。"
        yield Refusal(Code.ID_MISMATCH, message, name)
    else:
        yield from _answer_problems(submission, name, record.answer)


def _answer_problems(
    submission: Submission, name: str, answer: IdentityChecked
) -> Iterator[Refusal]:
    if answer.result is IdentityResult.UNAVAILABLE:
        message = "联网核查未得到结果，请稍后重试。"
        yield Refusal(Code.EVIDENCE, message, name, retryable=True)
    elif submission.captured_ms - answer.checked_ms > IDENTITY_AGE_MS_MAX:
        yield Refusal(Code.EVIDENCE, "联网核查结果已过期，请重新核查。", name)


def _cured(submission: Submission, form: Form) -> Raise:
    """A second document cures a disagreeing register; without one, only the counter can help."""
    shown = {field.evidence for field in form.fields if field.name in submission.values}
    if SECOND_DOCUMENT in shown:
        return Raise(Level.A3, IDENTITY_CURED)
    message = "联网核查结果不一致，请补充第二证件影像，或引导客户到柜面办理。"
    return Raise(Level.AX, code=Code.ID_MISMATCH, message=message)


__all__ = ["DISAGREEING", "IDENTITY_AGE_MS_MAX", "identity_problems", "identity_raises"]
