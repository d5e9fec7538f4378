"""Any sequence of commands, repeated and interleaved as it likes, keeps what must always hold.

`Story.check` runs after every commit: legal path, one operation per key, no commit before the
signature, the approvals that the level asks for by people who are not the operator, the queue's
document, and a replay that gives the same case. Businesses of one leg, of several, and of none.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backoffice.cases.commands import FileCase, PartnerSilent, Release, Renew
from backoffice.cases.conversation import STAGES
from backoffice.cases.events import (
    LeaseDue,
    PatienceEnded,
    SettlementConfirmed,
    SlipDue,
    Standing,
)
from backoffice.cases.legs import OPEN
from backoffice.cases.terms import TERMS
from backoffice.partners.port import PartnerStatus
from tests.backoffice.case_story import (
    DESK,
    FIRST,
    OTHER_TERMINAL,
    SECOND,
    SECOND_DESK,
    TELLERS_ALIAS,
    Bank,
    FakeCore,
    Story,
)
from tests.backoffice.toys import BILL, MONEY, NOTICE
from tests.backoffice.toys import RULES as WITH_TOYS
from tests.kit import submissions as make
from tests.kit.partners import leg_key
from wire.case_state import FINAL_STATES, State
from wire.checks import Area
from wire.codec import decode
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.case import CancelCase, GetCase, RefuseSlip, Submission
from wire.messages.settlement import Act, Deed

PEOPLE = st.sampled_from([DESK, SECOND_DESK, TELLERS_ALIAS])
SAID: list[tuple[desk.Verdict, desk.Reason | None]] = [
    (desk.Verdict.APPROVE, None),
    (desk.Verdict.APPROVE, None),
    (desk.Verdict.RETURN, desk.Reason.IMAGE_UNCLEAR),
    (desk.Verdict.REJECT, desk.Reason.NOT_PERMITTED),
]
VERDICTS = st.sampled_from(SAID)
NIGHT_MS = 19 * 3_600_000
"""From late in the evening, when stories begin, to after the desk's next working day."""

REMINDERS = [LeaseDue(), PatienceEnded(), SlipDue()]
ELSEWHERE = Area(0, 0, 1, 1)
BUSINESSES = ["debit_card", "card_activation", "errand", "wishes", "gift", "referral", "street"]
LEGS = ["", BILL, MONEY, NOTICE, "mobile"]
NO = Refusal(Code.CORE_DECLINED, "不予受理。")


class CaseMachine(RuleBasedStateMachine):
    """One case, partners that may refuse, or lose requests and answers, and people in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.seen: list[desk.CaseFile] = []
        self.ended: State | None = None

    @initialize(
        product=st.sampled_from(BUSINESSES),
        age=st.sampled_from([35, 70]),
        far=st.booleans(),
        declined=st.sets(st.sampled_from(LEGS), max_size=2),
        refused=st.sets(st.sampled_from(LEGS), max_size=2),
    )
    def begin(
        self, product: str, age: int, far: bool, declined: set[str], refused: set[str]
    ) -> None:
        core = FakeCore(declines=dict.fromkeys(declined, NO), refuses=dict.fromkeys(refused, NO))
        self.story = Story(product, bank=Bank(core), rules=WITH_TOYS)
        self.holder = make.person(0, age=age)
        self.facts: dict[str, Any] = {"area": ELSEWHERE} if far else {}

    @rule()
    def submit_the_next_revision(self) -> None:
        revision = len(self.story.case.digests) + 1
        if revision <= 6:
            submission = self.story.submission(self.story.values(self.holder), revision)
            self.story.file(submission, **self.facts)

    @rule(change=st.booleans())
    @precondition(lambda self: self.story.case.intake is not None)
    def submit_again(self, change: bool) -> None:
        before = len(self.story.events)
        last = decode(Submission, self.story.case.filed.submission)
        if change:
            last = msgspec.structs.replace(last, captured_ms=last.captured_ms - 1)
        answer = self.story.intake(last, **self.facts)
        if not isinstance(answer, tuple):
            self.story.give(FileCase(answer))
        assert before == len(self.story.events), "a repeat changes nothing"

    @rule(steps=st.integers(1, 9))
    def go_on(self, steps: int) -> None:
        """What people and the core would do next; without it, chance alone seldom gets far."""
        story = self.story
        for _ in range(steps):
            match story.where():
                case State.DRAFT | State.AUTH_RETURNED:
                    self.submit_the_next_revision()
                case State.AUTH_QUEUED:
                    for who in (DESK, SECOND_DESK):
                        self.claim(who, 0)
                case State.AUTH_CLAIMED if story.case.claim is not None:
                    held = story.case.claim
                    who = DESK if held.device == DESK.device else SECOND_DESK
                    self.claim(who, 1)
                    self.judge(who, (desk.Verdict.APPROVE, None), 0)
                case State.PREPARED:
                    story.show()
                case State.SLIP_SHOWN:
                    story.sign()
                case State.COMMITTED:
                    self.deliver()
                case State.MANUAL:
                    story.inquire()
                    self.core_answers_one("")
                case _:
                    self.core_answers_one("")

    @rule(who=PEOPLE, salt=st.integers(0, 3))
    def claim(self, who: Any, salt: int) -> None:
        answer = self.story.claim(who, bytes([salt]) * 16)
        if isinstance(answer, desk.CaseFile):
            self.seen.append(answer)

    @rule(who=PEOPLE)
    def renew(self, who: Any) -> None:
        self.story.give(Renew(who))

    @rule(who=PEOPLE)
    def release(self, who: Any) -> None:
        self.story.give(Release(who))

    @rule(who=PEOPLE, verdict=VERDICTS, which=st.integers(0, 3))
    def judge(self, who: Any, verdict: Any, which: int) -> None:
        """On what was seen last, or on something seen long ago."""
        if not self.seen:
            return
        seen = self.seen[-1 - which % len(self.seen)]
        said, reason = verdict
        self.story.judge(seen, said, reason, who)

    @rule(who=PEOPLE, verdict=VERDICTS)
    def claim_and_judge(self, who: Any, verdict: Any) -> None:
        self.claim(who, 2)
        self.judge(who, verdict, 0)

    @rule(lost=st.sampled_from(["", "request", "answer"]))
    def core_answers_one(self, lost: str) -> None:
        """The rest wait behind it; a lost answer is one that the core has given to nobody."""
        effects = self.story.asked()
        for index, effect in enumerate(effects):
            if index:
                self.story.owed.append(effect)
                continue
            self.story.now_ms = max(self.story.now_ms, effect.due_ms)
            unknown = PartnerSilent(leg_key(effect))
            answer = None if lost == "request" else self.story.bank.core.ask(effect.message)
            self.story.give(unknown if lost or answer is None else answer)

    @rule(which=st.integers(0, 2))
    def core_says_again_what_it_said(self, which: int) -> None:
        """Only what is true: a late copy of a stored outcome."""
        entries = list(self.story.bank.core.entries.values())
        if entries:
            self.story.give(entries[which % len(entries)][1])

    @rule()
    def show(self) -> None:
        self.story.show()

    @rule(seed=st.integers(0, 1))
    def sign(self, seed: int) -> None:
        self.story.sign(seed)

    @rule()
    def change_mind(self) -> None:
        self.story.ask(RefuseSlip(self.story.case_id))

    @rule()
    def cancel(self) -> None:
        self.story.ask(CancelCase(self.story.case_id, "客户离开"))

    @precondition(lambda self: self.story.case.intake is not None)
    @rule()
    def deliver(self) -> None:
        if self.story.product.delivers:
            self.story.deliver()

    @rule()
    def a_stranger_looks(self) -> None:
        assert self.story.ask(GetCase(self.story.case_id), OTHER_TERMINAL).code == "E_NOT_FOUND"

    @rule(ms=st.sampled_from([1_000, TERMS.lease_ms, NIGHT_MS, TERMS.prepared_ms]))
    def time_passes(self, ms: int) -> None:
        self.story.now_ms += ms
        self.story.remind()

    @rule(reminder=st.sampled_from(REMINDERS))
    def a_reminder_comes_for_nothing(self, reminder: Any) -> None:
        self.story.give(reminder)

    @rule(
        who=st.sampled_from([FIRST, SECOND, TELLERS_ALIAS]),
        act=st.sampled_from(Act),
        deed=st.sampled_from(Deed),
        leg=st.sampled_from(LEGS),
    )
    @precondition(lambda self: self.story.case.intake is not None)
    def settle(self, who: Any, act: Act, deed: Deed, leg: str) -> None:
        """Anybody may say anything about any leg."""
        self.story.say(leg, deed, who, act)

    @rule()
    def settle_the_next(self) -> None:
        """Two persons say what the partner's books truly say of the first leg that is open."""
        story = self.story
        if story.where() is not State.MANUAL:
            return
        waiting = [leg for leg in story.case.legs if leg.open]
        real = [leg for leg in story.case.legs if leg.standing is Standing.COMMITTED]
        for leg in (waiting or real)[:1]:
            _, stored = story.bank.core.entries.get(leg.key, (None, None))
            done = stored is not None and stored.status is PartnerStatus.COMMITTED
            fit = story.case.signed is not None and leg.standing is Standing.COMMITTING
            deed = (Deed.DONE if fit else Deed.REVERSE) if done else Deed.NOT_DONE
            self.say_twice(leg.key, Deed.REVERSE if not waiting else deed)

    @rule()
    def make_good_the_next(self) -> None:
        """Two persons say that they made good elsewhere what its partner does not reverse."""
        for leg in self.story.case.legs:
            if leg.known_real and (leg.reversals or leg.word is not None):
                self.say_twice(leg.key, Deed.NOT_DONE)
                return

    def say_twice(self, key: str, deed: Deed) -> None:
        """As two persons who agree would."""
        story = self.story
        if any(leg.proposed is not None for leg in story.case.legs if leg.key == key):
            story.say(key, deed, FIRST, Act.WITHDRAW)
        story.say(key, deed, FIRST)
        story.say(key, deed, SECOND, Act.CONFIRM)

    @rule()
    @precondition(lambda self: self.story.case.intake is not None)
    def inquire(self) -> None:
        self.story.inquire()

    @invariant()
    def what_is_final_stays(self) -> None:
        if self.ended is not None:
            assert self.ended is self.story.where()
        elif self.story.where() in FINAL_STATES:
            self.ended = self.story.where()

    @invariant()
    def each_key_posts_once_and_only_what_is_signed(self) -> None:
        posted = self.story.bank.core.posted
        keys = [entry.partition("/")[0] for entry in posted]
        assert len(keys) == len(set(keys))
        if any(entry.endswith("committed") for entry in posted):
            assert self.story.case.signed is not None

    @invariant()
    def all_that_is_essential_is_real_or_nothing_is(self) -> None:
        """Unless a person took it upon themselves."""
        story, legs = self.story, self.story.case.legs
        if any(isinstance(event, SettlementConfirmed) for event in story.events):
            return
        done = [entry for entry in story.bank.core.posted if entry.endswith("/committed")]
        if story.where() in (State.ABORTED, State.DECLINED):
            assert [] == done
        if story.where() is State.CLOSED:
            real = {leg.key for leg in legs if leg.standing is Standing.COMMITTED}
            assert {f"{key}/committed" for key in real} == set(done)
            assert {leg.key for leg in legs if not leg.optional} <= real
            assert bool(real) == story.product.signed

    @invariant()
    def every_open_question_is_owed(self) -> None:
        """A leg that the case waits for has a request under way: the case can go on.

        So has one that was given up, until its partner says what people must decide.
        """
        legs, owed = self.story.case.legs, self.story.owed
        asked = {getattr(effect.message, "key", "") for effect in owed}
        asked |= {key.partition(":reversal")[0] for key in asked}
        stage = STAGES.get(self.story.where())
        if stage is not None:
            waits = {leg.key for leg in legs if leg.standing is OPEN[stage]}
            assert waits
            assert waits <= asked
        told = {leg.key for leg in legs if leg.word is not None or leg.unheard}
        assert told <= asked
        if self.story.where() is State.MANUAL and not told:
            assert {leg.key for leg in legs if leg.open and leg.said is None} <= asked

    @invariant()
    def nothing_is_given_back_twice_and_nobody_told(self) -> None:
        """What two persons made good no partner reverses, or people still hear of it."""
        for leg in self.story.case.legs:
            undone = f"{leg.reversal_key}/reversed" in self.story.bank.core.posted
            if undone and leg.standing is Standing.MADE_GOOD:
                assert leg.unheard or leg.twice

    @invariant()
    def what_failed_owns_nothing_but_a_spent_card(self) -> None:
        if self.story.where() in FINAL_STATES - {State.CLOSED}:
            scopes = {scope for scope, _ in self.story.bank.owners}
            assert scopes <= ({"card"} if self.story.where() is State.ABORTED else set())


def random_life(seed: int, steps: int = 60) -> CaseMachine:
    """Seeded steps, half of them what would naturally come next."""
    dice = random.Random(seed)
    machine = CaseMachine()
    product = dice.choice(["debit_card", "debit_card", "debit_card", *BUSINESSES])
    declined = set(dice.sample(LEGS, dice.choice([0, 0, 0, 1])))
    refused = set(dice.sample([BILL, MONEY, NOTICE], dice.choice([0, 1, 1])))
    machine.begin(product, dice.choice([35, 70]), dice.random() < 0.3, declined, refused)
    people = [DESK, SECOND_DESK, TELLERS_ALIAS]
    strange: list[Callable[[], None]] = [
        machine.submit_the_next_revision,
        lambda: machine.claim(dice.choice(people), dice.randrange(4)),
        lambda: machine.renew(dice.choice(people)),
        lambda: machine.release(dice.choice(people)),
        lambda: machine.judge(dice.choice(people), dice.choice(SAID), dice.randrange(4)),
        lambda: machine.claim_and_judge(dice.choice(people), dice.choice(SAID)),
        lambda: machine.claim_and_judge(DESK, dice.choice(SAID)),
        lambda: machine.core_answers_one(dice.choice(["", "request", "answer"])),
        lambda: machine.core_answers_one(dice.choice(["request", "answer"])),
        lambda: machine.core_says_again_what_it_said(dice.randrange(3)),
        machine.show,
        lambda: machine.sign(dice.randrange(2)),
        machine.change_mind,
        lambda: machine.time_passes(dice.choice([1_000, TERMS.lease_ms, 3_600_000, NIGHT_MS])),
        lambda: machine.a_reminder_comes_for_nothing(dice.choice(REMINDERS)),
        machine.inquire,
        machine.settle_the_next,
        machine.make_good_the_next,
    ]
    for _ in range(steps):
        if dice.random() < 0.5:
            machine.go_on(1)
        else:
            dice.choice(strange)()
        machine.what_is_final_stays()
        machine.each_key_posts_once_and_only_what_is_signed()
        machine.all_that_is_essential_is_real_or_nothing_is()
        machine.every_open_question_is_owed()
        machine.nothing_is_given_back_twice_and_nobody_told()
        machine.what_failed_owns_nothing_but_a_spent_card()
    return machine


def test_random_lives_visit_every_state_and_break_nothing() -> None:
    """Two hundred seeds; a failure names its seed in the traceback's locals."""
    visited: set[State] = set()
    for seed in range(200):
        machine = random_life(seed)
        visited |= {step.state for step in machine.story.case.steps}

    assert set(State) - {State.CANCELLED} <= visited


TestCase = CaseMachine.TestCase
TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_whatever_has_happened_the_case_can_be_brought_to_its_end(seed: int) -> None:
    """After any life: what is natural now, often enough, and a person where one is asked for."""
    machine = random_life(seed)
    machine.story.bank.core.refuses = {}
    for _ in range(200):
        if machine.story.where() in FINAL_STATES:
            break
        machine.go_on(1)
        if machine.story.where() is State.MANUAL:
            machine.settle_the_next()

    assert machine.story.where() in FINAL_STATES


@given(silent=st.integers(0, 5), seed=st.integers(0, 50), give_up=st.booleans())
@settings(max_examples=40, deadline=None)
def test_after_faults_heal_every_case_reaches_an_end(silent: int, seed: int, give_up: bool) -> None:
    """Liveness (I13): whatever was lost, the reminders and inquiries bring it home."""
    story = Story(seed=seed)
    story.to_state(State.PREPARING)
    story.core(silent=silent)
    if give_up:
        story.now_ms += TERMS.prepared_ms
        story.remind()
    else:
        story.show()
        story.sign()
    story.core(silent=silent)
    if not give_up:
        story.deliver()

    assert story.where() in FINAL_STATES
    assert 1 == len(story.bank.core.posted)
