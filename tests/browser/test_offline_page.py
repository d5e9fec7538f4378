"""The page without the office, or without its own program: what it says, and what goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, expect

from terminal.page_model import LinkState
from tests.browser.kit import NEEDS_CHROMIUM, chromium, visit
from tests.kit import page_states as states

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_offline_the_work_goes_on(browser: Browser) -> None:
    """The banner says so, the count of what waits is shown, and capturing still works."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("photos", link=LinkState.OFFLINE))
        expect(page.get_by_text("当前离线，已持续")).to_be_visible()
        expect(page.get_by_text("待上传 3")).to_be_visible()
        emblem = page.get_by_role("article", name="身份证国徽面", exact=True)
        emblem.get_by_role("button", name="高拍仪拍照").click()
        expect(
            page.get_by_role("article", name="身份证国徽面", exact=True).get_by_text("已拍")
        ).to_be_visible()


def test_offline_nobody_is_checking_anything(browser: Browser) -> None:
    """What only the office can do waits on the tablet, and what it said last is called that."""
    with visit(browser, "teller") as (page, stand):
        asked = states.teller("identified", link=LinkState.OFFLINE)
        assert asked.open is not None
        assert asked.open.identity is not None
        unknown = replace(asked.open, identity=replace(asked.open.identity, result=""))
        stand.show(replace(asked, open=unknown))
        expect(page.get_by_text("待核查")).to_be_visible()
        expect(page.get_by_text("联网后自动核查")).to_be_visible()
        stand.show(replace(asked, open=unknown, link=LinkState.ONLINE))
        expect(page.get_by_text("核查中")).to_be_visible()
        stand.show(states.teller("waiting", link=LinkState.OFFLINE))
        expect(page.get_by_text("以上为断网前的进度")).to_be_visible()
        for promise, words in (
            ("cancel", "已放弃，等待通知后台"),
            ("refusal", "客户不同意，正在撤销"),
        ):
            case = states.teller("waiting", link=LinkState.OFFLINE)
            assert case.open is not None
            stand.show(replace(case, open=replace(case.open, promised=promise)))
            expect(page.get_by_role("heading", name=words)).to_be_visible()


def test_a_lost_agent_is_said_and_found_again(browser: Browser) -> None:
    """While the page has no agent nothing can be pressed; afterwards it is as before."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("form"))
        expect(page.get_by_label("手机号码")).to_be_visible()
        page.evaluate(
            "window.sawLoss = false; new MutationObserver(() => {"
            " if (document.querySelector('.banner.bad')) window.sawLoss = true;"
            "}).observe(document.body, { childList: true, subtree: true })"
        )
        stand.drop()
        page.wait_for_function("window.sawLoss")
        expect(page.locator(".banner.bad")).to_have_count(0)
        expect(page.get_by_label("手机号码")).to_be_enabled()
