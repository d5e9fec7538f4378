"""No state without a way out: from wherever a case rests, a machine or a person leads it on.

Nothing here lists states. Cases are brought to wherever random lives leave them, and there what
the office owes is done, while every partner is silent: a reminder or a last question that leads on
by itself is the machine's way. Where there is none, a message that some role may send has to be
one: it goes through the handler that answers such a device. What never rests is left in the commit
that reaches it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from actors.durable import Effect, Reminder
from backoffice.cases.case import CaseBehaviour
from backoffice.cases.commands import Caller, PartnerSilent
from backoffice.cases.flow import TABLE
from backoffice.cases.settlement import LEVEL
from backoffice.cases.terms import TERMS
from backoffice.configuration.settings import Settings
from backoffice.peers import settlement_requests
from backoffice.peers.access import ALLOWED, allowed
from backoffice.peers.desk_requests import DeskRequest, DeskRequests
from backoffice.peers.devices import Device
from backoffice.peers.terminal_requests import TerminalRequests
from backoffice.staff import Member, Roster
from tests.backoffice.case_story import (
    DESK,
    FIRST,
    PARTNERS,
    PRODUCTS,
    SECOND,
    TELLER,
    UNION,
    Story,
    keys,
)
from tests.backoffice.test_case_sequences import random_life
from tests.kit.outside import virtual_outside
from tests.kit.partners import leg_key
from tests.kit.running import run
from wire.case_state import FINAL_STATES, State
from wire.codec import encode
from wire.keys import SETTLEMENT
from wire.message import Code, Refusal, Request
from wire.messages.case import CancelCase, Delivered, RefuseSlip, SlipShown, Submit
from wire.messages.desk import ClaimCase, ReleaseCase
from wire.messages.session import Role
from wire.messages.settlement import Act, Deed, OpenManual, SettleManual, Word

LIVES = 300
AT_REST_MAX = 12
"""How many cases of each state are looked at."""

SAID_MAX = 5
"""How often two persons go through the legs: as silent partners hear nothing, some of what they
say counts only when they say it again."""

QUESTIONS_MAX = 4 * (TERMS.inquiries_max + 1)
"""How often partners are silent before a case of a few legs is given up."""


def resting() -> dict[State, list[Story]]:
    """Cases by the state in which a random life, of any length, left them; partners of every other
    one have been silent since, for any time.
    """
    found: dict[State, list[Story]] = defaultdict(list)
    for seed in range(LIVES):
        story = random_life(seed, steps=seed % 61).story
        for _ in range(seed % 29 if seed % 2 else 0):
            story.deaf()
        if len(found[story.where()]) < AT_REST_MAX:
            found[story.where()].append(story)
    return dict(found)


RESTING = resting()


# The machine.


def leads_on_by_itself(story: Story) -> bool:
    """All that is owed, and every reminder, in the order of time; no partner ever answers."""
    before, story = story.where(), story.copied()
    for _ in range(QUESTIONS_MAX):
        asked = [effect for effect in story.owed if effect.to in PARTNERS]
        due: list[Effect | Reminder] = [*asked, *story.reminders()]
        if story.where() is not before or not due:
            break
        first = min(due, key=lambda one: one.due_ms)
        story.now_ms = max(story.now_ms, first.due_ms)
        message: Any = first.message
        if isinstance(first, Effect):
            story.owed.remove(first)
            message = PartnerSilent(message.key)
        story.give(message)
    return story.where() is not before


# People.


class Trusting(Roster):
    """Believes every passcode of those who settle; the rest of it is the office's own."""

    async def prove(
        self, staff_id: str, passcode: str, role: Role, device: str
    ) -> Member | Refusal:
        member = self.member(staff_id)
        assert member is not None, (staff_id, passcode, device)
        return member if member.role is role else Refusal(Code.FORBIDDEN, "")


MEMBERS = [Member(who.staff, Role.DESK, "", LEVEL.name) for who in (DESK, FIRST, SECOND)]
SETTINGS = Settings(PRODUCTS)


class Door:
    """An office, as far as the handlers of messages about a case need one.

    Its own parts are the real ones or bound to their types, so that they change with the office.
    """

    settings = SETTINGS

    def __init__(self, story: Story) -> None:
        self.story = story
        self.store: Any = self
        self.blobs: Any = self
        self.outside: Any = self
        outside = virtual_outside()
        self.roster = Trusting(MEMBERS, outside.wall, outside.offload)

    def entropy(self, size: int) -> bytes:
        return b"c" * size

    def caller(self, device: Device) -> Caller:
        return {one.device: one for one in (DESK, FIRST, SECOND, TELLER)}[device.device]

    async def owner(self, _scope: str, _key: str) -> None:
        return None

    async def document(self, _collection: str, _key: str) -> None:
        return None

    async def streams(self, prefix: str) -> list[str]:
        return [prefix]

    async def ask_case(self, _union: str, _case_id: str, _who: str, command: Any) -> Any:
        return self.story.give(command)


async def said(story: Story, who: Caller, role: Role, message: Request[Any]) -> Any:
    """The answer of the handler that answers such a device, if the role may say that."""
    if not allowed(role, type(message)):
        return None
    device = Device(
        device=who.device,
        role=role,
        outlet=who.staff.outlet,
        union=UNION,
        noise=b"",
        signing=who.signing,
        staff=who.staff,
    )
    door: Any = Door(story)
    if isinstance(message, settlement_requests.ManualRequest):
        return await settlement_requests.answer_settlement(door, device, message)
    if isinstance(message, DeskRequest):
        return await DeskRequests(door).answer(device, None, message)  # type: ignore[arg-type]  # nobody is told
    return await TerminalRequests(door).answer(device, message)  # type: ignore[arg-type]  # the rest


async def settles(story: Story) -> None:
    """Two persons at desks, about every leg: whatever of it they may say, until they insist."""
    for leg in story.case.legs * SAID_MAX:
        for deed in (Deed.NOT_DONE, Deed.REVERSE, Deed.DONE):
            for who, act in ((FIRST, Act.PROPOSE), (SECOND, Act.CONFIRM)):
                look = OpenManual(UNION, story.case_id)
                file = await said(story, who, Role.DESK, look)
                if file is None or isinstance(file, Refusal):
                    return
                proposed = {one.leg: one.digest for one in file.proposals}
                word = Word(
                    union=UNION,
                    case_id=story.case_id,
                    leg=leg.key,
                    act=act,
                    deed=deed,
                    evidence="" if act is Act.CONFIRM else "已电话核实",
                    staff_id=who.staff.staff_id,
                    said_ms=story.now_ms,
                    proposal=proposed.get(leg.key, b"") if act is Act.CONFIRM else b"",
                )
                body = encode(word)
                seal = keys(who.device).sign(SETTLEMENT, body)
                await said(story, who, Role.DESK, SettleManual(body, seal, "246801"))
                # Whoever is told something new answers, or does not; both lead on.
                for effect in story.asked():
                    story.give(PartnerSilent(leg_key(effect)))


def deeds(story: Story) -> Iterator[Callable[[Story], Awaitable[None]]]:
    """What people can say of a case, with what is right about it."""

    async def submits(story: Story) -> None:
        # Taking a submission in needs the whole office; the case is what this is about.
        if allowed(Role.TERMINAL, Submit):
            story.file()

    def terminal(make: Callable[[Story], Request[Any]]) -> Callable[[Story], Awaitable[None]]:
        async def says(story: Story) -> None:
            await said(story, TELLER, Role.TERMINAL, make(story))

        return says

    def desk(make: Callable[[Story], Request[Any]]) -> Callable[[Story], Awaitable[None]]:
        async def says(story: Story) -> None:
            await said(story, DESK, Role.DESK, make(story))

        return says

    if story.case.intake is None:
        yield submits
        return
    yield terminal(lambda one: CancelCase(one.case_id, "客户离开"))
    yield terminal(lambda one: SlipShown(one.case_id, one.case.slip_hash))
    yield terminal(lambda one: RefuseSlip(one.case_id))
    if story.product.delivers:
        yield terminal(lambda one: Delivered(one.case_id, one.case_pan(), one.now_ms))
    yield desk(lambda one: ClaimCase(one.case_id))
    yield desk(lambda one: ReleaseCase(one.case_id))
    yield settles


async def a_person_leads_on(story: Story) -> bool:
    for deed in deeds(story):
        other = story.copied()
        await deed(other)
        if len(other.case.steps) > len(story.case.steps):
            return True
    return False


def has_a_way_out(story: Story) -> bool:
    return leads_on_by_itself(story) or run(lambda: a_person_leads_on(story))


@pytest.mark.parametrize("state", [one for one in State if one not in FINAL_STATES])
def test_every_state_has_a_way_out(state: State) -> None:
    """Wherever a case rests: by the machine though nobody answers it, or by a message."""
    for story in RESTING.get(state, []):
        assert has_a_way_out(story), f"seed {story.seed}: {story.case!r} {story.owed}"


def test_lives_rest_in_every_state_that_is_not_left_at_once() -> None:
    """So that what is claimed above is about something: what nobody rests in, others pass."""
    passed = {
        step.state for stories in RESTING.values() for one in stories for step in one.case.steps
    }
    assert set(State) - {State.CANCELLED} <= passed | set(RESTING)
    waits = {State.AUTH_QUEUED, State.AUTH_CLAIMED, State.PREPARED, State.SLIP_SHOWN}
    assert waits | {State.COMMITTED, State.MANUAL, State.COMMIT_UNKNOWN} <= set(RESTING)
    assert not set(RESTING) & {State.SIGNED, State.SUBMITTED, State.STORED, State.AUTH_APPROVED}


@pytest.mark.parametrize(
    ("state", "message"), [(State.MANUAL, SettleManual), (State.COMMITTED, Delivered)]
)
def test_a_verb_that_nobody_may_send_is_missed(
    state: State, message: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its message the state is a dead end, and this says so."""
    for role, messages in ALLOWED.items():
        monkeypatch.setitem(ALLOWED, role, messages - {message})

    assert not all(has_a_way_out(story) for story in RESTING[state])


def test_a_reminder_that_nobody_sets_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a customer's signature is undone by itself, unless nobody reminds of it."""
    (story, *_) = RESTING[State.PREPARED]
    assert leads_on_by_itself(story)
    monkeypatch.setattr(CaseBehaviour, "reminders", lambda _self, _case: ())
    assert not leads_on_by_itself(story)


def test_the_table_has_a_row_for_every_state_that_is_not_final() -> None:
    """And none that only leads back to itself."""
    for state, row in TABLE.items():
        assert set(row.values()) - {state}, state
