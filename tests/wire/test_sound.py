"""Recordings are measured from their bytes, and nothing but the one shape is believed."""

from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.sound import (
    BYTES_PER_S,
    RECORDING_BYTES_MAX,
    RECORDING_S_MAX,
    SoundError,
    measure,
    wav,
)


@given(st.integers(8, 40_000))
def test_the_duration_is_a_fact_of_the_length(samples: int) -> None:
    """Eight thousand samples are a second."""
    body = wav(bytes(2 * samples))

    facts = measure(body)

    assert (len(body), samples // 8) == (facts.size, facts.duration_ms)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_break_the_measure(noise: bytes, cut: int) -> None:
    """Noise, and a recording that was cut off or written into, are refused by name."""
    whole = wav(bytes(400))
    for body in (noise, whole[:cut], whole[:cut] + noise, noise + whole):
        try:
            facts = measure(body)
        except SoundError:
            continue
        assert facts.size == len(body)


def test_only_one_shape_counts() -> None:
    """The standard library reads it alike; another rate, two channels or eight bits is refused."""
    shapes = ((8_000, 1, 2), (16_000, 1, 2), (8_000, 2, 2), (8_000, 1, 1))
    for rate, channels, width in shapes:
        body = io.BytesIO()
        with wave.open(body, "wb") as sound:
            sound.setframerate(rate)
            sound.setnchannels(channels)
            sound.setsampwidth(width)
            sound.writeframes(bytes(1_600))
        if (rate, channels, width) == shapes[0]:
            assert wav(bytes(1_600)) == body.getvalue()
            continue
        with pytest.raises(SoundError):
            measure(body.getvalue())


def test_nothing_and_too_much_are_refused() -> None:
    """An empty recording, and one byte or one sample too many."""
    with pytest.raises(SoundError):
        measure(wav(b""))
    with pytest.raises(SoundError):
        measure(wav(bytes(3)))
    with pytest.raises(SoundError):
        measure(wav(bytes(RECORDING_BYTES_MAX)))
    assert RECORDING_S_MAX * 1_000 == measure(wav(bytes(RECORDING_S_MAX * BYTES_PER_S))).duration_ms
