"""Choices: only what the form offers can be chosen, each option once, in the form's order."""

from __future__ import annotations

from wire.checks.limits import Context
from wire.form import Field
from wire.message import Code, Refusal
from wire.value import ChoicesValue, ChoiceValue


def check_choice(value: ChoiceValue, field: Field, context: Context) -> list[Refusal]:
    """One of the options. Code: `FORMAT`."""
    if all(value.code != option.code for option in field.options):
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的选项无效。")]
    return []


def check_choices(value: ChoicesValue, field: Field, context: Context) -> list[Refusal]:
    """Some of the options, at least one where the field is required. Code: `FORMAT`.

    The order is the form's, so that equal answers are equal bytes.
    """
    if len(value.codes) > len(field.options):
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的选项无效。")]
    chosen = frozenset(value.codes)
    if value.codes != tuple(option.code for option in field.options if option.code in chosen):
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的选项无效。")]
    if field.required and not chosen:
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”至少选择一项。")]
    return []


__all__ = ["check_choice", "check_choices"]
