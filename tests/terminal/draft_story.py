"""A draft in a teller's hands, without its runtime: what is done at the table, and what the office
would answer.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from backoffice.catalogue import products
from terminal.draft import Draft, card_digest
from terminal.draft_events import (
    Done,
    DraftCommand,
    DraftEvent,
    KeepEvidence,
    KeepIdCard,
    KeepIdentity,
    KeepInk,
    KeepPin,
    KeepRefusal,
    KeepUpload,
    KeepValue,
    KeepView,
    Open,
    SeeSlip,
    WantSubmission,
)
from terminal.draft_rules import DraftRules
from terminal.errands import SendSubmission, UploadEvidence
from tests.kit import submissions as make
from tests.kit.played import Played
from wire.case_state import State
from wire.message import Message, Refusal
from wire.messages.case import CaseView, Slip, SlipLine, Step
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.session import ProductCard
from wire.value import IdCardValue, PhotoValue

CASE = make.case_id("draft")
DEVICE = "T-0001"
DEBIT_CARD = products()["debit_card"].card
SLIP = Slip(CASE, "统一业务确认单", "Confirmation slip", (SlipLine("卡号", "Card", "62***"),), 5)

MessageT = TypeVar("MessageT", bound=Message)


def answer(result: IdentityResult = IdentityResult.MATCH, number: int = 1) -> IdentityChecked:
    return IdentityChecked(result, f"{CASE}#{number}", make.NOW_MS)


class DraftStory(Played[Draft, DraftCommand, DraftEvent]):
    """One case on the tablet; `pins` is the collection of waiting PIN blocks."""

    def __init__(self, seed: int = 0, product: ProductCard = DEBIT_CARD) -> None:
        super().__init__(DraftRules(DEVICE), CASE, make.NOW_MS)
        self.pins: set[str] = set()
        self.listed: list[bytes | None] = []
        self.product = product
        self.form = product.form
        self.values = make.values_for(self.form, seed)

    def give(self, command: DraftCommand) -> Refusal | None:
        """None when the command is durable."""
        self.now_ms += 1_000
        reply = self.ask(command)
        if isinstance(reply, Refusal):
            return reply
        assert reply == Done()
        for document in self.verdict.documents:
            if document.collection == "drafts":
                self.listed.append(document.body)
            elif document.body is None:
                self.pins.discard(document.key)
            else:
                self.pins.add(document.key)
        return None

    def sent(self, kind: type[MessageT]) -> list[MessageT]:
        """Errands of a kind that are owed; from now on none is."""
        return [effect.message for effect in self.taken() if isinstance(effect.message, kind)]

    def stands(self) -> State:
        """Where the case stands now."""
        return self.state.state

    def open(self) -> None:
        assert self.give(Open(self.product, "T001")) is None

    def capture(self) -> None:
        """Everything but the register's answer."""
        for name, value in self.values.items():
            if isinstance(value, IdCardValue):
                assert self.give(KeepIdCard(name, value)) is None
            elif isinstance(value, PhotoValue):
                assert self.give(KeepEvidence(name, value)) is None
            else:
                assert self.give(KeepValue(name, value)) is None
        for pin in make.pins_for(self.form):
            assert self.give(KeepPin(pin)) is None

    @property
    def card(self) -> IdCardValue:
        card = self.values["id_card"]
        assert isinstance(card, IdCardValue)
        return card

    def identified(self, result: IdentityResult = IdentityResult.MATCH) -> None:
        """The register answers about the card of this story."""
        assert self.give(KeepIdentity(card_digest(self.card), answer(result))) is None

    def uploaded(self) -> None:
        """Every photo that is owed reaches the office."""
        for effect in list(self.owed):
            if isinstance(effect.message, UploadEvidence):
                assert self.give(KeepUpload(effect.message.evidence.digest)) is None

    def submitted(self) -> SendSubmission:
        """Captured, identified and handed over; the errand that follows."""
        self.open()
        self.capture()
        self.identified()
        assert self.give(WantSubmission(None)) is None
        (errand,) = self.sent(SendSubmission)
        return errand

    def view(
        self,
        state: State,
        version: int,
        *,
        slip: Slip | None = None,
        live_wanted: bool = False,
        reasons: tuple[Refusal, ...] = (),
        owed: tuple[str, ...] = (),
    ) -> None:
        """The office says where the case stands."""
        steps = (Step(State.SUBMITTED, make.NOW_MS), Step(state, make.NOW_MS))
        view = CaseView(CASE, version, state, steps, reasons, slip, live_wanted=live_wanted)
        due_ms = make.NOW_MS + 86_400_000 if owed else 0
        view = replace(view, owed=owed, owed_due_ms=due_ms)
        assert self.give(KeepView(view)) is None

    def refused(self, refusal: Refusal) -> None:
        """The office does not take the submission."""
        assert self.give(KeepRefusal(refusal, submission=True)) is None

    def committed(self, steps: tuple[Step, ...]) -> None:
        """It has become real, by these steps of the office."""
        assert self.give(KeepView(CaseView(CASE, 9, steps[-1].state, steps))) is None

    def signed(self) -> None:
        """Up to the customer's signature."""
        self.submitted()
        self.view(State.PREPARED, 5, slip=SLIP)
        assert self.give(SeeSlip()) is None
        assert self.give(KeepInk(make.ink())) is None


__all__ = ["CASE", "DEBIT_CARD", "DEVICE", "SLIP", "DraftStory", "answer"]
