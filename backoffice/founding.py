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

from pathlib import Path
from typing import Final

import msgspec

from actors.store import Batch, Committed, Document
from actors.store.sqlite.file import open_writer
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
    """How far a ledger had come.

    Attributes:
        seq: number of its last audit entry; 0 for none.
        head: the chain's value there, 32 bytes.
    """

    seq: int
    head: bytes


def check_ledger(folder: Path, database: Path, office_key: bytes, now_ms: int) -> None:
    """Look at the ledger, making it at the first start, and note how far it has come.

    Args:
        office_key: the office's public key, which the ledger must name.

    Raises:
        WrongLedger: it is not this office's, or not as new as it was.
        StoreError: it does not open, or is no ledger at all.
    """
    noted = _noted(folder)
    if noted is not None and not database.is_file():
        raise WrongLedger(_words(database, "账本文件不见了", "the ledger is gone"))
    with open_writer(database) as ledger:
        owner, head = ledger.attempt(lambda file: (file.document(*_OWNER), file.head()))
        if owner is None and noted is None and head.audit_seq == 0:
            mine = Document(*_OWNER, office_key)
            (outcome,) = ledger.commit_group([Batch(who="office", at_ms=now_ms, documents=(mine,))])
            if isinstance(outcome, Exception):
                raise outcome
        elif owner is None:
            raise WrongLedger(_words(database, "账本是空的或不完整", "the ledger is empty"))
        elif owner != office_key:
            zh, en = "账本属于另一个机构", "the ledger is another office's"
            raise WrongLedger(_words(database, zh, en))
        if noted is not None and noted.seq > 0:
            there = ledger.attempt(lambda file: file.audit(noted.seq - 1))
            if not there or there[0].head != noted.head:
                zh = f"账本比上次运行时旧，缺少第 {noted.seq} 条记录"
                en = f"the ledger is older than it was: entry {noted.seq} is missing"
                raise WrongLedger(_words(database, zh, en))
    note_ledger(folder, head)


def note_ledger(folder: Path, head: Committed) -> None:
    """Note how far the ledger has come; `head` is durable."""
    noted = Noted(head.audit_seq, head.audit_head)
    write_private(folder / NOTE_FILE, encode_json(noted))


def _noted(folder: Path) -> Noted | None:
    path = folder / NOTE_FILE
    if not path.is_file():
        return None
    try:
        return decode_json(Noted, path.read_bytes())
    except BadFrame:
        raise WrongLedger(_words(path, "文件已损坏", "the file is damaged")) from None


def _words(path: Path, zh: str, en: str) -> str:
    return (
        f"{path}：{zh}。请恢复完整的数据目录（含 -wal 文件），或将本目录移开后重新建立 · "
        f"{en}; restore the whole folder, -wal file included, or move it away to begin anew"
    )


__all__ = ["NOTE_EVERY_S", "NOTE_FILE", "Noted", "WrongLedger", "check_ledger", "note_ledger"]
