"""The validation set V1–V11 as pure functions of a value and a `Context`.

The terminal runs them so that the teller hears at once; the office runs the very same functions
again, because a terminal is never believed. Each returns refusals, in one Chinese sentence that a
teller understands; an empty list means yes. Nothing here reads a clock or does I/O.
"""

from wire.checks.amount import DECIMALS_MAX, check_amount, check_number, number_text
from wire.checks.bank_card import check_bank_card, luhn_digit
from wire.checks.binding import (
    BINDING_BYTES,
    again,
    anchors,
    binding,
    bindings,
    check_bindings,
    customer_field,
    loosened,
    pin_card_field,
)
from wire.checks.cell import check_cell, check_type
from wire.checks.chip import check_id_card, is_borderline
from wire.checks.choice import check_choice, check_choices
from wire.checks.colleague import check_colleague
from wire.checks.confirmation import check_confirm
from wire.checks.id_number import (
    birth_date,
    check_character,
    check_id_number,
    is_male,
    normalise_id_number,
)
from wire.checks.ink import check_ink
from wire.checks.known import Known
from wire.checks.limits import CHINA, LIMITS, Context, Limits, years_between
from wire.checks.listed import check_listed
from wire.checks.moment import at_most_old, check_moment, not_before, settle
from wire.checks.name import check_name, is_rare, normalise_name
from wire.checks.phone import check_phone
from wire.checks.photo_rules import check_photo
from wire.checks.pin_policy import birth_pins, check_new_pin
from wire.checks.place import (
    TRAIL,
    Area,
    Nowhere,
    check_place,
    check_time,
    check_trail,
    is_accurate,
    is_inside,
)
from wire.checks.recording import check_recording
from wire.checks.relevance import asked_fields
from wire.checks.submission import PIN_KINDS, check_form, check_submission, check_value
from wire.checks.table import check_row, check_table
from wire.checks.text import check_text

__all__ = [
    "check_submission",
    "check_form",
    "check_value",
    "asked_fields",
    "anchors",
    "again",
    "binding",
    "bindings",
    "BINDING_BYTES",
    "check_bindings",
    "loosened",
    "customer_field",
    "pin_card_field",
    "check_moment",
    "not_before",
    "at_most_old",
    "settle",
    "PIN_KINDS",
    "Context",
    "Limits",
    "LIMITS",
    "CHINA",
    "years_between",
    "check_id_card",
    "is_borderline",
    "check_id_number",
    "check_character",
    "birth_date",
    "is_male",
    "normalise_id_number",
    "check_name",
    "normalise_name",
    "is_rare",
    "check_bank_card",
    "luhn_digit",
    "check_amount",
    "check_number",
    "number_text",
    "DECIMALS_MAX",
    "check_text",
    "check_choice",
    "check_choices",
    "check_cell",
    "check_type",
    "check_row",
    "check_table",
    "check_confirm",
    "check_listed",
    "check_colleague",
    "check_recording",
    "check_new_pin",
    "birth_pins",
    "check_place",
    "check_time",
    "check_trail",
    "is_accurate",
    "is_inside",
    "Area",
    "Nowhere",
    "Known",
    "TRAIL",
    "check_photo",
    "check_ink",
    "check_phone",
]
