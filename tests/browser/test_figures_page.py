"""The managers' figures: filtered, sorted, drawn and saved, in both languages, by day and night."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from backoffice.desk.figures_csv import csv_of
from backoffice.desk.page_model import ExportFigures, HideFigures, ShowFigures
from tests.browser.kit import (
    NEEDS_CHROMIUM,
    SMALL,
    TABLET,
    chromium,
    faint_texts,
    overflow,
    visit,
)
from tests.kit import page_states as states
from tests.kit.page_figures import figures
from tests.kit.page_stand import Stand
from wire.message import Code, Refusal
from wire.office_link import OFFLINE

pytestmark = NEEDS_CHROMIUM

WEEK = ShowFigures("2026-11-17", "2026-11-23")
TABLES = {
    "outlets": "网点",
    "products": "业务",
    "days": "日期",
    "terminals": "终端",
    "states": "状态",
}
TABLES_EN = ("Outlets", "Services", "Days", "Terminals", "States")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def open_figures(page: Page, stand: Stand, word: str = "报表") -> None:
    """A manager has signed in and goes to the figures."""
    stand.show(states.managed())
    page.get_by_role("tab", name=word).click()
    expect(page.locator(".tile")).to_have_count(8)
    expect(page.locator(".plot canvas")).to_have_count(2)


def column(page: Page, at: int) -> list[str]:
    """The texts of one column of the table on the screen, without the total."""
    return page.locator(f".figures tbody tr > :nth-child({at})").all_inner_texts()


def test_only_a_manager_has_figures(browser: Browser) -> None:
    """An authorizer without the mark sees the queue and no tab beside it."""
    with visit(browser, "desk") as (page, stand):
        stand.show(states.desk())
        expect(page.locator(".queue")).to_be_visible()
        expect(page.get_by_role("tab", name="报表")).to_have_count(0)
        stand.show(states.managed())
        expect(page.get_by_role("tab", name="报表")).to_be_visible()


def test_filters_change_every_table(browser: Browser) -> None:
    """A week by default; each filter is asked of the office and the tables follow its answer."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        week = figures()
        stand.expect(WEEK)
        assert [row.key for row in week.outlets] == column(page, 1)
        expect(page.locator(".tile").first).to_contain_text(f"{week.total.cases} 笔")

        page.get_by_label("网点", exact=True).select_option("53011102")
        expect(page.locator(".figures tbody tr")).to_have_count(1)
        page.get_by_role("button", name="近30天").click()
        expect(page.get_by_role("button", name="近30天")).to_have_attribute("aria-pressed", "true")
        page.get_by_label("业务", exact=True).select_option("debit_card")
        page.locator("input[name=first]").fill("2026-11-01")
        page.locator(".table-tabs").get_by_role("tab", name="日期").click()
        expect(page.locator(".figures tbody tr")).to_have_count(23)
        page.get_by_role("tab", name="授权").click()
        expect(page.locator(".queue")).to_be_visible()

        assert stand.heard(ShowFigures, 4)[1:] == [
            replace(WEEK, outlet="53011102"),
            ShowFigures("2026-10-25", "2026-11-23", "53011102"),
            ShowFigures("2026-10-25", "2026-11-23", "53011102", "debit_card"),
            ShowFigures("2026-11-01", "2026-11-23", "53011102", "debit_card"),
        ]
        stand.expect(HideFigures())


def test_tables_are_sorted_by_their_headings(browser: Browser) -> None:
    """Most first at the first click, fewest first at the second; the total stays last."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        cases = sorted((row.cases for row in figures().outlets), reverse=True)
        heading = page.get_by_role("columnheader", name="提交")
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", "descending")
        assert [str(number) for number in cases] == column(page, 2)
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", "ascending")
        assert [str(number) for number in reversed(cases)] == column(page, 2)
        expect(page.locator(".figures tfoot")).to_contain_text("合计")
        expect(page.locator(".figures tfoot")).to_contain_text(str(sum(cases)))


def test_every_table_says_what_it_has_in_words(browser: Browser) -> None:
    """How a terminal is connected and where cases stand: colour, icon and word."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        tabs = page.locator(".table-tabs")
        tabs.get_by_role("tab", name="终端").click()
        words = page.locator(".figures tbody .badge")
        assert ["在线", "近期在线", "久未联系", "失联", "失联"] == words.all_inner_texts()
        expect(words.locator("svg")).to_have_count(5)
        tabs.get_by_role("tab", name="状态").click()
        expect(page.locator(".figures tbody")).to_contain_text("已办结")
        expect(page.get_by_role("button", name="导出 CSV")).to_be_visible()
        expect(page.get_by_text("已超时 1")).to_be_visible()


def test_nothing_to_divide_by_is_a_dash(browser: Browser) -> None:
    """A view without cases shows no rates and no medians, and no zeros in their place."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        page.locator("input[name=last]").fill("2026-11-22")
        page.locator("input[name=first]").fill("2026-11-22")
        expect(page.locator(".figures-body")).to_contain_text("所选范围内没有业务")
        tiles = page.locator(".tile dd").all_inner_texts()
        assert ["0 笔", "0 笔", "—", "—", "—", "—", "0 分钟", "¥0.00"] == tiles


def test_a_table_is_saved_as_it_is_filtered(browser: Browser, tmp_path: Path) -> None:
    """The file is what the agent made: a byte order mark, the filter's rows, the language."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        page.get_by_label("网点", exact=True).select_option("53011103")
        expect(page.locator(".figures tbody tr")).to_have_count(1)
        with page.expect_download() as first:
            page.get_by_role("button", name="导出 CSV").click()
        saved = tmp_path / "saved.csv"
        first.value.save_as(saved)
        shown = figures(outlet="53011103")
        body = saved.read_bytes()
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))

        assert "网点报表_2026-11-17_2026-11-23_53011103.csv" == first.value.suggested_filename
        assert b"\xef\xbb\xbf" == body[:3]
        assert csv_of(shown, "outlets", "zh").encode() == body
        assert ["53011103", str(shown.total.cases)] == rows[1][:2]
        assert "合计" == rows[2][0]

        page.get_by_role("button", name="English").click()
        page.locator(".table-tabs").get_by_role("tab", name="Terminals").click()
        with page.expect_download() as second:
            page.get_by_role("button", name="Save as CSV").click()
        assert "figures-by-terminal_2026-11-17_2026-11-23_53011103.csv" == (
            second.value.suggested_filename
        )
        page.locator(".table-tabs").get_by_role("tab", name="States").click()
        with page.expect_download() as third:
            page.get_by_role("button", name="Save as CSV").click()
        assert third.value.suggested_filename.startswith("figures-by-state_2026-11-17")
        exports = [ExportFigures(one, "en") for one in ("terminals", "states")]
        exports.insert(0, ExportFigures("outlets", "zh"))
        stand.expect(*exports)


def test_what_went_wrong_is_said_beside_the_filters(browser: Browser) -> None:
    """A refused range leaves the figures; a refresh that failed says how old they are."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        stand.refuse_next(
            "show_figures", Refusal(Code.RANGE, "开始日期不能晚于结束日期。", "first")
        )
        page.locator("input[name=last]").fill("2026-11-10")
        expect(page.get_by_role("alert")).to_contain_text("开始日期不能晚于结束日期。")
        expect(page.locator(".tile")).to_have_count(8)
        page.get_by_role("button", name="今天").click()
        expect(page.get_by_role("alert")).to_have_count(0)
        view = stand.state.figures
        stand.show(replace(stand.state, figures=replace(view, problem=OFFLINE)))
        expect(page.get_by_text("更新失败，显示的是")).to_be_visible()


def test_no_key_decides_while_figures_are_shown(browser: Browser) -> None:
    """A case is open; its keys rest until the work is on the screen again."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        stand.show(replace(stand.state, file=states.file_view()))
        page.keyboard.press("a")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("tab", name="授权").click()
        page.keyboard.press("a")
        expect(page.get_by_role("dialog")).to_be_visible()


def test_the_pointer_reads_a_day(browser: Browser) -> None:
    """The legend has the whole view's numbers, and a day's while the pointer is on it."""
    with visit(browser, "desk") as (page, stand):
        open_figures(page, stand)
        plot = page.locator(".plot").first
        expect(plot.locator("figcaption")).to_contain_text("合计")
        box = plot.locator(".u-over").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.5 / 7, box["y"] + box["height"] / 2)
        expect(plot.locator("figcaption")).to_contain_text("11/17")
        first = figures().days[0]
        expect(plot.locator(".legend li").first).to_contain_text(str(first.closed))
        expect(plot.locator(".legend svg")).to_have_count(5)


@pytest.mark.parametrize("size", [TABLET, SMALL], ids=["1280x800", "1024x768"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_fit_their_window(browser: Browser, lang: str, size: tuple[int, int]) -> None:
    """Nothing runs out of the window, no table out of its box, and no msgid is without a text."""
    with visit(browser, "desk", lang=lang, size=size) as (page, stand):
        open_figures(page, stand, "报表" if lang == "zh" else "Figures")
        for word in TABLES.values() if lang == "zh" else TABLES_EN:
            page.locator(".table-tabs").get_by_role("tab", name=word).click()
            assert overflow(page) == 0
            assert overflowing(page) == []
            assert "[" not in page.locator(".figures").inner_text()


_OVERFLOWING = """() => [...document.querySelectorAll(".figures *")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1)
  .filter((one) => !one.closest("svg, .u-wrap, option, select") && !one.matches(".table-box"))
  .map((one) => `${one.className || one.tagName}: ${one.textContent.trim().slice(0, 24)}`)"""


def overflowing(page: Page) -> list[str]:
    """Every box of the view that is too narrow for what is in it."""
    found: list[str] = page.evaluate(_OVERFLOWING)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_can_be_read(browser: Browser, scheme: str) -> None:
    """Every text reaches 7:1, and the axes are drawn in the ink of the theme."""
    with visit(browser, "desk", scheme=scheme) as (page, stand):
        open_figures(page, stand)
        for word in TABLES.values():
            page.locator(".table-tabs").get_by_role("tab", name=word).click()
            assert faint_texts(page) == []
        assert (scheme == "light") == (axis_brightness(page) < 128)
        page.get_by_role("button", name="深浅色").click()
        assert (scheme == "light") == (axis_brightness(page) >= 128)


_AXIS_BRIGHTNESS = """() => {
  const canvas = document.querySelector(".plot canvas");
  const width = Math.round(30 * devicePixelRatio);
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, canvas.height);
  let [sum, count] = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 200) continue;
    sum += (data[at] + data[at + 1] + data[at + 2]) / 3;
    count += 1;
  }
  return sum / count;
}"""


def axis_brightness(page: Page) -> float:
    """How bright the numbers beside the first plot are, 0 to 255."""
    page.wait_for_timeout(100)
    found: float = page.evaluate(_AXIS_BRIGHTNESS)
    return found
