"""What a union says of itself: when its desks work, where it is, which cards its terminals have."""

from __future__ import annotations

import datetime as dt

import pytest

from backoffice.authorization.hours import DeskHours, Desks, Window
from backoffice.configuration.file import BadConfiguration, parse_settings
from backoffice.configuration.settings import TRAINING_AREA, for_training
from backoffice.configuration.text import as_toml
from tests.backoffice.case_story import PRODUCTS, UNION
from tests.backoffice.test_configuration import BOX, mistakes
from wire.checks import Area, Known


def test_desks_have_hours_of_their_own() -> None:
    """The union's, and the centre's under the centre's code; dates as TOML or as text."""
    changed = parse_settings(
        f"""
        [union."{UNION}".desk_hours]
        windows = [{{ opens = "09:00", closes = "12:00" }}, {{ opens = "14:00", closes = "24:00" }}]
        holidays = [2026-02-17, "2026-02-18"]
        [union."530000".desk_hours]
        weekdays = [1, 2, 3, 4, 5, 6]
        """,
        PRODUCTS,
    )
    own, centre = changed.desks(UNION).own, changed.desks(UNION).centre

    assert (Window("09:00", "12:00"), Window("14:00", "24:00")) == own.windows
    assert (dt.date(2026, 2, 17), dt.date(2026, 2, 18)) == own.holidays
    assert ((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6)) == (own.weekdays, centre.weekdays)
    assert Desks(DeskHours(), centre) == changed.desks("530999")
    assert changed.desks(UNION) == parse_settings(as_toml(changed), PRODUCTS).desks(UNION)


def test_a_union_s_place_and_its_terminals_cards() -> None:
    """Nobody knows either unless it is said; what makes no sense is told with its line."""
    changed = parse_settings(
        f"""
        [union."{UNION}".territory]
        box = {BOX}
        [partners.core]
        allotments = [{{ terminal = "T-1", first = "62170000000", last = "62170000009" }}]
        """,
        PRODUCTS,
    )
    (box,) = changed.base.partners.core.allotments

    assert (Known.UNKNOWN, Area(1, 1, 1, 1)) == (changed.base.area, changed.for_union(UNION).area)
    assert (10, True, False) == (box.count, box.holds("621700000091"), box.holds("621700000101"))
    assert TRAINING_AREA == for_training(changed).base.area
    for wrong in ('first = "62170000009"', 'first = "6217"', 'first = "621700000000"'):
        told = mistakes(
            f'[partners.core]\nallotments = [{{ terminal = "T", {wrong}, last = "62170000000" }}]',
            PRODUCTS,
        )
        assert [(2, "partners.core.allotments")] == told


@pytest.mark.parametrize(
    "wrong",
    [
        'windows = [{ opens = "12:00", closes = "09:00" }]',
        'windows = [{ opens = "9:00", closes = "12:00" }]',
        "windows = []",
        "weekdays = [0]",
        "weekdays = []",
        'holidays = ["2026-02-30"]',
        "least_minutes = 0",
    ],
)
def test_hours_that_make_no_sense(wrong: str) -> None:
    """Told with their line; a desk that never works would let cases wait for ever."""
    with pytest.raises(BadConfiguration) as told:
        parse_settings(f"[desk_hours]\n{wrong}\n", PRODUCTS)

    (problem,) = told.value.problems
    assert (2, f"desk_hours.{wrong.partition(' ')[0]}") == (problem.line, problem.key)
