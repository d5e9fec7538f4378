"""A channel after its handshake: whole plaintexts in and out, sealed, with keys that are replaced.

Rekeying is in band and each direction is on its own: a `Rekey` envelope is the last frame under the
old key, the next frame is sealed under its successor (Noise revision 34, §11.3). The side that
sends decides when; both ends do it between the same two frames because a channel keeps order.

It knows no session and no message. Invariant: every frame after the handshake is sealed, and one
that does not open ends the channel.
"""

from __future__ import annotations

from typing import Final

from wire.channel import Channel
from wire.codec import PLAIN_BYTES_MAX
from wire.envelope import Rekey, encode_envelope
from wire.errors import LocalMisuse
from wire.noise import Transport

REKEY_FRAMES: Final = 10_000
"""A sender replaces its key after so many frames under it."""

REKEY_BYTES: Final = 64 * 1024 * 1024
"""A sender replaces its key after so many plaintext bytes under it."""

_REKEY_FRAME: Final = encode_envelope(Rekey())


class SealedChannel:
    """Sealed frames over one channel. One task may send while another receives.

    Args:
        channel: where the handshake has just ended.
        transport: the keys that it left.
    """

    __slots__ = ("_bytes", "_channel", "_frames", "_transport", "rekeyings")

    def __init__(self, channel: Channel, transport: Transport) -> None:
        self._channel = channel
        self._transport = transport
        self._frames = 0
        self._bytes = 0
        self.rekeyings = 0

    async def send(self, plain: bytes) -> None:
        """Seal and send one encoded envelope, replacing the key first when it is worn.

        A cancelled send may leave half a frame on the wire: the channel is good for nothing then.

        Raises:
            LocalMisuse: more than `PLAIN_BYTES_MAX` bytes.
            ChannelClosed: the link is gone.
        """
        if len(plain) > PLAIN_BYTES_MAX:
            raise LocalMisuse(f"an envelope has at most {PLAIN_BYTES_MAX} bytes")
        if self._frames >= REKEY_FRAMES or self._bytes >= REKEY_BYTES:
            await self.rekey()
        self._frames += 1
        self._bytes += len(plain)
        await self._channel.send(self._transport.seal(plain))

    async def rekey(self) -> None:
        """Replace the sending key now; `send` does so by itself when it is time."""
        frame = self._transport.seal(_REKEY_FRAME)
        self._transport.rekey_sending()
        self._frames = self._bytes = 0
        self.rekeyings += 1
        await self._channel.send(frame)

    async def receive(self) -> bytes:
        """The plaintext of the next frame: an envelope, or at first a hello or a welcome.

        A `Rekey` among them is the caller's to pass on to `rekey_receiving` before the next call.


        Raises:
            ChannelClosed: the link is gone.
            PeerMisbehaved: the frame was forged, replayed, reordered or damaged.
        """
        return self._transport.open(await self._channel.receive())

    def rekey_receiving(self) -> None:
        """The peer has said `Rekey`: what it sends next is under its next key."""
        self._transport.rekey_receiving()

    async def aclose(self) -> None:
        """Close the channel; safe to call twice."""
        await self._channel.aclose()


__all__ = ["REKEY_BYTES", "REKEY_FRAMES", "SealedChannel"]
