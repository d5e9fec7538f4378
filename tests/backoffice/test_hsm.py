"""The security module: a PIN goes in enciphered and comes out as a proof, and nothing else does."""

from __future__ import annotations

import random
import traceback

import psec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.hsm import BadModule, PinRefused, SecurityModule
from wire.codec import decode_json, encode_json
from wire.dukpt import FutureKeys, Usage
from wire.masked import Pan
from wire.messages.case import PinBlock

KEY_FILE = SecurityModule.create(random.Random(1).randbytes)
MODULE = SecurityModule(KEY_FILE)
PAN, OTHER_PAN = Pan("6217000000000000017"), Pan("6217000000000000025")
PIN = "402817"


class Pad:
    """A PIN pad with its own keys; every entry uses the next one."""

    def __init__(self, serial: int = 1, module: SecurityModule = MODULE) -> None:
        key_id, initial = module.pad_key(serial)
        self._keys = FutureKeys.inject(initial, key_id)

    def enter(self, pin: str = PIN, pan: Pan = PAN) -> PinBlock:
        self._keys, key = self._keys.advance()
        working = key.working_key(Usage.PIN_ENCRYPTION)
        block = psec.pinblock.encipher_pinblock_iso_4(working, pin, pan.digits)
        return PinBlock("pin", key.ksn.pack(), block)


def refused(pin: PinBlock, pan: Pan = PAN, module: SecurityModule = MODULE) -> str:
    """How the refusal reads, traceback and all."""
    with pytest.raises(PinRefused) as why:
        module.verifier(pin, pan)
    return "".join(traceback.format_exception(why.value)) + repr(why.value)


PINS = st.text("0123456789", min_size=6, max_size=6)


@settings(max_examples=40, deadline=None)
@given(PINS, PINS, st.integers(0, 2**32 - 1))
def test_equal_pins_have_equal_verifiers(pin: str, other: str, serial: int) -> None:
    """On every pad and at every entry; another PIN or another card has another one."""
    verifier = MODULE.verifier(Pad().enter(pin), PAN)

    pad = Pad(serial)
    pad.enter(other)
    assert verifier == MODULE.verifier(pad.enter(pin), PAN)
    assert (pin == other) == (verifier == MODULE.verifier(pad.enter(other), PAN))
    assert verifier != MODULE.verifier(pad.enter(pin, OTHER_PAN), OTHER_PAN)
    assert pin.encode() not in verifier


def test_a_block_is_bound_to_its_card() -> None:
    """A block for one card opens for no other."""
    pad = Pad()
    for _ in range(20):
        refused(pad.enter(), OTHER_PAN)


def test_an_altered_block_is_refused() -> None:
    """Any bit of the block, or of the serial number that names its key."""
    pin = Pad().enter()
    for bit in range(8 * len(pin.block)):
        refused(PinBlock("pin", pin.key_serial, _flipped(pin.block, bit)))
    for bit in range(8 * len(pin.key_serial)):
        refused(PinBlock("pin", _flipped(pin.key_serial, bit), pin.block))


def test_another_pads_block_is_refused() -> None:
    """One that claims to be from a pad of ours, and one from another bank's module."""
    first, second = Pad(1).enter(), Pad(2).enter()
    refused(PinBlock("pin", first.key_serial, second.block))
    foreign = SecurityModule(SecurityModule.create(random.Random(2).randbytes))
    refused(Pad(1, foreign).enter())
    refused(first, module=foreign)


@pytest.mark.parametrize("pin", ["4028", "40281", "4028170", "402817402817"])
def test_only_six_digits_are_a_pin(pin: str) -> None:
    """Rightly enciphered, but no PIN of this bank."""
    assert pin not in refused(Pad().enter(pin))


@pytest.mark.parametrize("block", [b"", bytes(15), bytes(16), bytes(17), bytes(32)])
def test_nonsense_is_refused(block: bytes) -> None:
    """Blocks of the wrong length, and serial numbers of the wrong length."""
    refused(PinBlock("pin", Pad().enter().key_serial, block))
    refused(PinBlock("pin", block, Pad().enter().block))


def test_nothing_tells_the_pin_or_a_key() -> None:
    """No repr, no exception, no traceback; the verifier alone proves, and proves nothing."""
    keys = decode_json(dict[str, str], KEY_FILE)
    words = repr(MODULE) + str(MODULE) + repr(Pad().enter()) + refused(Pad().enter(), OTHER_PAN)
    assert PIN not in words
    for secret in keys.values():
        assert secret not in words


@pytest.mark.parametrize("name", ["base", "base_id", "verification"])
def test_a_damaged_key_file_is_refused(name: str) -> None:
    """Nothing of its content is in the message."""
    keys = decode_json(dict[str, str], KEY_FILE)
    short = encode_json({**keys, name: keys[name][:-8]})
    gone = encode_json({other: value for other, value in keys.items() if other != name})
    for damaged in (short, gone, KEY_FILE[:-3], b"", b"[]"):
        with pytest.raises(BadModule) as why:
            SecurityModule(damaged)
        text = "".join(traceback.format_exception(why.value))
        assert not [secret for secret in keys.values() if secret[:8] in text]


def _flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
