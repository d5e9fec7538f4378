"""Checks one printed slip: by itself, and against the office that is said to have made it.

By itself a slip proves that hash, strokes, both signatures and the page belong together. Against an
office's folder it also proves whose the keys are, and that its case there has this very slip.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from actors.durable.tagged import Tagged
from actors.store import StoreError
from actors.store.sqlite.file import Archive, open_readonly
from backoffice.cases.events import AnyCaseEvent
from backoffice.peers.devices import DeviceEnrolled, Devices
from backoffice.slips.pdf import render_slip
from backoffice.slips.proof import WORDS, SlipFault, SlipProof, faults_of, read_proof
from backoffice.slips.slip import slip_hash

_CASES: Final = Tagged(AnyCaseEvent)
_DEVICES: Final = Tagged(Devices.event_type)


class SlipReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        case_id: the slip's, or empty where there is no proof to read.
        device: the terminal that it names.
        slip_hash: BLAKE2b-256, hex.
        against_office: keys and case were compared with an office's database.
        faults: what is wrong; nothing for a sound slip.
    """

    case_id: str
    device: str
    slip_hash: str
    against_office: bool
    faults: tuple[SlipFault, ...]

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


def verify_slip(pdf: bytes, database: Path | None = None, office_key: bytes = b"") -> SlipReport:
    """Check a printed slip.

    Args:
        database: of the office that made it; None checks the slip by itself.
        office_key: the office's Ed25519 key; not compared when empty.

    Raises:
        StoreError: the database does not read.
    """
    faults, proof = list(faults_of(pdf, render_slip)), read_proof(pdf)
    if proof is not None and database is not None:
        if office_key and proof.office_key != office_key:
            faults.append(SlipFault.OFFICE_UNKNOWN)
        with open_readonly(database) as archive:
            faults += _against(archive, proof)
    return SlipReport(
        case_id=proof.slip.case_id if proof else "",
        device=proof.device if proof else "",
        slip_hash=slip_hash(proof.slip).hex() if proof else "",
        against_office=database is not None and proof is not None,
        faults=tuple(faults),
    )


def render_slip_report(report: SlipReport, lang: str) -> str:
    """The report for people, one line per fact."""
    one = 0 if lang == "zh" else 1
    rows = (
        (("业务编号", "Case"), report.case_id),
        (("办理终端", "Terminal"), report.device),
        (("确认单摘要", "Slip hash"), report.slip_hash),
    )
    lines = [f"{words[one]}: {value}" for words, value in rows if value]
    lines += [WORDS[fault][one] for fault in report.faults]
    if report.sound and report.against_office:
        lines.append(
            ("核验通过：内容、签名与机构记录一致。", "Sound, and as the office has it.")[one]
        )
    elif report.sound:
        lines.append(
            (
                "核验通过：内容、笔迹与签名一致；未核对密钥归属，请加 --data。",
                "Sound by itself; add --data to learn whose the keys are.",
            )[one]
        )
    return "\n".join((*lines, ""))


def _against(archive: Archive, proof: SlipProof) -> list[SlipFault]:
    """The pinned key of the terminal, and the slip of the case, as the office has them."""
    pinned, known = b"", False
    digest = slip_hash(proof.slip)
    for row in archive.events():
        try:
            if row.stream == "devices":
                event = _DEVICES.decode(row.kind, row.body, row.stream)
                if isinstance(event, DeviceEnrolled) and event.device.device == proof.device:
                    pinned = event.device.signing
            elif row.stream.startswith("case/") and row.stream.endswith(proof.slip.case_id):
                fact = _CASES.decode(row.kind, row.body, row.stream)
                known = known or getattr(fact, "slip_hash", b"") == digest
        except StoreError:
            continue
    faults = []
    if pinned != proof.device_key:
        faults.append(SlipFault.DEVICE_UNKNOWN)
    if not known:
        faults.append(SlipFault.CASE_DIFFERS)
    return faults


__all__ = ["SlipReport", "render_slip_report", "verify_slip"]
