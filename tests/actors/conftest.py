"""What the tests of this folder are given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.every_store import BACKENDS, Teller, teller
from tests.kit.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests; one that does not start fails them."""
    with postgres_server() as server:
        yield server


@pytest.fixture(
    params=[
        *sorted(BACKENDS),
        pytest.param("postgres", marks=pytest.mark.postgres),
    ]
)
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Teller:
    """Runs a story on a fresh store of each backend."""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        return teller("postgres", server.database())
    return teller(request.param, tmp_path)
