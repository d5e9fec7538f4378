"""The embedded wealth system: risk ratings with their history, funds on sale, orders.

A fund is sold in monthly issues, each with a quota and a cut-off; the quota that an unsigned order
holds comes back with its ABORT, and a cut-off that passes before the COMMIT declines it. A fund is
never sold to somebody whose rating it exceeds. Money is the core's business, not kept here.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from actors.durable.persistent import PersistentMap
from backoffice.partners import training
from backoffice.partners.embedded import (
    AbortedOperation,
    CommitDeclined,
    CommittedOperation,
    EmbeddedPartner,
    Open,
    PartnerState,
    Prepared,
    ReversedOperation,
)
from backoffice.partners.listing import day_line, facts_of, money_line
from backoffice.partners.operations import BuyFund, Operation, Partner, RateRisk
from backoffice.partners.queries import Funds, PartnerQuery, RiskRatings
from backoffice.partners.training import DAY_MS
from wire.checks import CHINA
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item

ALLOWS: Final = {"C1-": 1, "C1": 1, "C2": 2, "C3": 3, "C4": 4, "C5": 5}
"""Rating → the highest risk class of funds that may be sold."""


class Fund(msgspec.Struct, frozen=True):
    """What is sold: risk 1 to 5; amounts in fen, the quota for each issue."""

    code: str
    title_zh: str
    title_en: str
    risk: int
    start_fen: int
    step_fen: int
    quota_fen: int


class WealthPolicy(msgspec.Struct, frozen=True):
    """What the embedded wealth system is configured with.

    Attributes:
        funds: what is sold.
        rating_days: how long a rating is good.
        tries_per_day: how often somebody may be rated on one day.
    """

    funds: tuple[Fund, ...] = (
        Fund("AX", "安心存", "Steady", 1, 100_00, 100_00, 50_000_000_00),
        Fund("WJ", "稳健添利", "Prudent", 2, 1_000_00, 1_000_00, 20_000_000_00),
        Fund("PH", "平衡优选", "Balanced", 3, 1_000_00, 1_000_00, 10_000_000_00),
        Fund("JQ", "进取增长", "Growth", 4, 5_000_00, 1_000_00, 5_000_000_00),
        Fund("CX", "创新精选", "Venture", 5, 10_000_00, 1_000_00, 2_000_000_00),
    )
    rating_days: int = 365
    tries_per_day: int = 2


class Rated(msgspec.Struct, frozen=True):
    """One rating; `number` is the wealth system's own."""

    number: str
    level: str
    score: int
    questionnaire: int
    at_ms: int


class Order(msgspec.Struct, frozen=True):
    """One order that was placed."""

    order: str
    holder: str
    fund: str
    fen: int
    at_ms: int


class WealthState(PartnerState, frozen=True):
    """What the wealth system of one union knows.

    Attributes:
        ratings: by ID number, the newest last.
        sold: how much of each issue is ordered or held, in fen.
        orders: by ID number, the newest last.
    """

    ratings: PersistentMap[str, tuple[Rated, ...]] = PersistentMap()
    sold: PersistentMap[str, int] = PersistentMap()
    orders: PersistentMap[str, tuple[Order, ...]] = PersistentMap()


class WealthSystem(EmbeddedPartner[WealthState]):
    """The rules of the embedded wealth system.

    Args:
        training: everybody has a rating before their first.
    """

    partner = Partner.WEALTH
    state_type = WealthState
    commit_may_fail = True

    def __init__(self, policy: WealthPolicy | None = None, *, training: bool = False) -> None:
        self._policy = policy or WealthPolicy()
        self._training = training

    def initial(self, key: str) -> WealthState:
        """Nobody is rated, nothing is sold."""
        return WealthState(key)

    def objection(self, state: WealthState, operation: Operation, now_ms: int) -> Refusal | None:
        """A rating too many; a fund that is not for this person, this amount or this moment."""
        if isinstance(operation, RateRisk):
            return self._rating_objection(state, operation, now_ms)
        assert isinstance(operation, BuyFund)
        return self._order_objection(state, operation, now_ms)

    def number(self, state: WealthState, operation: Operation) -> str:
        """The number of the order or of the rating."""
        kind = "LC" if isinstance(operation, BuyFund) else "FX"
        return f"{kind}{state.union}{len(state.entries) + 1:06d}"

    def facts(self, state: WealthState, operation: Operation, number: str) -> dict[str, str]:
        """The same."""
        return {"order" if isinstance(operation, BuyFund) else "risk_rating": number}

    def commit_objection(self, state: WealthState, opened: Open, now_ms: int) -> Refusal | None:
        """The cut-off may have passed."""
        operation = opened.operation
        if isinstance(operation, BuyFund) and operation.fund not in self._on_sale(now_ms):
            return Refusal(Code.STALE, "已过产品认购截止时间，未扣款", "fund")
        return None

    def prepared(self, state: WealthState, event: Prepared) -> WealthState:
        """Quota is held."""
        return _hold(state, event.operation, 1)

    def released(
        self, state: WealthState, opened: Open, event: AbortedOperation | CommitDeclined
    ) -> WealthState:
        """Quota comes back."""
        return _hold(state, opened.operation, -1)

    def committed(self, state: WealthState, opened: Open, event: CommittedOperation) -> WealthState:
        """The order is placed, or the rating stands."""
        match opened.operation:
            case BuyFund(customer=customer, fund=fund, fen=fen):
                holder = customer.number.number
                order = Order(opened.number, holder, fund, fen, event.at_ms)
                orders = state.orders.put(holder, (*state.orders.get(holder, ()), order))
                return msgspec.structs.replace(state, orders=orders)
            case RateRisk(customer=customer) as rated:
                holder = customer.number.number
                rating = Rated(
                    opened.number, rated.level, rated.score, rated.questionnaire, event.at_ms
                )
                ratings = state.ratings.put(holder, (*state.ratings.get(holder, ()), rating))
                return msgspec.structs.replace(state, ratings=ratings)
            case _:
                raise AssertionError(opened.operation)

    def reversal_objection(
        self, state: WealthState, operation: Operation, number: str, now_ms: int
    ) -> Refusal | None:
        """An issue that was closed is not reopened; a rating that orders rest on stands."""
        if isinstance(operation, BuyFund):
            on_sale = operation.fund in self._on_sale(now_ms)
            return None if on_sale else Refusal(Code.STALE, "产品已成立，不能冲正", "fund")
        assert isinstance(operation, RateRisk)
        holder = operation.customer.number.number
        (rated,) = (one for one in state.ratings.get(holder, ()) if one.number == number)
        placed = any(order.at_ms >= rated.at_ms for order in state.orders.get(holder, ()))
        under_way = any(
            isinstance(one.operation, BuyFund) and one.operation.customer.number.number == holder
            for one in state.open.values()
        )
        if placed or under_way:
            return Refusal(Code.CORE_DECLINED, "客户已据此评估认购产品，不能冲正", "id_card")
        return None

    def reversed(self, state: WealthState, undone: Open, event: ReversedOperation) -> WealthState:
        """The order is cancelled and its quota free again, or the rating is taken back."""
        match undone.operation:
            case BuyFund(customer=customer) as order:
                holder = customer.number.number
                orders = state.orders.get(holder, ())
                placed = tuple(one for one in orders if one.order != undone.number)
                after = state.orders.put(holder, placed) if placed else state.orders.remove(holder)
                return _hold(msgspec.structs.replace(state, orders=after), order, -1)
            case RateRisk(customer=customer):
                holder = customer.number.number
                ratings = state.ratings.get(holder, ())
                left = tuple(one for one in ratings if one.number != undone.number)
                return msgspec.structs.replace(state, ratings=state.ratings.put(holder, left))
            case _:
                raise AssertionError(undone.operation)

    def found(self, state: WealthState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """The rating in force, or what it allows."""
        if isinstance(query, RiskRatings):
            return self._rating_items(state, query.number, now_ms)
        assert isinstance(query, Funds)
        number, level, first = query.number, "", False
        if number is not None:
            rated = self._rating(state, number, now_ms)
            level = rated.level if rated is not None else ""
            first = number.number not in state.orders
        allowed = len(ALLOWS) if number is None else ALLOWS.get(level, 0)
        known = facts_of(
            cutoff_ms=training.month_end_ms(now_ms),
            level=level,
            first=first,
        )
        return tuple(
            _fund_item(issue, fund, fund.quota_fen - state.sold.get(issue, 0), known)
            for issue, fund in self._on_sale(now_ms).items()
            if fund.risk <= allowed
        )

    def _on_sale(self, now_ms: int) -> dict[str, Fund]:
        """This month's issues, by code."""
        year, month = training.month(now_ms)
        return {f"{fund.code}{year}{month:02d}": fund for fund in self._policy.funds}

    def _rating(self, state: WealthState, number: IdNumber, now_ms: int) -> Rated | None:
        """The newest rating, while it is good."""
        known = state.ratings.get(number.number)
        if not known:
            given = Rated("", training.risk_level(number), 50, 1, now_ms - 100 * DAY_MS)
            return given if self._training else None
        good = now_ms - known[-1].at_ms <= self._policy.rating_days * DAY_MS
        return known[-1] if good else None

    def _tries(self, state: WealthState, holder: str, now_ms: int) -> int:
        """Ratings of today, also those that wait for a signature."""
        today = _day(now_ms)
        rated = sum(_day(one.at_ms) == today for one in state.ratings.get(holder, ()))
        waiting = sum(
            isinstance(one.operation, RateRisk) and one.operation.customer.number.number == holder
            for one in state.open.values()
        )
        return rated + waiting

    def _rating_objection(
        self, state: WealthState, operation: RateRisk, now_ms: int
    ) -> Refusal | None:
        most = self._policy.tries_per_day
        if self._tries(state, operation.customer.number.number, now_ms) >= most:
            return Refusal(Code.LIMIT, f"每日最多评估{most}次，请改日再评", "id_card")
        if operation.level not in ALLOWS:
            return Refusal(Code.RANGE, "没有这一风险等级")
        return None

    def _order_objection(
        self, state: WealthState, operation: BuyFund, now_ms: int
    ) -> Refusal | None:
        fund = self._on_sale(now_ms).get(operation.fund)
        if fund is None:
            return Refusal(Code.STALE, "该产品不在认购期内", "fund")
        rated = self._rating(state, operation.customer.number, now_ms)
        if rated is None or rated.level != operation.level:
            return Refusal(Code.STALE, "客户风险评估已过期或已更新，请重新选择产品", "fund")
        if fund.risk > ALLOWS[rated.level]:
            return Refusal(Code.SUITABILITY, "产品风险等级高于客户风险承受能力", "fund")
        over = operation.fen - fund.start_fen
        if over < 0 or over % fund.step_fen:
            return Refusal(Code.RANGE, "金额须不低于起购金额，并按递增金额的整数倍增加", "amount")
        if operation.fen > fund.quota_fen - state.sold.get(operation.fund, 0):
            return Refusal(Code.LIMIT, "产品剩余额度不足", "amount")
        return None

    def _rating_items(self, state: WealthState, number: IdNumber, now_ms: int) -> tuple[Item, ...]:
        rated = self._rating(state, number, now_ms)
        if rated is None:
            return ()
        until_ms = rated.at_ms + self._policy.rating_days * DAY_MS
        facts = facts_of(
            level=rated.level,
            rated_ms=rated.at_ms,
            until_ms=until_ms,
            today=self._tries(state, number.number, now_ms),
        )
        lines = (day_line("有效期至", "Valid until", until_ms),)
        title = (f"风险承受能力 {rated.level}", f"Risk rating {rated.level}")
        return (Item(rated.level, *title, lines=lines, facts=facts),)


def _fund_item(issue: str, fund: Fund, quota_fen: int, known: dict[str, str]) -> Item:
    return Item(
        issue,
        f"{fund.title_zh} {issue}（R{fund.risk}）",
        f"{fund.title_en} {issue} (R{fund.risk})",
        lines=(
            SlipLine("风险等级", "Risk", f"R{fund.risk}"),
            money_line("起购金额", "From", fund.start_fen),
            money_line("递增金额", "Step", fund.step_fen),
            money_line("剩余额度", "Left", quota_fen),
            day_line("认购截止", "Until", int(known["cutoff_ms"])),
        ),
        facts={
            **known,
            **facts_of(
                risk=f"R{fund.risk}",
                start_fen=fund.start_fen,
                step_fen=fund.step_fen,
                quota_fen=quota_fen,
            ),
        },
    )


def _hold(state: WealthState, operation: Operation, sign: int) -> WealthState:
    if not isinstance(operation, BuyFund):
        return state
    fen = state.sold.get(operation.fund, 0) + sign * operation.fen
    return msgspec.structs.replace(state, sold=state.sold.put(operation.fund, fen))


def _day(at_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(at_ms / 1000, CHINA).date()


__all__ = ["ALLOWS", "Fund", "Order", "Rated", "WealthPolicy", "WealthState", "WealthSystem"]
