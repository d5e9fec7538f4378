"""A whole bank in one process: an office, desks and terminals on a network and disks of glass.

Everything is the production code behind its ports; only the ports are virtual: time, chance, the
network (`wire.memory`), the disks (`tests.kit.disk`) and the peripherals (`hw.virtual`).
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec
import trio

from actors.ports import Outside
from actors.store import Store
from actors.store.lanes import LANE_REQUESTS_MAX
from backoffice.authorization.hours import DESKS, DeskHours
from backoffice.authorization.levels import THRESHOLDS, Thresholds
from backoffice.cases.terms import TERMS, Terms
from backoffice.catalogue import products
from backoffice.configuration.settings import Settings, for_training
from backoffice.desk.program import Desk, open_desk
from backoffice.desk.program import Setup as DeskSetup
from backoffice.hsm import SecurityModule
from backoffice.partners.conduct import Conducts
from backoffice.partners.connections import Connections, Ports
from backoffice.partners.identity_check import EmbeddedRegister
from backoffice.partners.policy import embedded_partners
from backoffice.partners.sms import EmbeddedMessages
from backoffice.product import Product
from backoffice.program import BackOffice, Room, open_office
from backoffice.program import Setup as OfficeSetup
from backoffice.staff import Member, Roster
from hw.transport import Fault, FaultPlan, VirtualTransport
from hw.virtual.kit import VirtualToolbox
from hw.virtual.pin_customer import PinCustomer
from hw.virtual.pin_pad import MemoryInside, VirtualPinPad
from supervisors.storage import Storage, given
from terminal.draft import Draft
from terminal.location import training_place
from terminal.program import Setup as TerminalSetup
from terminal.program import Terminal, open_terminal
from terminal.virtual_customer import VirtualCustomer, card_number
from tests.kit.consumer import Ear
from tests.kit.disk import SimulatedDisk, Watch
from tests.kit.outside import EPOCH_MS, VirtualWall, inline_offload, virtual_outside
from tests.kit.photo_memory import remembering_offload
from wire.checks import CHINA, Known
from wire.client import Introduction
from wire.codec import encode_json
from wire.dukpt import FutureKeys
from wire.form import Capability
from wire.hello import Credentials, Ticket
from wire.keys import ENROL, DeviceKeys, Invitation
from wire.masked import Phone
from wire.memory import CALM, MemoryNetwork, Weather
from wire.message import Refusal
from wire.messages.session import Invite, Role, StaffCard
from wire.passcode import Cost, hash_passcode

UNION = "530111"
CENTRE = ("53000001", THRESHOLDS.centre)
"""An outlet of the provincial authorization centre, and the centre's code."""

TELLER_PASSCODE = "135790"
DESK_PASSCODE = "246801"
TODAY = dt.datetime.fromtimestamp(EPOCH_MS / 1000, CHINA).date()

_HASHES: dict[str, str] = {}
_CODE = re.compile(r"[0-9]{6}")


def cheap_hash(passcode: str) -> str:
    """The least costly hash, made once per process."""
    if passcode not in _HASHES:
        _HASHES[passcode] = hash_passcode(passcode, random.Random(passcode).randbytes, Cost.MINIMUM)
    return _HASHES[passcode]


def teller(number: int) -> Member:
    """A teller of outlet 01."""
    card = StaffCard(f"1{number:03d}", f"P-T{number}", f"柜员{number}", "53011101", UNION)
    return Member(card, Role.TERMINAL, cheap_hash(TELLER_PASSCODE))


def authorizer(number: int) -> Member:
    """An authorizer of the union, allowed up to A4."""
    card = StaffCard(f"2{number:03d}", f"P-A{number}", f"授权员{number}", "53011100", UNION)
    return Member(card, Role.DESK, cheap_hash(DESK_PASSCODE), "A4")


def centre_authorizer(number: int) -> Member:
    """An authorizer of the provincial centre, allowed up to A4."""
    return moved(authorizer(number), *CENTRE)


def moved(member: Member, outlet: str, union: str = UNION) -> Member:
    """The same person at another place."""
    card = msgspec.structs.replace(member.card, outlet=outlet, union=union)
    return msgspec.structs.replace(member, card=card)


class StaffFile:
    """The roster's file, as the members are now; `torn` stands for half of a file."""

    def __init__(self, members: Callable[[], tuple[Member, ...]]) -> None:
        self._members = members
        self.torn = False

    def stamp(self) -> object:
        """The content itself."""
        return self._members(), self.torn

    def read(self) -> bytes:
        """As personnel wrote it."""
        whole = encode_json(self._members())
        return whole[: len(whole) // 2] if self.torn else whole


@dataclass
class Bank:
    """The parts that outlive a crash: keys, disks, the network, what was invited.

    Attributes:
        kit_faults: how often which fault strikes a terminal's kit, at each question.
        messages: the phones of all customers.
        places: outlet and union of a node that is not where its kind usually is.
        watch: sees every commit of a node's disk in the step in which it becomes durable.
        conducts: how the embedded partners behave.
        begins_ms: Unix milliseconds when virtual time is 0.
        catalogue: the products that the next incarnation of the office knows.
        room: how much the office has in memory at once.
        requests_max: how many requests the office's disk takes on at a time.
        storage: where the office keeps everything, if not on its simulated disk.
        ports: which outside systems nothing stands behind.
        strays: the share of blank cards that tellers take from elsewhere: from another terminal's
            box, or made up.
    """

    seed: str
    tellers: int = 1
    desks: int = 1
    weather: Weather = CALM
    terms: Terms = TERMS
    thresholds: Thresholds = THRESHOLDS
    desk_hours: DeskHours = DESKS.own
    register: EmbeddedRegister = field(default_factory=EmbeddedRegister)
    members: tuple[Member, ...] = ()
    kit_faults: Mapping[Fault, float] = field(default_factory=dict)
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    watch: Callable[[str], Watch] | None = None
    conducts: Conducts = field(default_factory=Conducts)
    begins_ms: int = EPOCH_MS
    catalogue: Mapping[str, Product] = field(default_factory=lambda: products())
    room: Room = field(default_factory=Room)
    requests_max: int = LANE_REQUESTS_MAX
    storage: Storage | None = None
    ports: Ports = field(default_factory=Ports)
    strays: float = 0.0

    def __post_init__(self) -> None:
        self.network = MemoryNetwork(random.Random(f"{self.seed}:net"), self.weather)
        self.disks: dict[str, SimulatedDisk] = {}
        self.keys: dict[str, DeviceKeys] = {}
        self.invitations: dict[str, Invitation] = {}
        self.outsides: dict[str, Outside] = {}
        self.pads: dict[str, MemoryInside] = {}
        self.plans: dict[str, FaultPlan] = {}
        self.films: dict[str, random.Random] = {}
        self.admitted: set[str] = set()
        self.messages = EmbeddedMessages(inline_offload)
        self.consumers = {"ecif": Ear(), "ocrm": Ear()}
        self.security = SecurityModule(SecurityModule.create(self.chance("hsm").randbytes))
        self.staff = StaffFile(lambda: self.members)
        if not self.members:
            tellers = tuple(teller(number) for number in range(1, self.tellers + 1))
            desks = tuple(authorizer(number) for number in range(1, self.desks + 1))
            self.members = tellers + desks

    def chance(self, what: str) -> random.Random:
        """A stream of chance of its own."""
        return random.Random(f"{self.seed}:{what}")

    def outside(self, node: str) -> Outside:
        """A node's world; its ids and entropy go on over restarts."""
        if node not in self.outsides:
            outside = virtual_outside(f"{self.seed}:{node}", self.begins_ms)
            self.outsides[node] = replace(outside, offload=remembering_offload)
        return self.outsides[node]

    def set_clock(self, node: str, off_ms: int) -> None:
        """Let a node's clock be wrong by so much from now on; over restarts, too."""
        wall = self.outside(node).wall
        assert isinstance(wall, VirtualWall)
        wall.off_ms = off_ms

    def disk(self, node: str) -> SimulatedDisk:
        """A node's disk."""
        if node not in self.disks:
            watch = self.watch(node) if self.watch is not None else None
            chance = self.chance(f"{node}:disk")
            self.disks[node] = SimulatedDisk(random=chance, watch=watch)
        return self.disks[node]

    def unplug(self, node: str) -> None:
        """Let a node lose its power now: nothing more of it reaches its disk or anybody else.

        Whoever runs the node cancels it in the same step.
        """
        self.disk(node).unplug()
        self.network.kill(node)

    async def read_phone(self, digits: str) -> str:
        """The newest code that a customer's phone shows; empty where none has arrived."""
        await trio.lowlevel.checkpoint()
        codes = [_CODE.search(text) for text in self.messages.messages(Phone(digits))]
        return next((found[0] for found in reversed(codes) if found), "")

    def owed(self) -> list[str]:
        """What stands in the outboxes of all nodes and should be done by now."""
        owed = []
        for node, disk in self.disks.items():
            now_ms = self.outside(node).wall.now_ms()
            due = (one for one in disk.disk.pending.values() if one.due_ms <= now_ms)
            owed += [f"{node} {effect.id} {effect.kind} to {effect.to}" for effect in due]
        return owed

    def plan(self, node: str) -> FaultPlan:
        """What goes wrong with a terminal's kit; goes on over restarts."""
        if node not in self.plans:
            self.plans[node] = FaultPlan(self.chance(f"{node}:kit"), self.kit_faults)
        return self.plans[node]

    def film(self, node: str) -> random.Random:
        """The grain of a terminal's photos: of its own, alike for every seed, so that what
        pictures cost is paid once per process.
        """
        # Deliberately without the bank's seed, see above.
        return self.films.setdefault(node, random.Random(f"{node}:film"))

    def device_keys(self, node: str) -> DeviceKeys:
        """A node's identity."""
        if node not in self.keys:
            self.keys[node] = DeviceKeys.generate(self.chance(f"{node}:keys").randbytes)
        return self.keys[node]

    @asynccontextmanager
    async def office(
        self, listening: Callable[[str], None] = lambda _: None
    ) -> AsyncIterator[BackOffice]:
        """An incarnation of the office."""
        outside = self.outside("office")
        disk = self.disk("office")
        disk.requests_max = self.requests_max
        sections = {
            "terms": self.terms,
            "policy": self.thresholds,
            "desk_hours": self.desk_hours,
            "ports": self.ports,
        }
        settings = for_training(Settings(self.catalogue, sections))
        setup = OfficeSetup(
            outside=outside,
            storage=self.storage or given(disk.boot()),
            blobs=disk.boot_blobs(outside.wall),
            keys=self.device_keys("office"),
            listener=self.network.listener("office"),
            roster=Roster(self.members, outside.wall, outside.offload),
            roster_file=self.staff,
            security=self.security,
            products=dict(self.catalogue),
            listening=listening,
            settings=settings,
            connections=Connections(
                register=self.register,
                sms=lambda _union: self.messages,
                partners=embedded_partners(lambda union: settings.for_union(union).partners),
            ).without(self.ports.refused),
            sinks=lambda consumer: self.consumers[consumer.name],
            posture=lambda _device: Known.YES,
            conducts=self.conducts,
            room=self.room,
        )
        async with open_office(setup) as office:
            await self._invite(office)
            yield office

    @asynccontextmanager
    async def terminal(
        self, number: int, watch: Callable[[], None] = lambda: None
    ) -> AsyncIterator[Terminal]:
        """An incarnation of terminal `T-<number>`."""
        node = f"T-{number}"
        outside = self.outside(node)
        if node not in self.pads:
            key_id, initial = self.security.pad_key(number)
            self.pads[node] = MemoryInside(FutureKeys.inject(initial, key_id))
        kit = self._kit(node)
        terminals: list[Terminal] = []

        def served() -> list[tuple[int, Draft]]:
            return terminals[0].drafts.newest_first()

        store: Store = self.disk(node).boot()
        keys = self.device_keys(node)
        setup = TerminalSetup(
            device=node,
            outside=outside,
            storage=given(store),
            blobs=self.disk(node).boot_blobs(outside.wall),
            keys=keys,
            credentials=self._credentials(node),
            introduction=self._introduction(node, Role.TERMINAL),
            address="memory://office",
            dialer=self.network.dialer(node),
            transports=kit.transports,
            customer=VirtualCustomer(kit, TODAY, served, partial(self.blank, node)),
            locate=training_place,
            watch=watch,
            welcomed=lambda: self.admitted.add(node),
        )
        async with open_terminal(setup) as terminal:
            terminals.append(terminal)
            yield terminal

    @asynccontextmanager
    async def desk(
        self, number: int, watch: Callable[[], None] = lambda: None
    ) -> AsyncIterator[Desk]:
        """An incarnation of desk `D-<number>`."""
        node = f"D-{number}"
        setup = DeskSetup(
            device=node,
            outside=self.outside(node),
            keys=self.device_keys(node),
            credentials=self._credentials(node),
            introduction=self._introduction(node, Role.DESK),
            address="memory://office",
            dialer=self.network.dialer(node),
            watch=watch,
            welcomed=lambda: self.admitted.add(node),
        )
        async with open_desk(setup) as desk:
            yield desk

    def blank(self, node: str, case_id: str) -> str:
        """The card that a teller takes for a case: of their own box, but for the strays."""
        dice = self.chance(f"{node}:{case_id}:blank")
        if dice.random() >= self.strays:
            return card_number(node, case_id)
        others = [name for name in self.invitations if name.startswith("T-") and name != node]
        return card_number(dice.choice([*others, "nobody"]), case_id)

    def _kit(self, node: str) -> VirtualToolbox:
        plan, outside = self.plan(node), self.outside(node)
        customer = PinCustomer(f"{self.seed}:{node}")
        pad = VirtualPinPad(self.pads[node], outside.entropy, plan, customer)
        kit = VirtualToolbox(
            f"{self.seed}:{node}",
            today=TODAY,
            cards=(),
            pad_keys=None,
            entropy=outside.entropy,
            plan=plan,
            pin_pad=VirtualTransport(Capability.PIN_PAD, pad, plan),
            by_hand=True,
        )
        kit.camera._dice = self.film(node)
        return kit

    async def _invite(self, office: BackOffice) -> None:
        wanted = [(f"T-{n}", Role.TERMINAL, "53011101") for n in range(1, self.tellers + 1)]
        wanted += [(f"D-{n}", Role.DESK, "53011100") for n in range(1, self.desks + 1)]
        for node, role, usual in wanted:
            if node in self.invitations:
                continue
            outlet, union = self.places.get(node, (usual, UNION))
            answer = await office.operator.invite("test", Invite(role, node, outlet, union))
            assert not isinstance(answer, Refusal), answer
            self.invitations[node] = Invitation.from_uri(answer.uri)

    def _credentials(self, node: str) -> Credentials:
        invitation = self.invitations[node]
        ticket = Ticket(invitation.ticket, invitation.psk)
        return Credentials(
            self.device_keys(node).noise,
            self.device_keys("office").noise.public,
            None if node in self.admitted else ticket,
        )

    def _introduction(self, node: str, role: Role) -> Introduction:
        signing = self.device_keys(node).signing
        return Introduction(role, node, signing.public, lambda body: signing.sign(ENROL, body))
