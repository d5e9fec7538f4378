"""A recording goes on by itself until it is long enough, or until somebody ends it."""

from __future__ import annotations

from functools import partial

import pytest
import trio

from hw.errors import CaptureEnd, CaptureEnded, Unsupported
from hw.transport import Fault
from tests.hw.kit import open_bench
from tests.kit.running import run
from wire.form import Capability
from wire.sound import RECORDING_S_MAX, measure


def test_a_recording_is_ended_early_and_kept() -> None:
    """Nobody waits for a microphone that would go on; there is nothing to end when none runs."""

    async def story() -> None:
        async with open_bench() as bench:
            assert not bench.toolbox.stop_recording()
            bench.plan.arm(Capability.MICROPHONE, Fault.SIGNATURE_LEFT)
            kept: list[bytes] = []

            async def record() -> None:
                kept.append(await bench.toolbox.record_sound(5, within=60))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(record)
                await trio.sleep(12)
                assert [] == kept
                assert bench.toolbox.stop_recording()
                assert bench.toolbox.stop_recording()
            (wav,) = kept
            assert 5_000 == measure(wav).duration_ms
            with pytest.raises(Unsupported):
                await bench.toolbox.record_sound(RECORDING_S_MAX + 1, within=10)

    run(story)


def test_no_end_of_a_recording_is_lost_between_two_questions() -> None:
    """Whenever the teller presses the button, even while the line is asked for signs of life."""

    async def story() -> None:
        for tenths in range(0, 130, 7):
            async with open_bench() as bench:
                bench.plan.arm(Capability.MICROPHONE, Fault.SIGNATURE_LEFT)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(partial(bench.toolbox.record_sound, 1, within=60))
                    await trio.sleep(0.1 + tenths / 10)
                    assert bench.toolbox.stop_recording()

    run(story)


def test_a_microphone_that_never_ends_is_told_as_that() -> None:
    """Nobody pressed the button in time; the next recording works."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.MICROPHONE, Fault.SIGNATURE_LEFT)
            with pytest.raises(CaptureEnded) as caught:
                await bench.toolbox.record_sound(3, within=20)
            assert caught.value.reason is CaptureEnd.TIMED_OUT
            assert 3_000 == measure(await bench.toolbox.record_sound(3, within=20)).duration_ms

    run(story)
