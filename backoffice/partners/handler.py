"""How a case reaches a partner: its outbox entries become requests to the union's partner actor.

A definite answer goes back to the case as it is. No answer, for whatever reason, is
`PartnerSilent`: the case then inquires under the same key. A refusal by the partner (another
request under the key) counts as DECLINED, because the case must never try another key. How well
the partner behaves is `backoffice.partners.conduct`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from actors import ActorError, Refused
from actors.behaviour import Commanded
from actors.ref import Ref
from backoffice.cases.commands import PartnerSilent
from backoffice.partners.conduct import REFUSAL, Conducts, Manner
from backoffice.partners.embedded import Refuse
from backoffice.partners.operations import Partner
from backoffice.partners.port import (
    Abort,
    Commit,
    Inquire,
    PartnerOutcome,
    PartnerRequest,
    PartnerStatus,
    Prepare,
)
from wire.message import Message

PARTNER_S_MAX: Final = 10.0
"""How long a partner may take to answer before the outcome counts as unknown, in seconds."""


class PartnerHandler:
    """Carries out effects addressed to one partner.

    Args:
        partner: who.
        actor: the partner's actor of a union.
        conducts: how it behaves.
    """

    def __init__(self, partner: Partner, actor: Callable[[str], Ref], conducts: Conducts) -> None:
        self._partner = partner
        self._actor = actor
        self._conducts = conducts

    async def __call__(self, key: str, message: Message) -> PartnerOutcome | PartnerSilent:
        """The partner's answer as the case's next command."""
        assert isinstance(message, Prepare | Commit | Abort | Inquire), key
        request: PartnerRequest | Refuse = message
        conduct = self._conducts.next(self._partner, message.union)
        match conduct.manner:
            case Manner.DOWN:
                await trio.lowlevel.checkpoint()
                return PartnerSilent(message.key)
            case Manner.SLOW:
                await trio.sleep(min(conduct.seconds, PARTNER_S_MAX))
                if conduct.seconds >= PARTNER_S_MAX:
                    return PartnerSilent(message.key)
            case Manner.DECLINE if isinstance(message, Prepare | Commit):
                request = Refuse(message, REFUSAL)
        answer = await self._ask(key, message, request)
        return PartnerSilent(message.key) if conduct.manner is Manner.TIME_OUT else answer

    async def _ask(
        self, key: str, message: PartnerRequest, request: PartnerRequest | Refuse
    ) -> PartnerOutcome | PartnerSilent:
        commanded: Commanded[PartnerOutcome] = Commanded(f"case/{key}", request)
        try:
            return await self._actor(message.union).ask(commanded, within=PARTNER_S_MAX)
        except Refused as refused:
            if refused.refusal.retryable:
                return PartnerSilent(message.key)
            return PartnerOutcome(message.key, PartnerStatus.DECLINED, refused.refusal)
        except ActorError:
            return PartnerSilent(message.key)


__all__ = ["PARTNER_S_MAX", "PartnerHandler"]
