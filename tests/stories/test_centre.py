"""The provincial authorization centre: central cases of every union in one pool, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from backoffice.authorization.policy import DEFAULT_TEXT
from backoffice.authorization.queue import Touched, collection
from backoffice.authorization.waiting import Bar
from backoffice.cases.events import Claimed
from backoffice.desk.clerk import DeskClerk
from backoffice.desk.page_model import AskLive, Claim, Release, TakeNext
from backoffice.desk.program import Desk
from backoffice.peers.desk_requests import DeskRequest, DeskRequests
from backoffice.peers.devices import Device
from supervisors import Tree, snapshot
from terminal.clerk import Clerk
from terminal.page_commands import ReopenReturned, TakePhoto
from terminal.page_model import Stage
from terminal.program import Terminal
from tests.kit.bank import (
    CENTRE,
    DESK_PASSCODE,
    UNION,
    Bank,
    authorizer,
    centre_authorizer,
    moved,
    teller,
)
from tests.kit.invariants import Invariants
from tests.kit.running import run
from tests.stories.cast import (
    ELSEWHERE,
    OUTLET,
    Cast,
    assert_sound,
    at_desk,
    cast,
    history,
    kinds,
    put,
    seen,
    signed_in,
    stands_at,
    submitted,
    until,
    watched_bank,
    work_to,
)
from wire.case_state import State
from wire.codec import encode
from wire.keys import DECISION
from wire.message import Code, Refusal
from wire.messages.desk import (
    AskLivePhoto,
    CaseFile,
    ClaimCase,
    Decide,
    Decision,
    DecisionTaken,
    JudgeReview,
    NextCase,
    Reason,
    ReleaseCase,
    RenewClaim,
    Verdict,
)
from wire.messages.images import GetChunk, ImageChunk

POOL = CENTRE[1]
FAR_UNION = ELSEWHERE[1]

DEALT = DEFAULT_TEXT.replace('locality = "central"', 'locality = "central"\nassign = "random"')


def far_away(timing: str, locality: str) -> str:
    """The policy, with a rule for the other union alone."""
    rule = f'union = "{FAR_UNION}"\ntiming = "{timing}"\nlocality = "{locality}"'
    return f"{DEFAULT_TEXT}\n[[rules]]\n{rule}\n"


@dataclass
class Province:
    """Two unions with a teller each, a desk of the first one, and one of the centre."""

    at: Cast
    centre: Desk
    far: Terminal
    far_clerk: Clerk

    async def ask(self, device: str, request: DeskRequest) -> object:
        """What the office answers a desk on which somebody is signed in."""
        office = self.at.office.office()
        found = await office.device(device)
        assert isinstance(found, Device)
        return await DeskRequests(office).answer(found, office.devices, request)


def province(seed: str, desks: int = 2) -> tuple[Bank, Invariants]:
    """A third desk is in the outlet of the first teller."""
    members = (
        teller(1),
        moved(teller(2), *ELSEWHERE),
        authorizer(1),
        centre_authorizer(2),
        moved(authorizer(3), OUTLET),
    )
    places = {"T-2": ELSEWHERE, "D-2": CENTRE, "D-3": (OUTLET, UNION)}
    return watched_bank(seed, tellers=2, desks=desks, members=members, places=places)


@asynccontextmanager
async def opened(bank: Bank) -> AsyncIterator[Province]:
    """Everybody is at their place; the centre's authorizer is 2002 at D-2."""
    async with cast(bank) as at, bank.desk(2) as centre, bank.terminal(2) as far:
        yield Province(at, centre, far, await signed_in(far, 2))


def pooled(bank: Bank) -> list[str]:
    """What is in the pool on the office's disk."""
    documents = bank.disk("office").disk.documents
    return sorted(case_id for name, case_id in documents if name == collection(POOL))


def deciders(bank: Bank, case_id: str, union: str = UNION) -> list[str]:
    return [one.device for one in history(bank, case_id, union) if isinstance(one, Claimed)]


def restarts(tree: Tree, path: str) -> int:
    """How often an actor of the office has been started again."""
    nodes = [snapshot(tree)]
    for node in nodes:
        nodes += node.children
    return sum(node.restarts for node in nodes if node.path == path)


def signed(
    bank: Bank, file: CaseFile, device: str, staff_id: str, reason: Reason | None = None
) -> Decide:
    """An approval of what was claimed, signed by the desk; a return where there is a reason."""
    decision = Decision(
        case_id=file.item.case_id,
        version=file.version,
        submission_hash=file.submission_hash,
        images=tuple(image.digest for image in file.images),
        verdict=Verdict.RETURN if reason else Verdict.APPROVE,
        reason=reason,
        note="",
        staff_id=staff_id,
        challenge=file.challenge,
        decided_ms=bank.outside(device).wall.now_ms(),
    )
    body = encode(decision)
    signature = bank.device_keys(device).signing.sign(DECISION, body)
    return Decide(body, signature, DESK_PASSCODE)


def test_two_unions_are_pooled_at_one_desk() -> None:
    """Who waits at the table first, then the oldest, of whatever union; all are decided there."""

    async def story() -> None:
        bank, invariants = province("pooled")
        async with opened(bank) as here:
            at = here.at
            oldest = await submitted(at.terminal, at.clerk)
            older = await submitted(here.far, here.far_clerk)
            await put(at.office, far_away("sync", "central"))
            waited_for = await submitted(here.far, here.far_clerk)
            await at_desk(here.centre, "2002")
            await at_desk(at.desk, "2001")
            await until(lambda: len(seen(here.centre)) == 3 and len(seen(at.desk)) == 1)

            assert [waited_for, oldest, older] == list(seen(here.centre))
            unions = [item.union for item in seen(here.centre).values()]
            assert [FAR_UNION, UNION, FAR_UNION] == unions
            assert [oldest] == list(seen(at.desk)), "a union sees its own"
            at.nursery.start_soon(DeskClerk(here.centre, "2002", DESK_PASSCODE).work)
            ends = [(await at.clerk.finish(oldest)).state]
            ends += [(await here.far_clerk.finish(one)).state for one in (older, waited_for)]
        assert ["CLOSED"] * 3 == ends
        assert [["D-2"]] * 3 == [
            deciders(bank, oldest),
            deciders(bank, older, FAR_UNION),
            deciders(bank, waited_for, FAR_UNION),
        ]
        assert [] == pooled(bank)
        assert_sound(bank, invariants)

    run(story)


def test_chance_deals_from_the_pool_past_the_operators_outlet() -> None:
    """The centre is dealt a case of either union; the operator's own outlet is dealt none."""

    async def story() -> None:
        bank, invariants = province("dealt-at-centre", desks=3)
        async with opened(bank) as here, bank.desk(3) as near:
            at = here.at
            await put(at.office, DEALT)
            cases = [
                await submitted(at.terminal, at.clerk),
                await submitted(here.far, here.far_clerk),
            ]
            await at_desk(here.centre, "2002")
            await at_desk(near, "2003")
            await until(lambda: len(seen(here.centre)) == 2 and len(seen(near)) == 1)
            assert Bar.OWN_OUTLET == seen(near)[cases[0]].barred
            refusal = await near.perform(TakeNext())
            assert refusal is not None
            assert Code.NOT_FOUND is refusal.code
            for case_id in cases:
                picked = await here.centre.perform(Claim(case_id))
                assert picked is not None
                assert "领取下一笔" in picked.message

            assert await here.centre.perform(TakeNext()) is None
            held = here.centre.state().file
            assert held is not None
            assert held.item.case_id in cases
            at.nursery.start_soon(DeskClerk(here.centre, "2002", DESK_PASSCODE).work)
            ends = [
                (await at.clerk.finish(cases[0])).state,
                (await here.far_clerk.finish(cases[1])).state,
            ]
        assert ["CLOSED", "CLOSED"] == ends
        assert_sound(bank, invariants)

    run(story)


def test_a_union_and_the_centre_reach_for_one_case() -> None:
    """In the same moment: one holds it, the other hears so, and each list says who has it."""

    async def story() -> None:
        bank, invariants = province("reach")
        async with opened(bank) as here:
            at = here.at
            case_id = await submitted(at.terminal, at.clerk)
            await at_desk(at.desk, "2001")
            await at_desk(here.centre, "2002")
            desks = {"D-1": at.desk, "D-2": here.centre}
            await until(lambda: all(case_id in seen(desk) for desk in desks.values()))
            answers: dict[str, Refusal | None] = {}

            async def reach(name: str) -> None:
                await trio.sleep_until(trio.current_time() + 1)
                answers[name] = await desks[name].perform(Claim(case_id))

            async with trio.open_nursery() as nursery:
                for name in desks:
                    nursery.start_soon(reach, name)
            (winner,) = (name for name, answer in answers.items() if answer is None)
            (refusal,) = (answer for answer in answers.values() if answer is not None)
            assert Code.STATE is refusal.code
            await until(lambda: all(seen(desk)[case_id].claimed_by for desk in desks.values()))
            assert [name == winner for name in desks] == [
                seen(desk)[case_id].mine for desk in desks.values()
            ]
            assert await desks[winner].perform(Release(case_id)) is None
            for name, staff_id in (("D-1", "2001"), ("D-2", "2002")):
                at.nursery.start_soon(DeskClerk(desks[name], staff_id, DESK_PASSCODE).work)
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        assert 1 == kinds(bank, case_id).count("Approved")
        assert_sound(bank, invariants)

    run(story)


def test_a_decision_of_the_centre_is_repeated_after_the_case_has_left() -> None:
    """Claim, heartbeat, images, decision; the same decision later gets the same answer."""

    async def story() -> None:
        bank, invariants = province("repeated")
        async with opened(bank) as here:
            case_id = await submitted(here.far, here.far_clerk)
            await at_desk(here.centre, "2002")
            file = await here.ask("D-2", NextCase())
            assert isinstance(file, CaseFile)
            assert (case_id, FAR_UNION) == (file.item.case_id, file.item.union)
            assert not isinstance(await here.ask("D-2", RenewClaim(case_id)), Refusal)
            image = await here.ask("D-2", GetChunk(case_id, file.images[0].digest, 0))
            assert isinstance(image, ImageChunk)
            assert not isinstance(await here.ask("D-2", ReleaseCase(case_id)), Refusal)
            file = await here.ask("D-2", ClaimCase(case_id))
            assert isinstance(file, CaseFile)
            decide = signed(bank, file, "D-2", "2002")
            taken = await here.ask("D-2", decide)
            case = await here.far_clerk.finish(case_id)

            assert "CLOSED" == case.state
            assert [] == pooled(bank)
            assert isinstance(taken, DecisionTaken)
            assert taken == await here.ask("D-2", decide)
            late = await here.ask("D-2", RenewClaim(case_id))
            assert isinstance(late, Refusal)
            assert Code.STATE is late.code
            review = await here.ask("D-2", JudgeReview(case_id, ok=True, note=""))
            assert isinstance(review, Refusal)
            assert Code.NOT_FOUND is review.code, "reviewed is within the union"
        assert 1 == kinds(bank, case_id, FAR_UNION).count("Approved")
        assert_sound(bank, invariants)

    run(story)


def test_the_centre_has_the_customer_photographed() -> None:
    """Asked at the centre, taken at a table of a county, and in the case that the centre holds."""

    async def story() -> None:
        bank, invariants = province("photographed-far")
        async with opened(bank) as here:
            case_id = await submitted(here.far, here.far_clerk)
            await at_desk(here.centre, "2002")
            await until(lambda: case_id in seen(here.centre))
            assert await here.centre.perform(Claim(case_id)) is None
            assert await here.centre.perform(AskLive(case_id)) is None
            here.at.nursery.start_soon(DeskClerk(here.centre, "2002", DESK_PASSCODE).work)
            case = await here.far_clerk.finish(case_id)
        assert "CLOSED" == case.state
        happened = kinds(bank, case_id, FAR_UNION)
        assert happened.index("LiveAsked") < happened.index("Approved")
        assert_sound(bank, invariants)

    run(story)


def test_the_centre_gets_nothing_else_of_a_union() -> None:
    """A case that stays in its union, its images, an id that nobody made: all is refused."""

    async def story() -> None:
        bank, invariants = province("deny")
        async with opened(bank) as here:
            await put(here.at.office, DEFAULT_TEXT.replace("central", "union"))
            case_id = await submitted(here.at.terminal, here.at.clerk)
            await at_desk(here.at.desk, "2001")
            await at_desk(here.centre, "2002")
            await until(lambda: case_id in seen(here.at.desk))
            assert {} == seen(here.centre)
            file = await here.ask("D-1", ClaimCase(case_id))
            assert isinstance(file, CaseFile)
            digest = file.images[0].digest
            decide = signed(bank, file, "D-2", "2002")

            unknown = case_id[:-4] + "0000"
            wanted: list[tuple[DeskRequest, Code]] = [
                (GetChunk(case_id, digest, 0), Code.FORBIDDEN),
                (decide, Code.NOT_FOUND),
                (NextCase(), Code.NOT_FOUND),
            ]
            for named in (case_id, unknown):
                wanted += [
                    (request, Code.NOT_FOUND)
                    for request in (
                        ClaimCase(named),
                        RenewClaim(named),
                        AskLivePhoto(named),
                        ReleaseCase(named),
                        JudgeReview(named, ok=True, note=""),
                    )
                ]
            for request, code in wanted:
                answer = await here.ask("D-2", request)
                assert isinstance(answer, Refusal), request
                assert code is answer.code, request
            assert await here.ask("D-1", ReleaseCase(case_id)) is not None
            here.at.authorize()
            assert "CLOSED" == (await here.at.clerk.finish(case_id)).state
        assert ["D-1"] * 2 == deciders(bank, case_id)
        assert_sound(bank, invariants)

    run(story)


def test_switching_away_from_central_moves_only_new_cases_out_of_the_pool() -> None:
    """What is pooled stays and is decided there; what comes later is its outlet's alone."""

    async def story() -> None:
        bank, invariants = province("switched", desks=3)
        async with opened(bank) as here, bank.desk(3) as near:
            at = here.at
            before = await submitted(at.terminal, at.clerk)
            await put(at.office, DEFAULT_TEXT.replace("central", "outlet"))
            after = await submitted(at.terminal, at.clerk)
            await at_desk(here.centre, "2002")
            await at_desk(near, "2003")
            await until(lambda: list(seen(near)) == [before, after])

            assert [before] == list(seen(here.centre)) == pooled(bank)
            at.nursery.start_soon(DeskClerk(here.centre, "2002", DESK_PASSCODE).work)
            at.nursery.start_soon(DeskClerk(near, "2003", DESK_PASSCODE).work)
            ends = [(await at.clerk.finish(one)).state for one in (before, after)]
        assert ["CLOSED", "CLOSED"] == ends
        assert [["D-2"], ["D-3"]] == [deciders(bank, before), deciders(bank, after)]
        assert_sound(bank, invariants)

    run(story)


def test_a_pooled_case_that_comes_back_for_its_union_is_closed_to_the_centre() -> None:
    """Returned while it was central, handed in again when it is not: the case itself bars those who
    still know its id.
    """

    async def story() -> None:
        bank, invariants = province("came-back")
        async with opened(bank) as here:
            at = here.at
            case_id = await submitted(at.terminal, at.clerk)
            await at_desk(here.centre, "2002")
            file = await here.ask("D-2", ClaimCase(case_id))
            assert isinstance(file, CaseFile)
            decide = signed(bank, file, "D-2", "2002", Reason.IMAGE_UNCLEAR)
            assert isinstance(await here.ask("D-2", decide), DecisionTaken)
            assert [] == pooled(bank)
            await put(at.office, DEFAULT_TEXT.replace("central", "union"))
            await until(lambda: stands_at(at.terminal, case_id) is State.AUTH_RETURNED)
            assert await at.terminal.perform(ReopenReturned(case_id)) is None
            assert await at.terminal.perform(TakePhoto(case_id, "id_front")) is None
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            await until(lambda: 2 == kinds(bank, case_id).count("Queued"))

            refusal = await here.ask("D-2", ClaimCase(case_id))
            assert isinstance(refusal, Refusal)
            assert Code.FORBIDDEN is refusal.code
            assert "本联社" in refusal.message
            assert [] == pooled(bank)
            at.authorize()
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        assert ["D-2", "D-1"] == deciders(bank, case_id)
        assert_sound(bank, invariants)

    run(story)


def test_the_pool_comes_back_after_a_restart() -> None:
    """A crash of its actor and a restart of the office lose nothing: documents are the truth."""

    async def story() -> None:
        bank, invariants = province("reborn")
        async with opened(bank) as here:
            near = await submitted(here.at.terminal, here.at.clerk)
            far = await submitted(here.far, here.far_clerk)
            await at_desk(here.centre, "2002")
            await until(lambda: list(seen(here.centre)) == [near, far])
            tree = here.at.office.tree
            assert tree is not None
            tree.pool("/office/queues").ref(POOL).tell(Touched([]))  # type: ignore[arg-type]  # crashes it
            await until(lambda: restarts(tree, f"/office/queues/{POOL}") == 1)
            file = await here.ask("D-2", NextCase())
            assert isinstance(file, CaseFile)
            assert not isinstance(await here.ask("D-2", ReleaseCase(file.item.case_id)), Refusal)
        async with opened(bank) as here:
            await at_desk(here.centre, "2002")
            await until(lambda: {near, far} == set(seen(here.centre)))
            here.at.nursery.start_soon(DeskClerk(here.centre, "2002", DESK_PASSCODE).work)
            ends = [
                (await here.at.clerk.finish(near)).state,
                (await here.far_clerk.finish(far)).state,
            ]
        assert ["CLOSED", "CLOSED"] == ends
        assert_sound(bank, invariants)

    run(story)
