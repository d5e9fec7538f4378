"""The door to asyncpg: how a session begins, and what its errors mean to whoever asked.

By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). A refusal has
certainly left no trace once its transaction is rolled back: the work may be tried again, and goes
on by itself when the cause is gone. After anything else the session is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import asyncpg  # type: ignore[import-untyped]  # asyncpg has no types

from actors.store.port import StoreError

ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""Whatever a session raises; `OSError` is a broken or silent wire."""

CONNECT_S_MAX: Final = 10.0
"""How long a session may take to begin, in seconds."""

COMMAND_S_MAX: Final = 20.0
"""How long one command may take, in seconds; then the session is given up."""

LOCK_WAIT_MS: Final = 5_000
"""How long a command waits for a lock of somebody else's session, in milliseconds."""

CLOSE_S_MAX: Final = 3.0
"""How long a session may take to say goodbye, in seconds."""

_SETTINGS: Final = {
    "application_name": "backpack",
    "search_path": "backpack",
    # A commit is answered only once it would survive a power cut, whatever the server's default is.
    "synchronous_commit": "on",
    # A session whose other end is gone must not hold the writer's lock for hours.
    "idle_in_transaction_session_timeout": "30000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # Every question has its index; a plan made while a table was small must not read all of it.
    "enable_seqscan": "off",
    "jit": "off",
}

REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "53100": ("磁盘已满", "the disk is full"),
    "53200": ("内存不足", "there is not enough memory"),
    "53300": ("数据库连接数已满", "the database has too many connections"),
    "25006": ("数据库只读，不能写入", "the database cannot be written to"),
    "55P03": ("数据库被其他程序占用", "the database is locked by another program"),
    "40001": ("与其他事务冲突", "it conflicts with another transaction"),
    "40P01": ("与其他事务互相等待", "it waits for another transaction in a circle"),
    "57014": ("操作被中断", "it was interrupted"),
}
"""SQLSTATE → (Simplified Chinese, English)."""

FAILURES: Final[dict[str, tuple[str, str]]] = {
    "28P01": ("数据库用户名或密码错误", "the database refuses the user or the password"),
    "28000": ("数据库拒绝该用户", "the database refuses the user"),
    "3D000": ("没有这个数据库", "there is no such database"),
    "42501": ("数据库用户权限不足", "the database's user lacks a privilege"),
    "57P01": ("数据库正在停止", "the database is shutting down"),
    "57P03": ("数据库尚未就绪", "the database is not ready yet"),
    "58030": ("磁盘读写失败", "the disk fails"),
    "XX001": ("数据库文件已损坏", "the database is damaged"),
}
"""The same, for what ends the session."""

_BLAMES_ONE_BATCH: Final = ("22", "23", "54")
"""Classes of errors that one batch of a group caused: a name with a NUL, a used id, a long key."""


class Connection(Protocol):
    """One session; it belongs to one task at a time. Everything raises `ERRORS`."""

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; returns its tag."""

    async def fetch(self, query: str, *args: object) -> Sequence[Sequence[Any]]:
        """All rows."""

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first column of the first row, or None."""

    async def close(self) -> None:
        """Say goodbye to the server."""

    def terminate(self) -> None:
        """Hang up without a word."""

    def is_closed(self) -> bool:
        """Whether the session is over."""

    def add_termination_listener(self, callback: Callable[[Any], None]) -> None:
        """Have a function called when the session is over, whoever ended it."""


async def connect(url: str, *, writes: bool, wait_ms: int = LOCK_WAIT_MS) -> Connection:
    """Begin a session.

    Args:
        url: `postgresql://…`.
        writes: False for a session that is unable to.
        wait_ms: how long a command waits for a lock of another session, in milliseconds.

    Raises:
        StoreError: there is none.
    """
    settings = _SETTINGS | {
        "lock_timeout": str(wait_ms),
        "default_transaction_read_only": "off" if writes else "on",
    }
    try:
        begun: Connection = await asyncpg.connect(
            url, timeout=CONNECT_S_MAX, command_timeout=COMMAND_S_MAX, server_settings=settings
        )
    except (*ERRORS, ValueError) as error:
        raise StoreError(f"the database does not open: {in_words(error)}") from error
    return begun


async def hang_up(connection: Connection) -> None:
    """End a session, in whatever state it is."""
    try:
        async with asyncio.timeout(CLOSE_S_MAX):
            await connection.close()
    except ERRORS:
        connection.terminate()


def is_refusal(error: BaseException) -> bool:
    """Whether a rolled-back transaction has left nothing behind, and the session goes on."""
    return _state(error) in REFUSALS


def blames_one_batch(error: BaseException) -> bool:
    """Whether one batch of a group is at fault, and the others may still be written."""
    return _state(error)[:2] in _BLAMES_ONE_BATCH


def in_words(error: BaseException) -> str:
    """The error in both languages where it is a known one, with its own words behind."""
    known = (REFUSALS | FAILURES).get(_state(error))
    own = str(error) or type(error).__name__
    if known is None and isinstance(error, OSError):
        known = ("连不上数据库服务器", "the database server cannot be reached")
    return f"{known[0]} · {known[1]} ({own})" if known else own


def _state(error: BaseException) -> str:
    """The SQLSTATE of what the server said; empty for everything else."""
    return str(getattr(error, "sqlstate", None) or "")


__all__ = [
    "ERRORS",
    "FAILURES",
    "REFUSALS",
    "LOCK_WAIT_MS",
    "Connection",
    "blames_one_batch",
    "connect",
    "hang_up",
    "in_words",
    "is_refusal",
]
