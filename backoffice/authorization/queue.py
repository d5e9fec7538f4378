"""The authorization queue of one union: a projection of cases, ordered, and pushed to desks.

The truth is in the cases. Every commit of a case that waits for a decision also writes a document
of the collection `queue/<union>`, and deletes it when the case waits no more; this actor loads the
collection when it starts, re-reads a document when it is told of a change, and pushes the queue to
whoever watches. It may be restarted, told twice, or told late; it can never decide anything.

Order: customers who wait at the table first, then what was given back undecided, then by age.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from actors.actor import Actor, on
from actors.context import EffectFailed
from actors.ref import Down, Ref
from actors.store import READ_ROWS_MAX, Store
from backoffice.authorization.levels import Level, Locality, Timing
from wire.codec import decode
from wire.message import Code, Message, Refusal, Request
from wire.messages.desk import Queue, QueueChanged, QueueItem
from wire.messages.session import StaffCard

WATCHERS_MAX: Final = 2_000
"""The most desks that watch one queue."""

SHOWN_MAX: Final = 200
"""The most cases that are pushed to a desk; the rest wait behind them."""

READ_AGAIN_S: Final = 1.0
"""How long the actor waits before it reads again what could not be read."""


class QueueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One waiting case as the projection keeps it.

    Attributes:
        version: the case's; the newest wins.
        operator: who captured it; never allowed to decide it.
        approved: persons who have approved it already.
        claimed_by: who reviews it now, or None, and on which `desk`.
        images: digests of what the reviewing desk may fetch.
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
    front: bool = False
    approved: tuple[str, ...] = ()
    claimed_by: StaffCard | None = None
    desk: str = ""
    images: tuple[bytes, ...] = ()


def collection(union: str) -> str:
    """Where the documents of a union's queue are."""
    return f"queue/{union}"


def in_order(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    """Front first: SYNC before ASYNC, given back before fresh, then by age."""
    return sorted(
        entries, key=lambda e: (e.timing is not Timing.SYNC, not e.front, e.queued_ms, e.case_id)
    )


def kept_apart(entry: QueueEntry, staff: StaffCard, level: Level) -> Refusal | None:
    """Why this member of staff must not decide this case; None if they may (invariant I5).

    Codes: `SELF_AUTH` for the operator and for a first approver, by person; `FORBIDDEN` for the
    wrong outlet or too low a level.
    """
    if staff.person_id == entry.operator.person_id:
        return Refusal(Code.SELF_AUTH, "不能授权本人经办的业务。")
    if staff.person_id in entry.approved:
        return Refusal(Code.SELF_AUTH, "您已完成第一次授权，需由另一位授权人员复核。")
    same_outlet = staff.outlet == entry.operator.outlet
    if entry.locality is Locality.CENTRAL and same_outlet:
        return Refusal(Code.FORBIDDEN, "集中授权不能由本网点人员办理。")
    if entry.locality is Locality.OUTLET and not same_outlet:
        return Refusal(Code.FORBIDDEN, "该业务须由本网点人员授权。")
    if level < entry.level:
        return Refusal(Code.FORBIDDEN, f"该业务需要{entry.level.name}级授权权限。")
    return None


def item_for(entry: QueueEntry, staff: StaffCard, device: str, level: Level) -> QueueItem:
    """The entry as one desk sees it."""
    return QueueItem(
        case_id=entry.case_id,
        product=entry.product,
        title_zh=entry.title_zh,
        title_en=entry.title_en,
        outlet=entry.operator.outlet,
        operator=entry.operator.name,
        level=entry.level.name,
        flags=entry.flags,
        queued_ms=entry.queued_ms,
        due_ms=entry.due_ms,
        claimed_by=entry.claimed_by.name if entry.claimed_by else "",
        mine=entry.claimed_by is not None and entry.desk == device,
        allowed=kept_apart(entry, staff, level) is None,
    )


class Watch(Request[Queue], frozen=True, tag="Watch"):
    """Get the queue now, and `QueueChanged` told to `desk` from now on until it ends."""

    desk: Ref
    device: str
    staff: StaffCard
    level: Level


class Unwatch(Message, frozen=True, tag="Unwatch"):
    """No more pushes to the desk with this path."""

    path: str


class Touched(Message, frozen=True, tag="Touched"):
    """A case's document may have changed."""

    case_id: str


class _Loaded(Message, frozen=True):
    """Documents as they were read; None for one that is gone. `whole` replaces everything."""

    documents: tuple[tuple[str, bytes | None], ...]
    whole: bool = False


class _ReadAgain(Message, frozen=True):
    """The pause after a failed read is over."""


class AuthorizationQueue(Actor):
    """Keeps one union's queue in order and its desks informed."""

    def __init__(self, union: str, store: Store) -> None:
        self._collection = collection(union)
        self._store = store
        self._entries: dict[str, QueueEntry] = {}
        self._watchers: dict[str, Watch] = {}
        self._touched: dict[str, None] = {}
        self._reading = False
        self._complete = False

    def started(self) -> None:
        """Load the whole collection."""
        self._read()

    def busy(self) -> bool:
        """It stays while a desk watches."""
        return bool(self._watchers)

    def inspect(self) -> dict[str, object]:
        """Counts only."""
        return {
            "waiting": len(self._entries),
            "claimed": sum(entry.claimed_by is not None for entry in self._entries.values()),
            "watchers": len(self._watchers),
            "complete": self._complete,
        }

    @on(Watch)
    def watch(self, message: Watch) -> Queue | Refusal:
        """A desk looks; watching again, perhaps as somebody else, replaces the former watch."""
        path = message.desk.path
        if path not in self._watchers:
            if len(self._watchers) >= WATCHERS_MAX:
                return Refusal(Code.BUSY, "授权台连接数已满，请稍后重试。", retryable=True)
            self.context.monitor(message.desk)
        self._watchers[path] = message
        return self._queue_for(message, in_order(self._entries.values()))

    @on(Unwatch)
    def unwatch(self, message: Unwatch) -> None:
        """The desk signed out."""
        self._watchers.pop(message.path, None)

    @on(Down)
    def lose(self, message: Down) -> None:
        """The desk's session ended."""
        self._watchers.pop(message.path, None)

    @on(Touched)
    def touch(self, message: Touched) -> None:
        """Read the document again; what is touched meanwhile is read in the next round."""
        self._touched[message.case_id] = None
        if not self._reading:
            self._read()

    @on(_Loaded)
    def load(self, message: _Loaded) -> None:
        """Take over what was read, tell the desks, and go on if there is more."""
        if message.whole:
            self._entries.clear()
            self._complete = True
        for case_id, body in message.documents:
            if body is None:
                self._entries.pop(case_id, None)
            else:
                self._entries[case_id] = decode(QueueEntry, body)
        self._reading = False
        if self._touched:
            self._read()
        self._push()

    @on(EffectFailed)
    def fail(self, _message: EffectFailed) -> None:
        """The store did not answer: read everything again after a pause."""
        self._complete = False
        self.context.after(READ_AGAIN_S, _ReadAgain())

    @on(_ReadAgain)
    def read_again(self, _message: _ReadAgain) -> None:
        """The pause is over."""
        self._read()

    def _read(self) -> None:
        """One read at a time, so that an older answer can never overtake a newer one."""
        self._reading = True
        case_ids, self._touched = tuple(self._touched), {}
        work: Callable[[], Awaitable[_Loaded]]
        if self._complete:

            async def work() -> _Loaded:
                return _Loaded(
                    tuple([(c, await self._store.document(self._collection, c)) for c in case_ids])
                )
        else:
            work = self._read_all
        self.context.effect("read", work)

    async def _read_all(self) -> _Loaded:
        documents: list[tuple[str, bytes]] = []
        page = await self._store.documents(self._collection)
        while page:
            documents += page
            if len(page) < READ_ROWS_MAX:
                break
            page = await self._store.documents(self._collection, after=page[-1][0])
        return _Loaded(tuple(documents), whole=True)

    def _push(self) -> None:
        """Tell everybody who watches; only the newest matters, so a full mailbox is no loss."""
        ordered = in_order(self._entries.values())
        for watch in list(self._watchers.values()):
            watch.desk.tell(QueueChanged(self._queue_for(watch, ordered)))

    def _queue_for(self, watch: Watch, ordered: list[QueueEntry]) -> Queue:
        return Queue(
            tuple(
                item_for(entry, watch.staff, watch.device, watch.level)
                for entry in ordered[:SHOWN_MAX]
            )
        )


__all__ = [
    "SHOWN_MAX",
    "WATCHERS_MAX",
    "AuthorizationQueue",
    "QueueEntry",
    "Touched",
    "Unwatch",
    "Watch",
    "collection",
    "in_order",
    "item_for",
    "kept_apart",
]
