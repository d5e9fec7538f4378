"""What is true of one business case: the fold of its events, nothing else.

`evolve` is total over every stream that the case ever wrote, and asserts that each event is a step
of the state machine. The record holds what later decisions need; it makes none itself.
"""

from __future__ import annotations

import msgspec

from backoffice.cases import flow
from backoffice.cases.events import (
    AbortLost,
    AbortStarted,
    AnyCaseEvent,
    Approved,
    Cancelled,
    Claimed,
    ClaimReleased,
    ClaimRenewed,
    CommitLost,
    CommitStarted,
    Committed,
    Declined,
    FirstApproved,
    GivenUp,
    Intake,
    Judgement,
    LeaseLapsed,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Queued,
    Rejected,
    Reopened,
    Returned,
    Settled,
    Signed,
    Stage,
    Submitted,
    trigger_of,
)
from backoffice.partners.core import Prepare
from wire.case_state import State
from wire.message import Code, Refusal
from wire.messages.case import Slip, Step
from wire.messages.session import StaffCard


class Held(msgspec.Struct, frozen=True):
    """A claim: who reviews the case, on which desk, against which challenge, until when."""

    authorizer: StaffCard
    device: str
    challenge: bytes
    until_ms: int


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One business case.

    Attributes:
        case_id: the UUIDv7 from the tablet; also the key of its operation in the core.
        union: the county union, its shard.
        version: rises with every event that anybody can see.
        state: where it stands.
        steps: every state passed with its time.
        intake: the newest accepted revision.
        digests: of every accepted revision, in order.
        returns: how often it was sent back.
        queued_ms: since when it waits for a decision.
        due_ms: by when it should be decided.
        expires_ms: when what waits for people ends by itself.
        front: it was claimed and given back, and goes before the others.
        claim: who reviews it.
        approvals: of this revision, so far.
        last: the newest judgement, for an answer to a repeated one.
        reasons: why it was returned, rejected, declined or aborted.
        prepare: exactly what the core was asked; repeated unchanged.
        facts: what the core said.
        slip: what the customer reads.
        slip_hash: its BLAKE2b-256.
        signed: the customer's signature.
        stage: the open, or last, conversation with the core.
        attempts: how often that conversation stayed without an answer.
    """

    case_id: str
    union: str
    version: int = 0
    state: State = State.DRAFT
    steps: tuple[Step, ...] = ()
    intake: Intake | None = None
    digests: tuple[bytes, ...] = ()
    returns: int = 0
    queued_ms: int = 0
    due_ms: int = 0
    expires_ms: int = 0
    front: bool = False
    claim: Held | None = None
    approvals: tuple[Judgement, ...] = ()
    last: Judgement | None = None
    reasons: tuple[Refusal, ...] = ()
    prepare: Prepare | None = None
    facts: dict[str, str] = msgspec.field(default_factory=dict)
    slip: Slip | None = None
    slip_hash: bytes = b""
    signed: Signed | None = None
    stage: Stage = Stage.PREPARE
    attempts: int = 0

    def __repr__(self) -> str:
        return f"Case({self.case_id!r}, version {self.version}, {self.state})"

    @property
    def filed(self) -> Intake:
        """The accepted submission of a case that has one."""
        assert self.intake is not None, f"{self.case_id} was never submitted"
        return self.intake


def new_case(key: str) -> Case:
    """The case before its first event; `key` is `<union>/<case_id>`."""
    union, _, case_id = key.partition("/")
    return Case(case_id=case_id, union=union)


def evolve(case: Case, event: AnyCaseEvent) -> Case:
    """The case after one more event."""
    seen = not isinstance(event, ClaimRenewed)
    moved = msgspec.structs.replace(
        case,
        version=case.version + seen,
        **_position(case, event),
    )
    return _told(moved, event)


def _position(case: Case, event: AnyCaseEvent) -> dict[str, object]:
    """Where the event's trigger leads; a submission brings the tablet's own steps along."""
    trigger = trigger_of(event)
    if trigger is None:
        return {}
    before, steps = case.state, case.steps
    if isinstance(event, Submitted):
        trail = event.intake.trail
        steps += trail if case.state is State.DRAFT else trail[-1:]
        before = trail[-1].state
    after = flow.step(before, trigger)
    assert isinstance(after, State), f"{case.case_id}: {trigger} in {before}"
    if after is not case.state or isinstance(event, Submitted):
        steps += (Step(after, event.at_ms),)
    return {"state": after, "steps": steps}


def _told(case: Case, event: AnyCaseEvent) -> Case:
    """What else the event says."""
    replace = msgspec.structs.replace
    match event:
        case Submitted(intake=intake):
            digests = (*case.digests, intake.digest)
            return replace(
                case, intake=intake, digests=digests, approvals=(), reasons=(), front=False
            )
        case Queued(due_ms=due_ms, expires_ms=expires_ms):
            return replace(case, queued_ms=event.at_ms, due_ms=due_ms, expires_ms=expires_ms)
        case Claimed():
            held = Held(event.authorizer, event.device, event.challenge, event.until_ms)
            return replace(case, claim=held)
        case ClaimRenewed(until_ms=until_ms):
            assert case.claim is not None
            return replace(case, claim=replace(case.claim, until_ms=until_ms))
        case ClaimReleased() | LeaseLapsed():
            return replace(case, claim=None, front=True)
        case FirstApproved(judgement=judgement) | Approved(judgement=judgement):
            approvals = (*case.approvals, judgement)
            return replace(case, claim=None, front=True, approvals=approvals, last=judgement)
        case Returned(judgement=judgement, refusal=refusal):
            return replace(
                case,
                claim=None,
                last=judgement,
                reasons=(refusal,),
                returns=case.returns + 1,
                expires_ms=event.expires_ms,
            )
        case Rejected(judgement=judgement, refusal=refusal):
            return replace(case, claim=None, last=judgement, reasons=(refusal,))
        case Cancelled(reason=reason):
            return replace(case, claim=None, reasons=(Refusal(Code.STATE, reason),))
        case _:
            return _told_by_core(case, event)


def _told_by_core(case: Case, event: AnyCaseEvent) -> Case:
    """The second half of the life: prepare, sign, commit, abort."""
    replace = msgspec.structs.replace
    match event:
        case PrepareStarted(request=request):
            return replace(case, prepare=request, stage=Stage.PREPARE)
        case CommitStarted():
            fresh = case.stage is not Stage.COMMIT
            return replace(case, stage=Stage.COMMIT, attempts=0 if fresh else case.attempts)
        case AbortStarted(reason=reason):
            return replace(case, stage=Stage.ABORT, attempts=0, reasons=(reason,))
        case PrepareLost() | CommitLost() | AbortLost():
            return replace(case, attempts=case.attempts + 1)
        case Reopened(stage=stage):
            return replace(case, stage=stage, attempts=0)
        case Prepared():
            return replace(
                case,
                facts=event.facts,
                slip=event.slip,
                slip_hash=event.slip_hash,
                expires_ms=event.expires_ms,
                attempts=0,
            )
        case Signed():
            return replace(case, signed=event)
        case Committed(facts=facts):
            return replace(case, facts={**case.facts, **facts}, attempts=0)
        case Declined(refusal=refusal) | GivenUp(reason=refusal):
            return replace(case, reasons=(refusal,))
        case Settled(note=note, done=done):
            return replace(case, reasons=() if done else (Refusal(Code.STATE, note),))
        case _:
            return case


__all__ = ["Case", "Held", "evolve", "new_case"]
