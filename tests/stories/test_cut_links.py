"""A bad road: every link is cut at some step of the main job, and the job goes on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.kit.running import run
from tests.stories.cast import assert_sound, cast, watched_bank
from wire.memory import Passing

STRIDE = 3
"""Every so many frames the links are cut; between two frames of a burst little can differ."""


def issue(cut_at: int) -> tuple[str, int]:
    """Issue a card while every channel dies at one frame; its last state, and all frames."""

    async def story() -> tuple[str, int]:
        bank, invariants = watched_bank("cut-links")

        def tap(passing: Passing) -> Sequence[bytes]:
            if passing.number == cut_at:
                bank.network.kill()
                return ()
            return (passing.frame,)

        bank.network.tap = tap
        async with cast(bank) as at:
            at.authorize()
            case = await at.clerk.finish(await at.clerk.begin("debit_card"))
        assert_sound(bank, invariants)
        return case.state, bank.network.frames

    return run(story)


@pytest.mark.storm
def test_the_links_are_cut_at_any_step() -> None:
    """From the first handshake to the hand-over: the card is issued, once."""
    _, frames = issue(cut_at=0)
    ends = {number: issue(cut_at=number)[0] for number in range(1, frames, STRIDE)}
    print(f"cut at every frame of {list(ends)}")  # noqa: T201 - says what was sampled

    assert {} == {number: end for number, end in ends.items() if end != "CLOSED"}
