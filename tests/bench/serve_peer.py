"""The loop of a peer written in Python; see `tests.bench.peer`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping


def serve(workloads: Mapping[str, Callable[[int], float]]) -> None:
    """Answer questions until the input ends."""
    _say("ready")
    for line in sys.stdin:
        name, count = line.split()
        gc.collect()
        _say(f"{workloads[name](int(count))}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


__all__ = ["serve"]
