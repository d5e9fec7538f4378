"""Sound recordings as evidence: one narrow shape of WAV, measured from its bytes.

8,000 samples a second, one channel, 16 bits: a voice is understood, two minutes fit in 2 MiB, and
the duration is a fact of the length. One shape has one header, so nothing has to be parsed that a
stranger wrote. Terminal and office measure with the same function.
Deliberately not here: what is said, and whether it is long enough (`wire.checks.recording`).
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

SAMPLES_PER_S: Final = 8_000
SAMPLE_BYTES: Final = 2
BYTES_PER_S: Final = SAMPLES_PER_S * SAMPLE_BYTES
RECORDING_BYTES_MAX: Final = 2 * 1024 * 1024
"""The largest recording, in bytes."""

RECORDING_S_MAX: Final = RECORDING_BYTES_MAX // BYTES_PER_S - 1
"""The longest recording that fits, in seconds."""


_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
"""RIFF with one `fmt ` chunk and one `data` chunk (Microsoft and IBM, "Multimedia Programming
Interface and Data Specifications 1.0", 1991)."""

HEADER_BYTES: Final = _HEADER.size
_PCM: Final = 1
_MONO: Final = 1


class SoundError(Exception):
    """The bytes are no recording of the one shape."""


class SoundFacts(msgspec.Struct, frozen=True):
    """What is measured: bytes and milliseconds."""

    size: int
    duration_ms: int


def measure(body: bytes) -> SoundFacts:
    """Size and duration of a recording.

    Raises:
        SoundError: too large, not the one shape, or not as long as its own header says.
    """
    if len(body) > RECORDING_BYTES_MAX:
        raise SoundError("too large")
    samples = body[HEADER_BYTES:]
    if not samples or len(samples) % SAMPLE_BYTES or body[:HEADER_BYTES] != _header(len(samples)):
        raise SoundError("another shape")
    return SoundFacts(len(body), len(samples) * 1_000 // BYTES_PER_S)


def wav(samples: bytes) -> bytes:
    """A recording of these samples (16-bit, little-endian)."""
    return _header(len(samples)) + samples


def _header(size: int) -> bytes:
    """The header that the one shape has in front of so many bytes of samples."""
    return _HEADER.pack(
        b"RIFF",
        HEADER_BYTES - 8 + size,
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        _MONO,
        SAMPLES_PER_S,
        BYTES_PER_S,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        size,
    )


__all__ = [
    "BYTES_PER_S",
    "HEADER_BYTES",
    "RECORDING_BYTES_MAX",
    "RECORDING_S_MAX",
    "SAMPLES_PER_S",
    "SoundError",
    "SoundFacts",
    "measure",
    "wav",
]
