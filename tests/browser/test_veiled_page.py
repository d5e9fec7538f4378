"""Masked numbers at the glass: whole while they are pressed, and only then in the page at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from terminal.page_commands import FindCases, Reveal
from tests.browser.kit import NEEDS_CHROMIUM, chromium, overflow, small_targets, visit
from tests.kit import page_states as states
from wire.message import Code, Refusal

pytestmark = NEEDS_CHROMIUM

NUMBER = "530322196804120027"
MASKED = "530***********0027"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def hold(page: Page, button: Locator) -> None:
    button.scroll_into_view_if_needed()
    button.hover()
    page.mouse.down()


@pytest.mark.parametrize(
    ("moment", "place", "nth"), [("identified", "form/id_card", 0), ("sign", "slip/3", 0)]
)
def test_a_number_is_whole_while_it_is_pressed(
    browser: Browser, moment: str, place: str, nth: int
) -> None:
    """Asked for at the press, gone from the page with the finger, asked for anew at the next."""
    with visit(browser, "teller") as (page, stand):
        stand.told["reveal"] = NUMBER
        stand.show(states.teller(moment))
        eye = page.get_by_role("button", name="按住显示完整号码").nth(nth)
        expect(eye).to_be_visible()
        assert NUMBER not in page.content()
        for times in (1, 2):
            hold(page, eye)
            expect(page.get_by_text(NUMBER)).to_be_visible()
            page.mouse.up()
            expect(page.get_by_text(MASKED).first).to_be_visible()
            assert NUMBER not in page.content()
            stand.expect(*[Reveal(states.CASE, place)] * times)
        eye.focus()
        page.keyboard.down("Enter")
        expect(page.get_by_text(NUMBER)).to_be_visible()
        page.keyboard.up("Enter")
        expect(page.get_by_text(NUMBER)).to_have_count(0)


def test_a_finger_that_is_gone_sees_nothing(browser: Browser) -> None:
    """The answer comes after the release: it is not shown."""
    with visit(browser, "teller") as (page, stand):
        stand.told["reveal"] = NUMBER
        stand.show(states.teller("identified"))
        eye = page.get_by_role("button", name="按住显示完整号码").first
        for kind in ("pointerdown", "pointerup"):
            eye.dispatch_event(kind)
        stand.expect(Reveal(states.CASE, "form/id_card"))
        page.wait_for_function("() => document.querySelector('.veiled') !== null")
        expect(page.get_by_text(NUMBER)).to_have_count(0)
        stand.refuse_next("reveal", Refusal(Code.NOT_FOUND, "这里没有可以显示的完整号码"))
        hold(page, eye)
        expect(page.locator(".toast").get_by_text("这里没有可以显示的完整号码")).to_be_visible()
        page.mouse.up()


def test_a_full_name_is_found_though_the_list_shows_none(browser: Browser) -> None:
    """The agent says which cases they are; village and tail tell them apart."""
    with visit(browser, "teller") as (page, stand):
        stand.told["find_cases"] = [states.ROWS[2].case_id]
        stand.show(states.teller())
        page.get_by_role("searchbox").fill("陈秀英")
        expect(page.locator(".cases .case-line")).to_have_count(1)
        expect(page.locator(".cases .case-line")).to_contain_text("陈** 中坝村 尾号0913")
        stand.expect(FindCases("陈秀英"))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(1280, 800), (800, 1280)], ids=str)
def test_the_eyes_fit(browser: Browser, lang: str, size: tuple[int, int]) -> None:
    with visit(browser, "teller", lang=lang, size=size) as (page, stand):
        for moment in ("identified", "submit", "sign", "kinds"):
            stand.show(states.teller(moment))
            expect(page.locator(".work h1")).to_be_visible()
            assert overflow(page) == 0, moment
            assert small_targets(page) == [], moment
