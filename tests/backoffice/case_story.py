"""A bank without a runtime: drives the case's pure rules the way the runtime does.

Commands go through `decide`, events through the codec and `evolve`, effects into a list; all the
partners are one small table that keeps the promises of their port, key by key. Every step of a
story checks what must always hold, so that a test only tells what it is about.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from actors.durable import Effect, Reminder, Verdict
from actors.durable.tagged import Tagged
from actors.store import ClaimConflict
from backoffice.authorization.levels import WITNESS, Level, Timing
from backoffice.cases.case import CaseBehaviour, key_of
from backoffice.cases.commands import (
    AskLive,
    Caller,
    CaseCommand,
    Claim,
    FileCase,
    FromTerminal,
    InquireLegs,
    Judge,
    LookManual,
    PartnerSilent,
    SettleLeg,
    TerminalRequest,
)
from backoffice.cases.events import AnyCaseEvent, Intake, PrepareStarted, Signed
from backoffice.cases.flow import path_is_legal
from backoffice.cases.intake import admit, open_submission
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules
from backoffice.cases.view import file_of
from backoffice.catalogue import products
from backoffice.forms import Forms
from backoffice.partners.operations import Partner
from backoffice.product import Product
from tests.backoffice.fake_partners import FakeCore, leg_of
from tests.backoffice.right_answers import facts_for, right_values
from tests.kit import submissions as make
from tests.kit.partners import leg_key
from wire.case_state import State
from wire.chip_record import ChipRecord
from wire.codec import decode, encode
from wire.keys import DECISION, SETTLEMENT, SLIP, SUBMISSION, SigningKeyPair, verify
from wire.masked import Pan
from wire.message import Refusal
from wire.messages import desk
from wire.messages.case import (
    CaseView,
    Delivered,
    GiveLivePhoto,
    PinBlock,
    SignSlip,
    SlipShown,
    Submission,
    Submit,
    signed_body,
)
from wire.messages.session import StaffCard
from wire.messages.settlement import Act, Deed, ManualFile, Word
from wire.value import PhotoValue, Value

PRODUCTS = products()


@dataclass(frozen=True, kw_only=True)
class Catalogued(Rules):
    """The rules, and what there is to do by them."""

    products: Mapping[str, Product]


def rules_for(products: Mapping[str, Product], **more: Any) -> Catalogued:
    """The rules of an office with these products, whose forms are all known."""
    forms = Forms(product.form for product in products.values())
    return Catalogued(forms, verify, products=products, **more)


RULES = rules_for(PRODUCTS)
UNION = "530102"
PARTNERS = frozenset(Partner)
ENDS_BY_ITSELF = {
    State.AUTH_QUEUED,
    State.AUTH_CLAIMED,
    State.AUTH_RETURNED,
    State.PREPARED,
    State.SLIP_SHOWN,
}
"""Where a case waits for people; everywhere else it has nothing to be reminded of."""
EVENTS = Tagged(AnyCaseEvent)
EFFECTS = Tagged(CaseBehaviour.effect_types)


def staff(staff_id: str, person: str, outlet: str = "O1") -> StaffCard:
    return StaffCard(staff_id, person, f"员工{staff_id}", outlet, UNION)


def caller(device: str, card: StaffCard, level: Level = Level.A0) -> Caller:
    return Caller(card, device, keys(device).public, level)


def keys(device: str) -> SigningKeyPair:
    return SigningKeyPair(device.encode().ljust(32, b"."))


TELLER = caller("T-0001", staff("T001", "P1"))
OTHER_TERMINAL = caller("T-0002", staff("T002", "P2"))
DESK = caller("D-0001", staff("A001", "P8", "O9"), Level.A4)
SECOND_DESK = caller("D-0002", staff("A002", "P9", "O9"), Level.A4)
JUNIOR_DESK = caller("D-0003", staff("A003", "P10", "O9"), Level.A2)
SAME_OUTLET = caller("D-0004", staff("A004", "P11", "O1"), Level.A4)
TELLERS_ALIAS = caller("D-0005", staff("A005", "P1", "O9"), Level.A4)
FIRST = caller("D-0006", staff("R001", "P12", "O9"), Level.A4)
SECOND = caller("D-0007", staff("R002", "P13", "O9"), Level.A4)


def convert(pin: PinBlock, pan: Pan) -> bytes:
    """A security module that needs no keys: equal blocks for equal cards give equal verifiers."""
    return hashlib.blake2b(encode((pin.block, pan)), digest_size=32).digest()


@dataclass
class Bank:
    """What several cases share."""

    core: FakeCore = field(default_factory=FakeCore)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    pooled: dict[tuple[str, str], str] = field(default_factory=dict)
    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def book(self, scope: str) -> dict[tuple[str, str], str]:
        """What cases own, or in which union the centre finds them."""
        return self.pooled if scope.startswith("pool/") else self.owners


class Story:
    """One case from the teller's hands to its end."""

    def __init__(
        self,
        product: str = "debit_card",
        seed: int | str = 0,
        bank: Bank | None = None,
        rules: Catalogued = RULES,
    ) -> None:
        self.bank = bank or Bank()
        self.product = rules.products[product]
        self.seed = seed
        self.behaviour = CaseBehaviour(rules)
        self.case_id = make.case_id(seed)
        self.case = self.behaviour.initial(key_of(UNION, self.case_id))
        self.events: list[AnyCaseEvent] = []
        self.owed: list[Effect] = []
        self.now_ms = make.NOW_MS

    def copied(self) -> Story:
        """The same case and what it owes, for somebody else to go on with."""
        other = copy.copy(self)
        other.events, other.owed = list(self.events), list(self.owed)
        other.bank = copy.deepcopy(self.bank)
        return other

    # What the runtime does.

    def give(self, command: CaseCommand) -> Any:
        """The reply, after everything that the command leads to is applied."""
        verdict = self.behaviour.decide(self.case, command, self.now_ms, "test")
        if isinstance(verdict, Refusal):
            return verdict
        for claim in verdict.claims:
            owner = self.bank.book(claim.scope).get((claim.scope, claim.key), claim.owner)
            if owner != claim.owner:
                conflict = ClaimConflict(claim.scope, owner)
                return self.behaviour.refused_claim(self.case, command, conflict)
        self._apply(verdict)
        return verdict.reply

    def _apply(self, verdict: Verdict[AnyCaseEvent]) -> None:
        for claim in verdict.claims:
            self.bank.book(claim.scope)[claim.scope, claim.key] = claim.owner
        for claim in verdict.releases:
            if self.bank.owners.get((claim.scope, claim.key)) == claim.owner:
                del self.bank.owners[claim.scope, claim.key]
        for document in verdict.documents:
            place = (document.collection, document.key)
            self.bank.documents.pop(place, None)
            if document.body is not None:
                self.bank.documents[place] = document.body
        for event in verdict.events:
            kind, body = EVENTS.encode(event)
            assert event == EVENTS.decode(kind, body, "story")
            self.case = self.behaviour.evolve(self.case, event)
            self.events.append(event)
            for effect in self.behaviour.react(self.case, event):
                kind, body = EFFECTS.encode(effect.message)
                assert effect.message == EFFECTS.decode(kind, body, "story")
                self.owed.append(effect)
        self.check()

    def check(self) -> None:
        """What must always hold (I4, I5, I7), whatever was just done."""
        states = [step.state for step in self.case.steps]
        assert not states or path_is_legal(states)
        assert not states or states[-1] is self.case.state
        asked = [e.legs for e in self.events if isinstance(e, PrepareStarted)]
        requests = {encode(leg.request) for legs in asked for leg in legs}
        assert len(requests) == len({leg.key for leg in self.case.legs}), "one key, one request"
        if {State.COMMITTING, State.COMMITTED} & set(states):
            assert any(isinstance(event, Signed) for event in self.events)
        if requests:
            needed = self.case.filed.assessment.approvals
            people = {a.authorizer.person_id for a in self.case.approvals}
            assert len(people) == needed
            assert self.case.filed.operator.person_id not in people
        assert bool(self.reminders()) == (self.case.state in ENDS_BY_ITSELF)
        waiting = self.case.state in (State.AUTH_QUEUED, State.AUTH_CLAIMED)
        assert waiting == ((f"queue/{UNION}", self.case_id) in self.bank.documents)
        replayed: Case = self.behaviour.initial(key_of(UNION, self.case_id))
        for event in self.events:
            replayed = self.behaviour.evolve(replayed, event)
        assert replayed == decode(Case, encode(self.case), bytes_max=1_000_000)

    def take(self, to: str) -> list[Effect]:
        """The effects that are owed to somebody, due or not; they are owed no more."""
        taken = [effect for effect in self.owed if effect.to == to]
        self.owed = [effect for effect in self.owed if effect.to != to]
        return taken

    def asked(self) -> list[Effect]:
        """What is owed to partners now, in order; owed no more."""
        effects = [effect for effect in self.owed if effect.to in PARTNERS]
        self.owed = [effect for effect in self.owed if effect.to not in PARTNERS]
        return effects

    def deaf(self) -> None:
        """Nobody at all answers what is asked now; what is asked then waits for its time."""
        for effect in self.asked():
            self.now_ms = max(self.now_ms, effect.due_ms)
            self.give(PartnerSilent(leg_key(effect)))

    def answer(self) -> None:
        """Partners answer what they are asked by now, and what follows from that at once."""
        while due := [e for e in self.owed if e.to in PARTNERS and e.due_ms <= self.now_ms]:
            self.owed = [effect for effect in self.owed if effect not in due]
            for effect in due:
                self.give(self.bank.core.ask(effect.message))

    def core(self, *, silent: int = 0, lost: str = "", leg: str = "*") -> None:
        """Let all partners answer everything they are asked, until the machine gives up.

        Args:
            silent: how often they are silent before,
            lost: `"answer"` when they did what they were asked, and only the answer is lost,
            leg: and the name of the only leg that this is about.
        """
        given_up = self.where() is State.MANUAL
        while effects := self.asked():
            for index, effect in enumerate(effects):
                if self.where() is State.MANUAL and not given_up:
                    self.owed += effects[index:]
                    return
                self.now_ms = max(self.now_ms, effect.due_ms)
                key = leg_key(effect)
                if silent and leg in ("*", leg_of(key)):
                    silent -= 1
                    if lost:
                        self.bank.core.ask(effect.message)
                    self.give(PartnerSilent(key))
                else:
                    self.give(self.bank.core.ask(effect.message))

    def remind(self) -> None:
        """Let every reminder that is due now come."""
        for reminder in self.reminders():
            if reminder.due_ms <= self.now_ms:
                self.give(reminder.message)  # type: ignore[arg-type]  # reminders are commands

    def reminders(self) -> list[Reminder]:
        """What the case wants to be told later."""
        return list(self.behaviour.reminders(self.case))

    # What people do.

    def submission(
        self, values: Mapping[str, Value] | None = None, revision: int = 1
    ) -> Submission:
        return make.submission(
            self.product.code,
            self.product.form,
            self.seed,
            values=self.values() if values is None else values,
            revision=revision,
            now_ms=self.now_ms,
        )

    def values(self, holder: ChipRecord | None = None, **changes: Value) -> dict[str, Value]:
        return right_values(self.product, self.seed, holder) | changes

    def intake(
        self, submission: Submission | None = None, **facts: Any
    ) -> Intake | tuple[Refusal, ...]:
        """Through the gate, with facts that fit unless others are given."""
        submission = submission or self.submission()
        submit = self.submit(submission)
        opened = open_submission(submit, TELLER, verify)
        if isinstance(opened, Refusal):
            return (opened,)
        known = facts_for(self.product, opened, **facts)
        return admit(submit, opened, TELLER, known, convert, self.now_ms)

    def submit(self, submission: Submission) -> Submit:
        body = encode(submission)
        pins = make.pins_for(self.product.form, self.seed)
        return Submit(body, pins, keys(submission.device).sign(SUBMISSION, body))

    def file(self, submission: Submission | None = None, **facts: Any) -> CaseView | Refusal:
        intake = self.intake(submission, **facts)
        assert isinstance(intake, Intake), intake
        answer: CaseView | Refusal = self.give(FileCase(intake))
        return answer

    def where(self) -> State:
        """The state now; a call, because it changes under a reader's eyes."""
        return self.case.state

    def claim(self, who: Caller = DESK, challenge: bytes = b"c" * 16) -> Any:
        return self.give(Claim(who, challenge))

    def judge(
        self,
        seen: desk.CaseFile,
        verdict: desk.Verdict = desk.Verdict.APPROVE,
        reason: desk.Reason | None = None,
        who: Caller = DESK,
        **changes: Any,
    ) -> Any:
        return self.give(decided(seen, verdict, reason, who, self.now_ms, **changes))

    def approve(self, who: Caller = DESK) -> None:
        seen = self.claim(who)
        assert isinstance(seen, desk.CaseFile), seen
        if WITNESS in seen.item.flags and seen.item.timing == Timing.SYNC:
            seen = self.photographed(who)
        answer = self.judge(seen, who=who)
        assert isinstance(answer, desk.DecisionTaken), answer

    def photographed(self, who: Caller = DESK) -> Any:
        """The holder asks for a live photo and gets it; the fresh look that shows it."""
        self.give(AskLive(who))
        photo = PhotoValue(b"live".ljust(32, b"."), 90_000, 1280, 960, 500, self.now_ms)
        self.ask(GiveLivePhoto(self.case_id, photo))
        return self.claim(who)

    def key(self, leg: str) -> str:
        """The key of a leg by its name."""
        return next(one.key for one in self.case.legs if one.asked.name == leg)

    def say(
        self,
        of: str,
        deed: Deed,
        who: Caller = FIRST,
        act: Act = Act.PROPOSE,
        evidence: str = "已电话核实，对方流水可查",
        **changes: Any,
    ) -> Any:
        """One person's word about a leg, signed by their device; `changes` spoil it before."""
        file = self.give(LookManual())
        key = next((one.key for one in file.case.legs if one.name == of), of)
        proposed = {one.leg: one.digest for one in file.proposals}
        word = Word(
            union=UNION,
            case_id=self.case_id,
            leg=key,
            act=act,
            deed=deed,
            evidence=evidence,
            staff_id=who.staff.staff_id,
            said_ms=self.now_ms,
            proposal=b"" if act is Act.PROPOSE else proposed.get(key, b""),
        )
        body = encode(msgspec.structs.replace(word, **changes))
        return self.give(SettleLeg(who, body, keys(who.device).sign(SETTLEMENT, body)))

    def settle(self, leg: str, deed: Deed, first: Caller = FIRST, second: Caller = SECOND) -> Any:
        """One proposes, another confirms."""
        proposed = self.say(leg, deed, first)
        assert isinstance(proposed, ManualFile), proposed
        return self.say(leg, deed, second, Act.CONFIRM)

    def inquire(self, leg: str = "") -> Any:
        """A person has partners asked again."""
        return self.give(InquireLegs(leg, "R001"))

    def ask(self, request: TerminalRequest, who: Caller = TELLER) -> Any:
        return self.give(FromTerminal(who, request))

    def show(self) -> Any:
        return self.ask(SlipShown(self.case_id, self.case.slip_hash))

    def sign(self, ink_seed: int = 0, **changes: Any) -> Any:
        return self.ask(
            signing(self.case_id, self.case.slip_hash, self.now_ms, ink_seed, **changes)
        )

    def deliver(self, pan: Pan | None = None) -> Any:
        card = self.case_pan() if pan is None else pan
        return self.ask(Delivered(self.case_id, card, self.now_ms))

    def case_pan(self) -> Pan:
        values = decode(Submission, self.case.filed.submission).values
        return values["card"].pan  # type: ignore[union-attr]  # the field is a bank card

    def to_state(self, state: State) -> None:
        """The happy path up to a state on it."""
        steps: list[tuple[State, Any]] = [
            (State.AUTH_QUEUED, self.file),
            (State.AUTH_CLAIMED, self.claim),
            (State.PREPARING, lambda: self.give(self._approval())),
            (State.PREPARED, self.core),
            (State.SLIP_SHOWN, self.show),
            (State.COMMITTING, self.sign),
            (State.COMMITTED, self.core),
            (State.CLOSED, self.deliver),
        ]
        for reached, step in steps:
            step()
            if reached is state:
                break
        assert self.case.state is state

    def _approval(self) -> Judge:
        seen = file_of(self.case, self.product.form, DESK)
        return decided(seen, desk.Verdict.APPROVE, None, DESK, self.now_ms)


def decided(
    seen: desk.CaseFile,
    verdict: desk.Verdict,
    reason: desk.Reason | None,
    who: Caller,
    now_ms: int,
    **changes: Any,
) -> Judge:
    """A decision on what was seen, signed by the desk; `changes` spoil it before it is signed."""
    decision = desk.Decision(
        case_id=seen.item.case_id,
        version=seen.version,
        submission_hash=seen.submission_hash,
        images=tuple(image.digest for image in seen.images),
        verdict=verdict,
        reason=reason,
        note="",
        staff_id=who.staff.staff_id,
        challenge=seen.challenge,
        decided_ms=now_ms,
    )
    body = encode(msgspec.structs.replace(decision, **changes))
    return Judge(who, body, keys(who.device).sign(DECISION, body))


def signing(
    case_id: str, digest: bytes, now_ms: int, ink_seed: int = 0, **changes: Any
) -> SignSlip:
    """A customer's signature on a slip, sealed by the terminal."""
    ink = make.ink(ink_seed)
    signed_ms = changes.get("signed_ms", now_ms)
    seal = keys(TELLER.device).sign(SLIP, signed_body(digest, ink, signed_ms))
    right = SignSlip(case_id, digest, ink, now_ms, seal)
    return msgspec.structs.replace(right, **changes)


__all__ = [
    "DESK",
    "FIRST",
    "PARTNERS",
    "PRODUCTS",
    "RULES",
    "SECOND",
    "TELLER",
    "Bank",
    "Catalogued",
    "FakeCore",
    "Story",
    "facts_for",
    "leg_of",
    "rules_for",
]
