"""Several windows of one terminal: what is done to a case is done to the case that was meant.

Every window shows the one case that is open: a tablet has one customer before it and one kit. A
window that does not know yet that another case was opened must not touch the wrong one.
"""

from __future__ import annotations

from typing import Final, get_args

import msgspec

from terminal.page_commands import (
    Asked,
    AskList,
    CaseCommand,
    GiveUp,
    LeaveCase,
    NewCase,
    OfCase,
    ReadId,
    SetValue,
    ShowCase,
    Sign,
    SubmitCase,
    TakePhoto,
)
from terminal.teller import NO_SUCH_CASE, OTHER_CASE
from tests.kit.every_kind import PRODUCT
from tests.kit.running import run
from tests.terminal.counter import Counter, open_counter
from wire.message import Code

ABOUT_NO_OPEN_CASE: Final = {"sign_in", "sign_out", "new_case", "show_case", "find_cases"}
"""What a page asks that is about no open case; a new command is about one until it stands here."""


async def two_cases(counter: Counter) -> tuple[str, str]:
    """One case begun in each of two windows; the second is open in both."""
    assert await counter.do(NewCase(PRODUCT.code)) is None
    first = counter.case_id
    assert await counter.do(NewCase(PRODUCT.code)) is None
    return first, counter.case_id


def phone_of(counter: Counter, case_id: str) -> object:
    draft = counter.terminal.drafts.look(case_id)
    assert draft is not None
    return draft.values.get("phone")


def test_every_command_about_a_case_names_it() -> None:
    """By its type, so that no new one can be about whatever happens to be open."""
    nameless = {one for one in get_args(Asked) if not issubclass(one, OfCase)}
    assert ABOUT_NO_OPEN_CASE == {str(one.__struct_config__.tag) for one in nameless}
    for one in get_args(Asked):
        if issubclass(one, OfCase):
            (case_id, *_) = msgspec.structs.fields(one)
            assert ("case_id", True) == (case_id.name, case_id.required)


def test_what_was_typed_goes_to_where_it_was_typed() -> None:
    """One window types a phone number while the other opens the next case."""

    async def story() -> None:
        async with open_counter(PRODUCT) as counter:
            first, second = await two_cases(counter)
            assert await counter.do(SetValue(first, "phone", "13812345678")) is None
            assert phone_of(counter, first) is not None
            assert phone_of(counter, second) is None
            assert second == counter.case_id

    run(story)


def test_everything_else_is_for_the_case_on_the_glass() -> None:
    """Kit, office, signature, submission: refused in words, and neither case is touched."""

    async def story() -> None:
        async with open_counter(PRODUCT) as counter:
            first, second = await two_cases(counter)
            before = [counter.terminal.drafts.look(one) for one in (first, second)]
            deeds: tuple[CaseCommand, ...] = (
                ReadId(first, "id_card"),
                TakePhoto(first, "id_front"),
                AskList(first, "bill"),
                SubmitCase(first),
                GiveUp(first, "客户离开"),
                Sign(first, "", 1, 1, ()),
            )
            for deed in deeds:
                assert OTHER_CASE == await counter.do(deed)
            assert Code.STALE is OTHER_CASE.code
            assert before == [counter.terminal.drafts.look(one) for one in (first, second)]

    run(story)


def test_the_next_customer_is_called_once() -> None:
    """Whoever puts a case away does not put away the one that was opened meanwhile."""

    async def story() -> None:
        async with open_counter(PRODUCT) as counter:
            first, second = await two_cases(counter)
            for _ in range(2):
                assert await counter.do(LeaveCase(first)) is None
                assert second == counter.case_id
            assert await counter.do(LeaveCase(second)) is None
            assert counter.terminal.state().open is None
            assert await counter.do(SetValue(second, "phone", "13812345678")) is None
            assert OTHER_CASE == await counter.do(SubmitCase(second))
            for unknown in ("", "x", first[:-1]):
                assert NO_SUCH_CASE == await counter.do(ShowCase(unknown))
                assert NO_SUCH_CASE == await counter.do(SubmitCase(unknown))

    run(story)
