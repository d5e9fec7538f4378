"""A case and a core that declines, is silent, answers late, or says what cannot be true."""

from __future__ import annotations

import pytest

from backoffice.cases.commands import PartnerSilent
from backoffice.cases.events import GivenUp
from backoffice.cases.terms import TERMS
from backoffice.partners.port import Inquire, PartnerOutcome, PartnerStatus
from tests.backoffice.case_story import Story
from tests.kit import submissions as make
from wire.case_state import State
from wire.message import Code, Refusal


def states(story: Story) -> list[State]:
    return [step.state for step in story.case.steps]


def test_a_decline_ends_the_case_with_its_reason() -> None:
    """And gives the card back."""
    story = Story()
    story.bank.core.decline = Refusal(Code.LIMIT, "持卡过多", "id_card")
    story.to_state(State.PREPARING)
    story.core()

    assert State.DECLINED is story.where()
    assert (story.bank.core.decline,) == story.case.reasons
    assert {} == story.bank.owners


@pytest.mark.parametrize("silent", [1, 2, 5])
def test_a_silent_core_is_asked_by_the_same_key_until_it_answers(silent: int) -> None:
    """PREPARE lost on the way there: the inquiry finds nothing, the same request goes again."""
    story = Story()
    story.to_state(State.PREPARING)
    story.core(silent=silent)
    assert State.PREPARED is story.where()
    assert State.PREPARE_UNKNOWN in states(story)

    story.show()
    story.sign()
    story.core(silent=silent)
    assert State.COMMITTED is story.where()
    assert State.COMMIT_UNKNOWN in states(story)
    assert 1 == len(story.bank.core.posted)


def test_an_answer_lost_on_the_way_back_is_found_by_inquiry() -> None:
    """The core did it; nothing is asked twice but where it stands."""
    story = Story()
    story.to_state(State.PREPARING)
    (effect,) = story.take("core")
    story.bank.core.ask(effect.message)
    story.give(PartnerSilent(story.case_id))
    (inquiry,) = story.take("core")

    assert isinstance(inquiry.message, Inquire)
    assert story.now_ms + TERMS.inquire_ms_first == inquiry.due_ms
    story.give(story.bank.core.ask(inquiry.message))
    assert State.PREPARED is story.where()


def test_a_core_that_stays_silent_is_given_up() -> None:
    """After a named number of inquiries, with growing pauses; then people may settle it."""
    story = Story()
    story.to_state(State.PREPARING)
    story.core(silent=TERMS.inquiries_max + 1)

    assert State.MANUAL is story.where()
    assert isinstance(story.events[-1], GivenUp)
    assert 3_600_000 < story.now_ms - make.NOW_MS


@pytest.mark.parametrize(
    ("state", "status", "after"),
    [
        (State.PREPARING, PartnerStatus.COMMITTED, State.MANUAL),
        (State.PREPARING, PartnerStatus.ABORTED, State.MANUAL),
        (State.PREPARING, PartnerStatus.UNKNOWN_KEY, State.PREPARE_UNKNOWN),
        (State.COMMITTING, PartnerStatus.DECLINED, State.MANUAL),
        (State.COMMITTING, PartnerStatus.ABORTED, State.MANUAL),
        (State.COMMITTING, PartnerStatus.UNKNOWN_KEY, State.MANUAL),
        (State.COMMITTING, PartnerStatus.PREPARED, State.COMMIT_UNKNOWN),
        (State.CLOSED, PartnerStatus.PREPARED, State.CLOSED),
        (State.PREPARED, PartnerStatus.DECLINED, State.PREPARED),
        (State.AUTH_QUEUED, PartnerStatus.PREPARED, State.AUTH_QUEUED),
    ],
)
def test_answers_that_cannot_be_true_or_come_late(
    state: State, status: PartnerStatus, after: State
) -> None:
    """The former need a person, the latter lead to nothing."""
    story = Story()
    story.to_state(state)
    story.give(PartnerOutcome(story.case_id, status))

    assert after is story.where()
    assert story.where() is not State.MANUAL or isinstance(story.events[-1], GivenUp)


def test_an_answer_to_another_key_is_no_answer() -> None:
    """Whatever it says."""
    story = Story()
    story.to_state(State.PREPARING)
    story.give(PartnerOutcome("other", PartnerStatus.DECLINED))
    story.give(PartnerSilent("other"))

    assert State.PREPARING is story.where()
