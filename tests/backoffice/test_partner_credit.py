"""The credit system: files that merge, tasks done once, checks on schedule, contracts of all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.partners import training
from backoffice.partners.credit_book import CreditBook, CreditPolicy, CreditState
from backoffice.partners.credit_files import FIELDS, RATED, TITLES
from backoffice.partners.credit_loans import MISUSE, UNREACHABLE, OwnLoan
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.policy import PartnersPolicy
from backoffice.partners.port import Abort, Commit, PartnerStatus
from backoffice.partners.queries import (
    Contracts,
    CreditRecord,
    DueChecks,
    FarmerFiles,
    Loans,
    VisitTasks,
)
from backoffice.partners.training import DAY_MS
from tests.backoffice.partner_scenes import (
    NOW_MS,
    UNION,
    Playing,
    done,
    look,
    open_file,
    person,
    playing,
    prepare,
    rate_file,
    report_check,
    report_visit,
    sign_contract,
    supplement,
)
from wire.message import Code, Refusal

NUMBER = person().number


def refused(one: Playing, key: str, operation: Operation) -> Refusal:
    outcome = prepare(one, key, operation)
    assert PartnerStatus.DECLINED is outcome.status
    assert outcome.refusal is not None
    return outcome.refusal


def opened(one: Playing) -> str:
    """A file of one's own."""
    return done(one, "open", open_file()).facts["file_no"]


def test_one_file_per_person() -> None:
    """Not even two at a time; somebody else has their own."""
    one = playing(Partner.CREDIT)
    prepare(one, "k", open_file())
    assert Code.DUPLICATE is refused(one, "k2", open_file()).code
    one.ask(Abort("k", UNION))
    file_no = opened(one)

    assert (Code.DUPLICATE, "id_card") == (
        (refusal := refused(one, "k3", open_file())).code,
        refusal.field,
    )
    facts = look(one, FarmerFiles(NUMBER))[0].facts
    household = training.household(NUMBER)
    assert (file_no, "1", str(household.net_fen)) == (
        facts["file_no"],
        facts["version"],
        facts["net_fen"],
    )
    assert {"house_fen", "insured", "experience_years", "village", "labour"} < set(facts)


def test_changes_that_do_not_overlap_merge() -> None:
    """Both compared to version 1; the second becomes version 3, and no value is lost."""
    one = playing(Partner.CREDIT)
    file_no = opened(one)
    done(one, "a", supplement(file_no=file_no, income_fen=900))
    outcome = done(one, "b", supplement(file_no=file_no, village="老寨村"))

    assert {"file_no": file_no, "version": "3"} == outcome.facts
    facts = look(one, FarmerFiles(NUMBER))[0].facts
    assert ("900", "老寨村", "3") == (facts["income_fen"], facts["village"], facts["version"])
    before = training.household(NUMBER).income_fen
    assert {"income_fen": str(before)} == one.state.files_of(NUMBER)[file_no].versions[1].old


def test_changes_that_overlap_are_for_a_person_to_decide() -> None:
    """The refusal names the field and the current version, whether the other is real or waits."""
    one = playing(Partner.CREDIT)
    file_no = opened(one)
    prepare(one, "a", supplement(file_no=file_no, income_fen=900))
    assert Code.STALE is refused(one, "b", supplement(file_no=file_no, income_fen=800)).code
    one.ask(Abort("a", UNION))
    done(one, "c", supplement(file_no=file_no, income_fen=700))

    refusal = refused(one, "d", supplement(file_no=file_no, savings_fen=1, income_fen=600))

    assert (Code.STALE, "income_fen") == (refusal.code, refusal.field)
    assert "“家庭年收入”" in refusal.message, "the teller is told which answer"
    assert FIELDS.keys() == TITLES.keys(), "and would be told of any other"
    assert "第2版" in refusal.message
    assert (
        PartnerStatus.PREPARED
        is prepare(one, "e", supplement(file_no=file_no, base=2, income_fen=600)).status
    )


def test_what_a_rating_looks_at_is_changed_by_one_at_a_time() -> None:
    """Two changes that were each weighed alone may lift a rating together."""
    one = playing(Partner.CREDIT)
    file_no = opened(one)
    prepare(one, "a", supplement(file_no=file_no, cost_fen=900))

    under_way = refused(one, "b", supplement(file_no=file_no, experience_years=9))
    one.ask(Commit("a", UNION))
    since = refused(one, "c", supplement(file_no=file_no, members=()))

    assert [(Code.STALE, "experience_years"), (Code.STALE, "members")] == [
        (refusal.code, refusal.field) for refusal in (under_way, since)
    ]
    assert {"village", "crops", "livestock", "insured"} == FIELDS.keys() - RATED


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abcd")), max_size=8))
def test_no_writer_wins_silently(writes: list[tuple[int, str]]) -> None:
    """A change is made only if its field, and whatever is weighed with it, is as it was in the
    version that it was compared to.
    """
    fields = dict(zip("abcd", ("income_fen", "savings_fen", "village", "insured"), strict=True))
    one = playing(Partner.CREDIT)
    file_no = opened(one)
    written: list[str] = [""]
    for n, (base, which) in enumerate(writes):
        value: Any = {"c": f"{n}组", "d": n % 2 == 0}.get(which, n)
        changed: dict[str, Any] = {fields[which]: value}
        change = supplement(file_no=file_no, base=base, **changed)
        outcome = prepare(one, f"k{n}", change)
        known, together = base <= len(written), "ab" if which in "ab" else which
        expected = known and not set(together) & set(written[base:])
        assert expected == (outcome.status is PartnerStatus.PREPARED)
        if expected:
            done(one, f"k{n}", change)
            written.append(which)
            household = one.state.files_of(NUMBER)[file_no].household
            assert value == getattr(household, fields[which])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("income_fen", "-1"),
        ("income_fen", '"much"'),
        ("members", "7"),
        ("net_fen", "1"),
        ("village", "]"),
    ],
)
def test_what_does_not_fit_the_file_is_refused(name: str, text: str) -> None:
    """Before anything is written."""
    one = playing(Partner.CREDIT)
    change = msgspec.structs.replace(supplement(file_no=opened(one)), changes={name: text})
    refusal = refused(one, "k", change)
    assert (Code.FORMAT, name) == (refusal.code, refusal.field)


def test_a_rating_is_of_the_current_version() -> None:
    """Of a file that is not too old; and it stays when the file moves on."""
    one = playing(Partner.CREDIT)
    done(one, "rate", rate_file())
    done(one, "change", supplement())
    assert Code.STALE is refused(one, "old version", rate_file()).code
    file = one.state.files_of(NUMBER)[training.file_no(NUMBER)]
    assert [(1, 85, "AA")] == [(r.file_version, r.points, r.grade) for r in file.ratings]

    late = playing(Partner.CREDIT)
    prepare(late, "take over", rate_file())
    late.ask(Abort("take over", UNION))
    late.now_ms += CreditPolicy().file_days_max * DAY_MS
    assert Code.STALE is refused(late, "too old", rate_file()).code


def test_a_visit_is_reported_once() -> None:
    """By two officers, for a borrower who is not too old for the term."""
    one = playing(Partner.CREDIT)
    (task,) = look(one, VisitTasks(NUMBER))
    assert {"purpose", "fen"} == set(task.facts)
    alone = msgspec.structs.replace(report_visit(), officers=("1001", "1001"))
    assert Code.EVIDENCE is refused(one, "alone", alone).code
    assert Code.LIMIT is refused(one, "old", report_visit(months=40 * 12)).code
    prepare(one, "k", report_visit())
    assert Code.DUPLICATE is refused(one, "k2", report_visit()).code
    done(one, "k", report_visit())

    assert () == look(one, VisitTasks(NUMBER))
    assert Code.STALE is refused(one, "again", report_visit()).code


def test_a_check_is_done_once_and_schedules_the_next() -> None:
    """Which is listed when its time comes; what was found becomes a risk event."""
    one = playing(Partner.CREDIT)
    (check,) = look(one, DueChecks(NUMBER))
    outcome = done(one, "k", report_check(0, check.code, as_stated=False, reached=False))
    assert () == look(one, DueChecks(NUMBER))
    assert Code.STALE is refused(one, "again", report_check(0, check.code)).code
    assert [MISUSE, UNREACHABLE] == [risk.kind for risk in one.state.risks]
    assert {NOW_MS + DAY_MS} == {risk.by_ms for risk in one.state.risks}
    assert "next_check" in outcome.facts

    one.now_ms = int(check.facts["due_ms"]) + 91 * DAY_MS
    (following,) = look(one, DueChecks(NUMBER))
    assert "DUE" == following.facts["state"]
    one.now_ms += 1
    (following,) = look(one, DueChecks(NUMBER))
    assert "OVERDUE" == following.facts["state"]


def test_a_contract_is_signed_by_all_or_not_at_all() -> None:
    """Under the very document; then it is a loan, with its first check within days."""
    one = playing(Partner.CREDIT)
    (contract,) = look(one, Contracts(NUMBER))
    assert Code.STALE is refused(one, "changed", sign_contract(digest="00")).code
    nobody = msgspec.structs.replace(sign_contract(), parties=())
    assert Code.EVIDENCE is refused(one, "nobody", nobody).code
    done(one, "k", sign_contract())

    assert () == look(one, Contracts(NUMBER))
    loans = {item.code: item for item in look(one, Loans(NUMBER))}
    assert str(contract.fen) == loans[contract.code].facts["balance_fen"]
    due = {
        check.facts["loan"]: int(check.facts["due_ms"]) for check in look(one, DueChecks(NUMBER))
    }
    assert NOW_MS + 15 * DAY_MS == due[contract.code]


def test_a_record_for_everybody() -> None:
    """Exactly one item, also of somebody whom nobody knows."""
    for policy in (PartnersPolicy(training=True), PartnersPolicy()):
        (record,) = look(playing(Partner.CREDIT, policy), CreditRecord(NUMBER))
        wanted = {"overdue_now", "overdues_minor", "borrowed", "reputation", "dealings"}
        assert wanted == set(record.facts)


def test_outside_training_there_is_only_what_was_opened_here() -> None:
    """No loans, tasks or contracts of anybody."""
    one = playing(Partner.CREDIT, PartnersPolicy())
    for query in (FarmerFiles, Loans, VisitTasks, DueChecks, Contracts):
        assert () == look(one, query(NUMBER))
    opened(one)
    assert 1 == len(look(one, FarmerFiles(NUMBER)))
    assert Code.STALE is refused(one, "visit", report_visit()).code


def test_no_number_is_shown() -> None:
    """Neither in titles nor in lines, in no list."""
    one = playing(Partner.CREDIT)
    queries = (FarmerFiles, Loans, VisitTasks, DueChecks, Contracts, CreditRecord)
    for query in queries:
        for item in look(one, query(NUMBER)):
            assert NUMBER.number not in f"{item}"


def test_a_loan_is_no_history_before_anything_had_to_be_paid_back() -> None:
    """Signing a contract makes nobody a good borrower on the spot; a year of it may."""
    book, number = CreditBook(CreditPolicy(), given=False), person().number
    paid_out = training.Loan("HT1", 10_000_00, 10_000_00, NOW_MS, NOW_MS + DAY_MS, 0, "养殖")
    state = CreditState(UNION).with_loan(OwnLoan(number.number, paid_out))

    def borrowed(days: int) -> str:
        return book.record(state, number, NOW_MS + days * DAY_MS).facts["borrowed"]

    assert ["0", "0", "1"] == [borrowed(days) for days in (0, 364, 365)]
