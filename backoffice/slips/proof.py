"""The proof in a printed slip: what was signed, by whom, with which keys; enough to check it alone.

It travels in the PDF's keywords, so that a file handed to anybody can be verified without the
bank's database: the device's signature over hash and strokes, the office's over the same and the
results, and that the page shows exactly this. Whose the keys are, only an office's registry knows:
a proof that fits its own keys alone proves no origin.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from backoffice.slips.slip import slip_hash
from wire.codec import decode, encode
from wire.errors import BadFrame
from wire.ink import Signature
from wire.keys import SLIP, SLIP_OFFICE, verify
from wire.messages.case import LegResult, Slip, signed_body

MARK: Final = "backpack-slip-1:"
"""What the keywords of a slip begin with."""

PROOF_BYTES_MAX: Final = 256 * 1024
"""The largest proof that is read."""

PDF_BYTES_MAX: Final = 4 * 1024 * 1024
"""The largest file that is looked at."""

_MARKED: Final = re.compile(MARK.encode() + rb"([A-Za-z0-9_=-]+)")


class SlipProof(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was signed, and the signatures.

    Attributes:
        layout: which drawing belongs to it; see `slips.pdf.LAYOUT`.
        slip: what the customer read.
        ink: the customer's strokes.
        signed_ms: when the customer signed, the terminal's clock, Unix milliseconds.
        taken_ms: when the office took it in, its own clock.
        results: how each item ended; the customer signed before that, the office vouches for it.
        device: the terminal's id.
        device_key: its Ed25519 key, 32 bytes.
        device_signature: over the slip's hash, the strokes and their time.
        office_key: the office's Ed25519 key, 32 bytes.
        office_signature: over the same, its own time and the results.
    """

    layout: int
    slip: Slip
    ink: Signature
    signed_ms: int
    taken_ms: int
    results: tuple[LegResult, ...]
    device: str
    device_key: bytes
    device_signature: bytes
    office_key: bytes
    office_signature: bytes

    def __repr__(self) -> str:
        return f"SlipProof({self.slip.case_id!r})"


class SlipFault(StrEnum):
    """What is wrong with a printed slip."""

    NO_PROOF = "no_proof"
    DEVICE_SIGNATURE = "device_signature"
    OFFICE_SIGNATURE = "office_signature"
    PAGE_DIFFERS = "page_differs"
    LAYOUT_UNKNOWN = "layout_unknown"
    OFFICE_UNKNOWN = "office_unknown"
    DEVICE_UNKNOWN = "device_unknown"
    CASE_DIFFERS = "case_differs"


WORDS: Final[dict[SlipFault, tuple[str, str]]] = {
    SlipFault.NO_PROOF: (
        "文件不是本系统的确认单，或证明数据已损坏",
        "no slip, or its proof is damaged",
    ),
    SlipFault.DEVICE_SIGNATURE: (
        "终端签名与确认单内容或客户签字笔迹不符",
        "the terminal's signature is not of this slip and these strokes",
    ),
    SlipFault.OFFICE_SIGNATURE: (
        "后台签名与确认单内容、笔迹或办理结果不符",
        "the office's signature is not of this slip, these strokes and results",
    ),
    SlipFault.PAGE_DIFFERS: ("页面内容被改动", "the page shows something else"),
    SlipFault.LAYOUT_UNKNOWN: (
        "版式未知，页面内容无法核对",
        "its layout is unknown here, so the page cannot be compared",
    ),
    SlipFault.OFFICE_UNKNOWN: ("后台密钥不是该机构的密钥", "not this office's key"),
    SlipFault.DEVICE_UNKNOWN: ("终端未登记或密钥不符", "no such terminal, or another key"),
    SlipFault.CASE_DIFFERS: ("数据库中没有这份确认单", "the database has no such slip"),
}
"""Fault → (Simplified Chinese, English)."""


class UnknownLayout(Exception):
    """The slip was sealed for a drawing that this program does not know."""


Render = Callable[[SlipProof], bytes]
"""Prints a slip, the same bytes for the same proof, or raises `UnknownLayout`."""


def office_body(device_body: bytes, taken_ms: int, results: tuple[LegResult, ...]) -> bytes:
    """What the office signs: what the device did, its own time, and how each item ended."""
    return device_body + encode((taken_ms, results))


def as_keywords(proof: SlipProof) -> str:
    """The proof as text for the PDF's keywords."""
    return MARK + base64.urlsafe_b64encode(encode(proof)).decode()


def read_proof(pdf: bytes) -> SlipProof | None:
    """The proof in a printed slip; None where there is none that can be read."""
    found = _MARKED.search(pdf) if len(pdf) <= PDF_BYTES_MAX else None
    if found is None:
        return None
    try:
        return decode(SlipProof, base64.urlsafe_b64decode(found[1]), bytes_max=PROOF_BYTES_MAX)
    except (BadFrame, ValueError):
        return None


def faults_of(pdf: bytes, render: Render) -> tuple[SlipFault, ...]:
    """What is wrong with a printed slip by itself; nothing, when it is as it was made."""
    proof = read_proof(pdf)
    if proof is None:
        return (SlipFault.NO_PROOF,)
    digest = slip_hash(proof.slip)
    device = signed_body(digest, proof.ink, proof.signed_ms)
    office = office_body(device, proof.taken_ms, proof.results)
    faults = []
    if not verify(proof.device_key, SLIP, device, proof.device_signature):
        faults.append(SlipFault.DEVICE_SIGNATURE)
    if not verify(proof.office_key, SLIP_OFFICE, office, proof.office_signature):
        faults.append(SlipFault.OFFICE_SIGNATURE)
    try:
        if render(proof) != pdf:
            faults.append(SlipFault.PAGE_DIFFERS)
    except UnknownLayout:
        faults.append(SlipFault.LAYOUT_UNKNOWN)
    return tuple(faults)


__all__ = [
    "MARK",
    "WORDS",
    "SlipFault",
    "SlipProof",
    "UnknownLayout",
    "as_keywords",
    "faults_of",
    "office_body",
    "read_proof",
]
