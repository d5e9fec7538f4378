"""What a terminal looks up, over the whole bank: the office's services behind its door."""

from __future__ import annotations

import re

from actors.durable.tagged import Tagged
from backoffice.cases.commands import Caller
from backoffice.catalogue import products
from backoffice.lookups.suggestion import OffersTold
from backoffice.office import Office
from backoffice.partners.identity_check import person_digest
from backoffice.peers.devices import Device
from backoffice.peers.product_pages import page_after
from backoffice.peers.terminal_requests import TerminalRequests
from tests.kit import submissions as make
from tests.kit.bank import TELLER_PASSCODE, UNION, Bank, teller
from tests.kit.running import run
from wire.codec import encode
from wire.masked import IdNumber, Phone
from wire.message import Code, Refusal
from wire.messages.identity import CheckIdentity, IdentityChecked
from wire.messages.lookups import (
    CodeSent,
    ColleagueProven,
    Listing,
    ListItems,
    PhoneProven,
    ProveCode,
    ProveColleague,
    SendCode,
)
from wire.messages.offers import Recommend, Recommendations
from wire.messages.session import PAGE_BYTES_MAX, ListProducts, ProductCard, Products, Role
from wire.value import ChoiceValue, TextValue, Value

CASE = make.case_id("terminal")
PHONE = Phone("13812345678")
ENVELOPE_BYTES = 32
"""What a page takes besides its products."""

DEVICE = Device(
    device="T-1",
    role=Role.TERMINAL,
    outlet="53011101",
    union=UNION,
    noise=b"n" * 32,
    signing=b"s" * 32,
    staff=teller(1).card,
)


def cards() -> list[ProductCard]:
    """All of them, as a terminal sees them."""
    return [one.card for _, one in sorted(products().items())]


def at(office: Office) -> TerminalRequests:
    caller = office.caller(DEVICE)
    assert isinstance(caller, Caller)
    return TerminalRequests(office)


def test_products_come_page_by_page() -> None:
    """Each once, in the order of codes, in pages that are bounded and the same at every attempt."""
    offered, pages, after = cards(), list[Products](), ""
    while not pages or pages[-1].more:
        page = page_after(offered, after)
        assert page == page_after(offered, after)
        assert page.products
        assert len(encode(page)) <= PAGE_BYTES_MAX + ENVELOPE_BYTES
        pages.append(page)
        after = page.products[-1].code

    assert len(pages) > 1
    assert [card.code for card in offered] == [
        card.code for page in pages for card in page.products
    ]
    assert Products(()) == page_after(offered, after)


def test_a_cursor_outlives_its_product() -> None:
    """Switched off meanwhile, it still says where the next page begins."""
    offered = cards()
    first = page_after(offered, "")
    last = first.products[-1].code
    fewer = [one for one in offered if one.code != last]

    assert page_after(offered, last) == page_after(fewer, last)


def test_everything_that_a_form_may_look_up() -> None:
    """The list of products, a bill, a colleague, a phone; each refused for what is no case."""

    async def story() -> None:
        bank = Bank("lookups", tellers=2)
        async with bank.office() as running:
            terminal = at(running.office())
            listed = await terminal.answer(DEVICE, ListProducts("bill_payment"))
            assert page_after(cards(), "bill_payment") == listed

            number = IdNumber(make.person().number)
            bill_no = TextValue("1234567890")
            values: dict[str, Value] = {"biller": ChoiceValue("power"), "bill_no": bill_no}
            asked = ListItems(CASE, "bill_payment", "bill", number, "李秀英", values)
            assert isinstance(await terminal.answer(DEVICE, asked), Listing)

            colleague = teller(2).card
            proven = await terminal.answer(
                DEVICE, ProveColleague(CASE, colleague.staff_id, TELLER_PASSCODE)
            )
            assert ColleagueProven(colleague.staff_id, colleague.name, f"{CASE}#1") == proven

            assert isinstance(await terminal.answer(DEVICE, SendCode(CASE, PHONE)), CodeSent)
            code = re.search(r"\d{6}", bank.messages.messages(PHONE)[-1])
            assert code is not None
            held = await terminal.answer(DEVICE, ProveCode(CASE, PHONE, code[0]))
            assert isinstance(held, PhoneProven)

    run(story)


async def told(office: Office) -> list[tuple[str, OffersTold]]:
    """To whom offers were told, as the store has it."""
    reader = Tagged(OffersTold)
    rows = await office.store.read(f"offer/{UNION}/{CASE}")
    return [(row.who, reader.decode(row.kind, row.body, row.stream)) for row in rows]


def test_offers_are_told_of_nobody_but_the_customer_at_the_table() -> None:
    """Not before the register confirmed the card, not of another case's customer; and on record."""

    async def story() -> None:
        bank = Bank("offers", tellers=1)
        async with bank.office() as running:
            office = running.office()
            terminal = at(office)
            number = IdNumber(make.person().number)
            ask = Recommend(CASE, number, "李秀英")

            async def refused(request: Recommend) -> Code:
                answer = await terminal.answer(DEVICE, request)
                assert isinstance(answer, Refusal)
                return answer.code

            assert Code.STATE is await refused(ask)
            check = CheckIdentity(CASE, number, "李秀英")
            assert isinstance(await terminal.answer(DEVICE, check), IdentityChecked)
            assert [] == await told(office)
            for _ in range(2):
                assert isinstance(await terminal.answer(DEVICE, ask), Recommendations)
            person = person_digest(number.number, "李秀英")
            assert [("1001", OffersTold("1001", "T-1", person))] == await told(office)

            other = IdNumber(make.person(7).number)
            for stranger in (
                Recommend(CASE, other, "李秀英"),
                Recommend(CASE, number, "王五"),
                Recommend(make.case_id("elsewhere"), number, "李秀英"),
            ):
                assert Code.STATE is await refused(stranger)
            assert 1 == len(await told(office))

    run(story)
