"""Many seeds keep every promise; one seed is one history; the command says what it found."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from backoffice.catalogue import products
from tests.kit.invariants import Breach
from tests.simulation import __main__ as command
from tests.simulation.__main__ import SHOWN_COUNTS, Totals, main, outcomes, read_words, replay
from tests.simulation.deck import ACTIVATE, ISSUE, deal, uses_own_card
from tests.simulation.people import Mood, mood_of
from tests.simulation.swarm import draw
from tests.simulation.world import simulate
from wire.case_state import FINAL_STATES, State
from wire.memory import CALM

SEEDS = range(100)
"""What every `just test` runs; `just sim` runs more."""

STRUCK_MIN = 10
"""How often each kind of fault strikes in them at the least."""

ENDS = FINAL_STATES - {State.EXPIRED}
"""How cases end in them; that one expires is rare, and has stories of its own."""

CLOSED_MIN = 3
"""How many cases of each product come to a good end in them at the least."""

TWICE = (3, 8)
"""Seeds with crashes and partitions, played twice here and once in another process."""


def test_no_seed_breaks_a_promise() -> None:
    """A hundred banks under a hundred swarms of faults, then healed."""
    totals, breaches = Totals(), {}
    for outcome in outcomes(SEEDS):
        totals.add(outcome)
        if outcome.breaches:
            breaches[replay(outcome.seed)] = outcome.breaches

    assert {} == breaches
    assert set() == {kind for kind in SHOWN_COUNTS if totals.counts[kind] < STRUCK_MIN}
    assert set() == {code for code in products() if totals.closed[code] < CLOSED_MIN}
    assert ENDS <= set(totals.cases)


def test_in_calm_weather_every_customer_is_served() -> None:
    """Without faults only people end a case early."""
    calm = replace(
        draw(0),
        weather=CALM,
        crashes=0.0,
        partitions=0.0,
        poison=0.0,
        attack=0.0,
        slow=0.0,
        refuses=0.0,
        kit={},
        partners={},
        dead=(),
        deaf=0.0,
        clocks=0.0,
        upgrades=0.0,
        doubts=0.0,
        errands=4,
    )
    outcome = simulate(0, calm)

    assert () == outcome.breaches
    assert outcome.cases[State.CLOSED] > sum(outcome.cases.values()) / 2


@pytest.mark.parametrize("seed", TWICE)
def test_one_seed_is_one_history(seed: int) -> None:
    """Every frame, fault and deed at the same virtual moment (invariant I14)."""
    assert simulate(seed).trace == simulate(seed).trace


def test_another_process_plays_the_same_history() -> None:
    """Neither the hash seed nor the address space of the process shows."""
    (seed, *_) = TWICE
    # What the office logs goes to standard error, as in a program.
    script = f"""
from actors.log import configure_log
from tests.simulation.world import simulate
configure_log(30)
print(simulate({seed}).trace)
"""
    other = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert simulate(seed).trace == other.stdout.splitlines()[-1]


def test_the_command_takes_its_words_literally() -> None:
    """`just sim seeds=200 from=1` hands over exactly these."""
    assert {"seeds": 200, "from": 1} == read_words(["seeds=200", "from=1"])
    assert {"seeds": 300, "from": 7} == read_words(["from=7"])


@pytest.mark.parametrize(
    "word", ["seeds", "seeds=", "seeds=0", "seeds=x", "seed=1", "--seeds=1", "from=-1"]
)
def test_other_words_are_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage, and exit code 2."""
    assert 2 == main([word])
    assert "seeds=N" in capsys.readouterr().err


def test_the_command_sums_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Totals on stdout, and exit code 0 when nothing was broken."""
    assert 0 == main(["seeds=1", "from=3"])
    assert "seeds with a violation 0" in capsys.readouterr().out


def test_a_broken_promise_is_told_with_its_replay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The seed, what was broken, the one command that plays it again, and exit code 1."""
    whole = simulate(TWICE[0])
    broken = msgspec.structs.replace(whole, breaches=(Breach("I2", 1.5, "posted twice"),))
    monkeypatch.setattr(command, "outcomes", lambda _seeds: [broken])

    assert 1 == main(["seeds=1", "from=3"])
    told = capsys.readouterr().out
    assert "seed 3: I2 at 1.500 s: posted twice; just sim seeds=1 from=3\n" in told


def test_moods_are_many_and_stay() -> None:
    """Each is met somewhere, and a case keeps its own."""
    moods = [mood_of(1, f"case-{number}") for number in range(200)]

    assert set(Mood) == set(moods)
    assert moods == [mood_of(1, f"case-{number}") for number in range(200)]


def test_a_card_is_issued_and_activated_before_it_is_used() -> None:
    """In every hand of many seeds; and no product is left in the deck."""
    catalogue = products()
    hands = [hand for seed in range(50) for hand in deal(seed, catalogue, 2, 2)]

    assert set(catalogue) == {code for hand in hands for code in hand}
    for hand in hands:
        own = [place for place, code in enumerate(hand) if uses_own_card(catalogue[code])]
        if own:
            assert (ISSUE, ACTIVATE) == hand[:2]
            assert len(set(hand)) == len(hand)
