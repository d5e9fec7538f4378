"""What the office suggests for the customer of the open case: asked once, remembered, never owed.

A suggestion is a courtesy. It is asked for in the background as soon as the register has confirmed
who the customer is, and an office that is silent, busy or out of reach means that nothing is
suggested. It lives here for the open case alone and in no draft, so it is gone with the case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from actors import Inbox, Process
from terminal.draft import Draft
from terminal.draft_changes import PASSING
from terminal.inquiries import Office
from wire.message import Refusal
from wire.messages.offers import Recommend, Recommendations

SUGGESTION_S_MAX: Final = 10.0
"""How long an answer is waited for, in seconds; later it is of no use at the table."""

NOTHING: Final = Recommendations(())
"""What is known before an answer, without one, and of somebody who wants no offers."""


class Suggestions:
    """The office's suggestions for the open case.

    Args:
        link: who is asked.
        opened: the open case, or None.
        changed: called when there is something new to show.
    """

    def __init__(
        self, link: Office, opened: Callable[[], Draft | None], changed: Callable[[], None]
    ) -> None:
        self._link = link
        self._opened = opened
        self._changed = changed
        self._asked: Recommend | None = None
        self._known = NOTHING
        self._waiting = trio.lowlevel.ParkingLot()

    def look(self) -> None:
        """Something about the cases changed; there may be somebody new to ask about."""
        self._waiting.unpark_all()

    def of(self, draft: Draft) -> Recommendations:
        """What is suggested to the customer of the open case; nothing of any other case."""
        return self._known if self._asked is not None and self._asked == _asking(draft) else NOTHING

    async def keep_asking(self) -> None:
        """Ask about each customer once, for as long as the terminal runs."""
        while True:
            draft = self._opened()
            asking = _asking(draft) if draft is not None else None
            if asking != self._asked:
                self._asked, self._known = asking, NOTHING
                if asking is not None and draft is not None and not draft.finished:
                    await self._ask(asking)
                continue
            await self._waiting.park()

    async def _ask(self, asking: Recommend) -> None:
        answer = await self._link.request_now(asking, within=SUGGESTION_S_MAX)
        if not isinstance(answer, Refusal) and answer.offers:
            self._known = answer
            self._changed()


class Suggester(Process):
    """Keeps the suggestions up to date; a crash of it takes nothing else along."""

    def __init__(self, suggestions: Suggestions) -> None:
        self._suggestions = suggestions

    async def run(self, inbox: Inbox) -> None:
        """Until stopped; nobody writes to it."""
        await self._suggestions.keep_asking()


def _asking(draft: Draft) -> Recommend | None:
    """The question about a draft's customer; None until the register has confirmed who it is."""
    card, checked = draft.id_card, draft.identity
    if card is None or checked is None or checked.result not in PASSING:
        return None
    return Recommend(draft.case_id, card.number, card.name)


__all__ = ["NOTHING", "SUGGESTION_S_MAX", "Suggester", "Suggestions"]
