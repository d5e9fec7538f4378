"""The one tree of errors that the wire can raise, ordered by whose fault each one is.

    WireError
    ├── LocalMisuse            our own code broke the protocol's rules
    ├── PeerMisbehaved         the other side, or somebody between us, broke them
    │   ├── BadFrame           bytes that are no valid frame, envelope or message
    │   ├── HandshakeFailed    a Noise handshake that did not end in a shared key
    │   └── BadInvitation      a text that is no invitation (`wire.keys`)
    ├── LinkLost               nobody's fault: the link died; what was in flight is unknown
    │   └── ChannelClosed      this one channel is gone; the session may resume on another
    │       └── SaidGoodbye    the peer ended it, and said why (`wire.link`)
    ├── OutcomeUnknown         no answer in time; the request may or may not have been carried out
    └── PeerRefused            a complete, well-formed "no", with its refusal

No error carries key material, plaintext or the reason a decryption failed: an attacker who sees one
learns only that it happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wire.message import Refusal


class WireError(Exception):
    """Any failure of the wire."""


class LocalMisuse(WireError):
    """Our own code asked for something the protocol does not allow."""


class PeerMisbehaved(WireError):
    """The peer, or somebody between us and it, broke the protocol."""


class BadFrame(PeerMisbehaved):
    """Bytes that are no valid frame, envelope or message.

    Attributes:
        field: the one field of a known message that does not fit; empty where it is more than that.
    """

    def __init__(self, what: str, field: str = "") -> None:
        super().__init__(what)
        self.field = field


class HandshakeFailed(PeerMisbehaved):
    """A handshake that did not end in a shared key."""


class LinkLost(WireError):
    """The link died; whether what was in flight arrived is unknown."""


class ChannelClosed(LinkLost):
    """This channel is gone; a session may resume on another one."""


class OutcomeUnknown(WireError):
    """No answer within the deadline: the request may or may not have been carried out."""


class PeerRefused(WireError):
    """The peer understood the request and refused it.

    Attributes:
        refusal: the typed reason, fit to show to a person.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.field or '-'}")
        self.refusal = refusal
