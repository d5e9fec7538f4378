"""A slip out of an office's folder: what is filed there, drawn anew, with nothing running.

It reads one case's history and nothing else; the same history gives the same bytes, whoever draws
them and when. A customer's second copy is this very picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actors.durable.tagged import Tagged
from actors.store.sqlite.file import open_readonly
from backoffice.cases.events import AnyCaseEvent
from backoffice.cases.record import evolve, new_case
from backoffice.slips.pdf import render_slip
from backoffice.slips.sealing import NOT_YOURS, proof_of
from wire.message import Refusal

_EVENTS: Final = Tagged(AnyCaseEvent)


def draw_filed(database: Path, case_id: str) -> bytes | Refusal:
    """The slip of a case as PDF.

    Args:
        case_id: checked by the caller (`wire.ids.is_case_id`): it becomes part of a pattern.

    Returns:
        The picture, `E_NOT_FOUND` for no such case, or `E_STATE` where nothing is signed and real.

    Raises:
        StoreError: the database or the history does not read.
        UnknownLayout: it was sealed by a newer program.
    """
    case = None
    with open_readonly(database) as archive:
        for row in archive.events_like(f"case/*/{case_id}"):
            key = row.stream.removeprefix("case/")
            event = _EVENTS.decode(row.kind, row.body, f"{row.stream} version {row.version}")
            case = evolve(case or new_case(key), event)
    if case is None:
        return NOT_YOURS
    proof = proof_of(case)
    return proof if isinstance(proof, Refusal) else render_slip(proof)


__all__ = ["draw_filed"]
