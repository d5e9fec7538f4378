"""A virtual contact card reader with a stack of cards, and a teller who puts them in.

By default, when the terminal powers an empty slot's reader it finds the next card of the stack
`TELLER_S` after it first asked; the card is taken out when the terminal powers it off. `insert` and
`remove` do it by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from hw.framing import ccid
from hw.transport import NEVER, Fault, FaultPlan
from hw.virtual.bank_card import VirtualBankCard
from wire.form import Capability

TELLER_S = 0.5
"""How long a teller takes to put a card in, in seconds."""


class VirtualCardReader:
    """The far end of a card reader's line.

    Attributes:
        card: what is in the slot.
    """

    def __init__(
        self, stack: Iterator[VirtualBankCard], plan: FaultPlan, *, by_hand: bool = False
    ) -> None:
        """Take the cards; `by_hand` leaves putting them in to the caller."""
        self.card: VirtualBankCard | None = None
        self._stack = stack
        self._plan = plan
        self._by_hand = by_hand
        self._decoder = ccid.decoder()
        self._powered = False
        self._comes_at = NEVER
        self._notices: list[bytes] = []

    def insert(self, card: VirtualBankCard) -> None:
        """Put a card in; the reader tells by itself."""
        self.card, self._powered = card, False
        self._notice(ccid.Notice.PRESENT)

    def remove(self) -> None:
        """Pull the card out; the reader tells by itself."""
        if self.card is not None:
            self.card, self._powered = None, False
            self._notice(ccid.Notice.ABSENT)

    def plugged(self, now: float) -> None:
        """See `VirtualDevice.plugged`."""
        self._decoder.reset()
        self._powered = False
        self._notices.clear()

    def received(self, data: bytes, now: float) -> list[bytes]:
        """See `VirtualDevice.received`."""
        answers = []
        for frame in self._decoder.feed(data):
            answer = ccid.encode(self._answer(frame, now))
            # A notice that a command causes overtakes its reply, as it does on real readers.
            answers += [*self._taken(), answer]
        return answers

    def due(self) -> float:
        """See `VirtualDevice.due`."""
        return 0.0 if self._notices else NEVER

    def tick(self, now: float) -> list[bytes]:
        """See `VirtualDevice.tick`."""
        return self._taken()

    def _answer(self, frame: ccid.Frame, now: float) -> ccid.Frame:
        match frame.kind:
            case ccid.Kind.SLOT_STATUS:
                self._put_in(now)
                return self._slot(frame)
            case ccid.Kind.POWER_ON if self.card is not None:
                if self._strikes(Fault.CARD_MUTE):
                    return self._failed(frame)
                self._powered = True
                return self._data(frame, self.card.power())
            case ccid.Kind.EXCHANGE if self.card is not None and self._powered:
                answer = self.card.apdu(frame.data)
                if self._strikes(Fault.CARD_REMOVED):
                    self.remove()
                    return self._failed(frame)
                return self._data(frame, answer)
            case ccid.Kind.POWER_OFF:
                self._powered = False
                if not self._by_hand:
                    self.card = None
                return self._slot(frame)
            case _:
                return self._failed(frame)

    def _put_in(self, now: float) -> None:
        if self._by_hand or self.card is not None:
            return
        if self._comes_at == NEVER:
            self._comes_at = now + TELLER_S
        if now >= self._comes_at:
            self._comes_at = NEVER
            self.card = next(self._stack, None)

    def _presence(self) -> ccid.Presence:
        if self.card is None:
            return ccid.Presence.ABSENT
        return ccid.Presence.ACTIVE if self._powered else ccid.Presence.INACTIVE

    def _slot(self, frame: ccid.Frame) -> ccid.Frame:
        return ccid.Frame(ccid.Kind.SLOT, frame.seq, ccid.reply_head(self._presence()))

    def _data(self, frame: ccid.Frame, data: bytes) -> ccid.Frame:
        head = ccid.reply_head(self._presence())
        return ccid.Frame(ccid.Kind.DATA, frame.seq, head, data)

    def _failed(self, frame: ccid.Frame) -> ccid.Frame:
        head = ccid.reply_head(self._presence(), ccid.Outcome.FAILED, ccid.ERROR_MUTE)
        return ccid.Frame(ccid.Kind.DATA, frame.seq, head)

    def _notice(self, notice: ccid.Notice) -> None:
        self._notices.append(ccid.encode(ccid.Frame(ccid.Kind.NOTICE, data=bytes([notice]))))

    def _taken(self) -> list[bytes]:
        taken, self._notices = self._notices, []
        return taken

    def _strikes(self, fault: Fault) -> bool:
        return self._plan.strikes(Capability.CARD_READER, fault)


__all__ = ["TELLER_S", "VirtualCardReader"]
