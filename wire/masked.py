"""Types for the numbers that must never be read in a log: they print masked, whole only on demand.

Masks follow JR/T 0171-2020's display rule: enough to recognise, too little to use.
"""

from __future__ import annotations

import msgspec


class IdNumber(msgspec.Struct, frozen=True, array_like=True):
    """A resident identity number, 18 characters; `str` and `repr` show `530***********002X`."""

    number: str

    @property
    def masked(self) -> str:
        """The first three and last four characters, the rest as stars."""
        return self.number[:3] + "*" * max(len(self.number) - 7, 0) + self.number[-4:]

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"IdNumber({self.masked})"


class Pan(msgspec.Struct, frozen=True, array_like=True):
    """A card number, 16–19 digits; `str` and `repr` show `621700******1234`."""

    digits: str

    @property
    def masked(self) -> str:
        """The first six and last four digits, the rest as stars (PCI DSS 3.4.1)."""
        return self.digits[:6] + "*" * max(len(self.digits) - 10, 0) + self.digits[-4:]

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Pan({self.masked})"


class Phone(msgspec.Struct, frozen=True, array_like=True):
    """A mobile number, 11 digits; `str` and `repr` show `138****5678`."""

    digits: str

    @property
    def masked(self) -> str:
        """The first three and last four digits."""
        return self.digits[:3] + "*" * max(len(self.digits) - 7, 0) + self.digits[-4:]

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Phone({self.masked})"


__all__ = ["IdNumber", "Pan", "Phone"]
