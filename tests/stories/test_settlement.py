"""Money is never stuck: a partner is down for days, and the case still ends as its books say.

The core is down from the moment the customer signs for a bill: the biller has been told, the money
is held. Every way out from there is walked over the production code, its disk verified, reconciled
and held against the invariants at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import trio

from backoffice.cases.stuck import COLLECTION
from backoffice.cases.terms import Terms
from backoffice.desk.program import Desk
from backoffice.partners.conduct import NORMAL, Conduct, Manner
from backoffice.partners.embedded import posting_group
from backoffice.partners.ledger import trial_balance
from backoffice.partners.operations import Partner
from backoffice.reconcile import What, reconcile
from terminal.page_model import Stage
from tests.kit.bank import UNION, Bank
from tests.kit.closing import DiskArchive
from tests.kit.running import run
from tests.stories.cast import (
    assert_sound,
    at_desk,
    cast,
    core_events,
    kinds,
    stands_at,
    until,
    watched_bank,
    work_to,
)
from wire.case_state import State
from wire.codec import decode, encode
from wire.errors import PeerRefused
from wire.keys import SETTLEMENT
from wire.message import Code, Request
from wire.messages.settlement import (
    Act,
    Deed,
    InquireManual,
    ListManual,
    ManualCase,
    ManualFile,
    OpenManual,
    SettleManual,
    Word,
)

DAY_S = 24 * 3600.0
DOWN = Conduct(Manner.DOWN)
PASSCODE = "246801"
EVIDENCE = "已致电核心系统，流水可查"
TERMS = Terms(inquiries_max=3, manual_ms_first=5 * 60 * 1000)
"""Less patience than in a bank, so that little has to happen before a case is given up."""


@dataclass
class Desks:
    """Two persons at their desks, hours later; the teller has gone home."""

    bank: Bank
    case_id: str
    first: Desk
    second: Desk

    async def ask(self, desk: Desk, request: Request[Any]) -> Any:
        return await desk._link.request(request, within=20.0)

    async def say(self, desk: Desk, staff_id: str, leg: str, deed: Deed, act: Act) -> ManualFile:
        """A person at a desk says something, as a program of theirs would."""
        file: ManualFile = await self.ask(desk, OpenManual(UNION, self.case_id))
        key = next(one.key for one in file.case.legs if one.name == leg)
        proposed = {one.leg: one.digest for one in file.proposals}
        node = "D-1" if desk is self.first else "D-2"
        word = Word(
            union=UNION,
            case_id=self.case_id,
            leg=key,
            act=act,
            deed=deed,
            evidence=EVIDENCE if act is Act.PROPOSE else "",
            staff_id=staff_id,
            said_ms=self.bank.outside(node).wall.now_ms(),
            proposal=b"" if act is Act.PROPOSE else proposed.get(key, b""),
        )
        body = encode(word)
        seal = self.bank.device_keys(node).signing.sign(SETTLEMENT, body)
        answer: ManualFile = await self.ask(desk, SettleManual(body, seal, PASSCODE))
        return answer

    async def settle(self, leg: str, deed: Deed) -> None:
        """One proposes at one desk, the other confirms at the other."""
        await self.say(self.first, "2001", leg, deed, Act.PROPOSE)
        await self.say(self.second, "2002", leg, deed, Act.CONFIRM)

    async def ends(self, state: State) -> None:
        await until(lambda: ended(self.bank, self.case_id) is state, within=60.0)

    def core_is_back(self) -> None:
        self.bank.conducts.tell(Partner.CORE, UNION, NORMAL)


async def give_up(bank: Bank) -> str:
    """A bill that the biller has taken; the core has been down since the customer signed."""
    async with cast(bank) as at:
        at.authorize()
        case_id = await at.clerk.begin("bill_payment")
        await work_to(at.terminal, at.clerk, case_id, Stage.SIGN)
        bank.conducts.tell(Partner.CORE, UNION, DOWN)
        at.nursery.start_soon(at.clerk.finish, case_id)
        await until(lambda: "GivenUp" in kinds(bank, case_id), within=120.0)
    return case_id


async def later(bank: Bank, case_id: str, seconds: float) -> None:
    """Nobody but the office has been at work; then the core is back."""
    async with bank.office():
        await trio.sleep(seconds)
        bank.conducts.tell(Partner.CORE, UNION, NORMAL)
        while ended(bank, case_id) is None or asks_on(bank):  # noqa: ASYNC110 - as people look
            await trio.sleep(60.0)


async def nothing(_desks: Desks) -> None:
    """Nobody does anything."""


def told(story: Callable[[Desks], Awaitable[None]], seed: str, end: State) -> Bank:
    """A story from there; the case is at this end, its teller sees it, and everything is sound."""

    async def whole() -> Bank:
        bank, invariants = watched_bank(seed, desks=2, terms=TERMS)
        with trio.fail_after(20 * DAY_S):
            case_id = await give_up(bank)
            if story is not nothing:
                async with bank.office(), bank.desk(1) as first, bank.desk(2) as second:
                    await at_desk(first, "2001")
                    await at_desk(second, "2002")
                    await story(Desks(bank, case_id, first, second))
            await later(bank, case_id, 3 * DAY_S if story is nothing else 60.0)
            async with bank.office(), bank.terminal(1) as terminal:
                await until(lambda: stands_at(terminal, case_id) is end, within=600.0)
                await until(lambda: not bank.owed(), within=600.0)
        assert end is ended(bank, case_id)
        assert_sound(bank, invariants)
        assert 0 == held_fen(bank)
        return bank

    return run(whole)


def ended(bank: Bank, case_id: str) -> State | None:
    """The end of a case, once it has one."""
    ends = {"Closed": State.CLOSED, "Aborted": State.ABORTED, "Declined": State.DECLINED}
    found = [ends[kind] for kind in kinds(bank, case_id) if kind in ends]
    return found[-1] if found else None


def held_fen(bank: Bank) -> int:
    """What the core holds of anybody's money, in fen."""
    groups = [group for event in core_events(bank) if (group := posting_group(event)) is not None]
    return -sum(fen for name, fen in trial_balance(groups).items() if name.endswith("/held"))


def asks_on(bank: Bank) -> bool:
    """Whether the core has still to be asked or told something."""
    return any(one.to == Partner.CORE for one in bank.disk("office").disk.pending.values())


def sealed(bank: Bank) -> int:
    """How many receipts the office has countersigned."""
    return sum(row.kind == "SlipSealed" for row in bank.disk("office").disk.journal)


def listed(bank: Bank) -> list[ManualCase]:
    documents = bank.disk("office").disk.documents
    return [decode(ManualCase, body) for (name, _), body in documents.items() if name == COLLECTION]


def test_the_core_comes_back_after_three_days_and_nobody_has_to_do_anything() -> None:
    """The office has gone on asking: the money is debited, the receipt printed."""
    bank = told(nothing, "heals", State.CLOSED)

    assert [] == listed(bank)
    assert 1 == sealed(bank)


def test_what_waits_for_people_is_listed_as_it_is() -> None:
    """The biller has it, the money is held: leg by leg, at a desk as on the disk."""

    async def story(desks: Desks) -> None:
        (case,) = listed(desks.bank)
        assert (case,) == (await desks.ask(desks.second, ListManual())).cases
        assert (desks.case_id, UNION, "bill_payment", State.MANUAL) == (
            case.case_id,
            case.union,
            case.product,
            case.state,
        )
        stands = {leg.name: (leg.partner, leg.standing, leg.fen > 0) for leg in case.legs}
        assert stands == {
            "biller": ("biller", "committed", True),
            "funds": ("core", "committing", True),
        }
        assert held_fen(desks.bank) == case.legs[0].fen

    told(story, "listed", State.CLOSED)


@pytest.mark.parametrize("core", ["back", "down"])
def test_two_persons_say_that_it_was_done(core: str) -> None:
    """The case closes when they say so; the core is told until it has heard."""

    async def story(desks: Desks) -> None:
        if core == "back":
            desks.core_is_back()
        await desks.settle("funds", Deed.DONE)
        await desks.ends(State.CLOSED)
        assert (held_fen(desks.bank) > 0) == (core == "down")

    bank = told(story, f"done-{core}", State.CLOSED)
    assert 1 == sealed(bank)


@pytest.mark.parametrize("core", ["back", "down"])
def test_two_persons_say_that_it_was_not_done_and_the_bill_is_reversed(core: str) -> None:
    """What is held comes back, the biller reverses, and the reconciliation shows the line."""

    async def story(desks: Desks) -> None:
        if core == "back":
            desks.core_is_back()
        await desks.settle("funds", Deed.NOT_DONE)
        await until(lambda: "LegAnswered" in kinds(desks.bank, desks.case_id)[-2:], within=60.0)
        assert ended(desks.bank, desks.case_id) is None, "real in part is no end"
        await desks.settle("biller", Deed.REVERSE)
        await desks.ends(State.ABORTED)
        assert (held_fen(desks.bank) > 0) == (core == "down")

    bank = told(story, f"undone-{core}", State.ABORTED)
    (line,) = reconcile(DiskArchive(bank.disk("office").disk)).reversals
    assert (f"biller/{UNION}", True) == (line.where, line.fen > 0)
    assert 0 == sealed(bank)


@pytest.mark.parametrize("manner", [Manner.DOWN, Manner.TIME_OUT])
def test_what_is_made_good_by_hand_is_not_given_back_by_the_biller_as_well(manner: Manner) -> None:
    """It hears nothing, and reverses nothing later; or it had reversed, and nobody had heard so."""

    def books(bank: Bank) -> tuple[list[What], int, int]:
        seen = reconcile(DiskArchive(bank.disk("office").disk))
        return [one.what for one in seen.differences], len(seen.reversals), len(seen.made_good)

    async def story(desks: Desks) -> None:
        bank = desks.bank
        desks.core_is_back()
        await desks.settle("funds", Deed.NOT_DONE)
        await until(lambda: "LegAnswered" in kinds(bank, desks.case_id)[-2:], within=60.0)
        bank.conducts.tell(Partner.BILLER, UNION, Conduct(manner))
        await desks.settle("biller", Deed.REVERSE)
        await until(lambda: "InquiryLost" in kinds(bank, desks.case_id)[-1:], within=60.0)
        await desks.settle("biller", Deed.NOT_DONE)
        await until(lambda: "InquiryLost" in kinds(bank, desks.case_id)[-1:], within=60.0)
        assert ended(bank, desks.case_id) is None, "its partner has to hear it first"
        bank.conducts.tell(Partner.BILLER, UNION, NORMAL)
        if manner is Manner.DOWN:
            await desks.ask(desks.first, InquireManual(UNION, desks.case_id))
        else:
            contradicted = "LegContradicted"
            await until(lambda: contradicted in kinds(bank, desks.case_id), within=3600.0)
            assert ([What.GIVEN_BACK_TWICE], 1, 0) == books(bank)
            await desks.settle("biller", Deed.REVERSE)
        await desks.ends(State.ABORTED)

    bank = told(story, f"by-hand-{manner}", State.ABORTED)
    assert ([], *((0, 1) if manner is Manner.DOWN else (1, 0))) == books(bank)


def test_a_core_that_has_debited_and_cannot_say_so_is_taken_at_their_word() -> None:
    """It does what it is told and its answers are lost: debited once, and heard at last."""

    async def story(desks: Desks) -> None:
        desks.bank.conducts.tell(Partner.CORE, UNION, Conduct(Manner.TIME_OUT))
        await desks.settle("funds", Deed.DONE)
        await desks.ends(State.CLOSED)
        assert 0 == held_fen(desks.bank)
        assert "LegHeard" not in kinds(desks.bank, desks.case_id)

    told(story, "debited", State.CLOSED)


def test_one_person_is_not_two_whatever_they_sign_in_as() -> None:
    """Refused at the other desk, too; a word is its speaker's, and can be taken back."""

    async def story(desks: Desks) -> None:
        first, second = desks.first, desks.second
        await desks.say(first, "2001", "funds", Deed.DONE, Act.PROPOSE)
        for desk, staff_id, code in (
            (first, "2001", Code.SELF_AUTH),
            (second, "2001", Code.FORBIDDEN),
            (second, "nobody", Code.FORBIDDEN),
        ):
            with pytest.raises(PeerRefused) as refused:
                await desks.say(desk, staff_id, "funds", Deed.DONE, Act.CONFIRM)
            assert code is refused.value.refusal.code
        file: ManualFile = await desks.ask(second, OpenManual(UNION, desks.case_id))
        assert ["2001"] == [one.staff_id for one in file.proposals]
        file = await desks.say(second, "2002", "funds", Deed.DONE, Act.WITHDRAW)
        assert () == file.proposals
        with pytest.raises(PeerRefused):
            await desks.ask(second, OpenManual("530112", desks.case_id))

    told(story, "one-person", State.CLOSED)


def test_a_person_has_the_core_asked_again_when_it_is_back() -> None:
    """Nothing but a question; the machine goes on with the answer."""

    async def story(desks: Desks) -> None:
        desks.core_is_back()
        file: ManualFile = await desks.ask(desks.second, InquireManual(UNION, desks.case_id))
        assert State.MANUAL is file.case.state
        await desks.ends(State.CLOSED)

    told(story, "asked-again", State.CLOSED)
