"""A virtual SDT reader of identity cards, with a customer who lays down and takes away cards.

By default the next card of the deck appears `CUSTOMER_S` after the reader begins to look for one
and stays for `STAY_S` after it was read, so that a reading that has to be repeated finds the same
person. `place` and `remove` do it by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from hw.framing import sdt
from hw.transport import NEVER, Fault, FaultPlan
from hw.virtual.citizens import IdCard
from wire.form import Capability

CUSTOMER_S = 0.5
"""How long a customer takes to lay the card down, in seconds."""

STAY_S = 8.0
"""After so long since a card was read it is the next customer's turn, in seconds."""

_SAM_ID = bytes.fromhex("05030000A1B2C3D4E5F60718293A4B5C")


class VirtualIdReader:
    """The far end of an ID reader's line.

    Attributes:
        card: what lies on the reader.
        last_read: the card whose record was handed out last.
    """

    def __init__(self, deck: Iterator[IdCard], plan: FaultPlan, *, by_hand: bool = False) -> None:
        """Take the customers' cards; `by_hand` leaves laying them down to the caller."""
        self.card: IdCard | None = None
        self.last_read: IdCard | None = None
        self._deck = deck
        self._plan = plan
        self._by_hand = by_hand
        self._decoder = sdt.decoder()
        self._comes_at = NEVER
        self._goes_at = NEVER
        self._spent = False
        self._selected = False

    def place(self, card: IdCard) -> None:
        """Lay a card down."""
        self.card, self._spent, self._selected = card, False, False

    def remove(self) -> None:
        """Take the card away."""
        self.card, self._selected = None, False

    def plugged(self, now: float) -> None:
        """See `VirtualDevice.plugged`."""
        self._decoder.reset()
        self._selected = False

    def received(self, data: bytes, now: float) -> list[bytes]:
        """See `VirtualDevice.received`."""
        return [self._answer(frame.body, now) for frame in self._decoder.feed(data)]

    def due(self) -> float:
        """See `VirtualDevice.due`."""
        return NEVER

    def tick(self, now: float) -> list[bytes]:
        """See `VirtualDevice.tick`."""
        return []

    def _answer(self, body: bytes, now: float) -> bytes:
        if self._strikes(Fault.ID_NOT_AUTHORISED):
            return sdt.reply(sdt.Status.NOT_AUTHORISED)
        match int.from_bytes(body[:2], "big"):
            case sdt.Command.STATUS:
                return sdt.reply(sdt.Status.OK)
            case sdt.Command.SAM_ID:
                return sdt.reply(sdt.Status.OK, _SAM_ID)
            case sdt.Command.FIND:
                return self._find(now)
            case sdt.Command.SELECT if self.card is not None and not self._spent:
                self._selected = True
                return sdt.reply(sdt.Status.OK, bytes(sdt.SELECT_BYTES))
            case sdt.Command.SELECT:
                return sdt.reply(sdt.Status.SELECT_FAILED)
            case sdt.Command.READ_TEXT_PHOTO:
                return self._read(now)
            case _:
                return sdt.reply(sdt.Status.UNKNOWN_COMMAND)

    def _find(self, now: float) -> bytes:
        if self._strikes(Fault.ID_NO_CARD):
            return sdt.reply(sdt.Status.NO_CARD)
        if not self._by_hand:
            self._take_turns(now)
        # A card that has been read is not found again before it was taken away.
        if self.card is None or self._spent:
            return sdt.reply(sdt.Status.NO_CARD)
        return sdt.reply(sdt.Status.CARD_FOUND, bytes(sdt.FIND_BYTES))

    def _take_turns(self, now: float) -> None:
        if now >= self._goes_at:
            self._goes_at = NEVER
            self.remove()
        if self.card is None and self._comes_at == NEVER:
            self._comes_at = now + CUSTOMER_S
        if now >= self._comes_at:
            self._comes_at = NEVER
            self.place(next(self._deck))

    def _read(self, now: float) -> bytes:
        if self._strikes(Fault.ID_WRONG_CARD):
            return sdt.reply(sdt.Status.WRONG_CARD)
        if self.card is None or not self._selected or self._strikes(Fault.ID_READ_FAILED):
            return sdt.reply(sdt.Status.READ_FAILED)
        self.last_read = self.card
        self._spent, self._goes_at = self._by_hand, now + STAY_S
        record, photo = self.card.record, self.card.photo
        return sdt.reply(sdt.Status.OK, sdt.pack_record_and_photo(record, photo))

    def _strikes(self, fault: Fault) -> bool:
        return self._plan.strikes(Capability.ID_READER, fault)


__all__ = ["CUSTOMER_S", "STAY_S", "VirtualIdReader"]
