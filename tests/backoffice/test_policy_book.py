"""The book of routing policies: versions rise, nothing is edited, every change has an author."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.authorization.levels import Level, Locality
from backoffice.authorization.policy import DEFAULT_TEXT
from backoffice.authorization.policy_book import (
    KEPT_MAX,
    GetRouting,
    PolicyBook,
    PolicyBookState,
    PolicyChanged,
    PolicyCommand,
)
from tests.kit.played import Played
from wire.codec import decode, encode
from wire.message import Code, Refusal
from wire.messages.policy import (
    GetPolicy,
    PolicyHistory,
    PolicyText,
    RollbackPolicy,
    SetPolicy,
)

OUTLET = DEFAULT_TEXT + '[[rules]]\nunion = "530111"\ntiming = "sync"\nlocality = "outlet"\n'
UNION = DEFAULT_TEXT + '[[rules]]\nunion = "530111"\ntiming = "async"\nlocality = "union"\n'

Book = Played[PolicyBookState, PolicyCommand, PolicyChanged]


def book() -> Book:
    return Played(PolicyBook(("debit_card",)), "policy", now_ms=1_000)


def code(answer: Any) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def locality(of: Book) -> Locality:
    routing = of.ask(GetRouting())
    found: Locality = routing.route("530111", "debit_card", Level.A2).locality
    return found


def test_an_office_begins_with_version_one() -> None:
    """Which nobody wrote, and which can be read."""
    page = book().ask(GetPolicy())

    assert (1, "", DEFAULT_TEXT) == (page.about.version, page.about.author, page.text)
    assert 1 == book().ask(GetRouting()).version


def test_a_change_a_rollback_and_what_remains_of_them() -> None:
    """A rollback is a new version with the old content; history loses nothing."""
    pages = book()
    changed = pages.ask(SetPolicy(OUTLET, " 试行网点授权 ", 1), "O-0001")
    assert isinstance(changed, PolicyText)
    assert (2, "O-0001", "试行网点授权", 1_000) == (
        changed.about.version,
        changed.about.author,
        changed.about.note,
        changed.about.at_ms,
    )
    assert Locality.OUTLET is locality(pages)

    pages.now_ms = 2_000
    restored = pages.ask(RollbackPolicy(1, "撤回"), "O-0002")
    assert (3, 1, DEFAULT_TEXT) == (
        restored.about.version,
        restored.about.restored,
        restored.text,
    )
    assert Locality.CENTRAL is locality(pages)
    listed = pages.ask(PolicyHistory()).versions
    assert [(3, "O-0002"), (2, "O-0001"), (1, "")] == [(v.version, v.author) for v in listed]
    assert OUTLET == pages.ask(GetPolicy(2)).text
    assert 2 == len(pages.events)


def test_the_same_change_twice_is_one() -> None:
    """The operator lost the answer and asks again; of both kinds."""
    pages = book()
    for request in (SetPolicy(OUTLET, "试行", 1), RollbackPolicy(1, "撤回")):
        first, again = (pages.ask(request, "O-0001") for _ in range(2))
        assert first == again
    assert 2 == len(pages.events)


def test_what_cannot_be_put_in_force() -> None:
    """Nothing changes, and the sentence says what to do."""
    pages = book()
    pages.ask(SetPolicy(OUTLET, "试行"), "O-0001")
    bad = OUTLET.replace('"outlet"', '"mars"')

    refused = pages.ask(SetPolicy(bad, "试行二"))
    assert (Code.FORMAT, "text") == (refused.code, refused.field)
    assert "第4条规则（union=530111）：locality" in refused.message
    unknown = DEFAULT_TEXT + '[[rules]]\nproduct = "x"\ntiming = "sync"\nlocality = "union"\n'
    assert "没有业务 x" in pages.ask(SetPolicy(unknown, "试行二")).message
    assert Code.STALE is code(pages.ask(SetPolicy(UNION, "晚了", 1)))
    assert Code.FORMAT is code(pages.ask(SetPolicy(UNION, "  ")))
    assert Code.FORMAT is code(pages.ask(SetPolicy(UNION, "长" * 201)))
    assert Code.NOT_FOUND is code(pages.ask(RollbackPolicy(9, "撤回")))
    assert Code.STATE is code(pages.ask(RollbackPolicy(2, "撤回")))
    assert Code.FORMAT is code(pages.ask(RollbackPolicy(1, "")))
    assert Code.FORMAT is code(pages.ask(RollbackPolicy(1, "\u200b")))
    assert Code.FORMAT is code(pages.ask(SetPolicy(UNION, "试\u202e行")))
    assert Code.NOT_FOUND is code(pages.ask(GetPolicy(7)))
    assert 1 == len(pages.events)


def test_many_faults_are_told_in_one_short_answer() -> None:
    """The first few, and how many more."""
    text = DEFAULT_TEXT + "[[rules]]\n" * 8
    refused = book().ask(SetPolicy(text, "试行"))

    assert 5 == refused.message.count("缺少 timing")
    assert "另有3处问题" in refused.message


def test_only_so_many_versions_are_at_hand() -> None:
    """Numbers go on; what is too old can no longer be restored."""
    pages = book()
    for number in range(KEPT_MAX + 5):
        pages.ask(SetPolicy(OUTLET if number % 2 else UNION, f"第{number}次"), "O-0001")
    listed = pages.ask(PolicyHistory()).versions

    assert (KEPT_MAX, KEPT_MAX + 6) == (len(listed), listed[0].version)
    assert Code.NOT_FOUND is code(pages.ask(RollbackPolicy(2, "撤回")))
    assert isinstance(pages.ask(RollbackPolicy(KEPT_MAX, "撤回")), PolicyText)


@pytest.mark.parametrize("changes", [0, 3])
def test_the_book_survives_a_snapshot(changes: int) -> None:
    """As it is stored and read back."""
    pages = book()
    for number in range(changes):
        pages.ask(SetPolicy(OUTLET if number % 2 else UNION, f"第{number}次"), "O-0001")

    body = encode(pages.state)
    assert pages.state == decode(PolicyBookState, body, bytes_max=10_000_000)
    assert pages.behaviour.inspect(pages.state)["version"] == changes + 1
