"""Ways to a peripheral: one port, its implementations, and the faults of the virtual one."""

from hw.transport.faults import Fault, FaultPlan
from hw.transport.port import PIECE_BYTES_MAX, Piece, Transport
from hw.transport.process import ProcessTransport
from hw.transport.virtual import NEVER, VirtualDevice, VirtualTransport

__all__ = [
    "NEVER",
    "PIECE_BYTES_MAX",
    "Fault",
    "FaultPlan",
    "Piece",
    "ProcessTransport",
    "Transport",
    "VirtualDevice",
    "VirtualTransport",
]
