"""The teller's page: a whole case by finger, and what happens when the day does not go to plan."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from terminal.page_commands import (
    AskList,
    CancelEntry,
    ChooseItem,
    EnterCode,
    EnterPin,
    GiveUp,
    HandOver,
    LeaveCase,
    NewCase,
    ProveColleague,
    ReadCard,
    ReadId,
    Record,
    RemoveRow,
    ReopenReturned,
    SetRow,
    SetValue,
    ShowCase,
    Sign,
    SignHere,
    SignInHere,
    SlipSeen,
    StopRecording,
    SubmitCase,
    TakePhoto,
    UsePhoto,
)
from terminal.page_model import Busy
from tests.browser.kit import (
    NEEDS_CHROMIUM,
    SMALL,
    TABLET,
    UPRIGHT,
    chromium,
    covered_buttons,
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

KINDS = states.case_of("kinds")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def tile(page: Page, name: str) -> None:
    page.get_by_role("article", name=name, exact=True).get_by_role(
        "button", name="高拍仪拍照"
    ).click()


def test_a_card_is_issued_from_sign_in_to_hand_over(browser: Browser) -> None:
    """Every stage is walked through by what is on the glass, and every command is the right one."""
    with visit(browser, "teller") as (page, stand):
        sign_in(page)
        expect(page.get_by_role("heading", name="李春燕，您好")).to_be_visible()
        page.get_by_role("region", name="办理业务").get_by_role("button", name="借记卡发卡").click()
        press(page, "读取身份证")
        for name in ("身份证人像面", "身份证国徽面", "客户与业务员合影"):
            tile(page, name)
            expect(
                page.get_by_role("article", name=name, exact=True).get_by_text("已拍")
            ).to_have_count(0 if name == "客户与业务员合影" else 1)
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
        expect(page.get_by_text("客户已签字，正在生效")).to_be_visible()
        stand.show(states.teller("handover"))
        expect(page.get_by_text("6217 00** **** 1234")).to_be_visible()
        press(page, "已交付客户")
        expect(page.get_by_role("heading", name="办理完成")).to_be_visible()

        stand.expect(SignInHere("T0317", "a passcode"))
        stand.expect(NewCase("debit_card"))
        stand.expect(ReadId(states.CASE, "id_card"))
        stand.expect(*[TakePhoto(states.CASE, name) for name in states.PHOTOS])
        stand.expect(
            SetValue(states.CASE, "phone", "13887401234"),
            SetValue(states.CASE, "address", "陆良县马街镇大沙田村三组28号"),
            SetValue(states.CASE, "job", "farmer"),
            SetValue(states.CASE, "tax_residency", "china"),
            SetValue(states.CASE, "account_class", "I"),
        )
        stand.expect(ReadCard(states.CASE, "card"))
        stand.expect(*([EnterPin(states.CASE, "new_pin")] * 2))
        stand.expect(SubmitCase(states.CASE))
        stand.expect(SlipSeen(states.CASE))
        stand.expect(HandOver(states.CASE))
        (sign,) = stand.heard(Sign)
        ink = Signature(sign.width, sign.height, sign.strokes)
        assert check_ink(ink, Context(states.NOW_MS)) == []
        assert len(sign.strokes) == 3


def test_the_tablets_own_camera_takes_a_picture(browser: Browser) -> None:
    """A frame of the camera is looked at, uploaded as JPEG, and used by its digest."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("photos"))
        page.get_by_role("article", name="身份证国徽面", exact=True).get_by_role(
            "button", name="平板相机"
        ).click()
        press(page, "拍摄")
        expect(page.get_by_text("KB")).to_be_visible()
        press(page, "使用这张")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(
            page.get_by_role("article", name="身份证国徽面", exact=True).get_by_text("已拍")
        ).to_be_visible()

        (used,) = stand.heard(UsePhoto)
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


def test_a_returned_case_is_corrected(browser: Browser) -> None:
    """The reason is readable, and one press makes the case editable again."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("returned"))
        expect(page.get_by_text("身份证人像面反光")).to_be_visible()
        press(page, "去补正")
        expect(page.get_by_role("article", name="身份证人像面", exact=True)).to_be_visible()

        stand.expect(ReopenReturned(states.CASE))


def test_a_quick_hand_does_not_ask_the_kit_twice(browser: Browser) -> None:
    """The kit is at work from the press on, before the agent's word that it is arrives."""
    with visit(browser, "teller") as (page, stand):
        sign_in(page)
        stand.show(states.teller("photos"))
        stand.leave("take_photo")
        buttons = page.get_by_role("button", name="高拍仪拍照")
        expect(buttons.first).to_be_enabled()
        buttons.first.click()
        for number in range(buttons.count()):
            expect(buttons.nth(number)).to_be_disabled()
        assert 1 == len(stand.asked(TakePhoto))
        stand.show(replace(states.teller("photos"), busy=None))
        expect(buttons.first).to_be_disabled()


def test_a_form_of_every_kind_is_filled_by_what_is_on_the_glass(browser: Browser) -> None:
    """Each widget asks the agent for the right thing; passcode and code are gone afterwards."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("kinds_blank"))
        page.get_by_label("申请期限").fill("12")
        page.get_by_label("联系人身份证号码").fill("11010519491231002x")
        page.keyboard.press("Enter")
        page.get_by_text("短信通知").click()
        page.get_by_text("客户已阅读风险揭示书").click()
        press(page, "查询")
        press(page, "开始录音")
        press(page, "同事确认")
        sheet = page.get_by_role("dialog")
        sheet.get_by_label("员工号").fill("1002")
        sheet.get_by_label("口令").fill("135791")
        refusal = Refusal(Code.FORBIDDEN, "员工号或口令不正确。", "colleague")
        stand.refuse_next("prove_colleague", refusal)
        sheet.get_by_role("button", name="确认").click()
        expect(sheet.get_by_text("员工号或口令不正确。")).to_be_visible()
        expect(sheet.get_by_label("口令")).to_have_value("")
        sheet.get_by_label("口令").fill("135790")
        sheet.get_by_role("button", name="确认").click()
        expect(sheet).to_have_count(0)
        press(page, "签名")
        write_name(page)
        page.get_by_role("dialog").get_by_role("button", name="确认签字").click()
        expect(page.get_by_role("dialog")).to_have_count(0)

        stand.expect(
            SetValue(KINDS, "term", "12"),
            SetValue(KINDS, "contact", "11010519491231002x"),
            SetValue(KINDS, "services", "sms_notice"),
            SetValue(KINDS, "disclosure", "yes"),
        )
        stand.expect(AskList(KINDS, "bill"))
        stand.expect(Record(KINDS, "recording"))
        stand.expect(
            ProveColleague(KINDS, "colleague", "1002", "135791"),
            ProveColleague(KINDS, "colleague", "1002", "135790"),
        )
        (sign,) = stand.heard(SignHere)
        assert "guarantor_ink" == sign.field
        ink = Signature(sign.width, sign.height, sign.strokes)
        assert [] == check_ink(ink, Context(states.NOW_MS))


def test_lists_rows_and_codes(browser: Browser) -> None:
    """What the office lists is chosen, rows are added, changed and removed, a code is read back."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("kinds"))
        page.get_by_text("2026年10月电费").click()
        expect(page.get_by_role("button", name="后可重发")).to_be_disabled()
        page.get_by_label("6 位验证码").fill("271828")
        press(page, "验证")
        expect(page.get_by_label("6 位验证码")).to_have_value("")
        members = page.get_by_role("region", name="其他家庭成员")
        expect(members.get_by_text("身份证号码应为18位")).to_have_count(1)
        members.get_by_role("button", name="修改第 2 行").click()
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_label("姓名")).to_have_value("阿依·古丽")
        wrong = Refusal(Code.FORMAT, "金额应为数字，最多两位小数", "members.2.income")
        stand.refuse_next("set_row", wrong)
        sheet.get_by_label("年收入（元）").fill("很多")
        sheet.get_by_role("button", name="保存本行").click()
        expect(sheet.get_by_text("金额应为数字，最多两位小数")).to_be_visible()
        sheet.get_by_label("年收入（元）").fill("18000")
        sheet.get_by_label("与客户关系").select_option("parent")
        sheet.get_by_role("button", name="保存本行").click()
        expect(sheet).to_have_count(0)
        members.get_by_role("button", name="添加一行").click()
        page.get_by_role("dialog").get_by_label("姓名").fill("李四")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        members.get_by_role("button", name="删除第 1 行").click()
        stand.show(
            replace(stand.state, busy=Busy(KINDS, "record", "recording", since_ms=states.NOW_MS))
        )
        press(page, "结束并保存")
        expect(page.get_by_text("正在录音")).to_be_visible()

        stand.expect(ChooseItem(KINDS, "bill", "p-2026-10"))
        stand.expect(EnterCode(KINDS, "phone", "271828"))
        *changed, added = stand.heard(SetRow, 3)
        assert [
            SetRow(KINDS, "members", "row-2", {"income": "很多"}),
            SetRow(KINDS, "members", "row-2", {"income": "18000", "relation": "parent"}),
        ] == changed
        assert SetRow(KINDS, "members", added.row, {"name": "李四"}, new=True) == added
        assert added.row not in ("row-1", "row-2")
        stand.expect(RemoveRow(KINDS, "members", "row-1"))
        stand.expect(StopRecording(KINDS))


def test_what_needs_no_signature_ends_with_a_receipt(browser: Browser) -> None:
    """Its lines are read from the glass; a business with several items says how each one ended."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("receipt"))
        receipt = page.get_by_role("region", name="回执")
        expect(receipt.get_by_text("已回答")).to_be_visible()
        expect(receipt.get_by_text("无需客户签字")).to_be_visible()
        stand.show(states.teller("items"))
        results = page.get_by_role("list", name="各项结果")
        expect(results.get_by_text("收费单位未受理，可稍后单独签约。")).to_be_visible()
        expect(results.get_by_role("img", name="未成功")).to_have_count(1)
        expect(page.get_by_role("region", name="回执")).to_have_count(0)


def test_every_sheet_fits_and_can_be_read(browser: Browser) -> None:
    """The sheets of colleague, row and signature, in both languages and both themes."""
    for lang, scheme in (("zh", "light"), ("en", "dark")):
        with visit(browser, "teller", lang=lang, scheme=scheme) as (page, stand):
            stand.show(states.teller("kinds"))
            for button in (".rows header .button", ".from-kit:has(use[href$=user-plus]) .button",
                           ".from-kit:has(use[href$=pen-line]) .button"):  # fmt: skip
                page.locator(button).first.click()
                expect(page.get_by_role("dialog")).to_be_visible()
                assert overflow(page) == 0, button
                assert small_targets(page) == [], button
                assert faint_texts(page) == [], button
                page.keyboard.press("Escape")
                expect(page.get_by_role("dialog")).to_have_count(0)


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

        stand.expect(GiveUp(states.CASE, "资料不齐"))


def test_a_peripheral_can_be_stopped(browser: Browser) -> None:
    """Whoever asked for a PIN by mistake takes it back."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("form"))
        press(page, "输入密码")
        press(page, "停止")
        expect(page.get_by_role("button", name="输入密码")).to_be_enabled()

        stand.expect(CancelEntry(states.CASE))


def test_a_business_without_its_peripheral_says_why(browser: Browser) -> None:
    """It is shown, disabled, with the part that is missing; the kit says what broke."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller())
        expect(page.get_by_role("button", name="便民缴费")).to_be_disabled()
        expect(page.get_by_text("缺少凭条打印机，暂不能办理")).to_be_visible()
        page.get_by_role("button", name="凭条打印机：故障").click()
        expect(page.get_by_text("缺纸，请装入新的纸卷。")).to_be_visible()


def test_an_offer_is_noted_and_begun_when_the_case_is_done(browser: Browser) -> None:
    """With its reason; while the case is worked on, a press only makes a note of it."""
    with visit(browser, "teller") as (page, stand):
        stand.show(states.teller("suggested"))
        offers = page.get_by_role("region", name="可向客户推荐")
        expect(offers.get_by_text("金卡客户")).to_be_visible()
        expect(offers.get_by_text("农户客户，建档后可申请信用贷款")).to_be_visible()
        expect(offers.get_by_role("button", name="便民缴费")).to_be_disabled()
        offers.get_by_role("button", name="农户建档").click()
        expect(offers.get_by_role("button", name="农户建档")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert stand.asked(NewCase) == []
        stand.show(states.teller("what_next"))
        noted = offers.locator("[aria-pressed]")
        expect(noted).to_have_count(1)
        noted.click()
        expect(page.get_by_role("button", name="读取身份证")).to_be_visible()

        stand.expect(NewCase("farmer_file"))


def test_without_offers_nothing_is_suggested(browser: Browser) -> None:
    """No heading either, for whoever wants none and while nobody has said."""
    with visit(browser, "teller") as (page, stand):
        for moment in ("identified", "done"):
            stand.show(states.teller(moment))
            settled(page, moment)
            expect(page.get_by_role("region", name="可向客户推荐")).to_have_count(0)


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

        stand.expect(ShowCase(states.ROWS[1].case_id), LeaveCase(states.ROWS[1].case_id))


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


@pytest.mark.parametrize("size", [TABLET, SMALL, UPRIGHT], ids=str)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stage_fits_the_tablet(browser: Browser, lang: str, size: tuple[int, int]) -> None:
    """Nothing runs out of the window, every msgid has a text, and a finger hits every target."""
    with visit(browser, "teller", lang=lang, size=size) as (page, stand):
        for moment in states.STAGES:
            stand.show(states.teller(moment))
            settled(page, moment)
            assert overflow(page) == 0, moment
            assert small_targets(page) == [], moment
            assert covered_buttons(page) == [], moment
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
