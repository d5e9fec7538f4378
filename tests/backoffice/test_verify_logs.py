"""The verifier against the clumsy insider: a row that is altered, deleted, inserted, reordered or
cut off is found by the audit chain, at its place, and the rows around it are not blamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.store import AUDIT_GENESIS
from backoffice.verify.findings import SEARCHES_MAX
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
    Fault.HEAD_LOST,
}


def _chain_findings(tampered: Tampered, kept: bytes | None = None) -> list[Finding]:
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


def heads_of(tampered: Tampered) -> list[bytes]:
    return [head for (head,) in tampered.sql("SELECT head FROM journal ORDER BY seq")]


def test_every_head_that_was_kept_is_found_sound(tampered: Tampered) -> None:
    """Whoever kept a head, the first or the last, learns how far the office has gone on since."""
    heads = heads_of(tampered)
    for seq in (1, len(heads) // 2, len(heads)):
        report = tampered.report(heads[seq - 1])
        assert () == report.findings
        assert len(heads) - seq == report.entries_since_head
    assert tampered.report().entries_since_head is None, "nobody kept any"


def test_a_cut_off_end_is_found_by_whoever_kept_a_head(tampered: Tampered) -> None:
    """No chain can show that its end is missing; a head noted elsewhere can, whatever is cut."""
    heads = heads_of(tampered)
    for cut in range(1, len(heads) + 1):
        with undone(tampered):
            last = len(heads) - cut
            tampered.sql("DELETE FROM journal WHERE seq > ?", last)
            assert [] == _chain_findings(tampered)
            (found,) = _chain_findings(tampered, heads[-1])
            assert (Fault.HEAD_LOST, str(last)) == (found.what, found.where)
            assert [] == _chain_findings(tampered, heads[last - 1] if last else AUDIT_GENESIS)


def test_a_chain_written_anew_is_found_by_whoever_kept_a_head(tampered: Tampered) -> None:
    """The thorough insider's chain is perfect, and is another one from the change on."""
    heads = heads_of(tampered)
    tampered.sql("UPDATE journal SET who = 'nobody' WHERE seq = 5")
    tampered.mend()

    assert [] == _chain_findings(tampered)
    assert [] == _chain_findings(tampered, heads[3])
    for kept in heads[4:]:
        (found,) = _chain_findings(tampered, kept)
        assert Fault.HEAD_LOST is found.what


def test_a_kept_head_pasted_back_into_a_new_chain_is_found(tampered: Tampered) -> None:
    """Who knows which head was kept and writes it into its row has broken the chain there."""
    heads = heads_of(tampered)
    tampered.sql("UPDATE journal SET who = 'nobody' WHERE seq = 5")
    tampered.mend()
    tampered.sql("UPDATE journal SET head = ? WHERE seq = ?", heads[-1], len(heads))

    (found,) = _chain_findings(tampered, heads[-1])
    assert (Fault.BROKEN_LINK, str(len(heads))) == (found.what, found.where.split()[0])


def test_a_ruined_chain_is_reported_in_bounded_work(tampered: Tampered) -> None:
    """When nothing fits any more, every row is named and the search for its place gives up."""
    tampered.sql("UPDATE journal SET at_ms = 7")
    ((rows,),) = tampered.sql("SELECT count(*) FROM journal")

    found = _chain_findings(tampered)

    assert rows == len(found) <= SEARCHES_MAX
    assert {Fault.BROKEN_LINK} == {one.what for one in found}
