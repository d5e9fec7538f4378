"""A teller at the page in a browser, with a customer at the table: sees, presses and types.

Everything is found by what is on the glass, in the page's language; no command is known here. What
the customer does is done as they would: a code is read off their phone, a finger signs.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.kit import write_name

PHONE_S_MAX: Final = 20.0
"""How long a code may take to the customer's phone, in seconds."""

LOOK_S: Final = 0.05
CODE: Final = re.compile(r"[0-9]{6}")

WORDS: Final = {
    "businesses": ("办理业务", "New case"),
    "read_id": ("读取身份证", "Read ID card"),
    "camera": ("高拍仪拍照", "Camera"),
    "taken": ("已拍", "Taken"),
    "form": ("填写", "Form"),
    "ask": ("查询", "Look up"),
    "read_card": ("读取银行卡", "Read bank card"),
    "pin": ("输入密码", "Ask for the PIN"),
    "pin_done": ("密码已加密采集", "PIN captured, encrypted"),
    "add_row": ("添加一行", "Add a row"),
    "save_row": ("保存本行", "Save row"),
    "send_code": ("发送验证码", "Send a code"),
    "code": ("6 位验证码", "6-digit code"),
    "check_code": ("验证", "Check"),
    "proven": ("已验证为客户本人使用", "Proven to be the customer's"),
    "record": ("开始录音", "Record"),
    "recorded": ("已录音", "Recorded"),
    "colleague": ("同事确认", "Confirm"),
    "staff_id": ("员工号", "Staff number"),
    "passcode": ("口令", "Passcode"),
    "confirm": ("确认", "Confirm"),
    "ready": ("资料齐全，可以送审", "Complete, ready to submit"),
    "submit": ("送审", "Submit"),
    "please_read": ("请客户核对以下内容", "Please read, and sign"),
    "write": ("签名", "Sign"),
    "sign": ("确认签字", "Confirm"),
    "done": ("办理完成", "All done"),
    "next": ("下一位客户", "Next customer"),
}
"""What is written where a person looks or presses: Chinese, English."""


class AtTable:
    """One person at one page.

    Args:
        page: somebody is signed in, and no case is open.
        lang: of the page, `zh` or `en`.
        phones: where a training office leaves what it sends to phones.
    """

    def __init__(self, page: Page, lang: str, phones: Path) -> None:
        self.page = page
        self._at = ("zh", "en").index(lang)
        self._phones = phones

    def word(self, name: str) -> str:
        """What the page says."""
        return WORDS[name][self._at]

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press the first button that says it."""
        where = within if within is not None else self.page.locator("body")
        where.get_by_role("button", name=self.word(name), exact=True).first.click()

    def sees(self, name: str, within: Locator | None = None) -> None:
        """Wait until the page says it."""
        where = within if within is not None else self.page.locator("body")
        expect(where.get_by_text(self.word(name)).first).to_be_visible()

    def part(self, title: str) -> Locator:
        """The part of the form with this title."""
        return self.page.get_by_role("region", name=title, exact=True)

    # One deed for each kind of field.

    def begin(self, business: str) -> None:
        """Start a business and read the customer's card."""
        offered = self.page.get_by_role("region", name=self.word("businesses"))
        offered.get_by_role("button", name=business, exact=True).click()
        self.press("read_id")

    def photograph(self, *names: str) -> None:
        """Pictures with the kit's camera; after the last one that is needed the form appears."""
        for name in names:
            tile = self.page.get_by_role("article", name=name, exact=True)
            self.press("camera", tile)
            if name != names[-1]:
                self.sees("taken", tile)
        expect(self.page.locator(".form")).to_be_visible()

    def type(self, title: str, text: str) -> None:
        """Type an answer and leave the field; it is ticked when it is kept."""
        box = self.page.get_by_label(title)
        box.fill(text)
        box.press("Enter")
        self._kept(self.page.locator(".typed", has=box).locator(".tick"))

    def tick(self, *titles: str) -> None:
        """Choose options, or confirm statements, one after the other."""
        for title in titles:
            option = self.page.locator(".option", has_text=title).first
            option.click()
            self._kept(option.locator("input:checked"))

    def answer(self, question: str, option: str) -> None:
        """Choose one option of a question, whether it is asked with cards or with a list."""
        select = self.page.locator("label.field", has_text=question).locator("select")
        group = self.page.get_by_role("group", name=re.compile(re.escape(question)))
        expect(select.or_(group)).to_be_visible()
        if select.count():
            select.select_option(label=option)
            return
        chosen = group.locator(".option").filter(has=self.page.get_by_text(option, exact=True))
        chosen.click()
        self._kept(chosen.locator("input:checked"))

    def choose_first(self, title: str) -> None:
        """Have the office list something, and choose the first."""
        self.ask_for(title)
        self.choose(title)

    def ask_for(self, title: str) -> None:
        """Have the office list something."""
        self.press("ask", self.part(title))
        expect(self.part(title).locator(".option").first).to_be_visible()

    def choose(self, title: str) -> None:
        """Choose the first of a list."""
        part = self.part(title)
        part.locator(".option").first.click()
        self._kept(part.locator("input:checked"))

    def add_row(self, table: str, cells: dict[str, str]) -> None:
        """Enter one row of a table in its sheet."""
        part = self.part(table)
        rows = part.locator("tbody tr").count()
        self.press("add_row", part)
        sheet = self.page.get_by_role("dialog")
        for column, text in cells.items():
            cell = sheet.get_by_label(column)
            if cell.evaluate("element => element.tagName") == "SELECT":
                cell.select_option(label=text)
            else:
                cell.fill(text)
        self.press("save_row", sheet)
        expect(part.locator("tbody tr")).to_have_count(rows + 1)

    def prove_phone(self, title: str, digits: str) -> None:
        """Type the number, have a code sent, and type what the customer reads off their phone."""
        self.page.get_by_label(title).fill(digits)
        self.page.keyboard.press("Enter")
        self.press("send_code")
        box = self.page.get_by_label(self.word("code"))
        box.fill(self._on_the_phone(digits))
        self.press("check_code")
        self.sees("proven")

    def read_card(self, title: str) -> None:
        """The customer's bank card by its chip."""
        part = self.part(title)
        self.press("read_card", part)
        expect(part.locator(".digits")).to_be_visible()

    def enter_pin(self) -> None:
        """The customer types their PIN on the pad."""
        self.press("pin")

    def record(self, title: str) -> None:
        """Record what is said."""
        self.press("record", self.part(title))
        self.sees("recorded", self.part(title))

    def call_colleague(self, title: str, staff_id: str, passcode: str) -> None:
        """A second person proves to be here."""
        self.press("colleague", self.part(title))
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_label(self.word("staff_id")).fill(staff_id)
        sheet.get_by_label(self.word("passcode")).fill(passcode)
        self.press("confirm", sheet)
        expect(sheet).to_have_count(0)

    # What others than the customer do.

    def read_id(self, title: str) -> None:
        """The ID card of somebody who came along."""
        part = self.part(title)
        self.press("read_id", part)
        expect(part.get_by_role("button", name=self.word("read_id"), exact=True)).to_have_count(0)

    def sign_beside(self, title: str) -> None:
        """A signature of their own in its sheet."""
        self.press("write", self.part(title))
        write_name(self.page)
        sheet = self.page.get_by_role("dialog")
        self.press("sign", sheet)
        expect(sheet).to_have_count(0)

    # The way to the end.

    def reads(self, title: str, pattern: str) -> str:
        """What the glass says in a part of the form: the pattern's first group."""
        found = re.search(pattern, self.part(title).inner_text())
        assert found is not None, f"{title} does not say {pattern}"
        return found[1]

    def step(self, name: str) -> None:
        """To another step of the same case."""
        self.page.locator(".stepper").get_by_role("button", name=self.word(name)).click()

    def look_at_form(self) -> None:
        """Back from the last step to the form, to look at it once more."""
        self.sees("ready")
        self.step("form")
        expect(self.page.locator(".form")).to_be_visible()

    def submit(self) -> None:
        """To the last step again, and off it goes."""
        self.step("submit")
        self.page.locator(".submit").get_by_role("button", name=self.word("submit")).click()

    def write(self) -> None:
        """The customer reads the slip and writes their name below."""
        self.sees("please_read")
        write_name(self.page)

    def sees_the_end(self) -> None:
        """The outcome page."""
        expect(self.page.get_by_role("heading", name=self.word("done"))).to_be_visible()

    def next_customer(self) -> None:
        """Home again."""
        self.press("next")
        expect(self.page.locator(".home")).to_be_visible()

    def _kept(self, sign: Locator) -> None:
        """Until the answer is marked as kept; with the last one, or one that asks for more of
        somebody, the form goes away.
        """
        elsewhere = self.page.locator(".submit, .identify")
        expect(sign.or_(elsewhere).first).to_be_visible()

    def _on_the_phone(self, digits: str) -> str:
        """The newest code in the messages of a phone."""
        path, until = self._phones / f"{digits}.txt", time.monotonic() + PHONE_S_MAX
        while time.monotonic() < until:
            codes = CODE.findall(path.read_text(encoding="utf-8")) if path.exists() else []
            if codes:
                return str(codes[-1])
            self.page.wait_for_timeout(LOOK_S * 1000)
        raise AssertionError("no code came to the phone")


__all__ = ["WORDS", "AtTable"]
