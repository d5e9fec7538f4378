"""The one place where bytes from outside become values, and values become bytes.

Every failure to decode, whatever library error it began as, leaves here as `BadFrame`: msgspec
raises `UnicodeDecodeError` and `RecursionError` on hostile input besides its own `DecodeError`, and
one of them uncaught would kill an actor. Sizes are checked before a single byte is looked at.

It deliberately knows no message. A program states which types it accepts (`MessageCodec`); the type
of a reply is read off its request. Invariant: a value that came out of this module has exactly the
type that was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from functools import lru_cache
from types import UnionType
from typing import Any, Final, Generic, TypeVar, Union, cast, get_args, get_origin

import msgspec

from wire.errors import BadFrame, LocalMisuse
from wire.message import ReplyT, Request

T = TypeVar("T")

PLAIN_BYTES_MAX: Final = 65_535 - 16
"""The largest plaintext of one sealed frame: a Noise message (65,535 bytes, §3) less its tag."""

PAYLOAD_BYTES_MAX: Final = 65_000
"""The largest encoded message; what is left of a frame is for the envelope around it."""

_FIELD: Final = re.compile(r" - at `\$\.(?!type`)([a-z][a-z0-9_]*)[^` ]*`\Z")
"""Where msgspec names the field of a Struct that did not fit; `type` is no field of a Struct."""

_encode_msgpack: Final = msgspec.msgpack.Encoder().encode
_decode_msgpack: Final = msgspec.msgpack.Decoder().decode
_encode_json: Final = msgspec.json.Encoder().encode


def encode(value: object) -> bytes:
    """`value` as msgpack; Structs, enums, bytes, strings, integers and tuples of these."""
    return _encode_msgpack(value)


def decode(kind: type[T], data: bytes, *, bytes_max: int = PLAIN_BYTES_MAX) -> T:
    """The value of type `kind` in the msgpack bytes `data`.

    Raises:
        BadFrame: `data` is longer than `bytes_max`, or holds anything but one such value.
    """
    return cast("T", _reader(cast("Hashable", kind))(data, bytes_max))


def encode_json(value: object) -> bytes:
    """`value` as JSON, for pages and programs that read it as text."""
    return _encode_json(value)


def decode_json(kind: type[T], data: bytes, *, bytes_max: int = PLAIN_BYTES_MAX) -> T:
    """The value of type `kind` in the JSON bytes `data`.

    Raises:
        BadFrame: `data` is longer than `bytes_max`, or holds anything but one such value.
    """
    return cast("T", _json_reader(cast("Hashable", kind))(data, bytes_max))


def decode_signed(kind: type[T], data: bytes, *, bytes_max: int = PLAIN_BYTES_MAX) -> T:
    """The value in bytes that somebody signed, if they can be read in one way only.

    Another reader than this one may take the first of two equal map keys, or a number written
    longer than it needs; what is signed must mean the same to everybody. So the bytes are exactly
    those that `encode` writes for what is in them, whatever their type may be by now.

    Raises:
        BadFrame: as `decode`; or another spelling, for instance a map with the same key twice.
    """
    value = decode(kind, data, bytes_max=bytes_max)
    try:
        once = _encode_msgpack(_decode_msgpack(data)) == data
    except (ValueError, TypeError, RecursionError):
        once = False
    if not once:
        raise BadFrame(f"{getattr(kind, '__name__', 'value')}: not the one way to write it")
    return value


class Reader(Generic[T]):
    """Decodes one type, again and again; safe on any bytes whatever."""

    __slots__ = ("_decode", "_name")

    def __init__(self, kind: object, *, json: bool = False) -> None:
        decoder: Any = msgspec.json.Decoder(kind) if json else msgspec.msgpack.Decoder(kind)
        self._decode = decoder.decode
        self._name = getattr(kind, "__name__", "message")

    def __call__(self, data: bytes, bytes_max: int = PLAIN_BYTES_MAX) -> T:
        """The value in `data`.

        Raises:
            BadFrame: too long, or not exactly one value of the type.
        """
        if len(data) > bytes_max:
            raise BadFrame(f"{self._name}: more than {bytes_max} bytes")
        try:
            return cast("T", self._decode(data))
        except (ValueError, RecursionError) as problem:
            # The library's text may quote what the peer sent, so all but our own field stops here.
            field = _FIELD.search(str(problem))
            raise BadFrame(f"{self._name}: not decodable", field[1] if field else "") from None


class MessageCodec:
    """The messages that one program accepts from a peer, and how those it sends are written.

    Args:
        accepted: tagged Structs, as a union or one by one; anything else from a peer is `BadFrame`.

    Raises:
        LocalMisuse: a type in `accepted` is no tagged Struct, or two share a tag.
    """

    __slots__ = ("_read", "accepted")

    def __init__(self, accepted: object) -> None:
        self.accepted = _members(accepted)
        for kind in self.accepted:
            _require_tag(kind)
        union = Union[self.accepted] if self.accepted else msgspec.UnsetType  # noqa: UP007 - built at run time
        try:
            self._read = Reader[object](union)
        except TypeError as problem:
            raise LocalMisuse(str(problem)) from None

    def encode(self, message: object) -> bytes:
        """The payload for a tell or an ask.

        Raises:
            LocalMisuse: `message` is no tagged Struct, or longer than `PAYLOAD_BYTES_MAX`.
        """
        _require_tag(type(message))
        return _bounded(message)

    def encode_reply(self, value: object) -> bytes:
        """The payload for a reply; its type is the request's, so it needs no tag.

        Raises:
            LocalMisuse: longer than `PAYLOAD_BYTES_MAX`.
        """
        return _bounded(value)

    def decode(self, payload: bytes) -> object:
        """The accepted message in `payload`.

        Raises:
            BadFrame: it holds none of the accepted types.
        """
        return self._read(payload, PAYLOAD_BYTES_MAX)

    def decode_reply(self, request: type[Request[ReplyT]], payload: bytes) -> ReplyT:
        """The answer to a request of type `request`.

        Raises:
            BadFrame: it is not of the type that the request promises.
        """
        kind = reply_type(cast("type[Request[object]]", request))
        return cast("ReplyT", _reader(kind)(payload, PAYLOAD_BYTES_MAX))


@lru_cache(maxsize=1024)
def reply_type(request: type[Request[object]]) -> Hashable:
    """The type of the answer to `request`, as its base `Request[...]` states it.

    Raises:
        LocalMisuse: the class does not say.
    """
    for ancestor in request.__mro__:
        for base in getattr(ancestor, "__orig_bases__", ()):
            if get_origin(base) is Request and not isinstance(get_args(base)[0], TypeVar):
                return cast("Hashable", get_args(base)[0])
    raise LocalMisuse(f"{request.__name__} does not state its reply type")


@lru_cache(maxsize=1024)
def _reader(kind: Hashable) -> Reader[object]:
    return Reader(kind)


@lru_cache(maxsize=256)
def _json_reader(kind: Hashable) -> Reader[object]:
    return Reader(kind, json=True)


def _bounded(value: object) -> bytes:
    payload = _encode_msgpack(value)
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise LocalMisuse(f"{type(value).__name__} takes {len(payload)} bytes, too many")
    return payload


def _require_tag(kind: object) -> None:
    config = getattr(kind, "__struct_config__", None)
    if config is None or config.tag is None:
        raise LocalMisuse(f"{kind} is no tagged Struct")


def _members(accepted: object) -> tuple[object, ...]:
    if isinstance(accepted, UnionType) or get_origin(accepted) is Union:
        return get_args(accepted)
    if isinstance(accepted, type):
        return (accepted,)
    return tuple(cast("Iterable[object]", accepted))


__all__ = [
    "PAYLOAD_BYTES_MAX",
    "PLAIN_BYTES_MAX",
    "MessageCodec",
    "Reader",
    "decode",
    "decode_json",
    "decode_signed",
    "encode",
    "encode_json",
    "reply_type",
]
