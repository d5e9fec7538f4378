"""Names for the few actors that others must find without having been handed their Ref."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.ref import Ref

NAMES_MAX = 10_000
"""The most names in one system."""


class Registry:
    """Name to Ref; a name belongs to one Ref at a time."""

    def __init__(self) -> None:
        self._refs: dict[str, Ref] = {}
        self._names: dict[Ref, list[str]] = {}

    def register(self, name: str, ref: Ref) -> None:
        """Give `ref` a name; giving the same name to the same Ref again changes nothing.

        Raises:
            ValueError: the name belongs to another Ref.
        """
        if self._refs.get(name, ref) is not ref:
            raise ValueError(f"{name} is taken by {self._refs[name].path}")
        assert len(self._refs) < NAMES_MAX, "too many registered names"
        if name not in self._refs:
            self._refs[name] = ref
            self._names.setdefault(ref, []).append(name)

    def unregister(self, name: str) -> None:
        """Take a name back; an unknown one is ignored."""
        ref = self._refs.pop(name, None)
        if ref is not None:
            self._names[ref].remove(name)

    def forget(self, ref: Ref) -> None:
        """Take back every name of an actor that stopped for good."""
        for name in self._names.pop(ref, ()):
            del self._refs[name]

    def lookup(self, name: str) -> Ref | None:
        """The Ref of that name, or None."""
        return self._refs.get(name)


__all__ = ["NAMES_MAX", "Registry"]
