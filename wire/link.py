"""What is known of the link under a session: whether the peer can be reached, and why not.

Plain values, for whoever shows or watches them. Nothing here knows how a link is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wire.envelope import ByeReason
from wire.errors import ChannelClosed, WireError


class LinkState(StrEnum):
    """Whether the peer can be reached now."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    CLOSED = "closed"
    """For good: this session is over."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the link.

    Attributes:
        state: see `LinkState`.
        since: when it became so, seconds of trio's clock.
        error: why the last link, or the last attempt, ended; None before the first.
    """

    state: LinkState
    since: float
    error: WireError | None = None


class SaidGoodbye(ChannelClosed):
    """The peer ended the link on purpose.

    Attributes:
        reason: what it said.
    """

    def __init__(self, reason: ByeReason) -> None:
        super().__init__(f"the peer said goodbye: {reason}")
        self.reason = reason


__all__ = ["LinkState", "SaidGoodbye", "Status"]
