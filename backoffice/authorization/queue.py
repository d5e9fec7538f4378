"""The authorization queue of one union: a projection of cases, ordered, and pushed to desks.

The truth is in the cases. Every commit of a case that waits for a decision also writes a document
of the collection `queue/<union>`, and deletes it when the case waits no more; a central case does
both in the queue of the authorization centre, too, which is its pool. This actor loads the
collection when it starts, re-reads a document when it is told of a change, and pushes the queue to
whoever watches. It may be restarted, told twice, or told late; it can never decide anything: a desk
that is dealt a case still has to claim it, and the case asks the same rules again.

The order and who may decide are `backoffice.authorization.waiting`'s. As cases become late the
order changes by itself; then, too, it is pushed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from actors.actor import Actor, on
from actors.context import Cancellable, TaskFailed
from actors.ref import Down, Ref
from actors.store import READ_ROWS_MAX, Store
from backoffice.authorization.waiting import (
    Authority,
    QueueEntry,
    deal,
    in_order,
    item_for,
    rises_ms,
)
from wire.codec import decode
from wire.message import Code, Message, Refusal, Request
from wire.messages.desk import Queue, QueueChanged

WATCHERS_MAX: Final = 2_000
"""The most desks that watch one queue."""

SHOWN_MAX: Final = 200
"""The most cases that are pushed to a desk; the rest wait behind them."""

READ_AGAIN_S: Final = 1.0
"""How long the actor waits before it reads again what could not be read."""

LATE_S_MIN: Final = 1.0
"""Cases that become late within such a span are shown as late together, in seconds."""


def collection(union: str) -> str:
    """Where the documents of a union's queue are."""
    return f"queue/{union}"


def pool(centre: str) -> str:
    """The scope of claims that says whose a case is that was pooled at a centre: id → union.

    Kept for ever, for answers to what is repeated; an id that another union's tablet hands in once
    more is refused, and so cannot stand in the pool for the first.
    """
    return f"pool/{centre}"


class Watch(Request[Queue], frozen=True, tag="Watch"):
    """Get the queue now, and `QueueChanged` told to `desk` from now on until it ends."""

    desk: Ref
    device: str
    who: Authority


class Dealt(Message, frozen=True):
    """The case that was dealt."""

    case_id: str


class Deal(Request[Dealt], frozen=True, tag="Deal"):
    """Choose the next case for a desk, none of `except_`; `E_NOT_FOUND` when nothing fits.

    Nothing is promised: the desk claims it, and may hear that somebody was quicker.
    """

    device: str
    who: Authority
    except_: tuple[str, ...] = ()


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


class _Late(Message, frozen=True):
    """Some case has become late, or later: the order may be another one."""


_NOTHING: Final = Refusal(Code.NOT_FOUND, "目前没有可派给您的业务。", retryable=True)


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
        self._ageing: Cancellable | None = None

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
        self._await_lateness()
        return self._queue_for(message, self._ordered())

    @on(Deal)
    def deal(self, message: Deal) -> Dealt | Refusal:
        """Chance decides, so that nobody picks their friends' cases."""
        ordered = [entry for entry in self._ordered() if entry.case_id not in message.except_]
        chance = self.context.outside.random
        entry = deal(ordered, message.who, message.device, chance)
        return _NOTHING if entry is None else Dealt(entry.case_id)

    @on(Unwatch)
    def unwatch(self, message: Unwatch) -> None:
        """The desk signed out, or is away."""
        watch = self._watchers.pop(message.path, None)
        if watch is not None:
            self.context.demonitor(watch.desk)

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

    @on(TaskFailed)
    def fail(self, _message: TaskFailed) -> None:
        """The store did not answer: read everything again after a pause."""
        self._complete = False
        self.context.after(READ_AGAIN_S, _ReadAgain())

    @on(_ReadAgain)
    def read_again(self, _message: _ReadAgain) -> None:
        """The pause is over."""
        self._read()

    @on(_Late)
    def grow_late(self, _message: _Late) -> None:
        """Show the new order."""
        self._ageing = None
        self._push()

    def _ordered(self) -> list[QueueEntry]:
        return in_order(self._entries.values(), self.context.outside.wall.now_ms())

    def _await_lateness(self) -> None:
        """While somebody watches, wake up when the next case becomes late or later."""
        if self._ageing is not None:
            self._ageing.cancel()
            self._ageing = None
        if self._watchers and self._entries:
            now_ms = self.context.outside.wall.now_ms()
            next_ms = min(rises_ms(entry, now_ms) for entry in self._entries.values())
            self._ageing = self.context.after(max((next_ms - now_ms) / 1000, LATE_S_MIN), _Late())

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
        self.context.start_task("read", work)

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
        ordered = self._ordered()
        for watch in list(self._watchers.values()):
            watch.desk.tell(QueueChanged(self._queue_for(watch, ordered)))
        self._await_lateness()

    def _queue_for(self, watch: Watch, ordered: list[QueueEntry]) -> Queue:
        return Queue(
            tuple(item_for(entry, watch.who, watch.device) for entry in ordered[:SHOWN_MAX])
        )


__all__ = [
    "SHOWN_MAX",
    "WATCHERS_MAX",
    "AuthorizationQueue",
    "Deal",
    "Dealt",
    "Touched",
    "Unwatch",
    "Watch",
    "collection",
    "pool",
]
