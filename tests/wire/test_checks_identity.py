"""V1–V4: ID numbers, chip records, validity and names; python-stdnum is the oracle for V1."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from tests.kit import submissions as make
from wire.checks import (
    LIMITS,
    Context,
    check_character,
    check_id_card,
    check_id_number,
    check_name,
    is_borderline,
    is_rare,
    luhn_digit,
    normalise_id_number,
    normalise_name,
    years_between,
)
from wire.checks.chip import check_validity
from wire.checks.id_number import REGION_PREFIXES
from wire.chip_record import ChipRecord, Sex, build_chip_record
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.value import IdCardValue

NOW = Context(make.NOW_MS, field="it")
TODAY = make.today()


def codes(problems: list[Refusal]) -> list[Code]:
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("11010519491231002X", None),
        ("11010519491231002x", Code.FORMAT),
        ("110105194912310021", Code.CHECKSUM),
        ("110105491231002", Code.FORMAT),
        ("\uff110105194912310021", Code.FORMAT),
        (make.id_number(dt.date(1990, 1, 1), 1, "990000"), Code.RANGE),
        (make.id_number(dt.date(1990, 1, 1), 1, "832300"), Code.RANGE),
        (make.id_number(dt.date(1990, 1, 1), 1, "460026"), None),
        (make.id_number(dt.date(1990, 1, 1), 1, "810000"), None),
        (make.id_number(dt.date(1990, 1, 1), 1, "820000"), None),
        (make.id_number(dt.date(1990, 1, 1), 1, "830000"), None),
        (make.id_number(dt.date(1990, 1, 1), 1, "510202"), None),
        (make.id_number(dt.date(1990, 1, 1), 1, "532128"), None),
        (make.id_number(TODAY, 1), None),
        (make.id_number(TODAY + dt.timedelta(1), 1), Code.RANGE),
        (make.id_number(dt.date(1904, 6, 15), 1), Code.RANGE),
        (make.id_number(dt.date(1904, 6, 16), 1), None),
    ],
)
def test_id_numbers(number: str, code: Code | None) -> None:
    """Published and made vectors; abolished regions (old Chongqing, Zhaotong) are known."""
    assert ([code] if code else []) == codes(check_id_number(number, NOW))


def test_every_county_that_there_was_is_known() -> None:
    """Every county of the list of Wikipedia (zh) since 1980, as python-stdnum carries it."""
    lines = resources.files("stdnum.cn").joinpath("loc.dat").read_text("utf-8").splitlines()
    counties, province = [], ""
    for line in lines:
        code, _, said = line.strip().partition(" ")
        if said.startswith("province="):
            province = code
        elif said.startswith("county=") and not code.endswith("00"):
            counties.append(province + code)

    assert len(counties) > 4_000
    assert [] == [one for one in counties if one[:4] not in REGION_PREFIXES]


def test_a_day_that_never_was() -> None:
    """30 February, with a right check character."""
    body = "53010219900230001"

    assert [Code.RANGE] == codes(check_id_number(body + check_character(body), NOW))


def test_typing_is_normalised_before_it_is_judged() -> None:
    """A small x and blanks are how people type."""
    assert "11010519491231002X" == normalise_id_number(" 11010519491231002x ")


@given(
    st.sampled_from(sorted(REGION_PREFIXES)) | st.from_regex(r"[1-8][0-9]{3}", fullmatch=True),
    st.integers(0, 40),
    st.dates(dt.date(1906, 1, 1), dt.date(2099, 12, 31)),
    st.integers(0, 999),
    st.sampled_from("0123456789X"),
)
@example("1101", 5, dt.date(1949, 12, 31), 2, "X")
@example("1100", 0, dt.date(2000, 1, 1), 0, "0")
def test_whatever_the_oracle_accepts_is_accepted(
    prefix: str, county: int, birth: dt.date, order: int, last: str
) -> None:
    """python-stdnum knows every county; of the future, and of shape, it knows less.

    It also takes a province's own code (110000), which is no place of registration.
    """
    right = make.id_number(birth, order, f"{prefix}{county:02}")
    for number in (right, right[:17] + last):
        try:
            known = ric.is_valid(number)
        except KeyError:
            # It raises this for a province that it does not know.
            known = False
        problems = codes(check_id_number(number, NOW))
        if known and birth <= TODAY and not prefix.endswith("00"):
            assert [] == problems
        if number != right:
            assert [Code.CHECKSUM] == problems


@given(
    st.sampled_from(sorted(REGION_PREFIXES)),
    st.dates(dt.date(1906, 1, 1), TODAY),
    st.integers(0, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_one_wrong_digit_is_always_noticed(
    prefix: str, birth: dt.date, order: int, place: int, shift: int
) -> None:
    """MOD 11-2 finds every single error."""
    number = make.id_number(birth, order, prefix + "00")
    digit = str((int(number[place]) + shift) % 10)
    wrong = number[:place] + digit + number[place + 1 :]

    assert [] == check_id_number(number, NOW)
    assert [Code.CHECKSUM] == codes(check_id_number(wrong, NOW))


@given(st.text("0123456789", min_size=1, max_size=30))
def test_luhn_agrees_with_the_oracle(body: str) -> None:
    """ISO/IEC 7812-1, annex B."""
    assert luhn.calc_check_digit(body) == luhn_digit(body)


def card(holder: ChipRecord, **changes: Any) -> IdCardValue:
    return msgspec.structs.replace(make.id_card(holder), **changes)


@given(st.integers(0, 10_000), st.integers(17, 100))
def test_made_people_have_right_cards(seed: int, age: int) -> None:
    """Every age that can hold a card for a year already."""
    assert [] == check_id_card(make.id_card(make.person(seed, age=age)), NOW)


def changed(**changes: Any) -> ChipRecord:
    return msgspec.structs.replace(make.person(age=35), **changes)


PERSON = make.person(age=35)
OTHER_SEX = Sex.FEMALE if PERSON.sex is Sex.MALE else Sex.MALE


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (changed(birth=PERSON.birth + dt.timedelta(1)), Code.ID_MISMATCH),
        (changed(sex=OTHER_SEX), Code.ID_MISMATCH),
        (changed(valid_from=TODAY + dt.timedelta(1)), Code.RANGE),
        (
            changed(valid_from=dt.date(2005, 6, 1), valid_to=TODAY - dt.timedelta(1)),
            Code.ID_EXPIRED,
        ),
        (changed(valid_to=None), Code.RANGE),
        (changed(valid_to=dt.date(2034, 1, 29)), Code.RANGE),
        (changed(valid_from=PERSON.birth - dt.timedelta(1)), Code.RANGE),
    ],
)
def test_a_chip_that_contradicts_itself(record: ChipRecord, code: Code) -> None:
    """Birth, sex and term against the number and the law."""
    assert [code] == codes(check_id_card(make.id_card(record), NOW))


def test_the_last_day_is_still_valid() -> None:
    """A card runs to the end of its last day, and a few days' slack of the issuer is no fraud."""
    issued = TODAY.replace(year=TODAY.year - 10)
    record = msgspec.structs.replace(
        make.person(age=30), valid_from=issued, valid_to=TODAY, name="张三"
    )

    assert [] == check_id_card(make.id_card(record), NOW)


BORN = dt.date(1991, 5, 1)


def carded(first: dt.date, last: dt.date | None) -> ChipRecord:
    number = make.id_number(BORN, 1)
    return msgspec.structs.replace(
        PERSON, birth=BORN, number=number, sex=Sex.MALE, valid_from=first, valid_to=last
    )


@pytest.mark.parametrize(
    ("first", "last", "code", "borderline"),
    [
        (dt.date(2017, 5, 20), dt.date(2027, 5, 20), None, True),
        (dt.date(2017, 5, 20), dt.date(2037, 5, 20), None, False),
        (dt.date(2017, 4, 20), dt.date(2037, 4, 20), None, True),
        (dt.date(2017, 4, 20), dt.date(2027, 4, 20), None, False),
        (dt.date(2017, 7, 29), dt.date(2027, 7, 29), None, True),
        (dt.date(2017, 7, 30), dt.date(2027, 7, 30), Code.RANGE, False),
        (dt.date(2017, 1, 30), dt.date(2037, 1, 30), Code.RANGE, False),
        (dt.date(2017, 5, 20), None, Code.RANGE, False),
        (dt.date(2017, 5, 20), dt.date(2029, 5, 20), Code.RANGE, False),
    ],
)
def test_a_card_applied_for_before_a_birthday(
    first: dt.date, last: dt.date | None, code: Code | None, borderline: bool
) -> None:
    """At 25 one is given ten years, and the card is made at 26: let through, and looked at."""
    record = carded(first, last)

    assert ([code] if code else []) == codes(check_id_card(make.id_card(record), NOW))
    assert borderline == is_borderline(record, LIMITS)


@given(st.dates(dt.date(1, 1, 1), TODAY), st.none() | st.dates(dt.date(1, 1, 1)))
def test_no_term_breaks_the_checks(first: dt.date, last: dt.date | None) -> None:
    """Whatever days a chip holds, from the first year to the last."""
    record = msgspec.structs.replace(carded(first, last), birth=dt.date(1, 1, 1))

    assert all(one.message for one in check_validity(record, NOW))


def test_what_the_tablet_says_must_be_what_the_chip_says() -> None:
    """Number and name are repeated for look-ups; a difference is a forgery."""
    other = make.person(9)

    assert [Code.ID_MISMATCH] == codes(
        check_id_card(card(PERSON, number=IdNumber(other.number)), NOW)
    )
    assert [Code.ID_MISMATCH] == codes(check_id_card(card(PERSON, name="王五"), NOW))
    assert [Code.EVIDENCE] == codes(check_id_card(card(PERSON, portrait=b""), NOW))
    assert [Code.FORMAT] == codes(check_id_card(card(PERSON, record=bytes(255)), NOW))


def test_a_foreign_permanent_residents_card_goes_to_the_counter() -> None:
    """Another layout, another law."""
    foreign = bytearray(build_chip_record(PERSON))
    foreign[248:250] = "I".encode("utf-16-le")

    assert [Code.UNSUPPORTED_DOC] == codes(check_id_card(card(PERSON, record=bytes(foreign)), NOW))


@pytest.mark.parametrize(
    ("name", "accepted", "rare"),
    [
        ("李秀英", True, False),
        ("阿卜杜热合曼\u00b7买买提", True, False),
        ("阿卜杜热合曼\u2022买买提", False, True),
        ("阿卜杜热合曼.买买提", False, True),
        ("\u00b7买买提", False, False),
        ("李", False, False),
        ("李 秀英", False, True),
        ("李秀英1", False, True),
        ("李" * 15, True, False),
        ("李" * 16, False, False),
        ("王\U00020bb7", True, True),
        ("\u3007国强", True, True),
        ("李\u2ecc", True, True),
        ("李\u200b英", False, True),
        ("李\u3164", False, True),
        ("李\U0001f600", False, True),
        ("王\ue123", True, True),
        ("\u3400金", True, True),
    ],
)
def test_names(name: str, accepted: bool, rare: bool) -> None:
    """Rare characters are people's names: kept, and looked at."""
    assert accepted == (check_name(name, NOW) == [])
    assert rare == is_rare(name)


@pytest.mark.parametrize("dot", "\u2022\u2027\u2219\u22c5\u30fb\uff65\u0387.")
def test_every_separator_becomes_the_registers(dot: str) -> None:
    """The real pain of Yunnan's minorities."""
    assert "岩温\u00b7罕" == normalise_name(f" 岩温{dot}罕 ")


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (dt.date(2009, 6, 15), TODAY, 16),
        (dt.date(2009, 6, 17), dt.date(2025, 6, 16), 15),
        (dt.date(2004, 2, 29), dt.date(2025, 2, 28), 20),
        (dt.date(2004, 2, 29), dt.date(2025, 3, 1), 21),
    ],
)
def test_ages(birth: dt.date, day: dt.date, age: int) -> None:
    """A birthday is reached on its day; 29 February on 1 March."""
    assert age == years_between(birth, day)
