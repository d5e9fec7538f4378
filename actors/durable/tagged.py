"""Messages at rest, in two layers: a kind in a column, and a msgpack body that only the kind reads.

The kind is the Struct's tag (its class name if it has none). A body can be moved, counted, audited
and deleted without being understood, and an unknown kind is found before its body is looked at.

What is read comes from our own disk; even so, everything that cannot be decoded becomes one typed
error that names the place and never quotes the body.
"""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

import msgspec

from actors.store import StoreError

_encode = msgspec.msgpack.Encoder().encode


class Tagged:
    """The encoder and decoder of one closed set of Structs.

    Args:
        members: a Struct class, a union of them, or None for the empty set.

    Raises:
        TypeError: a member is no Struct, or two members have the same kind.
    """

    def __init__(self, members: object) -> None:
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {}
        self._kinds: dict[type, str] = {}
        for member in _members_of(members):
            kind = kind_of(member)
            if kind in self._decoders:
                raise TypeError(f"two types have the kind {kind}")
            self._decoders[kind] = msgspec.msgpack.Decoder(member)
            self._kinds[member] = kind

    def encode(self, message: object) -> tuple[str, bytes]:
        """The kind and the body of a member.

        Raises:
            TypeError: the message is of no member's type.
        """
        kind = self._kinds.get(type(message))
        if kind is None:
            raise TypeError(f"{type(message).__name__} is none of {sorted(self._decoders)}")
        return kind, _encode(message)

    def decode(self, kind: str, body: bytes, place: str) -> Any:
        """The message.

        Args:
            kind: as `encode` gave it.
            body: as `encode` gave it.
            place: where it was found, for the error.

        Raises:
            StoreError: the kind is unknown or the body is not one of that kind.
        """
        decoder = self._decoders.get(kind)
        if decoder is None:
            raise StoreError(f"{place}: {kind} is of no known kind")
        try:
            return decoder.decode(body)
        except (ValueError, RecursionError):
            # Without its cause: msgspec's own text may quote a value.
            raise StoreError(f"{place}: this is no {kind}") from None


def kind_of(member: Any) -> str:
    """The tag of a Struct class, or its name.

    Raises:
        TypeError: it is no Struct class.
    """
    if not (isinstance(member, type) and issubclass(member, msgspec.Struct)):
        raise TypeError(f"{member!r} is no Struct class")
    tag = member.__struct_config__.tag
    return str(member.__name__ if tag is None else tag)


def _members_of(members: object) -> tuple[Any, ...]:
    if members is None:
        return ()
    if get_origin(members) in (Union, types.UnionType):
        return get_args(members)
    return (members,)


__all__ = ["Tagged", "kind_of"]
