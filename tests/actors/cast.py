"""The actors and messages that the runtime's stories are told with."""

from __future__ import annotations

from actors import Actor, Cell, Inbox, Process, ReactiveCell, System, on
from wire.message import Message, Request


class Note(Message, frozen=True):
    text: str


class Secret(Message, frozen=True):
    pin: str


class Count(Request[int], frozen=True):
    """How many notes were seen?"""


class Double(Request[int], frozen=True):
    number: int


class Break(Request[int], frozen=True):
    pin: str


class Clerk(Actor):
    """Keeps notes, doubles numbers, and crashes when asked to."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    @on(Note)
    def note(self, message: Note) -> None:
        self.notes.append(message.text)

    @on(Count)
    def count(self, _message: Count) -> int:
        return len(self.notes)

    @on(Double)
    def double(self, message: Double) -> int:
        return 2 * message.number

    @on(Break)
    def crash(self, message: Break) -> int:
        raise ValueError(message.pin)

    @on(Secret)
    def drop(self, message: Secret) -> None:
        raise ValueError(message.pin)

    def inspect(self) -> dict[str, object]:
        return {"notes": len(self.notes)}


class SlowClerk(Process):
    """The same with a task of its own."""

    mailbox_capacity = 8

    def __init__(self) -> None:
        self.notes: list[str] = []

    async def run(self, inbox: Inbox) -> None:
        async for delivery in inbox:
            match delivery.message:
                case Note(text):
                    self.notes.append(text)
                case Count():
                    delivery.reply(len(self.notes))
                case Double(number):
                    delivery.reply(2 * number)
                case Break(pin) | Secret(pin):
                    raise ValueError(pin)


class Ends:
    """A supervisor that writes down every end, and restarts a reactive actor after a crash."""

    def __init__(self, *, restart: bool = True) -> None:
        self.restart = restart
        self.seen: list[tuple[str, str]] = []

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        self.seen.append((cell.path, "" if error is None else type(error).__name__))
        if self.restart and error is not None:
            assert isinstance(cell, ReactiveCell)
            cell.restart()


def cell_of(system: System, path: str) -> Cell:
    """The runtime part of an actor."""
    return system.cells[path]


def reactive(system: System, path: str) -> ReactiveCell:
    """The runtime part of a reactive actor."""
    cell = system.cells[path]
    assert isinstance(cell, ReactiveCell)
    return cell
