"""A message from the peer on its way to the program's own code.

It knows how to be answered and nothing else. Invariant: a request is answered at most once, and
never after its session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Origin(Protocol):
    """The connection that a message came over, as the message sees it.

    Attributes:
        identity: who is on the other side, as the authenticator said.
    """

    identity: object

    def try_send(self, message: object) -> bool:
        """Send something unasked, unless there is no room for it now."""

    def answer(self, incoming: Incoming, value: object) -> None:
        """Send the answer to a request of the peer."""


class Incoming:
    """A message from the peer, as a handler gets it.

    Attributes:
        connection: where it came from; its `identity` says from whom.
        message: one of the accepted types.
        correlation: the asker's number for this request; None for a tell.
        expires_at: when the asker stops waiting, seconds of trio's clock; infinity for a tell.
    """

    __slots__ = ("connection", "correlation", "expires_at", "message")

    def __init__(
        self, connection: Origin, message: object, correlation: int | None, expires_at: float
    ) -> None:
        self.connection = connection
        self.message = message
        self.correlation = correlation
        self.expires_at = expires_at

    @property
    def wants_reply(self) -> bool:
        """True for a request."""
        return self.correlation is not None

    def reply(self, value: object) -> None:
        """Answer, now or later, from any task: a value of the request's reply type, or a `Refusal`.

        Does nothing for a tell, the second time, after the deadline, or when the session is over.

        Raises:
            LocalMisuse: the value is too large to send.
        """
        self.connection.answer(self, value)


Handler = Callable[[Incoming], Awaitable[None] | None]
"""Takes one message; plain or async. The next one is read when it returns, so it should hand over
(to a mailbox, to a store) rather than work. What it raises ends its session and no other:
a server goes on, a client's block raises it."""

__all__ = ["Handler", "Incoming", "Origin"]
