"""Which fields are asked: the one rule that the terminal shows by and the office refuses by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wire.checks import Context, asked_fields, check_form
from wire.form import Field, FieldKind, Form, Option, When
from wire.message import Code
from wire.value import ChoiceValue, TextValue, Value

CONTEXT = Context(1_750_000_000_000)
CODES = ("a", "b", "c")
OPTIONS = tuple(Option(code, code, code) for code in CODES)


def choice(name: str, when: When | None = None, *, required: bool = True) -> Field:
    return Field(
        name=name,
        kind=FieldKind.CHOICE,
        title_zh=name,
        title_en=name,
        options=OPTIONS,
        required=required,
        when=when,
    )


def text(name: str, when: When | None = None) -> Field:
    return Field(name=name, kind=FieldKind.TEXT, title_zh=name, title_en=name, when=when)


def pin(name: str, when: When | None = None) -> Field:
    return Field(name=name, kind=FieldKind.PIN, title_zh=name, title_en=name, when=when)


FORM = Form(
    1,
    (
        choice("who", required=False),
        choice("how", When("who", ("a", "b"))),
        text("why", When("how", ("c",))),
        pin("pin", When("who", ("b",))),
        text("always"),
    ),
)


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Choices and texts, each of them hanging on any choice before it, or on nothing."""
    fields: list[Field] = []
    for number in range(draw(st.integers(1, 8))):
        before = [one.name for one in fields if one.kind is FieldKind.CHOICE]
        codes = st.lists(st.sampled_from(CODES), min_size=1, unique=True).map(tuple)
        hangs = st.builds(When, st.sampled_from(before), codes) if before else st.none()
        kind = draw(st.sampled_from([choice, text]))
        fields.append(kind(f"f{number}", draw(st.none() | hangs)))
    return Form(1, tuple(fields))


ANSWERS = st.dictionaries(
    st.sampled_from([f"f{number}" for number in range(8)]),
    st.sampled_from(CODES).map(ChoiceValue) | st.just(TextValue("x")),
)


def names(form: Form, values: dict[str, Value]) -> list[str]:
    return [field.name for field in asked_fields(form, values)]


def problems(values: dict[str, Value], *pins: str) -> list[tuple[Code, str]]:
    return [(one.code, one.field) for one in check_form(FORM, values, CONTEXT, pins)]


def test_what_is_asked_follows_the_answers() -> None:
    """Step by step, and back: what hangs on something that is not asked is not asked either."""
    how_c: dict[str, Value] = {"how": ChoiceValue("c")}

    assert ["who", "always"] == names(FORM, {})
    assert ["who", "how", "always"] == names(FORM, {"who": ChoiceValue("a")})
    assert ["who", "how", "why", "always"] == names(FORM, {"who": ChoiceValue("a"), **how_c})
    assert ["who", "how", "pin", "always"] == names(FORM, {"who": ChoiceValue("b")})
    assert ["who", "always"] == names(FORM, {"who": ChoiceValue("c"), **how_c})
    assert ["who", "always"] == names(FORM, {"who": TextValue("a")}), "of another type"


def test_what_is_not_asked_is_neither_required_nor_allowed() -> None:
    """Each refusal stands at its field, and says why."""
    always: dict[str, Value] = {"always": TextValue("x")}
    assert [] == problems(always)
    assert [(Code.FORMAT, "how")] == problems({"who": ChoiceValue("a"), **always})
    assert [(Code.FORMAT, "why")] == problems({"why": TextValue("x"), **always})
    both: dict[str, Value] = {"who": ChoiceValue("b"), "how": ChoiceValue("a"), **always}
    assert [(Code.PIN, "pin")] == problems(both)
    assert [] == problems(both, "pin")
    (refusal,) = check_form(FORM, {"why": TextValue("x"), **always}, CONTEXT)
    assert "按前面的选择不应填写“why”。" == refusal.message


@given(forms(), ANSWERS)
def test_relevance_never_contradicts_itself(form: Form, values: dict[str, Value]) -> None:
    """A subset in order; each hangs on an asked choice that says so; dropping the rest is final."""
    asked = asked_fields(form, values)
    there = [field.name for field in asked]

    assert there == [field.name for field in form.fields if field.name in there]
    for field in form.fields:
        decides = values.get(field.when.field) if field.when is not None else None
        said = field.when is None or (
            field.when.field in there
            and isinstance(decides, ChoiceValue)
            and decides.code in field.when.codes
        )
        assert said == (field.name in there)
    kept = {name: value for name, value in values.items() if name in there}
    assert asked == asked_fields(form, kept)


@given(forms(), ANSWERS)
def test_the_checks_follow_it(form: Form, values: dict[str, Value]) -> None:
    """Right answers to what is asked pass; anything besides is refused where it stands."""
    right: dict[str, Value] = {}
    for field in form.fields:
        if field in asked_fields(form, right):
            told = values.get(field.name)
            chosen = told if isinstance(told, ChoiceValue) else ChoiceValue("a")
            right[field.name] = chosen if field.kind is FieldKind.CHOICE else TextValue("x")
    assert () == check_form(form, right, CONTEXT)

    for field in form.fields:
        if field.name not in right:
            refused = check_form(form, right | {field.name: TextValue("x")}, CONTEXT)
            assert (Code.FORMAT, field.name) in [(one.code, one.field) for one in refused]
