"""What virtual camera, signature pad and microphone have in common: arm, wait, hand out.

What is captured comes from a function of the subject, so the same line serves both. Deliberately
not here: pictures, strokes and sounds.
"""

from __future__ import annotations

from collections.abc import Callable

from hw.framing import capture
from hw.transport import NEVER, Fault, FaultPlan
from wire.form import Capability

Capturer = Callable[[str], bytes | None]
"""Subject to captured bytes; None for a subject that is not known."""


class VirtualCaptureDevice:
    """The far end of a capturing device's line."""

    def __init__(
        self, name: Capability, capturer: Capturer, plan: FaultPlan, capture_s: float
    ) -> None:
        """Take who captures, and how long that takes, in seconds."""
        self._name = name
        self._capturer = capturer
        self._plan = plan
        self._capture_s = capture_s
        self._decoder = capture.decoder()
        self._ready_at = NEVER
        self._body = b""
        self._announced = b""

    def plugged(self, now: float) -> None:
        """See `VirtualDevice.plugged`."""
        self._decoder.reset()
        self._stand_down()

    def received(self, data: bytes, now: float) -> list[bytes]:
        """See `VirtualDevice.received`."""
        return [capture.encode(self._answer(frame, now)) for frame in self._decoder.feed(data)]

    def due(self) -> float:
        """See `VirtualDevice.due`."""
        return self._ready_at

    def tick(self, now: float) -> list[bytes]:
        """See `VirtualDevice.tick`."""
        if now < self._ready_at:
            return []
        self._ready_at = NEVER
        self._announced = capture.Ready.of(self._body).pack()
        return [capture.encode(capture.Frame(capture.Kind.READY, 0, self._announced))]

    def _answer(self, frame: capture.Frame, now: float) -> capture.Frame:
        match frame.kind:
            case capture.Kind.ARM:
                body = self._capturer(frame.payload.decode("ascii", "replace"))
                if body is None:
                    return capture.Frame(capture.Kind.REFUSED, frame.seq)
                self._body, self._announced = body, b""
                left = self._plan.strikes(self._name, Fault.SIGNATURE_LEFT)
                self._ready_at = NEVER if left else now + self._capture_s
                return capture.Frame(capture.Kind.ARMED, frame.seq)
            case capture.Kind.FETCH if len(frame.payload) == 6:
                at = int.from_bytes(frame.payload[:4], "big")
                size = int.from_bytes(frame.payload[4:], "big")
                chunk = self._body[at : at + min(size, capture.CHUNK_BYTES)]
                return capture.Frame(capture.Kind.CHUNK, frame.seq, frame.payload[:4] + chunk)
            case capture.Kind.CANCEL:
                self._stand_down()
                return capture.Frame(capture.Kind.CANCELLED, frame.seq)
            case capture.Kind.FINISH:
                if self._body and not self._announced:
                    self._ready_at = now
                return capture.Frame(capture.Kind.FINISHED, frame.seq)
            case capture.Kind.PING:
                return capture.Frame(capture.Kind.PONG, frame.seq, self._announced)
            case _:
                return capture.Frame(capture.Kind.REFUSED, frame.seq)

    def _stand_down(self) -> None:
        self._ready_at, self._body, self._announced = NEVER, b"", b""


__all__ = ["Capturer", "VirtualCaptureDevice"]
