"""Post-loan check: nothing found passes by rules, anything found is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.partners.operations import ReportCheck
from backoffice.partners.queries import DueChecks
from backoffice.product import Asking
from backoffice.products.post_loan_check import PRODUCT
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import item
from tests.backoffice.right_answers import slip_of
from tests.kit import submissions as make
from tests.kit.submissions import NOW_MS
from wire.checks import asked_fields
from wire.masked import IdNumber
from wire.message import Code
from wire.value import AmountValue, ChoicesValue, ChoiceValue, IdNumberValue, Value

DUE = {"check": item("DK1-02", loan="DK1", due_ms=NOW_MS, state="DUE", purpose="种植烤烟")}


BORROWER = IdNumber(make.person("the borrower").number)


def check(**values: Value) -> Any:
    """The borrower was met, unless a test says otherwise."""
    met: dict[str, Value | None] = {"reached": ChoiceValue("yes"), "borrower": None}
    return dossier(PRODUCT, values={**met, **values}, listed=DUE)


def absent(number: IdNumber = BORROWER, **values: Value) -> Any:
    """Somebody else was met, who shows their own card."""
    return check(reached=ChoiceValue("no"), borrower=IdNumberValue(number), **values)


def test_a_check_without_a_finding_passes_by_rules() -> None:
    """A1; an authorizer's time is for the others."""
    assert [("A1", "")] == flags(PRODUCT, check())
    assert () == PRODUCT.problems(check())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("warnings", ChoicesValue(("price",))),
        ("as_stated", ChoiceValue("no")),
        ("collateral", ChoiceValue("weaker")),
        ("collateral", ChoiceValue("lost")),
        ("tier", ChoiceValue("special")),
    ],
)
def test_every_finding_is_looked_at(name: str, value: Value) -> None:
    """Each by itself."""
    assert [("A2", "loan_warning")] == flags(PRODUCT, check(**{name: value}))


@pytest.mark.parametrize("tier", ["pass", "special", "substandard", "doubtful", "loss"])
def test_misuse_is_never_simply_fine(tier: str) -> None:
    """Any tier but the best."""
    read = check(as_stated=ChoiceValue("no"), tier=ChoiceValue(tier))

    expected = [(Code.SUITABILITY, "tier")] if tier == "pass" else []
    assert expected == found(PRODUCT.problems(read))


def test_the_report_says_what_was_seen() -> None:
    """The tier is the bank's own and not on the slip; the income is learnt where it was told."""
    warned = check(
        tier=ChoiceValue("doubtful"),
        warnings=ChoicesValue(("harvest", "debts")),
        income=AmountValue(30_000_00),
    )
    (leg,) = PRODUCT.plan(warned)
    report = leg.operation

    assert isinstance(report, ReportCheck)
    assert ("DK1-02", "doubtful", ("harvest", "debts"), True, True) == (
        report.check,
        report.tier,
        report.warnings,
        report.as_stated,
        report.reached,
    )
    slip = {line.title_zh: line.value for line in slip_of(PRODUCT, warned)}
    assert "受灾减产、新增大额借款" == slip["预警信号"]
    assert "可疑" not in str(slip)
    seen = {
        "check.reached": "yes",
        "check.as_stated": "yes",
        "check.collateral": "none",
        "check.warnings": "harvest,debts",
        "check.at_ms": str(NOW_MS),
    }
    assert seen | {"income_fen": "3000000"} == PRODUCT.profile(warned)
    assert seen | {"check.warnings": "none"} == PRODUCT.profile(check()), "an empty fact is no fact"


def test_a_borrower_who_is_not_met_is_reported_without_their_card() -> None:
    """Whoever is there shows their own; the loan is found by the borrower's number."""
    read = absent()
    (leg,) = PRODUCT.plan(read)
    report = leg.operation

    assert [("A2", "loan_warning")] == flags(PRODUCT, read)
    assert isinstance(report, ReportCheck)
    assert (False, BORROWER) == (report.reached, report.customer.number)
    values = read.submission.values
    asking = Asking(read.customer.number, "O1", values, NOW_MS)
    assert DueChecks(BORROWER) == PRODUCT.listings["check"](asking)
    slip = {line.title_en: line.value for line in slip_of(PRODUCT, read)}
    assert BORROWER.masked == slip["The borrower's ID number"]
    assert not PRODUCT.learns(read), "it is not about whoever was met"
    assert PRODUCT.learns(check())


def test_whoever_shows_the_borrowers_card_is_the_borrower() -> None:
    """Then they were met."""
    own = IdNumber(check().record.number)

    assert [(Code.ID_MISMATCH, "reached")] == found(PRODUCT.problems(absent(own)))
    assert () == PRODUCT.problems(absent())


def test_the_number_is_asked_of_nobody_who_was_met() -> None:
    """And of everybody who was not."""
    for reached, asked in (("yes", False), ("no", True)):
        values: dict[str, Value] = {"reached": ChoiceValue(reached)}
        fields = {one.name for one in asked_fields(PRODUCT.form, values)}
        assert asked == ("borrower" in fields)


def test_an_income_that_nobody_told_is_no_income_of_nothing() -> None:
    """The customer signs what was said."""
    lines = {line.title_en: line.value for line in slip_of(PRODUCT, check())}
    told = check(income=AmountValue(100))

    assert "未填写" == lines["Yearly income expected"]
    assert (
        "¥1.00 壹元整"
        == {line.title_en: line.value for line in slip_of(PRODUCT, told)}["Yearly income expected"]
    )
