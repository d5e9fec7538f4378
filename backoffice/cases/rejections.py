"""Who hears why a case was rejected: desks and the outlet's manager, never the customer's table.

What an authorizer suspects (that somebody is forced, deceived, not who they say) would be read at
the table by the very people it is about. So the terminal learns one neutral sentence with a
reference, the same for every reason; the manager of the union looks the reference up. Since all
rejections are told alike, the sentence itself tells nothing.
"""

from __future__ import annotations

from typing import Final

from actors.store import Document
from backoffice.cases.record import Case
from wire.case_state import State
from wire.codec import decode, encode
from wire.message import Code, Refusal
from wire.messages.rejections import Rejection, reference_of

_UNSPOKEN: Final = frozenset({Code.FORBIDDEN})
"""A partner says so where its reason is about the person: told as a rejection is."""

NO_REFERENCE: Final = Refusal(Code.NOT_FOUND, "没有这个参考号，请核对后重新输入。", "reference")


def collection(union: str) -> str:
    """Where the rejections of a union are, by reference."""
    return f"rejections/{union}"


def told_at_table(case: Case) -> tuple[Refusal, ...]:
    """Why a case came back or to nothing, as the customer may read it."""
    rejected = case.state is State.AUTH_REJECTED
    spoken = tuple(one for one in case.reasons if not rejected and one.code not in _UNSPOKEN)
    return spoken if len(spoken) == len(case.reasons) else (neutral(case.case_id), *spoken)


def neutral(case_id: str) -> Refusal:
    """The one sentence for everything that is not said at the table."""
    reference = reference_of(case_id)
    return Refusal(Code.STATE, f"系统暂不能办理此业务，参考号 {reference}，可咨询网点负责人。")


def rejection_document(before: Case, after: Case) -> tuple[Document, ...]:
    """What a rejecting commit writes down for the manager; nothing otherwise."""
    judged = after.last
    if after.state is not State.AUTH_REJECTED or before.state is after.state or judged is None:
        return ()
    assert judged.reason is not None, "a rejection has a reason"
    operator, undertaking = after.filed.operator, after.filed.undertaking
    told = Rejection(
        reference=reference_of(after.case_id),
        case_id=after.case_id,
        title_zh=undertaking.title_zh,
        title_en=undertaking.title_en,
        outlet=operator.outlet,
        operator=operator.name,
        authorizer=judged.authorizer.name,
        reason=judged.reason,
        note=judged.note,
        at_ms=after.steps[-1].at_ms,
    )
    return (Document(collection(after.union), told.reference, encode(told)),)


def found(body: bytes | None) -> Rejection | Refusal:
    """A stored rejection as the manager reads it."""
    return decode(Rejection, body) if body is not None else NO_REFERENCE


__all__ = [
    "NO_REFERENCE",
    "collection",
    "found",
    "neutral",
    "rejection_document",
    "told_at_table",
]
