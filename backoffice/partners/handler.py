"""How a case reaches the core: its outbox entries become requests to the union's core actor.

A definite answer goes back to the case as it is. No answer, for whatever reason, is `CoreUnknown`:
the case then inquires under the same key. A refusal by the core (another request under the key)
counts as DECLINED, because the case must never try another key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actors import ActorError, Refused
from actors.behaviour import Commanded
from actors.ref import Ref
from backoffice.cases.commands import CoreUnknown
from backoffice.partners.core import Abort, Commit, CoreOutcome, CoreStatus, Inquire, Prepare
from wire.message import Message

CORE_S_MAX: Final = 10.0
"""How long the core may take to answer before the outcome counts as unknown, in seconds."""


class CoreHandler:
    """Carries out effects addressed to `core`.

    Args:
        core: the core actor of a union.
    """

    def __init__(self, core: Callable[[str], Ref]) -> None:
        self._core = core

    async def __call__(self, key: str, message: Message) -> CoreOutcome | CoreUnknown:
        """The core's answer as the case's next command."""
        assert isinstance(message, Prepare | Commit | Abort | Inquire), key
        request: Commanded[CoreOutcome] = Commanded(f"case/{key}", message)
        try:
            return await self._core(message.union).ask(request, within=CORE_S_MAX)
        except Refused as refused:
            if refused.refusal.retryable:
                return CoreUnknown(message.key)
            return CoreOutcome(message.key, CoreStatus.DECLINED, refused.refusal)
        except ActorError:
            return CoreUnknown(message.key)


__all__ = ["CORE_S_MAX", "CoreHandler"]
