"""A persistent map: putting something in gives a new map and leaves the old one as it was.

What a pure `evolve` keeps where a state holds many things (the keys of a partner, the accounts of a
ledger, devices): a change costs the same whether there are ten entries or ten thousand, while the
state before it stays what the journal says. Few things are as well kept in a plain mapping that is
copied at each change.

The library iterates in the order of hashes, which differ from process to process. This map always
iterates in the order of its keys, in what it encodes too, so that the same seed gives the same
trace; who asks often for some of many keeps them under a key of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import GenericAlias
from typing import Any, TypeVar, get_args, get_origin, overload

import msgspec
from rpds import HashTrieMap

K = TypeVar("K", str, bytes, int)
V = TypeVar("V")
D = TypeVar("D")


class PersistentMap(Mapping[K, V]):
    """Values by key; never changes.

    Args:
        entries: what is in it.
    """

    __slots__ = ("_trie",)

    def __init__(self, entries: Mapping[K, V] | None = None) -> None:
        self._trie: HashTrieMap[K, V] = (
            entries if isinstance(entries, HashTrieMap) else HashTrieMap(entries or {})
        )

    def put(self, key: K, value: V) -> PersistentMap[K, V]:
        """The map with this value under the key."""
        return PersistentMap(self._trie.insert(key, value))

    def remove(self, key: K) -> PersistentMap[K, V]:
        """The map without the key, which may be absent already."""
        return PersistentMap(self._trie.discard(key))

    def __getitem__(self, key: K) -> V:
        return self._trie[key]

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, /, default: V | D) -> V | D: ...
    def get(self, key: K, /, default: V | D | None = None) -> V | D | None:
        """The value under the key, or the default."""
        return self._trie.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._trie

    def __len__(self) -> int:
        return len(self._trie)

    def __iter__(self) -> Iterator[K]:
        return iter(sorted(self._trie))

    def __repr__(self) -> str:
        return f"PersistentMap of {len(self)}"


def to_plain(value: Any) -> Any:
    """For an encoder (`enc_hook`): a persistent map as a dict in the order of its keys.

    Raises:
        NotImplementedError: it is something else, which the encoder reports as unsupported.
    """
    if isinstance(value, PersistentMap):
        return {key: value[key] for key in value}
    # What an `enc_hook` says of a type that is not its own; msgspec makes a `TypeError` of it.
    raise NotImplementedError(type(value).__name__)


def from_plain(kind: Any, plain: Any) -> Any:
    """For a decoder (`dec_hook`): a persistent map of what its type says from a dict.

    Raises:
        ValidationError: the dict is none of this type.
        NotImplementedError: the type is another one.
    """
    if get_origin(kind) is PersistentMap:
        of = GenericAlias(dict, get_args(kind))
        return PersistentMap(
            msgspec.convert(plain, of, builtin_types=(bytes,), dec_hook=from_plain)
        )
    # What a `dec_hook` says of a type that is not its own.
    raise NotImplementedError(str(kind))


__all__ = ["PersistentMap", "from_plain", "to_plain"]
