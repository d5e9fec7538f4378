"""Staff prove who they are, and guessing is bounded, however many guesses come at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest
import trio

from backoffice.staff import (
    STAFF_MAX,
    BadRoster,
    Member,
    Roster,
    doubtful,
    named_alike,
    parse_roster,
)
from backoffice.throttle import PasscodeTerms
from tests.kit.outside import VirtualWall, inline_offload
from tests.kit.running import run
from wire.codec import encode_json
from wire.message import Code, Refusal
from wire.messages.session import Role, StaffCard
from wire.passcode import Cost, hash_passcode

HERE = "T-0001"
TERMS = PasscodeTerms()

MEI = Member(
    StaffCard("T001", "P1", "梅", "O1", "530102"),
    Role.TERMINAL,
    hash_passcode("mei's", random.Random(1).randbytes, Cost.MINIMUM),
)
HUA = Member(
    StaffCard("A001", "P8", "华", "O9", "530102"),
    Role.DESK,
    hash_passcode("hua's", random.Random(2).randbytes, Cost.MINIMUM),
    "A3",
)


class Counting:
    """The real check, counted: every answer is meant to cost one."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, work: Callable[[], bool], /) -> bool:
        self.calls += 1
        await trio.sleep(0.5)
        return work()


def roster(offload: object = inline_offload) -> Roster:
    return Roster([MEI, HUA], VirtualWall(), offload)  # type: ignore[arg-type]  # of one result type


def code(answer: Member | Refusal) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def test_the_right_passcode_at_the_right_place() -> None:
    """A teller at a terminal, an authorizer at a desk; every other reason sounds the same."""

    async def story() -> None:
        staff = roster()
        assert MEI == await staff.prove("T001", "mei's", Role.TERMINAL, HERE)
        assert HUA == await staff.prove("A001", "hua's", Role.DESK, HERE)
        wrong = {
            await staff.prove("T001", "hua's", Role.TERMINAL, HERE),
            await staff.prove("T001", "", Role.TERMINAL, HERE),
            await staff.prove("T001", "mei's", Role.DESK, HERE),
            await staff.prove("X999", "mei's", Role.TERMINAL, HERE),
        }
        assert MEI == await staff.prove("t001", "mei's", Role.TERMINAL, HERE), "in whatever case"
        assert [Code.PIN] == [code(answer) for answer in wrong]

    run(story)


def test_an_unknown_id_costs_the_same() -> None:
    """Neither time nor answer tells who works here: known and unknown are locked out alike."""

    async def story() -> None:
        hashing = Counting()
        staff = roster(hashing)
        heard: dict[str, list[Refusal]] = {"T001": [], "X999": []}
        for who, said in heard.items():
            for _ in range(TERMS.tries_max + 1):
                answer = await staff.prove(who, "?", Role.TERMINAL, f"T-{who}")
                assert isinstance(answer, Refusal)
                said.append(answer)
        known, unknown = heard.values()
        assert known == unknown
        assert [*[Code.PIN] * TERMS.tries_max, Code.LIMIT] == [one.code for one in known]
        assert 2 * TERMS.tries_max == hashing.calls

    run(story)


def test_one_name_however_it_is_typed() -> None:
    """Spaces, width, case and composition make no other name; another character does."""

    def named(name: str, person: str = "P2") -> StaffCard:
        return StaffCard("T002", person, name, "O1", "530102")

    for one, another in (("王伟", " 王　伟 "), ("\uff21na", "ana"), ("Zoe\u0301", "ZOÉ")):
        assert named_alike(named(one), named(another))
    assert not named_alike(named("王伟"), named("王玮"))


def test_who_may_be_one_human_being_under_two_ids() -> None:
    """One name and two persons, or one person and two names; not the same line written anew."""
    others = {
        "namesake": StaffCard("T002", "P2", "梅 ", "O1", "530102"),
        "another": StaffCard("T003", "P3", "兰", "O1", "530102"),
        "renamed": StaffCard("T004", "P1", "竹", "O1", "530102"),
        "second id": StaffCard("T005", "P1", "梅", "O1", "530102"),
    }
    doubt = {
        words for words, card in others.items() if list(doubtful([MEI, HUA], card)) == [MEI.card]
    }
    assert {"namesake", "renamed"} == doubt
    renamed = msgspec.structs.replace(MEI.card, name="竹", person_id="P5")
    assert [] == list(doubtful([MEI, HUA], renamed))


def test_a_roster_is_read_or_refused_whole() -> None:
    """A damaged file, an empty one, and a staff id twice are refused, without showing a hash."""
    document = encode_json([MEI, HUA])
    assert (MEI, HUA) == parse_roster(document)
    for damaged in (b"", b"{}", document[:-9], b'[{"card":{}}]', b"[" * 10_000):
        with pytest.raises(BadRoster) as refused:
            parse_roster(damaged)
        assert "argon2id" not in str(refused.value)
    bad_id = msgspec.structs.replace(HUA, card=msgspec.structs.replace(HUA.card, outlet="O/9"))
    with pytest.raises(BadRoster, match=r"entry 2 .* \(card\)"):
        parse_roster(encode_json([MEI, bad_id]))
    in_small = msgspec.structs.replace(MEI.card, staff_id="t001")
    for members in ([], [MEI, msgspec.structs.replace(HUA, card=in_small)]):
        with pytest.raises(BadRoster):
            Roster(members, VirtualWall(), inline_offload)
    with pytest.raises(BadRoster):
        Roster([MEI] * (STAFF_MAX + 1), VirtualWall(), inline_offload)
    assert "argon2id" not in repr(BadRoster("x"))
