"""Cases that wait for people, as a list and as a file: what the office shows to whoever settles.

Pure functions of the record. Each commit of such a case writes its document, so that a list is a
read, of a stopped office too. Names and numbers of customers are not in it: the keys are what
people look up at partners.
"""

from __future__ import annotations

from typing import Final

from actors.store import Document
from backoffice.cases.legs import LegRecord
from backoffice.cases.record import Case
from backoffice.cases.settlement import is_stuck
from backoffice.partners.operations import fen_of
from wire.codec import encode
from wire.messages.settlement import ManualCase, ManualFile, ManualLeg, Proposal, Said

COLLECTION: Final = "manual"
"""Where the documents are, by `<union>/<case_id>`."""


def document(before: Case, after: Case) -> tuple[Document, ...]:
    """What a commit writes: put as the case changes, delete as nobody has anything to do."""
    was, now = is_stuck(before), is_stuck(after)
    if not was and not now:
        return ()
    key = f"{after.union}/{after.case_id}"
    return (Document(COLLECTION, key, encode(entry_of(after)) if now else None),)


def entry_of(case: Case) -> ManualCase:
    """The case as lists show it."""
    return ManualCase(
        case_id=case.case_id,
        union=case.union,
        product=case.filed.product,
        state=case.state,
        since_ms=case.steps[-1].at_ms,
        legs=tuple(_leg(leg) for leg in case.legs),
    )


def file_of(case: Case) -> ManualFile:
    """Everything about a case that people settle."""
    proposals = (
        Proposal(
            leg=leg.key,
            digest=leg.proposed.digest,
            deed=leg.proposed.deed,
            evidence=leg.proposed.evidence,
            staff_id=leg.proposed.staff.staff_id,
            name=leg.proposed.staff.name,
            at_ms=leg.proposed.at_ms,
        )
        for leg in case.legs
        if leg.proposed is not None
    )
    said = (
        Said(leg.key, leg.said.value, leg.refusal.message if leg.refusal else "")
        for leg in case.legs
        if leg.said is not None
    )
    return ManualFile(
        case=entry_of(case),
        title_zh=case.filed.undertaking.title_zh,
        title_en=case.filed.undertaking.title_en,
        operator=case.filed.operator.name,
        said=tuple(said),
        proposals=tuple(proposals),
        deciding=tuple(leg.key for leg in case.legs if leg.word is not None or leg.unheard),
    )


def _leg(leg: LegRecord) -> ManualLeg:
    return ManualLeg(
        key=leg.key,
        partner=leg.partner.value,
        name=leg.asked.name,
        standing=leg.standing.value,
        fen=fen_of(leg.asked.request.operation),
    )


__all__ = ["COLLECTION", "document", "entry_of", "file_of"]
