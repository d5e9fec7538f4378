"""A business that asks for everything that can be asked: one field of every kind, some twice.

No bank offers it. Terminal, page and checks know kinds and not products; whoever can work this form
can work any.
"""

from __future__ import annotations

from typing import Final

from wire.form import Capability, Field, FieldKind, Form, Option, When
from wire.messages.session import ProductCard

SERVICES: Final = (
    Option("mobile_bank", "手机银行", "Mobile bank"),
    Option("sms_notice", "短信通知", "SMS notice"),
    Option("online_bank", "网上银行", "Online bank"),
    Option("agent_bill", "代扣代缴", "Bill collection"),
)

RELATIONS: Final = (
    Option("spouse", "配偶", "Spouse"),
    Option("child", "子女", "Child"),
    Option("parent", "父母", "Parent"),
)

MEMBERS: Final = Field(
    name="members",
    kind=FieldKind.TABLE,
    title_zh="其他家庭成员",
    title_en="Other members of the household",
    rows_max=6,
    columns=(
        Field(name="name", kind=FieldKind.TEXT, title_zh="姓名", title_en="Name", chars_max=15),
        Field(
            name="number",
            kind=FieldKind.ID_NUMBER,
            title_zh="身份证号码",
            title_en="ID number",
        ),
        Field(
            name="relation",
            kind=FieldKind.CHOICE,
            title_zh="与客户关系",
            title_en="Relation",
            options=RELATIONS,
        ),
        Field(
            name="income",
            kind=FieldKind.AMOUNT,
            title_zh="年收入",
            title_en="Yearly income",
            fen_max=100_000_000,
            required=False,
        ),
        Field(
            name="land",
            kind=FieldKind.NUMBER,
            title_zh="承包地",
            title_en="Land",
            number_max=1_000_000,
            decimals=2,
            unit_zh="亩",
            unit_en="mu",
            required=False,
        ),
    ),
    hint_zh="按户口簿填写，不含客户本人。",
    hint_en="As in the household register, without the customer.",
)

FORM: Final = Form(
    1,
    (
        Field(name="id_card", kind=FieldKind.ID_CARD, title_zh="身份证", title_en="ID card"),
        Field(
            name="guarantor",
            kind=FieldKind.ID_CARD,
            title_zh="担保人身份证",
            title_en="The guarantor's ID card",
        ),
        Field(
            name="face_to_face",
            kind=FieldKind.PHOTO,
            title_zh="客户与业务员合影",
            title_en="Customer with operator",
            evidence="E3",
        ),
        Field(
            name="phone",
            kind=FieldKind.PHONE,
            title_zh="手机号码",
            title_en="Mobile number",
            proven=True,
            hint_zh="请客户当场报出短信验证码。",
            hint_en="The customer reads out the code.",
        ),
        Field(
            name="bill_no",
            kind=FieldKind.TEXT,
            title_zh="缴费户号",
            title_en="Customer number at the biller",
            chars_max=16,
            pattern="[0-9]{10,16}",
            hint_zh="只填数字，10至16位。",
            hint_en="Digits only, 10 to 16.",
        ),
        Field(
            name="bill",
            kind=FieldKind.LISTED,
            title_zh="待缴账单",
            title_en="Bill",
            depends=("bill_no",),
            hint_zh="金额以收费单位登记的为准。",
            hint_en="The amount is the biller's.",
        ),
        Field(
            name="term",
            kind=FieldKind.NUMBER,
            title_zh="申请期限",
            title_en="Term",
            number_min=1,
            number_max=360,
            unit_zh="个月",
            unit_en="months",
        ),
        Field(
            name="fen",
            kind=FieldKind.AMOUNT,
            title_zh="申请金额",
            title_en="Amount asked for",
            fen_min=100_000,
            fen_max=30_000_000,
        ),
        Field(
            name="contact",
            kind=FieldKind.ID_NUMBER,
            title_zh="联系人身份证号码",
            title_en="The contact's ID number",
        ),
        Field(
            name="purpose",
            kind=FieldKind.CHOICE,
            title_zh="用途",
            title_en="Purpose",
            options=(Option("plant", "种植", "Planting"), Option("breed", "养殖", "Breeding")),
        ),
        Field(
            name="crop",
            kind=FieldKind.TEXT,
            title_zh="种植作物",
            title_en="Crop",
            when=When("purpose", ("plant",)),
            chars_max=20,
        ),
        Field(
            name="animals",
            kind=FieldKind.NUMBER,
            title_zh="存栏数量",
            title_en="Animals",
            when=When("purpose", ("breed",)),
            number_max=10_000,
            unit_zh="头",
            unit_en="heads",
        ),
        Field(
            name="services",
            kind=FieldKind.CHOICES,
            title_zh="签约项目",
            title_en="Services",
            options=SERVICES,
        ),
        MEMBERS,
        Field(
            name="disclosure",
            kind=FieldKind.CONFIRM,
            title_zh="客户已阅读风险揭示书，确认知晓产品不保证本金和收益",
            title_en="The customer has read the risk disclosure: nothing is guaranteed",
        ),
        Field(
            name="recording",
            kind=FieldKind.RECORDING,
            title_zh="销售过程录音",
            title_en="Recording of the sale",
            seconds_min=10,
            evidence="E11",
            hint_zh="说明产品后，请客户朗读确认语句。",
            hint_en="Explain the product; then the customer reads the sentence out.",
        ),
        Field(
            name="guarantor_ink",
            kind=FieldKind.INK,
            title_zh="担保人签名",
            title_en="The guarantor's signature",
        ),
        Field(
            name="colleague",
            kind=FieldKind.COLLEAGUE,
            title_zh="协办人员确认",
            title_en="Second operator",
            hint_zh="双人办理，协办人员在现场输入本人密码。",
            hint_en="Two do this together; the second enters their own passcode.",
        ),
        Field(name="card", kind=FieldKind.BANK_CARD, title_zh="付款卡", title_en="Card"),
        Field(name="pin", kind=FieldKind.PIN, title_zh="输入密码", title_en="PIN"),
        Field(
            name="remark",
            kind=FieldKind.TEXT,
            title_zh="备注",
            title_en="Remark",
            required=False,
            chars_max=100,
        ),
    ),
)

PRODUCT: Final = ProductCard(
    "every_kind", "综合样例", "Everything", FORM, tuple(Capability), "credit"
)

__all__ = ["FORM", "MEMBERS", "PRODUCT"]
