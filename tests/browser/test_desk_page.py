"""The authorizer's page: a case is looked at and decided, and never decided by accident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from backoffice.desk.page_model import Claim, Conclude, Release, SignInHere
from tests.browser.kit import (
    NEEDS_CHROMIUM,
    SMALL,
    TABLET,
    chromium,
    faint_texts,
    overflow,
    sign_in,
    visit,
)
from tests.kit import page_states as states
from wire.message import Code, Refusal
from wire.messages.desk import Reason, Verdict

pytestmark = NEEDS_CHROMIUM

CASE = states.QUEUE[0].case_id


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def verdict_button(page: Page, name: str) -> None:
    page.locator(".decide").get_by_role("button", name=name).first.click()


def confirm(page: Page, name: str, passcode: str = "7315") -> None:
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("授权口令").fill(passcode)
    sheet.get_by_role("button", name=name).click()


def test_a_case_is_taken_looked_at_and_approved(browser: Browser) -> None:
    """From sign-in to the list of what was done, by keyboard where an expert would use it."""
    with visit(browser, "desk") as (page, stand):
        sign_in(page, "A0102")
        expect(page.get_by_text("请从左侧队列领取一笔业务")).to_be_visible()
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="要素核对")).to_be_visible()
        expect(page.get_by_text("领取剩余")).to_be_visible()
        for index, image in enumerate(page.locator(".thumb").all(), start=1):
            page.keyboard.press(str(index))
            expect(image).to_contain_text("已查看")
        page.keyboard.press("A")
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_text("确认通过授权")).to_be_visible()
        assert stand.asked(Conclude) == []
        expect(sheet.get_by_label("授权口令")).to_be_focused()
        page.keyboard.type("7315")
        page.keyboard.press("Enter")
        expect(page.locator(".toast").get_by_text("已通过：借记卡发卡")).to_be_visible()
        page.get_by_role("tab", name="已办").click()
        expect(page.locator(".done-row")).to_have_count(3)

        stand.expect(SignInHere("A0102", "a passcode"))
        stand.expect(Claim(states.QUEUE[0].case_id))
        stand.expect(Conclude(CASE, 7, Verdict.APPROVE, None, "", "7315"))


def test_returning_takes_a_reason(browser: Browser) -> None:
    """Without a reason code the sheet cannot be confirmed; note and ticks travel along."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        verdict_button(page, "退回补正")
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_role("button", name="确认退回")).to_be_disabled()
        sheet.get_by_text("影像不清").click()
        sheet.get_by_label("身份证人像面").check()
        sheet.get_by_label("联系地址").check()
        sheet.get_by_label("联系地址").uncheck()
        sheet.get_by_label("补充说明").fill("人像面反光，请避开灯光重拍")
        confirm(page, "确认退回")
        expect(page.locator(".toast").get_by_text("已退回")).to_be_visible()

        note = "人像面反光，请避开灯光重拍"
        decided = Conclude(
            CASE, 7, Verdict.RETURN, Reason.IMAGE_UNCLEAR, note, "7315", ("id_front",)
        )
        stand.expect(decided)


def test_rejecting_takes_a_reason(browser: Browser) -> None:
    """The reasons of a rejection are other ones."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        verdict_button(page, "拒绝")
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_text("影像不清")).to_have_count(0)
        sheet.get_by_text("非本人办理").click()
        confirm(page, "确认拒绝")
        expect(page.locator(".toast").get_by_text("已拒绝")).to_be_visible()

        decided = Conclude(CASE, 7, Verdict.REJECT, Reason.NOT_THE_PERSON, "", "7315")
        stand.expect(decided)


def test_a_wrong_passcode_keeps_the_sheet(browser: Browser) -> None:
    """The refusal is beside the passcode, which is empty again; the note is not lost."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        stand.refuse_next("decide", Refusal(Code.PIN, "授权口令不正确", "passcode"))
        verdict_button(page, "通过")
        page.get_by_role("dialog").get_by_label("补充说明").fill("已电话核实")
        confirm(page, "确认通过", "0000")
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_text("授权口令不正确")).to_be_visible()
        expect(sheet.get_by_label("授权口令")).to_have_value("")
        expect(sheet.get_by_label("补充说明")).to_have_value("已电话核实")


def test_differences_are_marked_and_come_first(browser: Browser) -> None:
    """By colour, icon and word, in the table and again in the sheet that would approve it."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view(states.DIFFERING)))
        first = page.locator(".elements tbody tr").first
        expect(first).to_contain_text("王桂芳")
        expect(first).to_contain_text("不一致")
        expect(first.locator("svg")).to_have_count(1)
        expect(page.get_by_text("1 项不一致")).to_be_visible()
        verdict_button(page, "通过")
        expect(page.get_by_text("有 1 项要素不一致，请确认已逐项核实。")).to_be_visible()
        expect(page.get_by_text("还有 2 张影像没有查看。")).to_be_visible()


def test_who_carries_a_name_of_the_case_is_told_before_approving(browser: Browser) -> None:
    """In the sheet that would approve; where nobody does, nothing is said of it."""
    with visit(browser, "desk") as (page, stand):
        for flags, told in (((), 0), (("same_name",), 1)):
            file = states.file_view()
            stand.show(states.desk(replace(file, item=replace(file.item, flags=flags))))
            expect(page.locator(".item .badge").get_by_text("同名")).to_have_count(told)
            verdict_button(page, "通过")
            sheet = page.get_by_role("dialog")
            expect(sheet.get_by_label("授权口令")).to_be_visible()
            expect(sheet.locator(".notice").get_by_text("您与本笔业务的经办人")).to_have_count(told)
            page.keyboard.press("Escape")
            expect(sheet).to_have_count(0)


def test_without_the_office_nothing_is_decided(browser: Browser) -> None:
    """The link is lost: it says so, the verdicts are dead, and their keys too."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view(), link="offline"))
        expect(page.locator(".cut").get_by_text("已断开，不能授权")).to_be_visible()
        for name in ("通过", "退回补正", "拒绝"):
            expect(page.locator(".decide").get_by_role("button", name=name)).to_be_disabled()
        page.keyboard.press("a")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_queue_that_cannot_be_seen_is_not_an_empty_one(browser: Browser) -> None:
    """Disconnected, or before the office has said anything: in words, and without a count."""
    with visit(browser, "desk") as (page, stand):
        cut = replace(states.desk(link="offline"), queue=())
        stand.show(cut)
        expect(page.locator(".queue").get_by_text("已断开，看不到队列")).to_be_visible()
        expect(page.get_by_role("tab", name="待审")).to_have_text("待审 –")
        stand.show(replace(cut, link="online"))
        expect(page.get_by_text("正在读取队列")).to_be_visible()
        expect(page.get_by_text("队列已清空")).to_have_count(0)
        stand.show(replace(cut, link="online", queue_known=True))
        expect(page.get_by_text("队列已清空")).to_be_visible()
        expect(page.get_by_role("tab", name="待审")).to_have_text("待审 0")


def test_a_link_lost_while_the_sheet_is_open(browser: Browser) -> None:
    """The passcode is already typed, and still nothing goes out."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        verdict_button(page, "通过")
        page.get_by_role("dialog").get_by_label("授权口令").fill("7315")
        stand.show(states.desk(states.file_view(), link="offline"))
        expect(page.get_by_role("dialog").get_by_role("button", name="确认通过")).to_be_disabled()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_text("已断开，不能授权")).to_be_visible()

        assert stand.asked(Conclude) == []


def test_a_lost_claim_is_taken_again(browser: Browser) -> None:
    """The images stay to look at, the verdicts wait for the new claim."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(replace(states.file_view(), lost=True)))
        expect(page.get_by_text("领取已失效，不能授权")).to_be_visible()
        expect(page.locator(".decide").get_by_role("button", name="通过")).to_be_disabled()
        page.get_by_role("button", name="重新领取").click()
        expect(page.locator(".decide").get_by_role("button", name="通过")).to_be_enabled()

        stand.expect(Claim(CASE, shown=CASE))


def test_images_must_have_arrived(browser: Browser) -> None:
    """Nobody approves what could not be seen yet."""
    with visit(browser, "desk") as (page, stand):
        first, *others = states.IMAGES
        images = (replace(first, loaded=40), *others)
        stand.show(states.desk(replace(states.file_view(), images=images)))
        expect(page.get_by_text("正在调阅 40%")).to_be_visible()
        expect(page.get_by_text("影像调阅完成后才能授权")).to_be_visible()


def test_the_queue_says_who_may_what(browser: Browser) -> None:
    """Late, taken by a colleague, kept away by four eyes: each in words, and not to be pressed."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk())
        rows = page.locator(".queue .item")
        expect(rows.nth(1)).to_contain_text("超时")
        expect(rows.nth(2)).to_contain_text("核查库无照片")
        expect(rows.nth(3)).to_contain_text("钱志远 审核中")
        expect(rows.nth(3)).to_be_disabled()
        expect(rows.nth(4)).to_contain_text("四眼回避")
        expect(rows.nth(4)).to_be_disabled()
        expect(rows.nth(5)).to_contain_text("联社 530381 · 网点 53038107")
        page.keyboard.press("/")
        page.keyboard.type("鲁布革")
        expect(rows).to_have_count(1)
        page.keyboard.press("Escape")
        expect(rows).to_have_count(6)


def test_images_zoom_turn_and_stand_side_by_side(browser: Browser) -> None:
    """By keyboard, without leaving the case."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        expect(page.locator(".viewer img")).to_have_count(1)
        page.keyboard.press("+")
        expect(page.locator(".viewer figcaption")).to_contain_text("125%")
        page.keyboard.press("]")
        assert "rotate(90deg)" in (page.locator(".viewer img").get_attribute("style") or "")
        page.keyboard.press("s")
        expect(page.locator(".viewer img")).to_have_count(2)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="快捷键")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="快捷键")).not_to_be_visible()
        assert stand.asked(Release) == []
        page.keyboard.press("Escape")
        expect(page.get_by_text("请从左侧队列领取一笔业务")).to_be_visible()
        stand.expect(Release(CASE))


@pytest.mark.parametrize("size", [TABLET, SMALL], ids=["1280x800", "1024x768"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_desk_fits_its_window(browser: Browser, lang: str, size: tuple[int, int]) -> None:
    """Nothing runs out of the window, and no msgid is without a text."""
    with visit(browser, "desk", lang=lang, size=size) as (page, stand):
        for file in (None, states.file_view(states.DIFFERING)):
            stand.show(states.desk(file))
            page.wait_for_selector(".no-file" if file is None else ".elements")
            assert overflow(page) == 0
            assert not page.get_by_text("[decide").all_inner_texts()
            assert not page.get_by_text("[queue").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(browser: Browser, scheme: str) -> None:
    """Every text reaches 7:1 on the ground it stands on."""
    with visit(browser, "desk", scheme=scheme) as (page, stand):
        for file in (None, states.file_view(states.DIFFERING)):
            stand.show(states.desk(file))
            page.wait_for_selector(".no-file" if file is None else ".elements")
            assert faint_texts(page) == []
