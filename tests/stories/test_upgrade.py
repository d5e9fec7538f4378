"""An office that is started again with other products, while cases are under way at the tables.

What is on file ends by what was approved. What is still filled goes on with the new form: the
teller is told, nothing that fits is asked twice, and nobody is sent in a circle.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import msgspec
import pytest
import trio

from backoffice.authorization.levels import THRESHOLDS
from backoffice.catalogue import products
from backoffice.desk.page_model import FileView
from backoffice.product import Product
from backoffice.program import BackOffice
from terminal.page_commands import GiveUp
from terminal.page_model import OpenCase, Stage
from tests.kit.bank import Bank
from tests.kit.new_forms import next_form
from tests.kit.running import run
from tests.simulation.node import Node
from tests.simulation.trace import Trace
from tests.stories.cast import (
    STORY_S_MAX,
    Cast,
    assert_sound,
    signed_in,
    stands_at,
    until,
    watched_bank,
    work_to,
)
from wire.case_state import State
from wire.form import Form
from wire.messages.desk import Reason, Verdict

KNOWN = products()


@dataclass
class Shop(Cast):
    """A cast whose office can be started again.

    Attributes:
        node: the office, incarnation after incarnation.
        opened: one for each of them.
    """

    node: Node
    opened: list[trio.Event]

    async def restart(self) -> None:
        """The office is down for a while and comes back with what it knows by then."""
        self.node.crash()
        await self.back()

    async def back(self) -> None:
        """Until the office is there again."""
        await self.opened[self.node.crashes].wait()


@asynccontextmanager
async def shop(bank: Bank) -> AsyncIterator[Shop]:
    """Everybody is at their place; the authorizer does not work yet."""
    opened = [trio.Event(), trio.Event()]
    offices: list[BackOffice] = []

    async def office() -> None:
        async with bank.office() as one:
            offices.append(one)
            opened[node.crashes].set()
            await trio.sleep_forever()

    node = Node("office", bank, office, random.Random("office"), Trace())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.run)
        await opened[0].wait()
        async with bank.desk(1) as desk, bank.terminal(1) as terminal:
            with trio.fail_after(STORY_S_MAX):
                clerk = await signed_in(terminal)
                yield Shop(bank, offices[0], desk, terminal, clerk, nursery, node, opened)
            nursery.cancel_scope.cancel()


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
        async with shop(bank) as at:
            if stage is not Stage.WAITING:
                at.authorize()
            case_id = await at.clerk.begin(code)
            await work_to(at.terminal, at.clerk, case_id, stage)
            draft = at.terminal.drafts.look
            await until(lambda: getattr(draft(case_id), "view", None) is not None)

            upgrade(bank, how, code)
            await at.restart()
            if stage is Stage.WAITING:
                at.authorize()
            case = await at.clerk.finish(case_id)
            await until(lambda: not bank.owed())
        assert State.CLOSED == case.state
        assert case.slip is not None
        shown = {line.title_zh: line.value for line in case.slip.lines}
        assert KNOWN[code].title_zh == shown["业务种类"]
        assert_sound(bank, invariants)

    run(story)


def ask_more(bank: Bank, code: str) -> Form:
    """One question in other words, one that is new."""
    form = next_form(KNOWN[code].form, random.Random(code))
    bank.catalogue = KNOWN | {code: replace(KNOWN[code], form=form)}
    return form


def shown(at: Shop) -> OpenCase:
    """What the teller has before their eyes."""
    case = at.terminal.state().open
    assert case is not None
    return case


def taken(bank: Bank) -> list[str]:
    """What was put into drafts, in order."""
    rows = bank.disk("T-1").disk.journal
    kinds = ("EvidenceTaken", "IdCardRead", "ValueEntered", "PinTaken", "FormRenewed")
    return [row.kind for row in rows if row.kind in kinds]


@pytest.mark.parametrize("stage", [Stage.PHOTOS, Stage.FORM, Stage.SUBMIT])
def test_the_form_changes_while_it_is_filled(stage: Stage) -> None:
    """The teller is told at once what is new; the case goes on where it was."""

    async def story() -> None:
        bank, invariants = watched_bank(f"new form {stage}")
        async with shop(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, stage)
            form = ask_more(bank, "debit_card")
            await at.restart()
            await until(lambda: shown(at).form == form)
            (told,) = shown(at).reasons
            before = taken(bank).index("FormRenewed")
            case = await at.clerk.finish(case_id)

        assert "业务表单已更新" in told.message
        assert State.CLOSED == case.state
        assert taken(bank)[before:].count("IdCardRead") == 0
        assert_sound(bank, invariants)

    run(story)


def test_the_form_changes_while_the_submission_waits_for_the_link() -> None:
    """It is refused once, with the reason, and goes out again with what was new answered, too."""

    async def story() -> None:
        bank, invariants = watched_bank("new form meanwhile")
        async with shop(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.SUBMIT)
            form = ask_more(bank, "debit_card")
            at.node.crash()
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await at.back()
            await until(lambda: shown(at).form == form)
            assert Stage.WAITING is not shown(at).stage
            (told,) = shown(at).reasons
            case = await at.clerk.finish(case_id)

        rows = bank.disk("T-1").disk.journal
        assert 1 == sum(row.kind == "SubmissionRefused" for row in rows)
        assert "客户已知悉" in told.message
        assert State.CLOSED == case.state
        assert_sound(bank, invariants)

    run(story)


def test_the_form_changes_before_a_returned_case_is_mended() -> None:
    """What was sent back is corrected on the new form; the next revision is accepted."""

    def once(file: FileView) -> tuple[Verdict, Reason | None]:
        returned = any(step.state is State.AUTH_RETURNED for step in file.steps)
        return (Verdict.APPROVE, None) if returned else (Verdict.RETURN, Reason.IMAGE_UNCLEAR)

    async def story() -> None:
        bank, invariants = watched_bank("new form after a return")
        async with shop(bank) as at:
            at.authorize(once)
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await until(lambda: stands_at(at.terminal, case_id) is State.AUTH_RETURNED)
            ask_more(bank, "debit_card")
            await at.restart()
            case = await at.clerk.finish(case_id)

        assert State.CLOSED == case.state
        assert "FormRenewed" in taken(bank)
        assert_sound(bank, invariants)

    run(story)


def test_the_product_is_withdrawn_before_the_submission() -> None:
    """The teller is told what to do, and does it."""

    async def story() -> None:
        bank, invariants = watched_bank("withdrawn")
        async with shop(bank) as at:
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.SUBMIT)
            bank.catalogue = {name: one for name, one in KNOWN.items() if name != "debit_card"}
            await at.restart()
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await until(lambda: shown(at).stage is not Stage.WAITING)
            (told,) = shown(at).reasons
            assert await at.terminal.perform(GiveUp(case_id, "业务已停办")) is None
            ended = stands_at(at.terminal, case_id)

        assert "这项业务已停止办理" in told.message
        assert State.CANCELLED is ended
        assert_sound(bank, invariants)

    run(story)
