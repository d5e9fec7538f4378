"""The panel of small lights: how every peripheral of the kit is, in one place, and who watches it.

Deliberately not here: any decision; a light is shown, not acted upon. Invariant: the panel knows
each peripheral's latest word and no more, and tells watchers only of changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors import Actor, Ref, on
from hw.messages import PinProgress
from wire.form import Capability
from wire.message import Message, Request

WATCHERS_MAX = 64


class PeripheralStatus(Message, frozen=True):
    """How one peripheral is.

    Attributes:
        name: which.
        state: a state of its device, `connecting`, or `absent` before it was ever heard of.
        last_error: the last failure since the last success, a code or short text; or empty.
        battery: percent left, None when it does not tell.
    """

    name: Capability
    state: str
    last_error: str = ""
    battery: int | None = None


class Statuses(Message, frozen=True):
    """Every peripheral of the kit, in the kit's order."""

    peripherals: tuple[PeripheralStatus, ...]


class ReadStatuses(Request[Statuses], frozen=True):
    """Ask for all lights."""


class WatchPanel(Message, frozen=True):
    """From now on tell `watcher` every change, as `PeripheralStatus` and `PinProgress`."""

    watcher: Ref


class Panel(Actor):
    """The panel actor."""

    def __init__(self, names: Sequence[Capability]) -> None:
        self._lights = {name: PeripheralStatus(name, "absent") for name in names}
        self._watchers: list[Ref] = []

    def inspect(self) -> dict[str, object]:
        """The states by name."""
        return {name.value: light.state for name, light in self._lights.items()}

    @on(PeripheralStatus)
    def changed(self, status: PeripheralStatus) -> None:
        """A peripheral's light changed."""
        if self._lights.get(status.name) != status:
            self._lights[status.name] = status
            self._tell(status)

    @on(PinProgress)
    def progress(self, progress: PinProgress) -> None:
        """The customer types."""
        self._tell(progress)

    @on(ReadStatuses)
    def read(self, _: ReadStatuses) -> Statuses:
        """All lights."""
        return Statuses(tuple(self._lights.values()))

    @on(WatchPanel)
    def watch(self, wish: WatchPanel) -> None:
        """Add a watcher and tell it everything once; the oldest makes room when there are many."""
        if wish.watcher not in self._watchers:
            self._watchers = [*self._watchers, wish.watcher][-WATCHERS_MAX:]
        for light in self._lights.values():
            wish.watcher.tell(light)

    def _tell(self, message: Message) -> None:
        # A watcher that no longer takes messages has gone, or will look again when it can.
        self._watchers = [watcher for watcher in self._watchers if watcher.tell(message)]


__all__ = [
    "Panel",
    "PeripheralStatus",
    "ReadStatuses",
    "Statuses",
    "WatchPanel",
]
