"""The main job: a debit card issued at a farmer's table, then activated, end to end."""

from __future__ import annotations

from tests.kit.bank import Bank
from tests.kit.running import run
from tests.stories.cast import cast, kinds

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
        async with cast(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("debit_card")
            case = await at.clerk.finish(case_id)
            activation = await at.clerk.finish(await at.clerk.begin("card_activation"))

        assert STATES == [step.state for step in case.steps]
        assert "CLOSED" == activation.state
        assert "SlipSealed" in kinds(bank, case_id)

    run(story)
