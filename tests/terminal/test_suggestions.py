"""What the office would offer is shown beside a customer who is known, and troubles nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from actors.durable import Commanded
from terminal.draft import card_digest
from terminal.draft_events import KeepIdentity
from terminal.page_commands import GiveUp, LeaveCase, NewCase, ReadId, SetValue, ShowCase
from tests.kit.every_kind import PRODUCT
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run
from tests.terminal.counter import Counter, open_counter
from wire.codec import encode
from wire.masked import IdNumber
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.offers import Recommend, Recommendation, Recommendations

CARD = Recommendation("debit_card", "借记卡发卡", "Debit card issue", 40, "尚未持卡", "No card")
FILE = Recommendation("farmer_file", "农户建档", "Farmer file", 35, "农户客户", "A farmer")
ITSELF = Recommendation(PRODUCT.code, PRODUCT.title_zh, PRODUCT.title_en, 50, "本业务", "This one")
FOUND = Recommendations((CARD, FILE), "gold", "金卡客户", "Gold")


async def identified(
    counter: Counter, result: IdentityResult = IdentityResult.MATCH, product: str = PRODUCT.code
) -> str:
    """A new case of which the customer's card is read and the register has answered."""
    assert await counter.do(NewCase(product)) is None
    assert await counter.do(ReadId(counter.case_id, "id_card")) is None
    await checked(counter, result)
    return counter.case.case_id


async def checked(counter: Counter, result: IdentityResult) -> None:
    draft = counter.terminal.drafts.look(counter.case.case_id)
    assert draft is not None
    assert draft.id_card is not None
    answer = KeepIdentity(card_digest(draft.id_card), IdentityChecked(result, "idv#1", EPOCH_MS))
    ref = counter.terminal.drafts.ref(draft.case_id)
    await ref.ask(Commanded("office", answer), within=5)
    await trio.sleep(0.1)


def asked(counter: Counter) -> list[Recommend]:
    return [one for one in counter.office.asked if isinstance(one, Recommend)]


def offers(counter: Counter) -> tuple[Recommendation, ...]:
    return counter.case.offers


def at_counter(story: Callable[[Counter], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with open_counter() as counter:
            counter.office.suggests = FOUND
            await story(counter)

    run(whole)


def test_offers_are_shown_once_the_register_knows_the_customer() -> None:
    """Not before, and the office is asked once, whatever else happens to the case."""

    async def story(counter: Counter) -> None:
        assert await counter.do(NewCase(PRODUCT.code)) is None
        assert await counter.do(ReadId(counter.case_id, "id_card")) is None
        await trio.sleep(0.1)
        assert ([], ()) == (asked(counter), offers(counter))

        await checked(counter, IdentityResult.MATCH)
        assert ((CARD, FILE), "金卡客户", "Gold") == (
            offers(counter), counter.case.tier_zh, counter.case.tier_en,
        )  # fmt: skip
        assert await counter.do(SetValue(counter.case_id, "bill_no", "5301000001")) is None
        assert await counter.do(ReadId(counter.case_id, "guarantor")) is None
        await trio.sleep(0.1)
        draft = counter.terminal.drafts.look(counter.case.case_id)
        assert draft is not None
        assert draft.id_card is not None
        assert [Recommend(draft.case_id, draft.id_card.number, draft.id_card.name)] == asked(
            counter
        )

    at_counter(story)


def test_offers_are_in_no_draft_and_go_with_the_case() -> None:
    """The next customer sees nothing of them; who comes back to the case is asked about again."""

    async def story(counter: Counter) -> None:
        case_id = await identified(counter)
        draft = counter.terminal.drafts.look(case_id)
        assert "尚未持卡".encode() not in encode(draft)

        assert await counter.do(NewCase(PRODUCT.code)) is None
        await trio.sleep(0.1)
        assert () == offers(counter)

        assert await counter.do(ShowCase(case_id)) is None
        await trio.sleep(0.1)
        assert (CARD, FILE) == offers(counter)
        assert 2 == len(asked(counter))

    at_counter(story)


@pytest.mark.parametrize("result", [IdentityResult.NAME_DIFFERS, IdentityResult.NUMBER_ABSENT])
def test_nobody_is_asked_about_a_doubtful_card(result: IdentityResult) -> None:
    """Whose card it is, is not known."""

    async def story(counter: Counter) -> None:
        await identified(counter, result)
        assert ([], ()) == (asked(counter), offers(counter))

    at_counter(story)


def test_somebody_who_wants_no_offers_sees_not_even_a_tier() -> None:
    """The office then offers nothing, and nothing is what is shown."""

    async def story(counter: Counter) -> None:
        counter.office.suggests = Recommendations((), "gold", "金卡客户", "Gold")
        await identified(counter)
        assert 1 == len(asked(counter))
        assert ((), "", "") == (offers(counter), counter.case.tier_zh, counter.case.tier_en)

    at_counter(story)


def test_the_business_in_hand_is_not_suggested() -> None:
    """It is being done."""

    async def story(counter: Counter) -> None:
        counter.office.suggests = Recommendations((ITSELF, CARD))
        await identified(counter)
        assert (CARD,) == offers(counter)

    at_counter(story)


def test_a_silent_office_keeps_nobody_waiting() -> None:
    """The form is filled meanwhile, and the office is not asked again."""

    async def story(counter: Counter) -> None:
        counter.office.silent = True
        await identified(counter)
        before = trio.current_time()
        assert await counter.do(SetValue(counter.case_id, "bill_no", "5301000001")) is None
        assert 1.0 > trio.current_time() - before
        await trio.sleep(60)
        assert ((), 1) == (offers(counter), len(asked(counter)))

    at_counter(story)


def test_offline_there_are_no_offers_and_no_errors() -> None:
    """Nor does a refusal reach anybody."""

    async def story(counter: Counter) -> None:
        counter.office.online = False
        await identified(counter)
        await trio.sleep(60)
        assert ((), ()) == (offers(counter), counter.case.reasons)

    at_counter(story)


def test_a_finished_case_asks_no_more() -> None:
    """Whose case was given up is not there to be offered anything."""

    async def story(counter: Counter) -> None:
        case_id = await identified(counter)
        assert await counter.do(GiveUp(counter.case_id, "客户改变主意")) is None
        assert await counter.do(LeaveCase(case_id)) is None
        await trio.sleep(0.1)
        assert await counter.do(ShowCase(case_id)) is None
        await trio.sleep(0.1)
        assert (1, ()) == (len(asked(counter)), offers(counter))

    at_counter(story)


def test_no_number_is_written_into_a_log() -> None:
    """The question names the person masked."""
    question = Recommend("case", IdNumber("530111196804120027"), "李秀英")
    assert "530***********0027" in repr(question)
    assert "19680412" not in repr(question)
