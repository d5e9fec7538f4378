"""People and small deeds that the stories share: who signs in, works a case up to a step, waits.

A story runs on virtual time over the production code (`tests.kit.bank`); what it asserts, it reads
from the disks or from what the people see.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import trio

from actors.durable.tagged import Tagged
from backoffice.cases.events import AnyCaseEvent
from backoffice.catalogue import products
from backoffice.desk.clerk import DeskClerk, Judge, approve_what_agrees
from backoffice.desk.page_model import SignInHere as SignInAtDesk
from backoffice.desk.program import Desk
from backoffice.partners.embedded import PartnerEvent
from backoffice.program import BackOffice
from terminal.clerk import Clerk
from terminal.page_commands import ShowCase, SignInHere
from terminal.page_model import OpenCase, Stage
from terminal.program import Terminal
from tests.kit.bank import DESK_PASSCODE, TELLER_PASSCODE, UNION, Bank
from tests.kit.invariants import Invariants
from wire.case_state import State
from wire.messages.desk import QueueItem
from wire.messages.policy import PolicyText, SetPolicy

STORY_S_MAX: Final = 7_200.0
"""No story lasts longer, in virtual seconds."""

LOOK_S: Final = 0.1

OUTLET: Final = "53011101"
"""Where the tellers sit."""

ELSEWHERE: Final = ("53011201", "530112")
"""An outlet of another county union, and that union."""

_CASES: Final = Tagged(AnyCaseEvent)
_CORES: Final = Tagged(PartnerEvent)


def watched_bank(seed: str, **given: object) -> tuple[Bank, Invariants]:
    """A bank whose every commit is held against the invariants."""
    invariants = Invariants(trio.current_time)
    return Bank(seed, watch=invariants.watch, **given), invariants  # type: ignore[arg-type]  # whatever Bank takes by name


@dataclass
class Cast:
    """An office, one desk with an authorizer at work, one terminal with a teller."""

    bank: Bank
    office: BackOffice
    desk: Desk
    terminal: Terminal
    clerk: Clerk
    nursery: trio.Nursery

    def authorize(self, judge: Judge = approve_what_agrees, *, number: int = 1) -> None:
        """Let the authorizer work from now on."""
        clerk = DeskClerk(self.desk, f"200{number}", DESK_PASSCODE, judge)
        self.nursery.start_soon(clerk.work)


@asynccontextmanager
async def cast(bank: Bank) -> AsyncIterator[Cast]:
    """Everybody is at their place and signed in; the authorizer does not work yet."""
    async with (
        bank.office() as office,
        bank.desk(1) as desk,
        bank.terminal(1) as terminal,
        trio.open_nursery() as nursery,
    ):
        with trio.fail_after(STORY_S_MAX):
            clerk = await signed_in(terminal)
            yield Cast(bank, office, desk, terminal, clerk, nursery)
        nursery.cancel_scope.cancel()


async def signed_in(terminal: Terminal, number: int = 1) -> Clerk:
    """The teller of that number, signed in, with the products on the screen."""
    who = SignInHere(f"1{number:03d}", TELLER_PASSCODE)
    while await terminal.perform(who) is not None:  # noqa: ASYNC110 - as a person tries again
        await trio.sleep(1.0)
    await until(lambda: bool(terminal.teller.products))
    return Clerk(terminal)


async def until(seen: Callable[[], bool], within: float = STORY_S_MAX) -> None:
    """Wait until something is so.

    Raises:
        trio.TooSlowError: it did not become so.
    """
    with trio.fail_after(within):
        while not seen():  # noqa: ASYNC110 - what is seen has no event
            await trio.sleep(LOOK_S)


async def work_to(terminal: Terminal, clerk: Clerk, case_id: str, stage: Stage) -> OpenCase:
    """Do what a clerk does until the case stands at a stage of the page."""
    while True:
        assert await terminal.perform(ShowCase(case_id)) is None
        case = terminal.state().open
        assert case is not None
        if case.stage is stage:
            return case
        if not await clerk._step(case):
            await trio.sleep(LOOK_S)


async def submitted(terminal: Terminal, clerk: Clerk) -> str:
    """A case that waits for its authorization."""
    case_id = await clerk.begin("debit_card")
    await work_to(terminal, clerk, case_id, Stage.WAITING)
    await until(lambda: terminal.drafts.look(case_id).view is not None)  # type: ignore[union-attr]  # begun above
    return case_id


async def put(office: BackOffice, text: str) -> PolicyText:
    """An operator puts a routing policy in force."""
    services = office.office()
    answer = await services.ask(services.policy, "O-0001", SetPolicy(text, "切换授权方式"))
    assert isinstance(answer, PolicyText), answer
    return answer


async def at_desk(desk: Desk, staff_id: str) -> None:
    """An authorizer signs in; nothing is taken yet."""
    await until(lambda: desk.state().link == "online")
    assert await desk.perform(SignInAtDesk(staff_id, DESK_PASSCODE)) is None


def stands_at(terminal: Terminal, case_id: str) -> State | None:
    """Where a draft stands, as its terminal knows it."""
    draft = terminal.drafts.look(case_id)
    return draft.state if draft is not None else None


def seen(desk: Desk) -> dict[str, QueueItem]:
    """The queue as that desk's page shows it, front first."""
    return {item.case_id: item for item in desk.state().queue}


def history(bank: Bank, case_id: str, union: str = UNION) -> list[AnyCaseEvent]:
    """The events of a case as the office's disk has them."""
    rows = bank.disk("office").disk.streams.get(f"case/{union}/{case_id}", [])
    return [_CASES.decode(row.kind, row.body, row.stream) for row in rows]


def kinds(bank: Bank, case_id: str, union: str = UNION) -> list[str]:
    """The names of those events."""
    return [type(event).__name__ for event in history(bank, case_id, union)]


def core_events(bank: Bank) -> list[PartnerEvent]:
    """What the union's core has done."""
    rows = bank.disk("office").disk.streams.get(f"core/{UNION}", [])
    return [_CORES.decode(row.kind, row.body, row.stream) for row in rows]


def assert_sound(bank: Bank, invariants: Invariants, *, healed: bool = True) -> None:
    """Nothing that must hold was broken on the way, and everything is at its end."""
    invariants.at_end({n: d.disk for n, d in bank.disks.items()}, products(), healed=healed)
    assert [] == invariants.breaches


def states(case: OpenCase) -> list[State]:
    """The states that a case has passed, as the teller sees them."""
    return [step.state for step in case.steps]


__all__ = [
    "ELSEWHERE",
    "LOOK_S",
    "OUTLET",
    "STORY_S_MAX",
    "Cast",
    "assert_sound",
    "at_desk",
    "cast",
    "core_events",
    "history",
    "kinds",
    "put",
    "seen",
    "signed_in",
    "stands_at",
    "states",
    "submitted",
    "until",
    "watched_bank",
    "work_to",
]
