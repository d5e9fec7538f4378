"""A business case: from the submission to the hand-over, as one durable behaviour.

Stream `case/<union>/<case_id>`. The rules decide on commands whose facts the office has proven; the
state machine (`backoffice.cases.flow`) has the last word on every step. Effects go to handlers: one
per partner, by its name (answers come back as `PartnerOutcome`, silence as `PartnerSilent`, a
partner's refusal as a DECLINED outcome), `slip` (countersign and print) and `customer` (what was
learned).

Held here: a revision is stored once, the same one again gets the same answer and another one under
its number is refused; nothing is prepared without the authorization its level asks for; nothing is
committed before the customer has signed the very slip that was prepared; nobody decides on what
they captured. Whatever is repeated leads to nothing new.

Who decides what: `review` (desks), `sampling` (desks, afterwards), `conversation` (the
partners' answers), `settlement` (partners and people, where the machine gave up), `table` (the
terminal, reminders).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from actors.durable import Behaviour, Effect, Reminder, Verdict
from actors.store import Claim as OwnedKey
from actors.store import ClaimConflict
from backoffice.authorization.queue import pool
from backoffice.cases import review, sampling, settlement, stuck, table
from backoffice.cases.commands import (
    AskLive,
    CaseCommand,
    Claim,
    FileCase,
    FromTerminal,
    InquireLegs,
    Judge,
    JudgeSample,
    KeepSeal,
    LookManual,
    OpenSample,
    PartnerSilent,
    Release,
    Renew,
    SettleLeg,
    TellProof,
)
from backoffice.cases.duties import duties, reminders
from backoffice.cases.events import (
    AnyCaseEvent,
    CaseEffect,
    Intake,
    LeaseDue,
    PatienceEnded,
    SlipDue,
)
from backoffice.cases.flow import wrong_state
from backoffice.cases.live_photo import ask_live
from backoffice.cases.record import Case, evolve, new_case
from backoffice.cases.rejections import rejection_document
from backoffice.cases.rescan import debt_document
from backoffice.cases.terms import Rules
from backoffice.cases.view import FAILED_STATES, file_of, queue_document, view_of
from backoffice.management.summary import summary_document
from backoffice.partners.port import PartnerOutcome
from backoffice.product import Unique
from backoffice.slips.sealing import keep_seal, proof_of
from wire.case_state import State
from wire.form import Form
from wire.message import Code, Refusal
from wire.messages.desk import Lease, Released, ReviewTaken

_OTHER_CONTENT: Final = Refusal(Code.KEY_CONFLICT, "同一业务编号已提交过不同内容，请新建业务。")

Events = tuple[AnyCaseEvent, ...]


def key_of(union: str, case_id: str) -> str:
    """The behaviour's key of a case; its stream is `stream_of` the key."""
    return f"{union}/{case_id}"


def stream_of(key: str) -> str:
    """The name of a case's stream in the store."""
    return f"case/{key}"


class CaseBehaviour(Behaviour[Case, CaseCommand, AnyCaseEvent]):
    """The rules of every business case."""

    event_type = AnyCaseEvent
    effect_types = CaseEffect
    state_type = Case
    snapshot_version = 4

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def initial(self, key: str) -> Case:
        """A case that nobody has heard of; see `key_of`."""
        return new_case(key)

    def decide(
        self, state: Case, command: CaseCommand, now_ms: int, who: str
    ) -> Verdict[AnyCaseEvent] | Refusal:
        """One command; a refusal is complete, a repeat leads to nothing new."""
        del who
        events = self._events(state, command, now_ms)
        return events if isinstance(events, Refusal) else self._verdict(state, command, events)

    def evolve(self, state: Case, event: AnyCaseEvent) -> Case:
        """See `backoffice.cases.record`."""
        return evolve(state, event)

    def react(self, state: Case, event: AnyCaseEvent) -> Iterable[Effect]:
        """See `backoffice.cases.duties`."""
        return duties(state, event, self._rules)

    def reminders(self, state: Case) -> Iterable[Reminder]:
        """See `backoffice.cases.duties`."""
        return reminders(state)

    def refused_claim(self, state: Case, command: CaseCommand, conflict: ClaimConflict) -> Refusal:
        """Another case owns the card, the account or the id itself: said at its field."""
        del state
        intake = command.intake if isinstance(command, FileCase) else None
        if intake and conflict.scope == pool(intake.assessment.route.centre):
            return _OTHER_CONTENT
        for unique in intake.unique if intake else ():
            if unique.scope == conflict.scope:
                return Refusal(Code.DUPLICATE, unique.message, unique.field)
        return Refusal(Code.DUPLICATE, "该业务要素已被其他业务占用。")

    def inspect(self, state: Case) -> dict[str, object]:
        """Where it stands."""
        return {"state": state.state.value, "version": state.version, "returns": state.returns}

    def _events(self, case: Case, command: CaseCommand, now_ms: int) -> Events | Refusal:
        rules = self._rules
        if isinstance(command, FileCase):
            return self._file(case, command.intake, now_ms)
        if case.intake is None:
            return table.NOT_FOUND
        match command:
            case FromTerminal():
                return table.at_table(case, command, rules, now_ms)
            case Claim():
                return review.claim(case, command, rules, now_ms)
            case Renew(caller=caller):
                return review.renew(case, caller, rules, now_ms)
            case AskLive():
                return ask_live(case, command, now_ms)
            case Release(caller=caller):
                return review.release(case, caller, now_ms)
            case Judge():
                return review.judge(case, command, rules, now_ms)
            case OpenSample():
                return sampling.open_sample(case, command, now_ms)
            case JudgeSample():
                return sampling.judge_sample(case, command, now_ms)
            case PartnerOutcome():
                return settlement.answered(case, command, rules, now_ms)
            case PartnerSilent(key=key):
                return settlement.unanswered(case, key, rules, now_ms)
            case KeepSeal(seal=seal):
                return keep_seal(case, seal, now_ms)
            case TellProof(device=device):
                proof = proof_of(case, device)
                return proof if isinstance(proof, Refusal) else ()
            case LeaseDue():
                return review.lapse(case, now_ms)
            case PatienceEnded():
                return table.expire(case, now_ms)
            case SlipDue():
                return table.undo_unsigned(case, now_ms)
            case LookManual():
                return ()
            case InquireLegs():
                return settlement.inquire(case, command, now_ms)
            case SettleLeg():
                return settlement.settle(case, command, rules, now_ms)

    def _file(self, case: Case, intake: Intake, now_ms: int) -> Events | Refusal:
        """A revision: the next one is accepted, a former one must be the same."""
        if intake.revision <= len(case.digests):
            same = case.digests[intake.revision - 1] == intake.digest
            return () if same else _OTHER_CONTENT
        if intake.union != case.union or intake.revision != len(case.digests) + 1:
            return wrong_state(case.state)
        if case.intake is not None:
            if case.state is not State.AUTH_RETURNED:
                return wrong_state(case.state)
            if (intake.product, intake.device) != (case.intake.product, case.intake.device):
                return _OTHER_CONTENT
        return review.accept(case, intake, self._rules, now_ms)

    def _verdict(self, case: Case, command: CaseCommand, events: Events) -> Verdict[AnyCaseEvent]:
        after = case
        for event in events:
            after = evolve(after, event)
        if not events:
            return Verdict(reply=self._reply(command, after))
        claims, releases = _ownership(case, after)
        queued = queue_document(case, after)
        drawn = sampling.review_document(case, after)
        return Verdict(
            events=events,
            reply=self._reply(command, after),
            claims=claims,
            releases=releases,
            documents=(
                *queued,
                *drawn,
                *debt_document(case, after),
                *rejection_document(case, after),
                *stuck.document(case, after),
                *summary_document(case, after),
            ),
        )

    def _reply(self, command: CaseCommand, after: Case) -> object | None:
        match command:
            case FileCase() | FromTerminal():
                return view_of(after)
            case LookManual() | InquireLegs() | SettleLeg():
                return stuck.file_of(after)
            case Claim(caller=caller) | AskLive(caller=caller):
                return file_of(after, self._form(after), caller)
            case Renew():
                assert after.claim is not None, "renewing needs a claim"
                return Lease(after.claim.until_ms)
            case Release():
                return Released(after.case_id)
            case Judge():
                return review.taken(after)
            case OpenSample(caller=caller):
                return sampling.review_file(after, self._form(after), caller)
            case JudgeSample(ok=ok):
                return ReviewTaken(after.case_id, ok)
            case TellProof(device=device):
                return proof_of(after, device)
            case _:
                return None

    def _form(self, case: Case) -> Form:
        return self._rules.forms[case.filed.undertaking.form]


def _ownership(before: Case, after: Case) -> tuple[tuple[OwnedKey, ...], tuple[OwnedKey, ...]]:
    """What the commit claims and gives back (invariant: keys are hashes, never numbers)."""
    had = before.intake.unique if before.intake else ()
    has = after.filed.unique
    if before.intake is not after.intake:
        kept = {(unique.scope, unique.key) for unique in has}
        gone = tuple(unique for unique in had if (unique.scope, unique.key) not in kept)
        return (*_owned(has, after), *_pooled(after)), _owned(gone, after)
    if after.state in FAILED_STATES and before.state not in FAILED_STATES:
        # What the case owned alone is free again, but for what was spent.
        spent = after.state is State.ABORTED
        return (), _owned(tuple(one for one in has if not (spent and one.spent)), after)
    return (), ()


def _owned(uniques: tuple[Unique, ...], case: Case) -> tuple[OwnedKey, ...]:
    return tuple(OwnedKey(one.scope, one.key, case.case_id) for one in uniques)


def _pooled(case: Case) -> tuple[OwnedKey, ...]:
    """Whose it is, for the centre in whose pool it waits."""
    return tuple(OwnedKey(pool(centre), case.case_id, case.union) for centre in case.queues[1:])


__all__ = ["CaseBehaviour", "key_of", "stream_of"]
