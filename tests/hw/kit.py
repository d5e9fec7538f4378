"""A virtual toolbox under a supervisor, ready for a story."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from actors import System, open_system
from hw.form_factor import toolbox_spec
from hw.toolbox import Toolbox
from hw.transport import FaultPlan, Transport
from hw.virtual.bank_card import card_number
from hw.virtual.kit import VirtualToolbox
from supervisors import Tree, open_tree
from tests.kit.outside import virtual_outside
from wire import dukpt
from wire.dukpt import FutureKeys
from wire.form import Capability

BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
KEY_ID = bytes.fromhex("1234567890123456")
INITIAL = dukpt.initial_key(BDK, KEY_ID)
TODAY = dt.date(2025, 6, 15)
CARDS = [card_number("62319000", serial) for serial in range(20)]

LOOK_S = 0.05
LOOKS_MAX = 2_400


class Bench:
    """What a story works with."""

    def __init__(self, system: System, tree: Tree, kit: VirtualToolbox) -> None:
        self.system = system
        self.tree = tree
        self.kit = kit
        self.plan = kit.plan
        self.toolbox = Toolbox(system, "/toolbox")

    async def state(self, name: Capability) -> str:
        """What the panel shows for one peripheral."""
        lights = {light.name: light.state for light in await self.toolbox.statuses()}
        return lights[name]

    async def until(self, name: Capability, state: str) -> None:
        """Let time pass until the panel shows this."""
        for _ in range(LOOKS_MAX):
            if await self.state(name) == state:
                return
            await trio.sleep(LOOK_S)
        raise AssertionError(f"{name} is {await self.state(name)}, not {state}")


def make_kit(
    seed: str = "story",
    *,
    plan: FaultPlan | None = None,
    by_hand: bool = False,
    pin_pad: Transport | None = None,
    keys: FutureKeys | None = None,
) -> VirtualToolbox:
    return VirtualToolbox(
        seed,
        today=TODAY,
        cards=CARDS,
        pad_keys=keys or FutureKeys.inject(INITIAL, KEY_ID),
        entropy=random.Random(f"{seed}/entropy").randbytes,
        plan=plan,
        by_hand=by_hand,
        pin_pad=pin_pad,
    )


@asynccontextmanager
async def open_bench(kit: VirtualToolbox | None = None) -> AsyncIterator[Bench]:
    """A running kit; every peripheral is connected when the story begins."""
    kit = kit or make_kit()
    async with (
        open_system("test", virtual_outside("bench")) as system,
        open_tree(system, toolbox_spec(kit.transports)) as tree,
    ):
        await trio.sleep(0.01)
        yield Bench(system, tree, kit)
