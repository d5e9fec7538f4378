"""The photo that follows, by finger: put off and back, owed, overdue, taken and handed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from terminal.page_commands import ClearValue, DeferPhoto, GiveRescan, ShowCase, TakePhoto
from terminal.page_model import LinkState
from tests.browser.kit import NEEDS_CHROMIUM, chromium, small_targets, visit
from tests.kit import page_states as states
from tests.kit.page_owed import OWING, PHOTO

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def test_a_photo_is_put_off_and_back(browser: Browser) -> None:
    """What follows from it is said before anything is submitted; only where the form lets it."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("deferrable"))
        expect(page.get_by_role("button", name="次日补拍", exact=True)).to_have_count(1)
        press(page, "次日补拍")
        expect(page.get_by_text("资料齐全，可以送审")).to_be_visible()
        expect(page.locator(".summary").get_by_text("次日补拍", exact=True)).to_be_visible()
        expect(page.locator(".summary").get_by_text("须经授权员同意")).to_be_visible()
        page.locator(".stepper").get_by_role("button").nth(1).click()
        tile = page.get_by_role("article", name="收入证明", exact=True)
        expect(tile.get_by_text("须经授权员同意")).to_be_visible()
        expect(tile.get_by_text("不能提交新业务")).to_be_visible()
        assert small_targets(page) == []
        press(page, "撤销次日补拍")
        expect(tile.get_by_text("待拍", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="次日补拍", exact=True)).to_be_visible()

        stand.expect(DeferPhoto(states.case_of("deferrable"), PHOTO))
        stand.expect(ClearValue(states.case_of("deferrable"), PHOTO))


def test_an_owed_photo_is_taken_and_handed_in(browser: Browser) -> None:
    """Owed on the closed case and in the list; looked at before the press that cannot be undone."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("owed"))
        expect(page.get_by_role("heading", name="办理完成")).to_be_visible()
        expect(page.locator(".cases .case-line").first.get_by_text("待补扫")).to_be_visible()
        owed = page.get_by_role("status", name="影像补扫")
        expect(owed.get_by_text("24 点前补扫，逾期将不能提交新业务")).to_be_visible()
        press(page, "去补扫")
        expect(page.get_by_role("button", name="提交补扫")).to_be_disabled()
        expect(page.get_by_role("button", name="次日补拍")).to_have_count(0)
        press(page, "高拍仪拍照")
        expect(page.get_by_text("影像齐全，可以提交")).to_be_visible()
        press(page, "提交补扫")
        expect(owed.get_by_text("补扫影像已提交，正在上传后台。")).to_be_visible()
        expect(page.get_by_role("button", name="去补扫")).to_have_count(0)
        stand.show(states.teller("owed_given", link=LinkState.OFFLINE))
        expect(owed.get_by_text("补扫影像已保存在本机，联网后自动上传。")).to_be_visible()
        stand.show(states.teller("done"))
        expect(owed).to_have_count(0)

        stand.expect(TakePhoto(OWING, PHOTO))
        stand.expect(GiveRescan(OWING))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("请先补扫业务", "补扫完成前不能提交新业务", "去补扫", "补扫逾期")),
        ("en", ("请先补扫业务", "nothing else can be submitted before", "Add it", "Overdue")),
    ],
)
def test_what_blocks_a_teller_leads_to_the_case(
    browser: Browser, lang: str, words: tuple[str, str, str, str]
) -> None:
    """The office's sentence stands there, and a press opens the case that it names."""
    sentence, blocked, go, overdue = words
    with visit(browser, "teller", lang=lang) as (page, stand):
        stand.show(states.teller("blocked"))
        expect(page.get_by_text(sentence)).to_be_visible()
        notice = page.get_by_role("alert").filter(has_text=blocked)
        expect(notice.get_by_text(OWING[-6:])).to_be_visible()
        notice.get_by_role("button", name=go).click()
        expect(page.locator(".owed").get_by_text(overdue)).to_be_visible()

        stand.expect(ShowCase(OWING))


def test_nobody_is_blocked_by_what_a_colleague_owes(browser: Browser) -> None:
    """The list shows the debt all the same."""
    with visit(browser, "teller") as (page, stand):
        state = states.teller("blocked")
        stand.show(replace(state, staff=replace(states.TELLER, staff_id="T0999")))
        expect(page.locator(".cases").get_by_text("补扫逾期")).to_be_visible()
        expect(page.get_by_text("补扫完成前不能提交新业务")).to_have_count(0)
