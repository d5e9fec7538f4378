"""What can be asked of a business case, with who asks as the office has authenticated it.

A terminal or desk is never believed about itself: staff, device and key come from the registry,
the intake from `intake`. Every command may arrive twice; see `backoffice.cases.case`.
"""

from __future__ import annotations

import msgspec

from backoffice.authorization.levels import Level
from backoffice.authorization.waiting import Authority
from backoffice.cases.events import Intake, LeaseDue, PatienceEnded, Seal, SlipDue
from backoffice.partners.port import PartnerOutcome
from backoffice.slips.proof import SlipProof
from wire.message import Message, Request
from wire.messages.case import (
    CancelCase,
    CaseView,
    ContinueLater,
    Delivered,
    GetCase,
    GiveLivePhoto,
    RefuseSlip,
    SignSlip,
    SlipShown,
    SubmitRescan,
)
from wire.messages.desk import CaseFile, DecisionTaken, Lease, Released, ReviewFile, ReviewTaken
from wire.messages.session import StaffCard
from wire.messages.settlement import ManualFile


class Caller(msgspec.Struct, frozen=True):
    """Who asks, as the office knows them.

    Attributes:
        staff: who is signed in on the device.
        device: its id.
        signing: its pinned Ed25519 key, 32 bytes.
        level: the highest authorization level this person may decide.
        skills: product codes or categories that they decide; empty for all.
    """

    staff: StaffCard
    device: str
    signing: bytes
    level: Level = Level.A0
    skills: tuple[str, ...] = ()

    @property
    def authority(self) -> Authority:
        """Who it is to decide a case."""
        return Authority(self.staff, self.level, self.skills)


class FileCase(Request[CaseView], frozen=True, tag="FileCase"):
    """Take an accepted submission in; the same revision again gets the stored answer."""

    intake: Intake


TerminalRequest = (
    GetCase
    | ContinueLater
    | GiveLivePhoto
    | SlipShown
    | SignSlip
    | RefuseSlip
    | CancelCase
    | Delivered
    | SubmitRescan
)
"""What the submitting terminal may ask of its case after the submission."""


class FromTerminal(Request[CaseView], frozen=True, tag="FromTerminal"):
    """A terminal's request."""

    caller: Caller
    request: TerminalRequest


class Claim(Request[CaseFile], frozen=True, tag="Claim"):
    """Take the case for review, or take a fresh look; `challenge` is 16 unpredictable bytes."""

    caller: Caller
    challenge: bytes


class Renew(Request[Lease], frozen=True, tag="Renew"):
    """Heartbeat of a claim."""

    caller: Caller


class AskLive(Request[CaseFile], frozen=True, tag="AskLive"):
    """The holder of the claim wants the customer photographed now."""

    caller: Caller


class Release(Request[Released], frozen=True, tag="Release"):
    """Give the claim back undecided."""

    caller: Caller


class Judge(Request[DecisionTaken], frozen=True, tag="Judge"):
    """A signed decision; whoever hands it in has proven their passcode for it."""

    caller: Caller
    decision: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"Judge({len(self.decision)} bytes)"


class PartnerSilent(Message, frozen=True, tag="PartnerSilent"):
    """A partner did not answer in time: the operation under the key may or may not stand."""

    key: str


class KeepSeal(Message, frozen=True, tag="KeepSeal"):
    """The office has countersigned the slip."""

    seal: Seal


class TellProof(Request[SlipProof], frozen=True, tag="TellProof"):
    """Somebody wants to see the slip as it was signed.

    Attributes:
        device: whose case it must be; empty for the office's own.
    """

    device: str = ""


class LookManual(Request[ManualFile], frozen=True, tag="LookManual"):
    """What there is to settle."""


class InquireLegs(Request[ManualFile], frozen=True, tag="InquireLegs"):
    """Somebody has partners asked again about a case that the machine gave up.

    Attributes:
        leg: the key or the name of a leg; empty for all that are open.
        by: their staff id, or an operator's key.
    """

    leg: str
    by: str


class SettleLeg(Request[ManualFile], frozen=True, tag="SettleLeg"):
    """A person's signed word about a leg; whoever hands it in has proven their passcode for it."""

    caller: Caller
    word: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"SettleLeg({len(self.word)} bytes)"


class OpenSample(Request[ReviewFile], frozen=True, tag="OpenSample"):
    """Somebody looks at a closed case that was drawn for it, before they judge."""

    caller: Caller


class JudgeSample(Request[ReviewTaken], frozen=True, tag="JudgeSample"):
    """Somebody has looked at a closed case that was drawn for it."""

    caller: Caller
    ok: bool
    note: str


CaseCommand = (
    FileCase
    | FromTerminal
    | Claim
    | Renew
    | AskLive
    | Release
    | Judge
    | LookManual
    | InquireLegs
    | SettleLeg
    | OpenSample
    | JudgeSample
    | PartnerOutcome
    | PartnerSilent
    | KeepSeal
    | TellProof
    | LeaseDue
    | PatienceEnded
    | SlipDue
)
"""Everything that a case understands."""


__all__ = [
    "AskLive",
    "Caller",
    "CaseCommand",
    "Claim",
    "PartnerSilent",
    "FileCase",
    "FromTerminal",
    "InquireLegs",
    "Judge",
    "JudgeSample",
    "KeepSeal",
    "LookManual",
    "OpenSample",
    "Release",
    "Renew",
    "SettleLeg",
    "TellProof",
    "TerminalRequest",
]
