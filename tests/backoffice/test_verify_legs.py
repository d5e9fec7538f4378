"""The verifier and cases that several partners, or none, have a part in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backoffice.verify.office import Fault, verify_folder
from tests.backoffice.tampering import CORE, Tampered, case, tampering, undone
from tests.kit import submissions
from tests.kit.archive import PRODUCTS, UNION, office_file
from wire.case_state import State

BILL, UNPAID, TOLD = 11, 12, 13
"""Seeds: a bill paid, one not signed yet, pure information."""

BILLER = f"biller/{UNION}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    (data / "office").mkdir()
    with office_file(data / "office" / "office.db") as office:
        office.case(BILL, product="bill_payment")
        office.case(UNPAID, State.PREPARED, product="bill_payment")
        office.case(TOLD, product="information_collection")
    return data


@pytest.fixture
def tampered(folder: Path) -> Iterator[Tampered]:
    with tampering(folder) as spoiled:
        yield spoiled


def test_an_honest_office_is_sound(folder: Path) -> None:
    """Two partners tell the same story as the cases; only the core posts."""
    report = verify_folder(folder, PRODUCTS)

    assert () == report.findings
    assert {State.PREPARED: 1, State.CLOSED: 2} == report.cases
    assert 3 == report.posting_groups, "held twice, debited once"
    assert 0 == report.balance_fen


def test_a_partner_that_knows_nothing_of_it_is_found(tampered: Tampered) -> None:
    """The case says that the bill is paid; the biller never heard that it was signed for."""
    tampered.remove(tampered.row(BILLER, "PartnerCommitted"))

    key = f"{submissions.case_id(BILL)}:biller"
    assert [(Fault.PARTNER_DIFFERS, f"{BILLER} {key}")] == tampered.found()


def test_a_leg_made_real_unsigned_is_found(tampered: Tampered) -> None:
    """At whichever partner."""
    for stream, leg in ((BILLER, "biller"), (CORE, "funds")):
        with undone(tampered):
            key = f"{submissions.case_id(UNPAID)}:{leg}"
            event = {"type": "PartnerCommitted", "key": key, "at_ms": 1, "facts": {}}
            tampered.append(stream, "PartnerCommitted", event)
            ((what, where),) = tampered.found()
            assert (Fault.UNSIGNED, True) == (what, where.startswith(stream))


def test_a_leg_at_the_wrong_partner_is_found(tampered: Tampered) -> None:
    """A key belongs to one partner; nobody but the core posts."""
    ((body,),) = tampered.sql(
        "SELECT body FROM events WHERE rowid = ?", tampered.row(CORE, "PartnerPrepared")
    )
    held = msgspec.msgpack.decode(body)
    with undone(tampered):
        tampered.append(BILLER, "PartnerPrepared", held)
        assert Fault.PARTNER_ILLEGAL in [what for what, _ in tampered.found()]
    with undone(tampered):
        event = {"type": "PartnerAborted", "key": held["key"], "at_ms": 1}
        tampered.append(BILLER, "PartnerAborted", event)
        ((what, where),) = tampered.found()
        assert (Fault.PARTNER_WITHOUT_CASE, True) == (what, where.startswith(BILLER))


def test_an_answer_that_nobody_waited_for_is_found(tampered: Tampered) -> None:
    """A leg cannot be real before it was asked to be, nor without having been prepared."""
    seq = tampered.row(case(UNPAID), "LegAnswered")
    tampered.edit(seq, lambda event: event.update(standing="committed"))

    ((what, _), *_rest) = tampered.found()
    assert Fault.ILLEGAL_STEP is what


def test_a_whole_that_is_real_in_part_is_found(tampered: Tampered) -> None:
    """The second leg is cut out of the case's story: what was essential is not all there."""
    stream = case(BILL)
    rows = tampered.sql(
        "SELECT rowid FROM events WHERE stream = ? AND kind = 'CommitStarted' ORDER BY rowid",
        stream,
    )
    answers = tampered.sql(
        "SELECT rowid FROM events WHERE stream = ? AND kind = 'LegAnswered' ORDER BY rowid", stream
    )
    tampered.remove(answers[-1][0])
    tampered.remove(rows[-1][0])

    assert (Fault.PARTNER_DIFFERS, stream) in tampered.found()


def test_another_item_asked_for_is_found(tampered: Tampered) -> None:
    """A leg's request is not what the partner got."""
    seq = tampered.row(case(UNPAID), "PrepareStarted")
    tampered.edit(seq, lambda event: event["legs"][0]["request"]["operation"].update(fen=1))

    found = tampered.found()
    assert {Fault.PARTNER_DIFFERS} == {what for what, _ in found}
    assert [True, False] == sorted((where.startswith(BILLER) for _, where in found), reverse=True)


def test_another_plan_than_what_was_approved_is_found(tampered: Tampered) -> None:
    """What is carried out is what stood in the case when people said yes."""
    seq = tampered.row(case(UNPAID), "CaseSubmitted")

    def alter(event: dict[str, Any]) -> None:
        event["intake"]["undertaking"]["plan"][0]["request"]["operation"].update(fen=1)

    tampered.edit(seq, alter)
    assert Fault.PARTNER_DIFFERS in {what for what, _ in tampered.found()}


def test_information_that_was_never_passed_is_found(tampered: Tampered) -> None:
    """Whoever stores what should be signed, or calls it waived, is found out."""
    stream = case(TOLD)
    with undone(tampered):
        seq = tampered.row(stream, "CaseStored")
        tampered.edit(seq, lambda event: event["receipt"].update(case_id="another"))
        assert Fault.SLIP_DIFFERS in [what for what, _ in tampered.found()]
    with undone(tampered):
        seq = tampered.row(stream, "CaseSubmitted")
        tampered.edit(seq, lambda event: event["intake"]["undertaking"].update(signed=True))
        assert Fault.UNSIGNED in [what for what, _ in tampered.found()]
