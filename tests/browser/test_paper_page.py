"""The printed slip at the teller's page: shown in a tab at a press, or told in words why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.kit import NEEDS_CHROMIUM, chromium, put_in_tabs, visit, watch_tabs
from tests.kit import page_states as states
from tests.kit.page_stand import Stand

pytestmark = NEEDS_CHROMIUM

CASE = states.case_of("done")
PAPER = b"%PDF-1.4\n%a slip as the office draws it\n"
REFUSED = "Failed to load resource"
"""What Chromium writes on its console of any answer from 400 up."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def done(browser: Browser, lang: str = "zh") -> AbstractContextManager[tuple[Page, Stand]]:
    return visit(browser, "teller", lang=lang, but_for=REFUSED)


def look(page: Page) -> None:
    page.get_by_role("button", name="查看确认单").click()


def test_the_signed_slip_opens_in_a_tab(browser: Browser) -> None:
    """The very bytes that the office drew, and anew for each look."""
    with done(browser) as (page, stand):
        stand.papers[CASE] = PAPER
        stand.show(states.teller("done"))
        watch_tabs(page)
        for looks in (1, 2):
            with page.expect_popup() as opened:
                look(page)
            assert opened.value.url.startswith("blob:")
            assert [("application/pdf", PAPER)] * looks == put_in_tabs(page)


def test_a_browser_that_opens_no_tab_is_asked_once_more(browser: Browser) -> None:
    """As one does long after the press; the slip is kept for the next one and not drawn again."""
    with done(browser) as (page, stand):
        stand.papers[CASE] = PAPER
        stand.show(states.teller("done"))
        page.evaluate("() => { window.really = window.open; window.open = () => null; }")
        look(page)
        expect(page.locator(".toast").get_by_text("请再点一次")).to_be_visible()
        stand.papers.clear()
        page.evaluate("() => { window.open = window.really; }")
        watch_tabs(page)
        with page.expect_popup():
            look(page)
        assert [("application/pdf", PAPER)] == put_in_tabs(page)


@pytest.mark.parametrize(
    ("lang", "button", "words"),
    [("zh", "查看确认单", "没有找到该业务"), ("en", "See the slip", "Not found")],
)
def test_what_the_office_refuses_is_said_in_words(
    browser: Browser, lang: str, button: str, words: str
) -> None:
    """No tab is opened, and the button can be pressed again."""
    with done(browser, lang) as (page, stand):
        stand.show(states.teller("done"))
        page.get_by_role("button", name=button).click()
        expect(page.locator(".toast").get_by_text(words)).to_be_visible()
        expect(page.get_by_role("button", name=button)).to_be_enabled()
        assert [page] == page.context.pages


@pytest.mark.parametrize("moment", ["rejected", "receipt", "handover"])
def test_what_nobody_signed_has_no_slip(browser: Browser, moment: str) -> None:
    """Nor has one that is not done yet."""
    with done(browser) as (page, stand):
        stand.show(states.teller("done"))
        expect(page.get_by_role("button", name="查看确认单")).to_be_visible()
        stand.show(states.teller(moment))
        expect(page.get_by_role("button", name="查看确认单")).to_have_count(0)


_ASK = """async ([path, token]) => {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return (await fetch(path, { headers })).status;
}"""


def test_a_slip_is_for_who_was_let_in(browser: Browser) -> None:
    """Without a session's token there is nothing to see; nor for what is no case."""
    with done(browser) as (page, stand):
        stand.papers[CASE] = PAPER
        stand.show(states.teller("done"))
        own = page.evaluate("sessionStorage.getItem('backpack-session')")
        asked = {
            (f"/paper/{CASE}", ""): 403,
            (f"/paper/{CASE}", "x" * len(own)): 403,
            (f"/paper/{CASE}", own): 200,
            ("/paper/../paper/x", own): 404,
            (f"/paper/{CASE[:-1]}0", own): 422,
        }
        assert asked == {one: page.evaluate(_ASK, list(one)) for one in asked}
