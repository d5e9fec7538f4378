"""What supervision says when it cannot do what was asked: one tree of typed errors.

A child's own error is never replaced on its way to whoever started it; only a supervisor that
gives up speaks in its own name, and then it says which child and what happened before. Exception
groups never leave a supervisor: `collapse` turns one into the error that people can act on.
"""

from __future__ import annotations

from collections.abc import Iterator

import trio

from actors.errors import summarize


class SupervisionError(Exception):
    """Any failure of the supervision layer itself."""


class BadSpec(SupervisionError):
    """A specification that no tree can be built from; the fault of whoever wrote it.

    Attributes:
        id: of the specification at fault.
    """

    def __init__(self, id: str, what: str) -> None:  # noqa: A002 - OTP's word for it
        super().__init__(f"{id!r}: {what}")
        self.id = id


class DuplicateId(BadSpec):
    """Two children of one supervisor, or two registered names of one tree, are the same."""


class BadNumber(BadSpec):
    """A count or a duration outside its bounds."""


class StartTimeout(SupervisionError):
    """A child did not finish its `started()` within the start budget; it was cancelled.

    Attributes:
        path: of the child.
    """

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(f"{path} did not start within {seconds:g} s")
        self.path = path


class NoSuchChild(SupervisionError, LookupError):
    """The path names nothing in the tree, or not what the caller asked for."""


class NotRunning(SupervisionError):
    """A supervisor that is not up, or is just stopping, takes no commands.

    Attributes:
        path: of the supervisor.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not running")
        self.path = path


class TooManyChildren(SupervisionError):
    """The supervisor already has `CHILDREN_MAX` children."""


class Wedged(SupervisionError):
    """An incarnation could not be stopped within its budget, so no new one may start.

    Attributes:
        path: of the child.
        at: the line it is stuck at, `file:line function`.
    """

    def __init__(self, path: str, at: str) -> None:
        super().__init__(f"{path} cannot be stopped; it is at {at or 'an unknown line'}")
        self.path = path
        self.at = at


class SupervisorFailed(SupervisionError):
    """A supervisor gave up: its child crashed more often than the intensity allows.

    Attributes:
        path: of the supervisor.
        child: id of the child whose crash was one too many.
        history: the summaries of the crashes inside the period, oldest first.
    """

    def __init__(self, path: str, child: str, history: tuple[str, ...]) -> None:
        last = history[-1] if history else "unknown"
        super().__init__(f"{path} gave up on {child!r} after {len(history)} crashes; last: {last}")
        self.path = path
        self.child = child
        self.history = history


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside an exception group of any depth, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def collapse(error: BaseException) -> BaseException:
    """The one error that matters of a group.

    A wish to end the program (KeyboardInterrupt, SystemExit) outranks a supervisor's failure, that
    outranks any other error, and that outranks a mere cancellation; of equals, the first counts.
    """
    return min(leaves(error), key=_rank)


def summary(error: BaseException) -> str:
    """An error in one line. The text of supervision's own errors holds paths and summaries only;
    of any other, only the type and the place are told, because its text may quote a message.
    """
    chosen = collapse(error) if isinstance(error, BaseExceptionGroup) else error
    return str(chosen) if isinstance(chosen, SupervisionError) else summarize(chosen)


def _rank(error: BaseException) -> int:
    if isinstance(error, trio.Cancelled):
        return 3
    if not isinstance(error, Exception):
        return 0
    return 1 if isinstance(error, SupervisorFailed) else 2
