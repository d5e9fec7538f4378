"""Reviews at the authorizer's page: looked at like a decision, and nothing is said by accident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from backoffice.desk.page_model import (
    Claim,
    CloseReview,
    GiveReview,
    Release,
    ReviewsView,
    ShowReviews,
    ViewReview,
)
from tests.browser.kit import (
    NEEDS_CHROMIUM,
    SMALL,
    chromium,
    faint_texts,
    overflow,
    sign_in,
    visit,
)
from tests.kit import page_states as states
from tests.kit.page_reviews import DRAWN, review_file, reviewing
from wire.message import Code, Refusal

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def open_first(page: Page) -> None:
    page.get_by_role("tab", name="抽查").click()
    page.locator(".queue .item").first.click()
    expect(page.get_by_role("heading", name="要素核对")).to_be_visible()


def finding(page: Page, name: str) -> None:
    page.locator(".decide").get_by_role("button", name=name).click()


def test_a_drawn_case_is_looked_at_and_found_right(browser: Browser) -> None:
    """The list is asked for when it is turned to; the case leaves it once it is judged."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        open_first(page)
        page.keyboard.press("2")
        expect(page.locator(".thumb").nth(1)).to_contain_text("已查看")
        finding(page, "抽查合格")
        sheet = page.get_by_role("dialog")
        assert stand.asked(GiveReview) == []
        sheet.get_by_role("button", name="确认合格").click()
        expect(page.locator(".toast").get_by_text("抽查合格：便民缴费")).to_be_visible()
        expect(page.locator(".queue .item")).to_have_count(len(DRAWN) - 1)

        stand.expect(ShowReviews())
        stand.expect(ViewReview(DRAWN[0].case_id))
        stand.expect(GiveReview(DRAWN[0].case_id, True, ""))


def test_what_is_wrong_is_said_in_words(browser: Browser) -> None:
    """Without them the sheet stays; a refusal keeps what was written."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        open_first(page)
        finding(page, "发现问题")
        sheet = page.get_by_role("dialog")
        sheet.get_by_role("button", name="登记问题").click()
        assert stand.asked(GiveReview) == []
        sheet.get_by_label("发现的问题").fill("合影不是本人")
        stand.refuse_next("give_review", Refusal(Code.STATE, "该业务已由他人抽查。"))
        sheet.get_by_role("button", name="登记问题").click()
        expect(sheet.get_by_text("该业务已由他人抽查。")).to_be_visible()
        expect(sheet.get_by_label("发现的问题")).to_have_value("合影不是本人")
        sheet.get_by_role("button", name="登记问题").click()
        expect(page.locator(".toast").get_by_text("已登记问题")).to_be_visible()

        said = GiveReview(DRAWN[0].case_id, False, "合影不是本人")
        stand.expect(said, said)


def test_ones_own_case_is_somebody_elses(browser: Browser) -> None:
    """It is on the list, says why it cannot be opened, and Enter does not open it either."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        page.get_by_role("tab", name="抽查").click()
        own = page.locator(".queue .item").last
        expect(own).to_be_disabled()
        expect(own).to_contain_text("本人回避")
        for _ in DRAWN:
            page.keyboard.press("j")
        expect(own).to_have_class("item item-selected")
        page.keyboard.press("Enter")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="要素核对")).to_be_visible()
        stand.expect(ViewReview(DRAWN[1].case_id))


def test_the_list_says_since_when_it_waits(browser: Browser) -> None:
    """In hours, in days from one day up; the open case says why it was drawn."""
    with visit(browser, "desk") as (page, _stand):
        sign_in(page, "A0102")
        open_first(page)
        rows = page.locator(".queue .item")
        expect(rows.nth(0)).to_contain_text("1天前")
        expect(rows.nth(1)).to_contain_text("3小时前")
        expect(page.get_by_text("系统审核自动通过，办结时按比例随机抽中")).to_be_visible()


def test_what_was_not_looked_at_is_said_before_it_is_found_right(browser: Browser) -> None:
    """Sources that disagree and images that were never on the screen stand in the sheet."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        page.get_by_role("tab", name="抽查").click()
        stand.show(reviewing(replace(review_file(), compared=states.DIFFERING)))
        finding(page, "抽查合格")
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_text("有 1 项要素不一致，请确认已逐项核实。")).to_be_visible()
        expect(sheet.get_by_text("还有 2 张影像没有查看。")).to_be_visible()
        page.keyboard.press("Escape")
        finding(page, "发现问题")
        expect(page.get_by_role("dialog").locator(".notice")).to_have_count(0)


def test_nothing_is_said_before_everything_was_there(browser: Browser) -> None:
    """Images on their way, images that never came, a link that is cut."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        page.get_by_role("tab", name="抽查").click()
        fine = page.locator(".decide").get_by_role("button", name="抽查合格")
        stand.show(reviewing(review_file(loaded=40)))
        expect(page.get_by_text("影像调阅完成后才能下结论")).to_be_visible()
        expect(fine).to_be_disabled()
        stand.show(reviewing(replace(review_file(), lost=True)))
        expect(page.get_by_text("影像未能全部调阅")).to_be_visible()
        expect(fine).to_be_disabled()
        stand.show(reviewing(review_file(), link="offline"))
        expect(page.get_by_text("已断开，不能下结论")).to_be_visible()
        expect(fine).to_be_disabled()
        stand.show(reviewing(review_file()))
        expect(fine).to_be_enabled()


def test_keys_of_decisions_do_nothing_to_a_review(browser: Browser) -> None:
    """With a claimed case behind it: A is nobody's, Enter claims nothing, Esc closes the review."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        page.get_by_role("tab", name="抽查").click()
        stand.show(replace(reviewing(review_file()), file=states.file_view()))
        expect(page.get_by_role("button", name="抽查合格")).to_be_visible()
        for key in ("A", "R", "X", "j", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.get_by_text("请从左侧打开一笔抽查业务")).to_be_visible()

        stand.expect(CloseReview(DRAWN[0].case_id))
        assert [] == stand.asked(Release) + stand.asked(Claim)


def test_who_may_not_review_is_told_so(browser: Browser) -> None:
    """In a sentence, in either language; and an empty list says what would be on it."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        page.get_by_role("tab", name="抽查").click()
        no = Refusal(Code.FORBIDDEN, "抽查需要A2级及以上授权权限。")
        stand.show(replace(states.desk(), reviews=ReviewsView((), no, None)))
        expect(page.get_by_text("抽查需要A2级及以上授权权限。")).to_be_visible()
        page.get_by_role("button", name="English").click()
        expect(page.get_by_text("Reviews take an authorizer of level A2 or more.")).to_be_visible()
        page.get_by_role("button", name="中文").click()
        stand.show(replace(states.desk(), reviews=ReviewsView((), None, None)))
        expect(page.get_by_text("没有待抽查的业务")).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_review_fits_and_can_be_read(browser: Browser, lang: str, scheme: str) -> None:
    """On a small screen, in both languages, by day and by night."""
    with visit(browser, "desk", lang=lang, scheme=scheme, size=SMALL) as (page, stand):
        stand.show(reviewing(review_file()))
        page.get_by_role("tab").nth(3).click()
        page.locator(".queue .item").first.click()
        expect(page.locator(".decide")).to_be_visible()
        assert 0 == overflow(page)
        assert [] == faint_texts(page)
