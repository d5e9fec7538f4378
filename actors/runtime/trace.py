"""The last turns of a system, for the moment after something went wrong.

Every turn leaves (time, path, type name) in a ring; never a body. Recording costs a fraction of a
turn, so it is always on and nothing has to be reproduced with tracing switched on.
"""

from __future__ import annotations

from collections import deque

TRACE_TURNS_MAX = 4_096
"""How many turns are remembered."""


class TraceRing:
    """The last `TRACE_TURNS_MAX` turns.

    Attributes:
        turns: (seconds on the host's stopwatch, path, type of message), oldest first; the
            dispatcher appends here itself.
    """

    def __init__(self) -> None:
        self.turns: deque[tuple[float, str, type]] = deque(maxlen=TRACE_TURNS_MAX)

    def entries(self) -> list[tuple[float, str, str]]:
        """(seconds on the host's stopwatch, path, type name of the message), oldest first."""
        return [(at, path, kind.__name__) for at, path, kind in self.turns]


__all__ = ["TRACE_TURNS_MAX", "TraceRing"]
