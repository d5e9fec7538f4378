"""The small lights of the kit as the page shows them: who is ready, and how many keys are typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actors import Actor, on
from hw.actors import PeripheralStatus
from hw.messages import PinProgress
from terminal.page_model import PeripheralView
from wire.form import Capability

ABSENT: Final = frozenset({"absent", "connecting", "lost", "backoff"})
READY: Final = frozenset({"idle", "ready", "no_card", "present", "done"})
FAULT: Final = frozenset(
    {"failed", "fault", "tampered", "no_keys", "paper_out", "cover_open", "overheat"}
)


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
    state = status.state.lower()
    if state in ABSENT:
        shown = "absent"
    elif state in READY:
        shown = "ready"
    else:
        shown = "fault" if state in FAULT else "busy"
    return PeripheralView(status.name, shown, status.last_error, status.battery)


__all__ = ["KitWatch", "peripheral_view"]
