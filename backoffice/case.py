"""A business case: from the submission to the hand-over, as one durable behaviour.

Stream `case/<union>/<case_id>`. The rules decide on commands whose facts the office has proven; the
state machine (`backoffice.case_flow`) has the last word on every step. Effects go to the handlers
`core` (answers come back as `CoreOutcome`, silence as `CoreUnknown`, a core's refusal as a DECLINED
outcome), `terminal` and `queue` (hints that may be missed), and `self` (durable reminders).

Held here: a revision is stored once, the same one again gets the same answer and another one under
its number is refused; nothing is prepared without the authorization its level asks for; nothing is
committed before the customer has signed the very slip that was prepared; nobody decides on what
they captured. Whatever is repeated leads to nothing new.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from actors.behaviour import Behaviour, Verdict
from actors.store import Claim as StoreClaim
from actors.store import ClaimConflict
from backoffice.authorization import POLICY, Policy
from backoffice.case_commands import (
    Caller,
    CaseCommand,
    Claim,
    CoreUnknown,
    FileCase,
    FromTerminal,
    Judge,
    Reinquire,
    Release,
    Renew,
    Settle,
)
from backoffice.case_core import TERMS, Terms, answered, unanswered
from backoffice.case_duties import duties
from backoffice.case_events import (
    AbortStarted,
    AnyCaseEvent,
    Approved,
    Cancelled,
    CaseEffect,
    Claimed,
    ClaimReleased,
    ClaimRenewed,
    Closed,
    CommitStarted,
    DayEnded,
    Expired,
    FirstApproved,
    HandedOver,
    LeaseDue,
    LeaseLapsed,
    PrepareStarted,
    Queued,
    Rejected,
    Reopened,
    Returned,
    Settled,
    Signed,
    SlipDue,
    SlipSeen,
    Submitted,
    Waived,
)
from backoffice.case_flow import Trigger, allows, wrong_state
from backoffice.case_record import Case, evolve, new_case
from backoffice.case_view import dossier_of, entry_of, file_of, queue_document, view_of
from backoffice.core import CoreOutcome, Prepare
from backoffice.decision import Verify, check_decision, in_words
from backoffice.product import Product, Unique
from backoffice.queue import kept_apart
from backoffice.slip import build_slip, signed_body
from wire.case_state import State
from wire.checks import CHINA, LIMITS, Context, Limits, check_ink, check_time
from wire.keys import SLIP
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.case import (
    CancelCase,
    Delivered,
    GetCase,
    RefuseSlip,
    SignSlip,
    SlipShown,
)

REASON_CHARS_MAX: Final = 200
"""The longest reason or note that a teller or reconciler may give, in characters."""

_UNKNOWN: Final = Refusal(Code.NOT_FOUND, "没有找到该业务。")
_OTHER_CONTENT: Final = Refusal(Code.KEY_CONFLICT, "同一业务编号已提交过不同内容，请新建业务。")
_SLIP_CHANGED: Final = Refusal(Code.STALE, "确认单内容已更新，请客户重新阅读。")
_UNWANTED: Final = Refusal(Code.STATE, "客户放弃办理，业务已撤销。")
_UNSIGNED: Final = Refusal(Code.STATE, "客户逾期未签字，业务已自动撤销。")
_GIVEN_BACK: Final = frozenset(
    {State.CANCELLED, State.EXPIRED, State.AUTH_REJECTED, State.DECLINED, State.ABORTED}
)
_ABORT_BEGUN: Final = frozenset({State.ABORTING, State.ABORTED})

CaseVerdict = Verdict[AnyCaseEvent] | Refusal


def stream_of(union: str, case_id: str) -> str:
    """The name of a case's stream; without `case/` it is the behaviour's key."""
    return f"case/{union}/{case_id}"


def end_of_day_ms(at_ms: int) -> int:
    """The midnight that ends the business day of a moment, Unix milliseconds."""
    day = dt.datetime.fromtimestamp(at_ms / 1000, CHINA).date() + dt.timedelta(days=1)
    return int(dt.datetime.combine(day, dt.time(), CHINA).timestamp() * 1000)


class CaseBehaviour(Behaviour[Case, CaseCommand, AnyCaseEvent]):
    """The rules of every business case.

    Args:
        products: by code, as `backoffice.product.products` found them.
        verify: `wire.keys.verify`.
        policy: how long queued cases may wait.
        terms: leases, expiries and inquiries.
        limits: bounds of the checks that are made here.
    """

    event_type = AnyCaseEvent
    effect_types = CaseEffect
    state_type = Case

    def __init__(
        self,
        products: Mapping[str, Product],
        verify: Verify,
        policy: Policy = POLICY,
        terms: Terms = TERMS,
        limits: Limits = LIMITS,
    ) -> None:
        self._products = products
        self._verify = verify
        self._policy = policy
        self._terms = terms
        self._limits = limits

    def initial(self, key: str) -> Case:
        """A case that nobody has heard of; `key` is `<union>/<case_id>`."""
        return new_case(key)

    def evolve(self, state: Case, event: AnyCaseEvent) -> Case:
        """See `backoffice.case_record`."""
        return evolve(state, event)

    def inspect(self, state: Case) -> dict[str, object]:
        """Where it stands."""
        return {"state": state.state.value, "version": state.version, "returns": state.returns}

    def decide(self, state: Case, command: CaseCommand, now_ms: int, who: str) -> CaseVerdict:
        """One command; refusals are complete, repeats lead to nothing new."""
        del who
        if isinstance(command, FileCase):
            return self._file(state, command, now_ms)
        if state.intake is None:
            return _UNKNOWN
        match command:
            case FromTerminal():
                return self._from_terminal(state, command, now_ms)
            case Claim():
                return self._claim(state, command, now_ms)
            case Renew():
                return self._renew(state, command, now_ms)
            case Release():
                return self._release(state, command, now_ms)
            case Judge():
                return self._judge(state, command, now_ms)
            case CoreOutcome():
                return self._core_answered(state, command, now_ms)
            case CoreUnknown(key=key):
                return self._after(state, *unanswered(state, key, now_ms, self._terms))
            case LeaseDue() | DayEnded() | SlipDue():
                return self._reminded(state, command, now_ms)
            case Reinquire() | Settle():
                return self._reconcile(state, command, now_ms)

    def react(self, state: Case, event: AnyCaseEvent) -> Iterable[duties.Effect]:
        """What the office owes after an event."""
        return duties(state, event, self._product(state))

    def refused_claim(self, state: Case, command: CaseCommand, conflict: ClaimConflict) -> Refusal:
        """Another case owns the card or the account: say so at its field."""
        del state
        owned = command.intake.unique if isinstance(command, FileCase) else ()
        for unique in owned:
            if unique.scope == conflict.scope:
                return Refusal(Code.DUPLICATE, unique.message, unique.field)
        return Refusal(Code.DUPLICATE, "该业务要素已被其他业务占用。")

    def _product(self, case: Case) -> Product:
        return self._products[case.filed.product]
