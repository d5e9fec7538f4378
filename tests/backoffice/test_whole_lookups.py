"""What only the office can judge, through the whole bank: listed, proven, recorded, identified.

One business asks for everything that a form can look up; a scripted teller works it at a terminal,
over the network, against the office's partners.
"""

from __future__ import annotations

import re

import msgspec
import pytest

import tests.kit.bank
from backoffice.authorization.levels import Level, Raise
from backoffice.cases.events import CustomerLearned, Intake, Submitted
from backoffice.catalogue import products
from backoffice.dossier import Dossier
from backoffice.partners.operations import PayBill
from backoffice.partners.queries import PartnerQuery, UnpaidBills
from backoffice.peers.devices import Device, GetDevice
from backoffice.peers.terminal_requests import TerminalRequest, TerminalRequests
from backoffice.product import Asking, Category, Leg, Product
from backoffice.program import BackOffice
from backoffice.questions.fields import COLLEAGUE, ID_CARD, needs_of
from backoffice.verify.office import verify_office
from terminal.clerk import Clerk
from terminal.page_commands import AskList, ChooseItem, ReadId, SetValue
from tests.kit import submissions as make
from tests.kit.bank import TELLER_PASSCODE, UNION, Bank, teller
from tests.kit.closing import DiskArchive, DiskShelf
from tests.kit.running import run
from tests.stories.cast import Cast, cast, history, until
from wire.checks import BINDING_BYTES
from wire.codec import decode, encode
from wire.form import Field, FieldKind, Form
from wire.keys import SUBMISSION
from wire.masked import IdNumber, Phone
from wire.message import Code, Refusal
from wire.messages.case import CaseView, GetCase, SlipLine, Submission, Submit
from wire.messages.identity import CheckIdentity, IdentityChecked
from wire.messages.images import CHUNK_BYTES, ChunkKept, ImageOffer, OfferImages, PutChunk
from wire.messages.lookups import (
    CodeSent,
    ColleagueProven,
    Listing,
    ListItems,
    PhoneProven,
    ProveCode,
    ProveColleague,
    SendCode,
)
from wire.value import (
    ColleagueValue,
    IdCardValue,
    ListedValue,
    PhoneValue,
    PhotoValue,
    RecordingValue,
    TextValue,
)

FORM = Form(
    version=1,
    fields=(
        ID_CARD,
        Field(
            name="bill_no",
            kind=FieldKind.TEXT,
            title_zh="户号",
            title_en="No.",
            pattern="[0-9]{10}",
        ),
        Field(
            name="bill",
            kind=FieldKind.LISTED,
            title_zh="账单",
            title_en="Bill",
            depends=("bill_no",),
        ),
        Field(name="helper", kind=FieldKind.ID_CARD, title_zh="代办人", title_en="Helper"),
        Field(name="phone", kind=FieldKind.PHONE, title_zh="手机", title_en="Phone", proven=True),
        Field(
            name="recording",
            kind=FieldKind.RECORDING,
            title_zh="录音",
            title_en="Recording",
            seconds_min=5,
            evidence="E11",
        ),
        COLLEAGUE,
    ),
)


def bills(asking: Asking) -> PartnerQuery | Refusal:
    number = asking.values["bill_no"]
    assert isinstance(number, TextValue)
    return UnpaidBills("power", number.text)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    facts, fen = dossier.item("bill").facts, dossier.item("bill").fen
    return (Leg(PayBill(facts["biller"], facts["bill_no"], facts["period"], fen)),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    return (SlipLine("账单", "Bill", dossier.item("bill").title_zh),)


PRODUCT = Product(
    code="helped_bill",
    title_zh="代办缴费",
    title_en="A bill, paid with help",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.PAYMENT,
    level=lambda _: (Raise(Level.A2),),
    plan=plan,
    listings={"bill": bills},
    slip_lines=slip_lines,
)
CATALOGUE = {**products(), PRODUCT.code: PRODUCT}
OTHER_CASE = make.case_id("another case")


@pytest.fixture(autouse=True)
def one_more_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank of this file offers it."""
    monkeypatch.setattr(tests.kit.bank, "products", lambda: CATALOGUE)


def helped(at: Cast) -> Clerk:
    """A teller with a colleague at hand, who is told what the phones get."""

    async def phones(digits: str) -> str:
        return code_sent(at.bank, Phone(digits))

    colleagues = ((teller(2).card.staff_id, TELLER_PASSCODE),)
    return Clerk(at.terminal, colleagues=colleagues, phones=phones)


def code_sent(bank: Bank, phone: Phone) -> str:
    """The six digits that came last."""
    messages = bank.messages.messages(phone)
    return "".join(re.findall(r"\d{6}", messages[-1])) if messages else ""


def filed(bank: Bank, case_id: str) -> Intake:
    """What the office accepted."""
    (intake,) = (one.intake for one in history(bank, case_id) if isinstance(one, Submitted))
    return intake


class Counter:
    """Asks the office as the terminal does, signed in as its teller, and with its key."""

    def __init__(self, bank: Bank, office: BackOffice, device: Device) -> None:
        self._bank = bank
        self._requests = TerminalRequests(office.office())
        self._blobs = office.office().blobs
        self._device = device

    @classmethod
    async def of(cls, at: Cast) -> Counter:
        """The terminal of a cast."""
        services = at.office.office()
        device = await services.ask(services.devices, "test", GetDevice("T-1"))
        assert isinstance(device, Device), device
        return cls(at.bank, at.office, device)

    async def ask(self, request: TerminalRequest) -> object:
        return await self._requests.answer(self._device, request)

    async def bring(self, submission: Submission) -> None:
        """Hand in for this case what was photographed and recorded for another."""
        for field, value in submission.values.items():
            if isinstance(value, PhotoValue | RecordingValue):
                whole = await self._blobs.get(value.digest)
                recorded = isinstance(value, RecordingValue)
                kind = FieldKind.RECORDING if recorded else FieldKind.PHOTO
                offer = ImageOffer(value.digest, len(whole), field, kind)
                await self.ask(OfferImages(submission.case_id, (offer,)))
                for at in range(0, len(whole), CHUNK_BYTES):
                    data = whole[at : at + CHUNK_BYTES]
                    kept = await self.ask(PutChunk(submission.case_id, value.digest, at, data))
                    assert isinstance(kept, ChunkKept), kept

    async def submit(self, submission: Submission) -> object:
        body = encode(submission)
        signature = self._bank.device_keys("T-1").signing.sign(SUBMISSION, body)
        return await self.ask(Submit(body, (), signature))

    async def refused(self, submission: Submission) -> tuple[Code, str, bool]:
        answer = await self.submit(submission)
        assert isinstance(answer, Refusal), answer
        return answer.code, answer.field, answer.retryable


def test_everything_that_is_looked_up_goes_to_the_case() -> None:
    """The office's own item, its own card of the colleague, the register's word on both persons."""

    async def story() -> None:
        bank = Bank("whole", tellers=2)
        async with cast(bank) as at:
            at.authorize()
            clerk = helped(at)
            case = await clerk.finish(await clerk.begin(PRODUCT.code))
        assert "CLOSED" == case.state
        intake = filed(bank, case.case_id)
        submission = decode(Submission, intake.submission)
        chosen = submission.values["bill"]
        assert isinstance(chosen, ListedValue)
        assert chosen.code == intake.listed["bill"].code
        assert intake.listed["bill"].facts, "what the terminal never saw"
        assert {"colleague": teller(2).card} == intake.colleagues
        assert ["helper"] == list(intake.identities)
        phone = submission.values["phone"]
        assert isinstance(phone, PhoneValue)
        assert f"{case.case_id}#" == phone.proof[: len(case.case_id) + 1]
        disk = bank.disk("office").disk
        shelf = DiskShelf(disk.blobs)
        assert () == verify_office(DiskArchive(disk), shelf, CATALOGUE).findings

    run(story)


def test_a_submission_that_comes_again_gets_the_case_though_the_bill_is_gone() -> None:
    """Its own success has taken the bill off the list; other bytes hear that it is gone."""

    async def story() -> None:
        bank = Bank("again", tellers=2)
        async with cast(bank) as at:
            at.authorize()
            clerk = helped(at)
            case = await clerk.finish(await clerk.begin(PRODUCT.code))
            intake = filed(bank, case.case_id)
            submission = decode(Submission, intake.submission)
            counter = await Counter.of(at)

            values = {"bill_no": submission.values["bill_no"]}
            asked = ListItems(case.case_id, PRODUCT.code, "bill", None, "", values)
            listing = await counter.ask(asked)
            assert isinstance(listing, Listing)
            assert intake.listed["bill"].code not in [item.code for item in listing.items]

            known = await counter.ask(GetCase(case.case_id))
            assert isinstance(known, CaseView)
            assert known == await counter.submit(submission)
            assert known == await counter.ask(Submit(intake.submission, (), intake.signature))
            changed = msgspec.structs.replace(submission, link_kbps=submission.link_kbps + 1)
            assert (Code.STALE, "bill", False) == await counter.refused(changed)
        assert 1 == sum(isinstance(one, Submitted) for one in history(bank, case.case_id))

    run(story)


def test_nothing_is_listed_without_the_office() -> None:
    """Said at the field, and worth another try; nothing is made up meanwhile."""

    async def story() -> None:
        bank = Bank("offline", tellers=2)
        async with cast(bank) as at:
            case_id = await at.clerk.begin(PRODUCT.code)
            for deed in (ReadId(case_id, "id_card"), SetValue(case_id, "bill_no", "1234567890")):
                assert await at.terminal.perform(deed) is None
            bank.network.partition("T-1", "office")
            refusal = await at.terminal.perform(AskList(case_id, "bill"))
            assert refusal is not None
            assert ("bill", True) == (refusal.field, refusal.retryable)
            unknown = await at.terminal.perform(
                ChooseItem(case_id, "bill", "power:1234567890:2025-05")
            )
            assert unknown is not None
            assert Code.STALE is unknown.code

            bank.network.heal()
            await until(lambda: at.terminal.state().link == "online", within=600)
            assert await at.terminal.perform(AskList(case_id, "bill")) is None

    run(story)


def test_the_proofs_of_another_case_prove_nothing() -> None:
    """Register, phone and colleague are asked anew, one after the other, until all is right."""

    async def story() -> None:
        bank = Bank("borrowed", tellers=2)
        async with cast(bank) as at:
            at.authorize()
            clerk = helped(at)
            case = await clerk.finish(await clerk.begin(PRODUCT.code))
            first = decode(Submission, filed(bank, case.case_id).submission)
            counter = await Counter.of(at)
            borrowed = msgspec.structs.replace(first, case_id=OTHER_CASE)
            why, _, retryable = await counter.refused(borrowed)
            assert (Code.EVIDENCE, True) == (why, retryable), "its photos are another case's"
            await counter.bring(borrowed)
            assert (Code.EVIDENCE, "id_card", False) == await counter.refused(borrowed)

            reference = await _checked(counter, first, "id_card")
            second = msgspec.structs.replace(borrowed, identity_reference=reference)
            assert (Code.EVIDENCE, "helper", True) == await counter.refused(second)
            await _checked(counter, first, "helper")
            assert (Code.EVIDENCE, "phone", False) == await counter.refused(second)

            phone = first.values["phone"]
            assert isinstance(phone, PhoneValue)
            assert isinstance(await counter.ask(SendCode(OTHER_CASE, phone.phone)), CodeSent)
            code = code_sent(bank, phone.phone)
            proven = await counter.ask(ProveCode(OTHER_CASE, phone.phone, code))
            assert isinstance(proven, PhoneProven)
            values = second.values | {"phone": PhoneValue(phone.phone, proven.proof)}
            third = msgspec.structs.replace(second, values=values)
            assert (Code.EVIDENCE, "colleague", False) == await counter.refused(third)

            elsewhere = ProveColleague(OTHER_CASE, "1002", TELLER_PASSCODE, b"for another one")
            assert isinstance(await counter.ask(elsewhere), Refusal)
            fourth = await witnessed(counter, third, bytes(BINDING_BYTES))
            refused = await counter.refused(fourth)
            assert (Code.EVIDENCE, "colleague", False) == refused, "for another customer"
            fourth = await witnessed(counter, third, first.bound["colleague"])
            assert (Code.STALE, "bill", False) == await counter.refused(fourth), "paid already"
        streams = bank.disk("office").disk.streams
        assert f"case/{UNION}/{OTHER_CASE}" not in streams

    run(story)


async def witnessed(counter: Counter, submission: Submission, bound: bytes) -> Submission:
    """The same, with a colleague who enters their passcode for whoever `bound` stands for."""
    asked = ProveColleague(OTHER_CASE, "1002", TELLER_PASSCODE, bound)
    there = await counter.ask(asked)
    assert isinstance(there, ColleagueProven)
    present = ColleagueValue(there.staff_id, there.name, there.reference)
    values = submission.values | {"colleague": present}
    return msgspec.structs.replace(submission, values=values)


def test_whoever_said_no_is_told_of_no_campaign() -> None:
    """At whatever terminal: what one case taught, the next list obeys."""

    async def story() -> None:
        async with cast(Bank("left alone")) as at:
            counter, holder = await Counter.of(at), make.person("left alone")
            number = IdNumber(holder.number)
            asked = ListItems(OTHER_CASE, "product_promotion", "campaign", number, holder.name, {})
            listing = await counter.ask(asked)
            assert isinstance(listing, Listing)
            assert listing.items

            told = CustomerLearned(
                case_id=make.case_id("told"),
                union=UNION,
                product="product_promotion",
                outlet="53011101",
                staff_id="1001",
                number=number,
                name=holder.name,
                profile={"do_not_contact": "1"},
                at_ms=make.NOW_MS,
            )
            customers = at.office.office().customers
            await customers.learn("told", told)
            assert {"do_not_contact": "1"} == await customers.known(number)
            refusal = await counter.ask(asked)
            assert isinstance(refusal, Refusal)
            assert (Code.SUITABILITY, "campaign") == (refusal.code, refusal.field)

    run(story)


async def _checked(counter: Counter, submission: Submission, name: str) -> str:
    card = submission.values[name]
    assert isinstance(card, IdCardValue)
    answer = await counter.ask(CheckIdentity(OTHER_CASE, card.number, card.name))
    assert isinstance(answer, IdentityChecked), answer
    return answer.reference
