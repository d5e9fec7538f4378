"""What the tests of this folder are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actors.every_store import BACKENDS, Teller, teller


@pytest.fixture(params=sorted(BACKENDS))
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Teller:
    """Runs a story on a fresh store of each backend."""
    return teller(request.param, tmp_path)
