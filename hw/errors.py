"""The one tree of errors that peripherals raise, ordered by what the caller may do next.

    PeripheralError
    ├── PeripheralLost     the link died or nobody answered; what was in flight is unknown
    ├── PeripheralBusy     somebody else is using it; ask again later
    ├── BatteryLow         too little charge to begin something that must not break off
    ├── Unsupported        this kit, device or document cannot do it; asking again will not help
    ├── CardProblem        the card, with a code; put the card right and ask again
    ├── CaptureEnded       no photo or signature, with a reason; ask again
    ├── PinEntryEnded      no PIN block, with a reason; never asked again by itself
    ├── PrinterProblem     nothing was printed, with a code; put it right and ask again
    └── PrintUnknown       something was printed, nobody knows how much; a person must look

No error carries a card number, an ID number or anything a customer typed.
"""

from __future__ import annotations

from enum import StrEnum


class CardCode(StrEnum):
    """What is wrong with a card."""

    NO_CARD = "no_card"
    REMOVED = "removed"
    MUTE = "mute"
    WRONG_CARD = "wrong_card"
    READ_FAILED = "read_failed"
    AUTH_FAILED = "auth_failed"
    NOT_AUTHORISED = "not_authorised"
    """The reader's security module is not activated."""
    NOT_A_BANK_CARD = "not_a_bank_card"


class PinEnd(StrEnum):
    """Why a PIN entry ended without a block."""

    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    TAMPERED = "tampered"
    MISMATCH = "mismatch"
    """The two entries differed as often as the pad allows."""
    WEAK = "weak"
    """Only weak PINs were offered as often as the pad allows."""
    LOST = "lost"
    """The pad has left the entry and its block, if there was one, did not arrive."""


class PrinterCode(StrEnum):
    """Why nothing can be printed."""

    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    OVERHEAT = "overheat"
    FAULT = "fault"


class CaptureEnd(StrEnum):
    """Why there is no photo or signature."""

    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """The device does not know the subject."""
    DAMAGED = "damaged"
    """The bytes fetched are not those captured."""


class PeripheralError(Exception):
    """Any failure of a peripheral."""


class PeripheralLost(PeripheralError):
    """The link died or nobody answered in time; what was in flight is unknown."""


class PeripheralBusy(PeripheralError):
    """The device is in use; the same call may succeed later."""


class BatteryLow(PeripheralError):
    """Too little charge to begin.

    Attributes:
        percent: what is left.
    """

    def __init__(self, percent: int) -> None:
        super().__init__(f"{percent} % left")
        self.percent = percent


class Unsupported(PeripheralError):
    """This kit, device or document cannot do it."""


class CardProblem(PeripheralError):
    """The card could not be read.

    Attributes:
        code: what is wrong.
    """

    def __init__(self, code: CardCode) -> None:
        super().__init__(code.value)
        self.code = code


class CaptureEnded(PeripheralError):
    """No photo, no signature.

    Attributes:
        reason: why.
    """

    def __init__(self, reason: CaptureEnd) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PinEntryEnded(PeripheralError):
    """No PIN block; whether to ask the customer again is the business case's decision.

    Attributes:
        reason: why.
    """

    def __init__(self, reason: PinEnd) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PrinterProblem(PeripheralError):
    """The printer is not ready and has printed nothing.

    Attributes:
        code: what is wrong.
    """

    def __init__(self, code: PrinterCode) -> None:
        super().__init__(code.value)
        self.code = code


class PrintUnknown(PeripheralError):
    """Printing began and its end is unknown; never repeated without a person having looked.

    Attributes:
        stage: how far it came as far as is known: `3/12` steps sent, or `draining`.
    """

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.stage = stage


__all__ = [
    "BatteryLow",
    "CaptureEnd",
    "CaptureEnded",
    "CardCode",
    "CardProblem",
    "PeripheralBusy",
    "PeripheralError",
    "PeripheralLost",
    "PinEnd",
    "PinEntryEnded",
    "PrintUnknown",
    "PrinterCode",
    "PrinterProblem",
    "Unsupported",
]
