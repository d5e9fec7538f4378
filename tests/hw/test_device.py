"""Devices without a line: total state tables, and sessions that survive anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.device import (
    Action,
    Answer,
    Camera,
    CardReader,
    Device,
    Hang,
    IdReader,
    Microphone,
    PinPad,
    ReceiptPrinter,
    Send,
    Session,
    SignaturePad,
)
from hw.device.capture import CAPTURE_TABLE, CaptureState
from hw.device.card_reader import CARD_TABLE, CardState, find_tag
from hw.device.id_reader import ID_TABLE, IdEvent, IdState
from hw.device.pin_pad import PAD_TABLE, PadEvent, PadState
from hw.device.receipt_printer import PRINTER_TABLE, PrinterState
from hw.device.session import HEARTBEAT_IDLE_S
from hw.device.state_table import StateTable
from hw.errors import BatteryLow, PeripheralBusy, PeripheralLost, PrintUnknown, Unsupported
from hw.framing import sdt
from hw.messages import (
    CaptureSignature,
    DeviceRequest,
    EnterPin,
    PrintReceipt,
    ReadBankCard,
    ReadId,
    RecordSound,
    TakePhoto,
)
from wire.masked import Pan

TABLES: dict[str, StateTable[Any, Any]] = {
    "id": ID_TABLE,
    "card": CARD_TABLE,
    "pad": PAD_TABLE,
    "capture": CAPTURE_TABLE,
    "printer": PRINTER_TABLE,
}
STATES = {
    "id": IdState,
    "card": CardState,
    "pad": PadState,
    "capture": CaptureState,
    "printer": PrinterState,
}
REQUESTS: dict[str, tuple[Callable[[], Device[Any]], DeviceRequest[Any]]] = {
    "id": (IdReader, ReadId(until=30.0, ticket=1)),
    "card": (CardReader, ReadBankCard(until=30.0, ticket=1)),
    "pad": (PinPad, EnterPin(until=30.0, ticket=1, pan=Pan("6231900000000000006"), new=True)),
    "camera": (Camera, TakePhoto(until=30.0, ticket=1, subject="id_front")),
    "signature": (SignaturePad, CaptureSignature(until=30.0, ticket=1)),
    "microphone": (Microphone, RecordSound(until=30.0, ticket=1, seconds=5)),
    "printer": (ReceiptPrinter, PrintReceipt(until=30.0, ticket=1, lines=("样本",))),
}


def answers(actions: list[Action]) -> list[Answer]:
    return [action for action in actions if isinstance(action, Answer)]


def sends(actions: list[Action]) -> list[bytes]:
    return [action.data for action in actions if isinstance(action, Send)]


@pytest.mark.parametrize("name", TABLES)
def test_every_state_and_event_has_one_next_state(name: str) -> None:
    """No order of events leads where nobody has been, and every state is reached."""
    moves = list(TABLES[name].moves())
    states = set(STATES[name])

    assert {state for state, _, _ in moves} == states
    assert len({(state, event) for state, event, _ in moves}) == len(moves)
    reached, frontier = {STATES[name]("offline")}, 1
    while len(reached) >= frontier:
        frontier = len(reached) + 1
        reached |= {then for state, _, then in moves if state in reached}
    assert states == reached


@pytest.mark.parametrize("name", TABLES)
def test_a_lost_link_leads_offline_from_everywhere(name: str) -> None:
    """Whatever was going on, without a link the device is offline; a tampered pad stays so."""
    ends = {(state, then) for state, event, then in TABLES[name].moves() if event == "link_lost"}

    assert all(then == "offline" or state == then == "tampered" for state, then in ends)


def test_nothing_but_new_keys_ends_tampering() -> None:
    """No event leads out of a tampered pad."""
    assert {PAD_TABLE.after(PadState.TAMPERED, event) for event in PadEvent} == {PadState.TAMPERED}


def test_a_record_is_only_parsed_after_it_was_read() -> None:
    """The one way to `parsed` is through finding, selecting and reading."""
    ways = {(state, event) for state, event, then in ID_TABLE.moves() if then is IdState.PARSED}

    assert ways == {(IdState.READING, IdEvent.READ)} | {
        (IdState.PARSED, event)
        for event in IdEvent
        if ID_TABLE.after(IdState.PARSED, event) is IdState.PARSED
    }


@pytest.mark.parametrize("name", REQUESTS)
@settings(max_examples=60, deadline=None)
@given(script=st.data())
def test_no_order_of_events_breaks_a_session(name: str, script: st.DataObject) -> None:
    """Noise, time, lost links, second requests: nothing raises, each request gets one answer."""
    kind, request = REQUESTS[name]
    session: Session[Any] = Session(kind())
    now, epoch, asked = 0.0, 0, 0
    seen: list[Action] = []
    for _ in range(script.draw(st.integers(1, 25))):
        now += script.draw(st.sampled_from([0.0, 0.01, 0.4, 3.0, 40.0]))
        match script.draw(st.sampled_from(["up", "down", "noise", "ask", "tick", "abandon"])):
            case "up" if session.epoch is None:
                epoch += 1
                seen += session.link_up(epoch, now)
            case "down" if session.epoch is not None:
                seen += session.link_lost(now)
            case "noise":
                seen += session.received(epoch, script.draw(st.binary(max_size=60)), now)
            case "ask":
                asked += 1
                seen += session.start(request, now)
            case "abandon":
                seen += session.abandon(1, now)
            case _:
                seen += session.tick(now)
    if session.epoch is not None:
        seen += session.link_lost(now)

    assert asked == len(answers(seen))
    assert not sends(session.tick(now + 100))


@pytest.mark.parametrize("name", REQUESTS)
def test_every_device_refuses_the_requests_of_others(name: str) -> None:
    """A request that went to the wrong device is unsupported, not a crash."""
    kind, _ = REQUESTS[name]
    for other, (_, request) in REQUESTS.items():
        session: Session[Any] = Session(kind())
        session.link_up(1, 0.0)
        outcomes = answers(session.start(request, 0.0))
        assert (other != name) == any(isinstance(a.outcome, Unsupported) for a in outcomes)


def test_silence_is_asked_about_and_two_misses_end_the_link() -> None:
    """An idle line is asked after five seconds; the second missing answer takes it down."""
    session = Session(IdReader())
    session.link_up(1, 0.0)

    assert session.due() == HEARTBEAT_IDLE_S
    assert sends(session.tick(5.0)) == [sdt.request(sdt.Command.STATUS)]
    assert session.tick(session.due()) == []
    session.tick(session.due())
    assert session.tick(session.due()) == [Hang("no answer")]


def test_an_answer_to_the_heartbeat_starts_the_wait_anew() -> None:
    """A line that answers is left in peace for another five seconds."""
    session = Session(IdReader())
    session.link_up(1, 0.0)
    session.tick(5.0)

    assert session.received(1, sdt.reply(sdt.Status.OK), 5.1) == []
    assert session.due() == 5.1 + HEARTBEAT_IDLE_S


def test_what_an_old_link_delivers_is_dropped() -> None:
    """A reply of the link before counts as stale, even if it would fit."""
    session = Session(IdReader())
    session.link_up(1, 0.0)
    session.link_lost(1.0)
    session.link_up(2, 2.0)
    session.start(ReadId(until=30.0, ticket=1), 2.0)

    assert session.received(1, sdt.reply(sdt.Status.OK, bytes(sdt.SAM_ID_BYTES)), 2.1) == []
    assert session.stale == 1
    later = session.received(2, sdt.reply(sdt.Status.OK, bytes(sdt.SAM_ID_BYTES)), 2.2)
    assert sends(later) == [sdt.request(sdt.Command.FIND)]


def test_a_late_reply_to_an_earlier_command_is_not_taken_for_this_one() -> None:
    """SELECT waits for eight bytes; the four of an earlier FIND pass by."""
    session = Session(IdReader())
    session.link_up(1, 0.0)
    session.start(ReadId(until=30.0, ticket=1), 0.0)
    found = sdt.reply(sdt.Status.CARD_FOUND, bytes(sdt.FIND_BYTES))
    session.received(1, sdt.reply(sdt.Status.OK, bytes(sdt.SAM_ID_BYTES)), 0.1)
    session.received(1, found, 0.2)

    assert session.received(1, found, 0.3) == []
    selected = session.received(1, sdt.reply(sdt.Status.OK, bytes(sdt.SELECT_BYTES)), 0.4)
    assert sends(selected) == [sdt.request(sdt.Command.READ_TEXT_PHOTO)]


def test_one_request_at_a_time() -> None:
    """The second of two requests is refused as busy; the first goes on."""
    session = Session(IdReader())
    session.link_up(1, 0.0)
    first, second = (ReadId(until=30.0, ticket=n) for n in (1, 2))
    session.start(first, 0.0)

    (refused,) = answers(session.start(second, 0.0))

    assert refused.request is second
    assert isinstance(refused.outcome, PeripheralBusy)


def test_a_request_waits_for_the_heartbeat_in_hand() -> None:
    """The reply to a heartbeat is never taken for the request's."""
    session = Session(IdReader())
    session.link_up(1, 0.0)
    session.tick(5.0)

    assert session.start(ReadId(until=30.0, ticket=1), 5.01) == []
    begun = session.received(1, sdt.reply(sdt.Status.OK), 5.02)
    assert sends(begun) == [sdt.request(sdt.Command.SAM_ID)]


def test_nobody_starts_for_an_asker_who_has_gone() -> None:
    """A request that lay in the mailbox too long is refused unbegun."""
    session = Session(PinPad())
    session.link_up(1, 0.0)
    late = EnterPin(until=5.0, ticket=1, pan=Pan("6231900000000000006"), new=True)

    (refused,) = answers(session.start(late, 6.0))

    assert isinstance(refused.outcome, PeripheralLost)


def test_a_nearly_empty_battery_begins_nothing_that_must_not_break_off() -> None:
    """At nine percent no PIN, no card and no print is begun; an ID card is still read."""
    for name in REQUESTS:
        kind, request = REQUESTS[name]
        session: Session[Any] = Session(kind())
        session.link_up(1, 0.0)
        session.battery = 9
        refusals = [type(a.outcome) for a in answers(session.start(request, 0.0))]
        assert refusals == ([BatteryLow] if name in ("card", "pad", "printer") else [])


def test_an_abandoned_print_is_unknown_never_untold() -> None:
    """The asker who leaves while rows are printed is told how far it came."""
    session = Session(ReceiptPrinter())
    session.link_up(1, 0.0)
    session.start(PrintReceipt(until=30.0, ticket=7, lines=("一", "二")), 0.0)
    for at in (0.1, 0.2):
        session.received(1, b"\x12", at)
        session.tick(session.due())

    (answer,) = answers(session.abandon(7, 0.21))

    assert isinstance(answer.outcome, PrintUnknown)
    assert answer.outcome.stage == "0/4"


@given(st.binary(max_size=80), st.sampled_from([0x4F, 0x5A, 0x5F24, 0x94]))
def test_a_damaged_card_answer_never_raises(data: bytes, tag: int) -> None:
    """Looking for a tag in noise finds it or not."""
    value = find_tag(data, tag)

    assert value is None or value in data
