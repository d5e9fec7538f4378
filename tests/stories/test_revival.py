"""Whoever owes something is brought back, also where only a part of the office begins anew."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import trio

from backoffice.authorization.hours import DeskHours, Desks, Window, expiry_ms
from backoffice.authorization.levels import Locality
from backoffice.authorization.policy_book import STREAM as POLICY
from terminal.page_model import Stage
from tests.kit.bank import UNION
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run
from tests.stories.cast import assert_sound, cast, kinds, until, watched_bank, work_to

LATE = DeskHours(windows=(Window("08:30", "24:00"),), weekdays=(7,), least_minutes=1)
"""Desks that close within the hour in which the story begins, 23:06 on a Sunday."""


@dataclass(frozen=True)
class Poison:
    """A message that no rules know: whoever handles it crashes."""


@pytest.mark.parametrize("victim", [POLICY, "case"])
def test_patience_ends_for_a_case_that_lost_its_actor(victim: str) -> None:
    """The case waits for an authorizer; its actor crashes, or all of them are started again with
    somebody above them. Nobody asks about it any more, and still the desk's closing ends it.
    """

    async def story() -> None:
        bank, invariants = watched_bank("revival", desk_hours=LATE)
        async with cast(bank) as at:
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await until(lambda: "Queued" in str(kinds(bank, case_id)))
            bank.unplug("T-1")
            bank.unplug("D-1")
            assert at.office.tree is not None
            name = POLICY if victim == POLICY else f"cases/{UNION}.{case_id}"
            at.office.tree.ref(f"/office/{name}").tell(Poison())
            ends_ms = expiry_ms(EPOCH_MS, Desks(LATE, LATE), Locality.CENTRAL)
            await trio.sleep((ends_ms - EPOCH_MS) / 1000 + 120)
            assert "Expired" == kinds(bank, case_id)[-1]
            assert_sound(bank, invariants, healed=False)

    run(story)
