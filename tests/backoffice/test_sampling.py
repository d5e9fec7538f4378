"""A share of what passed by rules alone is looked at afterwards, by somebody else."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest

from actors.blobs.memory import BlobDisk
from actors.store import MAIN, Recorded
from backoffice.authorization.levels import THRESHOLDS, Level
from backoffice.cases.case import key_of, stream_of
from backoffice.cases.commands import Caller, JudgeSample, OpenSample
from backoffice.cases.events import Closed, SampleOpened, SampleReviewed
from backoffice.cases.sampling import ReviewEntry, is_sampled, review_item
from backoffice.desk.page_model import SignInHere
from backoffice.verify.findings import Fault, Findings, place
from backoffice.verify.images import ImageBook
from backoffice.verify.pinned import PinnedKeys
from backoffice.verify.rules import CaseBook
from tests.backoffice.case_story import (
    DESK,
    EVENTS,
    SECOND_DESK,
    TELLER,
    TELLERS_ALIAS,
    UNION,
    Catalogued,
    Story,
    caller,
    rules_for,
    staff,
)
from tests.backoffice.toys import RULES, TOYS, product
from tests.kit import submissions as make
from tests.kit.bank import DESK_PASSCODE
from tests.kit.closing import DiskShelf
from tests.kit.running import run
from tests.stories.cast import assert_sound, cast, history, watched_bank
from wire.case_state import State
from wire.codec import decode
from wire.message import Code, Refusal
from wire.messages.desk import (
    NOTE_CHARS_MAX,
    JudgeReview,
    ListReviews,
    OpenReview,
    ReviewFile,
    Reviews,
    ReviewTaken,
)

UNTOUCHED = product("untouched", *TOYS["leaflet"].form.fields, level=Level.A0)
JUNIOR = caller("D-0007", staff("A007", "P13", "O9"), Level.A1)
LEAST = caller("D-0008", staff("A008", "P14", "O9"), Level.A2)


def share(permille: int) -> Catalogued:
    """The rules where so many of a thousand are drawn."""
    thresholds = msgspec.structs.replace(THRESHOLDS, sample_permille=permille)
    known = {**RULES.products, UNTOUCHED.code: UNTOUCHED}
    return rules_for(known, thresholds=thresholds, learn=True)


EVERY, NONE = share(1000), share(0)


def closed(code: str = "leaflet", rules: Catalogued = EVERY, seed: int = 0) -> Story:
    """A case up to its end."""
    story = Story(code, seed, rules=rules)
    story.file()
    if story.where() is State.AUTH_QUEUED:
        story.approve()
    if story.product.signed:
        story.core()
        story.show()
        story.sign()
        story.core()
    assert State.CLOSED is story.where()
    return story


def waiting(story: Story) -> ReviewEntry | None:
    """The document of the case among those that wait for a review."""
    body = story.bank.documents.get((f"review/{UNION}", story.case_id))
    return None if body is None else decode(ReviewEntry, body)


def look(story: Story, who: Caller = DESK) -> ReviewFile | Code:
    """What somebody sees who opens the case; the code of a refusal, which leads to nothing."""
    before = list(story.events)
    answer = story.give(OpenSample(who))
    if isinstance(answer, Refusal):
        assert before == story.events
        return answer.code
    assert isinstance(answer, ReviewFile)
    return answer


def review(story: Story, ok: bool = True, note: str = "", who: Caller = DESK) -> ReviewTaken | Code:
    """What the reviewer hears, who opened the case; the code of a refusal leads to nothing."""
    look(story, who)
    before = list(story.events)
    answer = story.give(JudgeSample(who, ok, note))
    if isinstance(answer, Refusal):
        assert before == story.events
        return answer.code
    assert isinstance(answer, ReviewTaken)
    return answer


def by_namesake(name: str = TELLER.staff.name) -> Story:
    """A case that somebody of that name approved, where chance draws none."""
    story = Story("debit_card", rules=NONE)
    story.file()
    card = msgspec.structs.replace(DESK.staff, name=name)
    story.approve(caller(DESK.device, card, DESK.level))
    story.core()
    story.show()
    story.sign()
    story.core()
    story.deliver()
    assert State.CLOSED is story.where()
    return story


def test_a_namesakes_approval_is_always_reviewed() -> None:
    """Whatever the share; the list says who approved it, and that they are not to review it."""
    story = by_namesake()
    entry = waiting(story)
    assert entry is not None
    assert (TELLER.staff.name,) == tuple(one.name for one in entry.approvers)
    assert waiting(by_namesake("别人")) is None

    for who, expected in (
        (DESK, Code.SELF_AUTH),
        (msgspec.structs.replace(SECOND_DESK.staff, name=TELLER.staff.name), Code.SELF_AUTH),
    ):
        reviewer = who if isinstance(who, Caller) else caller("D-0002", who, Level.A4)
        assert expected is review(story, who=reviewer)
        assert not review_item(entry, reviewer).allowed
    assert review_item(entry, SECOND_DESK).allowed
    assert ReviewTaken(story.case_id, True) == review(story, who=SECOND_DESK)
    assert waiting(story) is None


def test_about_the_share_is_drawn() -> None:
    """Of ten thousand cases one in twenty, and the same ones whoever counts again."""
    ids = [make.case_id(number) for number in range(10_000)]
    drawn = [case_id for case_id in ids if is_sampled(case_id, 50, b"")]

    assert 430 < len(drawn) < 570
    assert drawn == [case_id for case_id in ids if is_sampled(case_id, 50, b"")]


def test_nothing_and_everything_are_shares() -> None:
    """At 0 nothing is drawn, at 1000 everything; a larger share contains the smaller one."""
    ids = [make.case_id(number) for number in range(1_000)]

    assert not any(is_sampled(case_id, 0, b"") for case_id in ids)
    assert all(is_sampled(case_id, 1_000, b"") for case_id in ids)
    assert {i for i in ids if is_sampled(i, 50, b"")} < {i for i in ids if is_sampled(i, 400, b"")}
    assert {i for i in ids if is_sampled(i, 50, b"a key")} != {
        i for i in ids if is_sampled(i, 50, b"another")
    }


@pytest.mark.parametrize("code", ["leaflet", "card_activation"])
def test_a_drawn_case_waits_from_its_end(code: str) -> None:
    """Pure information or signed for: when it closes, its document says what and whose it is."""
    story = closed(code)

    expected = ReviewEntry(
        case_id=story.case_id,
        product=code,
        title_zh=story.product.title_zh,
        title_en=story.product.title_en,
        operator=story.case.filed.operator,
        closed_ms=story.now_ms,
        level=Level.A1,
        images=tuple(image.digest for image in story.case.images),
    )
    assert expected == waiting(story)


@pytest.mark.parametrize(
    ("code", "rules"), [("untouched", EVERY), ("referral", EVERY), ("leaflet", NONE)]
)
def test_who_is_not_drawn(code: str, rules: Catalogued) -> None:
    """What needs nobody, what somebody looked at, and what chance passed by: no review of it."""
    story = closed(code, rules)

    assert waiting(story) is None
    assert Code.STATE is review(story)


def test_only_what_has_closed_is_drawn() -> None:
    """A case on its way does not wait for a review yet, nor does one that came to nothing."""
    story = Story("card_activation", rules=EVERY)
    story.file()
    assert waiting(story) is None
    assert Code.STATE is review(story)

    story.bank.core.decline = Refusal(Code.CORE_DECLINED, "不行")
    story.core()
    assert State.DECLINED is story.where()
    assert waiting(story) is None
    assert Code.STATE is review(story)


def test_a_review_is_kept_and_ends_the_waiting() -> None:
    """One event, no step; the document is gone, the case is where it was."""
    story = closed()
    steps = story.case.steps

    assert ReviewTaken(story.case_id, False) == review(story, ok=False, note=" 照片模糊 ")
    assert SampleReviewed(story.now_ms, DESK.staff, False, "照片模糊") == story.events[-1]
    assert waiting(story) is None
    assert (State.CLOSED, steps) == (story.where(), story.case.steps)


def test_who_looks_is_noted_once_each() -> None:
    """Everything that was captured is shown, masked; the document says who may fetch images."""
    story = closed("card_activation")
    steps = story.case.steps
    seen = look(story)

    assert isinstance(seen, ReviewFile)
    assert (story.case_id, State.CLOSED) == (seen.item.case_id, seen.state)
    assert seen.compared
    assert story.case.images == seen.images
    for who in (DESK, LEAST, DESK):
        assert isinstance(look(story, who), ReviewFile)
    looks = [event.reviewer for event in story.events if isinstance(event, SampleOpened)]
    assert [DESK.staff, LEAST.staff] == looks
    entry = waiting(story)
    assert entry is not None
    assert (DESK.staff.person_id, LEAST.staff.person_id) == entry.opened
    assert (State.CLOSED, steps) == (story.where(), story.case.steps)


def test_who_may_look() -> None:
    """Whoever may not judge sees nothing either, and nobody sees what is judged or never drawn."""
    story = closed()

    assert Code.FORBIDDEN is look(story, JUNIOR)
    assert Code.SELF_AUTH is look(story, TELLERS_ALIAS)
    assert Code.STATE is look(closed(rules=NONE))
    review(story)
    assert Code.STATE is look(story)
    assert Code.STATE is look(story, SECOND_DESK)


def test_nobody_judges_what_they_have_not_opened() -> None:
    """Somebody else's look is no help."""
    story = closed()
    look(story, SECOND_DESK)
    answer = story.give(JudgeSample(DESK, True, ""))

    assert isinstance(answer, Refusal)
    assert Code.STATE is answer.code
    assert waiting(story) is not None
    assert ReviewTaken(story.case_id, True) == review(story)


def test_a_review_may_arrive_twice() -> None:
    """The same is the same answer, whenever; another one, or somebody else's, comes too late."""
    story = closed()
    first = review(story, ok=False, note="照片模糊")
    many = len(story.events)
    story.now_ms += 60_000

    assert first == review(story, ok=False, note="照片模糊")
    assert many == len(story.events)
    assert Code.STATE is review(story, ok=True)
    assert Code.STATE is review(story, ok=False, note="别的问题")
    assert Code.STATE is review(story, ok=False, note="照片模糊", who=SECOND_DESK)


def test_who_may_review() -> None:
    """From A2 on, and never the operator, under whatever staff id."""
    story = closed()

    assert Code.FORBIDDEN is review(story, who=JUNIOR)
    assert Code.SELF_AUTH is review(story, who=TELLERS_ALIAS)
    assert waiting(story) is not None
    assert ReviewTaken(story.case_id, True) == review(story, who=LEAST)


def test_what_is_wrong_is_said_in_bounds() -> None:
    """A finding needs words, but not too many; what is right needs none."""
    story = closed()

    assert Code.FORMAT is review(story, ok=False)
    assert Code.FORMAT is review(story, ok=False, note="  \n")
    assert Code.FORMAT is review(story, ok=False, note="\u200b")
    assert Code.FORMAT is review(story, ok=True, note="好\u202e")
    assert Code.FORMAT is review(story, ok=False, note="长" * (NOTE_CHARS_MAX + 1))
    assert Code.FORMAT is review(story, ok=True, note="长" * (NOTE_CHARS_MAX + 1))
    assert waiting(story) is not None
    longest = "长" * NOTE_CHARS_MAX
    assert ReviewTaken(story.case_id, False) == review(story, ok=False, note=longest)


def test_the_stream_alone_knows() -> None:
    """Replayed under another share, what was drawn is still to be reviewed, what was not is not."""
    drawn, passed = closed(), closed(rules=NONE)
    for story, rules, expected in (
        (drawn, NONE, ReviewTaken(drawn.case_id, True)),
        (passed, EVERY, Code.STATE),
    ):
        later = Story("leaflet", bank=story.bank, rules=rules)
        later.case = later.behaviour.initial(key_of(UNION, later.case_id))
        for event in story.events:
            later.case = later.behaviour.evolve(later.case, event)
            later.events.append(event)
        assert story.case == later.case
        assert expected == review(later)
        assert waiting(later) is None


def test_a_stream_from_before_there_were_reviews() -> None:
    """Its end says nothing of a draw: it was not drawn."""
    assert Closed(1) == msgspec.convert({"type": "CaseClosed", "at_ms": 1}, Closed)
    assert not Closed(1).sampled


def found(story: Story, *reviews: SampleOpened | SampleReviewed) -> list[Fault]:
    """What the verifier says about reviews that stand behind a case's own events."""
    stream = stream_of(key_of(UNION, story.case_id))
    events = [*story.events, *reviews]
    rows = [
        Recorded(stream, version, *EVENTS.encode(event), event.at_ms, "x", MAIN, version)
        for version, event in enumerate(events, start=1)
    ]
    findings = Findings()
    images = ImageBook(DiskShelf(BlobDisk()), findings)
    book = CaseBook(EVERY.products, PinnedKeys(findings), images, findings)
    book.take(stream, rows)
    places = [place(stream, row.version) for row in rows[len(story.events) :]]
    return [finding.what for finding in findings.kept if finding.where in places]


def test_the_verifier_knows_reviews() -> None:
    """One of a drawn case is right; a second one, one by the operator, one of any case is not."""
    right = SampleReviewed(make.NOW_MS, DESK.staff, True, "")
    own = SampleReviewed(make.NOW_MS, TELLERS_ALIAS.staff, True, "")
    opened = SampleOpened(make.NOW_MS, DESK.staff)

    assert [] == found(closed(), right)
    assert [] == found(closed(), opened, right)
    assert [Fault.ILLEGAL_STEP] == found(closed(), right, opened)
    assert [Fault.SELF_AUTHORIZED] == found(
        closed(), SampleOpened(make.NOW_MS, TELLERS_ALIAS.staff)
    )
    assert [Fault.ILLEGAL_STEP] == found(closed(), right, right)
    assert [Fault.SELF_AUTHORIZED] == found(closed(), own)
    assert [Fault.ILLEGAL_STEP] == found(closed(rules=NONE), right)


def test_a_desk_lists_and_reviews() -> None:
    """Over the wire: nobody is told anything before they sign in; then list, review, list again."""

    async def story() -> None:
        everything = msgspec.structs.replace(THRESHOLDS, sample_permille=1_000)
        bank, invariants = watched_bank("reviews", thresholds=everything)
        async with cast(bank) as at:
            case_id = await at.clerk.begin("risk_assessment")
            case = await at.clerk.finish(case_id)
            assert "CLOSED" == case.state
            ask = partial(at.desk._link.request_now, within=10.0)  # no deed of the page's asks this
            stranger = await ask(ListReviews())
            assert isinstance(stranger, Refusal)
            assert Code.FORBIDDEN is stranger.code
            assert await at.desk.perform(SignInHere("2001", DESK_PASSCODE)) is None
            listed = await ask(ListReviews())
            assert isinstance(listed, Reviews)
            assert [(case_id, "A1", True)] == [
                (item.case_id, item.level, item.allowed) for item in listed.items
            ]
            verdict = JudgeReview(case_id, ok=False, note="电话号码存疑")
            unseen = await ask(verdict)
            assert isinstance(unseen, Refusal)
            assert Code.STATE is unseen.code
            file = await ask(OpenReview(case_id))
            assert isinstance(file, ReviewFile)
            assert listed.items[0] == file.item
            for _ in range(2):
                assert ReviewTaken(case_id, False) == await ask(verdict)
            assert Reviews(()) == await ask(ListReviews())
        assert 1 == sum(isinstance(event, SampleReviewed) for event in history(bank, case_id))
        assert_sound(bank, invariants)

    run(story)
