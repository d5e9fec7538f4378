"""An authorizer made of code: takes whatever it may from the queue and decides it.

Used by the demo and the simulation. It does what a person does at the page, through the same
commands, and looks at the same page state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import trio

from backoffice.desk.page_model import (
    AskLive,
    Claim,
    Command,
    Conclude,
    DeskState,
    FileView,
    SignInHere,
    TakeNext,
)
from wire.message import Refusal
from wire.messages.desk import Reason, Verdict

LOOK_S: Final = 0.1
"""How often it looks at the page while a case is open, in seconds."""

IDLE_S: Final = 0.5
"""How often it looks at the queue while there is nothing to do, in seconds."""

WITNESS: Final = "witness"
"""The flag of a case that a remote witness lets through."""

Judge = Callable[[FileView], tuple[Verdict, Reason | None]]
"""What the authorizer thinks of a case."""


class AtDesk(Protocol):
    """What the authorizer needs: hands and eyes."""

    async def perform(self, command: Command) -> Refusal | None:
        """Do something."""

    def state(self) -> DeskState:
        """Look at the page."""


def approve_what_agrees(file: FileView) -> tuple[Verdict, Reason | None]:
    """Approve when no source contradicts another, return otherwise."""
    if any(compared.differs for compared in file.compared):
        return Verdict.RETURN, Reason.ELEMENT_MISMATCH
    return Verdict.APPROVE, None


class SignInRefused(Exception):
    """The desk does not let this clerk in; the message is the office's sentence."""


class DeskClerk:
    """Works at one desk for as long as it runs.

    Args:
        decided: called after each decision, with the case's id.
    """

    def __init__(
        self,
        desk: AtDesk,
        staff_id: str,
        passcode: str,
        judge: Judge = approve_what_agrees,
        decided: Callable[[str], None] = lambda _case_id: None,
    ) -> None:
        self._desk = desk
        self._staff_id = staff_id
        self._passcode = passcode
        self._judge = judge
        self._decided = decided

    async def work(self) -> None:
        """Sign in, then decide one case after the other, for ever.

        Raises:
            SignInRefused: asking again would not help, and would lock the person out.
        """
        while True:
            state = self._desk.state()
            if state.staff is None:
                refusal = await self._desk.perform(SignInHere(self._staff_id, self._passcode))
                if refusal is not None and not refusal.retryable:
                    raise SignInRefused(refusal.message)
            elif state.file is None or state.file.lost:
                await self._take(state)
            elif _wants_photo(state.file):
                await self._desk.perform(AskLive(state.file.item.case_id))
            elif state.file.item.live_photo == "asked":
                # The terminal takes it; this file is replaced when it is there.
                await trio.lowlevel.checkpoint()
            elif all(image.loaded >= 100 for image in state.file.images):
                await self._decide(state.file)
            await trio.sleep(IDLE_S if self._desk.state().file is None else LOOK_S)

    async def _take(self, state: DeskState) -> None:
        free = (item for item in state.queue if item.allowed and (item.mine or not item.claimed_by))
        item = next(free, None)
        if item is not None:
            shown = state.file.item.case_id if state.file is not None else ""
            await self._desk.perform(TakeNext() if item.dealt else Claim(item.case_id, shown))

    async def _decide(self, file: FileView) -> None:
        verdict, reason = self._judge(file)
        conclude = Conclude(file.item.case_id, file.version, verdict, reason, "", self._passcode)
        refusal = await self._desk.perform(conclude)
        if refusal is None:
            self._decided(file.item.case_id)
        else:
            # Somebody else was quicker, the claim is gone, or the link: look again.
            await self._desk.perform(Claim(file.item.case_id))


def _wants_photo(file: FileView) -> bool:
    """Who witnesses from afar has to see the customer who waits at the table."""
    item = file.item
    return WITNESS in item.flags and item.timing == "sync" and not item.live_photo


__all__ = ["AtDesk", "DeskClerk", "Judge", "SignInRefused", "approve_what_agrees"]
