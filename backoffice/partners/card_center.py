"""The embedded credit-card centre: takes applications and answers days later.

Nothing is decided at the counter. An application is SENT at COMMIT; what becomes of it follows from
its age and its number alone, so the centre needs no clock of its own and answers the same for ever:
some are approved, some declined, some need more papers and are declined when none come.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from actors.durable.persistent import PersistentMap
from backoffice.partners.embedded import (
    CommittedOperation,
    EmbeddedPartner,
    Open,
    PartnerState,
    ReversedOperation,
)
from backoffice.partners.operations import ApplyCreditCard, Operation, Partner
from backoffice.partners.queries import CardApplications, PartnerQuery
from backoffice.partners.training import DAY_MS, draw
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item


class Standing(StrEnum):
    """Where an application stands."""

    SENT = "SENT"
    NEED_MORE = "NEED_MORE"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"


TITLES: Final = {
    Standing.SENT: ("审批中", "Under review"),
    Standing.NEED_MORE: ("待补件", "More papers needed"),
    Standing.APPROVED: ("已通过", "Approved"),
    Standing.DECLINED: ("未通过", "Declined"),
}

_ANSWERS: Final = (
    *(Standing.APPROVED,) * 6,
    *(Standing.NEED_MORE,) * 2,
    *(Standing.DECLINED,) * 2,
)
"""How answers are spread."""


class CardPolicy(msgspec.Struct, frozen=True):
    """What the embedded card centre is configured with.

    Attributes:
        answer_days: from the application to the answer.
        papers_days: how long the centre waits for more papers, from its answer.
        limit_fen_max: the highest limit that can be applied for, in fen.
    """

    answer_days: int = 3
    papers_days: int = 30
    limit_fen_max: int = 500_000_00


class Application(msgspec.Struct, frozen=True):
    """One application; `number` is the centre's own."""

    number: str
    holder: str
    sent_ms: int


class CardState(PartnerState, frozen=True):
    """What the card centre knows of one union: applications by ID number, the newest last."""

    applications: PersistentMap[str, tuple[Application, ...]] = PersistentMap()


class CardCenter(EmbeddedPartner[CardState]):
    """The rules of the embedded card centre."""

    partner = Partner.CARD
    state_type = CardState

    def __init__(self, policy: CardPolicy | None = None) -> None:
        self._policy = policy or CardPolicy()

    def initial(self, key: str) -> CardState:
        """Nobody has applied yet."""
        return CardState(key)

    def objection(self, state: CardState, operation: Operation, now_ms: int) -> Refusal | None:
        """One open application per person."""
        holder = _application(operation).customer.number.number
        if _application(operation).limit_fen > self._policy.limit_fen_max:
            return Refusal(Code.LIMIT, "申请额度超过信用卡中心上限", "limit")
        waits = any(
            _application(other.operation).customer.number.number == holder
            for other in state.open.values()
        )
        running = (Standing.SENT, Standing.NEED_MORE)
        open_ = any(self.standing(one, now_ms) in running for one in _of(state, holder))
        if waits or open_:
            return Refusal(Code.DUPLICATE, "该客户已有在途的信用卡申请", "id_card")
        return None

    def number(self, state: CardState, operation: Operation) -> str:
        """The application's number."""
        return f"XYK{state.union}{len(state.entries) + 1:07d}"

    def facts(self, state: CardState, operation: Operation, number: str) -> dict[str, str]:
        """The application's number."""
        return {"application": number}

    def committed(self, state: CardState, opened: Open, event: CommittedOperation) -> CardState:
        """The application is sent."""
        holder = _application(opened.operation).customer.number.number
        sent = Application(opened.number, holder, event.at_ms)
        applications = state.applications.put(holder, (*_of(state, holder), sent))
        return msgspec.structs.replace(state, applications=applications)

    def reversal_objection(
        self, state: CardState, operation: Operation, number: str, now_ms: int
    ) -> Refusal | None:
        """An application is taken back until it is answered."""
        holder = _application(operation).customer.number.number
        (sent,) = (one for one in _of(state, holder) if one.number == number)
        if self.standing(sent, now_ms) in (Standing.SENT, Standing.NEED_MORE):
            return None
        return Refusal(Code.CORE_DECLINED, "信用卡申请已有审批结果，不能冲正", "id_card")

    def reversed(self, state: CardState, undone: Open, event: ReversedOperation) -> CardState:
        """The application is withdrawn."""
        holder = _application(undone.operation).customer.number.number
        left = tuple(one for one in _of(state, holder) if one.number != undone.number)
        return msgspec.structs.replace(state, applications=state.applications.put(holder, left))

    def found(self, state: CardState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """The person's applications, the newest first."""
        assert isinstance(query, CardApplications)
        items = []
        for one in reversed(_of(state, query.number.number)):
            standing = self.standing(one, now_ms)
            zh, en = TITLES[standing]
            line = SlipLine("状态", "State", zh)
            title = (f"信用卡申请 {one.number}", f"Application {one.number}: {en}")
            items.append(Item(one.number, *title, lines=(line,), facts={"state": standing.value}))
        return tuple(items)

    def standing(self, application: Application, now_ms: int) -> Standing:
        """What has become of an application by now."""
        days = (now_ms - application.sent_ms) // DAY_MS
        if days < self._policy.answer_days:
            return Standing.SENT
        answer = _ANSWERS[draw("card", application.number, len(_ANSWERS))]
        late = days >= self._policy.answer_days + self._policy.papers_days
        return Standing.DECLINED if answer is Standing.NEED_MORE and late else answer


def _of(state: CardState, holder: str) -> tuple[Application, ...]:
    return state.applications.get(holder, ())


def _application(operation: Operation) -> ApplyCreditCard:
    assert isinstance(operation, ApplyCreditCard)
    return operation


__all__ = ["Application", "CardCenter", "CardPolicy", "CardState", "Standing"]
