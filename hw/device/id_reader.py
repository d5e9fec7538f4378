"""Reading a second-generation ID card: find, select, read, over the SDT protocol.

Reading changes nothing on the card, so the whole sequence may be repeated, a bounded number of
times, when an answer is damaged or missing. Deliberately not here: what the record says
(`wire.chip_record`) and the portrait, which stays opaque. Invariant: a record is returned only out
of a reply of exactly the right status and length.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from hw.device.device import Device, Expired, NoAnswer, Script
from hw.device.state_table import StateTable
from hw.errors import CardCode, CardProblem, PeripheralLost, Unsupported
from hw.framing import sdt
from hw.messages import DeviceRequest, IdRead, ReadId

READ_ATTEMPTS_MAX = 3
"""How often the whole sequence is tried."""

FIND_LOOPS_MAX = 80
FIND_PAUSE_S = 0.3
"""Between two looks for a card, in seconds."""

COMMAND_S_MAX = 0.5
SELECT_S_MAX = 1.0
READ_S_MAX = 3.0


class IdState(StrEnum):
    """Where the reader stands."""

    OFFLINE = "offline"
    IDLE = "idle"
    FINDING = "finding"
    SELECTING = "selecting"
    READING = "reading"
    PARSED = "parsed"
    AWAIT_REMOVAL = "await_removal"
    AUTH_FAILED = "auth_failed"


class IdEvent(StrEnum):
    """What can happen to it."""

    LINK_UP = "link_up"
    LINK_LOST = "link_lost"
    STARTED = "started"
    FOUND = "found"
    SELECTED = "selected"
    READ = "read"
    FAILED = "failed"
    NOT_AUTHENTIC = "not_authentic"
    ANSWERED = "answered"


ID_TABLE: Final = StateTable(
    IdState,
    IdEvent,
    rows={
        (IdState.OFFLINE, IdEvent.LINK_UP): IdState.IDLE,
        (IdState.IDLE, IdEvent.STARTED): IdState.FINDING,
        (IdState.AWAIT_REMOVAL, IdEvent.STARTED): IdState.FINDING,
        (IdState.AUTH_FAILED, IdEvent.STARTED): IdState.FINDING,
        (IdState.FINDING, IdEvent.FOUND): IdState.SELECTING,
        (IdState.SELECTING, IdEvent.SELECTED): IdState.READING,
        (IdState.SELECTING, IdEvent.FAILED): IdState.FINDING,
        (IdState.READING, IdEvent.READ): IdState.PARSED,
        (IdState.READING, IdEvent.FAILED): IdState.FINDING,
        (IdState.SELECTING, IdEvent.NOT_AUTHENTIC): IdState.AUTH_FAILED,
        (IdState.READING, IdEvent.NOT_AUTHENTIC): IdState.AUTH_FAILED,
        (IdState.FINDING, IdEvent.ANSWERED): IdState.IDLE,
        (IdState.SELECTING, IdEvent.ANSWERED): IdState.IDLE,
        (IdState.READING, IdEvent.ANSWERED): IdState.IDLE,
        (IdState.PARSED, IdEvent.ANSWERED): IdState.AWAIT_REMOVAL,
    },
    anywhere={IdEvent.LINK_LOST: IdState.OFFLINE},
)

# Only these statuses answer each command; others are a late reply to an earlier one.
_ANSWERS: Final[dict[sdt.Command, dict[int, int | None]]] = {
    sdt.Command.STATUS: {sdt.Status.OK: 0, sdt.Status.SELF_TEST_FAILED: 0},
    sdt.Command.SAM_ID: {sdt.Status.OK: sdt.SAM_ID_BYTES, sdt.Status.SELF_TEST_FAILED: 0},
    sdt.Command.FIND: {sdt.Status.CARD_FOUND: sdt.FIND_BYTES, sdt.Status.NO_CARD: 0},
    sdt.Command.SELECT: {sdt.Status.OK: sdt.SELECT_BYTES, sdt.Status.SELECT_FAILED: 0},
    sdt.Command.READ_TEXT_PHOTO: {
        sdt.Status.OK: 4 + sdt.RECORD_BYTES + sdt.PHOTO_BYTES,
        sdt.Status.READ_FAILED: 0,
        sdt.Status.WRONG_CARD: 0,
        sdt.Status.MUTUAL_AUTH_FAILED: 0,
        sdt.Status.MUTUAL_AUTH_FAILED_2: 0,
        sdt.Status.INFO_CHECK_FAILED: 0,
        sdt.Status.RANDOM_FAILED: 0,
    },
}
"""Command to its possible statuses, each with its length of data."""

_PROBLEMS: Final[dict[int, CardCode]] = {
    sdt.Status.WRONG_CARD: CardCode.WRONG_CARD,
    sdt.Status.NOT_AUTHORISED: CardCode.NOT_AUTHORISED,
    sdt.Status.MUTUAL_AUTH_FAILED: CardCode.AUTH_FAILED,
    sdt.Status.MUTUAL_AUTH_FAILED_2: CardCode.AUTH_FAILED,
    sdt.Status.INFO_CHECK_FAILED: CardCode.AUTH_FAILED,
}
"""Statuses after which trying again is no use."""


class IdReader(Device[sdt.Frame]):
    """One SDT reader.

    Attributes:
        state: see `ID_TABLE`.
    """

    def __init__(self) -> None:
        super().__init__(sdt.decoder())
        self.state = IdState.OFFLINE
        self._sam_id = ""

    @property
    def shown_state(self) -> str:
        """The state's name."""
        return self.state.value

    def script(self, request: DeviceRequest[Any]) -> Script[sdt.Frame, IdRead]:
        """Read an ID card; nothing else is done here."""
        if not isinstance(request, ReadId):
            raise Unsupported("an ID reader reads ID cards")
        return self._read()

    def heartbeat(self) -> Script[sdt.Frame, None]:
        """Ask for the status."""
        yield from self._exchange(sdt.Command.STATUS, COMMAND_S_MAX)

    def connected(self) -> None:
        """A fresh link: nothing of an earlier one is remembered."""
        self._sam_id = ""
        self._on(IdEvent.LINK_UP)

    def disconnected(self) -> None:
        """Offline until the next link."""
        self._on(IdEvent.LINK_LOST)

    def answered(self) -> None:
        """Whatever the card did, the reader rests."""
        self._on(IdEvent.ANSWERED)

    def _on(self, event: IdEvent) -> None:
        self.state = ID_TABLE.after(self.state, event)

    def _read(self) -> Script[sdt.Frame, IdRead]:
        self._on(IdEvent.STARTED)
        heard_before = self.frames_heard
        try:
            for _ in range(READ_ATTEMPTS_MAX):
                try:
                    return (yield from self._sequence())
                except NoAnswer:
                    self.decoder.reset()
                    self._on(IdEvent.FAILED)
        except Expired:
            if self.frames_heard == heard_before:
                raise PeripheralLost("the reader did not answer") from None
            raise CardProblem(CardCode.NO_CARD) from None
        raise NoAnswer

    def _sequence(self) -> Script[sdt.Frame, IdRead]:
        """Find, select and read; a card that slips away is looked for again."""
        if not self._sam_id:
            reply = yield from self._exchange(sdt.Command.SAM_ID, COMMAND_S_MAX)
            self._sam_id = reply.data.hex()
        misread = 0
        for _ in range(FIND_LOOPS_MAX):
            reply = yield from self._exchange(sdt.Command.FIND, COMMAND_S_MAX)
            if reply.sw3 != sdt.Status.CARD_FOUND:
                yield from self.pause(FIND_PAUSE_S)
                continue
            self._on(IdEvent.FOUND)
            reply = yield from self._exchange(sdt.Command.SELECT, SELECT_S_MAX)
            if reply.sw3 == sdt.Status.OK:
                self._on(IdEvent.SELECTED)
                reply = yield from self._exchange(sdt.Command.READ_TEXT_PHOTO, READ_S_MAX)
                parts = sdt.record_and_photo(reply.data)
                if reply.sw3 == sdt.Status.OK and parts is not None:
                    self._on(IdEvent.READ)
                    return IdRead(*parts, self._sam_id)
            self._on(IdEvent.FAILED)
            misread += 1
            if misread == READ_ATTEMPTS_MAX:
                raise CardProblem(CardCode.READ_FAILED)
        raise CardProblem(CardCode.NO_CARD)

    def _exchange(self, command: sdt.Command, within_s: float) -> Script[sdt.Frame, sdt.Reply]:
        """One command and the reply that can only be its own."""
        deadline = self.now + within_s
        frame = yield from self.ask(sdt.request(command), within_s)
        while True:
            reply = sdt.as_reply(frame)
            if reply is not None and reply.sw3 in _PROBLEMS:
                if _PROBLEMS[reply.sw3] is CardCode.AUTH_FAILED:
                    self._on(IdEvent.NOT_AUTHENTIC)
                raise CardProblem(_PROBLEMS[reply.sw3])
            if reply is not None and _ANSWERS[command].get(reply.sw3) == len(reply.data):
                return reply
            frame = yield from self.listen(deadline)


__all__ = ["ID_TABLE", "IdEvent", "IdReader", "IdState"]
