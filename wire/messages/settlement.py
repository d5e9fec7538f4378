"""Settlement: cases that the machine gave up, and what people find out and do about them.

A person can have partners asked again. What became of a leg (one operation with one partner) two
persons say: one proposes, with evidence, another confirms exactly that proposal. Each signs with
the device and enters the passcode, as for a decision.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.case_state import State
from wire.ids import CaseId, Label, LabelOrNone
from wire.message import Request

EVIDENCE_CHARS_MAX: Final = 500
"""The longest evidence or note, in characters."""


class Deed(StrEnum):
    """What can be said of a leg."""

    DONE = "done"
    """The partner has done it, or is to."""
    NOT_DONE = "not_done"
    """The partner has not done it, and holds nothing for it; of what it has done and does not
    reverse: it was made good elsewhere."""
    REVERSE = "reverse"
    """The partner has done it, and is to post its reversal (冲正)."""


class Act(StrEnum):
    """What somebody does about a deed."""

    PROPOSE = "propose"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"


class ManualLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a case.

    Attributes:
        key: of the operation at its partner.
        partner: whose.
        name: tells the legs of a plan apart; empty for an only one.
        standing: where it stands as far as the case knows: `asked`, `prepared`, `declined`,
            `committing`, `committed`, `failed`, `aborting`, `aborted`, `reversed`, `made_good`.
        fen: what it moves; 0 where that is no money.
    """

    key: str
    partner: str
    name: str
    standing: str
    fen: int


class ManualCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case that waits for people; `since_ms` is when it last changed its state."""

    case_id: str
    union: str
    product: str
    state: State
    since_ms: int
    legs: tuple[ManualLeg, ...]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody proposed and nobody has confirmed.

    Attributes:
        leg: the leg's key.
        digest: BLAKE2b-256 of the proposer's `Word`, which a confirmation names.
        staff_id: the proposer's.
        name: the proposer's.
    """

    leg: str
    digest: bytes
    deed: Deed
    evidence: str
    staff_id: str
    name: str
    at_ms: int


class Said(msgspec.Struct, frozen=True):
    """What a partner last said of a leg that the case does not believe: a status, in words why."""

    leg: str
    status: str
    why: str


class ManualFile(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a case that people settle.

    Attributes:
        title_zh: the product's title.
        title_en: the same in English.
        operator: display name of who captured the case, and may not settle it.
        deciding: keys of legs whose partners were not heard yet about what two persons said.
    """

    case: ManualCase
    title_zh: str
    title_en: str
    operator: str
    said: tuple[Said, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    deciding: tuple[str, ...] = ()


class ManualCases(msgspec.Struct, frozen=True):
    """One page of cases, by union and id.

    Attributes:
        more: others follow, after the last one of these.
    """

    cases: tuple[ManualCase, ...]
    more: bool = False


class ListManual(Request[ManualCases], frozen=True, tag="ListManual"):
    """Which cases wait for people.

    Attributes:
        union: of one union; empty for all, which only an operator may ask. A desk has its own.
        after: `<union>/<case_id>` that the page begins after; empty for the first page.
    """

    union: LabelOrNone = ""
    after: str = ""


class OpenManual(Request[ManualFile], frozen=True, tag="OpenManual"):
    """Look at one."""

    union: Label
    case_id: CaseId


class InquireManual(Request[ManualFile], frozen=True, tag="InquireManual"):
    """Have partners asked again, by the same keys; `leg` is a key, a name, or empty for all open
    ones. The answers are taken as if they had come by themselves; look again to see them.
    """

    union: Label
    case_id: CaseId
    leg: str = ""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says; its encoding is what is signed.

    Attributes:
        leg: the leg's key.
        evidence: why a proposer knows it, or who cares for it; required of them.
        staff_id: who says it.
        said_ms: the device's clock.
        proposal: of a confirmation or a withdrawal, the digest of what was proposed.
    """

    union: Label
    case_id: CaseId
    leg: str
    act: Act
    deed: Deed
    evidence: str
    staff_id: Label
    said_ms: int
    proposal: bytes = b""


class SettleManual(Request[ManualFile], frozen=True, tag="SettleManual"):
    """Propose, confirm or withdraw; saying the same again is harmless.

    Attributes:
        word: the encoded `Word`, exactly the bytes that were signed.
        signature: Ed25519 of the device over them (context `SETTLEMENT`).
        passcode: the person's, entered for this. At a desk the person is who is signed in.
    """

    word: bytes
    signature: bytes
    passcode: str

    def __repr__(self) -> str:
        return f"SettleManual({len(self.word)} bytes)"


__all__ = [
    "EVIDENCE_CHARS_MAX",
    "Act",
    "Deed",
    "InquireManual",
    "ListManual",
    "ManualCase",
    "ManualCases",
    "ManualFile",
    "ManualLeg",
    "OpenManual",
    "Proposal",
    "Said",
    "SettleManual",
    "Word",
]
