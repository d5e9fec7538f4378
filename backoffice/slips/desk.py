"""The office's side of a signed slip: countersigned once, drawn whenever somebody wants to see it.

Countersigning is an effect of the case's commit: at least once, and the same each time. Drawing is
work for the processor, so it happens beside the loop, for whoever asks, a few at a time; the same
proof gives the same bytes, so nothing has to be kept of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from actors.ports import Outside
from backoffice.cases.commands import KeepSeal
from backoffice.cases.events import Seal, SealSlip
from backoffice.slips.pdf import LAYOUT, render_slip
from backoffice.slips.proof import SlipProof, office_body
from wire.keys import SLIP_OFFICE, DeviceKeys
from wire.message import Code, Message, Refusal
from wire.messages.case import signed_body

DRAWN_AT_ONCE_MAX: Final = 2
"""The most slips that are being drawn; one more is told to come again."""

BUSY: Final = Refusal(Code.BUSY, "正在生成其他确认单，请稍后重试。", retryable=True)

PinnedKey = Callable[[str], Awaitable[bytes]]
"""The signing key that was pinned for a device when it was enrolled."""


class SlipDesk:
    """Carries out effects addressed to `slip`, and draws.

    Args:
        keys: the office's own.
        pinned: the registry's word on a terminal's key.
    """

    def __init__(self, keys: DeviceKeys, outside: Outside, pinned: PinnedKey) -> None:
        self._keys = keys
        self._outside = outside
        self._pinned = pinned
        self._drawing = 0

    async def __call__(self, key: str, message: Message) -> KeepSeal:
        """Countersign."""
        assert isinstance(message, SealSlip), key
        signed = signed_body(message.slip_hash, message.ink, message.signed_ms)
        body = office_body(signed, message.taken_ms, message.results)
        seal = Seal(
            layout=LAYOUT,
            device_key=await self._pinned(message.device),
            office_key=self._keys.signing.public,
            signature=self._keys.signing.sign(SLIP_OFFICE, body),
            results=message.results,
        )
        return KeepSeal(seal)

    async def draw(self, proof: SlipProof) -> bytes | Refusal:
        """The picture, a PDF; `E_BUSY` while others are being drawn.

        Raises:
            UnknownLayout: it was sealed by a newer office.
        """
        if self._drawing >= DRAWN_AT_ONCE_MAX:
            return BUSY
        self._drawing += 1
        try:
            return await self._outside.offload(lambda: render_slip(proof))
        finally:
            self._drawing -= 1


__all__ = ["BUSY", "DRAWN_AT_ONCE_MAX", "PinnedKey", "SlipDesk"]
