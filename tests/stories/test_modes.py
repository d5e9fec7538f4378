"""Authorization in every mode: who decides where, when and how is switched while the bank works."""

from __future__ import annotations

import msgspec
import trio

from backoffice.authorization.levels import THRESHOLDS, Assign, Locality, Route, Timing
from backoffice.authorization.policy import DEFAULT_TEXT
from backoffice.authorization.queue import collection
from backoffice.authorization.waiting import Bar, QueueEntry
from backoffice.cases.events import Approved, Claimed, LiveGiven
from backoffice.desk.clerk import DeskClerk
from backoffice.desk.page_model import AskLive, Claim, TakeNext
from terminal.page_commands import LeaveTable, TakePhoto, UsePhoto
from tests.kit.bank import DESK_PASSCODE, UNION, Bank, authorizer, moved, teller
from tests.kit.running import run
from tests.stories.cast import (
    ELSEWHERE,
    OUTLET,
    assert_sound,
    at_desk,
    cast,
    history,
    kinds,
    put,
    seen,
    signed_in,
    submitted,
    until,
    watched_bank,
)
from wire.codec import decode
from wire.message import Code, Refusal
from wire.messages.desk import Decision
from wire.messages.policy import PolicyHistory, PolicyText, RollbackPolicy

OUTLET_SYNC = f"""{DEFAULT_TEXT}
[[rules]]
union = "{UNION}"
timing = "sync"
locality = "outlet"
"""
DEALT = DEFAULT_TEXT.replace('locality = "central"', 'locality = "central"\nassign = "random"')


def route(bank: Bank, union: str, case_id: str) -> tuple[Timing, Locality]:
    """How a waiting case stands in its union's queue on the office's disk."""
    entry = decode(QueueEntry, bank.disk("office").disk.documents[collection(union), case_id])
    return entry.timing, entry.locality


def filed(bank: Bank, case_id: str) -> Route:
    """The route that a case was submitted under."""
    (intake,) = (one.intake for one in history(bank, case_id) if hasattr(one, "intake"))
    kept: Route = intake.assessment.route
    return kept


def test_switching_the_policy_moves_exactly_the_new_cases() -> None:
    """From CENTRAL ASYNC to OUTLET SYNC for one union: cases in flight and the other union stay."""

    async def story() -> None:
        members = (
            teller(1),
            moved(teller(2), *ELSEWHERE),
            authorizer(1),
            moved(authorizer(2), OUTLET),
        )
        places = {"T-2": ELSEWHERE, "D-2": (OUTLET, UNION)}
        bank, invariants = watched_bank("modes", tellers=2, desks=2, members=members, places=places)
        async with cast(bank) as at, bank.desk(2) as local, bank.terminal(2) as far:
            before = await submitted(at.terminal, at.clerk)
            page = await put(at.office, OUTLET_SYNC)
            after = await submitted(at.terminal, at.clerk)
            elsewhere = await submitted(far, await signed_in(far, 2))

            assert (1, 2) == (filed(bank, before).version, filed(bank, after).version)
            assert 2 == page.about.version
            assert (Timing.ASYNC, Locality.CENTRAL) == route(bank, UNION, before)
            assert (Timing.SYNC, Locality.OUTLET) == route(bank, UNION, after)
            assert (Timing.ASYNC, Locality.CENTRAL) == route(bank, ELSEWHERE[1], elsewhere)

            await at_desk(at.desk, "2001")
            await at_desk(local, "2002")
            await until(lambda: len(seen(at.desk)) == len(seen(local)) == 2)
            assert [after, before] == list(seen(local)), "who waits at the table goes first"
            assert ("", Bar.OTHER_OUTLET) == tuple(
                seen(at.desk)[case_id].barred for case_id in (before, after)
            )
            assert (Bar.OWN_OUTLET, "") == tuple(
                seen(local)[case_id].barred for case_id in (before, after)
            )

            at.nursery.start_soon(DeskClerk(at.desk, "2001", DESK_PASSCODE).work)
            at.nursery.start_soon(DeskClerk(local, "2002", DESK_PASSCODE).work)
            ends = [(await at.clerk.finish(case_id)).state for case_id in (before, after)]
        assert ["CLOSED", "CLOSED"] == ends
        deciders = [
            [event.device for event in history(bank, case_id) if isinstance(event, Claimed)]
            for case_id in (before, after)
        ]
        assert [["D-1"], ["D-2"]] == deciders
        assert_sound(bank, invariants, healed=False)

    run(story)


def test_a_rollback_goes_back_without_forgetting() -> None:
    """The next case is central again, under a third version; after a restart it still is."""

    async def story() -> None:
        bank, _ = watched_bank("rollback")
        async with cast(bank) as at:
            await put(at.office, OUTLET_SYNC)
            services = at.office.office()
            back = RollbackPolicy(1, "试点结束")
            answer = await services.ask(services.policy, "O-0001", back)
            assert isinstance(answer, PolicyText)
        async with cast(bank) as at:
            case_id = await submitted(at.terminal, at.clerk)
            services = at.office.office()
            known = await services.ask(services.policy, "O-0001", PolicyHistory())
            assert not isinstance(known, Refusal)
            assert [3, 2, 1] == [about.version for about in known.versions]
        assert Route(Timing.ASYNC, Locality.CENTRAL, 3, centre=THRESHOLDS.centre) == filed(
            bank, case_id
        )
        rows = bank.disk("office").disk.streams["policy"]
        assert ["PolicyChanged"] * 2 == [row.kind for row in rows], "each is an audited event"

    run(story)


def test_nobody_picks_a_case_that_is_dealt_out() -> None:
    """Naming it is refused with a sentence; the next case comes by chance, and is decided."""

    async def story() -> None:
        bank, invariants = watched_bank("dealt")
        async with cast(bank) as at:
            await put(at.office, DEALT)
            cases = [await submitted(at.terminal, at.clerk) for _ in range(2)]
            await at_desk(at.desk, "2001")
            await until(lambda: len(seen(at.desk)) == 2)
            assert [True, True] == [item.dealt for item in seen(at.desk).values()]

            refusal = await at.desk.perform(Claim(cases[0]))
            assert refusal is not None
            assert Code.FORBIDDEN is refusal.code
            assert "领取下一笔" in refusal.message
            assert await at.desk.perform(TakeNext()) is None
            held = at.desk.state().file
            assert held is not None
            assert held.item.case_id in cases
            assert await at.desk.perform(TakeNext()) is None
            again = at.desk.state().file
            assert again is not None
            assert held.item.case_id == again.item.case_id, "one at a time"
            assert await at.desk.perform(Claim(held.item.case_id)) is None, "its own, once more"

            at.authorize()
            ends = [(await at.clerk.finish(case_id)).state for case_id in cases]
        assert ["CLOSED", "CLOSED"] == ends
        assert [Assign.RANDOM] * 2 == [filed(bank, case_id).assign for case_id in cases]
        assert_sound(bank, invariants)

    run(story)


def test_a_customer_waits_two_minutes_and_then_may_leave() -> None:
    """The page counts down; the case goes on as any other, and is decided after they have left."""

    async def story() -> None:
        bank, invariants = watched_bank("leaves")
        async with cast(bank) as at:
            await put(at.office, DEFAULT_TEXT.replace('"async"', '"sync"', 1))
            case_id = await submitted(at.terminal, at.clerk)

            def waits_until_ms() -> int:
                shown = at.terminal.state().open
                return shown.waits_until_ms if shown is not None else 0

            await until(lambda: waits_until_ms() > 0)
            left_ms = waits_until_ms() - at.terminal.state().now_ms
            assert 0 < left_ms <= THRESHOLDS.sync_ms
            await trio.sleep(left_ms / 1000 + 1)
            assert await at.terminal.perform(LeaveTable(case_id)) is None
            await until(lambda: waits_until_ms() == 0)
            await until(lambda: "Deferred" in kinds(bank, case_id))
            await at_desk(at.desk, "2001")
            await until(lambda: bool(seen(at.desk)))
            assert Timing.ASYNC == seen(at.desk)[case_id].timing
            at.authorize()
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)


def test_an_authorizer_has_the_customer_photographed() -> None:
    """Asked at the desk, taken at the table, shown at the desk, bound by the decision."""

    async def story() -> None:
        bank, invariants = watched_bank("photographed")
        async with cast(bank) as at:
            case_id = await submitted(at.terminal, at.clerk)
            await at_desk(at.desk, "2001")
            await until(lambda: bool(seen(at.desk)))
            assert await at.desk.perform(Claim(case_id)) is None
            assert await at.desk.perform(AskLive(case_id)) is None

            def wanted() -> bool:
                shown = at.terminal.state().open
                return shown is not None and shown.live_wanted

            await until(wanted)
            uploaded = await at.terminal.perform(UsePhoto(case_id, "live_photo", ""))
            assert uploaded is not None, "not a picture from before"
            assert await at.terminal.perform(TakePhoto(case_id, "live_photo")) is None

            def shown() -> tuple[str, ...]:
                file = at.desk.state().file
                return tuple(i.title_en for i in file.images if i.loaded == 100) if file else ()

            await until(lambda: "Live photo" in shown())
            at.authorize()
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        events = history(bank, case_id)
        (given,) = (event for event in events if isinstance(event, LiveGiven))
        (approved,) = (event for event in events if isinstance(event, Approved))
        assert given.image.digest in decode(Decision, approved.judgement.decision).images
        assert_sound(bank, invariants)

    run(story)


def test_a_remote_witness_sees_the_customer() -> None:
    """A securities account is approved only after the customer was photographed at the table."""

    async def story() -> None:
        bank, invariants = watched_bank("witness")
        async with cast(bank) as at:
            at.authorize()
            case = await at.clerk.finish(await at.clerk.begin("securities_account"))
        assert "CLOSED" == case.state
        happened = kinds(bank, case.case_id)
        assert happened.index("LiveGiven") < happened.index("Approved")
        assert_sound(bank, invariants)

    run(story)


def test_an_authorizer_without_the_skill_waits_for_other_work() -> None:
    """The case is shown and disabled, not dealt, and refused when asked for all the same."""

    async def story() -> None:
        lender = msgspec.structs.replace(authorizer(1), skills=("credit",))
        banker = msgspec.structs.replace(authorizer(2), skills=("account",))
        bank, invariants = watched_bank("skills", desks=2, members=(teller(1), lender, banker))
        async with cast(bank) as at, bank.desk(2) as other:
            case_id = await submitted(at.terminal, at.clerk)
            await at_desk(at.desk, "2001")
            await until(lambda: bool(seen(at.desk)))

            assert Bar.SKILL == seen(at.desk)[case_id].barred
            named = await at.desk.perform(Claim(case_id))
            dealt = await at.desk.perform(TakeNext())
            assert named is not None
            assert dealt is not None
            assert (Code.FORBIDDEN, Code.NOT_FOUND) == (named.code, dealt.code)
            at.nursery.start_soon(DeskClerk(other, "2002", DESK_PASSCODE).work)
            case = await at.clerk.finish(case_id)
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)
