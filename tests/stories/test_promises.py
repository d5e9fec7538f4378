"""Without a link, nothing that a teller or a customer does goes without an answer.

Each deed is kept on the tablet, the page says what waits there, the case counts as one to be sent,
and goes its way by itself when the link is back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
import trio

from terminal.clerk_answers import signature_of
from terminal.page_commands import CustomerRefuses, GiveUp, HandOver, Sign, SlipSeen
from terminal.page_model import OpenCase, Stage, TerminalState
from terminal.program import Terminal
from tests.kit.running import run
from tests.stories.cast import Cast, assert_sound, at_desk, cast, until, watched_bank, work_to
from wire.message import Code

AWAY_S = 180.0
ROUNDING_MS = 1


def opened(terminal: Terminal) -> OpenCase:
    case = terminal.state().open
    assert case is not None
    return case


def signed(case: OpenCase) -> Sign:
    ink = signature_of(case.case_id)
    return Sign(case.case_id, case.slip_hash, ink.width, ink.height, ink.strokes)


def waiting(state: TerminalState, case_id: str) -> str:
    return next(row.waiting for row in state.cases if row.case_id == case_id)


DEEDS: Final[dict[str, tuple[Stage, Callable[[OpenCase], Any], Stage, str]]] = {
    "signature": (Stage.SIGN, signed, Stage.SIGN, "CLOSED"),
    "refusal": (Stage.SIGN, lambda one: CustomerRefuses(one.case_id), Stage.WAITING, "ABORTED"),
    "cancel": (
        Stage.WAITING, lambda one: GiveUp(one.case_id, "客户离开"), Stage.WAITING, "CANCELLED",
    ),
    "handover": (Stage.HANDOVER, lambda one: HandOver(one.case_id), Stage.DONE, "CLOSED"),
}  # fmt: skip
"""By what is promised: where the work is, what is done, where it is then, and how it ends."""


@pytest.mark.parametrize("promise", DEEDS)
def test_what_is_done_offline_is_said_and_goes_out_later(promise: str) -> None:
    """Said at once, counted as one to be sent, done twice like once, and ended by itself."""

    at_stage, deed, stage, end = DEEDS[promise]

    async def story() -> None:
        bank, invariants = watched_bank(f"promised-{promise}")
        async with cast(bank) as at:
            case_id = await reach(at, at_stage)
            bank.network.cut("T-1")
            await until(lambda: at.terminal.state().link == "offline")
            for _ in range(2):
                assert await at.terminal.perform(deed(opened(at.terminal))) is None
            state = at.terminal.state()
            case = opened(at.terminal)
            assert (promise, stage) == (case.promised, case.stage)
            assert ("link", 1) == (waiting(state, case_id), state.waiting_to_send)
            await trio.sleep(AWAY_S)
            assert promise == opened(at.terminal).promised
            bank.network.heal()
            if promise == "signature":
                assert "CLOSED" == (await at.clerk.finish(case_id)).state
            await until(lambda: opened(at.terminal).state == end)
            assert ("", 0) == (opened(at.terminal).promised, at.terminal.state().waiting_to_send)
        assert_sound(bank, invariants)

    run(story)


async def reach(at: Cast, stage: Stage) -> str:
    """A case of which the office has heard, at a stage; the customer has seen the slip."""
    if stage is not Stage.WAITING:
        at.authorize()
    case_id = await at.clerk.begin("debit_card")
    await work_to(at.terminal, at.clerk, case_id, stage)
    if stage is Stage.SIGN:
        assert await at.terminal.perform(SlipSeen(case_id)) is None
    if stage is Stage.WAITING:
        await until(lambda: opened(at.terminal).state == "AUTH_QUEUED")
    return case_id


def test_who_declined_does_not_sign() -> None:
    """The refusal waits on the tablet: the slip is not signed behind its back."""

    async def story() -> None:
        bank, _ = watched_bank("declined")
        async with cast(bank) as at:
            case_id = await reach(at, Stage.SIGN)
            bank.network.cut("T-1")
            assert await at.terminal.perform(CustomerRefuses(case_id)) is None
            refused = await at.terminal.perform(signed(opened(at.terminal)))
            assert refused is not None
            assert Code.STATE is refused.code

    run(story)


def test_a_slip_that_was_replaced_is_not_signed() -> None:
    """What is signed is what was read."""

    async def story() -> None:
        bank, _ = watched_bank("other-slip")
        async with cast(bank) as at:
            case_id = await reach(at, Stage.SIGN)
            ink = signature_of(case_id)
            other = Sign(case_id, "00" * 32, ink.width, ink.height, ink.strokes)
            refused = await at.terminal.perform(other)
            assert refused is not None
            assert Code.STALE is refused.code

    run(story)


def test_being_offline_is_counted_from_the_loss_on() -> None:
    """Every few seconds the link is tried again; that is no news for a person, on either side."""

    async def story() -> None:
        bank, _ = watched_bank("since")
        async with cast(bank) as at:
            await at_desk(at.desk, "2001")
            await until(lambda: at.desk.state().queue_known)
            for name in ("T-1", "D-1"):
                bank.network.cut(name)
            sides: tuple[Any, ...] = (at.terminal, at.desk)
            await until(lambda: all(side.state().link == "offline" for side in sides))
            since = [side.state().link_since_ms for side in sides]
            for _ in range(int(AWAY_S)):
                await trio.sleep(1.0)
                for side, began_ms in zip(sides, since, strict=True):
                    state = side.state()
                    assert state.link == "offline"
                    assert abs(state.link_since_ms - began_ms) <= ROUNDING_MS
            assert not at.desk.state().queue_known
            bank.network.heal()
            await until(lambda: all(side.state().link == "online" for side in sides))
            await until(lambda: at.desk.state().queue_known)

    run(story)


def test_a_photo_that_is_kept_here_is_one_to_be_sent() -> None:
    """As long as anything is on this tablet alone, nobody says that all was sent."""

    async def story() -> None:
        bank, _ = watched_bank("photos-here")
        async with cast(bank) as at:
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.PHOTOS)
            await until(lambda: at.terminal.state().waiting_to_send == 0)
            bank.network.cut("T-1")
            await work_to(at.terminal, at.clerk, case_id, Stage.FORM)
            assert 1 == at.terminal.state().waiting_to_send
            bank.network.heal()
            await until(lambda: at.terminal.state().waiting_to_send == 0)
            assert await at.terminal.perform(GiveUp(case_id, "客户离开")) is None
            assert 0 == at.terminal.state().waiting_to_send

    run(story)
