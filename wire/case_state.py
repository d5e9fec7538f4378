"""The states of a business case, with the words that people see for them.

The transition table is the office's (`backoffice.cases.flow`); terminal and desk only name states.
`DRAFT`, `IDENTIFIED` and `CAPTURED` happen on the tablet and travel in the submission's trail.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a case stands."""

    DRAFT = "DRAFT"
    IDENTIFIED = "IDENTIFIED"
    CAPTURED = "CAPTURED"
    SUBMITTED = "SUBMITTED"
    AUTO_PASSED = "AUTO_PASSED"
    AUTH_QUEUED = "AUTH_QUEUED"
    AUTH_CLAIMED = "AUTH_CLAIMED"
    AUTH_APPROVED = "AUTH_APPROVED"
    AUTH_RETURNED = "AUTH_RETURNED"
    AUTH_REJECTED = "AUTH_REJECTED"
    STORED = "STORED"
    PREPARING = "PREPARING"
    PREPARE_UNKNOWN = "PREPARE_UNKNOWN"
    PREPARED = "PREPARED"
    SLIP_SHOWN = "SLIP_SHOWN"
    SIGNED = "SIGNED"
    COMMITTING = "COMMITTING"
    COMMIT_UNKNOWN = "COMMIT_UNKNOWN"
    COMMITTED = "COMMITTED"
    DELIVERED = "DELIVERED"
    CLOSED = "CLOSED"
    ABORTING = "ABORTING"
    ABORTED = "ABORTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    DECLINED = "DECLINED"
    MANUAL = "MANUAL"


FINAL_STATES: Final = frozenset(
    {
        State.AUTH_REJECTED,
        State.CLOSED,
        State.ABORTED,
        State.CANCELLED,
        State.EXPIRED,
        State.DECLINED,
    }
)
"""States without a way out."""

TITLES: Final[dict[State, tuple[str, str]]] = {
    State.DRAFT: ("草稿", "Draft"),
    State.IDENTIFIED: ("已核身", "Identified"),
    State.CAPTURED: ("采集完成", "Captured"),
    State.SUBMITTED: ("已提交", "Submitted"),
    State.AUTO_PASSED: ("系统通过", "Passed by rules"),
    State.AUTH_QUEUED: ("待授权", "Waiting for authorization"),
    State.AUTH_CLAIMED: ("授权审核中", "Being reviewed"),
    State.AUTH_APPROVED: ("授权通过", "Approved"),
    State.AUTH_RETURNED: ("退回补正", "Returned for correction"),
    State.AUTH_REJECTED: ("授权未通过", "Not authorized"),
    State.STORED: ("已登记", "Stored"),
    State.PREPARING: ("业务系统处理中", "Being prepared"),
    State.PREPARE_UNKNOWN: ("处理结果查询中", "Asking for the outcome"),
    State.PREPARED: ("待客户确认", "Ready to sign"),
    State.SLIP_SHOWN: ("客户阅读确认单", "Slip shown"),
    State.SIGNED: ("客户已签字", "Signed"),
    State.COMMITTING: ("业务系统确认中", "Being committed"),
    State.COMMIT_UNKNOWN: ("确认结果查询中", "Asking for the outcome"),
    State.COMMITTED: ("办理成功", "Committed"),
    State.DELIVERED: ("已交付客户", "Handed over"),
    State.CLOSED: ("已办结", "Closed"),
    State.ABORTING: ("撤销中", "Being undone"),
    State.ABORTED: ("已撤销", "Undone"),
    State.CANCELLED: ("已取消", "Cancelled"),
    State.EXPIRED: ("已过期", "Expired"),
    State.DECLINED: ("业务系统拒绝", "Declined"),
    State.MANUAL: ("转人工处理", "Needs a person"),
}
"""State → (Simplified Chinese, English)."""


__all__ = ["FINAL_STATES", "TITLES", "State"]
