"""The teller's page: a whole case by finger, and what happens when the day does not go to plan."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from terminal.page_model import (
    CancelEntry,
    EnterPin,
    GiveUp,
    HandOver,
    LinkState,
    NewCase,
    ReadCard,
    ReadId,
    ReopenReturned,
    SetValue,
    ShowCase,
    Sign,
    SignInHere,
    SlipSeen,
    SubmitCase,
    TakePhoto,
    UsePhoto,
)
from tests.browser.kit import (
    NEEDS_CHROMIUM,
    SMALL,
    TABLET,
    chromium,
    faint_texts,
    overflow,
    sign_in,
    small_targets,
    visit,
    write_name,
)
from tests.kit import page_states as states
from wire.checks import Context, check_ink
from wire.ink import Signature
from wire.message import Code, Refusal

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def tile(page: Page, name: str) -> None:
    page.get_by_role("article", name=name).get_by_role("button", name="高拍仪拍照").click()


def test_a_card_is_issued_from_sign_in_to_hand_over(browser: Browser) -> None:
    """Every stage is walked through by what is on the glass, and every command is the right one."""
    with visit(browser, "teller") as (page, stand):
        sign_in(page)
        expect(page.get_by_role("heading", name="李春燕，您好")).to_be_visible()
        page.get_by_role("region", name="办理业务").get_by_role("button", name="借记卡发卡").click()
        press(page, "读取身份证")
        for name in ("身份证人像面", "身份证国徽面", "客户与业务员合影"):
            tile(page, name)
            expect(page.get_by_role("article", name=name).get_by_text("已拍")).to_have_count(
                0 if name == "客户与业务员合影" else 1
            )
        page.get_by_label("手机号码").fill("13887401234")
        page.get_by_label("联系地址").fill("陆良县马街镇大沙田村三组28号")
        page.keyboard.press("Enter")
        page.get_by_label("职业").select_option("farmer")
        page.get_by_text("仅为中国税收居民").click()
        page.get_by_text("Ⅰ类账户", exact=True).click()
        press(page, "读取银行卡")
        press(page, "输入密码")
        expect(page.get_by_role("img", name="已输入 4 位")).to_be_visible()
        stand.show(replace(stand.state, busy=None))
        press(page, "输入密码")
        stand.show(states.teller("submit"))
        expect(page.get_by_text("资料齐全，可以送审")).to_be_visible()
        press(page, "送审")
        expect(page.get_by_role("heading", name="等待授权")).to_be_visible()
        stand.show(states.teller("sign"))
        expect(page.get_by_text("统一业务确认单")).to_be_visible()
        expect(page.get_by_text("今日业务")).to_have_count(0)
        write_name(page)
        press(page, "确认签字")
        expect(page.get_by_text("客户已签字，正在入账")).to_be_visible()
        stand.show(states.teller("handover"))
        expect(page.get_by_text("6217 00** **** 1234")).to_be_visible()
        press(page, "已交付客户")
        expect(page.get_by_role("heading", name="办理完成")).to_be_visible()

        assert stand.asked(SignInHere) == [SignInHere("T0317", "a passcode")]
        assert stand.asked(NewCase) == [NewCase("debit_card")]
        assert stand.asked(ReadId) == [ReadId("id_card")]
        assert stand.asked(TakePhoto) == [TakePhoto(name) for name in states.PHOTOS]
        assert stand.asked(SetValue) == [
            SetValue("phone", "13887401234"),
            SetValue("address", "陆良县马街镇大沙田村三组28号"),
            SetValue("job", "farmer"),
            SetValue("tax_residency", "china"),
            SetValue("account_class", "I"),
        ]
        assert stand.asked(ReadCard) == [ReadCard("card")]
        assert stand.asked(EnterPin) == [EnterPin("new_pin")] * 2
        assert stand.asked(SubmitCase) == [SubmitCase()]
        assert stand.asked(SlipSeen) == [SlipSeen()]
        assert stand.asked(HandOver) == [HandOver()]
        (sign,) = stand.asked(Sign)
        ink = Signature(sign.width, sign.height, sign.strokes)
        assert check_ink(ink, Context(states.NOW_MS)) == []
        assert len(sign.strokes) == 3


def test_the_tablets_own_camera_takes_a_picture(browser: Browser) -> None:
    """A frame of the camera is looked at, uploaded as JPEG, and used by its digest."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("photos"))
        page.get_by_role("article", name="身份证国徽面").get_by_role(
            "button", name="平板相机"
        ).click()
        press(page, "拍摄")
        expect(page.get_by_text("KB")).to_be_visible()
        press(page, "使用这张")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("article", name="身份证国徽面").get_by_text("已拍")).to_be_visible()

        (used,) = stand.asked(UsePhoto)
        assert used.field == "id_back"
        assert stand.uploads[0].startswith(b"\xff\xd8\xff")


def test_a_refusal_stands_beside_its_field(browser: Browser) -> None:
    """What the agent does not accept is said where it was typed, and goes when it is right."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("lacking"))
        sentence = "手机号码应为11位，以13至19开头。"
        stand.refuse_next("set_value", Refusal(Code.FORMAT, sentence, "phone"))
        page.get_by_label("手机号码").fill("1388")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").get_by_text(sentence)).to_be_visible()
        page.get_by_label("手机号码").fill("13887401234")
        page.keyboard.press("Enter")
        expect(page.get_by_text(sentence)).to_have_count(0)


def test_a_refusal_of_the_whole_is_a_toast(browser: Browser) -> None:
    """Nothing is half done and nothing is silent."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("submit"))
        stand.refuse_next("submit", Refusal(Code.BUSY, "终端存储繁忙，请稍候再试", retryable=True))
        press(page, "送审")
        expect(page.locator(".toast").get_by_text("终端存储繁忙，请稍候再试")).to_be_visible()


def test_what_is_missing_leads_to_where_it_is_filled(browser: Browser) -> None:
    """The last step lists every gap, and a tap goes there."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("lacking"))
        press(page, "下一步：送审")
        expect(page.get_by_text("还差 6 项，补齐后才能送审")).to_be_visible()
        expect(page.get_by_role("button", name="送审", exact=True)).to_be_disabled()
        page.get_by_role("button", name="联系地址").click()
        expect(page.get_by_label("联系地址")).to_be_visible()


def test_offline_the_work_goes_on(browser: Browser) -> None:
    """The banner says so, the count of what waits is shown, and capturing still works."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("photos", link=LinkState.OFFLINE))
        expect(page.get_by_text("当前离线，已持续")).to_be_visible()
        expect(page.get_by_text("待上传 3")).to_be_visible()
        tile(page, "身份证国徽面")
        expect(page.get_by_role("article", name="身份证国徽面").get_by_text("已拍")).to_be_visible()


def test_a_lost_agent_is_said_and_found_again(browser: Browser) -> None:
    """While the page has no agent nothing can be pressed; afterwards it is as before."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("form"))
        expect(page.get_by_label("手机号码")).to_be_visible()
        page.evaluate(
            "window.sawLoss = false; new MutationObserver(() => {"
            " if (document.querySelector('.banner.bad')) window.sawLoss = true;"
            "}).observe(document.body, { childList: true, subtree: true })"
        )
        stand.drop()
        page.wait_for_function("window.sawLoss")
        expect(page.locator(".banner.bad")).to_have_count(0)
        expect(page.get_by_label("手机号码")).to_be_enabled()


def test_a_returned_case_is_corrected(browser: Browser) -> None:
    """The reason is readable, and one press makes the case editable again."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("returned"))
        expect(page.get_by_text("身份证人像面反光")).to_be_visible()
        press(page, "去补正")
        expect(page.get_by_role("article", name="身份证人像面")).to_be_visible()

        assert stand.asked(ReopenReturned) == [ReopenReturned()]


def test_giving_up_takes_a_reason_and_a_second_press(browser: Browser) -> None:
    """A slip of the finger gives nothing up."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("photos"))
        press(page, "放弃办理")
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_role("button", name="放弃办理")).to_be_disabled()
        sheet.get_by_text("资料不齐").click()
        sheet.get_by_role("button", name="放弃办理").click()
        expect(sheet).to_have_count(0)

        assert stand.asked(GiveUp) == [GiveUp("资料不齐")]


def test_a_peripheral_can_be_stopped(browser: Browser) -> None:
    """Whoever asked for a PIN by mistake takes it back."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("form"))
        press(page, "输入密码")
        press(page, "停止")
        expect(page.get_by_role("button", name="输入密码")).to_be_enabled()

        assert stand.asked(CancelEntry) == [CancelEntry()]


def test_a_business_without_its_peripheral_says_why(browser: Browser) -> None:
    """It is shown, disabled, with the part that is missing; the kit says what broke."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller())
        expect(page.get_by_role("button", name="便民缴费")).to_be_disabled()
        expect(page.get_by_text("缺少凭条打印机，暂不能办理")).to_be_visible()
        page.get_by_role("button", name="凭条打印机：故障").click()
        expect(page.get_by_text("缺纸，请装入新的纸卷。")).to_be_visible()


def test_cases_are_found_and_opened(browser: Browser) -> None:
    """By the tail of a number, by a state's word; the next customer is one press away."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("waiting"))
        page.get_by_role("searchbox").fill("2210")
        expect(page.locator(".cases .case-line")).to_have_count(1)
        page.locator(".cases .case-line").click()
        expect(page.get_by_text("统一业务确认单")).to_be_visible()
        press(page, "返回列表")
        expect(page.get_by_text("需要您处理")).to_be_visible()

        assert stand.asked(ShowCase) == [ShowCase(states.ROWS[1].case_id), ShowCase("")]


def test_english_and_dark_on_a_toggle(browser: Browser) -> None:
    """The language of the document follows; the paper for the signature stays white."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("sign"))
        press(page, "English")
        expect(page.get_by_text("Please read, and sign if everything is right")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "en-GB"
        press(page, "Light or dark")
        canvas = page.locator(".signature canvas")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(canvas).to_have_css("background-color", "rgb(255, 255, 255)")


@pytest.mark.parametrize("size", [TABLET, SMALL], ids=["1280x800", "1024x768"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stage_fits_the_tablet(browser: Browser, lang: str, size: tuple[int, int]) -> None:
    """Nothing runs out of the window, every msgid has a text, and a finger hits every target."""
    with visit(browser, "teller", lang=lang, size=size) as (page, stand):
        for moment in states.STAGES:
            stand.show(states.teller(moment))
            settled(page, moment)
            assert overflow(page) == 0, moment
            assert small_targets(page) == [], moment
            assert not page.get_by_text("[").all_inner_texts(), moment


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_stage_can_be_read_in_the_sun(browser: Browser, scheme: str) -> None:
    """Every text on the glass reaches 7:1 on the ground it stands on."""
    with visit(browser, "teller", scheme=scheme) as (page, stand):
        for moment in states.STAGES:
            stand.show(states.teller(moment))
            settled(page, moment)
            assert faint_texts(page) == [], moment


def settled(page: Page, moment: str) -> None:
    """Wait until the page shows this moment."""
    found = states.STAGES[moment]
    if found is None:
        page.wait_for_selector(".home")
        return
    views = {
        "identify": ".invitation, .identify", "photos": ".photos", "form": ".form",
        "submit": ".submit", "waiting": ".wait-card", "sign": ".slip", "handover": ".bank-card",
        "done": ".done",
    }  # fmt: skip
    page.wait_for_selector(views[found.stage])
