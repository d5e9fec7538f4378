"""The actor runtime: refs, mailboxes, turns, processes, asks, timers and the bridge to asyncio.

Start reading at `actors.ref` (what others hold), `actors.actor` and `actors.process` (what is
written), then `actors.runtime.reactive` and `actors.runtime.dispatcher` (how turns run).
"""

from __future__ import annotations

from actors.actor import NOREPLY, Actor, NoReply, on
from actors.ask import ReplyTo
from actors.asyncio_side.host import AsyncioHost, open_asyncio_host
from actors.context import Cancellable, Context, TaskFailed
from actors.dead_letters import DeadLetter, DeadLetters, Reason
from actors.errors import (
    ActorError,
    ActorStopped,
    AskTimeout,
    HandlerCrashed,
    MailboxFull,
    NotStarted,
    Refused,
    TooManyWatchers,
)
from actors.inbox import Delivery, Inbox
from actors.process import BackgroundProcess, Process
from actors.ref import STOPPED, Down, Ref
from actors.runtime.cell import Cell, CellState, CellStatistics, Overseer
from actors.runtime.process_cell import ProcessCell
from actors.runtime.reactive import ReactiveCell
from actors.runtime.system import System
from actors.runtime.trace import TraceRing
from actors.runtime.trio_host import open_system, run_process

__all__ = [
    "Ref",
    "Actor",
    "on",
    "NOREPLY",
    "NoReply",
    "Process",
    "BackgroundProcess",
    "Inbox",
    "Delivery",
    "Context",
    "Cancellable",
    "TaskFailed",
    "ReplyTo",
    "Down",
    "STOPPED",
    "System",
    "open_system",
    "run_process",
    "AsyncioHost",
    "open_asyncio_host",
    "Cell",
    "ReactiveCell",
    "ProcessCell",
    "CellState",
    "CellStatistics",
    "Overseer",
    "DeadLetter",
    "DeadLetters",
    "Reason",
    "TraceRing",
    "ActorError",
    "AskTimeout",
    "MailboxFull",
    "ActorStopped",
    "NotStarted",
    "HandlerCrashed",
    "TooManyWatchers",
    "Refused",
]
