"""The back office, put together: one supervised tree behind one door.

    /office              rest_for_one: whoever dies takes those who build on it along
      store              the SQLite writer (absent where a store is handed in)
      devices            the registry
      policy             who authorizes where and when
      core … ocrm        a pool for each partner: one embedded one per county union
      queues             one authorization queue per county union, and the centre's pool
      cases              one durable actor per business case
      sessions           one actor per connected device
      gateway            the wire
      personnel          follows the roster's file, where there is one
      customers          what is learned about people, and the feeds that tell others
      clock              wakes whoever has something to do by now
      collector          discards photos that no case has named in time

Everything outside comes in through `Setup`, so that the same office runs behind a port and, with
its terminals and desks, inside a simulation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Final

import trio

from actors import Actor, System, open_system
from actors.blobs import Blobs
from actors.blobs.collector import Collector
from actors.durable import Commanded, DurableActor, Handler
from actors.durable.clock import Alarm, Clock
from actors.ports import Outside
from actors.ref import Ref
from actors.store import StoreError
from backoffice.authorization.policy_book import STREAM as POLICY_STREAM
from backoffice.authorization.policy_book import PolicyBook
from backoffice.authorization.queue import AuthorizationQueue, Touched
from backoffice.cases.case import CaseBehaviour, key_of, stream_of
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules
from backoffice.cases.view import view_of
from backoffice.configuration.settings import Settings
from backoffice.customers.branch import CustomersBranch
from backoffice.customers.courier import Sinks
from backoffice.customers.rules import CustomerRules
from backoffice.forms import Forms
from backoffice.hsm import SecurityModule
from backoffice.images import COLLECT_MS, ImageDesk, fate_of
from backoffice.lookups.colleague import ColleagueDesk
from backoffice.lookups.listing import ListingDesk
from backoffice.lookups.phone_proof import PhoneDesk
from backoffice.lookups.suggestion import SuggestionDesk
from backoffice.management.figures import ManagementTerms
from backoffice.management.manager import ManagersDesk
from backoffice.office import ANSWER_S_MAX, Office, Postures, pool_key
from backoffice.partners.conduct import Conducts
from backoffice.partners.connections import Connections
from backoffice.partners.embedded import stream_of as partner_stream
from backoffice.partners.handler import PartnerHandler
from backoffice.partners.identity_check import IdentityDesk, NoRegister
from backoffice.partners.operations import Partner
from backoffice.partners.sms import no_messages
from backoffice.peers.admission import Admission
from backoffice.peers.devices import Device, Devices, GetDevice
from backoffice.peers.gateway import Gateway
from backoffice.peers.operator_requests import OperatorRequests
from backoffice.peers.session import DeviceSession, Left, Sessions
from backoffice.personnel import Personnel, RosterFile
from backoffice.product import Product
from backoffice.shards import PROVINCE, of_union
from backoffice.slips.desk import SlipDesk
from backoffice.staff import Roster
from supervisors import (
    ChildSpec,
    Intensity,
    Pool,
    PoolSpec,
    Strategy,
    SupervisorSpec,
    Tree,
    open_tree,
    render,
    snapshot,
)
from supervisors.storage import Storage, Stored
from wire.backoff import Backoff
from wire.channel import Listener
from wire.keys import DeviceKeys, verify
from wire.messages.case import CaseChanged
from wire.server import SESSIONS_MAX

NAME: Final = "office"

CASE_PASSIVATE_S: Final = 300.0
UNIONS_MAX: Final = 500
"""County unions of one office; the published case has 129."""

UNION_PASSIVATE_S: Final = 24 * 3600.0
"""A union's partners and queue stay in memory for as long as the union works."""

SESSION_PASSIVATE_S: Final = 60.0
COLLECTOR_BACKOFF: Final = Backoff(first_s=1.0, most_s=300.0)
GATEWAY_BACKOFF: Final = Backoff(first_s=0.2, most_s=10.0)


@dataclass(frozen=True)
class Room:
    """How many actors of a kind are in memory at once; whoever is too many comes later.

    Attributes:
        cases: with something under way, above all a conversation with partners.
        records: of customers.
    """

    cases: int = 5_000
    records: int = 5_000


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What an office is made of.

    Attributes:
        storage: where everything durable lives, but for photos and recordings.
        blobs: where those live.
        listening: called with the address once peers can dial it.
        settings: every number that a bank may change, per union.
        connections: what stands behind the ports to others.
        sinks: where what is learned about customers is sent.
        roster_file: where the roster is followed while the office runs; None where it stands still.
        posture: whether a device is as its management wants it, as far as anybody knows.
        conducts: how partners, register and SMS gateway behave, for drills.
        room: how much is in memory at once.
    """

    outside: Outside
    storage: Storage
    blobs: Blobs
    keys: DeviceKeys
    listener: Listener
    roster: Roster
    security: SecurityModule
    products: dict[str, Product]
    listening: Callable[[str], None]
    settings: Settings
    connections: Connections
    sinks: Sinks
    posture: Postures
    roster_file: RosterFile | None = None
    conducts: Conducts = field(default_factory=Conducts)
    room: Room = Room()


class BackOffice:
    """A running office.

    Attributes:
        tree: for the inspector.
        address: where it listens; empty before it does.
    """

    def __init__(self, setup: Setup, system: System, stored: Stored) -> None:
        self._setup = setup
        setup.conducts.refuse(setup.connections.refused)
        self._stored = stored
        self._store = stored.store
        self._sessions = Sessions()
        self._slips = SlipDesk(setup.keys, setup.outside, self._pinned_key)
        self._forms = Forms()
        self._for_peers = stored.store.for_peers()
        self._images = ImageDesk(self._for_peers, setup.blobs, setup.outside.wall)
        self._system = system
        self._alarm = Alarm()
        self._customers = CustomersBranch(
            setup.outside,
            self._store,
            setup.settings.shared(CustomerRules),
            setup.sinks,
            setup.room.records,
            expect=self._alarm.expect,
            record=self._record,
            child=lambda name: self._child(f"customers/{name}"),
        )
        self._open = trio.Event()
        self._listening = trio.Event()
        self.tree: Tree | None = None
        self.address = ""

    def spec(self) -> SupervisorSpec:
        """The tree of the module's docstring."""
        room = self._setup.room
        return SupervisorSpec(
            NAME,
            Strategy.REST_FOR_ONE,
            Intensity(10, 60.0),
            (
                *self._stored.children,
                ChildSpec("devices", self._devices),
                ChildSpec("policy", self._policy),
                *self._partner_pools(),
                PoolSpec("queues", self._queue, limit=UNIONS_MAX, passivate_s=UNION_PASSIVATE_S),
                PoolSpec("cases", self._case, limit=room.cases, passivate_s=CASE_PASSIVATE_S),
                PoolSpec(
                    "sessions",
                    self._session,
                    limit=SESSIONS_MAX,
                    passivate_s=SESSION_PASSIVATE_S,
                ),
                ChildSpec("gateway", self._gateway, backoff=GATEWAY_BACKOFF),
                *self._personnel(),
                self._customers.spec(),
                ChildSpec("clock", self._clock),
                ChildSpec("collector", self._collector, backoff=COLLECTOR_BACKOFF),
            ),
        )

    async def begin(self, tree: Tree) -> None:
        """After the tree has started: open the door, and have whoever owes something woken."""
        self.tree = tree
        await self._forms.load(self._store)
        self._open.set()
        await self._listening.wait()

    def _clock(self) -> Clock:
        return Clock(self._store, self._setup.outside.wall, self._alarm, self._find, self._open)

    def _collector(self) -> Collector:
        setup, store = self._setup, self._store
        judge = partial(fate_of, store)
        return Collector(setup.blobs, setup.outside.wall, judge, COLLECT_MS, (StoreError,))

    def _find(self, stream: str) -> Ref | None:
        """The actor of a stream, of every kind of stream that may owe something."""
        kind, _, key = stream.partition("/")
        if kind == "case":
            return self._pool("cases").ref(pool_key(*key.split("/", 1)))
        if kind == "customer":
            return self._record(key)
        return None

    def _record(self, key: str) -> Ref:
        return self._pool("customers/records").ref(key)

    # The office as its parts see it.

    def office(self) -> Office:
        """Everything that answering a peer takes."""
        setup, store = self._setup, self._for_peers
        identity = IdentityDesk(
            store, setup.connections.register or NoRegister(), setup.outside.wall, setup.conducts
        )
        return Office(
            outside=setup.outside,
            store=store,
            keys=setup.keys,
            devices=self._child("devices"),
            cases=self._pool("cases"),
            queue=lambda union: self._pool("queues").ref(union),
            policy=self._child("policy"),
            posture=setup.posture,
            customers=self._customers,
            managers=ManagersDesk(
                store,
                setup.products,
                setup.outside.wall,
                online=lambda device: self._sessions.of(device) is not None,
                terms=lambda union: setup.settings.for_union(union).section(ManagementTerms),
            ),
            slips=self._slips,
            roster=setup.roster,
            identity=identity,
            images=self._images,
            blobs=setup.blobs,
            listings=ListingDesk(
                store,
                setup.outside.wall,
                setup.settings.for_union,
                self._partner,
                self._customers.known,
                setup.conducts,
            ),
            colleagues=ColleagueDesk(store, setup.outside.wall, setup.roster),
            phones=PhoneDesk(
                store,
                setup.outside.wall,
                setup.outside.entropy,
                setup.connections.sms or no_messages,
                setup.security.seal,
                lambda union: setup.settings.for_union(union).lookups,
                setup.conducts,
            ),
            suggestions=SuggestionDesk(
                store, setup.outside.wall, identity.persons, self._customers.offers
            ),
            settings=setup.settings,
            security=setup.security,
            products=setup.products,
            forms=self._forms,
            close_session=self._close_session,
            tree=self._tree_json,
            address=lambda: self.address,
        )

    def _pool(self, name: str) -> Pool:
        assert self.tree is not None, "the door opens after the tree has started"
        return self.tree.pool(f"/{NAME}/{name}")

    def _child(self, name: str) -> Ref:
        return self._system.ref(f"/{NAME}/{name}")

    def _tree_json(self) -> bytes:
        assert self.tree is not None
        return render.json(snapshot(self.tree)).encode()

    def _signed_out(self, device: str) -> None:
        self._pool("sessions").ref(device).tell(Left())

    def _close_session(self, device: Device) -> None:
        self._child("gateway").tell(device)

    # What the pools and the supervisor start.

    def _devices(self) -> Actor:
        return DurableActor(
            Devices(),
            stream="devices",
            key="devices",
            store=self._store,
            handlers={},
            shard=PROVINCE,
        )

    def _policy(self) -> Actor:
        return DurableActor(
            PolicyBook(self._setup.products),
            stream=POLICY_STREAM,
            key="policy",
            store=self._store,
            handlers={},
            shard=PROVINCE,
        )

    def _partner_pools(self) -> Iterator[PoolSpec]:
        for partner in self._setup.connections.partners:
            start = partial(self._embedded, partner=partner)
            yield PoolSpec(partner, start, limit=UNIONS_MAX, passivate_s=UNION_PASSIVATE_S)

    def _embedded(self, union: str, partner: Partner) -> Actor:
        return DurableActor(
            self._setup.connections.partners[partner](union),
            stream=partner_stream(partner, union),
            key=union,
            store=self._store,
            handlers={},
            shard=of_union(union),
        )

    def _partner(self, union: str, partner: Partner) -> Ref:
        return self._pool(partner).ref(union)

    def _queue(self, union: str) -> Actor:
        return AuthorizationQueue(union, self._store)

    def _case(self, pooled: str) -> Actor:
        union, case_id = pooled.split(".", 1)
        key = key_of(union, case_id)
        return DurableActor(
            CaseBehaviour(self._rules(union)),
            stream=stream_of(key),
            key=key,
            store=self._store,
            handlers=self._case_handlers(),
            observe=self._case_changed,
            expect=self._alarm.expect,
            shard=of_union(union),
        )

    def _rules(self, union: str) -> Rules:
        """The rules of a union's cases, with the numbers that are in force there."""
        settings = self._setup.settings.for_union(union)
        return Rules(
            forms=self._forms,
            verify=verify,
            thresholds=settings.thresholds,
            desks=self._setup.settings.desks(union),
            terms=settings.terms,
            draw_key=self._setup.security.seal(b"reviews"),
            learn=True,
        )

    def _case_handlers(self) -> dict[str, Handler]:
        partners: dict[str, Handler] = {
            partner: PartnerHandler(
                partner, partial(self._partner, partner=partner), self._setup.conducts
            )
            for partner in Partner
        }
        return partners | {"slip": self._slips, "customer": self._customers.learn}

    async def _pinned_key(self, device: str) -> bytes:
        """A terminal's signing key; where the registry is away, the effect is tried again."""
        asked: Commanded[Device] = Commanded("slip", GetDevice(device))
        return (await self._child("devices").ask(asked, within=ANSWER_S_MAX)).signing

    def _case_changed(self, case: Case) -> None:
        """Hints to whoever looks at the case; each may be missed, and asks for the truth."""
        if case.intake is None:
            return
        for union in case.queues:
            self._pool("queues").ref(union).tell(Touched(case.case_id))
        changed = CaseChanged(view_of(case))
        self._pool("sessions").ref(case.intake.device).tell(changed)

    def _session(self, device: str) -> Actor:
        return DeviceSession(device, self._sessions, self.office(), self.operator)

    def _gateway(self) -> Gateway:
        setup = self._setup
        return Gateway(
            keys=setup.keys,
            listener=setup.listener,
            admission=self._admission,
            sessions=self._sessions,
            actors=lambda: self._pool("sessions"),
            outside=setup.outside,
            opened=self._open,
            listening=self._is_listening,
        )

    def _personnel(self) -> Iterator[ChildSpec]:
        setup, file = self._setup, self._setup.roster_file
        if file is None:
            return

        def start() -> Personnel:
            devices, offload = self._child("devices"), setup.outside.offload
            return Personnel(setup.roster, file, offload, devices, self._signed_out, self._open)

        yield ChildSpec("personnel", start)

    def _is_listening(self, address: str) -> None:
        self.address = address
        self._setup.listening(address)
        self._listening.set()

    @cached_property
    def _admission(self) -> Admission:
        return Admission(self._child("devices"))

    @cached_property
    def operator(self) -> OperatorRequests:
        """Makes invitations and revokes devices; also for the office's own command line."""
        return OperatorRequests(self.office(), self._admission)


@asynccontextmanager
async def open_office(setup: Setup) -> AsyncIterator[BackOffice]:
    """An office that runs for as long as the block; the door is open when the block begins."""
    async with (
        open_system(NAME, setup.outside) as system,
        setup.storage(system, f"/{NAME}") as stored,
    ):
        office = BackOffice(setup, system, stored)
        async with open_tree(system, office.spec()) as tree:
            await office.begin(tree)
            yield office


__all__ = ["NAME", "BackOffice", "Setup", "open_office"]
