"""How fast photos go up, as the terminal tells the office."""

from __future__ import annotations

import pytest

from terminal.link_speed import CHUNKS_MAX, MEASURED_BYTES_MIN, LinkSpeed


@pytest.mark.parametrize(
    ("chunks", "kbps"),
    [
        ([], 0),
        ([(MEASURED_BYTES_MIN - 1, 1.0)], 0),
        ([(MEASURED_BYTES_MIN, 0.0)], 0),
        ([(50_000, 2.0)], 200),
        ([(50_000, 2.0), (50_000, 0.0)], 400),
        ([(MEASURED_BYTES_MIN, 10_000.0)], 1),
    ],
)
def test_the_speed_is_what_was_acknowledged(chunks: list[tuple[int, float]], kbps: int) -> None:
    """Unknown until enough has arrived; a link that crawls is not an unknown one."""
    speed = LinkSpeed()
    for size, seconds in chunks:
        speed.acknowledged(size, seconds)

    assert kbps == speed.kbps


def test_only_the_newest_count() -> None:
    """A terminal that came back from the valley is fast again."""
    speed = LinkSpeed()
    speed.acknowledged(50_000, 60.0)
    assert 7 == speed.kbps
    for _ in range(CHUNKS_MAX):
        speed.acknowledged(50_000, 0.1)

    assert 4_000 == speed.kbps
