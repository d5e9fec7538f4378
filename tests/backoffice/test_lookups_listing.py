"""Lists for a form: recorded before they are shown, asked again at the submission, and watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import structlog.testing
import trio

from actors import open_system
from actors.store.memory import Disk, MemoryStore
from backoffice.configuration.settings import Offer, Settings
from backoffice.dossier import Terms
from backoffice.lookups.listing import ItemsListed, ListingDesk
from backoffice.lookups.terms import LookupTerms
from backoffice.partners.conduct import Conducts
from backoffice.partners.identity_check import person_digest
from backoffice.partners.port import PARTNER_S_MAX
from backoffice.partners.queries import Loans, UnpaidBills
from backoffice.product import Asking, Product
from tests.backoffice.case_story import PRODUCTS, TELLER, UNION
from tests.kit import submissions as make
from tests.kit.outside import VirtualWall, virtual_outside
from tests.kit.partners import ListedPartner, Shelf
from tests.kit.running import run
from wire.form import Field, FieldKind, Form
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item, Listing, ListItems
from wire.value import ListedValue, TextValue, Value

NUMBER = IdNumber("11010519491231002X")
CASE = make.case_id("listing")
BILLS = (
    Item(
        "power:88:2025-05", "5月电费", "May", 80_00, (SlipLine("户号", "No.", "**88"),), {"x": "1"}
    ),
    Item("power:88:2025-06", "6月电费", "June", 90_00),
)


def bills(asking: Asking) -> UnpaidBills | Refusal:
    value = asking.values["bill_no"]
    assert isinstance(value, TextValue)
    return UnpaidBills("power", value.text)


def loans(asking: Asking) -> Loans | Refusal:
    if asking.number is None:
        return Refusal(Code.EVIDENCE, "请先读取客户身份证。", "loan")
    if asking.known.get("do_not_contact") == "1":
        return Refusal(Code.SUITABILITY, "请勿联系。", "loan")
    return Loans(asking.number)


def some(asking: Asking) -> UnpaidBills | Refusal:
    limit = asking.terms_as(BillTerms).kinds
    return UnpaidBills(f"{limit} kinds", str(len(asking.known)))


class BillTerms(Terms, frozen=True):
    """What a union may change."""

    kinds: int = 1


def listed(name: str, *depends: str) -> Field:
    return Field(
        name=name, kind=FieldKind.LISTED, title_zh="账单", title_en="Bill", depends=depends
    )


ASKED = Field(name="bill_no", kind=FieldKind.TEXT, title_zh="户号", title_en="No.", chars_max=5)
FORM = Form(version=1, fields=(ASKED, listed("bill", "bill_no"), listed("loan"), listed("some")))
PRODUCT: Product = replace(
    PRODUCTS["debit_card"],
    code="bills",
    form=FORM,
    listings={"bill": bills, "loan": loans, "some": some},
    terms=BillTerms(),
)
CATALOGUE = {"bills": PRODUCT}


class People:
    """What the records know of everybody, or why they do not answer."""

    def __init__(self) -> None:
        self.facts: Mapping[str, str] | Refusal = {}
        self.asked: list[IdNumber] = []

    async def known(self, number: IdNumber) -> Mapping[str, str] | Refusal:
        await trio.lowlevel.checkpoint()
        self.asked.append(number)
        return self.facts


class World:
    """A listing desk, its disk, and a partner."""

    def __init__(self, desk: ListingDesk, disk: Disk, shelf: Shelf, people: People) -> None:
        self.desk = desk
        self.disk = disk
        self.shelf = shelf
        self.people = people

    def rows(self, kind: str) -> list[Any]:
        return [row for row in self.disk.journal if row.stream.startswith(f"{kind}/")]

    async def ask(self, **changes: Any) -> Listing | Refusal:
        right = ListItems(CASE, "bills", "bill", NUMBER, "李秀英", {"bill_no": TextValue("88")})
        return await self.desk.answer(TELLER, msgspec.structs.replace(right, **changes))

    async def refused(self, **changes: Any) -> Refusal:
        answer = await self.ask(**changes)
        assert isinstance(answer, Refusal), answer
        return answer


@asynccontextmanager
async def world(
    *sections: tuple[str, msgspec.Struct], shelf: Shelf | None = None
) -> AsyncIterator[World]:
    settings = Settings(CATALOGUE, dict(sections))
    shelf, disk, people = shelf or Shelf(BILLS), Disk(), People()
    async with open_system("office", virtual_outside()) as system:
        ref = system.spawn("partner", lambda: ListedPartner(shelf))
        store, wall = MemoryStore(disk), VirtualWall()
        desk = ListingDesk(
            store, wall, settings.for_union, lambda _, __: ref, people.known, Conducts()
        )
        yield World(desk, disk, shelf, people)


def test_a_list_is_recorded_before_it_is_shown() -> None:
    """Who asked what about whom, and which codes; facts and person stay in the office."""

    async def story() -> None:
        async with world() as office:
            listing = await office.ask()

            assert isinstance(listing, Listing)
            assert [bill.code for bill in BILLS] == [item.code for item in listing.items]
            assert [{}, {}] == [item.facts for item in listing.items]
            assert BILLS[0].lines == listing.items[0].lines
            assert [UnpaidBills("power", "88")] == office.shelf.asked
            (row,) = office.rows("lookup")
            assert (f"lookup/{UNION}/{CASE}", "T001") == (row.stream, row.who)
            record = msgspec.msgpack.decode(row.body, type=ItemsListed)
            assert ("T001", "T-0001", "bills", "bill") == (
                record.staff_id,
                record.device,
                record.product,
                record.field,
            )
            assert person_digest(NUMBER.number, "李秀英") == record.person
            assert ("UnpaidBills", 2, tuple(bill.code for bill in BILLS)) == (
                record.query,
                record.count,
                record.codes,
            )
            assert NUMBER.number.encode() not in row.body

    run(story)


def test_nothing_to_choose_from_is_said_in_words() -> None:
    """And recorded, too: that somebody asked is worth knowing."""

    async def story() -> None:
        async with world(shelf=Shelf(())) as office:
            assert Listing((), "目前没有可选的“账单”。") == await office.ask()
            assert 1 == len(office.rows("lookup"))

            office.shelf.note = "该户已销户。"
            assert Listing((), "该户已销户。") == await office.ask(), "the partner knows why"
            office.shelf.items = BILLS
            listing = await office.ask()
            assert isinstance(listing, Listing)
            assert "" == listing.note, "there is something"

    run(story)


def test_what_is_asked_must_make_sense() -> None:
    """The field is a list of an offered product; what it depends on is answered, and rightly."""

    async def story() -> None:
        async with world() as office:
            for changes, code, field in (
                ({"product": "nothing"}, Code.NOT_FOUND, "bill"),
                ({"field": "nothing"}, Code.NOT_FOUND, "nothing"),
                ({"field": "bill_no"}, Code.NOT_FOUND, "bill_no"),
                ({"values": {}}, Code.FORMAT, "bill_no"),
                ({"values": {"bill_no": ListedValue("x", "x")}}, Code.FORMAT, "bill_no"),
                ({"values": {"bill_no": TextValue("123456")}}, Code.FORMAT, "bill_no"),
                ({"number": IdNumber("110105194912310021")}, Code.CHECKSUM, "bill"),
                ({"field": "loan", "number": None}, Code.EVIDENCE, "loan"),
            ):
                answer = await office.refused(**changes)
                assert (code, field) == (answer.code, answer.field), changes
            assert [] == office.shelf.asked
            assert [] == office.disk.journal

    run(story)


def test_a_service_that_is_switched_off_lists_nothing() -> None:
    """As if it did not exist."""

    async def story() -> None:
        async with world(("products", Offer(disabled=("bills",)))) as office:
            assert Code.NOT_FOUND is (await office.refused()).code

    run(story)


def test_a_silent_partner_is_asked_again_later() -> None:
    """After a bounded wait; its own refusal is told at the field."""

    async def story() -> None:
        async with world(shelf=Shelf(None)) as office:
            began = trio.current_time()
            answer = await office.refused()
            assert (Code.BUSY, "bill", True) == (answer.code, answer.field, answer.retryable)
            assert PARTNER_S_MAX == trio.current_time() - began

            office.shelf.items = Refusal(Code.FORMAT, "户号不存在")
            assert Refusal(Code.FORMAT, "户号不存在", "bill") == await office.refused()
            assert [] == office.disk.journal

    run(story)


def test_one_case_asks_only_so_often() -> None:
    """Another case goes on."""

    async def story() -> None:
        async with world(("lookups", LookupTerms(listings_max=2))) as office:
            for _ in range(2):
                assert isinstance(await office.ask(), Listing)
            assert Code.LIMIT is (await office.refused()).code
            assert isinstance(await office.ask(case_id=make.case_id("other")), Listing)

    run(story)


def test_two_questions_at_once_are_two_records() -> None:
    """Neither is lost, whoever was first."""

    async def story() -> None:
        async with world() as office, trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(office.ask)
        assert [1, 2, 3] == [row.version for row in office.rows("lookup")]

    run(story)


def test_many_loan_queries_raise_one_alert_and_are_answered() -> None:
    """Per teller and day, over all cases; the log names no customer and no number of one."""

    async def story() -> None:
        async with world(("lookups", LookupTerms(loan_queries_day_max=2))) as office:
            with structlog.testing.capture_logs() as logs:
                for n in range(4):
                    case = make.case_id(f"loans-{n}")
                    assert isinstance(await office.ask(field="loan", case_id=case), Listing)
            alerts = [row for row in office.rows("watch") if row.kind == "QueriesTooMany"]
            assert (1, 5) == (len(alerts), len(office.rows("watch")))
            assert [f"watch/{UNION}/T001/2025-06-15"] == sorted({r.stream for r in alerts})
            assert [{"staff_id": "T001", "union": UNION}] == [
                {key: log[key] for key in ("staff_id", "union")} for log in logs
            ]
            assert NUMBER.number not in str(logs)

            await trio.sleep(24 * 3600)
            await office.ask(field="loan")
            assert 2 == len({row.stream for row in office.rows("watch")}), "a new day"
            assert isinstance(await office.ask(), Listing)
            assert 6 == len(office.rows("watch")), "only loans are watched"

    run(story)


def test_a_query_is_made_with_the_unions_numbers_and_what_is_known() -> None:
    """The numbers in force, and the facts of the person whose card was read; nobody's without."""

    async def story() -> None:
        async with world(("products.bills", BillTerms(kinds=7))) as office:
            office.people.facts = {"job": "farmer", "village": "小河村"}
            assert isinstance(await office.ask(field="some"), Listing)
            assert isinstance(await office.ask(field="some", number=None), Listing)
            asked = [UnpaidBills("7 kinds", "2"), UnpaidBills("7 kinds", "0")]
            assert asked == office.shelf.asked
            assert [NUMBER] == office.people.asked

    run(story)


def test_what_is_known_is_obeyed_at_the_question_and_at_the_submission() -> None:
    """Where the record does not answer, nothing is listed; another try may bring it."""

    async def story() -> None:
        async with world() as office:
            holder = make.person()
            values: dict[str, Value] = {
                "id_card": make.id_card(holder),
                "loan": ListedValue(BILLS[0].code, "5月电费"),
            }
            submission = make.submission("bills", FORM, values=values)
            assert {"loan": BILLS} == await office.desk.current(TELLER, PRODUCT, submission)

            for facts, code, again in (
                ({"do_not_contact": "1"}, Code.SUITABILITY, False),
                (Refusal(Code.BUSY, "客户信息暂时无法查询", retryable=True), Code.BUSY, True),
            ):
                office.people.facts = facts
                for answer in (
                    await office.ask(field="loan"),
                    await office.desk.current(TELLER, PRODUCT, submission),
                ):
                    assert isinstance(answer, Refusal)
                    assert (code, "loan", again) == (answer.code, answer.field, answer.retryable)
            assert [IdNumber(holder.number), NUMBER] == office.people.asked[:2]
            assert [] == office.disk.journal

    run(story)


def test_at_the_submission_the_partner_is_asked_again() -> None:
    """Only for what was answered; nothing is shown, so nothing is recorded."""

    async def story() -> None:
        async with world() as office:
            values: dict[str, Value] = {
                "bill_no": TextValue("88"),
                "bill": ListedValue(BILLS[0].code, "5月电费"),
            }
            submission = make.submission("bills", FORM, values=values)
            assert {"bill": BILLS} == await office.desk.current(TELLER, PRODUCT, submission)
            assert [] == office.disk.journal

            office.shelf.items = None
            silent = await office.desk.current(TELLER, PRODUCT, submission)
            assert isinstance(silent, Refusal)
            assert silent.retryable

            incomplete = make.submission("bills", FORM, values={"bill": values["bill"]})
            answer = await office.desk.current(TELLER, PRODUCT, incomplete)
            assert isinstance(answer, Refusal)
            assert "bill_no" == answer.field

    run(story)
