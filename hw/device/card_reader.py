"""Reading a bank card's number by its contacts: CCID outside, ISO 7816 and EMV commands inside.

Deliberately not here: a payment; nothing is authorised and no counter on the card moves beyond what
reading needs. Invariants: a reply counts only with its command's sequence number; an APDU is never
sent twice by itself, a missing answer ends the reading.

Sources: EMV Book 1 §11-12 (selection), Book 3 §6.5 (commands) and §10.2 (AFL); CCID 1.1 §6.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, ClassVar, Final

from hw.device.device import Device, Expired, Script
from hw.device.state_table import StateTable
from hw.errors import CardCode, CardProblem, PeripheralLost, Unsupported
from hw.framing import ccid
from hw.messages import CardRead, DeviceRequest, ReadBankCard
from wire.masked import Pan

WAIT_POLL_S = 0.3
"""Between two looks for a card, in seconds; a slot notice is quicker."""

SLOT_S_MAX = 0.5
POWER_S_MAX = 2.0
APDU_S_MAX = 3.0
WAIT_EXTENSIONS_MAX = 10
RECORDS_MAX = 16
"""The most records read of one card."""

PPSE: Final = b"2PAY.SYS.DDF01"
UNIONPAY_AIDS: Final = tuple(bytes.fromhex(f"A00000033301010{n}") for n in (1, 2, 3))
"""Debit, credit and quasi-credit; tried in this order when a card has no directory."""


class CardState(StrEnum):
    """Where the card and its reader stand."""

    OFFLINE = "offline"
    NO_CARD = "no_card"
    PRESENT = "present"
    POWERED = "powered"
    SELECTED = "selected"
    EXCHANGING = "exchanging"
    DONE = "done"
    REMOVED = "removed"
    MUTE = "mute"


class CardEvent(StrEnum):
    """What can happen to them."""

    LINK_UP = "link_up"
    LINK_LOST = "link_lost"
    SEEN = "seen"
    ABSENT = "absent"
    ATR = "atr"
    NO_ATR = "no_atr"
    SELECTED = "selected"
    READING = "reading"
    READ = "read"


_WITH_CARD = (
    CardState.PRESENT,
    CardState.POWERED,
    CardState.SELECTED,
    CardState.EXCHANGING,
    CardState.DONE,
    CardState.MUTE,
)

CARD_TABLE: Final = StateTable(
    CardState,
    CardEvent,
    rows={
        (CardState.OFFLINE, CardEvent.LINK_UP): CardState.NO_CARD,
        (CardState.NO_CARD, CardEvent.SEEN): CardState.PRESENT,
        (CardState.REMOVED, CardEvent.SEEN): CardState.PRESENT,
        (CardState.DONE, CardEvent.SEEN): CardState.PRESENT,
        (CardState.MUTE, CardEvent.SEEN): CardState.PRESENT,
        (CardState.POWERED, CardEvent.SEEN): CardState.PRESENT,
        (CardState.SELECTED, CardEvent.SEEN): CardState.PRESENT,
        (CardState.EXCHANGING, CardEvent.SEEN): CardState.PRESENT,
        (CardState.PRESENT, CardEvent.ATR): CardState.POWERED,
        (CardState.PRESENT, CardEvent.NO_ATR): CardState.MUTE,
        (CardState.POWERED, CardEvent.SELECTED): CardState.SELECTED,
        (CardState.SELECTED, CardEvent.READING): CardState.EXCHANGING,
        (CardState.EXCHANGING, CardEvent.READ): CardState.DONE,
    }
    | {(state, CardEvent.ABSENT): CardState.REMOVED for state in _WITH_CARD},
    anywhere={CardEvent.LINK_LOST: CardState.OFFLINE},
)


class CardReader(Device[ccid.Frame]):
    """One contact card reader.

    Attributes:
        state: see `CARD_TABLE`.
    """

    needs_power: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(ccid.decoder())
        self.state = CardState.OFFLINE
        self._seq = 0

    @property
    def shown_state(self) -> str:
        """The state's name."""
        return self.state.value

    def script(self, request: DeviceRequest[Any]) -> Script[ccid.Frame, CardRead]:
        """Read a bank card; nothing else is done here."""
        if not isinstance(request, ReadBankCard):
            raise Unsupported("a card reader reads bank cards")
        return self._read()

    def heartbeat(self) -> Script[ccid.Frame, None]:
        """Ask for the status."""
        yield from self._exchange(ccid.Kind.SLOT_STATUS, b"", SLOT_S_MAX)

    def connected(self) -> None:
        """A fresh link: nothing of an earlier one is remembered."""
        self._on(CardEvent.LINK_UP)

    def disconnected(self) -> None:
        """Offline until the next link."""
        self._on(CardEvent.LINK_LOST)

    def unasked(self, frame: ccid.Frame) -> None:
        """A slot notice."""
        if frame.kind is ccid.Kind.NOTICE and frame.data[0] == ccid.Notice.ABSENT:
            self._on(CardEvent.ABSENT)

    def _on(self, event: CardEvent) -> None:
        self.state = CARD_TABLE.after(self.state, event)

    def _read(self) -> Script[ccid.Frame, CardRead]:
        heard_before = self.frames_heard
        try:
            yield from self._card()
            yield from self._power()
            yield from self._select()
            card = yield from self._number()
        except Expired:
            if self.frames_heard == heard_before:
                raise PeripheralLost("the reader did not answer") from None
            if self.state in (CardState.NO_CARD, CardState.REMOVED):
                raise CardProblem(CardCode.NO_CARD) from None
            raise CardProblem(CardCode.READ_FAILED) from None
        yield from self._exchange(ccid.Kind.POWER_OFF, b"", SLOT_S_MAX)
        self._on(CardEvent.READ)
        return card

    def _card(self) -> Script[ccid.Frame, None]:
        """Wait until a card is in the slot; the request's own time bounds this."""
        while True:
            reply = yield from self._exchange(ccid.Kind.SLOT_STATUS, b"", SLOT_S_MAX)
            if reply.presence is not ccid.Presence.ABSENT:
                self._on(CardEvent.SEEN)
                return
            self._on(CardEvent.ABSENT)
            yield from self.pause(WAIT_POLL_S)

    def _power(self) -> Script[ccid.Frame, None]:
        reply = yield from self._exchange(ccid.Kind.POWER_ON, b"", POWER_S_MAX)
        if reply.outcome is not ccid.Outcome.DONE or not reply.data:
            self._on(CardEvent.NO_ATR)
            raise CardProblem(CardCode.MUTE)
        self._on(CardEvent.ATR)

    def _select(self) -> Script[ccid.Frame, None]:
        """Choose the card's first application, or one of ours when it has no directory."""
        directory = yield from self._apdu(_select_apdu(PPSE))
        named = find_tag(directory, 0x4F) if directory is not None else None
        for aid in (named,) if named is not None else UNIONPAY_AIDS:
            if (yield from self._apdu(_select_apdu(aid))) is not None:
                self._on(CardEvent.SELECTED)
                return
        raise CardProblem(CardCode.NOT_A_BANK_CARD)

    def _number(self) -> Script[ccid.Frame, CardRead]:
        """Read the records that the card names until number and expiry are there."""
        self._on(CardEvent.READING)
        options = yield from self._apdu(bytes.fromhex("80A8000002830000"))
        for sfi, record in _records(options):
            body = yield from self._apdu(bytes([0x00, 0xB2, record, sfi << 3 | 4, 0x00]))
            number = find_tag(body, 0x5A) if body is not None else None
            expiry = find_tag(body, 0x5F24) if body is not None else None
            if number is not None and expiry is not None:
                digits = number.hex().rstrip("f")
                if not (digits.isdecimal() and 12 <= len(digits) <= 19 and len(expiry) == 3):
                    break
                return CardRead(Pan(digits), expiry.hex()[:4])
        raise CardProblem(CardCode.NOT_A_BANK_CARD)

    def _apdu(self, apdu: bytes) -> Script[ccid.Frame, bytes | None]:
        """The answer's data, or None when the card says no."""
        reply = yield from self._exchange(ccid.Kind.EXCHANGE, apdu, APDU_S_MAX)
        if reply.outcome is not ccid.Outcome.DONE:
            self._on(CardEvent.NO_ATR)
            raise CardProblem(CardCode.MUTE)
        return reply.data[:-2] if reply.data[-2:] == b"\x90\x00" else None

    def _exchange(
        self, kind: ccid.Kind, data: bytes, within_s: float
    ) -> Script[ccid.Frame, ccid.Frame]:
        """One message and its own reply; a card that leaves meanwhile ends the reading."""
        self._seq = (self._seq + 1) % ccid.SEQUENCE_COUNT
        wanted = ccid.Kind.DATA if kind in (ccid.Kind.POWER_ON, ccid.Kind.EXCHANGE) else None
        extensions = 0
        deadline = self.now + within_s
        frame = yield from self.ask(ccid.encode(ccid.Frame(kind, self._seq, data=data)), within_s)
        while True:
            if frame.kind is ccid.Kind.NOTICE:
                self.unasked(frame)
            elif frame.seq == self._seq and frame.kind in (wanted, ccid.Kind.SLOT):
                if wanted is not None and frame.presence is ccid.Presence.ABSENT:
                    self._on(CardEvent.ABSENT)
                    raise CardProblem(CardCode.REMOVED)
                if frame.outcome is not ccid.Outcome.WAIT or extensions == WAIT_EXTENSIONS_MAX:
                    return frame
                extensions += 1
                deadline = self.now + within_s
            frame = yield from self.listen(deadline)


def _select_apdu(name: bytes) -> bytes:
    return bytes([0x00, 0xA4, 0x04, 0x00, len(name)]) + name + b"\x00"


def _records(options: bytes | None) -> Iterator[tuple[int, int]]:
    """Short file id and number of every record to read, of a GET PROCESSING OPTIONS answer."""
    locator = b""
    if options is not None and options[:1] == b"\x77":
        locator = find_tag(options, 0x94) or b""
    elif options is not None and options[:1] == b"\x80":
        locator = options[4:]
    named = [
        (locator[at] >> 3, record)
        for at in range(0, len(locator) - 3, 4)
        for record in range(locator[at + 1], locator[at + 2] + 1)
    ]
    yield from (named or [(1, 1), (1, 2), (2, 1)])[:RECORDS_MAX]


def find_tag(data: bytes, tag: int) -> bytes | None:
    """The value of the first such BER-TLV tag, at any depth; None when there is none.

    Damaged encodings end the search, they never raise. Depth is bounded by the data's length.
    """
    at = 0
    while at + 1 < len(data):
        found, head = data[at], 1
        if data[at] & 0x1F == 0x1F:
            found, head = data[at] << 8 | data[at + 1], 2
        size_at = at + head
        if size_at >= len(data):
            return None
        size, start = data[size_at], size_at + 1
        if size == 0x81 and start < len(data):
            size, start = data[start], start + 1
        elif size >= 0x80:
            return None
        value = data[start : start + size]
        if len(value) != size:
            return None
        if found == tag:
            return value
        inner = find_tag(value, tag) if data[at] & 0x20 else None
        if inner is not None:
            return inner
        at = start + size
    return None


__all__ = ["CARD_TABLE", "CardEvent", "CardReader", "CardState", "find_tag"]
