"""AES DUKPT: the standard's published vectors, and the device side against the office side."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import dukpt
from wire.dukpt import FutureKeys, Ksn, Usage
from wire.errors import LocalMisuse

BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
KEY_ID = bytes.fromhex("1234567890123456")
INITIAL = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")


def test_initial_key_is_the_published_one() -> None:
    """The office derives the device's initial key exactly as the standard's example does."""
    assert dukpt.initial_key(BDK, KEY_ID) == INITIAL


@pytest.mark.parametrize(
    ("counter", "usage", "expected"),
    [
        (1, Usage.PIN_ENCRYPTION, "AF8CB133A78F8DC2D1359F18527593FB"),
        (1, Usage.MAC_GENERATION, "A2DC23DE6FDE0824A2BC321E08E4B8B7"),
        (1, Usage.DATA_ENCRYPTION, "A35C412EFD41FDB98B69797C02DCD08F"),
        (2, Usage.PIN_ENCRYPTION, "D30BDC73EC9714B000BEC66BDB7B6D09"),
    ],
)
def test_working_keys_are_the_published_ones(counter: int, usage: Usage, expected: str) -> None:
    """Each purpose of a transaction has its own key, as published."""
    assert expected == dukpt.working_key(INITIAL, KEY_ID, counter, usage).hex().upper()


def test_transaction_key_is_the_published_one() -> None:
    """The key between the initial key and the working keys agrees too."""
    expected = bytes.fromhex("4F21B565BAD9835E112B6465635EAE44")

    assert expected == dukpt.transaction_key(INITIAL, KEY_ID, 1)


def test_device_and_office_agree_for_a_long_day_of_customers() -> None:
    """A device that only ever keeps future keys makes the same keys as the office does."""
    register = FutureKeys.inject(INITIAL, KEY_ID)

    for expected_counter in range(1, 300):
        register, transaction = register.advance()
        counter = transaction.ksn.counter
        assert expected_counter == counter
        office = dukpt.working_key(INITIAL, KEY_ID, counter, Usage.PIN_ENCRYPTION)
        assert office == transaction.working_key(Usage.PIN_ENCRYPTION)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, (1 << 32) - 2), st.sampled_from([16, 24, 32]))
def test_device_and_office_agree_anywhere_in_a_device_life(used: int, size: int) -> None:
    """However many transactions lie behind, the next keys agree, and each is used once."""
    bdk = (BDK * 2)[:size]
    initial = dukpt.initial_key(bdk, KEY_ID)
    register = _register_after(initial, used)
    seen = set()

    for _ in range(3):
        try:
            register, transaction = register.advance()
        except dukpt.KeysExhausted:
            return
        office = dukpt.transaction_key(initial, KEY_ID, transaction.ksn.counter)
        assert office == transaction.key
        assert transaction.key not in seen
        assert transaction.key not in register.keys
        seen.add(transaction.key)


def _register_after(initial: bytes, counter: int) -> FutureKeys:
    """The register a device holds once `counter` lies behind it, by definition, not by walking."""
    while counter.bit_count() > dukpt.COUNTER_ONES_MAX:
        counter &= counter - 1
    keys: list[bytes | None] = []
    for bit in range(dukpt.COUNTER_BITS):
        prefix = counter >> (bit + 1) << (bit + 1) | 1 << bit
        unused = not counter >> bit & 1 and prefix.bit_count() <= dukpt.COUNTER_ONES_MAX
        keys.append(dukpt.transaction_key(initial, KEY_ID, prefix) if unused else None)
    return FutureKeys(KEY_ID, counter, tuple(keys))


def test_exhausted_device_says_so() -> None:
    """After the last counter there is no key, rather than an old one."""
    last = ((1 << dukpt.COUNTER_ONES_MAX) - 1) << (dukpt.COUNTER_BITS - dukpt.COUNTER_ONES_MAX)

    with pytest.raises(dukpt.KeysExhausted):
        _register_after(INITIAL, last).advance()


@given(st.binary(min_size=8, max_size=8), st.integers(0, (1 << 32) - 1))
def test_key_serial_number_travels_as_twelve_bytes(key_id: bytes, counter: int) -> None:
    """A KSN survives its trip."""
    ksn = Ksn(key_id, counter)

    assert ksn == Ksn.parse(ksn.pack())
    assert len(ksn.pack()) == dukpt.KSN_BYTES


def test_wrong_lengths_and_counters_are_refused() -> None:
    """Nothing is derived from something that is no key, no key id or no counter."""
    with pytest.raises(LocalMisuse):
        dukpt.initial_key(b"short", KEY_ID)
    with pytest.raises(LocalMisuse):
        dukpt.initial_key(BDK, b"short")
    with pytest.raises(LocalMisuse):
        dukpt.working_key(INITIAL, KEY_ID, 0, Usage.PIN_ENCRYPTION)
    with pytest.raises(LocalMisuse):
        dukpt.working_key(INITIAL, KEY_ID, (1 << 17) - 1, Usage.PIN_ENCRYPTION)
    with pytest.raises(LocalMisuse):
        Ksn.parse(bytes(11))


def test_no_key_in_a_repr() -> None:
    """A register in a log line shows its counter only."""
    register, transaction = FutureKeys.inject(INITIAL, KEY_ID).advance()

    assert repr(register) == "FutureKeys(counter=1)"
    assert repr(transaction) == "TransactionKey(counter=1)"
