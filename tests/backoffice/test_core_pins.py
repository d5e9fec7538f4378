"""What the core does with a PIN that several services share, and with a card that a proxy took."""

from __future__ import annotations

from backoffice.partners.operations import IssueCard
from backoffice.partners.port import Commit
from backoffice.partners.queries import CardsToActivate, Look
from tests.backoffice.test_core_bank import (
    PHONE,
    RIGHT,
    TERMINAL,
    UNION,
    core,
    declined,
    issued,
    pan,
    person,
    prepare,
    sign_up,
)
from wire.message import Code


def test_one_wrong_pin_for_many_services_counts_once() -> None:
    """The customer entered it once; another one counts, and the third locks the card."""
    bank = core()
    issued(bank)
    services = ("sms_notice", "mobile_bank", "online_bank", "fast_pay")
    for number, pin in enumerate((b"one", b"two"), start=1):
        for service in services:
            refusal = declined(bank, f"{service} {number}", sign_up(service, pin=pin.ljust(32)))
            assert (Code.PIN, "pin") == (refusal.code, refusal.field)
            assert f"还可尝试{3 - number}次" in refusal.message
        assert number == bank.state.cards[pan().digits].pin_faults
    refused = [declined(bank, f"{s} 3", sign_up(s, pin=b"three".ljust(32))) for s in services]
    assert [Code.PIN, *[Code.CORE_DECLINED] * 3] == [one.code for one in refused]
    assert "LOCKED" == bank.state.cards[pan().digits].state


def test_a_proxys_card_says_so_to_its_holder() -> None:
    """What the core lists before the activation is what the rules of the office read."""
    bank = core()
    issue = IssueCard(person(), TERMINAL, pan(), PHONE, "II", RIGHT, by_proxy=True)
    prepare(bank, "issue", issue)
    bank.ask(Commit("issue", UNION))
    look = Look(UNION, CardsToActivate(person().number, pan()))
    (item,) = bank.ask(look).items

    assert "1" == item.facts["by_proxy"]
