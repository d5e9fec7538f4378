"""The drafts of this terminal: their actors, and the newest committed state of each.

The actors come and go (a pool of durable actors); what is shown on the page is what they last
committed. After a restart every unfinished draft is woken, because it may owe the office something;
of the finished ones the newest are woken to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import trio

from actors.durable import Commanded, DurableActor, Handler, Wake
from actors.ref import Ref
from actors.store import READ_ROWS_MAX, Store
from supervisors import Pool, PoolSpec
from terminal.draft import Draft
from terminal.draft_events import DraftCommand, DraftEvent, RenewForm
from terminal.draft_rules import LIST, DraftRules, Listed
from wire.codec import decode
from wire.errors import BadFrame
from wire.ids import is_case_id
from wire.messages.session import ProductCard

LIVE_MAX: Final = 1_000
"""The most drafts in memory; one more unfinished customer than that must wait."""

PASSIVATE_S: Final = 900.0
"""How long a quiet draft stays in memory, in seconds."""

LOAD_S_MAX: Final = 30.0
"""How long a start waits for the drafts to be loaded; the rest come when they come, in seconds."""

STREAMS: Final = "draft/"
"""How the streams of drafts begin."""

SHOWN_FINISHED_MAX: Final = 50
"""How many finished drafts are shown after a restart."""


class DraftBook:
    """Finds drafts and remembers how each one stands.

    Args:
        rules: of every draft.
        handlers: carry out their errands.
        expect: the clock's alarm.
        changed: called after every change of any draft.

    Attributes:
        opened: set when the drafts of earlier starts are known; before, nothing about a case can be
            asked of the office, nor heard from it.
    """

    def __init__(
        self,
        *,
        rules: DraftRules,
        store: Store,
        handlers: Mapping[str, Handler],
        expect: Callable[[int], None],
        changed: Callable[[], None],
    ) -> None:
        self._rules = rules
        self._store = store
        self._handlers = handlers
        self._expect = expect
        self._changed = changed
        self._pool: Pool | None = None
        self._states: dict[str, tuple[int, Draft]] = {}
        self._unsent: set[str] = set()
        self._seen = trio.lowlevel.ParkingLot()
        self._changes = 0
        self._products: Mapping[str, ProductCard] = {}
        self.opened = trio.Event()

    def spec(self) -> PoolSpec:
        """The pool of draft actors."""
        return PoolSpec("drafts", self._actor, limit=LIVE_MAX, passivate_s=PASSIVATE_S)

    async def open(self, pool: Pool) -> None:
        """Take the running pool and wake what may owe something.

        Raises:
            StoreError: the list of drafts cannot be read.
        """
        self._pool = pool
        listed: list[tuple[str, Listed]] = []
        page = await self._store.documents(LIST)
        while page:
            listed += [(key, decode(Listed, body)) for key, body in page]
            if len(page) < READ_ROWS_MAX:
                break
            page = await self._store.documents(LIST, after=page[-1][0])
        finished = [key for key, line in listed if line.finished][-SHOWN_FINISHED_MAX:]
        wanted = [key for key, line in listed if not line.finished] + finished
        for key in wanted:
            pool.ref(key).tell(Wake())
        with trio.move_on_after(LOAD_S_MAX):
            while not self._states.keys() >= set(wanted):
                await self._seen.park()
        self.opened.set()

    def offered(self, products: Mapping[str, ProductCard]) -> None:
        """What is offered from now on, by code: whatever is still filled goes on with its form."""
        self._products = products
        for draft in self.known():
            self._renew(draft)

    def ref(self, case_id: str) -> Ref:
        """The actor of one draft.

        Raises:
            BadFrame: the text is no case id.
        """
        assert self._pool is not None, "the book is opened before anybody asks"
        if not is_case_id(case_id):
            raise BadFrame("no case id")
        return self._pool.ref(case_id)

    def find(self, stream: str) -> Ref | None:
        """The actor of a stream; None for a stream that is no draft's."""
        assert self._pool is not None, "the book is opened before anybody asks"
        return self._pool.ref(stream.removeprefix(STREAMS)) if stream.startswith(STREAMS) else None

    def look(self, case_id: str) -> Draft | None:
        """The newest committed state of a draft, or None."""
        found = self.numbered(case_id)
        return found[1] if found is not None else None

    def numbered(self, case_id: str) -> tuple[int, Draft] | None:
        """The newest committed state of a draft with a number that rises with each change."""
        found = self._states.get(case_id)
        return found if found is not None and found[1].product is not None else None

    def newest_first(self) -> list[tuple[int, Draft]]:
        """Every known draft with its number, the last changed first; see `numbered`."""
        known = (pair for pair in self._states.values() if pair[1].product is not None)
        return sorted(known, key=lambda pair: -pair[0])

    def known(self) -> Iterator[Draft]:
        """The newest committed state of every draft that this process has seen."""
        return (draft for _, draft in self._states.values() if draft.product is not None)

    def open_cases(self) -> list[str]:
        """Cases that the office knows and that are not finished, or owe photos; oldest first."""
        return sorted(
            case_id
            for case_id, (_, draft) in self._states.items()
            if draft.view is not None and not draft.finished
        )

    def waiting_to_send(self) -> int:
        """Of how many drafts something is still to be sent: see `Draft.unsent`."""
        return len(self._unsent)

    def _actor(self, case_id: str) -> DurableActor[Draft, DraftCommand, DraftEvent]:
        return DurableActor(
            self._rules,
            stream=f"{STREAMS}{case_id}",
            key=case_id,
            store=self._store,
            handlers=self._handlers,
            observe=self._observe,
            expect=self._expect,
        )

    def _observe(self, draft: Draft) -> None:
        self._changes += 1
        self._states[draft.case_id] = (self._changes, draft)
        (self._unsent.add if draft.unsent else self._unsent.discard)(draft.case_id)
        self._seen.unpark_all()
        self._renew(draft)
        self._changed()

    def _renew(self, draft: Draft) -> None:
        product = self._products.get(draft.product.code) if draft.product is not None else None
        if product is not None and draft.outdated_by(product):
            self.ref(draft.case_id).tell(Commanded("office", RenewForm(product)))


__all__ = ["LIVE_MAX", "PASSIVATE_S", "SHOWN_FINISHED_MAX", "DraftBook"]
