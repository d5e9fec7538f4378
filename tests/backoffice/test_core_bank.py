"""The embedded core: one key, one outcome, one group for each step, whatever comes again or late.

The stories say what the core is for; the random days at the end hold it to its promises under
repeated, changed, overtaking and contradictory requests.
"""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.durable.persistent import from_plain, to_plain
from backoffice.partners.core_accounts import Allotment, CorePolicy, CoreState
from backoffice.partners.core_bank import CoreBank
from backoffice.partners.embedded import PartnerCommand, PartnerEvent, posting_group
from backoffice.partners.ledger import (
    BLANK_CARD_FEN,
    PostingGroup,
    available_funds,
    blank_cards,
    clearing,
    delivered_cards,
    foreign_cards,
    held_funds,
    issued_cards,
    reserved_cards,
    spoiled_cards,
    training_funds,
    trial_balance,
)
from backoffice.partners.operations import (
    ActivateCard,
    Customer,
    HoldFunds,
    IssueCard,
    Operation,
    SignUp,
)
from backoffice.partners.port import (
    Abort,
    Commit,
    Inquire,
    PartnerOutcome,
    PartnerRequest,
    PartnerStatus,
    Prepare,
)
from backoffice.partners.queries import CardsToActivate, Found, Look
from tests.kit.played import Played
from wire.codec import encode
from wire.masked import IdNumber, Pan, Phone
from wire.message import Code, Refusal

UNION = "530102"
PHONE = Phone("13800138000")
RIGHT, WRONG = b"right".ljust(32), b"wrong".ljust(32)
TERMINAL, OTHER = "T-0001", "T-0002"
POLICY = CorePolicy(
    allotments=(
        Allotment("621700000000000000", "621700000000000099", terminal=TERMINAL),
        Allotment("621700000000000100", "621700000000000109", terminal=OTHER),
    )
)
PIN_FAULTS_MAX, CARDS_PER_PERSON_MAX = POLICY.pin_faults_max, POLICY.cards_per_person_max
OPENING = POLICY.opening_fen

Core = Played[CoreState, PartnerCommand, PartnerEvent]


def core(policy: CorePolicy | None = None, *, training: bool = False) -> Core:
    return Played(CoreBank(policy or POLICY, training=training), UNION)


def person(number: int = 0) -> Customer:
    return Customer(IdNumber(f"53010219900101{number:04}"), f"客户{number}")


def pan(number: int = 0, prefix: str = "621700") -> Pan:
    return Pan(f"{prefix}{number:013}")


def issue(card: int = 0, who: int = 0, account_class: str = "II") -> IssueCard:
    return IssueCard(person(who), TERMINAL, pan(card), PHONE, account_class, RIGHT)


def activate(card: int = 0, who: int = 0, pin: bytes = RIGHT) -> ActivateCard:
    return ActivateCard(person(who), pan(card), pin)


def hold(fen: int = 100, card: int = 0, who: int = 0, pin: bytes = RIGHT) -> HoldFunds:
    return HoldFunds(person(who), pan(card), pin, fen, "biller/power", "电费")


def sign_up(service: str = "sms_notice", card: int = 0, who: int = 0, pin: bytes = RIGHT) -> SignUp:
    return SignUp(person(who), pan(card), pin, service, PHONE, 0)


def prepare(bank: Core, key: str, operation: Operation) -> PartnerOutcome:
    outcome = bank.ask(Prepare(key, UNION, operation))
    assert isinstance(outcome, PartnerOutcome), outcome
    return outcome


def issued(bank: Core, card: int = 0, who: int = 0, account_class: str = "II") -> None:
    assert (
        PartnerStatus.PREPARED
        is prepare(bank, f"issue {card}", issue(card, who, account_class)).status
    )
    assert PartnerStatus.COMMITTED is bank.ask(Commit(f"issue {card}", UNION)).status


def active(bank: Core, card: int = 0, who: int = 0) -> str:
    """An issued card that was activated, and its account."""
    issued(bank, card, who)
    prepare(bank, f"activate {card}", activate(card, who))
    bank.ask(Commit(f"activate {card}", UNION))
    return bank.state.cards[pan(card).digits].account


def groups(bank: Core) -> list[PostingGroup]:
    return [group for event in bank.events if (group := posting_group(event)) is not None]


def declined(bank: Core, key: str, operation: Operation) -> Refusal:
    outcome = prepare(bank, key, operation)
    assert PartnerStatus.DECLINED is outcome.status
    assert outcome.refusal is not None
    return outcome.refusal


def test_a_card_is_issued_and_activated() -> None:
    """Reserved from stock, real after the commit, active after one right PIN."""
    bank = core()

    outcome = prepare(bank, "k1", issue())
    assert PartnerStatus.PREPARED is outcome.status
    assert {"account": "530102****0001", "card": pan().masked} == outcome.facts
    assert "INACTIVE" == bank.state.cards[pan().digits].state
    assert PartnerStatus.COMMITTED is bank.ask(Commit("k1", UNION)).status
    assert "ISSUED" == bank.state.cards[pan().digits].state
    assert PartnerStatus.PREPARED is prepare(bank, "k2", activate()).status
    assert PartnerStatus.COMMITTED is bank.ask(Commit("k2", UNION)).status

    assert "ACTIVE" == bank.state.cards[pan().digits].state
    assert ["k1/prepare", "k1/commit"] == [group.key for group in groups(bank)]
    assert Code.DUPLICATE is declined(bank, "k3", activate()).code


def awaiting(bank: Core, card: int = 0, who: int = 0) -> Found:
    """What the core says of a card that was read with a person's ID card."""
    found = bank.ask(Look(UNION, CardsToActivate(person(who).number, pan(card))))
    assert isinstance(found, Found), found
    return found


def test_a_card_waits_to_be_activated_from_the_day_it_was_handed_out() -> None:
    """The date is the commit's, not the reservation's; no number is in what is listed."""
    bank = core()
    bank.now_ms = 1_000
    prepare(bank, "k", issue())
    assert "该卡尚未发出，不能激活。" == awaiting(bank).note
    bank.now_ms = 1_748_736_000_000
    bank.ask(Commit("k", UNION))

    (item,) = awaiting(bank).items
    assert {"issued_ms": "1748736000000", "by_proxy": "0"} == item.facts
    assert f"{pan().masked}@2025-06-01" == item.code
    assert "2025-06-01发出，待激活" == item.title_zh
    assert "" == awaiting(bank).note
    assert pan().digits not in str(encode(item))


def test_what_does_not_wait_to_be_activated_says_why() -> None:
    """Nobody's, somebody else's, active already, locked: nothing is listed, and a sentence."""
    bank = core()
    active(bank, 0)
    issued(bank, 1)
    for number in range(PIN_FAULTS_MAX):
        declined(bank, f"wrong {number}", activate(1, pin=WRONG))
    issued(bank, 2)
    prepare(bank, "void", issue(3, 1))
    bank.ask(Abort("void", UNION))

    assert {
        (4, 0): "该卡尚未发出，不能激活。",
        (3, 1): "该卡尚未发出，不能激活。",
        (2, 1): "该卡不是本人的卡，不能激活。",
        (1, 0): "该卡密码已锁定，请到柜面办理。",
        (0, 0): "该卡已激活，无需再次办理。",
    } == {
        (card, who): awaiting(bank, card, who).note
        for card, who in ((4, 0), (3, 1), (2, 1), (1, 0), (0, 0))
        if not awaiting(bank, card, who).items
    }
    assert awaiting(bank, 2).items


def test_an_aborted_issue_spoils_the_card() -> None:
    """The customer does not want it after all: the card returns to the count, never into a hand."""
    bank = core()
    prepare(bank, "k", issue())

    assert PartnerStatus.ABORTED is bank.ask(Abort("k", UNION)).status

    assert "VOID" == bank.state.cards[pan().digits].state
    assert BLANK_CARD_FEN == trial_balance(groups(bank))[spoiled_cards(UNION)]
    assert Code.DUPLICATE is declined(bank, "k2", issue()).code
    assert Code.CORE_DECLINED is declined(bank, "k3", activate()).code
    assert PartnerStatus.ABORTED is bank.ask(Commit("k", UNION)).status, "too late"


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
    assert PartnerStatus.COMMITTED is known.status
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
    assert PartnerStatus.UNKNOWN_KEY is bank.ask(Inquire("k", UNION)).status
    assert PartnerStatus.UNKNOWN_KEY is bank.ask(Commit("k", UNION)).status
    assert PartnerStatus.ABORTED is bank.ask(Abort("k", UNION)).status

    assert PartnerStatus.ABORTED is prepare(bank, "k", issue()).status
    assert {} == bank.state.cards
    assert [] == groups(bank)


def test_who_may_hold_which_cards() -> None:
    """One class-I account, four cards, stock of this terminal only; a void card does not count."""
    bank = core()
    issued(bank, 0, account_class="I")
    assert "account_class" == declined(bank, "again", issue(9, account_class="I")).field
    for card in range(1, CARDS_PER_PERSON_MAX):
        issued(bank, card)
    assert Code.LIMIT is declined(bank, "fifth", issue(8)).code
    assert (
        PartnerStatus.PREPARED is prepare(bank, "other", issue(7, who=1, account_class="I")).status
    )
    bank.ask(Abort("other", UNION))
    assert (
        PartnerStatus.PREPARED is prepare(bank, "anew", issue(6, who=1, account_class="I")).status
    )

    stray = IssueCard(person(2), TERMINAL, pan(0, "621799"), PHONE, "II", RIGHT)
    assert (Code.RANGE, "card") == (
        (refusal := declined(bank, "stray", stray)).code,
        refusal.field,
    )
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

    assert [
        "密码错误，还可尝试2次",
        "密码错误，还可尝试1次",
        "密码连续错误，该卡已锁定，请到柜面办理",
    ] == words
    assert "LOCKED" == bank.state.cards[pan().digits].state
    assert Code.CORE_DECLINED is declined(bank, "late", activate()).code


def test_a_locked_card_stays_locked() -> None:
    """Even when an activation that was prepared before is committed after."""
    bank = core()
    issued(bank)
    prepare(bank, "right", activate())
    for n in range(PIN_FAULTS_MAX):
        declined(bank, f"wrong {n}", activate(pin=WRONG))

    assert PartnerStatus.COMMITTED is bank.ask(Commit("right", UNION)).status
    assert "LOCKED" == bank.state.cards[pan().digits].state


def test_no_number_shows_where_somebody_may_read() -> None:
    """Neither in a repr nor in what a slip or a console gets."""
    bank = core()
    outcome = prepare(bank, "k", issue())
    shown = f"{issue()!r} {activate()!r} {person()!r} {outcome!r} {CoreBank().inspect(bank.state)}"

    assert pan().digits not in shown
    assert person().number.number not in shown


def test_money_is_held_then_debited_or_released() -> None:
    """What is held is held once; the payee gets it at a commit, the holder at an abort."""
    bank = core(training=True)
    account = active(bank)
    available, held = available_funds(account), held_funds(account)

    assert PartnerStatus.PREPARED is prepare(bank, "k1", hold(OPENING - 1)).status
    assert Code.CORE_DECLINED is declined(bank, "k2", hold(2)).code
    assert PartnerStatus.PREPARED is prepare(bank, "k3", hold(1)).status
    bank.ask(Commit("k1", UNION))
    bank.ask(Abort("k3", UNION))

    balances = trial_balance(groups(bank))
    assert (-1, 0) == (balances[available], balances[held])
    assert 1 - OPENING == balances[clearing("biller/power")]
    assert OPENING == balances[training_funds(UNION)]
    assert 1 == bank.state.available_fen(account)


def test_only_an_active_card_pays_and_only_its_holder() -> None:
    """With the right PIN and an amount; wrong PINs count as they do at an activation."""
    bank = core(training=True)
    issued(bank)
    assert Code.CORE_DECLINED is declined(bank, "early", hold()).code
    prepare(bank, "activate", activate())
    bank.ask(Commit("activate", UNION))

    assert Code.ID_MISMATCH is declined(bank, "stranger", hold(who=3)).code
    assert Code.RANGE is declined(bank, "nothing", hold(0)).code
    for n in range(PIN_FAULTS_MAX):
        assert Code.PIN is declined(bank, f"wrong {n}", hold(pin=WRONG)).code
    assert "LOCKED" == bank.state.cards[pan().digits].state
    assert Code.CORE_DECLINED is declined(bank, "late", hold()).code


def test_outside_training_an_account_opens_empty_and_strange_cards_stay_strange() -> None:
    """No money comes from nowhere."""
    bank = core()
    account = active(bank)

    assert 0 == bank.state.available_fen(account)
    assert Code.CORE_DECLINED is declined(bank, "poor", hold(1)).code
    assert Code.CORE_DECLINED is declined(bank, "stranger", hold(1, card=7)).code
    assert Code.CORE_DECLINED is declined(bank, "service", sign_up(card=7)).code


def test_a_training_core_takes_in_an_unknown_card() -> None:
    """With the opening money, for this holder, under the first PIN that is seen."""
    bank = core(training=True)
    assert Code.CORE_DECLINED is declined(bank, "too much", hold(OPENING + 1)).code
    assert {} == bank.state.cards

    assert PartnerStatus.PREPARED is prepare(bank, "first", hold(OPENING)).status
    bank.ask(Abort("first", UNION))
    assert Code.PIN is declined(bank, "wrong", hold(1, pin=WRONG)).code
    assert Code.ID_MISMATCH is declined(bank, "other", hold(1, who=1)).code
    assert Code.DUPLICATE is declined(bank, "issue", issue()).code

    account = bank.state.cards[pan().digits].account
    assert OPENING == bank.state.available_fen(account)
    _in_order(bank)


def test_a_service_is_switched_on_once() -> None:
    """Each alone; one that waits for a signature is taken, too; an aborted one is free again."""
    bank = core(training=True)
    active(bank)
    assert PartnerStatus.PREPARED is prepare(bank, "k1", sign_up()).status
    assert Code.DUPLICATE is declined(bank, "k2", sign_up()).code
    bank.ask(Abort("k1", UNION))
    assert PartnerStatus.PREPARED is prepare(bank, "k3", sign_up()).status
    assert PartnerStatus.PREPARED is prepare(bank, "k4", sign_up("fast_pay")).status
    bank.ask(Commit("k3", UNION))
    bank.ask(Commit("k4", UNION))

    assert ("sms_notice", "fast_pay") == bank.state.cards[pan().digits].services
    assert Code.DUPLICATE is declined(bank, "k5", sign_up()).code
    assert Code.RANGE is declined(bank, "k6", sign_up("telegraph")).code


KEYS = st.sampled_from(["k0", "k1", "k2", "k3", "k4"])
OPERATIONS = st.one_of(
    st.builds(issue, st.integers(0, 3), st.integers(0, 1), st.sampled_from(["I", "II"])),
    st.builds(activate, st.integers(0, 3), st.integers(0, 1), st.sampled_from([RIGHT, WRONG])),
    st.builds(
        hold,
        st.sampled_from([1, OPENING // 2, OPENING]),
        st.integers(0, 5),
        st.integers(0, 1),
        st.sampled_from([RIGHT, WRONG]),
    ),
    st.builds(sign_up, st.sampled_from(["sms_notice", "fast_pay"]), st.integers(0, 5)),
)
REQUESTS = st.one_of(
    st.builds(Prepare, KEYS, st.just(UNION), OPERATIONS),
    st.builds(Commit, KEYS, st.just(UNION)),
    st.builds(Abort, KEYS, st.just(UNION)),
    st.builds(Inquire, KEYS, st.just(UNION)),
)
MOVES = {
    PartnerStatus.UNKNOWN_KEY: set(PartnerStatus),
    PartnerStatus.PREPARED: {
        PartnerStatus.PREPARED,
        PartnerStatus.COMMITTED,
        PartnerStatus.ABORTED,
    },
    PartnerStatus.COMMITTED: {PartnerStatus.COMMITTED},
    PartnerStatus.ABORTED: {PartnerStatus.ABORTED},
    PartnerStatus.DECLINED: {PartnerStatus.DECLINED},
}
"""Where the outcome under a key may go with one request."""


def _outcomes(bank: Core) -> dict[str, PartnerOutcome]:
    return {f"k{n}": bank.ask(Inquire(f"k{n}", UNION)) for n in range(5)}


def _in_order(bank: Core) -> None:
    """What must hold after any request: I2, I3 and I15."""
    posted = groups(bank)
    assert {1} >= set(Counter(group.key for group in posted).values())
    balance = trial_balance(posted)
    assert 0 == sum(balance.values())
    states = Counter(card.state for card in bank.state.cards.values())
    in_hand = sum(states.values()) - states["INACTIVE"] - states["VOID"]
    lent = -balance.get(foreign_cards(UNION), 0) // BLANK_CARD_FEN
    delivered = -balance.get(delivered_cards(UNION), 0) // BLANK_CARD_FEN
    for account, cards in (
        (blank_cards(UNION, TERMINAL), delivered - (sum(states.values()) - lent)),
        (reserved_cards(UNION), states["INACTIVE"]),
        (issued_cards(UNION), in_hand),
        (spoiled_cards(UNION), states["VOID"]),
    ):
        assert cards * BLANK_CARD_FEN == balance.get(account, 0), account
    assert balance == {name: fen for name, fen in bank.state.balances.items() if name in balance}
    assert [] == [name for name in balance if name.startswith("deposit/") and balance[name] > 0]


@settings(max_examples=150, deadline=None)
@given(st.lists(REQUESTS, max_size=25))
def test_a_random_day(requests: list[PartnerRequest]) -> None:
    """Never two groups for one key, never another outcome than the first, and stock that adds up.

    Every request comes twice, as it does when an answer is lost.
    """
    bank = core(training=True)
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
            spent = answer.status is PartnerStatus.ABORTED
            assert spent or asked.setdefault(request.key, request.operation) == request.operation
        if isinstance(answer, Refusal):
            assert Code.KEY_CONFLICT is answer.code
        _in_order(bank)
    rest = msgspec.msgpack.encode(bank.state, enc_hook=to_plain)
    again = msgspec.msgpack.decode(rest, type=CoreState, dec_hook=from_plain)
    assert bank.state == again, "a snapshot is the state"
