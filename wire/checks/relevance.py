"""Which fields of a form are asked, given the answers: the one rule that both sides follow.

A field with a `when` is asked only where its choice, or what was chosen from a list, says so. What
is not asked is neither required nor allowed; the terminal does not show it, and the office refuses
an answer to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from wire.form import Field, Form
from wire.value import ChoiceValue, ListedValue, Value


def asked_fields(form: Form, values: Mapping[str, Value]) -> tuple[Field, ...]:
    """The fields that these answers leave relevant, in the form's order.

    A choice that is not asked decides nothing, whatever was answered to it; so one pass suffices.
    """
    chosen: dict[str, str] = {}
    asked = []
    for field in form.fields:
        if field.when is not None and chosen.get(field.when.field) not in field.when.codes:
            continue
        asked.append(field)
        value = values.get(field.name)
        if isinstance(value, ChoiceValue):
            chosen[field.name] = value.code
        elif isinstance(value, ListedValue):
            chosen[field.name] = value.branch
    return tuple(asked)


__all__ = ["asked_fields"]
