"""What is inside a sealed frame: one envelope, a msgpack array whose first element says its kind.

The first layer of decoding: it looks at numbers only and leaves the payload as the raw bytes it
came in, so that a duplicate is dropped and an overload refused before a message is even built.

    numbered, acknowledged, resent     Tell  Ask  Reply  Refuse
    about the session                  Ack   Ping
    about this channel                 Rekey Bye

Envelopes are strict (no extra elements); payloads are not (a newer peer may add a field).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from wire.codec import Reader, encode
from wire.message import Refusal

SEQUENCE_MAX: Final = 2**53 - 1
"""The largest sequence number; also what every language holds exactly. No session gets there."""

DEADLINE_MS_MAX: Final = 24 * 3600 * 1000
"""The longest that an asker may say it waits, in milliseconds."""

Count = Annotated[int, msgspec.Meta(ge=0, le=SEQUENCE_MAX)]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=SEQUENCE_MAX)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=DEADLINE_MS_MAX)]


class Ack(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """`[0, ack]`: everything up to `ack` has been taken."""

    ack: Count


class Tell(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """`[1, seq, ack, payload]`: a fact; wants no answer."""

    seq: Sequence
    ack: Count
    payload: msgspec.Raw


class Ask(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=2):
    """`[2, seq, ack, correlation, deadline_ms, payload]`: a request.

    Attributes:
        correlation: chosen by the asker, never used twice in one session; the answer repeats it.
        deadline_ms: how long the asker waits from the moment of sending, in milliseconds. A span
            and no point in time, because clocks of tablets are wrong.
    """

    seq: Sequence
    ack: Count
    correlation: Count
    deadline_ms: Milliseconds
    payload: msgspec.Raw


class Reply(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=3):
    """`[3, seq, ack, correlation, payload]`: the answer to an ask."""

    seq: Sequence
    ack: Count
    correlation: Count
    payload: msgspec.Raw


class Refuse(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=4):
    """`[4, seq, ack, correlation, refusal]`: a complete "no" to an ask."""

    seq: Sequence
    ack: Count
    correlation: Count
    refusal: Refusal


class Ping(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=5):
    """`[5]`: say that you live; answered at once with an `Ack`."""


class Rekey(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=6):
    """`[6]`: the last frame under this key; the next one is sealed under its successor."""


class ByeReason(StrEnum):
    """Why one side ends the channel on purpose."""

    LEAVING = "leaving"
    """The client is done; its session is forgotten."""
    RESTARTING = "restarting"
    """The program stops; come back later."""
    SUPERSEDED = "superseded"
    """The same identity has opened a newer channel."""
    REVOKED = "revoked"
    """This identity is no longer accepted."""
    MISBEHAVED = "misbehaved"
    """The peer broke the protocol inside the sealed channel; its session is forgotten."""


class Bye(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=7):
    """`[7, reason]`: the last frame of this channel."""

    reason: ByeReason


Numbered = Tell | Ask | Reply | Refuse
"""The envelopes that carry a sequence number and are resent until acknowledged."""

Envelope = Ack | Tell | Ask | Reply | Refuse | Ping | Rekey | Bye

_read_envelope: Final[Reader[Envelope]] = Reader(Envelope)

encode_envelope = encode
"""The msgpack bytes of one envelope."""


def decode_envelope(plain: bytes) -> Envelope:
    """The envelope in the plaintext of one frame.

    Raises:
        BadFrame: the bytes are no envelope, or more than one.
    """
    return _read_envelope(plain)


__all__ = [
    "DEADLINE_MS_MAX",
    "SEQUENCE_MAX",
    "Ack",
    "Ask",
    "Bye",
    "ByeReason",
    "Envelope",
    "Numbered",
    "Ping",
    "Refuse",
    "Rekey",
    "Reply",
    "Tell",
    "decode_envelope",
    "encode_envelope",
]
