"""A terminal with a whole virtual kit and no link, and an office of paper that can be asked."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio

from hw.transport import FaultPlan, VirtualTransport
from hw.virtual.kit import VirtualToolbox
from hw.virtual.pin_customer import PinCustomer
from hw.virtual.pin_pad import MemoryInside, VirtualPinPad
from supervisors.storage import given
from terminal.inquiries import Inquiries
from terminal.location import training_place
from terminal.page_model import FieldView, OpenCase
from terminal.program import Setup, Terminal, open_terminal
from terminal.virtual_customer import VirtualCustomer, card_number
from tests.kit.disk import SimulatedDisk
from tests.kit.every_kind import PRODUCT
from tests.kit.outside import EPOCH_MS, virtual_outside
from wire import dukpt
from wire.checks import CHINA
from wire.client import Introduction
from wire.dukpt import FutureKeys
from wire.form import Capability
from wire.hello import Credentials
from wire.keys import DeviceKeys
from wire.memory import MemoryNetwork
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import (
    CodeSent,
    ColleagueProven,
    Item,
    Listing,
    ListItems,
    PhoneProven,
    ProveCode,
    ProveColleague,
    SendCode,
)
from wire.messages.offers import Recommend, Recommendations
from wire.messages.session import ProductCard, Role, StaffCard
from wire.office_link import OFFLINE

TELLER = StaffCard("1001", "P-1", "李四", "53011101", "530111")
COLLEAGUE = ("1002", "135791")
CODE = "271828"
KEY_ID = bytes(8)
TODAY = dt.datetime.fromtimestamp(EPOCH_MS / 1000, CHINA).date()

BILLS = (
    Item("b1", "2025年5月电费", "May 2025", 5_620, (SlipLine("户名", "Name", "李**"),), {"x": "1"}),
    Item("b2", "2025年6月电费", "June 2025", 4_810),
)


class PaperOffice:
    """Answers what a teller asks while filling a form.

    Attributes:
        asked: everything it was asked, oldest first.
        online: False while there is no link.
        silent: it never answers what it would suggest.
        suggests: what it would.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.online = True
        self.items: tuple[Item, ...] = BILLS
        self.silent = False
        self.suggests = Recommendations(())

    async def request_now(self, request: Any, *, within: float) -> Any:
        """See `terminal.inquiries.Office`."""
        assert within > 0
        if not self.online:
            return OFFLINE
        self.asked.append(request)
        match request:
            case ListItems():
                return Listing(self.items, "" if self.items else "没有待缴账单")
            case ProveColleague(staff_id=staff_id, passcode=passcode):
                if (staff_id, passcode) != COLLEAGUE:
                    return Refusal(Code.FORBIDDEN, "工号或密码不正确", "staff_id")
                return ColleagueProven(staff_id, "周敏", "colleague#1")
            case SendCode():
                return CodeSent(EPOCH_MS + 300_000, EPOCH_MS + 60_000)
            case ProveCode(code=code):
                if code != CODE:
                    return Refusal(Code.PIN, "验证码不正确，还可尝试2次。", "code")
                return PhoneProven("phone#1")
            case Recommend():
                if self.silent:
                    await trio.sleep(within)
                    return OFFLINE
                return self.suggests
        raise AssertionError(f"{type(request).__name__} is not asked at a table")

    async def phones(self, digits: str) -> str:
        """What was sent to a phone."""
        sent = [one for one in self.asked if isinstance(one, SendCode)]
        return CODE if any(one.phone.digits == digits for one in sent) else ""


class Counter:
    """A teller's table: a signed-in terminal and the office of paper."""

    def __init__(self, terminal: Terminal, office: PaperOffice) -> None:
        self.terminal = terminal
        self.office = office

    async def do(self, command: Any) -> Refusal | None:
        return await self.terminal.perform(command)

    @property
    def case_id(self) -> str:
        """Which case that is."""
        return self.case.case_id

    @property
    def case(self) -> OpenCase:
        """The case in the middle of the screen."""
        opened = self.terminal.state().open
        assert opened is not None
        return opened

    def view(self, name: str) -> FieldView:
        return next(view for view in self.case.fields if view.name == name)


@asynccontextmanager
async def open_counter(
    *products: ProductCard, seed: str = "counter", disk: SimulatedDisk | None = None
) -> AsyncIterator[Counter]:
    """A terminal at work; `disk` keeps its drafts for the next one."""
    outside, disk = virtual_outside(seed), disk or SimulatedDisk()
    kit = _kit(seed, outside.entropy)
    terminals: list[Terminal] = []
    keys = DeviceKeys.generate(outside.entropy)
    setup = Setup(
        device="T-1",
        outside=outside,
        storage=given(disk.boot()),
        blobs=disk.boot_blobs(outside.wall),
        keys=keys,
        credentials=Credentials(keys.noise, keys.noise.public, None),
        introduction=Introduction(Role.TERMINAL, "T-1"),
        address="memory://office",
        dialer=MemoryNetwork(random.Random(seed)).dialer("T-1"),
        transports=kit.transports,
        customer=VirtualCustomer(
            kit,
            TODAY,
            lambda: terminals[0].drafts.newest_first(),
            partial(card_number, "T-1"),
        ),
        locate=training_place,
        watch=lambda: None,
        welcomed=lambda: None,
    )
    async with open_terminal(setup) as terminal:
        terminals.append(terminal)
        office = PaperOffice()
        teller = terminal.teller
        teller.inquiries = Inquiries(office, teller._keep)
        terminal.suggestions._link = office
        teller.staff = TELLER
        teller.products = {one.code: one for one in products or (PRODUCT,)}
        yield Counter(terminal, office)


def _kit(seed: str, entropy: Any) -> VirtualToolbox:
    plan = FaultPlan(random.Random(seed))
    keys = FutureKeys.inject(dukpt.initial_key(bytes(16), KEY_ID), KEY_ID)
    pad = VirtualPinPad(MemoryInside(keys), entropy, plan, PinCustomer(seed))
    return VirtualToolbox(
        seed,
        today=TODAY,
        cards=(),
        pad_keys=None,
        entropy=entropy,
        plan=plan,
        pin_pad=VirtualTransport(Capability.PIN_PAD, pad, plan),
        by_hand=True,
    )
