"""Loan field visit: two officers, and a term that ends before the borrower is too old."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.partners.operations import ReportVisit
from backoffice.products.loan_visit import PRODUCT, LoanVisitTerms
from tests.backoffice.products.dossiers import COLLEAGUE, OPERATOR, dossier, found
from tests.backoffice.products.listings import item
from tests.backoffice.right_answers import slip_of
from wire.message import Code
from wire.value import ChoiceValue, NumberValue, TextValue

TASK = {"task": item("WF00000001", 30_000_00, purpose="种植烤烟")}


def visit(age: int = 35, months: int = 12, **changes: Any) -> Any:
    values = {"term": NumberValue(months), **changes}
    return dossier(PRODUCT, age=age, values=values, listed=TASK)


@pytest.mark.parametrize(
    ("age", "months", "field"),
    [
        (17, 12, "id_card"),
        (18, 12, None),
        (35, 360, None),
        (60, 60, None),
        (60, 61, "term"),
        (64, 12, None),
        (65, 1, "term"),
    ],
)
def test_age_and_term_together_have_an_end(age: int, months: int, field: str | None) -> None:
    """65 years, to the month; and nobody borrows before 18."""
    code = Code.RANGE if field == "id_card" else Code.LIMIT

    assert ([(code, field)] if field else []) == found(PRODUCT.problems(visit(age, months)))


def test_a_union_sets_its_own_end() -> None:
    """By configuration."""
    terms = LoanVisitTerms(age_and_term_years_max=60)
    read = dossier(PRODUCT, values={"term": NumberValue(301)}, listed=TASK, terms=terms)

    assert [(Code.LIMIT, "term")] == found(PRODUCT.problems(read))


def test_the_report_names_both_officers() -> None:
    """And says in words what the money is for."""
    read = visit(
        willing=ChoiceValue("no"),
        purpose=ChoiceValue("breeding"),
        use=TextValue("购买仔猪40头"),
    )
    (leg,) = PRODUCT.plan(read)
    report = leg.operation

    assert isinstance(report, ReportVisit)
    assert (OPERATOR.staff_id, COLLEAGUE.staff_id) == report.officers
    assert ("WF00000001", "养殖：购买仔猪40头") == (report.task, report.purpose)
    assert not report.willing
    assert {
        "interest.credit": "1",
        "visit.at_ms": str(read.now_ms),
        "visit.purpose": "breeding",
        "visit.fen": str(report.fen),
        "visit.willing": "no",
    } == PRODUCT.profile(read)
    assert "" == report.guarantor


def test_the_applicant_does_not_sign_the_officers_opinion() -> None:
    """The slip says what was asked for, and nothing of what they think."""
    read = visit(opinion=TextValue("负债偏高，建议减额"))
    slip = str(slip_of(PRODUCT, read))

    assert "负债偏高" not in slip
    assert "负债偏高" not in str(PRODUCT.profile(read))
    assert f"{OPERATOR.name}、{COLLEAGUE.name}" in slip


def test_the_evidence_is_complete() -> None:
    """A picture with the customer, the proof of income, three scenes."""
    codes = [field.evidence for field in PRODUCT.form.fields if field.required]

    assert 3 == codes.count("E7")
    assert {"E3", "E10"} <= set(codes)
