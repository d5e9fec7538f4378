"""Photos and recordings that are not whole yet, as far as they have come: in memory, per device.

The terminal still has what is here, so anything may be let go at any moment; it starts again then.
A device has only so much room, and makes room for itself by letting go of its own that it has not
touched for longest: nothing that one device does costs another its uploads. Where the room of all
is used up, what nobody has touched for `IDLE_MS` goes, and else whoever comes must wait.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from actors.ports import WallClock
from wire.form import FieldKind

DEVICE_BYTES_MAX: Final = 4 * 1024 * 1024
"""The most bytes that are gathered of one device at once: more than the largest piece."""

DEVICE_UPLOADS_MAX: Final = 256
"""The most pieces that are gathered of one device at once."""

BYTES_MAX: Final = 256 * 1024 * 1024
"""The most bytes that are gathered of all devices at once."""

UPLOADS_MAX: Final = 32_000
"""The most pieces that are gathered of all devices at once."""

IDLE_MS: Final = 10 * 60 * 1000
"""After so long without a chunk an upload may go to make room for somebody else's."""


class Bringer(msgspec.Struct, frozen=True):
    """Who brings an image, and for which case."""

    union: str
    device: str
    case_id: str


class Receipt(msgspec.Struct, frozen=True):
    """What is brought: its size in bytes, and the kind it may be handed in as."""

    size: int
    kind: FieldKind


class Upload:
    """One piece on its way."""

    def __init__(self, receipt: Receipt, now_ms: int) -> None:
        self.receipt = receipt
        self.body = bytearray()
        self.touched_ms = now_ms


Key = tuple[Bringer, bytes]
"""For which case of which device, and the digest."""


class Uploads:
    """All that are on their way."""

    def __init__(self, wall: WallClock) -> None:
        self._wall = wall
        self._devices: dict[tuple[str, str], OrderedDict[Key, Upload]] = {}
        self._bytes = 0
        self._count = 0

    def find(self, bringer: Bringer, digest: bytes) -> Upload | None:
        """An upload as far as it has come; it counts as touched."""
        own = self._devices.get(_device(bringer), OrderedDict())
        upload = own.get((bringer, digest))
        if upload is not None:
            upload.touched_ms = self._wall.now_ms()
            own.move_to_end((bringer, digest))
        return upload

    def begin(self, bringer: Bringer, digest: bytes, receipt: Receipt) -> Upload | None:
        """A new one in the place of whatever was there; None where all room is used up."""
        self.drop(bringer, digest)
        if self._count >= UPLOADS_MAX:
            self._let_idle_go()
        if self._count >= UPLOADS_MAX:
            return None
        own = self._devices.setdefault(_device(bringer), OrderedDict())
        upload = own[bringer, digest] = Upload(receipt, self._wall.now_ms())
        self._count += 1
        while len(own) > DEVICE_UPLOADS_MAX:
            self.drop(*next(iter(own)))
        return upload

    def add(self, bringer: Bringer, upload: Upload, data: bytes) -> bool:
        """More of one that was just found; False, and nothing added, where all room is used up."""
        own = self._devices[_device(bringer)]
        others = [key for key, one in own.items() if one is not upload and one.body]
        room = DEVICE_BYTES_MAX - sum(len(one.body) for one in own.values())
        for key in others:
            if room >= len(data):
                break
            room += len(own[key].body)
            self.drop(*key)
        if self._bytes + len(data) > BYTES_MAX:
            self._let_idle_go()
        if self._bytes + len(data) > BYTES_MAX:
            return False
        upload.body += data
        self._bytes += len(data)
        return True

    def drop(self, bringer: Bringer, digest: bytes) -> None:
        """Let go of one, if it is here."""
        own = self._devices.get(_device(bringer), OrderedDict())
        upload = own.pop((bringer, digest), None)
        if upload is not None:
            self._bytes -= len(upload.body)
            self._count -= 1
            if not own:
                del self._devices[_device(bringer)]

    def _let_idle_go(self) -> None:
        since_ms = self._wall.now_ms() - IDLE_MS
        for own in list(self._devices.values()):
            for key, upload in list(own.items()):
                if upload.touched_ms > since_ms:
                    break
                self.drop(*key)


def _device(bringer: Bringer) -> tuple[str, str]:
    return bringer.union, bringer.device


__all__ = [
    "BYTES_MAX",
    "DEVICE_BYTES_MAX",
    "DEVICE_UPLOADS_MAX",
    "IDLE_MS",
    "UPLOADS_MAX",
    "Bringer",
    "Receipt",
    "Upload",
    "Uploads",
]
