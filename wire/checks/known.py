"""What a guard may be told of a fact: yes, no, or that nobody knows.

A fact that is missing is no fact that is fine, so `UNKNOWN` is a value that somebody has to hand
over and somebody has to deal with.
"""

from __future__ import annotations

from enum import StrEnum


class Known(StrEnum):
    """Whether something is so."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, truth: bool) -> Known:
        """What is known for sure."""
        return cls.YES if truth else cls.NO


__all__ = ["Known"]
