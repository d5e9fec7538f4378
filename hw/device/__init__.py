"""One device each: state table and scripts; and the session that drives any of them, sans-IO."""

from hw.device.capture import Camera, Microphone, SignaturePad
from hw.device.card_reader import CardReader
from hw.device.device import Device
from hw.device.id_reader import IdReader
from hw.device.pin_pad import PinPad
from hw.device.receipt_printer import ReceiptPrinter
from hw.device.session import Action, Answer, Hang, Send, Session, Tell

__all__ = [
    "Action",
    "Answer",
    "Camera",
    "CardReader",
    "Device",
    "Hang",
    "IdReader",
    "Microphone",
    "PinPad",
    "ReceiptPrinter",
    "Send",
    "Session",
    "SignaturePad",
    "Tell",
]
