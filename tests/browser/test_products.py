"""Seven businesses by hand, through real processes, to their end; and how each page of them looks.

`python -m tests.browser.test_products FOLDER` does the same and leaves the pictures in FOLDER.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page

from backoffice.premises import TRAINING_PEOPLE
from backoffice.questions.household import TERMS
from hw.virtual.citizens import citizen
from terminal.virtual_customer import WORKING_AGE
from tests.browser.at_table import AtTable
from tests.browser.kit import (
    NEEDS_CHROMIUM,
    TABLET,
    chromium,
    clipped_texts,
    faint_texts,
    overflow,
    patience,
)
from tests.browser.test_whole_job import JOB_MS_MAX, sign_in, window
from tests.kit.programs import Program, backpack
from wire.private_file import write_private

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.processes]

TELLER: Final = "1001"
COLLEAGUE: Final = "1002"
DESKS: Final = (("D-0001", "2001"), ("D-0002", "2002"))
"""Two, because some of it takes two authorizers."""

FIRST: Final = ("debit_card", "card_activation")
"""What the customer has before, done by a script: another story is about it."""

SPOUSE: Final = citizen(random.Random("the customer's wife"), dt.date(2020, 1, 1))
CHILD: Final = citizen(random.Random("their grown-up son"), dt.date(2020, 1, 1))

EXPERIENCE_YEARS: Final = WORKING_AGE.start - TERMS.skilled_years_min
"""As many as the youngest of the kit's customers can have: nobody knows who comes to the table."""

Look = Callable[[str], None]
"""Looks at what is on the glass, under a name."""


# The bank, as several processes.


@contextmanager
def bank(folder: Path) -> Iterator[str]:
    """An office with two desks that approve whatever agrees, and a terminal; a link to its page."""
    with ExitStack() as programs:

        def run(name: str, *words: str) -> Program:
            program = Program([*words, "--data", str(folder / name)], folder / f"{name}.stderr")
            programs.callback(program.end)
            program.start()
            return program

        office = run("office", "office", "--training", "--port", "0").ready

        def device(kind: str, name: str) -> list[str]:
            invitation = str(folder / "office" / "invitations" / f"{name}.txt")
            operator = str(office["operator_public"])
            return [kind, "--name", name, "--invitation", invitation, "--operator", operator]

        for desk, staff_id in DESKS:
            run(desk, *device("desk", desk), "--auto", *person(folder, staff_id))
        pad = ["--pad-key", str(folder / "office" / "pads" / "T-0001.json")]
        terminal = [*device("terminal", "T-0001"), *pad]
        script = [word for code in FIRST for word in ("--auto", code)]
        scripted = run("terminal", *terminal, *script, *person(folder, TELLER))
        for _ in FIRST:
            assert scripted.event("finished")["state"] == "CLOSED"
        assert scripted.finish() == 0
        run("terminal", *terminal)
        opened = backpack("open", "--data", str(folder / "terminal"))
        yield opened.stdout.strip()


def passcode_of(staff_id: str) -> str:
    return next(one.passcode for one in TRAINING_PEOPLE if one.staff_id == staff_id)


def person(folder: Path, staff_id: str) -> list[str]:
    path = folder / f"passcode-{staff_id}.txt"
    write_private(path, passcode_of(staff_id).encode())
    return ["--staff-id", staff_id, "--passcode-file", str(path)]


# Seven businesses.


def sign_up(at: AtTable, look: Look) -> None:
    """Two services, one with a limit of its own; a code proves the phone, a PIN the card."""
    at.begin("综合签约")
    at.photograph("身份证人像面", "身份证国徽面", "客户与业务员合影")
    at.read_card("签约卡")
    at.tick("短信通知", "手机银行")
    at.prove_phone("签约手机号码", "13888001234")
    at.type("手机银行日累计限额", "20000")
    at.tick("客户已阅读并同意所选项目的服务协议")
    at.enter_pin()
    to_the_end(at, look, "service_sign_up")


def pay_a_bill(at: AtTable, look: Look) -> None:
    """The amount is the biller's; the customer's PIN pays it."""
    at.begin("便民缴费")
    at.tick("电费")
    at.type("缴费户号", "5301000217")
    at.choose_first("待缴账单")
    at.read_card("付款卡")
    at.enter_pin()
    to_the_end(at, look, "bill_payment")


def open_a_file(at: AtTable, look: Look) -> None:
    """A household with tables, pictures of the place, and a second member of staff."""
    at.begin("农户建档")
    papers = ("身份证人像面", "身份证国徽面", "客户与业务员合影", "户口簿", "土地、林地权属证书")
    at.photograph(*papers, "住房现场", "田地或林地现场", "生产经营现场")
    at.type("所在村组", "匹河乡老姆登村三组")
    at.answer("客户本人是否为劳动力", "是")
    for one, relation in ((SPOUSE, "配偶"), (CHILD, "子女")):
        cells = {"姓名": one.name, "身份证号码": one.number, "与客户关系": relation, "劳动力": "是"}
        at.add_row("其他家庭成员", cells)
    at.add_row("种植情况", {"作物": "烤烟", "面积": "12.5"})
    at.add_row("种植情况", {"作物": "核桃等坚果", "面积": "30"})
    at.add_row("养殖情况", {"种类": "猪", "存栏": "8"})
    at.add_row("负债情况", {"债权人": "农业银行怒江分行", "欠款余额": "20000"})
    for title, yuan in (("房屋估值", "180000"), ("存款", "35000"), ("家庭年收入", "96000")):
        at.type(title, yuan)
    at.type("家庭年支出", "41000")
    at.answer("是否参加农业保险", "已投保")
    at.type("从业年限", str(EXPERIENCE_YEARS))
    at.call_colleague("协办人员确认", COLLEAGUE, passcode_of(COLLEAGUE))
    to_the_end(at, look, "farmer_file")


def buy_a_fund(at: AtTable, look: Look) -> None:
    """Chosen from what the rating allows; the sale is recorded."""
    at.begin("理财购买")
    at.photograph("客户与业务员合影")
    at.choose_first("理财产品")
    at.type("购买金额", "10000")
    at.tick("客户已阅读产品说明书和风险揭示书")
    at.record("销售过程录音")
    at.read_card("付款卡")
    at.enter_pin()
    to_the_end(at, look, "wealth_purchase")


def ask_for_a_loan(at: AtTable, look: Look) -> None:
    """Information: a receipt to read, and nothing to sign."""
    at.begin("贷款查询")
    at.photograph("客户与业务员合影")
    at.answer("查询用途", "客户本人要求查询")
    at.choose_first("贷款")
    to_the_end(at, look, "loan_query", signed=False)


COSIGNERS: Final = ("第二签约人", "第三签约人", "第四签约人")


def sign_a_contract(at: AtTable, look: Look) -> None:
    """As many parties as the contract says, each with card, picture and signature."""
    at.begin("合同面签")
    at.photograph("身份证人像面", "身份证国徽面", "客户与业务员合影")
    at.tick("已宣读借款金额", "已宣读还款方式", "已宣读借款用途", "已宣读逾期", "已授权查询")
    at.ask_for("待签合同")
    named = COSIGNERS[: int(at.reads("待签合同", r"签约人数：(\d)")) - 1]
    at.choose("待签合同")
    for party in named:
        at.read_id(f"{party}身份证")
    if named:
        at.photograph(*(f"{party}与业务员合影" for party in named))
    for party in named:
        at.sign_beside(f"{party}签名")
    to_the_end(at, look, "contract_signing")


ANSWERS: Final = {
    "Yearly income of your household": "50,000 to 200,000",
    "Your main source of income": "Farming",
    "Share of the yearly income that you can invest": "10 to 25 %",
    "Debts of your household": "Little",
    "The riskiest thing you ever invested in": "Wealth products, money funds",
    "Years of experience with investments": "Two to five",
    "What you know about financial products": "Funds and their risks",
    "How long you want to invest": "One to three years",
    "What you invest for": "Steady growth",
    "The loss of principal that you can bear": "Up to 10 %",
    "Which of these you would choose": "Up to 6 %, or lose 2 %",
    "What you do when 15 % are lost": "Hold",
}


def assess_risk(at: AtTable, look: Look) -> None:
    """The questionnaire, in English."""
    at.begin("Risk assessment")
    at.photograph("Customer with operator")
    for question, option in ANSWERS.items():
        at.answer(question, option)
    at.tick("The customer gave every answer")
    to_the_end(at, look, "risk_assessment")


def to_the_end(at: AtTable, look: Look, name: str, *, signed: bool = True) -> None:
    """The form looked at once more, submitted, signed, and done."""
    at.look_at_form()
    look(f"{name}-form")
    at.submit()
    if signed:
        at.write()
        look(f"{name}-slip")
        at.press("sign")
    at.sees_the_end()
    look(f"{name}-outcome")
    at.next_customer()


IN_CHINESE: Final = (
    sign_up,
    pay_a_bill,
    open_a_file,
    buy_a_fund,
    ask_for_a_loan,
    sign_a_contract,
)


# How it looks.


class Looker:
    """Sees whether a page can be read: nothing cut off, nothing faint; and takes its picture.

    Attributes:
        complaints: what is wrong, with the name of the picture.
    """

    def __init__(self, page: Page, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self.complaints: list[str] = []

    def look(self, name: str) -> None:
        """The page as it is now."""
        self._page.screenshot(path=self._folder / f"{name}.png")
        found = {
            "wider than the window by": overflow(self._page) or None,
            "cut off": clipped_texts(self._page) or None,
            "faint": faint_texts(self._page) or None,
        }
        self.complaints += [f"{name}: {what} {one}" for what, one in found.items() if one]


def work(folder: Path, pictures: Path) -> None:
    """Everything, with whatever the page complains about or cannot be read as a failure."""
    complaints: list[str] = []
    with bank(folder) as address, chromium() as browser:  # noqa: SIM117 - the bank, then its page
        with patience(JOB_MS_MAX), window(browser, address, TABLET, complaints) as page:
            sign_in(page, TELLER, passcode_of(TELLER))
            looker = Looker(page, pictures)
            phones = folder / "office" / "phones"
            page.locator(".home").wait_for()
            looker.look("home-zh")
            chinese = AtTable(page, "zh", phones)
            for business in IN_CHINESE:
                business(chinese, looker.look)
            page.get_by_role("button", name="English").click()
            looker.look("home-en")
            assess_risk(AtTable(page, "en", phones), looker.look)
    assert complaints + looker.complaints == []


def test_seven_businesses_are_worked_by_hand_and_can_be_read(tmp_path: Path) -> None:
    """Six in Chinese and one in English, each to its end."""
    work(tmp_path, tmp_path)


if __name__ == "__main__":
    album = Path(sys.argv[1])
    album.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        work(Path(data), album)
