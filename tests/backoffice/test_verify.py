"""The verifier against insiders: whoever touches a row, with or without mending the chain behind
them, is found, with the place.

Two kinds of insider. The clumsy one alters, deletes, inserts, reorders or cuts off rows; the chain
tells. The thorough one computes the whole chain anew afterwards; then signatures, the state
machine, the ledger and the claims tell, and a head that somebody kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.batch import EMPTY_CHAIN
from actors.sqlite_file import Archive, open_readonly
from actors.store import AUDIT_GENESIS, Committed, StoreError, audit_digest, event_digest
from backoffice.verify import (
    WORDS,
    Fault,
    Finding,
    NoOffice,
    Report,
    render_text,
    verify_folder,
    verify_office,
)
from backoffice.verify_chain import FINDINGS_MAX, SEARCHES_MAX
from tests.kit import submissions
from tests.kit.archive import AUTHORIZER, PRODUCTS, TELLER, UNION, OfficeFile, office_file
from wire.case_state import State
from wire.codec import encode_json
from wire.form import BankCardValue, IdCardValue

CARD, DUAL, PREPARED, UNDONE = 1, 2, 3, 4
"""Seeds: a card issued by one authorizer, by two, one not signed yet, one refused at the table."""

CORE = f"core/{UNION}"


class Tampered:
    """The database of an office in an insider's hands; what they do is undone afterwards."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def sql(self, statement: str, *values: object) -> list[Any]:
        return self.connection.execute(statement, values).fetchall()

    def seq(self, stream: str, kind: str) -> int:
        """The first entry of a kind in a stream."""
        query = "SELECT min(seq) FROM journal WHERE stream = ? AND kind = ?"
        ((seq,),) = self.sql(query, stream, kind)
        assert seq is not None, f"no {kind} in {stream}"
        return int(seq)

    def edit(self, seq: int, change: Callable[[dict[str, Any]], object]) -> None:
        """Alter a body, and mend the chain."""
        ((body,),) = self.sql("SELECT body FROM journal WHERE seq = ?", seq)
        fields = msgspec.msgpack.decode(body)
        change(fields)
        self.sql("UPDATE journal SET body = ? WHERE seq = ?", msgspec.msgpack.encode(fields), seq)
        self.mend()

    def remove(self, seq: int) -> None:
        """Delete an entry so that neither its number nor its version is missed; mend the chain."""
        ((stream, version),) = self.sql("SELECT stream, version FROM journal WHERE seq = ?", seq)
        self.sql("DELETE FROM journal WHERE seq = ?", seq)
        self.sql("UPDATE journal SET seq = seq - 1 WHERE seq > ?", seq)
        renumber = "UPDATE journal SET version = version - 1 WHERE stream = ? AND version > ?"
        self.sql(renumber, stream, version)
        self.mend()

    def append(self, stream: str, kind: str, fields: dict[str, Any]) -> None:
        """One more event at the end, with a right chain."""
        ((seq,),) = self.sql("SELECT max(seq) FROM journal")
        ((version,),) = self.sql("SELECT count(*) FROM journal WHERE stream = ?", stream)
        body = msgspec.msgpack.encode(fields)
        row = (seq + 1, stream, version + 1, kind, body, 1, "x", bytes(32), bytes(32))
        self.sql("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
        self.mend()

    def mend(self) -> None:
        """Compute every digest anew, as somebody would who knows how."""
        head = AUDIT_GENESIS
        query = "SELECT seq, at_ms, who, stream, version, kind, body FROM journal ORDER BY seq"
        for seq, at_ms, who, stream, version, kind, body in self.sql(query):
            digest = event_digest(body)
            head = audit_digest(head, seq, at_ms, who, stream, version, kind, digest)
            mended = "UPDATE journal SET event_digest = ?, head = ? WHERE seq = ?"
            self.sql(mended, digest, head, seq)

    def report(self, kept: Committed = EMPTY_CHAIN) -> Report:
        report = verify_office(Archive(self.connection), PRODUCTS, expected_head=kept)
        said = encode_json(report).decode() + render_text(report, "zh") + repr(report)
        assert not [number for number in NUMBERS if number in said], "a number in a report"
        return report

    def found(self) -> list[tuple[Fault, str]]:
        return [(finding.what, finding.where) for finding in self.report().findings]


def _numbers() -> Iterator[str]:
    form = PRODUCTS["debit_card"].form
    for seed in (CARD, DUAL, PREPARED, UNDONE):
        for value in submissions.values_for(form, seed).values():
            if isinstance(value, IdCardValue):
                yield value.number.number
            if isinstance(value, BankCardValue):
                yield value.pan.digits


NUMBERS = tuple(_numbers())


def fill(office: OfficeFile) -> None:
    office.case(CARD)
    office.case(DUAL, age=70)
    office.case(PREPARED, State.PREPARED)
    office.case(UNDONE, State.ABORTED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "office").mkdir()
    with office_file(folder / "office" / "office.db") as office:
        fill(office)
    return folder


@pytest.fixture
def tampered(folder: Path) -> Iterator[Tampered]:
    path = folder / "office" / "office.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        yield Tampered(connection)
        connection.execute("ROLLBACK")


def case(seed: int) -> str:
    return f"case/{UNION}/{submissions.case_id(seed)}"


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
    assert report.events == report.audit_entries > 40
    assert report == verify_folder(folder, PRODUCTS)
    with open_readonly(folder / "office" / "office.db") as archive:
        assert report.audit_head == list(archive.audit())[-1].head.hex()


def test_a_running_office_is_seen_at_one_moment(tmp_path: Path) -> None:
    """Cases that go on meanwhile are not half seen; the next look sees them whole."""
    path = tmp_path / "office.db"
    with office_file(path) as office:
        office.case(CARD)
        with open_readonly(path) as archive:
            rows = archive.journal()
            next(rows)
            office.case(PREPARED, State.PREPARED)
            assert {State.CLOSED: 1} == verify_office(archive, PRODUCTS).cases
        report = verify_folder(tmp_path, PRODUCTS, expected_head=office.head)

    assert report.sound
    assert {State.PREPARED: 1, State.CLOSED: 1} == report.cases


def test_there_must_be_an_office(tmp_path: Path) -> None:
    """A folder without a database, and a file that is none, are two different answers."""
    with pytest.raises(NoOffice):
        verify_folder(tmp_path, PRODUCTS)

    (tmp_path / "office.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError):
        verify_folder(tmp_path, PRODUCTS)


# The clumsy insider: the chain tells.

CHAIN = {
    Fault.EVENT_ALTERED,
    Fault.BROKEN_LINK,
    Fault.ENTRIES_MISSING,
    Fault.ENTRY_MOVED,
    Fault.CHAIN_TRUNCATED,
    Fault.CHAIN_REWRITTEN,
}


def _chain_findings(tampered: Tampered, kept: Committed = EMPTY_CHAIN) -> list[Finding]:
    return [one for one in tampered.report(kept).findings if one.what in CHAIN]


@contextmanager
def undone(tampered: Tampered) -> Iterator[None]:
    tampered.sql("SAVEPOINT one")
    yield
    tampered.sql("ROLLBACK TO one")
    tampered.sql("RELEASE one")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("body = cast(body || x'00' AS BLOB)", Fault.EVENT_ALTERED),
        ("event_digest = zeroblob(32)", Fault.EVENT_ALTERED),
        ("head = zeroblob(32)", Fault.BROKEN_LINK),
        ("who = who || 'x'", Fault.BROKEN_LINK),
        ("at_ms = at_ms + 1", Fault.BROKEN_LINK),
        ("kind = kind || 'x'", Fault.BROKEN_LINK),
        ("stream = 'other/' || seq", Fault.BROKEN_LINK),
        ("version = version + 1000", Fault.BROKEN_LINK),
    ],
)
def test_an_altered_row_is_found(tampered: Tampered, change: str, expected: Fault) -> None:
    """Every column of every fifth row: the first finding of the chain is that very row, and the
    rows around it are not blamed.
    """
    rows = tampered.sql("SELECT seq FROM journal WHERE seq % 5 = 1")
    for (seq,) in rows:
        with undone(tampered):
            tampered.sql(f"UPDATE journal SET {change} WHERE seq = ?", seq)  # noqa: S608 - a test's
            found = _chain_findings(tampered)
            assert expected is found[0].what
            assert {str(seq)} == {one.where.split()[0] for one in found}


def test_a_deleted_row_is_found(tampered: Tampered) -> None:
    """Each row in turn; the gap is named, and the numbers that are missing."""
    ((last,),) = tampered.sql("SELECT max(seq) FROM journal")
    for seq in range(1, last, 4):
        with undone(tampered):
            tampered.sql("DELETE FROM journal WHERE seq = ?", seq)
            (found,) = _chain_findings(tampered)
            assert (Fault.ENTRIES_MISSING, f"{seq}–{seq}") == (found.what, found.detail)
            assert str(seq + 1) == found.where.split()[0]


def test_a_deleted_row_is_found_even_if_the_rest_closes_up(tampered: Tampered) -> None:
    """The row behind the gap does not follow; those behind it are known to have been moved."""
    seq = tampered.seq(case(CARD), "CaseApproved")
    tampered.sql("DELETE FROM journal WHERE seq = ?", seq)
    tampered.sql("UPDATE journal SET seq = seq - 1 WHERE seq > ?", seq)

    broken, moved = _chain_findings(tampered)

    assert (Fault.BROKEN_LINK, str(seq)) == (broken.what, broken.where.split()[0])
    assert (Fault.ENTRY_MOVED, f"{seq + 2} → {seq + 1}") == (moved.what, moved.detail)


def test_an_inserted_row_is_found(tampered: Tampered) -> None:
    """A row slipped in between, the others moved up to make room for it."""
    for seq in range(2, 40, 7):
        with undone(tampered):
            tampered.sql("UPDATE journal SET seq = -seq - 1 WHERE seq >= ?", seq)
            tampered.sql("UPDATE journal SET seq = -seq WHERE seq < 0")
            tampered.sql(
                "INSERT INTO journal SELECT ?, 'other/1', 1, kind, body, at_ms, who, event_digest,"
                " head FROM journal WHERE seq = 1",
                seq,
            )
            inserted, moved = _chain_findings(tampered)
            assert (Fault.BROKEN_LINK, f"{seq} other/1#1") == (inserted.what, inserted.where)
            assert (Fault.ENTRY_MOVED, f"{seq} → {seq + 1}") == (moved.what, moved.detail)


def test_reordered_rows_are_found(tampered: Tampered) -> None:
    """Two neighbours exchanged: the first of the two places is named, and who belongs there."""
    for seq in range(2, 40, 7):
        with undone(tampered):
            tampered.sql("UPDATE journal SET seq = -1 WHERE seq = ?", seq)
            tampered.sql("UPDATE journal SET seq = ? WHERE seq = ?", seq, seq + 1)
            tampered.sql("UPDATE journal SET seq = ? WHERE seq = -1", seq + 1)
            broken, moved = _chain_findings(tampered)
            assert (Fault.BROKEN_LINK, str(seq)) == (broken.what, broken.where.split()[0])
            assert (Fault.ENTRY_MOVED, f"{seq} → {seq + 1}") == (moved.what, moved.detail)


def test_a_cut_off_end_is_found_by_whoever_kept_a_head(tampered: Tampered) -> None:
    """No chain can show that its end is missing; a head noted elsewhere can."""
    ((last, head),) = tampered.sql("SELECT seq, head FROM journal ORDER BY seq DESC LIMIT 1")
    ((early,),) = tampered.sql("SELECT head FROM journal WHERE seq = 10")
    kept = Committed(last, head)
    assert [] == _chain_findings(tampered, kept)
    assert [] == _chain_findings(tampered, Committed(10, early)), "an older head still stands"

    tampered.sql("DELETE FROM journal WHERE seq > ?", last - 3)

    assert [] == _chain_findings(tampered)
    (found,) = _chain_findings(tampered, kept)
    assert (Fault.CHAIN_TRUNCATED, f"{last - 3} < {last}") == (found.what, found.detail)


def test_a_chain_written_anew_is_found_by_whoever_kept_a_head(tampered: Tampered) -> None:
    """The thorough insider's chain is perfect, and is another one."""
    ((last, head),) = tampered.sql("SELECT seq, head FROM journal ORDER BY seq DESC LIMIT 1")
    tampered.sql("UPDATE journal SET who = 'nobody' WHERE seq = 5")
    tampered.mend()

    assert [] == _chain_findings(tampered)
    (found,) = _chain_findings(tampered, Committed(last, head))
    assert Fault.CHAIN_REWRITTEN is found.what


def test_a_ruined_chain_is_reported_in_bounded_work(tampered: Tampered) -> None:
    """When nothing fits any more, every row is named and the search for its place gives up."""
    tampered.sql("UPDATE journal SET at_ms = 7")
    ((rows,),) = tampered.sql("SELECT count(*) FROM journal")

    found = _chain_findings(tampered)

    assert rows == len(found) <= SEARCHES_MAX
    assert {Fault.BROKEN_LINK} == {one.what for one in found}


# The thorough insider: what the rows say tells.


def test_a_missing_version_is_found(tampered: Tampered) -> None:
    """A stream counts from one without gaps, whatever the chain says."""
    tampered.sql("UPDATE journal SET version = version + 1 WHERE stream = ? AND version > 6", CORE)
    tampered.mend()

    assert [(Fault.VERSION_GAP, f"{CORE}#8")] == tampered.found()


def test_an_unreadable_event_is_found(tampered: Tampered) -> None:
    """A body that is no event of its kind, and a kind that does not exist."""
    for column in ("body = x'c0'", "kind = 'CaseSold'"):
        with undone(tampered):
            seq = tampered.seq(case(PREPARED), "CaseClaimed")
            tampered.sql(f"UPDATE journal SET {column} WHERE seq = ?", seq)  # noqa: S608 - a test's
            tampered.mend()
            assert (Fault.UNREADABLE, f"{case(PREPARED)}#3") in tampered.found()


def test_a_skipped_step_is_found(tampered: Tampered) -> None:
    """An approval that never happened, a case that goes on after its end."""
    with undone(tampered):
        tampered.remove(tampered.seq(case(PREPARED), "CaseApproved"))
        assert (Fault.ILLEGAL_STEP, f"{case(PREPARED)}#4") in tampered.found()
    with undone(tampered):
        closed = {"type": "CaseClosed", "at_ms": 1}
        tampered.append(case(CARD), "CaseClosed", closed)
        ((end,),) = tampered.sql("SELECT max(version) FROM journal WHERE stream = ?", case(CARD))
        assert [(Fault.ILLEGAL_STEP, f"{case(CARD)}#{end}")] == tampered.found()


def test_a_case_waved_through_is_found(tampered: Tampered) -> None:
    """An A2 case that says of itself that the rules alone let it pass."""
    stream = case(PREPARED)
    for kind in ("CaseClaimed", "CaseApproved"):
        tampered.remove(tampered.seq(stream, kind))
    queued = tampered.seq(stream, "CaseQueued")
    tampered.sql("UPDATE journal SET kind = 'CaseWaived' WHERE seq = ?", queued)
    tampered.edit(queued, lambda event: event.update(type="CaseWaived"))

    assert [(Fault.UNAUTHORIZED, f"{stream}#3")] == tampered.found()


def test_one_approval_where_two_are_needed_is_found(tampered: Tampered) -> None:
    """The first of two approvals made the last one."""
    stream = case(DUAL)
    first = tampered.seq(stream, "CaseFirstApproved")
    tampered.sql("UPDATE journal SET kind = 'CaseApproved' WHERE seq = ?", first)
    tampered.edit(first, lambda event: event.update(type="CaseApproved"))
    tampered.remove(tampered.seq(stream, "CaseClaimed") + 2)
    ((second,),) = tampered.sql(
        "SELECT max(seq) FROM journal WHERE stream = ? AND kind = 'CaseApproved'", stream
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
    seq = tampered.seq(case(PREPARED), "CaseApproved")
    tampered.edit(seq, _decision(**changes))

    where = f"{case(PREPARED)}#4"
    assert [(Fault.SIGNATURE_INVALID, where), (Fault.DECISION_DIFFERS, where)] == tampered.found()


def test_a_decision_lent_to_another_case_is_found(tampered: Tampered) -> None:
    """It was signed indeed, but on something else."""
    lent = tampered.seq(case(CARD), "CaseApproved")
    ((body,),) = tampered.sql("SELECT body FROM journal WHERE seq = ?", lent)
    judgement = msgspec.msgpack.decode(body)["judgement"]
    seq = tampered.seq(case(PREPARED), "CaseApproved")
    tampered.edit(seq, lambda event: event.update(judgement=judgement))

    (found,) = tampered.report().findings

    assert (Fault.DECISION_DIFFERS, f"{case(PREPARED)}#4") == (found.what, found.where)
    assert "case, submission, images, challenge" == found.detail


def test_a_verdict_turned_round_is_found(tampered: Tampered) -> None:
    """A rejection, signed as such, booked as an approval."""
    seq = tampered.seq(case(PREPARED), "CaseApproved")
    tampered.edit(seq, lambda event: event["judgement"].update(verdict="reject"))

    (found,) = tampered.report().findings

    assert (Fault.DECISION_DIFFERS, "verdict") == (found.what, found.detail)


def test_one_person_in_two_roles_is_found(tampered: Tampered) -> None:
    """By person, not by staff id: the operator's alias, and one authorizer deciding twice."""
    alias = {"person_id": TELLER.person_id}
    with undone(tampered):
        seq = tampered.seq(case(PREPARED), "CaseApproved")
        tampered.edit(seq, lambda event: event["judgement"]["authorizer"].update(alias))
        assert [(Fault.SELF_AUTHORIZED, f"{case(PREPARED)}#4")] == tampered.found()
    with undone(tampered):
        seq = tampered.seq(case(DUAL), "CaseApproved")
        twice = {"person_id": AUTHORIZER.person_id}
        tampered.edit(seq, lambda event: event["judgement"]["authorizer"].update(twice))
        assert [(Fault.SELF_AUTHORIZED, f"{case(DUAL)}#6")] == tampered.found()


def _submission(**changes: object) -> Callable[[dict[str, Any]], None]:
    def change(event: dict[str, Any]) -> None:
        intake = event["intake"]
        body = msgspec.msgpack.decode(intake["submission"])
        intake["submission"] = msgspec.msgpack.encode(body | changes)

    return change


def test_a_tampered_submission_is_found(tampered: Tampered) -> None:
    """Neither the bytes that were signed nor what the office noted of them can be changed."""
    seq, where = tampered.seq(case(PREPARED), "CaseSubmitted"), f"{case(PREPARED)}#1"
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


def test_a_tampered_signature_is_found(tampered: Tampered) -> None:
    """The customer's strokes and the slip are bound to each other by the device's key."""
    with undone(tampered):
        seq = tampered.seq(case(CARD), "CaseSigned")
        tampered.edit(seq, lambda event: event["ink"]["strokes"].pop())
        assert [(Fault.SIGNATURE_INVALID, f"{case(CARD)}#8")] == tampered.found()
    with undone(tampered):
        seq = tampered.seq(case(CARD), "CasePrepared")
        tampered.edit(seq, lambda event: event["slip"]["lines"].pop())
        assert [(Fault.SLIP_DIFFERS, f"{case(CARD)}#6")] == tampered.found()


def test_another_request_to_the_core_is_found(tampered: Tampered) -> None:
    """The card that the core was asked for is the one that was read at the table."""
    card = list(submissions.values_for(PRODUCTS["debit_card"].form, CARD).values())
    (other,) = [value.pan.digits for value in card if isinstance(value, BankCardValue)]
    seq = tampered.seq(case(PREPARED), "PrepareStarted")
    tampered.edit(seq, lambda event: event["request"]["operation"].update(pan=[other]))

    where = f"{case(PREPARED)}#5"
    assert [(Fault.CORE_DIFFERS, where), (Fault.CORE_DIFFERS, f"{CORE}#5")] == tampered.found()


def test_a_swapped_image_is_found(tampered: Tampered) -> None:
    """Altered, exchanged for another case's, or gone: named with the case and the field."""
    photos = tampered.sql("SELECT digest, body FROM blobs ORDER BY body")
    (digest, body), (other, other_body) = photos[0], photos[-1]
    field = body.decode().split()[1]
    where = f"{case(CARD)}#1"
    assert "case 1" in body.decode()[:30]
    with undone(tampered):
        tampered.sql("UPDATE blobs SET body = ? WHERE digest = ?", other_body, digest)
        blob, photo = tampered.report().findings
        assert (Fault.IMAGE_ALTERED, f"blob/{digest.hex()}") == (blob.what, blob.where)
        assert (Fault.IMAGE_ALTERED, where, field) == (photo.what, photo.where, photo.detail)
    with undone(tampered):
        tampered.sql("DELETE FROM blobs WHERE digest = ?", digest)
        (photo,) = tampered.report().findings
        assert (Fault.IMAGE_MISSING, where, field) == (photo.what, photo.where, photo.detail)
    assert digest != other


# The ledger.


def test_an_unbalanced_group_is_found(tampered: Tampered) -> None:
    """One fen more on one side; the trial balance shows it too."""
    seq = tampered.seq(CORE, "CorePrepared")
    tampered.edit(seq, lambda event: event["group"]["postings"][0].update(fen=-99))

    report = tampered.report()

    assert Finding(Fault.UNBALANCED, f"{CORE}#1", "+1 fen") == report.findings[0]
    assert 1 == report.balance_fen


def test_a_second_posting_is_found(tampered: Tampered) -> None:
    """The same key again, as itself or under another event's name."""
    ((body,),) = tampered.sql(
        "SELECT body FROM journal WHERE seq = ?", tampered.seq(CORE, "CoreCommitted")
    )
    tampered.append(CORE, "CoreCommitted", msgspec.msgpack.decode(body))

    found = tampered.found()

    where = found[0][1]
    assert [(Fault.POSTED_TWICE, where), (Fault.CORE_ILLEGAL, where)] == found


def test_what_the_core_made_real_unasked_is_found(tampered: Tampered) -> None:
    """A card issued without the customer's signature, and one without any case."""
    key = submissions.case_id(PREPARED)
    with undone(tampered):
        event = {"type": "CoreCommitted", "key": key, "group": None}
        tampered.append(CORE, "CoreCommitted", event)
        ((what, where),) = tampered.found()
        assert (Fault.UNSIGNED, True) == (what, where.startswith(CORE))
    with undone(tampered):
        event = {"type": "CoreAborted", "key": "nobody", "group": None}
        tampered.append(CORE, "CoreAborted", event)
        ((what, _),) = tampered.found()
        assert Fault.CORE_WITHOUT_CASE is what


def test_a_case_that_only_says_it_is_real_is_found(tampered: Tampered) -> None:
    """The case is closed, the core knows of no commit."""
    tampered.remove(tampered.seq(CORE, "CoreCommitted"))

    key = submissions.case_id(CARD)
    assert (Fault.CORE_DIFFERS, f"{CORE} {key}") in tampered.found()


# Who owns what, and who is who.


def test_a_card_in_two_hands_is_found(tampered: Tampered) -> None:
    """A claim deleted, handed to another case, or made without a case."""
    first = submissions.case_id(CARD)
    with undone(tampered):
        tampered.sql("DELETE FROM claims WHERE scope = 'card' AND owner = ?", first)
        assert [(Fault.CLAIM_LOST, "claim/card")] == tampered.found()
    with undone(tampered):
        tampered.sql("UPDATE claims SET owner = 'x' WHERE scope = 'card' AND owner = ?", first)
        (found,) = tampered.report().findings
        assert (Fault.CLAIM_LOST, f"{first} → x") == (found.what, found.detail)
    with undone(tampered):
        tampered.sql("INSERT INTO claims VALUES ('card', 'k', 'x')")
        assert [(Fault.CLAIM_STRAY, "claim/card")] == tampered.found()


def test_two_cases_with_one_card_are_found(tampered: Tampered) -> None:
    """Even if the office noted the same claim in both."""
    ((body,),) = tampered.sql(
        "SELECT body FROM journal WHERE seq = ?", tampered.seq(case(CARD), "CaseSubmitted")
    )
    unique = msgspec.msgpack.decode(body)["intake"]["unique"]
    seq = tampered.seq(case(PREPARED), "CaseSubmitted")
    tampered.edit(seq, lambda event: event["intake"].update(unique=unique))

    found = tampered.found()

    assert 2 == len([one for one in found if one[0] is Fault.CLAIM_TWICE])


def test_a_key_that_moved_is_found(tampered: Tampered) -> None:
    """A device gets its keys once, by an invitation; a second enrolment counts for nothing."""
    seq = tampered.seq("devices", "DeviceEnrolled")
    ((body,),) = tampered.sql("SELECT body FROM journal WHERE seq = ?", seq)
    fields = msgspec.msgpack.decode(body)
    fields["device"]["signing"] = bytes(32)
    tampered.append("devices", "DeviceEnrolled", fields)
    ((end,),) = tampered.sql("SELECT max(version) FROM journal WHERE stream = 'devices'")

    assert [(Fault.DEVICE_IRREGULAR, f"devices#{end}")] * 2 == tampered.found()


def test_an_exchanged_key_is_found(tampered: Tampered) -> None:
    """Whoever puts another key in place makes every signature of the device worthless."""
    seq = tampered.seq("devices", "DeviceEnrolled")
    tampered.edit(seq, lambda event: event["device"].update(signing=bytes(32)))

    report = tampered.report()

    assert {Fault.SIGNATURE_INVALID} == {one.what for one in report.findings}
    assert 4 + 2 == len(report.findings)
    assert {"T-0001"} == {one.detail for one in report.findings}


# The report itself.


def test_findings_are_bounded(tampered: Tampered) -> None:
    """A report stays readable; it says how many more there are."""
    for number in range(FINDINGS_MAX + 7):
        tampered.sql("INSERT INTO claims VALUES ('card', ?, 'x')", f"{number:04}")

    report = tampered.report()

    assert FINDINGS_MAX == len(report.findings)
    assert 7 == report.more_findings
    assert "……另有 7 个" in render_text(report, "zh")
    assert "and 7 more" in render_text(report, "en")


def test_a_report_reads_in_both_languages(tampered: Tampered) -> None:
    """Every kind of finding has its words; states are named as everywhere else."""
    assert set(Fault) == set(WORDS)
    assert all(zh and en and zh != en for zh, en in WORDS.values())
    sound = tampered.report()
    tampered.sql("UPDATE journal SET who = 'x' WHERE seq = 3")
    broken = tampered.report()

    assert "核验通过" in render_text(sound, "zh")
    assert "已办结: 2" in render_text(sound, "zh")
    assert "Sound" in render_text(sound, "en")
    assert "  3 devices#3: 审计记录与前一条不衔接\n" in render_text(broken, "zh")
    assert "1 findings:" in render_text(broken, "en")
    assert not broken.sound
