"""What might be offered to a customer, told to nobody but who serves them now.

Offers and tier say how rich somebody is and what they asked about. So they are told only of a
person whose ID card was read for this case and confirmed by the register, and `offer/<union>/
<case_id>` says to whom they were told before they are: once for each teller, device and person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from actors.ports import WallClock
from actors.store import Store
from backoffice.cases.commands import Caller
from backoffice.lookups.journal import Journal, retried
from backoffice.partners.identity_check import IdentityRecorded, person_digest
from backoffice.product import Product
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.identity import MATCHING
from wire.messages.offers import Recommend, Recommendations

_NOT_IDENTIFIED: Final = Refusal(Code.STATE, "请先读取客户身份证并完成联网核查。", "number")

Persons = Callable[[str, str], Awaitable[Mapping[bytes, IdentityRecorded]]]
"""Whom the register was asked about, by (union, case id)."""

Offers = Callable[[IdNumber, Mapping[str, Product]], Awaitable[Recommendations | Refusal]]
"""What a person may be offered of these products."""


class OffersTold(msgspec.Struct, frozen=True, tag="OffersTold"):
    """A teller was told what might be offered to a person (digest of number and name)."""

    staff_id: str
    device: str
    person: bytes


class SuggestionDesk:
    """Answers `Recommend`.

    Args:
        persons: see `Persons`.
        offers: see `Offers`.
    """

    def __init__(self, store: Store, wall: WallClock, persons: Persons, offers: Offers) -> None:
        self._journal = Journal[OffersTold]("offer", OffersTold, store, wall)
        self._persons = persons
        self._offers = offers

    async def answer(
        self, caller: Caller, request: Recommend, products: Mapping[str, Product]
    ) -> Recommendations | Refusal:
        """The offers, once it is on record who is told.

        Codes: `STATE` for anybody whom this case did not identify, `BUSY`.
        """
        person = person_digest(request.number.number, request.name)
        checked = (await self._persons(caller.staff.union, request.case_id)).get(person)
        if checked is None or checked.answer.result not in MATCHING:
            return _NOT_IDENTIFIED
        offers = await self._offers(request.number, products)
        if isinstance(offers, Refusal):
            return offers
        told = OffersTold(caller.staff.staff_id, caller.device, person)
        refusal = await retried(lambda: self._record(caller, request.case_id, told))
        return offers if refusal is None else refusal

    async def _record(self, caller: Caller, case_id: str, told: OffersTold) -> Refusal | None:
        key = (caller.staff.union, case_id)
        known = await self._journal.read(*key)
        if told not in known:
            await self._journal.add(key, len(known), told, who=caller.staff.staff_id)
        return None


__all__ = ["OffersTold", "SuggestionDesk"]
