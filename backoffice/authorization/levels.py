"""How much authorization a case needs: the maximum of all rules, and where the case then waits.

Levels A0–A4 and AX. Rules raise (`Raise`), nothing lowers. A0 and A1 pass by rules; A2 and A3 need
one authorizer of at least that level, A4 needs two different ones; AX is refused on the spot. Two
independent reasons for A3 make A4.

The second axis, timing and locality, is switchable per union × product × level while the office
runs: `assess` is handed a `Router` (`backoffice.authorization.policy`). A case keeps the route that
it was submitted under.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from wire.checks import Known
from wire.ids import LabelOrNone
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


class Assign(StrEnum):
    """How a case comes to a desk."""

    FREE = "free"
    """Whoever may decide it takes it from the list."""
    RANDOM = "random"
    """The office deals it out, so that nobody picks their friends' cases."""


class Raise(msgspec.Struct, frozen=True):
    """One rule that was met.

    Attributes:
        level: at least this much is needed.
        flag: short code that the desk shows; empty for a product's base level.
        reason: what it counts as where reasons for A3 are counted; its flag unless said.
        code: for `AX` only: why it is refused.
        message: for `AX` only: the sentence that the teller reads.
    """

    level: Level
    flag: str = ""
    reason: str = ""
    code: Code = Code.FORBIDDEN
    message: str = "该业务不能在移动终端办理，请引导客户到柜面办理。"


class Route(msgspec.Struct, frozen=True):
    """Where and how a case waits.

    Attributes:
        version: of the routing policy that said so.
        assign: how it comes to a desk.
        priority: 0 to 9; the higher go first among those who wait alike.
        centre: in whose pool it waits, too; empty where only its own union decides.
    """

    timing: Timing
    locality: Locality
    version: int
    assign: Assign = Assign.FREE
    priority: int = 0
    centre: str = ""


Router = Callable[[str, str, Level], Route]
"""(union, product, level) to the route of a case that is submitted now."""


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


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the general rules: configuration, fixed while the office runs.

    Attributes:
        senior_years: from this age on A3.
        minor_years: below this age A3.
        a1_fen_max: amounts up to this need a PIN only.
        a2_fen_max: amounts up to this need one A2.
        a3_fen_max: amounts up to this need one A3; above, A4.
        sync_ms: how long a customer at the table waits.
        async_ms: by when a queued case should be decided.
        sync_kbps_min: a slower uplink is too slow for a customer to wait at; kbit/s.
        sample_permille: the share of closed A1 cases that an authorizer reviews afterwards.
        centre: the code of the provincial authorization centre, whose devices and staff have it for
            their union; their desks decide `central` cases of every union. Empty for none.
    """

    senior_years: int = 65
    minor_years: int = 18
    a1_fen_max: int = 1_000_00
    a2_fen_max: int = 50_000_00
    a3_fen_max: int = 200_000_00
    sync_ms: int = 120 * 1000
    async_ms: int = 15 * 60 * 1000
    sync_kbps_min: int = 200
    sample_permille: int = 50
    centre: LabelOrNone = "530000"

    def patience_ms(self, timing: Timing) -> int:
        """How long a case of this timing should wait for its decision."""
        return self.sync_ms if timing is Timing.SYNC else self.async_ms


THRESHOLDS: Final = Thresholds()
"""The defaults."""

SENIOR = "senior"
MINOR = "minor"
OFF_AREA = "off_area"
POSTURE_UNKNOWN = "posture_unknown"
PLACE_UNKNOWN = "place_unknown"
STOCK_UNKNOWN = "stock_unknown"
NAME_RARE = "name_rare"
ID_TERM = "id_term"
PHOTO_REUSED = "photo_reused"
IDENTITY_NO_PHOTO = "idv_no_photo"
IDENTITY_CURED = "idv_second_document"
SLOW_LINK = "slow_link"
WITNESS = "witness"
RESCAN = "rescan"
SAME_NAME = "same_name"
"""Shown to whoever carries the name of the operator or of the first approver."""


def by_age(years: int, thresholds: Thresholds) -> tuple[Raise, ...]:
    """A3 for the old and the young."""
    if years >= thresholds.senior_years:
        return (Raise(Level.A3, SENIOR),)
    if years < thresholds.minor_years:
        return (Raise(Level.A3, MINOR),)
    return ()


def by_amount(fen: int, thresholds: Thresholds) -> Raise:
    """The level of an amount of money, in fen."""
    if fen <= thresholds.a1_fen_max:
        return Raise(Level.A1)
    if fen <= thresholds.a2_fen_max:
        return Raise(Level.A2)
    return Raise(Level.A3 if fen <= thresholds.a3_fen_max else Level.A4, "amount")


def by_lack(known: Known, flag: str) -> tuple[Raise, ...]:
    """A3 where a guard lacks its fact; however many are lacking, that is one reason."""
    return (Raise(Level.A3, flag, Known.UNKNOWN),) if known is Known.UNKNOWN else ()


def assess(
    raises: Iterable[Raise], union: str, product: str, route: Router
) -> Assessment | Refusal:
    """The maximum of all rules; AX is a refusal."""
    met = tuple(raises)
    for rule in met:
        if rule.level is Level.AX:
            return Refusal(rule.code, rule.message)
    level = max((rule.level for rule in met), default=Level.A0)
    reasons = {rule.reason or rule.flag for rule in met if rule.level is Level.A3}
    if len(reasons) > 1:
        level = Level.A4
    flags = tuple(sorted({rule.flag for rule in met if rule.flag}))
    return Assessment(level, flags, route(union, product, level))


__all__ = [
    "IDENTITY_CURED",
    "IDENTITY_NO_PHOTO",
    "MINOR",
    "ID_TERM",
    "NAME_RARE",
    "OFF_AREA",
    "PLACE_UNKNOWN",
    "POSTURE_UNKNOWN",
    "PHOTO_REUSED",
    "RESCAN",
    "SAME_NAME",
    "SENIOR",
    "SLOW_LINK",
    "STOCK_UNKNOWN",
    "THRESHOLDS",
    "Assessment",
    "Assign",
    "Level",
    "Locality",
    "Raise",
    "Route",
    "Router",
    "Thresholds",
    "Timing",
    "WITNESS",
    "assess",
    "by_age",
    "by_amount",
    "by_lack",
]
