"""Ports behind which nothing stands: named at the start, closed in words, and never made up."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.ref import Ref
from backoffice.cases.commands import PartnerSilent
from backoffice.configuration.file import parse_settings
from backoffice.configuration.settings import Settings
from backoffice.partners.conduct import Conducts, Service
from backoffice.partners.connections import (
    REFUSED,
    TITLES,
    Connections,
    NotConnected,
    Ports,
    not_connected,
)
from backoffice.partners.handler import PartnerHandler
from backoffice.partners.operations import Partner
from backoffice.partners.port import Abort, Commit, Inquire, PartnerOutcome, PartnerStatus, Prepare
from backoffice.peers.terminal_requests import TerminalRequests
from backoffice.product import Asking
from supervisors import snapshot
from terminal.page_commands import NewCase
from tests.backoffice.case_story import PRODUCTS
from tests.backoffice.partner_scenes import issue
from tests.backoffice.products.dossiers import dossier
from tests.backoffice.right_answers import offered, right_values
from tests.backoffice.test_lookups_terminal import DEVICE
from tests.kit import submissions as make
from tests.kit.bank import Bank
from tests.kit.running import run
from tests.stories.cast import cast, until
from wire.masked import IdNumber, Phone
from wire.message import Code, Refusal
from wire.messages.identity import CheckIdentity
from wire.messages.lookups import ListItems, SendCode

ALL = msgspec.convert(dict.fromkeys(map(str, TITLES), REFUSED), Ports)


def test_a_port_is_served_or_refused_or_not_said() -> None:
    """Each by its own key, and every party has one."""
    ports = msgspec.structs.replace(ALL, sms="http", wealth="")

    assert {*Partner, *Service} == set(TITLES) == {*Ports.__struct_fields__}
    assert (Partner.WEALTH,) == ports.unsaid
    assert set(TITLES) - {Service.SMS, Partner.WEALTH} == ports.refused
    assert tuple(TITLES) == Ports().unsaid


def test_what_is_not_said_is_told_by_the_key_to_write() -> None:
    """In both languages, so that it can be copied into the file."""
    told = str(NotConnected(Ports().unsaid))

    assert "[ports]" in told
    for party, (zh, en) in TITLES.items():
        assert f'{party} = "refused"   # {zh} · {en}' in told


def test_a_refusal_names_who_is_missing() -> None:
    """The teller reads what the bank lacks."""
    expected = "本机构尚未接入联网核查，暂不能办理。"

    assert (Code.FORBIDDEN, expected) == (
        not_connected(Service.IDV).code,
        not_connected(Service.IDV).message,
    )
    nobody = Connections(register=None, sms=None, partners={})
    assert set(TITLES) == nobody.refused.keys()
    assert nobody.refused == nobody.without(ALL.refused).refused


@pytest.mark.parametrize("code", PRODUCTS)
def test_a_product_says_whom_it_asks(code: str) -> None:
    """Its plan asks nobody else, and neither do its lists."""
    product = PRODUCTS[code]
    values = right_values(product)
    items = {name: one[0] for name, one in offered(product, values).items()}
    read = dossier(product, values=values, listed=items)
    asking = Asking(
        IdNumber(read.chip.number) if read.chip is not None else None,
        read.operator.outlet,
        dict(read.submission.values),
        read.now_ms,
        product.terms,
    )
    queries = (ask(asking) for ask in product.listings.values())
    asked = {one.partner for one in queries if not isinstance(one, Refusal)}
    asked |= {leg.operation.partner for leg in product.plan(read)}

    assert asked <= product.partners
    closed = Settings(PRODUCTS, {"ports": ALL}).base.closed
    assert (code in closed) == bool(product.parties)


def test_what_needs_somebody_who_is_missing_is_closed() -> None:
    """It stands in the list, says why, and is not offered; the rest goes on."""
    settings = parse_settings('[ports]\nwealth = "refused"\nbiller = "refused"\n', PRODUCTS).base
    cards = {card.code: card.closed for card in settings.cards}

    assert "本机构尚未接入缴费系统，暂不能办理。" == cards["bill_payment"]
    assert "本机构尚未接入理财系统，暂不能办理。" == cards["risk_assessment"]
    assert ("", True) == (cards["debit_card"], "debit_card" in settings.offered)
    assert not {"bill_payment", "risk_assessment"} & settings.offered.keys()
    assert set(PRODUCTS) == set(cards)


def story_bank() -> Bank:
    """An office behind whose register, SMS gateway and wealth system nothing stands."""
    ports = Ports(idv=REFUSED, sms=REFUSED, wealth=REFUSED)
    return Bank("ports", ports=ports)


def test_a_teller_is_told_before_anything_is_given() -> None:
    """The business stands in the list with the reason, and is not begun."""

    async def story() -> None:
        async with cast(story_bank()) as at:
            await until(lambda: bool(at.terminal.state().products))
            shown = {one.code: one.closed for one in at.terminal.state().products}
            for code, why in (
                ("debit_card", "本机构尚未接入联网核查，暂不能办理。"),
                ("wealth_consult", "本机构尚未接入联网核查，暂不能办理。"),
                ("customer_survey", ""),
            ):
                assert why == shown[code]
            refusal = await at.terminal.perform(NewCase("debit_card"))
            assert refusal == not_connected(Service.IDV)
            assert await at.terminal.perform(NewCase("customer_survey")) is None

    run(story)


def test_nobody_is_asked_by_another_way() -> None:
    """A check, a code, a list and a submission past the page; there is no partner to reach."""

    async def story() -> None:
        bank = story_bank()
        async with bank.office() as office:
            terminal = TerminalRequests(office.office())
            case_id = make.case_id()
            person = make.person()
            number = IdNumber(person.number)
            idv, sms = not_connected(Service.IDV), not_connected(Service.SMS)
            asked = (
                (CheckIdentity(case_id, number, person.name), idv),
                (SendCode(case_id, Phone("13800138000")), sms),
                (
                    ListItems(case_id, "wealth_consult", "product", None, "", {}),
                    msgspec.structs.replace(idv, field="product"),
                ),
            )
            for request, expected in asked:
                assert expected == await terminal.answer(DEVICE, request)
            assert office.tree is not None
            paths = {node.path for node in snapshot(office.tree).children}
            assert ("/office/core" in paths, "/office/wealth" in paths) == (True, False)

    run(story)


def test_what_was_never_asked_was_never_prepared() -> None:
    """A PREPARE is declined, with the reason; of a later step nothing is known, and it is tried
    again: the connection may have been cut with a case under way.
    """

    async def story() -> None:
        conducts = Conducts()
        conducts.refuse({Partner.CORE: not_connected(Partner.CORE)})
        handler = PartnerHandler(Partner.CORE, nobody_there, conducts)
        first: Any = Prepare("c:1", "530111", issue())
        prepared = await handler("c", first)
        expected = PartnerOutcome("c:1", PartnerStatus.DECLINED, not_connected(Partner.CORE))
        assert expected == prepared
        for kind in (Commit, Abort, Inquire):
            later: Any = kind("c:1", "530111")
            assert PartnerSilent("c:1") == await handler("c", later)

    run(story)


def nobody_there(_union: str) -> Ref:
    raise AssertionError("nobody stands behind a refused port")
