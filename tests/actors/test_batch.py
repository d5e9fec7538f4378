"""A batch is planned in memory before it is written, and the chain it extends proves itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.store import (
    AUDIT_GENESIS,
    Append,
    AuditEntry,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    Event,
    VersionConflict,
)
from actors.store.batch import AuditBroken, JournalRow, Plan, verify_chain
from actors.store.memory import Disk


def append(stream: str, after: int, *bodies: bytes) -> Batch:
    events = tuple(Event("happened", body) for body in bodies)
    return Batch("mei", 1_000, appends=(Append(stream, after, events),))


FIELDS = ("seq", "at_ms", "who", "stream", "version", "kind", "event_digest", "head")


@settings(max_examples=100)
@given(count=st.integers(2, 6), data=st.data())
def test_any_change_of_the_chain_is_found(count: int, data: st.DataObject) -> None:
    """Alter any field of any entry, drop one or swap two: the chain no longer verifies."""
    disk = Disk()
    for n in range(count):
        disk.apply(append(f"s{n}", 0, bytes([n])))
    entries = [row.audit_entry() for row in disk.journal]
    assert disk.head == verify_chain(entries)

    at = data.draw(st.integers(0, count - 1))
    how = data.draw(st.sampled_from((*FIELDS, "drop", "swap")))
    if how == "drop":
        del entries[at]
    elif how == "swap":
        other = (at + 1) % count
        entries[at], entries[other] = entries[other], entries[at]
    else:
        values = {name: getattr(entries[at], name) for name in FIELDS}
        old = values[how]
        values[how] = (
            old + 1
            if isinstance(old, int)
            else old + "x"
            if isinstance(old, str)
            else bytes([old[0] ^ 1]) + old[1:]
        )
        entries[at] = AuditEntry(**values)

    if how == "drop" and at == count - 1:
        assert disk.head != verify_chain(entries)
    else:
        with pytest.raises(AuditBroken):
            verify_chain(entries)


def test_a_plan_sees_what_it_staged() -> None:
    """Within one group, the second batch meets the first one's versions and claims."""
    plan = Plan(Disk(), Committed(0, AUDIT_GENESIS))
    plan.add(Batch("w", 1, appends=append("s", 0, b"a").appends, claims=(Claim("c", "k", "s"),)))

    with pytest.raises(VersionConflict):
        plan.add(append("s", 0, b"b"))
    with pytest.raises(ClaimConflict):
        plan.add(Batch("w", 1, claims=(Claim("c", "k", "t"),)))
    plan.add(append("s", 1, b"b"))

    assert [1, 2] == [JournalRow(*row).version for row in plan.rows]
