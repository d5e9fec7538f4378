"""The numbers that the checks compare with, in one frozen value that a union may replace.

Laws, notices and house rules change; none of these is a literal in a rule. The defaults are the
published case's where it names one and this design's otherwise. Also here: what a check is told
about the moment and the place (`Context`), and the one way to say no (`refuse`).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from wire.message import Code, Refusal

CHINA: Final = dt.timezone(dt.timedelta(hours=8), "UTC+8")
"""The one civil time of the country, for birthdays, expiry and the end of a business day."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the validation set.

    Attributes:
        age_years_max: an ID number that makes its holder older is refused.
        name_units_min: shortest name, UTF-16 units.
        name_units_max: longest name, UTF-16 units.
        validity_slack_days: how far a card's term may miss its whole number of years.
        issue_days_max: how long a card may take from its application to its first day; a term that
            fits an age within so many days of it is for a person to judge.
        card_prefix: the issuer range that every card of ours begins with.
        pan_digits_min: shortest card number.
        pan_digits_max: longest card number.
        accuracy_m_max: a fix less accurate than this proves no place, metres.
        skew_ms_max: how far a device's clock may differ from the office's, where the office knows.
        capture_age_ms_max: how long a captured case may wait for a link.
        evidence_age_ms_max: how long before its submission a case may have been begun, and its
            photos, recordings and confirmations made; a returned case keeps them.
        photo_side_min: shortest allowed long side, pixels.
        photo_side_max: longest allowed side, pixels.
        photo_bytes_max: largest photo.
        sharpness_min: least variance of the Laplacian.
        ink_points_min: least samples of a signature.
        ink_ms_min: least duration of a signature.
        ink_area_permille_min: least bounding box, thousandths of the pad.
        recording_bytes_max: largest sound recording; at 16,000 bytes a second about two minutes.
        item_code_chars_max: longest code of something chosen from a list.
        item_title_chars_max: longest title of it.
        staff_chars_max: longest staff id or name of a colleague.
        reference_chars_max: longest name of one of the office's records.
    """

    age_years_max: int = 120
    name_units_min: int = 2
    name_units_max: int = 15
    validity_slack_days: int = 3
    issue_days_max: int = 90
    card_prefix: str = "62"
    pan_digits_min: int = 16
    pan_digits_max: int = 19
    accuracy_m_max: int = 100
    skew_ms_max: int = 5 * 60 * 1000
    capture_age_ms_max: int = 72 * 60 * 60 * 1000
    evidence_age_ms_max: int = 30 * 24 * 60 * 60 * 1000
    photo_side_min: int = 1_024
    photo_side_max: int = 2_048
    photo_bytes_max: int = 400 * 1024
    sharpness_min: int = 100
    ink_points_min: int = 20
    ink_ms_min: int = 500
    ink_area_permille_min: int = 50
    recording_bytes_max: int = 2 * 1024 * 1024
    item_code_chars_max: int = 128
    item_title_chars_max: int = 200
    staff_chars_max: int = 40
    reference_chars_max: int = 128


LIMITS: Final = Limits()
"""The defaults."""


class Context(msgspec.Struct, frozen=True):
    """What a check may know besides the value.

    Attributes:
        now_ms: the checker's clock, Unix milliseconds; the office's wins.
        limits: the bounds in force.
        field: the form field that refusals name.
        staff_id: who submits, so that nobody is their own second pair of eyes; empty where unknown.
    """

    now_ms: int
    limits: Limits = LIMITS
    field: str = ""
    staff_id: str = ""

    @property
    def today(self) -> dt.date:
        """The civil date in China."""
        return dt.datetime.fromtimestamp(self.now_ms / 1000, CHINA).date()

    def at(self, field: str) -> Context:
        """The same moment, naming another field."""
        return msgspec.structs.replace(self, field=field)

    def refuse(self, code: Code, message: str) -> Refusal:
        """A refusal of the field in hand."""
        return Refusal(code, message, self.field)


def years_between(earlier: dt.date, later: dt.date) -> int:
    """Whole years, as the law counts age: a birthday on 29 February is reached on 1 March."""
    return later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))


__all__ = ["CHINA", "LIMITS", "Context", "Limits", "years_between"]
