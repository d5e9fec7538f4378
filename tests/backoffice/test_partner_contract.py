"""What every partner promises for every operation: one key, one request, one outcome, for ever.

The same stories over all of them; then random days with repeated, changed, overtaking requests and
partners that decline or whose answers are lost.
"""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.durable.persistent import from_plain, to_plain
from backoffice.partners.embedded import EmbeddedPartner, PartnerCommand, Refuse, posting_group
from backoffice.partners.ledger import (
    BLANK_CARD_FEN,
    blank_cards,
    delivered_cards,
    spoiled_cards,
    trial_balance,
)
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.policy import PartnersPolicy, embedded_partner
from backoffice.partners.port import (
    Abort,
    Commit,
    Inquire,
    PartnerOutcome,
    PartnerStatus,
    Prepare,
    Reverse,
)
from backoffice.partners.queries import Look, PartnerQuery, Templates
from tests.backoffice.partner_scenes import (
    NOW_MS,
    SCENES,
    TERMINAL,
    UNION,
    Playing,
    Scene,
    playing,
    prepare,
    query_of,
)
from wire.message import Code, Refusal

EVERY = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
NO = Refusal(Code.CORE_DECLINED, "演练")


def test_no_operation_is_forgotten() -> None:
    """There is a scene for each."""
    assert {kind.__name__ for kind in get_args(Operation)} == set(SCENES)


def where(one: Playing, key: str = "k") -> PartnerStatus:
    outcome = one.ask(Inquire(key, UNION))
    assert isinstance(outcome, PartnerOutcome)
    return outcome.status


@EVERY
def test_a_repeated_request_gets_the_stored_answer(scene: Scene) -> None:
    """At every stage, and without a second event; after the end nothing moves it."""
    one = scene.playing()
    request = Prepare("k", UNION, scene.right())
    first = one.ask(request)
    assert PartnerStatus.PREPARED is first.status, first.refusal
    assert first == one.ask(request) == one.ask(Inquire("k", UNION))

    real = one.ask(Commit("k", UNION))

    assert PartnerStatus.COMMITTED is real.status
    assert first.facts.items() <= {**real.facts, **first.facts}.items()
    late = (Commit("k", UNION), Abort("k", UNION), Inquire("k", UNION), request)
    assert [real] * 4 == [one.ask(again) for again in late]
    assert 2 == len(one.events)


@EVERY
def test_another_request_under_a_known_key_is_refused(scene: Scene) -> None:
    """Whatever the key has come to; the first outcome stands."""
    for end in (None, Commit("k", UNION), Abort("k", UNION)):
        one = scene.playing()
        prepare(one, "k", scene.right())
        if end is not None:
            one.ask(end)
        before, events = one.ask(Inquire("k", UNION)), len(one.events)

        refusal = one.ask(Prepare("k", UNION, scene.other()))

        assert isinstance(refusal, Refusal)
        assert Code.KEY_CONFLICT is refusal.code
        assert (before, events) == (one.ask(Inquire("k", UNION)), len(one.events))


@EVERY
def test_an_abort_before_its_prepare_spends_the_key(scene: Scene) -> None:
    """The late PREPARE reserves nothing, and another key can have it all."""
    one = scene.playing()
    assert PartnerStatus.UNKNOWN_KEY is where(one)
    assert PartnerStatus.UNKNOWN_KEY is one.ask(Commit("k", UNION)).status
    assert PartnerStatus.ABORTED is one.ask(Abort("k", UNION)).status

    assert PartnerStatus.ABORTED is prepare(one, "k", scene.right()).status
    assert PartnerStatus.ABORTED is one.ask(Commit("k", UNION)).status
    assert PartnerStatus.PREPARED is prepare(one, "k2", scene.right()).status


@EVERY
def test_what_was_aborted_is_free_again(scene: Scene) -> None:
    """Except for a card, which is spoiled."""
    one = scene.playing()
    prepare(one, "k", scene.right())
    assert PartnerStatus.ABORTED is one.ask(Abort("k", UNION)).status
    assert PartnerStatus.ABORTED is one.ask(Commit("k", UNION)).status, "too late"

    again = prepare(one, "k2", scene.right())

    spoiled = scene is SCENES["IssueCard"]
    expected = PartnerStatus.DECLINED if spoiled else PartnerStatus.PREPARED
    assert expected is again.status, again.refusal


@EVERY
def test_a_declined_request_stays_declined(scene: Scene) -> None:
    """Nothing was reserved, no later step moves it."""
    one = scene.playing()
    request = Prepare("k", UNION, scene.right())
    no = one.ask(Refuse(request, NO))
    assert (PartnerStatus.DECLINED, NO) == (no.status, no.refusal)

    later = (request, Commit("k", UNION), Abort("k", UNION), Inquire("k", UNION))
    assert [no] * 4 == [one.ask(again) for again in later]
    assert 1 == len(one.events)
    assert PartnerStatus.PREPARED is prepare(one, "k2", scene.right()).status


@EVERY
def test_only_some_partners_decline_a_commit(scene: Scene) -> None:
    """Then what was prepared is released, and the key is declined for ever."""
    one = scene.playing()
    prepare(one, "k", scene.right())
    outcome = one.ask(Refuse(Commit("k", UNION), NO))

    assert isinstance(one.behaviour, EmbeddedPartner)
    fails = one.behaviour.commit_may_fail
    expected = PartnerStatus.DECLINED if fails else PartnerStatus.COMMITTED
    assert expected is outcome.status
    assert outcome == one.ask(Commit("k", UNION)) == one.ask(Abort("k", UNION))
    if fails:
        assert PartnerStatus.PREPARED is prepare(one, "k2", scene.right()).status


DAY_MS = 24 * 3600 * 1000


def reverse(one: Playing, scene: Scene, key: str = "r", of: str = "k") -> PartnerOutcome:
    outcome = one.ask(Reverse(key, UNION, of, scene.right()))
    assert isinstance(outcome, PartnerOutcome), outcome
    return outcome


def balances(one: Playing) -> dict[str, int]:
    """What every account has, but for those with nothing."""
    groups = [group for event in one.events if (group := posting_group(event)) is not None]
    return {account: fen for account, fen in trial_balance(groups).items() if fen}


@EVERY
@pytest.mark.parametrize("days", [0, 1])
def test_what_was_committed_is_reversed_once(scene: Scene, days: int) -> None:
    """By postings of its own, on its own day, also after the close of the operation's: the key of
    the operation stays committed, the reversal has its own, and what was done can be done again.
    """
    one = scene.playing()
    prepare(one, "k", scene.right())
    real = one.ask(Commit("k", UNION))
    before = len(one.events)
    one.now_ms += days * DAY_MS

    undone = reverse(one, scene)
    assert (PartnerStatus.REVERSED, "r") == (undone.status, undone.key), undone.refusal
    (event,) = one.events[before:]
    assert one.now_ms == event.at_ms
    again = (Reverse("r", UNION, "k", scene.right()), Inquire("r", UNION), Commit("r", UNION))
    assert [undone] * 4 == [one.ask(request) for request in (*again, Abort("r", UNION))]
    assert real == one.ask(Inquire("k", UNION)) == one.ask(Commit("k", UNION))
    assert before + 1 == len(one.events), "a repeat posts nothing"

    other = reverse(one, scene, "r2")
    assert PartnerStatus.DECLINED is other.status, "not twice, whatever the key"
    assert other.refusal is not None
    assert is_plain(other.refusal)
    once_more = prepare(one, "k3", scene.right())
    # A card is spoiled, and a file has moved on: its reversal is a version, too.
    moved_on = scene in (SCENES["IssueCard"], SCENES["SupplementFile"])
    expected = PartnerStatus.DECLINED if moved_on else PartnerStatus.PREPARED
    assert expected is once_more.status, once_more.refusal


@EVERY
def test_a_reversal_gives_back_what_was_moved(scene: Scene) -> None:
    """To the fen; but a card is not blank again."""
    one = scene.playing()
    before = balances(one)
    prepare(one, "k", scene.right())
    one.ask(Commit("k", UNION))
    reverse(one, scene)

    left = balances(one)
    if scene is SCENES["IssueCard"]:
        assert BLANK_CARD_FEN == left[spoiled_cards(UNION)]
        blank, delivered = left[blank_cards(UNION, TERMINAL)], -left[delivered_cards(UNION)]
        assert delivered - BLANK_CARD_FEN == blank, "of all that were delivered, one is gone"
    elif scene.partner is Partner.CORE and scene is not SCENES["HoldFunds"]:
        pass
    elif scene.partner is Partner.CORE:
        assert not [account for account in left if account.startswith("clearing/")]
    else:
        assert before == left == {}
    assert 0 == sum(left.values())


@EVERY
def test_what_was_never_committed_is_not_reversed(scene: Scene) -> None:
    """Unknown, prepared, released or refused: the reversal is declined, and stays so."""
    for steps in (
        (),
        ("k",),
        ("k", Abort("k", UNION)),
        (Refuse(Prepare("k", UNION, scene.right()), NO),),
    ):
        one = scene.playing()
        for step in steps:
            one.ask(Prepare("k", UNION, scene.right()) if isinstance(step, str) else step)
        stood = where(one)

        no = reverse(one, scene)

        assert PartnerStatus.DECLINED is no.status
        assert no.refusal is not None
        assert is_plain(no.refusal)
        assert no == reverse(one, scene)
        assert stood is where(one), "the operation is left alone"


@EVERY
def test_a_reversal_of_something_else_is_refused(scene: Scene) -> None:
    """Another operation than was committed, or another key than the reversal's was for."""
    one = scene.playing()
    prepare(one, "k", scene.right())
    one.ask(Commit("k", UNION))
    events = len(one.events)

    assert Code.KEY_CONFLICT is one.ask(Reverse("r", UNION, "k", scene.other())).code
    assert events == len(one.events)
    reverse(one, scene)
    assert Code.KEY_CONFLICT is one.ask(Reverse("r", UNION, "k9", scene.right())).code
    assert Code.KEY_CONFLICT is one.ask(Reverse("k", UNION, "k", scene.right())).code


@EVERY
def test_an_abort_before_its_reversal_spends_the_key(scene: Scene) -> None:
    """What people made good elsewhere no late reversal gives back once more; it stays committed."""
    one = scene.playing()
    prepare(one, "k", scene.right())
    one.ask(Commit("k", UNION))
    assert PartnerStatus.ABORTED is one.ask(Abort("r", UNION)).status
    before = balances(one)

    assert PartnerStatus.ABORTED is reverse(one, scene).status
    assert PartnerStatus.ABORTED is one.ask(Abort("r", UNION)).status
    assert (PartnerStatus.COMMITTED, before) == (where(one), balances(one))


@EVERY
def test_every_partner_may_decline_a_reversal(scene: Scene) -> None:
    """Then what was committed stands; another key may try again."""
    one = scene.playing()
    prepare(one, "k", scene.right())
    one.ask(Commit("k", UNION))
    no = one.ask(Refuse(Reverse("r", UNION, "k", scene.right()), NO))

    assert (PartnerStatus.DECLINED, NO) == (no.status, no.refusal)
    assert no == reverse(one, scene)
    assert PartnerStatus.COMMITTED is where(one)
    assert PartnerStatus.REVERSED is reverse(one, scene, "r2").status


@pytest.mark.parametrize("partner", Partner)
def test_a_partner_minds_its_own_business(partner: Partner) -> None:
    """Operations and queries of others leave no trace, not even in the key."""
    one = playing(partner)
    for scene in SCENES.values():
        if scene.partner is not partner:
            assert Code.FORMAT is one.ask(Prepare("k", UNION, scene.right())).code
            assert Code.FORMAT is one.ask(Reverse("r", UNION, "k", scene.right())).code
    for query in get_args(PartnerQuery):
        if query.partner is not partner:
            assert isinstance(one.ask(Look(UNION, query_of(query))), Refusal)
    assert PartnerStatus.UNKNOWN_KEY is where(one)
    assert isinstance(one.ask(Look(UNION, Templates(""))), Refusal) == (partner != Partner.OCRM)


KEYS = st.sampled_from(["k0", "k1", "k2", "k3"])
STEPS = st.sampled_from(
    ["prepare", "other", "commit", "abort", "inquire", "balk", "balk late", "reverse"]
)
FINAL = frozenset(PartnerStatus) - {PartnerStatus.PREPARED, PartnerStatus.UNKNOWN_KEY}


def request(step: str, key: str, scene: Scene) -> PartnerCommand:
    right, other = Prepare(key, UNION, scene.right()), Prepare(key, UNION, scene.other())
    commands: dict[str, PartnerCommand] = {
        "prepare": right,
        "other": other,
        "commit": Commit(key, UNION),
        "abort": Abort(key, UNION),
        "inquire": Inquire(key, UNION),
        "balk": Refuse(right, NO),
        "balk late": Refuse(Commit(key, UNION), NO),
        "reverse": Reverse(f"{key}:reversal", UNION, key, scene.right()),
    }
    return commands[step]


@pytest.mark.parametrize("partner", [one for one in Partner if one is not Partner.OCRM])
def test_a_random_day(partner: Partner) -> None:
    """A final outcome stays, repeats change nothing, and the stream replays to the same state.

    Also under another policy, and with every answer lost once: each request comes twice.
    """
    names = [name for name, scene in SCENES.items() if scene.partner is partner]
    steps = st.tuples(STEPS, KEYS, st.sampled_from(names), st.sampled_from([0, 0, 40]))

    @settings(max_examples=25, deadline=None)
    @given(st.lists(steps, max_size=20))
    def day(requests: list[tuple[str, str, str, int]]) -> None:
        one = playing(partner)
        final: dict[str, PartnerOutcome] = {}
        for step, key, name, days in requests:
            one.now_ms += days * 24 * 3600 * 1000
            asked = request(step, key, SCENES[name])
            answer = one.ask(asked)
            events = len(one.events)
            said = answer if isinstance(answer, Refusal) else answer.refusal
            assert said is None or is_plain(said), said
            assert answer == one.ask(asked)
            assert events == len(one.events), "a repeat changes nothing"
            for known, outcome in final.items():
                assert outcome == one.ask(Inquire(known, UNION))
            now = one.ask(Inquire(key, UNION))
            if now.status in FINAL:
                final.setdefault(key, now)
        _replays(one, partner)

    day()


def is_plain(refusal: Refusal) -> bool:
    """A teller can read it: Chinese, without a word of code in it."""
    chinese = re.search(r"[\u4e00-\u9fff]{2}", refusal.message)
    return chinese is not None and not re.search(r"[a-z_]{2,}|[A-Z]{4,}", refusal.message)


def _replays(one: Playing, partner: Partner) -> None:
    fresh = embedded_partner(partner, PartnersPolicy())
    state = fresh.initial(UNION)
    for event in one.events:
        state = fresh.evolve(state, event)
    assert one.state == state
    stored = msgspec.msgpack.encode(one.state, enc_hook=to_plain)
    assert one.state == msgspec.msgpack.decode(stored, type=type(one.state), dec_hook=from_plain)
    groups = [group for event in one.events if (group := posting_group(event)) is not None]
    assert len(groups) == len({group.key for group in groups})
    balances = trial_balance(groups)
    assert 0 == sum(balances.values())
    assert [] == [name for name in balances if name.startswith("deposit/") and balances[name] > 0]
    assert groups == [] or partner is Partner.CORE


def test_the_clock_is_in_the_events() -> None:
    """What rules need of time is written down, so that a replay needs no clock."""
    for scene in SCENES.values():
        one = scene.playing()
        prepare(one, "k", scene.right())
        assert [NOW_MS] == [event.at_ms for event in one.events]
