"""The outside world: real and virtual."""

from __future__ import annotations

import uuid

import trio
from hypothesis import given
from hypothesis import strategies as st

from actors.outside import production_outside, uuid7
from actors.ports import Outside
from tests.kit.outside import EPOCH_MS, virtual_outside
from tests.kit.running import run, run_real


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_7(unix_ms: int, randomness: bytes) -> None:
    """The time is in front, version and variant are where RFC 9562 puts them."""
    text = uuid7(unix_ms, randomness)
    parsed = uuid.UUID(text)

    assert (str(parsed), parsed.version, parsed.variant) == (text, 7, uuid.RFC_4122)
    assert unix_ms == parsed.int >> 80


def test_ids_sort_by_the_time_of_their_birth() -> None:
    """A later millisecond gives a later id."""

    async def story() -> list[str]:
        outside = virtual_outside()
        ids = []
        for _ in range(20):
            ids.append(outside.ids.new())
            await trio.sleep(0.001)
        return ids

    ids = run(story)

    assert ids == sorted(ids)
    assert len(set(ids)) == 20


def test_a_virtual_world_repeats_itself_for_a_seed() -> None:
    """Same seed, same ids, entropy, chance; another seed, others. Time starts at the epoch."""

    def sample(outside: Outside) -> tuple[object, ...]:
        return outside.ids.new(), outside.entropy(8), outside.random.random(), outside.wall.now_ms()

    async def story() -> None:
        assert sample(virtual_outside(1)) == sample(virtual_outside(1))
        assert sample(virtual_outside(1))[:3] != sample(virtual_outside(2))[:3]
        assert virtual_outside().wall.now_ms() == EPOCH_MS
        await trio.sleep(90)
        assert virtual_outside().wall.now_ms() == EPOCH_MS + 90_000
        assert await virtual_outside().offload(lambda: 7) == 7

    run(story)


def test_the_real_world_works() -> None:
    """Entropy has its size, work is offloaded, time has passed 2025."""

    async def story() -> None:
        outside = production_outside()
        assert len(outside.entropy(16)) == 16
        assert await outside.offload(lambda: 7) == 7
        assert outside.wall.now_ms() > EPOCH_MS
        assert outside.ids.new() != outside.ids.new()
        assert 0 <= outside.random.random() < 1

    run_real(story)
