"""The embedded core bank: accounts, cards and a double-entry ledger behind the CORE port.

One durable actor per county union, stream `core/<union>`. Every operation lives under the key that
the case made: the same request gets the stored outcome for ever, another request under that key is
refused, and an ABORT that overtakes its PREPARE is remembered so that the late PREPARE finds the
key spent. Each step posts at most one group, keyed `<key>/<step>`.

`evolve` owns the state that it is given and may change it in place; `decide` only reads.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.behaviour import Behaviour, Verdict
from backoffice.partners.core import (
    Abort,
    Commit,
    CoreOutcome,
    CoreRequest,
    CoreStatus,
    Inquire,
    IssueCard,
    Operation,
    Prepare,
)
from backoffice.partners.ledger import (
    BLANK_CARD_FEN,
    PostingGroup,
    blank_cards,
    issued_cards,
    move,
    reserved_cards,
    spoiled_cards,
)
from wire.codec import encode
from wire.message import Code, Refusal

PIN_FAULTS_MAX: Final = 3
"""Wrong PINs before a card is locked and its holder must go to the counter."""

CARDS_PER_PERSON_MAX: Final = 4
"""Cards one person may hold in one union."""


class CorePolicy(msgspec.Struct, frozen=True):
    """What the embedded core is configured with.

    Attributes:
        stock_prefixes: first digits of the cards that were delivered to this union.
    """

    stock_prefixes: tuple[str, ...] = ("621700",)


class Card(msgspec.Struct):
    """A card and where it stands: INACTIVE → ISSUED → ACTIVE, or VOID, or LOCKED."""

    holder: str
    account: str
    account_class: str
    pin_verifier: bytes
    state: str = "INACTIVE"
    pin_faults: int = 0


class Entry(msgspec.Struct):
    """What the core remembers of one key."""

    digest: bytes
    operation: Operation | None
    outcome: CoreOutcome


class Prepared(msgspec.Struct, frozen=True, tag="CorePrepared"):
    """Resources are reserved under the key."""

    key: str
    digest: bytes
    operation: Operation
    account: str
    facts: dict[str, str]
    group: PostingGroup | None


class Declined(msgspec.Struct, frozen=True, tag="CoreDeclined"):
    """The core said no; `pin_fault` names the card whose PIN was wrong."""

    key: str
    digest: bytes
    refusal: Refusal
    pin_fault: str = ""


class CommittedOperation(msgspec.Struct, frozen=True, tag="CoreCommitted"):
    """The prepared operation is real."""

    key: str
    group: PostingGroup | None


class AbortedOperation(msgspec.Struct, frozen=True, tag="CoreAborted"):
    """What was prepared is released, or the key is spent before anything was prepared."""

    key: str
    group: PostingGroup | None


CoreEvent = Prepared | Declined | CommittedOperation | AbortedOperation


@dataclass
class CoreState:
    """Everything the embedded core knows of one union."""

    union: str
    cards: dict[str, Card] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    accounts_opened: int = 0


def operation_digest(operation: Operation) -> bytes:
    """BLAKE2b-256 that tells a repeated request from a changed one."""
    return hashlib.blake2b(encode(operation), digest_size=32).digest()


class CoreBank(Behaviour[CoreState, CoreRequest, CoreEvent]):
    """The rules of the embedded core."""

    event_type = CoreEvent
    state_type = CoreState

    def __init__(self, policy: CorePolicy | None = None) -> None:
        self._policy = policy or CorePolicy()

    def initial(self, key: str) -> CoreState:
        """An empty core for the union named `key`."""
        return CoreState(union=key)

    def decide(
        self, state: CoreState, command: CoreRequest, now_ms: int, who: str
    ) -> Verdict[CoreEvent] | Refusal:
        """Answer with a definite outcome; only PREPARE can be declined."""
        entry = state.entries.get(command.key)
        match command:
            case Inquire():
                return Verdict(reply=_outcome(entry, command.key))
            case Prepare(operation=operation):
                return self._prepare(state, entry, command.key, operation)
            case Commit():
                return _commit(state, entry, command.key)
            case Abort():
                return _abort(state, entry, command.key)

    def _prepare(
        self, state: CoreState, entry: Entry | None, key: str, operation: Operation
    ) -> Verdict[CoreEvent] | Refusal:
        digest = operation_digest(operation)
        if entry is not None:
            spent = entry.operation is None and entry.outcome.status is CoreStatus.ABORTED
            if entry.digest != digest and not spent:
                return Refusal(Code.KEY_CONFLICT, "同一业务流水号的内容与之前不一致")
            return Verdict(reply=entry.outcome)
        refusal = _objection(state, operation, self._policy)
        if refusal is not None:
            fault = operation.pan.digits if refusal.code is Code.PIN else ""
            event: CoreEvent = Declined(key, digest, refusal, fault)
            return Verdict((event,), CoreOutcome(key, CoreStatus.DECLINED, refusal))
        pan, group = operation.pan, None
        if isinstance(operation, IssueCard):
            account = f"{state.union}{state.accounts_opened + 1:010d}"
            stock, reserved = blank_cards(state.union), reserved_cards(state.union)
            group = move(f"{key}/prepare", stock, reserved, BLANK_CARD_FEN)
        else:
            account = state.cards[pan.digits].account
        facts = {"account": _masked_account(account), "card": pan.masked}
        prepared = Prepared(key, digest, operation, account, facts, group)
        reply = CoreOutcome(key, CoreStatus.PREPARED, facts=facts)
        return Verdict((prepared,), reply)

    def evolve(self, state: CoreState, event: CoreEvent) -> CoreState:
        """Apply one event; takes ownership of `state`."""
        match event:
            case Prepared(key=key, operation=operation):
                outcome = CoreOutcome(key, CoreStatus.PREPARED, facts=event.facts)
                state.entries[key] = Entry(event.digest, operation, outcome)
                if isinstance(operation, IssueCard):
                    state.accounts_opened += 1
                    state.cards[operation.pan.digits] = Card(
                        operation.customer.number.number,
                        event.account,
                        operation.account_class,
                        operation.pin_verifier,
                    )
                else:
                    state.cards[operation.pan.digits].pin_faults = 0
            case Declined(key=key):
                outcome = CoreOutcome(key, CoreStatus.DECLINED, event.refusal)
                state.entries[key] = Entry(event.digest, None, outcome)
                card = state.cards.get(event.pin_fault)
                if card is not None:
                    card.pin_faults += 1
                    if card.pin_faults >= PIN_FAULTS_MAX:
                        card.state = "LOCKED"
            case CommittedOperation(key=key):
                entry = state.entries[key]
                entry.outcome = CoreOutcome(key, CoreStatus.COMMITTED, facts=entry.outcome.facts)
                assert entry.operation is not None
                card = state.cards[entry.operation.pan.digits]
                # Wrong PINs under other keys may have locked it since; the counter undoes that.
                if card.state != "LOCKED":
                    card.state = "ISSUED" if isinstance(entry.operation, IssueCard) else "ACTIVE"
            case AbortedOperation(key=key):
                known = state.entries.get(key)
                outcome = CoreOutcome(key, CoreStatus.ABORTED)
                if known is None:
                    state.entries[key] = Entry(b"", None, outcome)
                else:
                    known.outcome = outcome
                    if isinstance(known.operation, IssueCard):
                        state.cards[known.operation.pan.digits].state = "VOID"
        return state


def posting_group(event: CoreEvent) -> PostingGroup | None:
    """The group that an event posted, for the verifier."""
    return None if isinstance(event, Declined) else event.group


def _commit(state: CoreState, entry: Entry | None, key: str) -> Verdict[CoreEvent]:
    if entry is None or entry.outcome.status is not CoreStatus.PREPARED:
        return Verdict(reply=_outcome(entry, key))
    group = None
    if isinstance(entry.operation, IssueCard):
        reserved, issued = reserved_cards(state.union), issued_cards(state.union)
        group = move(f"{key}/commit", reserved, issued, BLANK_CARD_FEN)
    outcome = CoreOutcome(key, CoreStatus.COMMITTED, facts=entry.outcome.facts)
    return Verdict((CommittedOperation(key, group),), outcome)


def _abort(state: CoreState, entry: Entry | None, key: str) -> Verdict[CoreEvent]:
    if entry is not None and entry.outcome.status is not CoreStatus.PREPARED:
        return Verdict(reply=_outcome(entry, key))
    group = None
    if entry is not None and isinstance(entry.operation, IssueCard):
        reserved, spoiled = reserved_cards(state.union), spoiled_cards(state.union)
        group = move(f"{key}/abort", reserved, spoiled, BLANK_CARD_FEN)
    return Verdict((AbortedOperation(key, group),), CoreOutcome(key, CoreStatus.ABORTED))


def _objection(state: CoreState, operation: Operation, policy: CorePolicy) -> Refusal | None:
    card = state.cards.get(operation.pan.digits)
    holder = operation.customer.number.number
    if isinstance(operation, IssueCard):
        if card is not None:
            return Refusal(Code.DUPLICATE, "该卡号已被使用，请更换新卡", "card")
        if not operation.pan.digits.startswith(policy.stock_prefixes):
            return Refusal(Code.CORE_DECLINED, "该卡不在本机构库存内", "card")
        held = [c for c in state.cards.values() if c.holder == holder and c.state != "VOID"]
        if len(held) >= CARDS_PER_PERSON_MAX:
            return Refusal(Code.LIMIT, f"同一客户最多持有{CARDS_PER_PERSON_MAX}张卡", "id_card")
        if operation.account_class == "I" and any(c.account_class == "I" for c in held):
            return Refusal(Code.DUPLICATE, "该客户已有I类账户，请选择II类或III类", "account_class")
        return None
    if card is None or card.state in ("VOID", "INACTIVE"):
        return Refusal(Code.CORE_DECLINED, "该卡尚未发出，不能激活", "card")
    if card.state == "LOCKED":
        return Refusal(Code.CORE_DECLINED, "该卡密码已锁定，请到柜面办理", "card")
    if card.state == "ACTIVE":
        return Refusal(Code.DUPLICATE, "该卡已激活", "card")
    if card.holder != holder:
        return Refusal(Code.ID_MISMATCH, "持卡人与身份证不一致", "id_card")
    if card.pin_verifier != operation.pin_verifier:
        left = PIN_FAULTS_MAX - card.pin_faults - 1
        words = f"密码错误，还可尝试{left}次" if left else "密码连续错误，该卡已锁定"
        return Refusal(Code.PIN, words, "pin")
    return None


def _outcome(entry: Entry | None, key: str) -> CoreOutcome:
    return CoreOutcome(key, CoreStatus.UNKNOWN_KEY) if entry is None else entry.outcome


def _masked_account(account: str) -> str:
    return f"{account[:6]}****{account[-4:]}"


__all__ = [
    "CARDS_PER_PERSON_MAX",
    "PIN_FAULTS_MAX",
    "Card",
    "CoreBank",
    "CoreEvent",
    "CorePolicy",
    "CoreState",
    "operation_digest",
    "posting_group",
]
