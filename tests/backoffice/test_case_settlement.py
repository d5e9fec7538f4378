"""What the machine gave up: it goes on asking, and two persons say leg by leg what is true."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.cases.commands import FileCase, LookManual, PartnerSilent, SettleLeg
from backoffice.cases.events import (
    InquiryLost,
    LegAnswered,
    LegContradicted,
    LegHeard,
    SealSlip,
    SettlementConfirmed,
    Standing,
)
from backoffice.cases.stuck import COLLECTION
from backoffice.cases.terms import TERMS
from backoffice.partners.port import Abort, Commit, PartnerOutcome, PartnerStatus, Reverse
from tests.backoffice.case_story import (
    FIRST,
    JUNIOR_DESK,
    SECOND,
    TELLERS_ALIAS,
    UNION,
    Story,
    caller,
    keys,
    leg_of,
    staff,
)
from tests.backoffice.toys import BILL, MONEY, NOTICE
from tests.backoffice.toys import RULES as WITH_TOYS
from wire.case_state import FINAL_STATES, State
from wire.codec import encode
from wire.keys import SETTLEMENT
from wire.message import Code, Refusal
from wire.messages.case import GetCase, RefuseSlip
from wire.messages.settlement import Act, Deed, ManualFile, Word

NO = Refusal(Code.CORE_DECLINED, "已过当日截止时间。")
DONE, NOT_DONE, REVERSE = Deed.DONE, Deed.NOT_DONE, Deed.REVERSE
HOUR_MS = 3_600_000


def given_up(leg: str = MONEY, product: str = "errand") -> Story:
    """Signed; one leg's partner has been silent at the COMMIT until the machine gave up."""
    story = Story(product, rules=WITH_TOYS)
    story.file()
    story.core()
    story.show()
    story.sign()
    story.core(silent=TERMS.inquiries_max + 1, leg=leg)
    assert State.MANUAL is story.where()
    return story


def stands(story: Story) -> dict[str, Standing]:
    return {leg.asked.name: leg.standing for leg in story.case.legs}


def posted(story: Story) -> list[str]:
    """What the partners did, by leg."""
    return [leg_of(entry) for entry in story.bank.core.posted]


def code(answer: Any) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def listed(story: Story) -> bool:
    return (COLLECTION, f"{UNION}/{story.case_id}") in story.bank.documents


def wait(story: Story, ms: int) -> None:
    """Time passes; whoever is asked by the end of it answers."""
    story.now_ms += ms
    story.answer()


# The machine.


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_partner_that_comes_back_settles_the_case_without_a_person(lost: str) -> None:
    """Whether it had done what it was asked or never heard of it: the case goes on by itself."""
    story = given_up()
    if lost == "answer":
        story.bank.core.ask(Commit(story.key(MONEY), UNION))
    assert listed(story)
    wait(story, TERMS.manual_ms_first)

    assert State.CLOSED is story.where()
    assert {f"{leg}/committed" for leg in (BILL, MONEY, NOTICE)} == set(posted(story))
    assert not listed(story)
    assert () == story.ask(GetCase(story.case_id)).reasons


def test_the_office_asks_slowly_and_within_bounds() -> None:
    """Twice as long each time, up to the longest pause, for as long as nobody answers."""
    story = given_up()
    pauses = []
    for _ in range(12):
        (effect,) = story.asked()
        pauses.append(effect.due_ms - story.now_ms)
        story.owed.append(effect)
        story.deaf()

    assert TERMS.manual_ms_first == pauses[0] < pauses[2]
    assert {TERMS.manual_ms_max} == set(pauses[6:])
    assert State.MANUAL is story.where()


def test_silence_of_one_question_never_makes_two_of_it() -> None:
    """A person asks in between: one chain of questions is left, not one more for each."""
    story = given_up()
    for _ in range(4):
        story.inquire()
        story.now_ms += 1
        now = [effect for effect in story.owed if effect.to == "core" and effect.due_ms == 0]
        assert 1 == len(now)
        story.owed.remove(now[0])
        story.give(PartnerSilent(story.key(MONEY)))
    story.now_ms += 2 * TERMS.manual_ms_first
    before = len(story.events)
    due = [effect for effect in story.asked() if effect.due_ms <= story.now_ms]
    for _ in due:
        story.give(PartnerSilent(story.key(MONEY)))

    assert 1 == sum(isinstance(event, InquiryLost) for event in story.events[before:])


@pytest.mark.parametrize("status", [PartnerStatus.ABORTED, PartnerStatus.UNKNOWN_KEY])
def test_a_partner_that_contradicts_stays_with_people(status: PartnerStatus) -> None:
    """What it said is noted once and shown; nobody's word is taken for another's."""
    story = given_up()
    outcome = PartnerOutcome(story.key(MONEY), status)
    story.give(outcome)
    story.give(outcome)

    assert State.MANUAL is story.where()
    assert 1 == sum(isinstance(event, LegContradicted) for event in story.events)
    (said,) = story.give(LookManual()).said
    assert (story.key(MONEY), status.value) == (said.leg, said.status)


@pytest.mark.parametrize("stage", ["prepare", "commit", "abort"])
def test_a_person_has_partners_asked_again_at_every_stage(stage: str) -> None:
    """By the same keys; what the others answered meanwhile is not forgotten."""
    story = Story("errand", rules=WITH_TOYS)
    story.file()
    silent = TERMS.inquiries_max + 1
    story.core(silent=silent if stage == "prepare" else 0, leg=NOTICE)
    if stage != "prepare":
        story.show()
    if stage == "commit":
        story.sign()
        story.core(silent=silent, leg=BILL)
    elif stage == "abort":
        story.ask(RefuseSlip(story.case_id))
        story.core(silent=silent, leg=BILL)
    assert State.MANUAL is story.where()

    assert isinstance(story.inquire(), ManualFile)
    story.core()
    ends = {"prepare": State.PREPARED, "commit": State.CLOSED, "abort": State.ABORTED}
    assert ends[stage] is story.where()
    assert code(story.inquire("nobody")) in (Code.NOT_FOUND, Code.STATE)


# Two persons.


@pytest.mark.parametrize("knows", ["prepared", "committed", "unknown", "dead"])
def test_two_persons_settle_a_leg_as_done(knows: str) -> None:
    """The partner is told: what it holds is posted; where it is silent their word counts."""
    story = given_up()
    key = story.key(MONEY)
    if knows == "committed":
        story.bank.core.ask(Commit(key, UNION))
    elif knows == "unknown":
        del story.bank.core.entries[key]
    story.take("core")
    story.settle(MONEY, DONE)
    (effect,) = story.asked()
    assert isinstance(effect.message, Commit)
    assert key == effect.message.key
    if knows == "dead":
        story.give(PartnerSilent(key))
    else:
        story.give(story.bank.core.ask(effect.message))
    if knows == "unknown":
        assert State.MANUAL is story.where(), "a contradiction is told, not overruled"
        story.settle(MONEY, DONE)
    story.core()

    assert State.CLOSED is story.where()
    assert Standing.COMMITTED is stands(story)[MONEY]
    (slip,) = story.take("slip")
    assert isinstance(slip.message, SealSlip)
    assert [True] * 3 == [result.ok for result in slip.message.results]


def test_a_word_in_a_partners_silence_is_told_until_it_is_heard() -> None:
    """The case is at its end; what the partner holds is still released when it is back."""
    story = given_up(BILL)
    story.take("biller")
    story.settle(BILL, NOT_DONE)
    story.deaf()
    wait(story, 0)
    assert State.ABORTED is story.where()
    held = story.bank.core.entries[story.key(BILL)][1]
    assert PartnerStatus.PREPARED is held.status

    story.deaf()
    wait(story, 2 * HOUR_MS)
    assert PartnerStatus.ABORTED is story.bank.core.entries[story.key(BILL)][1].status
    assert isinstance(story.events[-1], LegHeard)
    assert [] == story.asked()


def test_real_in_part_is_no_end_before_it_is_reversed() -> None:
    """The bill is paid, the money was not: settled as it is, reversed, and then undone."""
    story = given_up()
    story.take("core")
    story.settle(MONEY, NOT_DONE)
    story.answer()
    assert State.MANUAL is story.where()
    expected = {
        BILL: Standing.COMMITTED,
        MONEY: Standing.ABORTED,
        NOTICE: Standing.PREPARED,
    }
    assert expected == stands(story)

    story.settle(BILL, REVERSE)
    (effect,) = story.asked()
    assert isinstance(effect.message, Reverse)
    assert (f"{story.key(BILL)}:reversal", story.key(BILL)) == (
        effect.message.key,
        effect.message.of,
    )
    story.give(story.bank.core.ask(effect.message))
    story.core()
    assert State.ABORTED is story.where()
    assert Standing.REVERSED is stands(story)[BILL]
    assert [
        f"{BILL}/committed",
        f"{MONEY}/aborted",
        f"{BILL}:reversal/reversed",
        f"{NOTICE}/aborted",
    ] == posted(story)
    view = story.ask(GetCase(story.case_id))
    told = {result.title_zh: (result.ok, result.message) for result in view.results}
    assert {
        "电费": (False, "已冲正"),
        "扣款": (False, "经人工核定，未办理"),
    }.items() <= told.items()
    assert "人工核定" in view.reasons[0].message


def test_a_silent_reversal_is_asked_for_until_it_is_heard_and_never_doubled() -> None:
    """Under one key; done and its answer lost, it is found."""
    story = given_up()
    story.take("core")
    story.settle(MONEY, NOT_DONE)
    story.answer()
    story.settle(BILL, REVERSE)
    (effect,) = story.asked()
    story.bank.core.ask(effect.message)
    story.give(PartnerSilent(f"{story.key(BILL)}:reversal"))
    assert State.MANUAL is story.where()
    wait(story, TERMS.manual_ms_first)

    assert State.ABORTED is story.where()
    assert 1 == sum(entry.endswith("reversed") for entry in posted(story))


def test_a_refused_leg_behind_a_real_one_has_both_ways_out() -> None:
    """The partner said no: undone with a reversal, or done elsewhere and vouched for."""
    for deed, end in ((NOT_DONE, State.ABORTED), (DONE, State.CLOSED)):
        story = Story("errand", rules=WITH_TOYS)
        story.file()
        story.core()
        story.bank.core.refuses[MONEY] = NO
        story.show()
        story.sign()
        story.core()
        assert State.MANUAL is story.where()
        assert (NO,) == story.case.reasons
        story.settle(MONEY, deed)
        story.answer()
        if deed is NOT_DONE:
            story.settle(BILL, REVERSE)
        story.core()
        assert end is story.where()


def test_what_was_never_signed_is_not_done_but_can_be_reversed() -> None:
    """A partner says that it committed what nobody signed: that alone is undone."""
    story = Story("errand", rules=WITH_TOYS)
    story.file()
    story.core(silent=TERMS.inquiries_max + 1, leg=MONEY)
    key = story.key(MONEY)
    story.bank.core.ask(story.case.legs[-1].asked.request)
    story.give(story.bank.core.ask(Commit(key, UNION)))
    assert State.MANUAL is story.where()

    assert Code.STATE is code(story.say(MONEY, DONE))
    assert Code.STATE is code(story.say(MONEY, NOT_DONE))
    story.settle(MONEY, REVERSE)
    story.core()
    assert State.ABORTED is story.where()
    assert Standing.REVERSED is stands(story)[MONEY]


def test_a_wrong_word_is_found_when_the_partner_is_back_and_made_good() -> None:
    """Not done, they said; it was. The case is listed again, and its money given back."""
    story = given_up(BILL)
    story.take("biller")
    story.bank.core.ask(Commit(story.key(BILL), UNION))
    story.settle(BILL, NOT_DONE)
    story.deaf()
    story.core()
    assert State.ABORTED is story.where()
    assert listed(story)

    story.settle(BILL, REVERSE)
    story.answer()
    assert State.ABORTED is story.where()
    assert Standing.REVERSED is stands(story)[BILL]
    assert not listed(story)


def test_an_optional_leg_that_is_not_done_fails_alone() -> None:
    """Before the signature the slip says so; after it the errand is done without."""
    before = Story("errand", rules=WITH_TOYS)
    before.file()
    before.core(silent=TERMS.inquiries_max + 1, leg=NOTICE)
    before.settle(NOTICE, NOT_DONE)
    before.core()
    assert State.PREPARED is before.where()

    after = given_up(NOTICE)
    after.settle(NOTICE, NOT_DONE)
    after.core()
    assert State.CLOSED is after.where()
    assert [True, False, True] == [result.ok for result in after.case.results]


def test_a_case_that_is_being_undone_is_not_settled_as_done() -> None:
    """Its customer was told that it is undone."""
    story = Story("errand", rules=WITH_TOYS)
    story.file()
    story.core()
    story.show()
    story.ask(RefuseSlip(story.case_id))
    story.core(silent=TERMS.inquiries_max + 1, leg=MONEY)
    assert State.MANUAL is story.where()

    assert Code.STATE is code(story.say(MONEY, DONE))
    story.settle(MONEY, NOT_DONE)
    story.core()
    assert State.ABORTED is story.where()


# Who, and how.


def test_it_takes_two_persons_and_neither_is_the_operator() -> None:
    """By person, whatever staff id they use; of the highest level, and of the union."""
    story = given_up()
    alias = caller("D-0009", staff("R009", "P12", "O8"), FIRST.level)
    stranger = caller("D-0010", staff("R010", "P77", "O8"), FIRST.level)
    elsewhere = caller(
        "D-0011", type(FIRST.staff)("R011", "P78", "别处", "X1", "530999"), FIRST.level
    )

    assert Code.SELF_AUTH is code(story.say(MONEY, DONE, TELLERS_ALIAS))
    assert Code.FORBIDDEN is code(story.say(MONEY, DONE, JUNIOR_DESK))
    assert Code.FORBIDDEN is code(story.say(MONEY, DONE, elsewhere))
    assert isinstance(story.say(MONEY, DONE, FIRST), ManualFile)
    for same in (FIRST, alias):
        assert Code.SELF_AUTH is code(story.say(MONEY, DONE, same, Act.CONFIRM))
    assert Code.SELF_AUTH is code(story.say(MONEY, DONE, TELLERS_ALIAS, Act.CONFIRM))
    assert Standing.COMMITTING is stands(story)[MONEY]
    assert isinstance(story.say(MONEY, DONE, stranger, Act.CONFIRM), ManualFile)


def test_repeats_are_harmless() -> None:
    """Of a proposal, a confirmation, a withdrawal; the partner is told once."""
    story = given_up()
    story.take("core")
    story.say(MONEY, DONE)
    story.say(MONEY, DONE, FIRST, Act.WITHDRAW)
    story.say(MONEY, DONE, FIRST, Act.WITHDRAW)
    story.say(MONEY, DONE)
    before = len(story.events)
    story.say(MONEY, DONE)
    assert before == len(story.events)
    digest = story.give(LookManual()).proposals[0].digest
    for _ in range(2):
        answer = story.say(MONEY, DONE, SECOND, Act.CONFIRM, proposal=digest)
        assert isinstance(answer, ManualFile)
    story.core()

    assert 1 == sum(isinstance(event, SettlementConfirmed) for event in story.events)
    assert State.CLOSED is story.where()
    again = story.say(MONEY, DONE, SECOND, Act.CONFIRM, proposal=digest)
    assert isinstance(again, ManualFile)
    assert story.where() in FINAL_STATES


def test_a_confirmation_is_bound_to_what_was_proposed() -> None:
    """Another deed, another proposal, or none: somebody has to look again."""
    story = given_up()
    assert Code.STATE is code(story.say(MONEY, DONE, SECOND, Act.CONFIRM))
    story.say(MONEY, DONE)
    assert Code.STALE is code(story.say(MONEY, NOT_DONE, SECOND, Act.CONFIRM))
    assert Code.STALE is code(story.say(MONEY, DONE, SECOND, Act.CONFIRM, proposal=b"x" * 32))
    assert Code.STATE is code(story.say(MONEY, NOT_DONE, SECOND)), "one proposal at a time"


def test_a_word_that_does_not_count() -> None:
    """Unsigned, unreadable, somebody else's, without evidence, from the future, about no leg."""
    story = given_up()
    spoiled: list[tuple[Code, dict[str, Any]]] = [
        (Code.FORBIDDEN, {"staff_id": "R002"}),
        (Code.FORBIDDEN, {"case_id": f"{story.case_id[:-4]}0000"}),
        (Code.FORMAT, {"case_id": "another"}),
        (Code.FORBIDDEN, {"union": "530999"}),
        (Code.NOT_FOUND, {"leg": "nobody"}),
        (Code.NOT_FOUND, {"leg": f"{story.key(BILL)}:reversal"}),
        (Code.FORMAT, {"evidence": " \u200b"}),
        (Code.FORMAT, {"evidence": "长" * 501}),
        (Code.RANGE, {"said_ms": story.now_ms + 24 * HOUR_MS}),
        (Code.RANGE, {"said_ms": 0}),
    ]
    for expected, changes in spoiled:
        assert expected is code(story.say(MONEY, DONE, **changes)), changes
    assert Code.FORMAT is code(story.give(SettleLeg(FIRST, b"\xc1", b"")))
    word = b"\x80"
    assert code(story.give(SettleLeg(FIRST, word, b"0" * 64))) in (Code.FORMAT, Code.FORBIDDEN)
    assert Code.STATE is code(story.say(BILL, DONE)), "its partner has answered"
    assert Code.STATE is code(story.say(BILL, REVERSE)), "what is open is settled first"
    assert Code.STATE is code(story.say(NOTICE, REVERSE)), "nothing was done"
    assert not [event for event in story.events if isinstance(event, LegAnswered) and event.unheard]


def test_a_word_that_reads_two_ways_counts_for_nothing() -> None:
    """Signed with the right key, and both done and not done in it."""
    story = given_up()
    money = story.key(MONEY)
    right = encode(
        Word(
            union=UNION,
            case_id=story.case_id,
            leg=money,
            act=Act.PROPOSE,
            deed=DONE,
            evidence="已电话核实",
            staff_id=FIRST.staff.staff_id,
            said_ms=story.now_ms,
        )
    )
    twice = bytes([right[0] + 1]) + encode("deed") + encode(Deed.NOT_DONE) + right[1:]
    signed = keys(FIRST.device).sign(SETTLEMENT, twice)

    assert Code.FORMAT is code(story.give(SettleLeg(FIRST, twice, signed)))
    signed = keys(FIRST.device).sign(SETTLEMENT, right)
    assert not isinstance(story.give(SettleLeg(FIRST, right, signed)), Refusal)


def test_only_what_was_given_up_is_settled() -> None:
    """Neither what is under way nor what is over."""
    story = Story()
    story.to_state(State.COMMITTING)
    for _ in range(2):
        for deed in Deed:
            assert Code.STATE is code(story.say("", deed))
        assert Code.STATE is code(story.inquire())
        story.core()
        story.deliver()
    assert State.CLOSED is story.where()
    assert story.give(FileCase(story.case.filed)).deliver
    assert not any(isinstance(effect.message, Abort) for effect in story.owed)
