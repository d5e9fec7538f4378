"""Whether the ledger in an office's folder is the one that belongs there, before it opens.

Keys and ledger belong together. The ledger says whose it is, in a document of its own; the folder
says in `ledger.json` how far the ledger had come when somebody last looked: once a minute while the
office runs, at its start and at its end. So a ledger that is empty, another office's, or older than
it was (copied without its `-wal`, restored from an old copy) is refused in words, and the bank does
not begin anew beside its keys. What somebody forges on purpose is `backpack verify`'s business.

Invariant: what is noted was durable before; a first start that was interrupted anywhere is made
again from the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from actors.store import Batch, Document, Head
from backoffice.shards import PROVINCE
from supervisors.storage import Ledger, Place, SqlitePlace
from wire.codec import decode_json, encode_json
from wire.errors import BadFrame
from wire.private_file import write_private

NOTE_FILE: Final = "ledger.json"
NOTE_EVERY_S: Final = 60.0
"""How often a running office notes how far its ledger has come, in seconds."""

_OWNER: Final = ("office", "owner")
"""The document in which a ledger says whose it is."""


class WrongLedger(Exception):
    """The folder's keys and its ledger do not belong together; the message says why."""


class Noted(msgspec.Struct, frozen=True):
    """How far a ledger had come: the heads of its shards' logs."""

    heads: tuple[Head, ...]


def check_ledger(folder: Path, place: Place, office_key: bytes, now_ms: int) -> None:
    """Look at the ledger, making it at the first start, and note how far it has come.

    Args:
        folder: the office's.
        place: where the ledger lies.
        office_key: the office's public key, which the ledger must name.

    Raises:
        WrongLedger: it is not this office's, or not as new as it was.
        StoreError: it does not open, or is no ledger at all.
    """
    noted = _noted(folder)
    if noted is not None and place.is_missing():
        raise WrongLedger(_words(place, "账本文件不见了", "the ledger is gone"))
    with place.open_writer() as ledger:
        owner, heads = ledger.attempt(lambda one: (one.document(*_OWNER), one.heads()))
        if owner is None and noted is None and not heads:
            mine = (Document(*_OWNER, office_key),)
            batch = Batch("office", now_ms, documents=mine, shard=PROVINCE)
            (outcome,) = ledger.commit_group([batch])
            if isinstance(outcome, Exception):
                raise outcome
        elif owner is None:
            raise WrongLedger(_words(place, "账本是空的或不完整", "the ledger is empty"))
        elif owner != office_key:
            zh, en = "账本属于另一个机构", "the ledger is another office's"
            raise WrongLedger(_words(place, zh, en))
        for head in noted.heads if noted is not None else ():
            there = ledger.attempt(partial(_root_at, head))
            if there != head.root:
                zh = f"账本比上次运行时旧，缺少 {head.shard} 的第 {head.size} 条记录"
                en = f"the ledger is older than it was: {head.shard} lacks entry {head.size}"
                raise WrongLedger(_words(place, zh, en))
        note_ledger(folder, ledger.attempt(lambda one: one.heads()))


def _root_at(head: Head, ledger: Ledger) -> bytes | None:
    return ledger.root_at(head.shard, head.size)


def note_ledger(folder: Path, heads: Sequence[Head]) -> None:
    """Note how far the ledger has come; `heads` are durable."""
    write_private(folder / NOTE_FILE, encode_json(Noted(tuple(heads))))


def _noted(folder: Path) -> Noted | None:
    path = folder / NOTE_FILE
    if not path.is_file():
        return None
    try:
        return decode_json(Noted, path.read_bytes())
    except BadFrame:
        raise WrongLedger(_words(SqlitePlace(path), "文件已损坏", "the file is damaged")) from None


def _words(place: Place, zh: str, en: str) -> str:
    if isinstance(place, SqlitePlace):
        remedy = "请恢复完整的数据目录（含 -wal 文件），或将本目录移开后重新建立"
        advice = "restore the whole folder, -wal file included, or move it away to begin anew"
    else:
        remedy = "请恢复数据库，或换用空数据库和空目录重新建立"
        advice = "restore the database, or begin anew with an empty one and an empty folder"
    return f"{place}：{zh}。{remedy} · {en}; {advice}"


__all__ = ["NOTE_EVERY_S", "NOTE_FILE", "Noted", "WrongLedger", "check_ledger", "note_ledger"]
