"""Tables and keys: what is taken out can be brought back, and no press or letter counts twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from terminal.page_commands import RemoveRow, RestoreRow, SetRow, SetValue
from tests.browser.kit import NEEDS_CHROMIUM, chromium, visit
from tests.kit import page_states as states

pytestmark = NEEDS_CHROMIUM

KINDS = states.case_of("kinds")

_COMPOSING = """(input) => {
  for (const kind of ["keydown", "keyup"]) {
    const enter = { key: "Enter", isComposing: true, bubbles: true, cancelable: true };
    input.dispatchEvent(new KeyboardEvent(kind, enter));
  }
}"""
"""Enter as an input method takes it: it chooses letters and means nothing else."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("pause_ms", [30, 250])
def test_two_clicks_take_out_one_row(browser: Browser, pause_ms: int) -> None:
    """As quick as a double click or as slow as a doubtful one; the row says that it is gone."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("kinds"))
        members = page.get_by_role("region", name="其他家庭成员")
        trash = members.get_by_role("button", name="删除第 1 行")
        trash.scroll_into_view_if_needed()
        box = trash.bounding_box()
        assert box is not None
        for _ in range(2):
            page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.wait_for_timeout(pause_ms)
        expect(members.get_by_text("已删除第 1 行")).to_be_visible()
        expect(members.get_by_text("阿依·古丽")).to_be_visible()
        expect(members.locator("header .count")).to_have_text("1")
        stand.expect(RemoveRow(KINDS, "members", "row-1"))

        members.get_by_role("button", name="撤销").click()
        expect(members.get_by_text("已删除第 1 行")).to_have_count(0)
        expect(members.locator("header .count")).to_have_text("2")
        expect(members.locator("tbody tr").nth(1)).to_contain_text("阿依·古丽")
        stand.expect(RestoreRow(KINDS, "members", "row-1"))


def test_every_row_that_was_taken_out_keeps_its_place(browser: Browser) -> None:
    """Both gone, one after the other, and both brought back."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("kinds"))
        members = page.get_by_role("region", name="其他家庭成员")
        members.get_by_role("button", name="删除第 1 行").click()
        expect(members.locator(".rows-ghost")).to_have_count(1)
        members.get_by_role("button", name="删除第 1 行").click()
        expect(members.locator(".rows-ghost")).to_have_count(2)
        stand.expect(RemoveRow(KINDS, "members", "row-1"), RemoveRow(KINDS, "members", "row-2"))
        for left in (1, 0):
            members.get_by_role("button", name="撤销").first.click()
            expect(members.locator(".rows-ghost")).to_have_count(left)
        expect(members.locator("tbody tr")).to_have_count(2)


def composing(page: Page, name: str) -> None:
    page.locator(f"input[name={name}]").first.evaluate(_COMPOSING)


def test_an_input_methods_enter_takes_letters_only(browser: Browser) -> None:
    """In a row's sheet nothing is saved or closed, in a field nothing is sent."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("kinds"))
        page.get_by_role("button", name="添加一行").first.click()
        sheet = page.get_by_role("dialog")
        sheet.get_by_label("姓名").fill("lisi")
        composing(page, "name")
        expect(sheet).to_be_visible()
        assert [] == stand.asked(SetRow)
        sheet.get_by_label("姓名").fill("李四")
        page.keyboard.press("Enter")
        expect(sheet).to_have_count(0)
        assert ["李四"] == [one.values["name"] for one in stand.heard(SetRow)]

        stand.show(states.teller("lacking"))
        page.get_by_label("联系地址").fill("dashatian")
        composing(page, "address")
        expect(page.get_by_label("联系地址")).to_be_focused()
        assert [] == stand.asked(SetValue)
        page.get_by_label("联系地址").fill("大沙田村")
        page.keyboard.press("Enter")
        stand.expect(SetValue(states.CASE, "address", "大沙田村"))


def test_an_input_methods_keys_move_nothing_at_the_desk(browser: Browser) -> None:
    """Neither the selection nor a case: letters that are being composed are no commands."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        expect(page.get_by_role("heading", name="要素核对")).to_be_visible()
        page.evaluate(
            "for (const key of ['Escape', 'a', 'n']) document.body.dispatchEvent("
            "new KeyboardEvent('keydown', { key, isComposing: true, bubbles: true }))"
        )
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert [] == stand.commands
