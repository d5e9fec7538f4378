"""Camera, signature pad and microphone: arm, wait, fetch the bytes, check the whole.

Fetching is asked for chunk by chunk, and a chunk may be asked for again: it is the same capture.
Arming is never repeated by itself. A recording goes on until it is long enough or somebody ends
it. Deliberately not here: whether a photo is sharp or a signature long enough; those are rules of
the case. Invariant: what is returned has the length and the CRC-32
that the device promised.
"""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import Any, Final

from hw.device.device import Abandoned, Device, Expired, Finished, NoAnswer, Script
from hw.device.state_table import StateTable
from hw.errors import CaptureEnd, CaptureEnded, PeripheralError, Unsupported
from hw.framing import capture
from hw.messages import (
    CaptureSignature,
    DeviceRequest,
    Photo,
    Recorded,
    RecordSound,
    Signed,
    TakePhoto,
)
from wire import sound
from wire.message import Message

COMMAND_S_MAX = 1.0
FETCH_S_MAX = 1.0
FETCH_ATTEMPTS_MAX = 4
"""How often one chunk is asked for."""

SILENCE_S = 5.0
SEQUENCE_COUNT = 256


class CaptureState(StrEnum):
    """Where the device stands."""

    OFFLINE = "offline"
    IDLE = "idle"
    ARMED = "armed"
    CAPTURING = "capturing"
    REVIEW = "review"
    COMMITTED = "committed"
    DISCARDED = "discarded"


class CaptureEvent(StrEnum):
    """What can happen to it."""

    LINK_UP = "link_up"
    LINK_LOST = "link_lost"
    ARMED = "armed"
    READY = "ready"
    FETCHED = "fetched"
    SOUND = "sound"
    DROPPED = "dropped"


CAPTURE_TABLE: Final = StateTable(
    CaptureState,
    CaptureEvent,
    rows={
        (CaptureState.OFFLINE, CaptureEvent.LINK_UP): CaptureState.IDLE,
        (CaptureState.IDLE, CaptureEvent.ARMED): CaptureState.ARMED,
        (CaptureState.COMMITTED, CaptureEvent.ARMED): CaptureState.ARMED,
        (CaptureState.DISCARDED, CaptureEvent.ARMED): CaptureState.ARMED,
        (CaptureState.ARMED, CaptureEvent.READY): CaptureState.CAPTURING,
        (CaptureState.CAPTURING, CaptureEvent.FETCHED): CaptureState.REVIEW,
        (CaptureState.REVIEW, CaptureEvent.SOUND): CaptureState.COMMITTED,
        (CaptureState.ARMED, CaptureEvent.DROPPED): CaptureState.DISCARDED,
        (CaptureState.CAPTURING, CaptureEvent.DROPPED): CaptureState.DISCARDED,
        (CaptureState.REVIEW, CaptureEvent.DROPPED): CaptureState.DISCARDED,
    },
    anywhere={CaptureEvent.LINK_LOST: CaptureState.OFFLINE},
)


class CaptureDevice(Device[capture.Frame]):
    """What a camera, a signature pad and a microphone have in common.

    Attributes:
        state: see `CAPTURE_TABLE`.
    """

    def __init__(self) -> None:
        super().__init__(capture.decoder())
        self.state = CaptureState.OFFLINE
        self._seq = 0
        self._waiting = False

    @property
    def shown_state(self) -> str:
        """The state's name."""
        return self.state.value

    def heartbeat(self) -> Script[capture.Frame, None]:
        """Ask whether it is there."""
        yield from self._exchange(capture.Kind.PING, b"", COMMAND_S_MAX)

    def connected(self) -> None:
        """A fresh link: nothing of an earlier one is remembered."""
        self._on(CaptureEvent.LINK_UP)

    def disconnected(self) -> None:
        """Offline until the next link."""
        self._on(CaptureEvent.LINK_LOST)

    def _on(self, event: CaptureEvent) -> None:
        self.state = CAPTURE_TABLE.after(self.state, event)

    def _capture(self, subject: str) -> Script[capture.Frame, bytes]:
        """Arm for a subject and return the capture's bytes."""
        try:
            armed = yield from self._exchange(
                capture.Kind.ARM, subject.encode("ascii", "replace"), COMMAND_S_MAX
            )
            if armed.kind is capture.Kind.REFUSED:
                raise CaptureEnded(CaptureEnd.REFUSED)
            self._on(CaptureEvent.ARMED)
            promised = yield from self._ready()
            self._on(CaptureEvent.READY)
            body = yield from self._fetch(promised.size)
            self._on(CaptureEvent.FETCHED)
            if zlib.crc32(body) != promised.crc:
                raise CaptureEnded(CaptureEnd.DAMAGED)
        except Expired:
            yield from self._stop()
            raise self._dropped(CaptureEnd.TIMED_OUT) from None
        except Abandoned:
            yield from self._stop()
            raise self._dropped(CaptureEnd.CANCELLED) from None
        except PeripheralError:
            self._on(CaptureEvent.DROPPED)
            raise
        self._on(CaptureEvent.SOUND)
        return body

    def _dropped(self, reason: CaptureEnd) -> CaptureEnded:
        self._on(CaptureEvent.DROPPED)
        return CaptureEnded(reason)

    def _ready(self) -> Script[capture.Frame, capture.Ready]:
        """Wait for the capture; the request's own time bounds this."""
        self._waiting = True
        while True:
            try:
                frame = yield from self._sign_of_life()
            except Finished:
                self._waiting = False
                frame = yield from self._exchange(capture.Kind.FINISH, b"", COMMAND_S_MAX)
            ready = capture.Ready.parse(frame.payload)
            if frame.kind in (capture.Kind.READY, capture.Kind.PONG) and ready is not None:
                self._waiting = False
                return ready

    def _sign_of_life(self) -> Script[capture.Frame, capture.Frame]:
        try:
            return (yield from self.listen(self.now + SILENCE_S))
        except NoAnswer:
            # A device that still answers also repeats what it promised.
            return (yield from self._exchange(capture.Kind.PING, b"", COMMAND_S_MAX))

    def _fetch(self, size: int) -> Script[capture.Frame, bytes]:
        body = b""
        while len(body) < size:
            body += yield from self._chunk(len(body), min(capture.CHUNK_BYTES, size - len(body)))
        return body

    def _chunk(self, offset: int, size: int) -> Script[capture.Frame, bytes]:
        """One chunk, asked for until it comes whole."""
        where = offset.to_bytes(4, "big")
        for _ in range(FETCH_ATTEMPTS_MAX):
            try:
                frame = yield from self._exchange(
                    capture.Kind.FETCH, where + size.to_bytes(2, "big"), FETCH_S_MAX
                )
            except NoAnswer:
                self.decoder.reset()
                continue
            if frame.kind is capture.Kind.CHUNK and frame.payload[:4] == where:
                data = frame.payload[4:]
                if len(data) == size:
                    return data
        raise CaptureEnded(CaptureEnd.DAMAGED)

    def _stop(self) -> Script[capture.Frame, None]:
        try:
            yield from self._exchange(capture.Kind.CANCEL, b"", COMMAND_S_MAX)
        except NoAnswer:
            self.decoder.reset()

    def _exchange(
        self, kind: capture.Kind, payload: bytes, within_s: float
    ) -> Script[capture.Frame, capture.Frame]:
        """One request and the reply with its sequence number."""
        self._seq = (self._seq + 1) % SEQUENCE_COUNT
        deadline = self.now + within_s
        frame = yield from self.ask(
            capture.encode(capture.Frame(kind, self._seq, payload)), within_s
        )
        while frame.seq != self._seq or frame.kind is capture.Kind.READY:
            frame = yield from self.listen(deadline)
        return frame


class Camera(CaptureDevice):
    """One camera."""

    def script(self, request: DeviceRequest[Any]) -> Script[capture.Frame, Message]:
        """Take a photo; nothing else is done here."""
        if not isinstance(request, TakePhoto):
            raise Unsupported("a camera takes photos")
        if not request.subject.isascii() or len(request.subject) > capture.SUBJECT_CHARS_MAX:
            raise Unsupported("no such subject")
        return self._photo(request.subject)

    def _photo(self, subject: str) -> Script[capture.Frame, Message]:
        return Photo((yield from self._capture(subject)))


class SignaturePad(CaptureDevice):
    """One signature pad."""

    def script(self, request: DeviceRequest[Any]) -> Script[capture.Frame, Message]:
        """Capture a signature; nothing else is done here."""
        if not isinstance(request, CaptureSignature):
            raise Unsupported("a signature pad captures signatures")
        return self._signature()

    def _signature(self) -> Script[capture.Frame, Message]:
        signature = capture.parse_signature((yield from self._capture("signature")))
        if signature is None:
            raise CaptureEnded(CaptureEnd.DAMAGED)
        return Signed(signature)


class Microphone(CaptureDevice):
    """One microphone."""

    def script(self, request: DeviceRequest[Any]) -> Script[capture.Frame, Message]:
        """Record sound; nothing else is done here."""
        if not isinstance(request, RecordSound):
            raise Unsupported("a microphone records sound")
        if not 0 < request.seconds <= sound.RECORDING_S_MAX:
            raise Unsupported("no such duration")
        return self._recording(request.seconds)

    def can_finish(self) -> bool:
        """Once, while it records; not while the recording is fetched."""
        return self.state is CaptureState.ARMED and self._waiting

    def _recording(self, seconds: int) -> Script[capture.Frame, Message]:
        body = yield from self._capture(capture.sound_subject(seconds))
        try:
            sound.measure(body)
        except sound.SoundError:
            raise CaptureEnded(CaptureEnd.DAMAGED) from None
        return Recorded(body)


__all__ = ["CAPTURE_TABLE", "Camera", "CaptureEvent", "CaptureState", "Microphone", "SignaturePad"]
