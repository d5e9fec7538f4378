"""A card that is not of this terminal's stock: refused at the card, and never reserved."""

from __future__ import annotations

import pytest

from terminal.page_model import Stage
from terminal.program import Terminal
from tests.kit.bank import UNION
from tests.kit.running import run
from tests.stories.cast import assert_sound, cast, until, watched_bank, work_to
from wire.message import Code, Refusal


def problem_of_card(terminal: Terminal) -> Refusal | None:
    """What the page says at the card."""
    opened = terminal.state().open
    views = opened.fields if opened is not None else ()
    return next((view.problem for view in views if view.name == "card"), None)


@pytest.mark.parametrize("tellers", [1, 2])
def test_a_card_of_another_stock_is_not_handed_out(tellers: int) -> None:
    """Made up, or out of the colleague's box: the teller is told at the card, nothing is posted."""

    async def story() -> None:
        bank, invariants = watched_bank("strays", tellers=tellers, strays=1.0)
        async with cast(bank) as at:
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await until(lambda: problem_of_card(at.terminal) is not None)
            problem = problem_of_card(at.terminal)
            assert problem is not None
            assert (Code.RANGE, "该卡未配发到本终端，或已经使用，请更换卡片。") == (
                problem.code,
                problem.message,
            )
            assert f"core/{UNION}" not in bank.disk("office").disk.streams
            assert_sound(bank, invariants, healed=False)

    run(story)
