"""What a partner does not reverse two persons make good elsewhere, and nothing is given back twice.

The bill is paid, the money was not: the bill is to be reversed, and its partner refuses, is silent,
or does it without anybody hearing so.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backoffice.cases.commands import LookManual, PartnerSilent
from backoffice.cases.events import InquiryLost, LegHeard, Standing
from backoffice.cases.legs import LegRecord
from backoffice.partners.port import Abort, Commit, PartnerOutcome, PartnerStatus, Reverse
from tests.backoffice.case_story import FIRST, SECOND, UNION, Story
from tests.backoffice.test_case_settlement import (
    DONE,
    HOUR_MS,
    NO,
    NOT_DONE,
    REVERSE,
    code,
    given_up,
    listed,
    posted,
    wait,
)
from tests.backoffice.toys import BILL, MONEY
from tests.kit.partners import leg_key
from wire.case_state import State
from wire.message import Code
from wire.messages.settlement import Act

UNDONE = f"{BILL}:reversal/reversed"
"""What a biller has posted that has reversed."""


def is_undone(story: Story) -> bool:
    """Whether the biller has reversed: at the first try, or later under a key of its own."""
    lines = (line for line in posted(story) if line.startswith(f"{BILL}:reversal"))
    return any(line.endswith("/reversed") for line in lines)


def to_reverse() -> Story:
    """Real in part: two persons have the bill reversed, and nobody has answered yet."""
    story = given_up()
    story.take("core")
    story.settle(MONEY, NOT_DONE)
    story.answer()
    story.settle(BILL, REVERSE)
    return story


def bill(story: Story) -> LegRecord:
    return next(leg for leg in story.case.legs if leg.asked.name == BILL)


def silent(story: Story, *, does_it: bool = False) -> object:
    """The biller gives no answer to what it is asked now; what it was asked."""
    (effect,) = [one for one in story.owed if one.to == "biller" and one.due_ms <= story.now_ms]
    story.owed.remove(effect)
    if does_it:
        story.bank.core.ask(effect.message)
    story.give(PartnerSilent(leg_key(effect)))
    return effect.message


def test_what_was_refused_again_and_again_is_made_good() -> None:
    """It says why; another try has another key; at last two persons say what was done instead."""
    story = given_up()
    story.take("core")
    story.settle(MONEY, NOT_DONE)
    story.answer()
    story.bank.core.refuses |= {f"{BILL}:reversal": NO, f"{BILL}:reversal2": NO}
    assert Code.STATE is code(story.say(BILL, NOT_DONE)), "it is real: it is to be reversed"
    for _ in range(2):
        story.settle(BILL, REVERSE)
        story.answer()
    (said,) = story.give(LookManual()).said
    assert NO.message == said.why
    story.settle(BILL, NOT_DONE)
    assert State.MANUAL is story.where(), "its partner has to hear it first"
    story.core()

    assert (State.ABORTED, Standing.MADE_GOOD) == (story.where(), bill(story).standing)
    (result,) = [one for one in story.case.results if one.title_zh == "电费"]
    assert (False, "经人工核定，已另行处理") == (result.ok, result.message)


def test_what_is_made_good_while_a_reversal_is_pending_is_never_reversed() -> None:
    """The partner is told under the reversal's key; the reversal that comes late finds it spent."""
    story = to_reverse()
    late = silent(story)
    assert isinstance(late, Reverse)
    story.settle(BILL, NOT_DONE)
    (told,) = [one for one in story.owed if one.to == "biller" and one.due_ms <= story.now_ms]
    assert isinstance(told.message, Abort)
    assert late.key == told.message.key
    assert State.MANUAL is story.where()
    story.answer()
    story.core()

    assert (State.ABORTED, Standing.MADE_GOOD) == (story.where(), bill(story).standing)
    story.give(story.bank.core.ask(late))
    assert UNDONE not in posted(story)
    assert not listed(story)


def test_what_was_reversed_meanwhile_is_not_made_good() -> None:
    """Its answer was lost; the partner says so, and people look who has given back what."""
    story = to_reverse()
    silent(story, does_it=True)
    story.settle(BILL, NOT_DONE)
    story.answer()
    assert (State.MANUAL, Standing.COMMITTED) == (story.where(), bill(story).standing)
    (said,) = story.give(LookManual()).said
    assert (story.key(BILL), "reversed") == (said.leg, said.status)
    for deed in (NOT_DONE, DONE):
        assert Code.STATE is code(story.say(BILL, deed))

    story.settle(BILL, REVERSE)
    story.core()
    assert (State.ABORTED, Standing.REVERSED) == (story.where(), bill(story).standing)
    assert 1 == posted(story).count(UNDONE)


@pytest.mark.parametrize("late", [False, True])
def test_a_silent_partner_is_overruled_only_by_the_same_word_again(late: bool) -> None:
    """Told until it is heard; has it reversed after all, the case is with people again."""
    story = to_reverse()
    silent(story)
    story.settle(BILL, NOT_DONE)
    story.settle(BILL, NOT_DONE)
    assert State.MANUAL is story.where(), "it may still answer"
    story.owed.remove(next(one for one in story.owed if one.to == "biller" and not one.due_ms))
    silent(story)
    assert isinstance(story.events[-1], InquiryLost)
    story.settle(BILL, NOT_DONE)
    assert (Standing.MADE_GOOD, True) == (bill(story).standing, bill(story).unheard)
    if not late:
        # What was asked for before they spoke is lost on its way.
        story.owed = [one for one in story.owed if not isinstance(one.message, Reverse)]
    wait(story, 2 * HOUR_MS)
    story.core()

    assert (State.ABORTED, late) == (story.where(), listed(story))
    if not late:
        assert any(isinstance(event, LegHeard) for event in story.events)
        return
    story.settle(BILL, REVERSE)
    assert Standing.REVERSED is bill(story).standing
    assert not listed(story)


def test_an_end_that_was_wrong_and_is_not_reversed_is_made_good() -> None:
    """Not done, they said, of a silent partner; it was, and refuses to undo it."""
    story = given_up(BILL)
    story.take("biller")
    story.bank.core.ask(Commit(story.key(BILL), UNION))
    story.settle(BILL, NOT_DONE)
    story.deaf()
    story.core()
    assert (State.ABORTED, True) == (story.where(), listed(story))
    story.bank.core.refuses[f"{BILL}:reversal"] = NO
    story.settle(BILL, REVERSE)
    story.answer()
    story.settle(BILL, NOT_DONE)
    story.answer()

    assert (State.ABORTED, Standing.MADE_GOOD) == (story.where(), bill(story).standing)
    assert not listed(story)


def test_what_the_partner_says_of_the_operation_itself_changes_nothing_then() -> None:
    """It stays committed for ever, and says so when somebody asks."""
    story = to_reverse()
    silent(story)
    story.settle(BILL, NOT_DONE)
    before = len(story.events)
    for status in PartnerStatus:
        story.give(PartnerOutcome(story.key(BILL), status))
    assert before == len(story.events)


# Chance.


def says(story: Story, dice: random.Random) -> None:
    story.say(BILL, dice.choice([REVERSE, NOT_DONE, NOT_DONE]), FIRST)


def confirms(story: Story, _dice: random.Random) -> None:
    for one in story.give(LookManual()).proposals:
        story.say(one.leg, one.deed, SECOND, Act.CONFIRM)


def says_and_confirms(story: Story, dice: random.Random) -> None:
    says(story, dice)
    confirms(story, dice)


def asks(story: Story, _dice: random.Random) -> None:
    story.inquire()


def arrives(story: Story, dice: random.Random, *, answer_lost: bool = False) -> None:
    """Anything that is on its way to the biller, in any order."""
    waiting = [one for one in story.owed if one.to == "biller"]
    if waiting:
        effect = dice.choice(waiting)
        story.owed.remove(effect)
        story.now_ms = max(story.now_ms, effect.due_ms)
        answer = story.bank.core.ask(effect.message)
        story.give(PartnerSilent(answer.key) if answer_lost else answer)


def answer_is_lost(story: Story, dice: random.Random) -> None:
    arrives(story, dice, answer_lost=True)


def request_is_lost(story: Story, dice: random.Random) -> None:
    """What was sent in vain is sent again by whoever waits for it."""
    waiting = [one for one in story.owed if one.to == "biller"]
    if waiting:
        effect = dice.choice(waiting)
        story.owed.remove(effect)
        story.now_ms = max(story.now_ms, effect.due_ms)
        story.give(PartnerSilent(leg_key(effect)))


TO_REVERSE = to_reverse()

MOVES: list[Callable[[Story, random.Random], None]] = [
    says,
    confirms,
    says_and_confirms,
    says_and_confirms,
    arrives,
    answer_is_lost,
    request_is_lost,
    request_is_lost,
    asks,
]


@given(seed=st.integers(0, 100_000))
@example(seed=138)
@settings(max_examples=150, deadline=None)
def test_whatever_is_lost_nothing_is_given_back_twice_unseen(seed: int) -> None:
    """Requests come late or never, answers are lost, people say what they like, in any order.

    At every moment, what the partner has reversed is not what people made good; or it has still to
    be told, or people hear of it. At the end, when the partner is back, they do, and say so.
    """
    dice = random.Random(seed)
    story = TO_REVERSE.copied()
    if dice.random() < 0.3:
        story.bank.core.refuses[f"{BILL}:reversal"] = NO
    for _ in range(dice.randrange(16)):
        dice.choice(MOVES)(story, dice)
        leg = bill(story)
        if leg.standing is Standing.MADE_GOOD and is_undone(story):
            assert leg.unheard or (leg.twice and listed(story))
    for _ in range(6):
        wait(story, 2 * HOUR_MS)

    leg, undone = bill(story), is_undone(story)
    assert not leg.unheard
    if leg.standing is Standing.MADE_GOOD:
        assert undone == leg.twice == listed(story)
    if leg.twice:
        for one in story.give(LookManual()).proposals:
            story.say(one.leg, one.deed, FIRST, Act.WITHDRAW)
        story.settle(BILL, REVERSE)
        assert Standing.REVERSED is bill(story).standing
    assert undone or bill(story).standing is not Standing.REVERSED or bill(story).reversals
