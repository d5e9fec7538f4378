"""Bills: listed until paid, by one at a time, for exactly what the biller says."""

from __future__ import annotations

import msgspec

from backoffice.partners.biller import BillerPolicy
from backoffice.partners.operations import Partner
from backoffice.partners.policy import PartnersPolicy
from backoffice.partners.port import Abort, Commit, PartnerStatus
from backoffice.partners.queries import UnpaidBills
from tests.backoffice.partner_scenes import UNION, done, look, pay_bill, playing, prepare
from wire.message import Code

BILLS = UnpaidBills("power", "0000000000")


def test_a_paid_bill_is_listed_no_more() -> None:
    """And can be paid by nobody else."""
    one = playing(Partner.BILLER)
    bill = pay_bill()
    item = look(one, BILLS)[0]
    assert (bill.period, bill.fen) == (item.facts["period"], item.fen)

    receipt = done(one, "k", bill)

    assert item.code not in {left.code for left in look(one, BILLS)}
    assert {"biller_receipt": "JF00000001"} == receipt.facts
    again = prepare(one, "k2", bill).refusal
    assert again is not None
    assert (Code.DUPLICATE, "bill") == (again.code, again.field)


def test_nobody_is_let_near_a_bill_that_somebody_is_paying() -> None:
    """Until that payment is given up."""
    one = playing(Partner.BILLER)
    prepare(one, "k", pay_bill())
    refusal = prepare(one, "k2", pay_bill()).refusal
    assert refusal is not None
    assert Code.DUPLICATE is refusal.code
    one.ask(Abort("k", UNION))

    assert PartnerStatus.PREPARED is prepare(one, "k3", pay_bill()).status


def test_a_bill_that_is_not_so_is_refused() -> None:
    """Another amount is stale, another month or number unknown."""
    one = playing(Partner.BILLER)
    change = msgspec.structs.replace
    wrong = (
        (change(pay_bill(), fen=1), Code.STALE),
        (change(pay_bill(), period="1999-01"), Code.NOT_FOUND),
        (change(pay_bill(), bill_no="12"), Code.NOT_FOUND),
        (change(pay_bill(), biller="tax"), Code.NOT_FOUND),
    )
    codes = []
    for n, (operation, _) in enumerate(wrong):
        refusal = prepare(one, f"k{n}", operation).refusal
        assert refusal is not None
        codes.append(refusal.code)
    assert [code for _, code in wrong] == codes


def test_a_biller_may_decline_at_the_last_moment() -> None:
    """Then the bill is open again."""
    policy = BillerPolicy(declined_numbers=("0000000000",))
    one = playing(Partner.BILLER, PartnersPolicy(training=True, biller=policy))
    prepare(one, "k", pay_bill())

    outcome = one.ask(Commit("k", UNION))

    assert PartnerStatus.DECLINED is outcome.status
    assert PartnerStatus.PREPARED is prepare(one, "k2", pay_bill()).status
    assert pay_bill().period in {item.facts["period"] for item in look(one, BILLS)}


def test_outside_training_nobody_has_bills() -> None:
    """They would come from the biller's own system."""
    one = playing(Partner.BILLER, PartnersPolicy())
    assert () == look(one, BILLS)
    assert PartnerStatus.DECLINED is prepare(one, "k", pay_bill()).status
