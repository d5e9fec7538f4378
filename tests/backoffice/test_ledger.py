"""Double entry: whatever is built is balanced, and nothing unbalanced can be read either."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.partners.ledger import (
    BLANK_CARD_FEN,
    POSTINGS_MAX,
    Posting,
    PostingGroup,
    UnbalancedPosting,
    blank_cards,
    issued_cards,
    move,
    reserved_cards,
    spoiled_cards,
    trial_balance,
)
from wire.codec import decode, encode
from wire.errors import BadFrame

ACCOUNTS = st.sampled_from([f"stock/{place}" for place in "abcd"])
AMOUNTS = st.integers(-(10**12), 10**12)


@st.composite
def balanced(draw: st.DrawFn) -> PostingGroup:
    postings = draw(st.lists(st.tuples(ACCOUNTS, AMOUNTS), min_size=1, max_size=9))
    rest = -sum(fen for _, fen in postings)
    sides = [*postings, (draw(ACCOUNTS), rest)]
    return PostingGroup(draw(st.text(max_size=9)), tuple(Posting(*side) for side in sides))


@given(st.lists(balanced(), max_size=12))
def test_the_trial_balance_is_zero(groups: list[PostingGroup]) -> None:
    """Whatever was posted, and to whichever accounts, the balances sum to nothing (I3)."""
    assert 0 == sum(trial_balance(groups).values())


@given(balanced())
def test_a_group_survives_the_journal(group: PostingGroup) -> None:
    """What is stored is read back as the same group."""
    assert group == decode(PostingGroup, encode(group))


@given(balanced(), st.integers(1, 10**9))
def test_nothing_unbalanced_is_built_or_read(group: PostingGroup, off: int) -> None:
    """A fen too much on any side: no such group can be made, nor decoded from stored bytes."""
    first, *rest = group.postings
    wrong = (Posting(first.account, first.fen + off), *rest)

    with pytest.raises(UnbalancedPosting):
        PostingGroup(group.key, wrong)
    with pytest.raises(BadFrame):
        decode(PostingGroup, encode({"key": group.key, "postings": wrong}))


@pytest.mark.parametrize("count", [0, 1, POSTINGS_MAX + 1])
def test_a_group_has_two_sides_and_a_bound(count: int) -> None:
    """Nothing, half a movement, or a flood is no group, even though it sums to zero."""
    with pytest.raises(UnbalancedPosting):
        PostingGroup("k", tuple(Posting("a", 0) for _ in range(count)))


def test_cards_wander_through_their_accounts() -> None:
    """Three blank cards: one issued, one spoiled, one still waiting for a signature (I15)."""
    stock, reserved = blank_cards("530102", "T-0001"), reserved_cards("530102")
    issued, spoiled = issued_cards("530102"), spoiled_cards("530102")
    groups = [move(f"{n}/prepare", stock, reserved, BLANK_CARD_FEN) for n in range(3)]
    groups.append(move("0/commit", reserved, issued, BLANK_CARD_FEN))
    groups.append(move("1/abort", reserved, spoiled, BLANK_CARD_FEN))

    assert {stock: -300, reserved: 100, issued: 100, spoiled: 100} == trial_balance(groups)
