"""Several windows of one desk: what is done to a case is done to the case that was meant."""

from __future__ import annotations

from typing import Any, Final, get_args

import pytest

from backoffice.desk.authorizer import OTHER_CASE
from backoffice.desk.page_model import (
    Asked,
    AskLive,
    Claim,
    Conclude,
    OfCase,
    Release,
)
from tests.kit.bank import DESK_PASSCODE
from tests.kit.running import run
from tests.stories.cast import at_desk, cast, submitted, until, watched_bank
from wire.message import Code, Refusal
from wire.messages.desk import Verdict

ABOUT_NO_CASE: Final = {
    "sign_in", "sign_out", "next", "show_reviews", "show_figures", "hide_figures",
    "export_figures", "find_rejection",
}  # fmt: skip
"""What a page asks that is about no case; a new command is about one until it stands here."""


def test_every_command_about_a_case_names_it() -> None:
    """By its type, so that no new one can be about whatever happens to be open."""
    nameless = {one for one in get_args(Asked) if not issubclass(one, OfCase)}
    assert ABOUT_NO_CASE == {str(one.__struct_config__.tag) for one in nameless}


@pytest.mark.parametrize(
    "deed",
    [
        lambda case_id: Claim(case_id),
        lambda case_id: Release(case_id),
        lambda case_id: AskLive(case_id),
        lambda case_id: Conclude(case_id, 1, Verdict.APPROVE, None, "", DESK_PASSCODE),
    ],
    ids=["claim", "release", "ask_live", "decide"],
)
def test_a_window_that_shows_another_case_touches_nothing(deed: Any) -> None:
    """One window still shows the first case when the other has the second one open."""

    async def story() -> None:
        bank, _ = watched_bank("desk-windows")
        async with cast(bank) as at:
            first, second = [await submitted(at.terminal, at.clerk) for _ in range(2)]
            await at_desk(at.desk, "2001")
            await until(lambda: 2 == len(at.desk.state().queue))
            assert await at.desk.perform(Claim(second)) is None
            before = at.desk.state().file
            assert OTHER_CASE == await at.desk.perform(deed(first))
            assert Code.STALE is OTHER_CASE.code
            assert before == at.desk.state().file
            assert await at.desk.perform(Claim(first, shown=second)) is None
            file = at.desk.state().file
            assert file is not None
            assert first == file.item.case_id

    run(story)


def test_two_quick_clicks_hold_one_case() -> None:
    """On two rows of the queue, before the first answer is there: the second is refused."""

    async def story() -> None:
        bank, _ = watched_bank("desk-quick")
        async with cast(bank) as at:
            cases = [await submitted(at.terminal, at.clerk) for _ in range(2)]
            await at_desk(at.desk, "2001")
            await until(lambda: 2 == len(at.desk.state().queue))
            answers: dict[str, Refusal | None] = {}

            async def click(case_id: str) -> None:
                answers[case_id] = await at.desk.perform(Claim(case_id))

            for case_id in cases:
                at.nursery.start_soon(click, case_id)
            await until(lambda: 2 == len(answers))
            file = at.desk.state().file
            assert file is not None
            assert {file.item.case_id: None} == {c: r for c, r in answers.items() if r is None}
            await until(lambda: any(item.mine for item in at.desk.state().queue))
            assert [file.item.case_id] == [i.case_id for i in at.desk.state().queue if i.mine]

    run(story)


def test_a_decision_is_about_what_was_looked_at() -> None:
    """The case has become another version while the sheet was open: it is looked at again."""

    async def story() -> None:
        bank, _ = watched_bank("desk-version")
        async with cast(bank) as at:
            case_id = await submitted(at.terminal, at.clerk)
            await at_desk(at.desk, "2001")
            await until(lambda: 1 == len(at.desk.state().queue))
            assert await at.desk.perform(Claim(case_id)) is None
            file = at.desk.state().file
            assert file is not None

            def loaded() -> bool:
                shown = at.desk.state().file
                return shown is not None and all(one.loaded == 100 for one in shown.images)

            await until(loaded)
            approve = (Verdict.APPROVE, None, "", DESK_PASSCODE)
            stale = await at.desk.perform(Conclude(case_id, file.version - 1, *approve))
            assert stale is not None
            assert Code.STALE is stale.code
            assert await at.desk.perform(Conclude(case_id, file.version, *approve)) is None

    run(story)
