"""The PIN pad: what a customer can do at it, and that no digit ever leaves it."""

from __future__ import annotations

import random
import re

import psec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Actor, on
from hw.actors import PeripheralStatus
from hw.errors import PeripheralLost, PinEnd, PinEntryEnded, Unsupported
from hw.framing import epp
from hw.framing.epp import Advice
from hw.messages import EnterPin, PinContext, PinProgress, SealedPin
from hw.transport import Fault, FaultPlan
from hw.virtual.kit import VirtualToolbox
from hw.virtual.pin_customer import BACK, CANCEL, ENTER, KEYS, PinCustomer
from hw.virtual.pin_pad import MemoryInside, VirtualPinPad
from tests.hw.kit import BDK, CARDS, INITIAL, KEY_ID, TODAY, Bench, make_kit, open_bench
from tests.kit.running import run
from wire import dukpt
from wire.dukpt import FutureKeys, Ksn, Usage
from wire.form import Capability
from wire.masked import IdNumber, Pan, Phone

PAN = Pan(CARDS[0])
CONTEXT = PinContext("19580314", Phone("13812345678"), IdNumber("53012519580314204X"))
PAD = Capability.PIN_PAD
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


def opened(sealed: SealedPin, pan: Pan) -> str:
    """What the office's security module finds in the block."""
    ksn = Ksn.parse(sealed.ksn)
    initial = dukpt.initial_key(BDK, ksn.key_id)
    key = dukpt.working_key(initial, ksn.key_id, ksn.counter, Usage.PIN_ENCRYPTION)
    return psec.pinblock.decipher_pinblock_iso_4(key, sealed.block, pan.digits)


async def outcome(bench: Bench, *entries: str) -> SealedPin | PinEnd:
    """How a new PIN ends with the customer typing these, each followed by ENTER."""
    ends: list[SealedPin | PinEnd] = []

    async def ask() -> None:
        try:
            ends.append(await bench.toolbox.enter_new_pin(PAN, CONTEXT, within=120))
        except PinEntryEnded as ended:
            ends.append(ended.reason)

    with trio.fail_after(200):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(0.1)
            for entry in entries:
                bench.kit.press(entry + ENTER)
                await trio.sleep(0.1)
    return ends[0]


async def typed(bench: Bench, *entries: str) -> SealedPin:
    """A new PIN that stands."""
    sealed = await outcome(bench, *entries)
    assert isinstance(sealed, SealedPin)
    return sealed


def ending(*entries: str) -> SealedPin | PinEnd:
    """How an entry ends in which the customer types these."""

    async def story() -> SealedPin | PinEnd:
        async with open_bench(make_kit(by_hand=True)) as bench:
            return await outcome(bench, *entries)

    return run(story)


def test_a_new_pin_reaches_the_office_and_nobody_else() -> None:
    """Typed twice, sealed under a fresh key; the office opens exactly what was typed."""

    async def story() -> None:
        async with open_bench(make_kit(by_hand=True)) as bench:
            sealed = await typed(bench, "739152", "739152")
            assert opened(sealed, PAN) == "739152"
            assert sealed.answering("pin").block == sealed.block
            again = await typed(bench, "739152", "739152")
            assert Ksn.parse(again.ksn).counter == Ksn.parse(sealed.ksn).counter + 1
            assert again.block != sealed.block

    run(story)


def test_what_crosses_the_line_does_not_depend_on_the_pin() -> None:
    """Two customers with different PINs: byte for byte the same traffic, but for the block."""

    def traffic(pin: str) -> tuple[bytes, bytes]:
        async def story() -> tuple[bytes, bytes]:
            async with open_bench(make_kit(by_hand=True)) as bench:
                line = bench.kit.lines[PAD]
                line.sent, line.seen = [], []
                sealed = await typed(bench, pin, pin)
                assert opened(sealed, PAN) == pin
                seen = b"".join(line.seen)
                assert pin.encode() not in seen
                assert bytes.fromhex(pin) not in seen
                at = seen.index(sealed.block)
                check = at + epp.BLOCK_BYTES
                return b"".join(line.sent), seen[:at] + seen[check + 1 :]

        return run(story)

    assert traffic("739152") == traffic("280461")


def test_the_terminal_learns_how_many_keys_and_no_more() -> None:
    """The teller's screen fills dots: counts, entries and advice, told to whoever watches."""

    class Screen(Actor):
        def __init__(self) -> None:
            self.dots: list[tuple[int, int, str]] = []

        @on(PinProgress)
        def progress(self, message: PinProgress) -> None:
            self.dots.append((message.entry, message.keys, message.advice))

        @on(PeripheralStatus)
        def status(self, message: PeripheralStatus) -> None:
            pass

    async def story() -> None:
        async with open_bench(make_kit(by_hand=True)) as bench:
            screen = Screen()
            assert bench.toolbox.watch(bench.system.spawn("screen", lambda: screen))
            await typed(bench, "111111", "73" + BACK + "39152", "739152")
            first = [(1, n, "") for n in range(7)]
            corrected = [(1, n, "") for n in (1, 2, 1, 2, 3, 4, 5, 6)]
            assert screen.dots == [
                *first,
                (1, 0, "weak"),
                *corrected,
                *[(2, n, "") for n in range(7)],
            ]

    run(story)


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("111111", "one digit repeated"),
        ("123456", "a sequence"),
        ("987654", "a sequence down"),
        ("121212", "a pair repeated"),
        ("580314", "the birth date"),
        ("195803", "the birth month"),
        ("345678", "the end of the phone, and a sequence"),
        ("812345", "inside the phone number"),
        ("314204", "the end of the ID number"),
    ],
)
def test_weak_pins_are_refused_inside_the_pad(weak: str, why: str) -> None:
    """Three weak ones in a row end the entry; the terminal learns only that."""
    assert ending(weak, weak, weak) is PinEnd.WEAK, why


def test_two_different_entries_three_times_end_it() -> None:
    """The customer cannot repeat what they typed."""
    assert ending(*["739152", "739153"] * 3) is PinEnd.MISMATCH


def test_the_customer_presses_cancel() -> None:
    """At any moment."""
    assert ending("739" + CANCEL) is PinEnd.CANCELLED
    assert ending("739152", "7" + CANCEL) is PinEnd.CANCELLED


def test_the_customer_does_nothing() -> None:
    """The pad gives up after its own time; the terminal's may be longer."""
    assert ending() is PinEnd.TIMED_OUT


def test_enter_too_early_does_nothing() -> None:
    """Four digits are no PIN: the pad waits for the rest."""

    async def story() -> None:
        async with open_bench(make_kit(by_hand=True)) as bench:
            sealed = await typed(bench, "7391", "52", "739152")
            assert opened(sealed, PAN) == "739152"

    run(story)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.PIN_TIMEOUT, PinEnd.TIMED_OUT),
        (Fault.PIN_CANCEL, PinEnd.CANCELLED),
        (Fault.PIN_TAMPER, PinEnd.TAMPERED),
    ],
)
def test_each_fault_of_an_entry_is_told_by_its_reason(fault: Fault, reason: PinEnd) -> None:
    """The virtual customer leaves, cancels, or somebody opens the case."""

    async def story() -> None:
        async with open_bench() as bench:
            bench.plan.arm(PAD, fault)
            with pytest.raises(PinEntryEnded) as caught:
                await bench.toolbox.enter_new_pin(PAN, CONTEXT, within=120)
            assert reason is caught.value.reason

    run(story)


def test_a_tampered_pad_is_no_pad_any_more() -> None:
    """Its keys are gone, and neither a new link nor a new request brings them back."""

    async def story() -> None:
        async with open_bench() as bench:
            assert bench.kit.pin_pad is not None
            bench.kit.pin_pad.open_case()
            bench.kit.lines[PAD].nudge()
            await bench.until(PAD, "tampered")
            with pytest.raises(PinEntryEnded):
                await bench.toolbox.enter_pin(PAN, within=30)
            bench.plan.arm(PAD, Fault.DROP_BEFORE)
            await trio.sleep(20)
            with pytest.raises((PinEntryEnded, Unsupported)):
                await bench.toolbox.enter_pin(PAN, within=30)

    run(story)


def test_a_pad_without_keys_says_so() -> None:
    """Nobody types a PIN into a pad that could not protect it."""

    async def story() -> None:
        kit = VirtualToolbox(
            "empty",
            today=TODAY,
            cards=CARDS,
            pad_keys=None,
            entropy=random.Random(0).randbytes,
        )
        async with open_bench(kit) as bench:
            with pytest.raises(Unsupported):
                await bench.toolbox.enter_pin(PAN, within=30)
            assert await bench.state(PAD) == "no_keys"

    run(story)


@pytest.mark.parametrize("fault", LINK_FAULTS)
def test_a_link_fault_ends_in_a_block_or_a_reason_and_never_begins_again(fault: Fault) -> None:
    """Wherever the link fails, one request opens at most one entry, and it is closed after."""

    async def story() -> None:
        for after in (0, 1, 4, 11, 20):
            async with open_bench() as bench:
                line = bench.kit.lines[PAD]
                line.sent = []
                bench.plan.arm(PAD, fault, after=after)
                try:
                    sealed = await bench.toolbox.enter_new_pin(PAN, CONTEXT, within=60)
                    opened(sealed, PAN)
                except (PinEntryEnded, PeripheralLost):
                    pass
                begun = [data for data in line.sent if data[2] == epp.Command.BEGIN]
                assert len(begun) <= 1
                bench.plan.heal()
                await trio.sleep(60)
                sealed = await bench.toolbox.enter_new_pin(PAN, CONTEXT, within=60)
                assert len(opened(sealed, PAN)) == 6

    run(story)


def test_the_teller_cancels_and_the_pad_closes() -> None:
    """A caller who is cancelled leaves no entry open behind."""

    async def story() -> None:
        async with open_bench(make_kit(by_hand=True)) as bench:
            with trio.move_on_after(3):
                await bench.toolbox.enter_pin(PAN, within=60)
            await trio.sleep(0.1)
            assert await bench.state(PAD) == "cancelled"
            sealed = await typed(bench, "739152", "739152")
            assert opened(sealed, PAN) == "739152"

    run(story)


def test_no_key_serial_number_is_used_twice_whatever_happens() -> None:
    """Ten entries, most of them broken off: every counter is new."""
    memory = MemoryInside(FutureKeys.inject(INITIAL, KEY_ID))
    begin = epp.encode(epp.Command.BEGIN, epp.pack_begin(epp.Begin(PAN.digits, 1, 30)))
    counters = []
    for round_number in range(10):
        pad = VirtualPinPad(memory, random.Random(0).randbytes, FaultPlan(random.Random(0)))
        pad.plugged(0.0)
        pad.received(begin, 0.0)
        if round_number % 3 == 0:
            pad.press("739152" + ENTER, 1.0)
            (frame,) = [f for f in epp.decoder().feed(b"".join(pad.tick(1.0))) if f.code == 0x23]
            counters.append(Ksn.parse(frame.data[:12]).counter)
        else:
            pad.plugged(1.0)

    assert counters == [1, 4, 7, 10]


def test_the_customer_remembers_the_pin_of_each_card() -> None:
    """What was set is what is typed later, on the same card, by a new process too."""

    async def story() -> None:
        async with open_bench() as bench:
            chosen = await bench.toolbox.enter_new_pin(PAN, CONTEXT, within=60)
            typed_later = await bench.toolbox.enter_pin(PAN, within=60)
            assert opened(chosen, PAN) == opened(typed_later, PAN)

    run(story)
    assert PinCustomer("a").pin(PAN.digits) == PinCustomer("a").pin(PAN.digits)
    customer = PinCustomer("a")
    before = customer.pin(PAN.digits)
    customer.keys(PAN.digits, Advice.WEAK)
    assert before != customer.pin(PAN.digits)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from(sorted(KEYS)), max_size=60), st.sampled_from([1, 2]))
def test_no_way_of_typing_lets_a_digit_out(keys: str, entries: int) -> None:
    """Random typing: what the pad sends consists of counts, stages and one block."""
    memory = MemoryInside(FutureKeys.inject(INITIAL, KEY_ID))
    pad = VirtualPinPad(memory, random.Random(0).randbytes, FaultPlan(random.Random(0)))
    pad.plugged(0.0)
    begin = epp.Begin(PAN.digits, entries, 30)
    sent = pad.received(epp.encode(epp.Command.BEGIN, epp.pack_begin(begin)), 0.0)
    pad.press(keys, 1.0)
    sent += pad.tick(1.0)

    allowed: dict[int, range] = {
        epp.Status.OK: range(1),
        epp.Event.KEY_COUNT: range(1, 2),
        epp.Event.ENTRY: range(2, 3),
        epp.Event.ENDED: range(1, 2),
        epp.Event.SEALED: range(28, 29),
    }
    for frame in epp.decoder().feed(b"".join(sent)):
        assert len(frame.data) in allowed[frame.code]
        assert frame.code != epp.Event.KEY_COUNT or frame.data[0] <= 6
        assert frame.code != epp.Event.ENTRY or max(frame.data) <= 2


def test_nothing_about_the_customer_in_a_repr() -> None:
    """Requests and results in a log or a dead letter show no number."""
    request = EnterPin(until=1.0, ticket=1, pan=PAN, new=True, context=CONTEXT)
    shown = repr(request) + repr(SealedPin(bytes(12), bytes(16))) + repr(PinCustomer("a"))
    shown += repr(epp.Begin(PAN.digits, 2, 30, "19580314", "13812345678", "53012519580314204X"))
    shown += repr(epp.decoder().feed(epp.encode(0x31, b"6231900000000000006")))

    assert re.findall(r"\d{8,}", shown) == []
