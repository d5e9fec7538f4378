"""Bill payment (便民缴费): a bill that its biller lists, paid from the customer's card.

The amount comes from the biller and is never typed; there is no cash. The biller is told before the
account is debited, so that whoever may still say no says it first: a customer never pays for a bill
that the biller declined.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec

from backoffice.authorization.levels import Raise, by_amount
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import HoldFunds, Partner, PayBill
from backoffice.partners.queries import PartnerQuery, UnpaidBills
from backoffice.product import Asking, Category, Leg, Product, Unique, unique_key
from backoffice.questions.fields import ID_CARD, choice, needs_of, title_of_option
from backoffice.slips.slip import amount_line
from wire.checks import luhn_digit
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.value import ChoiceValue, TextValue


class CheckDigit(StrEnum):
    """How the last digit of a bill number follows from the others."""

    NONE = "none"
    LUHN = "luhn"
    """ISO/IEC 7812-1, annex B."""


class Biller(msgspec.Struct, frozen=True):
    """Who is paid, and what its customer numbers look like.

    Attributes:
        code: the option of the form, and the biller's clearing account.
        pattern: a regular expression that the whole number matches.
        shape_zh: the same in words, for the teller.
        check: how its check digit is made.
    """

    code: str
    pattern: str
    shape_zh: str
    check: CheckDigit = CheckDigit.NONE


class BillPaymentTerms(Terms, frozen=True):
    """What a union may change: its billers; one that is missing is not offered there."""

    billers: tuple[Biller, ...] = (
        Biller("power", r"[0-9]{10}", "10位数字"),
        Biller("water", r"[0-9]{10,12}", "10至12位数字"),
        Biller("telephone", r"1[3-9][0-9]{9}|0[0-9]{9,11}", "手机号码，或带区号的固定电话号码"),
        Biller("tv", r"[0-9]{16}", "16位数字", CheckDigit.LUHN),
        Biller("gas", r"[0-9]{12}", "12位数字", CheckDigit.LUHN),
    )


TERMS: Final = BillPaymentTerms()

BILL_NO_PATTERN: Final = r"[0-9]{10,16}"
"""What the numbers of all billers have in common."""

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        choice(
            "biller",
            "缴费项目",
            "Biller",
            ("power", "电费", "Electricity"),
            ("water", "水费", "Water"),
            ("telephone", "电话费", "Telephone"),
            ("tv", "有线电视费", "Cable television"),
            ("gas", "燃气费", "Gas"),
        ),
        Field(
            name="bill_no",
            kind=FieldKind.TEXT,
            title_zh="缴费户号",
            title_en="Customer number at the biller",
            chars_max=16,
            pattern=BILL_NO_PATTERN,
            hint_zh="见缴费通知单或上期发票；电话费填写电话号码，只填数字。",
            hint_en="On the bill or the last invoice; for the telephone its number. Digits only.",
        ),
        Field(
            name="bill",
            kind=FieldKind.LISTED,
            title_zh="待缴账单",
            title_en="Bill",
            depends=("biller", "bill_no"),
            hint_zh="金额以收费单位登记的为准，不能修改。",
            hint_en="The amount is the biller's and cannot be changed.",
        ),
        Field(
            name="card",
            kind=FieldKind.BANK_CARD,
            title_zh="付款卡",
            title_en="Card",
            hint_zh="客户本人的借记卡，不收现金。",
            hint_en="The customer's own debit card; no cash.",
        ),
        Field(name="pin", kind=FieldKind.PIN, title_zh="输入密码", title_en="PIN"),
    ),
)


def bills(asking: Asking) -> PartnerQuery | Refusal:
    """What the number that was typed has to pay; a biller is asked about none but its own."""
    biller, number = asking.values.get("biller"), asking.values.get("bill_no")
    if not isinstance(biller, ChoiceValue) or not isinstance(number, TextValue):
        return Refusal(Code.FORMAT, "请先选择缴费项目并填写缴费户号。", "bill_no")
    bill_no = number.text.strip()
    wrong = _number_problem(biller.code, bill_no, asking.terms_as(BillPaymentTerms))
    return wrong or UnpaidBills(biller.code, bill_no)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """The union serves the biller, and the number is one of the biller's."""
    terms = dossier.terms_as(BillPaymentTerms)
    wrong = _number_problem(dossier.choice("biller"), dossier.text("bill_no"), terms)
    return () if wrong is None else (wrong,)


def _number_problem(code: str, number: str, terms: BillPaymentTerms) -> Refusal | None:
    """Why nothing can be paid under a number; None where it is right."""
    biller = next((one for one in terms.billers if one.code == code), None)
    if biller is None:
        return Refusal(Code.SUITABILITY, "本机构暂不代收该缴费项目。", "biller")
    if re.fullmatch(biller.pattern, number) is None:
        message = f"缴费户号格式不正确，应为{biller.shape_zh}。"
        return Refusal(Code.FORMAT, message, "bill_no")
    if biller.check is CheckDigit.LUHN and luhn_digit(number[:-1]) != number[-1]:
        message = "缴费户号校验位不符，请与缴费通知单核对。"
        return Refusal(Code.CHECKSUM, message, "bill_no")
    return None


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """By the amount of the bill."""
    return (by_amount(dossier.item("bill").fen, dossier.thresholds),)


def claims(dossier: Dossier, union: str) -> tuple[Unique, ...]:
    """The bill: nobody pays it twice, nor two customers at once."""
    bill = (dossier.fact("bill", name) for name in ("biller", "bill_no", "period"))
    message = "该账单正在办理或已缴清，请勿重复缴费。"
    return (Unique("bill", unique_key("bill", union, *bill), "bill", message),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """The biller first, then the money."""
    biller, bill = dossier.fact("bill", "biller"), dossier.item("bill")
    title, period = title_of_option(FORM, "biller", biller), dossier.fact("bill", "period")
    pay = PayBill(
        biller=biller,
        bill_no=dossier.fact("bill", "bill_no"),
        period=period,
        fen=bill.fen,
    )
    hold = HoldFunds(
        customer=dossier.customer,
        pan=dossier.pan("card"),
        pin_verifier=dossier.verifier("pin"),
        fen=bill.fen,
        payee=f"biller/{biller}",
        purpose=f"{title} {period}",
    )
    return (
        Leg(pay, "biller", "收费单位销账", "Told the biller"),
        Leg(hold, "funds", "账户扣款", "Debited the account"),
    )


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the customer confirms: what is paid, for which number, how much, from which card."""
    return (
        SlipLine("缴费项目", "Biller", title_of_option(FORM, "biller", dossier.choice("biller"))),
        SlipLine("缴费户号", "Customer number", f"****{dossier.text('bill_no')[-4:]}"),
        SlipLine("账期", "Period", dossier.fact("bill", "period")),
        amount_line("缴费金额", "Amount", dossier.item("bill").fen),
        SlipLine("付款卡", "Card", dossier.pan("card").masked),
    )


PRODUCT: Final = Product(
    code="bill_payment",
    title_zh="便民缴费",
    title_en="Bill payment",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.PAYMENT,
    partners=frozenset({Partner.BILLER, Partner.CORE}),
    problems=problems,
    level=level,
    claims=claims,
    plan=plan,
    listings={"bill": bills},
    slip_lines=slip_lines,
    profile=lambda dossier: {"holds.bill_payment": "1"},
    terms=TERMS,
    counter_s=8 * 60,
)
