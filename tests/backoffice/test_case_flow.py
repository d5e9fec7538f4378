"""The state machine as data: every cell, every path, nothing unreachable."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.cases.flow import TABLE, Trigger, allows, as_mermaid, path_is_legal, step
from wire.case_state import FINAL_STATES, TITLES, State
from wire.message import Code, Refusal


@pytest.mark.parametrize(("state", "trigger"), list(product(State, Trigger)))
def test_every_cell_is_a_state_or_a_refusal(state: State, trigger: Trigger) -> None:
    """The function is total; what is not in the table is `E_STATE`, in words."""
    answer = step(state, trigger)

    if allows(state, trigger):
        assert TABLE[state][trigger] is answer
    else:
        assert isinstance(answer, Refusal)
        assert Code.STATE is answer.code
        assert TITLES[state][0] in answer.message


def test_final_states_have_no_way_out_and_others_have_one() -> None:
    """The partition of the states."""
    assert FINAL_STATES == frozenset(State) - frozenset(TABLE)
    assert all(row for row in TABLE.values())


def test_every_state_is_reachable_and_every_case_can_end() -> None:
    """From the draft everywhere, and from everywhere to an end."""
    reached, frontier = {State.DRAFT}, [State.DRAFT]
    while frontier:
        for after in TABLE.get(frontier.pop(), {}).values():
            if after not in reached:
                reached.add(after)
                frontier.append(after)
    ending = set(FINAL_STATES)
    while more := {s for s, row in TABLE.items() if ending & set(row.values())} - ending:
        ending |= more

    assert set(State) == reached
    assert set(State) == ending


def test_every_trigger_is_used() -> None:
    """A trigger that no state knows is a mistake."""
    assert set(Trigger) == {trigger for row in TABLE.values() for trigger in row}


def test_signing_is_the_only_way_to_commit() -> None:
    """Without `SIGNED`, nothing but a person's reconciliation leads to COMMITTED; nor STORED."""
    others = (State.SIGNED, State.MANUAL, State.STORED)
    reached, frontier = {State.DRAFT}, [State.DRAFT]
    while frontier:
        for after in TABLE.get(frontier.pop(), {}).values():
            if after not in reached and after not in others:
                reached.add(after)
                frontier.append(after)

    assert not reached & {State.COMMITTING, State.COMMITTED, State.DELIVERED, State.CLOSED}


@given(st.lists(st.sampled_from(list(Trigger)), max_size=40))
def test_whatever_is_stepped_is_a_legal_path(triggers: list[Trigger]) -> None:
    """And a path with one state left out, if it was needed, is none."""
    path = [State.DRAFT]
    for trigger in triggers:
        after = step(path[-1], trigger)
        if isinstance(after, State):
            path.append(after)

    assert path_is_legal(path)


def test_what_is_no_path() -> None:
    """Nothing, a beginning in the middle, and a jump."""
    assert not path_is_legal([])
    assert not path_is_legal([State.SUBMITTED])
    assert not path_is_legal([State.DRAFT, State.CAPTURED])
    assert not path_is_legal(
        [State.DRAFT, State.IDENTIFIED, State.CAPTURED, State.SUBMITTED, State.AUTH_APPROVED]
    )


def test_the_diagram_shows_every_edge() -> None:
    """For the documentation."""
    diagram = as_mermaid()

    assert diagram.startswith("stateDiagram-v2\n    [*] --> DRAFT\n")
    edges = sum(len(row) for row in TABLE.values())
    assert edges + len(FINAL_STATES) + 2 == len(diagram.splitlines())
    assert "    SLIP_SHOWN --> SIGNED: sign" in diagram
    assert "    CLOSED --> [*]" in diagram
