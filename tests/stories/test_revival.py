"""Whoever owes something is brought back, also where only a part of the office begins anew."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import trio

from backoffice.authorization.policy_book import STREAM as POLICY
from backoffice.cases.terms import end_of_day_ms
from terminal.page_model import Stage
from tests.kit.bank import UNION
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run
from tests.stories.cast import assert_sound, cast, kinds, until, watched_bank, work_to


@dataclass(frozen=True)
class Poison:
    """A message that no rules know: whoever handles it crashes."""


@pytest.mark.parametrize("victim", [POLICY, "case"])
def test_a_day_ends_for_a_case_that_lost_its_actor(victim: str) -> None:
    """The case waits for an authorizer; its actor crashes, or all of them are started again with
    somebody above them. Nobody asks about it any more, and still the day ends it.
    """

    async def story() -> None:
        bank, invariants = watched_bank("revival")
        async with cast(bank) as at:
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await until(lambda: "Queued" in str(kinds(bank, case_id)))
            bank.unplug("T-1")
            bank.unplug("D-1")
            assert at.office.tree is not None
            name = POLICY if victim == POLICY else f"cases/{UNION}.{case_id}"
            at.office.tree.ref(f"/office/{name}").tell(Poison())
            await trio.sleep((end_of_day_ms(EPOCH_MS) - EPOCH_MS) / 1000 + 120)
            assert "Expired" == kinds(bank, case_id)[-1]
            assert_sound(bank, invariants, healed=False)

    run(story)
