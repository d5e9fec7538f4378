"""`backpack feed`: how far the feeds are, what a day should count, and a replay by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from actors.outside import production_outside
from actors.store import StoreError
from actors.store.sqlite.file import open_readonly
from backoffice.customers.feed import (
    ACKNOWLEDGED,
    CONSUMERS,
    Consumer,
    FeedEntry,
    Totals,
    entry_of,
    stream_of,
    totals_of,
)
from backoffice.customers.sinks import FileSink, Sink, SinkUnreachable, http_sink
from backoffice.verify.office import NoOffice, database_of
from supervisors.cli import EXIT_FAILED, Folder, Json, fail, run, told
from wire.codec import decode, encode_json

BATCH_ENTRIES_MAX: Final = 100
"""The most entries of one delivery."""

Feed = Annotated[str, typer.Option(help="数据流 ecif 或 ocrm · Which feed.")]

feed = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help=(
        "What ECIF and OCRM are told about customers: how far, how much, and again.\n\n"
        "客户数据流：查看进度、按日核对、人工重发。只读数据库，后台运行时也可使用。"
    ),
)


class FeedStatus(msgspec.Struct, frozen=True):
    """How far one feed is; `waiting` entries are not acknowledged yet."""

    feed: str
    published: int
    acknowledged: int
    waiting: int


class Replayed(msgspec.Struct, frozen=True):
    """What a replay has sent, and how far the consumer now has everything."""

    feed: str
    first: int
    sent: int
    last: int


@feed.command()
def status(data: Folder = Path("office-data"), json: Json = False) -> None:
    """Print how far each feed is.

    显示各数据流的进度：已发布、已确认、待确认。
    """
    acknowledged = _acknowledged(data)
    rows = []
    for consumer in CONSUMERS:
        published, known = len(_entries(data, consumer)), acknowledged.get(consumer.name, 0)
        rows.append(FeedStatus(consumer.name, published, known, published - known))
    if json:
        print(encode_json(rows).decode())  # noqa: T201 - stdout is this command's data
        return
    for row in rows:
        print(  # noqa: T201 - as above
            f"{row.feed}: 已发布 published {row.published:,}  "
            f"已确认 acknowledged {row.acknowledged:,}  待确认 waiting {row.waiting:,}"
        )


@feed.command()
def totals(
    day: Annotated[str, typer.Argument(help="日期 YYYY-MM-DD · The day.")],
    name: Annotated[str, typer.Option("--feed", help="数据流 · ecif, ocrm.")] = "ecif",
    data: Folder = Path("office-data"),
    json: Json = False,
) -> None:
    """Print count and hash of one day, to be compared with the consumer's.

    显示某日的条数与摘要，供与对方核对。
    """
    counted = totals_of(one for one in _entries(data, _consumer(name)) if one.day == day)
    print(encode_json(counted).decode() if json else _totals_line(day, counted))  # noqa: T201 - data


@feed.command()
def replay(
    first: Annotated[int, typer.Option("--from", min=1, help="起始序号 · First number.")] = 1,
    name: Annotated[str, typer.Option("--feed", help="数据流 · ecif, ocrm.")] = "ecif",
    data: Folder = Path("office-data"),
    folder: Annotated[
        Path | None, typer.Option("--file", help="写入目录 · A folder of JSON lines.")
    ] = None,
    url: Annotated[str, typer.Option(help="发往地址 · An HTTP endpoint.")] = "",
    json: Json = False,
) -> None:
    """Send a feed again from a number on, into a folder or to an endpoint.

    从指定序号起重新发送。接收方按序号去重，重复发送无害；不改动后台记录的确认进度。
    """
    if (folder is None) == (not url):
        fail("请指定 --file 或 --url 之一 · give either --file or --url", EXIT_FAILED)
    entries = [entry for entry in _entries(data, _consumer(name)) if entry.seq >= first]
    sent: list[int] = []
    offload = production_outside().offload
    sink: Sink = FileSink(folder, offload) if folder else http_sink(url)
    run(partial(_send, sink, entries, sent.append), {SinkUnreachable: EXIT_FAILED})
    result = Replayed(name, first, len(entries), sent[-1] if sent else 0)
    words = f"{name}: 已发送 sent {result.sent:,}  对方已有 consumer has {result.last:,}"
    print(encode_json(result).decode() if json else words)  # noqa: T201 - stdout is data


async def _send(sink: Sink, entries: list[FeedEntry], reached: Callable[[int], None]) -> None:
    """In bounded batches; a gap is told, not filled: the person chose where to begin."""
    for start in range(0, len(entries), BATCH_ENTRIES_MAX):
        batch = entries[start : start + BATCH_ENTRIES_MAX]
        last = await sink.deliver(batch)
        reached(last)
        if last < batch[-1].seq:
            message = f"接收方缺少第 {last + 1} 条起的数据 · the consumer lacks {last + 1} onwards"
            raise SinkUnreachable(message)


def _consumer(name: str) -> Consumer:
    found = next((one for one in CONSUMERS if one.name == name), None)
    if found is None:
        fail(f"没有数据流 no feed {name!r}: ecif, ocrm", EXIT_FAILED)
    return found


def _entries(data: Path, consumer: Consumer) -> list[FeedEntry]:
    stream = stream_of(consumer.name)
    try:
        with open_readonly(database_of(data)) as archive:
            return [entry_of(consumer, row) for row in archive.events() if row.stream == stream]
    except (NoOffice, StoreError) as error:
        fail(f"不能读取 · cannot read: {told(error)}", EXIT_FAILED)


def _acknowledged(data: Path) -> dict[str, int]:
    try:
        with open_readonly(database_of(data)) as archive:
            return {
                document.key: decode(int, document.body)
                for document, _ in archive.documents()
                if document.collection == ACKNOWLEDGED and document.body is not None
            }
    except (NoOffice, StoreError) as error:
        fail(f"不能读取 · cannot read: {told(error)}", EXIT_FAILED)


def _totals_line(day: str, counted: Totals) -> str:
    return f"{day}: 条数 count {counted.count:,}  摘要 BLAKE2b-256 {counted.digest}"


__all__ = ["feed", "replay", "status", "totals"]
