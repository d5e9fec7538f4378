"""What must always hold, checked from the disks alone: at the moment of effect, and at the end.

`Invariants` sees every batch of the office's and the terminals' disks in the very step in which it
becomes durable, and keeps its own small fold of what that says: written apart from the rules of the
office, sharing with them only the table of states and the formats. It keeps the last heads of all
logs where no crash reaches it. `at_end` walks everything once more with the office's own
verifier and asks whether everybody's story agrees.

The names are those of the list in the architecture: I1 nothing acknowledged is lost, I2 one posting
group per key, I3 balanced, I4 nothing handed over unauthorized or unsigned, I5 four eyes, I6 the
decision is on what was there, I7 legal histories, I8 the audit logs, I13 everything ends, I15 the
stock and the books of partners, I16 what consumers have is what was published, I17 a plan is real
as a whole or not at all, and money moves last. It changes nothing and never raises: a breach is
noted and the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from actors.durable.tagged import Tagged
from actors.store import MAIN, Batch, Recorded, StoreError
from backoffice.authorization.levels import SLOW_LINK, THRESHOLDS, Locality, Timing
from backoffice.authorization.policy import DEFAULT_ROUTING, Routing
from backoffice.authorization.policy_book import STREAM as POLICY_STREAM
from backoffice.authorization.policy_book import PolicyChanged
from backoffice.cases import events as case_events
from backoffice.cases.flow import TABLE, path_is_legal
from backoffice.customers.feed import CONSUMERS
from backoffice.partners import embedded
from backoffice.partners.embedded import stream_of
from backoffice.partners.ledger import BLANK_CARD_FEN
from backoffice.partners.operations import IssueCard, Operation, Partner
from backoffice.peers import devices
from backoffice.product import Product
from backoffice.reconcile import reconcile
from backoffice.shards import shard_of
from backoffice.verify.logs import KeptHead, joined
from backoffice.verify.office import verify_office
from terminal import draft_events
from tests.kit.books import Books, Posted, essential, is_money
from tests.kit.closing import DiskArchive, DiskShelf, drafts_of, published
from tests.kit.consumer import Ear
from tests.kit.disk import FaultyDisk, Watch, Wrote
from tests.kit.logs import LogWatch
from tests.kit.told import BY_FAULT, Breach, Told
from wire.card_stock import training_box
from wire.case_state import FINAL_STATES, State
from wire.codec import decode
from wire.errors import WireError
from wire.keys import DECISION, SETTLEMENT, SLIP, verify
from wire.messages.desk import Decision
from wire.messages.settlement import Deed

_PARTNERS: Final = frozenset(Partner)
_CORE: Final = f"{Partner.CORE}/"

NOBODY: Final[Mapping[str, Ear]] = {}

BREACHES_MAX: Final = 50
"""The most breaches that are noted in one run."""

_CASES: Final = Tagged(case_events.AnyCaseEvent)
_EVENTS: Final = Tagged(embedded.PartnerEvent)
_DEVICES: Final = Tagged(devices.DeviceEvent)
_POLICIES: Final = Tagged(PolicyChanged)
_DRAFTS: Final = Tagged(draft_events.DraftEvent)


class Invariants:
    """Watches the disks of one bank.

    Args:
        now: virtual seconds.

    Attributes:
        breaches: in the order of their discovery.
        cases: by case id, as the office's disk says.
        books: of partners, by stream.
        events: how many were seen.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._logs: dict[str, LogWatch] = {}
        self._groups: set[str] = set()
        self._signing: dict[str, bytes] = {}
        self._routings = {DEFAULT_ROUTING.version: DEFAULT_ROUTING}
        self.breaches: list[Breach] = []
        self.cases: dict[str, Told] = {}
        self.books: dict[str, Books] = {}
        self.events = 0

    def watch(self, node: str) -> Watch:
        """For the disk of `node`."""
        see = self._office if node == "office" else self._terminal

        logs = self._logs[node] = LogWatch()

        def seen(batch: Batch, wrote: Wrote) -> None:
            self.events += len(wrote.events)
            for wrong in logs.see(batch, wrote):
                self.breach("I8", f"{node}: {wrong}")
            if node == "office":
                owners = {shard_of(append.stream) for append in batch.appends} or {batch.shard}
                right = owners == {batch.shard} and batch.shard != MAIN
                self.hold("I8", f"a batch of {batch.who} in {batch.shard}, not {owners}", right)
            for row in wrote.events:
                try:
                    see(row)
                except (AssertionError, StoreError, WireError, ValueError) as error:
                    self.breach("I7", f"{row.stream}#{row.version} {row.kind}: {error!r}")

        return seen

    def breach(self, name: str, what: str) -> None:
        """Note one."""
        if len(self.breaches) < BREACHES_MAX:
            self.breaches.append(Breach(name, self._now(), what))

    def hold(self, name: str, what: str, right: object) -> None:
        """Note a breach unless `right`."""
        if not right:
            self.breach(name, what)

    def at_end(
        self,
        disks: Mapping[str, FaultyDisk],
        products: Mapping[str, Product],
        *,
        healed: bool = True,
        consumers: Mapping[str, Ear] = NOBODY,
    ) -> None:
        """Look at every disk when nobody works any more.

        Args:
            disks: by node.
            products: by code.
            healed: faults ended long enough ago for every case to have reached its end (I13).
            consumers: of feeds, who must have got everything by now.
        """
        office = disks["office"]
        for node, disk in disks.items():
            kept = self._logs[node].heads() if node in self._logs else []
            self.hold("I8", f"{node}: a head regressed", disk.heads() == kept)
        self._verify(office, products)
        for stream, books in self.books.items():
            self._released(stream, books, healed=healed)
            if stream.startswith(_CORE):
                self._stock(stream.removeprefix(_CORE), books)
        for difference in reconcile(DiskArchive(office)).differences:
            self.breach("I15", f"reconciliation: {difference}")
        for consumer in CONSUMERS:
            ear = consumers.get(consumer.name)
            right = ear is None or ear.has(published(office, consumer))
            self.hold("I16", f"{consumer.name} does not have what was published", right)
        drafts = {n: drafts_of(disk) for n, disk in disks.items() if n != "office"}
        for node, states in drafts.items():
            for case_id, (state, answered) in states.items():
                told = self.cases.get(case_id)
                if answered:
                    self.hold("I1", f"{node}: {case_id} is unknown to the office", told)
                if healed:
                    self.hold("I13", f"{node}: {case_id} ended as {state}", state in FINAL_STATES)
                if healed and told is not None:
                    agree = told.state is state
                    self.hold("I1", f"{case_id}: {state} at {node}, office {told.state}", agree)
        if healed:
            for case_id, told in self.cases.items():
                self.hold("I13", f"office: {case_id} {told.state}", told.state in FINAL_STATES)
                self.hold("I13", f"{case_id}: {told.unheard} never heard", not told.unheard)

    def closed(self) -> dict[str, int]:
        """How many cases of each product became real and ended well."""
        counts: dict[str, int] = {}
        for told in self.cases.values():
            if told.state is State.CLOSED and told.intake is not None:
                counts[told.intake.product] = counts.get(told.intake.product, 0) + 1
        return counts

    def unheard(self) -> list[str]:
        """The cases of which a silent partner has still to hear what two persons said."""
        return [case_id for case_id, told in self.cases.items() if told.unheard]

    def ends(self) -> dict[str, int]:
        """How many of the office's cases stand where."""
        counts: dict[str, int] = {}
        for told in self.cases.values():
            counts[told.state] = counts.get(told.state, 0) + 1
        return counts

    # ---- at the moment of effect

    def _office(self, row: Recorded) -> None:
        kind, _, key = row.stream.partition("/")
        if kind == "case":
            event = _CASES.decode(row.kind, row.body, row.stream)
            union, _, case_id = key.partition("/")
            self._case(union, case_id, event)
        elif kind in _PARTNERS:
            self._partner(kind, row)
        elif row.stream == POLICY_STREAM:
            page = _POLICIES.decode(row.kind, row.body, row.stream).page
            self._routings[page.about.version] = Routing(page.about.version, page.policy)
        elif kind == "devices":
            event = _DEVICES.decode(row.kind, row.body, row.stream)
            if isinstance(event, devices.DeviceEnrolled):
                self._signing[event.device.device] = event.device.signing

    def _case(self, union: str, case_id: str, event: case_events.AnyCaseEvent) -> None:
        told = self.cases.setdefault(case_id, Told(union))
        self._step(case_id, told, event)
        self._whole(case_id, told, event)
        match event:
            case case_events.Submitted(intake=intake):
                told.intake, told.persons, told.authorized = intake, [], False
                told.live = ()
                self._routed(case_id, told, intake)
            case case_events.Waived():
                told.authorized = True
            case case_events.LiveGiven(image=image):
                told.live = (image.digest,)
            case case_events.Claimed():
                told.claim = event
            case case_events.FirstApproved(judgement=judgement):
                self._judged(case_id, told, judgement)
            case case_events.Approved(judgement=judgement):
                self._judged(case_id, told, judgement)
                assert told.intake is not None
                wanted = told.intake.assessment.approvals
                told.authorized = len(told.persons) >= wanted
            case case_events.PrepareStarted(legs=legs):
                self.hold("I4", f"{case_id}: prepared without authorization", told.authorized)
                told.asked |= {leg.key: leg for leg in legs}
            case case_events.Stored():
                self.hold("I4", f"{case_id}: stored without authorization", told.authorized)
            case case_events.Prepared(slip_hash=slip_hash):
                told.slip_hash = slip_hash
            case case_events.Signed():
                self._signed(case_id, told, event)
            case case_events.SettlementProposed(key=key, statement=statement):
                told.proposed[key] = statement
                self._spoken(case_id, told, statement)
            case case_events.SettlementConfirmed(key=key, statement=statement):
                self._spoken(case_id, told, statement)
                first = told.proposed.pop(key).staff.person_id
                two = first != statement.staff.person_id
                self.hold("I5", f"{case_id}: one person settled {key}", two)
                told.said[key] = statement.deed
            case case_events.LegHeard(key=key) | case_events.LegContradicted(key=key):
                told.unheard.discard(key)
            case case_events.LegAnswered(key=key, standing=standing, unheard=unheard):
                if standing is case_events.Standing.MADE_GOOD:
                    told.made_good.add(key)
                if unheard:
                    told.unheard.add(key)
            case case_events.CommitStarted() | case_events.Committed():
                right = told.authorized and told.signed
                self.hold("I4", f"{case_id}: made real unauthorized or unsigned", right)
            case _:
                pass

    def _step(self, case_id: str, told: Told, event: case_events.AnyCaseEvent) -> None:
        """Every event is a step of the table from where the case stands (I7)."""
        told.version += not isinstance(event, case_events.ClaimRenewed)
        trigger = case_events.trigger_of(event)
        if trigger is None:
            return
        before = told.state
        if isinstance(event, case_events.Submitted):
            trail = [step.state for step in event.intake.trail]
            right = path_is_legal(trail) if before is State.DRAFT else bool(trail)
            self.hold("I7", f"{case_id}: trail {trail}", right)
            told.passed += trail
            before = trail[-1]
        after = TABLE.get(before, {}).get(trigger)
        if after is None:
            self.breach("I7", f"{case_id}: {trigger} in {before}")
        else:
            told.state = after
            told.passed.append(after)

    def _whole(self, case_id: str, told: Told, event: case_events.AnyCaseEvent) -> None:
        """Real in all its essential legs, or in none, and then nothing stays reserved (I17)."""
        match event:
            case case_events.Committed():
                lacking = [leg.key for leg in essential(told.asked) if not self._is_real(told, leg)]
                self.hold("I17", f"{case_id}: real without {lacking}", not lacking)
            case case_events.Aborted() | case_events.Declined():
                legs = told.asked.values()
                real = [leg.key for leg in legs if self._is_real(told, leg)]
                self.hold("I17", f"{case_id}: undone, but {real} are real", not real)
                kept = [leg.key for leg in legs if self._is_kept(told, leg)]
                self.hold("I15", f"{case_id}: undone, but {kept} stay reserved", not kept)
            case _:
                pass

    def _money_last(self, key: str, told: Told) -> None:
        """An account is debited when everything else that is essential is real (I17)."""
        leg = told.asked.get(key)
        if leg is not None and is_money(leg.request.operation):
            before = (one for one in essential(told.asked) if one.key != key)
            early = [one.key for one in before if not self._is_real(told, one)]
            self.hold("I17", f"{key}: money moved before {early}", not early)

    def _at(self, told: Told, leg: case_events.LegAsked) -> Books:
        return self.books.get(stream_of(leg.partner, told.union)) or Books()

    def _is_kept(self, told: Told, leg: case_events.LegAsked) -> bool:
        return leg.key in self._at(told, leg).reserved - told.unheard

    def _is_real(self, told: Told, leg: case_events.LegAsked) -> bool:
        """At its partner; what two persons said of one that is silent is so until it is heard."""
        books = self._at(told, leg)
        if leg.key in told.made_good:
            self.hold("I2", f"{leg.key}: given back twice", leg.key not in books.reversed)
            return False
        if leg.key in told.unheard:
            return told.said[leg.key] is Deed.DONE
        return leg.key in books.committed - books.reversed

    def _routed(self, case_id: str, told: Told, intake: case_events.Intake) -> None:
        """By a policy that was in force, and as it says (I6)."""
        routing = self._routings.get(intake.assessment.route.version)
        if routing is None:
            self.breach("I6", f"{case_id}: routed by a policy that never was")
            return
        level, centre = intake.assessment.level, THRESHOLDS.centre
        ours = routing.route(told.union, intake.product, level, centre)
        if SLOW_LINK in intake.assessment.flags:
            ours = msgspec.structs.replace(ours, timing=Timing.ASYNC)
        same = intake.assessment.approvals == 0 or ours == intake.assessment.route
        self.hold("I6", f"{case_id}: not routed as policy {routing.version} says", same)

    def _judged(self, case_id: str, told: Told, judgement: case_events.Judgement) -> None:
        """Four eyes (I5), on exactly what was there (I6), signed by an enrolled desk (I4)."""
        intake, claim = told.intake, told.claim
        assert intake is not None
        person = judgement.authorizer.person_id
        apart = person not in (intake.operator.person_id, *told.persons)
        self.hold("I5", f"{case_id}: {person} decided twice or on their own case", apart)
        told.persons.append(person)
        route = intake.assessment.route
        near = judgement.authorizer.union == told.union
        central = route.locality is Locality.CENTRAL
        pooled = central and judgement.authorizer.union == route.centre == THRESHOLDS.centre
        self.hold("I5", f"{case_id}: decided by a union that it is none of", near or pooled)
        signing = self._signing.get(judgement.device, b"")
        body = judgement.decision
        right = verify(signing, DECISION, body, judgement.signature)
        self.hold("I4", f"{case_id}: a decision that nobody signed", right)
        decision = decode(Decision, body)
        seen = (decision.case_id, decision.version, decision.submission_hash)
        # The event of the decision has been counted; the authorizer saw the version before it.
        there = (case_id, told.version - 1, intake.digest)
        shown = (*(image.digest for image in intake.images), *told.live)
        images = sorted(decision.images) == sorted(shown)
        fresh = claim is not None and claim.challenge == decision.challenge
        self.hold("I6", f"{case_id}: decided on something else", seen == there and images and fresh)

    def _signed(self, case_id: str, told: Told, event: case_events.Signed) -> None:
        assert told.intake is not None
        body = told.slip_hash + msgspec.msgpack.encode((event.ink, event.signed_ms))
        signing = self._signing.get(told.intake.device, b"")
        told.signed = verify(signing, SLIP, body, event.signature)
        self.hold("I4", f"{case_id}: a signature under another slip", told.signed)

    def _spoken(self, case_id: str, told: Told, said: case_events.Statement) -> None:
        """A person's word: signed by the device, and never the operator's (I5)."""
        assert told.intake is not None
        own = said.staff.person_id == told.intake.operator.person_id
        self.hold("I5", f"{case_id}: settled by its operator", not own)
        right = verify(self._signing.get(said.device, b""), SETTLEMENT, said.word, said.signature)
        self.hold("I4", f"{case_id}: a word under another signature", right)

    def _partner(self, partner: str, row: Recorded) -> None:
        """One group per key and step, balanced, and only for what was authorized and signed."""
        books = self.books.setdefault(row.stream, Books())
        posted = msgspec.msgpack.decode(row.body, type=Posted)
        key, group = posted.key, posted.group
        if group is not None:
            self.hold("I2", f"{group.key} posted outside the core", partner == Partner.CORE)
            self.hold("I2", f"{group.key} posted twice", group.key not in self._groups)
            self._groups.add(group.key)
            self.hold("I3", f"{group.key} is off by {group.fen} fen", group.fen == 0)
            for account in books.post(group):
                self.breach("I3", f"{group.key} overdraws {account}")
        told = self.cases.get(key.partition(":")[0], Told(""))
        match _EVENTS.decode(row.kind, row.body, row.stream):
            case embedded.Prepared() as prepared:
                spent = key in books.prepared or key in books.aborted
                self.hold("I2", f"{key} prepared twice", not spent)
                right = told.authorized and key in told.asked
                self.hold("I4", f"{key} reserved without authorization", right)
                self._handed_out(key, told, books, prepared.operation)
                books.prepared[key] = prepared
            case embedded.CommittedOperation():
                fresh = key in books.prepared and key not in books.committed | books.aborted
                self.hold("I2", f"{key} committed twice or unprepared", fresh)
                self.hold("I4", f"{key} made real unsigned", told.authorized and told.signed)
                books.committed.add(key)
                self._money_last(key, told)
            case embedded.AbortedOperation() | embedded.CommitDeclined():
                fresh = key not in books.committed | books.aborted
                self.hold("I2", f"{key} aborted after its end", fresh)
                books.aborted.add(key)
            case embedded.ReversedOperation(of=of):
                once = of in books.committed - books.reversed
                self.hold("I2", f"{of} reversed without being real", once)
                wanted = self._wants_reversed(told, of)
                self.hold("I4", f"{of} reversed, and nobody wanted that", wanted)
                books.reversed.add(of)
            case _:
                pass

    def _wants_reversed(self, told: Told, of: str) -> bool:
        """Two persons have said so."""
        return told.said.get(of) is Deed.REVERSE

    def _handed_out(self, key: str, told: Told, books: Books, operation: Operation) -> None:
        """A card is blank, and the very terminal's that asks for it (I15)."""
        if not isinstance(operation, IssueCard) or told.intake is None:
            return
        digits = operation.pan.digits
        self.hold("I15", f"{key}: the card was used before", digits not in books.pans())
        own = operation.terminal == told.intake.device and training_box(operation.terminal)
        self.hold("I15", f"{key}: a card of another stock", own and own.holds(digits))

    def _terminal(self, row: Recorded) -> None:
        """What a tablet holds for true, the office has on its disk at that moment."""
        kind, _, case_id = row.stream.partition("/")
        if kind != "draft":
            return
        told = self.cases.get(case_id, Told(""))
        match _DRAFTS.decode(row.kind, row.body, row.stream):
            case draft_events.OfficeAnswered(view=view):
                durable = view.version <= told.version and view.state in told.passed
                what = f"{case_id}: told {view.state}/{view.version} before it was durable"
                self.hold("I1", what, durable)
            case draft_events.HandedOver():
                right = told.authorized and told.signed and State.COMMITTED in told.passed
                self.hold("I4", f"{case_id}: handed over in {told.state}", right)
            case _:
                pass

    # ---- at the end

    def _verify(self, office: FaultyDisk, products: Mapping[str, Product]) -> None:
        heads = self._logs["office"].heads() if "office" in self._logs else []
        kept = KeptHead(joined(heads), {head.shard: head.size for head in heads})
        shelf = DiskShelf(office.blobs)
        report = verify_office(DiskArchive(office), shelf, products, kept=kept)
        for finding in report.findings:
            name = BY_FAULT.get(finding.what, "I8")
            self.breach(name, f"verifier: {finding.what} {finding.where} {finding.detail}")
        self.hold("I3", f"all postings sum to {report.balance_fen} fen", report.balance_fen == 0)

    def _released(self, stream: str, books: Books, *, healed: bool) -> None:
        """What was reserved is real or released, once all is over (I15)."""
        if healed:
            held = sorted(books.reserved)
            self.hold("I15", f"{stream}: reserved for ever: {held}", not held)

    def _stock(self, union: str, core: Books) -> None:
        """Every card that left the stock is issued, spoiled or reserved for an open case (I15)."""
        twice = core.issued_twice()
        self.hold("I15", f"{union}: cards were issued twice under {twice}", not twice)
        for account, fen, cards in core.stock(union):
            right = fen == cards * BLANK_CARD_FEN and cards >= 0
            self.hold("I15", f"{account} stands at {fen} fen for {cards} cards", right)


__all__ = ["Breach", "Invariants", "Told"]
