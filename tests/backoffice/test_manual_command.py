"""`backpack manual`, word by word, over a case that the machine gave up: listed, settled, reversed.

The command runs in this process; what it asks goes to the handler that answers an operator's key.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import backpack as front_door
from actors.outside import production_outside
from backoffice.cases import cli, stuck
from supervisors.cli import EXIT_REFUSED, fail
from tests.backoffice.case_story import FIRST, SECOND, TELLER, UNION, Story
from tests.backoffice.test_case_settlement import given_up
from tests.backoffice.test_case_ways_out import said
from tests.backoffice.toys import BILL, MONEY
from tests.kit.running import run
from wire.case_state import State
from wire.keys import DeviceKeys
from wire.message import Refusal
from wire.messages.session import Role
from wire.messages.settlement import ListManual, ManualCases

OK, FAILED, REFUSED = 0, 1, 4


class Operator:
    """Somebody at a shell with the operator's key."""

    def __init__(self, story: Story, folder: Path, patch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.story = story
        keys = DeviceKeys.generate(production_outside().entropy)
        self.key = folder / "device.key"
        keys.save(self.key)
        self._who = msgspec.structs.replace(TELLER, device="O-0001", signing=keys.signing.public)
        self._patch, self._capsys = patch, capsys
        patch.setattr(cli, "ask", self._ask)
        story.now_ms = production_outside().wall.now_ms()

    def _ask(self, _connect: str, _key: Path, request: Any) -> Any:
        if isinstance(request, ListManual):
            return ManualCases((stuck.entry_of(self.story.case),))
        answer = run(lambda: said(self.story, self._who, Role.OPERATOR, request))
        if isinstance(answer, Refusal):
            fail(answer.message, EXIT_REFUSED)
        return answer

    def __call__(self, *words: str, passcode: str = "") -> tuple[int, str, str]:
        """Run the command: exit code, what it printed, what it told."""
        door = ("--connect", "ws://127.0.0.1:9", "--key", str(self.key))
        self._patch.setattr(sys, "argv", ["backpack", "manual", *words, *door])
        self._patch.setattr(sys, "stdin", io.StringIO(f"{passcode}\n"))
        with pytest.raises(SystemExit) as ended:
            front_door.main()
        shown = self._capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Operator:
    return Operator(given_up(), tmp_path, monkeypatch, capsys)


def test_the_list_has_the_form_that_scripts_rely_on(operator: Operator) -> None:
    """One object for each case, with where each leg stands; for people in words."""
    code, out, _ = operator("list", "--json")
    (case,) = msgspec.json.decode(out)

    assert OK == code
    assert ["case_id", "union", "product", "state", "since_ms", "legs"] == list(case)
    assert (operator.story.case_id, UNION, "errand", "MANUAL") == (
        case["case_id"], case["union"], case["product"], case["state"],
    )  # fmt: skip
    assert {"key", "partner", "name", "standing", "fen"} == set(case["legs"][0])
    stands = {leg["name"]: (leg["standing"], leg["fen"]) for leg in case["legs"]}
    assert {BILL: ("committed", 5_000), MONEY: ("committing", 5_000)}.items() <= stands.items()
    for lang, word in (("zh", "入账结果不明"), ("en", "committing, unknown")):
        _, shown, _ = operator("list", "--lang", lang)
        assert word in shown
        assert "¥50.00" in shown


def test_two_persons_settle_and_reverse_with_one_key(operator: Operator) -> None:
    """Each with the own passcode; the second sees what the first has said."""
    case, story = operator.story.case_id, operator.story
    first, second = FIRST.staff.staff_id, SECOND.staff.staff_id
    story.take("core")
    words = ("settle", case, MONEY, "--not-done")

    code, out, told = operator(*words, "--staff", first, "--evidence", "核心无此流水")
    assert (OK, True) == (code, "待复核" in out), told
    code, _, told = operator(*words, "--confirm", "--staff", first)
    assert (REFUSED, True) == (code, "另一人" in told)
    code, _, told = operator(*words, "--confirm", "--staff", second)
    assert (OK, True) == (code, "核心无此流水" in told)
    story.answer()
    assert State.MANUAL is story.where()

    reverse = ("reverse", case, BILL)
    assert OK == operator(*reverse, "--staff", first, "--evidence", "客户要求退款")[0]
    assert OK == operator(*reverse, "--withdraw", "--staff", second)[0]
    assert OK == operator(*reverse, "--staff", first, "--evidence", "客户要求退款")[0]
    code, out, _ = operator(*reverse, "--confirm", "--staff", second, "--json")
    assert (OK, [story.key(BILL)]) == (code, msgspec.json.decode(out)["deciding"])
    story.core()
    assert State.ABORTED is story.where()
    _, shown, _ = operator("show", case, "--lang", "en")
    assert "reversed" in shown


def test_an_inquiry_needs_nobody_but_the_key(operator: Operator) -> None:
    """The partner is asked at once; a leg that is none is told with those there are."""
    case = operator.story.case_id
    assert OK == operator("inquire", case, MONEY)[0]
    operator.story.core()
    assert State.CLOSED is operator.story.where()

    code, _, told = operator("settle", case, "nobody", "--done", "--staff", "R001")
    assert (FAILED, True) == (code, BILL in told)
    code, _, told = operator("show", "01977420-dc00-7dd3-9504-000000000000")
    assert (FAILED, True) == (code, "--union" in told)
