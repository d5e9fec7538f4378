"""The whole job by hand: real processes, two browser windows, one card from the form to the hand.

`python -m tests.browser.test_whole_job FOLDER` does the same and leaves screenshots in FOLDER; the
pictures of the README are made so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from backoffice.slips.pdf import render_slip
from backoffice.slips.proof import faults_of
from tests.browser.kit import (
    NEEDS_CHROMIUM,
    TABLET,
    chromium,
    patience,
    put_in_tabs,
    watch_tabs,
    write_name,
)

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.processes]

STOP_S_MAX = 30.0
JOB_MS_MAX = 90_000
DESK_SIZE = (1440, 900)

Shoot = Callable[[Page, str], object]


@contextmanager
def demo(folder: Path) -> Iterator[dict[str, str]]:
    """The demo as a person starts it; its pages' addresses."""
    command = [sys.executable, "-m", "backpack", "demo", "--json", "--data", str(folder)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(STOP_S_MAX)


@contextmanager
def window(
    browser: Browser, address: str, size: tuple[int, int], complaints: list[str]
) -> Iterator[Page]:
    """A window of its own on one page."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        permissions=["camera"],
    )
    context.set_default_timeout(JOB_MS_MAX)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"pageerror: {error}"))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None,
    )
    page.goto(address)
    yield page
    context.close()


def sign_in(page: Page, staff_id: str, passcode: str) -> None:
    page.get_by_label("员工号").fill(staff_id)
    page.get_by_label("口令").fill(passcode)
    page.get_by_role("button", name="登录").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def capture(page: Page, shoot: Shoot) -> None:
    """The teller: ID card, photos, form, PIN, submission."""
    page.get_by_role("region", name="办理业务").get_by_role("button", name="借记卡发卡").click()
    press(page, "读取身份证")
    expect(page.get_by_text("一致", exact=False).first).to_be_visible()
    shoot(page, "teller-identity")
    for name in ("身份证人像面", "身份证国徽面", "客户与业务员合影"):
        tile = page.get_by_role("article", name=name, exact=True)
        tile.get_by_role("button", name="高拍仪拍照").click()
        if name == "身份证国徽面":
            expect(tile.get_by_text("已拍")).to_be_visible()
            shoot(page, "teller-photos")
    page.get_by_label("手机号码").fill("13888001234")
    page.get_by_label("联系地址").fill("昆明市官渡区小板桥街道1号")
    page.get_by_label("职业").select_option("farmer")
    page.get_by_text("仅为中国税收居民").click()
    page.get_by_text("Ⅰ类账户", exact=True).click()
    press(page, "读取银行卡")
    press(page, "输入密码")
    expect(page.get_by_text("资料齐全，可以送审")).to_be_visible()
    shoot(page, "teller-form")
    press(page, "送审")
    expect(page.get_by_role("heading", name="等待授权")).to_be_visible()


def approve(page: Page, shoot: Shoot) -> None:
    """The authorizer: claim, look, approve with the passcode."""
    expect(page.get_by_text("借记卡发卡").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="要素核对")).to_be_visible()
    for index in range(1, 4):
        page.keyboard.press(str(index))
    page.keyboard.press("1")
    expect(page.locator(".decide").get_by_role("button", name="通过")).to_be_enabled()
    shoot(page, "desk-review")
    page.keyboard.press("A")
    page.get_by_role("dialog").get_by_label("授权口令").fill("246801")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").get_by_text("已通过")).to_be_visible()


def hand_over(page: Page, shoot: Shoot) -> None:
    """The customer signs on the glass, the teller hands the card over."""
    expect(page.get_by_text("统一业务确认单")).to_be_visible()
    write_name(page)
    shoot(page, "teller-sign")
    press(page, "确认签字")
    press(page, "已交付客户")
    expect(page.get_by_role("heading", name="办理完成")).to_be_visible()
    shoot(page, "teller-done")


def see_the_slip(page: Page) -> None:
    """What was signed, as it is printed, proves itself."""
    watch_tabs(page)
    with page.expect_popup():
        press(page, "查看确认单（PDF）")
    ((kind, pdf),) = put_in_tabs(page)
    assert "application/pdf" == kind
    assert () == faults_of(pdf, render_slip)


def do_the_job(folder: Path, shoot: Shoot) -> None:
    """Everything, with whatever either page complains about as a failure."""
    complaints: list[str] = []
    with demo(folder) as pages, chromium() as browser:  # noqa: SIM117 - two machines, then two windows
        with (
            patience(JOB_MS_MAX),
            window(browser, pages["terminal"], TABLET, complaints) as teller,
            window(browser, pages["desk"], DESK_SIZE, complaints) as desk,
        ):
            sign_in(teller, "1001", "135790")
            sign_in(desk, "2001", "246801")
            capture(teller, shoot)
            approve(desk, shoot)
            hand_over(teller, shoot)
            see_the_slip(teller)
    assert complaints == []


def test_a_card_is_issued_by_hand_in_two_browser_windows(tmp_path: Path) -> None:
    """What the README promises a person can do after `./run demo`."""
    do_the_job(tmp_path, lambda _page, _name: None)


if __name__ == "__main__":
    pictures = Path(sys.argv[1])
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        do_the_job(Path(data), lambda page, name: page.screenshot(path=pictures / f"{name}.png"))
