"""The signed slip as it is printed: fetched from the office whenever somebody wants to see it.

The office draws it anew each time, byte for byte the same; the terminal keeps nothing of it.
"""

from __future__ import annotations

from typing import Final, Protocol

from wire.message import Code, Refusal, ReplyT, Request
from wire.messages.case import GetSlip

PAPER_BYTES_MAX: Final = 1024 * 1024
"""The largest picture that is taken from the office, in bytes."""

PART_S_MAX: Final = 20.0
"""How long the office may take to draw and send one part, in seconds."""


class Link(Protocol):
    """The office, as far as it is asked here."""

    async def request_now(self, request: Request[ReplyT], *, within: float) -> ReplyT | Refusal:
        """Ask now or not at all."""


async def fetch_paper(link: Link, case_id: str) -> bytes | Refusal:
    """The slip of a case of this terminal as a PDF.

    Returns:
        The picture; what the office or the link refused; or `E_LIMIT` for one that is no slip.
    """
    paper = b""
    while True:
        part = await link.request_now(GetSlip(case_id, len(paper)), within=PART_S_MAX)
        if isinstance(part, Refusal):
            return part
        if not 0 < part.bytes_total <= PAPER_BYTES_MAX or not part.body:
            return Refusal(Code.LIMIT, "后台返回的确认单无法使用，请稍后重试。")
        paper += part.body
        if len(paper) >= part.bytes_total:
            return paper


__all__ = ["PAPER_BYTES_MAX", "PART_S_MAX", "Link", "fetch_paper"]
