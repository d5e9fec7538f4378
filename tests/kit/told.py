"""What invariants remember of a case, and how they tell that one was broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from backoffice.cases import events as case_events
from backoffice.verify.findings import Fault
from wire.case_state import State
from wire.messages.settlement import Deed

BY_FAULT: Final[dict[Fault, str]] = {
    Fault.ILLEGAL_STEP: "I7",
    Fault.SUBMISSION_DIFFERS: "I6",
    Fault.IMAGE_MISSING: "I6",
    Fault.IMAGE_ALTERED: "I6",
    Fault.DECISION_DIFFERS: "I6",
    Fault.SELF_AUTHORIZED: "I5",
    Fault.UNAUTHORIZED: "I4",
    Fault.SIGNATURE_INVALID: "I4",
    Fault.SLIP_DIFFERS: "I4",
    Fault.UNSIGNED: "I4",
    Fault.CLAIM_LOST: "I15",
    Fault.CLAIM_STRAY: "I15",
    Fault.CLAIM_TWICE: "I15",
    Fault.UNBALANCED: "I3",
    Fault.POSTED_TWICE: "I2",
    Fault.PARTNER_ILLEGAL: "I2",
    Fault.PARTNER_WITHOUT_CASE: "I2",
    Fault.PARTNER_DIFFERS: "I2",
}
"""Which invariant a finding of the verifier breaks; what is not named breaks the logs, I8."""


class Breach(msgspec.Struct, frozen=True):
    """One invariant broken: its name, when (virtual seconds), and what was seen."""

    name: str
    at_s: float
    what: str


@dataclass
class Told:
    """What the durable events of one case say."""

    union: str
    state: State = State.DRAFT
    version: int = 0
    passed: list[State] = field(default_factory=list)
    intake: case_events.Intake | None = None
    live: tuple[bytes, ...] = ()
    claim: case_events.Claimed | None = None
    persons: list[str] = field(default_factory=list)
    authorized: bool = False
    slip_hash: bytes = b""
    signed: bool = False
    asked: dict[str, case_events.LegAsked] = field(default_factory=dict)
    said: dict[str, Deed] = field(default_factory=dict)
    proposed: dict[str, case_events.Statement] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)
    made_good: set[str] = field(default_factory=set)


__all__ = ["BY_FAULT", "Breach", "Told"]
