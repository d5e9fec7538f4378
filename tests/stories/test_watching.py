"""A desk is told of the queue while somebody sits there, and not a moment longer."""

from __future__ import annotations

import pytest

from actors import Cell
from backoffice.desk.page_model import SignOutHere
from backoffice.desk.program import Desk
from backoffice.peers.devices import Device
from backoffice.personnel import LOOK_S
from backoffice.program import SESSION_PASSIVATE_S, BackOffice
from tests.kit.bank import UNION, Bank, authorizer
from tests.kit.running import run
from tests.stories.cast import at_desk, until

SOON_S = 3 * LOOK_S
"""Long before an unused session is put away, which would end its watch, too."""

assert SOON_S < SESSION_PASSIVATE_S


def watchers(office: BackOffice) -> object:
    """How many desks the union's queue tells."""
    cell = office.office().queue(UNION)
    assert isinstance(cell, Cell)
    return cell.inspect()["watchers"]


async def sign_out(_bank: Bank, _office: BackOffice, desk: Desk) -> None:
    assert await desk.perform(SignOutHere()) is None


async def be_dismissed(bank: Bank, _office: BackOffice, _desk: Desk) -> None:
    gone = authorizer(1).card.staff_id
    bank.members = tuple(member for member in bank.members if member.card.staff_id != gone)


async def be_revoked(_bank: Bank, office: BackOffice, _desk: Desk) -> None:
    device = await office.office().device("D-1")
    assert isinstance(device, Device)
    office.office().close_session(device)


ENDS = {"signed out": sign_out, "dismissed": be_dismissed, "session ended": be_revoked}


@pytest.mark.parametrize("end", ENDS)
def test_nobody_is_told_of_the_queue_who_is_not_there(end: str) -> None:
    """By their own wish, because their line in the roster is gone, or with the session."""

    async def story() -> None:
        bank = Bank(end)
        async with bank.office() as office, bank.desk(1) as desk:
            await at_desk(desk, "2001")
            await until(lambda: 1 == watchers(office), SOON_S)
            await ENDS[end](bank, office, desk)
            await until(lambda: 0 == watchers(office), SOON_S)

    run(story)
