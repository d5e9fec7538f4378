"""A teller fills a form with fields of every kind, at a whole virtual kit without a bank."""

from __future__ import annotations

from typing import Any

import pytest

from actors.durable import Commanded
from terminal.clerk import Clerk, StuckError
from terminal.draft_events import KeepIdCard
from terminal.page_commands import (
    AskList,
    ChooseItem,
    ClearValue,
    EnterCode,
    NewCase,
    ProveColleague,
    ReadId,
    Record,
    RemoveRow,
    RestoreRow,
    SendCode,
    SetRow,
    SetValue,
    ShowCase,
    SignHere,
    StopRecording,
)
from terminal.page_model import Stage
from tests.kit import submissions as make
from tests.kit.disk import SimulatedDisk
from tests.kit.every_kind import FORM, PRODUCT
from tests.kit.running import run
from tests.terminal.counter import BILLS, CODE, COLLEAGUE, TELLER, Counter, open_counter
from wire.checks import Context, asked_fields, check_form
from wire.codec import encode, encode_json
from wire.message import Code, Refusal
from wire.messages import lookups
from wire.value import ColleagueValue, IdCardValue, ListedValue, PhoneValue, RecordingValue

BILL_NO = "5301000001"


def clerk_of(counter: Counter, **more: Any) -> Clerk:
    helpers: dict[str, Any] = {"colleagues": (COLLEAGUE,), "phones": counter.office.phones}
    return Clerk(counter.terminal, **(helpers | more))


async def fill(clerk: Clerk, case_id: str) -> None:
    """Work the case until it is handed over."""
    await clerk._do(ShowCase(case_id))
    while True:
        opened = clerk._terminal.state().open
        assert opened is not None
        if opened.stage is Stage.WAITING:
            return
        assert await clerk._step(opened)


def test_the_clerk_fills_a_form_of_every_kind() -> None:
    """By kinds alone; the office would accept every answer."""

    async def story() -> None:
        async with open_counter() as counter:
            clerk = clerk_of(counter)
            case_id = await clerk.begin(PRODUCT.code)
            await fill(clerk, case_id)

            draft = counter.terminal.drafts.look(case_id)
            assert draft is not None
            context = Context(counter.terminal.state().now_ms, staff_id=TELLER.staff_id)
            assert () == check_form(FORM, draft.values, context, draft.pins)
            asked = asked_fields(FORM, draft.values)
            required = {field.name for field in asked if field.required}
            assert required == {*draft.values, *draft.pins}
            customer, guarantor = draft.id_card, draft.values["guarantor"]
            assert isinstance(guarantor, IdCardValue)
            assert customer is not None
            assert customer.number != guarantor.number
            recording = draft.values["recording"]
            assert isinstance(recording, RecordingValue)
            assert 10_000 <= recording.duration_ms
            assert await counter.terminal.image(recording.digest) is not None
            assert {"recording", "face_to_face"} == set(draft.evidence)

    run(story)


def test_a_case_taken_over_after_a_crash_goes_on_where_it_was() -> None:
    """The draft is the truth: what was captured is there, the lists are asked for again."""

    async def story() -> None:
        disk = SimulatedDisk()
        async with open_counter(disk=disk) as counter:
            clerk = clerk_of(counter)
            case_id = await clerk.begin(PRODUCT.code)
            for _ in range(9):
                opened = counter.terminal.state().open
                assert opened is not None
                await clerk._step(opened)
            before = counter.terminal.drafts.look(case_id)
            assert before is not None
        async with open_counter(seed="again", disk=disk) as counter:
            after = counter.terminal.drafts.look(case_id)
            assert before == after
            await fill(clerk_of(counter), case_id)

    run(story)


@pytest.mark.parametrize(
    ("more", "words"),
    [({"colleagues": ()}, "nobody else"), ({"colleagues": ((TELLER.staff_id, "1"),)}, "nobody")],
)
def test_a_clerk_alone_gets_stuck_where_two_are_needed(more: dict[str, object], words: str) -> None:
    """With the reason, instead of trying for ever."""

    async def story() -> None:
        async with open_counter() as counter:
            clerk = clerk_of(counter, **more)
            with pytest.raises(StuckError, match=words):
                await fill(clerk, await clerk.begin(PRODUCT.code))

    run(story)


def test_a_clerk_with_nothing_to_choose_says_so() -> None:
    """In the office's words."""

    async def story() -> None:
        async with open_counter() as counter:
            counter.office.items = ()
            clerk = clerk_of(counter)
            with pytest.raises(StuckError, match="没有待缴账单"):
                await fill(clerk, await clerk.begin(PRODUCT.code))

    run(story)


def test_a_list_is_of_the_customer_and_of_what_was_answered() -> None:
    """Asked with both; a changed answer clears the choice and the list."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            early = await counter.do(AskList(counter.case_id, "bill"))
            assert early is not None
            assert (Code.FORMAT, "bill") == (early.code, early.field)
            assert "缴费户号" in early.message
            assert await counter.do(ReadId(counter.case_id, "id_card")) is None
            assert await counter.do(SetValue(counter.case_id, "bill_no", BILL_NO)) is None
            assert await counter.do(AskList(counter.case_id, "bill")) is None
            (asked,) = counter.office.asked
            draft = counter.terminal.drafts.look(counter.case.case_id)
            assert draft is not None
            assert draft.id_card is not None
            assert draft.id_card.number == asked.number
            assert {"bill_no"} == set(asked.values)
            listed = counter.view("bill").items
            assert listed is not None
            assert [one.code for one in BILLS] == [one.code for one in listed.items]
            assert [{}, {}] == [one.facts for one in listed.items]

            assert await counter.do(ChooseItem(counter.case_id, "bill", "b2")) is None
            assert ("2025年6月电费", "b2") == (
                counter.view("bill").shown,
                getattr(counter.view("bill").items, "chosen", ""),
            )
            stale = await counter.do(ChooseItem(counter.case_id, "bill", "b9"))
            assert stale is not None
            assert Code.STALE is stale.code

            assert await counter.do(SetValue(counter.case_id, "remark", "x")) is None
            assert "2025年6月电费" == counter.view("bill").shown
            assert await counter.do(SetValue(counter.case_id, "bill_no", BILL_NO)) is None
            assert "2025年6月电费" == counter.view("bill").shown
            assert await counter.do(SetValue(counter.case_id, "bill_no", "53010000022")) is None
            assert ("", None) == (counter.view("bill").shown, counter.view("bill").items)
            assert await counter.do(ChooseItem(counter.case_id, "bill", "b2")) is not None

    run(story)


def test_offline_says_so_and_the_draft_goes_on() -> None:
    """Nothing that needs the office blocks what does not."""

    async def story() -> None:
        async with open_counter() as counter:
            counter.office.online = False
            assert await counter.do(NewCase(PRODUCT.code)) is None
            assert await counter.do(SetValue(counter.case_id, "bill_no", BILL_NO)) is None
            assert await counter.do(SetValue(counter.case_id, "phone", "13812345678")) is None
            for command in (
                AskList(counter.case_id, "bill"),
                SendCode(counter.case_id, "phone"),
                EnterCode(counter.case_id, "phone", CODE),
                ProveColleague(counter.case_id, "colleague", *COLLEAGUE),
            ):
                refusal = await counter.do(command)
                assert refusal is not None
                assert (Code.BUSY, True) == (refusal.code, refusal.retryable)
                assert command.field == refusal.field
            assert await counter.do(SetValue(counter.case_id, "term", "12")) is None
            assert "12" == counter.view("term").shown

    run(story)


def test_a_phone_is_proven_by_the_code_and_stays_so_until_it_changes() -> None:
    """Sent, read back, kept by its proof; another number starts again."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            assert await counter.do(ReadId(counter.case_id, "id_card")) is None
            assert await counter.do(SendCode(counter.case_id, "phone")) is not None
            assert await counter.do(SetValue(counter.case_id, "phone", "138-1234-5678")) is None
            problem = counter.view("phone").problem
            assert problem is not None
            assert Code.EVIDENCE is problem.code
            assert await counter.do(SendCode(counter.case_id, "phone")) is None
            code = counter.view("phone").code
            assert code is not None
            assert code.again_ms < code.until_ms
            wrong = await counter.do(EnterCode(counter.case_id, "phone", "000000"))
            assert wrong is not None
            assert (Code.PIN, "phone") == (wrong.code, wrong.field)
            assert not counter.view("phone").proven
            assert await counter.do(EnterCode(counter.case_id, "phone", f" {CODE} ")) is None
            view = counter.view("phone")
            assert (True, None, None) == (view.proven, view.code, view.problem)
            assert await counter.do(SetValue(counter.case_id, "phone", "13812345678")) is None
            assert counter.view("phone").proven
            assert await counter.do(SendCode(counter.case_id, "phone")) is None
            assert await counter.do(SetValue(counter.case_id, "phone", "13987654321")) is None
            view = counter.view("phone")
            assert (False, None) == (view.proven, view.code)

    run(story)


def test_a_colleagues_passcode_goes_to_the_office_and_nowhere_else() -> None:
    """Neither into the draft nor onto the page nor into a journal."""

    async def story() -> None:
        disk = SimulatedDisk()
        async with open_counter(disk=disk) as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            assert await counter.do(ReadId(counter.case_id, "id_card")) is None
            own = await counter.do(
                ProveColleague(counter.case_id, "colleague", f" {TELLER.staff_id} ", "135790")
            )
            assert own is not None
            assert Code.SELF_AUTH is own.code
            assert [] == counter.office.asked
            wrong = await counter.do(ProveColleague(counter.case_id, "colleague", "1002", "000000"))
            assert wrong is not None
            assert (Code.FORBIDDEN, "colleague") == (wrong.code, wrong.field)
            command = ProveColleague(counter.case_id, "colleague", *COLLEAGUE)
            assert await counter.do(command) is None
            assert "周敏 1002" == counter.view("colleague").shown
            draft = counter.terminal.drafts.look(counter.case.case_id)
            assert draft is not None
            assert ColleagueValue("1002", "周敏", "colleague#1") == draft.values["colleague"]
            everything = encode_json(counter.terminal.state()) + encode(draft)
            everything += b"".join(row.body for row in disk.disk.journal)
            assert COLLEAGUE[1].encode() not in everything
            assert COLLEAGUE[1] not in repr(counter.office.asked)
            assert COLLEAGUE[1] not in repr(command)

    run(story)


def test_rows_come_change_and_go() -> None:
    """Each by its id, once, however often it is pressed; what is wrong stands at its cell."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            of = counter.case_id
            number = make.person("member").number
            cells = {"name": "李小明", "number": number, "relation": "child"}
            for _ in range(2):
                assert await counter.do(SetRow(of, "members", "a", cells, new=True)) is None
            other = {"name": "王芳", "land": "3.50"}
            assert await counter.do(SetRow(of, "members", "b", other, new=True)) is None
            first, second = counter.view("members").rows
            assert ("a", "b") == (first.row, second.row)
            assert {} == first.problems
            assert f"{number[:3]}***********{number[-4:]}" == first.cells["number"]
            assert other == second.cells
            assert {"number", "relation"} == set(second.problems)
            assert Stage.IDENTIFY is counter.case.stage
            assert "members.2.number" == getattr(counter.view("members").problem, "field", "")

            assert await counter.do(SetRow(of, "members", "a", {"income": "12000"})) is None
            assert "12000.00" == counter.view("members").rows[0].cells["income"]
            assert first.cells["number"] == counter.view("members").rows[0].cells["number"]
            for wrong in (
                SetRow(of, "members", "c", cells),
                SetRow(of, "members", "", cells, new=True),
                SetRow(of, "members", "a/b", cells, new=True),
                SetRow(of, "members", "a", {"other": "x"}),
                SetRow(of, "members", "a", {"income": "many"}),
                SetRow(of, "bill_no", "a", cells, new=True),
                RemoveRow(of, "members", "c"),
                RestoreRow(of, "members", "c"),
            ):
                refusal = await counter.do(wrong)
                assert isinstance(refusal, Refusal), wrong
            assert 2 == len(counter.view("members").rows)

            for row in range(1, 5):
                assert await counter.do(SetRow(of, "members", str(row), cells, new=True)) is None
            full = await counter.do(SetRow(of, "members", "7", cells, new=True))
            assert full is not None
            assert Code.LIMIT is full.code

    run(story)


def test_a_row_that_was_taken_out_comes_back() -> None:
    """To its place, once; two presses take out one row, and a late sheet brings none back."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            of = counter.case_id
            for row, name in zip("abc", ("李小明", "王芳", "张三"), strict=True):
                assert (
                    await counter.do(SetRow(of, "members", row, {"name": name}, new=True)) is None
                )
            before = counter.view("members").rows
            for _ in range(2):
                assert await counter.do(RemoveRow(of, "members", "b")) is None
            assert ["a", "c"] == [row.row for row in counter.view("members").rows]
            late = await counter.do(SetRow(of, "members", "b", {"income": "1"}))
            assert late is not None
            assert (Code.STALE, "members") == (late.code, late.field)
            for _ in range(2):
                assert await counter.do(RestoreRow(of, "members", "b")) is None
            assert before == counter.view("members").rows
            for row in "abc":
                assert await counter.do(RemoveRow(of, "members", row)) is None
            assert ("", ()) == (counter.view("members").shown, counter.view("members").rows)
            for row in "cab":
                assert await counter.do(RestoreRow(of, "members", row)) is None
            assert {"a", "b", "c"} == {row.row for row in counter.view("members").rows}

    run(story)


def test_a_slip_of_the_finger_is_taken_back() -> None:
    """Every answer but the customer's own card."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            ink = make.ink()
            early = await counter.do(Record(counter.case_id, "recording"))
            assert early is not None
            assert (Code.STATE, "recording") == (early.code, early.field)
            assert await counter.do(ReadId(counter.case_id, "id_card")) is None
            deeds = (
                SetValue(counter.case_id, "remark", "x"),
                SetValue(counter.case_id, "services", "sms_notice,mobile_bank"),
                SetValue(counter.case_id, "disclosure", "yes"),
                SignHere(counter.case_id, "guarantor_ink", ink.width, ink.height, ink.strokes),
                ReadId(counter.case_id, "guarantor"),
                Record(counter.case_id, "recording"),
            )
            for deed in deeds:
                assert await counter.do(deed) is None
                assert counter.view(deed.field).shown
                assert await counter.do(ClearValue(counter.case_id, deed.field)) is None
                assert not counter.view(deed.field).shown
                assert await counter.do(ClearValue(counter.case_id, deed.field)) is None
            assert await counter.do(SetValue(counter.case_id, "remark", "x")) is None
            assert await counter.do(SetValue(counter.case_id, "remark", "")) is None
            assert not counter.view("remark").shown
            kept = await counter.do(ClearValue(counter.case_id, "id_card"))
            assert kept is not None
            assert Code.STATE is kept.code

    run(story)


def test_a_deed_answers_only_its_own_kinds() -> None:
    """A page that asks for nonsense hears so."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            dash = ((make.ink().strokes[0][0],),)
            for command in (
                AskList(counter.case_id, "phone"),
                ChooseItem(counter.case_id, "phone", "x"),
                SendCode(counter.case_id, "bill"),
                EnterCode(counter.case_id, "bill", "1"),
                ProveColleague(counter.case_id, "bill", "1002", "1"),
                ReadId(counter.case_id, "bill"),
                Record(counter.case_id, "id_card"),
                SetValue(counter.case_id, "recording", "x"),
                SignHere(counter.case_id, "guarantor_ink", 1000, 400, dash),
                AskList(counter.case_id, "nothing"),
                ClearValue(counter.case_id, "nothing"),
            ):
                assert isinstance(await counter.do(command), Refusal)
            assert isinstance(await counter.do(StopRecording(counter.case_id)), Refusal)
            draft = counter.terminal.drafts.look(counter.case.case_id)
            assert draft is not None
            assert {} == draft.values

    run(story)


def test_another_customers_card_clears_what_was_given_for_the_first() -> None:
    """The teller hears what; what was typed is the teller's own word and stays."""

    async def story() -> None:
        async with open_counter() as counter:
            assert await counter.do(NewCase(PRODUCT.code)) is None
            assert await counter.do(ReadId(counter.case_id, "id_card")) is None
            assert await counter.do(SetValue(counter.case_id, "bill_no", BILL_NO)) is None
            assert await counter.do(AskList(counter.case_id, "bill")) is None
            assert await counter.do(ChooseItem(counter.case_id, "bill", "b1")) is None
            assert await counter.do(ReadId(counter.case_id, "guarantor")) is None
            assert await counter.do(ReadId(counter.case_id, "id_card")) is None
            assert "2025年5月电费" == counter.view("bill").shown
            case_id = counter.case.case_id
            other = make.id_card(make.person("another customer"))
            ref = counter.terminal.drafts.ref(case_id)
            await ref.ask(Commanded("1001", KeepIdCard("id_card", other)), within=5)
            draft = counter.terminal.drafts.look(case_id)
            assert draft is not None
            assert {"id_card", "bill_no"} == set(draft.values)
            assert "“身份证”已变更，请重新读取“担保人身份证”。" == getattr(
                counter.view("guarantor").problem, "message", ""
            )
            (told,) = counter.case.reasons
            assert all(words in told.message for words in ("身份证", "担保人", "待缴账单"))
            assert not any(isinstance(v, ListedValue | PhoneValue) for v in draft.values.values())
            assert [lookups.ListItems] == [type(one) for one in counter.office.asked]

    run(story)
