"""Where a feed goes: a folder of JSON lines, or an HTTP endpoint; a door to httpx.

A sink takes entries in order and says how far it has them (`deliver`), and compares totals
(`compare`). One that misses something names the entry that it needs next, and gets everything from
there again. An entry that comes twice is written twice by nobody: sequence numbers tell.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, TypeVar

import httpx
import msgspec

from actors.ports import Offload
from backoffice.customers.feed import FeedEntry, Totals, line_of, totals_of
from wire.codec import encode_json

AnswerT = TypeVar("AnswerT")

HTTP_S_MAX: Final = 15.0
"""How long a consumer may take to answer, in seconds."""

ANSWER_BYTES_MAX: Final = 64 * 1024
"""The longest answer that is read."""


class FeedTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Where the feeds go.

    Attributes:
        ecif_url: the golden record's endpoint; files in the office's folder when empty.
        ocrm_url: customer relations' endpoint; files in the office's folder when empty.
    """

    ecif_url: str = ""
    ocrm_url: str = ""

    def url_of(self, consumer: str) -> str:
        """The endpoint of a consumer, or empty."""
        return {"ecif": self.ecif_url, "ocrm": self.ocrm_url}[consumer]


class SinkUnreachable(Exception):
    """The consumer did not take it, or its answer makes no sense; everything may be sent again."""


class Sink(Protocol):
    """A consumer."""

    async def deliver(self, entries: Sequence[FeedEntry]) -> int:
        """Take entries in order.

        Returns:
            The number of the last entry that the consumer has; less than that of the first given
            one minus one where it misses some.

        Raises:
            SinkUnreachable: the outcome is unknown.
        """

    async def compare(self, totals: Totals) -> bool:
        """Whether the consumer counts the same for the entries between those two numbers.

        Raises:
            SinkUnreachable: it did not say.
        """


class FileSink:
    """Appends to `<folder>/<day>.jsonl`, synced to the disk before it answers.

    Args:
        folder: of this feed; made if missing, for its owner alone.
    """

    def __init__(self, folder: Path, offload: Offload) -> None:
        self._folder = folder
        self._offload = offload

    async def deliver(self, entries: Sequence[FeedEntry]) -> int:
        """Append what follows on the last line."""
        return await self._offload(lambda: self._append(entries))

    async def compare(self, totals: Totals) -> bool:
        """Count the files anew."""
        return await self._offload(lambda: self._totals(totals) == totals)

    def _append(self, entries: Sequence[FeedEntry]) -> int:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            last = self._last()
            if entries and entries[0].seq > last + 1:
                return last
            fresh = [entry for entry in entries if entry.seq > last]
            for day in sorted({entry.day for entry in fresh}):
                lines = b"".join(line_of(entry) for entry in fresh if entry.day == day)
                _append_synced(self._folder / f"{day}.jsonl", lines)
        except OSError as error:
            raise SinkUnreachable(f"{self._folder}: {error.strerror}") from error
        return max(last, entries[-1].seq if entries else 0)

    def _totals(self, asked: Totals) -> Totals:
        """What is here of a run; a day before its first one's may hold some of it, too."""
        files = sorted(self._folder.glob("*.jsonl"))
        begin = max(sum(file.stem < asked.since for file in files) - 1, 0)
        here = (entry for file in files[begin:] for entry in self._day(file.stem))
        run = (entry for entry in here if asked.first <= entry.seq <= asked.last)
        return totals_of(sorted(run, key=lambda entry: entry.seq))

    def _last(self) -> int:
        """The highest number in the folder; days may overlap, so the last two files are read."""
        files = sorted(self._folder.glob("*.jsonl"))[-2:]
        days = [self._day(file.stem) for file in files]
        return max((entry.seq for day in days for entry in day), default=0)

    def _day(self, day: str) -> list[FeedEntry]:
        path = self._folder / f"{day}.jsonl"
        if not path.exists():
            return []
        lines = path.read_bytes().split(b"\n")
        try:
            # Behind the last newline stands nothing, or what a power cut left of a line.
            return [msgspec.json.decode(line, type=FeedEntry) for line in lines[:-1]]
        except (ValueError, RecursionError):
            raise SinkUnreachable(f"{path}: not lines of a feed") from None


class _Acknowledged(msgspec.Struct, frozen=True):
    """What an endpoint answers to entries."""

    last: int


class _Compared(msgspec.Struct, frozen=True):
    """What an endpoint answers to totals."""

    same: bool


class HttpSink:
    """Posts JSON to an endpoint: `{"entries": […]}` to `<url>/entries`, totals to `<url>/totals`.

    The endpoint answers `{"last": n}`, and `{"same": true}`; anything else counts as no answer.

    Args:
        url: of the feed at its consumer, without a slash at the end.
        client: whose transport a test may replace.
    """

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client

    async def deliver(self, entries: Sequence[FeedEntry]) -> int:
        """Post the entries."""
        answer = await self._post("entries", encode_json({"entries": list(entries)}))
        return _read(answer, _Acknowledged).last

    async def compare(self, totals: Totals) -> bool:
        """Post the totals."""
        return _read(await self._post("totals", encode_json(totals)), _Compared).same

    async def _post(self, what: str, body: bytes) -> bytes:
        headers = {"content-type": "application/json"}
        try:
            answer = await self._client.post(
                f"{self._url}/{what}", content=body, headers=headers, timeout=HTTP_S_MAX
            )
        except httpx.HTTPError as error:
            raise SinkUnreachable(f"{self._url}: {type(error).__name__}") from error
        if answer.status_code != httpx.codes.OK or len(answer.content) > ANSWER_BYTES_MAX:
            raise SinkUnreachable(f"{self._url} answered {answer.status_code}")
        return answer.content


def http_sink(url: str) -> HttpSink:
    """A sink that posts to a URL; connections are kept between posts."""
    return HttpSink(url.rstrip("/"), httpx.AsyncClient())


def _read(answer: bytes, kind: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (ValueError, RecursionError):
        raise SinkUnreachable("the answer makes no sense") from None


def _append_synced(path: Path, lines: bytes) -> None:
    """Append whole lines, and cut off what a power cut left behind the last whole one."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        whole = path.read_bytes().rfind(b"\n") + 1
        os.ftruncate(file, whole)
        os.lseek(file, 0, os.SEEK_END)
        os.write(file, lines)
        os.fsync(file)
    finally:
        os.close(file)


__all__ = ["FeedTerms", "FileSink", "HttpSink", "Sink", "SinkUnreachable", "http_sink"]
