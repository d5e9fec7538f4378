"""A teller made of code: works any case of any form to its end, by the kinds of its fields.

Used by the demo, the simulation and the load swarm. It does exactly what a person does at the page,
through the same commands, and looks at the same page state; so it can take over a case at any step,
for instance after the terminal was killed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import trio

from terminal.clerk_answers import PhoneBook, answers, no_phones, signature_of
from terminal.page_commands import (
    Command,
    EnterCode,
    HandOver,
    NewCase,
    ProveColleague,
    ReopenReturned,
    SendCode,
    ShowCase,
    Sign,
    SlipSeen,
    SubmitCase,
    TakePhoto,
)
from terminal.page_model import OpenCase, Stage, TerminalState
from wire.form import Field, FieldKind
from wire.message import Code, Refusal
from wire.messages.case import LIVE_PHOTO

LOOK_S: Final = 0.05
"""How often the clerk looks at the page, in seconds."""

LOOK_S_MAX: Final = 1.0
"""The longest it waits between two looks while nothing happens."""

TRIES_MAX: Final = 20
"""How often it tries a deed that is refused as worth another try."""

FILLS_MAX: Final = 20
"""How often it answers the same field of one case before it gives the case up as hopeless."""


class AtTerminal(Protocol):
    """What the clerk needs: hands and eyes."""

    async def perform(self, command: Command) -> Refusal | None:
        """Do something."""

    def state(self) -> TerminalState:
        """Look at the page."""


class StuckError(Exception):
    """The clerk cannot go on; the message is the refusal that it could not get past."""


class Clerk:
    """Works cases at one terminal.

    Args:
        moved: called with (case id, state, Unix milliseconds) for every state passed.
        colleagues: (staff id, passcode) of those who can be called in as a second person.
        phones: reads the code that was sent to a phone.
    """

    def __init__(
        self,
        terminal: AtTerminal,
        moved: Callable[[str, str, int], None] = lambda _case_id, _state, _at_ms: None,
        *,
        colleagues: Sequence[tuple[str, str]] = (),
        phones: PhoneBook = no_phones,
    ) -> None:
        self._terminal = terminal
        self._moved = moved
        self._colleagues = colleagues
        self._phones = phones
        self._filled: Counter[tuple[str, str]] = Counter()

    async def begin(self, product: str) -> str:
        """Start a case; its id.

        Raises:
            StuckError: the product is not offered here.
        """
        begin = NewCase(product)
        refusal = await self._terminal.perform(begin)
        for _ in range(TRIES_MAX):
            if refusal is None or refusal.code is not Code.NOT_FOUND:
                break
            # A terminal that was never online does not know the products yet.
            await trio.sleep(LOOK_S_MAX)
            refusal = await self._terminal.perform(begin)
        if refusal is not None:
            raise StuckError(f"{refusal.code}: {refusal.message}")
        opened = self._terminal.state().open
        assert opened is not None
        return opened.case_id

    async def finish(self, case_id: str) -> OpenCase:
        """Bring a case from wherever it is to its end.

        Raises:
            StuckError: something was refused for good.
        """
        wait_s, passed = LOOK_S, 0
        while True:
            await self._do(ShowCase(case_id))
            case = self._terminal.state().open
            assert case is not None
            for step in case.steps[passed:]:
                self._moved(case_id, step.state, step.at_ms)
            passed = max(passed, len(case.steps))
            if case.stage is Stage.DONE and case.state in _ENDED:
                return case
            if await self._step(case):
                wait_s = LOOK_S
            else:
                await trio.sleep(wait_s)
                wait_s = min(wait_s * 1.5, LOOK_S_MAX)

    async def _step(self, case: OpenCase) -> bool:
        """One deed, if there is one to do now."""
        match case.stage:
            case Stage.IDENTIFY | Stage.PHOTOS | Stage.FORM:
                await self._fill(case)
            case Stage.SUBMIT:
                await self._do(SubmitCase(case.case_id))
            case Stage.SIGN:
                await self._do(SlipSeen(case.case_id))
                await self._do(_sign(case))
                await trio.sleep(LOOK_S)
            case Stage.HANDOVER:
                await self._do(HandOver(case.case_id))
            case Stage.WAITING if case.live_wanted:
                await self._do(TakePhoto(case.case_id, LIVE_PHOTO.name))
            case Stage.WAITING if case.state == "AUTH_RETURNED":
                await self._do(ReopenReturned(case.case_id))
            case _:
                return False
        return True

    async def _fill(self, case: OpenCase) -> None:
        """The first field that has a problem; before it, what its list depends on."""
        views = {view.name: view for view in case.fields}
        asked = (field for field in case.form.fields if field.name in views)
        field = next(field for field in asked if views[field.name].problem)
        while True:
            asked_first = (name for name in field.depends if name in views)
            first = (case.form.field(name) for name in asked_first if not views[name].shown)
            needed = next((one for one in first if one is not None), None)
            if needed is None:
                break
            field = needed
        self._filled[case.case_id, field.name] += 1
        if self._filled[case.case_id, field.name] > FILLS_MAX:
            problem = views[field.name].problem
            raise StuckError(f"{field.name}: {problem.message if problem else 'no end'}")
        if field.kind is FieldKind.COLLEAGUE:
            await self._do(self._call_colleague(case.case_id, field))
        elif field.proven and views[field.name].shown and not views[field.name].proven:
            await self._prove_phone(case.case_id, field, views[field.name].shown)
        else:
            for command in answers(case, field, self._terminal.state().now_ms):
                await self._do(command)
        self._nothing_listed(field)

    def _call_colleague(self, case_id: str, field: Field) -> ProveColleague:
        staff = self._terminal.state().staff
        for staff_id, passcode in self._colleagues:
            if staff is None or staff_id != staff.staff_id:
                return ProveColleague(case_id, field.name, staff_id, passcode)
        raise StuckError(f"{field.name}: nobody else is here")

    async def _prove_phone(self, case_id: str, field: Field, phone: str) -> None:
        """Have a code sent, and read it off the customer's phone when it is there."""
        await self._do(SendCode(case_id, field.name))
        for _ in range(TRIES_MAX):
            code = await self._phones(phone)
            if code:
                await self._do(EnterCode(case_id, field.name, code))
                return
            await trio.sleep(LOOK_S)
        raise StuckError(f"{field.name}: no code came")

    def _nothing_listed(self, field: Field) -> None:
        """Where there is nothing to choose, no try will bring it."""
        opened = self._terminal.state().open
        views = (view for view in opened.fields if view.name == field.name) if opened else ()
        for view in views:
            if field.required and view.items is not None and not view.items.items:
                raise StuckError(f"{field.name}: {view.items.note or 'nothing is listed'}")

    async def _do(self, command: Command) -> None:
        for _ in range(TRIES_MAX):
            refusal = await self._terminal.perform(command)
            if refusal is None:
                return
            if not refusal.retryable and refusal.code is not Code.STATE:
                raise StuckError(f"{refusal.code}: {refusal.message}")
            if refusal.code is Code.STATE:
                # The case has moved on meanwhile: look again.
                return
            await trio.sleep(LOOK_S_MAX)
        raise StuckError(f"{type(command).__name__} was refused {TRIES_MAX} times")


def _sign(case: OpenCase) -> Sign:
    ink = signature_of(f"{case.case_id}/ink")
    return Sign(case.case_id, case.slip_hash, ink.width, ink.height, ink.strokes)


_ENDED: Final = frozenset(
    {"CLOSED", "AUTH_REJECTED", "ABORTED", "CANCELLED", "EXPIRED", "DECLINED", "MANUAL"}
)


__all__ = ["AtTerminal", "Clerk", "StuckError"]
