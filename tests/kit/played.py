"""A durable behaviour without its runtime: decides, writes, reads back and folds, and nothing else.

Events go through their stored form, so a state never shares a value with the verdict that led to
it; a behaviour whose events do not survive the journal fails here.
"""

from __future__ import annotations

from typing import Any, Generic

from actors.durable import Behaviour, Effect, Verdict
from actors.durable.behaviour import C, E, S
from actors.durable.tagged import Tagged
from wire.message import Refusal


class Played(Generic[S, C, E]):
    """One actor's state, moved by commands."""

    def __init__(self, behaviour: Behaviour[S, C, E], key: str, now_ms: int = 0) -> None:
        self.behaviour = behaviour
        self.state: S = behaviour.initial(key)
        self.now_ms = now_ms
        self.events: list[E] = []
        self.owed: list[Effect] = []
        self.verdict: Verdict[E] = Verdict()
        self._journal = Tagged(behaviour.event_type)

    def ask(self, command: C, who: str = "mei") -> Any:
        """The reply or the refusal; what the command leads to has happened."""
        verdict = self.behaviour.decide(self.state, command, self.now_ms, who)
        if isinstance(verdict, Refusal):
            return verdict
        self.verdict = verdict
        for event in verdict.events:
            stored: E = self._journal.decode(*self._journal.encode(event), "the journal")
            self.events.append(stored)
            self.state = self.behaviour.evolve(self.state, stored)
            self.owed += self.behaviour.react(self.state, stored)
        return verdict.reply

    def taken(self) -> list[Effect]:
        """What is owed; from now on it is owed no more."""
        owed, self.owed = self.owed, []
        return owed
