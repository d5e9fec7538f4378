"""States as the agents would push them, one for each moment of the work: what page tests look at.

The form is the real debit card's, so that a field that a page cannot draw is found here; and one of
every kind there is (`tests.kit.every_kind`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from backoffice.catalogue import products
from backoffice.desk.page_model import DeskState, DoneRow, FileView, ImageView
from backoffice.products.debit_card import FORM
from terminal.draft import slip_hash
from terminal.page_model import (
    CaseRow,
    FieldView,
    IdentityView,
    LinkState,
    OpenCase,
    PeripheralView,
    ProductView,
    Stage,
    TerminalState,
)
from tests.kit.page_figures import figures_view
from tests.kit.page_kinds import every_kind
from tests.kit.page_owed import overdue_row, owing
from tests.kit.page_pictures import digest_of
from wire.case_state import State
from wire.form import FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import LegResult, Slip, SlipLine, Step
from wire.messages.desk import Compared, QueueItem, Reason, Verdict
from wire.messages.figures import Figures
from wire.messages.offers import Recommendation
from wire.messages.session import StaffCard

NOW_MS: Final = 1_795_399_500_000
MINUTE_MS: Final = 60_000
CASE: Final = "0193a5c0-7a10-7c3e-9b1f-5e0d3a7c2f41"

TELLER: Final = StaffCard("T0317", "P0317", "李春燕", "马街分社", "陆良联社")
AUTHORIZER: Final = StaffCard("A0102", "P0102", "周敏", "授权中心", "省授权中心")
MANAGER: Final = StaffCard("2003", "P-2003", "刘洋", "53011100", "530111", manager=True)

KIT: Final = (
    PeripheralView("id_reader", "ready", battery=86),
    PeripheralView("card_reader", "ready", battery=86),
    PeripheralView("pin_pad", "ready", battery=64),
    PeripheralView("camera", "ready"),
    PeripheralView("signature", "ready"),
    PeripheralView("printer", "fault", "缺纸，请装入新的纸卷。", battery=41),
    PeripheralView("microphone", "ready"),
)


def _missing(product: str) -> tuple[str, ...]:
    """What this kit lacks for a product: paying bills prints, and the printer is broken."""
    return ("printer",) if product == "bill_payment" else ()


PRODUCTS: Final = (
    *(
        ProductView(card.code, card.title_zh, card.title_en, card.category, _missing(card.code))
        for card in (product.card for product in products().values())
    ),
)
IDENTITY: Final = IdentityView(
    name="王桂兰",
    number_masked="530***********0027",
    sex="女",
    nation="彝",
    birth="1968-04-12",
    address="云南省曲靖市陆良县马街镇大沙田村委会三组28号",
    valid="2014.06.01-长期",
    result="match",
)
VALUES: Final = {
    "id_card": "王桂兰 530***********0027",
    "id_front": "1280×800",
    "id_back": "1280×800",
    "face_to_face": "1280×800",
    "phone": "13887401234",
    "address": "陆良县马街镇大沙田村三组28号",
    "job": "farmer",
    "tax_residency": "china",
    "account_class": "I",
    "card": "621700******1234",
    "new_pin": "••••••",
}
PHOTOS: Final = ("id_front", "id_back", "face_to_face")
ROWS: Final = (
    CaseRow(
        "0193a5c0-7a10-7c3e-9b1f-000000000001", "debit_card", "借记卡发卡", "Debit card issue",
        State.AUTH_RETURNED, "赵** 大沙田村 尾号4418", NOW_MS - 6 * MINUTE_MS, "teller", 100,
    ),
    CaseRow(
        "0193a5c0-7a10-7c3e-9b1f-000000000002", "card_activation", "卡片激活", "Card activation",
        State.PREPARED, "张** 小沙田村 尾号2210", NOW_MS - 9 * MINUTE_MS, "customer", 100,
    ),
    CaseRow(
        "0193a5c0-7a10-7c3e-9b1f-000000000003", "debit_card", "借记卡发卡", "Debit card issue",
        State.AUTH_QUEUED, "陈** 中坝村 尾号0913", NOW_MS - 14 * MINUTE_MS, "office", 64,
    ),
    CaseRow(
        "0193a5c0-7a10-7c3e-9b1f-000000000004", "debit_card", "借记卡发卡", "Debit card issue",
        State.CLOSED, "杨** 石门社区 尾号301X", NOW_MS - 52 * MINUTE_MS, "nothing", 100,
    ),
)  # fmt: skip
SLIP: Final = Slip(
    CASE, "统一业务确认单", "Confirmation slip",
    (
        SlipLine("业务编号", "Case", CASE),
        SlipLine("业务种类", "Service", "借记卡发卡"),
        SlipLine("客户姓名", "Customer", "王桂兰"),
        SlipLine("证件号码", "ID number", "530***********0027"),
        SlipLine("卡号", "Card", "621700******1234"),
        SlipLine("账号", "Account", "5302**********0178"),
        SlipLine("账户类别", "Account class", "Ⅰ类账户"),
        SlipLine("手机号码", "Mobile number", "138****1234"),
        SlipLine("联系地址", "Contact address", "陆良县马街镇大沙田村三组28号"),
        SlipLine("办理终端", "Terminal", "terminal-0317"),
        SlipLine("办理机构", "Outlet", "马街分社"),
        SlipLine("经办人", "Operator", "李春燕（T0317）"),
        SlipLine("授权人", "Authorizer", "周敏"),
        SlipLine("办理结果", "Result", "业务已受理，客户签字后生效"),
        SlipLine("打印时间", "Time", "2026-11-23 10:05:12"),
    ),
    NOW_MS,
)  # fmt: skip

PATH: Final = (
    State.DRAFT, State.IDENTIFIED, State.CAPTURED, State.SUBMITTED, State.AUTH_QUEUED,
    State.AUTH_CLAIMED, State.AUTH_APPROVED, State.PREPARING, State.PREPARED, State.SLIP_SHOWN,
    State.SIGNED, State.COMMITTING, State.COMMITTED, State.DELIVERED, State.CLOSED,
)  # fmt: skip

_MISSING: Final = {
    FieldKind.ID_CARD: Refusal(Code.EVIDENCE, "请先读取客户身份证。"),
    FieldKind.NEW_PIN: Refusal(Code.PIN, "请客户在密码键盘上设置密码。"),
}


def steps_to(state: State) -> tuple[Step, ...]:
    """The usual path up to a state, one step every forty seconds, the last one just now."""
    path = PATH[: PATH.index(state) + 1] if state in PATH else (*PATH[:6], state)
    count = len(path)
    return tuple(Step(one, NOW_MS - (count - at) * 40_000) for at, one in enumerate(path, start=1))


def field_views(form: Form, values: Mapping[str, str], uploaded: int = 0) -> tuple[FieldView, ...]:
    """The views of a form of which only `values` have been captured."""
    views = []
    for field in form.fields:
        shown = values.get(field.name, "")
        problem = None
        if not shown and field.required:
            kind = "照片" if field.kind is FieldKind.PHOTO else ""
            missing = Refusal(Code.FORMAT, f"缺少“{field.title_zh}”{kind}。")
            problem = replace(_MISSING.get(field.kind, missing), field=field.name)
        photo = shown and field.kind is FieldKind.PHOTO
        digest = digest_of(field.name) if photo else ""
        views.append(FieldView(field.name, shown, digest, uploaded if digest else 0, problem))
    return tuple(views)


def open_case(
    stage: Stage, state: State, *captured: str, reasons: tuple[Refusal, ...] = (), uploaded: int = 0
) -> OpenCase:
    """The debit card case at a stage, with these fields captured."""
    values = {name: VALUES[name] for name in captured}
    later = state in PATH and PATH.index(state) >= PATH.index(State.PREPARED)
    handed = state in PATH and PATH.index(state) >= PATH.index(State.COMMITTED)
    return OpenCase(
        case_id=CASE,
        product="debit_card",
        title_zh="借记卡发卡",
        title_en="Debit card issue",
        stage=stage,
        form=FORM,
        fields=field_views(FORM, values, uploaded),
        identity=IDENTITY if "id_card" in captured else None,
        can_submit=stage is Stage.SUBMIT and set(VALUES) <= set(captured),
        steps=steps_to(state),
        state=state,
        reasons=reasons,
        slip=SLIP if later else None,
        deliver="621700******1234" if handed else "",
        results=(),
        uploaded=uploaded,
        veiled=(
            *(("form/id_card",) if "id_card" in captured else ()),
            *(("slip/3", "slip/7") if later else ()),
        ),
        slip_hash=slip_hash(SLIP).hex() if later else "",
    )


OFFERS: Final = (
    Recommendation(
        "service_sign_up", "综合签约", "Service sign-up", 35,
        "常来办理业务，可改用手机银行", "Comes often",
    ),
    Recommendation(
        "farmer_file", "农户建档", "Farmer file", 30,
        "农户客户，建档后可申请信用贷款", "A farmer without a file",
    ),
    Recommendation(
        "bill_payment", "便民缴费", "Bill payment", 20, "每月到柜面缴费", "Pays at the counter",
    ),
)  # fmt: skip
"""What the office would offer; this kit cannot do the last one."""


def suggested(case: OpenCase) -> OpenCase:
    """A case whose customer the office would offer something."""
    return replace(case, offers=OFFERS, tier_zh="金卡客户", tier_en="Gold")


RESULTS: Final = (
    LegResult("手机银行", "Mobile bank", ok=True),
    LegResult("短信通知", "SMS notice", ok=True),
    LegResult("代扣代缴", "Bill collection", ok=False, message="收费单位未受理，可稍后单独签约。"),
)
RECEIPT: Final = replace(
    SLIP,
    lines=(
        SlipLine("业务种类", "Service", "客户调查"),
        SlipLine("调查结果", "Result", "已回答"),
        SlipLine("最常办理的业务", "Used most", "存取款、代发补贴、便民缴费"),
        SlipLine("登记时间", "Time", "2026-11-23 10:05:12"),
    ),
)
RETURNED: Final = (
    Refusal(Code.IMAGE_QUALITY, "影像不清：身份证人像面反光，号码末四位看不清。", "id_front"),
)
ALL: Final = tuple(VALUES)
STAGES: Final[dict[str, OpenCase | None]] = {
    "home": None,
    "identify": open_case(Stage.IDENTIFY, State.DRAFT),
    "identified": open_case(Stage.IDENTIFY, State.IDENTIFIED, "id_card"),
    "suggested": suggested(open_case(Stage.IDENTIFY, State.IDENTIFIED, "id_card")),
    "unphotographed": open_case(Stage.PHOTOS, State.IDENTIFIED, "id_card"),
    "photos": open_case(Stage.PHOTOS, State.IDENTIFIED, "id_card", "id_front", uploaded=100),
    "form": open_case(Stage.FORM, State.IDENTIFIED, "id_card", *PHOTOS, "phone", "job"),
    "submit": open_case(Stage.SUBMIT, State.IDENTIFIED, *ALL),
    "lacking": open_case(Stage.FORM, State.IDENTIFIED, "id_card", *PHOTOS, "job"),
    "waiting": open_case(Stage.WAITING, State.AUTH_QUEUED, *ALL, uploaded=64),
    "returned": open_case(Stage.WAITING, State.AUTH_RETURNED, *ALL, reasons=RETURNED, uploaded=100),
    "sign": open_case(Stage.SIGN, State.PREPARED, *ALL, uploaded=100),
    "signed_offline": replace(
        open_case(Stage.SIGN, State.SLIP_SHOWN, *ALL, uploaded=100), promised="signature"
    ),
    "committing": open_case(Stage.WAITING, State.COMMITTING, *ALL, uploaded=100),
    "handover": open_case(Stage.HANDOVER, State.COMMITTED, *ALL, uploaded=100),
    "done": open_case(Stage.DONE, State.CLOSED, *ALL, uploaded=100),
    "what_next": suggested(open_case(Stage.DONE, State.CLOSED, *ALL, uploaded=100)),
    "rejected": open_case(
        Stage.DONE, State.AUTH_REJECTED, *ALL, uploaded=100,
        reasons=(Refusal(Code.ID_MISMATCH, "非本人办理：合影与证件照片不是同一人。"),),
    ),
    "items": replace(open_case(Stage.DONE, State.CLOSED, *ALL, uploaded=100), results=RESULTS),
    "receipt": replace(
        open_case(Stage.DONE, State.CLOSED),
        slip=RECEIPT,
        steps=tuple(step for step in steps_to(State.CLOSED) if step.state is not State.SIGNED),
    ),
    **every_kind(NOW_MS),
    **owing(NOW_MS),
}  # fmt: skip
"""The open case at each moment, by the name that tests use."""


def case_of(moment: str) -> str:
    """The id of the case that is open at a moment of `STAGES`."""
    found = STAGES[moment]
    assert found is not None, f"no case is open at {moment}"
    return found.case_id


def teller(moment: str = "home", *, link: LinkState = LinkState.ONLINE) -> TerminalState:
    """The teller's page at a moment of `STAGES`."""
    found = STAGES[moment]
    rows: tuple[CaseRow, ...] = ROWS
    if found is not None:
        customer = "王** 大沙田村 尾号0027" if found.identity else ""
        waiting = {Stage.WAITING: "office", Stage.SIGN: "customer", Stage.DONE: "nothing"}
        if found.state == State.AUTH_RETURNED or found.owed is not None:
            waiting = {}
        mine = CaseRow(
            found.case_id, found.product, found.title_zh, found.title_en, found.state, customer,
            NOW_MS, waiting.get(found.stage, "teller"), found.uploaded, owed=found.owed,
        )  # fmt: skip
        rows = (mine, *ROWS)
    if moment == "blocked":
        rows = (overdue_row(NOW_MS), *rows)
    return TerminalState(
        device="terminal-0317",
        outlet="陆良联社马街分社",
        link=link,
        link_since_ms=NOW_MS - 3 * MINUTE_MS,
        waiting_to_send=0 if link is LinkState.ONLINE else 3,
        now_ms=NOW_MS,
        staff=TELLER,
        peripherals=KIT,
        products=PRODUCTS,
        cases=rows,
        open=found,
        busy=None,
    )


def _item(
    number: int, outlet: str, operator: str, level: str, waited_s: int, left_s: int, *flags: str
) -> QueueItem:
    return QueueItem(
        case_id=f"0193a5c0-7a10-7c3e-9b1f-0000000000{number:02}",
        product="debit_card" if number % 2 else "card_activation",
        title_zh="借记卡发卡" if number % 2 else "卡片激活",
        title_en="Debit card issue" if number % 2 else "Card activation",
        outlet=outlet,
        operator=operator,
        level=level,
        flags=flags,
        queued_ms=NOW_MS - waited_s * 1000,
        due_ms=NOW_MS + left_s * 1000,
    )


QUEUE: Final = (
    _item(1, "陆良联社马街分社", "李春燕", "A3", 96, 24, "senior"),
    _item(2, "会泽联社大海分社", "马国强", "A2", 1020, -120),
    _item(3, "罗平联社鲁布革分社", "刘建平", "A4", 61, 59, "idv_no_photo", "senior"),
    replace(_item(4, "师宗联社五龙分社", "杨晓梅", "A2", 480, 420), claimed_by="钱志远"),
    replace(_item(5, "授权中心", "周敏", "A2", 300, 600), allowed=False),
    replace(_item(6, "53038107", "王丽华", "A2", 150, 750), union="530381"),
)
COMPARED: Final = (
    Compared("姓名", "Name", "", "王桂兰", "王桂兰", False),
    Compared("身份证号码", "ID number", "", "530***********0027", "一致", False),
    Compared("性别", "Sex", "", "女", "", False),
    Compared("民族", "Nationality", "", "彝", "", False),
    Compared("出生日期", "Born", "", "1968-04-12", "", False),
    Compared("住址", "Registered address", "", IDENTITY.address, "", False),
    Compared("有效期至", "Valid until", "", "长期", "", False),
    Compared("手机号码", "Mobile number", "138****1234", "", "", False),
    Compared("联系地址", "Contact address", "陆良县马街镇大沙田28号", "", "", False, "address"),
    Compared("职业", "Occupation", "农林牧渔业人员", "", "", False),
    Compared("账户类别", "Account class", "Ⅰ类账户", "", "", False),
    Compared("卡号", "Card", "621700******1234", "", "", False),
)  # fmt: skip
DIFFERING: Final = (
    Compared("姓名", "Name", "", "王桂兰", "王桂芳", True),
    *COMPARED[1:],
)
IMAGES: Final = (
    ImageView(
        digest_of("id_front"), "身份证人像面", "ID card, portrait side", "E1", 100, "id_front"
    ),
    ImageView(digest_of("id_back"), "身份证国徽面", "ID card, emblem side", "E1", 100),
    ImageView(digest_of("face_to_face"), "客户与业务员合影", "Customer with operator", "E3", 100),
)
DONE: Final = (
    DoneRow(
        "0193a5c0-7a10-7c3e-9b1f-0000000000a1", "借记卡发卡", "Debit card issue",
        Verdict.APPROVE, None, NOW_MS - 4 * MINUTE_MS,
    ),
    DoneRow(
        "0193a5c0-7a10-7c3e-9b1f-0000000000a2", "卡片激活", "Card activation",
        Verdict.RETURN, Reason.IMAGE_UNCLEAR, NOW_MS - 11 * MINUTE_MS,
    ),
)  # fmt: skip


def file_view(compared: tuple[Compared, ...] = COMPARED) -> FileView:
    """The first case of the queue, claimed here."""
    return FileView(
        item=replace(QUEUE[0], claimed_by=AUTHORIZER.name, mine=True),
        state=State.AUTH_CLAIMED,
        steps=steps_to(State.AUTH_CLAIMED),
        version=7,
        compared=compared,
        images=IMAGES,
        lease_until_ms=NOW_MS + 272_000,
        lost=False,
    )


def desk(file: FileView | None = None, *, link: str = "online") -> DeskState:
    """The authorizer's page, with or without an open case."""
    queue = QUEUE if file is None else (file.item, *QUEUE[1:])
    return DeskState(
        device="desk-0012",
        link=link,
        link_since_ms=NOW_MS - MINUTE_MS,
        now_ms=NOW_MS,
        staff=AUTHORIZER,
        queue=queue,
        file=file,
        done=DONE,
        queue_known=link == "online",
    )


def managed(shown: Figures | None = None) -> DeskState:
    """The page of an authorizer who manages, with or without figures on the screen."""
    view = figures_view(shown) if shown else None
    return replace(desk(), staff=MANAGER, figures=view)
