"""The routing policy: one rule for every case, faults told by the rule, slow links."""

from __future__ import annotations

import itertools
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.authorization.hours import DESKS, due_ms
from backoffice.authorization.levels import (
    SLOW_LINK,
    THRESHOLDS,
    Assessment,
    Assign,
    Level,
    Locality,
    Route,
    Timing,
)
from backoffice.authorization.policy import (
    DEFAULT_ROUTING,
    PRIORITY_MAX,
    RULES_MAX,
    TEXT_BYTES_MAX,
    BadPolicy,
    Routing,
    RoutingPolicy,
    Rule,
    parse_policy,
)
from tests.backoffice.case_story import Story
from tests.kit import submissions as make

DEFAULT_RULE = '[[rules]]\ntiming = "async"\nlocality = "central"\n'

ALL_EIGHT = [
    Rule(timing=Timing.ASYNC, locality=Locality.UNION, union=u, product=p, level=level, priority=n)
    for n, (u, p, level) in enumerate(itertools.product(("", "530111"), ("", "loan"), ("", "A3")))
]
"""One rule for every way to name something; the priority tells which it is."""


def problems(text: str, *codes: str) -> tuple[str, ...]:
    with pytest.raises(BadPolicy) as bad:
        parse_policy(text, codes)
    return bad.value.problems


@pytest.mark.parametrize(
    ("level", "timing"),
    [(Level.A2, Timing.ASYNC), (Level.A3, Timing.SYNC), (Level.A4, Timing.SYNC)],
)
def test_an_office_begins_with_the_published_table(level: Level, timing: Timing) -> None:
    """All central; from A3 on the customer waits."""
    expected = Route(timing, Locality.CENTRAL, 1)

    assert expected == DEFAULT_ROUTING.route("530111", "debit_card", level)


def test_the_most_specific_rule_wins() -> None:
    """More names before fewer, then union before product before level; the order says nothing."""
    wanted = [
        ("530111", "loan", "A3"),
        ("530111", "loan", ""),
        ("530111", "", "A3"),
        ("", "loan", "A3"),
        ("530111", "", ""),
        ("", "loan", ""),
        ("", "", "A3"),
        ("", "", ""),
    ]
    left = list(reversed(ALL_EIGHT))
    for selector in wanted:
        winner = RoutingPolicy(tuple(left)).rule("530111", "loan", Level.A3)
        assert selector == winner.selector
        left.remove(winner)


@given(
    chosen=st.sets(st.integers(1, 7)),
    order=st.randoms(use_true_random=False),
    union=st.sampled_from(["530111", "530112"]),
    product=st.sampled_from(["loan", "card"]),
    level=st.sampled_from([Level.A2, Level.A3, Level.A4]),
)
def test_every_case_has_one_rule_wherever_it_stands(
    chosen: set[int], order: object, union: str, product: str, level: Level
) -> None:
    """Shuffling a document changes no route."""
    rules = [ALL_EIGHT[0], *(ALL_EIGHT[n] for n in sorted(chosen))]
    shuffled = list(rules)
    order.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own Random
    first, second = (Routing(3, RoutingPolicy(tuple(each))) for each in (rules, shuffled))

    route = first.route(union, product, level)
    assert route == second.route(union, product, level)
    assert ALL_EIGHT[route.priority].fits(union, product, level.name)


@pytest.mark.parametrize(
    ("level", "locality", "centre"),
    [
        (Level.A1, "central", ""),
        (Level.A2, "central", "530000"),
        (Level.A4, "central", "530000"),
        (Level.A4, "union", ""),
        (Level.A2, "outlet", ""),
    ],
)
def test_only_a_central_case_that_somebody_decides_is_pooled(
    level: Level, locality: str, centre: str
) -> None:
    """And none where there is no centre."""
    routing = Routing(2, parse_policy(DEFAULT_RULE.replace("central", locality)))

    assert centre == routing.route("530111", "loan", level, "530000").centre
    assert "" == routing.route("530111", "loan", level).centre


def test_a_rule_says_all_about_how_a_case_waits() -> None:
    """In TOML and, the same, in JSON."""
    toml = DEFAULT_RULE + (
        '[[rules]]\nunion = "530111"\nproduct = "loan"\nlevel = "A4"\ntiming = "sync"\n'
        'locality = "central"\nassign = "random"\npriority = 7\n'
    )
    policy = parse_policy(toml)
    json = msgspec.json.encode(policy).decode()

    assert policy == parse_policy(json)
    route = Routing(4, policy).route("530111", "loan", Level.A4)
    assert Route(Timing.SYNC, Locality.CENTRAL, 4, Assign.RANDOM, 7) == route


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("locality = 'union'", "第2条规则：缺少 timing。"),
        ("timing = 'sync'", "第2条规则：缺少 locality。"),
        ("union = '1'\ntiming = 'soon'\nlocality = 'union'", "第2条规则（union=1）：timing 应为"),
        ("timing = 'sync'\nlocality = 'mars'", "locality 应为 outlet、union、central。"),
        ("timing = 'sync'\nlocality = 'union'\nlevel = 'A1'", "level 应为 A2、A3、A4。"),
        ("timing = 'sync'\nlocality = 'union'\npriority = 10", f"应为 0 至 {PRIORITY_MAX}。"),
        ("timing = 'sync'\nlocality = 'union'\npriority = 'x'", "类型不对"),
        ("timing = 'sync'\nlocality = 'union'\nunoin = '1'", "没有这一项：unoin。"),
        ("timing = 'sync'\nlocality = 'union'\nunion = '五华'", "union 应为联社编号。"),
        ("timing = 'sync'\nlocality = 'union'\nassign = 'random'", "locality 须为 central。"),
        ("timing = 'sync'\nlocality = 'union'\nproduct = 'nil'", "没有业务 nil。"),
        ("timing = 'sync'\nlocality = 'union'", "第2条规则与第1条规则针对的业务相同。"),
    ],
)
def test_a_fault_is_told_with_its_rule(rule: str, told: str) -> None:
    """One sentence each, in the words of whoever writes such documents."""
    (problem,) = problems(f"{DEFAULT_RULE}[[rules]]\n{rule}\n", "loan")

    assert told in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1 至"),
        ("rules = []", "1 至"),
        ("rules = 5", "1 至"),
        ("rules = [5]", "第1条规则：应为一组设置。"),
        ("{", "不是有效的 JSON"),
        ('{"rules": [' * 2_000, "不是有效的 JSON"),
        ("[[rules", "不是有效的 TOML"),
        ("x = 1\n" + DEFAULT_RULE, "没有这一项设置：x。"),
        ('unknown_link = "x"\n' + DEFAULT_RULE, "unknown_link 应为"),
        (DEFAULT_RULE + 'union = "1"\n', "缺少默认规则"),
        (DEFAULT_RULE * (RULES_MAX + 1), "1 至"),
        ("#" * (TEXT_BYTES_MAX + 1), "不能超过32 KB。"),
    ],
)
def test_what_is_no_document_is_told(text: str, told: str) -> None:
    """Nothing but `BadPolicy` ever comes out."""
    assert any(told in problem for problem in problems(text))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """A policy or `BadPolicy`."""
    with suppress(BadPolicy):
        assert isinstance(parse_policy(text), RoutingPolicy)


def assessed(timing: Timing, level: Level = Level.A3) -> Assessment:
    return Assessment(level, ("senior",), Route(timing, Locality.CENTRAL, 1))


@pytest.mark.parametrize(
    ("kbps", "unknown", "timing"),
    [
        (199, Timing.SYNC, Timing.ASYNC),
        (200, Timing.SYNC, Timing.SYNC),
        (0, Timing.SYNC, Timing.SYNC),
        (0, Timing.ASYNC, Timing.ASYNC),
        (200, Timing.ASYNC, Timing.SYNC),
    ],
)
def test_nobody_waits_at_the_table_for_a_slow_link(
    kbps: int, unknown: Timing, timing: Timing
) -> None:
    """Below 200 kbit/s the case is queued, and its file says why."""
    routing = Routing(2, RoutingPolicy(DEFAULT_ROUTING.policy.rules, unknown))
    answer = routing.over_link(assessed(Timing.SYNC), kbps, THRESHOLDS)

    assert timing is answer.route.timing
    assert (timing is Timing.ASYNC) == (SLOW_LINK in answer.flags)
    assert "senior" in answer.flags


@pytest.mark.parametrize(("kbps", "flag"), [(60, True), (5_000, False)])
def test_the_speed_in_a_submission_decides_how_the_case_waits(kbps: int, flag: bool) -> None:
    """A customer of 70 would wait at the table; over EDGE they need not."""
    story = Story()
    submission = story.submission(story.values(make.person(0, age=70)))
    story.file(msgspec.structs.replace(submission, link_kbps=kbps))
    assessment = story.case.filed.assessment

    assert (Timing.ASYNC if flag else Timing.SYNC) is assessment.route.timing
    assert flag == (SLOW_LINK in assessment.flags)
    by_ms = story.now_ms + THRESHOLDS.sync_ms
    if flag:
        by_ms = due_ms(story.now_ms, THRESHOLDS.async_ms, DESKS, Locality.CENTRAL)
    assert by_ms == story.case.due_ms


def test_a_link_matters_only_where_somebody_would_wait() -> None:
    """What is queued or passes by rules is as it was."""
    for same in (assessed(Timing.ASYNC), assessed(Timing.SYNC, Level.A1)):
        assert same is DEFAULT_ROUTING.over_link(same, 10, THRESHOLDS)
