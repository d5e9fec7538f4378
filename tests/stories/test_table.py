"""At the farmer's table: no link for the whole capture, and a customer who changes their mind."""

from __future__ import annotations

from backoffice.partners.embedded import AbortedOperation
from backoffice.partners.ledger import (
    blank_cards,
    delivered_cards,
    reserved_cards,
    spoiled_cards,
)
from terminal.page_commands import CustomerRefuses, HandOver, SlipSeen
from terminal.page_model import Stage
from tests.kit.bank import UNION
from tests.kit.running import run
from tests.stories.cast import (
    assert_sound,
    cast,
    core_events,
    kinds,
    until,
    watched_bank,
    work_to,
)
from wire.case_state import State
from wire.message import Code


def test_a_case_is_captured_without_any_link() -> None:
    """In the mountains nothing leaves the tablet; back on the road the case goes its way alone."""

    async def story() -> None:
        bank, invariants = watched_bank("offline")
        async with cast(bank) as at:
            at.authorize()
            bank.network.cut("T-1")
            case_id = await at.clerk.begin("debit_card")
            waiting = await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            assert State.DRAFT == waiting.state
            assert [] == kinds(bank, case_id)
            assert 1 == at.terminal.state().waiting_to_send

            bank.network.heal()
            await until(lambda: "Prepared" in kinds(bank, case_id))
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)


def test_a_customer_refuses_the_slip() -> None:
    """Nothing is handed over; the card is spoiled, the stock balances, the case is ABORTED."""

    async def story() -> None:
        bank, invariants = watched_bank("refused-slip")
        async with cast(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.SIGN)
            assert await at.terminal.perform(SlipSeen(case_id)) is None
            assert await at.terminal.perform(CustomerRefuses(case_id)) is None
            case = await at.clerk.finish(case_id)
            refused = await at.terminal.perform(HandOver(case_id))

        assert "ABORTED" == case.state
        assert refused is not None
        assert Code.STATE == refused.code
        assert isinstance(core_events(bank)[-1], AbortedOperation)
        balances = invariants.books[f"core/{UNION}"].balances
        gone = balances[blank_cards(UNION, "T-1")] + balances[delivered_cards(UNION)]
        assert (-100, 0, 100) == (
            gone,
            balances[reserved_cards(UNION)],
            balances[spoiled_cards(UNION)],
        )
        assert_sound(bank, invariants)

    run(story)
