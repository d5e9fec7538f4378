"""A signed slip is sealed once, and drawn when somebody wants to see it, never in a case's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
import trio

from backoffice.cases.events import Seal
from backoffice.slips.desk import DRAWN_AT_ONCE_MAX, SlipDesk
from backoffice.slips.pdf import LAYOUT, render_slip
from backoffice.slips.proof import SlipProof, faults_of, read_proof
from backoffice.slips.sealing import keep_seal, proof_of
from tests.backoffice.case_story import Story
from tests.kit.bank import Bank
from tests.kit.running import run
from tests.stories.cast import cast, kinds, until
from wire.case_state import State
from wire.message import Code, Refusal

T = TypeVar("T")


def test_a_slip_is_drawn_for_whoever_asks_and_is_the_same_each_time() -> None:
    """The teller sees the very page that proves itself; nothing of it is kept anywhere."""

    async def story() -> None:
        bank = Bank("papers")
        async with cast(bank) as at:
            at.authorize()
            case = await at.clerk.finish(await at.clerk.begin("bill_payment"))
            one = await at.terminal.paper(case.case_id)
            again = await at.terminal.paper(case.case_id)

            assert isinstance(one, bytes)
            assert one == again
            assert () == faults_of(one, render_slip)
            proof = read_proof(one)
            assert proof is not None
            assert (case.case_id, "T-1") == (proof.slip.case_id, proof.device)
            assert 1 == kinds(bank, case.case_id).count("SlipSealed")

    run(story)


def test_a_slip_is_shown_to_the_terminal_it_was_signed_on() -> None:
    """Another one is told that there is no such case; nobody sees one before it is real."""

    async def story() -> None:
        bank = Bank("whose-paper", tellers=2)
        async with cast(bank) as at:
            begun = await at.clerk.begin("bill_payment")
            early = await at.terminal.paper(begun)
            assert isinstance(early, Refusal)
            assert Code.NOT_FOUND is early.code, "the office does not know it yet"
            at.authorize()
            case = await at.clerk.finish(begun)
            async with bank.terminal(2) as other:
                await until(lambda: other.state().link == "online")
                nobody = await other.paper(case.case_id)
                assert isinstance(nobody, Refusal)
                assert Code.FORBIDDEN is nobody.code, "nobody has signed in there"

    run(story)


def sealed() -> Story:
    """A case whose slip the office has countersigned."""
    story = Story()
    story.to_state(State.CLOSED)
    return story


def test_a_seal_is_kept_once() -> None:
    """An effect may come twice; the first countersignature stays."""
    story = sealed()
    seal = Seal(LAYOUT, bytes(32), bytes(32), bytes(64))
    (event,) = keep_seal(story.case, seal, 1)
    after = story.behaviour.evolve(story.case, event)

    assert seal == after.seal
    assert () == keep_seal(after, Seal(LAYOUT, bytes(32), bytes(32), b"x"), 2)
    assert isinstance(proof_of(after, after.filed.device), SlipProof)
    assert Code.NOT_FOUND is code(proof_of(after, "T-9999"))
    assert Code.STATE is code(proof_of(story.case))


def code(answer: object) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def test_only_so_many_are_drawn_at_once() -> None:
    """One more is told to come again, and may when somebody is done."""

    async def story() -> None:
        bank = Bank("many-papers")
        async with cast(bank) as at:
            at.authorize()
            case = await at.clerk.finish(await at.clerk.begin("bill_payment"))
            pdf = await at.terminal.paper(case.case_id)
            assert isinstance(pdf, bytes)
            proof = read_proof(pdf)
            assert proof is not None
            go_on = trio.Event()

            async def slowly(work: Callable[[], T], /) -> T:
                await go_on.wait()
                return work()

            outside = bank.outside("office")
            object.__setattr__(outside, "offload", slowly)
            desk = SlipDesk(bank.device_keys("office"), outside, pytest.fail)
            drawn: list[bytes | Refusal] = []

            async def draw() -> None:
                drawn.append(await desk.draw(proof))

            async with trio.open_nursery() as nursery:
                for _ in range(DRAWN_AT_ONCE_MAX + 1):
                    nursery.start_soon(draw)
                await trio.testing.wait_all_tasks_blocked()
                assert [Code.BUSY] == [code(one) for one in drawn]
                go_on.set()
            assert [pdf] * DRAWN_AT_ONCE_MAX == drawn[1:]
            assert pdf == await desk.draw(proof)

    run(story)
