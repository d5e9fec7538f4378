"""A case under review: claim, heartbeat, release, judgement; which events each leads to.

A claim is a lease on one desk. It ends by decision, by release, or by silence; then the case goes
back to the front of the queue with its original age. Each function returns events (none for a
repeat of what is done already) or a refusal.
"""

from __future__ import annotations

from backoffice.authorization import Level
from backoffice.case_commands import Caller, Claim, Judge
from backoffice.case_events import (
    AnyCaseEvent,
    Approved,
    Claimed,
    ClaimReleased,
    ClaimRenewed,
    FirstApproved,
    Judgement,
    LeaseLapsed,
    PrepareStarted,
    Queued,
    Rejected,
    Returned,
    Submitted,
    Waived,
)
from backoffice.case_flow import wrong_state
from backoffice.case_record import Case
from backoffice.case_terms import Rules
from backoffice.case_view import dossier_of, entry_of
from backoffice.core import Prepare
from backoffice.decision import check_decision, in_words
from backoffice.product import Product
from backoffice.queue import kept_apart
from backoffice.slip import end_of_day_ms
from wire.case_state import State
from wire.message import Code, Refusal
from wire.messages.desk import Verdict

Events = tuple[AnyCaseEvent, ...]

_WITH_ANOTHER = Refusal(Code.STATE, "该业务由其他授权人员审核中。")


def after_submission(case: Case, submitted: Submitted, rules: Rules) -> Events:
    """Straight on to the core, or into the queue; `case` is the one before the submission."""
    intake, now_ms = submitted.intake, submitted.at_ms
    if intake.assessment.level <= Level.A1:
        return submitted, Waived(now_ms), prepare(case, submitted, rules)
    due_ms = now_ms + rules.policy.patience_ms(intake.assessment.route.timing)
    return submitted, Queued(now_ms, due_ms, end_of_day_ms(now_ms))


def prepare(case: Case, submitted: Submitted, rules: Rules) -> PrepareStarted:
    """The one request to the core, under the case's own key."""
    from backoffice.case_view import open_intake

    intake = submitted.intake
    operation = rules.products[intake.product].operation(open_intake(intake))
    return PrepareStarted(submitted.at_ms, Prepare(case.case_id, case.union, operation))
