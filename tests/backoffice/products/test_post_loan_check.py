"""Post-loan check: nothing found passes by rules, anything found is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.partners.operations import ReportCheck
from backoffice.products.post_loan_check import PRODUCT
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import item
from tests.backoffice.right_answers import slip_of
from tests.kit.submissions import NOW_MS
from wire.message import Code
from wire.value import AmountValue, ChoicesValue, ChoiceValue, Value

DUE = {"check": item("DK1-02", loan="DK1", due_ms=NOW_MS, state="DUE", purpose="种植烤烟")}


def check(**values: Value) -> Any:
    return dossier(PRODUCT, values=values, listed=DUE)


def test_a_check_without_a_finding_passes_by_rules() -> None:
    """A1; an authorizer's time is for the others."""
    assert [("A1", "")] == flags(PRODUCT, check())
    assert () == PRODUCT.problems(check())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("warnings", ChoicesValue(("price",))),
        ("as_stated", ChoiceValue("no")),
        ("reached", ChoiceValue("no")),
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
