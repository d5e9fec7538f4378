"""The customers' branch of the office's tree: records, feeds, and those who carry and review.

    customers            one_for_one: a feed whose consumer is away stops nobody else
      records            one durable actor per person
      feed-ecif …        one durable actor per consumer: the numbered changes
      courier-ecif …     one process per consumer: delivers, is acknowledged, replays
      reviewer           computes every record's tags and tier again, once a day

Cases hand over what they learned (`learn`, the handler of effects addressed to `customer`); the
record commits before the effect counts as done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from actors import Actor, ActorError, Process
from actors.durable import Commanded, DurableActor, Handler
from actors.ports import Outside
from actors.ref import Ref
from actors.store import Store
from backoffice.cases.events import CustomerLearned, TargetAnswered
from backoffice.customers.courier import Courier, EntriesAdded, Sinks
from backoffice.customers.feed import CONSUMERS, OCRM, Consumer, Feed, answers_of
from backoffice.customers.feed import stream_of as feed_stream
from backoffice.customers.recommend import recommend
from backoffice.customers.record import (
    CustomerChanged,
    CustomerRecord,
    CustomerView,
    GetCustomer,
    Review,
    customer_key,
)
from backoffice.customers.record import stream_of as record_stream
from backoffice.customers.reviewer import Reviewer
from backoffice.customers.rules import CustomerRules
from backoffice.product import Product
from backoffice.shards import PROVINCE, of_person
from supervisors import ChildSpec, Intensity, PoolSpec, Strategy, SupervisorSpec
from wire.backoff import Backoff
from wire.checks import Context, birth_date, check_id_number, years_between
from wire.masked import IdNumber
from wire.message import Code, Message, Refusal
from wire.messages.offers import Recommendations

NAME: Final = "customers"

AWAY: Final = Refusal(Code.BUSY, "客户信息暂时无法查询，请稍后重试", retryable=True)

RECORD_PASSIVATE_S: Final = 60.0
ANSWER_S_MAX: Final = 10.0
"""How long a record or a feed may take to answer, in seconds."""

COURIER_BACKOFF: Final = Backoff(first_s=1.0, most_s=60.0)


class CustomersBranch:
    """Makes the branch's children and answers for it.

    Args:
        sinks: where each consumer's feed goes.
        live_max: how many records are in memory at once.
        expect: the clock's alarm.
        record: the ref of a person's record.
        child: the ref of a child of the branch.
    """

    def __init__(
        self,
        outside: Outside,
        store: Store,
        rules: CustomerRules,
        sinks: Sinks,
        live_max: int,
        expect: Callable[[int], None],
        record: Callable[[str], Ref],
        child: Callable[[str], Ref],
    ) -> None:
        self._outside = outside
        self._store = store
        self._rules = rules
        self._sinks = sinks
        self._live_max = live_max
        self._expect = expect
        self._record = record
        self._child = child

    def spec(self) -> SupervisorSpec:
        """The branch of the module's docstring."""
        records = PoolSpec(
            "records", self._customer, limit=self._live_max, passivate_s=RECORD_PASSIVATE_S
        )
        feeds = [ChildSpec(f"feed-{one.name}", partial(self._feed, one)) for one in CONSUMERS]
        couriers = [
            ChildSpec(f"courier-{one.name}", partial(self._courier, one), backoff=COURIER_BACKOFF)
            for one in CONSUMERS
        ]
        reviewer = ChildSpec(
            "reviewer", lambda: Reviewer(self._outside.wall, self._store, self._review)
        )
        return SupervisorSpec(
            NAME,
            Strategy.ONE_FOR_ONE,
            Intensity(20, 60.0),
            (records, *feeds, *couriers, reviewer),
        )

    async def learn(self, key: str, message: Message) -> None:
        """What a case taught, into the person's record; an error leaves the effect owed.

        What somebody said who is known to customer relations alone goes to their feed at once.
        """
        if isinstance(message, TargetAnswered):
            await self._publish(OCRM.name, key, answers_of(message))
            return
        assert isinstance(message, CustomerLearned), key
        told: Commanded[None] = Commanded(f"case/{key}", message)
        await self._record(customer_key(message.number)).ask(told, within=ANSWER_S_MAX)

    async def offers(
        self, number: IdNumber, products: Mapping[str, Product]
    ) -> Recommendations | Refusal:
        """What to offer a person, and why."""
        now_ms = self._outside.wall.now_ms()
        if problems := check_id_number(number.number, Context(now_ms, field="number")):
            return problems[0]
        known = await self._look(number)
        if isinstance(known, Refusal):
            return known
        birth = birth_date(number.number)
        assert birth is not None, "checked above"
        age = years_between(birth, Context(now_ms).today)
        tier = self._rules.tier(known.standing.tier)
        titles = (tier.code, tier.title_zh, tier.title_en) if tier else ("", "", "")
        return Recommendations(recommend(known, age, products), *titles)

    async def known(self, number: IdNumber) -> Mapping[str, str] | Refusal:
        """The facts of a person's record; none of somebody unknown, `BUSY` where it is away."""
        record = await self._look(number)
        return record if isinstance(record, Refusal) else record.facts

    async def _look(self, number: IdNumber) -> CustomerView | Refusal:
        asked: Commanded[CustomerView] = Commanded("office", GetCustomer())
        try:
            return await self._record(customer_key(number)).ask(asked, within=ANSWER_S_MAX)
        except ActorError:
            return AWAY

    def _customer(self, key: str) -> Actor:
        names = tuple(consumer.name for consumer in CONSUMERS)
        handlers: dict[str, Handler] = {name: partial(self._publish, name) for name in names}
        return DurableActor(
            CustomerRecord(self._rules, names),
            stream=record_stream(key),
            key=key,
            store=self._store,
            handlers=handlers,
            expect=self._expect,
            shard=of_person(key),
        )

    async def _publish(self, consumer: str, key: str, message: Message) -> None:
        assert isinstance(message, CustomerChanged), key
        told: Commanded[None] = Commanded(f"customer/{key}", message)
        await self._child(f"feed-{consumer}").ask(told, within=ANSWER_S_MAX)
        self._child(f"courier-{consumer}").tell(EntriesAdded())

    def _feed(self, consumer: Consumer) -> Actor:
        return DurableActor(
            Feed(consumer),
            stream=feed_stream(consumer.name),
            key=consumer.name,
            store=self._store,
            handlers={},
            shard=PROVINCE,
        )

    def _courier(self, consumer: Consumer) -> Process:
        outside = self._outside
        sink = self._sinks(consumer)
        return Courier(consumer, self._store, sink, outside.wall, outside.random)

    async def _review(self, stream: str) -> None:
        """Have the record of a stream computed anew.

        Raises:
            ActorError: it was not.
        """
        told: Commanded[None] = Commanded("reviewer", Review())
        record = self._record(stream.removeprefix("customer/"))
        await record.ask(told, within=ANSWER_S_MAX)


__all__ = ["NAME", "CustomersBranch"]
