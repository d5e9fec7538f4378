"""What the office learns of people and tells others, through the whole bank.

Where they are is kept coarse and by consent, whatever they come for; what somebody says in a survey
is told to customer relations under the name that they gave.
"""

from __future__ import annotations

import msgspec

from backoffice.catalogue import products
from backoffice.customers.courier import LOOK_S
from backoffice.customers.feed import ECIF, OCRM, Consumer, FeedEntry, entry_of, stream_of
from tests.backoffice.test_whole_lookups import Counter
from tests.kit import submissions as make
from tests.kit.bank import Bank
from tests.kit.running import run
from tests.stories.cast import Cast, cast, until
from wire.checks import asked_fields
from wire.masked import IdNumber
from wire.messages.case import CaseView, Place, Submission
from wire.messages.identity import CheckIdentity, IdentityChecked
from wire.messages.lookups import Listing, ListItems
from wire.value import ChoiceValue

PRODUCTS = products()
HOLDER = make.person("at home")
NUMBER = IdNumber(HOLDER.number)
HERE = Place(25_046_512, 102_748_234, 8)
FIELDS = Place(25_071_345, 102_790_111, 8)
COARSE, COARSE_FIELDS = "25.05,102.75", "25.07,102.79"


CONSENTS = "information_collection"


async def comes(
    at: Cast, counter: Counter, visit: str, product: str, where: Place, **answers: str
) -> None:
    """The person has something done, there, until their record knows of it."""
    form, case_id = PRODUCTS[product].form, make.case_id(visit)
    now_ms = at.terminal.state().now_ms
    chosen = {name: ChoiceValue(code) for name, code in answers.items()}
    if product == CONSENTS:
        chosen["purpose"] = ChoiceValue("consents")
    values = make.values_for(form, visit, holder=HOLDER, now_ms=now_ms) | chosen
    asked = asked_fields(form, values)
    values = {field.name: values[field.name] for field in asked if field.name in values}
    for field in (one for one in asked if one.kind == "listed"):
        needed = {name: values[name] for name in field.depends if name != "id_card"}
        listing = await counter.ask(
            ListItems(case_id, product, field.name, NUMBER, HOLDER.name, needed)
        )
        assert isinstance(listing, Listing), listing
        values[field.name] = listing.items[0].chosen()
    checked = await counter.ask(CheckIdentity(case_id, NUMBER, HOLDER.name))
    assert isinstance(checked, IdentityChecked)
    filled: Submission = make.submission(
        product, form, visit, values=values, now_ms=now_ms, staff_id="1001", device="T-1"
    )
    submission = msgspec.structs.replace(filled, place=where, identity_reference=checked.reference)
    view = await counter.submit(submission)
    assert isinstance(view, CaseView), view
    await until(lambda: any(case_id.encode() in body for body in bodies(at.bank)))


def bodies(bank: Bank) -> list[bytes]:
    """What is kept of customers, and what is told of them."""
    kept = bank.disk("office").disk.journal
    return [row.body for row in kept if row.stream.startswith(("customer/", "feed/"))]


def heard(bank: Bank, consumer: Consumer) -> list[FeedEntry]:
    """A consumer's feed."""
    rows = bank.disk("office").disk.streams.get(stream_of(consumer.name), [])
    return [entry_of(consumer, row) for row in rows]


def told(bank: Bank, consumer: Consumer) -> list[tuple[str, str]]:
    """What a consumer was told of the place, before and after."""
    changes = [change for entry in heard(bank, consumer) for change in entry.changes]
    return [(one.old, one.new) for one in changes if one.fact == "place"]


def test_a_place_is_kept_from_any_business_while_the_consent_stands() -> None:
    """Nothing before it; coarse with it; gone with it, at customer relations, too."""

    async def story() -> None:
        bank = Bank("places")
        async with cast(bank) as at:
            counter = await Counter.of(at)
            customers = at.office.office().customers

            async def place() -> str | None:
                known = await customers.known(NUMBER)
                assert isinstance(known, dict)
                return known.get("place")

            await comes(at, counter, "asked nothing", "wealth_consult", HERE)
            assert await place() is None
            await comes(at, counter, "says no", CONSENTS, HERE, place="no")
            assert await place() is None
            await comes(at, counter, "says yes", CONSENTS, HERE, place="yes")
            assert COARSE == await place()
            await comes(at, counter, "comes again", "wealth_consult", FIELDS)
            assert COARSE_FIELDS == await place()
            await comes(at, counter, "thinks again", CONSENTS, HERE, place="no")
            assert await place() is None
            await comes(at, counter, "and again", "wealth_consult", HERE)
            assert await place() is None
            await until(lambda: 3 <= len(told(bank, OCRM)))

        assert [("", COARSE), (COARSE, COARSE_FIELDS), (COARSE_FIELDS, "")] == told(bank, OCRM)
        assert [] == told(bank, ECIF)
        for exact in (HERE.latitude_e6, HERE.longitude_e6, FIELDS.latitude_e6):
            assert not any(msgspec.msgpack.encode(exact) in body for body in bodies(bank))

    run(story)


def test_what_a_survey_hears_goes_to_who_asked() -> None:
    """Once, under their own name for the person; nobody else hears it, and no record is made."""

    async def story() -> None:
        bank = Bank("survey")
        async with cast(bank) as at:
            case = await at.clerk.finish(await at.clerk.begin("customer_survey"))
            assert "CLOSED" == case.state
            await until(lambda: bool(heard(bank, OCRM)))
            # Told of it, and not by chance: it would look by itself much later.
            await until(lambda: bool(bank.consumers["ocrm"].got), within=LOOK_S / 10)
            (entry,) = heard(bank, OCRM)
            listing = await (await Counter.of(at)).ask(
                ListItems(make.case_id("next"), "customer_survey", "target", None, "", {})
            )
            assert isinstance(listing, Listing)
            wave = listing.items[0].code.partition(":")[0]

        assert entry.customer.startswith("KH")
        assert case.case_id == entry.case_id
        assert [(f"survey.{wave}.result", "", "absent")] == [
            (one.fact, one.old, one.new) for one in entry.changes
        ]
        assert [] == heard(bank, ECIF)
        assert not any(
            stream.startswith("customer/") for stream in bank.disk("office").disk.streams
        )

    run(story)
