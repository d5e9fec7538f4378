"""What a verifier finds, and the two things that everything else rests on: chain and keys.

The audit chain is followed from its first entry to its last, every digest computed anew from the
stored bodies. One broken entry is one finding: the walk goes on from what is stored behind it, so
that a report names every place instead of the first. The pinned keys are read off the device
registry's own stream, independently of the registry's code.

What no chain can show: that its end was cut off, or that it was written anew as a whole. For that
somebody else must have kept a former head (`Chain`, `kept`): a chain that went on from it has it.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

import msgspec

from actors.durable.tagged import Tagged
from actors.store import (
    AUDIT_GENESIS,
    Committed,
    Recorded,
    StoreError,
    audit_digest,
    event_digest,
)
from actors.store.batch import EMPTY_CHAIN, JournalRow
from backoffice.peers.devices import (
    Device,
    DeviceEnrolled,
    DeviceInvited,
    DeviceRevoked,
    Devices,
    StaffBound,
    Ticket,
)

FINDINGS_MAX: Final = 200
"""The most findings that a report lists; further ones are counted."""

REACH_ROWS: Final = 8
"""How far a moved entry's own place is looked for, in entries."""

SEARCHES_MAX: Final = 100
"""How many broken links are looked into; beyond, they are only reported."""

DEVICES_STREAM: Final = "devices"
"""The stream of the device registry."""


class Fault(StrEnum):
    """What is wrong; the words for people are in `backoffice.verify.office`."""

    EVENT_ALTERED = "event_altered"
    BROKEN_LINK = "broken_link"
    ENTRIES_MISSING = "entries_missing"
    ENTRY_MOVED = "entry_moved"
    HEAD_LOST = "head_lost"
    VERSION_GAP = "version_gap"
    UNREADABLE = "unreadable"
    DEVICE_IRREGULAR = "device_irregular"
    DEVICE_UNKNOWN = "device_unknown"
    ILLEGAL_STEP = "illegal_step"
    SIGNATURE_INVALID = "signature_invalid"
    SUBMISSION_DIFFERS = "submission_differs"
    IDENTITY_DIFFERS = "identity_differs"
    IMAGE_MISSING = "image_missing"
    IMAGE_ALTERED = "image_altered"
    DECISION_DIFFERS = "decision_differs"
    SELF_AUTHORIZED = "self_authorized"
    UNAUTHORIZED = "unauthorized"
    SLIP_DIFFERS = "slip_differs"
    UNSIGNED = "unsigned"
    CLAIM_LOST = "claim_lost"
    CLAIM_STRAY = "claim_stray"
    CLAIM_TWICE = "claim_twice"
    UNBALANCED = "unbalanced"
    POSTED_TWICE = "posted_twice"
    PARTNER_ILLEGAL = "partner_illegal"
    PARTNER_WITHOUT_CASE = "partner_without_case"
    PARTNER_DIFFERS = "partner_differs"
    UNREVIEWED = "unreviewed"
    NAMESAKES = "namesakes"
    """Nothing wrong by itself: only ever noted."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        what: of which kind.
        where: the entry's number, the event as `stream#version`, a blob or a claim's scope.
        detail: what was found there; never a card or ID number.
    """

    what: Fault
    where: str
    detail: str = ""


class Findings:
    """Collects findings in the order of the walk, up to `FINDINGS_MAX`."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._more = 0

    def add(self, what: Fault, where: str, detail: str = "") -> None:
        """One more."""
        if len(self._kept) < FINDINGS_MAX:
            self._kept.append(Finding(what, where, detail))
        else:
            self._more += 1

    @property
    def kept(self) -> tuple[Finding, ...]:
        """Those that are listed."""
        return tuple(self._kept)

    @property
    def more(self) -> int:
        """How many there are beyond those."""
        return self._more


def place(stream: str, version: int) -> str:
    """How a finding names an event."""
    return f"{stream}#{version}"


class Chain:
    """Follows the audit chain, entry by entry.

    Args:
        kept: the value of a head that somebody noted earlier, 32 bytes; None when nobody did.

    Attributes:
        end: number and value of the last entry that was followed.
        kept_seq: the number of the entry that has the kept value; None while none had it.
    """

    def __init__(self, findings: Findings, kept: bytes | None = None) -> None:
        self._findings = findings
        self._kept = kept
        self.kept_seq = 0 if kept == AUDIT_GENESIS else None
        self._before: tuple[bytes, ...] = (AUDIT_GENESIS,)
        self._lately = deque([AUDIT_GENESIS], maxlen=REACH_ROWS)
        self._shift = 0
        self._searches = 0
        self.end = EMPTY_CHAIN

    def follow(self, row: JournalRow) -> None:
        """The next row, in the order of `seq`."""
        where = f"{row.seq} {place(row.stream, row.version)}"
        if event_digest(row.body) != row.event_digest:
            self._findings.add(Fault.EVENT_ALTERED, where)
        gap = row.seq != self.end.audit_seq + 1
        if gap:
            span = f"{self.end.audit_seq + 1}–{row.seq - 1}"
            self._findings.add(Fault.ENTRIES_MISSING, where, span)
        self._judge_link(row, where, gap)
        if row.head == self._kept:
            self.kept_seq = row.seq
        self.end = Committed(row.seq, row.head)

    def close(self) -> None:
        """There are no more rows."""
        if self._kept is not None and self.kept_seq is None:
            last = str(self.end.audit_seq)
            self._findings.add(Fault.HEAD_LOST, last, f"{self._kept.hex()} ∉ 1–{last}")

    def _judge_link(self, row: JournalRow, where: str, gap: bool) -> None:
        seq = row.seq - self._shift
        links = [_link(head, seq, row) for head in self._before]
        if row.head not in links:
            own = self._own_place(row)
            if own is None and not gap:
                self._findings.add(Fault.BROKEN_LINK, where)
            elif own is not None:
                if own not in (row.seq, seq):
                    self._findings.add(Fault.ENTRY_MOVED, where, f"{own} → {row.seq}")
                self._shift = row.seq - own
        # Where an entry's head was altered, the next one follows from what it ought to be.
        self._before = (row.head,) if row.head in links else (row.head, links[0])
        self._lately.append(row.head)

    def _own_place(self, row: JournalRow) -> int | None:
        """The number under which this very entry was once written, if that was nearby."""
        if self._searches >= SEARCHES_MAX:
            return None
        self._searches += 1
        numbers = range(max(1, row.seq - REACH_ROWS), row.seq + REACH_ROWS + 1)
        for number in sorted(numbers, key=lambda number: abs(number - row.seq)):
            if any(_link(head, number, row) == row.head for head in self._lately):
                return number
        return None


def _link(previous: bytes, seq: int, row: JournalRow) -> bytes:
    return audit_digest(
        previous, seq, row.at_ms, row.who, row.stream, row.version, row.kind, row.event_digest
    )


class PinnedKeys:
    """Which signing key belongs to which device, read off the registry's stream."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._reader = Tagged(Devices.event_type)
        self._tickets: dict[str, Ticket] = {}
        self._noise: set[bytes] = set()
        self._revoked: set[str] = set()
        self.devices: dict[str, Device] = {}

    def take(self, row: Recorded) -> None:
        """The next event of the stream."""
        where = place(row.stream, row.version)
        try:
            event = self._reader.decode(row.kind, row.body, where)
        except StoreError:
            self._findings.add(Fault.UNREADABLE, where, row.kind)
            return
        match event:
            case DeviceInvited(ticket=ticket):
                self._tickets[ticket.ticket] = ticket
            case DeviceEnrolled(ticket=name, device=device):
                self._enrol(self._tickets.pop(name, None), device, where)
            case DeviceRevoked(device=name):
                self._revoked.add(name)
            case StaffBound(device=name):
                if name not in self.devices or name in self._revoked:
                    self._findings.add(Fault.DEVICE_IRREGULAR, where, f"sign-in on {name}")
            case _:
                pass

    def _enrol(self, ticket: Ticket | None, device: Device, where: str) -> None:
        """An invitation is used once, a device gets its keys once, a key is one device's."""
        invited = ticket is not None and (
            (ticket.device, ticket.role, ticket.outlet, ticket.union)
            == (device.device, device.role, device.outlet, device.union)
        )
        if not invited:
            self._findings.add(Fault.DEVICE_IRREGULAR, where, f"{device.device} uninvited")
        if device.device in self.devices or device.noise in self._noise:
            self._findings.add(Fault.DEVICE_IRREGULAR, where, f"{device.device} key moved")
            return
        self._noise.add(device.noise)
        self.devices[device.device] = device


__all__ = [
    "DEVICES_STREAM",
    "FINDINGS_MAX",
    "REACH_ROWS",
    "SEARCHES_MAX",
    "Chain",
    "Fault",
    "Finding",
    "Findings",
    "PinnedKeys",
    "place",
]
