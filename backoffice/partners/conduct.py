"""How whoever is outside behaves, for tests, drills and the simulation: well, slowly, or badly.

What is answered is decided by rules alone; conduct decides whether and when it is heard. It is
applied in one place (`Conducts.hear`), around every request that leaves the office: of a case to a
partner, of a form for a list, for an identity check, for a short message. So all can misbehave
alike. Told conduct stands until something else is told; where nothing is told, chance may draw,
from a seeded source.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

import trio

from actors import Refused
from backoffice.partners.operations import Partner
from backoffice.partners.port import PARTNER_S_MAX
from wire.message import Code, Refusal

T = TypeVar("T")

REFUSAL: Final = Refusal(Code.CORE_DECLINED, "合作机构未受理该业务，请稍后再试")
"""What a partner says that declines without a reason of its own."""


class Service(StrEnum):
    """Who is asked beside the partners: no plan has a leg there."""

    IDV = "idv"
    """The population register (联网核查)."""
    SMS = "sms"
    """The gateway for short messages."""


Party = Partner | Service
"""Whoever can be told how to behave."""


class Manner(StrEnum):
    """The ways to behave."""

    NORMAL = "normal"
    SLOW = "slow"
    """Takes its time, then answers; if that is longer than anybody waits, nothing was done."""
    TIME_OUT = "time_out"
    """Does what it is asked, and the answer is lost."""
    DECLINE = "decline"
    """Declines every PREPARE, every COMMIT that it may decline, and every question."""
    STALLED = "stalled"
    """Answers questions and takes what is to be reserved, and hears nothing of that afterwards."""
    DOWN = "down"
    """Hears nothing."""


@dataclass(frozen=True)
class Conduct:
    """One way to behave; `seconds` is how slow `SLOW` is."""

    manner: Manner
    seconds: float = 0.0


NORMAL: Final = Conduct(Manner.NORMAL)


class Unheard(Exception):
    """No answer was heard.

    Attributes:
        reached: the request may have been heard nevertheless.
    """

    def __init__(self, *, reached: bool) -> None:
        super().__init__("no answer")
        self.reached = reached


class Conducts:
    """How everybody behaves now.

    Args:
        dice: where chance is drawn from; None for no chance.
        chances: how likely a conduct is at each request, from 0 to 1, together at most 1.
    """

    def __init__(
        self,
        dice: random.Random | None = None,
        chances: Mapping[Conduct, float] | None = None,
    ) -> None:
        self._told: dict[tuple[Party, str], Conduct] = {}
        self._dice = dice
        self._chances = dict(chances or {})
        self._refused: Mapping[Party, Refusal] = {}
        self._drills: Mapping[Party, Conduct] = {}

    def refuse(self, parties: Mapping[Party, Refusal]) -> None:
        """From now on nobody asks these, whatever they would do: nothing stands behind them."""
        self._refused = parties

    def drill(self, drills: Mapping[Party, Conduct]) -> None:
        """From now on these behave like this in every union, whatever else they are told."""
        self._drills = drills

    def tell(self, party: Party, union: str, conduct: Conduct) -> None:
        """From now on a union's partner or service behaves like this."""
        self._told[party, union] = conduct

    def calm(self) -> None:
        """From now on everybody behaves well."""
        self._told.clear()
        self._chances.clear()

    async def hear(
        self,
        party: Party,
        union: str,
        ask: Callable[[], Awaitable[T]],
        decline: Callable[[], Awaitable[T]],
        *,
        reserved: bool = False,
    ) -> T:
        """What is heard of one request.

        Args:
            ask: asks, and waits no longer than anybody waits.
            decline: what the same request comes to where it is declined.
            reserved: the request is about something that was to be reserved before.

        Raises:
            Refused: nobody can be asked there.
            Unheard: nothing, or later than anybody waits.
        """
        if party in self._refused:
            await trio.lowlevel.checkpoint()
            raise Refused(self._refused[party])
        conduct = self.next(party, union)
        deaf = conduct.manner is Manner.STALLED and reserved
        match conduct.manner:
            case manner if deaf or manner is Manner.DOWN:
                await trio.lowlevel.checkpoint()
                raise Unheard(reached=False)
            case Manner.SLOW:
                await trio.sleep(min(conduct.seconds, PARTNER_S_MAX))
                if conduct.seconds >= PARTNER_S_MAX:
                    raise Unheard(reached=True)
            case Manner.DECLINE:
                return await decline()
        answer = await ask()
        if conduct.manner is Manner.TIME_OUT:
            raise Unheard(reached=True)
        return answer

    def next(self, party: Party, union: str) -> Conduct:
        """How a partner or service behaves at its next request."""
        told = self._drills.get(party) or self._told.get((party, union))
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


__all__ = [
    "NORMAL",
    "REFUSAL",
    "Conduct",
    "Conducts",
    "Manner",
    "Party",
    "Service",
    "Unheard",
]
