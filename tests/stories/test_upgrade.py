"""An office that is started again with other products, while cases are under way at the tables."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
import pytest
import trio

from backoffice.authorization.levels import THRESHOLDS
from backoffice.catalogue import products
from backoffice.desk.clerk import DeskClerk
from backoffice.product import Product
from terminal.page_model import Stage
from tests.kit.bank import DESK_PASSCODE, Bank
from tests.kit.running import run
from tests.simulation.node import Node
from tests.simulation.trace import Trace
from tests.stories.cast import (
    STORY_S_MAX,
    assert_sound,
    signed_in,
    until,
    watched_bank,
    work_to,
)
from wire.case_state import State
from wire.form import Form

KNOWN = products()


def other(product: Product) -> Product:
    """The product of tomorrow: another title, another form, other rules."""

    def never(*_: object) -> object:
        raise AssertionError("nothing of an old case is asked of today's product")

    return replace(
        product,
        title_zh="明日业务",
        title_en="Tomorrow's",
        form=Form(product.form.version + 1, product.form.fields),
        plan=never,  # type: ignore[arg-type]  # whatever it would answer
        slip_lines=never,  # type: ignore[arg-type]  # whatever it would answer
        profile=never,  # type: ignore[arg-type]  # whatever it would answer
    )


def upgrade(bank: Bank, how: str, code: str) -> None:
    """What the next incarnation of the office knows."""
    kept = {name: one for name, one in KNOWN.items() if name != code}
    bank.catalogue = kept if how == "vanished" else kept | {code: other(KNOWN[code])}
    bank.thresholds = msgspec.structs.replace(THRESHOLDS, a1_fen_max=0, a2_fen_max=0)


@pytest.mark.parametrize("how", ["vanished", "changed"])
@pytest.mark.parametrize(
    ("code", "stage"),
    [
        ("debit_card", Stage.WAITING),
        ("debit_card", Stage.SIGN),
        ("debit_card", Stage.HANDOVER),
        ("bill_payment", Stage.SIGN),
    ],
)
def test_a_case_under_way_ends_by_what_was_approved(code: str, stage: Stage, how: str) -> None:
    """The terminal, the desk and the partners go on as if nothing had happened."""

    async def story() -> None:
        bank, invariants = watched_bank(f"upgrade {code} {stage} {how}")
        opened = [trio.Event(), trio.Event()]

        async def office() -> None:
            async with bank.office():
                opened[node.crashes].set()
                await trio.sleep_forever()

        node = Node("office", bank, office, random.Random("office"), Trace())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.run)
            await opened[0].wait()
            async with bank.desk(1) as desk, bank.terminal(1) as terminal:
                with trio.fail_after(STORY_S_MAX):
                    clerk = await signed_in(terminal)
                    work = DeskClerk(desk, "2001", DESK_PASSCODE).work
                    if stage is not Stage.WAITING:
                        nursery.start_soon(work)
                    case_id = await clerk.begin(code)
                    await work_to(terminal, clerk, case_id, stage)
                    draft = terminal.drafts.look
                    await until(lambda: getattr(draft(case_id), "view", None) is not None)

                    upgrade(bank, how, code)
                    node.crash()
                    await opened[1].wait()
                    if stage is Stage.WAITING:
                        nursery.start_soon(work)
                    case = await clerk.finish(case_id)
                    await until(lambda: not bank.owed())
            nursery.cancel_scope.cancel()
        assert State.CLOSED == case.state
        assert case.slip is not None
        shown = {line.title_zh: line.value for line in case.slip.lines}
        assert KNOWN[code].title_zh == shown["业务种类"]
        assert_sound(bank, invariants)

    run(story)
