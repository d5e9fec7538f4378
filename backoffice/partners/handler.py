"""How a case reaches a partner: its outbox entries become requests to the union's partner actor.

A definite answer goes back to the case as it is. No answer, for whatever reason, is
`PartnerSilent`: the case then inquires under the same key. A refusal by the partner (another
request under the key) counts as DECLINED, because the case must never try another key. How well
the partner behaves is `backoffice.partners.conduct`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from actors import ActorError, Refused
from actors.durable import Commanded
from actors.ref import Ref
from backoffice.cases.commands import PartnerSilent
from backoffice.partners.conduct import REFUSAL, Conducts, Unheard
from backoffice.partners.embedded import Refuse
from backoffice.partners.operations import Partner
from backoffice.partners.port import (
    PARTNER_S_MAX,
    Abort,
    Commit,
    Inquire,
    PartnerOutcome,
    PartnerRequest,
    PartnerStatus,
    Prepare,
    Reverse,
)
from wire.message import Message


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
        assert isinstance(message, Prepare | Commit | Abort | Inquire | Reverse), key
        ask = decline = partial(self._ask, key, message, message)
        if isinstance(message, Prepare | Commit | Reverse):
            decline = partial(self._ask, key, message, Refuse(message, REFUSAL))
        try:
            reserved = not isinstance(message, Prepare)
            return await self._conducts.hear(
                self._partner, message.union, ask, decline, reserved=reserved
            )
        except Unheard:
            return PartnerSilent(message.key)
        except Refused as refused:
            # What was never asked was never prepared; of all later steps nothing is known.
            if isinstance(message, Prepare):
                return PartnerOutcome(message.key, PartnerStatus.DECLINED, refused.refusal)
            return PartnerSilent(message.key)

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


__all__ = ["PartnerHandler"]
