"""A conversation with one device over links that come and go, sans-IO, with `now` handed in.

The session drives at most one script at a time, keeps its deadlines, sends the heartbeat when the
line is idle, and drops what an earlier link still delivers. Deliberately not here: bytes on a line
(`hw.transport`), tasks and mailboxes (`hw.actors`), and any retry. Invariants: after a link is lost
no script runs; every request that was started is answered exactly once.
"""

from __future__ import annotations

import math
from typing import Any, Generic, TypeVar

import msgspec

from hw.device.device import (
    Abandoned,
    Device,
    Expired,
    Finished,
    LinkGone,
    NoAnswer,
    Script,
    Signal,
    Step,
)
from hw.errors import BatteryLow, PeripheralBusy, PeripheralError, PeripheralLost
from hw.messages import DeviceRequest
from wire.message import Message

FrameT = TypeVar("FrameT")

HEARTBEAT_IDLE_S = 5.0
"""A line that was silent for so long is asked whether it still lives, in seconds."""

HEARTBEAT_MISSES_MAX = 2
"""So many unanswered heartbeats in a row, and the link is taken down."""

BATTERY_REFUSE_PERCENT = 10
"""Below this nothing is begun that must not break off: PIN, card issue, print."""


class Send(msgspec.Struct, frozen=True):
    """Put these bytes on the line."""

    data: bytes

    def __repr__(self) -> str:
        return f"Send({len(self.data)} bytes)"


class Answer(msgspec.Struct, frozen=True):
    """This request is over; the outcome is its result or its error."""

    request: DeviceRequest[Any]
    outcome: Message | PeripheralError


class Tell(msgspec.Struct, frozen=True):
    """Something for whoever watches."""

    message: Message


class Hang(msgspec.Struct, frozen=True):
    """The link is no use any more: take it down."""

    reason: str


Action = Send | Answer | Tell | Hang


class _Job(msgspec.Struct, Generic[FrameT]):
    request: DeviceRequest[Any] | None
    script: Script[FrameT, Message | None]
    until: float
    deadline: float = math.inf
    listening: bool = False


class Session(Generic[FrameT]):
    """The engine around one device.

    Attributes:
        device: what it drives.
        epoch: which link this is, None without one.
        battery: percent left as last reported, None when the device does not tell.
        stale: how many pieces of an earlier link were dropped.
    """

    def __init__(self, device: Device[FrameT]) -> None:
        self.device = device
        self.epoch: int | None = None
        self.battery: int | None = None
        self.stale = 0
        self._job: _Job[FrameT] | None = None
        self._held: DeviceRequest[Any] | None = None
        self._heard_at = 0.0
        self._misses = 0
        self._actions: list[Action] = []

    def link_up(self, epoch: int, now: float) -> list[Action]:
        """A new link; whatever an older one still delivers is dropped from now on."""
        self.device.now, self.epoch = now, epoch
        self._heard_at, self._misses, self.device.frames_heard = now, 0, 0
        self.device.decoder.reset()
        self.device.connected()
        return self._taken()

    def link_lost(self, now: float) -> list[Action]:
        """The link died: what runs ends, what waits is refused."""
        self.device.now, self.epoch = now, None
        self.device.decoder.reset()
        self._throw(LinkGone())
        if self._job is not None:
            # A script that wants another step after its link is gone does not get one.
            self._job.script.close()
            self._end(PeripheralLost("the link was lost"))
        self.device.disconnected()
        return self._taken()

    def received(self, epoch: int, data: bytes, now: float) -> list[Action]:
        """Bytes from the line, in any pieces."""
        self.device.now = now
        if epoch != self.epoch:
            self.stale += 1
            return self._taken()
        for frame in self.device.decoder.feed(data):
            self._heard_at, self._misses = now, 0
            self.device.frames_heard += 1
            if self._job is not None and self._job.listening:
                self._resume(frame)
            else:
                self.device.unasked(frame)
        return self._taken()

    def start(self, request: DeviceRequest[Any], now: float) -> list[Action]:
        """Begin a request, or answer at once why not."""
        self.device.now = now
        refusal = self._refusal(request)
        if refusal is not None:
            self._actions.append(Answer(request, refusal))
        elif self._job is not None:
            # A heartbeat is short, and its reply must not be taken for the request's.
            self._held = request
        else:
            self._open(request)
        return self._taken()

    def abandon(self, ticket: int, now: float) -> list[Action]:
        """The asker of a request has gone."""
        self.device.now = now
        running = self._job.request if self._job is not None else None
        if self._held is not None and self._held.ticket == ticket:
            held, self._held = self._held, None
            self._actions.append(Answer(held, PeripheralBusy("abandoned before it began")))
        elif running is not None and running.ticket == ticket:
            self._throw(Abandoned())
        return self._taken()

    def finish(self, ticket: int, now: float) -> list[Action]:
        """The asker of a request wants what there is; nothing happens where that is no wish."""
        self.device.now = now
        running = self._job.request if self._job is not None else None
        if running is not None and running.ticket == ticket and self.device.can_finish():
            self._throw(Finished())
        return self._taken()

    def due(self) -> float:
        """When `tick` is wanted next, in the loop's monotonic seconds; infinity for never."""
        if self._job is not None:
            return min(self._job.deadline, self._job.until)
        return math.inf if self.epoch is None else self._heard_at + HEARTBEAT_IDLE_S

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        self.device.now = now
        job = self._job
        if job is None:
            if self.epoch is not None and now >= self._heard_at + HEARTBEAT_IDLE_S:
                self._run(_Job(None, self.device.heartbeat(), math.inf))
        elif now >= job.until:
            job.until = math.inf
            self._throw(Expired())
        elif now >= job.deadline:
            if job.listening:
                self._throw(NoAnswer())
            else:
                self._resume(None)
        return self._taken()

    def _refusal(self, request: DeviceRequest[Any]) -> PeripheralError | None:
        if self.epoch is None:
            return PeripheralLost("there is no link")
        if self._held is not None or (self._job is not None and self._job.request is not None):
            return PeripheralBusy("in use")
        if request.until <= self.device.now:
            return PeripheralLost("asked for too late")
        left = self.battery
        if self.device.needs_power and left is not None and left < BATTERY_REFUSE_PERCENT:
            return BatteryLow(left)
        return None

    def _open(self, request: DeviceRequest[Any]) -> None:
        try:
            script = self.device.script(request)
        except PeripheralError as error:
            self._actions.append(Answer(request, error))
        else:
            self._run(_Job(request, script, request.until))

    def _run(self, job: _Job[FrameT]) -> None:
        self._job = job
        self._resume(None)

    def _resume(self, frame: FrameT | None) -> None:
        self._drive(frame, None)

    def _throw(self, signal: Signal) -> None:
        if self._job is not None:
            self._drive(None, signal)

    def _drive(self, frame: FrameT | None, signal: Signal | None) -> None:
        """Let the script take its next step, and see how it ends if it does."""
        job = self._job
        assert job is not None, "only a running script is driven"
        try:
            step = job.script.send(frame) if signal is None else job.script.throw(signal)
        except StopIteration as stop:
            self._end(stop.value)
        except PeripheralError as error:
            self._end(error)
        except Signal as unhandled:
            self._give_up(unhandled)
        else:
            self._wait(job, step)

    def _wait(self, job: _Job[FrameT], step: Step) -> None:
        job.deadline = self.device.now + step.within_s
        job.listening = step.listen
        if step.data and self.epoch is not None:
            self._actions.append(Send(step.data))

    def _give_up(self, signal: Signal) -> None:
        """A script let a signal pass: its device did not do its part."""
        heartbeat = self._job is not None and self._job.request is None
        if isinstance(signal, NoAnswer):
            self.device.decoder.reset()
            self._heard_at = self.device.now
            self._misses = self._misses + 1 if heartbeat else HEARTBEAT_MISSES_MAX
            if self._misses >= HEARTBEAT_MISSES_MAX:
                self._actions.append(Hang("no answer"))
        self._end(PeripheralLost(type(signal).__name__))

    def _end(self, outcome: Message | PeripheralError | None) -> None:
        job, self._job = self._job, None
        if job is not None and job.request is not None:
            assert outcome is not None, "a request's script returns a message"
            self._actions.append(Answer(job.request, outcome))
            self.device.answered()
        held, self._held = self._held, None
        if held is not None:
            refusal = self._refusal(held)
            if refusal is None:
                self._open(held)
            else:
                self._actions.append(Answer(held, refusal))

    def _taken(self) -> list[Action]:
        told, self.device.told = self.device.told, []
        taken, self._actions = [*self._actions, *map(Tell, told)], []
        return taken


__all__ = [
    "BATTERY_REFUSE_PERCENT",
    "HEARTBEAT_IDLE_S",
    "HEARTBEAT_MISSES_MAX",
    "Action",
    "Answer",
    "Hang",
    "Send",
    "Session",
    "Tell",
]
