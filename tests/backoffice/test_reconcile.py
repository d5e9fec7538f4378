"""The end of the day: two sides that agree, and every way in which they can come apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.store.sqlite.file import Archive
from backoffice.partners.core_accounts import CorePolicy
from backoffice.partners.embedded import operation_digest
from backoffice.partners.ledger import BLANK_CARD_FEN
from backoffice.partners.operations import HoldFunds, PayBill
from backoffice.reconcile import (
    Difference,
    Reconciliation,
    What,
    reconcile,
    reconcile_folder,
    render_reconciliation,
)
from backoffice.reconcile.words import WORDS
from backoffice.verify.office import NoOffice
from tests.backoffice.tampering import CORE, NUMBERS, Tampered, case, tampering
from tests.kit import submissions
from tests.kit.archive import UNION, office_file
from wire.card_stock import training_box
from wire.case_state import State
from wire.codec import encode_json

CARD, VOID, BILL, UNPAID, UNDONE, TOLD = 1, 4, 11, 12, 14, 13
"""Seeds: a card issued, one spoiled; a bill paid, one unsigned, one given up; information."""

BILLER = f"biller/{UNION}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    (data / "office").mkdir()
    with office_file(data / "office" / "office.db") as office:
        office.case(CARD)
        office.case(VOID, State.ABORTED)
        office.case(BILL, product="bill_payment")
        office.case(UNPAID, State.PREPARED, product="bill_payment")
        office.case(UNDONE, State.ABORTED, product="bill_payment")
        office.case(TOLD, product="information_collection")
    return data


@pytest.fixture
def tampered(folder: Path) -> Iterator[Tampered]:
    with tampering(folder) as spoiled:
        yield spoiled


def differences(tampered: Tampered) -> list[Difference]:
    result = reconcile(Archive(tampered.connection))
    said = encode_json(result).decode() + render_reconciliation(result, "en")
    assert not [number for number in NUMBERS if number in said], "a number in a report"
    return list(result.differences)


def kinds(tampered: Tampered) -> list[What]:
    return [found.what for found in differences(tampered)]


def seq(tampered: Tampered, stream: str, kind: str, key: str) -> int:
    """The entry of a kind that is about a key."""
    query = "SELECT rowid, body FROM events WHERE stream = ? AND kind = ?"
    for number, body in tampered.sql(query, stream, kind):
        if msgspec.msgpack.decode(body)["key"] == key:
            return int(number)
    raise AssertionError(f"no {kind} of {key}")


def key(seed: int, leg: str = "") -> str:
    return submissions.case_id(seed) + (f":{leg}" if leg else "")


def test_an_honest_day_has_no_differences(folder: Path) -> None:
    """Counts, sums and the stock of cards; nothing is written."""
    result = reconcile_folder(folder)

    assert () == result.differences
    assert (6, 8) == (result.cases, result.keys)
    core, biller = result.partners["core"], result.partners["biller"]
    assert {"keys": 3, "prepared": 1, "committed": 1, "aborted": 1, "declined": 0} == {
        name: biller[name] for name in ("keys", "prepared", "committed", "aborted", "declined")
    }
    assert core["prepared_fen"] == biller["prepared_fen"] > 0
    assert core["committed_fen"] == biller["committed_fen"] > 0
    assert (0, 1) == (core["balance_fen"], core["cards_spoiled"])
    delivered, taken_in = training_box("T-0001").count, 3
    cards = [core[f"cards_{name}"] for name in ("blank", "reserved", "issued", "spoiled")]
    assert (0, delivered + taken_in) == (core["cards_reserved"], sum(cards))
    assert "2025-06-1" == result.date[:-1]
    assert result == reconcile_folder(folder)


def test_a_folder_without_an_office(tmp_path: Path) -> None:
    """Is a clear error."""
    with pytest.raises(NoOffice):
        reconcile_folder(tmp_path)


def test_real_here_only(tampered: Tampered) -> None:
    """The case says that the bill is paid; the biller never heard of the COMMIT."""
    tampered.remove(seq(tampered, BILLER, "PartnerCommitted", key(BILL, "biller")))

    assert [
        Difference(
            f"{BILLER} {key(BILL, 'biller')}",
            What.COMMITTED_HERE,
            key(BILL),
            "committed",
            "prepared",
        )
    ] == differences(tampered)


def test_real_here_and_unknown_there(tampered: Tampered) -> None:
    """The partner's whole stream is gone."""
    tampered.sql("DELETE FROM events WHERE stream = ?", BILLER)
    (found,) = differences(tampered)
    assert (What.COMMITTED_HERE, "unknown_key") == (found.what, found.theirs)


def test_real_there_only(tampered: Tampered) -> None:
    """The case was given up, and the biller took the payment all the same."""
    about = key(UNDONE, "biller")
    gone = seq(tampered, BILLER, "PartnerAborted", about)
    tampered.remove(gone)
    event = {"type": "PartnerCommitted", "key": about, "at_ms": 1, "facts": {}}
    tampered.append(BILLER, "PartnerCommitted", event)

    (found,) = differences(tampered)
    assert (What.COMMITTED_THERE, key(UNDONE)) == (found.what, found.case_id)


def test_a_hold_that_nobody_waits_for(tampered: Tampered) -> None:
    """The case was given up; the money is still held, and the ledger says so, too."""
    tampered.remove(seq(tampered, CORE, "PartnerAborted", key(UNDONE, "funds")))

    assert [What.HOLD] == kinds(tampered)


def test_a_leg_on_its_way_is_no_difference(tampered: Tampered) -> None:
    """The case has asked for the COMMIT; whether the partner has done it is to be seen."""
    about = key(UNPAID, "biller")
    event = {"type": "PartnerCommitted", "key": about, "at_ms": 1, "facts": {}}
    tampered.append(BILLER, "PartnerCommitted", event)

    assert [] == differences(tampered)


def _fen(operation: type[HoldFunds | PayBill], fen: int) -> Callable[[dict[str, Any]], object]:
    """Change the amount, with a right digest."""

    def change(event: dict[str, Any]) -> None:
        event["operation"]["fen"] = fen
        changed = msgspec.convert(
            {name: event["operation"][name] for name in operation.__struct_fields__}, operation
        )
        event["digest"] = operation_digest(changed)

    return change


def test_amounts_that_differ(tampered: Tampered) -> None:
    """The biller booked another amount than the case asked for."""
    entry = seq(tampered, BILLER, "PartnerPrepared", key(BILL, "biller"))
    tampered.edit(entry, _fen(PayBill, 1))

    (found,) = differences(tampered)
    assert (What.AMOUNT, "1") == (found.what, found.theirs)


def test_an_amount_that_the_ledger_tells_otherwise(tampered: Tampered) -> None:
    """Balanced, but less than was held: the payee is short, and something stays held."""

    def less(event: dict[str, Any]) -> None:
        for posting in event["group"]["postings"]:
            posting["fen"] -= 1 if posting["fen"] > 0 else -1

    tampered.edit(seq(tampered, CORE, "PartnerCommitted", key(BILL, "funds")), less)

    assert [What.AMOUNT, What.HELD] == kinds(tampered)


def test_a_request_that_differs(tampered: Tampered) -> None:
    """The same money, for another number."""
    entry = seq(tampered, BILLER, "PartnerPrepared", key(BILL, "biller"))
    tampered.edit(entry, lambda event: event.update(digest=bytes(32)))

    assert [What.REQUEST] == kinds(tampered)


def test_a_key_of_no_case(tampered: Tampered) -> None:
    """Whoever asked for it, it was no case of this office."""
    event = {"type": "PartnerAborted", "key": key(99), "at_ms": 1}
    tampered.append(BILLER, "PartnerAborted", event)

    (found,) = differences(tampered)
    assert (What.UNKNOWN_KEY, key(99)) == (found.what, found.case_id)


def test_cards_that_do_not_add_up(tampered: Tampered) -> None:
    """A spoiled card that the ledger still counts as reserved."""
    entry = seq(tampered, CORE, "PartnerAborted", key(VOID))
    tampered.edit(entry, lambda event: event.update(group=None))

    found = differences(tampered)
    assert [What.CARDS] * 2 == [one.what for one in found]
    assert [("reserved", "0", "1"), ("spoiled", "1", "0")] == [
        (one.where.rpartition("/")[2], one.ours, one.theirs) for one in found
    ]


def test_a_ledger_that_is_off_by_a_fen(tampered: Tampered) -> None:
    """A group that no ledger of ours would build is found, not stumbled over."""

    def skew(event: dict[str, Any]) -> None:
        event["group"]["postings"][0]["fen"] += 1

    tampered.edit(seq(tampered, CORE, "PartnerCommitted", key(CARD)), skew)

    assert [What.TRIAL_BALANCE, What.CARDS] == kinds(tampered)


def test_an_account_below_zero(tampered: Tampered) -> None:
    """A training customer who was never given the opening money."""
    opening = CorePolicy().opening_fen

    def unpaid(event: dict[str, Any]) -> None:
        group = event["group"]["postings"]
        event["group"]["postings"] = [one for one in group if abs(one["fen"]) != opening]

    for seed in (BILL, UNPAID):
        tampered.edit(seq(tampered, CORE, "PartnerPrepared", key(seed, "funds")), unpaid)

    assert {What.OVERDRAWN} == set(kinds(tampered))


def test_a_terminal_that_handed_out_more_than_it_had(tampered: Tampered) -> None:
    """Whoever takes the delivery out of the books leaves a stock below nothing, and it is named."""

    def undelivered(event: dict[str, Any]) -> None:
        group = event["group"]["postings"]
        event["group"]["postings"] = [one for one in group if abs(one["fen"]) == BLANK_CARD_FEN]

    first = "SELECT min(rowid) FROM events WHERE stream = ? AND instr(body, 'delivered') > 0"
    ((opened,),) = tampered.sql(first, CORE)
    tampered.edit(opened, undelivered)
    found = [one for one in differences(tampered) if one.what is What.CARDS_SHORT]

    assert [(f"{CORE} 530102/T-0001/blank", "0")] == [(one.where, one.ours) for one in found]
    assert float(found[0].theirs) < 0


def test_what_cannot_be_read(tampered: Tampered) -> None:
    """On either side, with its place."""
    for stream in (BILLER, case(TOLD)):
        damage = "UPDATE events SET body = ? WHERE stream = ? AND version = 1"
        tampered.sql(damage, b"\xc1", stream)
    found = differences(tampered)
    places = {one.where for one in found if one.what is What.UNREADABLE}
    assert {f"{BILLER}#1", f"{case(TOLD)}#1"} == places


def test_every_kind_has_words(folder: Path) -> None:
    """In both languages, and a report shows each difference in one line."""
    assert set(What) == set(WORDS)
    result = reconcile_folder(folder)
    one = Difference("core/530102 k", What.HOLD, "k", "aborted", "prepared")
    spoiled = msgspec.structs.replace(result, differences=(one,))
    assert isinstance(spoiled, Reconciliation)
    assert "无差异" in render_reconciliation(result, "zh")
    assert "1 differences" in render_reconciliation(spoiled, "en")
    assert "业务已终结" in render_reconciliation(spoiled, "zh")
