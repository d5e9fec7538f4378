"""The configuration: typed, bounded, per union, and precise about what is wrong and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial, reduce
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice import running
from backoffice.cases.terms import Terms
from backoffice.catalogue import products
from backoffice.configuration.bounds import NUMBER_MAX, ORDERED, RANGES
from backoffice.configuration.file import (
    FILE_BYTES_MAX,
    BadConfiguration,
    parse_settings,
    read_settings,
)
from backoffice.configuration.settings import (
    OFFICE_WIDE,
    SECTIONS,
    Settings,
    defaults,
    for_training,
)
from backoffice.configuration.settings import UNION as UNION_TABLE
from backoffice.configuration.text import as_toml, as_tree, descriptions, written
from backoffice.configuration.toml_lines import dotted, key_lines
from backoffice.product import Product
from tests.backoffice.case_story import PRODUCTS, UNION
from tests.kit import configuration_page
from wire.checks import Context, check_amount
from wire.message import Code
from wire.value import AmountValue


def mistakes(text: str, catalogue: Mapping[str, Product] = PRODUCTS) -> list[tuple[int, str]]:
    """(line, key) of everything that is wrong."""
    with pytest.raises(BadConfiguration) as caught:
        parse_settings(text, catalogue)
    return [(problem.line, problem.key) for problem in caught.value.problems]


def test_an_office_runs_without_a_file() -> None:
    """Every section has its default, and every union the same."""
    plain = parse_settings("", PRODUCTS)

    assert defaults(PRODUCTS) == plain.base.sections
    assert plain.base is plain.for_union(UNION)
    assert PRODUCTS.keys() == plain.base.offered.keys()
    assert () == plain.unions


def test_a_file_changes_what_it_names() -> None:
    """For all, and again for one union."""
    changed = parse_settings(
        f"""
        [limits]
        accuracy_m_max = 80
        [policy]
        a1_fen_max = 5_000
        [terms]
        lease_ms = 60_000
        [partners.core]
        stock_prefixes = ["621799"]
        [union."{UNION}".limits]
        accuracy_m_max = 200
        [union."{UNION}".lookups]
        codes_max = 3
        """,
        PRODUCTS,
    )
    base, union = changed.base, changed.for_union(UNION)

    assert (80, 200) == (base.limits.accuracy_m_max, union.limits.accuracy_m_max)
    assert (5_000, 5_000) == (base.thresholds.a1_fen_max, union.thresholds.a1_fen_max)
    assert (60_000, 60_000) == (base.terms.lease_ms, union.terms.lease_ms)
    assert ("621799",) == union.partners.core.stock_prefixes
    assert (5, 3) == (base.lookups.codes_max, union.lookups.codes_max)
    assert (UNION,) == changed.unions
    assert union is changed.for_union(UNION)
    assert base is changed.for_union("530999")


def test_a_union_may_have_another_centre_or_none() -> None:
    """What is written is what cases are routed to; by default there is one for all."""
    text = f'[policy]\ncentre = "530001"\n[union."{UNION}".policy]\ncentre = ""\n'
    changed = parse_settings(text, PRODUCTS)

    assert "530000" == Settings(PRODUCTS).base.thresholds.centre
    assert ("530001", "") == (
        changed.base.thresholds.centre,
        changed.for_union(UNION).thresholds.centre,
    )


def keys_of(section: msgspec.Struct, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of everything below a section that can be written down."""
    for name in section.__struct_fields__:
        inner = getattr(section, name)
        if isinstance(inner, msgspec.Struct):
            yield from keys_of(inner, (*at, name))
        else:
            yield *at, name


BOX = "{ " + ", ".join(f"{edge}_e6 = 1" for edge in ("south", "west", "north", "east")) + " }"


def others(value: object) -> Iterator[str]:
    """Other values as TOML; one of them is within any bounds."""
    match value:
        case bool():
            yield written(not value)
        case int():
            yield from (str(value - 1), str(value + 1), str(value * 2))
        case tuple() | dict() if value:
            yield from ("[]", "{}", "[10, 20, 30, 40]")
            if isinstance(value, tuple):
                yield from (written(value * 2), written(value[:1]))
        case _:
            yield from ('["debit_card"]', '"63"', '[["530111199001010000"]]', '["2026-02-17"]')
            yield from (BOX, '[{ first = "62170000000", last = "62170000009", terminal = "T-1" }]')


CATALOGUE = products()
KEYS = [(name, path) for name, one in defaults(CATALOGUE).items() for path in keys_of(one)]


@pytest.mark.parametrize(("name", "path"), KEYS, ids=[".".join((n, *p)) for n, p in KEYS])
def test_what_a_union_changes_is_in_force_there(name: str, path: tuple[str, ...]) -> None:
    """Every single key: in that union alone, or the file is refused at its line."""
    value = reduce(getattr, path, defaults(CATALOGUE)[name])
    table = dotted((UNION_TABLE, UNION, *name.split("."), *path[:-1]))
    if name in OFFICE_WIDE:
        told = mistakes(f"[{table}]\n{path[-1]} = {next(others(value))}", CATALOGUE)
        assert (1, dotted((UNION_TABLE, UNION, name))) in told
        return
    texts = (f"[{table}]\n{path[-1]} = {other}" for other in others(value))
    changed = next(one for text in texts if (one := understood(text)) is not None)

    assert value != reduce(getattr, path, changed.for_union(UNION).sections[name])
    assert value == reduce(getattr, path, changed.for_union("530999").sections[name])


def understood(text: str) -> Settings | None:
    try:
        return parse_settings(text, CATALOGUE)
    except BadConfiguration:
        return None


def test_nobody_asks_for_what_holds_elsewhere() -> None:
    """Rules get a union's own section, or one that no union can change; there is no third way."""
    settings = parse_settings("", PRODUCTS)
    for name, kind in SECTIONS.items():
        of_union, of_all = (
            partial(settings.for_union(UNION).section, kind),
            partial(settings.shared, kind),
        )
        right, wrong = (of_all, of_union) if name in OFFICE_WIDE else (of_union, of_all)
        assert isinstance(right(), kind)
        with pytest.raises(StopIteration):
            wrong()
    office = Path(running.__file__).parent
    outside = [one for one in office.rglob("*.py") if "configuration" not in one.parts]
    assert outside
    assert [] == [one.name for one in outside if re.search(r"settings\.base\b", one.read_text())]


def test_a_products_numbers_reach_the_product() -> None:
    """Its rules read `dossier.terms`, which are the product's."""
    code = next(c for c, product in PRODUCTS.items() if hasattr(product.terms, "age_years_min"))
    text = f'[union."{UNION}".products.{code}]\nage_years_min = 21\n'
    changed = parse_settings(text, PRODUCTS)

    def least(union: str) -> int:
        terms = changed.for_union(union).products[code].terms
        return int(terms.age_years_min)  # type: ignore[attr-defined]  # chosen above by having it

    assert 21 == least(UNION)
    assert least("530999") == PRODUCTS[code].terms.age_years_min  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize(
    ("product", "field", "setting", "hard"),
    [
        ("wealth_purchase", "amount", "fen_max = {}", 10_000_000_00),
        ("credit_card_application", "limit", "limit_fen_max = {}", 1_000_000_00),
        (
            "service_sign_up",
            "limit_fast_pay",
            "limits = {{ fast_pay = {{ usual_fen = 1, most_fen = {} }} }}",
            5_000_000_00,
        ),
    ],
)
def test_a_union_widens_what_a_form_allows(
    product: str, field: str, setting: str, hard: int
) -> None:
    """Or narrows it; the form asks within its bound, up to one that no file can move."""
    header = f'[union."{UNION}".products.{product}]\n'
    default = CATALOGUE[product].form.field(field)
    assert default is not None
    for fen in (1, default.fen_max + 1, hard):
        changed = parse_settings(header + setting.format(fen), CATALOGUE)
        asked = changed.for_union(UNION).offered[product].form.field(field)
        assert asked is not None
        assert fen == asked.fen_max
        assert [] == check_amount(AmountValue(fen), asked, Context(0))
        (refusal,) = check_amount(AmountValue(fen + 1), asked, Context(0))
        assert Code.LIMIT is refusal.code
        assert f"“{asked.title_zh}”不能超过{fen // 100}.{fen % 100:02}元" in refusal.message
        assert default == changed.base.offered[product].form.field(field)
    key = f'union."{UNION}".products.{product}.{setting.split()[0]}'
    for fen in (0, hard + 1):
        assert [(2, key)] == mistakes(header + setting.format(fen), CATALOGUE)


def test_a_usual_limit_is_not_above_the_most() -> None:
    """What a service is signed up with by default must itself be allowed."""
    text = "[products.service_sign_up.limits]\nfast_pay = { usual_fen = 2, most_fen = 1 }"
    assert [(1, "products.service_sign_up.limits")] == mistakes(text, CATALOGUE)


def test_a_service_is_switched_off() -> None:
    """In one union, or everywhere; its cases are still understood."""
    text = f'[union."{UNION}".products]\ndisabled = ["debit_card"]\n'
    changed = parse_settings(text, PRODUCTS)

    assert "debit_card" in changed.base.offered
    assert "debit_card" not in changed.for_union(UNION).offered
    assert "debit_card" in changed.for_union(UNION).products


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[limits]\n\nage_years_max = 'x'", [(3, "limits.age_years_max")]),
        ("[limits]\nage_years_max = true", [(2, "limits.age_years_max")]),
        ("[limits]\nage_years_max = 5", [(2, "limits.age_years_max")]),
        ("limits.sharpness_min = -1", [(1, "limits.sharpness_min")]),
        (f"[policy]\na3_fen_max = {NUMBER_MAX + 1}", [(2, "policy.a3_fen_max")]),
        ("[lookups]\ncodes_max = 0", [(2, "lookups.codes_max")]),
        ("[limits]\nnothing = 1", [(2, "limits.nothing")]),
        ("\n[nothing]\na = 1", [(2, "nothing")]),
        ("limits = 3", [(1, "limits")]),
        ("products = 3", [(1, "products")]),
        ("[partners]\nnothing = 3", [(2, "partners.nothing")]),
        ("[partners.nothing]\na = 3", [(1, "partners.nothing")]),
        ("[partners.core]\nstock_prefixes = [1]", [(2, "partners.core.stock_prefixes")]),
        ("[products.nothing]\na = 1", [(1, "products.nothing")]),
        ("[products]\ndisabled = ['nothing']", [(2, "products.disabled")]),
        ("union = 3", [(1, "union")]),
        ("[union]\n'a b' = {}", [(2, 'union."a b"')]),
        ('[union."530111"]\nlimits = 3', [(2, 'union."530111".limits')]),
        ('[union."530111".nothing]', [(1, 'union."530111".nothing')]),
        ('[union."530111".limits]\nx = 1', [(2, 'union."530111".limits.x')]),
        ("[policy]\na1_fen_max = 99_999_999", [(2, "policy.a1_fen_max")]),
        ("[policy]\ncentre = 530000", [(2, "policy.centre")]),
        ("[policy]\ncentre = '53/0000'", [(2, "policy.centre")]),
        ('[policy]\ncentre = "530000\\n"', [(2, "policy.centre")]),
        ("[policy]\na2_fen_max = 1", [(2, "policy.a2_fen_max")]),
        ("[limits]\npan_digits_min = 19\npan_digits_max = 16", [(3, "limits.pan_digits_max")]),
        ("[limits]\na =", [(2, "TOML")]),
        ("[limits]\nb = 1\n[policy]\nc = 1", [(2, "limits.b"), (4, "policy.c")]),
    ],
)
def test_every_mistake_is_found_at_its_line(text: str, expected: list[tuple[int, str]]) -> None:
    """All of them at once, in the file's order."""
    assert expected == mistakes(text)


def test_a_mistake_is_told_in_both_languages() -> None:
    """Line, dotted key, and what it should be."""
    text = "# 配置\n[lookups]\ncodes_max = 'five'\n"
    with pytest.raises(BadConfiguration) as caught:
        parse_settings(text, PRODUCTS)
    expected = (
        "第 3 行 lookups.codes_max：应为整数，写的是字符串 · line 3: Expected `int`, got `str`"
    )
    assert expected == str(caught.value)


def test_very_many_mistakes_are_not_all_told() -> None:
    """The first ones are enough to begin with."""
    with pytest.raises(BadConfiguration) as caught:
        parse_settings("[limits]\n" + "\n".join(f"k{n} = 1" for n in range(50)), PRODUCTS)
    assert 50 == len(caught.value.problems)
    assert "另有 30 处错误" in str(caught.value)


def test_a_file_must_be_a_readable_text(tmp_path: Path) -> None:
    """Read once from disk; bytes that are no text, and too many of them, are refused."""
    path = tmp_path / "office.toml"
    path.write_text("[limits]\naccuracy_m_max = 70\n")
    assert 70 == read_settings(path, PRODUCTS).base.limits.accuracy_m_max
    for body in (b"\xff\xfe", b"#" * (FILE_BYTES_MAX + 1)):
        path.write_bytes(body)
        with pytest.raises(BadConfiguration):
            read_settings(path, PRODUCTS)


def test_what_is_written_out_can_be_read_in_again() -> None:
    """With defaults and changes; as a tree, too."""
    text = f'[limits]\naccuracy_m_max = 70\n[union."{UNION}".terms]\nlease_ms = 90_000\n'
    changed = parse_settings(text, PRODUCTS)
    again = parse_settings(as_toml(changed), PRODUCTS)

    assert changed.base.sections == again.base.sections
    assert changed.for_union(UNION).sections == again.for_union(UNION).sections
    tree = as_tree(changed)
    assert 70 == tree["limits"]["accuracy_m_max"]
    assert {UNION: {"terms": {"lease_ms": 90_000}}} == tree["union"]


def test_training_partners_know_everybody() -> None:
    """In every union, whatever else it changes."""
    text = f'[union."{UNION}".partners.core]\nstock_prefixes = ["62"]\n'
    trained = for_training(parse_settings(text, PRODUCTS))

    assert trained.base.partners.training
    assert trained.for_union(UNION).partners.training
    assert ("62",) == trained.for_union(UNION).partners.core.stock_prefixes
    assert not Settings(PRODUCTS).base.partners.training


def test_no_case_waits_for_no_time_at_all() -> None:
    """A pause of nothing would ask a dead partner without a pause, for ever."""
    for name in Terms.__struct_fields__:
        if "_ms" in name:
            with pytest.raises(BadConfiguration):
                parse_settings(f"[terms]\n{name} = 0\n", PRODUCTS)


def test_defaults_keep_their_own_bounds() -> None:
    """And every bound is of a key that exists."""
    for kind, ranges in RANGES.items():
        default = kind()
        for key, (least, most) in ranges.items():
            assert least <= getattr(default, key) <= most, key
    for kind, pairs in ORDERED.items():
        assert {key for pair in pairs for key in pair} <= set(kind.__struct_fields__)
    assert not mistakes_of_defaults()


def mistakes_of_defaults() -> list[tuple[int, str]]:
    try:
        parse_settings(as_toml(Settings(PRODUCTS)), PRODUCTS)
    except BadConfiguration as bad:
        return [(problem.line, problem.key) for problem in bad.problems]
    return []


def test_every_number_says_what_it_means() -> None:
    """In its Struct's docstring; that is where the page and `backpack config` have it from."""
    for name, kind in SECTIONS.items():
        plain = [f.name for f in msgspec.structs.fields(kind) if not _is_struct(f.type)]
        assert set(plain) <= set(descriptions(kind)), name


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def test_the_page_is_made_from_the_code() -> None:
    """`python -m tests.kit.configuration_page --write` renews it."""
    assert configuration_page.page() == configuration_page.PAGE.read_text("utf-8")


def test_keys_are_found_wherever_they_can_stand() -> None:
    """Dotted and quoted keys, inline tables, arrays over lines, strings that look like TOML."""
    text = '''a.b = 1 # [no]
"quoted key" = """
[no]
x = 1 \\""" ""\""""
'l.q'."e\\u0041" = \'\'\'
no = 1\'\'\'

[ table . "530111" ]
list = [
  1, # no = 1
  { deep = 2, two.three = "}" },
]
inline = { x = 1, y = [ { z = "]" } ] }
date = 1979-05-27 07:32:00
[[many]]
one = 1
[[many]]
one = 2'''
    assert {
        ("a",): 1,
        ("a", "b"): 1,
        ("quoted key",): 2,
        ("l.q",): 5,
        ("l.q", "eA"): 5,
        ("table",): 8,
        ("table", "530111"): 8,
        ("table", "530111", "list"): 9,
        ("table", "530111", "list", "deep"): 11,
        ("table", "530111", "list", "two"): 11,
        ("table", "530111", "list", "two", "three"): 11,
        ("table", "530111", "inline"): 13,
        ("table", "530111", "inline", "x"): 13,
        ("table", "530111", "inline", "y"): 13,
        ("table", "530111", "inline", "y", "z"): 13,
        ("table", "530111", "date"): 14,
        ("many",): 15,
        ("many", "one"): 16,
    } == key_lines(text)
    assert 'union."530111".limits."a b"' == dotted(("union", "530111", "limits", "a b"))


NAMES = st.text("ab-_1", min_size=1, max_size=4) | st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=4
)
VALUES = st.sampled_from(
    ["1", '"text # ]"', "'lit \" ]'", "[1,\n 2, # c ]\n]", '"""\nlong\n"""', "'''\n'x'\n'''", "{}"]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4))
def test_any_file_of_tables(tables: dict[str, dict[str, str]]) -> None:
    """Every key is found on the line on which it was written."""

    def quoted(name: str) -> str:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = ""
    expected: dict[tuple[str, ...], int] = {}
    for table, pairs in tables.items():
        expected[(table,)] = text.count("\n") + 1
        text += f"[{quoted(table)}] # table\n"
        for key, value in pairs.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{quoted(key)} = {value}\n\n"
    assert expected == key_lines(text)
