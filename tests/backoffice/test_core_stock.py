"""Blank cards of the embedded core: a terminal hands out what it was given, and each card once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backoffice.partners.core_accounts import CorePolicy
from backoffice.partners.ledger import (
    BLANK,
    BLANK_CARD_FEN,
    blank_cards,
    delivered_cards,
    issued_cards,
    spoiled_cards,
    trial_balance,
)
from backoffice.partners.operations import IssueCard
from backoffice.partners.port import Abort, Commit, PartnerOutcome, PartnerStatus
from backoffice.partners.queries import BlankCard, Look
from tests.backoffice.test_core_bank import (
    OTHER,
    PHONE,
    POLICY,
    RIGHT,
    TERMINAL,
    UNION,
    core,
    groups,
    person,
    prepare,
)
from wire.checks import luhn_digit
from wire.masked import Pan
from wire.message import Code


def serial(number: int) -> Pan:
    """A right card, so many after the first."""
    body = f"{621700000000000000 + number}"
    return Pan(body + luhn_digit(body))


def test_a_terminal_hands_out_what_it_was_given() -> None:
    """A card of another terminal, a made-up one and one that was used are refused at the card."""
    bank = core()
    listed = {
        name: len(bank.ask(Look(UNION, BlankCard(terminal, card))).items)
        for name, terminal, card in (
            ("own", TERMINAL, serial(0)),
            ("other", TERMINAL, serial(100)),
            ("their own", OTHER, serial(100)),
            ("made up", TERMINAL, serial(110)),
            ("shorter", TERMINAL, Pan("6217000000000000")),
        )
    }
    assert {"own": 1, "other": 0, "their own": 1, "made up": 0, "shorter": 0} == listed

    def given_out(key: str, terminal: str, card: Pan) -> PartnerOutcome:
        return prepare(bank, key, IssueCard(person(), terminal, card, PHONE, "II", RIGHT))

    assert PartnerStatus.PREPARED is given_out("a", TERMINAL, serial(7)).status
    refused = {
        key: given_out(key, terminal, card).refusal
        for key, terminal, card in (
            ("b", TERMINAL, serial(7)),
            ("c", OTHER, serial(7)),
            ("d", TERMINAL, serial(100)),
            ("e", "T-0009", serial(8)),
        )
    }
    codes = {key: (one.code, one.field) for key, one in refused.items() if one is not None}
    assert {
        "b": (Code.DUPLICATE, "card"),
        "c": (Code.DUPLICATE, "card"),
        "d": (Code.RANGE, "card"),
        "e": (Code.RANGE, "card"),
    } == codes
    assert () == bank.ask(Look(UNION, BlankCard(TERMINAL, serial(7)))).items, "it is used"
    stock = trial_balance(groups(bank))
    assert 99 * BLANK_CARD_FEN == stock[blank_cards(UNION, TERMINAL)]
    assert blank_cards(UNION, OTHER) not in stock


TRIES = st.lists(
    st.tuples(
        st.sampled_from([TERMINAL, OTHER, "T-0009"]),
        st.integers(95, 114),
        st.booleans(),
    ),
    max_size=40,
)


@given(TRIES)
def test_every_card_is_handed_out_once_by_whom_it_was_given_to(
    tries: list[tuple[str, int, bool]],
) -> None:
    """Whatever anybody tries, in any order: issued, spoiled and at hand are what was delivered."""
    bank, used = core(CorePolicy(POLICY.stock_prefixes, POLICY.allotments, 100)), set()
    for count, (terminal, number, kept) in enumerate(tries):
        operation = IssueCard(person(count), terminal, serial(number), PHONE, "II", RIGHT)
        own = terminal == (TERMINAL if number < 100 else OTHER if number < 110 else "")
        blank = own and number not in used
        asked = bank.ask(Look(UNION, BlankCard(terminal, serial(number))))
        outcome = prepare(bank, f"k{count}", operation)
        bank.ask(Commit(f"k{count}", UNION) if kept else Abort(f"k{count}", UNION))

        assert (blank, blank) == (
            len(asked.items) == 1,
            outcome.status is PartnerStatus.PREPARED,
        )
        used |= {number} if blank else set()
    stock = trial_balance(groups(bank))
    assert all(fen >= 0 for name, fen in stock.items() if name.endswith(BLANK))
    at_hand = sum(fen for name, fen in stock.items() if name.endswith(BLANK))
    gone = stock.get(issued_cards(UNION), 0) + stock.get(spoiled_cards(UNION), 0)
    assert -stock.get(delivered_cards(UNION), 0) == at_hand + gone
    assert len(used) * BLANK_CARD_FEN == gone
