"""A case with several legs: prepared together, made real one by one, undone where it fails."""

from __future__ import annotations

import pytest

from backoffice.cases.commands import PartnerSilent
from backoffice.cases.events import (
    Aborted,
    CustomerLearned,
    LegAnswered,
    PrepareStarted,
    SealSlip,
    Standing,
)
from backoffice.partners.port import Abort, Commit, Inquire, Prepare
from tests.backoffice.case_story import RULES, Story, leg_of
from tests.backoffice.toys import BILL, MONEY, NOTICE
from tests.backoffice.toys import RULES as WITH_TOYS
from tests.kit.partners import leg_key
from wire.case_state import State
from wire.codec import encode
from wire.message import Code, Refusal
from wire.messages.case import GetCase, LegResult, RefuseSlip

NO = Refusal(Code.CORE_DECLINED, "账单已缴清。")
LATE = Refusal(Code.CORE_DECLINED, "已过当日截止时间。")


def errand(product: str = "errand") -> Story:
    """A story of a toy, just submitted."""
    story = Story(product, rules=WITH_TOYS)
    story.file()
    assert State.PREPARING is story.where()
    return story


def signed(story: Story) -> Story:
    """Read and signed; nothing is committed yet."""
    assert State.PREPARED is story.where()
    story.show()
    story.sign()
    assert State.COMMITTING is story.where()
    return story


def stands(story: Story) -> dict[str, Standing]:
    return {leg.asked.name: leg.standing for leg in story.case.legs}


def posted(story: Story) -> list[str]:
    """What the partners did, by leg."""
    return [leg_of(entry) for entry in story.bank.core.posted]


def states(story: Story) -> list[State]:
    return [step.state for step in story.case.steps]


# Prepare.


def test_all_legs_are_asked_at_once_each_at_its_partner() -> None:
    """Under keys of their own, made once."""
    asked = errand().asked()

    assert ["biller", "core", "core"] == [effect.to for effect in asked]
    assert all(isinstance(effect.message, Prepare) for effect in asked)
    keys = [leg_key(effect) for effect in asked]
    assert [BILL, NOTICE, MONEY] == [leg_of(key) for key in keys]


def test_a_whole_errand_from_beginning_to_end() -> None:
    """One state for all, the essential legs in order, then the optional one; results in words."""
    story = errand()
    story.core()
    slip = story.case.slip
    assert slip is not None
    items = [(line.title_zh, line.value) for line in slip.lines if line.value == "已受理"]
    assert [("电费", "已受理"), ("短信通知", "已受理"), ("扣款", "已受理")] == items
    assert () == story.ask(GetCase(story.case_id)).results
    signed(story).core()

    assert State.CLOSED is story.where()
    done = "/committed"
    assert [f"{BILL}{done}", f"{MONEY}{done}", f"{NOTICE}{done}"] == posted(story)
    assert states(story)[3:] == [
        State.SUBMITTED,
        State.AUTO_PASSED,
        State.PREPARING,
        State.PREPARED,
        State.SLIP_SHOWN,
        State.SIGNED,
        State.COMMITTING,
        State.COMMITTED,
        State.CLOSED,
    ]
    results = story.ask(GetCase(story.case_id)).results
    assert [("电费", True), ("短信通知", True), ("扣款", True)] == [
        (result.title_zh, result.ok) for result in results
    ]
    (effect,) = story.take("slip")
    assert isinstance(effect.message, SealSlip)
    assert results == effect.message.results


def test_a_declined_optional_leg_fails_alone() -> None:
    """The slip says so before the customer signs."""
    story = errand()
    story.bank.core.declines[NOTICE] = NO
    story.core()

    assert story.case.slip is not None
    shown = {line.title_zh: line.value for line in story.case.slip.lines}
    assert ("已受理", "未受理：账单已缴清。") == (shown["电费"], shown["短信通知"])
    signed(story).core()
    assert State.CLOSED is story.where()
    assert LegResult("短信通知", "Notices", False, NO.message) in story.case.results
    assert [f"{BILL}/committed", f"{MONEY}/committed"] == posted(story)


@pytest.mark.parametrize("leg", [BILL, MONEY])
def test_a_declined_essential_leg_undoes_the_others(leg: str) -> None:
    """Everything else is released, and the customer is told why."""
    story = errand()
    story.bank.core.declines[leg] = NO
    story.core()

    assert State.ABORTED is story.where()
    assert (NO,) == story.case.reasons
    assert State.PREPARED not in states(story)
    assert 2 == len(posted(story))
    assert all(entry.endswith("/aborted") for entry in posted(story))
    assert Standing.DECLINED is stands(story)[leg]


def test_a_case_of_which_nothing_stands_is_declined() -> None:
    """With the essential leg's reason first, then the others'."""
    story = errand()
    story.bank.core.declines = {BILL: NO, MONEY: NO, NOTICE: LATE}
    story.core()

    assert State.DECLINED is story.where()
    assert (NO, LATE) == story.case.reasons
    assert [] == posted(story)


def test_wishes_that_all_fail_are_declined_and_one_is_enough() -> None:
    """Without an essential leg, at least one has to stand."""
    none, one = errand("wishes"), errand("wishes")
    none.bank.core.decline = NO
    one.bank.core.declines[NOTICE] = NO
    none.core()
    one.core()

    assert State.DECLINED is none.where()
    assert State.PREPARED is one.where()


def test_only_the_silent_leg_is_inquired_and_asked_again() -> None:
    """The very same request, under the same key; the others are left alone."""
    story = errand()
    for effect in story.asked():
        key = leg_key(effect)
        if leg_of(key) == MONEY:
            story.give(PartnerSilent(key))
        else:
            story.give(story.bank.core.ask(effect.message))
    assert State.PREPARE_UNKNOWN is story.where()
    (inquiry,) = story.asked()
    assert isinstance(inquiry.message, Inquire)
    assert MONEY == leg_of(inquiry.message.key)

    story.give(story.bank.core.ask(inquiry.message))
    (again,) = story.asked()
    starts = [event for event in story.events if isinstance(event, PrepareStarted)]
    assert starts[0].legs[2] == starts[1].legs[0]
    assert encode(starts[0].legs[2].request) == encode(again.message)
    story.give(story.bank.core.ask(again.message))
    assert State.PREPARED is story.where()


@pytest.mark.parametrize("lost", ["", "answer"])
@pytest.mark.parametrize("leg", [BILL, NOTICE, MONEY, "*"])
def test_whatever_is_lost_nothing_is_done_twice(leg: str, lost: str) -> None:
    """At prepare and at commit, on the way there or back; several legs at a time."""
    story = errand()
    story.core(silent=5, leg=leg, lost=lost)
    signed(story).core(silent=5, leg=leg, lost=lost)

    assert State.CLOSED is story.where()
    assert sorted(set(posted(story))) == sorted(posted(story))
    assert 3 == len(posted(story))
    assert {State.PREPARE_UNKNOWN, State.COMMIT_UNKNOWN} <= set(states(story))


def test_answers_come_in_any_order_and_again() -> None:
    """Each counts once; none before all is definite moves the case."""
    story = errand()
    asked = story.asked()
    answers = [story.bank.core.ask(effect.message) for effect in reversed(asked)]
    story.give(answers[0])
    story.give(answers[0])
    story.give(answers[1])
    assert State.PREPARING is story.where()
    assert 2 == sum(isinstance(event, LegAnswered) for event in story.events)
    story.give(answers[2])
    story.give(answers[1])

    assert State.PREPARED is story.where()
    assert [] == story.asked()


# Commit.


def test_the_next_leg_goes_out_when_the_one_before_is_real() -> None:
    """The one that may still say no comes first, the money after it."""
    story = errand()
    story.core()
    signed(story)
    order = []
    while asked := story.asked():
        (effect,) = asked
        assert isinstance(effect.message, Commit)
        order.append(leg_of(effect.message.key))
        story.give(story.bank.core.ask(effect.message))

    assert [BILL, MONEY, NOTICE] == order
    assert State.CLOSED is story.where()


def test_a_refusal_of_the_first_essential_leg_undoes_everything() -> None:
    """The customer is told why, and no money moved."""
    story = errand()
    story.core()
    story.bank.core.refuses[BILL] = LATE
    signed(story).core(silent=2, leg=MONEY)

    assert State.ABORTED is story.where()
    assert (LATE,) == story.ask(GetCase(story.case_id)).reasons
    assert {f"{MONEY}/aborted", f"{NOTICE}/aborted"} == set(posted(story))
    assert Standing.FAILED is stands(story)[BILL]
    assert [State.COMMITTING, State.ABORTING, State.ABORTED] == states(story)[-3:]


def test_a_refusal_that_was_lost_is_found_by_inquiry() -> None:
    """Unknown first, then undone."""
    story = errand()
    story.core()
    story.bank.core.refuses[BILL] = LATE
    signed(story).core(silent=1, leg=BILL, lost="answer")

    assert State.ABORTED is story.where()
    assert State.COMMIT_UNKNOWN in states(story)


def test_an_optional_leg_that_is_refused_fails_alone() -> None:
    """The errand is done without it."""
    story = errand()
    story.core()
    story.bank.core.refuses[NOTICE] = LATE
    signed(story).core()

    assert State.CLOSED is story.where()
    assert LegResult("短信通知", "Notices", False, LATE.message) == story.case.results[1]
    assert [f"{BILL}/committed", f"{MONEY}/committed"] == posted(story)
    assert not any(isinstance(effect.message, Abort) for effect in story.owed)


def test_nothing_optional_is_real_without_the_whole() -> None:
    """Wherever the plan names it: essential legs are made real first."""
    story = errand("gift")
    story.core()
    story.bank.core.refuses[MONEY] = LATE
    signed(story).core()

    assert State.ABORTED is story.where()
    assert [f"{NOTICE}/aborted"] == posted(story)


def test_wishes_that_are_all_refused_at_last_are_undone() -> None:
    """Nothing became real; one that does is enough."""
    none, one = errand("wishes"), errand("wishes")
    for story in (none, one):
        story.core()
        story.bank.core.refuses[NOTICE] = LATE
    none.bank.core.refuses["mobile"] = NO
    for story in (none, one):
        signed(story).core()

    assert State.ABORTED is none.where()
    assert (LATE,) == none.case.reasons
    assert State.CLOSED is one.where()
    assert [False, True] == [result.ok for result in one.case.results]


def test_a_refusal_of_the_only_leg_ends_the_case() -> None:
    """There is nothing to release, and nothing for a person to find out."""
    story = Story("card_activation")
    story.file()
    story.core()
    story.bank.core.refuses[""] = LATE
    signed(story).core()

    assert State.ABORTED is story.where()
    assert (LATE,) == story.case.reasons
    assert () == story.case.results, "a plan of one leg lists no items"


# Abort.


def test_what_stands_prepared_is_released_together() -> None:
    """The customer does not want it; a leg that was declined is not asked."""
    story = errand()
    story.bank.core.declines[NOTICE] = NO
    story.core()
    story.ask(RefuseSlip(story.case_id))
    asked = story.asked()
    keys = [leg_key(effect) for effect in asked]
    assert [BILL, MONEY] == [leg_of(key) for key in keys]
    assert all(isinstance(effect.message, Abort) for effect in asked)

    story.give(story.bank.core.ask(asked[0].message))
    assert State.ABORTING is story.where()
    story.give(PartnerSilent(keys[1]))
    story.core()
    assert State.ABORTED is story.where()
    assert isinstance(story.events[-1], Aborted)


# What the office learns of a customer.


def test_what_became_real_is_learned_once_and_only_where_the_office_wants_to() -> None:
    """Who it was, where, and what the product says; nothing before it is real."""
    story = errand()
    story.core()
    assert [] == story.take("customer")
    signed(story).core()
    (effect,) = story.take("customer")
    learned = effect.message

    assert isinstance(learned, CustomerLearned)
    phone = story.values()["phone"].phone.digits  # type: ignore[union-attr]  # it is a phone
    assert {"errand": "power", "phone": phone} == learned.profile
    assert ("errand", "O1", "T001", "李秀英") == (
        learned.product,
        learned.outlet,
        learned.staff_id,
        learned.name,
    )
    assert learned.number.number not in repr(learned)

    elsewhere = Story("card_activation", rules=RULES)
    elsewhere.file()
    elsewhere.core()
    signed(elsewhere).core()
    assert [] == elsewhere.take("customer")
