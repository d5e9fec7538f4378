"""What supervision says when it cannot do what was asked: one tree of typed errors.

A child's own error is never replaced on its way to whoever started it; only a supervisor that
gives up speaks in its own name, and then it says which child and what happened before. Exception
groups never leave a supervisor: `collapse` turns one into the error that people can act on.
"""

from __future__ import annotations

from collections.abc import Iterator


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

    A wish of the operator to end the program (KeyboardInterrupt, SystemExit, any BaseException)
    outranks a supervisor's failure, which outranks any other error; of equals, the first counts.
    """
    found = list(leaves(error))
    for outranks in (_is_not_ordinary, _is_supervisors):
        for leaf in found:
            if outranks(leaf):
                return leaf
    return found[0]


def _is_not_ordinary(error: BaseException) -> bool:
    return not isinstance(error, Exception)


def _is_supervisors(error: BaseException) -> bool:
    return isinstance(error, SupervisorFailed)
