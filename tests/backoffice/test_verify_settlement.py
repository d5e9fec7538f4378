"""The verifier and what people settled: who spoke, about what, and what partners made of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.durable.tagged import Tagged
from actors.store import MAIN, Recorded
from backoffice.cases.events import (
    AnyCaseEvent,
    LegAnswered,
    SettlementConfirmed,
    SettlementProposed,
    Standing,
)
from backoffice.cases.record import Case, evolve, new_case
from backoffice.partners.embedded import PartnerEvent
from backoffice.partners.operations import Partner
from backoffice.partners.port import Commit, Reverse
from backoffice.verify.findings import Fault, Findings
from backoffice.verify.partners import PartnerBook
from backoffice.verify.rules import Told
from backoffice.verify.settlement import faults, is_their_word, may_follow, spoke_before
from tests.backoffice.case_story import FIRST, SECOND, TELLER, UNION, Story
from tests.backoffice.partner_scenes import SCENES, Playing, prepare
from tests.backoffice.test_case_settlement import given_up
from tests.backoffice.toys import BILL, MONEY
from wire.messages.settlement import Deed

EVENTS = Tagged(PartnerEvent)


@pytest.fixture(scope="module")
def story() -> Story:
    """Settled as not done, then reversed."""
    story = given_up()
    story.take("core")
    story.settle(MONEY, Deed.NOT_DONE)
    story.answer()
    story.settle(BILL, Deed.REVERSE)
    story.core()
    return story


def steps(story: Story) -> Iterator[tuple[Case, AnyCaseEvent]]:
    """Each event with the case before it."""
    case = new_case(f"{UNION}/{story.case_id}")
    for event in story.events:
        yield case, event
        case = evolve(case, event)


def spoiled(story: Story, kind: Any, **changes: Any) -> list[tuple[Fault, str]]:
    """What is found in the first event of a kind when its statement is another."""
    for case, event in steps(story):
        if isinstance(event, kind):
            statement = msgspec.structs.replace(event.statement, **changes)
            return list(faults(case, msgspec.structs.replace(event, statement=statement)))
    raise AssertionError(kind)


def test_an_honest_settlement_is_sound(story: Story) -> None:
    """Every word is somebody's, and every answer fits."""
    for case, event in steps(story):
        assert [] == list(faults(case, event))
        if isinstance(event, SettlementProposed | SettlementConfirmed):
            assert may_follow(case, event)


def test_who_must_be_nobody_of_those_before(story: Story) -> None:
    """A proposer is not the operator, and who confirms is neither; all are of the union."""
    before = {
        type(event): [card.person_id for card in spoke_before(case, event)]
        for case, event in steps(story)
        if isinstance(event, SettlementProposed | SettlementConfirmed)
    }
    operator, first = TELLER.staff.person_id, FIRST.staff.person_id
    assert [operator] == before[SettlementProposed]
    assert [operator, first] == before[SettlementConfirmed]
    elsewhere = msgspec.structs.replace(SECOND.staff, union="530999")
    found = [fault for fault, _ in spoiled(story, SettlementConfirmed, staff=elsewhere)]
    assert Fault.UNAUTHORIZED in found


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"deed": Deed.DONE}, "deed"),
        ({"evidence": ""}, "evidence"),
        ({"word": b"\xc1"}, "word"),
    ],
)
def test_a_word_that_was_not_said_is_found(
    story: Story, changes: dict[str, Any], detail: str
) -> None:
    """What stands in the event is what was signed."""
    ((fault, told),) = spoiled(story, SettlementProposed, **changes)
    assert (Fault.DECISION_DIFFERS, True) == (fault, detail in told)


def test_a_leg_that_comes_to_something_else_is_no_step(story: Story) -> None:
    """Two persons said that it is not done: it cannot be done by their word."""
    for case, event in steps(story):
        if isinstance(event, LegAnswered):
            leg = case.leg(event.key)
            if leg is not None and leg.word is not None:
                assert is_their_word(leg, event)
                other = msgspec.structs.replace(event, standing=Standing.COMMITTED)
                assert not is_their_word(leg, other)


def rows(one: Playing, stream: str) -> list[Recorded]:
    found = []
    for version, event in enumerate(one.events, start=1):
        kind, body = EVENTS.encode(event)
        found.append(Recorded(stream, version, kind, body, event.at_ms, "test", MAIN, version))
    return found


def test_a_reversal_that_nobody_asked_for_is_found() -> None:
    """The partner's books alone do not make it right; asked for by two persons, it is."""
    scene = SCENES["OpenSecurities"]
    one = scene.playing()
    prepare(one, "k", scene.right())
    one.ask(Commit("k", UNION))
    one.ask(Reverse("k:reversal", UNION, "k", scene.right()))
    prepared = one.events[0]
    assert hasattr(prepared, "digest")
    for asked, expected in (
        (frozenset({"k:reversal"}), []),
        (frozenset(), [Fault.PARTNER_WITHOUT_CASE]),
    ):
        findings = Findings()
        told = Told(Partner.SEC, Standing.REVERSED, prepared.digest, True, False, asked)
        book = PartnerBook({UNION: {"k": told}}, findings)
        book.take(f"sec/{UNION}", rows(one, f"sec/{UNION}"))
        book.close()
        assert expected == [finding.what for finding in findings.kept]
