"""The small lights of the kit as the page shows them: who is ready, and how many keys are typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actors import Actor, on
from hw.actors import PeripheralStatus
from hw.messages import PinProgress
from terminal.page_model import PeripheralView
from wire.form import Capability

ABSENT: Final = frozenset({"absent", "connecting", "offline"})
FAULT: Final = frozenset(
    {
        "no_keys",
        "tampered",
        "auth_failed",
        "mute",
        "paper_out",
        "cover_open",
        "overheat",
        "fault",
        "unknown",
    }
)
BUSY: Final = frozenset(
    {
        *("finding", "selecting", "reading"),
        *("powered", "selected", "exchanging"),
        *("arming", "entering"),
        *("armed", "capturing", "review"),
        *("spooling", "draining"),
    }
)
"""The states of `hw.device` in which a peripheral works for somebody; in the rest it is ready."""


class KitWatch(Actor):
    """Keeps the newest light of every peripheral.

    Args:
        names: the kit's peripherals, in the order of the page.
        typed: called with how many keys stand in the customer's entry.
        changed: called after every change.
    """

    def __init__(
        self,
        names: tuple[Capability, ...],
        typed: Callable[[int], None],
        changed: Callable[[], None],
    ) -> None:
        self._typed = typed
        self._changed = changed
        self.lights = {name: PeripheralStatus(name, "absent") for name in names}

    @on(PeripheralStatus)
    def light(self, status: PeripheralStatus) -> None:
        """A peripheral's light changed."""
        self.lights[status.name] = status
        self._changed()

    @on(PinProgress)
    def progress(self, progress: PinProgress) -> None:
        """The customer types."""
        self._typed(progress.keys)
        self._changed()


def peripheral_view(status: PeripheralStatus) -> PeripheralView:
    """A light as one of the page's four states."""
    shown = "ready"
    for word, states in (("absent", ABSENT), ("fault", FAULT), ("busy", BUSY)):
        if status.state in states:
            shown = word
    return PeripheralView(status.name, shown, status.last_error, status.battery)


__all__ = ["KitWatch", "peripheral_view"]
