"""How fast this terminal's photos go up: whether a customer can be asked to wait at the table.

Measured on what the office has acknowledged, so it counts what really arrived, pauses of the link
included. It is a hint to the office and decides nothing here; nothing is sent to measure it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

CHUNKS_MAX: Final = 16
"""The speed is that of so many chunks, the newest."""

MEASURED_BYTES_MIN: Final = 32 * 1024
"""Less than that tells nothing: the way there and back would be all that is measured."""


class LinkSpeed:
    """The uplink's throughput lately."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[int, float]] = deque(maxlen=CHUNKS_MAX)

    def acknowledged(self, size: int, seconds: float) -> None:
        """The office has `size` bytes more, `seconds` after they were sent."""
        self._chunks.append((size, seconds))

    @property
    def kbps(self) -> int:
        """In kbit/s, at least 1; 0 where it has not been measured."""
        size = sum(size for size, _ in self._chunks)
        seconds = sum(seconds for _, seconds in self._chunks)
        if size < MEASURED_BYTES_MIN or seconds <= 0:
            return 0
        return max(1, round(size * 8 / 1000 / seconds))


__all__ = ["CHUNKS_MAX", "MEASURED_BYTES_MIN", "LinkSpeed"]
