"""What happens at the farmer's table: every peripheral, every fault, one story each."""

from __future__ import annotations

import random

import pytest
import trio

from hw.errors import (
    BatteryLow,
    CaptureEnd,
    CaptureEnded,
    CardCode,
    CardProblem,
    PeripheralBusy,
    PeripheralError,
    PeripheralLost,
    PinEnd,
    PinEntryEnded,
    PrinterCode,
    PrinterProblem,
    PrintUnknown,
    Unsupported,
)
from hw.messages import PinContext
from hw.toolbox import Toolbox
from hw.transport import Fault, FaultPlan
from hw.virtual.bank_card import VirtualBankCard
from supervisors import snapshot
from tests.hw.kit import CARDS, Bench, make_kit, open_bench
from tests.kit.determinism import run_seeded
from tests.kit.running import run
from wire.chip_record import parse_chip_record
from wire.form import Capability
from wire.masked import Pan
from wire.sound import measure

LINK_FAULTS = (
    Fault.DROP_BEFORE,
    Fault.DROP_AFTER,
    Fault.LOSE_FRAGMENT,
    Fault.DUPLICATE_FRAGMENT,
    Fault.FLIP_BIT,
    Fault.SILENCE,
    Fault.LATE_REPLY,
    Fault.OVERFLOW,
)
PAN = Pan(CARDS[0])
RECEIPT = ("农村信用社 业务确认单", *(f"第 {n} 行" for n in range(1, 14)))


def test_a_whole_case_with_every_peripheral() -> None:
    """ID card, blank card, PIN, photos, signature, receipt: all answer, and the panel shows it."""

    async def story() -> None:
        async with open_bench() as bench:
            toolbox = bench.toolbox
            read = await toolbox.read_id(within=30)
            placed = bench.kit.id_reader.last_read
            assert placed is not None
            assert placed.holder == parse_chip_record(read.record)
            assert placed.photo == read.photo
            card = await toolbox.read_bank_card(within=30)
            assert (CARDS[0], "3112") == (card.pan.digits, card.expiry)
            sealed = await toolbox.enter_new_pin(card.pan, PinContext(), within=60)
            assert (12, 16) == (len(sealed.ksn), len(sealed.block))
            photos = [await toolbox.take_photo(kind, within=10) for kind in ("id_front", "card")]
            assert len(set(photos)) == 2
            ink = await toolbox.capture_signature(within=10)
            assert sum(map(len, ink.strokes)) >= 20
            assert 20_000 == measure(await toolbox.record_sound(20, within=30)).duration_ms
            printed = await toolbox.print_receipt(RECEIPT, within=10)
            assert len(RECEIPT) == printed.rows
            assert list(RECEIPT) == bench.kit.printer.paper[: len(RECEIPT)]
            states = {light.name: light.state for light in await toolbox.statuses()}
            assert states == {
                Capability.ID_READER: "await_removal",
                Capability.CARD_READER: "done",
                Capability.PIN_PAD: "sealed",
                Capability.CAMERA: "committed",
                Capability.SIGNATURE: "committed",
                Capability.PRINTER: "printed",
                Capability.MICROPHONE: "committed",
            }

    run(story)


@pytest.mark.parametrize("fault", LINK_FAULTS)
def test_an_id_card_is_read_through_any_link_fault(fault: Fault) -> None:
    """Reading is safe to repeat: by itself, or by asking again once the link is back."""

    async def story() -> None:
        for after in (0, 1, 3):
            async with open_bench() as bench:
                bench.plan.arm(Capability.ID_READER, fault, after=after)
                read = None
                for _ in range(3):
                    try:
                        read = await bench.toolbox.read_id(within=40)
                        break
                    except PeripheralLost:
                        continue
                placed = bench.kit.id_reader.last_read
                assert read is not None
                assert placed is not None
                assert placed.record == read.record
                assert bench.plan.struck[Capability.ID_READER, fault] == 1

    run(story)


@pytest.mark.parametrize("fault", LINK_FAULTS)
def test_a_photo_comes_through_whole_or_not_at_all(fault: Fault) -> None:
    """Whatever the link does to a photo, what is returned is the photo."""

    async def story() -> None:
        for after in (0, 2, 5):
            async with open_bench() as bench:
                bench.plan.arm(Capability.CAMERA, fault, after=after)
                for _ in range(4):
                    try:
                        jpeg = await bench.toolbox.take_photo("customer", within=20)
                    except PeripheralError:
                        continue
                    assert jpeg == bench.kit.camera._body
                    break
                else:
                    pytest.fail("no photo in four tries")

    run(story)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.ID_WRONG_CARD, CardCode.WRONG_CARD),
        (Fault.ID_NOT_AUTHORISED, CardCode.NOT_AUTHORISED),
    ],
)
def test_an_id_card_problem_is_told_by_its_code(fault: Fault, code: CardCode) -> None:
    """What no repetition can cure is told at once."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.ID_READER, fault)
            with pytest.raises(CardProblem) as caught:
                await bench.toolbox.read_id(within=30)
            assert code is caught.value.code
            await bench.toolbox.read_id(within=30)

    run(story)


def test_a_misread_id_card_is_read_again() -> None:
    """One failed reading is repeated unseen; three in a row are told."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.ID_READER, Fault.ID_READ_FAILED)
            await bench.toolbox.read_id(within=30)
            bench.plan.arm(Capability.ID_READER, Fault.ID_READ_FAILED, times=3)
            with pytest.raises(CardProblem) as caught:
                await bench.toolbox.read_id(within=30)
            assert caught.value.code is CardCode.READ_FAILED

    run(story)


def test_nobody_lays_an_id_card_down() -> None:
    """The reader looks until the time is over, and says that there was no card."""

    async def story() -> None:
        async with open_bench(make_kit(by_hand=True)) as bench:
            with pytest.raises(CardProblem) as caught:
                await bench.toolbox.read_id(within=10)
            assert caught.value.code is CardCode.NO_CARD
            assert 10 <= trio.current_time() < 11

    run(story)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.CARD_REMOVED, CardCode.REMOVED), (Fault.CARD_MUTE, CardCode.MUTE)],
)
def test_a_bank_card_problem_is_told_by_its_code(fault: Fault, code: CardCode) -> None:
    """A card pulled out in the middle, and one that does not answer."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.CARD_READER, fault)
            with pytest.raises(CardProblem) as caught:
                await bench.toolbox.read_bank_card(within=30)
            assert code is caught.value.code
            await bench.toolbox.read_bank_card(within=30)

    run(story)


@pytest.mark.parametrize("fault", LINK_FAULTS)
def test_a_card_number_is_read_right_or_not_at_all(fault: Fault) -> None:
    """A lost answer of the card ends the reading; no APDU is sent twice for one request."""

    async def story() -> None:
        for after in (0, 1, 4, 7):
            async with open_bench(make_kit(by_hand=True)) as bench:
                line = bench.kit.lines[Capability.CARD_READER]
                line.sent = []
                bench.kit.insert(VirtualBankCard(CARDS[3], directory=after % 2 == 0))
                bench.plan.arm(Capability.CARD_READER, fault, after=after)
                try:
                    card = await bench.toolbox.read_bank_card(within=20)
                except (PeripheralLost, CardProblem):
                    pass
                else:
                    assert fault is Fault.FLIP_BIT or card.pan.digits == CARDS[3]
                apdus = [frame[10:] for frame in line.sent if frame[0] == 0x6F]
                assert len(apdus) == len(set(apdus))

    run(story)


def test_a_card_pulled_out_while_idle_is_noticed() -> None:
    """The reader's own notice reaches the panel without anybody asking."""

    async def story() -> None:
        async with open_bench(make_kit(by_hand=True)) as bench:
            bench.kit.insert(VirtualBankCard(CARDS[0]))
            await bench.toolbox.read_bank_card(within=10)
            bench.kit.insert(None)
            await bench.until(Capability.CARD_READER, "removed")

    run(story)


def test_paper_ends_in_the_middle_of_a_receipt() -> None:
    """Nobody knows which rows the customer can read, so the case is told, and nothing repeats."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.PRINTER, Fault.PAPER_OUT)
            with pytest.raises(PrintUnknown) as caught:
                await bench.toolbox.print_receipt(RECEIPT, within=20)
            assert caught.value.stage in ("16/16", "draining")
            assert list(RECEIPT[:10]) == bench.kit.printer.paper
            assert await bench.state(Capability.PRINTER) == "paper_out"
            with pytest.raises(PrinterProblem) as refused:
                await bench.toolbox.print_receipt(RECEIPT, within=20)
            assert refused.value.code is PrinterCode.PAPER_OUT
            bench.kit.printer.rows_left = 100
            await bench.until(Capability.PRINTER, "ready")
            await bench.toolbox.print_receipt(("补打",), within=20)

    run(story)


def test_an_open_cover_prints_nothing() -> None:
    """Found before the first byte it is a clear no; found later it is unknown."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.kit.printer.cover_open = True
            with pytest.raises(PrinterProblem) as caught:
                await bench.toolbox.print_receipt(RECEIPT, within=20)
            assert caught.value.code is PrinterCode.COVER_OPEN
            bench.kit.printer.cover_open = False
            bench.plan.arm(Capability.PRINTER, Fault.COVER_OPEN)
            with pytest.raises(PrintUnknown):
                await bench.toolbox.print_receipt(RECEIPT, within=20)

    run(story)


@pytest.mark.parametrize("fault", LINK_FAULTS)
def test_a_receipt_is_printed_at_most_once(fault: Fault) -> None:
    """Whenever the link fails, no row is ever sent to the paper twice by itself."""

    async def story() -> None:
        for after in (0, 3, 9, 18):
            async with open_bench() as bench:
                bench.plan.arm(Capability.PRINTER, fault, after=after)
                try:
                    await bench.toolbox.print_receipt(RECEIPT, within=20)
                    whole = True
                except (PeripheralLost, PrintUnknown, PrinterProblem):
                    whole = False
                await trio.sleep(30)
                rows = [row for row in bench.kit.printer.paper if row in RECEIPT]
                assert rows == list(RECEIPT[: len(rows)])
                assert not whole or len(rows) == len(RECEIPT)

    run(story)


def test_the_customer_walks_away_from_the_signature_pad() -> None:
    """No signature within the time is told as that; the next customer can sign."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.SIGNATURE, Fault.SIGNATURE_LEFT)
            with pytest.raises(CaptureEnded) as caught:
                await bench.toolbox.capture_signature(within=20)
            assert caught.value.reason is CaptureEnd.TIMED_OUT
            await bench.toolbox.capture_signature(within=20)

    run(story)


def test_a_battery_at_nine_percent_prints_nothing() -> None:
    """What must not break off is not begun."""

    async def story() -> None:
        kit = make_kit()
        kit.plan.arm(Capability.PRINTER, Fault.BATTERY_LOW)
        async with open_bench(kit) as bench:
            with pytest.raises(BatteryLow) as caught:
                await bench.toolbox.print_receipt(RECEIPT, within=20)
            assert caught.value.percent == 9
            await trio.sleep(61)
            await bench.toolbox.print_receipt(RECEIPT, within=20)

    run(story)


def test_silent_radio_is_noticed_and_the_link_comes_back() -> None:
    """A link that carries nothing is taken down by the heartbeat and opened again."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.CAMERA, Fault.SILENCE)
            await bench.until(Capability.CAMERA, "offline")
            assert 10 < trio.current_time() < 15
            await bench.until(Capability.CAMERA, "idle")
            assert bench.kit.lines[Capability.CAMERA].epoch == 2

    run(story)


def test_one_dead_peripheral_harms_nobody() -> None:
    """A printer that drops every link for half an hour leaves the others and the tree alone."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(Capability.PRINTER, Fault.DROP_BEFORE, times=10_000)
            await trio.sleep(1800)
            await bench.toolbox.read_id(within=30)
            root = snapshot(bench.tree)
            restarts = {node.path: node.restarts for node in root.children}
            assert 100 < restarts.pop("/toolbox/printer") < 200
            assert set(restarts.values()) == {0}
            bench.plan.heal()
            await bench.until(Capability.PRINTER, "ready")

    run(story)


def test_a_kit_that_is_switched_off_stays_within_the_intensity() -> None:
    """All seven absent for ten minutes: the supervisor goes on trying and never gives up."""

    async def story() -> None:
        kit = make_kit()
        for name in Capability:
            kit.plan.arm(name, Fault.DROP_BEFORE, times=10_000)
        async with open_bench(kit) as bench:
            await trio.sleep(600)
            kit.plan.heal()
            await trio.sleep(30)
            states = {light.state for light in await bench.toolbox.statuses()}
            assert states <= {"idle", "no_card", "ready"}

    run(story)


def test_a_caller_who_is_cancelled_takes_the_request_back() -> None:
    """The teller presses cancel: the reader is free for the next request at once."""

    async def story() -> None:
        async with open_bench(make_kit(by_hand=True)) as bench:
            with trio.move_on_after(2):
                await bench.toolbox.read_id(within=60)
            with pytest.raises(CardProblem):
                await bench.toolbox.read_id(within=1)

    run(story)


def test_two_callers_share_a_reader_in_turn() -> None:
    """The second is told that it is busy, the first gets the card."""

    async def story() -> None:
        async with open_bench() as bench, trio.open_nursery() as nursery:
            nursery.start_soon(lambda: bench.toolbox.read_id(within=30))
            await trio.sleep(0.1)
            with pytest.raises(PeripheralBusy):
                await bench.toolbox.read_id(within=30)

    run(story)


def test_a_kit_without_a_printer_says_so() -> None:
    """What is not there is unsupported, at once."""

    async def story() -> None:
        async with open_bench() as bench:
            elsewhere = Toolbox(bench.system, "/nowhere")
            with pytest.raises(Unsupported):
                await elsewhere.print_receipt(RECEIPT, within=5)
            assert await elsewhere.statuses() == ()
            with pytest.raises(Unsupported):
                await bench.toolbox.take_photo("x" * 100, within=5)

    run(story)


async def _tries(bench: Bench) -> list[str]:
    """A stubborn teller: every device, over and over, whatever happens."""
    outcomes = []
    toolbox = bench.toolbox
    for _ in range(4):
        for call in (
            lambda: toolbox.read_id(within=20),
            lambda: toolbox.read_bank_card(within=20),
            lambda: toolbox.enter_new_pin(PAN, PinContext(), within=40),
            lambda: toolbox.take_photo("id_back", within=20),
            lambda: toolbox.capture_signature(within=20),
            lambda: toolbox.print_receipt(RECEIPT, within=20),
        ):
            try:
                outcomes.append(type(await call()).__name__)
            except PeripheralError as error:
                outcomes.append(f"{type(error).__name__}: {error}")
    return outcomes


@pytest.mark.parametrize("seed", range(3))
def test_everything_at_once_from_a_seed(seed: int) -> None:
    """All faults at random: only typed errors, the same again from the seed, and then it heals."""

    def play() -> list[str]:
        async def story() -> list[str]:
            rates = dict.fromkeys(Fault, 0.02) | {Fault.PIN_TAMPER: 0.0}
            plan = FaultPlan(random.Random(seed), rates)
            async with open_bench(make_kit(f"chaos-{seed}", plan=plan)) as bench:
                outcomes = await _tries(bench)
                plan.heal()
                bench.kit.printer.rows_left = 1_000
                bench.kit.printer.cover_open = False
                await trio.sleep(90)
                assert [kind for kind in await _tries(bench) if ": " in kind] == []
                assert trio.current_time() < 3_600
                return outcomes

        return run_seeded(story, seed)

    outcomes = play()

    assert outcomes == play()
    assert any(": " in outcome for outcome in outcomes)
    assert any(": " not in outcome for outcome in outcomes)


def test_pin_end_and_errors_never_say_who() -> None:
    """No error of the tree can carry a number: their texts are codes."""
    for error in (
        PinEntryEnded(PinEnd.WEAK),
        CardProblem(CardCode.MUTE),
        PrinterProblem(PrinterCode.FAULT),
        CaptureEnded(CaptureEnd.DAMAGED),
    ):
        assert str(error).replace("_", "").isalpha()
