"""The people of a simulated bank: tellers with several customers each, authorizers with a mind.

They do what `terminal.clerk` and `backoffice.desk.clerk` do, and what those never do: serve two
customers at a time, let one refuse the slip, give a case up, leave a half-filled form, send back or
reject. Moods hang on the case's id, so they survive a crash of the node, as people do.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import trio

from backoffice.desk.clerk import Judge
from backoffice.desk.page_model import FileView
from backoffice.product import Product
from terminal.clerk import Clerk, StuckError
from terminal.clerk_answers import PhoneBook
from terminal.page_commands import (
    ClearValue,
    CustomerRefuses,
    GiveUp,
    ShowCase,
    SignInHere,
    SlipSeen,
)
from terminal.page_model import OpenCase, Stage
from terminal.program import Terminal
from tests.kit.bank import TELLER_PASSCODE
from tests.simulation.deck import uses_own_card
from wire.case_state import FINAL_STATES, State
from wire.message import Code
from wire.messages.desk import Reason, Verdict

LOOK_S: Final = 1.0
"""How long a teller waits when no case can go on, in virtual seconds."""

RETURNS_MAX: Final = 2
"""How often an authorizer sends the same case back."""

HOPELESS: Final = frozenset(
    {Code.DUPLICATE, Code.LIMIT, Code.CORE_DECLINED, Code.ID_MISMATCH, Code.SUITABILITY}
)
"""Why an office may refuse a submission so that no other try can help."""

PATIENCE: Final = 8
"""How often a teller gets stuck with a form before the customer is sent home."""


_AT_THE_TABLE: Final = frozenset({Stage.IDENTIFY, Stage.PHOTOS, Stage.FORM, Stage.SUBMIT})


class Mood(StrEnum):
    """What becomes of a case, as far as the people at the table decide it."""

    FINISH = "finish"
    REFUSE_SLIP = "refuse_slip"
    CANCEL = "cancel"
    WALK_AWAY = "walk_away"


def mood_of(seed: int, case_id: str) -> Mood:
    """The same for a case, whoever asks and however often."""
    dice = random.Random(f"{seed}:{case_id}:mood")
    weights = (80, 8, 7, 5)
    return dice.choices(tuple(Mood), weights)[0]


def judge_of(seed: int) -> Judge:
    """Approves most, sends some back, rejects a few."""

    def judge(file: FileView) -> tuple[Verdict, Reason | None]:
        returns = sum(step.state is State.AUTH_RETURNED for step in file.steps)
        share = random.Random(f"{seed}:{file.item.case_id}:{returns}:judge").random()
        if share < 0.07:
            return Verdict.REJECT, Reason.NOT_THE_PERSON
        if share < 0.25 and returns < RETURNS_MAX:
            return Verdict.RETURN, Reason.IMAGE_UNCLEAR
        return Verdict.APPROVE, None

    return judge


class Memory:
    """What a teller remembers over a crash of the tablet.

    Attributes:
        begun: ids of cases whose beginning the tablet has confirmed (invariant I1).
    """

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done = False
        self._doubted: set[str] = set()

    def doubt(self, case_id: str, seed: int, chance: float) -> bool:
        """Whether an answer of this case is to be taken back now: once at the most."""
        if case_id in self._doubted:
            return False
        self._doubted.add(case_id)
        return random.Random(f"{seed}:{case_id}:doubt").random() < chance


class Teller(Clerk):
    """Works through `errands` at one terminal, two cases at a time.

    Args:
        errands: products, in order; one with an own card waits for all before it.
        colleagues: (staff id, passcode) of those who can be called in.
        phones: reads the codes on customers' phones.
        noted: called with every deed, for the trace.
        doubts: how often an answer is taken back once before a case goes out.
        doubted: called with each such answer, for the trace.
    """

    def __init__(
        self,
        terminal: Terminal,
        staff_id: str,
        memory: Memory,
        seed: int,
        errands: Sequence[Product],
        colleagues: Sequence[tuple[str, str]],
        phones: PhoneBook,
        noted: Callable[[str], None],
        doubts: float = 0.0,
        doubted: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(terminal, colleagues=colleagues, phones=phones)
        self._here = terminal
        self._staff_id = staff_id
        self._memory = memory
        self._seed = seed
        self._errands = errands
        self._noted = noted
        self._doubts = doubts
        self._doubted = doubted
        self._stuck: Counter[str] = Counter()
        self._dice = random.Random(f"{seed}:{staff_id}:pace")

    async def work(self) -> None:
        """Until every errand was run."""
        await self._sign_in()
        while True:
            ids = self._cases()
            open_ids = [case_id for case_id in ids if not self._is_over(case_id)]
            if len(ids) < len(self._errands) and len(open_ids) < self._room(len(ids)):
                await self._open_one(self._errands[len(ids)].code)
                continue
            if not open_ids:
                self._memory.done = True
                return
            moved = [await self._go_on(case_id) for case_id in open_ids]
            await trio.sleep(self._dice.uniform(0.1, 0.6) if any(moved) else LOOK_S)

    async def _sign_in(self) -> None:
        ready = False
        while not ready:
            await trio.sleep(LOOK_S)
            refusal = await self._here.perform(SignInHere(self._staff_id, TELLER_PASSCODE))
            ready = refusal is None and bool(self._here.teller.products)

    def _room(self, begun: int) -> int:
        """How many cases may be open for the next one to begin."""
        return 1 if uses_own_card(self._errands[begun]) else 2

    def _cases(self) -> list[str]:
        """What the tablet lists, and what the teller knows to be there."""
        listed = [draft.case_id for _, draft in self._here.drafts.newest_first()]
        return sorted({*listed, *self._memory.begun})

    def _is_over(self, case_id: str) -> bool:
        draft = self._here.drafts.look(case_id)
        return draft is not None and draft.finished

    async def _open_one(self, product: str) -> None:
        try:
            case_id = await self.begin(product)
        except StuckError:
            await trio.sleep(LOOK_S)
        else:
            self._memory.begun.append(case_id)
            self._noted(f"begun {case_id}")

    async def _go_on(self, case_id: str) -> bool:
        """One deed for a case; False when there is nothing to do, or it did not work."""
        refusal = await self._here.perform(ShowCase(case_id))
        case = self._here.state().open
        if refusal is not None or case is None or case.case_id != case_id:
            return False
        try:
            moved = await self._mood(case) or await self._step(case)
        except StuckError as stuck:
            self._noted(f"{case_id} {stuck}")
            await self._lose_patience(case)
            return False
        self._noted(f"{case_id} {case.stage} {case.state}")
        return moved

    async def _lose_patience(self, case: OpenCase) -> None:
        """What cannot be filled in after so many tries is given up."""
        self._stuck[case.case_id] += 1
        if case.stage in _AT_THE_TABLE and self._stuck[case.case_id] >= PATIENCE:
            await self._here.perform(GiveUp(case.case_id, "无法办理"))

    async def _mood(self, case: OpenCase) -> bool:
        """What a clerk never does, if it is time for it."""
        mood = mood_of(self._seed, case.case_id)
        hopeless = any(reason.code in HOPELESS for reason in case.reasons)
        match case.stage:
            case Stage.SIGN if mood is Mood.REFUSE_SLIP:
                await self._do(SlipSeen(case.case_id))
                await self._do(CustomerRefuses(case.case_id))
            case Stage.FORM if mood is Mood.WALK_AWAY:
                await self._do(GiveUp(case.case_id, "客户离开"))
            case Stage.WAITING if mood is Mood.CANCEL and case.state in (
                State.AUTH_QUEUED,
                State.AUTH_CLAIMED,
                State.AUTH_RETURNED,
            ):
                await self._do(GiveUp(case.case_id, "客户改日再来"))
                await trio.sleep(LOOK_S)
            case Stage.SUBMIT if self._memory.doubt(case.case_id, self._seed, self._doubts):
                dice = random.Random(f"{self._seed}:{case.case_id}:answer")
                answered = [view.name for view in case.fields if view.shown]
                field = dice.choice(answered)
                self._doubted(f"{case.case_id} {field}")
                await self._here.perform(ClearValue(case.case_id, field))
            case Stage.SUBMIT | Stage.FORM if hopeless and case.state not in FINAL_STATES:
                await self._do(GiveUp(case.case_id, "无法办理"))
            case _:
                return False
        return True


__all__ = ["HOPELESS", "Memory", "Mood", "Teller", "judge_of", "mood_of"]
