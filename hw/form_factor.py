"""What a kit consists of; the toolbox: seven peripherals, one actor each, under one supervisor.

A lost link is a crash of that peripheral's actor alone, and its restart waits longer each time.
Deliberately not here: how the peripherals are reached; transports are handed in. Invariant: a kit
whose every peripheral is switched off stays within the supervisor's intensity, so that a dead
printer cannot take the terminal down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hw.actors import Panel, Peripheral
from hw.device import (
    Camera,
    CardReader,
    Device,
    IdReader,
    Microphone,
    PinPad,
    ReceiptPrinter,
    SignaturePad,
)
from hw.transport import Transport
from supervisors import (
    ChildSpec,
    Intensity,
    Restart,
    Strategy,
    SupervisorSpec,
)
from wire.backoff import Backoff
from wire.form import Capability

PANEL: Final = "panel"
"""The id of the panel among the kit's children."""

BACKOFF: Final = Backoff(first_s=0.25, most_s=15.0)

RESTARTS_PER_MINUTE_MAX: Final = 120
"""Seven absent peripherals take some sixty in their first minute; about twice that is a bug."""

SHUTDOWN_S: Final = 5.0


class Kit(msgspec.Struct, frozen=True):
    """A form factor: its name, and how to make the device of each capability it has."""

    name: str
    devices: Mapping[Capability, Callable[[], Device[Any]]]

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this kit can do."""
        return frozenset(self.devices)


TOOLBOX: Final = Kit(
    "toolbox",
    {
        Capability.ID_READER: IdReader,
        Capability.CARD_READER: CardReader,
        Capability.PIN_PAD: PinPad,
        Capability.CAMERA: Camera,
        Capability.SIGNATURE: SignaturePad,
        Capability.PRINTER: ReceiptPrinter,
        Capability.MICROPHONE: Microphone,
    },
)
"""Every peripheral on a line of its own."""


def toolbox_spec(
    transports: Mapping[Capability, Transport],
    *,
    id: str = "toolbox",  # noqa: A002 - OTP's word for it
    kit: Kit = TOOLBOX,
) -> SupervisorSpec:
    """The kit's part of a terminal's tree.

    Args:
        transports: a line for each peripheral that is there; the others are left out.
        id: the kit's id below its parent; its path is what `hw.toolbox.Toolbox` takes.
        kit: the form factor.
    """
    present = tuple(name for name in kit.devices if name in transports)

    def peripheral(name: Capability) -> ChildSpec:
        def start() -> Peripheral:
            return Peripheral(name, kit.devices[name](), transports[name], PANEL)

        return ChildSpec(name.value, start, Restart.PERMANENT, SHUTDOWN_S, BACKOFF)

    return SupervisorSpec(
        id=id,
        strategy=Strategy.ONE_FOR_ONE,
        intensity=Intensity(restarts=RESTARTS_PER_MINUTE_MAX, period_s=60.0),
        children=(ChildSpec(PANEL, lambda: Panel(present)), *map(peripheral, present)),
    )


__all__ = ["PANEL", "TOOLBOX", "Kit", "toolbox_spec"]
