"""The embedded billers: power, water and the others that a bill can be paid to.

A bill is one number's for one month. It is listed until it is paid, and nobody else is let near it
while a payment is prepared. A biller may decline at COMMIT: then the bill is free again, and no
money was taken, because the core comes after the biller.
"""

from __future__ import annotations

import re

import msgspec

from actors.durable.persistent import PersistentMap
from backoffice.partners import training
from backoffice.partners.embedded import (
    CommittedOperation,
    EmbeddedPartner,
    Open,
    PartnerState,
    ReversedOperation,
)
from backoffice.partners.operations import Operation, Partner, PayBill
from backoffice.partners.queries import PartnerQuery, UnpaidBills
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item


class Biller(msgspec.Struct, frozen=True):
    """Who is paid; `pattern` is what its customers' numbers look like as a whole."""

    title_zh: str
    title_en: str
    pattern: str


class BillerPolicy(msgspec.Struct, frozen=True):
    """What the embedded billers are configured with.

    Attributes:
        billers: by code.
        declined_numbers: customers whose payments their biller declines at COMMIT, for drills.
    """

    billers: dict[str, Biller] = msgspec.field(
        default_factory=lambda: {
            "power": Biller("电费", "Electricity", r"[0-9]{10}"),
            "water": Biller("水费", "Water", r"[0-9]{8,12}"),
            "telephone": Biller("电话费", "Telephone", r"1[3-9][0-9]{9}|0[0-9]{9,11}"),
            "tv": Biller("有线电视费", "Cable television", r"[0-9]{16}"),
            "gas": Biller("燃气费", "Gas", r"[0-9]{12}"),
        }
    )
    declined_numbers: tuple[str, ...] = ()


class BillerState(PartnerState, frozen=True):
    """What the billers of one union know: when which bill was paid, by `<biller>:<no>:<period>`."""

    paid: PersistentMap[str, int] = PersistentMap()


class Billers(EmbeddedPartner[BillerState]):
    """The rules of the embedded billers.

    Args:
        training: every number that fits its biller has bills; without, nobody has any.
    """

    partner = Partner.BILLER
    state_type = BillerState
    commit_may_fail = True

    def __init__(self, policy: BillerPolicy | None = None, *, training: bool = False) -> None:
        self._policy = policy or BillerPolicy()
        self._training = training

    def initial(self, key: str) -> BillerState:
        """Nothing is paid yet."""
        return BillerState(key)

    def objection(self, state: BillerState, operation: Operation, now_ms: int) -> Refusal | None:
        """The bill must be listed, unpaid, unclaimed and of exactly this amount."""
        assert isinstance(operation, PayBill)
        code = _code(operation)
        if code in state.paid:
            return Refusal(Code.DUPLICATE, "该账单已缴清，请勿重复缴费", "bill")
        if any(code == _code(other.operation) for other in state.open.values()):
            return Refusal(Code.DUPLICATE, "该账单正在缴费，请勿重复办理", "bill")
        listed = {bill.period: bill.fen for bill in self._bills(operation, now_ms)}
        if operation.period not in listed:
            return Refusal(Code.NOT_FOUND, "收费单位没有这张账单", "bill")
        if listed[operation.period] != operation.fen:
            return Refusal(Code.STALE, "账单金额已变更，请重新查询", "bill")
        return None

    def number(self, state: BillerState, operation: Operation) -> str:
        """The biller's receipt number."""
        return f"JF{len(state.entries) + 1:08d}"

    def commit_objection(self, state: BillerState, opened: Open, now_ms: int) -> Refusal | None:
        """A biller may have its own reasons."""
        assert isinstance(opened.operation, PayBill)
        if opened.operation.bill_no in self._policy.declined_numbers:
            return Refusal(Code.CORE_DECLINED, "收费单位拒绝销账，未扣款", "bill")
        return None

    def receipt(self, state: BillerState, opened: Open, now_ms: int) -> dict[str, str]:
        """The receipt number."""
        return {"biller_receipt": opened.number}

    def committed(self, state: BillerState, opened: Open, event: CommittedOperation) -> BillerState:
        """The bill is paid."""
        paid = state.paid.put(_code(opened.operation), event.at_ms)
        return msgspec.structs.replace(state, paid=paid)

    def reversed(self, state: BillerState, undone: Open, event: ReversedOperation) -> BillerState:
        """The bill is to be paid again."""
        paid = state.paid.remove(_code(undone.operation))
        return msgspec.structs.replace(state, paid=paid)

    def found(self, state: BillerState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """What is to be paid; what somebody is paying just now is still listed."""
        assert isinstance(query, UnpaidBills)
        items = (self._item(query, bill) for bill in self._bills(query, now_ms))
        return tuple(item for item in items if item.code not in state.paid)

    def _bills(self, of: PayBill | UnpaidBills, now_ms: int) -> tuple[training.Bill, ...]:
        biller = self._policy.billers.get(of.biller)
        known = biller is not None and re.fullmatch(biller.pattern, of.bill_no, re.ASCII)
        return training.bills(of.biller, of.bill_no, now_ms) if known and self._training else ()

    def _item(self, query: UnpaidBills, bill: training.Bill) -> Item:
        biller = self._policy.billers[query.biller]
        return Item(
            f"{query.biller}:{query.bill_no}:{bill.period}",
            f"{biller.title_zh} {bill.period}",
            f"{biller.title_en} {bill.period}",
            bill.fen,
            (SlipLine("账期", "Period", bill.period),),
            {"biller": query.biller, "bill_no": query.bill_no, "period": bill.period},
        )


def _code(operation: Operation) -> str:
    assert isinstance(operation, PayBill)
    return f"{operation.biller}:{operation.bill_no}:{operation.period}"


__all__ = ["Biller", "BillerPolicy", "BillerState", "Billers"]
