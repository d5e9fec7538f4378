"""Face-to-face signing: every party whole and in order, or nobody has signed."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.dossier import Dossier
from backoffice.partners.operations import SignContract
from backoffice.products.contract_signing import CLAUSES, PRODUCT
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import contract
from tests.backoffice.right_answers import slip_of
from tests.kit import submissions as make
from wire.checks import Context, check_form
from wire.message import Code
from wire.value import InkValue, PhotoValue, Value


def party(n: int, *, age: int = 40, seed: str = "") -> dict[str, Value]:
    """Everything of one more party, numbered from 2."""
    person = make.person(seed or f"party{n}", age=age, name="杨建国")
    return {
        f"party{n}_card": make.id_card(person),
        f"party{n}_photo": PhotoValue(bytes([n]) * 32, 90_000, 1280, 960, 500, make.NOW_MS),
        f"party{n}_ink": InkValue(make.ink(n)),
    }


def signing(parties: int, *others: dict[str, Value], fen: int = 50_000_00, age: int = 35) -> Any:
    """Of a contract that names so many parties."""
    values = {name: value for other in others for name, value in other.items()}
    listed = {"contract": contract(fen, parties)}
    return dossier(PRODUCT, age=age, values=values, listed=listed)


def refused(read: Dossier) -> list[tuple[Code, str]]:
    """What the form alone says of the parties; nothing of it is about anything else."""
    context = Context(make.NOW_MS)
    problems = check_form(PRODUCT.form, read.submission.values, context)
    return [one for one in found(problems) if one[1].startswith("party")]


@pytest.mark.parametrize("parties", range(1, 5))
@pytest.mark.parametrize("here", range(1, 5))
def test_as_many_sign_as_the_contract_names(parties: int, here: int) -> None:
    """Whoever is named and not here is asked for; whoever is here and not named has no place."""
    read = signing(parties, *(party(n) for n in range(2, here + 1)))

    at_fault = {name[:6] for _, name in refused(read)}
    assert {f"party{n}" for n in range(min(parties, here) + 1, max(parties, here) + 1)} == at_fault


def test_more_than_the_form_has_room_for_sign_at_the_counter() -> None:
    """Before anybody has signed anything."""
    assert [] == found(PRODUCT.problems(signing(4, party(2), party(3), party(4))))
    assert [(Code.LIMIT, "contract")] == found(PRODUCT.problems(signing(5)))


@pytest.mark.parametrize("part", ["card", "photo", "ink"])
def test_a_party_is_whole_or_not_there(part: str) -> None:
    """Card, picture and signature."""
    other = party(2)
    del other[f"party2_{part}"]

    assert [f"party2_{part}"] == [name for _, name in refused(signing(2, other))]


def test_nobody_signs_twice() -> None:
    """Neither the customer nor another party."""
    again = refused(signing(3, party(2, seed="one"), party(3, seed="one")))
    customer = refused(signing(2, party(2, age=35, seed="0")))

    assert [(Code.ID_MISMATCH, "party3_card")] == again
    assert [(Code.ID_MISMATCH, "party2_card")] == customer


@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True)])
def test_every_party_is_of_age(age: int, accepted: bool) -> None:
    """The customer and the others alike."""
    customer = PRODUCT.problems(signing(1, age=age))
    other = PRODUCT.problems(signing(2, party(2, age=age)))

    assert ([] if accepted else [(Code.RANGE, "id_card")]) == found(customer)
    assert ([] if accepted else [(Code.RANGE, "party2_card")]) == found(other)


@pytest.mark.parametrize(
    ("fen", "expected"), [(200_000_00, ("A2", "")), (200_000_01, ("A4", "amount"))]
)
def test_large_contracts_need_two_authorizers(fen: int, expected: tuple[str, str]) -> None:
    """Above 200,000 yuan."""
    assert [expected] == flags(PRODUCT, signing(1, fen=fen))


def test_all_signatures_go_under_one_document() -> None:
    """Its digest, everybody in order, every clause."""
    read = signing(3, party(2), party(3))
    (leg,) = PRODUCT.plan(read)
    signed = leg.operation

    assert isinstance(signed, SignContract)
    numbers = [make.person(seed, age=40).number for seed in ("party2", "party3")]
    assert [read.record.number, *numbers] == [one.number.number for one in signed.parties]
    assert ("0f" * 32, tuple(code for code, _, _ in CLAUSES)) == (signed.digest, signed.clauses)
    slip = str(slip_of(PRODUCT, read))
    assert "0f" * 8 in slip
    assert not any(number in slip for number in numbers)


def test_a_contract_is_signed_once() -> None:
    """Whoever comes first, whatever else they answer."""
    alone, together = signing(1), signing(2, party(2))

    assert PRODUCT.claims(alone, "530102") == PRODUCT.claims(together, "530102")
