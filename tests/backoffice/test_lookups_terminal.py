"""What a terminal looks up, over the whole bank: the office's services behind its door."""

from __future__ import annotations

import re

from backoffice.cases.commands import Caller
from backoffice.catalogue import products
from backoffice.office import Office
from backoffice.peers.devices import Device
from backoffice.peers.product_pages import page_after
from backoffice.peers.terminal_requests import TerminalRequests
from tests.kit import submissions as make
from tests.kit.bank import TELLER_PASSCODE, UNION, Bank, teller
from tests.kit.running import run
from wire.codec import encode
from wire.masked import IdNumber, Phone
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
from wire.messages.session import PAGE_BYTES_MAX, ListProducts, Products, Role
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


def at(office: Office) -> TerminalRequests:
    caller = office.caller(DEVICE)
    assert isinstance(caller, Caller)
    return TerminalRequests(office)


def test_products_come_page_by_page() -> None:
    """Each once, in the order of codes, in pages that are bounded and the same at every attempt."""
    offered, pages, after = products(), list[Products](), ""
    while not pages or pages[-1].more:
        page = page_after(offered, after)
        assert page == page_after(offered, after)
        assert page.products
        assert len(encode(page)) <= PAGE_BYTES_MAX + ENVELOPE_BYTES
        pages.append(page)
        after = page.products[-1].code

    assert len(pages) > 1
    assert sorted(offered) == [card.code for page in pages for card in page.products]
    assert Products(()) == page_after(offered, after)


def test_a_cursor_outlives_its_product() -> None:
    """Switched off meanwhile, it still says where the next page begins."""
    offered = products()
    first = page_after(offered, "")
    last = first.products[-1].code
    fewer = {code: one for code, one in offered.items() if code != last}

    assert page_after(offered, last) == page_after(fewer, last)


def test_everything_that_a_form_may_look_up() -> None:
    """The list of products, a bill, a colleague, a phone; each refused for what is no case."""

    async def story() -> None:
        bank = Bank("lookups", tellers=2)
        async with bank.office() as running:
            terminal = at(running.office())
            listed = await terminal.answer(DEVICE, ListProducts("bill_payment"))
            assert page_after(products(), "bill_payment") == listed

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
