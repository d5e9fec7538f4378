"""Who works here: the roster, and proving who somebody is by passcode.

The roster is a file that personnel keeps (`staff.json`); it holds argon2id hashes, never passcodes.
Who follows that file while the office runs is `backoffice.personnel`'s business.
How many passcodes are checked at once, and how often somebody may be wrong, is
`backoffice.throttle`'s. Every outcome costs the same hash, so an unknown id is not told apart by
time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from actors.ports import Offload, WallClock
from backoffice.throttle import PasscodeTerms, Throttle
from wire.codec import decode_json
from wire.errors import BadFrame
from wire.ids import folded
from wire.message import Code, Refusal
from wire.messages.session import Role, StaffCard
from wire.passcode import verify_passcode

STAFF_MAX: Final = 50_000
"""The most entries of a roster."""


class Member(msgspec.Struct, frozen=True):
    """One line of the roster: what a person may sign in as, and the hash that proves it.

    Attributes:
        role: where they may sign in: a terminal (teller) or a desk (authorizer).
        level: the highest authorization level they may decide, `A2`…`A4`; `A0` for tellers.
        skills: product codes or categories that they may decide; empty for all.
        locked: may not sign in, nor go on where they are signed in.
    """

    card: StaffCard
    role: Role
    passcode_hash: str
    level: str = "A0"
    skills: tuple[str, ...] = ()
    locked: bool = False


def named_alike(one: StaffCard, another: StaffCard) -> bool:
    """Whether two cards carry one name, however it was typed: spaces, case and composition aside.

    Many people share a name, so this forbids nothing; but somebody with two identities carries one
    name twice, so wherever two persons must look, it is noted and looked at again.
    """
    return _plain(one.name) == _plain(another.name)


def doubtful(members: Iterable[Member], card: StaffCard) -> Iterator[StaffCard]:
    """Other staff ids that may be the same human being's, or may not: one name and two persons, or
    one person and two names.
    """
    for other in (member.card for member in members):
        same_person = other.person_id == card.person_id
        if other.staff_id != card.staff_id and same_person != named_alike(other, card):
            yield other


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


class BadRoster(Exception):
    """The roster file cannot be used; the message says which entry, never a hash."""


class Roster:
    """Looks members up and checks their passcodes."""

    def __init__(
        self,
        members: Sequence[Member],
        wall: WallClock,
        offload: Offload,
        terms: PasscodeTerms = PasscodeTerms(),  # noqa: B008 - frozen
        verify: Callable[[str, str], bool] = verify_passcode,
    ) -> None:
        self._members = _by_id(members)
        self._throttle = Throttle(terms, wall)
        self._offload = offload
        self._verify = verify

    def member(self, staff_id: str) -> Member | None:
        """The line of that staff id, written in whatever case; None where there is none, or the
        person is locked.
        """
        member = self._members.get(folded(staff_id))
        return None if member is None or member.locked else member

    def replace(self, members: Sequence[Member]) -> frozenset[str]:
        """Put another roster in force, all of it or nothing.

        Returns:
            The staff ids whose line is gone or another one.

        Raises:
            BadRoster: these members are no roster; the former one stays in force.
        """
        before, self._members = self._members, _by_id(members)
        return frozenset(
            member.card.staff_id
            for who, member in before.items()
            if self._members.get(who) != member
        )

    async def prove(
        self, staff_id: str, passcode: str, role: Role, device: str
    ) -> Member | Refusal:
        """The member, if the passcode is theirs and they may sign in as `role`.

        Args:
            device: where the passcode was typed.

        Returns:
            The member, or `E_PIN` (wrong, one answer for every reason), or `E_LIMIT` or `E_BUSY`
            before anything is looked at (see `Throttle`).
        """
        proven: list[Member] = []

        async def check() -> bool:
            member = self.member(staff_id)
            stored = (member or next(iter(self._members.values()))).passcode_hash
            right = await self._offload(lambda: self._verify(stored, passcode))
            if member is None or not right or member.role is not role:
                return False
            proven.append(member)
            return True

        right = await self._throttle.attempt(device, folded(staff_id), check)
        if isinstance(right, Refusal):
            return right
        return proven[0] if right else Refusal(Code.PIN, "工号或密码不正确", "passcode")


def _by_id(members: Sequence[Member]) -> dict[str, Member]:
    if not members or len(members) > STAFF_MAX:
        raise BadRoster(f"a roster has 1 to {STAFF_MAX} members, this one {len(members)}")
    found = {folded(member.card.staff_id): member for member in members}
    if len(found) != len(members):
        raise BadRoster("a staff id occurs twice")
    return found


def parse_roster(document: bytes) -> tuple[Member, ...]:
    """Read `staff.json`.

    Raises:
        BadRoster: the document is no list of members.
    """
    try:
        lines = msgspec.json.decode(document, type=tuple[msgspec.Raw, ...])
    except (ValueError, RecursionError):
        raise BadRoster("staff.json is no list of members") from None
    return tuple(_member(number, line) for number, line in enumerate(lines, start=1))


def _member(number: int, line: msgspec.Raw) -> Member:
    try:
        return decode_json(Member, bytes(line))
    except BadFrame as wrong:
        where = f" ({wrong.field})" if wrong.field else ""
        raise BadRoster(f"entry {number} of staff.json is no member of staff{where}") from None


__all__ = [
    "STAFF_MAX",
    "BadRoster",
    "Member",
    "Roster",
    "doubtful",
    "named_alike",
    "parse_roster",
]
