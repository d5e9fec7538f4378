"""A masked number is shown whole at a press: to whoever asked, and never without a trace."""

from __future__ import annotations

import msgspec

from terminal.page_commands import FindCases, NewCase, ReadId, Reveal, SetRow, SetValue
from terminal.reveal import clear_text, found, veiled, who
from terminal.teller import NOTHING_MASKED, OTHER_CASE
from tests.kit import submissions as make
from tests.kit.disk import SimulatedDisk
from tests.kit.every_kind import PRODUCT
from tests.kit.running import run
from tests.terminal.counter import TELLER, open_counter
from tests.terminal.draft_story import SLIP, DraftStory
from wire.case_state import State
from wire.chip_record import parse_chip_record
from wire.codec import encode_json
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.value import IdCardValue


def customer_of(case: object) -> IdCardValue:
    card = getattr(case, "id_card", None)
    assert isinstance(card, IdCardValue)
    return card


def test_a_number_is_answered_once_and_journalled() -> None:
    """To the one who pressed; the state that every window sees stays masked."""

    async def story() -> None:
        disk = SimulatedDisk()
        async with open_counter(disk=disk) as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            of = counter.case_id
            assert await counter.do(ReadId(of, "id_card")) is None
            number = make.person("member").number
            row = SetRow(of, "members", "a", {"name": "李小明", "number": number}, new=True)
            assert await counter.do(row) is None
            assert {"form/id_card", "form/members/a/number"} == set(counter.case.veiled)
            own = customer_of(counter.terminal.drafts.look(of)).number.number
            answer = counter.terminal.answer
            assert own == await answer(Reveal(of, "form/id_card"))
            assert number == await answer(Reveal(of, "form/members/a/number"))
            state = encode_json(counter.terminal.state())
            assert own.encode() not in state
            assert number.encode() not in state
            for place in (
                "form/remark",
                "form/members/b/number",
                "slip/0",
                "slip/x",
                "",
                "a/b/c/d",
            ):
                assert NOTHING_MASKED == await answer(Reveal(of, place))
            assert await counter.do(NewCase(PRODUCT.code)) is None
            assert OTHER_CASE == await answer(Reveal(of, "form/id_card"))
        looks = [row for row in disk.disk.streams[f"draft/{of}"] if row.kind == "Revealed"]
        assert ["form/id_card", "form/members/a/number"] == [
            msgspec.msgpack.decode(look.body)["place"] for look in looks
        ]
        assert [TELLER.staff_id] * 2 == [
            msgspec.msgpack.decode(look.body)["staff_id"] for look in looks
        ]

    run(story)


def test_nothing_is_shown_to_nobody() -> None:
    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            of = counter.case_id
            counter.terminal.teller.staff = None
            for question in (Reveal(of, "form/id_card"), FindCases("王")):
                refused = await counter.terminal.answer(question)
                assert isinstance(refused, Refusal)
                assert Code.FORBIDDEN is refused.code

    run(story)


def test_a_slip_is_checked_by_whoever_signs_it() -> None:
    """Its lines with the customer's own numbers are whole at a press; cards stay masked."""
    story = DraftStory()
    story.submitted()
    number = story.card.number
    lines = (
        SlipLine("业务种类", "Service", "借记卡发卡"),
        SlipLine("证件号码", "ID number", number.masked),
        SlipLine("卡号", "Card", "621700******1234"),
        SlipLine("经办", "Beside", f"王某 {number.masked}"),
    )
    story.view(State.PREPARED, 5, slip=msgspec.structs.replace(SLIP, lines=lines))
    assert {"slip/1", "slip/3"} <= set(veiled(story.state))
    assert "slip/2" not in set(veiled(story.state))
    assert number.number == clear_text(story.state, "slip/1")
    assert f"王某 {number.number}" == clear_text(story.state, "slip/3")
    assert clear_text(story.state, "slip/9") is None


def test_a_list_tells_persons_apart() -> None:
    """By surname, village and tail; whoever knows the whole name finds it."""
    story = DraftStory()
    story.submitted()
    card = story.card
    shown = who(story.state)
    assert shown.startswith(f"{card.name[:1]}**")
    assert shown.endswith(f"尾号{card.number.number[-4:]}")
    assert card.name not in shown
    assert card.number.number[:10] not in shown
    assert parse_chip_record(card.record).address
    for text, hit in (
        (card.name, True), (card.name[1:], True), (card.number.number[-6:].lower(), True),
        (card.number.number, True), ("", False), ("无此人", False),
    ):  # fmt: skip
        assert hit is found(story.state, text), text


def test_cases_are_found_by_a_full_name() -> None:
    """Only their ids are answered."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            of = counter.case_id
            assert [] == await counter.terminal.answer(FindCases("王"))
            assert await counter.do(ReadId(of, "id_card")) is None
            name = customer_of(counter.terminal.drafts.look(of)).name
            assert [of] == await counter.terminal.answer(FindCases(name))
            assert await counter.do(SetValue(of, "remark", "x")) is None

    run(story)
