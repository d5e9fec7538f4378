"""What a supplement changes in a farmer file, and what that may do to its holder's rating.

The questions are those of `backoffice.questions.household`; here the answers are held against the
file that the credit side lists. Pure: nothing is refused here, and nothing is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from backoffice.dossier import Dossier
from backoffice.questions.household import (
    COST,
    CROPS,
    DEBTS,
    EXPERIENCE,
    HOUSE,
    INCOME,
    INSURED,
    LIVESTOCK,
    MEMBERS,
    SAVINGS,
    VEHICLES,
    VILLAGE,
    YES,
    FileTerms,
    crops_of,
    debts_of,
    livestock_of,
    members_of,
)
from backoffice.questions.scorecard import Standing, may_lift

FILE: Final = "file"
"""The field under which the file is listed."""

CLEARED: Final = "cleared"
"""The field that names what the household has no more."""

AMOUNTS: Final = (INCOME, COST, HOUSE, VEHICLES, SAVINGS)
"""Fields that the file holds as `<name>_fen`."""

TABLES: Final = {
    CROPS.name: crops_of,
    LIVESTOCK.name: livestock_of,
    DEBTS.name: debts_of,
    MEMBERS.name: members_of,
}
"""Fields that the file holds as lists, and how an answer is read."""


def answers(dossier: Dossier) -> dict[str, Any]:
    """What was answered, under the names of `Household`: scalars, or tuples of its parts."""
    cleared = dossier.choices(CLEARED)
    new: dict[str, Any] = {
        f"{one.name}_fen": 0 if one.name in cleared else dossier.fen(one.name)
        for one in AMOUNTS
        if one.name in cleared or dossier.has(one.name)
    }
    new |= {name: read(dossier) for name, read in TABLES.items() if dossier.has(name)}
    new |= {name: () for name in cleared if name in TABLES}
    if dossier.has(VILLAGE.name):
        new["village"] = dossier.text(VILLAGE.name)
    if dossier.has(INSURED.name):
        new["insured"] = dossier.choice(INSURED.name) == YES
    if dossier.has(EXPERIENCE.name):
        new["experience_years"] = dossier.number(EXPERIENCE.name)
    return new


def changes(dossier: Dossier) -> dict[str, Any]:
    """The answers that differ from the file; a table cannot be compared and counts as changed."""
    old = dossier.item(FILE).facts
    return {
        name: value
        for name, value in answers(dossier).items()
        if isinstance(value, tuple) or old.get(name) != fact_of(value)
    }


def fact_of(value: int | str) -> str:
    """A scalar as queries write it: flags are `0` or `1`."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def before(dossier: Dossier) -> Standing:
    """What the scorecard reads in the file; who holds it, and how they repay, does not change."""

    def fact(name: str) -> int:
        return int(dossier.fact(FILE, name))

    return Standing(
        overdue_now=False,
        overdues_minor=0,
        borrowed=False,
        reputation=0,
        dealings=0,
        net_income_fen=fact("income_fen") - fact("cost_fen"),
        net_fen=fact("net_fen"),
        members=fact("members"),
        labour=fact("labour"),
        experience_years=fact("experience_years"),
        age=dossier.age,
    )


def after(dossier: Dossier) -> Standing:
    """The same once the changes are made."""
    new, old = changes(dossier), before(dossier)
    members = new.get(MEMBERS.name)
    return msgspec.structs.replace(
        old,
        net_income_fen=fen_after(dossier, new, "income_fen") - fen_after(dossier, new, "cost_fen"),
        net_fen=net_fen(dossier, new),
        members=old.members if members is None else len(members),
        labour=old.labour if members is None else sum(one.labour for one in members),
        experience_years=new.get("experience_years", old.experience_years),
    )


def lifts(dossier: Dossier) -> bool:
    """Whether the changes may lift the holder's grade or limit, when somebody rates them."""
    return may_lift(before(dossier), after(dossier), dossier.terms_as(FileTerms).card)


def net_fen(dossier: Dossier, new: Mapping[str, Any]) -> int:
    """Assets less debts after the changes; what did not change is as the file says."""
    names = ("house_fen", "vehicles_fen", "savings_fen")
    assets = sum(fen_after(dossier, new, name) for name in names)
    if DEBTS.name not in new:
        return assets - int(dossier.fact(FILE, "debts_fen"))
    return assets - sum(debt.fen for debt in debts_of(dossier))


def fen_after(dossier: Dossier, new: Mapping[str, Any], name: str) -> int:
    """An amount after the changes."""
    return int(new.get(name, dossier.fact(FILE, name)))


__all__ = [
    "CLEARED",
    "FILE",
    "after",
    "answers",
    "before",
    "changes",
    "fact_of",
    "fen_after",
    "lifts",
    "net_fen",
]
