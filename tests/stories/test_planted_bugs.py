"""The alarms ring: bugs planted on purpose, each caught by the invariant that names it.

Each plant changes production code in this test alone. A plant that no invariant caught would show
that the simulation looks away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from actors.durable import durable_actor as durable
from actors.store import Batch, batch
from actors.store.entry import entry_of
from backoffice import program
from backoffice.authorization import waiting
from backoffice.cases import conversation, decision, duties
from backoffice.cases.events import Standing
from backoffice.cases.legs import Legs, next_to_commit, standing
from backoffice.catalogue import products
from backoffice.desk import authorizer as desk_authorizer
from backoffice.partners import core_bank, ledger
from terminal import uplink
from terminal.page_commands import CustomerRefuses, SlipSeen
from terminal.page_model import Stage
from tests.kit import bank as kit_bank
from tests.kit.bank import authorizer, teller
from tests.kit.invariants import Breach
from tests.kit.running import run
from tests.stories.cast import cast, until, watched_bank, work_to
from tests.stories.power_cuts import OFFICE, play
from wire.case_state import State
from wire.message import Refusal
from wire.messages.desk import Decision

Plant = Callable[[pytest.MonkeyPatch], None]


def reply_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The office says yes before the disk does."""
    begin = durable.DurableActor._begin

    def hasty(self: Any, work: Any) -> None:
        asked = work.command is not None and not work.settles
        if asked and self.context.path.startswith("/office/cases/"):
            verdict = self._decide(self._now, work, self.context.outside.wall.now_ms())
            if not isinstance(verdict, Refusal):
                work.caller.reply(verdict.reply)
        begin(self, work)

    patch.setattr(durable.DurableActor, "_begin", hasty)


class UnguardedGroup(msgspec.Struct, frozen=True):
    """A posting group as the ledger writes it, without the ledger's own guard."""

    key: str
    postings: tuple[ledger.Posting, ...]


def unbalanced_ledger(patch: pytest.MonkeyPatch) -> None:
    """One leg of every movement is a fen short, and the ledger's guard is asleep."""

    def lame(key: str, source: str, target: str, fen: int) -> UnguardedGroup:
        legs = (ledger.Posting(source, -fen), ledger.Posting(target, fen - 1))
        return UnguardedGroup(key, legs)

    def heap(key: str, *groups: ledger.PostingGroup) -> UnguardedGroup:
        return UnguardedGroup(key, tuple(one for group in groups for one in group.postings))

    patch.setattr(core_bank, "move", lame)
    patch.setattr(core_bank, "together", heap)


def any_signature_will_do(patch: pytest.MonkeyPatch) -> None:
    """The tablet signs slips under a wrong context, and the office does not look."""
    patch.setattr(uplink, "SLIP", b"something else")
    patch.setattr(program, "verify", lambda *_: True)


def self_authorization(patch: pytest.MonkeyPatch) -> None:
    """Nobody is kept apart from their own case."""
    patch.setattr(waiting, "bar", lambda *_: None)
    desk = authorizer(1)
    alias = msgspec.structs.replace(desk.card, person_id=teller(1).card.person_id)
    patch.setattr(kit_bank, "authorizer", lambda _: msgspec.structs.replace(desk, card=alias))


def decided_blindly(patch: pytest.MonkeyPatch) -> None:
    """The desk signs for a version that nobody looked at, and the office takes it."""

    def blind(**seen: Any) -> Decision:
        return Decision(**(seen | {"version": 0}))

    patch.setattr(desk_authorizer, "Decision", blind)
    patch.setattr(decision, "_stale", lambda *_: None)


def silent_entries(patch: pytest.MonkeyPatch) -> None:
    """The log's entries leave out what was appended."""

    def silent(whole: Batch, seq: int) -> bytes:
        return entry_of(msgspec.structs.replace(whole, appends=()), seq)

    patch.setattr(batch, "entry_of", silent)


def a_log_that_skips(patch: pytest.MonkeyPatch) -> None:
    """Entries say that they stand one further on."""
    patch.setattr(batch, "entry_of", lambda whole, seq: entry_of(whole, seq + 1))


PLANTS: list[tuple[str, Plant]] = [
    ("I1", reply_before_commit),
    ("I3", unbalanced_ledger),
    ("I4", any_signature_will_do),
    ("I5", self_authorization),
    ("I6", decided_blindly),
    ("I8", silent_entries),
    ("I8", a_log_that_skips),
]


def breaches() -> list[Breach]:
    """What one ordinary job breaks, on an office whose disk takes its time."""

    async def story() -> list[Breach]:
        bank, invariants = watched_bank("planted")
        bank.disk("office").stalls["case/"] = 1.0
        async with cast(bank) as at:
            at.authorize()
            await at.clerk.finish(await at.clerk.begin("debit_card"))
        invariants.at_end({name: disk.disk for name, disk in bank.disks.items()}, products())
        return invariants.breaches

    return run(story)


def test_without_a_plant_no_alarm_rings() -> None:
    """The same job, unplanted."""
    assert [] == breaches()


@pytest.mark.parametrize(("name", "plant"), PLANTS)
def test_a_planted_bug_is_caught_by_name(
    name: str, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first breach has the name of what the bug breaks."""
    plant(monkeypatch)

    assert name == breaches()[0].name


def money_before_the_biller(patch: pytest.MonkeyPatch) -> None:
    """Legs are made real from the end of the plan: money moves before the biller knows."""
    patch.setattr(conversation, "next_to_commit", lambda legs: next_to_commit(legs[::-1]))


def a_forgotten_leg(patch: pytest.MonkeyPatch) -> None:
    """Only the first prepared leg is released, and the case is content with that."""

    def only(count: int) -> Callable[..., Legs]:
        def standing_so(legs: Legs, *which: Standing) -> Legs:
            found = standing(legs, *which)
            return found[:count] if which == (Standing.ABORTING,) else found

        return standing_so

    patch.setattr(duties, "standing", only(1))
    patch.setattr(conversation, "standing", only(0))


def breaches_of_a_bill(*, refused: bool) -> list[Breach]:
    """What is broken when a bill is paid, or the customer refuses to sign for it."""

    async def story() -> list[Breach]:
        bank, invariants = watched_bank("bill")
        async with cast(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("bill_payment")
            if refused:
                await work_to(at.terminal, at.clerk, case_id, Stage.SIGN)
                await at.clerk._do(SlipSeen(case_id))
                await at.clerk._do(CustomerRefuses(case_id))
            ended = await at.clerk.finish(case_id)
            await until(lambda: not bank.owed())
        assert ended.state == (State.ABORTED if refused else State.CLOSED)
        invariants.at_end({name: disk.disk for name, disk in bank.disks.items()}, products())
        return invariants.breaches

    return run(story)


@pytest.mark.parametrize("refused", [False, True])
def test_a_bill_as_it_should_be(refused: bool) -> None:
    """No alarm: the biller first, then the money; refused, and both are released."""
    assert [] == breaches_of_a_bill(refused=refused)


def test_money_that_moves_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account is debited only when everything else is real (I17)."""
    money_before_the_biller(monkeypatch)

    assert "I17" == breaches_of_a_bill(refused=False)[0].name


def test_a_leg_that_is_never_released_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is undone leaves nothing reserved (I15)."""
    a_forgotten_leg(monkeypatch)

    assert "I15" == breaches_of_a_bill(refused=True)[0].name


def test_a_forgetful_core_posts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """It forgets its keys: harmless until the office loses power between core and case (I2)."""
    decide = core_bank.CoreBank._prepare

    def forgetful(self: Any, state: Any, request: Any, *rest: Any) -> Any:
        forgotten = msgspec.structs.replace(
            state,
            entries=state.entries.remove(request.key),
            open={key: opened for key, opened in state.open.items() if key != request.key},
            cards=state.cards.remove(request.operation.pan.digits),
            held=state.held.remove(request.operation.customer.number.number),
        )
        return decide(self, forgotten, request, *rest)

    monkeypatch.setattr(core_bank.CoreBank, "_prepare", forgetful)
    calm = play({})
    caught: set[str] = set()
    for point in range(calm.first[OFFICE] + 1, calm.last[OFFICE] + 1):
        caught |= {breach.name for breach in play({OFFICE: (point,)}).breaches}
        if "I2" in caught:
            break

    assert () == calm.breaches
    assert "I2" in caught
