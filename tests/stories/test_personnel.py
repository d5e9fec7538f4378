"""Who works here changes while the office runs: it goes by the file as it is now."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import trio
from structlog.testing import capture_logs

from backoffice.peers.devices import DeviceList, ListBound
from backoffice.personnel import LOOK_S
from backoffice.premises import Premises
from backoffice.staff import BadRoster, Member, Roster
from tests.kit.bank import Bank, authorizer, cheap_hash, moved, teller
from tests.kit.outside import VirtualWall, inline_offload
from tests.kit.running import run
from tests.stories.cast import Cast, cast, signed_in
from wire.message import Code, Refusal
from wire.messages.session import Role
from wire.private_file import write_private

SOON_S = 3 * LOOK_S


async def bound(at: Cast) -> dict[str, str]:
    """Who is signed in where, by the office's registry."""
    office = at.office.office()
    answer = await office.ask(office.devices, "test", ListBound())
    assert isinstance(answer, DeviceList)
    return {one.device: one.staff.staff_id for one in answer.devices if one.staff}


def without(bank: Bank, number: int) -> tuple[Member, ...]:
    """Everybody but one teller."""
    gone = teller(number).card.staff_id
    return tuple(member for member in bank.members if member.card.staff_id != gone)


def relined(bank: Bank, **changes: object) -> tuple[Member, ...]:
    """Everybody, the first teller by another line."""
    own = teller(1)
    line = msgspec.structs.replace(own, **changes)
    return tuple(line if one.card.staff_id == own.card.staff_id else one for one in bank.members)


CHANGES = {
    "dismissed": lambda bank: without(bank, 1),
    "locked": lambda bank: relined(bank, locked=True),
    "another passcode": lambda bank: relined(bank, passcode_hash=cheap_hash("another")),
    "another outlet": lambda bank: relined(bank, card=moved(teller(1), "53011102").card),
    "another role": lambda bank: relined(bank, role=Role.DESK),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whose_line_changes_is_signed_out_while_the_office_runs(change: str) -> None:
    """At once, and nobody else; what the terminal asks then is refused."""

    async def story() -> None:
        bank = Bank(f"personnel {change}", tellers=2)
        async with cast(bank) as at, bank.terminal(2) as other:
            await signed_in(other, 2)
            assert {"T-1": "1001", "T-2": "1002"} == await bound(at)
            bank.members = CHANGES[change](bank)
            await trio.sleep(SOON_S)

            assert {"T-2": "1002"} == await bound(at)
            office = at.office.office()
            device = await office.device("T-1")
            assert not isinstance(device, Refusal)
            refused = office.caller(device)
            assert isinstance(refused, Refusal)
            assert Code.FORBIDDEN == refused.code

    run(story)


def test_a_dismissal_while_the_office_was_down_counts_too() -> None:
    """The registry remembers who was signed in; the roster of now does not know them."""

    async def story() -> None:
        bank = Bank("dismissed at night")
        async with cast(bank) as at:
            assert {"T-1": "1001"} == await bound(at)
        bank.members = (*without(bank, 1), teller(2))
        async with bank.office() as office:
            await trio.sleep(SOON_S)
            answer = await office.office().ask(office.office().devices, "test", ListBound())
            assert DeviceList(()) == answer

    run(story)


def test_a_broken_file_changes_nothing_and_is_told() -> None:
    """Half a file, or two lines for one id: the former roster stays, once said per change."""

    async def story() -> None:
        bank = Bank("torn")
        async with cast(bank) as at:
            whole = bank.members
            with capture_logs() as logs:
                bank.staff.torn = True
                await trio.sleep(SOON_S)
                bank.members, bank.staff.torn = (*whole, teller(1)), False
                await trio.sleep(SOON_S)
                bank.members = whole
                await trio.sleep(SOON_S)
            assert {"T-1": "1001"} == await bound(at)
            told = [line for line in logs if line["event"] == "staff.roster_refused"]
            assert ["error", "error"] == [line["log_level"] for line in told]
            assert not any("argon2id" in str(line) for line in logs)

            bank.members = (*whole, authorizer(7))
            await trio.sleep(SOON_S)
            found = at.office.office().roster.member("2007")
            assert found is not None

    run(story)


def test_a_new_line_lets_somebody_in_without_a_restart() -> None:
    """Hired while the office runs."""

    async def story() -> None:
        bank = Bank("hired", tellers=2)
        everybody = bank.members
        bank.members = without(bank, 2)
        async with cast(bank) as at:
            roster = at.office.office().roster
            assert isinstance(await roster.prove("1002", "135790", Role.TERMINAL, "T-2"), Refusal)
            bank.members = everybody
            await trio.sleep(SOON_S)
            assert teller(2) == await roster.prove("1002", "135790", Role.TERMINAL, "T-2")

    run(story)


def test_a_roster_is_replaced_whole_or_not_at_all() -> None:
    """Whose lines are other ones is told; a locked member is nobody."""
    staff = Roster([teller(1), teller(2)], VirtualWall(), inline_offload)
    for wrong in ((), (teller(3), teller(3))):
        with pytest.raises(BadRoster):
            staff.replace(wrong)
    assert teller(1) == staff.member("1001")

    locked = msgspec.structs.replace(teller(1), locked=True)
    assert {"1001", "1002"} == staff.replace([locked, teller(3)])
    assert staff.member("1001") is staff.member("1002") is None
    assert teller(3) == staff.member("1003")


def test_the_premises_tell_a_changed_file_from_an_unchanged_one(tmp_path: Path) -> None:
    """Replaced, rewritten in place, gone: each is another stamp."""
    premises, path = Premises(tmp_path), tmp_path / "staff.json"
    stamps = [premises.stamp()]
    premises.add_staff(teller(1))
    stamps.append(premises.stamp())
    assert premises.stamp() == stamps[-1]
    write_private(path, path.read_bytes())
    stamps.append(premises.stamp())
    path.write_bytes(b"[]")
    stamps.append(premises.stamp())
    assert b"[]" == premises.read()
    path.unlink()

    assert len(stamps) == len(set(stamps))
    assert premises.stamp() == stamps[0]
    with pytest.raises(OSError, match="staff"):
        premises.read()
