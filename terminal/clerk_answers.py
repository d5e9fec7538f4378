"""What the scripted teller answers to a field, by its kind, from the case and the field alone.

Everything is made from the case id, so a case that is taken over after a crash is answered alike:
other cases meet other people, phones and bills. Deliberately not here: anything about a product.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from hw.virtual.citizens import citizen
from hw.virtual.signature_pad import signature
from terminal.form_runner import YES
from terminal.page_commands import (
    AskList,
    ChooseItem,
    ClearValue,
    Command,
    EnterPin,
    ReadCard,
    ReadId,
    Record,
    SetRow,
    SetValue,
    SignHere,
    TakePhoto,
)
from terminal.page_model import FieldView, OpenCase
from wire.checks import Context, number_text
from wire.form import Field, FieldKind
from wire.ink import Signature

TEXTS: Final = {
    "phone": "13888001234",
    "address": "云南省昆明市官渡区小板桥街道1号",
    "amount": "10000.00",
    "fen": "50000.00",
    "income": "63500.00",
    "cost": "25000.00",
    "limit": "10000.00",
}
"""What the clerk types, by field name, within the field's bounds; the rest follows the kind. The
income is one that no training file has, so that a supplement always has something to say."""

SENTENCE: Final = "情况属实"
FEN: Final = 100_00
ROWS: Final = 2
"""How many rows of a table it fills, where there is room."""

CHOSEN: Final = 2
"""How many options it ticks."""

DIGITS_MAX: Final = 20

_CODE: Final = re.compile(r"[0-9]{6}")

PhoneBook = Callable[[str], Awaitable[str]]
"""The code that was sent last to a phone, by its digits; empty where none has arrived."""


async def no_phones(_digits: str) -> str:
    """Nobody looks at any phone."""
    return ""


def phones_in(folder: Path) -> PhoneBook:
    """The phones of a training office: a file each, the newest message last."""

    async def read(digits: str) -> str:
        path = folder / f"{digits}.txt"
        codes = _CODE.findall(path.read_text(encoding="utf-8")) if path.exists() else []
        return codes[-1] if codes else ""

    return read


def answers(case: OpenCase, field: Field, now_ms: int) -> Iterator[Command]:  # long: the kinds
    """What is done to answer a field, in order; a list is first asked for, then chosen from."""
    name, of = field.name, case.case_id
    match field.kind:
        case FieldKind.ID_CARD:
            yield ReadId(of, name)
        case FieldKind.PHOTO:
            yield TakePhoto(of, name)
        case FieldKind.BANK_CARD:
            yield ReadCard(of, name)
        case FieldKind.NEW_PIN | FieldKind.PIN:
            yield EnterPin(of, name)
        case FieldKind.RECORDING:
            yield Record(of, name)
        case FieldKind.INK:
            ink = signature_of(f"{case.case_id}/{name}")
            yield SignHere(of, name, ink.width, ink.height, ink.strokes)
        case FieldKind.CONFIRM:
            yield SetValue(of, name, YES)
        case FieldKind.CHOICES:
            yield SetValue(of, name, ",".join(option.code for option in field.options[:CHOSEN]))
        case FieldKind.LISTED:
            listed = _view(case, name).items
            if listed is not None and listed.items and not listed.chosen:
                yield ChooseItem(of, name, listed.items[0].code)
                return
            if _view(case, name).shown:
                # What was chosen, and is a problem now, has gone stale with its list.
                yield ClearValue(of, name)
            yield AskList(of, name)
        case FieldKind.TABLE:
            for row in range(1, min(field.rows_max, ROWS) + 1):
                where = f"{case.case_id}/{name}/{row}"
                cells = {one.name: typed(one, where, now_ms) for one in field.columns}
                yield SetRow(of, name, f"row-{row}", cells, new=True)
        case FieldKind.COLLEAGUE:
            return  # a person, not an answer: see `terminal.clerk`
        case _:
            yield SetValue(of, name, typed(field, case.case_id, now_ms))


def typed(field: Field, where: str, now_ms: int) -> str:
    """What is typed or chosen in a field or a cell.

    Args:
        field: of a kind that can stand in a cell.
        where: names the case and, in a table, the row.
        now_ms: Unix milliseconds.
    """
    known = TEXTS.get(field.name)
    match field.kind:
        case FieldKind.CHOICE:
            return field.options[0].code
        case FieldKind.AMOUNT:
            fen = int(known.replace(".", "")) if known else FEN
            return number_text(min(max(fen, field.fen_min), field.fen_max), 2)
        case FieldKind.NUMBER:
            number = int(known) if known and known.isdigit() else 1
            return number_text(min(max(number, field.number_min), field.number_max), field.decimals)
        case FieldKind.PHONE:
            return known if known and not field.proven else f"139{_digits(where, field)[:8]}"
        case FieldKind.ID_NUMBER:
            today = Context(now_ms).today
            return citizen(_dice(f"{where}/{field.name}"), today).number
        case _:
            return _text(field, where)


def signature_of(seed: str) -> Signature:
    """The hand of whoever this seed names."""
    return signature(_dice(seed))


def _dice(seed: str) -> random.Random:
    # Seeded on purpose: the same case meets the same people after a restart; nothing is secret.
    return random.Random(seed)  # noqa: S311 - see above


def _text(field: Field, where: str) -> str:
    """A text of the field's pattern: a usual one, or as many digits as fit."""
    digits = _digits(where, field)
    usual = (TEXTS.get(field.name, SENTENCE), *(digits[:n] for n in range(1, DIGITS_MAX + 1)))
    texts = (text[: field.chars_max] for text in usual)
    fitting = (text for text in texts if not field.pattern or re.fullmatch(field.pattern, text))
    return next(fitting, SENTENCE)


def _digits(where: str, field: Field) -> str:
    """Digits that no other case, row or field has."""
    digest = hashlib.blake2b(f"{where}/{field.name}".encode(), digest_size=16).digest()
    return f"1{int.from_bytes(digest, 'big'):0{DIGITS_MAX}d}"[:DIGITS_MAX]


def _view(case: OpenCase, name: str) -> FieldView:
    return next(view for view in case.fields if view.name == name)


__all__ = ["TEXTS", "PhoneBook", "answers", "no_phones", "phones_in", "signature_of", "typed"]
