"""At the customer's table nothing stands that is suspected of them; the manager finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from backoffice.desk.page_model import FindRejection
from tests.browser.kit import NEEDS_CHROMIUM, chromium, clipped_texts, faint_texts, overflow, visit
from tests.kit import page_states as states
from tests.kit.page_figures import figures
from wire.message import Code, Refusal
from wire.messages.desk import Reason
from wire.messages.rejections import Rejection, reference_of

pytestmark = NEEDS_CHROMIUM

REFERENCE = reference_of(states.CASE)
SUSPICIONS = ("胁迫", "诈骗", "非本人", "存疑", "拒绝", "coercion", "fraud", "Reject")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(1280, 800), (800, 1280)], ids=str)
def test_a_rejection_is_told_like_any_other_end(
    browser: Browser, lang: str, size: tuple[int, int]
) -> None:
    """One sentence with a reference, nowhere red, whatever reasons may have come along."""
    with visit(browser, "teller", lang=lang, size=size) as (page, stand):
        stand.show(states.teller("rejected"))
        expect(page.locator(".not-now")).to_contain_text(REFERENCE)
        shown = page.locator("#page").inner_text()
        assert [] == [word for word in SUSPICIONS if word in shown]
        expect(page.locator(".done .bad, .done .reasons, .done .badge.bad")).to_have_count(0)
        assert overflow(page) == 0
        assert faint_texts(page) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_manager_finds_the_reason(browser: Browser, lang: str) -> None:
    """By the reference; it is in the sheet alone, and gone with it."""
    with visit(browser, "desk", lang=lang) as (page, stand):
        stand.told["find_rejection"] = Rejection(
            reference=REFERENCE, case_id=states.CASE, title_zh="借记卡发卡",
            title_en="Debit card issue", outlet="马街分社", operator="李春燕", authorizer="周敏",
            reason=Reason.COERCION_OR_FRAUD, note="同行人一直代答", at_ms=states.NOW_MS,
        )  # fmt: skip
        stand.show(states.managed(figures("2026-11-17", "2026-11-23")))
        page.locator(".view-tabs").get_by_role("tab").last.click()
        page.get_by_role(
            "button", name="参考号查询" if lang == "zh" else "Look up a reference"
        ).click()
        sheet = page.get_by_role("dialog")
        stand.refuse_next("find_rejection", Refusal(Code.NOT_FOUND, "没有这个参考号", "reference"))
        sheet.locator("input").fill("1")
        page.keyboard.press("Enter")
        expect(sheet.get_by_role("alert")).to_be_visible()
        sheet.locator("input").fill(REFERENCE.upper())
        page.keyboard.press("Enter")
        expect(
            sheet.get_by_text("疑似胁迫或诈骗" if lang == "zh" else "Coercion or fraud")
        ).to_be_visible()
        expect(sheet.get_by_text("同行人一直代答")).to_be_visible()
        assert [] == clipped_texts(page)
        page.keyboard.press("Escape")
        expect(page.get_by_text("同行人一直代答")).to_have_count(0)
        stand.expect(FindRejection("1"), FindRejection(REFERENCE.upper()))
