"""Who may have a connection to a page door at a time, so that a neighbour cannot shut its user out.

Every process of the machine can connect, so there are two kinds of places. A stranger has not
proven anything yet: those are few, and a further one takes the place of the one that has been
silent for longest, so that however many connections somebody holds or drips bytes into, a browser
that asks at once gets in. A connection that brought a session's token moves to the reserve, which
no stranger can touch. Who it is that connects is deliberately not asked of the operating system: a
tunnel's or a sandbox's connection belongs to another user than the person, and what counts is the
token.

Invariant: at most `STRANGERS_MAX` + `HOLDERS_MAX` connections are open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import trio

STRANGERS_MAX = 32
"""Connections that have proven nothing; a further one ends the one that was silent for longest."""
HOLDERS_MAX = 64
"""Connections with a session's token; a further one stays among the strangers."""

log = structlog.get_logger()


class Place:
    """What one connection holds for as long as it is open."""

    def __init__(self, places: Places, hang_up: Callable[[], None]) -> None:
        self._places = places
        self._hang_up = hang_up
        self.scope = trio.CancelScope()

    def put_out(self) -> None:
        """Another needs it more."""
        self._hang_up()  # first: what waits to send to it may be shielded
        self.scope.cancel()

    def used(self) -> None:
        """A whole request came in: of the strangers this one has been silent for the least."""
        self._places.used(self)

    def proven(self) -> None:
        """It brought a session's token: move to the reserve, if there is room."""
        self._places.proven(self)


class Places:
    """All places of one door."""

    def __init__(self) -> None:
        self._strangers: OrderedDict[Place, None] = OrderedDict()
        self._holders: set[Place] = set()

    @contextmanager
    def take(self, hang_up: Callable[[], None]) -> Iterator[Place]:
        """A place for a fresh connection, whose block is cancelled when another needs it more.

        Args:
            hang_up: closes the connection at once.
        """
        place = Place(self, hang_up)
        self._strangers[place] = None
        if len(self._strangers) > STRANGERS_MAX:
            silent, _ = self._strangers.popitem(last=False)
            silent.put_out()
            log.info("page_stranger_put_out", strangers_max=STRANGERS_MAX)
        try:
            with place.scope:
                yield place
        finally:
            self._strangers.pop(place, None)
            self._holders.discard(place)

    def used(self, place: Place) -> None:
        """See `Place.used`."""
        if place in self._strangers:
            self._strangers.move_to_end(place)

    def proven(self, place: Place) -> None:
        """See `Place.proven`."""
        if place in self._strangers and len(self._holders) < HOLDERS_MAX:
            del self._strangers[place]
            self._holders.add(place)


__all__ = ["HOLDERS_MAX", "STRANGERS_MAX", "Place", "Places"]
