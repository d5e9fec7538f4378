"""One case that waits for an authorizer: in which order, who may decide it, whose turn it is.

Pure rules over the queue's entries. The queue (`backoffice.authorization.queue`) only keeps and
pushes what they say, and the case asks them once more when it is claimed and decided: a list on a
screen never lets anybody in.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from backoffice.authorization.levels import SAME_NAME, Assign, Level, Locality, Timing
from backoffice.staff import named_alike
from wire.message import Code, Refusal
from wire.messages.desk import QueueItem
from wire.messages.session import StaffCard

AGEING_MS: Final = 5 * 60 * 1000
"""A case that is late counts one priority more, and one more for every such span."""

FRONT_MAX: Final = 5
"""From so many cases at the front the office deals one out at random."""


class QueueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One waiting case as the queue's projection keeps it.

    Attributes:
        version: the case's; the newest wins.
        category: of its product, one of the words that `skills` may name.
        operator: who captured it; never allowed to decide it.
        priority: 0 to 9 by the routing policy.
        assign: whether desks may pick it from the list.
        approved: who have approved it already.
        claimed_by: who reviews it now, or None, and on which `desk`.
        images: digests of what the reviewing desk may fetch.
        live_photo: `asked`, `given` or empty.
        centre: in whose pool it waits, too; empty for none.
    """

    case_id: str
    version: int
    product: str
    title_zh: str
    title_en: str
    operator: StaffCard
    level: Level
    timing: Timing
    locality: Locality
    flags: tuple[str, ...]
    queued_ms: int
    due_ms: int
    category: str = ""
    priority: int = 0
    assign: Assign = Assign.FREE
    front: bool = False
    approved: tuple[StaffCard, ...] = ()
    claimed_by: StaffCard | None = None
    desk: str = ""
    images: tuple[bytes, ...] = ()
    live_photo: str = ""
    centre: str = ""

    @property
    def unions(self) -> tuple[str, ...]:
        """Whose staff may decide it: its own union's, and of a central case the centre's."""
        own = self.operator.union
        pooled = self.locality is Locality.CENTRAL and self.centre
        return (own, self.centre) if pooled else (own,)


class Authority(msgspec.Struct, frozen=True):
    """Who wants to decide, and what they may.

    Attributes:
        level: the highest that they decide.
        skills: product codes or categories that they know; empty for all.
    """

    staff: StaffCard
    level: Level
    skills: tuple[str, ...] = ()


class Bar(StrEnum):
    """Why somebody must not decide a case."""

    OPERATOR = "operator"
    APPROVER = "approver"
    OTHER_UNION = "other_union"
    OWN_OUTLET = "own_outlet"
    OTHER_OUTLET = "other_outlet"
    LEVEL = "level"
    SKILL = "skill"


def bar(entry: QueueEntry, who: Authority) -> Bar | None:
    """What keeps this person from this case; None if they may decide it (invariant I5).

    Operator and first approver are kept out as persons, whatever staff id they use.
    """
    if who.staff.person_id == entry.operator.person_id:
        return Bar.OPERATOR
    if any(who.staff.person_id == one.person_id for one in entry.approved):
        return Bar.APPROVER
    if who.staff.union not in entry.unions:
        return Bar.OTHER_UNION
    same_outlet = who.staff.outlet == entry.operator.outlet
    if entry.locality is Locality.CENTRAL and same_outlet:
        return Bar.OWN_OUTLET
    if entry.locality is Locality.OUTLET and not same_outlet:
        return Bar.OTHER_OUTLET
    if who.level < entry.level:
        return Bar.LEVEL
    if who.skills and not {entry.product, entry.category} & set(who.skills):
        return Bar.SKILL
    return None


def kept_apart(entry: QueueEntry, who: Authority) -> Refusal | None:
    """The same as a refusal: `SELF_AUTH` for operator and first approver, else `FORBIDDEN`."""
    match bar(entry, who):
        case None:
            return None
        case Bar.OPERATOR:
            return Refusal(Code.SELF_AUTH, "不能授权本人经办的业务。")
        case Bar.APPROVER:
            return Refusal(Code.SELF_AUTH, "您已完成第一次授权，需由另一位授权人员复核。")
        case Bar.OTHER_UNION:
            return Refusal(Code.FORBIDDEN, "该业务须由本联社人员授权。")
        case Bar.OWN_OUTLET:
            return Refusal(Code.FORBIDDEN, "集中授权不能由本网点人员办理。")
        case Bar.OTHER_OUTLET:
            return Refusal(Code.FORBIDDEN, "该业务须由本网点人员授权。")
        case Bar.LEVEL:
            return Refusal(Code.FORBIDDEN, f"该业务需要{entry.level.name}级授权权限。")
        case Bar.SKILL:
            return Refusal(Code.FORBIDDEN, f"您没有“{entry.title_zh}”的授权资格。")


def urgency(entry: QueueEntry, now_ms: int) -> int:
    """Priority and lateness in one number: a late case rises until somebody takes it."""
    late_ms = now_ms - entry.due_ms
    return entry.priority + (1 + late_ms // AGEING_MS if late_ms >= 0 else 0)


def rises_ms(entry: QueueEntry, now_ms: int) -> int:
    """When `urgency` will next be another one, Unix milliseconds."""
    if now_ms < entry.due_ms:
        return entry.due_ms
    return entry.due_ms + (1 + (now_ms - entry.due_ms) // AGEING_MS) * AGEING_MS


def in_order(entries: Iterable[QueueEntry], now_ms: int) -> list[QueueEntry]:
    """Customers at the table first, then what was given back, then by urgency, then by age."""
    return sorted(
        entries,
        key=lambda e: (
            e.timing is not Timing.SYNC,
            not e.front,
            -urgency(e, now_ms),
            e.queued_ms,
            e.case_id,
        ),
    )


def deal(
    ordered: Sequence[QueueEntry], who: Authority, device: str, chance: random.Random
) -> QueueEntry | None:
    """The next case for a desk: the one it has, or a random one at the front of what it may decide.

    A customer at the table is never drawn behind a case at which nobody waits.
    """
    fitting = [entry for entry in ordered if bar(entry, who) is None]
    for entry in fitting:
        if _holds(entry, who.staff, device):
            return entry
    free = [entry for entry in fitting if entry.claimed_by is None][:FRONT_MAX]
    alike = [entry for entry in free if entry.timing is free[0].timing]
    return chance.choice(alike) if alike else None


def may_pick(entry: QueueEntry, staff: StaffCard, device: str) -> bool:
    """Whether a desk may name this case itself: not where cases are dealt, except its own claim."""
    return entry.assign is Assign.FREE or _holds(entry, staff, device)


def item_for(entry: QueueEntry, who: Authority, device: str) -> QueueItem:
    """The entry as one desk sees it."""
    barred = bar(entry, who)
    alike = any(named_alike(who.staff, one) for one in (entry.operator, *entry.approved))
    return QueueItem(
        case_id=entry.case_id,
        product=entry.product,
        title_zh=entry.title_zh,
        title_en=entry.title_en,
        outlet=entry.operator.outlet,
        operator=entry.operator.name,
        level=entry.level.name,
        flags=(*entry.flags, SAME_NAME) if alike else entry.flags,
        queued_ms=entry.queued_ms,
        due_ms=entry.due_ms,
        claimed_by=entry.claimed_by.name if entry.claimed_by else "",
        mine=entry.claimed_by is not None and entry.desk == device,
        allowed=barred is None,
        barred=barred.value if barred else "",
        timing=entry.timing.value,
        locality=entry.locality.value,
        priority=entry.priority,
        dealt=not may_pick(entry, who.staff, device),
        live_photo=entry.live_photo,
        union=entry.operator.union,
    )


def _holds(entry: QueueEntry, staff: StaffCard, device: str) -> bool:
    held = entry.claimed_by
    return held is not None and entry.desk == device and held.person_id == staff.person_id


__all__ = [
    "AGEING_MS",
    "FRONT_MAX",
    "Authority",
    "Bar",
    "QueueEntry",
    "bar",
    "deal",
    "in_order",
    "item_for",
    "kept_apart",
    "may_pick",
    "rises_ms",
    "urgency",
]
