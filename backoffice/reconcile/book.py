"""The comparison: every key on both sides, every fen of the ledger, every card of the stock.

A leg that its case still waits for is on its way and no difference; everything that is final on one
side must be so on the other. What people settled is compared like the rest: that is where books
come apart. What was reversed is listed line by line. Reads, never writes; works beside a running
office as well as on a stopped one, and the same database gives the same result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from actors.store.sqlite.file import Archive, open_readonly
from backoffice.cases.events import Standing
from backoffice.partners.ledger import (
    BLANK,
    BLANK_CARD_FEN,
    available_funds,
    clearing,
    delivered_cards,
    held_funds,
    issued_cards,
    reserved_cards,
    spoiled_cards,
)
from backoffice.partners.operations import HoldFunds, IssueCard, Partner, fen_of
from backoffice.partners.port import PartnerStatus
from backoffice.reconcile.sides import CASES, CaseSide, Ours, PartnerSide, Theirs, case_of
from backoffice.verify.office import database_of
from wire.checks import CHINA

_UNREAL: Final = frozenset(
    {Standing.DECLINED, Standing.FAILED, Standing.ABORTED, Standing.REVERSED}
)
"""Ends of a leg at which its partner must hold nothing."""


class What(StrEnum):
    """Kinds of differences; the words for people are in `backoffice.reconcile.words`."""

    UNREADABLE = "unreadable"
    GIVEN_BACK_TWICE = "given_back_twice"
    COMMITTED_HERE = "committed_here_only"
    COMMITTED_THERE = "committed_there_only"
    AMOUNT = "amount_differs"
    REQUEST = "request_differs"
    HOLD = "hold_without_open_case"
    UNKNOWN_KEY = "unknown_key"
    CARDS = "cards_differ"
    CARDS_SHORT = "cards_short"
    HELD = "held_funds_differ"
    OVERDRAWN = "overdrawn"
    TRIAL_BALANCE = "trial_balance"


class Difference(msgspec.Struct, frozen=True):
    """One disagreement.

    Attributes:
        where: the partner's stream, and the key or account; or a row, `stream#version`.
        case_id: which case, or empty.
        ours: what the cases, or the keys, say; a state, or a number (fen or cards).
        theirs: what the partner, or its ledger, says.
    """

    where: str
    what: What
    case_id: str
    ours: str
    theirs: str


class Reversed(msgspec.Struct, frozen=True):
    """One reversal.

    Attributes:
        where: the partner's stream.
        case_id: whose.
        key: the reversal's own.
        of: the key of what was undone.
        fen: what came back; 0 where that was no money.
    """

    where: str
    case_id: str
    key: str
    of: str
    fen: int


class MadeGood(msgspec.Struct, frozen=True):
    """One leg that was made good elsewhere, by case, key and fen; real at its partner for ever."""

    where: str
    case_id: str
    key: str
    fen: int


class Reconciliation(msgspec.Struct, frozen=True):
    """What was compared, and every difference.

    Attributes:
        date: the day in China of the last thing that happened, or empty.
        cases: how many there are.
        keys: how many legs they have.
        partners: by partner, counts of keys by status, sums in fen, and the core's stock of cards.
        differences: in the order of streams.
        reversals: what was undone after it was real, in the same order.
        made_good: what two persons made good elsewhere, because its partner does not reverse it.
    """

    date: str
    cases: int
    keys: int
    partners: dict[str, dict[str, int]]
    differences: tuple[Difference, ...]
    reversals: tuple[Reversed, ...] = ()
    made_good: tuple[MadeGood, ...] = ()


def reconcile_folder(folder: Path) -> Reconciliation:
    """Reconcile the office in a folder.

    Raises:
        NoOffice: there is no database.
        StoreError: the database is none of ours, or does not read.
    """
    with open_readonly(database_of(folder)) as archive:
        return reconcile(archive)


def reconcile(archive: Archive) -> Reconciliation:
    """Compare everything that an office's database knows of cases and partners.

    Raises:
        StoreError: the database does not read.
    """
    cases, sides, last_ms = CaseSide(), [], 0
    kinds = {str(partner): partner for partner in Partner}
    for stream, rows in groupby(archive.events(), key=lambda row: row.stream):
        kind, _, union = stream.partition("/")
        read = list(rows) if kind in kinds or stream.startswith(CASES) else []
        last_ms = max([last_ms, *(row.at_ms for row in read)])
        if kind in kinds:
            side = PartnerSide(kinds[kind], union)
            side.take(read)
            sides.append(side)
        elif read:
            cases.take(stream, read)
    date = dt.datetime.fromtimestamp(last_ms / 1000, CHINA).date().isoformat() if last_ms else ""
    return Reconciliation(
        date=date,
        cases=cases.cases,
        keys=sum(map(len, cases.legs.values())),
        partners={str(one): _totals([s for s in sides if s.partner is one]) for one in Partner},
        differences=tuple(_differences(cases, sides)),
        reversals=tuple(
            Reversed(side.stream, case_of(key), theirs.reversal, key, fen_of(theirs.operation))
            for side in sides
            for key, theirs in sorted(side.keys.items())
            if theirs.reversal
        ),
        made_good=tuple(
            MadeGood(f"{ours.partner}/{union}", case_of(key), key, ours.fen)
            for union, legs in sorted(cases.legs.items())
            for key, ours in sorted(legs.items())
            if ours.standing is Standing.MADE_GOOD
        ),
    )


def _differences(cases: CaseSide, sides: list[PartnerSide]) -> Iterator[Difference]:
    for place in cases.unreadable:
        yield Difference(place, What.UNREADABLE, place.split("/")[-1].partition("#")[0], "", "")
    known = {(side.partner, side.union): side for side in sides}
    for union, legs in sorted(cases.legs.items()):
        for key, ours in sorted(legs.items()):
            side = known.get((ours.partner, union)) or PartnerSide(ours.partner, union)
            yield from _of_a_key(side, key, ours)
    for side in sides:
        yield from _of_a_partner(side, cases.legs.get(side.union, {}))


def _of_a_key(side: PartnerSide, key: str, ours: Ours) -> Iterator[Difference]:
    """One key on both sides."""
    theirs = side.keys.get(key)
    status = theirs.status if theirs is not None else PartnerStatus.UNKNOWN_KEY
    place, case_id = f"{side.stream} {key}", case_of(key)
    real = theirs is not None and theirs.real
    stands = theirs.stands if theirs is not None else status
    if ours.twice or (ours.standing is Standing.MADE_GOOD and not real):
        # Whoever waits for whom: it was given back elsewhere, and its partner keeps nothing.
        yield Difference(place, What.GIVEN_BACK_TWICE, case_id, ours.standing, stands)
    elif ours.standing is Standing.COMMITTED and not real and not ours.waits:
        yield Difference(place, What.COMMITTED_HERE, case_id, ours.standing, stands)
    if ours.standing in _UNREAL and real and not ours.waits:
        yield Difference(place, What.COMMITTED_THERE, case_id, ours.standing, stands)
    if ours.standing in _UNREAL and status is PartnerStatus.PREPARED and not ours.waits:
        yield Difference(place, What.HOLD, case_id, ours.standing, stands)
    if theirs is None or theirs.operation is None:
        return
    fen = fen_of(theirs.operation)
    if fen != ours.fen:
        yield Difference(place, What.AMOUNT, case_id, str(ours.fen), str(fen))
    elif theirs.digest != ours.digest:
        yield Difference(place, What.REQUEST, case_id, ours.digest.hex(), theirs.digest.hex())
    for name, posted in _posted(side, key, theirs):
        if posted != ours.fen:
            yield Difference(f"{place}/{name}", What.AMOUNT, case_id, str(ours.fen), str(posted))


def _posted(side: PartnerSide, key: str, theirs: Theirs) -> Iterator[tuple[str, int]]:
    """What the ledger moved for an operation on money, step by step."""
    operation = theirs.operation
    if not isinstance(operation, HoldFunds) or not theirs.reserved:
        return
    held = side.posted.get(f"{key}/prepare", {})
    yield "prepare", -held.get(held_funds(theirs.number), 0)
    if theirs.status is PartnerStatus.COMMITTED:
        debited = side.posted.get(f"{key}/commit", {})
        yield "commit", -debited.get(clearing(operation.payee), 0)
    if theirs.reversal:
        back = side.posted.get(f"{theirs.reversal}/reverse", {})
        yield "reverse", back.get(clearing(operation.payee), 0)


def _of_a_partner(side: PartnerSide, legs: dict[str, Ours]) -> Iterator[Difference]:
    """What only a partner knows, and what its own books must add up to."""
    for version in side.unreadable:
        yield Difference(f"{side.stream}#{version}", What.UNREADABLE, "", "", "")
    reversals = {one for ours in legs.values() for one in ours.reversals}
    for key, theirs in sorted(side.keys.items()):
        ours = legs.get(key)
        if key in reversals and not theirs.reserved:
            continue
        if ours is None or ours.partner is not side.partner:
            place = f"{side.stream} {key}"
            yield Difference(place, What.UNKNOWN_KEY, case_of(key), "", theirs.status)
    total = sum(side.balances.values())
    if total:
        yield Difference(side.stream, What.TRIAL_BALANCE, "", "0", str(total))
    if side.partner is Partner.CORE:
        yield from _of_the_stock(side)
        yield from _of_the_funds(side)


def _of_the_stock(side: PartnerSide) -> Iterator[Difference]:
    """Blank, reserved, issued and spoiled cards, by keys and by ledger (I15); no terminal hands out
    more than it had.
    """
    for name, (posted, cards) in _stock(side).items():
        if posted != cards * BLANK_CARD_FEN:
            place = f"{side.stream} cards/{name}"
            yield Difference(place, What.CARDS, "", str(cards), f"{posted / BLANK_CARD_FEN:g}")
    for account, posted in sorted(_blank(side).items()):
        if posted < 0:
            place = f"{side.stream} {account.removeprefix('stock/')}"
            yield Difference(place, What.CARDS_SHORT, "", "0", f"{posted / BLANK_CARD_FEN:g}")


def _of_the_funds(side: PartnerSide) -> Iterator[Difference]:
    """What is held for each account is what its open operations hold; nothing is below zero."""
    held: dict[str, int] = {}
    for theirs in side.keys.values():
        if isinstance(theirs.operation, HoldFunds) and theirs.reserved:
            open_ = theirs.status is PartnerStatus.PREPARED
            held[theirs.number] = held.get(theirs.number, 0) + open_ * theirs.operation.fen
    for account, fen in sorted(held.items()):
        place = f"{side.stream} {account[:6]}****{account[-4:]}"
        posted = -side.balances.get(held_funds(account), 0)
        if posted != fen:
            yield Difference(place, What.HELD, "", str(fen), str(posted))
        available = -side.balances.get(available_funds(account), 0)
        if available < 0:
            yield Difference(place, What.OVERDRAWN, "", "0", str(available))


def _stock(side: PartnerSide) -> dict[str, tuple[int, int]]:
    """Name → (fen that are posted, cards that they should stand for by the keys).

    What was delivered only the ledger says.
    """
    issues = [
        theirs.stands
        for theirs in side.keys.values()
        if isinstance(theirs.operation, IssueCard) and theirs.reserved
    ]
    union, posted = side.union, side.balances
    delivered = -posted.get(delivered_cards(union), 0) // BLANK_CARD_FEN
    reserved = issues.count(PartnerStatus.PREPARED)
    issued = issues.count(PartnerStatus.COMMITTED) + side.lent
    spoiled = len(issues) - reserved - issues.count(PartnerStatus.COMMITTED)
    return {
        "blank": (sum(_blank(side).values()), delivered - len(issues)),
        "reserved": (posted.get(reserved_cards(union), 0), reserved),
        "issued": (posted.get(issued_cards(union), 0), issued),
        "spoiled": (posted.get(spoiled_cards(union), 0), spoiled),
    }


def _blank(side: PartnerSide) -> dict[str, int]:
    """Account → fen, of the blank cards in each terminal's stock."""
    return {name: fen for name, fen in side.balances.items() if name.endswith(f"/{BLANK}")}


def _totals(sides: list[PartnerSide]) -> dict[str, int]:
    """A partner's counts and sums, all unions together."""
    keys = [theirs for side in sides for theirs in side.keys.values()]
    totals = {"keys": len(keys)}
    for status in PartnerStatus:
        if status not in (PartnerStatus.UNKNOWN_KEY, PartnerStatus.REVERSED):
            totals[status] = sum(theirs.status is status for theirs in keys)
    for status in (PartnerStatus.PREPARED, PartnerStatus.COMMITTED):
        moved = (fen_of(theirs.operation) for theirs in keys if theirs.status is status)
        totals[f"{status}_fen"] = sum(moved)
    undone = [theirs for theirs in keys if theirs.reversal]
    totals["reversed"] = len(undone)
    totals["reversed_fen"] = sum(fen_of(theirs.operation) for theirs in undone)
    totals["balance_fen"] = sum(fen for side in sides for fen in side.balances.values())
    for side in sides:
        if side.partner is Partner.CORE:
            for name, (_, cards) in _stock(side).items():
                totals[f"cards_{name}"] = totals.get(f"cards_{name}", 0) + cards
    return {str(name): number for name, number in totals.items()}


__all__ = [
    "Difference",
    "MadeGood",
    "Reconciliation",
    "Reversed",
    "What",
    "reconcile",
    "reconcile_folder",
]
