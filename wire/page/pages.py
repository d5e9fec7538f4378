"""Serves any number of a program's pages from one view function and one deed function.

The glue that every program with a page needs, once: whenever the program says `changed`, every open
page is shown the newest view; every command is performed in a task of its own, so that a long one
(a customer typing a PIN) does not hold up the next (its cancellation).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
import trio

from wire.message import Refusal
from wire.page.connection import PageConnection, PageRequest

CommandT = TypeVar("CommandT")

TICK_S = 1.0
"""How often a page is shown the state although nothing changed: its clocks tick."""


class Pages(Generic[CommandT]):
    """A `PageSession`.

    Args:
        view: the view model as of now.
        perform: does what a page asked for: a refusal, or what the page is told, mostly None.
        leaving: the command with which a user leaves; it closes every window but the one it
            came from, whatever becomes of it.
    """

    def __init__(
        self,
        view: Callable[[], object],
        perform: Callable[[CommandT], Awaitable[object]],
        leaving: type[msgspec.Struct],
    ) -> None:
        self._view = view
        self._perform = perform
        self._leaving = leaving
        self._changed = trio.Event()

    def changed(self) -> None:
        """Something changed: show it."""
        self._changed.set()

    async def connected(self, page: PageConnection) -> None:
        """Serve one page until it goes away."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._show, page)
            async for request in page.requests:
                nursery.start_soon(self._answer, request)
            nursery.cancel_scope.cancel()

    async def _show(self, page: PageConnection) -> None:
        while True:
            if self._changed.is_set():
                self._changed = trio.Event()
            changed = self._changed
            page.show(self._view())
            with trio.move_on_after(TICK_S):
                await changed.wait()

    async def _answer(self, request: PageRequest) -> None:
        if isinstance(request.command, self._leaving):
            request.let_others_go()
        answer = await self._perform(request.command)  # type: ignore[arg-type]  # read as one of the program's commands
        if isinstance(answer, Refusal):
            request.refuse(answer)
        else:
            request.answer(answer)


__all__ = ["TICK_S", "Pages"]
