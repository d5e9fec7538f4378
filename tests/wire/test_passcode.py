"""Staff passcodes as they are stored and checked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.noise_pair import entropy_from
from wire.errors import LocalMisuse
from wire.passcode import (
    PASSCODE_CHARS_MAX,
    Cost,
    PasscodeRecordDamaged,
    hash_passcode,
    verify_passcode,
)

STORED = hash_passcode("483920", entropy_from(1), Cost.MINIMUM)
passcodes = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(passcodes, st.integers(0, 2**32))
@settings(deadline=None)
def test_the_right_passcode_is_recognised(passcode: str, seed: int) -> None:
    """Whatever the keyboard can write."""
    assert verify_passcode(hash_passcode(passcode, entropy_from(seed), Cost.MINIMUM), passcode)


@pytest.mark.parametrize(
    "wrong", ["", "48392", "483921", "4839200", " 483920", "\ud800", "4" * (PASSCODE_CHARS_MAX + 1)]
)
def test_a_wrong_passcode_is_a_plain_no(wrong: str) -> None:
    """Nearly right, empty, endless or not even text: False, and no exception."""
    assert not verify_passcode(STORED, wrong)


def test_full_width_digits_are_the_same_passcode() -> None:
    """A Chinese input method may write digits at full width."""
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in "483920")

    assert verify_passcode(STORED, full_width)


def test_the_same_passcode_is_stored_differently_for_everybody() -> None:
    """Each entry has its own salt, so equal passcodes cannot be seen in a stolen list."""
    entropy = entropy_from(3)
    first, second = (hash_passcode("483920", entropy, Cost.MINIMUM) for _ in range(2))

    assert first != second
    assert verify_passcode(first, "483920")
    assert verify_passcode(second, "483920")


def test_the_stored_text_names_its_cost_and_not_the_passcode() -> None:
    """A later cost can be told from an earlier one."""
    assert ["argon2id", "minimum"] == STORED.split("$")[:2]
    assert "483920" not in STORED


def test_the_production_cost_works() -> None:
    """What staff wait for at sign-in: 64 MiB and two passes."""
    stored = hash_passcode("483920", entropy_from(1), Cost.INTERACTIVE)

    assert "argon2id$interactive$" == stored[:21]
    assert verify_passcode(stored, "483920")
    assert not verify_passcode(stored, "483921")


def test_a_raised_or_lowered_cost_makes_another_hash() -> None:
    """Renaming the cost of an entry does not make a cheaper entry out of it."""
    assert not verify_passcode(STORED.replace("minimum", "interactive"), "483920")


@given(
    st.one_of(st.text(max_size=150), st.sampled_from(range(len(STORED))).map(lambda n: STORED[:n]))
)
def test_a_damaged_record_is_one_typed_error(stored: str) -> None:
    """Cut, garbled or invented: never another exception, and never a yes."""
    with pytest.raises(PasscodeRecordDamaged) as caught:
        verify_passcode(stored, "483920")

    assert "a stored passcode is damaged" == str(caught.value)


@pytest.mark.parametrize(
    "stored",
    [
        STORED + "$",
        STORED + "=",
        STORED + " ",
        STORED.replace("argon2id", "argon2i"),
        STORED.replace("minimum", "free"),
        STORED.replace("minimum$", "minimum$A"),
        "argon2id$minimum$$",
        "argon2id$minimum$一$一",
    ],
)
def test_a_record_that_we_did_not_write_is_refused(stored: str) -> None:
    """Close to a record is not a record."""
    with pytest.raises(PasscodeRecordDamaged):
        verify_passcode(stored, "483920")


@pytest.mark.parametrize("passcode", ["", "4" * (PASSCODE_CHARS_MAX + 1), "\ud800"])
def test_an_impossible_passcode_is_not_stored(passcode: str) -> None:
    """Empty, endless, or not text; and the error does not quote it."""
    with pytest.raises(LocalMisuse) as caught:
        hash_passcode(passcode, entropy_from(1), Cost.MINIMUM)

    assert str(caught.value).startswith("a passcode has 1 to 128")


def test_short_entropy_is_no_salt() -> None:
    """A broken source of randomness is noticed."""
    with pytest.raises(LocalMisuse):
        hash_passcode("483920", lambda size: bytes(size - 1), Cost.MINIMUM)
