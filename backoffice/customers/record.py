"""One record per person, whichever unions they deal with: what cases taught, tags, tier.

Durable actor, stream `customer/<key>`, where the key is a hash of the ID number; the number itself
is kept for the golden-record feed and prints masked. A case teaches once, however often it tells.
What ECIF says about a fact wins over every case until ECIF says otherwise. Every change goes to the
feeds in the same commit. Tags and tier are computed by the rules in force, on every change and
every day.

Agreed facts: `phone`, `address`, `job`, `village`, `income_fen`, `net_fen`, `risk_level`,
`holds.<product>`, `interest.<topic>`, `consent.marketing`, `consent.place`, `do_not_contact`; and
what a template of information collection asks, `household.<answer>` and `merchant.<answer>`, with
the version that asked last, `template.<template>`; what the latest field visit and the latest check
of a loan found, `visit.<answer>` and `check.<answer>`. With `consent.place` also `place`: where the
latest case was captured, no closer than `PLACE_STEP_E6`. A withdrawn consent takes its facts along.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from actors.durable import Behaviour, Effect, Verdict
from backoffice.cases.events import CustomerLearned
from backoffice.customers.rules import CustomerRules, Standing
from wire.checks import is_accurate
from wire.masked import IdNumber
from wire.message import Message, Refusal, Request
from wire.messages.case import Place

VISITS_MAX: Final = 50
"""How many of the latest visits a record shows; the rest is in its history."""

FACTS_MAX: Final = 100
"""The most facts of one person."""

GOLDEN_FACTS: Final = frozenset({"name", "phone", "address", "job"})
"""What the golden record (ECIF) keeps, and may correct."""

CONSENTED_FACTS: Final = {"interest.": "consent.marketing", "place": "consent.place"}
"""Facts, by how they begin, that are kept only with the consent named beside them."""


PLACE_STEP_E6: Final = 10_000
"""The grid on which a place is kept, in degrees × 10⁶: a hundredth of a degree is a kilometre."""

PLACE_ACCURACY_M_MAX: Final = 1_000
"""A fix that is worse than that, in metres, tells no square of that grid."""


class Source(StrEnum):
    """Who taught a fact."""

    CASE = "case"
    ECIF = "ecif"


class Fact(msgspec.Struct, frozen=True):
    """What is known, from whom, since when (Unix milliseconds)."""

    value: str
    source: Source
    at_ms: int

    def __repr__(self) -> str:
        return f"Fact(from {self.source})"


class Visit(msgspec.Struct, frozen=True):
    """A business that came to a good end."""

    case_id: str
    product: str
    union: str
    outlet: str
    at_ms: int


class Change(msgspec.Struct, frozen=True):
    """One fact, before and after; an empty string is nothing."""

    fact: str
    old: str
    new: str

    def __repr__(self) -> str:
        return f"Change({self.fact!r})"


class CustomerChanged(Message, frozen=True, tag="CustomerChanged"):
    """What the feeds carry.

    Attributes:
        change_id: unique for ever, `<key>#<version>`; the same change twice is one.
        customer: the record's key.
        number: whose it is.
        name: as on the card.
        case_id: which case taught it, or empty.
        union: where, or empty.
        changes: old and new.
        at_ms: Unix milliseconds.
    """

    change_id: str
    customer: str
    number: IdNumber
    name: str
    case_id: str
    union: str
    changes: tuple[Change, ...]
    at_ms: int

    def __repr__(self) -> str:
        return f"CustomerChanged({self.change_id!r})"


class Learned(msgspec.Struct, frozen=True, tag="CustomerFactsLearned"):
    """A case, or ECIF, taught something; the visit is a case's."""

    number: IdNumber
    name: str
    source: Source
    changes: tuple[Change, ...]
    visit: Visit | None
    case_id: str
    union: str
    at_ms: int

    def __repr__(self) -> str:
        return f"Learned({len(self.changes)} changes)"


class Classed(msgspec.Struct, frozen=True, tag="CustomerClassed"):
    """The rules of this version see the person like this now."""

    standing: Standing
    changes: tuple[Change, ...]
    at_ms: int


CustomerEvent = Learned | Classed


class Correct(Message, frozen=True, tag="CorrectCustomer"):
    """ECIF's word on golden facts; an empty value withdraws its word."""

    number: IdNumber
    name: str
    facts: dict[str, str]

    def __repr__(self) -> str:
        return "Correct()"


class Review(Message, frozen=True, tag="ReviewCustomer"):
    """A day has passed, or the rules have changed: compute tags and tier again."""


class CustomerView(msgspec.Struct, frozen=True):
    """A record as the rules of recommendations read it.

    Attributes:
        facts: values by name.
        standing: tags and tier.
        visits: the latest ones, newest last.
    """

    facts: dict[str, str]
    standing: Standing
    visits: tuple[Visit, ...]

    def __repr__(self) -> str:
        return f"CustomerView({self.standing.tier})"


class GetCustomer(Request[CustomerView], frozen=True, tag="GetCustomer"):
    """What is known; somebody unknown has an empty record."""


CustomerCommand = CustomerLearned | Correct | Review | GetCustomer


class CustomerState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known about one person.

    Attributes:
        key: the record's.
        version: how many events there were.
        taught: cases that have taught already.
    """

    key: str
    number: IdNumber = IdNumber("")
    name: str = ""
    version: int = 0
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
    taught: frozenset[str] = frozenset()
    visits: tuple[Visit, ...] = ()
    unions: frozenset[str] = frozenset()
    standing: Standing = Standing()

    def __repr__(self) -> str:
        return f"CustomerState({self.key[:8]!r}, version {self.version})"

    @property
    def values(self) -> dict[str, str]:
        """The facts' values by name."""
        return {name: fact.value for name, fact in self.facts.items()}


def customer_key(number: IdNumber) -> str:
    """The hash that names a person's record, 32 hex digits; never the number itself."""
    body = number.number.encode()
    return hashlib.blake2b(body, digest_size=16, person=b"backpack/person").hexdigest()


def coarse(place: Place) -> str:
    """Latitude and longitude in degrees, on the grid of `PLACE_STEP_E6`: `25.05,102.75`."""
    steps = (round(e6 / PLACE_STEP_E6) for e6 in (place.latitude_e6, place.longitude_e6))
    return ",".join(f"{step * PLACE_STEP_E6 / 1_000_000:.2f}" for step in steps)


def stream_of(key: str) -> str:
    """The record's stream."""
    return f"customer/{key}"


class CustomerRecord(Behaviour[CustomerState, CustomerCommand, CustomerEvent]):
    """The rules of one person's record.

    Args:
        rules: tags and tiers in force.
        feeds: names of the handlers that `CustomerChanged` goes to.
    """

    event_type = CustomerEvent
    effect_types = CustomerChanged
    state_type = CustomerState

    def __init__(self, rules: CustomerRules, feeds: tuple[str, ...]) -> None:
        self._rules = rules
        self._feeds = feeds

    def initial(self, key: str) -> CustomerState:
        """Nothing is known."""
        return CustomerState(key=key)

    def decide(
        self, state: CustomerState, command: CustomerCommand, now_ms: int, who: str
    ) -> Verdict[CustomerEvent] | Refusal:
        """What was new, and what the rules make of it; a repeat leads to nothing."""
        del who
        match command:
            case GetCustomer():
                return Verdict(reply=CustomerView(state.values, state.standing, state.visits))
            case Review():
                return Verdict(self._classed(state, now_ms))
            case CustomerLearned(case_id=case_id):
                known = case_id in state.taught
                return Verdict() if known else self._learn(state, _from_case(state, command))
            case Correct():
                learned = _from_ecif(state, command, now_ms)
                return self._learn(state, learned) if learned.changes else Verdict()

    def evolve(self, state: CustomerState, event: CustomerEvent) -> CustomerState:
        """Apply one event."""
        replace = msgspec.structs.replace
        if isinstance(event, Classed):
            return replace(state, version=state.version + 1, standing=event.standing)
        facts = dict(state.facts)
        for change in event.changes:
            if change.new:
                facts[change.fact] = Fact(change.new, event.source, event.at_ms)
            else:
                facts.pop(change.fact, None)
        visits = (*state.visits, event.visit)[-VISITS_MAX:] if event.visit else state.visits
        return replace(
            state,
            version=state.version + 1,
            number=event.number,
            name=event.name,
            facts=facts,
            taught=state.taught | {event.case_id} if event.case_id else state.taught,
            visits=visits,
            unions=state.unions | {event.union} if event.union else state.unions,
        )

    def react(self, state: CustomerState, event: CustomerEvent) -> Iterable[Effect]:
        """Every change goes to every feed; which facts a consumer gets is the feed's business."""
        if not event.changes:
            return
        changed = CustomerChanged(
            change_id=f"{state.key}#{state.version}",
            customer=state.key,
            number=state.number,
            name=state.name,
            case_id=event.case_id if isinstance(event, Learned) else "",
            union=event.union if isinstance(event, Learned) else "",
            changes=event.changes,
            at_ms=event.at_ms,
        )
        for feed in self._feeds:
            yield Effect(feed, changed)

    def inspect(self, state: CustomerState) -> dict[str, object]:
        """How much is known, never what."""
        return {"facts": len(state.facts), "tier": state.standing.tier}

    def _learn(self, state: CustomerState, learned: Learned) -> Verdict[CustomerEvent]:
        after = self.evolve(state, learned)
        return Verdict((learned, *self._classed(after, learned.at_ms)))

    def _classed(self, state: CustomerState, now_ms: int) -> tuple[Classed, ...]:
        if not state.name:
            return ()
        standing = self._rules.standing(state.values, [v.at_ms for v in state.visits], now_ms)
        if standing == state.standing:
            return ()
        pairs = (
            ("tier", state.standing.tier, standing.tier),
            ("tags", ",".join(state.standing.tags), ",".join(standing.tags)),
        )
        changes = tuple(Change(*pair) for pair in pairs if pair[1] != pair[2])
        return (Classed(standing, changes, now_ms),)


def _from_case(state: CustomerState, command: CustomerLearned) -> Learned:
    told = {fact: value for fact, value in command.profile.items() if value}
    if command.place is not None and is_accurate(command.place, PLACE_ACCURACY_M_MAX):
        told["place"] = coarse(command.place)
    known = state.values | told
    kept = {fact: value if _consented(fact, known) else "" for fact, value in known.items()}
    golden = {name for name, fact in state.facts.items() if fact.source is Source.ECIF}
    fresh = {fact: value for fact, value in kept.items() if fact not in golden}
    visit = Visit(command.case_id, command.product, command.union, command.outlet, command.at_ms)
    return Learned(
        number=command.number,
        name=command.name,
        source=Source.CASE,
        changes=_changes(state, fresh),
        visit=visit,
        case_id=command.case_id,
        union=command.union,
        at_ms=command.at_ms,
    )


def _from_ecif(state: CustomerState, command: Correct, now_ms: int) -> Learned:
    golden = {fact: value for fact, value in command.facts.items() if fact in GOLDEN_FACTS}
    return Learned(
        number=command.number,
        name=command.name,
        source=Source.ECIF,
        changes=_changes(state, golden),
        visit=None,
        case_id="",
        union="",
        at_ms=now_ms,
    )


def _consented(fact: str, known: Mapping[str, str]) -> bool:
    """Browsing and place are kept only with consent."""
    needed = [consent for start, consent in CONSENTED_FACTS.items() if fact.startswith(start)]
    return all(known.get(consent) == "1" for consent in needed)


def _changes(state: CustomerState, facts: Mapping[str, str]) -> tuple[Change, ...]:
    before = state.values
    room = FACTS_MAX - len(before)
    changes = []
    for fact, value in sorted(facts.items()):
        old = before.get(fact, "")
        if old == value or (fact not in before and room <= 0):
            continue
        room -= fact not in before
        changes.append(Change(fact, old, value))
    return tuple(changes)


__all__ = [
    "Change",
    "Correct",
    "CustomerChanged",
    "CustomerEvent",
    "CustomerRecord",
    "CustomerState",
    "CustomerView",
    "Fact",
    "GetCustomer",
    "Review",
    "Source",
    "Visit",
    "coarse",
    "customer_key",
    "stream_of",
]
