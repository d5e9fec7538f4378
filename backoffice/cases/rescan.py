"""Photos that follow the next working day (影像隔日补扫): a debt of the operator until it is paid.

A form may let some photos be missing at the submission; an authorizer sees that and may approve all
the same. From then on they are owed: the commit of the last approval writes the debt down, the
terminal hands all of them in at once, and who lets a debt become overdue submits nothing else
before. A case that comes to nothing owes nothing. Nobody looks at the photos again here, so they
have to be good by themselves: sharp, new, and no other picture of any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.store import Document
from backoffice.authorization.hours import next_workday_end_ms
from backoffice.cases.events import AnyCaseEvent, RescanGiven, RescanOwed
from backoffice.cases.flow import wrong_state
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules
from backoffice.cases.view import owed_photos
from wire.checks import Context, check_photo
from wire.codec import decode, decode_signed, encode
from wire.message import Code, Refusal
from wire.messages.case import Submission, SubmitRescan
from wire.messages.desk import ImageCard

_GIVEN: Final = Refusal(Code.KEY_CONFLICT, "该业务的影像已补扫，不能再次补扫。")


class Debt(msgspec.Struct, frozen=True):
    """Who owes photos of a case, by when (Unix milliseconds), and of which fields."""

    staff_id: str
    due_ms: int
    fields: tuple[str, ...]


def collection(union: str) -> str:
    """Where the debts of a union are, by case."""
    return f"rescan/{union}"


def owing(case: Case, rules: Rules, now_ms: int) -> tuple[AnyCaseEvent, ...]:
    """What the last approval of a case leads to besides; nothing where no photo is missing."""
    fields = decode_signed(Submission, case.filed.submission).deferred
    due_ms = next_workday_end_ms(now_ms, rules.desks.own)
    return (RescanOwed(now_ms, fields, due_ms),) if fields else ()


def give_rescan(
    case: Case, request: SubmitRescan, rules: Rules, now_ms: int
) -> tuple[AnyCaseEvent, ...] | Refusal:
    """The terminal hands them in; the office has measured the bytes and checked them before."""
    photos = request.photos
    if case.rescanned:
        same = {name: photo.digest for name, photo in photos.items()}
        return () if same == {one.field: one.digest for one in case.rescanned} else _GIVEN
    fields = owed_photos(case)
    if not fields:
        return wrong_state(case.state)
    for name in fields:
        if name not in photos:
            return Refusal(Code.EVIDENCE, "请一次补齐全部待补扫的影像。", name)
    known = {image.digest for image in case.images}
    cards = []
    for name, photo in photos.items():
        field = rules.forms[case.filed.undertaking.form].field(name)
        if field is None or name not in fields:
            return Refusal(Code.FORMAT, "该项无需补扫。", name)
        if photo.digest in known:
            return Refusal(Code.EVIDENCE, "同一张照片不能用于两处，请重新拍摄。", name)
        for refusal in check_photo(photo, Context(now_ms, case.filed.limits, name)):
            return refusal
        known.add(photo.digest)
        titles = field.title_zh, field.title_en
        cards.append(ImageCard(photo.digest, photo.size, name, *titles, field.evidence))
    return (RescanGiven(now_ms, tuple(cards)),)


def debt_document(before: Case, after: Case) -> tuple[Document, ...]:
    """What a commit writes into the debts: put, delete, or nothing."""
    was, now = owed_photos(before), owed_photos(after)
    if was == now:
        return ()
    body = None
    if after.rescan is not None and now:
        body = encode(Debt(after.filed.operator.staff_id, after.rescan.due_ms, now))
    return (Document(collection(after.union), after.case_id, body),)


def overdue_case(debts: Iterable[tuple[str, bytes]], staff_id: str, now_ms: int) -> str:
    """The first case of a page of debts that this operator should have completed; else empty."""
    for case_id, body in debts:
        debt = decode(Debt, body)
        if debt.staff_id == staff_id and debt.due_ms <= now_ms:
            return case_id
    return ""


def pay_first(case_id: str) -> Refusal:
    """What an operator reads who submits something else while this case is overdue."""
    return Refusal(Code.STATE, f"影像补扫已逾期，请先补扫业务 …{case_id[-6:]}")


__all__ = [
    "Debt",
    "collection",
    "debt_document",
    "give_rescan",
    "overdue_case",
    "owing",
    "pay_first",
]
