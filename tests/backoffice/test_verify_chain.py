"""The verifier against the clumsy insider: a row that is altered, deleted, inserted, reordered or
cut off is found by the audit chain, at its place, and the rows around it are not blamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.batch import EMPTY_CHAIN
from actors.store import Committed
from backoffice.verify.chain import SEARCHES_MAX
from backoffice.verify.office import Fault, Finding
from tests.backoffice.tampering import CARD, Tampered, case, make_office, tampering, undone


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_office(tmp_path_factory.mktemp("data"))


@pytest.fixture
def tampered(folder: Path) -> Iterator[Tampered]:
    with tampering(folder) as spoiled:
        yield spoiled


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


def rows_of(tampered: Tampered) -> list[int]:
    return [seq for (seq,) in tampered.sql("SELECT seq FROM journal ORDER BY seq")]


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
    """Every column of every row: the chain names that very row, and no other."""
    for seq in rows_of(tampered):
        with undone(tampered):
            tampered.sql(f"UPDATE journal SET {change} WHERE seq = ?", seq)  # noqa: S608 - a test's
            found = _chain_findings(tampered)
            assert expected is found[0].what
            assert {str(seq)} == {one.where.split()[0] for one in found}


def test_a_deleted_row_is_found(tampered: Tampered) -> None:
    """Each row in turn; the gap is named, and the numbers that are missing."""
    for seq in rows_of(tampered)[:-1]:
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
    for seq in rows_of(tampered)[1:]:
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
    for seq in rows_of(tampered)[:-1]:
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
