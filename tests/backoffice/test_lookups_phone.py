"""Six digits to a phone and back (V11): counted, bounded, kept only as keyed hashes."""

from __future__ import annotations

import random
import re

import httpx
import pytest
import trio

from actors.store.memory import Disk, MemoryStore
from backoffice.cases.commands import Caller
from backoffice.hsm import SecurityModule
from backoffice.lookups.phone_proof import SMS_S_MAX, PhoneDesk
from backoffice.lookups.terms import LookupTerms
from backoffice.partners.conduct import Conduct, Conducts, Manner, Service
from backoffice.partners.sms import HttpSms, NoMessages, ShortMessages
from tests.backoffice.case_story import TELLER, UNION
from tests.kit import submissions as make
from tests.kit.outside import EPOCH_MS, VirtualWall
from tests.kit.running import run
from wire.masked import Phone
from wire.message import Code, Refusal
from wire.messages.lookups import CodeSent, PhoneProven, ProveCode, SendCode

CASE = make.case_id("phone")
PHONE, OTHER = Phone("13812345678"), Phone("13987654321")
TERMS = LookupTerms()
MODULE = SecurityModule(SecurityModule.create(random.Random("hsm").randbytes))
WRONG = "wrong!"


class Silent:
    """A gateway that takes its time; the message may go out or not."""

    async def send(self, phone: Phone, text: str) -> None:
        await trio.sleep_forever()


class Played:
    """A gateway whose messages are read by the story."""

    def __init__(self, texts: list[tuple[str, str]]) -> None:
        self.texts = texts

    async def send(self, phone: Phone, text: str) -> None:
        await trio.lowlevel.checkpoint()
        self.texts.append((phone.digits, text))


class Phones:
    """Phones that are played, and a desk that sends to them."""

    def __init__(self, sms: ShortMessages | None = None, disk: Disk | None = None) -> None:
        self.texts: list[tuple[str, str]] = []
        self.disk = disk or Disk()
        self.conducts = Conducts()
        self.restart(sms)

    def restart(self, sms: ShortMessages | None = None) -> None:
        """The office again, or with another gateway."""
        sms = sms or Played(self.texts)
        entropy = random.Random(f"codes:{len(self.texts)}").randbytes
        store, seal = MemoryStore(self.disk), MODULE.seal
        wall, terms = VirtualWall(), lambda _: TERMS
        self.desk = PhoneDesk(store, wall, entropy, lambda _: sms, seal, terms, self.conducts)

    def code(self) -> str:
        found = re.search(r"\d{6}", self.texts[-1][1])
        assert found is not None
        return found[0]

    async def send(self, phone: Phone = PHONE, case_id: str = CASE) -> CodeSent | Refusal:
        return await self.desk.send(TELLER, SendCode(case_id, phone))

    async def prove(
        self, code: str, phone: Phone = PHONE, caller: Caller = TELLER, case_id: str = CASE
    ) -> PhoneProven | Refusal:
        return await self.desk.prove(caller, ProveCode(case_id, phone, code))

    async def refused(self, code: str, phone: Phone = PHONE) -> Code:
        answer = await self.prove(code, phone)
        assert isinstance(answer, Refusal), answer
        return answer.code


def test_a_code_goes_out_and_comes_back() -> None:
    """The proof names the record, and is found for this phone and case alone."""

    async def story() -> None:
        world = Phones()
        sent = await world.send()
        assert CodeSent(EPOCH_MS + 300_000, EPOCH_MS + 60_000) == sent
        assert [PHONE.digits] == [phone for phone, _ in world.texts]

        proven = await world.prove(world.code())
        assert PhoneProven(f"{CASE}#2") == proven
        assert proven == await world.prove(world.code()), "a lost answer is told again"
        desk = world.desk
        assert {f"{CASE}#2": PHONE} == await desk.proofs(UNION, CASE, [PHONE, OTHER])
        assert {} == await desk.proofs(UNION, CASE, [OTHER])
        assert {} == await desk.proofs(UNION, make.case_id("other"), [PHONE])
        assert {} == await desk.proofs("530999", CASE, [PHONE])

    run(story)


def test_nobody_reads_code_or_phone_off_the_store() -> None:
    """And a plain hash of either is not there."""

    async def story() -> None:
        world = Phones()
        await world.send()
        await world.refused(WRONG)
        await world.prove(world.code())
        kept = b"".join(row.body for row in world.disk.journal)
        for secret in (world.code(), PHONE.digits, WRONG):
            assert secret.encode() not in kept
        assert {f"phone/{UNION}/{CASE}"} == {row.stream for row in world.disk.journal}
        assert ["CodeMade", "CodeMissed", "CodeRight"] == [r.kind for r in world.disk.journal]

    run(story)


def test_one_code_a_minute_and_five_a_case() -> None:
    """Asked again too soon, the answer is about the same code; another phone has to wait."""

    async def story() -> None:
        world = Phones()
        first = await world.send()
        await trio.sleep(59)
        assert first == await world.send()
        assert 1 == len(world.texts)
        elsewhere = await world.send(OTHER)
        assert isinstance(elsewhere, Refusal)
        assert (Code.LIMIT, True) == (elsewhere.code, elsewhere.retryable)

        for count in range(2, TERMS.codes_max + 1):
            await trio.sleep(60)
            assert isinstance(await world.send(), CodeSent)
            assert count == len(world.texts)
        await trio.sleep(60)
        spent = await world.send()
        assert isinstance(spent, Refusal)
        assert (Code.LIMIT, False) == (spent.code, spent.retryable)
        assert isinstance(await world.send(case_id=make.case_id("other")), CodeSent)

    run(story)


def test_five_wrong_answers_end_a_code() -> None:
    """Counted before they are told, over crashes; the same wrong one again costs nothing more."""

    async def story() -> None:
        world = Phones()
        await world.send()
        for tried in range(TERMS.code_tries_max - 1):
            wrong = f"x{tried}"
            assert Code.PIN is await world.refused(wrong)
            world.restart()
            assert Code.PIN is await world.refused(wrong)
        assert Code.LIMIT is await world.refused("last")
        assert Code.LIMIT is await world.refused(world.code())

        await trio.sleep(60)
        await world.send()
        assert isinstance(await world.prove(world.code()), PhoneProven), "a new code, new tries"

    run(story)


def test_guesses_at_the_same_moment_count_one_by_one() -> None:
    """Fifty at once are still five."""

    async def story() -> None:
        world = Phones()
        await world.send()
        async with trio.open_nursery() as nursery:
            for guess in range(50):
                nursery.start_soon(world.prove, f"g{guess}")
        missed = [row for row in world.disk.journal if row.kind == "CodeMissed"]
        assert TERMS.code_tries_max == len(missed)

    run(story)


def test_a_code_grows_old_and_belongs_to_one_phone() -> None:
    """Before any was sent, for another number, replaced by a newer, after five minutes."""

    async def story() -> None:
        world = Phones()
        assert Code.STATE is await world.refused("123456")
        await world.send()
        assert Code.STATE is await world.refused(world.code(), OTHER)
        old = world.code()
        await trio.sleep(61)
        world.restart()
        await world.send()
        assert old != world.code()
        assert Code.PIN is await world.refused(old)
        await trio.sleep(TERMS.code_ms / 1000)
        assert Code.STALE is await world.refused(world.code())

    run(story)


def busy(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


@pytest.mark.parametrize(
    "sms",
    [NoMessages(), HttpSms("https://sms", httpx.AsyncClient(transport=httpx.MockTransport(busy)))],
    ids=lambda sms: type(sms).__name__,
)
def test_a_message_that_did_not_go_out(sms: ShortMessages) -> None:
    """Is told, its code is void, and another may be asked for at once."""

    async def story() -> None:
        world = Phones(sms)
        answer = await world.send()
        assert isinstance(answer, Refusal)
        assert (Code.BUSY, True) == (answer.code, answer.retryable)
        assert Code.STATE is await world.refused("123456")

        world.restart()
        assert isinstance(await world.send(), CodeSent)
        assert isinstance(await world.prove(world.code()), PhoneProven)

    run(story)


def test_a_gateway_that_does_not_answer() -> None:
    """The message may be on its way: the code stands."""

    async def story() -> None:
        world = Phones(Silent())
        began = trio.current_time()
        assert isinstance(await world.send(), CodeSent)
        assert SMS_S_MAX == trio.current_time() - began
        assert ["CodeMade"] == [row.kind for row in world.disk.journal]

    run(story)


def test_a_gateway_that_is_told_how_to_behave() -> None:
    """Down or unwilling, nothing went out; slow or with its answer lost, the code stands."""

    async def story() -> None:
        world = Phones()
        for manner in (Manner.DOWN, Manner.DECLINE):
            world.conducts.tell(Service.SMS, UNION, Conduct(manner))
            answer = await world.send()
            assert isinstance(answer, Refusal)
            assert (Code.BUSY, True, "短信未能发出，请稍后重试。") == (
                answer.code,
                answer.retryable,
                answer.message,
            )
            assert [] == world.texts
        world.conducts.tell(Service.SMS, UNION, Conduct(Manner.TIME_OUT))
        assert isinstance(await world.send(), CodeSent)
        assert isinstance(await world.prove(world.code()), PhoneProven)

        await trio.sleep(60)
        for seconds, texts in ((SMS_S_MAX, 1), (2.0, 2)):
            world.conducts.tell(Service.SMS, UNION, Conduct(Manner.SLOW, seconds))
            began = trio.current_time()
            assert isinstance(await world.send(), CodeSent)
            assert seconds == trio.current_time() - began
            assert texts == len(world.texts), "later than anybody waits, nothing was sent"
            await trio.sleep(60)

    run(story)


def test_only_to_what_can_be_a_phone() -> None:
    """Nothing is sent or recorded otherwise."""

    async def story() -> None:
        world = Phones()
        answer = await world.send(Phone("12345"))
        assert isinstance(answer, Refusal)
        assert Code.FORMAT is answer.code
        assert ([], []) == (world.texts, world.disk.journal)

    run(story)
