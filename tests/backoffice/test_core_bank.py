"""The embedded core: one key, one outcome, one group for each step, whatever comes again or late.

The stories say what the core is for; the random days at the end hold it to its promises under
repeated, changed, overtaking and contradictory requests.
"""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.partners.core import (
    Abort,
    ActivateCard,
    Commit,
    CoreOutcome,
    CoreRequest,
    CoreStatus,
    Customer,
    Inquire,
    IssueCard,
    Operation,
    Prepare,
)
from backoffice.partners.core_bank import (
    CARDS_PER_PERSON_MAX,
    PIN_FAULTS_MAX,
    CoreBank,
    CoreEvent,
    CorePolicy,
    CoreState,
    posting_group,
)
from backoffice.partners.ledger import (
    BLANK_CARD_FEN,
    PostingGroup,
    blank_cards,
    issued_cards,
    reserved_cards,
    spoiled_cards,
    trial_balance,
)
from tests.kit.played import Played
from wire.masked import IdNumber, Pan, Phone
from wire.message import Code, Refusal

UNION = "530102"
PHONE = Phone("13800138000")
RIGHT, WRONG = b"right".ljust(32), b"wrong".ljust(32)

Core = Played[CoreState, CoreRequest, CoreEvent]


def core(policy: CorePolicy | None = None) -> Core:
    return Played(CoreBank(policy), UNION)


def person(number: int = 0) -> Customer:
    return Customer(IdNumber(f"53010219900101{number:04}"), f"客户{number}")


def pan(number: int = 0, prefix: str = "621700") -> Pan:
    return Pan(f"{prefix}{number:013}")


def issue(card: int = 0, who: int = 0, account_class: str = "II") -> IssueCard:
    return IssueCard(person(who), pan(card), PHONE, account_class, RIGHT)


def activate(card: int = 0, who: int = 0, pin: bytes = RIGHT) -> ActivateCard:
    return ActivateCard(person(who), pan(card), pin)


def prepare(bank: Core, key: str, operation: Operation) -> CoreOutcome:
    outcome = bank.ask(Prepare(key, UNION, operation))
    assert isinstance(outcome, CoreOutcome), outcome
    return outcome


def issued(bank: Core, card: int = 0, who: int = 0, account_class: str = "II") -> None:
    assert (
        CoreStatus.PREPARED
        is prepare(bank, f"issue {card}", issue(card, who, account_class)).status
    )
    assert CoreStatus.COMMITTED is bank.ask(Commit(f"issue {card}", UNION)).status


def groups(bank: Core) -> list[PostingGroup]:
    return [group for event in bank.events if (group := posting_group(event)) is not None]


def declined(bank: Core, key: str, operation: Operation) -> Refusal:
    outcome = prepare(bank, key, operation)
    assert CoreStatus.DECLINED is outcome.status
    assert outcome.refusal is not None
    return outcome.refusal


def test_a_card_is_issued_and_activated() -> None:
    """Reserved from stock, real after the commit, active after one right PIN."""
    bank = core()

    outcome = prepare(bank, "k1", issue())
    assert CoreStatus.PREPARED is outcome.status
    assert {"account": "530102****0001", "card": pan().masked} == outcome.facts
    assert "INACTIVE" == bank.state.cards[pan().digits].state
    assert CoreStatus.COMMITTED is bank.ask(Commit("k1", UNION)).status
    assert "ISSUED" == bank.state.cards[pan().digits].state
    assert CoreStatus.PREPARED is prepare(bank, "k2", activate()).status
    assert CoreStatus.COMMITTED is bank.ask(Commit("k2", UNION)).status

    assert "ACTIVE" == bank.state.cards[pan().digits].state
    assert ["k1/prepare", "k1/commit"] == [group.key for group in groups(bank)]
    assert Code.DUPLICATE is declined(bank, "k3", activate()).code


def test_an_aborted_issue_spoils_the_card() -> None:
    """The customer does not want it after all: the card returns to the count, never into a hand."""
    bank = core()
    prepare(bank, "k", issue())

    assert CoreStatus.ABORTED is bank.ask(Abort("k", UNION)).status

    assert "VOID" == bank.state.cards[pan().digits].state
    assert BLANK_CARD_FEN == trial_balance(groups(bank))[spoiled_cards(UNION)]
    assert Code.DUPLICATE is declined(bank, "k2", issue()).code
    assert Code.CORE_DECLINED is declined(bank, "k3", activate()).code
    assert CoreStatus.ABORTED is bank.ask(Commit("k", UNION)).status, "too late"


def test_a_repeated_request_gets_the_stored_answer() -> None:
    """For ever, at every stage, without a second event."""
    bank = core()
    request = Prepare("k", UNION, issue())
    answers = [bank.ask(request), bank.ask(request)]
    assert answers[0] == answers[1]
    bank.ask(Commit("k", UNION))
    known = bank.ask(Commit("k", UNION))
    before = len(bank.events)

    assert (
        known == bank.ask(request) == bank.ask(Inquire("k", UNION)) == bank.ask(Abort("k", UNION))
    )
    assert CoreStatus.COMMITTED is known.status
    assert before == len(bank.events) == 2


def test_another_request_under_a_known_key_is_refused() -> None:
    """A key stands for one request; nothing happens, the first outcome stands."""
    bank = core()
    outcome = prepare(bank, "k", issue(0))

    refusal = bank.ask(Prepare("k", UNION, issue(1)))

    assert isinstance(refusal, Refusal)
    assert Code.KEY_CONFLICT is refusal.code
    assert outcome == bank.ask(Inquire("k", UNION))
    assert pan(1).digits not in bank.state.cards


def test_an_abort_that_overtakes_its_prepare_spends_the_key() -> None:
    """The late PREPARE finds it aborted and reserves nothing."""
    bank = core()
    assert CoreStatus.UNKNOWN_KEY is bank.ask(Inquire("k", UNION)).status
    assert CoreStatus.UNKNOWN_KEY is bank.ask(Commit("k", UNION)).status
    assert CoreStatus.ABORTED is bank.ask(Abort("k", UNION)).status

    assert CoreStatus.ABORTED is prepare(bank, "k", issue()).status
    assert {} == bank.state.cards
    assert [] == groups(bank)


def test_who_may_hold_which_cards() -> None:
    """One class-I account, four cards, stock of this union only; a void card does not count."""
    bank = core(CorePolicy(stock_prefixes=("621700", "621701")))
    issued(bank, 0, account_class="I")
    assert "account_class" == declined(bank, "again", issue(9, account_class="I")).field
    for card in range(1, CARDS_PER_PERSON_MAX):
        issued(bank, card)
    assert Code.LIMIT is declined(bank, "fifth", issue(8)).code
    assert CoreStatus.PREPARED is prepare(bank, "other", issue(7, who=1, account_class="I")).status
    bank.ask(Abort("other", UNION))
    assert CoreStatus.PREPARED is prepare(bank, "anew", issue(6, who=1, account_class="I")).status

    stray = IssueCard(person(2), pan(0, "621799"), PHONE, "II", RIGHT)
    assert Code.CORE_DECLINED is declined(bank, "stray", stray).code
    assert Code.ID_MISMATCH is declined(bank, "stranger", activate(0, who=5)).code
    assert Code.CORE_DECLINED is declined(bank, "early", activate(6, who=1)).code


def test_three_wrong_pins_lock_a_card() -> None:
    """Each under a key of its own; a repeat of the same try does not count, a right PIN resets."""
    bank = core()
    issued(bank)
    for n in range(PIN_FAULTS_MAX - 1):
        assert Code.PIN is declined(bank, f"wrong {n}", activate(pin=WRONG)).code
        assert Code.PIN is declined(bank, f"wrong {n}", activate(pin=WRONG)).code
    prepare(bank, "right", activate())
    bank.ask(Abort("right", UNION))
    assert 0 == bank.state.cards[pan().digits].pin_faults

    words = [
        declined(bank, f"again {n}", activate(pin=WRONG)).message for n in range(PIN_FAULTS_MAX)
    ]

    assert ["密码错误，还可尝试2次", "密码错误，还可尝试1次", "密码连续错误，该卡已锁定"] == words
    assert "LOCKED" == bank.state.cards[pan().digits].state
    assert Code.CORE_DECLINED is declined(bank, "late", activate()).code


def test_a_locked_card_stays_locked() -> None:
    """Even when an activation that was prepared before is committed after."""
    bank = core()
    issued(bank)
    prepare(bank, "right", activate())
    for n in range(PIN_FAULTS_MAX):
        declined(bank, f"wrong {n}", activate(pin=WRONG))

    assert CoreStatus.COMMITTED is bank.ask(Commit("right", UNION)).status
    assert "LOCKED" == bank.state.cards[pan().digits].state


def test_no_number_shows_where_somebody_may_read() -> None:
    """Neither in a repr nor in what a slip or a console gets."""
    bank = core()
    outcome = prepare(bank, "k", issue())
    shown = f"{issue()!r} {activate()!r} {person()!r} {outcome!r} {CoreBank().inspect(bank.state)}"

    assert pan().digits not in shown
    assert person().number.number not in shown


KEYS = st.sampled_from(["k0", "k1", "k2", "k3", "k4"])
OPERATIONS = st.one_of(
    st.builds(issue, st.integers(0, 3), st.integers(0, 1), st.sampled_from(["I", "II"])),
    st.builds(activate, st.integers(0, 3), st.integers(0, 1), st.sampled_from([RIGHT, WRONG])),
)
REQUESTS = st.one_of(
    st.builds(Prepare, KEYS, st.just(UNION), OPERATIONS),
    st.builds(Commit, KEYS, st.just(UNION)),
    st.builds(Abort, KEYS, st.just(UNION)),
    st.builds(Inquire, KEYS, st.just(UNION)),
)
MOVES = {
    CoreStatus.UNKNOWN_KEY: set(CoreStatus),
    CoreStatus.PREPARED: {CoreStatus.PREPARED, CoreStatus.COMMITTED, CoreStatus.ABORTED},
    CoreStatus.COMMITTED: {CoreStatus.COMMITTED},
    CoreStatus.ABORTED: {CoreStatus.ABORTED},
    CoreStatus.DECLINED: {CoreStatus.DECLINED},
}
"""Where the outcome under a key may go with one request."""


def _outcomes(bank: Core) -> dict[str, CoreOutcome]:
    return {f"k{n}": bank.ask(Inquire(f"k{n}", UNION)) for n in range(5)}


def _in_order(bank: Core) -> None:
    """What must hold after any request: I2, I3 and I15."""
    posted = groups(bank)
    assert {1} >= set(Counter(group.key for group in posted).values())
    balance = trial_balance(posted)
    assert 0 == sum(balance.values())
    states = Counter(card.state for card in bank.state.cards.values())
    in_hand = sum(states.values()) - states["INACTIVE"] - states["VOID"]
    for account, cards in (
        (blank_cards(UNION), -sum(states.values())),
        (reserved_cards(UNION), states["INACTIVE"]),
        (issued_cards(UNION), in_hand),
        (spoiled_cards(UNION), states["VOID"]),
    ):
        assert cards * BLANK_CARD_FEN == balance.get(account, 0), account


@settings(max_examples=150, deadline=None)
@given(st.lists(REQUESTS, max_size=25))
def test_a_random_day(requests: list[CoreRequest]) -> None:
    """Never two groups for one key, never another outcome than the first, and stock that adds up.

    Every request comes twice, as it does when an answer is lost.
    """
    bank = core()
    asked: dict[str, Operation] = {}
    for request in requests:
        before = _outcomes(bank)
        answer = bank.ask(request)
        events = len(bank.events)
        again = bank.ask(request)

        assert answer == again
        assert events == len(bank.events), "a repeat changes nothing"
        after = _outcomes(bank)
        for key, outcome in before.items():
            assert after[key].status in MOVES[outcome.status]
            assert key == request.key or outcome == after[key], "a key is moved by its own requests"
        if isinstance(request, Prepare) and not isinstance(answer, Refusal):
            spent = answer.status is CoreStatus.ABORTED
            assert spent or asked.setdefault(request.key, request.operation) == request.operation
        if isinstance(answer, Refusal):
            assert Code.KEY_CONFLICT is answer.code
        _in_order(bank)
    rest = msgspec.msgpack.encode(bank.state)
    assert bank.state == msgspec.msgpack.decode(rest, type=CoreState), "a snapshot is the state"
