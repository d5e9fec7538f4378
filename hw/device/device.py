"""What a device is: a decoder for its bytes, a state, and scripts that say what to do with it.

A *script* is a generator: it asks, listens and pauses, and returns a result or raises a
`PeripheralError`. It never waits by itself, so it can be run by a clock that nobody waits for.
Deliberately not here: deadlines, heartbeats and links, which are the same for every device
(`hw.device.session`). Invariant: a script decides alone whether something may be asked twice.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from hw.framing import Decoder
from hw.messages import DeviceRequest
from wire.message import Message

FrameT = TypeVar("FrameT")
ResultT = TypeVar("ResultT")


class Step(msgspec.Struct, frozen=True):
    """What a script wants next: send `data` if any, then wait up to `within_s` seconds.

    Attributes:
        data: bytes for the line.
        within_s: how long to wait, in seconds.
        listen: True to be resumed with the next frame, or with `NoAnswer`; False to be resumed
            with nothing when the time is over.
    """

    data: bytes
    within_s: float
    listen: bool


Script = Generator[Step, FrameT | None, ResultT]
"""A generator driven by a session, which throws `Signal`s into it."""


class Signal(Exception):
    """What a session throws into a waiting script."""


class NoAnswer(Signal):
    """No frame within the step's time."""


class Expired(Signal):
    """The request's own time is over; a few more steps may be made to clean up."""


class Abandoned(Signal):
    """The asker has gone; a few more steps may be made to clean up."""


class Finished(Signal):
    """The asker wants what there is; a script that does not go on by itself never gets this."""


class LinkGone(Signal):
    """The link was lost; the script must not make another step."""


class Device(Generic[FrameT]):
    """One kind of peripheral.

    Attributes:
        needs_power: requests are refused on a nearly empty battery.
        decoder: of the bytes it sends.
        now: the moment of the input in hand, in the loop's monotonic seconds.
        frames_heard: how many sound frames came in on this link.
        told: for whoever watches; the session takes them away.
    """

    needs_power: ClassVar[bool] = False

    def __init__(self, decoder: Decoder[FrameT]) -> None:
        self.decoder = decoder
        self.now = 0.0
        self.frames_heard = 0
        self.told: list[Message] = []

    @property
    def shown_state(self) -> str:
        """The state, a word for people and consoles."""
        raise NotImplementedError

    def script(self, request: DeviceRequest[Any]) -> Script[FrameT, Message]:
        """What to do for a request; raises `Unsupported` for one that is another device's."""
        raise NotImplementedError

    def heartbeat(self) -> Script[FrameT, None]:
        """The cheapest question that shows the device lives."""
        raise NotImplementedError

    def can_finish(self) -> bool:
        """Whether the script in hand may be told to end early and keep what there is."""
        return False

    def connected(self) -> None:
        """A link is up."""

    def disconnected(self) -> None:
        """The link is gone."""

    def answered(self) -> None:
        """A request is over; the device rests."""

    def unasked(self, frame: FrameT) -> None:
        """A frame came that no script waits for."""

    def ask(self, data: bytes, within_s: float) -> Script[FrameT, FrameT]:
        """Send and wait for a frame."""
        frame = yield Step(data, within_s, listen=True)
        assert frame is not None, "a listening step is resumed with a frame"
        return frame

    def listen(self, until: float) -> Script[FrameT, FrameT]:
        """Wait for a frame until a moment of the loop's clock."""
        return (yield from self.ask(b"", max(until - self.now, 0.0)))

    def pause(self, seconds: float, data: bytes = b"") -> Script[FrameT, None]:
        """Send, if there is anything, and let time pass."""
        yield Step(data, seconds, listen=False)


__all__ = [
    "Abandoned",
    "Device",
    "Expired",
    "Finished",
    "LinkGone",
    "NoAnswer",
    "Script",
    "Signal",
    "Step",
]
