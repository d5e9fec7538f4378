"""Accounts and cards of the embedded core: what they are, and what stands against an operation.

Rules that only read; the operations themselves, and what they post, are in `core_bank`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.durable.persistent import PersistentMap
from backoffice.partners.embedded import PartnerState
from backoffice.partners.ledger import PostingGroup, available_funds
from backoffice.partners.operations import ActivateCard, HoldFunds, IssueCard, SignUp
from backoffice.partners.queries import CardsToActivate
from wire.card_stock import CardBox
from wire.message import Code, Refusal

SERVICES: Final = frozenset(
    {"mobile_bank", "sms_notice", "online_bank", "fast_pay", "auto_transfer", "agent_bill"}
)
"""What an account can be signed up for."""


class Allotment(CardBox, frozen=True, kw_only=True):
    """A box of blank cards that was delivered to a terminal."""

    terminal: str


class CorePolicy(msgspec.Struct, frozen=True):
    """What the embedded core is configured with.

    Attributes:
        stock_prefixes: first digits of the bank's cards, as a training core knows them.
        allotments: boxes of blank cards, and to which terminal each was delivered; a training core
            has one more for every terminal.
        cards_per_person_max: cards one person may hold in one union.
        pin_faults_max: wrong PINs before a card is locked and its holder must go to the counter.
        opening_fen: what a training office's customer finds in a new account, in fen.
    """

    stock_prefixes: tuple[str, ...] = ("621700",)
    allotments: tuple[Allotment, ...] = ()
    cards_per_person_max: int = 4
    pin_faults_max: int = 3
    opening_fen: int = 50_000_00


class Card(msgspec.Struct, frozen=True):
    """A card and where it stands: INACTIVE → ISSUED → ACTIVE, or VOID, or LOCKED.

    Attributes:
        pin_verifier: empty until the first PIN of a training card was seen.
        wrong_verifier: of the last wrong PIN, so that one entry for several services counts once.
        issued_ms: when it was handed out, Unix milliseconds; 0 of a training card.
        by_proxy: it was handed to a proxy of its holder.
        services: what its account is signed up for.
    """

    holder: str
    account: str
    account_class: str
    pin_verifier: bytes
    state: str = "INACTIVE"
    pin_faults: int = 0
    services: tuple[str, ...] = ()
    issued_ms: int = 0
    by_proxy: bool = False
    wrong_verifier: bytes = b""


CardOperation = IssueCard | ActivateCard | HoldFunds | SignUp
"""What a core is asked to do; all of it concerns a card."""


class CoreState(PartnerState, frozen=True):
    """Everything the embedded core knows of one union.

    Attributes:
        cards: by number.
        held: the numbers of a person's cards, by ID number.
        balances: as the ledger posts them.
    """

    cards: PersistentMap[str, Card] = PersistentMap()
    held: PersistentMap[str, tuple[str, ...]] = PersistentMap()
    balances: PersistentMap[str, int] = PersistentMap()
    accounts_opened: int = 0

    def available_fen(self, account: str) -> int:
        """What the holder may dispose of."""
        return -self.balances.get(available_funds(account), 0)

    def with_card(self, digits: str, card: Card) -> CoreState:
        """The state with a card that it did not know, or with what has become of one."""
        after = msgspec.structs.replace(self, cards=self.cards.put(digits, card))
        if digits in self.cards:
            return after
        held = self.held.put(card.holder, (*self.held.get(card.holder, ()), digits))
        return msgspec.structs.replace(after, held=held)

    def posted(self, group: PostingGroup) -> CoreState:
        """The state with the balances after a group of postings."""
        balances = self.balances
        for posting in group.postings:
            balances = balances.put(posting.account, balances.get(posting.account, 0) + posting.fen)
        return msgspec.structs.replace(self, balances=balances)


def issue_objection(
    state: CoreState, operation: IssueCard, policy: CorePolicy, boxes: Iterable[CardBox]
) -> Refusal | None:
    """A card of the terminal's stock, used once; so many cards for one person, one class-I account.

    Args:
        boxes: what was delivered to the terminal.
    """
    most, holder = policy.cards_per_person_max, operation.customer.number.number
    if operation.pan.digits in state.cards:
        return Refusal(Code.DUPLICATE, "该卡号已被使用，请更换新卡", "card")
    if not any(box.holds(operation.pan.digits) for box in boxes):
        return Refusal(Code.RANGE, "该卡未配发到本终端，请更换卡片", "card")
    own = (state.cards[digits] for digits in state.held.get(holder, ()))
    held = [card for card in own if card.state != "VOID"]
    if len(held) >= most:
        return Refusal(Code.LIMIT, f"同一客户最多持有{most}张卡", "id_card")
    if operation.account_class == "I" and any(card.account_class == "I" for card in held):
        return Refusal(Code.DUPLICATE, "该客户已有I类账户，请选择II类或III类", "account_class")
    return None


def card_objection(
    card: Card, operation: ActivateCard | HoldFunds | SignUp, policy: CorePolicy
) -> Refusal | None:
    """The right card, in the right state, in the right hands, with the right PIN."""
    if card.state in ("VOID", "INACTIVE"):
        return Refusal(Code.CORE_DECLINED, "该卡尚未发出，不能办理", "card")
    if card.state == "LOCKED":
        return Refusal(Code.CORE_DECLINED, "该卡密码已锁定，请到柜面办理", "card")
    if isinstance(operation, ActivateCard) and card.state == "ACTIVE":
        return Refusal(Code.DUPLICATE, "该卡已激活", "card")
    if isinstance(operation, HoldFunds) and card.state != "ACTIVE":
        return Refusal(Code.CORE_DECLINED, "该卡尚未激活，请先办理激活", "card")
    if card.holder != operation.customer.number.number:
        return Refusal(Code.ID_MISMATCH, "该卡不属于本客户，请核对卡片和身份证", "id_card")
    if card.pin_verifier in (b"", operation.pin_verifier):
        return None
    left = policy.pin_faults_max - faults_after(card, operation)
    words = f"密码错误，还可尝试{left}次" if left > 0 else "密码连续错误，该卡已锁定，请到柜面办理"
    return Refusal(Code.PIN, words, "pin")


def faults_after(card: Card, operation: ActivateCard | HoldFunds | SignUp) -> int:
    """How many wrong PINs there are with this one: several services share one entry."""
    shared = isinstance(operation, SignUp) and card.wrong_verifier == operation.pin_verifier
    return card.pin_faults if shared else card.pin_faults + 1


def activation_objection(card: Card | None, query: CardsToActivate) -> str:
    """Why somebody's card does not wait to be activated, in words; empty where it does."""
    if card is None or card.state in ("VOID", "INACTIVE"):
        return "该卡尚未发出，不能激活。"
    if card.holder != query.number.number:
        return "该卡不是本人的卡，不能激活。"
    if card.state == "LOCKED":
        return "该卡密码已锁定，请到柜面办理。"
    return "该卡已激活，无需再次办理。" if card.state == "ACTIVE" else ""


def funds_objection(operation: HoldFunds, available_fen: int) -> Refusal | None:
    """More than nothing, and no more than there is."""
    if operation.fen <= 0:
        return Refusal(Code.RANGE, "金额必须大于零")
    if operation.fen > available_fen:
        return Refusal(Code.CORE_DECLINED, "账户可用余额不足", "card")
    return None


def service_objection(state: CoreState, card: Card, operation: SignUp) -> Refusal | None:
    """A known service that is neither on nor being switched on."""
    if operation.service not in SERVICES:
        return Refusal(Code.RANGE, "没有这项签约服务", "services")
    others = [other.operation for other in state.open.values() if other.number == card.account]
    asked = any(isinstance(o, SignUp) and o.service == operation.service for o in others)
    if operation.service in card.services or asked:
        return Refusal(Code.DUPLICATE, "该账户已签约此项服务", "services")
    return None


__all__ = [
    "SERVICES",
    "Allotment",
    "Card",
    "CardOperation",
    "CorePolicy",
    "CoreState",
    "activation_objection",
    "card_objection",
    "faults_after",
    "funds_objection",
    "issue_objection",
    "service_objection",
]
