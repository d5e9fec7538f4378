"""The virtual kit keeps the bank's own rules, and is the same again from its seed."""

from __future__ import annotations

import itertools
import random

import pytest

from hw.framing import EscposReceipt
from hw.framing.capture import CAPTURE_BYTES_MAX, sound_subject
from hw.transport import Fault, FaultPlan
from hw.virtual.bank_card import VirtualBankCard, card_number
from hw.virtual.camera import SCENES, VirtualCamera, scene, with_grain
from hw.virtual.citizens import deck
from hw.virtual.microphone import VirtualMicrophone, hum
from hw.virtual.receipt_printer import VirtualReceiptPrinter
from hw.virtual.signature_pad import signature
from tests.hw.kit import CARDS, TODAY
from tests.kit.outside import EPOCH_MS
from wire import sound
from wire.checks import Context, check_bank_card, check_id_card, check_ink
from wire.chip_record import parse_chip_record
from wire.form import Capability
from wire.masked import IdNumber, Pan
from wire.photo import measure, normalise
from wire.value import BankCardValue, IdCardValue


def test_every_citizen_passes_the_bank_s_checks() -> None:
    """Numbers, names, terms of validity: three hundred invented people are all plausible."""
    context = Context(now_ms=EPOCH_MS)
    people = list(itertools.islice(deck(random.Random("people"), TODAY), 300))

    for card in people:
        holder = card.holder
        value = IdCardValue(
            card.record, card.photo, "05030000", IdNumber(holder.number), holder.name
        )
        assert check_id_card(value, context) == []
        assert holder == parse_chip_record(card.record)
    assert len({card.holder.number for card in people}) == 300
    assert any("\u00b7" in card.holder.name for card in people)


def test_the_same_seed_deals_the_same_cards() -> None:
    """A story can be told again."""
    first, second = (
        [card.record for card in itertools.islice(deck(random.Random("x"), TODAY), 5)]
        for _ in range(2)
    )

    assert first == second


def test_bank_cards_pass_the_bank_s_checks() -> None:
    """Prefix, length and check digit are right, and no two cards share a number."""
    context = Context(now_ms=EPOCH_MS)

    for number in CARDS:
        assert check_bank_card(BankCardValue(Pan(number), "3112"), context) == []
    assert len(set(CARDS)) == len(CARDS)
    assert len(card_number("62", 0, 16)) == 16


def test_a_bank_card_gives_nothing_before_it_is_selected() -> None:
    """Records and options need a chosen application, and a reset forgets it."""
    card = VirtualBankCard(CARDS[0])
    card.power()

    assert card.apdu(bytes.fromhex("00B2011400")) == b"\x69\x85"
    assert card.apdu(bytes.fromhex("80A8000002830000")) == b"\x69\x85"
    assert card.apdu(bytes.fromhex("0084000008")) == b"\x6d\x00"
    assert CARDS[0] not in repr(card)


def test_signatures_pass_the_bank_s_checks() -> None:
    """A hundred virtual signatures are long, slow and large enough, and all differ."""
    dice = random.Random("ink")
    inks = [signature(dice) for _ in range(100)]

    for ink in inks:
        assert check_ink(ink, Context(now_ms=EPOCH_MS)) == []
    assert len(set(inks)) == 100


@pytest.mark.parametrize("subject", SCENES)
def test_photos_are_sharp_and_of_the_right_size(subject: str) -> None:
    """Each stored scene passes the photo rules before and after the terminal's normalising."""
    facts = measure(normalise(scene(subject)))

    assert max(facts.width, facts.height) == 1280
    assert facts.size < 400 * 1024
    assert facts.sharpness > 100


def test_no_two_photos_are_the_same_file() -> None:
    """The same scene twenty times: every file is new, also once normalised, and none is spoilt."""
    camera = VirtualCamera(random.Random("camera"), FaultPlan(random.Random(0)))
    photos = [camera._shoot("customer") for _ in range(20)]
    facts = [measure(photo) for photo in photos]

    assert len(set(photos)) == 20
    assert len({normalise(photo) for photo in photos}) == 20
    assert min(fact.sharpness for fact in facts) > 300
    assert photos[0] == with_grain(scene("customer"), random.Random("camera"))


def test_recordings_are_as_long_as_was_asked_and_none_is_like_another() -> None:
    """From the same seed the same hum; a microphone knows nothing but sound."""
    dice = random.Random("hum")
    hums = [hum(seconds, dice) for seconds in (1, 1, 30)]
    microphone = VirtualMicrophone(random.Random("hum"), FaultPlan(random.Random(0)))

    assert [1_000, 1_000, 30_000] == [sound.measure(one).duration_ms for one in hums]
    assert len(set(hums)) == 3
    assert hums[0] == microphone._listen(sound_subject(1))
    assert microphone._listen("id_front") is None
    assert microphone._listen(f"sound {sound.RECORDING_S_MAX + 1}") is None
    longest = hum(sound.RECORDING_S_MAX, dice)
    assert len(longest) <= min(sound.RECORDING_BYTES_MAX, CAPTURE_BYTES_MAX)


def test_the_printer_prints_what_was_meant() -> None:
    """Chinese rows come out as they went in, wide ones wrapped, and the end is cut."""
    printer = VirtualReceiptPrinter(FaultPlan(random.Random(0)))
    lines = ("农村信用社 业务确认单", "客户：阿依·古丽", "", "金额：" + "壹" * 20)

    for step in EscposReceipt(lines).steps:
        printer.received(step, 0.0)

    assert printer.paper == [
        *lines[:3],
        "金额：" + "壹" * 13,
        "壹" * 7,
        "",
        "",
        "",
        VirtualReceiptPrinter.CUT,
    ]


def test_an_armed_fault_strikes_as_often_as_it_was_armed() -> None:
    """After the ones to spare it strikes so many times, and never once healed."""
    plan = FaultPlan(random.Random(0), {Fault.SILENCE: 1.0})
    plan.arm(Capability.PRINTER, Fault.COVER_OPEN, times=2, after=1)
    name = Capability.PRINTER

    struck = [plan.strikes(name, Fault.COVER_OPEN) for _ in range(5)]

    assert struck == [False, True, True, False, False]
    assert plan.strikes(name, Fault.SILENCE)
    plan.heal()
    assert not plan.strikes(name, Fault.SILENCE)
    assert plan.struck[name, Fault.COVER_OPEN] == 2
