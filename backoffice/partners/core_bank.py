"""The embedded core bank: accounts, cards, services and a double-entry ledger behind the CORE port.

Every movement of money and of blank cards is a posting group (`backoffice.partners.ledger`): held
and available funds of an account are never negative, and the stock of every terminal balances.

A training core also knows cards that it never issued: the first hold or sign-up with such a card
opens an account for its holder, with the opening money, and trusts the first PIN that it sees. It
deliberately does not pay interest, keep limits per day, or know any other bank.
"""

from __future__ import annotations

from typing import Final

import msgspec

from backoffice.partners.core_accounts import (
    SERVICES,
    Card,
    CardOperation,
    CorePolicy,
    CoreState,
    activation_objection,
    card_objection,
    faults_after,
    funds_objection,
    issue_objection,
    service_objection,
)
from backoffice.partners.embedded import (
    AbortedOperation,
    CommitDeclined,
    CommittedOperation,
    Declined,
    EmbeddedPartner,
    Open,
    PartnerEvent,
    Prepared,
    ReversedOperation,
    Step,
    posting_group,
)
from backoffice.partners.ledger import (
    BLANK_CARD_FEN,
    PostingGroup,
    available_funds,
    blank_cards,
    clearing,
    delivered_cards,
    foreign_cards,
    held_funds,
    issued_cards,
    move,
    pay,
    reserved_cards,
    spoiled_cards,
    together,
    training_funds,
)
from backoffice.partners.listing import day_line, day_of, facts_of
from backoffice.partners.operations import (
    ActivateCard,
    HoldFunds,
    IssueCard,
    Operation,
    Partner,
    SignUp,
)
from backoffice.partners.queries import BlankCard, CardsToActivate, PartnerQuery
from wire.card_stock import CardBox, training_box
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item

PIN_FAULT: Final = "pin_fault"
"""The mark of a wrong PIN."""

PIN_LOCK: Final = "pin_lock"
"""The mark of the wrong PIN that locks the card."""


class CoreBank(EmbeddedPartner[CoreState]):
    """The rules of the embedded core.

    Args:
        training: see the module.
    """

    partner = Partner.CORE
    state_type = CoreState
    snapshot_version = 5

    def __init__(self, policy: CorePolicy | None = None, *, training: bool = False) -> None:
        self._policy = policy or CorePolicy()
        self._training = training

    def initial(self, key: str) -> CoreState:
        """An empty core for the union named `key`."""
        return CoreState(key)

    def evolve(self, state: CoreState, event: PartnerEvent) -> CoreState:
        """As every partner, and the balances after what was posted."""
        after, group = super().evolve(state, event), posting_group(event)
        return after if group is None else after.posted(group)

    def objection(self, state: CoreState, operation: Operation, now_ms: int) -> Refusal | None:
        """By operation: stock and number of cards; state, holder and PIN; balance; services."""
        operation = _of_a_card(operation)
        if isinstance(operation, IssueCard):
            boxes = self._boxes(operation.terminal)
            return issue_objection(state, operation, self._policy, boxes)
        card = state.cards.get(operation.pan.digits)
        known = card is not None
        if card is None and self._lends(operation):
            card = _training_card(operation, "")
        if card is None:
            return Refusal(Code.CORE_DECLINED, "该卡尚未发出，不能办理", "card")
        refusal = card_objection(card, operation, self._policy)
        if refusal is None and isinstance(operation, HoldFunds):
            fen = state.available_fen(card.account) if known else self._policy.opening_fen
            return funds_objection(operation, fen)
        if refusal is None and isinstance(operation, SignUp):
            return service_objection(state, card, operation)
        return refusal

    def number(self, state: CoreState, operation: Operation) -> str:
        """The account: the card's, or a new one."""
        card = state.cards.get(_of_a_card(operation).pan.digits)
        return card.account if card else f"{state.union}{state.accounts_opened + 1:010d}"

    def facts(self, state: CoreState, operation: Operation, number: str) -> dict[str, str]:
        """Account and card, masked."""
        pan = _of_a_card(operation).pan
        return {"account": f"{number[:6]}****{number[-4:]}", "card": pan.masked}

    def mark(self, state: CoreState, operation: Operation, refusal: Refusal) -> str:
        """Whether a wrong PIN was one too many."""
        if refusal.code is not Code.PIN:
            return ""
        operation = _of_a_card(operation)
        card = state.cards.get(operation.pan.digits)
        if card is None or isinstance(operation, IssueCard):
            return PIN_FAULT
        faults = faults_after(card, operation)
        if faults == card.pin_faults:
            return ""
        return PIN_LOCK if faults >= self._policy.pin_faults_max else PIN_FAULT

    def group(
        self, state: CoreState, step: Step, key: str, operation: Operation, number: str
    ) -> PostingGroup | None:
        """Cards leave the stock, money is held, debited or released; a new account is opened."""
        named = f"{key}/{step}"
        operation = _of_a_card(operation)
        if isinstance(operation, IssueCard):
            card = _card_moved(named, state.union, operation.terminal, step)
            return self._delivered(state, card, operation.terminal)
        if isinstance(operation, ActivateCard):
            if step is Step.REVERSE:
                return _taken_back(named, state, number)
            new = step is Step.COMMIT and not state.balances.get(available_funds(number))
            return self._opening(named, state, number) if new else None
        moved = None
        if isinstance(operation, HoldFunds):
            moved = _money_moved(named, step, number, operation.fen, operation.payee)
        if operation.pan.digits in state.cards:
            return moved
        lent = move(named, foreign_cards(state.union), issued_cards(state.union), BLANK_CARD_FEN)
        opened = self._opening(named, state, number)
        return together(named, *(group for group in (lent, opened, moved) if group is not None))

    def prepared(self, state: CoreState, event: Prepared) -> CoreState:
        """A card is bound; a right PIN forgives the wrong ones."""
        operation = _of_a_card(event.operation)
        digits = operation.pan.digits
        card = state.cards.get(digits)
        if card is None:
            state = msgspec.structs.replace(state, accounts_opened=state.accounts_opened + 1)
            card = (
                _bound_card(operation, event.number)
                if isinstance(operation, IssueCard)
                else _training_card(operation, event.number)
            )
        if not isinstance(operation, IssueCard):
            verifier = operation.pin_verifier
            card = msgspec.structs.replace(
                card, pin_faults=0, pin_verifier=verifier, wrong_verifier=b""
            )
        return state.with_card(digits, card)

    def declined(self, state: CoreState, event: Declined) -> CoreState:
        """Count a wrong PIN."""
        operation = _of_a_card(event.operation)
        digits = operation.pan.digits
        card = state.cards.get(digits)
        if card is None or not event.mark:
            return state
        counted = msgspec.structs.replace(
            card,
            pin_faults=card.pin_faults + 1,
            state="LOCKED" if event.mark == PIN_LOCK else card.state,
            wrong_verifier=operation.pin_verifier,
        )
        return state.with_card(digits, counted)

    def committed(self, state: CoreState, opened: Open, event: CommittedOperation) -> CoreState:
        """The card is issued or active, the service is on."""
        operation = _of_a_card(opened.operation)
        digits = operation.pan.digits
        card = state.cards[digits]
        # Wrong PINs under other keys may have locked it since; the counter undoes that.
        locked = card.state == "LOCKED"
        match operation:
            case SignUp(service=service):
                card = msgspec.structs.replace(card, services=(*card.services, service))
            case IssueCard():
                standing = card.state if locked else "ISSUED"
                card = msgspec.structs.replace(card, state=standing, issued_ms=event.at_ms)
            case ActivateCard() | HoldFunds():
                card = msgspec.structs.replace(card, state=card.state if locked else "ACTIVE")
        return state.with_card(digits, card)

    def released(
        self, state: CoreState, opened: Open, event: AbortedOperation | CommitDeclined
    ) -> CoreState:
        """A card that was bound is void."""
        if not isinstance(opened.operation, IssueCard):
            return state
        digits = opened.operation.pan.digits
        return state.with_card(digits, msgspec.structs.replace(state.cards[digits], state="VOID"))

    def reversal_objection(
        self, state: CoreState, operation: Operation, number: str, now_ms: int
    ) -> Refusal | None:
        """A card that somebody uses by now is not taken back; money and services are."""
        operation = _of_a_card(operation)
        card = state.cards[operation.pan.digits]
        if isinstance(operation, IssueCard) and available_funds(number) in state.balances:
            return Refusal(Code.CORE_DECLINED, "该卡已激活，不能冲正", "card")
        if not isinstance(operation, ActivateCard):
            return None
        used = any(other.number == number for other in state.open.values())
        opening = self._policy.opening_fen if self._training else 0
        if used or card.services or state.available_fen(number) != opening:
            return Refusal(Code.CORE_DECLINED, "账户已有交易或签约，不能冲正", "card")
        return None

    def reversed(self, state: CoreState, undone: Open, event: ReversedOperation) -> CoreState:
        """The card is void, or waits for its holder again; the service is off."""
        operation = _of_a_card(undone.operation)
        digits = operation.pan.digits
        card, locked = state.cards[digits], state.cards[digits].state == "LOCKED"
        match operation:
            case IssueCard():
                card = msgspec.structs.replace(card, state="VOID")
            case ActivateCard():
                card = msgspec.structs.replace(card, state=card.state if locked else "ISSUED")
            case SignUp(service=service):
                left = tuple(one for one in card.services if one != service)
                card = msgspec.structs.replace(card, services=left)
            case HoldFunds():
                return state
        return state.with_card(digits, card)

    def found(self, state: CoreState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """The one card that was read, while it is blank, or its holder has yet to activate it."""
        if isinstance(query, BlankCard):
            return self._blank(state, query)
        if self.nothing_found(state, query) or not isinstance(query, CardsToActivate):
            return ()
        pan, card = query.pan, state.cards[query.pan.digits]
        day = day_of(card.issued_ms)
        return (
            Item(
                code=f"{pan.masked}@{day}",
                title_zh=f"{day}发出，待激活",
                title_en=f"Issued {day}, not active yet",
                lines=(
                    SlipLine("卡号", "Card", pan.masked),
                    day_line("发卡日期", "Issued", card.issued_ms),
                    SlipLine("领卡人", "Handed to", "代理人" if card.by_proxy else "本人"),
                ),
                facts=facts_of(issued_ms=card.issued_ms, by_proxy=int(card.by_proxy)),
            ),
        )

    def nothing_found(self, state: CoreState, query: PartnerQuery) -> str:
        """Not issued, somebody else's, locked or active already."""
        if not isinstance(query, CardsToActivate):
            return ""
        return activation_objection(state.cards.get(query.pan.digits), query)

    def _boxes(self, terminal: str) -> tuple[CardBox, ...]:
        """What was delivered to a terminal."""
        own = tuple(box for box in self._policy.allotments if box.terminal == terminal)
        return (*own, training_box(terminal)) if self._training else own

    def _delivered(self, state: CoreState, moved: PostingGroup, terminal: str) -> PostingGroup:
        """With the first card of a terminal's stock, the delivery of all of it is posted."""
        stock = blank_cards(state.union, terminal)
        if stock in state.balances:
            return moved
        fen = sum(box.count for box in self._boxes(terminal)) * BLANK_CARD_FEN
        delivery = move(moved.key, delivered_cards(state.union), stock, fen)
        return together(moved.key, delivery, moved)

    def _blank(self, state: CoreState, query: BlankCard) -> tuple[Item, ...]:
        """The card, if the terminal has it to hand out."""
        held = any(box.holds(query.pan.digits) for box in self._boxes(query.terminal))
        if not held or query.pan.digits in state.cards:
            return ()
        masked = query.pan.masked
        return (Item(masked, masked, masked, facts=facts_of(terminal=query.terminal)),)

    def _lends(self, operation: CardOperation) -> bool:
        """Whether a training core takes an unknown card for one of its own."""
        known = operation.pan.digits.startswith(self._policy.stock_prefixes)
        return self._training and known and isinstance(operation, HoldFunds | SignUp)

    def _opening(self, key: str, state: CoreState, account: str) -> PostingGroup | None:
        """A training customer's first money."""
        if not (self._training and self._policy.opening_fen):
            return None
        source = training_funds(state.union)
        return pay(key, source, available_funds(account), self._policy.opening_fen)


def _of_a_card(operation: Operation) -> CardOperation:
    """The operation, one of the core's own: `EmbeddedPartner` has turned away all others."""
    assert isinstance(operation, CardOperation)
    return operation


def _bound_card(operation: IssueCard, account: str) -> Card:
    """A card of the stock, for its holder to sign for."""
    holder = operation.customer.number.number
    return Card(
        holder,
        account,
        operation.account_class,
        operation.pin_verifier,
        by_proxy=operation.by_proxy,
    )


def _training_card(operation: CardOperation, account: str) -> Card:
    """A card from elsewhere, as a training core takes it."""
    return Card(operation.customer.number.number, account, "II", b"", "ACTIVE")


def _card_moved(key: str, union: str, terminal: str, step: Step) -> PostingGroup:
    reserved = reserved_cards(union)
    match step:
        case Step.PREPARE:
            return move(key, blank_cards(union, terminal), reserved, BLANK_CARD_FEN)
        case Step.COMMIT:
            return move(key, reserved, issued_cards(union), BLANK_CARD_FEN)
        case Step.ABORT:
            return move(key, reserved, spoiled_cards(union), BLANK_CARD_FEN)
        case Step.REVERSE:
            return move(key, issued_cards(union), spoiled_cards(union), BLANK_CARD_FEN)


def _money_moved(key: str, step: Step, account: str, fen: int, payee: str) -> PostingGroup:
    available, held = available_funds(account), held_funds(account)
    match step:
        case Step.PREPARE:
            return pay(key, available, held, fen)
        case Step.COMMIT:
            return pay(key, held, clearing(payee), fen)
        case Step.ABORT:
            return pay(key, held, available, fen)
        case Step.REVERSE:
            return pay(key, clearing(payee), available, fen)


def _taken_back(key: str, state: CoreState, account: str) -> PostingGroup | None:
    """A training customer's first money, which nobody has touched since."""
    fen = state.available_fen(account)
    return pay(key, available_funds(account), training_funds(state.union), fen) if fen else None


__all__ = [
    "PIN_FAULT",
    "PIN_LOCK",
    "SERVICES",
    "Card",
    "CoreBank",
    "CorePolicy",
    "CoreState",
]
