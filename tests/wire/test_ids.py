"""Ids have one grammar each, and no message brings another one in."""

from __future__ import annotations

import string
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.peers.access import UPWARD
from wire.codec import MessageCodec, decode, encode
from wire.errors import BadFrame
from wire.ids import LABEL_CHARS_MAX, CaseId, Label, LabelOrNone, folded, is_case_id, is_label
from wire.messages.session import Invite, Role, StaffCard

CASE = "0197720a-0000-7000-8000-000000000000"
OUTSIDE = [
    "T- 9",
    "",
    "-a",
    "a-",
    "a.b",
    "a/b",
    "../x",
    "\uff21\uff11",
    "é",
    "a\n",
    "a" * 33,
    "a_b",
    "工号",
]
IDS: dict[str, object] = {
    "case_id": CaseId,
    "staff_id": Label,
    "person_id": Label,
    "device": Label,
    "union": Label,
    "outlet": Label,
}
"""Which type a field of that name has, in whatever a peer may ask."""


@given(st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=40))
def test_a_label_is_a_dns_label(text: str) -> None:
    """Letters, digits and hyphens, none at an end, 32 at most; written out a second time."""
    wanted = len(text) <= LABEL_CHARS_MAX and text[0] != "-" and text[-1] != "-"

    assert wanted == is_label(text)
    assert folded(text) == folded(text.swapcase())


@given(st.text())
def test_a_type_and_its_question_say_the_same(text: str) -> None:
    """Whether a text is decoded as an id, or asked about."""
    for kind, question in (
        (Label, is_label),
        (CaseId, is_case_id),
        (LabelOrNone, lambda told: not told or is_label(told)),
    ):
        try:
            decoded = decode(kind, encode(text)) == text
        except BadFrame:
            decoded = False
        assert question(text) == decoded


@pytest.mark.parametrize("text", OUTSIDE)
def test_what_is_no_label(text: str) -> None:
    """What has cost a restart, or could be part of a path."""
    assert not is_label(text)


@pytest.mark.parametrize("kind", [*get_args(UPWARD), StaffCard], ids=lambda kind: kind.__name__)
def test_whoever_brings_an_id_in_says_its_grammar(kind: type) -> None:
    """Every field that names one of these has the type that checks it."""
    hints = get_type_hints(kind, include_extras=True)

    for name, hint in hints.items():
        optional = name in ("outlet", "union") and hint == LabelOrNone
        assert optional or hint == IDS.get(name, hint), name


@pytest.mark.parametrize("field", ["name", "outlet", "union"])
@pytest.mark.parametrize("text", OUTSIDE)
def test_a_device_is_never_invited_under_another_name(field: str, text: str) -> None:
    """The refusal names the field and quotes nothing."""
    request: Any = Invite(Role.TERMINAL, "T-0009", "53011101", "530111")
    payload = encode(msgspec.structs.replace(request, **{field: text}))

    with pytest.raises(BadFrame) as wrong:
        MessageCodec(UPWARD).decode(payload)
    assert field == wrong.value.field
    assert not text or text not in str(wrong.value)


def test_a_mistake_that_is_no_field_of_ours_names_none() -> None:
    """Neither an unknown message, nor garbage, nor a key that the peer invented."""
    for payload in (
        b"\xc1",
        encode({"type": "Nobody"}),
        encode({"type": "Invite", "x`$.name`": 1}),
    ):
        with pytest.raises(BadFrame) as wrong:
            MessageCodec(UPWARD).decode(payload)
        assert "" == wrong.value.field
