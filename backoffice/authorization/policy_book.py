"""The book of routing policies: which document is in force, who put it there, and all before it.

One durable actor, `/office/policy`, stream `policy`; each change is an event and so in an entry of
the audit log. Version 1 is the default and is in force before anything happened. Cases ask it only
when they are submitted (`GetRouting`) and keep the version they got.

A version is never edited: a change and a rollback both make the next one. Invariant: versions rise
by one, and the document in force was valid when it was put there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from actors.durable import Behaviour, Verdict
from backoffice.authorization.policy import (
    DEFAULT_POLICY,
    DEFAULT_TEXT,
    BadPolicy,
    Routing,
    RoutingPolicy,
    parse_policy,
)
from wire.message import Code, Refusal, Request
from wire.messages.policy import (
    NOTE_CHARS_MAX,
    GetPolicy,
    PolicyHistory,
    PolicyText,
    PolicyVersion,
    PolicyVersions,
    RollbackPolicy,
    SetPolicy,
)
from wire.text import normalised, text_fault

STREAM: Final = "policy"

KEPT_MAX: Final = 100
"""How many versions can be read and restored; older ones are in the journal for good."""

PROBLEMS_TOLD_MAX: Final = 5
"""How many faults of a document one refusal names."""


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """One version: about it, the document as handed in, and what it means."""

    about: PolicyVersion
    text: str
    policy: RoutingPolicy


class PolicyChanged(msgspec.Struct, frozen=True, tag="PolicyChanged"):
    """A document was put in force."""

    page: PolicyPage


class GetRouting(Request[Routing], frozen=True, tag="GetRouting"):
    """The policy in force, for a case that is submitted now."""


PolicyCommand = GetRouting | GetPolicy | SetPolicy | PolicyHistory | RollbackPolicy


class PolicyBookState(msgspec.Struct, frozen=True):
    """The newest versions, newest first; never empty."""

    pages: tuple[PolicyPage, ...]

    @property
    def current(self) -> PolicyPage:
        """The version in force."""
        return self.pages[0]

    def page(self, version: int) -> PolicyPage | None:
        """A version that is still kept."""
        return next((page for page in self.pages if page.about.version == version), None)


_FIRST: Final = PolicyPage(
    about=PolicyVersion(version=1, author="", note="系统默认", at_ms=0),
    text=DEFAULT_TEXT,
    policy=DEFAULT_POLICY,
)
_NO_SUCH: Final = Refusal(Code.NOT_FOUND, "没有这个版本，或版本过旧。", "version")
_MOVED_ON: Final = Refusal(Code.STALE, "授权策略已被他人更新，请查看当前版本后重新修改。", "base")


class PolicyBook(Behaviour[PolicyBookState, PolicyCommand, PolicyChanged]):
    """The rules of the book.

    Args:
        products: codes that rules may name; empty to accept any.
    """

    event_type = PolicyChanged

    def __init__(self, products: Collection[str] = ()) -> None:
        self._products = frozenset(products)

    def initial(self, key: str) -> PolicyBookState:
        """The default."""
        del key
        return PolicyBookState((_FIRST,))

    def decide(
        self, state: PolicyBookState, command: PolicyCommand, now_ms: int, who: str
    ) -> Verdict[PolicyChanged] | Refusal:
        """Read it or write its next version; what is in force already is not written again."""
        current = state.current
        match command:
            case GetRouting():
                return Verdict(reply=Routing(current.about.version, current.policy))
            case PolicyHistory():
                return Verdict(reply=PolicyVersions(tuple(page.about for page in state.pages)))
            case GetPolicy(version=version):
                page = state.page(version) if version else current
                return _NO_SUCH if page is None else Verdict(reply=_shown(page))
            case SetPolicy():
                return self._set(current, command, now_ms, who)
            case RollbackPolicy():
                return _roll_back(state, command, now_ms, who)

    def evolve(self, state: PolicyBookState, event: PolicyChanged) -> PolicyBookState:
        """One page more; the oldest goes."""
        return PolicyBookState((event.page, *state.pages[: KEPT_MAX - 1]))

    def inspect(self, state: PolicyBookState) -> dict[str, object]:
        """Which version is in force."""
        about = state.current.about
        return {"version": about.version, "author": about.author, "since_ms": about.at_ms}

    def _set(
        self, current: PolicyPage, command: SetPolicy, now_ms: int, who: str
    ) -> Verdict[PolicyChanged] | Refusal:
        note, about = normalised(command.note), current.about
        if (current.text, about.note, about.author) == (command.text, note, who):
            return Verdict(reply=_shown(current))
        if command.base not in (0, about.version):
            return _MOVED_ON
        fault = _note_fault(note)
        if fault is not None:
            return fault
        try:
            policy = parse_policy(command.text, self._products)
        except BadPolicy as bad:
            told = bad.problems[:PROBLEMS_TOLD_MAX]
            more = len(bad.problems) - len(told)
            rest = f"另有{more}处问题。" if more else ""
            return Refusal(Code.FORMAT, "".join((*told, rest)), "text")
        version = PolicyVersion(version=about.version + 1, author=who, note=note, at_ms=now_ms)
        return _written(PolicyPage(about=version, text=command.text, policy=policy))


def _roll_back(
    state: PolicyBookState, command: RollbackPolicy, now_ms: int, who: str
) -> Verdict[PolicyChanged] | Refusal:
    note, current = normalised(command.note), state.current
    about = current.about
    if (about.restored, about.note, about.author) == (command.version, note, who):
        return Verdict(reply=_shown(current))
    page = state.page(command.version)
    if page is None:
        return _NO_SUCH
    if page is current:
        return Refusal(Code.STATE, "该版本正在使用，无需恢复。", "version")
    fault = _note_fault(note)
    if fault is not None:
        return fault
    version = PolicyVersion(
        version=about.version + 1,
        author=who,
        note=note,
        at_ms=now_ms,
        restored=command.version,
    )
    return _written(PolicyPage(about=version, text=page.text, policy=page.policy))


def _note_fault(note: str) -> Refusal | None:
    return text_fault(note, "变更说明", NOTE_CHARS_MAX, "note", lines=True)


def _written(page: PolicyPage) -> Verdict[PolicyChanged]:
    return Verdict((PolicyChanged(page),), _shown(page))


def _shown(page: PolicyPage) -> PolicyText:
    return PolicyText(about=page.about, text=page.text)


__all__ = [
    "KEPT_MAX",
    "STREAM",
    "GetRouting",
    "PolicyBook",
    "PolicyBookState",
    "PolicyChanged",
    "PolicyCommand",
    "PolicyPage",
]
