"""A teller made of code: works any case of any form to its end, by the kinds of its fields.

Used by the demo, the simulation and the load swarm. It does exactly what a person does at the page,
through the same commands, and looks at the same page state; so it can take over a case at any step,
for instance after the terminal was killed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, Protocol

import trio

from hw.virtual.signature_pad import signature
from terminal.page_model import (
    Command,
    EnterPin,
    HandOver,
    NewCase,
    OpenCase,
    ReadCard,
    ReadId,
    ReopenReturned,
    SetValue,
    ShowCase,
    Sign,
    SlipSeen,
    Stage,
    SubmitCase,
    TakePhoto,
    TerminalState,
)
from wire.form import Field, FieldKind
from wire.message import Code, Refusal

LOOK_S: Final = 0.05
"""How often the clerk looks at the page, in seconds."""

LOOK_S_MAX: Final = 1.0
"""The longest it waits between two looks while nothing happens."""

TRIES_MAX: Final = 20
"""How often it tries a deed that is refused as worth another try."""

TEXTS: Final = {"phone": "13888001234", "address": "云南省昆明市官渡区小板桥街道1号"}
"""What the clerk types, by field name; other texts get a sentence, choices their first option."""


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
    """

    def __init__(
        self,
        terminal: AtTerminal,
        moved: Callable[[str, str, int], None] = lambda _case_id, _state, _at_ms: None,
    ) -> None:
        self._terminal = terminal
        self._moved = moved

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
                await self._do(SubmitCase())
            case Stage.SIGN:
                await self._do(SlipSeen())
                await self._do(_sign(case.case_id))
                await trio.sleep(LOOK_S)
            case Stage.HANDOVER:
                await self._do(HandOver())
            case Stage.WAITING if case.state == "AUTH_RETURNED":
                await self._do(ReopenReturned())
            case _:
                return False
        return True

    async def _fill(self, case: OpenCase) -> None:
        """The first field that has a problem."""
        views = {view.name: view for view in case.fields}
        field = next(field for field in case.form.fields if views[field.name].problem)
        await self._do(_deed(field))

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


def _sign(case_id: str) -> Sign:
    # Seeded on purpose: the same customer signs alike after a restart; nothing is secret.
    ink = signature(random.Random(f"{case_id}/ink"))  # noqa: S311 - see above
    return Sign(ink.width, ink.height, ink.strokes)


def _deed(field: Field) -> Command:
    match field.kind:
        case FieldKind.ID_CARD:
            return ReadId(field.name)
        case FieldKind.PHOTO:
            return TakePhoto(field.name)
        case FieldKind.BANK_CARD:
            return ReadCard(field.name)
        case FieldKind.NEW_PIN | FieldKind.PIN:
            return EnterPin(field.name)
        case FieldKind.CHOICE:
            return SetValue(field.name, field.options[0].code)
        case FieldKind.AMOUNT:
            return SetValue(field.name, "100.00")
        case FieldKind.PHONE | FieldKind.TEXT:
            return SetValue(field.name, TEXTS.get(field.name, "情况属实"))


_ENDED: Final = frozenset(
    {"CLOSED", "AUTH_REJECTED", "ABORTED", "CANCELLED", "EXPIRED", "DECLINED", "MANUAL"}
)


__all__ = ["AtTerminal", "Clerk", "StuckError"]
