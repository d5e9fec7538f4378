"""Peripherals as supervised actors: transport, framing, device, actor, and the kit that joins them.

The terminal imports `hw.toolbox`, `hw.form_factor` and `hw.virtual.kit`; here are the results and
errors that their callers meet, and nothing that starts or drags in a runtime: a PIN pad's process
imports this package too.
"""

from hw.errors import (
    BatteryLow,
    CaptureEnd,
    CaptureEnded,
    CardCode,
    CardProblem,
    PeripheralBusy,
    PeripheralError,
    PeripheralLost,
    PinEnd,
    PinEntryEnded,
    PrinterCode,
    PrinterProblem,
    PrintUnknown,
    Unsupported,
)
from hw.messages import CardRead, IdRead, PinContext, PinProgress, Printed, SealedPin

__all__ = [
    "IdRead",
    "CardRead",
    "PinContext",
    "PinProgress",
    "SealedPin",
    "Printed",
    "PeripheralError",
    "PeripheralLost",
    "PeripheralBusy",
    "BatteryLow",
    "Unsupported",
    "CardProblem",
    "CardCode",
    "CaptureEnded",
    "CaptureEnd",
    "PinEntryEnded",
    "PinEnd",
    "PrinterProblem",
    "PrinterCode",
    "PrintUnknown",
]
