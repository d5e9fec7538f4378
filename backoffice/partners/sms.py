"""The SMS port, a gateway behind HTTP, and one that keeps messages instead of sending them.

The embedded gateway remembers the last few messages of each phone in memory. A training office also
gives it a folder, where the virtual customer's phone reads them: `<folder>/<digits>.txt`, readable
by its owner alone, one message a line, the newest last. Nothing of a message is ever logged.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import httpx
import msgspec
import trio

from actors.ports import Offload
from wire.codec import encode_json
from wire.masked import Phone
from wire.private_file import write_private

HTTP_S_MAX: Final = 8.0
"""How long a gateway may take to answer, in seconds."""

MESSAGES_PER_PHONE_MAX: Final = 5
"""How many messages of one phone are kept."""

PHONES_MAX: Final = 1_000
"""How many phones are remembered; the one that was silent longest is forgotten first."""


class SmsTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Where short messages go.

    Attributes:
        url: the gateway's endpoint, which takes `{"phone", "text"}`; without one no phone can be
            proven. A training office sends nothing, whatever stands here.
    """

    url: str = ""


class SmsFailed(Exception):
    """The message certainly did not go out."""


class ShortMessages(Protocol):
    """What sends short messages."""

    async def send(self, phone: Phone, text: str) -> None:
        """Hand a message over for delivery; a cancelled call may have been delivered.

        Raises:
            SmsFailed: it was not.
        """


class EmbeddedMessages:
    """See the module.

    Args:
        offload: writes files beside the loop.
        folder: of a training office; None keeps messages in memory only.
    """

    def __init__(self, offload: Offload, folder: Path | None = None) -> None:
        self._offload = offload
        self._folder = folder
        self._kept: OrderedDict[str, deque[str]] = OrderedDict()
        self._writing = trio.Lock()

    def __repr__(self) -> str:
        return f"EmbeddedMessages({len(self._kept)} phones)"

    async def send(self, phone: Phone, text: str) -> None:
        """Keep the message, and write it down where there is a folder.

        Raises:
            SmsFailed: the folder cannot be written.
        """
        await trio.lowlevel.checkpoint()
        kept = self._kept.setdefault(phone.digits, deque(maxlen=MESSAGES_PER_PHONE_MAX))
        kept.append(" ".join(text.split()))
        self._kept.move_to_end(phone.digits)
        if len(self._kept) > PHONES_MAX:
            self._kept.popitem(last=False)
        if self._folder is not None:
            await self._write(self._folder, phone.digits)

    def messages(self, phone: Phone) -> tuple[str, ...]:
        """The last messages of a phone, the newest last."""
        return tuple(self._kept.get(phone.digits, ()))

    async def _write(self, folder: Path, digits: str) -> None:
        # One after the other: an older file must not overtake a newer one.
        async with self._writing:
            lines = "".join(f"{line}\n" for line in self._kept.get(digits, ())).encode()
            try:
                await self._offload(_writer(folder, digits, lines))
            except OSError as error:
                raise SmsFailed(f"no message can be written: {error.strerror}") from None


class HttpSms:
    """Posts `{"phone", "text"}` as JSON to a gateway, which answers 200 once it has the message.

    Args:
        url: the gateway's endpoint.
        client: whose transport a test may replace.
    """

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client

    async def send(self, phone: Phone, text: str) -> None:
        """Hand the message over; where the answer is lost on its way it may have been delivered.

        Raises:
            SmsFailed: the gateway could not be reached, or did not take it.
        """
        body = encode_json({"phone": phone.digits, "text": text})
        headers = {"content-type": "application/json"}
        try:
            answer = await self._client.post(
                self._url, content=body, headers=headers, timeout=HTTP_S_MAX
            )
        except _LOST:
            return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # From None: the request in the error carries the code.
            raise SmsFailed(f"{self._url}: {type(error).__name__}") from None
        if answer.status_code != httpx.codes.OK:
            raise SmsFailed(f"{self._url} answered {answer.status_code}")


_LOST: Final = (
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
"""The request may have arrived: the outcome is unknown, and the code stands."""


class NoMessages:
    """An office without a gateway: nothing goes out, no phone can be proven, and none is faked."""

    async def send(self, phone: Phone, text: str) -> None:
        """Refuse.

        Raises:
            SmsFailed: always.
        """
        await trio.lowlevel.checkpoint()
        raise SmsFailed("no gateway is connected")


def no_messages(_union: str) -> ShortMessages:
    """The gateway of every union of an office without one."""
    return NoMessages()


def gateways(
    terms: Callable[[str], SmsTerms], client: httpx.AsyncClient | None = None
) -> Callable[[str], ShortMessages]:
    """The gateway of each union, or none; connections are kept between messages.

    Args:
        terms: a union's.
        client: whose transport a test may replace.
    """
    shared = client or httpx.AsyncClient()

    def of(union: str) -> ShortMessages:
        url = terms(union).url
        return HttpSms(url, shared) if url else NoMessages()

    return of


def _writer(folder: Path, digits: str, lines: bytes) -> Callable[[], None]:
    def write() -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(folder / f"{digits}.txt", lines)

    return write


__all__ = [
    "MESSAGES_PER_PHONE_MAX",
    "PHONES_MAX",
    "EmbeddedMessages",
    "HttpSms",
    "NoMessages",
    "ShortMessages",
    "SmsFailed",
    "SmsTerms",
    "gateways",
    "no_messages",
]
