"""The main job: a debit card issued at a farmer's table, then activated, end to end."""

from __future__ import annotations

import trio

from backoffice.desk.clerk import DeskClerk
from terminal.clerk import Clerk
from terminal.page_model import SignInHere
from tests.kit.bank import DESK_PASSCODE, TELLER_PASSCODE, Bank
from tests.kit.running import run

STATES = [
    "DRAFT",
    "IDENTIFIED",
    "CAPTURED",
    "SUBMITTED",
    "AUTH_QUEUED",
    "AUTH_CLAIMED",
    "AUTH_APPROVED",
    "PREPARING",
    "PREPARED",
    "SLIP_SHOWN",
    "SIGNED",
    "COMMITTING",
    "COMMITTED",
    "DELIVERED",
    "CLOSED",
]


def test_a_card_is_issued_and_activated() -> None:
    """One teller, one authorizer, calm weather: the card ends up in the customer's hand."""

    async def story() -> None:
        bank = Bank("main-job")
        async with bank.office(), bank.desk(1) as desk, bank.terminal(1) as terminal:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(DeskClerk(desk, "2001", DESK_PASSCODE).work)
                assert await terminal.perform(SignInHere("1001", TELLER_PASSCODE)) is None
                clerk = Clerk(terminal)
                with trio.fail_after(600):
                    while not terminal.teller.products:
                        await trio.sleep(0.1)
                    case_id = await clerk.begin("debit_card")
                    case = await clerk.finish(case_id)
                    activation = await clerk.finish(await clerk.begin("card_activation"))
                nursery.cancel_scope.cancel()

        assert STATES == [step.state for step in case.steps]
        assert "CLOSED" == activation.state
        assert case_id in bank.slips

    run(story)
