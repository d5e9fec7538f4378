"""How much authorization a case needs: the maximum of all rules, and where the case then waits.

Levels A0–A4 and AX. Rules raise (`Raise`), nothing lowers. A0 and A1 pass by rules; A2 and A3 need
one authorizer of at least that level, A4 needs two different ones; AX is refused on the spot. Two
independent reasons for A3 make A4.

The second axis, timing and locality, is switchable per union × product × level: `Policy.route` is
the one place that decides it. A case keeps the route it was submitted under.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from wire.message import Code, Refusal


class Level(IntEnum):
    """How much authorization; comparable."""

    A0 = 0
    A1 = 1
    A2 = 2
    A3 = 3
    A4 = 4
    AX = 5


class Timing(StrEnum):
    """Whether the customer waits at the table for the decision."""

    SYNC = "sync"
    ASYNC = "async"


class Locality(StrEnum):
    """Whose desks decide."""

    OUTLET = "outlet"
    UNION = "union"
    CENTRAL = "central"


class Raise(msgspec.Struct, frozen=True):
    """One rule that was met.

    Attributes:
        level: at least this much is needed.
        flag: short code that the desk shows; empty for a product's base level.
        code: for `AX` only: why it is refused.
        message: for `AX` only: the sentence that the teller reads.
    """

    level: Level
    flag: str = ""
    code: Code = Code.FORBIDDEN
    message: str = "该业务不能在移动终端办理，请引导客户到柜面办理。"


class Route(msgspec.Struct, frozen=True):
    """Where a case waits, and the version of the policy that said so."""

    timing: Timing
    locality: Locality
    policy: int


class Assessment(msgspec.Struct, frozen=True):
    """What the rules found."""

    level: Level
    flags: tuple[str, ...]
    route: Route

    @property
    def approvals(self) -> int:
        """How many different authorizers must say yes."""
        if self.level <= Level.A1:
            return 0
        return 2 if self.level is Level.A4 else 1


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of the general rules.

    Attributes:
        version: rises with every change; cases remember theirs.
        senior_years: from this age on A3.
        minor_years: below this age A3.
        a1_fen_max: amounts up to this need a PIN only.
        a2_fen_max: amounts up to this need one A2.
        a3_fen_max: amounts up to this need one A3; above, A4.
        sync_ms: how long a customer at the table waits.
        async_ms: by when a queued case should be decided.
    """

    version: int = 1
    senior_years: int = 65
    minor_years: int = 18
    a1_fen_max: int = 1_000_00
    a2_fen_max: int = 50_000_00
    a3_fen_max: int = 200_000_00
    sync_ms: int = 120 * 1000
    async_ms: int = 15 * 60 * 1000

    def route(self, union: str, product: str, level: Level) -> Route:
        """Timing and locality: all central; from A3 on the customer waits at the table."""
        del union, product
        timing = Timing.SYNC if level >= Level.A3 else Timing.ASYNC
        return Route(timing, Locality.CENTRAL, self.version)

    def patience_ms(self, timing: Timing) -> int:
        """How long a case of this timing should wait for its decision."""
        return self.sync_ms if timing is Timing.SYNC else self.async_ms


POLICY: Final = Policy()
"""The defaults."""

SENIOR = "senior"
MINOR = "minor"
OFF_AREA = "off_area"
NAME_RARE = "name_rare"
PHOTO_REUSED = "photo_reused"
IDENTITY_NO_PHOTO = "idv_no_photo"
IDENTITY_CURED = "idv_second_document"


def by_age(years: int, policy: Policy) -> tuple[Raise, ...]:
    """A3 for the old and the young."""
    if years >= policy.senior_years:
        return (Raise(Level.A3, SENIOR),)
    if years < policy.minor_years:
        return (Raise(Level.A3, MINOR),)
    return ()


def by_amount(fen: int, policy: Policy) -> Raise:
    """The level of an amount of money, in fen."""
    if fen <= policy.a1_fen_max:
        return Raise(Level.A1)
    if fen <= policy.a2_fen_max:
        return Raise(Level.A2)
    return Raise(Level.A3 if fen <= policy.a3_fen_max else Level.A4, "amount")


def assess(
    raises: Iterable[Raise], union: str, product: str, policy: Policy
) -> Assessment | Refusal:
    """The maximum of all rules; AX is a refusal."""
    met = tuple(raises)
    for rule in met:
        if rule.level is Level.AX:
            return Refusal(rule.code, rule.message)
    level = max((rule.level for rule in met), default=Level.A0)
    reasons = {rule.flag for rule in met if rule.level is Level.A3}
    if len(reasons) > 1:
        level = Level.A4
    flags = tuple(sorted({rule.flag for rule in met if rule.flag}))
    return Assessment(level, flags, policy.route(union, product, level))


__all__ = [
    "IDENTITY_CURED",
    "IDENTITY_NO_PHOTO",
    "MINOR",
    "NAME_RARE",
    "OFF_AREA",
    "PHOTO_REUSED",
    "POLICY",
    "SENIOR",
    "Assessment",
    "Level",
    "Locality",
    "Policy",
    "Raise",
    "Route",
    "Timing",
    "assess",
    "by_age",
    "by_amount",
]
