"""A browser before a stand-in agent: opened once for each test module, silent or the test fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.kit.page_stand import Stand, open_stand

CHROMIUM = shutil.which("chromium")
ARGS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
)
NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: no browser was tried"),
]
TABLET = (1280, 800)
SMALL = (1024, 768)
UPRIGHT = (800, 1280)
"""A tablet that is held upright."""
WAIT_MS_MAX = 10_000
CONTRAST_MIN = 7.0
TOUCH_PX_MIN = 48

expect.set_options(timeout=WAIT_MS_MAX)

NAME_MS_MIN = 800
"""How long a person writes their name, at least; the rule asks for less."""


@contextmanager
def chromium(*args: str) -> Iterator[Browser]:
    """One browser, with these arguments too; contexts of it share nothing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *args])
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser,
    which: str,
    *,
    lang: str = "zh",
    scheme: str = "light",
    size: tuple[int, int] = TABLET,
    but_for: str | None = None,
) -> Iterator[tuple[Page, Stand]]:
    """The page of `teller` or `desk` just opened; whatever it complains about fails the test.

    Args:
        browser: a window of its own is opened in it.
        which: `teller` or `desk`.
        lang: `zh` or `en`.
        scheme: `light` or `dark`.
        size: of the window, in pixels.
        but_for: a complaint with these words is what the test provokes.
    """
    complaints: list[str] = []
    with open_stand(which) as stand:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            permissions=["camera"],
        )
        context.set_default_timeout(WAIT_MS_MAX)
        context.add_init_script(
            f"if (!localStorage['backpack-lang']) localStorage['backpack-lang'] = '{lang}'"
        )
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"pageerror: {error}"))
        page.on("console", lambda line: complaints.append(line.text) if _bad(line.type) else None)
        page.goto(stand.address())
        try:
            yield page, stand
        except Exception as failure:
            failure.add_note(f"the page complained of {complaints}")
            raise
        context.close()
    assert [one for one in complaints if but_for is None or but_for not in one] == []


@contextmanager
def patience(ms: int) -> Iterator[None]:
    """Whatever is expected within may take so long; everywhere else it is `WAIT_MS_MAX`."""
    expect.set_options(timeout=ms)
    try:
        yield
    finally:
        expect.set_options(timeout=WAIT_MS_MAX)


def write_name(page: Page) -> None:
    """Three strokes over most of the pad, the last one until a hand's time has passed."""
    box = page.locator(".signature canvas").bounding_box()
    assert box is not None
    began = page.evaluate("performance.now()")
    across = down = 0.0
    for start in (0.2, 0.4, 0.6):
        page.mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] * 0.2)
        page.mouse.down()
        for step in range(1, 25):
            across = box["width"] * (start + 0.008 * step)
            down = box["height"] * (0.2 + 0.025 * step)
            page.mouse.move(box["x"] + across, box["y"] + down)
        while start == 0.6 and page.evaluate("performance.now()") - began < NAME_MS_MIN:
            page.mouse.move(box["x"] + across, box["y"] + down - 40)
            page.mouse.move(box["x"] + across, box["y"] + down)
        page.mouse.up()


_WATCH_TABS = """() => {
  window.putInTabs = [];
  const make = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (file) => {
    putInTabs.push(file);
    return make(file);
  };
}"""


def watch_tabs(page: Page) -> None:
    """From now on, remember every file that the page puts into a tab of its own."""
    page.evaluate(_WATCH_TABS)


_PUT_IN_TABS = """() => Promise.all(putInTabs.map(async (file) =>
  [file.type, [...new Uint8Array(await file.arrayBuffer())]]))"""


def put_in_tabs(page: Page) -> list[tuple[str, bytes]]:
    """Type and content of these files, oldest first."""
    return [(kind, bytes(body)) for kind, body in page.evaluate(_PUT_IN_TABS)]


def _bad(kind: str) -> bool:
    return kind in ("error", "warning")


def sign_in(page: Page, staff_id: str = "T0317") -> None:
    """Fill the sign-in and press Enter, in Chinese."""
    page.get_by_label("员工号").fill(staff_id)
    page.get_by_label("口令").fill("a passcode")
    page.keyboard.press("Enter")


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    found: int = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    return max(found, 0)


_CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = (share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => {
    const part = (value) => linear(value / 255);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const colour = parse(style.backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    const below = ground(element);
    if (below === null) continue;
    const [one, two] = [luminance(parse(getComputedStyle(element).color)), luminance(below)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    found.push([ratio, walker.currentNode.textContent.trim().slice(0, 24)]);
  }
  return found;
}"""


def faint_texts(page: Page) -> list[tuple[float, str]]:
    """Every visible text whose contrast with its ground is below `CONTRAST_MIN`."""
    return [(ratio, text) for ratio, text in page.evaluate(_CONTRASTS) if ratio < CONTRAST_MIN]


_CLIPPED_TEXTS = """() => {
  const hides = (style) => ["hidden", "clip"].includes(style.overflowX);
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const text = element.textContent.trim().slice(0, 32);
    const within = element.scrollWidth <= element.clientWidth;
    if (hides(getComputedStyle(element)) && !within) found.push(text);
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (!hides(getComputedStyle(at))) continue;
      const [inner, outer] = [element.getBoundingClientRect(), at.getBoundingClientRect()];
      if (inner.right > outer.right + 0.5 || inner.left < outer.left - 0.5) found.push(text);
      break;
    }
  }
  return found;
}"""


def clipped_texts(page: Page) -> list[str]:
    """Every visible text of which something is cut off at a side."""
    found: list[str] = page.evaluate(_CLIPPED_TEXTS)
    return found


_COVERED = """() => [...document.querySelectorAll("button")]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    one.scrollIntoView({ block: "nearest" });
    const { left, top, width, height } = one.getBoundingClientRect();
    return !one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  })
  .map((one) => one.textContent.trim() || one.ariaLabel)"""


def covered_buttons(page: Page) -> list[str]:
    """Every visible button in whose middle a finger would hit something else."""
    found: list[str] = page.evaluate(_COVERED)
    return found


_SMALL_TARGETS = """(least) => [...document.querySelectorAll("button, select, input, .option")]
  .filter((one) => one.checkVisibility() && !one.matches(".option input"))
  .map((one) => [one.getBoundingClientRect(), one.textContent || one.name])
  .filter(([box]) => box.width > 0 && (box.height < least - 0.5 || box.width < least - 0.5))
  .map(([box, text]) => `${text.trim().slice(0, 24)} ${box.width}x${box.height}`)"""


def small_targets(page: Page) -> list[str]:
    """Everything that a finger must hit and that is smaller than `TOUCH_PX_MIN`."""
    found: list[str] = page.evaluate(_SMALL_TARGETS, TOUCH_PX_MIN)
    return found


__all__ = [
    "NEEDS_CHROMIUM",
    "SMALL",
    "TABLET",
    "UPRIGHT",
    "chromium",
    "clipped_texts",
    "covered_buttons",
    "faint_texts",
    "overflow",
    "patience",
    "put_in_tabs",
    "sign_in",
    "small_targets",
    "visit",
    "watch_tabs",
]
