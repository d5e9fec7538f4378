"""The words that pages repeat from Python are the same words; no browser is needed to see that."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tests.kit.page_stand import ROOT
from wire.case_state import TITLES
from wire.form import Field
from wire.messages.desk import REJECT_REASONS, RETURN_REASONS, Reason
from wire.messages.identity import IdentityResult
from wire.page.shell import SHARED_FILES

PAGES = {"teller": ROOT / "terminal/page", "desk": ROOT / "backoffice/desk/page"}
CONTRACT_TEXTS = {
    "teller": [f"identity.{result}" for result in IdentityResult],
    "desk": [f"reason.{reason}" for reason in Reason],
}


def sources(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.js")))


def test_states_have_the_same_words_everywhere() -> None:
    """`case_words.js` says what `wire.case_state` says."""
    text = (SHARED_FILES / "case_words.js").read_text(encoding="utf-8")
    found = {
        name: (zh, en)
        for name, zh, en in re.findall(r'^  (\w+): \["([^"]+)", "([^"]+)"', text, re.MULTILINE)
    }
    assert found == {state.value: titles for state, titles in TITLES.items()}


@pytest.mark.parametrize("page", PAGES)
def test_every_msgid_has_its_texts(page: str) -> None:
    """Whatever a module asks for by name is in the table, and so are the contract's words."""
    text = sources(PAGES[page])
    shared = sources(SHARED_FILES)
    defined = set(re.findall(r'^  "([\w.]+)": \[', text + shared, re.MULTILINE))
    asked = set(re.findall(r'\bt\("([\w.]+)"', text)) | set(CONTRACT_TEXTS[page])
    assert asked <= defined


def test_the_page_knows_what_is_usual_for_a_field() -> None:
    """Fields travel without their defaults; the page fills in the same ones."""
    text = (PAGES["teller"] / "capture.js").read_text(encoding="utf-8")
    table = re.search(r"const USUAL = \{\n(.*?)\n\};", text, re.DOTALL)
    assert table is not None
    said = msgspec.json.decode("{" + re.sub(r"(\w+): ", r'"\1": ', table[1]).rstrip(",") + "}")
    usual = {
        field.name: list(field.default) if isinstance(field.default, tuple) else field.default
        for field in msgspec.structs.fields(Field)
        if field.default is not msgspec.NODEFAULT
    }
    assert usual == said


def test_the_desk_offers_the_reasons_of_the_wire() -> None:
    """In the same order, return and reject apart."""
    text = (PAGES["desk"] / "decide.js").read_text(encoding="utf-8")
    for verdict, reasons in (("return", RETURN_REASONS), ("reject", REJECT_REASONS)):
        listed = re.search(rf"^  {verdict}: \[([^\]]+)\]", text, re.MULTILINE)
        assert listed is not None
        assert [reason.value for reason in reasons] == re.findall(r'"(\w+)"', listed[1])
