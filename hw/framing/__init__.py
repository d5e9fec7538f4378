"""Byte formats of the peripherals, sans-IO: bytes in, frames out, and back.

Every decoder takes bytes in any pieces, never raises on what a line can carry, and holds a bounded
buffer.
"""

from hw.framing import capture, ccid, epp, escpos, sdt
from hw.framing.decoder import Decoder
from hw.framing.escpos import EscposReceipt

__all__ = ["Decoder", "EscposReceipt", "capture", "ccid", "epp", "escpos", "sdt"]
