"""The terminal runtime, put together: one supervised tree, and the teller who works with it.

    /terminal            rest_for_one: whoever dies takes those who build on it along
      store              the SQLite writer (absent where a store is handed in)
      toolbox            the peripherals
      kit_watch          their lights, for the page
      drafts             one durable actor per customer
      uplink             the session with the office
      suggester          asks what to offer the customer at the table
      clock              wakes drafts that owe the office something and are asleep

Everything outside comes in through `Setup`, so that the same terminal runs on a tablet and, five
at a time, in a simulation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from actors import Actor, System, open_system
from actors.blobs import BlobError, Blobs
from actors.durable.clock import Alarm, Clock
from actors.ports import Outside
from hw.form_factor import toolbox_spec
from hw.toolbox import Toolbox
from hw.transport import Transport
from supervisors import (
    ChildSpec,
    Intensity,
    Strategy,
    SupervisorSpec,
    Tree,
    open_tree,
)
from supervisors.storage import Storage, Stored
from terminal.catalogue import Catalogue
from terminal.draft import Draft
from terminal.draft_rules import DraftRules
from terminal.drafts import DraftBook
from terminal.evidence import kept
from terminal.kit_watch import KitWatch, peripheral_view
from terminal.kit_work import Customer
from terminal.link_speed import LinkSpeed
from terminal.location import Locate
from terminal.page_commands import Asked, Command, Question
from terminal.page_memory import PageMemory
from terminal.page_model import LinkState, OpenCase, ProductView, TerminalState
from terminal.paper import fetch_paper
from terminal.suggestions import Suggester, Suggestions
from terminal.teller import Teller
from terminal.uplink import Errands, Uplink
from terminal.view import product_view
from wire.backoff import Backoff
from wire.channel import Dialer
from wire.client import Introduction
from wire.form import Capability
from wire.hello import Credentials
from wire.keys import DeviceKeys
from wire.message import Refusal
from wire.messages.session import ProductCard
from wire.office_link import OfficeLink

NAME: Final = "terminal"
ROWS_MAX: Final = 200
"""How many cases the page lists, besides older ones that owe photos."""

UPLINK_BACKOFF: Final = Backoff(first_s=0.5, most_s=15.0)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a terminal is made of.

    Attributes:
        device: its id, as the office named it.
        storage: where drafts live.
        blobs: where photos and recordings live.
        transports: lines to the peripherals that are there.
        customer: told what a virtual customer shall put on the table.
        locate: where the terminal is now; None without a fix.
        watch: called after every change that a page would show.
    """

    device: str
    outside: Outside
    storage: Storage
    blobs: Blobs
    keys: DeviceKeys
    credentials: Credentials
    introduction: Introduction
    address: str
    dialer: Dialer
    transports: Mapping[Capability, Transport]
    customer: Customer
    locate: Locate
    watch: Callable[[], None]
    welcomed: Callable[[], None]


class Terminal:
    """A running terminal.

    Attributes:
        teller: does what a page or a script asks.
        tree: for the inspector.
        drafts: how every case stands.
        suggestions: what the office would offer the customer of the open case.
    """

    def __init__(self, setup: Setup, system: System, stored: Stored) -> None:
        self._setup = setup
        self._system = system
        self._stored = stored
        self._store = stored.store
        self._alarm = Alarm()
        self._businesses: tuple[ProductView, ...] = ()
        self._page = PageMemory()
        self._link = OfficeLink(self._link_changed)
        speed = LinkSpeed()
        self._catalogue = Catalogue(self._store, setup.outside.wall, self._offered)
        errands = Errands(
            self._link, self._store, setup.blobs, setup.keys, setup.outside, speed, self._catalogue
        )
        self.drafts = DraftBook(
            rules=DraftRules(setup.device),
            store=self._store,
            handlers=errands.handlers(),
            expect=self._alarm.expect,
            changed=self._case_changed,
        )
        self._capabilities = tuple(Capability(name) for name in setup.transports)
        self._watch = KitWatch(self._capabilities, self._typed, setup.watch)
        self.teller = Teller(
            outside=setup.outside,
            blobs=setup.blobs,
            toolbox=Toolbox(system, f"/{NAME}/toolbox"),
            customer=setup.customer,
            locate=setup.locate,
            capabilities=frozenset(self._capabilities),
            drafts=self.drafts,
            link=self._link,
            speed=speed,
            changed=self._case_changed,
        )
        self.suggestions = Suggestions(
            self._link, lambda: self.drafts.look(self.teller.open_id), setup.watch
        )
        self.tree: Tree | None = None

    def spec(self) -> SupervisorSpec:
        """The tree of the module's docstring."""
        setup = self._setup
        return SupervisorSpec(
            NAME,
            Strategy.REST_FOR_ONE,
            Intensity(10, 60.0),
            (
                *self._stored.children,
                toolbox_spec(setup.transports),
                ChildSpec("kit_watch", self._kit_watch),
                self.drafts.spec(),
                ChildSpec("uplink", self._uplink, backoff=UPLINK_BACKOFF),
                ChildSpec("suggester", lambda: Suggester(self.suggestions)),
                ChildSpec("clock", self._clock),
            ),
        )

    async def begin(self, tree: Tree) -> None:
        """After the tree has started: wake the drafts, load what was offered last."""
        self.tree = tree
        Toolbox(self._system, f"/{NAME}/toolbox").watch(tree.ref(f"/{NAME}/kit_watch"))
        await self._catalogue.load()
        await self.drafts.open(tree.pool(f"/{NAME}/drafts"))

    def _clock(self) -> Clock:
        wall, drafts = self._setup.outside.wall, self.drafts
        return Clock(self._store, wall, self._alarm, drafts.find, drafts.opened)

    async def perform(self, command: Command) -> Refusal | None:
        """See `Teller.perform`."""
        return await self.teller.perform(command)

    async def answer(self, asked: Asked) -> object:
        """What a page is told at once: a refusal, or what is for nobody else to see."""
        if isinstance(asked, Question):
            return await self.teller.answer(asked)
        return await self.perform(asked)

    async def image(self, digest: bytes) -> bytes | None:
        """A photo of this terminal, for its own page; None where it cannot be shown."""
        try:
            return await self._setup.blobs.get(digest)
        except BlobError:
            return None

    async def paper(self, case_id: str) -> bytes | Refusal:
        """The signed slip of a case as it is printed, for its own page."""
        return await fetch_paper(self._link, case_id)

    async def keep_upload(self, jpeg: bytes) -> bytes | Refusal:
        """A picture that the page's own camera took; its digest."""
        return await kept(jpeg, "", self._setup.blobs)

    def state(self) -> TerminalState:
        """The page's view model."""
        now_ms = self._setup.outside.wall.now_ms()
        drafts = self.drafts.newest_first()
        chosen = self.drafts.numbered(self.teller.open_id)
        since = self._link.since
        since_s = self._system.host.now() - since if since is not None else 0.0
        staff = self.teller.staff
        return TerminalState(
            device=self._setup.device,
            outlet=staff.outlet if staff else "",
            link=LinkState(self._link.reach),
            link_since_ms=now_ms - int(since_s * 1000),
            waiting_to_send=self.drafts.waiting_to_send(),
            now_ms=now_ms,
            staff=staff,
            peripherals=tuple(map(peripheral_view, self._watch.lights.values())),
            products=self._businesses,
            cases=tuple(
                self._page.row(number, draft, now_ms)
                for place, (number, draft) in enumerate(drafts)
                if place < ROWS_MAX or draft.owed
            ),
            open=self._open_case(*chosen, now_ms) if chosen else None,
            busy=self.teller.kit.busy,
        )

    def _open_case(self, number: int, draft: Draft, now_ms: int) -> OpenCase:
        inquiries, suggested = self.teller.inquiries, self.suggestions.of(draft)
        return self._page.open_case(number, draft, now_ms, inquiries, suggested)

    def _kit_watch(self) -> Actor:
        self._watch = KitWatch(self._capabilities, self._typed, self._setup.watch)
        return self._watch

    def _uplink(self) -> Uplink:
        setup = self._setup
        return Uplink(
            link=self._link,
            drafts=self.drafts,
            dialer=setup.dialer,
            address=setup.address,
            credentials=setup.credentials,
            introduction=setup.introduction,
            outside=setup.outside,
            catalogue=self._catalogue,
        )

    def _typed(self, keys: int) -> None:
        self.teller.kit.typed(keys)

    def _case_changed(self) -> None:
        self.suggestions.look()
        self._setup.watch()

    def _link_changed(self) -> None:
        if self._link.is_online:
            self._setup.welcomed()
        self._setup.watch()

    def _offered(self, products: Mapping[str, ProductCard]) -> None:
        capabilities = frozenset(name.value for name in self._capabilities)
        self._businesses = tuple(product_view(one, capabilities) for one in products.values())
        self.teller.products = products
        self.drafts.offered(products)
        self._setup.watch()


@asynccontextmanager
async def open_terminal(setup: Setup) -> AsyncIterator[Terminal]:
    """A terminal that runs for as long as the block."""
    async with (
        open_system(NAME, setup.outside) as system,
        setup.storage(system, f"/{NAME}") as stored,
    ):
        terminal = Terminal(setup, system, stored)
        async with open_tree(system, terminal.spec()) as tree:
            await terminal.begin(tree)
            yield terminal


__all__ = ["NAME", "Setup", "Terminal", "open_terminal"]
