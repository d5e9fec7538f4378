"""Comprehensive sign-up: each service with its own limit and its own leg."""

from __future__ import annotations

import pytest

from backoffice.partners.operations import SignUp
from backoffice.products.service_sign_up import (
    LIMIT_FIELDS,
    PRODUCT,
    SERVICES,
    DailyLimit,
    ServiceSignUpTerms,
)
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.right_answers import slip_of
from wire.message import Code
from wire.value import AmountValue, ChoicesValue, Value

ALL = tuple(code for code, _, _ in SERVICES)


def signing(*services: str, **limits: int) -> dict[str, Value | None]:
    """These services, with these limits in fen."""
    chosen: dict[str, Value | None] = {"services": ChoicesValue(services)}
    return chosen | {f"limit_{name}": AmountValue(fen) for name, fen in limits.items()}


def test_every_service_is_a_leg_that_may_fail_alone() -> None:
    """Named after it, with the usual limit where the customer wants no other."""
    legs = PRODUCT.plan(dossier(PRODUCT, values=signing(*ALL, mobile_bank=20_000_00)))

    assert ALL == tuple(leg.name for leg in legs)
    assert all(leg.optional and leg.title_zh and leg.title_en for leg in legs)
    operations = {leg.name: leg.operation for leg in legs}
    limits = {n: o.limit_fen for n, o in operations.items() if isinstance(o, SignUp)}
    assert (0, 20_000_00, 50_000_00) == tuple(limits[name] for name in ALL[:3])
    assert set(ALL) == set(limits)


@pytest.mark.parametrize(
    ("fen", "level"), [(50_000_00, [("A2", "")]), (50_000_01, [("A2", ""), ("A3", "high_limit")])]
)
def test_a_high_limit_is_looked_at(fen: int, level: list[tuple[str, str]]) -> None:
    """Above 50,000 yuan, whichever service it is."""
    read = dossier(PRODUCT, values=signing("sms_notice", "online_bank", online_bank=fen))

    assert () == PRODUCT.problems(read)
    assert level == flags(PRODUCT, read)


def test_several_high_limits_are_one_reason() -> None:
    """Two of them do not need two people."""
    high = signing("mobile_bank", "online_bank", mobile_bank=60_000_00, online_bank=60_000_00)

    assert [("A2", ""), ("A3", "high_limit")] == flags(PRODUCT, dossier(PRODUCT, values=high))


def test_a_limit_of_what_is_not_chosen_is_a_mistake() -> None:
    """Either the limit or the missing tick."""
    read = dossier(PRODUCT, values=signing("sms_notice", fast_pay=100_00))

    assert [(Code.FORMAT, "limit_fast_pay")] == found(PRODUCT.problems(read))


def test_a_union_offers_what_it_wants() -> None:
    """What has no limit in its terms is not offered there, but for the notice."""
    terms = ServiceSignUpTerms(limits={"mobile_bank": DailyLimit(1_00, 2_00)})
    read = dossier(PRODUCT, values=signing("sms_notice", "mobile_bank", "fast_pay"), terms=terms)

    assert [(Code.SUITABILITY, "services")] == found(PRODUCT.problems(read))
    assert {"limit_" + name for name in ALL[1:]} == {one.name for one in LIMIT_FIELDS.values()}


@pytest.mark.parametrize(("age", "accepted"), [(15, False), (16, True)])
def test_children_sign_up_at_the_counter(age: int, accepted: bool) -> None:
    """With their guardian."""
    expected = [] if accepted else [(Code.RANGE, "id_card")]

    assert expected == found(PRODUCT.problems(dossier(PRODUCT, age=age)))


def test_the_slip_lists_every_service_with_its_limit() -> None:
    """And the masked card and phone."""
    read = dossier(PRODUCT, values=signing("sms_notice", "fast_pay"))
    shown = {line.title_zh: line.value for line in slip_of(PRODUCT, read)}

    assert "签约" == shown["短信通知"]
    assert "日累计限额 ¥1,000.00" == shown["快捷支付"]
