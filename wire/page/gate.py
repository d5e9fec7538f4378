"""The tokens of one page door: links that let a browser in, and sessions of browsers that are in.

A link travels in the fragment of an address, which no browser sends to anybody; the page trades it
for a session once and keeps that for its own origin. A link is good for one browser and for
`LINK_LIFE_S`; a training bank may also have one lasting link, which it prints. Deliberately not
here: who may ask for a link (wire.door_file), and what a session is let do (wire.page.guard).

Invariant: all tokens are in memory, unpredictable and bounded in number, so a restart ends them
all; a session that ends says so to whatever is open under it.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TypeVar

import trio

from wire.door_file import LINK_LIFE_S
from wire.errors import LocalMisuse
from wire.ids import folded, is_label

LINKS_MAX = 8
"""Links outstanding at a time; a further one replaces the oldest."""
SESSIONS_MAX = 16
"""Browser sessions at a time; a further one ends the oldest."""
TOKEN_BYTES = 24
FRAGMENT = "#t="
"""What stands between a page's address and the token of a link."""

ValueT = TypeVar("ValueT")


def page_host(device: str) -> str:
    """The one host name of a device's page; browsers find names below `localhost` on this machine.

    Each program has an origin of its own, whatever port it got: what one page keeps in its browser,
    a key for instance, no other program's page can ask for.

    Raises:
        LocalMisuse: it is no device's id (wire.ids), so it may not name a host.
    """
    if not is_label(device):
        raise LocalMisuse(f"{device!r} cannot be the name of a host")
    return f"{folded(device)}.localhost"


class Session:
    """One browser window that was let in.

    Attributes:
        ended: set when the window is not let in any longer.
    """

    def __init__(self) -> None:
        self.ended = trio.Event()


class Gate:
    """The tokens of one page door.

    Args:
        host: our own `name:port`.
        entropy: unpredictable bytes.
        now: seconds of a clock that only rises.
        lasting: there is a link that works as long as this gate does, any number of times.
    """

    def __init__(
        self,
        *,
        host: str,
        entropy: Callable[[int], bytes],
        now: Callable[[], float],
        lasting: bool = False,
    ) -> None:
        self.host = host
        self.address = f"http://{host}/"
        self._entropy = entropy
        self._now = now
        self._links: OrderedDict[str, float] = OrderedDict()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lasting = self._fresh() if lasting else None

    def __repr__(self) -> str:
        return f"Gate({self.host})"

    @property
    def printed(self) -> str:
        """The address to print at the start: with the lasting link, if there is one."""
        return self.address if self._lasting is None else self._with(self._lasting)

    def mint_link(self) -> str:
        """An address that lets one browser in, once, within `LINK_LIFE_S`."""
        token = self._fresh()
        self._links[token] = self._now() + LINK_LIFE_S
        _oldest_beyond(self._links, LINKS_MAX)
        return self._with(token)

    def redeem(self, token: str) -> str | None:
        """Trade the token of a link for a session's; None when it is unknown, used or too old."""
        if self._lasting is not None and _known((self._lasting,), token) is not None:
            return self._begin()
        known = _known(self._links, token)
        if known is None or self._links.pop(known) < self._now():
            return None
        return self._begin()

    def session(self, token: str) -> Session | None:
        """The live session with this token."""
        known = _known(self._sessions, token)
        return None if known is None else self._sessions[known]

    def begin_alone(self) -> tuple[str, Session]:
        """End every session and begin one that takes their place: its token, and itself."""
        ending = list(self._sessions.values())
        self._sessions.clear()
        token = self._begin()
        for session in ending:
            session.ended.set()
        return token, self._sessions[token]

    def _begin(self) -> str:
        token = self._fresh()
        self._sessions[token] = Session()
        for session in _oldest_beyond(self._sessions, SESSIONS_MAX):
            session.ended.set()
        return token

    def _fresh(self) -> str:
        return self._entropy(TOKEN_BYTES).hex()

    def _with(self, token: str) -> str:
        return f"{self.address}{FRAGMENT}{token}"


def _oldest_beyond(tokens: OrderedDict[str, ValueT], count_max: int) -> list[ValueT]:
    """Take out the oldest until `count_max` remain, and say which."""
    return [tokens.popitem(last=False)[1] for _ in range(len(tokens) - count_max)]


def _known(tokens: Iterable[str], offered: str) -> str | None:
    """The stored token that equals `offered`, compared in time that does not tell how nearly."""
    found = None
    for token in tokens:
        if hmac.compare_digest(token.encode(), offered.encode("utf-8", "surrogatepass")):
            found = token
    return found


__all__ = ["FRAGMENT", "LINKS_MAX", "SESSIONS_MAX", "Gate", "Session", "page_host"]
