"""The office's side of a finished slip: countersigned, printed to PDF, put where slips are kept.

An effect of the case's commit, so it happens at least once; the same case gives the same signature
and the same bytes, so a second time changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from actors.ports import Outside
from backoffice.cases.events import FileSlip
from backoffice.slips.pdf import Seal, render_slip
from backoffice.slips.slip import signed_body, slip_hash
from wire.keys import SLIP_OFFICE, DeviceKeys
from wire.message import Message

Slips = Callable[[str, bytes], Awaitable[None]]
"""Keeps the PDF of a case: (case id, bytes); the same call again changes nothing."""

DEVICE_SEAL: Final = "终端签名"
OFFICE_SEAL: Final = "后台签名"


class SlipDesk:
    """Carries out effects addressed to `slip`.

    Args:
        keep: where PDFs go.
        keys: the office's own.
    """

    def __init__(self, keep: Slips, keys: DeviceKeys, outside: Outside) -> None:
        self._keep = keep
        self._keys = keys
        self._outside = outside

    async def __call__(self, key: str, message: Message) -> None:
        """Countersign and print."""
        assert isinstance(message, FileSlip), key
        body = signed_body(slip_hash(message.slip), message.ink)
        office = self._keys.signing.sign(SLIP_OFFICE, body)
        seals = (Seal(DEVICE_SEAL, message.signature), Seal(OFFICE_SEAL, office))
        pdf = await self._outside.offload(lambda: render_slip(message.slip, message.ink, seals))
        await self._keep(message.slip.case_id, pdf)


__all__ = ["SlipDesk", "Slips"]
