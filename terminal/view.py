"""The teller's page as a pure function of drafts, link and kit; see `terminal.page_model`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from terminal.draft import EDITABLE_STATES, Draft, slip_hash
from terminal.form_runner import YES
from terminal.page_model import (
    OFFERS_MAX,
    CaseRow,
    CodeView,
    FieldView,
    IdentityView,
    ListView,
    OpenCase,
    OwedView,
    ProductView,
    RowView,
    Stage,
)
from terminal.reveal import veiled, who
from terminal.suggestions import NOTHING
from terminal.table_rows import row_ids
from wire.case_state import FINAL_STATES, State
from wire.checks import asked_fields, number_text
from wire.chip_record import LONG_TERM, NATIONS, ChipRecordError, Sex, parse_chip_record
from wire.form import Field, FieldKind
from wire.message import Refusal
from wire.messages.case import Slip
from wire.messages.offers import Recommendations
from wire.messages.session import ProductCard
from wire.text import legible
from wire.value import (
    AmountValue,
    BankCardValue,
    ChoicesValue,
    ChoiceValue,
    ColleagueValue,
    ConfirmValue,
    IdCardValue,
    IdNumberValue,
    InkValue,
    ListedValue,
    NumberValue,
    PhoneValue,
    PhotoValue,
    RecordingValue,
    TableValue,
    TextValue,
    Value,
)

WAITS_FOR_CUSTOMER: Final = frozenset({State.PREPARED, State.SLIP_SHOWN})
"""States in which the customer reads and signs."""

Listed = Callable[[Field], ListView | None]
"""What the office offers for a field, or None where it was not asked."""

CodeSent = Callable[[Field], CodeView | None]
"""The code on its way to a field's phone, or None."""

_SEXES: Final = {Sex.MALE: "男", Sex.FEMALE: "女"}


def product_view(product: ProductCard, capabilities: frozenset[str]) -> ProductView:
    """A business with what this kit lacks for it."""
    missing = tuple(need for need in product.needs if need not in capabilities)
    return ProductView(
        product.code,
        product.title_zh,
        product.title_en,
        product.category,
        missing,
        product.closed,
    )


def case_row(draft: Draft, changed_ms: int) -> CaseRow:
    """One line of the list of cases."""
    product = draft.product
    assert product is not None
    return CaseRow(
        case_id=draft.case_id,
        product=product.code,
        title_zh=product.title_zh,
        title_en=product.title_en,
        state=draft.state,
        customer=who(draft),
        changed_ms=changed_ms,
        waiting=_waiting(draft),
        uploaded=_uploaded(draft),
        problem=draft.problem.message if draft.problem else "",
        owed=_owed(draft),
    )


def open_case(
    draft: Draft,
    problems: Mapping[str, Refusal],
    *,
    listed: Listed = lambda _field: None,
    code_sent: CodeSent = lambda _field: None,
    suggested: Recommendations = NOTHING,
) -> OpenCase:
    """The case in the middle of the screen.

    Args:
        draft: the case.
        problems: by field name, what `terminal.form_runner` found.
        listed: what the office was asked about it.
        code_sent: codes on their way to its phones.
        suggested: what the office would offer its customer; never the business itself.
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
        fields=tuple(
            msgspec.structs.replace(
                _field_view(field, draft, problems),
                items=listed(field) if field.kind is FieldKind.LISTED else None,
                code=code_sent(field) if field.proven else None,
            )
            for field in asked_fields(product.form, draft.values)
        ),
        identity=identity_view(draft),
        can_submit=draft.editable and not problems,
        steps=draft.steps,
        state=draft.state,
        reasons=_reasons(draft),
        slip=_legible(draft.slip) if draft.slip else None,
        deliver=view.deliver if view else "",
        results=view.results if view else (),
        uploaded=_uploaded(draft),
        offers=tuple(one for one in suggested.offers if one.product != product.code)[:OFFERS_MAX],
        tier_zh=suggested.tier_zh,
        tier_en=suggested.tier_en,
        waits_until_ms=view.due_ms if view and view.timing == "sync" and not draft.deferred else 0,
        ends_ms=view.ends_ms if view else 0,
        live_wanted=view is not None and view.live_wanted and draft.live is None,
        owed=_owed(draft),
        rescan=tuple(
            _value_view(field, draft.rescan.get(field.name), draft, problems)
            for field in product.form.fields
            if field.name in draft.owed
        ),
        promised=draft.promised,
        veiled=tuple(veiled(draft)),
        slip_hash=slip_hash(draft.slip).hex() if draft.slip is not None else "",
    )


def stage(draft: Draft, problems: Mapping[str, Refusal]) -> Stage:
    """Where the teller is in the work."""
    state = draft.state
    if state in FINAL_STATES or draft.handed_over:
        return Stage.DONE
    if draft.promised in ("cancel", "refusal"):
        return Stage.WAITING
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


def _legible(slip: Slip) -> Slip:
    """The slip as any browser can show it; what is signed is the office's own."""
    lines = (msgspec.structs.replace(line, value=legible(line.value)) for line in slip.lines)
    return msgspec.structs.replace(slip, lines=tuple(lines))


def shown(field: Field, value: Value) -> str:  # long: one case per kind, each a line
    """A value as people may see it."""
    match value:
        case IdCardValue():
            return f"{legible(value.name)} {value.number.masked}"
        case PhoneValue(phone=phone):
            return phone.digits
        case BankCardValue(pan=pan):
            return pan.masked
        case IdNumberValue(number=number):
            return number.masked
        case ChoiceValue(code=code):
            return code
        case ChoicesValue(codes=codes):
            return ",".join(codes)
        case AmountValue(fen=fen):
            return number_text(fen, 2)
        case NumberValue(number=units):
            return number_text(units, field.decimals)
        case TextValue(text=text):
            return text
        case ListedValue(title=title):
            return title
        case ColleagueValue():
            return f"{value.name} {value.staff_id}"
        case ConfirmValue() | InkValue():
            return YES
        case TableValue(rows=rows):
            return str(len(rows))
        case PhotoValue():
            return f"{value.width}×{value.height}"
        case RecordingValue(duration_ms=duration_ms):
            minutes, seconds = divmod(duration_ms // 1_000, 60)
            return f"{minutes}:{seconds:02d}"


def _field_view(field: Field, draft: Draft, problems: Mapping[str, Refusal]) -> FieldView:
    return _value_view(field, draft.values.get(field.name), draft, problems)


def _value_view(
    field: Field, value: Value | None, draft: Draft, problems: Mapping[str, Refusal]
) -> FieldView:
    problem = problems.get(field.name)
    if value is None:
        entered = "••••••" if field.name in draft.pins else ""
        follows = field.name in draft.following and field.name not in draft.owed
        return FieldView(field.name, entered, problem=problem, follows=follows)
    view = FieldView(field.name, shown(field, value), problem=problem)
    change = msgspec.structs.replace
    match value:
        case PhotoValue(digest=digest) | RecordingValue(digest=digest):
            uploaded = 100 if digest in draft.uploaded else 0
            return change(view, digest=digest.hex(), uploaded=uploaded)
        case TableValue():
            return change(view, rows=_rows(field, value, row_ids(draft, field.name), problems))
        case PhoneValue(proof=proof):
            return change(view, proven=bool(proof))
        case _:
            return view


def _rows(
    field: Field, table: TableValue, ids: tuple[str, ...], problems: Mapping[str, Refusal]
) -> tuple[RowView, ...]:
    """The rows of a table with what is wrong in each."""
    columns = {column.name: column for column in field.columns}
    rows = []
    for number, (row_id, row) in enumerate(zip(ids, table.rows, strict=True), start=1):
        places = {name: f"{field.name}.{number}.{name}" for name in columns}
        rows.append(
            RowView(
                row_id,
                {name: shown(columns[name], cell) for name, cell in row.items() if name in columns},
                {name: problems[at] for name, at in places.items() if at in problems},
            )
        )
    return tuple(rows)


def _reasons(draft: Draft) -> tuple[Refusal, ...]:
    office = draft.view.reasons if draft.view else ()
    if draft.view is not None and draft.view.state is State.AUTH_RETURNED:
        office = tuple(_titled(draft, reason) for reason in office)
    return office + ((draft.problem,) if draft.problem else ())


def _titled(draft: Draft, reason: Refusal) -> Refusal:
    """A reason that is about one answer says which, where it stands among the others."""
    field = draft.product.form.field(reason.field) if draft.product is not None else None
    if field is None:
        return reason
    return Refusal(reason.code, f"“{field.title_zh}”：{reason.message}", reason.field)


def _owed(draft: Draft) -> OwedView | None:
    if draft.view is None or not draft.owed:
        return None
    due_ms = draft.view.owed_due_ms
    return OwedView(len(draft.owed), due_ms, draft.staff_id, draft.rescan_given)


def _waiting(draft: Draft) -> str:
    state = draft.state
    if draft.finished:
        return "nothing"
    if draft.promised:
        return "link"
    if state in FINAL_STATES:
        return "teller"
    if draft.handed_over:
        return "nothing"
    if state in WAITS_FOR_CUSTOMER:
        return "customer"
    if state in (State.COMMITTED, State.AUTH_RETURNED):
        return "teller"
    if state in EDITABLE_STATES and not draft.wanted:
        return "teller"
    return "link" if draft.view is None else "office"


def _uploaded(draft: Draft) -> int:
    evidence = draft.evidence.values()
    size = sum(file.size for file in evidence)
    done = sum(file.size for file in evidence if file.digest in draft.uploaded)
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
