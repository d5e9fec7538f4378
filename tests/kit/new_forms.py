"""Tomorrow's form of a product: as today's, and yet nobody may submit today's any more."""

from __future__ import annotations

import random

from msgspec.structs import replace

from wire.form import Field, FieldKind, Form

NOTICE = "notice_"
"""How the question begins that only one version asks."""


def notice(version: int) -> Field:
    """What the customer has to be told in this version, and has not been told before."""
    return Field(
        name=f"{NOTICE}{version}",
        kind=FieldKind.CONFIRM,
        title_zh=f"客户已知悉第{version}版须知",
        title_en=f"Notice {version} was explained",
    )


def next_form(form: Form, dice: random.Random) -> Form:
    """One question is asked in other words, one is new, and the last version's new one is gone."""
    version = form.version + 1
    fields = [field for field in form.fields if not field.name.startswith(NOTICE)]
    other = dice.choice(fields)
    fields[fields.index(other)] = replace(other, title_zh=f"{other.title_zh}（{version}）")
    return Form(version, (*fields, notice(version)))


__all__ = ["NOTICE", "next_form", "notice"]
