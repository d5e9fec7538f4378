"""How an embedded partner behaves, for tests, drills and the simulation: well, slowly, or badly.

What a partner says is decided by its rules alone; conduct decides whether and when it is heard. It
is applied in one place, around the handler through which cases reach partners, so every partner
can misbehave alike. Told conduct stands until something else is told; where nothing is told, chance
may draw, from a seeded source.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backoffice.partners.operations import Partner
from wire.message import Code, Refusal

REFUSAL: Final = Refusal(Code.CORE_DECLINED, "合作机构未受理该业务，请稍后再试")
"""What a partner says that declines without a reason of its own."""


class Manner(StrEnum):
    """The ways to behave."""

    NORMAL = "normal"
    SLOW = "slow"
    """Takes its time, then answers; if that is longer than anybody waits, nothing was done."""
    TIME_OUT = "time_out"
    """Does what it is asked, and the answer is lost."""
    DECLINE = "decline"
    """Declines every PREPARE, and every COMMIT that it may decline."""
    DOWN = "down"
    """Hears nothing."""


@dataclass(frozen=True)
class Conduct:
    """One way to behave; `seconds` is how slow `SLOW` is."""

    manner: Manner
    seconds: float = 0.0


NORMAL: Final = Conduct(Manner.NORMAL)


class Conducts:
    """How every partner behaves now.

    Args:
        dice: where chance is drawn from; None for no chance.
        chances: how likely a conduct is at each request, from 0 to 1, together at most 1.
    """

    def __init__(
        self,
        dice: random.Random | None = None,
        chances: Mapping[Conduct, float] | None = None,
    ) -> None:
        self._told: dict[tuple[Partner, str], Conduct] = {}
        self._dice = dice
        self._chances = dict(chances or {})

    def tell(self, partner: Partner, union: str, conduct: Conduct) -> None:
        """From now on a union's partner behaves like this."""
        self._told[partner, union] = conduct

    def calm(self) -> None:
        """From now on everybody behaves well."""
        self._told.clear()
        self._chances.clear()

    def next(self, partner: Partner, union: str) -> Conduct:
        """How a partner behaves at its next request."""
        told = self._told.get((partner, union))
        if told is not None:
            return told
        if self._dice is None or not self._chances:
            return NORMAL
        point = self._dice.random()
        for conduct, chance in self._chances.items():
            point -= chance
            if point < 0:
                return conduct
        return NORMAL


__all__ = ["NORMAL", "REFUSAL", "Conduct", "Conducts", "Manner"]
