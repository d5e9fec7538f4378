"""Which shard of the store owns what: one a county union, one for the province, some for people.

A union's shard has its cases, its partners' books and everything else whose stream names the union;
the province's has what is one for all (device registry, policy, feeds, forms); people's records lie
in a fixed number of shards by their keyed hash, because a person may do business in any union. A
batch belongs to one shard; what another must know goes through the outbox.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

PROVINCE: Final = "province"
"""The shard of what there is once."""

PEOPLE_SHARDS: Final = 16
"""How many shards records of customers lie in. It never changes: a record would not be found."""

_OF_THE_PROVINCE: Final = frozenset({"devices", "policy", "feed"})
_OF_PEOPLE: Final = "customer"


def of_union(union: str) -> str:
    """A union's shard."""
    return f"union/{union}"


def of_person(key: str) -> str:
    """The shard of a customer's record.

    Args:
        key: of the record.
    """
    return f"people/{crc32(key.encode()) % PEOPLE_SHARDS:02d}"


def shard_of(stream: str) -> str:
    """Whose a stream is: its second part is its union, except where there are no unions."""
    kind, _, rest = stream.partition("/")
    if kind in _OF_THE_PROVINCE:
        return PROVINCE
    if kind == _OF_PEOPLE:
        return of_person(rest)
    return of_union(rest.partition("/")[0])


__all__ = ["PEOPLE_SHARDS", "PROVINCE", "of_person", "of_union", "shard_of"]
