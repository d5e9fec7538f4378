"""Times that a device tells lie between two bounds of the checker's clock, all of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import submissions as make
from wire.case_state import State
from wire.checks import (
    LIMITS,
    TRAIL,
    Context,
    check_confirm,
    check_moment,
    check_photo,
    check_recording,
    check_submission,
    check_time,
    check_trail,
    settle,
)
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import Step
from wire.value import ConfirmValue, PhotoValue, RecordingValue, Value

NOW = Context(make.NOW_MS)
AHEAD_MS = LIMITS.skew_ms_max
OLD_MS = LIMITS.evidence_age_ms_max
FIELD = Field(
    name="sound", kind=FieldKind.RECORDING, title_zh="录音", title_en="Recording", seconds_min=1
)


def photo(at_ms: int) -> PhotoValue:
    return PhotoValue(bytes(32), 90_000, 1280, 960, 500, at_ms)


def steps(first_ms: int, last_ms: int) -> tuple[Step, ...]:
    return tuple(
        Step(state, at) for state, at in zip(TRAIL, (first_ms, last_ms, last_ms), strict=True)
    )


SITES: dict[str, tuple[Callable[[int], list[Refusal]], int]] = {
    "photo": (lambda at: check_photo(photo(at), NOW), OLD_MS),
    "recording": (
        lambda at: check_recording(RecordingValue(bytes(32), 9, 5_000, at), FIELD, NOW),
        OLD_MS,
    ),
    "confirmation": (lambda at: check_confirm(ConfirmValue(at), NOW), OLD_MS),
    "begun": (lambda at: check_trail(steps(at, max(at, NOW.now_ms)), NOW), OLD_MS),
    "captured": (lambda at: check_time(at, NOW), LIMITS.capture_age_ms_max),
}
"""Where the common checks see a time of the device, and how old it may be."""


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("wrong", ["ahead", "old", "1970", "2286"])
def test_both_bounds_hold_everywhere(site: str, wrong: str) -> None:
    """To the millisecond; far away as well."""
    check, age_ms = SITES[site]
    right, off = {
        "ahead": (NOW.now_ms + AHEAD_MS, NOW.now_ms + AHEAD_MS + 1),
        "old": (NOW.now_ms - age_ms, NOW.now_ms - age_ms - 1),
        "1970": (NOW.now_ms, 0),
        "2286": (NOW.now_ms, 10_000_000_000_000),
    }[wrong]
    assert [] == check(right)
    assert {Code.RANGE} == {one.code for one in check(off)}


def test_a_refusal_says_whose_time_it_is() -> None:
    """And what is to be done."""
    late = check_moment(NOW.now_ms + AHEAD_MS + 1, NOW, "签字", 0)
    early = check_moment(5, NOW, "签字", 6)
    assert ["签字时间晚于系统时间，请校准设备时间后重试。"] == [one.message for one in late]
    assert ["签字时间过早，请校准设备时间后重新办理。"] == [one.message for one in early]


TIMES = st.sampled_from(
    [0, 1, NOW.now_ms - OLD_MS - 1, NOW.now_ms - 60_000, NOW.now_ms, NOW.now_ms + 86_400_000]
) | st.integers(0, 10_000_000_000_000)


@settings(deadline=None)
@given(st.lists(TIMES, min_size=3, max_size=3), TIMES, TIMES, TIMES)
def test_whatever_a_clock_said_meanwhile_the_capture_can_be_sent(
    at: list[int], taken: int, said: int, heard: int
) -> None:
    """As long as the clock is right in the end; by how much it was wrong goes along."""
    trail = [Step(state, at_ms) for state, at_ms in zip(TRAIL, at, strict=True)]
    values: dict[str, Value] = {
        "photo": photo(taken),
        "confirm": ConfirmValue(said),
        "sound": RecordingValue(bytes(32), 9, 5_000, heard),
    }
    settled = settle(trail, values, NOW.now_ms, LIMITS)

    assert [] == check_trail(settled.trail, NOW)
    assert [step.at_ms for step in settled.trail] == sorted(s.at_ms for s in settled.trail)
    found = settled.values
    assert values.keys() == found.keys()
    assert isinstance(found["photo"], PhotoValue)
    assert isinstance(found["confirm"], ConfirmValue)
    assert isinstance(found["sound"], RecordingValue)
    assert [] == check_photo(found["photo"], NOW)
    assert [] == check_confirm(found["confirm"], NOW)
    assert [] == check_recording(found["sound"], FIELD, NOW)
    moved = (*settled.trail, *found.values()) != (*trail, *values.values())
    assert moved == (settled.skew_ms > 0)
    again = settle(settled.trail, found, NOW.now_ms, LIMITS)
    assert (settled.trail, settled.values, 0) == (again.trail, again.values, again.skew_ms)


def test_a_right_clock_moves_nothing() -> None:
    """What was in order stays to the millisecond."""
    form = Form(1, ())
    right = make.submission("x", form)
    settled = settle(right.trail, {"photo": photo(NOW.now_ms - 5)}, NOW.now_ms, LIMITS)
    assert (right.trail, {"photo": photo(NOW.now_ms - 5)}, 0) == (
        settled.trail,
        settled.values,
        settled.skew_ms,
    )


def test_a_draft_begun_ahead_or_in_1970() -> None:
    """The worst deviation is told: an hour, or all the years."""
    for begun, skew in ((NOW.now_ms + 3_600_000, 3_600_000), (0, NOW.now_ms - 10_000)):
        trail = (
            Step(State.DRAFT, begun),
            Step(State.IDENTIFIED, NOW.now_ms - 10_000 if not begun else NOW.now_ms),
            Step(State.CAPTURED, NOW.now_ms),
        )
        settled = settle(trail, {}, NOW.now_ms, LIMITS)
        assert skew == settled.skew_ms
        assert trail[1:] == settled.trail[1:]


def test_a_submission_with_a_trail_from_1970_is_refused_by_the_office() -> None:
    """A terminal that settles nothing is not believed."""
    form = Form(1, ())
    right = make.submission("x", form)
    assert () == check_submission(form, right, NOW)
    trail = (Step(State.DRAFT, 0), *right.trail[1:])
    wrong = msgspec.structs.replace(right, trail=trail)
    assert [(Code.RANGE, "trail")] == [
        (one.code, one.field) for one in check_submission(form, wrong, NOW)
    ]
