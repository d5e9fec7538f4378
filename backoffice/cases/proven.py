"""The answers that only the office can judge: what it listed, who was present, who holds a phone.

A form merely names the office's own records; here each name is compared with the record, and the
record's content goes on instead of what the terminal says. Pure rules on facts looked up before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wire.form import Form
from wire.masked import Phone
from wire.message import Code, Refusal
from wire.messages.case import Submission
from wire.messages.lookups import Item
from wire.messages.session import StaffCard
from wire.value import ColleagueValue, ListedValue, PhoneValue

VERSION_MARK = "@"
"""What stands between a thing and its version in an item's code."""


def chosen_items(
    form: Form, submission: Submission, listed: Mapping[str, tuple[Item, ...]]
) -> tuple[dict[str, Item], list[Refusal]]:
    """The office's own item for every choice, by field; and what is listed no more (`STALE`)."""
    items: dict[str, Item] = {}
    problems = []
    for name, value in submission.values.items():
        if not isinstance(value, ListedValue):
            continue
        offered = listed.get(name, ())
        item = next((one for one in offered if one.code == value.code), None)
        if item is not None and item.branch == value.branch:
            items[name] = item
            continue
        field = form.field(name)
        assert field is not None, "the common checks know every field"
        shown = value.title or value.code
        thing, mark, _ = value.code.partition(VERSION_MARK)
        newer = mark and any(one.code.partition(VERSION_MARK)[0] == thing for one in offered)
        change = "已有新的版本" if newer else f"已不在“{field.title_zh}”之列"
        problems.append(Refusal(Code.STALE, f"“{shown}”{change}，请重新选择。", name))
    return items, problems


def proven_colleagues(
    submission: Submission, operator: StaffCard, proven: Mapping[str, StaffCard]
) -> tuple[dict[str, StaffCard], list[Refusal]]:
    """The colleagues on record, by field; and those who are not (`EVIDENCE`, `SELF_AUTH`).

    Everybody is another person than the operator and than each other.
    """
    colleagues: dict[str, StaffCard] = {}
    problems = []
    people = {operator.person_id}
    for name, value in submission.values.items():
        if not isinstance(value, ColleagueValue):
            continue
        card = proven.get(value.reference)
        if card is None or (card.staff_id, card.name) != (value.staff_id, value.name):
            message = "没有该同事到场的确认记录，请其重新输入密码。"
            problems.append(Refusal(Code.EVIDENCE, message, name))
        elif card.person_id in people:
            message = "须由另一位同事确认，不能与经办人或其他确认人是同一人。"
            problems.append(Refusal(Code.SELF_AUTH, message, name))
        else:
            people.add(card.person_id)
            colleagues[name] = card
    return colleagues, problems


def phone_problems(
    form: Form, submission: Submission, proofs: Mapping[str, Phone]
) -> Iterator[Refusal]:
    """Every phone whose form asks who holds it was proven for this case (`EVIDENCE`).

    Where the proof is optional, none is no fault; a wrong one is.
    """
    for field in form.fields:
        value = submission.values.get(field.name)
        if not field.proven or not isinstance(value, PhoneValue):
            continue
        if field.proof_optional and not value.proof:
            continue
        if proofs.get(value.proof) != value.phone:
            message = "该手机号码没有短信验证记录，请重新发送验证码。"
            yield Refusal(Code.EVIDENCE, message, field.name)


__all__ = ["chosen_items", "phone_problems", "proven_colleagues"]
