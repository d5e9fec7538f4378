"""The verifier against the thorough insider, who writes all logs anew behind every change:
then signatures, the state machine, the ledger, the images and the claims tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.store import StoreError
from actors.store.merkle import leaf_hash, node_hash
from actors.store.sqlite.file import open_readonly
from backoffice.authorization.levels import THRESHOLDS, Locality
from backoffice.shards import PROVINCE, of_union
from backoffice.verify.logs import KeptHead
from backoffice.verify.office import (
    Fault,
    Finding,
    NoOffice,
    render_text,
    verify_folder,
    verify_office,
)
from tests.backoffice.tampering import (
    CARD,
    CORE,
    DUAL,
    PREPARED,
    Tampered,
    case,
    make_office,
    tampering,
    undone,
)
from tests.kit import submissions
from tests.kit.archive import AUTHORIZER, PRODUCTS, TELLER, UNION, office_file
from wire.case_state import State
from wire.value import BankCardValue


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_office(tmp_path_factory.mktemp("data"))


@pytest.fixture
def tampered(folder: Path) -> Iterator[Tampered]:
    with tampering(folder) as spoiled:
        yield spoiled


def test_an_honest_office_is_sound(folder: Path) -> None:
    """Everything is counted, nothing is found, and looking twice says the same."""
    report = verify_folder(folder, PRODUCTS)

    assert () == report.findings
    assert report.sound
    assert {State.PREPARED: 1, State.CLOSED: 2, State.ABORTED: 1} == report.cases
    assert 3 == report.devices
    assert 12 == report.images
    assert 4 + 5 + 2 == report.signatures, "submissions, decisions, signed slips"
    assert 4 + 2 + 1 == report.posting_groups, "prepared, committed, aborted"
    assert 0 == report.balance_fen
    assert report.events >= report.audit_entries > 40
    assert {PROVINCE, of_union(UNION)} == set(report.heads)
    assert report.audit_entries == sum(head.size for head in report.heads.values())
    assert report == verify_folder(folder, PRODUCTS)
    with open_readonly(folder / "office" / "office.db") as archive:
        for shard, head in report.heads.items():
            leaves = [leaf_hash(row.entry) for row in archive.log(shard)]
            assert (len(leaves), tree_hash(leaves).hex()) == (head.size, head.root)
    heads = [[shard, head.size, bytes.fromhex(head.root)] for shard, head in report.heads.items()]
    joined = tree_hash([leaf_hash(msgspec.msgpack.encode(head)) for head in heads])
    assert joined.hex() == report.root


def tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_hash(leaves[:half]), tree_hash(leaves[half:]))


def test_a_running_office_is_seen_at_one_moment(tmp_path: Path) -> None:
    """Cases that go on meanwhile are not half seen; the next look sees them whole."""
    path = tmp_path / "office.db"
    with office_file(path) as office:
        office.case(CARD)
        with open_readonly(path) as archive:
            rows = archive.journal()
            next(rows)
            office.case(PREPARED, State.PREPARED)
            assert {State.CLOSED: 1} == verify_office(archive, office.blobs, PRODUCTS).cases
        kept = KeptHead.read(verify_folder(tmp_path, PRODUCTS).head)
        report = verify_folder(tmp_path, PRODUCTS, kept=kept)

    assert report.sound
    assert {State.PREPARED: 1, State.CLOSED: 1} == report.cases


def test_there_must_be_an_office(tmp_path: Path) -> None:
    """A folder without a database, and a file that is none, are two different answers."""
    with pytest.raises(NoOffice):
        verify_folder(tmp_path, PRODUCTS)

    (tmp_path / "office.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError):
        verify_folder(tmp_path, PRODUCTS)


# The thorough insider: what the rows say tells.


def test_a_missing_version_is_found(tampered: Tampered) -> None:
    """A stream counts from one without gaps, whatever the chain says."""
    tampered.sql("UPDATE events SET version = version + 1 WHERE stream = ? AND version > 6", CORE)
    tampered.mend()

    assert [(Fault.VERSION_GAP, f"{CORE}#8")] == tampered.found()


def test_an_unreadable_event_is_found(tampered: Tampered) -> None:
    """A body that is no event of its kind, and a kind that does not exist."""
    for column in ("body = x'c0'", "kind = 'CaseSold'"):
        with undone(tampered):
            seq = tampered.row(case(PREPARED), "CaseClaimed")
            tampered.sql(f"UPDATE events SET {column} WHERE rowid = ?", seq)  # noqa: S608 - a test's
            tampered.mend()
            assert (Fault.UNREADABLE, f"{case(PREPARED)}#3") in tampered.found()


def test_a_skipped_step_is_found(tampered: Tampered) -> None:
    """An approval that never happened, a case that goes on after its end."""
    with undone(tampered):
        tampered.remove(tampered.row(case(PREPARED), "CaseApproved"))
        assert (Fault.ILLEGAL_STEP, f"{case(PREPARED)}#4") in tampered.found()
    with undone(tampered):
        closed = {"type": "CaseClosed", "at_ms": 1}
        tampered.append(case(CARD), "CaseClosed", closed)
        ((end,),) = tampered.sql("SELECT max(version) FROM events WHERE stream = ?", case(CARD))
        assert [(Fault.ILLEGAL_STEP, f"{case(CARD)}#{end}")] == tampered.found()


def test_a_case_waved_through_is_found(tampered: Tampered) -> None:
    """An A2 case that says of itself that the rules alone let it pass."""
    stream = case(PREPARED)
    for kind in ("CaseClaimed", "CaseApproved"):
        tampered.remove(tampered.row(stream, kind))
    queued = tampered.row(stream, "CaseQueued")
    tampered.sql("UPDATE events SET kind = 'CaseWaived' WHERE rowid = ?", queued)
    tampered.edit(queued, lambda event: event.update(type="CaseWaived"))

    assert [(Fault.UNAUTHORIZED, f"{stream}#3")] == tampered.found()


def test_one_approval_where_two_are_needed_is_found(tampered: Tampered) -> None:
    """The first of two approvals made the last one."""
    stream = case(DUAL)
    first = tampered.row(stream, "CaseFirstApproved")
    tampered.sql("UPDATE events SET kind = 'CaseApproved' WHERE rowid = ?", first)
    tampered.edit(first, lambda event: event.update(type="CaseApproved"))
    tampered.remove(tampered.row(stream, "CaseClaimed") + 2)
    ((second,),) = tampered.sql(
        "SELECT max(rowid) FROM events WHERE stream = ? AND kind = 'CaseApproved'", stream
    )
    tampered.remove(second)

    assert (Fault.UNAUTHORIZED, f"{stream}#5") in tampered.found()


def _decision(**changes: object) -> Callable[[dict[str, Any]], None]:
    def change(event: dict[str, Any]) -> None:
        judgement = event["judgement"]
        decision = msgspec.msgpack.decode(judgement["decision"])
        judgement["decision"] = msgspec.msgpack.encode(decision | changes)

    return change


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"submission_hash": bytes(32)},
        {"images": []},
        {"challenge": bytes(16)},
        {"staff_id": TELLER.staff_id},
        {"case_id": submissions.case_id(CARD)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_tampered_decision_is_found(tampered: Tampered, changes: dict[str, object]) -> None:
    """Nobody but the desk can sign, and what the decision is on is compared one by one."""
    seq = tampered.row(case(PREPARED), "CaseApproved")
    tampered.edit(seq, _decision(**changes))

    where = f"{case(PREPARED)}#4"
    assert [(Fault.SIGNATURE_INVALID, where), (Fault.DECISION_DIFFERS, where)] == tampered.found()


def test_a_decision_lent_to_another_case_is_found(tampered: Tampered) -> None:
    """It was signed indeed, but on something else."""
    lent = tampered.row(case(CARD), "CaseApproved")
    ((body,),) = tampered.sql("SELECT body FROM events WHERE rowid = ?", lent)
    judgement = msgspec.msgpack.decode(body)["judgement"]
    seq = tampered.row(case(PREPARED), "CaseApproved")
    tampered.edit(seq, lambda event: event.update(judgement=judgement))

    (found,) = tampered.report().findings

    assert (Fault.DECISION_DIFFERS, f"{case(PREPARED)}#4") == (found.what, found.where)
    assert "case, submission, images, challenge" == found.detail


def test_a_verdict_turned_round_is_found(tampered: Tampered) -> None:
    """A rejection, signed as such, booked as an approval."""
    seq = tampered.row(case(PREPARED), "CaseApproved")
    tampered.edit(seq, lambda event: event["judgement"].update(verdict="reject"))

    (found,) = tampered.report().findings

    assert (Fault.DECISION_DIFFERS, "verdict") == (found.what, found.detail)


def test_one_person_in_two_roles_is_found(tampered: Tampered) -> None:
    """By person, not by staff id: the operator's alias, and one authorizer deciding twice."""
    alias = {"person_id": TELLER.person_id}
    with undone(tampered):
        seq = tampered.row(case(PREPARED), "CaseApproved")
        tampered.edit(seq, lambda event: event["judgement"]["authorizer"].update(alias))
        assert [(Fault.SELF_AUTHORIZED, f"{case(PREPARED)}#4")] == tampered.found()
    with undone(tampered):
        seq = tampered.row(case(DUAL), "CaseApproved")
        twice = {"person_id": AUTHORIZER.person_id}
        tampered.edit(seq, lambda event: event["judgement"]["authorizer"].update(twice))
        assert [(Fault.SELF_AUTHORIZED, f"{case(DUAL)}#6")] == tampered.found()


def test_two_persons_of_one_name_are_noted_and_their_case_must_be_drawn(tampered: Tampered) -> None:
    """Common, so it is no fault; but it shows, and a case of theirs that nobody reviews is one."""
    namesake = {"name": f" {TELLER.name}"}
    for seed, version in ((PREPARED, 4), (DUAL, 6)):
        with undone(tampered):
            seq = tampered.row(case(seed), "CaseApproved")
            tampered.edit(seq, lambda event: event["judgement"]["authorizer"].update(namesake))
            report = tampered.report()
            (note,) = report.notes
            assert (Fault.NAMESAKES, f"{case(seed)}#{version}") == (note.what, note.where)
            assert note.where in render_text(report, "zh")
            undrawn = [one.what for one in report.findings]
            assert ([] if seed == PREPARED else [Fault.UNREVIEWED]) == undrawn
    assert () == tampered.report().notes


def test_a_decision_of_another_union_is_found(tampered: Tampered) -> None:
    """The centre decides what is central; what stays in its union, and anybody else, not."""
    stream, centre = case(CARD), THRESHOLDS.centre

    def decided_by(union: str) -> None:
        seq = tampered.row(stream, "CaseApproved")
        tampered.edit(seq, lambda event: event["judgement"]["authorizer"].update(union=union))

    with undone(tampered):
        decided_by(centre)
        assert [] == tampered.found()
        seq = tampered.row(stream, "CaseSubmitted")
        route = {"locality": Locality.OUTLET}
        tampered.edit(seq, lambda event: event["intake"]["assessment"]["route"].update(route))
        assert [(Fault.UNAUTHORIZED, f"{stream}#4")] == tampered.found()
    with undone(tampered):
        decided_by("530199")
        assert [(Fault.UNAUTHORIZED, f"{stream}#4")] == tampered.found()


def _submission(**changes: object) -> Callable[[dict[str, Any]], None]:
    def change(event: dict[str, Any]) -> None:
        intake = event["intake"]
        body = msgspec.msgpack.decode(intake["submission"])
        intake["submission"] = msgspec.msgpack.encode(body | changes)

    return change


def test_a_tampered_submission_is_found(tampered: Tampered) -> None:
    """Neither the bytes that were signed nor what the office noted of them can be changed."""
    seq, where = tampered.row(case(PREPARED), "CaseSubmitted"), f"{case(PREPARED)}#1"
    with undone(tampered):
        tampered.edit(seq, _submission(staff_id="T999"))
        found = tampered.found()
        assert [(Fault.SIGNATURE_INVALID, where), (Fault.SUBMISSION_DIFFERS, where)] == found[:2]
    with undone(tampered):
        tampered.edit(seq, lambda event: event["intake"]["operator"].update(staff_id="T999"))
        (finding,) = tampered.report().findings
        assert (Fault.SUBMISSION_DIFFERS, "operator") == (finding.what, finding.detail)
    with undone(tampered):
        tampered.edit(seq, lambda event: event["intake"].update(device="T-0009"))
        assert (Fault.DEVICE_UNKNOWN, where) in tampered.found()
    with undone(tampered):
        tampered.edit(seq, lambda event: event["intake"]["images"].pop())
        (finding, decided) = tampered.report().findings
        assert (Fault.SUBMISSION_DIFFERS, "images") == (finding.what, finding.detail)
        assert (Fault.DECISION_DIFFERS, "images") == (decided.what, decided.detail)


def test_an_identity_check_that_never_was_is_found(tampered: Tampered) -> None:
    """Deleted, about somebody else, with another answer, or unreadable: a claim is no proof."""
    stream = f"identity/{UNION}/{submissions.case_id(PREPARED)}"
    seq, expected = tampered.row(stream, "IdentityRecorded"), f"{case(PREPARED)}#1"
    with undone(tampered):
        tampered.remove(seq)
        assert [(Fault.IDENTITY_DIFFERS, expected)] == tampered.found()
    with undone(tampered):
        tampered.edit(seq, lambda event: event.update(person=bytes(32)))
        assert [(Fault.IDENTITY_DIFFERS, expected)] == tampered.found()
    with undone(tampered):
        tampered.edit(seq, lambda event: event["answer"].update(result="number_absent"))
        assert [(Fault.IDENTITY_DIFFERS, expected)] == tampered.found()
    with undone(tampered):
        tampered.sql("UPDATE events SET body = x'c0' WHERE rowid = ?", seq)
        tampered.mend()
        found = [(Fault.UNREADABLE, f"{stream}#1"), (Fault.IDENTITY_DIFFERS, expected)]
        assert found == tampered.found()


def test_a_tampered_signature_is_found(tampered: Tampered) -> None:
    """The customer's strokes and the slip are bound to each other by the device's key."""
    with undone(tampered):
        seq = tampered.row(case(CARD), "CaseSigned")
        tampered.edit(seq, lambda event: event["ink"]["strokes"].pop())
        assert [(Fault.SIGNATURE_INVALID, f"{case(CARD)}#8")] == tampered.found()
    with undone(tampered):
        seq = tampered.row(case(CARD), "CasePrepared")
        tampered.edit(seq, lambda event: event["slip"]["lines"].pop())
        assert [(Fault.SLIP_DIFFERS, f"{case(CARD)}#6")] == tampered.found()


def test_another_request_to_the_core_is_found(tampered: Tampered) -> None:
    """The card that the core was asked for is the one that was read at the table."""
    card = list(submissions.values_for(PRODUCTS["debit_card"].form, CARD).values())
    (other,) = [value.pan.digits for value in card if isinstance(value, BankCardValue)]
    seq = tampered.row(case(PREPARED), "PrepareStarted")
    tampered.edit(seq, lambda event: event["legs"][0]["request"]["operation"].update(pan=[other]))

    where = f"{case(PREPARED)}#5"
    assert [
        (Fault.PARTNER_DIFFERS, where),
        (Fault.PARTNER_DIFFERS, f"{CORE}#5"),
    ] == tampered.found()


# The ledger.


def test_an_unbalanced_group_is_found(tampered: Tampered) -> None:
    """One fen more on one side; the trial balance shows it too."""
    seq = tampered.row(CORE, "PartnerPrepared")
    tampered.edit(seq, lambda event: event["group"]["postings"][-1].update(fen=101))

    report = tampered.report()

    assert Finding(Fault.UNBALANCED, f"{CORE}#1", "+1 fen") == report.findings[0]
    assert 1 == report.balance_fen


def test_a_second_posting_is_found(tampered: Tampered) -> None:
    """The same key again, as itself or under another event's name."""
    ((body,),) = tampered.sql(
        "SELECT body FROM events WHERE rowid = ?", tampered.row(CORE, "PartnerCommitted")
    )
    tampered.append(CORE, "PartnerCommitted", msgspec.msgpack.decode(body))

    found = tampered.found()

    where = found[0][1]
    assert [(Fault.POSTED_TWICE, where), (Fault.PARTNER_ILLEGAL, where)] == found


def test_what_the_core_made_real_unasked_is_found(tampered: Tampered) -> None:
    """A card issued without the customer's signature, and one without any case."""
    key = submissions.case_id(PREPARED)
    with undone(tampered):
        event = {"type": "PartnerCommitted", "key": key, "at_ms": 1, "facts": {}, "group": None}
        tampered.append(CORE, "PartnerCommitted", event)
        ((what, where),) = tampered.found()
        assert (Fault.UNSIGNED, True) == (what, where.startswith(CORE))
    with undone(tampered):
        event = {"type": "PartnerAborted", "key": "nobody", "at_ms": 1, "group": None}
        tampered.append(CORE, "PartnerAborted", event)
        ((what, _),) = tampered.found()
        assert Fault.PARTNER_WITHOUT_CASE is what


def test_a_case_that_only_says_it_is_real_is_found(tampered: Tampered) -> None:
    """The case is closed, the core knows of no commit."""
    tampered.remove(tampered.row(CORE, "PartnerCommitted"))

    key = submissions.case_id(CARD)
    assert (Fault.PARTNER_DIFFERS, f"{CORE} {key}") in tampered.found()


# Who owns what, and who is who.


def test_a_card_in_two_hands_is_found(tampered: Tampered) -> None:
    """A claim deleted, handed to another case, or made without a case."""
    first = submissions.case_id(CARD)
    with undone(tampered):
        tampered.sql("DELETE FROM claims WHERE scope = 'card' AND owner = ?", first)
        tampered.mend()
        assert [(Fault.CLAIM_LOST, "claim/card")] == tampered.found()
    with undone(tampered):
        tampered.sql("UPDATE claims SET owner = 'x' WHERE scope = 'card' AND owner = ?", first)
        tampered.mend()
        (found,) = tampered.report().findings
        assert (Fault.CLAIM_LOST, f"{first} → x") == (found.what, found.detail)
    with undone(tampered):
        tampered.sql("INSERT INTO claims VALUES ('card', 'k', 'x', ?)", PROVINCE)
        tampered.mend()
        assert [(Fault.CLAIM_STRAY, "claim/card")] == tampered.found()


def test_two_cases_with_one_card_are_found(tampered: Tampered) -> None:
    """Even if the office noted the same claim in both."""
    ((body,),) = tampered.sql(
        "SELECT body FROM events WHERE rowid = ?", tampered.row(case(CARD), "CaseSubmitted")
    )
    unique = msgspec.msgpack.decode(body)["intake"]["unique"]
    seq = tampered.row(case(PREPARED), "CaseSubmitted")
    tampered.edit(seq, lambda event: event["intake"].update(unique=unique))

    found = tampered.found()

    assert 2 == len([one for one in found if one[0] is Fault.CLAIM_TWICE])


def test_a_key_that_moved_is_found(tampered: Tampered) -> None:
    """A device gets its keys once, by an invitation; a second enrolment counts for nothing."""
    seq = tampered.row("devices", "DeviceEnrolled")
    ((body,),) = tampered.sql("SELECT body FROM events WHERE rowid = ?", seq)
    fields = msgspec.msgpack.decode(body)
    fields["device"]["signing"] = bytes(32)
    tampered.append("devices", "DeviceEnrolled", fields)
    ((end,),) = tampered.sql("SELECT max(version) FROM events WHERE stream = 'devices'")

    assert [(Fault.DEVICE_IRREGULAR, f"devices#{end}")] * 2 == tampered.found()


def test_an_exchanged_key_is_found(tampered: Tampered) -> None:
    """Whoever puts another key in place makes every signature of the device worthless."""
    seq = tampered.row("devices", "DeviceEnrolled")
    tampered.edit(seq, lambda event: event["device"].update(signing=bytes(32)))

    report = tampered.report()

    assert {Fault.SIGNATURE_INVALID} == {one.what for one in report.findings}
    assert 4 + 2 == len(report.findings)
    assert {"T-0001"} == {one.detail for one in report.findings}
