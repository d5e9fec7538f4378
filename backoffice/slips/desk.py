"""The office's side of a finished slip: countersigned, printed to PDF, put where slips are kept.

An effect of the case's commit, so it happens at least once; the same case gives the same signature
and the same bytes, so a second time changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from actors.ports import Outside
from backoffice.cases.events import FileSlip
from backoffice.slips.pdf import render_slip
from backoffice.slips.proof import SlipProof, office_body
from backoffice.slips.slip import slip_hash
from wire.keys import SLIP_OFFICE, DeviceKeys
from wire.message import Message

Slips = Callable[[str, bytes], Awaitable[None]]
"""Keeps the PDF of a case: (case id, bytes); the same call again changes nothing."""

PinnedKey = Callable[[str], Awaitable[bytes]]
"""The signing key that was pinned for a device when it was enrolled."""


class SlipDesk:
    """Carries out effects addressed to `slip`.

    Args:
        keep: where PDFs go.
        keys: the office's own.
        pinned: the registry's word on a terminal's key.
    """

    def __init__(self, keep: Slips, keys: DeviceKeys, outside: Outside, pinned: PinnedKey) -> None:
        self._keep = keep
        self._keys = keys
        self._outside = outside
        self._pinned = pinned

    async def __call__(self, key: str, message: Message) -> None:
        """Countersign and print."""
        assert isinstance(message, FileSlip), key
        body = office_body(slip_hash(message.slip), message.ink, message.results)
        proof = SlipProof(
            slip=message.slip,
            ink=message.ink,
            results=message.results,
            device=message.device,
            device_key=await self._pinned(message.device),
            device_signature=message.signature,
            office_key=self._keys.signing.public,
            office_signature=self._keys.signing.sign(SLIP_OFFICE, body),
        )
        pdf = await self._outside.offload(lambda: render_slip(proof))
        await self._keep(message.slip.case_id, pdf)


__all__ = ["PinnedKey", "SlipDesk", "Slips"]
