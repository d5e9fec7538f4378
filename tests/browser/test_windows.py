"""Two windows on one program: each follows the other, and neither touches the wrong case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, expect

from backoffice.desk.authorizer import OTHER_CASE
from backoffice.desk.page_model import Claim, Conclude
from terminal.page_commands import SetValue, ShowCase
from tests.browser.kit import NEEDS_CHROMIUM, chromium, visit
from tests.kit import page_states as states
from wire.messages.desk import Verdict

pytestmark = NEEDS_CHROMIUM

CASE = states.QUEUE[0].case_id


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_a_half_typed_answer_goes_to_its_own_case(browser: Browser) -> None:
    """The first window is in the middle of a phone number when the second opens another case."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("lacking"))
        page.get_by_label("手机号码").press_sequentially("13887401234")
        other = page.context.new_page()
        other.goto(stand.address())
        other.locator(".cases .case-line").nth(1).click()
        expect(page.get_by_text("去补正")).to_be_visible()

        stand.expect(ShowCase(states.ROWS[0].case_id))
        stand.expect(SetValue(states.CASE, "phone", "13887401234"))


def test_what_nobody_typed_is_not_sent(browser: Browser) -> None:
    """Another window answers, and the case moves on: the older text of this one stays here."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("kinds"))
        expect(page.get_by_label("申请期限")).to_have_value("480")
        for moment in ("kinds_submit", "kinds", "kinds_submit"):
            stand.show(states.teller(moment))
            expect(page.locator(".submit" if moment == "kinds_submit" else ".form")).to_be_visible()
        page.locator(".stepper").get_by_role("button", name="填写").click()
        expect(page.get_by_label("申请期限")).to_be_visible()
        assert [] == stand.asked(SetValue)


def test_what_came_after_the_sheet_was_opened_is_not_decided(browser: Browser) -> None:
    """The decision names the version that was looked at, not the one that came meanwhile."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        page.locator(".decide").get_by_role("button", name="通过").click()
        sheet = page.get_by_role("dialog")
        sheet.get_by_label("授权口令").fill("7315")
        stand.show(states.desk(replace(states.file_view(states.DIFFERING), version=8)))
        expect(page.get_by_text("有 1 项要素不一致")).to_be_visible()
        sheet.get_by_role("button", name="确认通过").click()

        stand.expect(Conclude(CASE, 7, Verdict.APPROVE, None, "", "7315"))


def test_taking_a_case_says_which_one_is_put_back(browser: Browser) -> None:
    """So that no window puts back what it does not show; a refusal is said in words."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk(states.file_view()))
        stand.refuse_next("claim", OTHER_CASE)
        page.locator(".queue .item").nth(1).click()
        expect(page.locator(".toast").get_by_text(OTHER_CASE.message)).to_be_visible()

        stand.expect(Claim(states.QUEUE[1].case_id, shown=CASE))
