"""Face-to-face signing (面签): all parties of a contract sign it in front of the operator.

All or nothing: the contract that is chosen says how many parties sign, and the form asks for each
of them with their own ID card, picture and signature; the customer is the first, and signs the
slip, which names the document by its digest. When the document changes after that, the partner
declines, and every signature is void. The identity register is asked about everybody who signs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import Customer, Partner, SignContract
from backoffice.partners.queries import Contracts, PartnerQuery
from backoffice.product import Asking, Category, Leg, Product, Unique, unique_key
from backoffice.questions.fields import (
    CARD_FIRST,
    FACE_TO_FACE,
    ID_BACK,
    ID_CARD,
    ID_FRONT,
    confirm,
    needs_of,
)
from backoffice.slips.slip import amount_line
from wire.checks import Context, normalise_name, years_between
from wire.form import Field, FieldKind, Form, When
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

DIGEST_CHARS: Final = 16
"""How much of the document's digest the slip shows: enough to compare by eye."""


class ContractSigningTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        a4_fen: a contract above this needs two authorizers, in fen.
        age_years_min: youngest party.
    """

    a4_fen: int = 200_000_00
    age_years_min: int = 18


TERMS: Final = ContractSigningTerms()

CLAUSES: Final = (
    ("amount", "已宣读借款金额、期限和利率", "Amount, term and rate were read out"),
    ("repayment", "已宣读还款方式和还款日期", "How and when it is repaid was read out"),
    ("purpose", "已宣读借款用途，不得挪用", "What it may be used for was read out"),
    ("default", "已宣读逾期、违约责任", "What follows from default was read out"),
    ("inquiry", "已授权查询和报送征信信息", "Consulting the credit register was allowed"),
)
"""What is read out and ticked one by one."""

COSIGNERS: Final = (("party2", "第二签约人"), ("party3", "第三签约人"), ("party4", "第四签约人"))
"""Who else may sign, in order."""

PARTIES_MAX: Final = 1 + len(COSIGNERS)
"""More signatures than these are collected at the counter."""


def _cosigner(number: int, name: str, title_zh: str) -> Iterator[Field]:
    """Three questions about one more party, asked where the contract names so many."""
    named = When("contract", tuple(str(parties) for parties in range(number, PARTIES_MAX + 1)))
    asked = (
        ("card", FieldKind.ID_CARD, "身份证", "ID card", ""),
        ("photo", FieldKind.PHOTO, "与业务员合影", "with operator", "E3"),
        ("ink", FieldKind.INK, "签名", "signature", ""),
    )
    for part, kind, part_zh, part_en, evidence in asked:
        yield Field(
            name=f"{name}_{part}",
            kind=kind,
            title_zh=f"{title_zh}{part_zh}",
            title_en=f"Party {number}, {part_en}",
            when=named,
            depends=() if part == "card" else (f"{name}_card",),
            evidence=evidence,
        )


FORM: Final = Form(
    version=2,
    fields=(
        ID_CARD,
        ID_FRONT,
        ID_BACK,
        Field(
            name="contract",
            kind=FieldKind.LISTED,
            title_zh="待签合同",
            title_en="Contract",
            depends=(ID_CARD.name,),
            hint_zh="签约人数以合同为准，须全体到场，一次签完。",
            hint_en="As many as it names sign, all of them here and now.",
        ),
        *(confirm(f"clause_{code}", title_zh, title_en) for code, title_zh, title_en in CLAUSES),
        FACE_TO_FACE,
        *(field for number, one in enumerate(COSIGNERS, 2) for field in _cosigner(number, *one)),
    ),
)


def cosigners(dossier: Dossier) -> tuple[str, ...]:
    """The further parties whose card was read, by name, in order."""
    return tuple(name for name, _ in COSIGNERS if dossier.has(f"{name}_card"))


def parties(dossier: Dossier) -> tuple[Customer, ...]:
    """Everybody who signs, the customer first."""
    others = (dossier.other(f"{name}_card") for name in cosigners(dossier))
    return (
        dossier.customer,
        *(Customer(IdNumber(one.number), normalise_name(one.name)) for one in others),
    )


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Everybody of age; as many as the contract names, if so many fit the form."""
    years = dossier.terms_as(ContractSigningTerms).age_years_min
    today = Context(dossier.now_ms).today
    births = {ID_CARD.name: dossier.record.birth}
    births |= {f"{name}_card": dossier.other(f"{name}_card").birth for name in cosigners(dossier)}
    found = [
        Refusal(Code.RANGE, f"签约人应年满{years}周岁。", field)
        for field, birth in births.items()
        if years_between(birth, today) < years
    ]
    if len(parties(dossier)) != int(dossier.fact("contract", "parties")):
        message = f"移动终端最多由{PARTIES_MAX}人面签，该合同请引导客户到柜面签署。"
        found.append(Refusal(Code.LIMIT, message, "contract"))
    return tuple(found)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """One authorizer; two above the amount."""
    if dossier.item("contract").fen > dossier.terms_as(ContractSigningTerms).a4_fen:
        return (Raise(Level.A4, "amount"),)
    return (Raise(Level.A2),)


def claims(dossier: Dossier, union: str) -> tuple[Unique, ...]:
    """The contract: it is signed once."""
    key = unique_key("contract", union, dossier.item("contract").code)
    message = "该合同已签署或正在面签。"
    return (Unique("contract", key, "contract", message),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Put all signatures under the document with this digest."""
    operation = SignContract(
        customer=dossier.customer,
        contract=dossier.item("contract").code,
        digest=dossier.fact("contract", "digest"),
        parties=parties(dossier),
        clauses=tuple(code for code, _, _ in CLAUSES if dossier.has(f"clause_{code}")),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the customer signs: which document, over how much, with whom, and what was read out."""
    contract = dossier.item("contract")
    others = "、".join(f"{one.name} {one.number.masked}" for one in parties(dossier)[1:])
    digest = dossier.fact("contract", "digest")[:DIGEST_CHARS]
    return (
        SlipLine("合同编号", "Contract", contract.code),
        amount_line("合同金额", "Amount", contract.fen),
        SlipLine("合同摘要值", "Digest of the document", digest),
        SlipLine("共同签约人", "Other parties", others or "无"),
        SlipLine("已确认条款", "Clauses", "；".join(title_zh for _, title_zh, _ in CLAUSES)),
    )


def contracts(asking: Asking) -> PartnerQuery | Refusal:
    """What waits for the person's signature."""
    return Contracts(asking.number) if asking.number is not None else CARD_FIRST


PRODUCT: Final = Product(
    code="contract_signing",
    title_zh="合同面签",
    title_en="Face-to-face signing",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.CREDIT,
    partners=frozenset({Partner.CREDIT}),
    problems=problems,
    level=level,
    claims=claims,
    plan=plan,
    listings={"contract": contracts},
    slip_lines=slip_lines,
    profile=lambda dossier: {"holds.contract_signing": "1"},
    terms=TERMS,
    counter_s=45 * 60,
)
