"""What must hold within and between the streams of an office: cases, checked once more.

Written apart from the rules that made the history: a mistake in `backoffice.cases.decision` or
`backoffice.cases.review` would be seen here. Shared with them are only the table of states, the
fold of a case and what was signed over. Nothing is trusted because the office stored it: bytes
count by their signature, under the key that was pinned when the device was enrolled.

Every method is total: whatever stands in a stream leads to findings, never to an exception.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from actors.durable.tagged import Tagged
from actors.store import Recorded, StoreError, event_digest
from backoffice.authorization.levels import Level, Locality
from backoffice.cases.events import (
    AbortLost,
    AnyCaseEvent,
    Approved,
    ClaimRenewed,
    Closed,
    CommitLost,
    CommitStarted,
    Committed,
    Deferred,
    FirstApproved,
    Intake,
    Judgement,
    LegAnswered,
    LegAsked,
    LiveAsked,
    LiveGiven,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Rejected,
    RescanGiven,
    RescanOwed,
    Returned,
    SampleOpened,
    SampleReviewed,
    Seal,
    SettlementConfirmed,
    SettlementProposed,
    SettlementWithdrawn,
    Signed,
    SlipSealed,
    Standing,
    Stored,
    Submitted,
    Waived,
    trigger_of,
)
from backoffice.cases.flow import TABLE, path_is_legal, step
from backoffice.cases.record import Case, evolve, new_case
from backoffice.cases.view import owed_photos
from backoffice.dossier import id_card, other_cards
from backoffice.partners.embedded import operation_digest
from backoffice.partners.identity_check import person_digest
from backoffice.partners.operations import Partner
from backoffice.product import Product, Unique
from backoffice.slips.proof import office_body
from backoffice.slips.slip import slip_hash
from backoffice.verify.findings import Fault, Findings, place
from backoffice.verify.identities import Named
from backoffice.verify.images import ImageBook
from backoffice.verify.persons import Persons, has_namesakes, part_in
from backoffice.verify.pinned import PinnedKeys
from backoffice.verify.settlement import (
    COMES_TO,
    Settling,
    faults,
    is_their_word,
    may_follow,
    spoke_before,
)
from wire.case_state import State
from wire.checks import asked_fields
from wire.codec import decode_signed
from wire.errors import BadFrame
from wire.form import FieldKind
from wire.keys import DECISION, SETTLEMENT, SLIP, SLIP_OFFICE, SUBMISSION, verify
from wire.messages.case import Submission, signed_body
from wire.messages.desk import Decision, Verdict
from wire.messages.identity import IdentityChecked
from wire.messages.settlement import Deed
from wire.value import BankCardValue, IdCardValue, PhotoValue

CASES: Final = "case/"
"""How the streams of cases begin."""

RELEASED: Final = frozenset(
    {State.CANCELLED, State.EXPIRED, State.AUTH_REJECTED, State.DECLINED, State.ABORTED}
)
"""Ends at which a case owns nothing any more, but for what was spent."""

_REAL: Final = frozenset({State.COMMITTED, State.DELIVERED, State.CLOSED})

_ANSWERS: Final = {
    Standing.ASKED: (Standing.PREPARED, Standing.DECLINED),
    Standing.COMMITTING: (Standing.COMMITTED, Standing.FAILED),
    Standing.ABORTING: (Standing.ABORTED,),
}
"""What can be answered to a leg, by where it stands."""

_OF_A_LEG: Final = (PrepareLost, CommitStarted, CommitLost, AbortLost)

_VERDICTS: Final = {
    FirstApproved: Verdict.APPROVE,
    Approved: Verdict.APPROVE,
    Returned: Verdict.RETURN,
    Rejected: Verdict.REJECT,
}


class Told(msgspec.Struct):
    """What the streams of cases say about one key at a partner.

    Attributes:
        partner: who was asked.
        standing: where the leg ended up.
        asked: the digest of what was to be prepared.
        signed: the customer signed.
        settled: two persons said what the partner did, who may know otherwise.
        reversals: the keys under which two persons had it reversed.
    """

    partner: Partner
    standing: Standing
    asked: bytes
    signed: bool
    settled: bool
    reversals: frozenset[str] = frozenset()


class CaseBook:
    """Checks case after case, and remembers of each what partners and claims must agree with.

    Args:
        products: by code.
        keys: of the devices.
        images: every image that there is.

    Attributes:
        told: by union and key.
        owned: (scope, key) to the case that must own it.
        named: the identity checks that submissions name, by union and case.
        states: how many cases stand where.
        signatures: how many were found right.
        notes: where two who must be different persons carry one name.
    """

    def __init__(
        self,
        products: Mapping[str, Product],
        keys: PinnedKeys,
        images: ImageBook,
        findings: Findings,
    ) -> None:
        self._products = products
        self._keys = keys
        self._images = images
        self._findings = findings
        self._reader = Tagged(AnyCaseEvent)
        self.told: dict[str, dict[str, Told]] = {}
        self.owned: dict[tuple[str, str], str] = {}
        self.named: dict[str, list[Named]] = {}
        self.states: Counter[State] = Counter()
        self.signatures = 0
        self._persons = Persons(findings)
        self.notes = self._persons.notes

    def take(self, stream: str, rows: Iterable[Recorded]) -> None:
        """One whole stream, in order; the fold ends where a step makes no sense."""
        case = new_case(stream.removeprefix(CASES))
        passed, reversals = False, dict[str, set[str]]()
        for row in rows:
            where = place(stream, row.version)
            try:
                event = self._reader.decode(row.kind, row.body, where)
            except StoreError:
                self._findings.add(Fault.UNREADABLE, where, row.kind)
                break
            if not _legal(case, event):
                self._findings.add(Fault.ILLEGAL_STEP, where, f"{row.kind} in {case.state}")
                break
            passed = self._passes(case, event, passed)
            self._judge(case, event, passed, where)
            case = evolve(case, event)
            for leg in case.legs:
                if leg.word is Deed.REVERSE or leg.by_hand:
                    reversals.setdefault(leg.key, set()).add(leg.reversal_key)
        if case.steps and not path_is_legal(one.state for one in case.steps):
            self._findings.add(Fault.ILLEGAL_STEP, stream)
        self.states[case.state] += 1
        if not _all_or_nothing(case):
            self._findings.add(Fault.PARTNER_DIFFERS, stream, "legs")
        told = self.told.setdefault(case.union, {})
        for leg in case.legs:
            asked = operation_digest(leg.asked.request.operation)
            signed = case.signed is not None
            said = leg.settled is not None and leg.standing in COMES_TO[leg.settled.deed]
            told[leg.key] = Told(
                leg.partner,
                leg.standing,
                asked,
                signed,
                said and leg.standing is not Standing.REVERSED,
                frozenset(reversals.get(leg.key, ())),
            )
        for unique in _owned(case):
            if self.owned.setdefault((unique.scope, unique.key), case.case_id) != case.case_id:
                self._findings.add(Fault.CLAIM_TWICE, stream, unique.scope)

    def _passes(self, case: Case, event: AnyCaseEvent, passed: bool) -> bool:
        """Whether, after the event, the case may go on to partners (invariant I4)."""
        match event:
            case Submitted():
                return False
            case Waived():
                return case.filed.assessment.level <= Level.A1
            case Approved():
                return len(case.approvals) + 1 >= case.filed.assessment.approvals
            case _:
                return passed

    def _judge(self, case: Case, event: AnyCaseEvent, passed: bool, where: str) -> None:
        match event:
            case Submitted(intake=intake):
                self._submission(case, intake, where)
            case LiveGiven(image=image):
                self._image(image.digest, image.size, where, image.field)
            case RescanGiven(images=images):
                for image in images:
                    self._image(image.digest, image.size, where, image.field)
            case FirstApproved() | Approved() | Returned() | Rejected():
                self._judgement(case, event.judgement, _VERDICTS[type(event)], where)
            case PrepareStarted(legs=legs):
                if not passed:
                    self._findings.add(Fault.UNAUTHORIZED, where)
                for leg in legs:
                    self._operation(case, leg, where)
            case Stored():
                self._stored(case, event, passed, where)
            case Closed(sampled=False) if has_namesakes(case):
                self._findings.add(Fault.UNREVIEWED, where)
            case SampleOpened(reviewer=reviewer) | SampleReviewed(reviewer=reviewer):
                self._persons.apart(reviewer, part_in(case), where)
            case Prepared(slip=slip):
                if slip.case_id != case.case_id or slip_hash(slip) != event.slip_hash:
                    self._findings.add(Fault.SLIP_DIFFERS, where)
            case Signed():
                body = signed_body(case.slip_hash, event.ink, event.signed_ms)
                self._signature(case.filed.device, SLIP, body, event.signature, where)
            case SlipSealed(seal=seal):
                self._seal(case, seal, where)
            case CommitStarted() | Committed():
                if not passed:
                    self._findings.add(Fault.UNAUTHORIZED, where)
                if case.signed is None:
                    self._findings.add(Fault.UNSIGNED, where)
            case SettlementProposed() | SettlementConfirmed() | SettlementWithdrawn():
                said = event.statement
                self._signature(said.device, SETTLEMENT, said.word, said.signature, where)
                self._persons.apart(said.staff, spoke_before(case, event), where)
                for fault, detail in faults(case, event):
                    self._findings.add(fault, where, detail)
            case _:
                pass

    def _submission(self, case: Case, intake: Intake, where: str) -> None:
        """What the office noted is what the device signed, and its images are there (I6)."""
        self._signature(intake.device, SUBMISSION, intake.submission, intake.signature, where)
        try:
            submission = decode_signed(Submission, intake.submission)
        except BadFrame:
            self._findings.add(Fault.UNREADABLE, where, "submission")
            return
        card = id_card(submission)
        photos = {n: v for n, v in submission.values.items() if isinstance(v, PhotoValue)}
        agree = {
            "digest": intake.digest == event_digest(intake.submission),
            "case": submission.case_id == case.case_id,
            "union": intake.union == case.union,
            "revision": submission.revision == intake.revision == len(case.digests) + 1,
            "product": submission.product == intake.product,
            "device": submission.device == intake.device,
            "operator": submission.staff_id == intake.operator.staff_id,
            "identity": (intake.identity is None and card is None)
            or (
                intake.identity is not None
                and submission.identity_reference == intake.identity.reference
            ),
            "others": intake.identities.keys() == other_cards(submission).keys(),
            "trail": submission.trail == intake.trail,
            "images": {n: p.digest for n, p in photos.items()}
            == {image.field: image.digest for image in intake.images},
            "evidence": self._asked_for(submission) <= set(photos),
        }
        self._differs(Fault.SUBMISSION_DIFFERS, agree, where)
        for name, one in other_cards(submission).items():
            self._names(case, one, intake.identities.get(name), where)
        if card is not None:
            self._names(case, card, intake.identity, where)
        for name, photo in sorted(photos.items()):
            self._image(photo.digest, photo.size, where, name)

    def _names(
        self, case: Case, card: IdCardValue, answer: IdentityChecked | None, where: str
    ) -> None:
        """Somebody about whom the register is said to have been asked."""
        if answer is not None:
            named = Named(where, person_digest(card.number.number, card.name), answer)
            self.named.setdefault(f"{case.union}/{case.case_id}", []).append(named)

    def _image(self, digest: bytes, size: int, where: str, name: str) -> None:
        """It is there, and is what its digest says (I6)."""
        fault = self._images.fault(digest, size)
        if fault is not None:
            self._findings.add(fault, where, name)

    def _asked_for(self, submission: Submission) -> set[str]:
        """The pictures without which the product's form is not complete."""
        product = self._products.get(submission.product)
        if product is None or product.form.version != submission.form_version:
            return set()
        fields = asked_fields(product.form, submission.values)
        asked = {one.name for one in fields if one.required and one.kind is FieldKind.PHOTO}
        later = {one.name for one in fields if one.deferrable} & set(submission.deferred)
        return asked - later

    def _judgement(self, case: Case, judgement: Judgement, verdict: Verdict, where: str) -> None:
        """The decision is that person's, on that desk, on exactly what was there (I5, I6)."""
        self._signature(judgement.device, DECISION, judgement.decision, judgement.signature, where)
        self._persons.apart(judgement.authorizer, part_in(case), where)
        if judgement.authorizer.union not in _deciding(case):
            self._findings.add(Fault.UNAUTHORIZED, where, judgement.authorizer.staff_id)
        try:
            decision = decode_signed(Decision, judgement.decision)
        except BadFrame:
            self._findings.add(Fault.UNREADABLE, where, "decision")
            return
        held = case.claim
        agree = {
            "case": decision.case_id == case.case_id,
            "version": decision.version == case.version,
            "submission": decision.submission_hash == case.filed.digest,
            "images": sorted(decision.images) == sorted(one.digest for one in case.images),
            "challenge": held is not None and decision.challenge == held.challenge,
            "desk": held is not None and judgement.device == held.device,
            "authorizer": decision.staff_id == judgement.authorizer.staff_id,
            "verdict": decision.verdict is judgement.verdict is verdict,
            "reason": decision.reason is judgement.reason,
            "fields": decision.fields == judgement.fields,
        }
        self._differs(Fault.DECISION_DIFFERS, agree, where)

    def _stored(self, case: Case, event: Stored, passed: bool, where: str) -> None:
        """Pure information passed, too, and nothing that a customer signs for ends here."""
        if not passed:
            self._findings.add(Fault.UNAUTHORIZED, where)
        if event.receipt.case_id != case.case_id:
            self._findings.add(Fault.SLIP_DIFFERS, where)
        if case.filed.undertaking.signed:
            self._findings.add(Fault.UNSIGNED, where)

    def _seal(self, case: Case, seal: Seal, where: str) -> None:
        """What the office vouches for is what the customer signed, at the terminal as enrolled."""
        pinned = self._keys.devices.get(case.filed.device)
        if case.signed is None or pinned is None or pinned.signing != seal.device_key:
            self._findings.add(Fault.DEVICE_UNKNOWN, where, case.filed.device)
            return
        signed = case.signed
        told = signed_body(case.slip_hash, signed.ink, signed.signed_ms)
        body = office_body(told, signed.at_ms, seal.results)
        if verify(seal.office_key, SLIP_OFFICE, body, seal.signature):
            self.signatures += 1
        else:
            self._findings.add(Fault.SIGNATURE_INVALID, where, "office")

    def _operation(self, case: Case, leg: LegAsked, where: str) -> None:
        """Partners are asked about the person and the card that were submitted, under one key."""
        try:
            submission = decode_signed(Submission, case.filed.submission)
        except BadFrame:
            return
        values = submission.values.values()
        operation, known = leg.request.operation, case.leg(leg.key)
        key = f"{case.case_id}:{leg.name}" if leg.name else case.case_id
        customer, pan = getattr(operation, "customer", None), getattr(operation, "pan", None)
        agree = {
            "key": (leg.key, leg.request.union) == (key, case.union),
            "plan": leg in case.filed.undertaking.plan,
            "repeat": known.asked == leg if known is not None else not case.legs,
            "customer": customer is None
            or customer.number in [v.number for v in values if isinstance(v, IdCardValue)],
            "card": pan is None or pan in [v.pan for v in values if isinstance(v, BankCardValue)],
        }
        self._differs(Fault.PARTNER_DIFFERS, agree, where)

    def _signature(
        self, device: str, context: bytes, body: bytes, signature: bytes, where: str
    ) -> None:
        pinned = self._keys.devices.get(device)
        if pinned is None:
            self._findings.add(Fault.DEVICE_UNKNOWN, where, device)
        elif verify(pinned.signing, context, body, signature):
            self.signatures += 1
        else:
            self._findings.add(Fault.SIGNATURE_INVALID, where, device)

    def _differs(self, what: Fault, agree: dict[str, bool], where: str) -> None:
        wrong = [name for name, right in agree.items() if not right]
        if wrong:
            self._findings.add(what, where, ", ".join(wrong))


def _legal(case: Case, event: AnyCaseEvent) -> bool:
    """Whether the event is a step of the state machine from where the case stands."""
    if isinstance(event, ClaimRenewed):
        return case.claim is not None
    if isinstance(event, Deferred):
        return case.state is State.AUTH_QUEUED and not case.deferred
    if isinstance(event, LiveAsked):
        return case.claim is not None
    if isinstance(event, LiveGiven):
        waits = case.state in (State.AUTH_QUEUED, State.AUTH_CLAIMED)
        return waits and case.live_asked_ms > 0
    if isinstance(event, RescanOwed):
        return case.state is State.AUTH_APPROVED and case.rescan is None
    if isinstance(event, RescanGiven):
        owed = owed_photos(case)
        return bool(owed) and sorted(owed) == sorted(image.field for image in event.images)
    if isinstance(event, SlipSealed):
        return case.signed is not None and case.seal is None and case.state in _REAL
    if isinstance(event, SampleOpened | SampleReviewed):
        return case.sampled and case.reviewed is None
    if isinstance(event, LegAnswered):
        leg = case.leg(event.key)
        if leg is None or is_their_word(leg, event):
            return leg is not None
        return not event.unheard and event.standing in _ANSWERS.get(leg.standing, ())
    if isinstance(event, Settling):
        return may_follow(case, event)
    if isinstance(event, _OF_A_LEG) and case.leg(event.key) is None:
        return False
    before = case.state
    if isinstance(event, Submitted):
        trail = [one.state for one in event.intake.trail]
        if not trail:
            return False
        fresh = before is State.DRAFT
        if not (path_is_legal(trail) if fresh else trail[-1] in TABLE.get(before, {}).values()):
            return False
        before = trail[-1]
    trigger = trigger_of(event)
    return trigger is not None and isinstance(step(before, trigger), State)


def _deciding(case: Case) -> set[str]:
    """Whose staff decide: the case's own union's, and of a pooled central case the centre's."""
    route = case.filed.assessment.route
    pooled = route.locality is Locality.CENTRAL and route.centre
    return {case.union, route.centre} if pooled else {case.union}


def _all_or_nothing(case: Case) -> bool:
    """What became real did so with every essential leg; what was undone, with none."""
    real = [leg.standing is Standing.COMMITTED for leg in case.legs]
    if case.state is State.ABORTED:
        return not any(real)
    essential = (leg.standing is Standing.COMMITTED for leg in case.legs if not leg.optional)
    return case.state not in _REAL or not real or (any(real) and all(essential))


def _owned(case: Case) -> tuple[Unique, ...]:
    """What a case owns alone where it stands now."""
    if case.intake is None:
        return ()
    unique = case.intake.unique
    if case.state in RELEASED:
        aborted = case.state is State.ABORTED
        return tuple(one for one in unique if aborted and one.spent)
    return unique


__all__ = ["CASES", "RELEASED", "CaseBook", "Told"]
