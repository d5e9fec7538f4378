"""What SQLite's errors mean to whoever asked: whether anything may remain of the work, in words.

By primary result code (https://www.sqlite.org/rescode.html). A refusal has certainly left no trace
once its transaction is rolled back: the work may be tried again, and goes on by itself when the
cause is gone. After anything else nobody knows, and the connection is given up.
"""

from __future__ import annotations

import sqlite3
from typing import Final

REFUSALS: Final[dict[int, tuple[str, str]]] = {
    sqlite3.SQLITE_BUSY: ("数据库被其他程序占用", "the database is locked by another program"),
    sqlite3.SQLITE_LOCKED: ("数据库被占用", "the database is locked"),
    sqlite3.SQLITE_FULL: ("磁盘已满", "the disk is full"),
    sqlite3.SQLITE_READONLY: ("数据库只读，不能写入", "the database cannot be written to"),
    sqlite3.SQLITE_CANTOPEN: ("数据库文件不能打开", "the database file does not open"),
    sqlite3.SQLITE_NOMEM: ("内存不足", "there is not enough memory"),
    sqlite3.SQLITE_INTERRUPT: ("操作被中断", "it was interrupted"),
}
"""Primary result code → (Simplified Chinese, English)."""

FAILURES: Final[dict[int, tuple[str, str]]] = {
    sqlite3.SQLITE_IOERR: ("磁盘读写失败或已满", "the disk fails, or is full"),
    sqlite3.SQLITE_CORRUPT: ("数据库文件已损坏", "the database file is damaged"),
    sqlite3.SQLITE_NOTADB: ("文件不是数据库", "the file is no database"),
}
"""The same, for what leaves the outcome unknown."""


def is_refusal(error: sqlite3.Error) -> bool:
    """Whether a rolled-back transaction has left nothing behind."""
    return _primary(error) in REFUSALS


def in_words(error: sqlite3.Error) -> str:
    """The error in both languages, with SQLite's own words behind."""
    known = (REFUSALS | FAILURES).get(_primary(error))
    return f"{known[0]} · {known[1]} ({error})" if known else str(error)


def _primary(error: sqlite3.Error) -> int:
    """The low byte of an extended result code; errors of the module itself have none."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


__all__ = ["FAILURES", "REFUSALS", "in_words", "is_refusal"]
