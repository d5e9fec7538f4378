"""Whoever wishes the bank ill: weather, power cuts, partitions, poison, an attacker on the line.

Everything is drawn from streams of chance of its own, so that one more fault of one kind moves none
of another. After `heal` nothing goes wrong any more.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

import trio

from actors.blobs import BlobError
from actors.durable import Commanded
from actors.outside import uuid7
from actors.store import StoreError
from backoffice.office import Office
from backoffice.partners.conduct import Conduct, Conducts, Manner, Party
from backoffice.partners.operations import Partner
from backoffice.program import BackOffice
from backoffice.uploads import Bringer
from tests.kit.bank import UNION, Bank
from tests.kit.determinism import stream
from tests.kit.disk import (
    DELAY_S_MAX,
    Refusals,
    Refuse,
    RefuseBlob,
    full,
    locked,
    never,
    never_a_blob,
    no_room,
    slots_taken,
)
from tests.kit.new_forms import next_form
from tests.kit.outside import EPOCH_MS
from tests.simulation.node import Node
from tests.simulation.swarm import Plan
from tests.simulation.trace import Trace
from wire.checks import LIMITS
from wire.memory import CALM, Passing
from wire.message import Message
from wire.messages.images import ImageOffer
from wire.messages.policy import PolicyText, SetPolicy
from wire.messages.session import Role

TICK_S: Final = 1.0
"""How often the nemesis rolls its dice, in virtual seconds."""

POINTS_AHEAD_MAX: Final = 30
"""How many commit points ahead a crash is planned at most."""

RECORDED_MAX: Final = 64
"""How many frames the attacker keeps to replay."""

FULL_S_MAX: Final = 20.0
"""How long a disk is full at most, in virtual seconds; then somebody makes room."""

POISON_PAUSE_S: Final = 8.0
"""The shortest time between two poisoned actors, so that restarts stay within their intensity."""


FLOOD: Final = 40
"""How many guesses and how many offers come at once."""

STOLEN: Final = "T-666"
"""The attacker's tablet."""

STREAMS: Final = (
    "crash", "dead", "partition", "poison", "attack", "slow", "deaf", "forget", "policy", "clock",
    "upgrade", "fill", "flood",
)  # fmt: skip
"""The kinds of ill will that draw from a stream of chance of their own."""

BEFORE_COUNT_S: Final = 10.0
"""How long before midnight consumers lose their last entry: what is lost when its day has been
counted stays lost.
"""

CLOCKS_MS: Final = (-EPOCH_MS, -26 * 3_600_000, -1_800_000, 0, 0, 90_000, 1_800_000, 26 * 3_600_000)
"""By how much a terminal's clock may be wrong: in 1970, on the day before, ahead, or not at all."""

POLICY: Final = """
[[rules]]
timing = "async"
locality = "central"

[[rules]]
union = "{union}"
timing = "{timing}"
locality = "{locality}"
"""
"""A routing policy that treats one union differently."""


class Poison(Message, frozen=True):
    """A message that no rules know: whoever handles it crashes."""


class Misconduct(Conducts):
    """Partners and services that behave as a seed's plan says, noted in the trace."""

    def __init__(self, seed: int, plan: Plan, trace: Trace) -> None:
        super().__init__(stream(seed, "conduct"), plan.partners)
        self._trace = trace

    def next(self, party: Party, union: str) -> Conduct:
        """As `Conducts.next`."""
        conduct = super().next(party, union)
        if conduct.manner is not Manner.NORMAL:
            self._trace.note(f"partner {conduct.manner}", party)
        return conduct


class Nemesis:
    """The faults of one run.

    Args:
        nodes: all of them, the office first.
        office: its live incarnation, or None.
    """

    def __init__(
        self, seed: int, plan: Plan, bank: Bank, nodes: Sequence[Node], trace: Trace
    ) -> None:
        self._seed = seed
        self._plan = plan
        self._bank = bank
        self._nodes = nodes
        self._trace = trace
        self._dice = {what: stream(seed, f"nemesis:{what}") for what in STREAMS}
        self._recorded: list[bytes] = []
        self._held_back: dict[tuple[int, str], bytes] = {}
        self._filled: dict[str, tuple[float, Refuse]] = {}
        self._active = False
        self._dead: list[Partner] = []
        self.office: BackOffice | None = None
        bank.network.tap = self._tap

    async def rage(self, is_over: Callable[[], bool], attackers: trio.Nursery) -> None:
        """Until the plan's faults are over, or nobody is left to suffer them; then heal."""
        self._active = True
        self._bank.network.weather = self._plan.weather
        self._slow_down()
        self._let_disks_refuse()
        poison_from_s = 0.0
        end_s = trio.current_time() + self._plan.faults_s
        dead_from_s = trio.current_time() + self._dice["dead"].uniform(0, self._plan.faults_s / 2)
        living = list(self._plan.dead)
        while trio.current_time() < end_s and not is_over():
            await trio.sleep(TICK_S)
            if living and trio.current_time() >= dead_from_s:
                self._bury(living.pop())
            if self._strikes("crash", self._plan.crashes):
                self._crash()
            if self._strikes("partition", self._plan.partitions):
                self._partition()
            now_s = trio.current_time()
            if now_s >= poison_from_s and self._strikes("poison", self._plan.poison):
                poison_from_s = now_s + POISON_PAUSE_S
                self._poison()
            if self._strikes("policy", self._plan.policy):
                self._change_policy()
            if self._strikes("clock", self._plan.clocks):
                self._set_clock()
            if self._strikes("upgrade", self._plan.upgrades):
                self._upgrade()
            if self._strikes("fill", self._plan.fills):
                self._fill_a_disk()
            if self._strikes("flood", self._plan.floods):
                self._flood(attackers)
            self._make_room()
            self._trouble_consumers()
        self.heal()

    def heal(self) -> None:
        """Nothing goes wrong from here on."""
        self._active = False
        self._trace.note("heal", "")
        self._bank.network.weather = CALM
        self._bank.network.heal()
        for disk in self._bank.disks.values():
            disk.crash_at, disk.delay_s_max = frozenset(), DELAY_S_MAX
            disk.disk.refuse, disk.refuse_blob = never, never_a_blob
        self._filled.clear()
        for plan in self._bank.plans.values():
            plan.heal()
        self._bank.conducts.calm()
        for partner in self._dead:
            self._bank.conducts.tell(partner, UNION, Conduct(Manner.DOWN))
        for ear in self._bank.consumers.values():
            ear.deaf = 0
        for number in range(1, self._plan.terminals + 1):
            self._bank.set_clock(f"T-{number}", 0)

    async def wait_for_the_dead(self, is_over: Callable[[], bool]) -> None:
        """Nothing else goes wrong any more; partners that were dead come back at last."""
        end_s = trio.current_time() + (self._plan.away_s if self._dead else 0.0)
        while trio.current_time() < end_s and not is_over():  # noqa: ASYNC110 - as in `rage`
            await trio.sleep(TICK_S)
        self._dead.clear()
        self._bank.conducts.calm()

    def _bury(self, partner: Partner) -> None:
        """A partner hears nothing from now on, until long after all else is healed."""
        self._trace.note("dead", partner)
        self._dead.append(partner)
        self._bank.conducts.tell(partner, UNION, Conduct(Manner.DOWN))

    def _strikes(self, what: str, rate: float) -> bool:
        return self._dice[what].random() < rate * TICK_S

    def _slow_down(self) -> None:
        dice = self._dice["slow"]
        for node in self._nodes:
            if dice.random() < self._plan.slow:
                self._trace.note("slow", node.name)
                self._bank.disk(node.name).delay_s_max = self._plan.slow_s

    def _let_disks_refuse(self) -> None:
        """Every disk refuses a share of its commits, each from a stream of chance of its own."""
        for node in self._nodes:
            noted = partial(self._trace.note, "refuse", node.name)
            dice = stream(self._seed, f"nemesis:refuse:{node.name}")
            disk = self._bank.disk(node.name).disk
            disk.refuse = Refusals(dice, self._plan.refuses, (locked, full), noted)
            self._bank.disk(node.name).refuse_blob = self._blob_refusals(node.name)

    def _blob_refusals(self, node: str) -> RefuseBlob:
        """A share of what is done to photos is refused, too."""
        dice = stream(self._seed, f"nemesis:blobs:{node}")

        def refuse(step: str) -> BlobError | None:
            if dice.random() >= self._plan.refuses:
                return None
            self._trace.note("refuse", f"{node} {step}")
            return dice.choice((no_room, slots_taken))()

        return refuse

    def _fill_a_disk(self) -> None:
        """One that has room: from now on it takes nothing."""
        dice = self._dice["fill"]
        node = dice.choice(self._nodes)
        if node.name not in self._filled:
            self._trace.note("fill", node.name)
            disk = self._bank.disk(node.name).disk
            until_s = trio.current_time() + dice.uniform(1.0, FULL_S_MAX)
            self._filled[node.name] = (until_s, disk.refuse)
            disk.refuse = lambda _batch: full()

    def _make_room(self) -> None:
        now_s = trio.current_time()
        for name, (until_s, refuse) in list(self._filled.items()):
            if until_s <= now_s:
                self._bank.disk(name).disk.refuse = refuse
                del self._filled[name]

    def _crash(self) -> None:
        """Now, or exactly before or after a commit that is to come."""
        dice = self._dice["crash"]
        node = dice.choice(self._nodes)
        disk = self._bank.disk(node.name)
        if dice.random() < self._plan.at_commits:
            disk.crash_at = frozenset({disk.point + dice.randint(1, POINTS_AHEAD_MAX)})
        else:
            node.crash()

    def _partition(self) -> None:
        """Between the office and somebody, one way or both, or the end of what there was."""
        dice = self._dice["partition"]
        network = self._bank.network
        if dice.random() < 0.4:
            self._trace.note("reunion", "")
            network.heal()
            return
        office, other = self._nodes[0].name, dice.choice(self._nodes[1:]).name
        kind = dice.choice(("both", "up", "down"))
        self._trace.note("partition", f"{other} {kind}")
        if kind == "both":
            network.partition(office, other)
        else:
            network.hold(*((other, office) if kind == "up" else (office, other)))

    def _poison(self) -> None:
        """An actor of the office crashes on a message."""
        if self.office is None or self.office.tree is None or not self._nodes[0].up:
            return
        tree = self.office.tree
        cases = sorted(
            stream.removeprefix("case/").replace("/", ".")
            for stream in self._bank.disk("office").disk.streams
            if stream.startswith("case/")
        )
        victims = [f"{partner}/{UNION}" for partner in Partner]
        victims += [f"queues/{UNION}", "devices", "policy", "customers/feed-ecif"]
        if cases:
            victims.append(f"cases/{self._dice['poison'].choice(cases)}")
        victim = self._dice["poison"].choice(victims)
        self._trace.note("poison", victim)
        tree.ref(f"/office/{victim}").tell(Poison())

    def _change_policy(self) -> None:
        """Somebody puts another document in force; what is under way keeps its own."""
        if self.office is None or self.office.tree is None or not self._nodes[0].up:
            return
        dice = self._dice["policy"]
        text = POLICY.format(
            union=UNION,
            timing=dice.choice(("sync", "async")),
            locality=dice.choice(("union", "central")),
        )
        self._trace.note("policy", "")
        note = f"{trio.current_time():.0f}"
        told: Commanded[PolicyText] = Commanded("operator", SetPolicy(text=text, note=note))
        self.office.tree.ref("/office/policy").tell(told)

    def _flood(self, attackers: trio.Nursery) -> None:
        """A stolen tablet guesses at everybody's passcode and offers photos for invented cases."""
        if self.office is None or self.office.tree is None or not self._nodes[0].up:
            return
        dice, office = self._dice["flood"], self.office.office()
        self._trace.note("flood", "")
        for _ in range(FLOOD):
            number = dice.randint(1, 2 * self._plan.terminals)
            guess = f"100{number}", f"{dice.randrange(10**6):06}", Role.TERMINAL, STOLEN
            attackers.start_soon(office.roster.prove, *guess)
            bringer = Bringer(UNION, STOLEN, uuid7(EPOCH_MS, dice.randbytes(10)))
            pieces = tuple(ImageOffer(dice.randbytes(32), 300_000, "photo") for _ in range(16))
            attackers.start_soon(_offer, office, bringer, pieces)

    def _set_clock(self) -> None:
        """A flat battery, a hand at the settings, or the network's time at last."""
        dice = self._dice["clock"]
        terminal = f"T-{dice.randint(1, self._plan.terminals)}"
        off_ms = dice.choice(CLOCKS_MS)
        self._trace.note("clock", f"{terminal} {off_ms}")
        self._bank.set_clock(terminal, off_ms)

    def _upgrade(self) -> None:
        """The office comes back with a product that is another one; cases of it are under way."""
        dice = self._dice["upgrade"]
        code = dice.choice(sorted(self._bank.catalogue))
        old = self._bank.catalogue[code]
        form = next_form(old.form, dice)
        new = replace(old, title_zh=f"{old.title_zh}（新）", form=form)
        self._bank.catalogue = {**self._bank.catalogue, code: new}
        self._trace.note("upgrade", code)
        self._nodes[0].crash()

    def _trouble_consumers(self) -> None:
        """Their acknowledgements get lost, and, while the day lasts, so do their entries."""
        name = self._dice["deaf"].choice(sorted(self._bank.consumers))
        if self._strikes("deaf", self._plan.deaf):
            self._trace.note("deaf", name)
            self._bank.consumers[name].deaf += 1
        name = self._dice["forget"].choice(sorted(self._bank.consumers))
        counted_s = self._plan.begins_s - BEFORE_COUNT_S
        if trio.current_time() < counted_s and self._strikes("forget", self._plan.forgets):
            seq = self._bank.consumers[name].forget(self._dice["forget"])
            if seq:
                self._trace.note("forget", f"{name} {seq}")

    # ---- on the line

    def _tap(self, passing: Passing) -> Sequence[bytes]:
        """Note the frame, and let the attacker have it."""
        link = f"{passing.channel} {passing.source}>{passing.destination}"
        self._trace.note("frame", f"{link} {passing.frame.hex()[:24]} {len(passing.frame)}")
        if not self._active:
            return (passing.frame,)
        dice = self._dice["attack"]
        if len(self._recorded) < RECORDED_MAX:
            self._recorded.append(passing.frame)
        elif dice.random() < 0.1:
            self._recorded[dice.randrange(RECORDED_MAX)] = passing.frame
        held = self._held_back.pop((passing.channel, passing.source), None)
        if held is not None:
            return (passing.frame, held)
        if dice.random() >= self._plan.attack:
            return (passing.frame,)
        return self._attack(dice, passing)

    def _attack(self, dice: random.Random, passing: Passing) -> Sequence[bytes]:
        frame = passing.frame
        kind = dice.choice(("repeat", "replay", "alter", "shorten", "withhold", "reorder"))
        self._trace.note("attack", kind)
        match kind:
            case "repeat":
                return (frame, frame)
            case "replay":
                return (dice.choice(self._recorded), frame)
            case "alter":
                altered = bytearray(frame)
                altered[dice.randrange(len(frame))] ^= 1 << dice.randrange(8)
                return (bytes(altered),)
            case "shorten":
                return (frame[: dice.randrange(len(frame))],)
            case "withhold":
                return ()
            case _:
                self._held_back[passing.channel, passing.source] = frame
                return ()


async def _offer(office: Office, bringer: Bringer, pieces: tuple[ImageOffer, ...]) -> None:
    with suppress(StoreError):
        await office.images.offer(bringer, pieces, LIMITS)


__all__ = ["Misconduct", "Nemesis", "Poison"]
