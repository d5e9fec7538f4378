"""A virtual bank card: enough of EMV to give its number and its expiry, and nothing to pay with.

Deliberately not here: keys, cryptograms, a PIN. Source of the commands: EMV Book 1 §11-12, Book 3
§6.5; UnionPay's registered application id.
"""

from __future__ import annotations

from wire.checks import luhn_digit

ATR = bytes.fromhex("3B6800000073C84000009000")
"""What the card says when it is powered."""

_PPSE = b"2PAY.SYS.DDF01"
_AID = bytes.fromhex("A000000333010101")
_OK = b"\x90\x00"
_NOT_FOUND = b"\x6a\x82"
_NO_RECORD = b"\x6a\x83"
_NOT_SUPPORTED = b"\x6d\x00"
_CONDITIONS = b"\x69\x85"


class VirtualBankCard:
    """One card in the slot.

    Attributes:
        pan: its number, 16-19 digits.
        expiry: `YYMM`.
    """

    def __init__(self, pan: str, expiry: str = "3112", *, directory: bool = True) -> None:
        """Take number and expiry; `directory` False is an older card without PPSE."""
        self.pan = pan
        self.expiry = expiry
        self._directory = directory
        self._selected = False

    def __repr__(self) -> str:
        return f"VirtualBankCard(***{self.pan[-4:]})"

    def power(self) -> bytes:
        """Reset; returns the ATR."""
        self._selected = False
        return ATR

    def apdu(self, command: bytes) -> bytes:
        """Answer one command APDU: data and the two status bytes."""
        match command[:2]:
            case b"\x00\xa4":
                return self._select(command[5 : 5 + command[4]] if len(command) > 5 else b"")
            case b"\x80\xa8" if self._selected:
                locator = bytes([2 << 3, 1, 1, 0])
                return _tlv(0x77, _tlv(0x82, b"\x7c\x00") + _tlv(0x94, locator)) + _OK
            case b"\x00\xb2" if self._selected:
                wanted = command[2:4] == bytes([1, 2 << 3 | 4])
                return self._record() + _OK if wanted else _NO_RECORD
            case b"\x80\xa8" | b"\x00\xb2":
                return _CONDITIONS
            case _:
                return _NOT_SUPPORTED

    def _select(self, name: bytes) -> bytes:
        if name == _PPSE and self._directory:
            entry = _tlv(0x61, _tlv(0x4F, _AID) + _tlv(0x87, b"\x01"))
            return _tlv(0x6F, _tlv(0x84, _PPSE) + _tlv(0xA5, _tlv(0xBF0C, entry))) + _OK
        self._selected = name == _AID
        if self._selected:
            label = _tlv(0x50, b"PBOC DEBIT")
            return _tlv(0x6F, _tlv(0x84, _AID) + _tlv(0xA5, label)) + _OK
        return _NOT_FOUND

    def _record(self) -> bytes:
        digits = self.pan + "f" * (len(self.pan) % 2)
        last_day = self.expiry + "31"
        body = _tlv(0x5A, bytes.fromhex(digits)) + _tlv(0x5F24, bytes.fromhex(last_day))
        return _tlv(0x70, body)


def card_number(prefix: str, serial: int, length: int = 19) -> str:
    """A number with a valid check digit: issuer prefix, serial, check.

    Args:
        prefix: the issuer's digits, beginning with 62.
        serial: of the card in its stock, from 0.
        length: 16-19 digits in all.
    """
    digits = prefix + str(serial).zfill(length - 1 - len(prefix))
    assert len(digits) == length - 1, "the serial fits"
    return digits + luhn_digit(digits)


def _tlv(tag: int, value: bytes) -> bytes:
    assert len(value) < 0x80, "short lengths only"
    return tag.to_bytes(2 if tag > 0xFF else 1, "big") + bytes([len(value)]) + value


__all__ = ["ATR", "VirtualBankCard", "card_number"]
