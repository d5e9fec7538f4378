"""A toy behaviour: a savings box that counts coins, pays out through a teller, and nags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from actors.durable import Behaviour, Effect, Reminder, Verdict
from actors.store import Claim, ClaimConflict
from wire.message import Code, Message, Refusal, Request


class Balance(msgspec.Struct, frozen=True):
    coins: int


class Put(Request[Balance], frozen=True):
    """Put coins in; `number` makes it idempotent."""

    number: int
    coins: int


class PayOut(Request[Balance], frozen=True):
    number: int
    coins: int


class Look(Request[Balance], frozen=True):
    pass


class Label(Request[Balance], frozen=True):
    """Give the box a label that no other box has."""

    label: str


class Remind(Request[Balance], frozen=True):
    """Nag then, and at no other time; 0 for never."""

    due_ms: int


class Explode(Request[Balance], frozen=True):
    """A command on which the rules raise."""


class Paid(Message, frozen=True, tag="paid-reply"):
    number: int


class Pay(Message, frozen=True, tag="pay"):
    number: int
    coins: int


class Nag(Message, frozen=True, tag="nag"):
    pass


class CoinsPut(msgspec.Struct, frozen=True, tag="put"):
    number: int
    coins: int


class PayoutOrdered(msgspec.Struct, frozen=True, tag="ordered"):
    number: int
    coins: int


class PayoutDone(msgspec.Struct, frozen=True, tag="done"):
    number: int


class Labelled(msgspec.Struct, frozen=True, tag="labelled"):
    label: str


class ReminderSet(msgspec.Struct, frozen=True, tag="reminder"):
    due_ms: int


class Nagged(msgspec.Struct, frozen=True, tag="nagged"):
    pass


BoxEvent = CoinsPut | PayoutOrdered | PayoutDone | Labelled | ReminderSet | Nagged
BoxCommand = Put | PayOut | Look | Label | Remind | Explode | Paid | Nag


class Box(msgspec.Struct, frozen=True):
    key: str
    coins: int = 0
    seen: tuple[int, ...] = ()
    paid: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    nag_ms: int = 0
    nagged: int = 0


class BoxRules(Behaviour[Box, BoxCommand, BoxEvent]):
    event_type: ClassVar[object] = BoxEvent
    effect_types: ClassVar[object] = Pay | Nag

    def initial(self, key: str) -> Box:
        return Box(key)

    def decide(
        self, state: Box, command: BoxCommand, now_ms: int, who: str
    ) -> Verdict[BoxEvent] | Refusal:
        events: tuple[BoxEvent, ...] = ()
        claims: tuple[Claim, ...] = ()
        match command:
            case Put(number, coins):
                if coins <= 0:
                    return Refusal(Code.RANGE, "金额必须为正数。", "coins")
                if number not in state.seen:
                    events = (CoinsPut(number, coins),)
            case PayOut(number, coins):
                if number not in state.seen:
                    if coins > state.coins:
                        return Refusal(Code.LIMIT, "余额不足。", "coins")
                    events = (PayoutOrdered(number, coins),)
            case Paid(number):
                if number in state.paid:
                    return Refusal(Code.STATE, "已经付款。")
                events = (PayoutDone(number),)
            case Label(label):
                events = (Labelled(label),)
                claims = (Claim("label", label, state.key),)
            case Remind(due_ms):
                events = (ReminderSet(due_ms),)
            case Nag():
                events = (Nagged(),)
            case Explode():
                raise ZeroDivisionError
            case Look():
                pass
        after = state
        for event in events:
            after = self.evolve(after, event)
        return Verdict(events, Balance(after.coins), claims)

    def evolve(self, state: Box, event: BoxEvent) -> Box:
        replace = msgspec.structs.replace
        match event:
            case CoinsPut(number, coins):
                return replace(state, coins=state.coins + coins, seen=(*state.seen, number))
            case PayoutOrdered(number, coins):
                return replace(state, coins=state.coins - coins, seen=(*state.seen, number))
            case PayoutDone(number):
                return replace(state, paid=(*state.paid, number))
            case Labelled(label):
                return replace(state, labels=(*state.labels, label))
            case Nagged():
                return replace(state, nag_ms=0, nagged=state.nagged + 1)
            case ReminderSet(due_ms):
                return replace(state, nag_ms=due_ms)

    def react(self, state: Box, event: BoxEvent) -> Iterable[Effect]:
        match event:
            case PayoutOrdered(number, coins):
                return (Effect("teller", Pay(number, coins)),)
            case _:
                return ()

    def reminders(self, state: Box) -> Iterable[Reminder]:
        return (Reminder(Nag(), state.nag_ms),) if state.nag_ms else ()

    def refused_claim(self, state: Box, command: BoxCommand, conflict: ClaimConflict) -> Refusal:
        return Refusal(Code.KEY_CONFLICT, "标签已被占用。", conflict.scope)

    def inspect(self, state: Box) -> dict[str, object]:
        return {"coins": state.coins, "nagged": state.nagged}
