"""The online identity check: asked once per case and person, stored before it is said, and silence
is never a pass.
"""

from __future__ import annotations

import pytest
import trio

from actors.store.memory import Disk, MemoryStore
from backoffice.catalogue import products
from backoffice.partners.conduct import Conduct, Conducts, Manner, Service
from backoffice.partners.identity_check import (
    CARDS_PER_PERSON_MAX,
    CHECKS_PER_CASE_MAX,
    PERSONS_PER_CASE_MAX,
    REGISTER_S_MAX,
    EmbeddedRegister,
    IdentityDesk,
    PopulationRegister,
    person_digest,
)
from tests.kit.outside import VirtualWall
from tests.kit.running import run
from wire.form import FieldKind
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.identity import CheckIdentity, IdentityChecked, IdentityResult

UNION = "530102"
NUMBER = "11010519491231002X"


class Slow:
    """A register that counts who asks, answers late, and can be out of order."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.asked = 0

    async def verify(self, number: str, name: str) -> tuple[IdentityResult, str]:
        self.asked += 1
        await trio.sleep(self.seconds)
        return await EmbeddedRegister().verify(number, name)


def desk(
    disk: Disk, register: PopulationRegister, conducts: Conducts | None = None
) -> IdentityDesk:
    return IdentityDesk(MemoryStore(disk), register, VirtualWall(), conducts or Conducts())


def question(name: str = "李秀英", case_id: str = "c1") -> CheckIdentity:
    return CheckIdentity(case_id, IdNumber(NUMBER), name)


async def asked(office: IdentityDesk, request: CheckIdentity) -> IdentityChecked:
    answer = await office.check(UNION, "T-0001", request)
    assert isinstance(answer, IdentityChecked), answer
    return answer


def test_the_answer_is_stored_and_said_again() -> None:
    """A retry after a lost link costs nothing and cannot change history, not even after a crash."""

    async def story() -> None:
        disk, register = Disk(), Slow()
        first = await asked(desk(disk, register), question())
        await trio.sleep(60)
        again = await asked(desk(disk, register), question())

        assert (IdentityResult.MATCH, "c1#1", "李秀英") == (
            first.result,
            first.reference,
            first.register_name,
        )
        assert first == again
        assert 1 == register.asked
        (row,) = disk.journal
        assert ("identity/530102/c1", "T-0001") == (row.stream, row.who)

    run(story)


def test_every_answer_of_the_register() -> None:
    """The embedded one knows everybody, but for the exceptions that it was given."""

    async def story() -> None:
        for result, register in (
            (IdentityResult.MATCH, EmbeddedRegister()),
            (IdentityResult.NUMBER_ABSENT, EmbeddedRegister(absent=[NUMBER])),
            (IdentityResult.NAME_DIFFERS, EmbeddedRegister(other_names={NUMBER: "别人"})),
            (IdentityResult.MATCH_WITHOUT_PHOTO, EmbeddedRegister(without_photo=[NUMBER])),
        ):
            answer = await asked(desk(Disk(), register), question())
            matched = result in (IdentityResult.MATCH, IdentityResult.MATCH_WITHOUT_PHOTO)
            assert (result, "李秀英" if matched else "") == (answer.result, answer.register_name)
            assert answer.reference

    run(story)


def test_an_unavailable_register_is_never_a_pass_and_never_stored() -> None:
    """The desk stops waiting, says so without a reference, and asks anew next time."""

    async def story() -> None:
        disk, register = Disk(), Slow(seconds=REGISTER_S_MAX + 1)
        office = desk(disk, register)
        began = trio.current_time()
        silent = await asked(office, question())
        assert (IdentityResult.UNAVAILABLE, "") == (silent.result, silent.reference)
        assert REGISTER_S_MAX == trio.current_time() - began
        assert [] == disk.journal

        register.seconds = 0
        assert IdentityResult.MATCH is (await asked(office, question())).result

    run(story)


@pytest.mark.parametrize(
    "conduct",
    [
        Conduct(Manner.DOWN),
        Conduct(Manner.TIME_OUT),
        Conduct(Manner.SLOW, REGISTER_S_MAX),
        Conduct(Manner.DECLINE),
    ],
    ids=lambda conduct: str(conduct.manner),
)
def test_a_register_that_is_told_how_to_behave(conduct: Conduct) -> None:
    """It passes nobody and leaves nothing on record; in a better mood the same question is new."""

    async def story() -> None:
        disk, register, conducts = Disk(), Slow(seconds=0), Conducts()
        office = desk(disk, register, conducts)
        conducts.tell(Service.IDV, UNION, conduct)
        answer = await office.check(UNION, "T-0001", question())
        if conduct.manner is Manner.DECLINE:
            assert isinstance(answer, Refusal)
            assert (Code.CORE_DECLINED, "id_card") == (answer.code, answer.field)
            assert "联网核查未受理" in answer.message
        else:
            assert isinstance(answer, IdentityChecked)
            assert (IdentityResult.UNAVAILABLE, "") == (answer.result, answer.reference)
        assert [] == disk.journal
        assert (conduct.manner is Manner.TIME_OUT) == bool(register.asked)

        conducts.tell(Service.IDV, UNION, Conduct(Manner.SLOW, 3.0))
        began = trio.current_time()
        assert "c1#1" == (await asked(office, question())).reference
        assert 3.0 == trio.current_time() - began

    run(story)


def test_the_same_question_twice_at_once() -> None:
    """Both may reach the register; one answer is stored, and both get that one."""

    async def story() -> None:
        disk, register = Disk(), Slow()
        office = desk(disk, register)
        answers: list[IdentityChecked] = []

        async def ask(later_s: float) -> None:
            await trio.sleep(later_s)
            answers.append(await asked(office, question()))

        async with trio.open_nursery() as nursery:
            for later_s in (0.0, 0.0, 0.3, 5.0):
                nursery.start_soon(ask, later_s)

        assert 1 == len(disk.journal)
        assert [answers[0]] * 4 == answers

    run(story)


def test_another_person_is_another_question() -> None:
    """Each is numbered, found by its reference, and there is an end to them."""

    async def story() -> None:
        office = desk(Disk(), EmbeddedRegister())
        names = [f"客户{n}" for n in range(CHECKS_PER_CASE_MAX)]
        answers = [await asked(office, question(name)) for name in names]
        assert [f"c1#{n + 1}" for n in range(CHECKS_PER_CASE_MAX)] == [
            answer.reference for answer in answers
        ]

        too_many = await office.check(UNION, "T-0001", question("又一个"))
        assert isinstance(too_many, Refusal)
        assert Code.LIMIT is too_many.code
        assert answers[0] == await asked(office, question(names[0])), "known ones are still known"
        assert "c2#1" == (await asked(office, question(case_id="c2"))).reference

        record = await office.recorded(UNION, "c1", "c1#2")
        assert record is not None
        assert (answers[1], person_digest(NUMBER, names[1])) == (record.answer, record.person)
        assert await office.recorded(UNION, "c1", "c1#9") is None
        assert await office.recorded(UNION, "c9", "c1#1") is None

    run(story)


def test_everybody_whom_a_form_names_may_put_down_a_wrong_card_first() -> None:
    """The form with the most ID cards is the bound, and each of its persons has a second try."""
    named = {
        code: sum(field.kind is FieldKind.ID_CARD for field in product.form.fields)
        for code, product in products().items()
    }
    assert PERSONS_PER_CASE_MAX == max(named.values()), named

    async def story() -> None:
        office = desk(Disk(), EmbeddedRegister())
        for person in range(max(named.values())):
            for card in range(CARDS_PER_PERSON_MAX):
                answer = await asked(office, question(f"客户{person}-{card}"))
                assert IdentityResult.MATCH is answer.result

    run(story)


def test_nobody_reads_a_number_off_the_store() -> None:
    """The person is kept as a digest; neither name nor number of it can be read."""

    async def story() -> None:
        disk = Disk()
        await asked(desk(disk, EmbeddedRegister(absent=[NUMBER])), question())
        (row,) = disk.journal
        assert NUMBER.encode() not in row.body
        assert "李秀英".encode() not in row.body

    run(story)
