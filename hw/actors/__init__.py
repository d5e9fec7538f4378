"""The actors of the kit: one for each peripheral, and the panel that shows how they are."""

from hw.actors.panel import Panel, PeripheralStatus, ReadStatuses, Statuses, WatchPanel
from hw.actors.peripheral import Peripheral

__all__ = ["Panel", "Peripheral", "PeripheralStatus", "ReadStatuses", "Statuses", "WatchPanel"]
