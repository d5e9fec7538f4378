"""The one state machine of every business case: (state, trigger) → state, as a table.

All products go through it. The customer's signature always precedes the irreversible step: PREPARE
reserves, COMMIT makes real, ABORT releases; an answer that does not come leads to an UNKNOWN state,
from where the office only inquires by the same key. Where a plan has several legs, the state is
that of the whole: each leg is asked on its own, and may be asked again, in the same state. Pure
information is asked of nobody and signed by nobody: it is STORED. MANUAL is left through the stage
that was given up: what a partner answers at last, or what two persons say of each leg, is taken up
there, so that the states tell the truth whoever found it out. What is not in the table is refused
with `E_STATE`, so a step can be late or repeated, but never skipped.

It knows no times, people or products: who may pull a trigger is decided in `backoffice.cases.case`.
Invariant: `State` is partitioned into final states, without a row, and others, with at least one;
every state can be reached from `DRAFT`, and from every state a final one can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import Final

from wire.case_state import TITLES, State
from wire.message import Code, Refusal


class Trigger(StrEnum):
    """What can happen to a case."""

    IDENTIFY = "identify"
    CAPTURE = "capture"
    SUBMIT = "submit"
    WAIVE = "waive"
    """The rules alone let it pass; nobody needs to look."""
    QUEUE = "queue"
    CLAIM = "claim"
    RELEASE = "release"
    LAPSE = "lapse"
    APPROVE_FIRST = "approve_first"
    """The first of two approvals."""
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    CANCEL = "cancel"
    EXPIRE = "expire"
    STORE = "store"
    """Pure information is kept; no partner has a part in it."""
    PREPARE = "prepare"
    PREPARE_LOST = "prepare_lost"
    PREPARE_DONE = "prepare_done"
    DECLINE = "decline"
    SHOW_SLIP = "show_slip"
    SIGN = "sign"
    COMMIT = "commit"
    COMMIT_LOST = "commit_lost"
    COMMIT_DONE = "commit_done"
    DELIVER = "deliver"
    CLOSE = "close"
    ABORT = "abort"
    ABORT_LOST = "abort_lost"
    ABORT_DONE = "abort_done"
    GIVE_UP = "give_up"
    """The machine cannot settle it; a person must."""
    INQUIRE_PREPARE = "inquire_prepare"
    INQUIRE_COMMIT = "inquire_commit"


TABLE: Final[dict[State, dict[Trigger, State]]] = {
    State.DRAFT: {Trigger.IDENTIFY: State.IDENTIFIED},
    State.IDENTIFIED: {Trigger.CAPTURE: State.CAPTURED},
    State.CAPTURED: {Trigger.SUBMIT: State.SUBMITTED},
    State.SUBMITTED: {
        Trigger.WAIVE: State.AUTO_PASSED,
        Trigger.QUEUE: State.AUTH_QUEUED,
    },
    State.AUTO_PASSED: {
        Trigger.PREPARE: State.PREPARING,
        Trigger.STORE: State.STORED,
    },
    State.AUTH_QUEUED: {
        Trigger.CLAIM: State.AUTH_CLAIMED,
        Trigger.CANCEL: State.CANCELLED,
        Trigger.EXPIRE: State.EXPIRED,
    },
    State.AUTH_CLAIMED: {
        Trigger.CLAIM: State.AUTH_CLAIMED,
        Trigger.RELEASE: State.AUTH_QUEUED,
        Trigger.LAPSE: State.AUTH_QUEUED,
        Trigger.APPROVE_FIRST: State.AUTH_QUEUED,
        Trigger.APPROVE: State.AUTH_APPROVED,
        Trigger.RETURN: State.AUTH_RETURNED,
        Trigger.REJECT: State.AUTH_REJECTED,
        Trigger.CANCEL: State.CANCELLED,
    },
    State.AUTH_APPROVED: {
        Trigger.PREPARE: State.PREPARING,
        Trigger.STORE: State.STORED,
    },
    State.AUTH_RETURNED: {
        Trigger.CAPTURE: State.CAPTURED,
        Trigger.CANCEL: State.CANCELLED,
        Trigger.EXPIRE: State.EXPIRED,
    },
    State.STORED: {Trigger.CLOSE: State.CLOSED},
    State.PREPARING: {
        Trigger.PREPARE: State.PREPARING,
        Trigger.PREPARE_DONE: State.PREPARED,
        Trigger.PREPARE_LOST: State.PREPARE_UNKNOWN,
        Trigger.DECLINE: State.DECLINED,
        Trigger.ABORT: State.ABORTING,
        Trigger.GIVE_UP: State.MANUAL,
    },
    State.PREPARE_UNKNOWN: {
        Trigger.PREPARE: State.PREPARING,
        Trigger.PREPARE_DONE: State.PREPARED,
        Trigger.PREPARE_LOST: State.PREPARE_UNKNOWN,
        Trigger.DECLINE: State.DECLINED,
        Trigger.ABORT: State.ABORTING,
        Trigger.GIVE_UP: State.MANUAL,
    },
    State.PREPARED: {
        Trigger.SHOW_SLIP: State.SLIP_SHOWN,
        Trigger.ABORT: State.ABORTING,
    },
    State.SLIP_SHOWN: {
        Trigger.SIGN: State.SIGNED,
        Trigger.ABORT: State.ABORTING,
    },
    State.SIGNED: {Trigger.COMMIT: State.COMMITTING},
    State.COMMITTING: {
        Trigger.COMMIT: State.COMMITTING,
        Trigger.COMMIT_DONE: State.COMMITTED,
        Trigger.COMMIT_LOST: State.COMMIT_UNKNOWN,
        Trigger.ABORT: State.ABORTING,
        Trigger.GIVE_UP: State.MANUAL,
    },
    State.COMMIT_UNKNOWN: {
        Trigger.COMMIT: State.COMMITTING,
        Trigger.COMMIT_DONE: State.COMMITTED,
        Trigger.COMMIT_LOST: State.COMMIT_UNKNOWN,
        Trigger.ABORT: State.ABORTING,
        Trigger.GIVE_UP: State.MANUAL,
    },
    State.COMMITTED: {
        Trigger.DELIVER: State.DELIVERED,
        Trigger.CLOSE: State.CLOSED,
    },
    State.DELIVERED: {Trigger.CLOSE: State.CLOSED},
    State.ABORTING: {
        Trigger.ABORT_DONE: State.ABORTED,
        Trigger.ABORT_LOST: State.ABORTING,
        Trigger.GIVE_UP: State.MANUAL,
    },
    State.MANUAL: {
        Trigger.INQUIRE_PREPARE: State.PREPARE_UNKNOWN,
        Trigger.INQUIRE_COMMIT: State.COMMIT_UNKNOWN,
        Trigger.ABORT: State.ABORTING,
    },
}
"""State → what can happen there → where it leads. Final states have no row."""


UNSIGNED: Final = frozenset({State.PREPARED, State.SLIP_SHOWN})
"""Where everything is prepared and waits for the customer's signature."""


def allows(state: State, trigger: Trigger) -> bool:
    """Whether the trigger may be pulled in this state."""
    return trigger in TABLE.get(state, {})


def step(state: State, trigger: Trigger) -> State | Refusal:
    """Where the trigger leads, or `E_STATE`; defined for every pair."""
    after = TABLE.get(state, {}).get(trigger)
    return wrong_state(state) if after is None else after


def wrong_state(state: State) -> Refusal:
    """The refusal of whatever does not fit the state."""
    return Refusal(Code.STATE, f"业务当前状态为“{TITLES[state][0]}”，不能进行此操作。")


def path_is_legal(states: Iterable[State]) -> bool:
    """Whether a history is a path of the table that begins at the draft (invariant I7)."""
    path = list(states)
    if not path or path[0] is not State.DRAFT:
        return False
    return all(after in TABLE.get(before, {}).values() for before, after in pairwise(path))


def as_mermaid() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.DRAFT}"]
    for state in State:
        row = TABLE.get(state, {})
        lines += [f"    {state} --> {after}: {trigger}" for trigger, after in row.items()]
        if not row:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines) + "\n"


__all__ = [
    "TABLE",
    "UNSIGNED",
    "Trigger",
    "allows",
    "as_mermaid",
    "path_is_legal",
    "step",
    "wrong_state",
]
