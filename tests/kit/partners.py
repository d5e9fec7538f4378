"""What partners are asked, and one that lists what a story tells it to, or says nothing at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from actors import Actor, on
from actors.actor import NOREPLY, NoReply
from actors.durable import Commanded, Effect
from backoffice.partners.port import PartnerRequest
from backoffice.partners.queries import Found, Look, PartnerQuery
from wire.message import Refusal
from wire.messages.lookups import Item


@dataclass
class Shelf:
    """What is listed now, or why nothing is; None keeps silent. `asked` is every query in order."""

    items: tuple[Item, ...] | Refusal | None = ()
    note: str = ""
    asked: list[PartnerQuery] = field(default_factory=list)


class ListedPartner(Actor):
    """Any partner of any union."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    @on(Commanded)
    def answer(self, message: Commanded[Found]) -> Found | Refusal | NoReply:
        look = message.command
        assert isinstance(look, Look)
        self._shelf.asked.append(look.query)
        answer = self._shelf.items
        if answer is None:
            return NOREPLY
        return answer if isinstance(answer, Refusal) else Found(answer, self._shelf.note)


def leg_key(effect: Effect) -> str:
    """The key of the leg that a partner is asked about."""
    assert isinstance(effect.message, PartnerRequest)
    return effect.message.key
