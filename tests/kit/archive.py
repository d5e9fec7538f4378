"""A whole office's database without its programs, made by the office's own rules.

Commands go through the real behaviours, batches through the real history, log and file; only the
runtime, the wire and the people are missing. What comes out is what a verifier finds in production,
for tests that then tamper with it.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from actors.blobs.folder import BlobFolder
from actors.durable import Behaviour, Verdict
from actors.durable.history import History, Loaded
from actors.store import Append, Batch, Committed, Event, event_digest
from actors.store.sqlite.file import SqliteFile
from actors.store.sqlite.schema import prepare_writer
from backoffice.authorization.levels import Level
from backoffice.cases.case import CaseBehaviour, key_of, stream_of
from backoffice.cases.commands import Caller, Claim, FileCase, FromTerminal, Judge
from backoffice.cases.events import Intake
from backoffice.cases.intake import Facts, ImageFact, admit, open_submission
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules
from backoffice.catalogue import products
from backoffice.configuration.settings import TRAINING_AREA
from backoffice.dossier import id_card
from backoffice.forms import Forms
from backoffice.partners.biller import Billers
from backoffice.partners.core_bank import CoreBank
from backoffice.partners.identity_check import IdentityRecorded, person_digest
from backoffice.partners.ocrm import Ocrm
from backoffice.partners.operations import Partner
from backoffice.partners.port import PartnerOutcome
from backoffice.partners.queries import Look
from backoffice.peers.devices import BindStaff, Devices, EnrolDevice, InviteDevice, Ticket
from backoffice.product import Asking, Product
from backoffice.shards import shard_of
from supervisors.at_rest import BLOBS_FOLDER, open_keys
from tests.kit import submissions
from wire.case_state import State
from wire.checks import Known
from wire.codec import encode
from wire.keys import DECISION, SLIP, SUBMISSION, SigningKeyPair, verify
from wire.masked import Pan
from wire.message import Refusal
from wire.messages import desk
from wire.messages.case import (
    Delivered,
    PinBlock,
    RefuseSlip,
    SignSlip,
    SlipShown,
    Submission,
    Submit,
    signed_body,
)
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.lookups import Item
from wire.messages.session import Role, StaffCard
from wire.value import PhoneValue, PhotoValue, Value

UNION = "530102"
PRODUCTS = products()
FORMS = Forms(product.form for product in PRODUCTS.values())
CENTRAL = "O9"


def staff(staff_id: str, person: str, outlet: str = "O1") -> StaffCard:
    return StaffCard(staff_id, person, f"员工{staff_id}", outlet, UNION)


TELLER = staff("T001", "P1")
AUTHORIZER = staff("A001", "P8", CENTRAL)
SECOND = staff("A002", "P9", CENTRAL)


def keys(device: str) -> SigningKeyPair:
    return SigningKeyPair(device.encode().ljust(32, b"."))


class Actor:
    """One durable behaviour on the file."""

    def __init__(
        self, office: OfficeFile, behaviour: Behaviour[Any, Any, Any], stream: str
    ) -> None:
        self._office = office
        self._behaviour = behaviour
        key = stream.partition("/")[2] or stream
        recipients = frozenset({"self", "slip", *Partner})
        self._history = History(behaviour, stream, key, recipients, shard_of(stream))
        self._loaded: Loaded[Any] = Loaded(behaviour.initial(key), 0)

    @property
    def state(self) -> Any:
        return self._loaded.state

    def ask(self, command: object, who: str) -> Any:
        """The reply, after everything that it leads to is in the file."""
        office = self._office
        verdict = self._behaviour.decide(self.state, command, office.now_ms, who)
        assert isinstance(verdict, Verdict), verdict
        step = self._history.step(self._loaded, verdict, who, office.now_ms)
        office.commit(step.batch)
        self._loaded = step.after
        for effect in step.after.effects if verdict.events else ():
            if effect.to in office.partners:
                office.owed.append((effect.to, self._history.message_of(effect)))
        return verdict.reply


class OfficeFile:
    """An office at work; `now_ms` moves a little with every commit."""

    def __init__(self, file: SqliteFile, blobs: BlobFolder) -> None:
        self._file = file
        self.blobs = blobs
        self.now_ms = submissions.NOW_MS
        self.owed: list[tuple[str, Any]] = []
        self.partners = {
            Partner.CORE: Actor(self, CoreBank(training=True), f"core/{UNION}"),
            Partner.BILLER: Actor(self, Billers(training=True), f"biller/{UNION}"),
            Partner.OCRM: Actor(self, Ocrm(training=True), f"ocrm/{UNION}"),
        }
        self.devices = Actor(self, Devices(), "devices")
        self._enrol("T-0001", Role.TERMINAL, TELLER)
        self._enrol("D-0001", Role.DESK, AUTHORIZER)
        self._enrol("D-0002", Role.DESK, SECOND)

    def commit(self, batch: Batch) -> None:
        (outcome,) = self._file.commit_group([batch])
        assert isinstance(outcome, Committed), outcome
        self.now_ms += 1_000

    def case(
        self,
        seed: int,
        until: State = State.CLOSED,
        *,
        age: int = 35,
        product: str = "debit_card",
    ) -> str:
        """One case from the submission up to a state; from 65 years on two authorizers."""
        case_id = submissions.case_id(seed)
        case = Actor(self, CaseBehaviour(Rules(FORMS, verify)), stream_of(key_of(UNION, case_id)))
        while case.state.state is not until:
            if case.state.state is State.DRAFT:
                self._file_case(case, PRODUCTS[product], seed, age)
            else:
                self._next(case, until)
        return case_id

    def _next(self, case: Actor, until: State) -> None:
        """Whatever is due where the case stands."""
        record: Case = case.state
        match record.state:
            case State.AUTH_QUEUED if record.approvals:
                self._approve(case, "D-0002", SECOND)
            case State.AUTH_QUEUED:
                self._approve(case, "D-0001", AUTHORIZER)
            case State.PREPARED:
                self._at_table(case, SlipShown(record.case_id, record.slip_hash))
            case State.SLIP_SHOWN if until is State.ABORTED:
                self._at_table(case, RefuseSlip(record.case_id))
            case State.SLIP_SHOWN:
                ink = submissions.ink(record.case_id)
                seal = keys("T-0001").sign(SLIP, signed_body(record.slip_hash, ink, self.now_ms))
                signed = SignSlip(record.case_id, record.slip_hash, ink, self.now_ms, seal)
                self._at_table(case, signed)
            case State.COMMITTED:
                card = record.filed.undertaking.delivers
                self._at_table(case, Delivered(record.case_id, card, self.now_ms))
            case _:
                self._ask_partners(case)

    def _enrol(self, device: str, role: Role, member: StaffCard) -> None:
        psk, noise = bytes(32), device.encode().rjust(32, b".")
        ticket = Ticket(
            ticket=f"ticket-{device}",
            psk=psk,
            device=device,
            role=role,
            outlet=member.outlet,
            union=UNION,
            expires_ms=self.now_ms + 1_000_000,
        )
        self.devices.ask(InviteDevice(ticket), "operator")
        self.devices.ask(EnrolDevice(ticket.ticket, noise, keys(device).public), "admission")
        self.devices.ask(BindStaff(device, member), member.staff_id)

    def _file_case(self, case: Actor, product: Product, seed: int, age: int) -> None:
        submission = self._captured(product, seed, age)
        caller = Caller(TELLER, "T-0001", keys("T-0001").public)
        body = encode(submission)
        pins = submissions.pins_for(product.form, seed)
        submit = Submit(body, pins, keys("T-0001").sign(SUBMISSION, body))
        opened = open_submission(submit, caller, verify)
        assert isinstance(opened, Submission), opened
        facts = self._facts(product, opened, twice=age >= 65)
        intake = admit(submit, opened, caller, facts, _verifier, self.now_ms)
        assert isinstance(intake, Intake), intake
        case.ask(FileCase(intake), TELLER.staff_id)

    def _captured(self, product: Product, seed: int, age: int) -> Submission:
        """A submission whose photos are in the file, and whose choices are listed."""
        form = product.form
        values = submissions.values_for(form, seed, holder=submissions.person(seed, age=age))
        for name, items in self._listed(product, values).items():
            values[name] = items[0].chosen()
        for name, value in values.items():
            if isinstance(value, PhotoValue):
                jpeg = f"photo {name} of case {seed}".encode() * 40
                digest = event_digest(jpeg)
                self.blobs.put(digest, jpeg, self.now_ms)
                values[name] = msgspec.structs.replace(value, digest=digest, size=len(jpeg))
        return submissions.submission(product.code, form, seed, values=values)

    def _listed(self, product: Product, values: Mapping[str, Value]) -> dict[str, tuple[Item, ...]]:
        """What partners list now."""
        found = {}
        for name, query_for in product.listings.items():
            query = query_for(Asking(None, TELLER.outlet, dict(values), self.now_ms, product.terms))
            assert not isinstance(query, Refusal), query
            partner = self.partners[query.partner]
            found[name] = partner.ask(Look(UNION, query), TELLER.staff_id).items
        return found

    def _facts(self, product: Product, submission: Submission, *, twice: bool) -> Facts:
        """The register is asked, and what the office knows then."""
        card = id_card(submission)
        assert card is not None
        result = IdentityResult.MATCH_WITHOUT_PHOTO if twice else IdentityResult.MATCH
        at_ms = submission.captured_ms
        answer = IdentityChecked(result, submission.identity_reference, at_ms, card.name)
        record = IdentityRecorded(
            person_digest(card.number.number, card.name), submission.device, answer
        )
        event = Event("IdentityRecorded", encode(record))
        stream = f"identity/{UNION}/{submission.case_id}"
        append = Append(stream, 0, (event,))
        self.commit(Batch(submission.device, at_ms, (append,), shard=shard_of(stream)))
        photos = [v for v in submission.values.values() if isinstance(v, PhotoValue)]
        phones = [v for v in submission.values.values() if isinstance(v, PhoneValue)]
        return Facts(
            product=product,
            identity=record,
            images={photo.digest: ImageFact(photo.size) for photo in photos},
            area=TRAINING_AREA,
            posture=Known.YES,
            stock=Known.YES,
            listed=self._listed(product, submission.values),
            proofs={one.proof: one.phone for one in phones},
        )

    def _approve(self, case: Actor, device: str, member: StaffCard) -> None:
        caller = Caller(member, device, keys(device).public, Level.A4)
        challenge = event_digest(f"{case.state.case_id}{device}".encode())[:16]
        seen: desk.CaseFile = case.ask(Claim(caller, challenge), member.staff_id)
        decision = desk.Decision(
            case_id=case.state.case_id,
            version=seen.version,
            submission_hash=seen.submission_hash,
            images=tuple(image.digest for image in seen.images),
            verdict=desk.Verdict.APPROVE,
            reason=None,
            note="",
            staff_id=member.staff_id,
            challenge=seen.challenge,
            decided_ms=self.now_ms,
        )
        body = encode(decision)
        case.ask(Judge(caller, body, keys(device).sign(DECISION, body)), member.staff_id)

    def _ask_partners(self, case: Actor) -> None:
        while self.owed:
            name, request = self.owed.pop(0)
            outcome = self.partners[Partner(name)].ask(request, name)
            assert isinstance(outcome, PartnerOutcome)
            case.ask(outcome, name)

    def _at_table(self, case: Actor, request: Any) -> None:
        caller = Caller(TELLER, "T-0001", keys("T-0001").public)
        case.ask(FromTerminal(caller, request), TELLER.staff_id)


def _verifier(pin: PinBlock, pan: Pan) -> bytes:
    return event_digest(encode((pin.block, pan)))


@contextmanager
def office_file(path: Path) -> Iterator[OfficeFile]:
    """A fresh office in a file, its photos beside it."""
    entropy = random.Random("office").randbytes
    blobs = BlobFolder(path.with_name(BLOBS_FOLDER), open_keys(path, entropy))
    blobs.prepare()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare_writer(connection)
        yield OfficeFile(SqliteFile(connection), blobs)
