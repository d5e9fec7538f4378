"""Which faults a seed brings, and how many: drawn anew for each seed (swarm testing).

A run that has every fault at a middling rate looks at few corners; so each seed leaves some kinds
of fault out and turns others up (Groce et al., "Swarm Testing", ISSTA 2012). Rates are per virtual
second for the whole bank, chances per frame or per question.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from backoffice.partners.conduct import Conduct, Manner
from backoffice.partners.operations import Partner
from hw.transport import Fault
from tests.kit.determinism import stream
from wire.memory import Weather

KIT_FAULTS: Final = (
    Fault.DROP_BEFORE,
    Fault.DROP_AFTER,
    Fault.LOSE_FRAGMENT,
    Fault.DUPLICATE_FRAGMENT,
    Fault.FLIP_BIT,
    Fault.LATE_REPLY,
    Fault.ID_NO_CARD,
    Fault.ID_READ_FAILED,
    Fault.CARD_REMOVED,
    Fault.PIN_TIMEOUT,
    Fault.PIN_CANCEL,
)
"""What may go wrong with a kit and heals by another try."""


DEAD: Final = 0.35
"""The share of seeds in which partners are away for long."""

NIGHTS: Final = 0.1
"""The share of seeds that run over midnight, when cases expire and consumers count."""


@dataclass(frozen=True)
class Plan:
    """The misfortunes of one seed.

    Attributes:
        weather: of all links.
        faults_s: how long faults last, virtual seconds.
        crashes: chance per second that some node crashes.
        at_commits: the share of crashes that strike at a commit instead of at any moment.
        partitions: chance per second that two nodes lose each other.
        poison: chance per second that some actor meets a message that crashes it.
        attack: chance that the attacker does something to a frame.
        floods: chance per second that a stolen tablet floods the office with guesses and offers.
        slow: chance that a node's disk is slow, up to `slow_s` at each point.
        refuses: chance that a disk refuses a commit: full, or locked by somebody else.
        fills: chance per second that a disk is full for a while: it refuses every commit.
        kit: chance of each fault of `KIT_FAULTS`, per question.
        partners: chance of each misconduct, per request to a partner or service.
        dead: partners that are away from somewhere in the first half of the faults.
        away_s: how long they stay away when all else is healed, virtual seconds.
        settle: the staff settles by hand what the machine gave up, and does not wait for it.
        deaf: chance per second that a consumer takes entries and does not say so.
        forgets: chance per second that a consumer loses an entry that it had.
        policy: chance per second that somebody puts another routing policy in force.
        cases_live: how many cases the office has in memory at once.
        requests_max: how many requests its disk takes on at a time.
        begins_s: how long before midnight the run begins, in seconds.
        terminals: how many there are, each with a teller.
        errands: how many products each teller is dealt.
        clocks: chance per second that a terminal's clock is set, wrong or right.
        upgrades: chance per second that the office is started again with other products.
        doubts: chance that a teller takes an answer back before the case goes out.
        strays: the share of blank cards that tellers take from another's box, or make up.
    """

    weather: Weather
    faults_s: float
    crashes: float
    at_commits: float
    partitions: float
    poison: float
    attack: float
    slow: float
    slow_s: float
    refuses: float
    fills: float
    kit: dict[Fault, float]
    partners: dict[Conduct, float]
    dead: tuple[Partner, ...]
    away_s: float
    settle: bool
    deaf: float
    forgets: float
    policy: float
    cases_live: int
    requests_max: int
    begins_s: float
    terminals: int
    errands: int
    clocks: float
    upgrades: float
    doubts: float
    strays: float
    floods: float


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    chance = stream(seed, "swarm")
    rates = {fault: 0.004 for fault in KIT_FAULTS if chance.random() < 0.3}
    return Plan(
        weather=Weather(
            delay_s=chance.choice((0.0, 0.02, 0.1, 0.4)),
            death=chance.choice((0.0, 0.0, 0.002, 0.01, 0.03)),
            refusal=chance.choice((0.0, 0.1, 0.4)),
        ),
        faults_s=chance.uniform(30, 90),
        crashes=_some(chance, 0.15),
        at_commits=chance.random(),
        partitions=_some(chance, 0.10),
        poison=_some(chance, 0.08),
        attack=_some(chance, 0.02),
        slow=chance.choice((0.0, 0.0, 0.3)),
        slow_s=chance.uniform(0.2, 4.0),
        kit=rates if chance.random() < 0.6 else {},
        partners=_misconduct(chance),
        dead=_dead(stream(seed, "swarm:dead")),
        away_s=stream(seed, "swarm:away").uniform(30, 240),
        settle=stream(seed, "swarm:settle").random() < 0.7,
        deaf=_some(chance, 0.2),
        policy=_some(chance, 0.03),
        cases_live=stream(seed, "room").choice((1, 2, 5_000)),
        requests_max=stream(seed, "lanes").choice((1, 3, 256)),
        **_night(chance),
        terminals=chance.choice((2, 2, 2, 3)),
        errands=chance.choice((1, 1, 1, 2)),
        refuses=_some(chance, 0.1),
        fills=_some(stream(seed, "fills"), 0.06),
        clocks=_some(chance, 0.1),
        upgrades=_some(chance, 0.02),
        doubts=_some(chance, 0.5),
        strays=_some(chance, 0.4),
        floods=_some(stream(seed, "floods"), 0.05),
    )


TIME_OUT, DECLINE, DOWN = (Conduct(one) for one in (Manner.TIME_OUT, Manner.DECLINE, Manner.DOWN))


def _misconduct(chance: random.Random) -> dict[Conduct, float]:
    """Some of the ways to behave badly, or none."""
    if chance.random() < 0.3:
        return {}
    slow = Conduct(Manner.SLOW, chance.choice((2.0, 8.0, 20.0)))
    # Most of what is asked is no PREPARE, and only that can be declined for good.
    most = {slow: 0.2, TIME_OUT: 0.2, DECLINE: 0.5, DOWN: 0.2}
    return {kind: chance.uniform(0.05, most[kind]) for kind in most if chance.random() < 0.5}


def _dead(chance: random.Random) -> tuple[Partner, ...]:
    """For one seed in three a partner that money or files depend on, sometimes two."""
    if chance.random() >= DEAD:
        return ()
    often = (Partner.CORE, Partner.CORE, Partner.BILLER, Partner.CREDIT, Partner.WEALTH)
    return tuple(sorted({chance.choice(often) for _ in range(chance.choice((1, 1, 2)))}))


def _night(chance: random.Random) -> dict[str, float]:
    """For one seed in ten the day ends meanwhile; only that shows a consumer what it forgot."""
    if chance.random() >= NIGHTS:
        return {"forgets": 0.0, "begins_s": 50 * 60.0}
    return {"forgets": 1.0, "begins_s": chance.uniform(20, 90)}


def _some(chance: random.Random, most: float) -> float:
    """Nothing at all, for three seeds in ten; otherwise up to `most`."""
    return 0.0 if chance.random() < 0.3 else chance.uniform(0, most)


__all__ = ["KIT_FAULTS", "Plan", "draw"]
