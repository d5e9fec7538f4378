"""What is true of one business case: the fold of its events, nothing else.

`evolve` is total over every stream that the case ever wrote, and asserts that each event is a step
of the state machine. The record holds what later decisions need; it makes none itself.
"""

from __future__ import annotations

import msgspec

from backoffice.authorization.levels import Timing
from backoffice.cases import flow
from backoffice.cases.events import (
    AbortStarted,
    AnyCaseEvent,
    Approved,
    Cancelled,
    Claimed,
    ClaimReleased,
    ClaimRenewed,
    Closed,
    Declined,
    Deferred,
    FirstApproved,
    GivenUp,
    Intake,
    Judgement,
    LeaseLapsed,
    LiveAsked,
    LiveGiven,
    Prepared,
    Queued,
    Rejected,
    Reopened,
    RescanGiven,
    RescanOwed,
    Returned,
    SampleOpened,
    SampleReviewed,
    Seal,
    Signed,
    SlipSealed,
    Stage,
    Stored,
    Submitted,
    trigger_of,
)
from backoffice.cases.legs import LegRecord, Legs, stage_of
from backoffice.cases.legs import after as legs_after
from wire.case_state import State
from wire.message import Code, Refusal
from wire.messages.case import LegResult, Slip, Step
from wire.messages.desk import ImageCard
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
        case_id: the UUIDv7 from the tablet; the keys of its legs begin with it.
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
        deferred: the customer waits at the table no longer.
        front: it was claimed and given back, and goes before the others.
        claim: who reviews it.
        live_asked_ms: since when a live photo is awaited; 0 when none is.
        live: the live photo, of this revision.
        approvals: of this revision, so far.
        last: the newest judgement, for an answer to a repeated one.
        reasons: why it was returned, rejected, declined or aborted.
        legs: where each leg of the plan stands, in the plan's order.
        slip: what the customer reads; of pure information, the receipt.
        slip_hash: the slip's BLAKE2b-256; empty for what cannot be signed.
        signed: the customer's signature.
        seal: the office's countersignature; None until the slip can be drawn.
        sampled: it was drawn for a review as it closed.
        opened: person ids of those who looked at it for that review.
        reviewed: what the review said.
        rescan: which photos it was approved without; None where it was complete.
        rescanned: those photos, once they are here.
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
    deferred: bool = False
    front: bool = False
    claim: Held | None = None
    live_asked_ms: int = 0
    live: ImageCard | None = None
    approvals: tuple[Judgement, ...] = ()
    last: Judgement | None = None
    reasons: tuple[Refusal, ...] = ()
    legs: Legs = ()
    slip: Slip | None = None
    slip_hash: bytes = b""
    signed: Signed | None = None
    seal: Seal | None = None
    sampled: bool = False
    opened: tuple[str, ...] = ()
    reviewed: SampleReviewed | None = None
    rescan: RescanOwed | None = None
    rescanned: tuple[ImageCard, ...] = ()

    def __repr__(self) -> str:
        return f"Case({self.case_id!r}, version {self.version}, {self.state})"

    @property
    def filed(self) -> Intake:
        """The accepted submission of a case that has one."""
        assert self.intake is not None, f"{self.case_id} was never submitted"
        return self.intake

    @property
    def images(self) -> tuple[ImageCard, ...]:
        """Everything that an authorizer looks at."""
        return self.filed.images + ((self.live,) if self.live is not None else ())

    @property
    def queues(self) -> tuple[str, ...]:
        """The unions in whose queues it stands while it waits: its own, then the centre's."""
        centre = self.filed.assessment.route.centre
        return (self.union,) if centre in ("", self.union) else (self.union, centre)

    @property
    def timing(self) -> Timing:
        """Whether the customer waits at the table now."""
        return Timing.ASYNC if self.deferred else self.filed.assessment.route.timing

    @property
    def stage(self) -> Stage:
        """The conversation with the partners that is open, or was open last."""
        return stage_of(self.legs)

    @property
    def facts(self) -> dict[str, str]:
        """What the partners said, all legs together."""
        return {name: fact for leg in self.legs for name, fact in leg.facts.items()}

    @property
    def manual(self) -> bool:
        """The machine gave it up, or people have settled something of it."""
        settled = any(leg.settled is not None for leg in self.legs)
        return self.state is State.MANUAL or settled

    @property
    def results(self) -> tuple[LegResult, ...]:
        """How each item ended, of a plan that lists its items; each leg, where people settle."""
        return tuple(leg.result for leg in self.legs if leg.asked.title_zh or self.manual)

    def reached_ms(self, state: State) -> int:
        """When it was last in a state that it has passed, the office's clock."""
        return next(step.at_ms for step in reversed(self.steps) if step.state is state)

    def leg(self, key: str) -> LegRecord | None:
        """The leg under a key, its own or that of its reversal, or None."""
        return next((leg for leg in self.legs if key in (leg.key, leg.reversal_key)), None)


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
            fresh = replace(case, approvals=(), reasons=(), front=False, deferred=False)
            return replace(fresh, intake=intake, digests=digests, live_asked_ms=0, live=None)
        case Queued(due_ms=due_ms, expires_ms=expires_ms):
            return replace(case, queued_ms=event.at_ms, due_ms=due_ms, expires_ms=expires_ms)
        case Deferred(due_ms=due_ms):
            return replace(case, deferred=True, due_ms=due_ms)
        case Claimed():
            held = Held(event.authorizer, event.device, event.challenge, event.until_ms)
            return replace(case, claim=held)
        case ClaimRenewed(until_ms=until_ms):
            assert case.claim is not None
            return replace(case, claim=replace(case.claim, until_ms=until_ms))
        case LiveAsked():
            return replace(case, live_asked_ms=event.at_ms)
        case LiveGiven(image=image):
            return replace(case, live_asked_ms=0, live=image)
        case ClaimReleased() | LeaseLapsed():
            return replace(case, claim=None, front=True)
        case FirstApproved(judgement=judgement) | Approved(judgement=judgement):
            approvals = (*case.approvals, judgement)
            return replace(case, claim=None, front=True, approvals=approvals, last=judgement)
        case Returned(judgement=judgement, refusal=refusal, marks=marks):
            return replace(
                case,
                claim=None,
                last=judgement,
                reasons=(refusal, *marks),
                returns=case.returns + 1,
                expires_ms=event.expires_ms,
            )
        case Rejected(judgement=judgement, refusal=refusal):
            return replace(case, claim=None, last=judgement, reasons=(refusal,))
        case Cancelled(reason=reason):
            return replace(case, claim=None, reasons=(Refusal(Code.STATE, reason),))
        case _:
            return _told_later(case, event)


def _told_later(case: Case, event: AnyCaseEvent) -> Case:
    """The second half of the life: store or prepare, sign, commit, abort; and the review."""
    case = msgspec.structs.replace(case, legs=legs_after(case.legs, event))
    replace = msgspec.structs.replace
    match event:
        case Stored(receipt=receipt):
            return replace(case, slip=receipt)
        case Prepared():
            return replace(
                case, slip=event.slip, slip_hash=event.slip_hash, expires_ms=event.expires_ms
            )
        case Signed():
            return replace(case, signed=event)
        case SlipSealed(seal=seal):
            return replace(case, seal=seal)
        case RescanOwed():
            return replace(case, rescan=event)
        case RescanGiven(images=images):
            return replace(case, rescanned=images)
        case Declined(refusal=refusal):
            others = (leg.refusal for leg in case.legs)
            return replace(case, reasons=_distinct(refusal, *others))
        case AbortStarted(reason=refusal):
            return replace(case, reasons=(refusal,))
        case GivenUp(reason=refusal):
            return replace(case, reasons=(refusal, *case.reasons))
        case Reopened():
            return replace(case, reasons=case.reasons[1:])
        case Closed(sampled=sampled):
            return replace(case, sampled=sampled)
        case SampleOpened(reviewer=reviewer):
            return replace(case, opened=(*case.opened, reviewer.person_id))
        case SampleReviewed():
            return replace(case, reviewed=event)
        case _:
            return case


def _distinct(*refusals: Refusal | None) -> tuple[Refusal, ...]:
    """Each once, in their order."""
    found: list[Refusal] = []
    for refusal in refusals:
        if refusal is not None and refusal not in found:
            found.append(refusal)
    return tuple(found)


__all__ = ["Case", "Held", "evolve", "new_case"]
