"""Whatever a store refuses, no durable actor remembers it: what is not committed is never seen.

Every behaviour of the project, found by looking, lives a random life on a disk that refuses any
commit at random: locked, full, too much to do, somebody else was first, a key is taken, or gone
with nobody knowing. Each time its rules are asked, its state is what the journal folds to, and what
a fresh load finds; and no rule changes what it was given.
"""

from __future__ import annotations

import inspect
import random
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.durable import BUSY, Behaviour, Commanded, CommitUnknown, DurableActor, Verdict
from actors.durable.history import History
from actors.errors import Refused
from actors.runtime.trio_host import open_system
from actors.store import ClaimConflict, StoreClosed, StoreError, VersionConflict
from actors.store.memory import MemoryStore
from tests.actors.box_world import RestartAlways
from tests.actors.toy import Look
from tests.kit.disk import FaultyDisk, Refusals, full, lane_full, locked
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from tests.kit.witness import Witness
from tests.stories.every_behaviour import SUBJECTS, Subject, behaviours
from wire.message import Message, Refusal

STREAM = "subject"
SOON = 3_600.0
SHARE = 0.4
"""How many commits are refused."""

TRIES = 3
"""How often a sender says the same again."""

WHYS = (
    locked,
    full,
    lane_full,
    lambda: VersionConflict("somebody else was first"),
    lambda: ClaimConflict("card", "somebody else"),
    lambda: StoreClosed("the node's store is gone"),
)


def test_every_behaviour_has_a_life() -> None:
    """Whoever writes a behaviour says how it is talked to, in tests/stories/every_behaviour.py."""
    assert set(behaviours()) == set(SUBJECTS)


def test_the_witness_hides_nothing_of_the_rules() -> None:
    """Whatever a behaviour may say is asked of the rules, not of the witness."""
    said = {name for name, what in vars(Behaviour).items() if inspect.isfunction(what)}

    assert said <= set(vars(Witness))


async def done(_key: str, _message: Message) -> None:
    """A handler for whom every effect is done at once."""


async def lived(subject: Subject, life: list[Any], seed: int) -> tuple[list[str], int, int]:
    """What was wrong, how often the rules were asked, and how often the disk refused."""
    refusals = Refusals(random.Random(seed), SHARE, WHYS)
    disk = FaultyDisk(refuse=refusals)
    store = MemoryStore(disk)
    witness = Witness(subject.rules(), STREAM, subject.key, disk)
    handlers = dict.fromkeys(subject.recipients, done)
    supervisor = RestartAlways()

    def actor() -> DurableActor[Any, Any, Any]:
        return DurableActor(
            witness,
            stream=STREAM,
            key=subject.key,
            store=store,
            handlers=handlers,
            observe=lambda state: witness.seen(state, "observed"),
            expect=lambda _due_ms: None,
        )

    async with open_system("office", virtual_outside(seed, subject.begins_ms)) as system:
        ref = system.spawn("subject", actor, supervisor)
        for command in life:
            for _ in range(TRIES):
                try:
                    await ref.ask(Commanded("mei", command), within=SOON)
                except CommitUnknown:
                    continue
                except Refused as no:
                    if no.refusal == BUSY:
                        continue
                break
            history = History(subject.rules(), STREAM, subject.key, frozenset({"self", *handlers}))
            loaded = await history.load(store)
            witness.seen(loaded.state, f"loaded after {type(command).__name__}")
    wrong = [repr(error) for error in supervisor.crashes if not isinstance(error, StoreError)]
    return [*witness.breaches, *wrong], witness.decided, refusals.refused


@pytest.mark.parametrize("kind", behaviours(), ids=lambda kind: kind.__name__)
def test_what_is_refused_was_never_there(kind: type[Behaviour[Any, Any, Any]]) -> None:
    """The state is the journal's, whatever was refused before."""
    subject = SUBJECTS[kind]
    refused = 0

    @settings(max_examples=30, deadline=None)
    @given(life=subject.lives, seed=st.integers(0, 2**32))
    def any_life(life: list[Any], seed: int) -> None:
        nonlocal refused
        breaches, decided, times = run(lambda: lived(subject, life, seed))
        refused += times
        assert [] == breaches
        assert decided >= len(life)

    any_life()

    assert refused > 0, "the disk was never in anybody's way"


class CoinPut(msgspec.Struct, frozen=True, tag="coin"):
    """One more coin."""


class Purse(msgspec.Struct):
    coins: list[int] = []


class CarelessRules(Behaviour[Purse, object, CoinPut]):
    """Rules that change the state that they are given."""

    event_type: ClassVar[object] = CoinPut

    def initial(self, key: str) -> Purse:
        return Purse()

    def decide(
        self, state: Purse, command: object, now_ms: int, who: str
    ) -> Verdict[CoinPut] | Refusal:
        return Verdict((CoinPut(),))

    def evolve(self, state: Purse, event: CoinPut) -> Purse:
        state.coins.append(1)
        return state


def test_careless_rules_are_caught() -> None:
    """A state changed in place shows, and so does what a refused commit left in it."""
    subject = Subject(CarelessRules, st.just([]))

    breaches, _, refused = run(lambda: lived(subject, [Look()] * 20, seed=1))

    assert refused > 0
    assert "CoinPut changed the state before it" in breaches
    assert "before Look: the state is not what the journal says" in breaches
