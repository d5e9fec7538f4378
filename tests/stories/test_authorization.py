"""At the desks: who may decide what, one at a time, and nobody on their own case."""

from __future__ import annotations

import msgspec
import pytest
import trio

from backoffice.cases.events import Approved, Claimed, Intake, Submitted
from backoffice.desk.clerk import DeskClerk, SignInRefused
from backoffice.desk.page_model import Claim, FileView
from backoffice.desk.page_model import SignInHere as SignInAtDesk
from backoffice.throttle import PasscodeTerms
from terminal.page_commands import ReopenReturned, TakePhoto
from terminal.page_model import Stage
from tests.kit.bank import DESK_PASSCODE, Bank, authorizer, teller
from tests.kit.running import run
from tests.stories.cast import (
    assert_sound,
    cast,
    history,
    kinds,
    signed_in,
    stands_at,
    until,
    watched_bank,
    work_to,
)
from wire.case_state import State
from wire.codec import decode
from wire.message import Code
from wire.messages.desk import Decision, Reason, Verdict


def return_once(file: FileView) -> tuple[Verdict, Reason | None]:
    """The first time, one photo is not good enough."""
    if any(step.state is State.AUTH_RETURNED for step in file.steps):
        return Verdict.APPROVE, None
    return Verdict.RETURN, Reason.IMAGE_UNCLEAR


def test_two_desks_reach_for_one_case() -> None:
    """Both claim in the same moment: one holds it, the other hears so and gets it never."""

    async def story() -> None:
        bank, invariants = watched_bank("two-desks", desks=2)
        async with cast(bank) as at, bank.desk(2) as other:
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            desks = (at.desk, other)
            answers = {}

            async def reach(number: int) -> None:
                desk = desks[number]
                signed_in = await desk.perform(SignInAtDesk(f"200{number + 1}", DESK_PASSCODE))
                assert signed_in is None
                await until(lambda: case_id in {item.case_id for item in desk.state().queue})
                await trio.sleep_until(60)
                answers[number] = await desk.perform(Claim(case_id))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(reach, 0)
                nursery.start_soon(reach, 1)

            winner = next(number for number, answer in answers.items() if answer is None)
            refusal = answers[1 - winner]
            assert refusal is not None
            assert Code.STATE == refusal.code
            assert 1 == kinds(bank, case_id).count("Claimed")
            desk = desks[winner]
            at.nursery.start_soon(DeskClerk(desk, f"200{winner + 1}", DESK_PASSCODE).work)
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)


def test_nobody_decides_on_what_they_captured() -> None:
    """The teller has a second staff id at the centre: it is the person that counts."""

    async def story() -> None:
        tellers, desk = teller(1), authorizer(1)
        alias = msgspec.structs.replace(desk.card, person_id=tellers.card.person_id)
        members = (tellers, msgspec.structs.replace(desk, card=alias), authorizer(2))
        bank, invariants = watched_bank("alias", desks=2, members=members)
        async with cast(bank) as at, bank.desk(2) as other:
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            assert await at.desk.perform(SignInAtDesk("2001", DESK_PASSCODE)) is None
            await until(lambda: bool(at.desk.state().queue))
            (item,) = at.desk.state().queue
            refusal = await at.desk.perform(Claim(case_id))

            assert not item.allowed
            assert refusal is not None
            assert Code.SELF_AUTH == refusal.code
            at.nursery.start_soon(DeskClerk(other, "2002", DESK_PASSCODE).work)
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)


def test_a_returned_case_comes_back_corrected() -> None:
    """Sent back once, photographed again, approved as revision 2: the approval is on that one."""

    async def story() -> None:
        bank, invariants = watched_bank("returned")
        async with cast(bank) as at:
            at.authorize(return_once)
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await until(lambda: stands_at(at.terminal, case_id) is State.AUTH_RETURNED)
            assert await at.terminal.perform(ReopenReturned(case_id)) is None
            assert await at.terminal.perform(TakePhoto(case_id, "id_front")) is None
            case = await at.clerk.finish(case_id)

        assert "CLOSED" == case.state
        events = history(bank, case_id)
        first, second = (event.intake for event in events if isinstance(event, Submitted))
        (approved,) = (event for event in events if isinstance(event, Approved))
        decision = decode(Decision, approved.judgement.decision)
        assert (1, 2) == (first.revision, second.revision)
        assert set(photos(first)) != set(photos(second))
        assert (second.digest, set(photos(second))) == (
            decision.submission_hash,
            set(decision.images),
        )
        assert_sound(bank, invariants)

    run(story)


def test_a_desk_dies_with_a_case_in_its_hands() -> None:
    """Its lease lapses, the case goes to the front, and another desk decides it first."""

    async def story() -> None:
        bank, invariants = watched_bank("lapsed", desks=2)
        decided: list[str] = []
        async with bank.office(), bank.desk(2) as other, bank.terminal(1) as terminal:
            clerk = await signed_in(terminal)
            older = await clerk.begin("debit_card")
            await work_to(terminal, clerk, older, Stage.WAITING)
            younger = await clerk.begin("debit_card")
            await work_to(terminal, clerk, younger, Stage.WAITING)
            async with bank.desk(1) as dying:
                await until(lambda: dying.state().link == "online")
                assert await dying.perform(SignInAtDesk("2001", DESK_PASSCODE)) is None
                await until(lambda: len(dying.state().queue) == 2)
                assert await dying.perform(Claim(younger)) is None
                bank.network.kill("D-1")
            await until(lambda: "LeaseLapsed" in kinds(bank, younger))
            async with trio.open_nursery() as nursery:
                desk_clerk = DeskClerk(other, "2002", DESK_PASSCODE, decided=decided.append)
                nursery.start_soon(desk_clerk.work)
                ends = [(await clerk.finish(case_id)).state for case_id in (older, younger)]
                nursery.cancel_scope.cancel()

        assert [younger, older] == decided
        assert ["CLOSED", "CLOSED"] == ends
        desks = [event.device for event in history(bank, younger) if isinstance(event, Claimed)]
        assert ["D-1", "D-2"] == desks
        assert_sound(bank, invariants)

    run(story)


def test_a_passcode_is_not_to_be_guessed() -> None:
    """After five wrong ones the right one must wait five minutes there, and at no other desk."""

    async def story() -> None:
        bank, _ = watched_bank("lockout", desks=2)
        async with bank.office(), bank.desk(1) as desk, bank.desk(2) as other:
            await until(lambda: desk.state().link == "online")
            terms = PasscodeTerms()
            for _ in range(terms.tries_max):
                wrong = await desk.perform(SignInAtDesk("2001", "000000"))
                assert wrong is not None
                assert Code.PIN == wrong.code
            locked = await desk.perform(SignInAtDesk("2001", DESK_PASSCODE))
            assert locked is not None
            assert Code.LIMIT == locked.code
            assert await other.perform(SignInAtDesk("2001", DESK_PASSCODE)) is None
            await trio.sleep(terms.lockout_ms / 1000)
            assert await desk.perform(SignInAtDesk("2001", DESK_PASSCODE)) is None

    run(story)


def photos(intake: Intake) -> list[bytes]:
    return [image.digest for image in intake.images]


def test_a_scripted_authorizer_with_a_wrong_passcode_gives_up() -> None:
    """Asking again would only lock the person out."""

    async def story() -> None:
        bank = Bank("wrong-passcode")
        async with bank.office(), bank.desk(1) as desk:
            with trio.fail_after(600), pytest.raises(SignInRefused):
                await DeskClerk(desk, "2001", "no such passcode").work()

    run(story)
