"""What the rules of a case are configured with: products, patience, bounds, and how to verify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from backoffice.authorization.hours import DESKS, Desks
from backoffice.authorization.levels import THRESHOLDS, Thresholds
from backoffice.forms import Forms

Verify = Callable[[bytes, bytes, bytes, bytes], bool]
"""(public key, context, body, signature) → whether it holds; `wire.keys.verify`."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long a case waits for people and for partners, milliseconds.

    Attributes:
        lease_ms: how long a claim holds without a heartbeat.
        returned_ms: how long a returned case may be corrected.
        prepared_ms: how long what is prepared waits for a signature.
        inquire_ms_first: the pause before the first inquiry; doubles each time.
        inquire_ms_max: the longest pause between inquiries.
        inquiries_max: after so many unanswered ones a person must look.
        manual_ms_first: the pause before the office asks on by itself about what it gave up;
            doubles each time.
        manual_ms_max: the longest pause of those.
    """

    lease_ms: int = 5 * 60 * 1000
    returned_ms: int = 24 * 60 * 60 * 1000
    prepared_ms: int = 24 * 60 * 60 * 1000
    inquire_ms_first: int = 2_000
    inquire_ms_max: int = 5 * 60 * 1000
    inquiries_max: int = 24
    manual_ms_first: int = 10 * 60 * 1000
    manual_ms_max: int = 60 * 60 * 1000


TERMS: Final = Terms()
"""The defaults: a partner that is away for an hour and a half is waited for."""


@dataclass(frozen=True)
class Rules:
    """Everything besides a case and a command that the rules look at.

    Attributes:
        forms: every form that a case on file has filled.
        verify: `wire.keys.verify`.
        thresholds: how long queued cases may wait.
        desks: when those work whom they wait for.
        terms: leases, expiries and inquiries.
        draw_key: the secret by which cases are drawn for a review, at most 64 bytes.
        learn: the office keeps customers' records, and learns from what became real.
    """

    forms: Forms
    verify: Verify
    thresholds: Thresholds = THRESHOLDS
    desks: Desks = DESKS
    terms: Terms = TERMS
    draw_key: bytes = field(default=b"", repr=False)
    learn: bool = False


__all__ = ["TERMS", "Rules", "Terms", "Verify"]
