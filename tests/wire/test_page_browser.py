"""The shared page modules in a real browser: state shown, command answered, refusal toasted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import trio
from playwright.sync_api import Page, expect, sync_playwright

from tests.kit.page_visitor import Bookkeeper, open_door
from tests.kit.running import run_real

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: no browser was tried"),
]

MAIN_JS = """
import { html, mount, Button, Badge, Toasts, LinkBadge, LangButton, ThemeButton, Stepper, Field,
         Dialog } from "backpack/ui";
import { connect, command, state, upload } from "backpack/connection";
import { Picture } from "backpack/picture";
import { defineTexts, t, money } from "backpack/i18n";
import { signal } from "@preact/signals";
import SignaturePad from "signature_pad";

defineTexts({ add: ["记一笔", "Add"], forbid: ["不许", "Forbid"], photo: ["拍照", "Photo"],
              total: ["合计 {sum}", "Total {sum}"] });
const digest = signal("");
const asking = signal(false);
const photo = async () => {
  const canvas = document.createElement("canvas");
  digest.value = await upload(await new Promise((done) => canvas.toBlob(done, "image/jpeg")));
};
function App() {
  if (state.value === null) return html`<p>…</p>`;
  return html`<div class="stack card">
    <div class="row"><${LinkBadge} /><${LangButton} /><${ThemeButton} /></div>
    <h1>${t("total", { sum: money(state.value.total_fen) })}</h1>
    <${Stepper} steps=${["读证", "拍照", "签字"]} current=${1} />
    <div class="row">
      ${["good", "wait", "bad", "info", "idle"].map((one) => html`<${Badge} state=${one} />`)}
    </div>
    <${Field} label="手机号" hint="11 位" required><input name="phone" /><//>
    <${Field} label="金额" error="不能为空"><input name="amount" /><//>
    <div class="row">
      <${Button} kind="primary" icon="banknote"
        onClick=${() => command("add", { amount_fen: 123456 })}>${t("add")}<//>
      <${Button} kind="danger" onClick=${() => command("forbid")}>${t("forbid")}<//>
      <${Button} icon="camera" onClick=${photo}>${t("photo")}<//>
      <${Button} onClick=${() => { asking.value = true; }}>问<//>
    </div>
    ${digest.value && html`<${Picture} digest=${digest.value} alt="照片" />`}
    <${Dialog} open=${asking.value} title="确认" onClose=${() => { asking.value = false; }}>好吗<//>
    <${Toasts} />
  </div>`;
}
new SignaturePad(document.createElement("canvas"));
mount(html`<${App} />`);
connect();
"""


def use(page: Page, address: str, shot: Path) -> None:
    """What a person does with the page, in zh-CN and then in English."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.goto(address)
    expect(page.get_by_text("已连接")).to_be_visible()
    page.get_by_role("button", name="记一笔").click()
    expect(page.get_by_role("heading", name="合计 ¥1,234.56")).to_be_visible()
    box = page.get_by_role("button", name="记一笔").bounding_box()
    assert box is not None
    assert box["height"] >= 48
    page.get_by_role("button", name="不许").click()
    expect(page.locator(".toast.bad").get_by_text("不允许")).to_be_visible()
    page.screenshot(path=shot / "light.png")
    page.get_by_role("button", name="拍照").click()
    expect(page.get_by_alt_text("照片")).to_have_attribute("src", re.compile("^blob:"))
    page.wait_for_function("document.querySelector('img[alt=照片]').naturalWidth > 0")
    page.get_by_role("button", name="问", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Total CN¥1,234.56")).to_be_visible()
    page.get_by_role("button", name="Light or dark").click()
    page.screenshot(path=shot / "dark.png")
    assert problems == []


def test_the_shared_modules_make_a_working_page(tmp_path: Path) -> None:
    """Buttons, badges, fields, toasts, dialog, language, theme and upload, without one error."""
    files = tmp_path / "app"
    files.mkdir()
    (files / "main.js").write_text(MAIN_JS, encoding="utf-8")
    (files / "style.css").write_text("#page { padding: 24px; }", encoding="utf-8")

    def browse(address: str) -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            context = browser.new_context(locale="zh-CN", color_scheme="light")
            use(context.new_page(), address, tmp_path)
            browser.close()

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            await trio.to_thread.run_sync(browse, visitor.door.link())

    run_real(story)
