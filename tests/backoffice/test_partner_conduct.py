"""Partners that behave badly, as a case and a form meet them: slow, silent, unwilling, down; and
back again.

Whatever is heard of it, a key has one outcome: the inquiry that follows a silence tells the truth.
A list that was not heard leaves no record, and the teller is told to ask again.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import get_args

import msgspec
import pytest
import trio

from actors import open_system
from actors.durable import DurableActor
from actors.ref import Ref
from actors.store.memory import Disk, MemoryStore
from backoffice.cases.commands import PartnerSilent
from backoffice.configuration.settings import Settings
from backoffice.lookups.listing import ListingDesk
from backoffice.partners.conduct import NORMAL, REFUSAL, Conduct, Conducts, Manner, Service
from backoffice.partners.connections import Ports
from backoffice.partners.embedded import stream_of
from backoffice.partners.handler import PartnerHandler
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.policy import embedded_partner
from backoffice.partners.port import (
    PARTNER_S_MAX,
    Abort,
    Commit,
    Inquire,
    PartnerOutcome,
    PartnerRequest,
    PartnerStatus,
    Prepare,
)
from backoffice.partners.queries import PartnerQuery
from tests.backoffice.case_story import PRODUCTS, TELLER
from tests.backoffice.partner_scenes import (
    SCENES,
    TRAINING,
    UNION,
    apply_for_card,
    open_securities,
    pay_bill,
    query_of,
)
from tests.kit import submissions as make
from tests.kit.outside import VirtualWall, virtual_outside
from tests.kit.running import run
from wire.form import Field, FieldKind, Form
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.lookups import Listing, ListItems

SILENT = PartnerSilent("k")
CASE = make.case_id("conduct")
ANY_PARTNER = pytest.mark.parametrize("name", [one for one in SCENES if not SCENES[one].before])
"""One operation of each; activating takes a card that was issued, which others stand for."""


class Counter:
    """A case at the counter of one partner."""

    def __init__(self, partner: Partner, ref: Ref, conducts: Conducts) -> None:
        self._partner = partner
        self._conducts = conducts
        self._handler = PartnerHandler(partner, lambda _union: ref, conducts)

    def behave(self, manner: Manner, seconds: float = 0.0) -> None:
        self._conducts.tell(self._partner, UNION, Conduct(manner, seconds))

    async def say(self, request: PartnerRequest) -> PartnerOutcome | PartnerSilent:
        return await self._handler("case", request)  # type: ignore[arg-type]  # a message, too

    async def prepare(self, operation: Operation) -> PartnerOutcome | PartnerSilent:
        return await self.say(Prepare("k", UNION, operation))

    async def truth(self) -> PartnerStatus:
        self.behave(Manner.NORMAL)
        outcome = await self.say(Inquire("k", UNION))
        assert isinstance(outcome, PartnerOutcome)
        return outcome.status


@asynccontextmanager
async def counter(partner: Partner, conducts: Conducts | None = None) -> AsyncIterator[Counter]:
    store = MemoryStore(Disk())
    behaviour = embedded_partner(partner, TRAINING)
    stream = stream_of(partner, UNION)
    async with open_system("office", virtual_outside("conduct")) as system:
        ref = system.spawn(
            partner,
            lambda: DurableActor(behaviour, stream=stream, key=UNION, store=store, handlers={}),
        )
        yield Counter(partner, ref, conducts or Conducts())


def test_a_slow_partner_is_waited_for_within_bounds() -> None:
    """Longer than anybody waits is silence, and nothing was done."""

    async def story() -> None:
        async with counter(Partner.BILLER) as biller:
            biller.behave(Manner.SLOW, PARTNER_S_MAX)
            assert SILENT == await biller.prepare(pay_bill())
            assert PartnerStatus.UNKNOWN_KEY is await biller.truth()
            biller.behave(Manner.SLOW, PARTNER_S_MAX - 1)
            began = trio.current_time()
            outcome = await biller.prepare(pay_bill())
            assert isinstance(outcome, PartnerOutcome)
            assert PartnerStatus.PREPARED is outcome.status
            assert PARTNER_S_MAX - 1 <= trio.current_time() - began

    run(story)


def test_a_lost_answer_is_found_by_inquiry() -> None:
    """What was asked for has happened; asking again does it no second time."""

    async def story() -> None:
        async with counter(Partner.CARD) as center:
            center.behave(Manner.TIME_OUT)
            assert SILENT == await center.prepare(apply_for_card())
            assert PartnerStatus.PREPARED is await center.truth()
            center.behave(Manner.TIME_OUT)
            assert SILENT == await center.say(Commit("k", UNION))
            assert SILENT == await center.say(Commit("k", UNION))
            assert PartnerStatus.COMMITTED is await center.truth()

    run(story)


def test_an_unwilling_partner_stays_unwilling_under_that_key() -> None:
    """Also when its mood is better."""

    async def story() -> None:
        async with counter(Partner.SEC) as brokers:
            brokers.behave(Manner.DECLINE)
            outcome = await brokers.prepare(open_securities())
            assert isinstance(outcome, PartnerOutcome)
            assert (PartnerStatus.DECLINED, REFUSAL) == (outcome.status, outcome.refusal)
            assert PartnerStatus.DECLINED is await brokers.truth()
            assert outcome == await brokers.prepare(open_securities())

    run(story)


def test_a_partner_that_is_down_hears_nothing() -> None:
    """Neither a PREPARE nor an ABORT; both can come again."""

    async def story() -> None:
        async with counter(Partner.BILLER) as biller:
            biller.behave(Manner.DOWN)
            assert SILENT == await biller.prepare(pay_bill())
            assert SILENT == await biller.say(Abort("k", UNION))
            assert PartnerStatus.UNKNOWN_KEY is await biller.truth()

    run(story)


def test_a_stalled_partner_reserves_and_hears_no_more() -> None:
    """Neither COMMIT nor ABORT nor a question about it; what it holds it goes on holding."""

    async def story() -> None:
        async with counter(Partner.BILLER) as biller:
            biller.behave(Manner.STALLED)
            assert isinstance(await biller.prepare(pay_bill()), PartnerOutcome)
            for request in (Commit("k", UNION), Abort("k", UNION), Inquire("k", UNION)):
                assert SILENT == await biller.say(request)
            assert PartnerStatus.PREPARED is await biller.truth()

    run(story)


def test_a_drill_outlasts_whatever_a_partner_is_told() -> None:
    """In every union; others are left alone."""
    conducts = Conducts(random.Random(1), CHANCES)
    conducts.drill(Ports(core="down", biller="stalled", sms="down").drills)
    conducts.tell(Partner.CORE, UNION, NORMAL)
    conducts.calm()

    seen = {one: conducts.next(one, "530999").manner for one in (Partner.CORE, Partner.BILLER)}
    assert {Partner.CORE: Manner.DOWN, Partner.BILLER: Manner.STALLED} == seen
    assert Manner.DOWN is conducts.next(Service.SMS, UNION).manner
    assert NORMAL == conducts.next(Partner.CARD, UNION)


def test_a_refusal_is_a_definite_answer() -> None:
    """Another request under the key: the case must never try another key."""

    async def story() -> None:
        async with counter(Partner.BILLER) as biller:
            await biller.prepare(pay_bill())
            outcome = await biller.prepare(pay_bill(1))
            assert isinstance(outcome, PartnerOutcome)
            assert outcome.refusal is not None
            assert (PartnerStatus.DECLINED, Code.KEY_CONFLICT) == (
                outcome.status,
                outcome.refusal.code,
            )

    run(story)


class Asked:
    """A teller who asks one partner for a list."""

    def __init__(self, query: PartnerQuery, ref: Ref, store: MemoryStore) -> None:
        field = Field(name="one", kind=FieldKind.LISTED, title_zh="选项", title_en="Option")
        product = replace(
            PRODUCTS["debit_card"],
            code="lists",
            form=Form(version=1, fields=(field,)),
            listings={"one": lambda _: query},
        )
        self.partner = query.partner
        self.conducts = Conducts()
        settings = Settings({"lists": product})
        self._desk = ListingDesk(
            store,
            VirtualWall(),
            settings.for_union,
            lambda _, __: ref,
            nobody_known,
            self.conducts,
        )

    async def ask(self, manner: Manner, seconds: float = 0.0) -> Listing | Refusal:
        self.conducts.tell(self.partner, TELLER.staff.union, Conduct(manner, seconds))
        request = ListItems(CASE, "lists", "one", None, "", {})
        return await self._desk.answer(TELLER, request)


async def nobody_known(_: IdNumber) -> dict[str, str]:
    await trio.lowlevel.checkpoint()
    return {}


@pytest.mark.parametrize("kind", get_args(PartnerQuery))
def test_a_list_is_as_good_as_the_partner_behaves(kind: type[msgspec.Struct]) -> None:
    """Whatever is asked of whom: silence and refusal are told in words and leave no record."""

    async def story() -> None:
        query, disk = query_of(kind), Disk()
        behaviour = embedded_partner(query.partner, TRAINING)
        stream, store = stream_of(query.partner, UNION), MemoryStore(disk)
        async with open_system("office", virtual_outside("lists")) as system:
            ref = system.spawn(
                "partner",
                lambda: DurableActor(behaviour, stream=stream, key=UNION, store=store, handlers={}),
            )
            teller = Asked(query, ref, store)
            silence = Refusal(Code.BUSY, "暂时查询不到“选项”，请稍后重试。", "one", retryable=True)
            for manner in (Manner.DOWN, Manner.TIME_OUT):
                assert silence == await teller.ask(manner)
            began = trio.current_time()
            assert silence == await teller.ask(Manner.SLOW, 2 * PARTNER_S_MAX)
            assert PARTNER_S_MAX == trio.current_time() - began
            no = await teller.ask(Manner.DECLINE)
            words = "合作机构未受理此项查询，请稍后再试。"
            assert Refusal(Code.CORE_DECLINED, words, "one", retryable=True) == no
            assert [] == disk.journal

            began = trio.current_time()
            assert isinstance(await teller.ask(Manner.SLOW, 3.0), Listing)
            assert 3.0 == trio.current_time() - began
            assert f"lookup/{TELLER.staff.union}/{CASE}" == disk.journal[0].stream

    run(story)


CHANCES = {
    Conduct(Manner.SLOW, 2.0): 0.2,
    Conduct(Manner.TIME_OUT): 0.2,
    Conduct(Manner.DECLINE): 0.1,
    Conduct(Manner.DOWN): 0.2,
}


@ANY_PARTNER
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_heard_a_key_has_one_outcome(name: str, seed: int) -> None:
    """Requests at random to a partner at random; definite answers never contradict each other."""
    scene, dice = SCENES[name], random.Random(f"{name}/{seed}")

    async def day() -> None:
        conducts = Conducts(dice, CHANCES)
        async with counter(scene.partner, conducts) as one:
            final: PartnerOutcome | None = None
            asks = (
                Prepare("k", UNION, scene.right()),
                Inquire("k", UNION),
                Commit("k", UNION),
                Abort("k", UNION),
            )
            for _ in range(30):
                answer = await one.say(dice.choices(asks, (8, 4, 2, 1))[0])
                if isinstance(answer, PartnerOutcome) and answer.status in (
                    PartnerStatus.COMMITTED,
                    PartnerStatus.ABORTED,
                    PartnerStatus.DECLINED,
                ):
                    final = final or answer
                    assert final == answer
            conducts.calm()
            told = await one.say(Inquire("k", UNION))
            assert final is None or final == told

    run(day)


def test_chance_is_the_same_for_the_same_seed() -> None:
    """And stops when everybody is told to be calm."""

    def days(seed: int) -> list[Conduct]:
        conducts = Conducts(random.Random(seed), CHANCES)
        return [conducts.next(Partner.CORE, UNION) for _ in range(200)]

    assert days(1) == days(1) != days(2)
    assert {*CHANCES, NORMAL} == set(days(1))
    conducts = Conducts(random.Random(1), CHANCES)
    conducts.tell(Partner.CORE, UNION, Conduct(Manner.DOWN))
    conducts.calm()
    assert {NORMAL} == {conducts.next(Partner.CORE, UNION) for _ in range(50)}
