"""The teller's page as a pure function of drafts, link and kit; see `terminal.page_model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from terminal.draft import EDITABLE_STATES, Draft
from terminal.page_model import CaseRow, FieldView, IdentityView, OpenCase, ProductView, Stage
from wire.case_state import FINAL_STATES, State
from wire.chip_record import LONG_TERM, NATIONS, ChipRecordError, Sex, parse_chip_record
from wire.form import (
    AmountValue,
    BankCardValue,
    ChoiceValue,
    Field,
    FieldKind,
    IdCardValue,
    PhoneValue,
    PhotoValue,
    TextValue,
    Value,
)
from wire.message import Refusal
from wire.messages.session import ProductCard

WAITS_FOR_CUSTOMER: Final = frozenset({State.PREPARED, State.SLIP_SHOWN})
"""States in which the customer reads and signs."""

_SEXES: Final = {Sex.MALE: "男", Sex.FEMALE: "女"}


def product_view(product: ProductCard, capabilities: frozenset[str]) -> ProductView:
    """A business with what this kit lacks for it."""
    missing = tuple(need for need in product.needs if need not in capabilities)
    return ProductView(product.code, product.title_zh, product.title_en, missing)


def case_row(draft: Draft, changed_ms: int) -> CaseRow:
    """One line of the list of cases."""
    product = draft.product
    assert product is not None
    card = draft.id_card
    return CaseRow(
        case_id=draft.case_id,
        product=product.code,
        title_zh=product.title_zh,
        title_en=product.title_en,
        state=draft.state,
        customer=f"{card.name[:1]}** {card.number.masked}" if card else "",
        changed_ms=changed_ms,
        waiting=_waiting(draft),
        uploaded=_uploaded(draft),
        problem=draft.problem.message if draft.problem else "",
    )


def open_case(draft: Draft, problems: Mapping[str, Refusal]) -> OpenCase:
    """The case in the middle of the screen.

    Args:
        draft: the case.
        problems: by field name, what `terminal.form_runner` found.
    """
    product = draft.product
    assert product is not None
    view = draft.view
    return OpenCase(
        case_id=draft.case_id,
        product=product.code,
        title_zh=product.title_zh,
        title_en=product.title_en,
        stage=stage(draft, problems),
        form=product.form,
        fields=tuple(_field_view(field, draft, problems) for field in product.form.fields),
        identity=identity_view(draft),
        can_submit=draft.editable and not problems,
        steps=draft.steps,
        state=draft.state,
        reasons=_reasons(draft),
        slip=view.slip if view else None,
        deliver=view.deliver if view else "",
        uploaded=_uploaded(draft),
    )


def stage(draft: Draft, problems: Mapping[str, Refusal]) -> Stage:
    """Where the teller is in the work."""
    state = draft.state
    if state in FINAL_STATES or draft.handed_over:
        return Stage.DONE
    if state in WAITS_FOR_CUSTOMER:
        return Stage.SIGN
    if state is State.COMMITTED:
        return Stage.HANDOVER
    if state not in EDITABLE_STATES or draft.wanted:
        return Stage.WAITING
    assert draft.product is not None
    kinds = {field.kind for field in draft.product.form.fields if field.name in problems}
    if FieldKind.ID_CARD in kinds:
        return Stage.IDENTIFY
    if FieldKind.PHOTO in kinds:
        return Stage.PHOTOS
    return Stage.FORM if kinds else Stage.SUBMIT


def identity_view(draft: Draft) -> IdentityView | None:
    """The ID card as read, or None before that."""
    card = draft.id_card
    if card is None:
        return None
    try:
        record = parse_chip_record(card.record)
    except ChipRecordError:
        return None
    until = f"{record.valid_to:%Y.%m.%d}" if record.valid_to else LONG_TERM
    return IdentityView(
        name=record.name,
        number_masked=card.number.masked,
        sex=_SEXES.get(record.sex, ""),
        nation=NATIONS[record.nation],
        birth=record.birth.isoformat(),
        address=record.address,
        valid=f"{record.valid_from:%Y.%m.%d}-{until}",
        result=draft.identity.result if draft.identity else "",
    )


def shown(field: Field, value: Value) -> str:
    """A value as people may see it."""
    match value:
        case IdCardValue():
            return f"{value.name} {value.number.masked}"
        case PhoneValue(phone=phone):
            return phone.digits
        case BankCardValue(pan=pan):
            return pan.masked
        case ChoiceValue(code=code):
            return code
        case AmountValue(fen=fen):
            return f"{fen // 100}.{fen % 100:02d}"
        case TextValue(text=text):
            return text
        case PhotoValue():
            return f"{value.width}×{value.height}"


def _field_view(field: Field, draft: Draft, problems: Mapping[str, Refusal]) -> FieldView:
    problem = problems.get(field.name)
    value = draft.values.get(field.name)
    if value is None:
        entered = "••••••" if field.name in draft.pins else ""
        return FieldView(field.name, entered, problem=problem)
    if isinstance(value, PhotoValue):
        uploaded = 100 if value.digest in draft.uploaded else 0
        digest = value.digest.hex()
        return FieldView(field.name, shown(field, value), digest, uploaded, problem)
    return FieldView(field.name, shown(field, value), problem=problem)


def _reasons(draft: Draft) -> tuple[Refusal, ...]:
    office = draft.view.reasons if draft.view else ()
    return office + ((draft.problem,) if draft.problem else ())


def _waiting(draft: Draft) -> str:
    state = draft.state
    if state in FINAL_STATES or draft.handed_over:
        return "nothing"
    if state in WAITS_FOR_CUSTOMER:
        return "customer"
    if state in (State.COMMITTED, State.AUTH_RETURNED):
        return "teller"
    if state in EDITABLE_STATES and not draft.wanted:
        return "teller"
    return "link" if draft.view is None else "office"


def _uploaded(draft: Draft) -> int:
    photos = draft.photos.values()
    size = sum(photo.size for photo in photos)
    done = sum(photo.size for photo in photos if photo.digest in draft.uploaded)
    return 100 * done // size if size else 0


__all__ = [
    "WAITS_FOR_CUSTOMER",
    "case_row",
    "identity_view",
    "open_case",
    "product_view",
    "shown",
    "stage",
]
