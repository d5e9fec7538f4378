"""Face-to-face signing: every party whole and in order, or nobody has signed."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.partners.operations import SignContract
from backoffice.products.contract_signing import CLAUSES, PRODUCT
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import contract
from tests.kit import submissions as make
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


@pytest.mark.parametrize("parties", range(1, 5))
@pytest.mark.parametrize("here", range(1, 5))
def test_as_many_sign_as_the_contract_names(parties: int, here: int) -> None:
    """Neither more nor fewer."""
    read = signing(parties, *(party(n) for n in range(2, here + 1)))

    expected = [] if parties == here else [(Code.EVIDENCE, "contract")]
    assert expected == found(PRODUCT.problems(read))


@pytest.mark.parametrize("part", ["card", "photo", "ink"])
def test_a_party_is_whole_or_not_there(part: str) -> None:
    """Card, picture and signature."""
    other = party(2)
    del other[f"party2_{part}"]

    assert [(Code.EVIDENCE, f"party2_{part}")] == found(PRODUCT.problems(signing(2, other)))


def test_parties_sign_in_order() -> None:
    """No third without a second."""
    problems = PRODUCT.problems(signing(2, party(3)))

    assert [(Code.FORMAT, "party3_card")] == found(problems)


def test_nobody_signs_twice() -> None:
    """Neither the customer nor another party; with the customer there are too few, besides."""
    again = PRODUCT.problems(signing(3, party(2, seed="one"), party(3, seed="one")))
    customer = PRODUCT.problems(signing(2, party(2, age=35, seed="0")))

    assert [(Code.DUPLICATE, "contract")] == found(again)
    assert [(Code.DUPLICATE, "contract")] == found(customer)


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
    slip = str(PRODUCT.slip_lines(read, {}))
    assert "0f" * 8 in slip
    assert not any(number in slip for number in numbers)


def test_a_contract_is_signed_once() -> None:
    """Whoever comes first, whatever else they answer."""
    alone, together = signing(1), signing(2, party(2))

    assert PRODUCT.claims(alone, "530102") == PRODUCT.claims(together, "530102")
