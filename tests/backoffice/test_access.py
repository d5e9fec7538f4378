"""Who may say what, every cell: role × message, written down here a second time on purpose."""

from __future__ import annotations

from typing import get_args

import pytest

from backoffice.peers.access import ALLOWED, UPWARD, allowed
from wire.messages.session import Role

EVERYTHING: tuple[type, ...] = get_args(UPWARD)

MATRIX = """
                 terminal  desk  operator
SignIn           yes       yes   no
SignOut          yes       yes   no
ListProducts     yes       no    no
CheckIdentity    yes       no    no
ListItems        yes       no    no
ProveColleague   yes       no    no
SendCode         yes       no    no
ProveCode        yes       no    no
Recommend        yes       no    no
OfferImages      yes       no    no
PutChunk         yes       no    no
Submit           yes       no    no
GetCase          yes       no    no
GetSlip          yes       no    no
SlipShown        yes       no    no
SignSlip         yes       no    no
RefuseSlip       yes       no    no
CancelCase       yes       no    no
ContinueLater    yes       no    no
GiveLivePhoto    yes       no    no
Delivered        yes       no    no
SubmitRescan     yes       no    no
WatchQueue       no        yes   no
ClaimCase        no        yes   no
NextCase         no        yes   no
AskLivePhoto     no        yes   no
RenewClaim       no        yes   no
ReleaseCase      no        yes   no
Decide           no        yes   no
ListReviews      no        yes   no
OpenReview       no        yes   no
JudgeReview      no        yes   no
GetChunk         no        yes   no
GetFigures       no        yes   no
GetRejection     no        yes   no
GetTree          no        no    yes
Invite           no        no    yes
Revoke           no        no    yes
GetPolicy        no        no    yes
SetPolicy        no        no    yes
PolicyHistory    no        no    yes
RollbackPolicy   no        no    yes
ListManual       no        yes   yes
OpenManual       no        yes   yes
InquireManual    no        yes   yes
SettleManual     no        yes   yes
"""


def _cells() -> dict[tuple[str, str], bool]:
    head, *rows = [line.split() for line in MATRIX.strip().splitlines()]
    return {
        (name, role): cell == "yes"
        for name, *row in rows
        for role, cell in zip(head, row, strict=True)
    }


CELLS = _cells()


@pytest.mark.parametrize("message", EVERYTHING, ids=lambda message: message.__name__)
@pytest.mark.parametrize("role", list(Role))
def test_every_cell(role: Role, message: type) -> None:
    """As the table says; a new message or role has to be put into it."""
    assert CELLS[message.__name__, role.value] == allowed(role, message)


def test_the_matrix_is_complete() -> None:
    """No message without a sender, no sender of a message that the office does not accept, and no
    cell for what does not exist.
    """
    assert {(message.__name__, role.value) for message in EVERYTHING for role in Role} == set(CELLS)
    assert set(EVERYTHING) == frozenset.union(*ALLOWED.values())
    assert set(Role) == set(ALLOWED)


def test_deny_by_default() -> None:
    """What is in no column is nobody's, whatever it is."""
    assert not any(allowed(role, message) for role in Role for message in (object, str, Role))
