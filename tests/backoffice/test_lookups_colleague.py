"""The second pair of eyes: a colleague proves with their own passcode that they are there."""

from __future__ import annotations

import random

import msgspec

from actors.store.memory import Disk, MemoryStore
from backoffice.lookups.colleague import COLLEAGUES_PER_CASE_MAX, ColleagueDesk
from backoffice.staff import Member, Roster
from backoffice.throttle import PasscodeTerms
from tests.backoffice.case_story import TELLER, UNION, staff
from tests.kit import submissions as make
from tests.kit.outside import VirtualWall, inline_offload
from tests.kit.running import run
from wire.checks import BINDING_BYTES
from wire.message import Code, Refusal
from wire.messages.lookups import ColleagueProven, ProveColleague
from wire.messages.session import Role
from wire.passcode import Cost, hash_passcode

CASE = make.case_id("colleague")
BOUND, OTHER = b"b" * BINDING_BYTES, b"o" * BINDING_BYTES
PASSCODE = "864209"
HASH = hash_passcode(PASSCODE, random.Random("colleague").randbytes, Cost.MINIMUM)

FOREIGN = msgspec.structs.replace(staff("T009", "P9"), union="530999")
MEMBERS = (
    Member(TELLER.staff, Role.TERMINAL, HASH),
    Member(staff("T002", "P2"), Role.TERMINAL, HASH),
    Member(staff("T003", "P1"), Role.TERMINAL, HASH),
    Member(staff("A001", "P8"), Role.DESK, HASH),
    Member(FOREIGN, Role.TERMINAL, HASH),
    *(Member(staff(f"X{n:03}", f"PX{n}"), Role.TERMINAL, HASH) for n in range(20)),
)


def desk(disk: Disk) -> ColleagueDesk:
    wall = VirtualWall()
    return ColleagueDesk(MemoryStore(disk), wall, Roster(MEMBERS, wall, inline_offload))


async def proven(
    office: ColleagueDesk,
    staff_id: str = "T002",
    passcode: str = PASSCODE,
    bound: bytes = BOUND,
) -> ColleagueProven | Refusal:
    return await office.prove(TELLER, ProveColleague(CASE, staff_id, passcode, bound))


def test_a_colleague_confirms_one_customer_and_no_other() -> None:
    """For another customer they enter their passcode again; neither record stands for the other."""

    async def story() -> None:
        disk = Disk()
        first = await proven(desk(disk))
        other = await proven(desk(disk), bound=OTHER)
        assert isinstance(first, ColleagueProven)
        assert isinstance(other, ColleagueProven)
        assert first.reference != other.reference
        for reference, bound, counts in (
            (first.reference, BOUND, True),
            (first.reference, OTHER, False),
            (first.reference, b"", False),
            (other.reference, OTHER, True),
        ):
            found = await desk(disk).proven(UNION, CASE, {reference: bound})
            assert counts == (found == {reference: staff("T002", "P2")})
        wrong = await proven(desk(disk), bound=b"short")
        assert isinstance(wrong, Refusal)
        assert Code.FORMAT is wrong.code

    run(story)


def test_a_colleague_is_on_record_before_it_is_said() -> None:
    """The same one again has the same record, also after a crash."""

    async def story() -> None:
        disk = Disk()
        answer = await proven(desk(disk))
        assert ColleagueProven("T002", "员工T002", f"{CASE}#1") == answer
        assert answer == await proven(desk(disk))
        (row,) = disk.journal
        assert (f"colleague/{UNION}/{CASE}", "T001") == (row.stream, row.who)
        named = {f"{CASE}#1": BOUND}
        assert {f"{CASE}#1": staff("T002", "P2")} == await desk(disk).proven(UNION, CASE, named)
        assert {} == await desk(disk).proven(UNION, make.case_id("other"), named)
        assert PASSCODE.encode() not in row.body

    run(story)


def test_who_cannot_be_the_second_one() -> None:
    """Nobody unknown, no authorizer, nobody of another union, and never oneself, by any id."""

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        for staff_id, passcode, code in (
            ("T002", "wrong", Code.PIN),
            ("nobody", PASSCODE, Code.PIN),
            ("A001", PASSCODE, Code.PIN),
            ("T009", PASSCODE, Code.FORBIDDEN),
            ("T001", PASSCODE, Code.SELF_AUTH),
            ("T003", PASSCODE, Code.SELF_AUTH),
        ):
            answer = await proven(office, staff_id, passcode)
            assert isinstance(answer, Refusal)
            assert code is answer.code, staff_id
        assert [] == disk.journal

    run(story)


def test_guessing_is_bounded_as_at_sign_in() -> None:
    """The tries are the roster's: here and at sign-in together."""

    async def story() -> None:
        office = desk(Disk())
        for _ in range(PasscodeTerms().tries_max):
            answer = await proven(office, passcode="wrong")
            assert isinstance(answer, Refusal)
            assert Code.PIN is answer.code
        locked = await proven(office)
        assert isinstance(locked, Refusal)
        assert (Code.LIMIT, True) == (locked.code, locked.retryable)

    run(story)


def test_one_case_has_only_so_many() -> None:
    """Those on record are still found."""

    async def story() -> None:
        office = desk(Disk())
        for n in range(COLLEAGUES_PER_CASE_MAX):
            assert isinstance(await proven(office, f"X{n:03}"), ColleagueProven)
        answer = await proven(office)
        assert isinstance(answer, Refusal)
        assert Code.LIMIT is answer.code
        assert isinstance(await proven(office, "X000"), ColleagueProven)

    run(story)
