"""The customer at a virtual kit: the same person, card and hand for the same case, every time.

A case for a new card brings a new person with a blank card from the stack; a case about an existing
card (one that reads a bank card, or asks for a PIN, without setting one) brings back whoever got
theirs last. Everybody is made from a case id, so a terminal that is killed and started again meets
the same people; whoever comes along with the customer is made from the case and the field.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Callable
from typing import Final

from hw.virtual.bank_card import VirtualBankCard
from hw.virtual.citizens import IdCard, deck
from hw.virtual.kit import VirtualToolbox
from terminal.draft import Draft
from wire.card_stock import training_box
from wire.case_state import State
from wire.checks import luhn_digit, years_between
from wire.form import Field, FieldKind

WORKING_AGE: Final = range(22, 56)
"""The ages of virtual customers, in years."""


class VirtualCustomer:
    """Puts things on the virtual kit when they are asked for.

    Args:
        kit: built with `by_hand`.
        today: the cards are valid on this day.
        served: drafts of this terminal, the last changed first.
        stock: the number of the blank card that a case takes from the virtual stack.
    """

    def __init__(
        self,
        kit: VirtualToolbox,
        today: dt.date,
        served: Callable[[], list[tuple[int, Draft]]],
        stock: Callable[[str], str],
    ) -> None:
        self._kit = kit
        self._today = today
        self._served = served
        self._stock = stock

    def lay_down_id(self, draft: Draft, field: Field) -> None:
        """The customer's ID card on the reader, or that of whoever came along."""
        customer = draft.id_field is None or field.name == draft.id_field.name
        case = self._first_case(draft) if customer else f"{draft.case_id}/{field.name}"
        self._kit.id_reader.place(person(case, self._today))

    def put_in_card(self, draft: Draft) -> None:
        """A blank card, or the person's own."""
        self._kit.insert(VirtualBankCard(self._stock(self._first_case(draft))))

    def _first_case(self, draft: Draft) -> str:
        """The case that made this person: their own, or the last issue of a card."""
        kinds = _kinds(draft)
        own_card = FieldKind.PIN in kinds or (
            FieldKind.BANK_CARD in kinds and FieldKind.NEW_PIN not in kinds
        )
        if not own_card:
            return draft.case_id
        issued = (
            known.case_id
            for _, known in self._served()
            if FieldKind.NEW_PIN in _kinds(known) and known.state is State.CLOSED
        )
        return next(issued, draft.case_id)


def person(case_id: str, today: dt.date) -> IdCard:
    """The person whom a case is about: of working age, to whom every business is open."""
    # Seeded on purpose: the same case meets the same person after a restart; nothing is secret.
    people = deck(random.Random(f"{case_id}/person"), today)  # noqa: S311 - see above
    return next(one for one in people if years_between(one.holder.birth, today) in WORKING_AGE)


def card_number(terminal: str, case_id: str) -> str:
    """The number of the blank card that a case takes from a training terminal's box."""
    digest, box = hashlib.blake2b(case_id.encode(), digest_size=8).digest(), training_box(terminal)
    serial = f"{int(box.first) + int.from_bytes(digest, 'big') % box.count}"
    return serial + luhn_digit(serial)


def _kinds(draft: Draft) -> set[FieldKind]:
    return {field.kind for field in draft.product.form.fields} if draft.product else set()


__all__ = ["VirtualCustomer", "card_number", "person"]
