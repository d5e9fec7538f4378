"""The pad: every stroke survives whatever happens to page, tablet and link, and is what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, FloatRect, Page, expect

from terminal.page_commands import Sign, SignHere
from terminal.page_model import LinkState
from tests.browser.kit import NEEDS_CHROMIUM, chromium, visit, write_name
from tests.kit import page_states as states
from tests.kit.page_stand import Stand
from wire.checks import Context, check_ink
from wire.ink import Signature

pytestmark = NEEDS_CHROMIUM

CANVAS = ".signature canvas"
STROKES = 3
POINTS = 30
"""Of each stroke."""

NEAR = 1.5
"""How far a point may lie from where it was drawn, in pixels of the pad: two roundings."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def pad(page: Page) -> FloatRect:
    box = page.locator(CANVAS).bounding_box()
    assert box is not None
    return box


def at(index: int, share: float, size: tuple[float, float]) -> tuple[float, float]:
    """Where a stroke is after a share of it: slanting lines across the whole pad."""
    return size[0] * (0.05 + 0.3 * index + 0.25 * share), size[1] * (0.05 + 0.9 * share)


def draw(page: Page, index: int, size: tuple[float, float]) -> None:
    """One stroke of exactly `POINTS` points, as large as on a pad of this size."""
    box = pad(page)
    for step in range(POINTS):
        x, y = at(index, step / (POINTS - 1), size)
        page.mouse.move(box["x"] + x, box["y"] + y)
        if step == 0:
            page.mouse.down()
    page.mouse.up()


_AT_ONCE = """(points) => {
  const canvas = document.querySelector(".signature canvas");
  const heard = { bubbles: true, cancelable: true };
  const tell = (type, [clientX, clientY], buttons) =>
    canvas.dispatchEvent(new PointerEvent(type, { clientX, clientY, buttons, ...heard }));
  tell("pointerdown", points[0], 1);
  for (const point of points) tell("pointermove", point, 1);
  tell("pointerup", points.at(-1), 0);
}"""


def draw_at_once(page: Page, index: int, size: tuple[float, float]) -> None:
    """The same stroke on a page so busy that no timer runs between two moves."""
    box = pad(page)
    points = [at(index, step / (POINTS - 1), size) for step in range(POINTS)]
    page.evaluate(_AT_ONCE, [[box["x"] + x, box["y"] + y] for x, y in points])


def confirm(page: Page, stand: Stand) -> Any:
    page.get_by_role("button", name="确认签字").click()
    (sign,) = stand.heard(Sign)
    return sign


def assert_as_drawn(sign: Any, size: tuple[float, float]) -> None:
    """Every point of every stroke is where it was drawn on a pad of this size."""
    assert [STROKES, size] == [len(sign.strokes), (sign.width, sign.height)]
    for index, stroke in enumerate(sign.strokes):
        for step in range(POINTS):
            x, y = at(index, step / (POINTS - 1), size)
            near = [p for p in stroke if abs(p.x - x) <= NEAR and abs(p.y - y) <= NEAR]
            assert near, f"point {step} of stroke {index} at {x:.0f},{y:.0f}: {stroke}"


_INKED = """([x, y]) => {
  const canvas = document.querySelector(".signature canvas");
  const scale = canvas.width / canvas.clientWidth;
  const copy = new OffscreenCanvas(8, 8).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, (x - 4) * scale, (y - 4) * scale, 8 * scale, 8 * scale, 0, 0, 8, 8);
  return copy.getImageData(0, 0, 8, 8).data.some((value, index) => index % 4 < 3 && value < 128);
}"""


def shown(page: Page, index: int, share: float, drawn: tuple[float, float]) -> bool:
    """Whether a point drawn on a pad of that size is to be seen, scaled, in the middle."""
    width, height = inner(page)
    x, y = at(index, share, drawn)
    scale = min(width / drawn[0], height / drawn[1])
    left, top = (width - drawn[0] * scale) / 2, (height - drawn[1] * scale) / 2
    found: bool = page.evaluate(_INKED, [left + x * scale, top + y * scale])
    return found


def inner(page: Page) -> tuple[float, float]:
    """The glass within its border, as the page counts it."""
    expect(page.locator(CANVAS)).to_be_visible()
    found = page.evaluate(
        f"(({{ clientWidth: w, clientHeight: h }}) => [w, h])(document.querySelector('{CANVAS}'))"
    )
    return float(found[0]), float(found[1])


def turn(page: Page, width: int, height: int) -> None:
    """Another size of the glass, and the pad drawn anew on it."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(
        f"() => {{ const canvas = document.querySelector('{CANVAS}'); return innerWidth === {width}"
        " && canvas.width === canvas.clientWidth && canvas.height === canvas.clientHeight; }"
    )


@pytest.mark.parametrize("turned", [(800, 1280), (640, 400), (1366, 768)], ids=str)
def test_a_turned_tablet_keeps_every_point(browser: Browser, turned: tuple[int, int]) -> None:
    """Signed in landscape, turned (or enlarged) in between, seen whole, sent as it was drawn."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("sign"))
        expect(page.locator(CANVAS)).to_be_visible()
        size = inner(page)
        for index in range(STROKES):
            draw(page, index, size)
        turn(page, *turned)
        for index in range(STROKES):
            for share in (0.05, 0.5, 0.95):
                assert shown(page, index, share, size), (index, share)
        assert_as_drawn(confirm(page, stand), size)


def test_a_busy_page_keeps_every_point(browser: Browser) -> None:
    """However close together the moves of the hand reach the page."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("sign"))
        size = inner(page)
        for index in range(STROKES):
            draw_at_once(page, index, size)
        assert_as_drawn(confirm(page, stand), size)


def test_what_is_written_after_turning_belongs_to_it(browser: Browser) -> None:
    """Turned, written on where there was no glass before, turned back: nothing is cut off."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("sign"))
        expect(page.locator(CANVAS)).to_be_visible()
        draw(page, 0, inner(page))
        turn(page, 800, 1280)
        draw(page, 1, inner(page))
        turn(page, 1280, 800)
        draw(page, 2, inner(page))
        sign = confirm(page, stand)
        assert STROKES == len(sign.strokes)
        for stroke in sign.strokes:
            assert len(stroke) >= POINTS
            for one, other in pairwise(stroke):
                assert other.y > one.y, "no point was squeezed on an edge"
        assert 2 <= len({point.t_ms for stroke in sign.strokes for point in stroke})


def test_no_update_cuts_a_stroke(browser: Browser) -> None:
    """The link comes and goes in the middle of a stroke, and the agent too: it is one stroke."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("sign"))
        expect(page.locator(CANVAS)).to_be_visible()
        size = inner(page)
        box = pad(page)
        links = (LinkState.OFFLINE, LinkState.CONNECTING, LinkState.ONLINE)
        for step in range(POINTS):
            x, y = at(0, step / (POINTS - 1), size)
            page.mouse.move(box["x"] + x, box["y"] + y)
            if step == 0:
                page.mouse.down()
            if step % 5 == 4:
                link = links[step // 5 % len(links)]
                stand.show(states.teller("sign", link=link))
                expect(page.locator(".banner-steady")).to_contain_text(
                    "签字后立即提交" if link is LinkState.ONLINE else "签字会保存在本机"
                )
        page.mouse.up()
        for index in (1, 2):
            stand.drop()
            draw(page, index, size)
        assert box == pad(page), "the glass did not move under the hand"
        assert_as_drawn(confirm(page, stand), size)


def test_undo_and_clear_are_all_that_takes_strokes_away(browser: Browser) -> None:
    """Also after the page was put aside and drawn anew."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("sign"))
        size = inner(page)
        for index in range(STROKES):
            draw(page, index, size)
        stand.show(replace(stand.state, staff=None))
        expect(page.get_by_label("口令")).to_be_visible()
        stand.show(states.teller("sign"))
        for index in range(STROKES):
            assert shown(page, index, 0.5, size)
        page.get_by_role("button", name="撤回上一画").click()
        assert not shown(page, 2, 0.5, size)
        assert shown(page, 1, 0.5, size)
        page.get_by_role("button", name="清除").click()
        expect(page.get_by_role("button", name="确认签字")).to_be_disabled()
        write_name(page)
        sign = confirm(page, stand)
        assert [] == check_ink(
            Signature(sign.width, sign.height, sign.strokes), Context(states.NOW_MS)
        )


def test_signing_offline_says_what_became_of_it(browser: Browser) -> None:
    """In words, beside a pad on which nothing more can be drawn, with the strokes still on it."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("sign", link=LinkState.OFFLINE))
        size = inner(page)
        for index in range(STROKES):
            draw(page, index, size)
        page.get_by_role("button", name="确认签字").click()
        stand.heard(Sign)
        kept = states.teller("signed_offline", link=LinkState.OFFLINE)
        stand.show(kept)
        expect(page.get_by_text("签字已存本机，联网后自动提交")).to_be_visible()
        expect(page.get_by_text("待上传")).to_be_visible()
        expect(page.get_by_text("已全部上传")).to_have_count(0)
        for gone in ("确认签字", "撤回上一画", "清除", "客户不同意"):
            expect(page.get_by_role("button", name=gone)).to_have_count(0)
        assert shown(page, 1, 0.5, size)
        before = page.locator(CANVAS).screenshot()
        draw(page, 1, (size[0], size[1] / 2))
        assert before == page.locator(CANVAS).screenshot()
        stand.show(replace(kept, link=LinkState.ONLINE))
        expect(page.get_by_text("签字已提交，正在等待后台确认")).to_be_visible()


def test_a_partys_sheet_keeps_its_strokes(browser: Browser) -> None:
    """The same pad in a sheet; put away unsigned, it begins blank."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("kinds_blank"))
        page.get_by_role("button", name="签名", exact=True).click()
        write_name(page)
        stand.show(states.teller("kinds_blank", link=LinkState.OFFLINE))
        page.set_viewport_size({"width": 800, "height": 1280})
        page.get_by_role("dialog").get_by_role("button", name="关闭").click()
        page.get_by_role("button", name="签名", exact=True).click()
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_role("button", name="确认签字")).to_be_disabled()
        write_name(page)
        page.set_viewport_size({"width": 1280, "height": 800})
        sheet.get_by_role("button", name="确认签字").click()
        (sign,) = stand.heard(SignHere)
        assert STROKES == len(sign.strokes)
