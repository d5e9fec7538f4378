"""A draft in the hands of a teller who answers, changes and takes back whatever comes to mind."""

from __future__ import annotations

import random

from terminal.draft import Draft, card_digest
from terminal.draft_events import (
    Done,
    DraftCommand,
    DraftEvent,
    KeepEvidence,
    KeepIdCard,
    KeepIdentity,
    KeepPin,
    KeepValue,
    Open,
)
from terminal.draft_rules import DraftRules
from terminal.form_runner import problems
from tests.kit import submissions as make
from tests.kit.played import Played
from wire.checks import PIN_KINDS, loosened
from wire.form import Field, Form
from wire.message import Refusal
from wire.messages.case import PinBlock
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.session import ProductCard
from wire.value import IdCardValue, PhotoValue, RecordingValue

CASE = make.case_id("bindings")


class Table(Played[Draft, DraftCommand, DraftEvent]):
    """A teller who answers, changes and takes back, whatever comes to their mind."""

    def __init__(self, product: ProductCard) -> None:
        super().__init__(DraftRules("T-1"), CASE, make.NOW_MS)
        self.pins: dict[str, bytes] = {}
        assert self.give(Open(product, "T001")) is None

    @property
    def form(self) -> Form:
        """What is asked now."""
        assert self.state.product is not None
        return self.state.product.form

    def give(self, command: DraftCommand) -> Refusal | None:
        self.now_ms += 1_000
        reply = self.ask(command)
        assert isinstance(reply, Refusal | Done)
        for document in self.verdict.documents if isinstance(reply, Done) else ():
            if document.collection == "pins":
                self.pins.pop(document.key, None)
                if document.body is not None:
                    self.pins[document.key] = document.body
        return reply if isinstance(reply, Refusal) else None

    def answer(self, field: Field, which: int) -> Refusal | None:
        """The question answered in one of a few ways; the same way is the same answer."""
        dice = random.Random(f"{field.name}:{which}")
        if field.kind in PIN_KINDS:
            return self.give(KeepPin(PinBlock(field.name, dice.randbytes(12), dice.randbytes(16))))
        holder = make.person(f"{field.name}:{which}", name="杨建国" if which else "李秀英")
        value = make.value_for(field, dice, holder, make.NOW_MS)
        match value:
            case IdCardValue():
                return self.give(KeepIdCard(field.name, value))
            case PhotoValue() | RecordingValue():
                return self.give(KeepEvidence(field.name, value))
            case _:
                return self.give(KeepValue(field.name, value))

    def finish(self) -> None:
        """Answer what is still missing, as often as an answer brings up other questions."""
        for _ in self.form.fields:
            found = problems(self.state, self.now_ms)
            missing = [one for one in self.form.fields if one.name in found]
            if not missing:
                break
            assert self.answer(missing[0], 9) is None, found
        card = self.state.id_card
        if card is not None and self.state.identity is None:
            says = IdentityChecked(IdentityResult.MATCH, f"{CASE}#1", self.now_ms)
            assert self.give(KeepIdentity(card_digest(card), says)) is None

    def check(self) -> None:
        """What must hold after every deed."""
        draft = self.state
        held = {*draft.values, *draft.pins}
        assert draft.bound.keys() <= held
        assert () == loosened(self.form, draft.values, draft.pins, draft.bound)
        assert held <= draft.asked
        assert {f"{CASE}/{name}" for name in draft.pins} == set(self.pins)


__all__ = ["CASE", "Table"]
